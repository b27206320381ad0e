// Formulas in LaTeX, with the commands of amsmath.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <string>
#include <vector>

#include "compiler/formula/notation.h"

namespace gradus::formula {
namespace {

// Functions that LaTeX has a command for.
constexpr std::string_view commands[] = {"exp",  "log",  "sin", "cos", "tan", "sinh",
                                         "cosh", "tanh", "max", "min", "det"};

std::string function_name(std::string_view word) {
  if (word == "σ") return "\\sigma";
  if (word == "ψ") return "\\psi";
  for (std::string_view command : commands) {
    if (command == word) return "\\" + std::string(word);
  }
  std::string escaped;
  for (char c : word) escaped += c == '_' ? "\\_" : std::string(1, c);
  return fmt::format("\\operatorname{{{}}}", escaped);
}

std::string_view sign_of(std::string_view op) {
  if (op == "≤") return "\\le";
  if (op == "≥") return "\\ge";
  if (op == "≠") return "\\ne";
  return op;
}

// A line of a document has room for about so many characters behind the signs of equality.
constexpr size_t widest_line = 90;

// About how many characters are seen of it.
size_t width(std::string_view code) {
  size_t seen = 0;
  for (size_t k = 0; k < code.size(); ++k) {
    const char c = code[k];
    if (c == '\\') {
      while (k + 1 < code.size() && std::isalpha(static_cast<unsigned char>(code[k + 1])) != 0) ++k;
    }
    if (c != '{' && c != '}' && c != '_' && c != '^' && c != '&' && c != ' ') ++seen;
  }
  return seen;
}

class Latex : public Notation {
 public:
  // `breaks`: for a formula that is too long for a line.
  explicit Latex(bool breaks = false) : breaks_(breaks) {}

  // What may stand on lines of its own: terms and factors, but not what is in parentheses.
  std::vector<std::string> pieces(const Expr& x) const {
    if (x.is(Kind::sum)) return terms(x);
    if (x.is(Kind::product)) return factors(x);
    if (x.is(Kind::quotient) && breaks_) return factors_of_quotient(x);
    if (!x.is(Kind::big)) return {written(x)};
    std::vector<std::string> all = pieces_of_part(x, 0);
    std::string sign = x->word == "Σ"   ? "\\sum"
                       : x->word == "∏" ? "\\prod"
                                        : function_name(x->word);
    if (x->parts.size() > 1) sign += fmt::format("_{{{}}}", commas(x, 1));
    all.front().insert(0, sign + " ");
    return all;
  }

 private:
  static std::string joined(const std::vector<std::string>& pieces) {
    return fmt::format("{}", fmt::join(pieces, ""));
  }

  std::vector<std::string> pieces_of_part(const Expr& x, size_t k) const {
    if (needs_parentheses(x, k)) return {part(x, k)};
    return pieces(x[k]);
  }

  std::vector<std::string> terms(const Expr& x) const {
    std::vector<std::string> all = pieces_of_part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) {
      const bool is_number = x[k].is(Kind::number) && x[k]->value < 0;
      std::vector<std::string> term = is_number ? std::vector{of_number(-x[k]->value)}
                                      : x[k].is(Kind::negative) ? pieces_of_part(x[k], 0)
                                                                : pieces_of_part(x, k);
      term.front().insert(0, is_number || x[k].is(Kind::negative) ? " - " : " + ");
      all.insert(all.end(), term.begin(), term.end());
    }
    return all;
  }

  std::vector<std::string> factors(const Expr& x) const {
    std::vector<std::string> all = pieces_of_part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) {
      const bool numbers = x[k].is(Kind::number) || x[k - 1].is(Kind::derivative);
      std::vector<std::string> factor = pieces_of_part(x, k);
      factor.front().insert(0, is_with_complement(x, k - 1) ? "" : numbers ? " \\cdot " : " \\, ");
      all.insert(all.end(), factor.begin(), factor.end());
    }
    return all;
  }

  // A long fraction of a product is the product times one over what it is divided by.
  std::vector<std::string> factors_of_quotient(const Expr& x) const {
    const std::string whole = written(x);
    if (!x[0].is(Kind::product) || width(whole) < widest_line / 2) return {whole};
    std::vector<std::string> all = factors(x[0]);
    all.push_back(fmt::format(" \\, \\frac{{1}}{{{}}}", part(x, 1)));
    return all;
  }

  bool draws_fractions() const override { return true; }
  std::string in_parentheses(const std::string& inner) const override {
    return "\\left(" + inner + "\\right)";
  }

  std::string of_number(double value) const override {
    const char* sign = std::signbit(value) ? "-" : "";
    if (std::isnan(value)) return "\\mathrm{nan}";
    if (std::isinf(value)) return fmt::format("{}\\infty", sign);
    std::string out = digits(value);
    if (const size_t e = out.find('e'); e != std::string::npos) {
      const std::string power = fmt::format("10^{{{}}}", out.substr(e + 1));
      const std::string front = out.substr(0, e);
      out = front == "1" ? power : front + " \\cdot " + power;
    }
    return sign + out;
  }

  // `1` is the vector of ones; other names have letters.
  std::string of_name(const Symbol& symbol) const override {
    return symbol.base == "1" ? "\\mathbf{1}" : latex(symbol);
  }

