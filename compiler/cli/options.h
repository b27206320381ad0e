#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace gradus::cli {

// What every command understands.
struct Options {
  std::string file;
  std::vector<std::string> data;  // NAME=PATH[:KEY]
  std::vector<std::string> set;   // CONST=VALUE
  std::string precision;          // f32, f64 or empty: as the model says
  std::string color = "auto";
  std::string dump;  // a phase, or empty
  uint64_t seed = 0;
  int threads = 0;  // 0: as many as the machine has
  bool json = false;
  bool quiet = false;
  bool verbose = false;
};

// Adds FILE and the options that every command understands.
void add_common(CLI::App& command, Options& options);

// An option's number that counts something.
CLI::Validator at_least_one();
// NAME=VALUE; with a number as the value.
CLI::Validator assignment();
CLI::Validator number_assignment();
// A path that ends in one of these.
CLI::Validator path_ending(const std::vector<std::string>& endings);
// The path of a weights file to be written: its ending says the format.
CLI::Validator weights_ending();

// Whether to colour what goes to this stream: `--color`, NO_COLOR, and whether it is a terminal.
bool use_color(const Options& options, int file_descriptor);

// The number of threads to compute with, at least 1.
int thread_count(const Options& options);

}  // namespace gradus::cli
