#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/check/pattern.h"
#include "compiler/cli/commands.h"
#include "compiler/cli/declared.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/report.h"
#include "compiler/cli/session.h"
#include "compiler/cli/verify.h"
#include "compiler/compile.h"
#include "compiler/document/dot.h"
#include "compiler/document/html.h"
#include "compiler/document/json.h"
#include "compiler/formula/derive.h"
#include "compiler/formula/walk.h"
#include "compiler/graph/rewrite.h"
#include "grammar/diagnostic.h"
#include "runtime/file.h"

namespace gradus::cli {
namespace {

struct DeriveOptions : Options {
  std::string of;
  std::vector<std::string> wrt;
  std::string format = "text";
  std::string out;
  bool steps = false;
  bool raw = false;
  bool inline_definitions = false;
  bool verify = false;
};

// The columns of the terminal that standard output is, 0 where it is none.
int terminal_width() {
  winsize size{};
  if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
  return size.ws_col;
}

// The value of that name, which may be anything the file defines. An error is printed where there
// is none.
std::optional<Definition> named(const Program& program, const std::string& name,
                                const DeriveOptions& options) {
  const Value value = program.find(name);
  if (value.valid()) return Definition{name, value};
  std::vector<std::string> names;
  for (const NamedValue& each : program.definitions) names.push_back(each.name);
  for (const Parameter& each : program.parameters) names.push_back(each.name);
  for (const Input& each : program.inputs) names.push_back(each.name);
  for (const NamedValue& each : program.losses) names.push_back(each.name);
  const auto near = closest(name, names);
  print_error(options, fmt::format("there is no `{}` in {}", name, options.file),
              near.empty() ? "" : fmt::format("did you mean `{}`?", near));
  return std::nullopt;
}

// What `--wrt` names: values, or parameters by a pattern, `y[*].h.W`. All parameters by default.
// Whether there is something by each name.
bool all_named(const Program& program, const DeriveOptions& options,
               std::vector<Definition>& variables) {
  const std::vector<Definition> parameters = parameters_of(program);
  if (options.wrt.empty()) variables = parameters;
  for (const std::string& name : options.wrt) {
    const size_t before = variables.size();
    if (name.find('*') != std::string::npos) {
      for (const Definition& each : parameters) {
        if (matches_pattern(name, each.name)) variables.push_back(each);
      }
    }
    if (variables.size() > before) continue;
    const auto found = named(program, name, options);
    if (!found) return false;
    variables.push_back(*found);
  }
  return true;
}

std::optional<Definition> subject(const Program& program, const DeriveOptions& options) {
  if (options.of.empty()) {
    const auto loss = chosen_loss(program, "", options);
    return loss ? std::optional(Definition{loss->name, loss->value}) : std::nullopt;
  }
  auto found = named(program, options.of, options);
  if (found && !program.graph.shape(found->value).empty()) {
    print_error(options, fmt::format("`{}` is {}, and only a scalar has a gradient", options.of,
                                     text(program.graph.shape(found->value))));
    return std::nullopt;
  }
  return found;
}

formula::Options formula_options(const DeriveOptions& options) {
  formula::Options made;
  if (options.format == "latex") made.format = formula::Format::latex;
  if (options.format == "mathml") made.format = formula::Format::mathml;
  if (options.format == "numpy") made.format = formula::Format::numpy;
  made.steps = options.steps;
  made.raw = options.raw;
  made.inline_definitions = options.inline_definitions;
  made.document = !options.out.empty();
  made.width = options.out.empty() ? terminal_width() : 0;
  return made;
}

nlohmann::ordered_json as_json(std::span<const certificate::Verdict> verdicts) {
  nlohmann::ordered_json object = nlohmann::ordered_json::object();
  for (const certificate::Verdict& each : verdicts) {
    object[each.name] = {{"formula", each.printed},          {"error", number(each.error)},
                         {"entries", each.entries},          {"unsettled", each.unsettled},
                         {"overridden", each.is_overridden}, {"passed", each.passed()}};
    if (!each.problem.empty()) object[each.name]["problem"] = each.problem;
  }
  return object;
}

void print_json(const DeriveOptions& options, const Definition& loss,
                const std::vector<Definition>& variables, const std::string& text,
                std::span<const certificate::Verdict> verdicts) {
  nlohmann::ordered_json object = {{"of", loss.name}, {"wrt", nlohmann::json::array()}};
  for (const Definition& each : variables) object["wrt"].push_back(each.name);
  object["format"] = options.format;
  if (!options.out.empty()) {
    object["file"] = options.out;
  } else if (options.format == "json") {
    object["formulas"] = nlohmann::ordered_json::parse(text);
  } else {
    object["formulas"] = text;
  }
  if (options.verify) object["verified"] = as_json(verdicts);
  fmt::print("{}\n", object.dump());
}

// An option that says nothing about a format; the message is printed.
bool is_at_odds(const DeriveOptions& options) {
  if (options.verify && options.format != "text") {
    print_error(options, fmt::format("`--verify` does not go with `--format {}`: text is read back",
                                     options.format));
    return true;
  }
  struct Odd {
    bool is_given;
    std::string_view format;
    std::string_view option;
    std::string_view why;
  };
  const Odd odds[] = {
      {options.steps, "numpy", "--steps", "a NumPy module computes the result alone"},
      {options.steps, "dot", "--steps", "a graph has no steps"},
      {options.verify && options.steps, "text", "--verify",
       "it is about results, without `--steps`"},
      {options.inline_definitions, "numpy", "--inline", "a NumPy module needs no formula's names"},
  };
  for (const Odd& odd : odds) {
    if (!odd.is_given || odd.format != options.format) continue;
    print_error(options, fmt::format("`{}` does not go with `--format {}`: {}", odd.option,
                                     odd.format, odd.why));
    return true;
  }
  return false;
}

// The definitions, the loss and the derivatives that stand in the file, as they are to be written:
// which derivatives the file overrides has been heeded.
formula::Subject subject_of(Program& program, const Definition& loss, const Gradients& gradients) {
  formula::Subject about{{}, loss, gradients.loss, gradients.log};
  std::vector<Value> values = {loss.value};
  for (const NamedValue& each : program.definitions) values.push_back(each.value);
  for (const auto& each : program.derivatives) {
    const bool is_quotient = each.kind == "grad" || each.kind == "diff" || each.kind == "jacobian";
    if (is_quotient) values.insert(values.end(), {each.result, each.of, each.by});
  }
  values = without_calls(program.graph, values);
  auto next = values.begin();
  about.loss.value = *next++;
  for (const NamedValue& each : program.definitions) {
    about.definitions.push_back({each.name, *next++});
  }
  for (; next != values.end(); next += 3) about.derivatives.push_back({next[0], next[1], next[2]});
  return about;
}

std::string written(Model& model, const formula::Subject& about,
                    std::span<const formula::Wanted> wanted, const DeriveOptions& options,
                    std::map<std::string, std::string>* round_names) {
  formula::Options how = formula_options(options);
  how.round_names = round_names;
  if (options.format == "json") {
    const formula::Walk walk = formula::walk_of(model.graph, about, wanted, how);
    return document::json(model.graph, declared_in(model, about), about.loss.name, walk);
  }
  if (options.format == "html") {
    const document::Model declared = declared_in(model, about);
    return document::html(model.graph, declared, about, wanted, how, options.verbose);
  }
  if (options.format == "dot") {
    // The loss alone, unless derivatives are asked for by name: those of all parameters are many.
    const auto drawn = options.wrt.empty() ? std::span<const formula::Wanted>() : wanted;
    return document::dot(document::drawing_of(model.graph, about, drawn, how.inline_definitions));
  }
  return formula::derive(model.graph, about, wanted, how);
}

Status derive(const DeriveOptions& options) {
  if (is_at_odds(options)) return Status::wrong_usage;
  Status status = Status::done;
  std::optional<Model> program = load_model(options, false, status);
  if (!program) return status;
  const auto loss = subject(*program, options);
  if (!loss) return Status::wrong_usage;
  if (options.verify && is_random(*program, {loss->value}, "a check by differences", options)) {
    return Status::model_errors;
  }
  if (options.format == "numpy" && is_random(*program, {loss->value}, "a NumPy module", options)) {
    return Status::model_errors;
  }
  std::vector<Definition> variables;
  if (!all_named(*program, options, variables)) return Status::wrong_usage;

  const Gradients gradients = differentiate(program->graph, loss->value, variables);
  std::vector<formula::Wanted> wanted;
  for (size_t k = 0; k < variables.size(); ++k) {
    const Value gradient = options.raw ? gradients.raw[k].value : gradients.simplified[k].value;
    wanted.push_back({variables[k].name, gradients.variables[k].value, gradient});
  }
  const formula::Subject about = subject_of(*program, *loss, gradients);
  std::optional<Verification> verification;
  if (options.verify) verification.emplace(*program, loss->value, about, gradients);
  std::string text = written(*program, about, wanted, options,
                             verification ? verification->round_names() : nullptr);
  std::vector<certificate::Verdict> verdicts;
  if (verification) {
    auto found = (*verification)(text);
    if (!found) {
      print_error(options, "the loss is not finite at random data",
                  "differences tell nothing there; `gradcheck` takes data and weights");
      return Status::check_failed;
    }
    verdicts = *std::move(found);
    text = certificate::with_remarks(text, verdicts);
  }
  if (options.json) print_json(options, *loss, variables, text, verdicts);
  if (options.out.empty()) {
    if (!options.json) fmt::print("{}", text);
  } else {
    runtime::NewFile file(options.out);
    file.write(text);
    if (auto error = file.commit()) return unreadable(options, *error);
  }
  const bool passed = std::all_of(verdicts.begin(), verdicts.end(),
                                  [](const certificate::Verdict& each) { return each.passed(); });
  return passed ? Status::done : Status::check_failed;
}

}  // namespace

void add_derive(CLI::App& app, Status& status) {
  auto options = std::make_shared<DeriveOptions>();
  CLI::App* command = app.add_subcommand("derive", "Prints the gradient of the loss as formulas.");
  add_common(*command, *options);
  command->add_option("--of", options->of, "what is differentiated (the loss)");
  command
      ->add_option("--wrt", options->wrt,
                   "by what: parameters, inputs, definitions (every parameter)")
      ->allow_extra_args(false);
  command->add_flag("--steps", options->steps,
                    "the walk, factor by factor (json and html always have it)");
  command->add_flag("--verify", options->verify,
                    "hold each printed formula against finite differences (status 5: they differ)");
  command->add_flag("--raw", options->raw, "before simplification");
  command->add_flag("--inline", options->inline_definitions, "write definitions out");
  command->add_option("--format", options->format, "how to write it; html is a page of all that")
      ->check(CLI::IsMember({"text", "latex", "mathml", "numpy", "json", "dot", "html"}));
  command->add_option("-o", options->out, "write to this file");
  command->callback(
      [options, &status] { status = options->dump.empty() ? derive(*options) : dump(*options); });
}

}  // namespace gradus::cli
