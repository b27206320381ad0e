#include "compiler/kernel/precedence.h"

namespace gradus::kernel {

void Precedence::run_after(int later, int earlier) {
  if (runs_after(later, earlier)) return;
  for (int each = 0; each < static_cast<int>(before_.size()); ++each) {
    if (!runs_after(each, later)) continue;
    Bits& before = before_[each];
    before[earlier / 64] |= uint64_t{1} << (earlier % 64);
    for (size_t k = 0; k < words_; ++k) before[k] |= before_[earlier][k];
  }
}

}  // namespace gradus::kernel
