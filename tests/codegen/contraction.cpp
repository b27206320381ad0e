#include <catch2/catch.hpp>
#include <cmath>

#include "runtime/threads.h"
#include "tests/codegen/reference.h"

namespace gradus::codegen {
namespace {

using kernel::Contraction;
using kernel::ExprId;
using kernel::Role;
using kernel::Scalar;

// Which of the operands is read across its rows.
enum class Form { nn, nt, tn, tt };

struct Shape {
  int64_t m, n, k;
};

// C = A · B, each operand stored as the form says, batches one after another.
struct Product {
  Product(Form form, Shape s, Scalar real = Scalar::f32, int64_t batches = 1) : b(real), shape(s) {
    const bool at = form == Form::tn || form == Form::tt;
    const bool bt = form == Form::nt || form == Form::tt;
    x = b.buffer(batches * s.m * s.k);
    y = b.buffer(batches * s.k * s.n);
    out = b.output(batches * s.m * s.n);
    m = b.loop(s.m);
    n = b.loop(s.n);
    of.m = m;
    of.n = n;
    of.k = s.k;
    of.a = {x, 0, {}, at ? 1 : s.k, at ? s.m : 1};
    of.b = {y, 0, {}, bt ? 1 : s.n, bt ? s.k : 1};
    if (batches > 1) {
      batch = b.loop(batches);
      of.batch = {batch};
      of.a.batch_strides = {s.m * s.k};
      of.b.batch_strides = {s.k * s.n};
    }
    slots = {numbers(batches * s.m * s.k, 1), numbers(batches * s.k * s.n, 2),
             numbers(batches * s.m * s.n, 3)};
  }
  kernel::Index place() const {
    kernel::Index index = kernel::Index{{{m, shape.n}, {n, 1}}, 0};
    if (batch >= 0) index.terms.push_back({batch, shape.m * shape.n});
    return index;
  }
  void finish(ExprId value) {
    of.epilogue.push_back(b.store(out, place(), value));
    b.kernel().body = of;
  }
  double tolerance() const { return b.real == Scalar::f32 ? 1e-5 * 10 : 1e-13; }

