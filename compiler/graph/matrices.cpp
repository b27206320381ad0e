#include "compiler/graph/matrices.h"

#include <cmath>
#include <limits>
#include <utility>

namespace gradus::matrices {
namespace {

// P·A = L·U with rows exchanged so that each pivot is the largest of its column.
struct Factors {
  size_t n = 0;
  std::vector<double> lu;    // U, and L below its diagonal of ones
  std::vector<size_t> rows;  // of A, in the order of L·U's
  double sign = 1;           // of the permutation

  double at(size_t i, size_t j) const { return lu[i * n + j]; }
};

Factors factors_of(size_t n, std::span<const double> a) {
  Factors f{n, {a.begin(), a.end()}, {}, 1};
  for (size_t i = 0; i < n; ++i) f.rows.push_back(i);
  for (size_t k = 0; k < n; ++k) {
    size_t pivot = k;
    for (size_t i = k + 1; i < n; ++i) {
      if (std::fabs(f.at(i, k)) > std::fabs(f.at(pivot, k))) pivot = i;
    }
    if (pivot != k) {
      for (size_t j = 0; j < n; ++j) std::swap(f.lu[k * n + j], f.lu[pivot * n + j]);
      std::swap(f.rows[k], f.rows[pivot]);
      f.sign = -f.sign;
    }
    if (f.at(k, k) == 0) continue;  // a column of zeros
    for (size_t i = k + 1; i < n; ++i) {
      const double factor = f.lu[i * n + k] /= f.at(k, k);
      for (size_t j = k + 1; j < n; ++j) f.lu[i * n + j] -= factor * f.at(k, j);
    }
  }
  return f;
}

// A⁻¹·b by substitution, forward through L and back through U.
std::vector<double> solved(const Factors& f, std::span<const double> b, size_t columns) {
  const size_t n = f.n;
  std::vector<double> x(n * columns);
  for (size_t c = 0; c < columns; ++c) {
    for (size_t i = 0; i < n; ++i) {
      double sum = b[f.rows[i] * columns + c];
      for (size_t j = 0; j < i; ++j) sum -= f.at(i, j) * x[j * columns + c];
      x[i * columns + c] = sum;
    }
    for (size_t i = n; i-- > 0;) {
      double sum = x[i * columns + c];
      for (size_t j = i + 1; j < n; ++j) sum -= f.at(i, j) * x[j * columns + c];
      x[i * columns + c] = sum / f.at(i, i);
    }
  }
  return x;
}

std::vector<double> identity(size_t n) {
  std::vector<double> ones(n * n, 0.0);
  for (size_t i = 0; i < n; ++i) ones[i * n + i] = 1;
  return ones;
}

std::vector<double> cholesky(size_t n, std::span<const double> a) {
  std::vector<double> l(n * n, 0.0);
  for (size_t j = 0; j < n; ++j) {
    for (size_t i = j; i < n; ++i) {
      double sum = (a[i * n + j] + a[j * n + i]) / 2;
      for (size_t k = 0; k < j; ++k) sum -= l[i * n + k] * l[j * n + k];
      if (i == j && !(sum > 0)) {
        return std::vector<double>(n * n, std::numeric_limits<double>::quiet_NaN());
      }
      l[i * n + j] = i == j ? std::sqrt(sum) : sum / l[j * n + j];
    }
  }
  return l;
}

// Of its definition: entry (i, j) is the minor without row j and column i, with its sign.
std::vector<double> adjugate(size_t n, std::span<const double> a) {
  std::vector<double> result;
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < n; ++j) {
      std::vector<double> rest;
      for (size_t entry = 0; entry < n * n; ++entry) {
        if (entry / n != j && entry % n != i) rest.push_back(a[entry]);
      }
      const double minor = evaluated(Op::det, n - 1, rest, {})[0];
      result.push_back((i + j) % 2 == 0 ? minor : -minor);
    }
  }
  return result;
}

}  // namespace

std::vector<double> evaluated(Op op, size_t n, std::span<const double> a,
                              std::span<const double> b) {
  if (op == Op::cholesky) return cholesky(n, a);
  if (op == Op::adjugate) return adjugate(n, a);
  const Factors f = factors_of(n, a);
  if (op == Op::solve) return solved(f, b, n == 0 ? 0 : b.size() / n);
  if (op == Op::inv) return solved(f, identity(n), n);
  double det = f.sign;
  double log = 0;
  for (size_t i = 0; i < n; ++i) {
    det *= f.at(i, i);
    log += std::log(std::fabs(f.at(i, i)));
  }
  return {op == Op::det ? det : log};
}

}  // namespace gradus::matrices
