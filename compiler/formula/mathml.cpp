// Formulas in presentation MathML. What is written of each is one element, so that scripts and
// fractions can take it as it is.

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "compiler/formula/notation.h"
#include "compiler/formula/page.h"

namespace gradus::formula {
namespace {

std::string operation(std::string_view sign) { return fmt::format("<mo>{}</mo>", escaped(sign)); }

// A sign that is part of a word or an index, without space around it.
std::string tight(std::string_view sign) {
  return fmt::format("<mo lspace=\"0\" rspace=\"0\">{}</mo>", escaped(sign));
}

std::string words(std::string_view text) { return fmt::format("<mtext>{}</mtext>", escaped(text)); }

// Factors side by side, apart by a thin space.
constexpr std::string_view times = "<mo rspace=\"0.17em\">\u2062</mo>";
constexpr std::string_view applied = "<mo>\u2061</mo>";

// Elements that are taller than a line of letters.
constexpr std::string_view tall[] = {"<mfrac", "<munder", "<mtable", "<msqrt", "<mo>∑", "<mo>∏"};

std::string function_name(std::string_view word) { return "<mi>" + escaped(word) + "</mi>"; }

class MathMl : public Notation {
  bool draws_fractions() const override { return true; }
  std::string in_parentheses(const std::string& inner) const override {
    return between("(", inner, ")");
  }

  // Around what is no taller than a letter they need not grow, and browsers set them closer.
  static std::string between(std::string_view open, const std::string& inner,
                             std::string_view close) {
    const bool is_tall = std::any_of(std::begin(tall), std::end(tall), [&](std::string_view tag) {
      return inner.find(tag) != std::string::npos;
    });
    const std::string_view grows = is_tall ? "" : " stretchy=\"false\"";
    return fmt::format("<mrow><mo{0}>{1}</mo>{2}<mo{0}>{3}</mo></mrow>", grows, open, inner, close);
  }

  // The parts from k on, between signs.
  std::string joined(const Expr& x, std::string_view sign, size_t k = 0) const {
    std::string out;
    for (size_t j = k; j < x->parts.size(); ++j) {
      if (j > k) out += operation(sign);
      out += part(x, j);
    }
    return out;
  }

  std::string of_number(double value) const override {
    std::string out;
    if (std::isnan(value)) {
      out = words("nan");
    } else if (std::isinf(value)) {
      out = "<mi>∞</mi>";
    } else {
      out = magnitude(value);
    }
    return std::signbit(value) ? row(operation("−") + out) : out;
  }

  static std::string magnitude(double value) {
    const std::string all = digits(value);
    const size_t e = all.find('e');
    if (e == std::string::npos) return "<mn>" + all + "</mn>";
    std::string exponent = all.substr(e + 1);
    const bool minus = exponent[0] == '-';
    exponent = "<mn>" + exponent.substr(minus ? 1 : 0) + "</mn>";
    std::string power = fmt::format("<msup><mn>10</mn>{}</msup>",
                                    minus ? row(operation("−") + exponent) : exponent);
    if (e == 1 && all[0] == '1') return power;
    return row(fmt::format("<mn>{}</mn>{}{}", all.substr(0, e), operation("⋅"), power));
  }

  // `1` is the vector of ones; other names have letters.
  std::string of_name(const Symbol& symbol) const override {
    return symbol.base == "1" ? "<mn>𝟏</mn>" : mathml(symbol);
  }

  std::string of_entry(const Expr& x) const override {
    const std::string indices = joined(x, ",", 1);
    if (x[0].is(Kind::name) && x[0]->symbol.base != "1") return mathml(x[0]->symbol, indices);
    return fmt::format("<msub>{}{}</msub>", part(x, 0), row(indices));
  }

