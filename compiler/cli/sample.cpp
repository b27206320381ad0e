#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>

#include "compiler/cli/commands.h"
#include "compiler/cli/dump.h"
#include "compiler/cli/model.h"
#include "compiler/cli/session.h"
#include "compiler/compile.h"
#include "grammar/diagnostic.h"
#include "runtime/random.h"
#include "runtime/text.h"

namespace gradus::cli {
namespace {

struct SampleOptions : Options {
  std::string weights;
  std::string prompt = "\n";
  std::string of;
  int64_t length = 0;
  double temperature = 1;
};

using runtime::Error;

// The input that reads text, and the characters that its indices stand for.
struct TextInput {
  const Input* input = nullptr;
  std::vector<std::string> characters;
};

runtime::Result<TextInput> text_input(const Program& program, const SavedWeights& saved) {
  TextInput found;
  for (const Input& input : program.inputs) {
    const auto known = saved.preparations.find(input.name);
    if (known == saved.preparations.end() || known->second.categories.empty()) continue;
    const auto& categories = known->second.categories;
    const bool is_text = std::all_of(categories.begin(), categories.end(), [](const auto& each) {
      const auto first = runtime::code_point(each);
      return first && first->length == each.size();
    });
    if (is_text && found.input == nullptr) found = {&input, categories};
  }
  if (found.input != nullptr) return found;
  return Error{
      "these weights were not trained on text",
      "a language model reads its input from a `text` source, and its characters are saved "
      "with the weights"};
}

// What the next character is chosen by: the value asked for, else the output, else `logits`.
std::optional<NamedValue> logits_of(const Program& program, const SampleOptions& options) {
  const std::string name = !options.of.empty()       ? options.of
                           : program.outputs.empty() ? "logits"
                                                     : program.outputs[0].name;
  const Value value = program.find(name);
  if (value.valid()) return NamedValue{name, value, {}};
  std::vector<std::string> names;
  for (const NamedValue& known : program.definitions) names.push_back(known.name);
  const auto near = closest(name, names);
  print_error(
      options, fmt::format("there is no definition `{}` in {}", name, options.file),
      near.empty() ? "name the logits with `--of`" : fmt::format("did you mean `{}`?", near));
  return std::nullopt;
}

// An index by the weights e^(logit/temperature), by one uniform number; the largest at 0.
size_t chosen(std::span<const double> logits, double temperature, double uniform) {
  const auto largest = std::max_element(logits.begin(), logits.end());
  if (temperature <= 0) return static_cast<size_t>(largest - logits.begin());
  std::vector<double> weights;
  double total = 0;
  for (const double each : logits) {
    weights.push_back(std::exp((each - *largest) / temperature));
    total += weights.back();
  }
  double rest = uniform * total;
  for (size_t k = 0; k < weights.size(); ++k) {
    rest -= weights[k];
    if (rest < 0) return k;
  }
  return weights.size() - 1;
}

class Sampling {
 public:
  Sampling(const SampleOptions& options, Program& program) : options_(options), program_(program) {}

  Status operator()() {
    const auto logits = logits_of(program_, options_);
    if (!logits) return Status::wrong_usage;
    if (auto error = prepare(*logits)) return unreadable(options_, *error);
    const std::string text = continued(*logits);
    if (options_.json) {
      const nlohmann::json object = {{"prompt", options_.prompt}, {"text", text}};
      fmt::print("{}\n", object.dump());
    } else {
      fmt::print("\n");
    }
    return Status::done;
  }

 private:
  std::optional<Error> prepare(const NamedValue& logits) {
    auto saved = read_weights(options_.weights);
    if (!saved) return saved.error();
    auto text = text_input(program_, *saved);
    if (!text) return text.error();
    text_ = *std::move(text);
    auto prompt = runtime::parse_text(options_.prompt, text_.characters);
    if (!prompt) return Error{"the prompt: " + prompt.error().message, prompt.error().help};
    for (int64_t i = 0; i < prompt->values.size(); ++i) {
      tokens_.push_back(static_cast<int32_t>(prompt->values.at(i)));
    }
    if (tokens_.empty()) return Error{"the prompt is empty", "begin with at least a character"};

    const std::vector<Value> roots = {logits.value};
    for (const std::string& name : inputs_needed(program_, roots)) {
      if (name == text_.input->name) continue;
      return Error{fmt::format("`{}` depends on the input `{}` too", logits.name, name),
                   "the logits are to be made from text alone"};
    }
    dims_["batch"] = 1;
    const Dim& bound = program_.graph.type(text_.input->value).bound;
    if (const auto vocabulary = bound.name()) {
      dims_[*vocabulary] = static_cast<int64_t>(text_.characters.size());
    }
    if (auto error = measure(logits)) return error;
    auto weights =
        initial_weights(program_, dims_, precision_of(program_, options_), options_.seed);
    if (!weights) return weights.error();
    weights_ = *std::move(weights);
    return take_weights(*saved, false, options_.weights, weights_);
  }

