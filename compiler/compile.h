#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/program.h"
#include "compiler/gradient/gradient.h"
#include "compiler/graph/derivation.h"
#include "compiler/graph/function.h"
#include "compiler/kernel/plan.h"

// The pipeline from a checked program to code, one function a phase. What a phase made is printed
// by
// `--dump`.
namespace gradus {

// The gradients of a loss: as the chain rule makes them, and simplified; with the log of both.
struct Gradients {
  Value loss;                          // simplified
  std::vector<Definition> variables;   // as they occur in the loss
  std::vector<Definition> raw;         // a variable's name and the derivative by it
  std::vector<Definition> simplified;  // the same, in the same order
  Derivation log;
};

// The derivative of `loss` by each of the named values, by reverse mode, simplified.
Gradients differentiate(Graph& graph, Value loss, const std::vector<Definition>& variables,
                        const GradientOptions& options = {});

// The parameters of a program by name, as variables to differentiate by.
std::vector<Definition> parameters_of(const Program& program);

// Every loss and metric of the program: what `eval` computes.
Function evaluation(Program& program);

// The losses and metrics, and the gradients under their variables' names.
Function with_gradients(Program& program, const Gradients& gradients);

// One step of a train block: the losses and metrics, the updates of its parameters, of the
// optimizer's states and of the program's states. Gradients are clipped as the block says. The
// block's `until`, where there is one, is the last result and is called `until:` and the block's
// number. Of several blocks, which take turns, only the first updates the program's states.
Function training_step(Program& program, size_t block);

// What `until` of a block is called among the results of its step.
std::string until_name(size_t block);

// A function with numbers for all extents, rewritten for them and fused into kernels.
kernel::Plan plan_of(Graph& graph, const Function& function, const DimBindings& dims,
                     Precision precision);

}  // namespace gradus
