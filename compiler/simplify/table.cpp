#include <array>
#include <cstdlib>

#include "compiler/simplify/match.h"
#include "compiler/simplify/rule.h"
#include "compiler/simplify/simplify.h"

namespace gradus {
namespace rewriting {
namespace {

bool is_sum(const Template& form) {
  return form->kind == TemplateNode::Kind::apply && (form->op == Op::add || form->op == Op::sub);
}
bool is_product(const Template& form) {
  return form->kind == TemplateNode::Kind::apply && (form->op == Op::mul || form->op == Op::div);
}

void add_op(Op op, Ops& ops) {
  const auto bit = static_cast<size_t>(op);
  ops[bit / 64] |= uint64_t{1} << (bit % 64);
}

// A negation and a broadcast may be written otherwise: they need nothing.
void add_needs(const PatternProduct& pattern, Ops& needs) {
  for (const PatternFactor& factor : pattern.factors) {
    if (factor.base->kind != TemplateNode::Kind::apply) continue;
    const Op op = factor.base->op;
    if (op == Op::add || op == Op::sub) {
      add_op(Op::add, needs);
    } else if (op != Op::neg && op != Op::view) {
      add_op(op, needs);
    }
  }
}

struct Index {
  std::vector<const Rule*> all;
  std::vector<SumRule> sums;
  std::vector<ProductRule> products;
  std::array<std::vector<const Rule*>, op_count> at;

  Index() {
    for (const auto& table :
         {identity_rules(), branch_rules(), view_rules(), joining_rules(), stability_rules(),
          front_rules(), arithmetic_rules(), reduction_rules(), contraction_rules(),
          linear_algebra_rules(), spread_rules(), scatter_rules()}) {
      for (const Rule& rule : table) add(rule);
    }
  }

  void add(const Rule& rule) {
    all.push_back(&rule);
    for (Op op : rule.at) at[static_cast<size_t>(op)].push_back(&rule);
    if (rule.from.empty()) return;
    if (is_sum(rule.from)) {
      sums.push_back({&rule, sum_of(rule.from), {}});
      for (const PatternProduct& term : sums.back().pattern) add_needs(term, sums.back().needs);
    } else if (is_product(rule.from)) {
      products.push_back({&rule, product_of(rule.from), {}});
      add_needs(products.back().pattern, products.back().needs);
    } else {
      at[static_cast<size_t>(rule.from->op)].push_back(&rule);
    }
  }
};

const Index& table() {
  static const Index index;
  return index;
}

}  // namespace

std::span<const Rule* const> rules_at(Op op) { return table().at[static_cast<size_t>(op)]; }
std::span<const SumRule> sum_rules() { return table().sums; }
std::span<const ProductRule> product_rules() { return table().products; }

void add_ops(const Rewriter& rewriter, const Product& product, Ops& ops) {
  for (const Factor& factor : product.factors) {
    const Op op = rewriter.op(factor.base);
    add_op(op == Op::sub ? Op::add : op, ops);
  }
}

namespace {

// How tightly an operator binds, in text.
int binding(Op op) {
  if (op == Op::add || op == Op::sub) return 1;
  if (op == Op::neg || op == Op::mul || op == Op::div) return 2;
  return 3;
}

std::string_view infix(Op op) {
  if (op == Op::add) return " + ";
  if (op == Op::sub) return " - ";
  if (op == Op::mul) return " * ";
  return op == Op::div ? " / " : "";
}

std::string text(const Template& form, int around) {
  if (form->kind == TemplateNode::Kind::hole) return std::string(1, form->hole);
  if (form->kind == TemplateNode::Kind::literal) {
    std::string number = std::to_string(form->literal);
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
    return number;
  }
  const int own = binding(form->op);
  std::string out;
  if (form->op == Op::neg) {
    out = "-" + text(form->operands[0], 3);
  } else if (own < 3) {
    out = text(form->operands[0], own) + std::string(infix(form->op)) +
          text(form->operands[1], own + 1);
  } else {
    std::string_view function = name(form->op);
    if (form->op == Op::view) function = "repeated";
    if (function.starts_with("reduce_")) function.remove_prefix(7);
    out = std::string(function) + "(";
    for (size_t k = 0; k < form->operands.size(); ++k) {
      out += (k == 0 ? "" : ", ") + text(form->operands[k], 0);
    }
    return out + ")";
  }
  return own < around ? "(" + out + ")" : out;
}

}  // namespace
}  // namespace rewriting

std::vector<RuleText> rule_texts() {
  std::vector<RuleText> result;
  for (const rewriting::Rule* rule : rewriting::table().all) {
    if (rule->name.empty()) continue;
    const bool templates = !rule->from.empty();
    result.push_back({rule->name,
                      templates ? rewriting::text(rule->from, 0) : std::string(rule->says_from),
                      templates ? rewriting::text(rule->to, 0) : std::string(rule->says_to),
                      std::string(rule->where), rule->exactness});
  }
  return result;
}

}  // namespace gradus