  std::string of_sum(const Expr& x) const override {
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) {
      if (x[k].is(Kind::negative)) {
        out += operation("−") + part(x[k], 0);
      } else if (x[k].is(Kind::number) && x[k]->value < 0) {
        out += operation("−") + of_number(-x[k]->value);
      } else {
        out += operation("+") + part(x, k);
      }
    }
    return row(out);
  }

  std::string of_product(const Expr& x) const override {
    std::string out = part(x, 0);
    for (size_t k = 1; k < x->parts.size(); ++k) {
      const bool is_dotted = x[k].is(Kind::number) || x[k - 1].is(Kind::derivative);
      if (is_dotted) {
        out += operation("⋅");
      } else if (!is_with_complement(x, k - 1)) {
        out += times;
      }
      out += part(x, k);
    }
    return row(out);
  }

  std::string of_hadamard(const Expr& x) const override { return row(joined(x, "⊙")); }

  std::string of_quotient(const Expr& x) const override {
    return fmt::format("<mfrac>{}{}</mfrac>", part(x, 0), part(x, 1));
  }

  std::string of_power(const Expr& x) const override {
    if (x[1].is_number(0.5)) return fmt::format("<msqrt>{}</msqrt>", written(x[0]));
    const std::string plain = x[1].is(Kind::number) ? small_fraction(x[1]->value) : "";
    return fmt::format("<msup>{}{}</msup>", part(x, 0),
                       plain.empty() ? part(x, 1) : fraction(plain));
  }

  // `-1/2`.
  static std::string fraction(const std::string& plain) {
    const bool minus = plain[0] == '-';
    const size_t slash = plain.find('/');
    const size_t first = minus ? 1 : 0;
    std::string out = minus ? operation("−") : "";
    out += "<mn>" + plain.substr(first, slash - first) + "</mn>";
    if (slash != std::string::npos) out += tight("/") + "<mn>" + plain.substr(slash + 1) + "</mn>";
    return row(out);
  }

  std::string of_negative(const Expr& x) const override { return row(operation("−") + part(x, 0)); }

  std::string of_transpose(const Expr& x) const override {
    if (is_inverse(x[0])) {
      return fmt::format("<msup>{}<mrow>{}{}</mrow></msup>", part(x[0], 0), operation("−"),
                         tight("⊤"));
    }
    return fmt::format("<msup>{}{}</msup>", part(x, 0), tight("⊤"));
  }

  std::string of_call(const Expr& x) const override {
    if (is_inverse(x)) return fmt::format("<msup>{}{}</msup>", part(x, 0), fraction("-1"));
    if (x->word == "sqrt") return fmt::format("<msqrt>{}</msqrt>", written(x[0]));
    std::string inner;
    const size_t plain = x->parts.size() - x->words.size();
    for (size_t k = 0; k < x->parts.size(); ++k) {
      if (k > 0) inner += operation(",");
      if (k >= plain) inner += words(x->words[k - plain]) + operation("=");
      inner += part(x, k);
    }
    return row(function_name(x->word) + std::string(applied) + in_parentheses(inner));
  }

  std::string of_big(const Expr& x) const override {
    std::string sign = x->word == "Σ"   ? operation("∑")
                       : x->word == "∏" ? operation("∏")
                                        : function_name(x->word);
    if (x->parts.size() > 1) {
      sign = fmt::format("<munder>{}{}</munder>", sign, row(joined(x, ",", 1)));
    }
    const bool is_sign = x->word == "Σ" || x->word == "∏";
    return row(sign + (is_sign ? "" : std::string(times)) + part(x, 0));
  }

  std::string of_range(const Expr& x) const override {
    return row("<mn>0</mn>" + operation("≤") + part(x, 0) + operation("<") + part(x, 1));
  }

  std::string of_bracket(const Expr& x) const override { return between("[", part(x, 0), "]"); }
  std::string of_comparison(const Expr& x) const override { return row(joined(x, x->word)); }

  std::string of_logic(const Expr& x) const override {
    if (x->word == "not") return row(operation("¬") + part(x, 0));
    return row(joined(x, x->word == "and" ? "∧" : "∨"));
  }

