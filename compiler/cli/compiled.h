#pragma once

#include "compiler/check/program.h"
#include "compiler/graph/function.h"
#include "runtime/batches.h"
#include "runtime/evaluation.h"
#include "runtime/result.h"

namespace gradus::cli {

// A function of the program compiled for these extents.
runtime::Step compiled(Program& program, const Function& function, const DimBindings& dims,
                       Precision precision);

// The functions, which take turns on a batch, compiled for each of these sizes of a batch. An error
// where a size is too small for what the program reads.
runtime::Result<std::vector<runtime::Program>> compiled(Program& program,
                                                        const std::vector<Function>& functions,
                                                        DimBindings dims,
                                                        const std::vector<int64_t>& batch_sizes,
                                                        Precision precision);

}  // namespace gradus::cli
