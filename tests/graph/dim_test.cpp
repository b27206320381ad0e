#include <rapidcheck.h>
#include <catch2/catch.hpp>

#include "compiler/graph/dim.h"

namespace gradus {
namespace {

rc::Gen<Dim> dims() {
  return rc::gen::exec([] {
    Dim sum;
    for (int terms = *rc::gen::inRange(0, 4); terms > 0; --terms) {
      Dim product(*rc::gen::inRange(-3, 4));
      for (int factors = *rc::gen::inRange(0, 3); factors > 0; --factors) {
        product = product * Dim::named(*rc::gen::element<std::string>("a", "b", "c"));
      }
      sum = sum + product;
    }
    return sum;
  });
}

int64_t at(const Dim& dim) { return *dim.substituted({{"a", 3}, {"b", 7}, {"c", 2}}).number(); }

TEST_CASE("extents are a ring, and evaluation keeps its operations", "[dim]") {
  CHECK(rc::check([] {
    const Dim x = *dims();
    const Dim y = *dims();
    const Dim z = *dims();
    RC_ASSERT(x + y == y + x);
    RC_ASSERT(x * y == y * x);
    RC_ASSERT((x + y) + z == x + (y + z));
    RC_ASSERT((x * y) * z == x * (y * z));
    RC_ASSERT(x * (y + z) == x * y + x * z);
    RC_ASSERT(x - x == Dim(0));
    RC_ASSERT(x * Dim(1) == x);
    RC_ASSERT(at(x + y) == at(x) + at(y));
    RC_ASSERT(at(x - y) == at(x) - at(y));
    RC_ASSERT(at(x * y) == at(x) * at(y));
  }));
}

TEST_CASE("a product divided by a factor of one term is the other factor", "[dim]") {
  CHECK(rc::check([] {
    const Dim x = *dims();
    const Dim divisor = Dim(*rc::gen::element(1, 2, -3)) * Dim::named("a") * Dim::named("b");
    RC_ASSERT((x * divisor).divided_by(divisor) == x);
  }));
  const Dim n = Dim::named("n");
  CHECK(!(n + Dim(1)).divided_by(n));
  CHECK(!n.divided_by(2));
  CHECK(!n.divided_by(n + Dim(1)));
  CHECK(!n.divided_by(0));
}

TEST_CASE("an extent for a name is put in everywhere", "[dim]") {
  CHECK(rc::check([] {
    const Dim x = *dims();
    const Dim by = *dims();
    const Dim result = x.substituted("a", by);
    const DimBindings others = {{"b", 7}, {"c", 2}};
    RC_ASSERT(at(result) == x.substituted({{"a", at(by)}, {"b", 7}, {"c", 2}}).number());
    RC_ASSERT(x.substituted(others).substituted({{"a", 3}}) == Dim(at(x)));
  }));
}

TEST_CASE("extents are written as users write them", "[dim]") {
  const Dim time = Dim::named("time");
  const Dim batch = Dim::named("batch");
  CHECK(Dim(0).text() == "0");
  CHECK((Dim(2) * time - Dim(1)).text() == "2*time - 1");
  CHECK((batch * time + Dim(1)).text() == "batch*time + 1");
  CHECK((Dim(0) - time).text() == "-time");
  CHECK((time - Dim(2) * batch).text() == "-2*batch + time");
  CHECK(text(Shape{batch, 784}) == "[batch, 784]");
  CHECK(size_of({batch, 3, time}) == Dim(3) * batch * time);
  CHECK(time.name() == "time");
  CHECK(!(time + Dim(1)).name());
  CHECK((batch * time).names() == std::vector<std::string>{"batch", "time"});
}

}  // namespace
}  // namespace gradus