  std::string of_entry(const Expr& x) const override {
    if (x[0].is(Kind::name) && x[0]->symbol.base != "1") {
      return latex(x[0]->symbol, commas(x, 1));
    }
    return fmt::format("{{{}}}_{{{}}}", part(x, 0), commas(x, 1));
  }

  std::string of_sum(const Expr& x) const override { return joined(Latex().terms(x)); }
  std::string of_product(const Expr& x) const override { return joined(Latex().factors(x)); }

  std::string of_hadamard(const Expr& x) const override {
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) out += " \\odot " + part(x, k);
    return out;
  }

  std::string of_quotient(const Expr& x) const override {
    return fmt::format("\\frac{{{}}}{{{}}}", part(x, 0), part(x, 1));
  }

  std::string of_power(const Expr& x) const override {
    if (x[1].is_number(0.5)) return fmt::format("\\sqrt{{{}}}", written(x[0]));
    const std::string plain = x[1].is(Kind::number) ? small_fraction(x[1]->value) : "";
    // An accent or an index on the base stays apart from the exponent.
    return fmt::format("{{{}}}^{{{}}}", part(x, 0), plain.empty() ? part(x, 1) : plain);
  }

  std::string of_negative(const Expr& x) const override { return "-" + part(x, 0); }
  std::string of_transpose(const Expr& x) const override {
    if (is_inverse(x[0])) return fmt::format("{{{}}}^{{-\\top}}", part(x[0], 0));
    return fmt::format("{{{}}}^\\top", part(x, 0));
  }

  std::string of_call(const Expr& x) const override {
    if (is_inverse(x)) return fmt::format("{{{}}}^{{-1}}", part(x, 0));
    if (x->word == "sqrt") return fmt::format("\\sqrt{{{}}}", written(x[0]));
    std::string inner;
    const size_t plain = x->parts.size() - x->words.size();
    for (size_t k = 0; k < x->parts.size(); ++k) {
      if (k > 0) inner += ", ";
      if (k >= plain) inner += fmt::format("\\text{{{}}} = ", x->words[k - plain]);
      inner += part(x, k);
    }
    return function_name(x->word) + in_parentheses(inner);
  }

  std::string of_big(const Expr& x) const override { return joined(Latex().pieces(x)); }

  std::string of_range(const Expr& x) const override {
    return fmt::format("0 \\le {} < {}", part(x, 0), part(x, 1));
  }

  std::string of_bracket(const Expr& x) const override {
    return "\\left[" + part(x, 0) + "\\right]";
  }

  std::string of_comparison(const Expr& x) const override {
    return fmt::format("{} {} {}", part(x, 0), sign_of(x->word), part(x, 1));
  }

  std::string of_logic(const Expr& x) const override {
    if (x->word == "not") return "\\lnot " + part(x, 0);
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) {
      out += (x->word == "and" ? " \\land " : " \\lor ") + part(x, k);
    }
    return out;
  }

  std::string of_choice(const Expr& x) const override {
    return fmt::format(
        "\\begin{{cases}} {} & \\text{{if }} {} \\\\ {} & \\text{{else}} \\end{{cases}}",
        written(x[1]), written(x[0]), written(x[2]));
  }

  std::string of_norm(const Expr& x) const override {
    return "\\left\\lVert " + part(x, 0) + " \\right\\rVert";
  }
  std::string of_absolute(const Expr& x) const override {
    return "\\left\\lvert " + part(x, 0) + " \\right\\rvert";
  }
  std::string of_list(const Expr& x) const override { return "\\left[" + commas(x) + "\\right]"; }

  std::string of_slice(const Expr& x) const override {
    std::string out = x[0].valid() ? part(x, 0) : "";
    out += "{:}";
    if (x[1].valid()) out += part(x, 1);
    if (x[2].valid()) out += "{:}" + part(x, 2);
    return out;
  }

  std::string of_derivative(const Expr& x) const override {
    return fmt::format("\\frac{{\\partial {}}}{{\\partial {}}}", written(x[0]), written(x[1]));
  }

  bool breaks_;
};

}  // namespace

std::string latex(const Expr& x) { return Latex()(x); }

std::string latex(const Equation& equation) {
  std::string out = latex(equation.left) + " &";
  const size_t room = widest_line - std::min(width(out), widest_line / 2);
  size_t used = 0;
  const auto add = [&](std::string piece) {
    if (used > 0 && used + width(piece) > room) {
      out += " \\\\\n&\\quad";
      used = 0;
      // A product goes on with a sign.
      if (piece.starts_with(" \\, ")) piece.replace(0, 4, " {} \\cdot ");
    }
    out += piece;
    used += width(piece);
  };
  for (size_t k = 0; k < equation.right.size(); ++k) {
    const Expr& side = equation.right[k];
    std::vector<std::string> pieces = Latex(width(latex(side)) > room).pieces(side);
    if (side.is_condition()) pieces = {"\\left(" + latex(side) + "\\right)"};
    pieces.front().insert(0, k == 0 ? "= " : " = ");
    for (const std::string& piece : pieces) add(piece);
  }
  const auto& rounds = equation.rounds;
  for (size_t k = 0; k < rounds.size(); k += 3) {
    add(fmt::format(", \\quad {} = {}, \\dots, {}", latex(rounds[k]), latex(rounds[k + 1]),
                    latex(rounds[k + 2])));
  }
  return out;
}

}  // namespace gradus::formula
