#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

namespace gradus::runtime {

// Why something from outside could not be used: one line in the user's terms, which names the file
// and the place in it, and what to do about it, or nothing.
struct Error {
  std::string message;
  std::string help;
};

// A value, or why there is none. A std::optional<Error> stands for an action's result: nothing is
// success.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}
  Result(Error error) : held_(std::move(error)) {}

  explicit operator bool() const { return std::holds_alternative<T>(held_); }
  T& operator*() & { return std::get<T>(held_); }
  const T& operator*() const& { return std::get<T>(held_); }
  T&& operator*() && { return std::get<T>(std::move(held_)); }
  T* operator->() { return &std::get<T>(held_); }
  const T* operator->() const { return &std::get<T>(held_); }
  const Error& error() const& { return std::get<Error>(held_); }
  Error&& error() && { return std::get<Error>(std::move(held_)); }

 private:
  std::variant<T, Error> held_;
};

// Ends the program: for what only a mistake of ours can bring about.
[[noreturn]] void fail(std::string_view message);

}  // namespace gradus::runtime
