#include "runtime/progress.h"

#include <catch2/catch.hpp>
#include <cstdio>
#include <string>
#include <vector>

using namespace gradus::runtime;

namespace {

// What is printed about so many epochs of 5 steps.
std::string printed(int64_t epochs, std::vector<double> held_out = {}) {
  std::FILE* const file = std::tmpfile();
  Progress progress(file, false, 5 * epochs, 5);
  const std::vector<std::string> names = {"J", "accuracy"};
  const std::vector<double> values = {1.0 / 3, 1};
  progress.begin(names, names);
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (int64_t i = 1; i <= 5; ++i) progress.step({5 * epoch + i, epoch, values});
    progress.epoch({epoch, 5 * epoch + 5, values, held_out});
  }
  progress.end();
  std::string text(static_cast<size_t>(std::ftell(file)), '\0');
  std::rewind(file);
  CHECK(std::fread(text.data(), 1, text.size(), file) == text.size());
  std::fclose(file);
  return text;
}

int64_t lines(const std::string& text) { return std::count(text.begin(), text.end(), '\n'); }

}  // namespace

TEST_CASE("progress is a line an epoch off a terminal", "[progress]") {
  CHECK(printed(2) == "epoch 1/2  J 0.33333  accuracy 1\nepoch 2/2  J 0.33333  accuracy 1\n");
  CHECK(printed(1, {0.5, 0.25}) ==
        "epoch 1/1  J 0.33333  accuracy 1  held out: J 0.5  accuracy 0.25\n");
  CHECK(lines(printed(20)) == 20);
  CHECK(lines(printed(100)) == 21);
  CHECK(lines(printed(1000)) == 21);
  CHECK(lines(printed(999)) == 21);
}

TEST_CASE("round intervals and durations", "[progress]") {
  CHECK(round_interval(0, 20) == 1);
  CHECK(round_interval(20, 20) == 1);
  CHECK(round_interval(41, 20) == 2);
  CHECK(round_interval(42, 20) == 5);
  CHECK(round_interval(10000, 20) == 500);
  CHECK(duration(0.4) == "0 s");
  CHECK(duration(59.4) == "59 s");
  CHECK(duration(125) == "2 min 5 s");
  CHECK(duration(3725) == "1 h 2 min");
}
