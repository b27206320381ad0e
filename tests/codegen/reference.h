#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "compiler/codegen/codegen.h"
#include "compiler/kernel/plan.h"

namespace gradus::codegen {

// The contents of a buffer as numbers.
using Entries = std::vector<double>;

// What the plan says, one scalar at a time: the slots' contents afterwards. Values of f32 are
// rounded after each operator.
std::vector<Entries> interpret(const kernel::Plan& plan, std::vector<Entries> slots);

// What the compiled plan makes of them.
std::vector<Entries> run(const kernel::Plan& plan, const std::vector<Entries>& slots,
                         const Options& options = {}, runtime::ThreadPool* pool = nullptr);

// Fails a check where an entry differs by more than `tolerance` relative to the larger of 1 and it.
void compare(const std::vector<Entries>& found, const std::vector<Entries>& wanted,
             double tolerance);

// Runs it by both, on this processor and on those with narrower vectors.
void check(const kernel::Plan& plan, const std::vector<Entries>& slots, double tolerance);

// Builds plans of one kernel by hand.
struct Builder {
  explicit Builder(kernel::Scalar real = kernel::Scalar::f32) : real(real) {
    plan.kernels.emplace_back();
    plan.kernels[0].name = "kernel";
  }

  int buffer(int64_t size, kernel::Role role = kernel::Role::input) {
    return buffer(size, role, real);
  }
  int buffer(int64_t size, kernel::Role role, kernel::Scalar type);
  int scratch(int64_t size);
  int output(int64_t size) { return buffer(size, kernel::Role::output); }
  int loop(int64_t extent);

  kernel::ExprId literal(double value);
  kernel::ExprId literal(double value, kernel::Scalar type);
  kernel::ExprId position(kernel::Index index);
  kernel::ExprId load(int buffer, kernel::Index index, std::vector<kernel::Guard> guards = {},
                      double fill = 0);
  kernel::ExprId gather(int buffer, kernel::Index index, kernel::ExprId dynamic, int64_t stride);
  kernel::ExprId map(Op op, std::vector<kernel::ExprId> operands);
  kernel::ExprId accumulator(int number);
  kernel::ExprId contraction();

  int accumulate(kernel::Fold fold) { return accumulate(fold, real); }
  int accumulate(kernel::Fold fold, kernel::Scalar type);
  kernel::Store store(int buffer, kernel::Index index, kernel::ExprId value, bool add = false);

  void nest(std::vector<kernel::Statement> body) { kernel().body = kernel::Nest{std::move(body)}; }
  kernel::Kernel& kernel() { return plan.kernels.back(); }

  kernel::Scalar real;
  kernel::Plan plan;
};

kernel::Loop serial(int number, std::vector<kernel::Statement> body);
kernel::Loop vector(int number, std::vector<kernel::Statement> body);
kernel::Loop parallel(int number, std::vector<kernel::Statement> body);
// coefficient · loop, summed, plus the offset.
kernel::Index at(std::vector<kernel::Index::Term> terms, int64_t offset = 0);

// Numbers between −2 and 2, the same for the same seed.
Entries numbers(int64_t size, uint64_t seed);
Entries whole_numbers(int64_t size, int64_t bound, uint64_t seed);

}  // namespace gradus::codegen
