#pragma once

#include "compiler/kernel/plan.h"

namespace gradus::kernel {

// Takes out the buffers that no kernel reads and the caller does not either, and the stores to
// them: what is stored for kernels that then share one with where it is computed.
void drop_unread_buffers(Plan& plan);

// Gives each buffer that is no slot a range of the arena. Buffers that are never needed at the same
// time share theirs: each is needed from the first kernel that uses it to the last, and what lasts
// from round to round as long as the loop runs. First fit,
// largest first, which stays within a few per cent of the lower bound for graphs of this kind
// (Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020).
void place_buffers(Plan& plan);

// The buffer whose memory it is: a window's is another's.
int holder(const Plan& plan, int buffer);

// The buffers that a kernel reads or writes, each once.
std::vector<int> used_buffers(const Kernel& kernel);

// Bytes of an entry.
int64_t bytes(Scalar type);

}  // namespace gradus::kernel
