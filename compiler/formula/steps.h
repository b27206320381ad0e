#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "compiler/formula/page.h"
#include "compiler/formula/reader.h"
#include "compiler/formula/usage.h"
#include "compiler/graph/graph.h"

namespace gradus::formula {

// The simplifications of derivatives: the log of `simplify` on each alone, which is the engine and
// the rules that the compiled derivative comes from. Left out are rewrites that change nothing that
// is printed, and detours, which come back to what was there before.
class Simplifications {
 public:
  Simplifications(Graph& graph, Reader& reader) : graph_(graph), reader_(reader) {}

  // Those of a derivative, from its raw form.
  std::vector<Step> of(Value raw);

 private:
  // A step and what it prints as.
  struct Written {
    Step step;
    std::string before;
    std::string after;
  };

  std::optional<Written> write(const Rewrite& rewrite, Lengths& lengths) const;

  Graph& graph_;
  Reader& reader_;
  // Derivatives share most of their rewrites: each is written once. None where it is not printed.
  std::map<std::tuple<Value, Value, std::string_view>, std::optional<Written>> written_;
};

}  // namespace gradus::formula
