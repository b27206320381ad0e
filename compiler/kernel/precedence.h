#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace gradus::kernel {

// Which of some things run after which others, at any distance. There are no circles.
class Precedence {
 public:
  // Of at most so many.
  explicit Precedence(size_t most) : words_(most / 64 + 1) {}

  void add() { before_.emplace_back(words_, 0); }
  bool runs_after(int later, int earlier) const {
    return later == earlier || (before_[later][earlier / 64] >> (earlier % 64) & 1) != 0;
  }
  // Says that one runs after another, and so after all that that one runs after.
  void run_after(int later, int earlier);

 private:
  using Bits = std::vector<uint64_t>;

  size_t words_;
  std::vector<Bits> before_;  // of each, those that it runs after
};

}  // namespace gradus::kernel
