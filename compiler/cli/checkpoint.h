#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "compiler/cli/weights.h"
#include "runtime/training.h"

namespace gradus::cli {

// All that a run needs to go on bit for bit as if it had never stopped: `last.ckpt`, a safetensors
// file. Its tensors are the parameters, states and optimizer states and what training keeps beside
// them; its metadata the seed, the size of a batch, and what was learnt of the data.
struct RunFacts {
  uint64_t seed = 0;
  int64_t batch = 0;  // 0: all samples
  std::map<std::string, runtime::Preparation> preparations;
};

struct Checkpoint {
  runtime::Standing standing;
  RunFacts run;
  std::vector<runtime::NamedTensor> variables;  // by role and name
};

std::optional<runtime::Error> write_checkpoint(const std::string& path,
                                               const runtime::Standing& standing,
                                               const RunFacts& run,
                                               const runtime::Variables& variables);
runtime::Result<Checkpoint> read_checkpoint(const std::string& path);

// Puts the values of a checkpoint in place of starting ones, and the best ones of patience in their
// order. An error where the model is another.
std::optional<runtime::Error> take_variables(Checkpoint& saved, const std::string& path,
                                             runtime::Variables& variables);

}  // namespace gradus::cli