  Builder b;
  Shape shape;
  Contraction of;
  int x, y, out, m, n;
  int batch = -1;
  std::vector<Entries> slots;
};

TEST_CASE("products of every form and of edge shapes", "[contraction]") {
  const Shape shapes[] = {{1, 1, 1},    {1, 1, 7},    {3, 1, 5},    {1, 5, 3},   {2, 3, 4},
                          {6, 64, 16},  {7, 65, 17},  {12, 128, 8}, {5, 10, 33}, {33, 10, 20},
                          {16, 16, 16}, {23, 47, 31}, {64, 3, 64},  {3, 100, 1}, {0, 4, 4},
                          {4, 0, 4},    {4, 4, 0}};
  for (const Form form : {Form::nn, Form::nt, Form::tn, Form::tt}) {
    for (const Scalar real : {Scalar::f32, Scalar::f64}) {
      for (const Shape& shape : shapes) {
        Product p(form, shape, real);
        p.finish(p.b.contraction());
        INFO(shape.m << " x " << shape.n << " x " << shape.k << ", form "
                     << static_cast<int>(form));
        check(p.b.plan, p.slots, p.tolerance());
      }
    }
  }
}

TEST_CASE("an epilogue of bias, activation and two stores", "[contraction]") {
  for (const Form form : {Form::nn, Form::nt, Form::tn}) {
    for (const Shape shape : {Shape{7, 70, 20}, Shape{64, 10, 30}, Shape{2, 3, 4}}) {
      Product p(form, shape);
      Builder& b = p.b;
      const int bias = b.buffer(shape.n);
      const int scale = b.buffer(shape.m);
      const int active = b.output(shape.m * shape.n);
      p.slots.push_back(numbers(shape.n, 5));
      p.slots.push_back(numbers(shape.m, 6));
      p.slots.push_back(numbers(shape.m * shape.n, 7));
      const auto sum = b.contraction();
      auto value = b.map(Op::add, {sum, b.load(bias, at({{p.n, 1}}))});
      value = b.map(Op::mul, {value, b.load(scale, at({{p.m, 1}}))});
      p.of.epilogue.push_back(b.store(active, p.place(), b.map(Op::max, {b.literal(0), value})));
      p.finish(value);
      check(b.plan, p.slots, 1e-4);
    }
  }
}

TEST_CASE("batches of products", "[contraction]") {
  for (const Form form : {Form::nn, Form::nt, Form::tn}) {
    Product p(form, {9, 20, 12}, Scalar::f32, 5);
    p.finish(p.b.contraction());
    check(p.b.plan, p.slots, 1e-4);
  }
}

TEST_CASE("an operand with stride 0, and an offset", "[contraction]") {
  Product p(Form::nn, {10, 20, 12});
  p.of.a.outer_stride = 0;
  p.of.b.inner_stride = 0;
  p.of.b.offset = 3;
  p.finish(p.b.contraction());
  check(p.b.plan, p.slots, 1e-4);
}

TEST_CASE(
    "large products: packed panels, blocks of k, tasks; the same bits by any number of threads",
    "[contraction]") {
  runtime::ThreadPool pool(2);
  const Shape shapes[] = {{100, 700, 520}, {64, 70, 2500}, {250, 130, 64}, {3, 300, 300}};
  for (const Form form : {Form::nn, Form::nt, Form::tn, Form::tt}) {
    for (const Shape& shape : shapes) {
      Product p(form, shape);
      Builder& b = p.b;
      const int bias = b.buffer(shape.n);
      p.slots.push_back(numbers(shape.n, 5));
      p.finish(b.map(Op::add, {b.contraction(), b.load(bias, at({{p.n, 1}}))}));
      INFO(shape.m << " x " << shape.n << " x " << shape.k << ", form " << static_cast<int>(form));
      const auto alone = run(b.plan, p.slots);
      compare(alone, interpret(b.plan, p.slots), 5e-4);
      CHECK(run(b.plan, p.slots, {}, &pool) == alone);
      compare(run(b.plan, p.slots, {"haswell", ""}, &pool), alone, 5e-4);
    }
  }
}

TEST_CASE("matrices times vectors, and vectors times matrices", "[contraction]") {
  const Shape shapes[] = {{300, 1, 200}, {1, 300, 200}, {1, 1, 5000},
                          {300, 2, 200}, {2, 300, 200}, {4, 5, 700}};
  for (const Form form : {Form::nn, Form::nt, Form::tn, Form::tt}) {
    for (const Shape& shape : shapes) {
      Product p(form, shape);
      p.finish(p.b.map(Op::tanh, {p.b.contraction()}));
      INFO(shape.m << " x " << shape.n << " x " << shape.k << ", form " << static_cast<int>(form));
      check(p.b.plan, p.slots, 5e-4);
    }
  }
}

TEST_CASE("an epilogue that updates what it reads, and one that adds", "[contraction]") {
  for (const Shape shape : {Shape{50, 70, 30}, Shape{13, 100, 40}}) {
    Product p(Form::tn, shape);
    Builder& b = p.b;
    const int weights = b.buffer(shape.m * shape.n, Role::parameter);
    const int sums = b.buffer(shape.m * shape.n, Role::state);
    p.slots.push_back(numbers(shape.m * shape.n, 5));
    p.slots.push_back(numbers(shape.m * shape.n, 6));
    const auto step = b.map(Op::mul, {b.contraction(), b.literal(0.1)});
    const auto updated = b.map(Op::sub, {b.load(weights, p.place()), step});
    p.of.epilogue.push_back(b.store(weights, p.place(), updated));
    p.of.epilogue.push_back(b.store(sums, p.place(), step, true));
    p.finish(step);
    check(b.plan, p.slots, 1e-4);
  }
}

TEST_CASE("a long epilogue, and batches of edges", "[contraction]") {
  for (const Form form : {Form::nn, Form::nt}) {
    Product p(form, {37, 83, 50}, Scalar::f32, 6);
    Builder& b = p.b;
    const auto sum = b.map(Op::mul, {b.contraction(), b.literal(0.1)});
    const auto value = b.map(Op::add, {b.map(Op::tanh, {sum}), b.map(Op::softplus, {sum})});
    p.finish(b.map(Op::erf, {value}));
    check(b.plan, p.slots, 1e-4);
  }
}

}  // namespace
}  // namespace gradus::codegen
