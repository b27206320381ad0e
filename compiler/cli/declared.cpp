#include "compiler/cli/declared.h"

#include <optional>

#include "grammar/diagnostic.h"
#include "grammar/lexer.h"

namespace gradus::cli {
namespace {

// Comments are what stands behind `#` between tokens.
void add_comments(const SourceFile& file, uint32_t begin, uint32_t end,
                  std::vector<document::Mark>& marks) {
  const std::string_view text = file.text;
  for (size_t at = text.find('#', begin); at < end; at = text.find('#', at)) {
    const size_t last = std::min<size_t>(text.find('\n', at), end);
    marks.push_back(
        {static_cast<uint32_t>(at), static_cast<uint32_t>(last), document::Style::comment});
    at = last;
  }
}

// The keywords, literals and comments of a model file, line by line.
std::vector<document::Mark> marks_of(const SourceFile& file) {
  std::vector<document::Mark> marks;
  Diagnostics none;  // it was read without errors before
  uint32_t at = 0;
  for (const syntax::Lexeme& lexeme : syntax::lex(file, none)) {
    add_comments(file, at, lexeme.span.begin, marks);
    at = lexeme.span.end;
    const syntax::TokenGroup group = syntax::info(lexeme.token).group;
    std::optional<document::Style> style;
    if (lexeme.token == syntax::Token::number) style = document::Style::number;
    if (lexeme.token == syntax::Token::string) style = document::Style::string;
    if (group != syntax::TokenGroup::varying && group != syntax::TokenGroup::mark) {
      style = document::Style::keyword;
    }
    if (style) marks.push_back({lexeme.span.begin, lexeme.span.end, *style});
  }
  return marks;
}

}  // namespace

document::Model declared_in(const Model& model, const formula::Subject& about) {
  const SourceFile& file = model.sources[0];
  document::Model made{file.name, file.text, marks_of(file), {}};
  const auto add = [&](document::Kind kind, const auto& each, Value value, double number = 0) {
    const uint32_t line = each.span.file == file.number ? position(file, each.span.begin).line : 0;
    made.declared.push_back({kind, each.name, value, number, line});
  };
  for (const Constant& each : model.constants) {
    add(document::Kind::constant, each, {}, each.value);
  }
  for (const Input& each : model.inputs) add(document::Kind::input, each, each.value);
  for (const Parameter& each : model.parameters) add(document::Kind::param, each, each.value);
  for (const Parameter& each : model.states) add(document::Kind::state, each, each.value);
  for (size_t k = 0; k < model.definitions.size(); ++k) {
    add(document::Kind::definition, model.definitions[k], about.definitions[k].value);
  }
  for (const NamedValue& each : model.losses) {
    const bool is_subject = each.name == about.loss.name;
    add(document::Kind::loss, each, is_subject ? about.loss.value : each.value);
  }
  return made;
}

}  // namespace gradus::cli
