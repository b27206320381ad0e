#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "compiler/check/checker.h"
#include "compiler/check/pattern.h"
#include "compiler/check/spelling.h"

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
  if (!has_path) fail(errors::missing_path(at, kind));
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
    const bool is_path = std::holds_alternative<syntax::Text>(value->what);
    fail(errors::no_such_source(
        value->span, use == nullptr ? std::string_view() : closest(use->name, known), is_path));
  }
  made.kind = use->name;
  const auto file = file_sources().find(made.kind);
  if (file != file_sources().end()) check_file_source(*call, value->span, file->second);
  if (file == file_sources().end() && made.inputs.size() != 2) {
    fail(errors::count_mismatch(value->span, made.inputs.size(), 2));
  }
  for (const syntax::Argument& each : call->arguments) {
    const std::string name = each.keyword ? each.keyword->text : "";
    const bool words = name == "columns" || name == "key" || name == "fill";
    made.arguments.push_back(setting(name, *each.value, words));
    const auto* word = std::get_if<std::string>(&made.arguments.back().value);
    if (name == "fill" && word != nullptr && *word != "mean" && *word != "drop") {
      fail(errors::bad_option(each.value->span, "fill", "`mean`, `drop` or a number"));
    }
  }
  program_.sources.push_back(std::move(made));
}

void Checker::declare(const syntax::Train& x, Scope&) { trains_.push_back(&x); }

// The parameters' names, and all that a layer owns: `gen.*`.
std::vector<std::string> Checker::possible_patterns() {
  std::vector<std::string> patterns;
  for (const Parameter& each : program_.parameters) {
    patterns.push_back(each.name);
    for (size_t dot = each.name.find('.'); dot != std::string::npos;
         dot = each.name.find('.', dot + 1)) {
      patterns.push_back(each.name.substr(0, dot) + ".*");
    }
  }
  return patterns;
}

std::vector<size_t> Checker::trained(const syntax::Train& train) {
  std::vector<size_t> chosen;
  for (const syntax::Pattern& pattern : train.over) {
    bool any = false;
    for (const Parameter& each : program_.parameters)
      any = any || matches_pattern(shown(pattern), each.name);
    if (any) continue;
    const std::vector<std::string> possible = possible_patterns();
    fail(errors::nothing_matches(pattern.span, shown(pattern), closest(shown(pattern), possible)));
  }
  for (size_t k = 0; k < program_.parameters.size(); ++k) {
    const bool in = std::any_of(train.over.begin(), train.over.end(), [&](const auto& pattern) {
      return matches_pattern(shown(pattern), program_.parameters[k].name);
    });
    if (in || train.over.empty()) chosen.push_back(k);
  }
  return chosen;
}

// The loop is one for all blocks: what one says of it holds for all, and what two say must agree.
void Checker::shared_option(const syntax::Option& option, double value) {
  const std::string& name = option.name.text;
  const auto [known, is_new] = shared_.try_emplace(name, SharedOption{value, option.name.span});
  if (!is_new && known->second.value != value) {
    fail(errors::blocks_differ(option.name.span, name, known->second.at));
  }
}

void Checker::share_options() {
  const auto whole = [&](const char* name) -> std::optional<int64_t> {
    const auto known = shared_.find(name);
    if (known == shared_.end()) return std::nullopt;
    return static_cast<int64_t>(known->second.value);
  };
  for (Train& train : program_.trains) {
    train.epochs = whole("epochs");
    train.steps = whole("steps");
    train.batch = whole("batch");
    train.patience = whole("patience");
    train.shuffle = whole("shuffle").value_or(1) != 0;
    train.drop_last = whole("drop_last").value_or(0) != 0;
    train.recompute = whole("recompute").value_or(0) != 0;
    train.validation = shared_.contains("validation") ? shared_["validation"].value : 0;
  }
  const auto patience = shared_.find("patience");
  if (patience == shared_.end() || shared_.contains("validation")) return;
  diagnostics_.add(errors::patience_alone(patience->second.at));
}

// Whether training ends after this step. `gradients` is all of the block's as one vector.
Value Checker::until(const syntax::Expr& condition, const Train& made) {
  std::vector<Value> parts;
  for (const OptimizerUpdate& update : made.optimizer) {
    const Shape flat = {size_of(graph().shape(update.gradient))};
    parts.push_back(graph().reshape(update.gradient, flat));
  }
  Scope inner;
  inner.parent = &file_;
  if (!parts.empty()) inner.names["gradients"] = {Tensor{graph().concat(std::move(parts), 0)}};
  const Value test = value(evaluate(condition, inner), condition.span);
  if (graph().type(test).element != Element::boolean || !graph().shape(test).empty()) {
    fail(errors::bad_option(condition.span, "until",
                            "a condition, such as `norm(gradients) < 1e-6`"));
  }
  return test;
}

