#include "compiler/graph/template.h"

#include "compiler/graph/op.h"

namespace gradus {

Template::Template(double literal)
    : node_(std::make_shared<TemplateNode>(
          TemplateNode{TemplateNode::Kind::literal, 0, literal, Op{}, {}, 0})) {}

Template Template::hole(char name) {
  Template result;
  result.node_ =
      std::make_shared<TemplateNode>(TemplateNode{TemplateNode::Kind::hole, name, 0, Op{}, {}, 0});
  return result;
}

Template Template::apply(Op op, std::vector<Template> operands, char axes) {
  Template result;
  result.node_ = std::make_shared<TemplateNode>(
      TemplateNode{TemplateNode::Kind::apply, 0, 0, op, std::move(operands), axes});
  return result;
}

}  // namespace gradus
