#include "grammar/format.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>

#include "grammar/lexer.h"
#include "grammar/parser.h"

namespace gradus::syntax {
namespace {

std::optional<std::string> formatted(const std::string& text) {
  Sources sources;
  Diagnostics errors;
  return format(sources.add("model.grad", text), errors);
}

// The tree in words; nothing where there are syntax errors.
std::optional<std::string> meaning(const std::string& text) {
  Sources sources;
  Diagnostics errors;
  const SyntaxTree tree = parse(sources.add("model.grad", text), errors);
  if (errors.any()) return std::nullopt;
  return print(tree);
}

// Each file of the project that is written in the language.
std::vector<std::pair<std::string, std::string>> corpus() {
  std::vector<std::pair<std::string, std::string>> found;
  const std::filesystem::path top(GRADUS_SOURCE_DIR);
  for (const char* folder : {"examples", "tests", "compiler/prelude"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top / folder)) {
      if (entry.path().extension() != ".grad") continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::string text(std::istreambuf_iterator<char>(file), {});
      found.emplace_back(entry.path().filename(), std::move(text));
    }
  }
  return found;
}

std::vector<std::string> comments(const std::string& text) {
  Sources sources;
  Diagnostics errors;
  std::vector<std::string> found;
  uint32_t at = 0;
  const SourceFile& file = sources.add("model.grad", text);
  for (const Lexeme& lexeme : lex(file, errors)) {
    const std::string gap = text.substr(at, lexeme.span.begin - at);
    for (size_t begin = gap.find('#'); begin != gap.npos; begin = gap.find('#', begin)) {
      const size_t end = std::min(gap.find('\n', begin), gap.size());
      std::string comment = gap.substr(begin, end - begin);
      comment.erase(comment.find_last_not_of(" \t\r") + 1);
      found.push_back(comment);
      begin = end;
    }
    at = lexeme.span.end;
  }
  return found;
}

// The same tokens and lines with other blanks.
std::string mangled(const std::string& text, std::mt19937& random) {
  Sources sources;
  Diagnostics errors;
  std::string made;
  uint32_t at = 0;
  for (const Lexeme& lexeme : lex(sources.add("model.grad", text), errors)) {
    const std::string gap = text.substr(at, lexeme.span.begin - at);
    const bool breaks = gap.find('\n') != gap.npos || gap.find('#') != gap.npos;
    made += breaks ? gap : "";
    if (!gap.empty() || at == 0) made.append(1 + random() % 3, random() % 4 == 0 ? '\t' : ' ');
    made += text.substr(lexeme.span.begin, lexeme.span.end - lexeme.span.begin);
    at = lexeme.span.end;
  }
  return made + text.substr(at);
}

TEST_CASE("formatting keeps meaning and comments, and is done once", "[format]") {
  size_t files = 0;
  std::mt19937 random(1);
  for (const auto& [name, text] : corpus()) {
    INFO(name);
    const auto before = meaning(text);
    const auto after = formatted(text);
    REQUIRE(before.has_value() == after.has_value());
    if (!before) continue;
    ++files;
    CHECK(meaning(*after) == before);
    CHECK(comments(*after) == comments(text));
    CHECK(formatted(*after) == after);
    for (int round = 0; round < 3; ++round) CHECK(formatted(mangled(text, random)) == after);
  }
  CHECK(files > 60);
}

struct Example {
  const char* before;
  const char* after;
};

TEST_CASE("the layout", "[format]") {
  const Example examples[] = {
      {"", ""},
      {"\n\n  \n", ""},
      {"#only", "#only\n"},
      {"x=1", "x = 1\n"},
      {"x=1\r\ny = 2\r\n", "x = 1\ny = 2\n"},
      {"a=1\nlong_name=2\n\nb=3", "a         = 1\nlong_name = 2\n\nb = 3\n"},
      {"p=1\nloss J=p\nmetric accuracy=p", "p = 1\nloss J          = p\nmetric accuracy = p\n"},
      {"x=a-b*-c^-2", "x = a - b * -c^-2\n"},
      {"x=- a", "x = -a\n"},
      {"x=a [ i ,j ]' @ f ( b )", "x = a[i, j]' @ f(b)\n"},
      {"x=a[ 1 :2,: ,.., new]", "x = a[1:2, :, .., new]\n"},
      {"y[i]=sum [k] (a [i,k]*b[k]) where i in 0 .. n",
       "y[i] = sum[k] (a[i, k] * b[k]) where i in 0..n\n"},
      {"x=max [k] - a[k]", "x = max[k] -a[k]\n"},
      {"x=if a<-1 then 2 else max(a,b)", nullptr},  // `<-` assigns
      {"x=if a< -1 then 2 else max(a,b)", "x = if a < -1 then 2 else max(a, b)\n"},
      {"param W:[ 2,3 ]~normal( 0,1 )", "param W: [2, 3] ~ normal(0, 1)\n"},
      {"input t :index( 10 )[batch]", "input t: index(10)[batch]\n"},
      {"train J over gen . * ,y[ * ].W{optimizer=sgd(rate=0.5) , epochs=3}",
       "train J over gen.*, y[*].W { optimizer = sgd(rate = 0.5), epochs = 3 }\n"},
      {"data{\nx,y=moons(n=3)\nzz=csv(\"a\")}",
       "data {\n  x, y = moons(n = 3)\n  zz   = csv(\"a\") }\n"},
      {"layer f(x:[..,n],units=3){\n\n# first\nparam W:[n,units]~zeros # w\n\n\n\nx@W\n\n}",
       "layer f(x: [.., n], units = 3) {\n  # first\n  param W: [n, units] ~ zeros  # w\n\n  x @ "
       "W\n}\n"},
      {"x = f(a,\nb)\nyy = 2", "x  = f(a,\n       b)\nyy = 2\n"},
      {"x = f(\na,\n  b\n)", "x = f(\n  a,\n  b\n)\n"},
      {"x = a +\nb", "x = a +\n    b\n"},
      {"x = (a\n# why\n+ b)  # end", "x = (a\n     # why\n     + b)  # end\n"},
      {"a = 1 # one\nbb = 22 # two", "a  = 1   # one\nbb = 22  # two\n"},
      {"größe=1\nx=2", "größe = 1\nx     = 2\n"},
      {"fn f(x){\ny=x\n-y\n}", "fn f(x) {\n  y = x\n  -y\n}\n"},
      {"x = (1", nullptr},
  };
  for (const Example& example : examples) {
    INFO(example.before);
    const auto made = formatted(example.before);
    CHECK(made.has_value() == (example.after != nullptr));
    if (made && example.after != nullptr) CHECK(*made == example.after);
    if (made) CHECK(formatted(*made) == made);
  }
}

}  // namespace
}  // namespace gradus::syntax
