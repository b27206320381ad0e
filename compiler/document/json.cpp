#include "compiler/document/json.h"

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "compiler/formula/notation.h"

namespace gradus::document {
namespace {

using formula::Equation;
using formula::Expr;
using formula::Page;
using formula::Step;
using formula::Walk;
using Json = nlohmann::ordered_json;  // keys in the order in which they are read

constexpr int version = 1;

Json of(const Expr& x) { return {{"text", formula::text(x)}, {"latex", formula::latex(x)}}; }

// One formula for display mathematics: of several lines an `aligned`, of one without the sign of
// alignment, which is for align* alone.
std::string displayed(const Equation& equation) {
  std::string out = formula::latex(equation);
  if (out.find("\\\\\n") != std::string::npos) return "\\begin{aligned}" + out + "\\end{aligned}";
  out.erase(out.find('&'), 1);
  return out;
}

Json of(const Equation& equation) {
  return {{"text", formula::text(equation)}, {"latex", displayed(equation)}};
}

// The last equation, with those before it as what it needs; null where there is none.
Json of(const Page& lines) {
  Json needs = Json::array();
  Json last;
  for (const formula::Line& line : lines) {
    const auto* equation = std::get_if<Equation>(&line);
    if (equation == nullptr) continue;
    if (!last.is_null()) needs.push_back(last);
    last = of(*equation);
  }
  if (!last.is_null()) last["needs"] = std::move(needs);
  return last;
}

std::string_view name(Exactness exactness) {
  switch (exactness) {
    case Exactness::exact:
      return "exact";
    case Exactness::rounding:
      return "rounding";
    case Exactness::assumes:
      return "assumes";
  }
  std::abort();
}

Json of(const Step& step) {
  return {{"rule", step.rule},
          {"before", of(step.before)},
          {"after", of(step.after)},
          {"exactness", name(step.exactness)},
          {"assumption", step.assumption.empty() ? Json() : Json(step.assumption)}};
}

Json of(const Dim& extent) {
  const auto number = extent.number();
  return number ? Json(*number) : Json(extent.text());
}

std::string_view name(Element element) {
  switch (element) {
    case Element::real:
      return "real";
    case Element::index:
      return "index";
    case Element::boolean:
      return "boolean";
    case Element::tuple:
      return "tuple";
  }
  std::abort();
}

Json of(const Shape& shape) {
  Json extents = Json::array();
  for (const Dim& extent : shape) extents.push_back(of(extent));
  return extents;
}

Json of(const Graph& graph, const Declared& declared) {
  Json row = {{"kind", name(declared.kind)},
              {"name", declared.name},
              {"line", declared.line == 0 ? Json() : Json(declared.line)}};
  if (declared.kind == Kind::constant) {
    row["value"] = declared.number;
    return row;
  }
  const Type& type = graph.type(declared.value);
  row["element"] = name(type.element);
  row["shape"] = of(type.shape);
  row["numbers"] = of(size_of(type.shape));
  return row;
}

Json of(const Walk::Edge& edge) { return {{"of", edge.of}, {"by", edge.by}}; }

Json of(const Walk::Path& path) {
  Json edges = Json::array();
  for (const Walk::Edge& edge : path) edges.push_back(of(edge));
  return edges;
}

Json of(const Walk::Factor& factor) {
  Json object = of(factor.edge);
  object["through"] = factor.through.valid() ? of(factor.through) : Json();
  object["pullback"] = factor.is_pullback;
  object["formula"] = of(factor.lines);
  return object;
}

template <class T>
Json list(const std::vector<T>& values) {
  Json array = Json::array();
  for (const T& value : values) array.push_back(of(value));
  return array;
}

Json of(const std::string& loss, const Walk::Chain& chain) {
  return {{"of", loss},
          {"by", chain.name},
          {"symbol", of(chain.symbol)},
          {"is_loss", chain.is_loss},
          {"paths", list(chain.paths)},
          {"more_paths", chain.has_more_paths},
          {"sum", of(chain.sum)},
          {"factors", list(chain.factors)},
          {"product", of(chain.product)},
          {"product_is_result", chain.product_is_result},
          {"simplified", chain.is_simplified},
          {"simplifications", list(chain.steps)},
          {"told_before", chain.has_told_steps},
          {"result", of(chain.result)}};
}

}  // namespace

std::string json(const Graph& graph, const Model& model, const std::string& loss,
                 const Walk& walk) {
  Json object = {
      {"schema", "gradus-walk"}, {"version", version}, {"file", model.file}, {"loss", loss}};
  object["table"] = Json::array();
  for (const Declared& declared : model.declared) object["table"].push_back(of(graph, declared));
  object["forward"] = Json::array();
  for (const Walk::Defined& defined : walk.forward) {
    object["forward"].push_back({{"name", defined.name}, {"formula", of(defined.lines)}});
  }
  object["derivatives"] = Json::array();
  for (const Walk::Chain& chain : walk.chains) object["derivatives"].push_back(of(loss, chain));
  return object.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace gradus::document
