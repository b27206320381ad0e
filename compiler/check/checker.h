#pragma once
#include <fmt/format.h>
#include <cmath>
#include <functional>
#include <memory>
#include <set>
#include "compiler/check/check.h"
namespace gradus {
struct Thing;
struct Scope;
struct Poison {};
struct Tensor {
  Value v;
};
struct Number {
  Value node;
  std::optional<double> number;
  std::optional<Dim> dim;
};
struct Truth {
  bool b;
};
struct Text {
  std::string s;
};
struct Things {
  std::vector<Thing> items;
};  // a list literal
struct Tuple {
  std::vector<Thing> items;
};
struct Callable {
  const syntax::Function* fn = nullptr;
  Scope* scope = nullptr;
  std::string builtin;
};
struct Instance {
  std::string name;
  std::map<std::string, Thing> params;
  const syntax::Function* fn;
  Scope* scope;
  std::vector<Thing> args;
  std::vector<std::string> arg_names;
  std::shared_ptr<Thing> result;
};
struct LayerRef {
  std::shared_ptr<Instance> instance;
};
struct Thing {
  std::variant<Poison, Tensor, Number, Truth, Text, Things, Tuple, Callable, LayerRef> what;
};
struct Scope {
  Scope* parent = nullptr;
  std::map<std::string, Thing> names;
  std::string prefix;  // of parameters: "h."
  std::map<std::string, int> unnamed;
  Instance* layer = nullptr;  // whose parameters are declared or reused here
  bool reuse = false;
};
struct Failed {};  // thrown once an error has been reported
}  // namespace gradus
