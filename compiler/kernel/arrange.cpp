#include "compiler/kernel/arrange.h"

#include <algorithm>
#include <map>
#include <optional>

#include "compiler/graph/access.h"
#include "compiler/graph/rewrite.h"
#include "compiler/kernel/contraction.h"
#include "compiler/kernel/indices.h"

namespace gradus::kernel {
namespace {

// The indices of a contraction of two factors, by where they occur.
struct Roles {
  std::vector<int> batch;    // free, in both
  std::vector<int> free[2];  // free, in this factor alone
  std::vector<int> sums;     // summed, in both
};

class Arranging {
 public:
  Arranging(Graph& graph, const Options& options) : graph_(graph), options_(options) {}

  std::map<Value, Value> all(const std::vector<Value>& roots) {
    std::map<Value, Value> made;
    for (Value value : reachable(graph_, roots)) {
      const Node& node = graph_[value];
      std::vector<Value> operands;
      for (Value operand : node.operands) operands.push_back(made.at(operand));
      Value better = operands == node.operands
                         ? value
                         : rebuild(graph_, node, std::move(operands), node.attributes);
      if (graph_[better].op == Op::contract) better = arranged(better);
      const Provenance* from = graph_.provenance(value);
      if (from != nullptr && better != value) graph_.set_provenance(better, *from);
      made[value] = better;
    }
    return made;
  }

 private:
  using Contraction = gradus::Contraction;

  Value arranged(Value value) {
    const auto& of = std::get<Contraction>(graph_[value].attributes);
    if (count(numbers(of.extents)) < options_.least_products) return value;
    if (graph_[value].operands.size() > 2) return arranged(in_pairs(value));
    return graph_[value].operands.size() == 2 ? of_two(value) : value;
  }

  // ---- more than two factors

  // The two factors whose product goes over the fewest entries are multiplied first, and summed
  // over what only they have.
  Value in_pairs(Value value) {
    const std::vector<Value> factors = graph_[value].operands;
    const Contraction of = std::get<Contraction>(graph_[value].attributes);
    size_t first = 0;
    size_t second = 1;
    int64_t least = 0;
    for (size_t i = 0; i < factors.size(); ++i) {
      for (size_t j = i + 1; j < factors.size(); ++j) {
        int64_t entries = 1;
        for (int index : used_by(of, {i, j})) entries *= *of.extents[index].number();
        if (least != 0 && entries >= least) continue;
        least = entries;
        first = i;
        second = j;
      }
    }
    return multiplied(factors, of, first, second);
  }

  static std::vector<int> used_by(const Contraction& of, std::initializer_list<size_t> factors) {
    std::vector<int> used;
    for (int index = 0; index < static_cast<int>(of.extents.size()); ++index) {
      if (std::any_of(factors.begin(), factors.end(),
                      [&](size_t k) { return uses(of.accesses[k], index); })) {
        used.push_back(index);
      }
    }
    return used;
  }

  Value multiplied(std::vector<Value> factors, Contraction of, size_t first, size_t second) {
    std::vector<int> kept;
    std::vector<int> summed;
    for (int index : used_by(of, {first, second})) {
      bool elsewhere = index < of.free;
      for (size_t k = 0; k < factors.size(); ++k) {
        elsewhere = elsewhere || (k != first && k != second && uses(of.accesses[k], index));
      }
      (elsewhere ? kept : summed).push_back(index);
    }
    std::vector<int> order = kept;
    order.insert(order.end(), summed.begin(), summed.end());
    Contraction inner{{}, static_cast<int>(kept.size()), {}};
    for (int index : order) inner.extents.push_back(of.extents[index]);
    for (size_t k : {first, second}) inner.accesses.push_back(over(of.accesses[k], order));
    const Value product = summed.empty()
                              ? entrywise(factors[first], factors[second], inner)
                              : arranged(graph_.contract({factors[first], factors[second]}, inner));
    std::vector<Affine> plain;
    for (int index : kept) plain.push_back(Affine::axis(index));
    factors[first] = product;
    of.accesses[first] = std::move(plain);
    factors.erase(factors.begin() + static_cast<long>(second));
    of.accesses.erase(of.accesses.begin() + static_cast<long>(second));
    return graph_.contract(std::move(factors), without(of, summed));
  }

  // Over the other indices; these occur in no access.
  static Contraction without(const Contraction& of, const std::vector<int>& summed) {
    std::vector<int> order;
    for (int index = 0; index < static_cast<int>(of.extents.size()); ++index) {
      if (!std::binary_search(summed.begin(), summed.end(), index)) order.push_back(index);
    }
    Contraction made{{}, of.free, {}};
    for (int index : order) made.extents.push_back(of.extents[index]);
    for (const auto& accesses : of.accesses) made.accesses.push_back(over(accesses, order));
    return made;
  }

  Value entrywise(Value a, Value b, const Contraction& of) {
    return graph_.map(Op::mul, {graph_.view(a, {of.extents, of.accesses[0], std::nullopt}),
                                graph_.view(b, {of.extents, of.accesses[1], std::nullopt})});
  }

  // Accesses where index order[k] has the number k; an index that is not there is 0.
  static std::vector<Affine> over(const std::vector<Affine>& accesses,
                                  const std::vector<int>& order) {
    std::vector<Affine> made;
    for (const Affine& access : accesses) {
      Affine renumbered = Affine::at(access.offset);
      for (const auto& [index, coefficient] : access.terms) {
        const auto place = std::find(order.begin(), order.end(), index);
        if (place == order.end()) continue;
        renumbered.terms.push_back({static_cast<int>(place - order.begin()), coefficient});
      }
      std::sort(renumbered.terms.begin(), renumbered.terms.end(),
                [](const auto& x, const auto& y) { return x.axis < y.axis; });
      made.push_back(std::move(renumbered));
    }
    return made;
  }

