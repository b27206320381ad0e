#include "compiler/formula/notation.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace gradus::formula {
namespace {

const Expr a = word("a");
const Expr b = word("b");
const Expr c = word("c");
const Expr half = number(0.5);
const Expr one = number(1);

Expr minus(const Expr& x, const Expr& y) { return sum({x, negative(y)}); }

TEST_CASE("parentheses stand where the text would read otherwise", "[notation]") {
  CHECK(text(sum({a, product({b, c})})) == "a + b·c");
  CHECK(text(product({a, sum({b, c})})) == "a·(b + c)");
  CHECK(text(minus(a, sum({b, c}))) == "a − b − c");
  CHECK(text(negative(product({a, b}))) == "−a·b");
  CHECK(text(negative(sum({a, b}))) == "−(a + b)");
  CHECK(text(product({quotient(a, b), c})) == "a/b · c");
  CHECK(text(product({c, quotient(a, b)})) == "c · (a/b)");
  CHECK(text(quotient(product({a, b}), c)) == "a·b/c");
  CHECK(text(quotient(a, product({b, c}))) == "a/(b·c)");
  CHECK(text(quotient(quotient(a, b), c)) == "a/b/c");
  CHECK(text(quotient(a, quotient(b, c))) == "a/(b/c)");
  CHECK(text(hadamard({product({a, b}), c})) == "(a·b) ⊙ c");
  CHECK(text(product({a, hadamard({b, c})})) == "a·(b ⊙ c)");
  CHECK(text(sum({hadamard({a, b}), c})) == "a ⊙ b + c");
  CHECK(text(quotient(hadamard({a, b}), c)) == "(a ⊙ b)/c");
  CHECK(text(transpose(sum({a, b}))) == "(a + b)ᵀ");
  CHECK(text(transpose(product({a, transpose(b)}))) == "b·aᵀ");
  CHECK(text(entry(sum({a, b}), {c})) == "(a + b)[c]");
  CHECK(text(product({big("Σ", a), b})) == "(Σ a) · b");
}

TEST_CASE("powers and roots", "[notation]") {
  CHECK(text(power(a, number(2))) == "a²");
  CHECK(text(power(a, number(-1.5))) == "a⁻³ᐟ²");
  CHECK(text(power(a, number(0.123))) == "a^0.123");
  CHECK(text(power(a, b)) == "a^b");
  CHECK(text(power(a, sum({b, c}))) == "a^(b + c)");
  CHECK(text(power(power(a, number(2)), number(3))) == "(a²)³");
  CHECK(text(power(transpose(a), number(2))) == "(aᵀ)²");
  CHECK(text(power(negative(a), number(2))) == "(−a)²");
  CHECK(text(power(a, half)) == "√a");
  CHECK(text(call("sqrt", {sum({a, b})})) == "√(a + b)");
}

TEST_CASE("signs and numbers", "[notation]") {
  CHECK(text(sum({negative(a), b})) == "b − a");
  CHECK(text(sum({a, number(-2)})) == "a − 2");
  CHECK(text(sum({number(1), a, number(2)})) == "3 + a");
  CHECK(text(product({negative(a), b})) == "−a·b");
  CHECK(text(quotient(negative(a), negative(b))) == "a/b");
  CHECK(text(number(-INFINITY)) == "−∞");
  CHECK(text(number(1e-5)) == "1e-5");
  CHECK(text(number(12500)) == "12500");
  CHECK(text(product({number(1), a})) == "a");
}

TEST_CASE("a value and its complement stand together", "[notation]") {
  CHECK(text(product({b, a, minus(one, a)})) == "b·a(1 − a)");
  CHECK(text(product({a, minus(one, b)})) == "a·(1 − b)");
  const Expr s = call("σ", {a});
  CHECK(text(product({s, minus(one, s)})) == "σ(a)(1 − σ(a))");
}

TEST_CASE("sums, conditions, branches and indices", "[notation]") {
  const Expr n = word("n");
  const Expr k = word("k");
  CHECK(text(big("Σ", product({sum({a, b}), c}))) == "Σ (a + b)·c");
  CHECK(text(big("Σ", sum({a, b}))) == "Σ (a + b)");
  CHECK(text(big("Σ", entry(a, {n, k}), {n})) == "Σₙ a[n, k]");
  CHECK(text(big("max", entry(a, {n, k}), {n, k})) == "max_{n, k} a[n, k]");
  CHECK(text(product({a, bracket(comparison(b, ">", number(0)))})) == "a·[b > 0]");
  CHECK(text(comparison(number(0), "<", b)) == "b > 0");
  CHECK(text(negation(comparison(a, "<", b))) == "a ≥ b");
  CHECK(text(logic("and", {logic("or", {a, b}), c})) == "(a or b) and c");
  CHECK(text(choice(comparison(a, "=", b), a, sum({b, c}))) == "if a = b then a else b + c");
  CHECK(text(sum({choice(a, b, c), one})) == "(if a then b else c) + 1");
  CHECK(text(entry(a, {slice({}, {}, {}), slice(one, {}, number(2)), k})) == "a[:, 1::2, k]");
  CHECK(text(call("max", {a, one}, {"axis"})) == "max(a, axis = 1)");
  CHECK(text(product({norm(a), absolute(sum({a, b}))})) == "‖a‖·|a + b|");
}

TEST_CASE("LaTeX draws what the text spells", "[notation]") {
  CHECK(latex(product({quotient(one, b), big("Σ", product({sum({a, b}), c}))})) ==
        "\\frac{1}{b} \\, \\sum \\left(a + b\\right) \\, c");
  CHECK(latex(quotient(sum({a, b}), product({b, c}))) == "\\frac{a + b}{b \\, c}");
  CHECK(latex(power(a, sum({b, c}))) == "{a}^{b + c}");
  CHECK(latex(transpose(a)) == "{a}^\\top");
  CHECK(latex(transpose(word("1"))) == "{\\mathbf{1}}^\\top");
  CHECK(latex(call("sqrt", {sum({a, b})})) == "\\sqrt{a + b}");
  CHECK(latex(call("one_hot", {a, one})) == "\\operatorname{one\\_hot}\\left(a, 1\\right)");
  CHECK(latex(call("σ", {a})) == "\\sigma\\left(a\\right)");
  CHECK(latex(number(1.5e-7)) == "1.5 \\cdot 10^{-7}");
  CHECK(latex(product({a, number(2)})) == "a \\cdot 2");
  CHECK(latex(comparison(a, "≤", b)) == "a \\le b");
}

TEST_CASE("MathML has one element for each formula", "[notation]") {
  CHECK(mathml(a) == "<mi>a</mi>");
  CHECK(mathml(quotient(sum({a, b}), c)) ==
        "<mfrac><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow><mi>c</mi></mfrac>");
  CHECK(mathml(power(sum({a, b}), number(2))) ==
        "<msup><mrow><mo stretchy=\"false\">(</mo><mrow><mi>a</mi><mo>+</mo><mi>b</mi></mrow>"
        "<mo stretchy=\"false\">)</mo></mrow><mn>2</mn></msup>");
  CHECK(mathml(power(a, number(-1.5))) ==
        "<msup><mi>a</mi><mrow><mo>−</mo><mn>3</mn><mo lspace=\"0\" rspace=\"0\">/</mo>"
        "<mn>2</mn></mrow></msup>");
  CHECK(mathml(number(-1.5e-7)) ==
        "<mrow><mo>−</mo><mrow><mn>1.5</mn><mo>⋅</mo><msup><mn>10</mn><mrow><mo>−</mo><mn>7</mn>"
        "</mrow></msup></mrow></mrow>");
  CHECK(mathml(comparison(a, "<", b)) == "<mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow>");
  CHECK(mathml(name(as_written("h.W1"))) ==
        "<mrow><mi>h</mi><mi>.</mi><msub><mi>W</mi><mn>1</mn></msub></mrow>");
  CHECK(mathml(name(as_written("yhat"))) ==
        "<mover accent=\"true\"><mi>y</mi><mo stretchy=\"false\">^</mo></mover>");
  CHECK(mathml(name(as_written("alpha"))) == "<mi>α</mi>");
  CHECK(mathml(entry(name(as_written("w1")), {a})) ==
        "<msub><mi>w</mi><mrow><mn>1</mn><mo>;</mo><mi>a</mi></mrow></msub>");
}

TEST_CASE("the length of a formula is what a reader takes in", "[notation]") {
  CHECK(symbols(sum({a, negative(b)})) == 3);
  CHECK(symbols(product({transpose(a), sum({b, negative(c)})})) == 6);
  CHECK(symbols(quotient(one, b)) == 3);
  CHECK(symbols(power(a, number(2))) == 2);
  CHECK(symbols(big("Σ", entry(a, {word("n"), sum({word("i"), one})}), {word("n")})) == 2);
  CHECK(symbols(entry(a, {entry(b, {word("n")})})) == 2);
  CHECK(symbols(call("exp", {a})) == 2);
}

}  // namespace
}  // namespace gradus::formula
