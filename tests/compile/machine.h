#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/check/program.h"
#include "compiler/kernel/plan.h"
#include "runtime/step.h"
#include "runtime/threads.h"

namespace gradus::test {

// The program of a model's text, which has no errors.
Program checked(const std::string& text);
// The text of a file of the project.
std::string file(const std::string& path);

// A compiled plan, and memory for what its caller passes; all of it is 0 at first.
class Machine {
 public:
  explicit Machine(const kernel::Plan& plan);

  // Entries as doubles; `output` for results, which may be called as parameters are.
  void set(std::string_view name, const std::vector<double>& entries);
  std::vector<double> get(std::string_view name) const;
  std::vector<double> output(std::string_view name) const;
  const std::vector<kernel::Slot>& slots() const { return slots_; }

  void run(runtime::ThreadPool* pool = nullptr);

 private:
  size_t slot(std::string_view name, bool output) const;
  std::vector<double> entries(size_t slot) const;

  std::vector<kernel::Slot> slots_;
  runtime::Step step_;
  std::vector<std::vector<char>> memory_;
  std::vector<void*> pointers_;  // the last one is the arena
};

}  // namespace gradus::test
