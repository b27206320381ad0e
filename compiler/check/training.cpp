#include <fmt/format.h>

#include <algorithm>

#include "compiler/check/checker.h"
#include "compiler/check/pattern.h"

// The blocks that say how to train: data, train, and the optimizers' updates.
namespace gradus::checking {
namespace {

// Kinds of files, and what may be said of one beside its path.
const std::map<std::string, std::vector<std::string>>& file_sources() {
  static const std::map<std::string, std::vector<std::string>> all = {{"csv", {"columns", "fill"}},
                                                                      {"npy", {"fill"}},
                                                                      {"npz", {"key", "fill"}},
                                                                      {"idx", {}},
                                                                      {"text", {"stride"}}};
  return all;
}

std::vector<std::string> source_names() {
  std::vector<std::string> names = {"moons", "circles", "spirals", "xor", "digits"};
  for (const auto& [name, options] : file_sources()) names.push_back(name);
  return names;
}

// A pattern as it is written.
std::string shown(const syntax::Pattern& pattern) {
  std::string text;
  for (const syntax::PatternPart& part : pattern.parts) {
    switch (part.kind) {
      case syntax::PatternPart::Kind::name:
      case syntax::PatternPart::Kind::any_name:
        text += (text.empty() ? "" : ".") + part.name;
        break;
      case syntax::PatternPart::Kind::round:
        text += fmt::format("[{}]", part.round.value);
        break;
      case syntax::PatternPart::Kind::any_round:
        text += "[*]";
        break;
    }
  }
  return text;
}

}  // namespace

void Checker::declare(const syntax::Data& x, Scope&) {
  for (const syntax::DataSource& each : x.sources) {
    succeeds([&] { data_source(each); });
  }
}

// `words`: bare names are texts, as in `columns = [sepal_length]`.
Setting Checker::setting(const std::string& name, const syntax::Expr& value, bool words) {
  Setting made{name, {}, value.span};
  if (const auto* text = std::get_if<syntax::Text>(&value.what)) {
    made.value = text->value;
  } else if (const auto* truth = std::get_if<syntax::Truth>(&value.what)) {
    made.value = truth->value;
  } else if (const auto* use = std::get_if<syntax::Use>(&value.what); use != nullptr && words) {
    made.value = use->name;
  } else if (const auto* list = std::get_if<syntax::List>(&value.what)) {
    std::vector<Setting> entries;
    for (const auto& each : list->entries) entries.push_back(setting("", *each, words));
    made.value = std::move(entries);
  } else {
    made.value = constant(evaluate(value, file_), value.span);
  }
  return made;
}

// A path, then options by name.
void Checker::check_file_source(const syntax::Call& call, Span at,
                                const std::vector<std::string>& options) {
  const std::string& kind = std::get<syntax::Use>(call.function->what).name;
  const bool has_path = !call.arguments.empty() && !call.arguments[0].keyword &&
                        std::holds_alternative<syntax::Text>(call.arguments[0].value->what);
  if (!has_path) fail(errors::missing_argument(at, kind, "path"));
  for (size_t k = 1; k < call.arguments.size(); ++k) {
    const std::optional<syntax::Name>& keyword = call.arguments[k].keyword;
    if (!keyword) fail(errors::too_many_arguments(at, kind, 1));
    const bool known = std::find(options.begin(), options.end(), keyword->text) != options.end();
    if (!known) fail(errors::no_such_argument(keyword->span, kind, keyword->text, options));
    if (keyword->text != "stride") continue;
    const Thing stride = evaluate(*call.arguments[k].value, file_);
    if (whole(stride, call.arguments[k].span) < 1) {
      fail(errors::bad_option(call.arguments[k].value->span, "stride", "a whole number above 0"));
    }
  }
}

void Checker::data_source(const syntax::DataSource& source) {
  Source made;
  std::vector<std::string> inputs;
  for (const Input& each : program_.inputs) inputs.push_back(each.name);
  for (const syntax::Name& name : source.names) {
    if (std::find(inputs.begin(), inputs.end(), name.text) == inputs.end()) {
      if (file_.names.contains(name.text) && file_.names[name.text].as<Poison>() != nullptr) return;
      fail(errors::no_such_input(name.span, name.text, closest(name.text, inputs)));
    }
    made.inputs.push_back(name.text);
  }
  const syntax::Expr* value = source.value.get();
  made.span = value->span;
  const auto call_of = [&](const syntax::Expr& expr) {
    const auto* call = std::get_if<syntax::Call>(&expr.what);
    const auto* use = call == nullptr ? nullptr : std::get_if<syntax::Use>(&call->function->what);
    return std::pair(call, use);
  };
  auto [call, use] = call_of(*value);
  if (use != nullptr && use->name == "standardize" && call->arguments.size() == 1) {
    made.standardize = true;
    value = call->arguments[0].value.get();
    std::tie(call, use) = call_of(*value);
  }
  const std::vector<std::string> known = source_names();
  if (use == nullptr || std::find(known.begin(), known.end(), use->name) == known.end()) {
    fail(errors::no_such_source(value->span,
                                use == nullptr ? std::string_view() : closest(use->name, known)));
  }
  made.kind = use->name;
  const auto file = file_sources().find(made.kind);
  if (file != file_sources().end()) check_file_source(*call, value->span, file->second);
  for (const syntax::Argument& each : call->arguments) {
    const std::string name = each.keyword ? each.keyword->text : "";
    const bool words = name == "columns" || name == "key" || name == "fill";
    made.arguments.push_back(setting(name, *each.value, words));
  }
  program_.sources.push_back(std::move(made));
}

void Checker::declare(const syntax::Train& x, Scope&) { trains_.push_back(&x); }

std::vector<size_t> Checker::trained(const syntax::Train& train) {
  std::vector<size_t> chosen;
  for (const syntax::Pattern& pattern : train.over) {
    bool any = false;
    for (const Parameter& each : program_.parameters)
      any = any || matches_pattern(shown(pattern), each.name);
    if (!any) fail(errors::nothing_matches(pattern.span, shown(pattern)));
  }
  for (size_t k = 0; k < program_.parameters.size(); ++k) {
    const bool in = std::any_of(train.over.begin(), train.over.end(), [&](const auto& pattern) {
      return matches_pattern(shown(pattern), program_.parameters[k].name);
    });
    if (in || train.over.empty()) chosen.push_back(k);
  }
  return chosen;
}

void Checker::train_option(const syntax::Option& option, Train& made) {
  const std::string& name = option.name.text;
  const Span at = option.value->span;
  const auto positive = [&] {
    const int64_t number = whole(evaluate(*option.value, file_), at);
    if (number <= 0) fail(errors::bad_option(at, name, "a positive whole number"));
    return number;
  };
  const auto flag = [&] { return truth(evaluate(*option.value, file_), at); };
  const auto number = [&] { return constant(evaluate(*option.value, file_), at); };
  if (name == "epochs") {
    made.epochs = positive();
  } else if (name == "steps") {
    made.steps = positive();
  } else if (name == "batch") {
    made.batch = positive();
  } else if (name == "patience") {
    made.patience = positive();
  } else if (name == "shuffle") {
    made.shuffle = flag();
  } else if (name == "drop_last") {
    made.drop_last = flag();
  } else if (name == "validation") {
    made.validation = number();
    if (!(made.validation >= 0 && made.validation < 1)) {
      fail(errors::bad_option(at, name, "a share from 0 up to 1"));
    }
  } else if (name == "clip_norm") {
    made.clip_norm = number();
    if (!(*made.clip_norm > 0)) fail(errors::bad_option(at, name, "a positive number"));
  } else if (name == "until" || name == "recompute") {
    fail(errors::not_supported(option.name.span, "`" + name + "`"));
  } else {
    static const std::vector<std::string> names = {
        "optimizer",  "epochs",    "steps",    "batch",     "shuffle", "drop_last",
        "validation", "clip_norm", "patience", "recompute", "until"};
    fail(errors::no_such_option(option.name.span, name, closest(name, names)));
  }
}

void Checker::train(const syntax::Train& train) {
  Train made;
  made.loss = train.loss.text;
  made.span = train.loss.span;
  std::vector<std::string> losses;
  for (const NamedValue& each : program_.losses) losses.push_back(each.name);
  if (std::find(losses.begin(), losses.end(), made.loss) == losses.end()) {
    const Thing* known = find(made.loss, file_);
    if (known == nullptr || known->as<Poison>() == nullptr) {
      fail(errors::no_such_loss(train.loss.span, made.loss, closest(made.loss, losses)));
    }
  }
  const syntax::Expr* optimizer = nullptr;
  bool sound = true;
  for (const syntax::Option& option : train.options) {
    if (option.name.text == "optimizer") {
      optimizer = option.value.get();
    } else {
      sound = succeeds([&] { train_option(option, made); }) && sound;
    }
  }
  if (optimizer == nullptr) {
    if (!sound) return;
    fail(errors::no_optimizer(train.loss.span));
  }
  for (size_t parameter : trained(train)) {
    made.optimizer.push_back(optimizer_update(*optimizer, parameter, made));
  }
  program_.trains.push_back(std::move(made));
}

// Instantiates the optimizer's body for one parameter: `w`, its gradient `g`, the step `t` from 1.
OptimizerUpdate Checker::optimizer_update(const syntax::Expr& optimizer, size_t parameter,
                                          Train& made) {
  const auto* call = std::get_if<syntax::Call>(&optimizer.what);
  const syntax::Expr& named = call == nullptr ? optimizer : *call->function;
  const auto* use = std::get_if<syntax::Use>(&named.what);
  std::vector<std::string> known;
  for (const auto& [name, declaration] : optimizers_) known.push_back(name);
  if (use == nullptr || !optimizers_.contains(use->name)) {
    fail(errors::no_such_optimizer(
        named.span, use == nullptr ? std::string_view() : closest(use->name, known)));
  }
  const syntax::Optimizer& rule = *optimizers_[use->name];
  const Parameter& weight = program_.parameters[parameter];
  const Type type = graph().type(weight.value);

  OptimizerUpdate update;
  update.parameter = parameter;
  update.gradient = graph().leaf(Op::input, "gradient:" + weight.name, type);
  Scope inner;
  inner.parent = &file_;
  Arguments arguments;
  if (call != nullptr) arguments = evaluate(call->arguments, file_);
  bind(rule.formals, arguments, inner, optimizer.span, use->name);
  const Value step = value(file_.names.at("step"), optimizer.span);
  inner.names["t"] = {Tensor{graph().map(Op::add, {step, graph().constant(1)})}};
  inner.names["w"] = {Tensor{weight.value}};
  inner.names["g"] = {Tensor{update.gradient}};
  std::map<std::string, Value> leaves = {{"w", weight.value}};
  const auto state = [&](const syntax::State& x) {
    Parameter slot;
    // Of this train block, so that two blocks over one parameter do not share it.
    slot.name = fmt::format("{}:{}:{}", made.loss, x.name.text, weight.name);
    slot.value = graph().leaf(Op::state, slot.name, type);
    slot.initialiser.value =
        graph().broadcast(real(evaluate(*x.value, inner), x.value->span), type.shape);
    leaves[x.name.text] = slot.value;
    inner.names[x.name.text] = {Tensor{slot.value}};
    update.states.push_back(std::move(slot));
  };
  const auto assignment = [&](const syntax::Assignment& x) {
    const auto leaf = leaves.find(x.name.text);
    if (leaf == leaves.end()) fail(errors::not_assignable(x.name.span, x.name.text));
    const Value assigned =
        graph().broadcast(real(evaluate(*x.value, inner), x.value->span), type.shape);
    // What follows sees the new value.
    inner.names[x.name.text] = {Tensor{assigned}};
    for (Update& each : update.updates) {
      if (each.target == leaf->second) {
        each.value = assigned;
        return;
      }
    }
    update.updates.push_back({leaf->second, assigned});
  };
  for (const syntax::Local& each : rule.steps) {
    std::visit(syntax::Overloaded{state, assignment,
                                  [&](const syntax::Definition& x) { declare(x, inner); },
                                  [&](const syntax::Param& x) { declare(x, inner); }},
               each);
  }
  return update;
}

}  // namespace gradus::checking
