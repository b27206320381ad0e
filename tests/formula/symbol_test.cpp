#include "compiler/formula/symbol.h"

#include <catch2/catch.hpp>

namespace gradus::formula {
namespace {

TEST_CASE("names are written as mathematicians write them", "[symbol]") {
  const auto printed = [](std::string_view name) { return text(as_written(name)); };
  CHECK(printed("alpha") == "α");
  CHECK(printed("yhat") == "ŷ");
  CHECK(printed("w1") == "w₁");
  CHECK(printed("w_1") == "w₁");
  CHECK(printed("yhat2") == "ŷ₂");
  CHECK(printed("y2hat") == "ŷ₂");
  CHECK(printed("muhat") == "μ\u0302");
  CHECK(printed("xbar") == "x\u0304");
  CHECK(printed("ybar") == "ȳ");
  CHECK(printed("xdot") == "ẋ");
  CHECK(printed("theta10") == "θ₁₀");
  CHECK(printed("logits") == "logits");
  CHECK(printed("logitshat") == "logitshat");
  CHECK(printed("layer1_out") == "layer1_out");
  CHECK(printed("h1.W") == "h₁.W");
  CHECK(printed("y[0].h.W2") == "y[0].h.W₂");
  CHECK(printed("α") == "α");
  CHECK(printed("Omega") == "Ω");
}

TEST_CASE("names in LaTeX", "[symbol]") {
  CHECK(latex(as_written("yhat2")) == "\\hat{y}_{2}");
  CHECK(latex(as_written("alpha")) == "\\alpha");
  CHECK(latex(as_written("α")) == "\\alpha");
  CHECK(latex(as_written("logits")) == "\\mathit{logits}");
  CHECK(latex(as_written("my_name")) == "\\mathit{my\\_name}");
  CHECK(latex(as_written("h1.W")) == "h_{1}{.}W");
}

TEST_CASE("names that would print alike, or like notation, print as spelt", "[symbol]") {
  const Names names({"w1", "w_1", "alpha", "α", "Sigma", "beta"});
  CHECK(text(names["w1"]) == "w1");
  CHECK(text(names["w_1"]) == "w_1");
  CHECK(text(names["alpha"]) == "alpha");
  CHECK(text(names["α"]) == "α");
  CHECK(text(names["Sigma"]) == "Sigma");
  CHECK(text(names["beta"]) == "β");
}

TEST_CASE("auxiliary names are new", "[symbol]") {
  Names names({"z1", "z2", "h", "logits", "yhat", "delta2", "n"});
  CHECK(text(names.fresh_adjoint(names["z1"])) == "δ₁");
  CHECK(text(names.fresh_adjoint(names["z2"])) == "δ_z₂");
  CHECK(text(names.fresh_adjoint(names["h"])) == "δₕ");
  CHECK(text(names.fresh_adjoint(names["logits"])) == "δ_logits");
  const Symbol hat = names.fresh_adjoint(names["yhat"]);
  CHECK(text(hat) == "δ_ŷ");
  CHECK(latex(hat) == "\\delta_{\\hat{y}}");
  CHECK(text(names.fresh_numbered("u")) == "u₁");
  CHECK(text(names.fresh_numbered("u")) == "u₂");
  CHECK(names.index('n', {}) == "i");
  CHECK(names.index('i', {"i", "j"}) == "k");
}

}  // namespace
}  // namespace gradus::formula
