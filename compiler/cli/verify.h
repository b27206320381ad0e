#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "compiler/certificate/certificate.h"
#include "compiler/cli/model.h"
#include "compiler/compile.h"
#include "compiler/formula/derive.h"
#include "compiler/graph/interpret.h"

namespace gradus::cli {

// What `derive --verify` holds printed formulas against: the model's values at random data, in
// double, by the interpreter.
class Verification {
 public:
  // To be made before the formulas are written: that adds to the graph.
  Verification(Model& model, Value loss, const formula::Subject& about, const Gradients& gradients);

  // Each formula of the text against finite differences; nothing where the loss is not finite at
  // any data that were tried.
  std::optional<std::vector<certificate::Verdict>> operator()(const std::string& text);

  // Where `formula::derive` tells what names in rounds print as.
  std::map<std::string, std::string>* round_names() { return &round_names_; }

 private:
  bool find_sample();
  certificate::Given given();
  certificate::Wanted wanted(const Definition& variable);
  std::vector<Value> roots() const;

  Model& model_;
  std::set<Value> overridden_;
  formula::Subject about_;
  std::vector<Definition> variables_;
  std::map<std::string, std::string> printed_;
  std::map<std::string, std::string> round_names_;
  DimBindings dims_;
  Bindings leaves_;
};

}  // namespace gradus::cli
