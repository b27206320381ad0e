#pragma once

namespace gradus::cli {

// What a run ends with; scripts rely on the numbers.
enum class Status {
  done = 0,
  model_errors = 1,
  wrong_usage = 2,
  unreadable = 3,
  diverged = 4,
  check_failed = 5,
  our_bug = 70,
  interrupted = 130,
};

}  // namespace gradus::cli