  std::string of_choice(const Expr& x) const override {
    const auto line = [](const std::string& value, const std::string& when) {
      return fmt::format(
          "<mtr><mtd style=\"text-align: left\">{}</mtd><mtd style=\"text-align: left\">{}</mtd>"
          "</mtr>",
          value, when);
    };
    return fmt::format("<mrow><mo>{{</mo><mtable>{}{}</mtable></mrow>",
                       line(written(x[1]), words("if\u00a0") + written(x[0])),
                       line(written(x[2]), words("else")));
  }

  std::string of_norm(const Expr& x) const override { return between("‖", part(x, 0), "‖"); }
  std::string of_absolute(const Expr& x) const override { return between("|", part(x, 0), "|"); }
  std::string of_list(const Expr& x) const override { return between("[", joined(x, ","), "]"); }

  std::string of_slice(const Expr& x) const override {
    std::string out = x[0].valid() ? part(x, 0) : "";
    out += tight(":");
    if (x[1].valid()) out += part(x, 1);
    if (x[2].valid()) out += tight(":") + part(x, 2);
    return row(out);
  }

  std::string of_derivative(const Expr& x) const override {
    return fmt::format("<mfrac><mrow><mi>∂</mi>{}</mrow><mrow><mi>∂</mi>{}</mrow></mfrac>",
                       written(x[0]), written(x[1]));
  }
};

std::string table_row(const std::string& left, const std::string& right, const std::string& third) {
  return fmt::format(
      "<mtr><mtd style=\"text-align: right\">{}</mtd><mtd style=\"text-align: left\">{}</mtd>"
      "<mtd style=\"text-align: left\">{}</mtd></mtr>",
      left, right, third);
}

struct MathMlLine {
  std::string operator()(const Equation& equation) const {
    return table_row(mathml(equation.left), "<mrow>" + mathml_right(equation) + "</mrow>", "");
  }
  std::string operator()(const Remark& remark) const {
    std::string content = words(remark.words);
    if (remark.about.valid()) content += words("\u00a0") + mathml(remark.about);
    return fmt::format("<mtr><mtd columnspan=\"3\" style=\"text-align: left{}\">{}</mtd></mtr>",
                       remark.heading ? "; font-weight: bold; padding-top: 1em" : "", row(content));
  }
  std::string operator()(const Step& step) const {
    const std::string sense = condition(step);
    return table_row(mathml(step.before), row(operation("→") + mathml(step.after)),
                     words(step.rule + (sense.empty() ? "" : ", " + sense)));
  }
};

}  // namespace

std::string mathml(const Expr& x) { return MathMl()(x); }

std::string mathml_right(const Equation& equation) {
  std::string out;
  for (const Expr& side : equation.right) {
    const std::string right = mathml(side);
    out += operation("=");
    out += side.is_condition() ? operation("(") + right + operation(")") : right;
  }
  const auto& rounds = equation.rounds;
  for (size_t k = 0; k < rounds.size(); k += 3) {
    out += fmt::format(
        "<mo>,</mo><mspace width=\"1em\"/>{}<mo>=</mo>{}<mo>,</mo><mi>…</mi>"
        "<mo>,</mo>{}",
        mathml(rounds[k]), mathml(rounds[k + 1]), mathml(rounds[k + 2]));
  }
  return out;
}

std::string mathml(const Equation& equation) {
  return "<mrow>" + mathml(equation.left) + mathml_right(equation) + "</mrow>";
}

std::string mathml(const Page& page) {
  std::string out =
      "<math xmlns=\"http://www.w3.org/1998/Math/MathML\" display=\"block\">\n"
      "<mtable displaystyle=\"true\">\n";
  for (const Line& line : page) out += std::visit(MathMlLine{}, line) + "\n";
  return out + "</mtable>\n</math>\n";
}

}  // namespace gradus::formula
