// How a frame folds values.

#include <algorithm>
#include <limits>

#include "compiler/codegen/frame.h"
#include "compiler/codegen/primitives.h"

namespace gradus::codegen {

using kernel::Fold;
using llvm::Value;

namespace {

double identity(Fold fold, Scalar type) {
  const bool whole = type == Scalar::i32;
  switch (fold) {
    case Fold::sum:
    case Fold::any:
      return 0;
    case Fold::product:
    case Fold::all:
      return 1;
    case Fold::maximum:
      return whole ? std::numeric_limits<int32_t>::min() : -std::numeric_limits<double>::infinity();
    case Fold::minimum:
      return whole ? std::numeric_limits<int32_t>::max() : std::numeric_limits<double>::infinity();
  }
  return 0;
}

// How an accumulator is folded in the statements after its beginning.
struct Uses {
  int wide_lanes = 0;     // in vector loops that lie within: of the widest; 0: in none
  int wide_copies = 0;    // the most copies of a loop that folds it
  int narrow_copies = 0;  // elsewhere; 0: nowhere
};

class Finder {
 public:
  Finder(const Emitter& emitter, const Local& local, int number)
      : emitter_(emitter), local_(local), number_(number) {}

  Uses find(const std::vector<kernel::Statement>& body) {
    look(body, 0, 1);
    return uses_;
  }

 private:
  void look(const std::vector<kernel::Statement>& body, int lanes, int copies) {
    for (const kernel::Statement& statement : body) {
      if (const auto* begin = std::get_if<kernel::Begin>(&statement)) {
        if (begin->accumulator == number_) return;
      } else if (const auto* fold = std::get_if<kernel::Accumulate>(&statement)) {
        if (fold->accumulator == number_) add(lanes, copies);
      } else if (const auto* loop = std::get_if<kernel::Loop>(&statement)) {
        const int64_t extent = local_.kernel.loops[static_cast<size_t>(loop->number)];
        const int within = loop->mark == kernel::Loop::Mark::vector
                               ? lanes_for(emitter_.target, local_, extent)
                               : lanes;
        look(loop->body, within, copies_of(local_, *loop));
      }
    }
  }
  void add(int lanes, int copies) {
    if (lanes > 0) {
      uses_.wide_lanes = std::max(uses_.wide_lanes, lanes);
      uses_.wide_copies = std::max(uses_.wide_copies, copies);
    } else {
      uses_.narrow_copies = std::max(uses_.narrow_copies, copies);
    }
  }

  const Emitter& emitter_;
  const Local& local_;
  int number_;
  Uses uses_;
};

// Pairs of neighbours, then pairs of pairs: the order depends on the number of values alone.
template <typename Combine>
Value* tree(std::vector<Value*> values, Combine combine) {
  while (values.size() > 1) {
    std::vector<Value*> half;
    for (size_t i = 0; i + 1 < values.size(); i += 2) {
      half.push_back(combine(values[i], values[i + 1]));
    }
    if (values.size() % 2 == 1) half.push_back(values.back());
    values = std::move(half);
  }
  return values.front();
}

}  // namespace

Value* Frame::fold(const kernel::Accumulator& by, Value* x, Value* y) {
  switch (by.fold) {
    case Fold::sum:
      return apply(e_, Op::add, {x, y}, by.type);
    case Fold::product:
      return apply(e_, Op::mul, {x, y}, by.type);
    case Fold::maximum:
      return maximum(e_, x, y);
    case Fold::minimum:
      return minimum(e_, x, y);
    case Fold::any:
      return e_.ir.CreateOr(x, y);
    case Fold::all:
      return e_.ir.CreateAnd(x, y);
  }
  bug("no such fold");
}

void Frame::begin(int accumulator, const std::vector<kernel::Statement>& rest) {
  Running& sum = sums_[static_cast<size_t>(accumulator)];
  const kernel::Accumulator& by = kernel().accumulators[static_cast<size_t>(accumulator)];
  // Begun again, it makes what was computed from its earlier value stale.
  for (Scope& scope : scopes_) {
    std::erase_if(scope.values, [&](const auto& entry) {
      const auto& on = dependencies_[static_cast<size_t>(entry.first)].accumulators;
      return std::binary_search(on.begin(), on.end(), accumulator);
    });
    std::erase_if(scope.splats, [&](const auto& entry) {
      const auto& on = dependencies_[static_cast<size_t>(entry.first)].accumulators;
      return std::binary_search(on.begin(), on.end(), accumulator);
    });
  }
  const Uses uses = Finder(e_, local_, accumulator).find(rest);
  sum.depth = static_cast<int>(scopes_.size()) - 1;
  sum.varies = in_vector();
  const auto fill = [&](std::vector<Value*>& parts, int copies, int lanes) {
    parts.clear();
    if (copies == 0) return;
    parts.assign(static_cast<size_t>(copies),
                 e_.number(identity(by.fold, by.type), by.type, lanes));
  };
  fill(sum.wide, uses.wide_copies, uses.wide_lanes);
  fill(sum.narrow, uses.narrow_copies, lanes());
  if (sum.wide.empty() && sum.narrow.empty()) fill(sum.narrow, 1, lanes());
}

void Frame::accumulate(const kernel::Accumulate& statement) {
  Running& sum = sums_[static_cast<size_t>(statement.accumulator)];
  const kernel::Accumulator& by = kernel().accumulators[static_cast<size_t>(statement.accumulator)];
  const bool wide = in_vector() && !sum.varies;
  std::vector<Value*>& parts = wide ? sum.wide : sum.narrow;
  Value*& part = parts[static_cast<size_t>(top().copy) % parts.size()];
  Value* folded = fold(by, part, in_lanes(statement.value));
  Value* mask = wide ? scopes_[static_cast<size_t>(vector_)].mask : nullptr;
  part = mask ? e_.ir.CreateSelect(mask, folded, part) : folded;
}

std::vector<Value**> Frame::running(int accumulator) {
  Running& sum = sums_[static_cast<size_t>(accumulator)];
  std::vector<Value**> all;
  for (Value*& part : sum.wide) all.push_back(&part);
  for (Value*& part : sum.narrow) all.push_back(&part);
  return all;
}

Value* Frame::finish(int accumulator) {
  const Running& sum = sums_[static_cast<size_t>(accumulator)];
  const kernel::Accumulator& by = kernel().accumulators[static_cast<size_t>(accumulator)];
  const auto combine = [&](Value* x, Value* y) { return fold(by, x, y); };
  std::vector<Value*> parts;
  if (!sum.wide.empty()) {
    Value* lanes = tree(sum.wide, combine);
    while (Emitter::lanes(lanes) > 1) {
      const int half = Emitter::lanes(lanes) / 2;
      lanes = combine(e_.part(lanes, 0, half), e_.part(lanes, half, half));
    }
    parts.push_back(lanes);
  }
  if (!sum.narrow.empty()) parts.push_back(tree(sum.narrow, combine));
  return tree(parts, combine);
}

// More than one hides the latency of an addition, where there is little else to do.
int copies_of(const Local& local, const kernel::Loop& loop) {
  bool folds = false;
  for (const kernel::Statement& statement : loop.body) {
    if (!std::holds_alternative<kernel::Accumulate>(statement) &&
        !std::holds_alternative<kernel::Store>(statement)) {
      return 1;
    }
    folds = folds || std::holds_alternative<kernel::Accumulate>(statement);
  }
  if (!folds) return 1;
  const int64_t work = cost(local.kernel, loop.body);
  return work <= 6 ? 4 : work <= 12 ? 2 : 1;
}

}  // namespace gradus::codegen
