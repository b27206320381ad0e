#include "compiler/graph/instantiate.h"

#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <cstdlib>

namespace gradus {

Value instantiate(Graph& graph, const Template& form, std::span<const Filling> fillings) {
  switch (form->kind) {
    case TemplateNode::Kind::literal:
      return graph.constant(form->literal);
    case TemplateNode::Kind::hole:
      for (const Filling& filling : fillings) {
        if (filling.hole == form->hole) return filling.value;
      }
      fmt::print(stderr, "gradus: internal error: no value for hole {}\n", form->hole);
      std::abort();
    case TemplateNode::Kind::apply: {
      std::vector<Value> operands;
      for (const Template& operand : form->operands) {
        operands.push_back(instantiate(graph, operand, fillings));
      }
      return graph.map(form->op, std::move(operands));
    }
  }
  std::abort();
}

Value instantiate_gradient(Graph& graph, Value user, int operand, Value adjoint) {
  const Node node = graph[user];
  const Template& form = map_of(node.op).gradient[operand];
  if (form.empty()) return {};
  std::array<Filling, 5> fillings{{{'r', user}, {'g', adjoint}, {'x', {}}, {'y', {}}, {'z', {}}}};
  for (size_t k = 0; k < node.operands.size(); ++k) fillings[2 + k].value = node.operands[k];
  return instantiate(graph, form, fillings);
}

}  // namespace gradus
