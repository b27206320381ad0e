#include "runtime/result.h"

#include <fmt/format.h>

#include <cstdlib>

namespace gradus::runtime {

void fail(std::string_view message) {
  fmt::print(stderr, "gradus: {}\n", message);
  std::abort();
}

}  // namespace gradus::runtime