void Checker::train_option(const syntax::Option& option, Train& made) {
  const std::string& name = option.name.text;
  const Span at = option.value->span;
  const auto positive = [&] {
    const int64_t number = whole(evaluate(*option.value, file_), at);
    if (number <= 0) fail(errors::bad_option(at, name, "a positive whole number"));
    return static_cast<double>(number);
  };
  const auto flag = [&] { return truth(evaluate(*option.value, file_), at) ? 1.0 : 0.0; };
  const auto number = [&] { return constant(evaluate(*option.value, file_), at); };
  if (name == "epochs" || name == "steps" || name == "batch" || name == "patience") {
    shared_option(option, positive());
  } else if (name == "shuffle" || name == "drop_last" || name == "recompute") {
    shared_option(option, flag());
  } else if (name == "validation") {
    const double share = number();
    if (!(share >= 0 && share < 1)) fail(errors::bad_option(at, name, "a share from 0 up to 1"));
    shared_option(option, share);
  } else if (name == "clip_norm") {
    made.clip_norm = number();
    if (!(*made.clip_norm > 0)) fail(errors::bad_option(at, name, "a positive number"));
  } else if (name != "until") {  // which is read when there are gradients
    static const std::vector<std::string> names = {
        "optimizer",  "epochs",    "steps",    "batch",     "shuffle", "drop_last",
        "validation", "clip_norm", "patience", "recompute", "until"};
    const std::string_view here = foreign_option(name, names);
    fail(
        errors::no_such_option(option.name.span, name, here.empty() ? closest(name, names) : here));
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
      fail(errors::no_such_loss(train.loss.span, made.loss, closest(made.loss, losses),
                                !losses.empty()));
    }
  }
  const syntax::Expr* optimizer = nullptr;
  const syntax::Expr* until_condition = nullptr;
  bool sound = true;
  std::set<std::string> given;
  for (const syntax::Option& option : train.options) {
    if (!given.insert(option.name.text).second) {
      fail(errors::argument_twice(option.name.span, "train", option.name.text));
    }
    if (option.name.text == "optimizer") {
      optimizer = option.value.get();
    } else {
      if (option.name.text == "until") until_condition = option.value.get();
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
  if (until_condition != nullptr) made.until = until(*until_condition, made);
  program_.trains.push_back(std::move(made));
}

// A block by its loss, with its number where there are more of that loss.
std::string Checker::block_name(const std::string& loss) {
  const auto earlier = std::count_if(program_.trains.begin(), program_.trains.end(),
                                     [&](const Train& train) { return train.loss == loss; });
  return earlier == 0 ? loss : fmt::format("{}#{}", loss, earlier + 1);
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
    const auto* text = std::get_if<syntax::Text>(&named.what);
    const bool quoted = text != nullptr && optimizers_.contains(text->value);
    fail(errors::no_such_optimizer(named.span,
                                   use == nullptr ? std::string_view() : closest(use->name, known),
                                   quoted ? text->value : std::string_view()));
  }
  const auto& [declared, scope] = optimizers_[use->name];
  const syntax::Optimizer& rule = *declared;
  const Parameter& weight = program_.parameters[parameter];
  const Type type = graph().type(weight.value);

  OptimizerUpdate update;
  update.parameter = parameter;
  update.gradient = graph().leaf(Op::input, "gradient:" + weight.name, type);
  Scope inner;
  inner.parent = scope;
  Arguments arguments;
  if (call != nullptr) arguments = evaluate(call->arguments, file_);
  bind(rule.formals, arguments, inner, optimizer.span, use->name);
  calls_.push_back({optimizer.span, fmt::format("in `{}`, for `{}`", use->name, weight.name)});
  struct Leave {
    std::vector<Label>& calls;
    ~Leave() { calls.pop_back(); }
  } leave{calls_};
  inner.names["t"] = {Tensor{graph().map(Op::add, {step_, graph().constant(1)})}};
  inner.names["w"] = {Tensor{weight.value}};
  inner.names["g"] = {Tensor{update.gradient}};
  std::map<std::string, Value> leaves = {{"w", weight.value}};
  const auto state = [&](const syntax::State& x) {
    Parameter slot;
    // Of this train block, so that two blocks over one parameter do not share it.
    slot.name = fmt::format("{}:{}:{}", block_name(made.loss), x.name.text, weight.name);
    slot.value = graph().leaf(Op::state, slot.name, type);
    const Value start = real(evaluate(*x.value, inner), x.value->span);
    slot.initialiser.value =
        fitted(start, x.value->span, declared_as(x.name, type.shape), "initial value");
    leaves[x.name.text] = slot.value;
    inner.names[x.name.text] = {Tensor{slot.value}};
    update.states.push_back(std::move(slot));
  };
  const auto assignment = [&](const syntax::Assignment& x) {
    const auto leaf = leaves.find(x.name.text);
    if (leaf == leaves.end()) fail(errors::not_assignable(x.name.span, x.name.text));
    const Value given = real(evaluate(*x.value, inner), x.value->span);
    const Value assigned =
        fitted(given, x.value->span, declared_as(x.name, type.shape), "assignment");
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
    std::visit(
        syntax::Overloaded{state, assignment,
                           [&](const syntax::Definition& x) {
                             for (const syntax::Name& name : x.names) {
                               const bool taken = leaves.contains(name.text) || name.text == "g" ||
                                                  name.text == "t";
                               if (!taken) continue;
                               fail(errors::assigned_by_equals(name.span, name.text, std::nullopt));
                             }
                             declare(x, inner);
                           },
                           [&](const syntax::Param& x) { declare(x, inner); }},
        each);
  }
  return update;
}

}  // namespace gradus::checking
