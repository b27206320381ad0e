#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/certificate/functions.h"
#include "compiler/certificate/tensor.h"
#include "compiler/formula/expr.h"

namespace gradus::certificate {

// Values by the names that they print with: of those that rounds walk over, along which axis; and
// of values within rounds, by the places of the rounds.
struct Given {
  std::map<std::string, Quantity, std::less<>> values;
  std::map<std::string, int, std::less<>> round_axes;
  std::map<std::string, std::map<int64_t, Quantity>, std::less<>> rounds;
};

// Computes what printed equations say, and nothing else: from the values of the names that the
// model file defines, names that equations define, by equations.
//
// What can not be computed throws Meaningless.
class Evaluator {
 public:
  explicit Evaluator(Given given) : given_(std::move(given)) {}

  // Adds what a line says.
  void define(const formula::Equation& equation);
  // Of a name whose line says nothing, why.
  void refuse(const std::string& name, const std::string& why);

  // The value of a name that lines define, `∂J/∂w`, in a shape.
  Tensor value(const std::string& name, const Shape& shape);

 private:
  using Expr = formula::Expr;

  struct Index {
    std::string name;
    int64_t value = 0;
    int64_t extent = 0;  // how many values it takes
  };
  // What a line says of a name: of all of it, of its entries at free indices, or of a round.
  struct Rule {
    Expr right;  // invalid where the line could not be read
    std::string why;
    std::vector<Expr> free;
    Expr place;                     // of a round; invalid where it is about all of it
    std::vector<Expr> rounds;       // an index, its first value and its last
    int axis = 0;                   // that the rounds are of the whole
    std::vector<Index> fixed = {};  // of a line for several layers, which of them
  };
  using Place = std::pair<std::string, int64_t>;
  struct Range {
    int64_t first = 0;
    int64_t end = 0;
  };

  Quantity value_of(std::string_view name);
  std::string expanded(const std::string& name);
  void define_layers(const std::string& name, const Rule& rule);
  Quantity whole(const std::string& name, const std::vector<Rule>& rules, const Shape* shape);
  Quantity by_rule(const Rule& rule, const Shape* shape);
  Quantity entries(const Expr& right, const std::vector<Expr>& free, const Shape* shape);
  Quantity of_round(const std::string& name, int64_t place);
  std::optional<int64_t> index_at(const Rule& rule, int64_t place);
  int64_t whole_number(const Expr& x);

  Quantity evaluate(const Expr& x);
  Quantity computed(const Expr& x);
  Quantity name(const Expr& x);
  Quantity sum(const Expr& x);
  Quantity product(const Expr& x);
  Quantity hadamard(const Expr& x);
  Quantity quotient(const Expr& x);
  Quantity power(const Expr& x);
  Quantity call(const Expr& x);
  Quantity big(const Expr& x);
  Quantity over_all(const Expr& x);
  void over_indices(const Expr& x, size_t k, std::vector<Quantity>& terms);
  Quantity bracket(const Expr& x);
  Quantity comparison(const Expr& x);
  Quantity logic(const Expr& x);
  Quantity choice(const Expr& x);
  Quantity list(const Expr& x);
  Quantity entry(const Expr& x);
  std::optional<int> round_axis(const Expr& base, const Quantity& of, const Expr& place);
  Quantity sliced(const Quantity& of, const Expr& x);
  void add_numbers(const Expr& list, std::vector<int64_t>& numbers);

  Range range_of(const Expr& bound, const Expr& body);
  void find_extents(const Expr& x, const std::string& index, bool may_miss,
                    std::vector<std::pair<int64_t, bool>>& found);
  int64_t extent_in(const Expr& body, const std::string& index, bool largest);

  const std::vector<std::string>& free_names(const Expr& x);
  bool is_defined(std::string_view name) const;
  const Index* index_called(std::string_view name) const;
  std::optional<std::vector<double>> key_of(const Expr& x);

  Given given_;
  std::map<std::string, std::vector<Rule>, std::less<>> rules_;
  std::map<std::string, Quantity, std::less<>> wholes_;
  std::map<Place, Quantity> rounds_;
  std::vector<std::string> pending_;  // names whose value is being computed
  std::vector<Index> indices_;
  bool is_outside_ = false;  // an entry was read that is not there
  std::map<const Expr::Node*, std::vector<std::string>> free_;
  std::vector<Expr> layers_;  // places within names, whose nodes `free_` knows
  std::map<std::pair<const Expr::Node*, std::vector<double>>, Quantity> known_;
};

}  // namespace gradus::certificate
