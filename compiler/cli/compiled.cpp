#include "compiler/cli/compiled.h"

#include "compiler/cli/data.h"
#include "compiler/codegen/codegen.h"
#include "compiler/compile.h"

namespace gradus::cli {

runtime::Step compiled(Program& program, const Function& function, const DimBindings& dims,
                       Precision precision) {
  return codegen::compile(plan_of(program.graph, function, dims, precision));
}

runtime::Result<std::vector<runtime::Program>> compiled(Program& program,
                                                        const std::vector<Function>& functions,
                                                        DimBindings dims,
                                                        const std::vector<int64_t>& batch_sizes,
                                                        Precision precision) {
  std::vector<runtime::Program> programs;
  for (int64_t size : batch_sizes) {
    if (dims.contains("batch")) dims["batch"] = size;
    if (auto error = check_requirements(program, dims)) return *std::move(error);
    runtime::Program& made = programs.emplace_back();
    made.samples = size;
    for (const Function& function : functions) {
      made.steps.push_back(compiled(program, function, dims, precision));
    }
  }
  return programs;
}

}  // namespace gradus::cli
