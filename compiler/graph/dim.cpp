#include "compiler/graph/dim.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace gradus {

Dim::Dim(int64_t number) : number_(number) {}

Dim::Dim(Terms terms) {
  if (auto constant = terms.find({}); constant != terms.end()) {
    number_ = constant->second;
    terms.erase(constant);
  }
  std::erase_if(terms, [](const auto& term) { return term.second == 0; });
  if (!terms.empty()) named_ = std::make_shared<const Terms>(std::move(terms));
}

Dim Dim::named(std::string name) { return Dim(Terms{{{std::move(name)}, 1}}); }

Dim::Terms Dim::terms() const {
  Terms all = named_ ? *named_ : Terms{};
  if (number_ != 0) all[{}] = number_;
  return all;
}

bool operator==(const Dim& a, const Dim& b) {
  if (a.number_ != b.number_) return false;
  return a.named_ == b.named_ || (a.named_ && b.named_ && *a.named_ == *b.named_);
}

std::strong_ordering operator<=>(const Dim& a, const Dim& b) {
  return !a.named_ && !b.named_ ? a.number_ <=> b.number_ : a.terms() <=> b.terms();
}

Dim operator+(const Dim& a, const Dim& b) {
  if (!a.named_ || !b.named_) {
    Dim sum = a.named_ ? a : b;
    sum.number_ = a.number_ + b.number_;
    return sum;
  }
  Dim::Terms sum = a.terms();
  for (const auto& [monomial, coefficient] : b.terms()) sum[monomial] += coefficient;
  return Dim(std::move(sum));
}

Dim operator-(const Dim& a, const Dim& b) { return a + Dim(-1) * b; }

Dim operator*(const Dim& a, const Dim& b) {
  if (!a.named_ && !b.named_) return a.number_ * b.number_;
  if (a == Dim(1)) return b;
  if (b == Dim(1)) return a;
  Dim::Terms product;
  const Dim::Terms right_terms = b.terms();
  for (const auto& [left, m] : a.terms()) {
    for (const auto& [right, n] : right_terms) {
      Dim::Monomial both = left;
      both.insert(both.end(), right.begin(), right.end());
      std::sort(both.begin(), both.end());
      product[both] += m * n;
    }
  }
  return Dim(std::move(product));
}

std::optional<std::string> Dim::name() const {
  if (!named_ || number_ != 0 || named_->size() != 1) return std::nullopt;
  const auto& [monomial, coefficient] = *named_->begin();
  if (monomial.size() != 1 || coefficient != 1) return std::nullopt;
  return monomial.front();
}

std::optional<Dim> Dim::divided_by(const Dim& divisor) const {
  const Terms divisors = divisor.terms();
  if (divisors.size() != 1) return std::nullopt;
  const auto& [denominator, n] = *divisors.begin();
  Terms quotient;
  for (const auto& [monomial, coefficient] : terms()) {
    if (coefficient % n != 0 ||
        !std::includes(monomial.begin(), monomial.end(), denominator.begin(), denominator.end())) {
      return std::nullopt;
    }
    Monomial rest;
    std::set_difference(monomial.begin(), monomial.end(), denominator.begin(), denominator.end(),
                        std::back_inserter(rest));
    quotient[rest] = coefficient / n;
  }
  return Dim(std::move(quotient));
}

std::optional<Dim> Dim::floored(int64_t n) const {
  const int64_t rest = (number_ % n + n) % n;
  return (*this - Dim(rest)).divided_by(Dim(n));
}

Dim Dim::substituted(const DimBindings& bindings) const {
  Dim result = *this;
  for (const std::string& name : names()) {
    if (auto bound = bindings.find(name); bound != bindings.end()) {
      result = result.substituted(name, bound->second);
    }
  }
  return result;
}

Dim Dim::substituted(const std::string& name, const Dim& by) const {
  Dim result;
  for (const auto& [monomial, coefficient] : terms()) {
    Dim product(coefficient);
    for (const std::string& factor : monomial) {
      product = product * (factor == name ? by : named(factor));
    }
    result = result + product;
  }
  return result;
}

bool Dim::never_negative() const {
  if (!named_) return number_ >= 0;
  // With every name written as 1 + something that is at least 0, no coefficient is negative.
  Dim shifted = *this;
  for (const std::string& name : names()) {
    shifted = shifted.substituted(name, named(name) + Dim(1));
  }
  const Terms coefficients = shifted.terms();
  return std::all_of(coefficients.begin(), coefficients.end(),
                     [](const auto& term) { return term.second >= 0; });
}

std::vector<std::string> Dim::names() const {
  if (!named_) return {};
  std::set<std::string> all;
  for (const auto& [monomial, coefficient] : *named_) all.insert(monomial.begin(), monomial.end());
  return {all.begin(), all.end()};
}

std::string Dim::text() const {
  if (!named_) return fmt::format("{}", number_);
  std::string out;
  // The constant stands last: `time - 1`.
  auto add = [&](const Monomial& monomial, int64_t coefficient) {
    if (!out.empty()) {
      out += coefficient < 0 ? " - " : " + ";
    } else if (coefficient < 0) {
      out += "-";
    }
    const int64_t magnitude = coefficient < 0 ? -coefficient : coefficient;
    if (monomial.empty()) {
      out += fmt::format("{}", magnitude);
    } else {
      if (magnitude != 1) out += fmt::format("{}*", magnitude);
      out += fmt::format("{}", fmt::join(monomial, "*"));
    }
  };
  for (const auto& [monomial, coefficient] : *named_) add(monomial, coefficient);
  if (number_ != 0) add({}, number_);
  return out;
}

std::string text(const Shape& shape) {
  std::vector<std::string> dims;
  for (const Dim& dim : shape) dims.push_back(dim.text());
  return fmt::format("[{}]", fmt::join(dims, ", "));
}

Dim size_of(const Shape& shape) {
  Dim size(1);
  for (const Dim& dim : shape) size = size * dim;
  return size;
}

}  // namespace gradus
