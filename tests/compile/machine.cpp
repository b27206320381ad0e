#include "tests/compile/machine.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <iterator>

#include "compiler/check/check.h"
#include "compiler/codegen/codegen.h"
#include "compiler/prelude/prelude.h"
#include "grammar/parser.h"

namespace gradus::test {
namespace {

size_t count(const std::vector<int64_t>& shape) {
  size_t entries = 1;
  for (int64_t extent : shape) entries *= static_cast<size_t>(extent);
  return entries;
}

template <typename T>
void write(void* memory, const std::vector<double>& entries) {
  for (size_t k = 0; k < entries.size(); ++k) {
    const T value = static_cast<T>(entries[k]);
    std::memcpy(static_cast<char*>(memory) + k * sizeof(T), &value, sizeof(T));
  }
}

template <typename T>
std::vector<double> read(const void* memory, size_t count) {
  std::vector<double> entries(count);
  for (size_t k = 0; k < count; ++k) {
    T value;
    std::memcpy(&value, static_cast<const char*>(memory) + k * sizeof(T), sizeof(T));
    entries[k] = static_cast<double>(value);
  }
  return entries;
}

}  // namespace

std::string file(const std::string& path) {
  std::ifstream stream(std::string(GRADUS_SOURCE_DIR) + "/" + path, std::ios::binary);
  REQUIRE(stream);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Program checked(const std::string& text) {
  Sources sources;
  Diagnostics diagnostics;
  const syntax::SyntaxTree tree = syntax::parse(sources.add("model.grad", text), diagnostics);
  std::vector<syntax::SyntaxTree> prelude;
  for (const PreludeFile& each : prelude_files()) {
    const std::string name(each.name);
    prelude.push_back(syntax::parse(sources.add(name, std::string(each.text)), diagnostics));
  }
  std::optional<Program> program = check(tree, prelude, {.set = {}, .training = true}, diagnostics);
  INFO(render(diagnostics, sources, {.color = false}));
  REQUIRE(program);
  return *std::move(program);
}

Machine::Machine(const kernel::Plan& plan) : slots_(plan.slots), step_(codegen::compile(plan)) {
  const auto reserve = [&](size_t bytes) {
    std::vector<char>& raw = memory_.emplace_back(bytes + 64, 0);
    pointers_.push_back(raw.data() + (64 - reinterpret_cast<uintptr_t>(raw.data()) % 64) % 64);
  };
  for (const kernel::Slot& slot : slots_) reserve(count(slot.shape) * 8);
  reserve(static_cast<size_t>(step_.arena_bytes));
}

size_t Machine::slot(std::string_view name, bool output) const {
  for (size_t k = 0; k < slots_.size(); ++k) {
    if (slots_[k].name == name && (slots_[k].role == kernel::Role::output) == output) return k;
  }
  FAIL("no slot " << name);
  return 0;
}

void Machine::set(std::string_view name, const std::vector<double>& entries) {
  const size_t at = slot(name, false);
  REQUIRE(entries.size() == count(slots_[at].shape));
  switch (slots_[at].type) {
    case kernel::Scalar::f32:
      return write<float>(pointers_[at], entries);
    case kernel::Scalar::f64:
      return write<double>(pointers_[at], entries);
    case kernel::Scalar::i32:
      return write<int32_t>(pointers_[at], entries);
    case kernel::Scalar::u8:
      return write<uint8_t>(pointers_[at], entries);
  }
}

std::vector<double> Machine::entries(size_t at) const {
  const size_t size = count(slots_[at].shape);
  switch (slots_[at].type) {
    case kernel::Scalar::f32:
      return read<float>(pointers_[at], size);
    case kernel::Scalar::f64:
      return read<double>(pointers_[at], size);
    case kernel::Scalar::i32:
      return read<int32_t>(pointers_[at], size);
    case kernel::Scalar::u8:
      return read<uint8_t>(pointers_[at], size);
  }
  return {};
}

std::vector<double> Machine::get(std::string_view name) const { return entries(slot(name, false)); }

std::vector<double> Machine::output(std::string_view name) const {
  return entries(slot(name, true));
}

void Machine::run(runtime::ThreadPool* pool) {
  step_.run(pointers_.data(), pointers_.back(), pool);
}

}  // namespace gradus::test
