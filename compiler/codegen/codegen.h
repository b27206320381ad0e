#pragma once

#include <string>

#include "compiler/kernel/plan.h"
#include "runtime/step.h"

// From a plan of kernels to machine code, by LLVM.
namespace gradus::codegen {

struct Options {
  std::string cpu;       // as LLVM names processors; empty: the one this runs on
  std::string features;  // added to it, as LLVM writes them: +avx2,-avx512f
  int threads = 0;       // to compile with; 0: as many as there are, up to 8
};

// The plan as a function in memory. It lives as long as a copy of the step does.
runtime::Step compile(const kernel::Plan& plan, const Options& options = {});

// The LLVM module that `compile` makes of it, as text.
std::string dump_llvm(const kernel::Plan& plan, const Options& options = {});

// The machine code, as an object file of the target.
std::string object_file(const kernel::Plan& plan, const Options& options = {});

}  // namespace gradus::codegen
