#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace gradus {

enum class Op : uint8_t;
struct TemplateNode;

// An expression with holes: states derivative rules, code of composed operators and both sides of
// rewrite rules. Immutable, shared. A default one is empty: "nothing".
class Template {
 public:
  Template() = default;
  Template(double literal);  // NOLINT(google-explicit-constructor): 1 + x
  Template(int literal) : Template(static_cast<double>(literal)) {}  // NOLINT
  static Template hole(char name);
  // `axes` is the hole for the axes of an operator that has some; Op::view with axes repeats its
  // operand along them. Only rewrite rules have these.
  static Template apply(Op op, std::vector<Template> operands, char axes = 0);

  bool empty() const { return node_ == nullptr; }
  const TemplateNode& operator*() const { return *node_; }
  const TemplateNode* operator->() const { return node_.get(); }

 private:
  std::shared_ptr<const TemplateNode> node_;
};

// Exactly one of: a hole (hole != 0), a literal (op empty, no hole), an application.
struct TemplateNode {
  enum class Kind : uint8_t { hole, literal, apply } kind;
  char hole = 0;
  double literal = 0;
  Op op{};
  std::vector<Template> operands;
  char axes = 0;  // the name of the hole, or 0
};

}  // namespace gradus
