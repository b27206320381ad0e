#pragma once

namespace gradus::runtime {

// While one of these lives, the first SIGINT is only noted; a second one ends the program as usual.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  static bool requested();
};

}  // namespace gradus::runtime
