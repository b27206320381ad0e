#include <fmt/format.h>

#include "grammar/syntax.h"

namespace gradus::syntax {
namespace {

constexpr std::string_view unary_spellings[] = {"-", "not", "'"};
constexpr std::string_view binary_spellings[] = {"+",  "-", "*",  "/",  "@",  "^",   "<",
                                                 "<=", ">", ">=", "==", "!=", "and", "or"};
constexpr std::string_view reducer_spellings[] = {"sum", "prod", "max", "min", "mean", "logsumexp"};

class Printer {
 public:
  std::string run(const SyntaxTree& tree) {
    for (const Statement& each : tree.statements) {
      statement(each);
      out_ += '\n';
    }
    return std::move(out_);
  }

 private:
  // `(head parts…)`. A part is whatever `put` takes.
  template <typename... Parts>
  void form(std::string_view head, const Parts&... parts) {
    out_ += '(';
    out_ += head;
    ((out_ += ' ', put(parts)), ...);
    out_ += ')';
  }

  // A list of parts in brackets.
  template <typename Part>
  void put(const std::vector<Part>& parts) {
    out_ += '[';
    for (const Part& part : parts) {
      if (out_.back() != '[') out_ += ' ';
      put(part);
    }
    out_ += ']';
  }
  template <typename Part>
  void put(const std::optional<Part>& part) {
    if (part) return put(*part);
    out_ += '_';
  }

  void put(std::string_view text) { out_ += text; }
  void put(const std::string& text) { out_ += text; }
  void put(const Name& name) { out_ += name.text; }
  void put(const ExprPtr& value) {
    if (!value) {
      out_ += '_';
      return;
    }
    std::visit([&](const auto& node) { put(node); }, value->what);
  }

  void put(const Number& number) {
    out_ += fmt::format("{}{}", number.value, number.integer ? "" : "r");
  }
  void put(const Text& text) { out_ += '"' + text.value + '"'; }
  void put(const Truth& truth) { out_ += truth.value ? "true" : "false"; }
  void put(const Use& use) { out_ += use.name; }
  void put(const Unary& unary) { form(spelling(unary.op), unary.operand); }
  void put(const Binary& binary) { form(spelling(binary.op), binary.left, binary.right); }
  void put(const If& choice) { form("if", choice.condition, choice.yes, choice.no); }
  void put(const Argument& argument) {
    if (!argument.keyword) return put(argument.value);
    form("=", *argument.keyword, argument.value);
  }
  void put(const Call& call) { form("call", call.function, call.arguments); }
  void put(NewAxis) { out_ += "new"; }
  void put(Rest) { out_ += ".."; }
  void put(const Slice& slice) { form(":", slice.low, slice.high, slice.step); }
  void put(const Item& item) {
    std::visit([&](const auto& what) { put(what); }, item.what);
  }
  void put(const Subscript& subscript) { form("at", subscript.of, subscript.items); }
  void put(const Member& member) { form(".", member.of, member.name); }
  void put(const Reduction& reduction) {
    form(spelling(reduction.reducer), reduction.indices, reduction.body);
  }
  void put(const List& list) { form("list", list.entries); }
  void put(const Walk& walk) {
    form(walk.reverse ? "backwards" : "walk", walk.name, walk.sequence, walk.dimension, walk.axis);
  }
  void put(const Carry& carry) { form("=", carry.name, carry.start); }
  void put(const Range& range) { form("in", range.index, range.low, range.high); }
  void put(const Block& block) { form("block", block.locals, block.results, block.where); }
  void put(const Scan& scan) { form("scan", scan.walks, scan.carries, scan.body); }
  void put(const Repeat& repeat) { form("repeat", repeat.rounds, repeat.carries, repeat.steps); }

  void put(const Dimension& dimension) {
    if (dimension.size) return put(dimension.size);
    out_ += "..";
  }
  void put(const Type& type) {
    constexpr std::string_view elements[] = {"real", "bool", "index"};
    form(elements[static_cast<size_t>(type.element)], type.bound, type.shape);
  }
  void put(const Formal& formal) { form("formal", formal.name, formal.type, formal.default_value); }
  void put(const FreeIndex& index) {
    if (index.name) return put(*index.name);
    out_ += "..";
  }
  void put(const Local& local) {
    std::visit([&](const auto& kind) { put(kind); }, local);
  }
  void put(const Param& param) {
    form(param.drawn ? "param~" : "param", param.name, param.type, param.value);
  }
  void put(const State& state) { form("state", state.name, state.type, state.value); }
  void put(const Definition& definition) {
    form("define", definition.names, definition.indices, definition.value, definition.where);
  }
  void put(const Assignment& assignment) { form("<-", assignment.name, assignment.value); }
  void put(const Const& constant) { form("const", constant.name, constant.value); }
  void put(const Input& input) { form("input", input.name, input.type, input.default_value); }
  void put(const Function& function) {
    form(function.kind == FunctionKind::layer ? "layer" : "fn", function.name, function.formals,
         function.body);
  }
  void put(const Derivative& derivative) {
    form("derivative", derivative.function, derivative.inputs, derivative.adjoint, derivative.body);
  }
  void put(const Loss& loss) { form("loss", loss.name, loss.value, loss.where); }
  void put(const Metric& metric) { form("metric", metric.name, metric.value, metric.where); }
  void put(const Output& output) { form("output", output.names); }
  void put(const Optimizer& optimizer) {
    form("optimizer", optimizer.name, optimizer.formals, optimizer.steps);
  }
  void put(const DataSource& source) { form("=", source.names, source.value); }
  void put(const Data& data) { form("data", data.sources); }
  void put(const PatternPart& part) {
    switch (part.kind) {
      case PatternPart::Kind::name:
      case PatternPart::Kind::any_name:
        out_ += part.name;
        return;
      case PatternPart::Kind::round:
        return put(part.round);
      case PatternPart::Kind::any_round:
        out_ += "[*]";
        return;
    }
  }
  void put(const Pattern& pattern) { put(pattern.parts); }
  void put(const Option& option) { form("=", option.name, option.value); }
  void put(const Train& train) { form("train", train.loss, train.over, train.options); }
  void put(const Import& import) { form("import", '"' + import.path + '"'); }
  void put(const Precision& precision) { form("precision", precision.name); }

  void statement(const Statement& statement) {
    std::visit([&](const auto& kind) { put(kind); }, statement);
  }

  std::string out_;
};

}  // namespace

std::string_view spelling(UnaryOp op) { return unary_spellings[static_cast<size_t>(op)]; }
std::string_view spelling(BinaryOp op) { return binary_spellings[static_cast<size_t>(op)]; }
std::string_view spelling(Reducer op) { return reducer_spellings[static_cast<size_t>(op)]; }

std::string print(const SyntaxTree& tree) { return Printer().run(tree); }

}  // namespace gradus::syntax