  // How many characters the model sees, and for how many places it gives logits.
  std::optional<Error> measure(const NamedValue& logits) {
    runtime::Shape shape;
    for (const Dim& extent : program_.graph.shape(text_.input->value)) {
      const auto number = extent.substituted(dims_).number();
      if (!number) {
        return Error{fmt::format("the length of `{}` is not known: nothing binds `{}`",
                                 text_.input->name, extent.text()),
                     ""};
      }
      shape.push_back(*number);
    }
    input_ = runtime::Tensor(runtime::Scalar::i32, shape);
    const Shape& given = program_.graph.shape(logits.value);
    const auto size = size_of(given).substituted(dims_).number();
    const auto classes = static_cast<int64_t>(text_.characters.size());
    if (given.empty() || !size || given.back().substituted(dims_) != Dim(classes)) {
      return Error{fmt::format("`{}` is {}, which are no logits over {} characters", logits.name,
                               gradus::text(given), classes),
                   "name the logits with `--of`"};
    }
    places_ = std::min(input_.size(), *size / classes);
    if (places_ > 0) return std::nullopt;
    return Error{fmt::format("`{}` has no places", logits.name), ""};
  }

  // The text that follows, printed as it comes.
  std::string continued(const NamedValue& logits) {
    const auto classes = text_.characters.size();
    const Precision precision = precision_of(program_, options_);
    const runtime::Step step =
        compiled(program_, Function{{{logits.name, logits.value}}, {}}, dims_, precision);
    runtime::Dataset data;
    data.inputs.push_back({text_.input->name, input_.clone(), text_.input->batch_axis});
    runtime::Arena arena;
    runtime::ThreadPool pool(thread_count(options_));
    runtime::Call call(step, weights_, data, arena, &pool);
    runtime::Batches batches(data, {.batch = 0, .shuffle = false});
    const runtime::Random random(options_.seed, "sample");
    if (!options_.json) fmt::print("{}", options_.prompt);
    std::string made;
    std::vector<double> scores(classes);
    for (int64_t k = 0; k < options_.length; ++k) {
      const int64_t seen = std::min<int64_t>(places_, static_cast<int64_t>(tokens_.size()));
      const auto window = data.inputs[0].values.values<int32_t>();
      std::fill(window.begin(), window.end(), 0);
      std::copy(tokens_.end() - seen, tokens_.end(), window.begin());
      call.run(batches.at(0, 0));
      const runtime::Tensor& all = *call.output(logits.name);
      for (size_t c = 0; c < classes; ++c) {
        scores[c] = all.at((seen - 1) * static_cast<int64_t>(classes) + static_cast<int64_t>(c));
      }
      const size_t next =
          chosen(scores, options_.temperature, random.uniform(static_cast<uint64_t>(k)));
      tokens_.push_back(static_cast<int32_t>(next));
      made += text_.characters[next];
      if (!options_.json) fmt::print("{}", text_.characters[next]);
      if (!options_.json) std::fflush(stdout);
    }
    return made;
  }

  const SampleOptions& options_;
  Program& program_;
  TextInput text_;
  std::vector<int32_t> tokens_;
  DimBindings dims_;
  runtime::Tensor input_;
  int64_t places_ = 0;
  runtime::Variables weights_;
};

Status sample(const SampleOptions& options) {
  Status status = Status::done;
  std::optional<Program> program = load_model(options, false, status);
  if (!program) return status;
  return Sampling(options, *program)();
}

}  // namespace

void add_sample(CLI::App& app, Status& status) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App* command = app.add_subcommand("sample", "Text from a trained language model.");
  add_common(*command, *options);
  command->add_option("--weights", options->weights, "trained weights")->required();
  command->add_option("--prompt", options->prompt, "what the text goes on from (a new line)");
  command->add_option("--length", options->length, "how many characters")
      ->required()
      ->check(at_least_one());
  command->add_option("--temperature", options->temperature,
                      "above 1 bolder, below 1 safer, 0: always the likeliest (1)");
  command->add_option("--of", options->of, "the logits (the output, or `logits`)");
  command->callback(
      [options, &status] { status = options->dump.empty() ? sample(*options) : dump(*options); });
}

}  // namespace gradus::cli
