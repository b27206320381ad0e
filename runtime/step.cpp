#include "runtime/step.h"

namespace gradus::runtime {

int find(const Signature& slots, Role role, std::string_view name) {
  for (size_t i = 0; i < slots.size(); ++i) {
    if (slots[i].role == role && slots[i].name == name) return static_cast<int>(i);
  }
  return -1;
}

}  // namespace gradus::runtime
