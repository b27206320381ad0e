#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace gradus::formula {

// A name as mathematicians write it: a letter or word with an accent and a subscript, `ŷ₁`. Dotted
// names are several, `h₁.W`.
struct Symbol {
  enum class Accent : unsigned char { none, hat, bar, dot };

  std::string base;  // a word as spelt, or the name of a Greek letter where `greek`
  bool greek = false;
  Accent accent = Accent::none;
  std::string subscript;       // digits, a letter or a word
  std::string index;           // `[0]`, of a round
  std::vector<Symbol> owners;  // the parts before the last dot
  // The same where it is no plain text.
  std::string latex_subscript;
  std::string latex_index;
  std::string mathml_subscript;
  std::string mathml_index;

  friend bool operator==(const Symbol&, const Symbol&) = default;
};

// In Unicode: `ŷ₁`, `δ_logits`.
std::string text(const Symbol& symbol);
// For LaTeX's mathematics: `\hat{y}_{1}`; with the indices of an entry of it: `\hat{y}_{1;\,i, j}`.
std::string latex(const Symbol& symbol, const std::string& indices = "");
// For MathML, one element; with the indices of an entry of it, as elements.
std::string mathml(const Symbol& symbol, const std::string& indices = "");
// Its subscript and its index as elements; empty where it has none.
std::string mathml_subscript(const Symbol& symbol);
std::string mathml_index(const Symbol& symbol);
// Text within an element of XML or HTML, or within an attribute in double quotes.
std::string escaped(std::string_view text);
// Elements as one: a row, where there are several.
std::string row(const std::string& elements);

// A name as it is spelt, with nothing made of it.
Symbol as_spelt(std::string_view name);
// `alpha` α, `yhat` ŷ, `w1` w₁, `h1.W` h₁.W.
Symbol as_written(std::string_view name);

// The Unicode letter of a Greek letter's name; empty for other words and for capitals that look
// Latin.
std::string_view greek_letter(std::string_view name);
// The text in Unicode's subscripts; empty where a character has none.
std::string subscripts(std::string_view text);
// A number in Unicode's superscripts, with a sign or a fraction: `⁻¹ᐟ²`.
std::string superscripts(std::string_view text);

// How the names of one program print: two that would print alike, or like notation, print as
// spelt. Gives names to auxiliary values, which are like none of the program's.
class Names {
 public:
  // `spelt`: all names of the program, dimensions and constants included.
  explicit Names(const std::vector<std::string>& spelt);

  const Symbol& operator[](const std::string& name) const;
  // Whether the program has a name that is spelt so.
  bool has(const std::string& name) const { return symbols_.count(name) > 0; }
  // Whether a text is the print of a name that was given.
  bool is_taken(const std::string& printed) const { return taken_.count(printed) > 0; }

  // A new symbol: the first of the candidates that is free, else a numbered one.
  Symbol fresh(const std::vector<Symbol>& candidates);
  // A word with the first number that is free: u₁, u₂.
  Symbol fresh_numbered(std::string_view word);
  // The symbol is free again.
  void give_back(const Symbol& symbol) { taken_.erase(text(symbol)); }
  // The adjoint's name of what prints as `of`: δ with its subscript, or with its name as one.
  Symbol fresh_adjoint(const Symbol& of);
  // A letter for an index that no name prints as and that is not in `used`; `wished` where free.
  std::string index(char wished, const std::set<std::string>& used) const;

 private:
  std::map<std::string, Symbol> symbols_;
  std::set<std::string> taken_;  // prints
};

}  // namespace gradus::formula
