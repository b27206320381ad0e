#include "compiler/formula/symbol.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <tuple>
#include <utility>

namespace gradus::formula {
namespace {

struct Letter {
  std::string_view name;
  std::string_view letter;
};

constexpr Letter greek[] = {
    {"alpha", "α"},   {"beta", "β"},   {"gamma", "γ"}, {"delta", "δ"},   {"epsilon", "ε"},
    {"zeta", "ζ"},    {"eta", "η"},    {"theta", "θ"}, {"iota", "ι"},    {"kappa", "κ"},
    {"lambda", "λ"},  {"mu", "μ"},     {"nu", "ν"},    {"xi", "ξ"},      {"pi", "π"},
    {"rho", "ρ"},     {"sigma", "σ"},  {"tau", "τ"},   {"upsilon", "υ"}, {"phi", "φ"},
    {"chi", "χ"},     {"psi", "ψ"},    {"omega", "ω"}, {"Gamma", "Γ"},   {"Delta", "Δ"},
    {"Theta", "Θ"},   {"Lambda", "Λ"}, {"Xi", "Ξ"},    {"Pi", "Π"},      {"Sigma", "Σ"},
    {"Upsilon", "Υ"}, {"Phi", "Φ"},    {"Psi", "Ψ"},   {"Omega", "Ω"},
};

constexpr Letter lowered[] = {
    {"0", "₀"}, {"1", "₁"}, {"2", "₂"}, {"3", "₃"}, {"4", "₄"}, {"5", "₅"}, {"6", "₆"}, {"7", "₇"},
    {"8", "₈"}, {"9", "₉"}, {"a", "ₐ"}, {"e", "ₑ"}, {"h", "ₕ"}, {"i", "ᵢ"}, {"j", "ⱼ"}, {"k", "ₖ"},
    {"l", "ₗ"}, {"m", "ₘ"}, {"n", "ₙ"}, {"o", "ₒ"}, {"p", "ₚ"}, {"r", "ᵣ"}, {"s", "ₛ"}, {"t", "ₜ"},
    {"u", "ᵤ"}, {"v", "ᵥ"}, {"x", "ₓ"}, {"+", "₊"}, {"-", "₋"},
};

constexpr Letter raised[] = {
    {"0", "⁰"}, {"1", "¹"}, {"2", "²"}, {"3", "³"}, {"4", "⁴"}, {"5", "⁵"},
    {"6", "⁶"}, {"7", "⁷"}, {"8", "⁸"}, {"9", "⁹"}, {"-", "⁻"}, {"/", "ᐟ"},
};

template <size_t N>
std::string translated(std::string_view text, const Letter (&letters)[N]) {
  std::string out;
  for (char c : text) {
    const auto found = std::find_if(std::begin(letters), std::end(letters),
                                    [&](const Letter& l) { return l.name[0] == c; });
    if (found == std::end(letters)) return "";
    out += found->letter;
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// How many characters of UTF-8 there are.
size_t length(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// The name of a Greek letter that stands there as a letter; other words as they are.
std::string_view greek_name(std::string_view word) {
  for (const Letter& letter : greek) {
    if (letter.letter == word) return letter.name;
  }
  return word;
}

bool ends_in(std::string_view text, std::string_view ending) {
  return text.size() > ending.size() && text.substr(text.size() - ending.size()) == ending;
}

// A single letter, or the name of a Greek one: what an accent stands on.
bool is_letter(std::string_view text) {
  return (length(text) == 1 && text != "_") || !greek_letter(text).empty();
}

// The first character of UTF-8.
std::string_view first(std::string_view text) {
  size_t size = 1;
  while (size < text.size() && (text[size] & 0xC0) == 0x80) ++size;
  return text.substr(0, size);
}

// Letters that are one character with their accent, as NFC has it: letter, accented letter, ….
constexpr std::string_view hats = "aâcĉeêgĝhĥiîjĵoôsŝuûwŵyŷzẑAÂCĈEÊGĜHĤIÎJĴOÔSŜUÛWŴYŶZẐ";
constexpr std::string_view bars = "aāeēgḡiīoōuūyȳAĀEĒGḠIĪOŌUŪYȲαᾱιῑυῡ";
constexpr std::string_view dots =
    "aȧbḃcċdḋeėfḟgġhḣmṁnṅoȯpṗrṙsṡtṫwẇxẋyẏzżAȦBḂCĊDḊEĖFḞGĠHḢIİMṀNṄOȮPṖRṘSṠTṪWẆXẊYẎZŻ";

// A letter that is written with its accent, ŷ or θ̂: the letter and the accent; other words as they
// are.
std::pair<std::string_view, Symbol::Accent> without_accent(std::string_view word) {
  for (const auto& [pairs, mark, accent] : {std::tuple{hats, "\u0302", Symbol::Accent::hat},
                                            {bars, "\u0304", Symbol::Accent::bar},
                                            {dots, "\u0307", Symbol::Accent::dot}}) {
    const std::string_view letter = first(word);
    if (word.substr(letter.size()) == mark) return {letter, accent};
    for (std::string_view rest = pairs; !rest.empty();) {
      const std::string_view plain = first(rest);
      const std::string_view both = first(rest.substr(plain.size()));
      if (word == both) return {plain, accent};
      rest.remove_prefix(plain.size() + both.size());
    }
  }
  return {word, Symbol::Accent::none};
}

Symbol part_as_written(std::string_view name) {
  Symbol symbol;
  size_t digits = name.size();
  while (digits > 0 && is_digit(name[digits - 1])) --digits;
  // `w_1` is w₁ too; a word keeps its underscore.
  const bool underscore = digits < name.size() && digits == 2 && name[1] == '_';
  std::string_view base = name.substr(0, underscore ? 1 : digits);
  symbol.subscript = name.substr(digits);
  for (const auto& [ending, accent] : {std::pair{"hat", Symbol::Accent::hat},
                                       {"bar", Symbol::Accent::bar},
                                       {"dot", Symbol::Accent::dot}}) {
    if (!ends_in(base, ending)) continue;
    // `x2hat`: the digits stand before the accent.
    std::string_view rest = base.substr(0, base.size() - 3);
    const Symbol inner = part_as_written(rest);
    if (inner.accent != Symbol::Accent::none || !is_letter(inner.base) ||
        (!inner.subscript.empty() && !symbol.subscript.empty())) {
      continue;
    }
    if (symbol.subscript.empty()) symbol.subscript = inner.subscript;
    symbol.accent = accent;
    base = rest.substr(0, inner.base.size());
    break;
  }
  if (symbol.accent == Symbol::Accent::none) std::tie(base, symbol.accent) = without_accent(base);
  symbol.base = greek_name(base);
  symbol.greek = !greek_letter(symbol.base).empty();
  return symbol;
}

// Letters that are neither ASCII's nor Greek are text: mathematical fonts lack them.
std::string latex_word(std::string_view word) {
  std::string escaped;
  bool is_text = false;
  while (!word.empty()) {
    const std::string_view letter = first(word);
    word.remove_prefix(letter.size());
    const std::string_view greek = greek_name(letter);
    if (letter == "_") {
      escaped += "\\_";
    } else if (greek != letter) {
      escaped += fmt::format("\\{} ", greek);
    } else {
      is_text = is_text || letter.size() > 1;
      escaped += letter;
    }
  }
  return fmt::format("\\{}{{{}}}", is_text ? "textit" : "mathit", escaped);
}

std::string_view accent_name(Symbol::Accent accent) {
  switch (accent) {
    case Symbol::Accent::none:
      return "";
    case Symbol::Accent::hat:
      return "hat";
    case Symbol::Accent::bar:
      return "bar";
    case Symbol::Accent::dot:
      return "dot";
  }
  std::abort();
}

std::string accented(std::string_view base, Symbol::Accent accent) {
  std::string_view pairs = accent == Symbol::Accent::hat   ? hats
                           : accent == Symbol::Accent::bar ? bars
                                                           : dots;
  if (accent == Symbol::Accent::none) return std::string(base);
  while (!pairs.empty()) {
    const std::string_view letter = first(pairs);
    const std::string_view both = first(pairs.substr(letter.size()));
    if (letter == base) return std::string(both);
    pairs.remove_prefix(letter.size() + both.size());
  }
  return std::string(base) + (accent == Symbol::Accent::hat   ? "\u0302"
                              : accent == Symbol::Accent::bar ? "\u0304"
                                                              : "\u0307");
}

}  // namespace

std::string_view greek_letter(std::string_view name) {
  for (const Letter& letter : greek) {
    if (letter.name == name) return letter.letter;
  }
  return {};
}

std::string subscripts(std::string_view text) { return translated(text, lowered); }
std::string superscripts(std::string_view text) { return translated(text, raised); }

std::string text(const Symbol& symbol) {
  std::string out;
  for (const Symbol& owner : symbol.owners) out += text(owner) + ".";
  out += accented(symbol.greek ? greek_letter(symbol.base) : symbol.base, symbol.accent);
  if (!symbol.subscript.empty()) {
    const std::string low = subscripts(symbol.subscript);
    out += low.empty() ? "_" + symbol.subscript : low;
  }
  return out + symbol.index;
}

std::string latex(const Symbol& symbol, const std::string& indices) {
  std::string out;
  for (const Symbol& owner : symbol.owners) out += latex(owner) + "{.}";
  const bool is_plain = symbol.base.size() == 1 && symbol.base != "_";
  const std::string base = symbol.greek ? "\\" + symbol.base
                           : is_plain   ? symbol.base
                                        : latex_word(symbol.base);
  out += symbol.accent == Symbol::Accent::none
             ? base
             : fmt::format("\\{}{{{}}}", accent_name(symbol.accent), base);
  std::string low = symbol.latex_subscript;
  if (low.empty()) {
    const bool is_word = length(symbol.subscript) > 1 && !is_digit(symbol.subscript[0]);
    low = is_word ? latex_word(symbol.subscript) : symbol.subscript;
  }
  // A letter has one subscript: the indices stand in it, behind what belongs to the name.
  if (!symbol.index.empty()) {
    if (!low.empty()) out += fmt::format("_{{{}}}", low);
    out += symbol.latex_index.empty() ? symbol.index : symbol.latex_index;
    return indices.empty() ? out : fmt::format("{{{}}}_{{{}}}", out, indices);
  }
  if (!low.empty() && !indices.empty()) low += ";\\,";
  low += indices;
  return low.empty() ? out : fmt::format("{}_{{{}}}", out, low);
}

Symbol as_spelt(std::string_view name) {
  Symbol symbol;
  symbol.base = name;
  return symbol;
}

Symbol as_written(std::string_view name) {
  const size_t dot = name.rfind('.');
  const std::string_view last = dot == std::string_view::npos ? name : name.substr(dot + 1);
  const size_t bracket = std::min(last.find('['), last.size());
  Symbol symbol = part_as_written(last.substr(0, bracket));
  symbol.index = last.substr(bracket);
  if (dot != std::string_view::npos) {
    Symbol owner = as_written(name.substr(0, dot));
    symbol.owners = std::move(owner.owners);
    owner.owners.clear();
    symbol.owners.push_back(std::move(owner));
  }
  return symbol;
}

Names::Names(const std::vector<std::string>& spelt) {
  // What notation needs: no name prints like these.
  taken_ = {"Σ", "Π", "∏", "I", "∂"};
  std::map<std::string, std::set<std::string>> alike;
  for (const std::string& name : spelt) alike[text(as_written(name))].insert(name);
  for (const auto& [printed, names] : alike) {
    const bool clash = names.size() > 1 || (taken_.count(printed) > 0 && !names.count(printed));
    for (const std::string& name : names) {
      symbols_[name] = clash ? as_spelt(name) : as_written(name);
    }
  }
  for (const auto& [name, symbol] : symbols_) taken_.insert(text(symbol));
  // What is spelt like the sign of a sum or a product prints as the letter's name.
  for (auto& [name, symbol] : symbols_) {
    if (name == "Σ" || name == "Π") symbol = fresh({as_spelt(greek_name(name))});
  }
}

const Symbol& Names::operator[](const std::string& name) const { return symbols_.at(name); }

Symbol Names::fresh(const std::vector<Symbol>& candidates) {
  for (const Symbol& candidate : candidates) {
    if (taken_.insert(text(candidate)).second) return candidate;
  }
  return fresh_numbered("u");
}

Symbol Names::fresh_numbered(std::string_view word) {
  Symbol symbol = as_spelt(word);
  int number = 0;
  do {
    symbol.subscript = std::to_string(++number);
  } while (!taken_.insert(text(symbol)).second);
  return symbol;
}

Symbol Names::fresh_adjoint(const Symbol& of) {
  Symbol delta = as_written("delta");
  std::vector<Symbol> candidates;
  if (of.owners.empty() && of.index.empty() && !of.subscript.empty()) {
    delta.subscript = of.subscript;
    candidates.push_back(delta);
  }
  delta.subscript = text(of);
  if (subscripts(delta.subscript).empty()) {
    delta.latex_subscript = latex(of);
    delta.mathml_subscript = mathml(of);
  }
  candidates.push_back(delta);
  return fresh(candidates);
}

std::string Names::index(char wished, const std::set<std::string>& used) const {
  std::string letters(1, wished);
  letters += "ijklmnopqrstuvxabcdefgh";
  for (char letter : letters) {
    const std::string name(1, letter);
    if (taken_.count(name) == 0 && used.count(name) == 0) return name;
  }
  for (int k = 1;; ++k) {
    const std::string name = fmt::format("i{}", k);
    if (taken_.count(name) == 0 && used.count(name) == 0) return name;
  }
}

}  // namespace gradus::formula
