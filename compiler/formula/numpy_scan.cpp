// Scans, as loops in Python.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>

#include "compiler/formula/numpy.h"

namespace gradus::formula {

// Where a round reads or writes: `[:, t]`, or from the end.
std::string NumpyBody::round_of(const Along& along, int rank, const std::string& round,
                                const std::string& rounds) const {
  std::vector<std::string> items(static_cast<size_t>(along.axis), ":");
  items.push_back(along.reverse ? fmt::format("{} - 1 - {}", rounds, round) : round);
  if (along.axis + 1 < rank && along.axis > 0) items.emplace_back("...");
  return fmt::format("[{}]", fmt::join(items, ", "));
}

std::string NumpyBody::type_code(Element element) const {
  switch (element) {
    case Element::real:
      return "dtype";
    case Element::index:
      return "np.int64";
    case Element::boolean:
      return "bool";
    case Element::tuple:
      break;
  }
  std::abort();
}

// What is carried is a variable, and what is yielded is put into an array for all rounds.
std::vector<NumpyBody::Code> NumpyBody::scan_code(Value value) {
  const Node& node = graph_[value];
  const Scan& scan = std::get<Scan>(node.attributes);
  const size_t sequences = scan.sequences.size();
  std::vector<Code> results;
  for (size_t k = 0; k < scan.yields.size(); ++k) {
    const Type type = result_type(graph_, scan, static_cast<int>(k));
    const std::string own = identifier(fmt::format("t{}", ++temporaries_));
    state(fmt::format("{} = np.empty({}, {})", own, shape(type.shape), type_code(type.element)));
    results.push_back({own});
  }
  std::map<Value, Code> inside;
  std::vector<std::string> carried;
  const auto local = [&](Value leaf) {
    return identifier(std::get<Named>(graph_[leaf].attributes).name);
  };
  for (size_t k = sequences; k < node.operands.size(); ++k) {
    const Code outside = codes_.at(node.operands[k]);
    inside[scan.bound[k]] = outside;
    if (k - sequences >= scan.next.size()) continue;
    const std::string own = local(scan.bound[k]);
    const Element element = graph_.type(scan.bound[k]).element;
    state(fmt::format("{} = np.asarray({}, {})", own, outside.text, type_code(element)));
    inside[scan.bound[k]] = {own};
    carried.push_back(own);
    results.push_back({own});
  }
  const std::string round = identifier("r");
  const std::string rounds = fmt::format("({})", dim(scan.rounds));
  state(fmt::format("for {} in range{}:", round, rounds));
  const std::string outer = indent_;
  indent_ += "    ";
  for (size_t k = 0; k < sequences; ++k) {
    const std::string own = local(scan.bound[k]);
    const int rank = graph_.type(node.operands[k]).rank();
    state(fmt::format("{} = {}{}", own, codes_.at(node.operands[k]).operand(),
                      round_of(scan.sequences[k], rank, round, rounds)));
    inside[scan.bound[k]] = {own};
  }
  std::swap(codes_, inside);
  const std::vector<std::string> body = write_values(body_of(scan));
  std::swap(codes_, inside);
  for (size_t k = 0; k < scan.yields.size(); ++k) {
    const int rank = graph_.type(scan.yields[k]).rank() + 1;
    state(fmt::format("{}{} = {}", results[k].text, round_of(scan.stacked[k], rank, round, rounds),
                      body[scan.next.size() + k]));
  }
  const std::span<const std::string> next(body.data(), scan.next.size());
  if (carried.empty() && scan.yields.empty()) state("pass");
  if (!carried.empty()) {
    state(fmt::format("{} = {}", fmt::join(carried, ", "), fmt::join(next, ", ")));
  }
  indent_ = outer;
  return results;
}

}  // namespace gradus::formula
