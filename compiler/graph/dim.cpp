#include "compiler/graph/dim.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

namespace gradus {

Dim::Dim(int64_t number) {
  if (number != 0) terms_[{}] = number;
}

Dim Dim::named(std::string name) {
  Dim dim;
  dim.terms_[{std::move(name)}] = 1;
  return dim;
}

Dim operator+(const Dim& a, const Dim& b) {
  Dim sum = a;
  for (const auto& [monomial, coefficient] : b.terms_) {
    if ((sum.terms_[monomial] += coefficient) == 0) sum.terms_.erase(monomial);
  }
  return sum;
}

Dim operator-(const Dim& a, const Dim& b) { return a + Dim(-1) * b; }

Dim operator*(const Dim& a, const Dim& b) {
  Dim product;
  for (const auto& [left, m] : a.terms_) {
    for (const auto& [right, n] : b.terms_) {
      Dim::Monomial both = left;
      both.insert(both.end(), right.begin(), right.end());
      std::sort(both.begin(), both.end());
      if ((product.terms_[both] += m * n) == 0) product.terms_.erase(both);
    }
  }
  return product;
}

std::optional<int64_t> Dim::number() const {
  if (terms_.empty()) return 0;
  if (terms_.size() == 1 && terms_.begin()->first.empty()) return terms_.begin()->second;
  return std::nullopt;
}

std::optional<std::string> Dim::name() const {
  if (terms_.size() != 1) return std::nullopt;
  const auto& [monomial, coefficient] = *terms_.begin();
  if (monomial.size() != 1 || coefficient != 1) return std::nullopt;
  return monomial.front();
}

std::optional<Dim> Dim::divided_by(const Dim& divisor) const {
  if (divisor.terms_.size() != 1) return std::nullopt;
  const auto& [denominator, n] = *divisor.terms_.begin();
  Dim quotient;
  for (const auto& [monomial, coefficient] : terms_) {
    if (coefficient % n != 0 ||
        !std::includes(monomial.begin(), monomial.end(), denominator.begin(), denominator.end())) {
      return std::nullopt;
    }
    Monomial rest;
    std::set_difference(monomial.begin(), monomial.end(), denominator.begin(), denominator.end(),
                        std::back_inserter(rest));
    quotient.terms_[rest] = coefficient / n;
  }
  return quotient;
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
  for (const auto& [monomial, coefficient] : terms_) {
    Dim product(coefficient);
    for (const std::string& factor : monomial) {
      product = product * (factor == name ? by : named(factor));
    }
    result = result + product;
  }
  return result;
}

bool Dim::never_negative() const {
  // With every name written as 1 + something that is at least 0, no coefficient is negative.
  Dim shifted = *this;
  for (const std::string& name : names()) {
    shifted = shifted.substituted(name, named(name) + Dim(1));
  }
  return std::all_of(shifted.terms_.begin(), shifted.terms_.end(),
                     [](const auto& term) { return term.second >= 0; });
}

std::vector<std::string> Dim::names() const {
  std::set<std::string> all;
  for (const auto& [monomial, coefficient] : terms_) all.insert(monomial.begin(), monomial.end());
  return {all.begin(), all.end()};
}

std::string Dim::text() const {
  if (terms_.empty()) return "0";
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
  for (const auto& [monomial, coefficient] : terms_) {
    if (!monomial.empty()) add(monomial, coefficient);
  }
  if (auto constant = terms_.find({}); constant != terms_.end()) add({}, constant->second);
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
