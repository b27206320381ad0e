#include "compiler/check/checker.h"
#include "compiler/graph/draw.h"

// Random operators. All are made of numbers that a node of the graph draws by its place.
namespace gradus::checking {

// New numbers of their own place in the program.
Value Checker::draw(Draw::Kind kind, const Shape& shape, std::string_view name, Span at) {
  std::vector<Value> by;
  for (const char* leaf : {drawn_step, drawn_low, drawn_high}) {
    by.push_back(graph().leaf(Op::input, leaf, {Element::index, {}, Dim(int64_t{1} << 32)}));
  }
  if (round_.valid()) by.push_back(round_);
  const int site = static_cast<int>(program_.draws.size());
  program_.draws.push_back({std::string(name), at});
  return graph().random({kind, site, shape}, std::move(by));
}

// In the body of a loop numbers are drawn by the round too; of a loop in a loop by both, counted as
// one.
Checker::RoundOfDraws Checker::begin_round(const Dim& rounds, const std::string& prefix) {
  const Value leaf = graph().leaf(Op::bound, prefix + "round:", {Element::index, {}, rounds});
  const RoundOfDraws made{leaf, round_, program_.draws.size()};
  if (round_.valid()) {
    const Value before = graph().map(Op::mul, {real(round_), graph().size(rounds)});
    round_ = graph().map(Op::add, {before, real(leaf)});
  } else {
    round_ = leaf;
  }
  return made;
}

// The number of the round, as one more sequence that is walked along.
void Checker::walk_rounds(Walking& walking, Value leaf) {
  const auto at = static_cast<std::ptrdiff_t>(walking.scan.sequences.size());
  walking.scan.sequences.push_back({0, false, false});
  walking.scan.bound.insert(walking.scan.bound.begin() + at, leaf);
  walking.operands.insert(walking.operands.begin() + at, graph().iota(walking.scan.rounds));
}

Thing Checker::drawn(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "shape", name, at);
  const Shape shape = shape_from(*given.thing, given.span);
  check_size(shape, given.span);
  const auto kind = name == "normal" ? Draw::Kind::normal : Draw::Kind::uniform;
  return {Tensor{draw(kind, shape, name, at)}};
}

// A number that is known must be a probability.
Value Checker::probability(const Argument& given) {
  const auto* scalar = given.thing->as<Known>();
  if (scalar != nullptr && scalar->number && !(*scalar->number >= 0 && *scalar->number <= 1)) {
    fail(errors::not_a_probability(given.span, *scalar->number));
  }
  return real(*given.thing, given.span);
}

// True with probability p: where a uniform number is below it.
Thing Checker::bernoulli(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "p", name, at);
  Value p = probability(given);
  Shape shape = graph().shape(p);
  if (const Argument* wanted = argument(arguments, 1, "shape")) {
    shape = shape_from(*wanted->thing, wanted->span);
    check_size(shape, wanted->span);
    p = fitted(p, given.span, {wanted->span, shape, {}}, "probability and draws");
  }
  const Value numbers = draw(Draw::Kind::uniform, shape, name, at);
  return {Tensor{graph().map(Op::lt, {numbers, graph().broadcast(p, shape)})}};
}

// An index with the probabilities softmax(logits): the largest of logits + Gumbel noise
// (Maddison, Tarlow and Minka, "A* Sampling", 2014).
Thing Checker::categorical(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "logits", name, at);
  const Value logits = real(*given.thing, given.span);
  const Shape& shape = graph().shape(logits);
  const int last = axis(-1, shape, given.span);
  const Value numbers = draw(Draw::Kind::uniform, shape, name, at);
  const Value exponential = graph().map(Op::neg, {graph().map(Op::log, {numbers})});
  const Value scores = graph().map(Op::sub, {logits, graph().map(Op::log, {exponential})});
  return {Tensor{graph().reduce(Op::argmax, scores, {last})}};
}

// x with entries set to 0 with probability p and the others scaled by 1/(1 − p), so that the mean
// stays (Srivastava et al., "Dropout", 2014); x itself where `training` is false.
Thing Checker::dropout(const std::string& name, const Arguments& arguments, Span at) {
  const Argument& given = needed(arguments, 0, "x", name, at);
  const Argument& share = needed(arguments, 1, "p", name, at);
  const Value x = real(*given.thing, given.span);
  const Value p = probability(share);
  if (!graph().shape(p).empty()) {
    fail(errors::not_scalar(share.span, "probability", graph().shape(p)));
  }
  depends_on_training_ = true;
  if (!options_.training) return {Tensor{x}};
  const Shape& shape = graph().shape(x);
  const Value numbers = draw(Draw::Kind::uniform, shape, name, at);
  const Value kept = graph().map(Op::ge, {numbers, p});
  const Value scale = graph().map(Op::sub, {graph().constant(1), p});
  return {Tensor{
      graph().map(Op::select, {kept, graph().map(Op::div, {x, scale}), graph().constant(0)})}};
}

}  // namespace gradus::checking