  // ---- two factors

  Value of_two(Value value) {
    if (match(graph_, value, options_.least_products)) return value;
    const Node node = graph_[value];
    const auto& of = std::get<Contraction>(node.attributes);
    const int indices = static_cast<int>(of.extents.size());
    Factor factors[2];
    for (int k : {0, 1}) {
      factors[k] = factor_of(graph_, node.operands[k], of.accesses[k], indices);
    }
    const auto roles = roles_of(of, factors);
    if (!roles) return value;
    // Sums in the order in which one of the factors has them, if that is one stretch; the other is
    // copied. Else both are.
    const std::vector<int64_t> extents = numbers(of.extents);
    std::vector<int> sums = roles->sums;
    bool copy[2] = {true, true};
    int64_t fewest = -1;
    for (int k : {0, 1}) {
      std::vector<int> order = roles->sums;
      std::stable_sort(order.begin(), order.end(),
                       [&](int x, int y) { return factors[k].strides[x] > factors[k].strides[y]; });
      if (!is_one_stretch(factors[k], order, extents)) continue;
      const bool other_too = !is_one_stretch(factors[1 - k], order, extents);
      const int64_t entries = other_too ? copied_entries(*roles, 1 - k, extents) : 0;
      if (fewest >= 0 && entries >= fewest) continue;
      fewest = entries;
      sums = order;
      copy[k] = false;
      copy[1 - k] = other_too;
    }
    return with_copies(node, *roles, sums, copy, factors);
  }

  static std::optional<Roles> roles_of(const Contraction& of, const Factor (&factors)[2]) {
    Roles roles;
    for (int index = 0; index < static_cast<int>(of.extents.size()); ++index) {
      const bool in[] = {factors[0].strides[index] != 0, factors[1].strides[index] != 0};
      const bool free = index < of.free;
      if (of.extents[index] == Dim(1)) continue;
      if (in[0] && in[1]) {
        (free ? roles.batch : roles.sums).push_back(index);
      } else if (!free || (!in[0] && !in[1])) {
        return std::nullopt;
      } else {
        roles.free[in[0] ? 0 : 1].push_back(index);
      }
    }
    if (roles.free[0].empty() || roles.free[1].empty() || roles.sums.empty()) return std::nullopt;
    return roles;
  }

  static bool is_one_stretch(const Factor& factor, const std::vector<int>& order,
                             const std::vector<int64_t>& extents) {
    for (size_t k = 1; k < order.size(); ++k) {
      if (factor.strides[order[k - 1]] != extents[order[k]] * factor.strides[order[k]]) {
        return false;
      }
    }
    return true;
  }

  static int64_t copied_entries(const Roles& roles, int factor,
                                const std::vector<int64_t>& extents) {
    int64_t entries = 1;
    for (const auto* list : {&roles.batch, &roles.free[factor], &roles.sums}) {
      for (int index : *list) entries *= extents[index];
    }
    return entries;
  }

  // Batches first. Free indices that come before all of the other factor's are rows of their own
  // matrices; of what is left, those come last along which most entries are neighbours.
  static std::vector<int> layout(const Roles& roles, int factor, const std::vector<int>& sums,
                                 const Factor& from, const std::vector<int64_t>& extents) {
    std::vector<int> order = roles.batch;
    std::vector<int> rest;
    for (int index : roles.free[factor]) {
      (index < roles.free[1 - factor].front() ? order : rest).push_back(index);
    }
    const auto neighbours = [&](const std::vector<int>& list) {
      return !list.empty() && from.strides[list.back()] == 1 ? extents[list.back()] : 1;
    };
    const bool sums_last = rest.empty() || neighbours(sums) > neighbours(rest);
    const std::vector<int>& inner = sums_last ? sums : rest;
    const std::vector<int>& outer = sums_last ? rest : sums;
    order.insert(order.end(), outer.begin(), outer.end());
    order.insert(order.end(), inner.begin(), inner.end());
    return order;
  }

  Value with_copies(const Node& node, const Roles& roles, const std::vector<int>& sums,
                    const bool (&copy)[2], const Factor (&factors)[2]) {
    const auto& of = std::get<Contraction>(node.attributes);
    std::vector<int> numbering;
    for (int index = 0; index < of.free; ++index) numbering.push_back(index);
    numbering.insert(numbering.end(), sums.begin(), sums.end());
    Contraction made{{}, of.free, {}};
    for (int index : numbering) made.extents.push_back(of.extents[index]);
    std::vector<Value> values = node.operands;
    for (int k : {0, 1}) {
      if (!copy[k]) {
        made.accesses.push_back(over(of.accesses[k], numbering));
        continue;
      }
      const std::vector<int> order = layout(roles, k, sums, factors[k], numbers(of.extents));
      View view{{}, over(of.accesses[k], order), std::nullopt};
      std::vector<Affine> plain;
      for (int index : order) {
        view.shape.push_back(of.extents[index]);
        plain.push_back(Affine::axis(index));
      }
      values[k] = graph_.map(Op::stop_gradient, {graph_.view(values[k], std::move(view))});
      made.accesses.push_back(over(plain, numbering));
    }
    return graph_.contract(std::move(values), std::move(made));
  }

  Graph& graph_;
  const Options& options_;
};

}  // namespace

Function arranged(Graph& graph, Function function, const Options& options) {
  const std::map<Value, Value> all = Arranging(graph, options).all(function.roots());
  for (Definition& result : function.results) result.value = all.at(result.value);
  for (Update& update : function.updates) update.value = all.at(update.value);
  return function;
}

}  // namespace gradus::kernel
