#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <sstream>

#include "grammar/lexer.h"
#include "grammar/parser.h"
#include "grammar/token_stream.h"

// What Bison makes of gradus.y: 0 where it accepts.
int gradus_parse(gradus::syntax::TokenStream& stream);

// The parser accepts the files that gradus.y accepts, and no others.
namespace gradus::syntax {
namespace {

struct Verdict {
  bool parser = false;
  bool specification = false;
};

// What both say of a text; nothing where it has what is no token, or is nested more deeply than the
// parser goes (E0120), of which the specification says nothing.
std::optional<Verdict> judge(const std::string& text) {
  Sources sources;
  Diagnostics lexical;
  const SourceFile& file = sources.add("model.grad", text);
  TokenStream stream(file, lex(file, lexical));
  if (lexical.any()) return std::nullopt;
  Diagnostics errors;
  parse(file, errors);
  for (const Diagnostic& each : errors.sorted()) {
    if (each.code.name == "E0120") return std::nullopt;
  }
  return Verdict{!errors.any(), gradus_parse(stream) == 0};
}

// ---- The productions, as Bison lists them

struct Production {
  int left = 0;                    // a symbol
  std::vector<std::string> right;  // symbols, `"+"` or `name` for tokens
};

class Productions {
 public:
  // Lines of Bison's report: `   12 names: name`, `   13      | names "," name`.
  Productions() {
    std::ifstream file(GRADUS_RULES);
    REQUIRE(file);
    std::string line;
    bool inside = false;
    int left = -1;
    while (std::getline(file, line)) {
      if (line == "Grammar") inside = true;
      if (line.starts_with("Terminals")) break;
      std::istringstream words(line);
      int number = 0;
      std::string head;
      if (!inside || !(words >> number >> head)) continue;
      if (head != "|") left = symbol(head.substr(0, head.size() - 1));
      Production made{left, {}};
      for (std::string word; words >> word;) {
        if (word != "%empty" && word != "ε") made.right.push_back(word);
      }
      all_.push_back(std::move(made));
    }
    REQUIRE(all_.size() > 150);
    find_heights();
  }

  const std::vector<Production>& all() const { return all_; }
  std::vector<size_t> of(const std::string& left) const {
    std::vector<size_t> found;
    for (size_t k = 0; k < all_.size(); ++k) {
      if (all_[k].left == numbers_.at(left)) found.push_back(k);
    }
    return found;
  }
  bool derives(const std::string& name) const { return numbers_.contains(name); }
  int height(size_t production) const { return heights_[production]; }

 private:
  int symbol(const std::string& name) {
    return numbers_.emplace(name, static_cast<int>(numbers_.size())).first->second;
  }

  // Of the lowest tree that each production can be the root of.
  void find_heights() {
    constexpr int unknown = 1000000;
    std::vector<int> symbols(numbers_.size(), unknown);
    heights_.assign(all_.size(), unknown);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t k = 0; k < all_.size(); ++k) {
        int height = 1;
        for (const std::string& each : all_[k].right) {
          if (derives(each)) height = std::max(height, symbols[numbers_.at(each)] + 1);
        }
        if (height >= heights_[k]) continue;
        heights_[k] = height;
        int& lowest = symbols[all_[k].left];
        lowest = std::min(lowest, height);
        changed = true;
      }
    }
  }

  std::vector<Production> all_;
  std::map<std::string, int> numbers_;
  std::vector<int> heights_;
};

// Grows sentences from the start symbol; productions that were used least come first.
class Growing {
 public:
  Growing(const Productions& productions, uint64_t seed)
      : productions_(productions), random_(seed), used_(productions.all().size(), 0) {}

  std::vector<std::string> sentence() {
    std::vector<std::string> made;
    grow("file", 12 + static_cast<int>(random_() % 24), made);
    return made;
  }
  // Production 0 is Bison's own.
  size_t unused() const {
    return static_cast<size_t>(std::count(used_.begin() + 1, used_.end(), 0));
  }

 private:
  void grow(const std::string& symbol, int height, std::vector<std::string>& into) {
    if (!productions_.derives(symbol)) return into.push_back(spelt(symbol));
    std::vector<size_t> choices = productions_.of(symbol);
    std::vector<size_t> fitting;
    for (size_t each : choices) {
      if (productions_.height(each) <= height) fitting.push_back(each);
    }
    size_t chosen = choices[0];
    if (fitting.empty()) {
      chosen = *std::min_element(choices.begin(), choices.end(), [&](size_t a, size_t b) {
        return productions_.height(a) < productions_.height(b);
      });
    } else if (random_() % 2 == 0) {
      chosen = *std::min_element(fitting.begin(), fitting.end(),
                                 [&](size_t a, size_t b) { return used_[a] < used_[b]; });
    } else {
      chosen = fitting[random_() % fitting.size()];
    }
    ++used_[chosen];
    for (const std::string& each : productions_.all()[chosen].right) grow(each, height - 1, into);
  }

  std::string spelt(const std::string& token) {
    const char* names[] = {"x", "y", "loss_of", "größe", "i", "axis", "h1"};
    const char* numbers[] = {"0", "12", "0.5", "1e-3", "2.5E+7"};
    if (token == "name") return names[random_() % std::size(names)];
    if (token == "number") return numbers[random_() % std::size(numbers)];
    if (token == "string") return "\"data \\\"x\\\".csv\"";
    if (token == "newline") return "\n";
    return token.substr(1, token.size() - 2);
  }

  const Productions& productions_;
  std::mt19937_64 random_;
  std::vector<int> used_;
};

std::string joined(const std::vector<std::string>& tokens) {
  std::string text;
  for (const std::string& token : tokens) text += token + " ";
  return text;
}

// One token left out, doubled, replaced or exchanged with its neighbour.
std::vector<std::string> mutated(std::vector<std::string> tokens, std::mt19937_64& random) {
  if (tokens.size() < 2) return tokens;
  const auto place = [&] { return static_cast<ptrdiff_t>(random() % tokens.size()); };
  const ptrdiff_t at = place();
  const auto here = tokens.begin() + at;
  switch (random() % 5) {
    case 0:
      tokens.erase(here);
      break;
    case 1:
      tokens.insert(here, std::string(*here));
      break;
    case 2:
      *here = tokens[static_cast<size_t>(place())];
      break;
    case 3: {
      const auto table = token_table();
      const std::string_view other = table[random() % table.size()].spelling;
      tokens.insert(here, other.empty() ? "\n" : std::string(other));
      break;
    }
    default:
      std::swap(*here,
                tokens[static_cast<size_t>((at + 1) % static_cast<ptrdiff_t>(tokens.size()))]);
  }
  return tokens;
}

void compare(const std::string& text) {
  const auto verdict = judge(text);
  if (!verdict || verdict->parser == verdict->specification) return;
  FAIL("the parser " << (verdict->parser ? "accepts" : "refuses")
                     << " what the specification does not say so of:\n"
                     << text);
}

TEST_CASE("parser and specification agree on sentences of every production", "[specification]") {
  const Productions productions;
  Growing growing(productions, 1);
  std::mt19937_64 random(2);
  size_t accepted = 0;
  for (int round = 0; round < 4000; ++round) {
    const std::vector<std::string> tokens = growing.sentence();
    const std::string text = joined(tokens);
    const auto verdict = judge(text);
    INFO(text);
    REQUIRE(verdict);
    CHECK(verdict->specification);
    CHECK(verdict->parser);
    accepted += verdict->parser ? 1 : 0;
    std::vector<std::string> other = tokens;
    for (int mutation = 0; mutation < 4; ++mutation) {
      other = mutated(std::move(other), random);
      compare(joined(other));
    }
  }
  CHECK(accepted == 4000);
  CHECK(growing.unused() == 0);
}

TEST_CASE("parser and specification agree on the project's own files", "[specification]") {
  std::mt19937_64 random(3);
  const std::filesystem::path top(GRADUS_SOURCE_DIR);
  size_t files = 0;
  for (const char* folder : {"examples", "tests", "compiler/prelude"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top / folder)) {
      if (entry.path().extension() != ".grad") continue;
      INFO(entry.path());
      std::ifstream file(entry.path(), std::ios::binary);
      const std::string text(std::istreambuf_iterator<char>(file), {});
      compare(text);
      ++files;
      Sources sources;
      Diagnostics errors;
      std::vector<std::string> tokens;
      for (const Lexeme& lexeme : lex(sources.add("model.grad", text), errors)) {
        if (lexeme.first_on_line) tokens.emplace_back("\n");
        tokens.push_back(text.substr(lexeme.span.begin, lexeme.span.end - lexeme.span.begin));
      }
      for (int mutation = 0; mutation < 50; ++mutation) compare(joined(mutated(tokens, random)));
    }
  }
  CHECK(files > 90);
}

}  // namespace
}  // namespace gradus::syntax
