#include "compiler/certificate/tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace gradus::certificate {
namespace {

bool is_open(const Tensor& x, int axis) { return !x.open.empty() && x.open[axis]; }

std::vector<int64_t> strides_of(const Shape& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t k = shape.size(); k-- > 1;) strides[k - 1] = strides[k] * shape[k];
  return strides;
}

// The shape and the openness of what two tensors are broadcast to.
struct Broadcast {
  Shape shape;
  std::vector<bool> open;
};

Broadcast broadcast(const Tensor& x, const Tensor& y) {
  const size_t rank = std::max(x.shape.size(), y.shape.size());
  Broadcast result{Shape(rank, 1), std::vector<bool>(rank, false)};
  for (size_t k = 0; k < rank; ++k) {
    const auto of = [&](const Tensor& t) -> std::pair<int64_t, bool> {
      const size_t missing = rank - t.shape.size();
      if (k < missing) return {1, true};
      return {t.shape[k - missing], is_open(t, static_cast<int>(k - missing))};
    };
    const auto [a, a_open] = of(x);
    const auto [b, b_open] = of(y);
    if (a != b && a != 1 && b != 1) {
      throw Meaningless(fmt::format("{} and {} do not fit", text(x.shape), text(y.shape)));
    }
    result.shape[k] = a == 1 ? b : a;
    result.open[k] = a_open && b_open;
  }
  if (std::find(result.open.begin(), result.open.end(), true) == result.open.end()) {
    result.open.clear();
  }
  return result;
}

// The places in a tensor of the entries of a shape that it is broadcast to.
std::vector<int64_t> places(const Tensor& x, const Shape& shape) {
  std::vector<int64_t> result;
  result.reserve(static_cast<size_t>(size_of(shape)));
  const size_t missing = shape.size() - x.shape.size();
  const std::vector<int64_t> own = strides_of(x.shape);
  std::vector<int64_t> step(shape.size(), 0);
  for (size_t k = 0; k < x.shape.size(); ++k) step[missing + k] = x.shape[k] == 1 ? 0 : own[k];
  std::vector<int64_t> index(shape.size(), 0);
  int64_t at = 0;
  for (int64_t count = size_of(shape); count > 0; --count) {
    result.push_back(at);
    for (size_t k = shape.size(); k-- > 0;) {
      at += step[k];
      if (++index[k] < shape[k]) break;
      at -= step[k] * shape[k];
      index[k] = 0;
    }
  }
  return result;
}

Tensor as_tensor(const Quantity& x) {
  if (!x.is_number()) return x.tensor();
  return {{}, {x.number()}, {}, false, x.is_boolean()};
}

// A matrix like the identity, of this size.
Tensor eye(int64_t rows, int64_t columns, const Tensor& like) {
  Tensor result{{rows, columns}, {}};
  result.is_boolean = like.is_boolean;
  result.entries.assign(static_cast<size_t>(rows * columns), like.entries[1]);
  for (int64_t k = 0; k < std::min(rows, columns); ++k) {
    result.entries[k * columns + k] = like.entries[0];
  }
  return result;
}

// The identity as large as what it meets.
Tensor met(const Quantity& x, const Quantity& other) {
  if (!x.is_identity()) return as_tensor(x);
  const Tensor& o = other.tensor();
  if (o.shape.size() != 2 || (is_open(o, 0) && is_open(o, 1))) {
    throw Meaningless("nothing says how large I is");
  }
  const int64_t rows = is_open(o, 0) ? o.shape[1] : o.shape[0];
  return eye(rows, is_open(o, 1) ? rows : o.shape[1], x.tensor());
}

// A vector beside a matrix of one column is one too.
void align_columns(Tensor& x, Tensor& y) {
  const bool is_vector = x.shape.size() == 1 && !is_open(x, 0) && x.shape[0] > 1;
  const bool is_column = y.shape.size() == 2 && y.shape[1] == 1 && !is_open(y, 1);
  if (is_vector && is_column && x.shape[0] == y.shape[0]) {
    x.shape.push_back(1);
    x.is_row = false;
  }
}

Quantity contracted(const Tensor& x, const Tensor& y) {
  // Vectors as matrices.
  const auto rows = [](const Tensor& t, bool is_row) {
    return t.shape.size() == 2 ? std::pair{t.shape[0], t.shape[1]}
           : is_row            ? std::pair{int64_t{1}, t.shape[0]}
                               : std::pair{t.shape[0], int64_t{1}};
  };
  const auto [m, k] = rows(x, x.is_row);
  const auto [l, n] = rows(y, y.is_row);
  const bool x_open = x.shape.size() == 2 ? is_open(x, 1) : x.is_row && is_open(x, 0);
  const bool y_open = y.shape.size() == 2 ? is_open(y, 0) : !y.is_row && is_open(y, 0);
  if (x_open && y_open) throw Meaningless("nothing says how long 1 is");
  if (k != l && !x_open && !y_open) {
    throw Meaningless(fmt::format("{} · {} do not fit", text(x.shape), text(y.shape)));
  }
  const int64_t inner = x_open ? l : k;
  const bool left_open = x.shape.size() == 2 ? is_open(x, 0) : !x.is_row && is_open(x, 0);
  const bool right_open = y.shape.size() == 2 ? is_open(y, 1) : y.is_row && is_open(y, 0);
  std::vector<double> entries(static_cast<size_t>(m * n), 0);
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t p = 0; p < inner; ++p) {
      const double a = x.entries[i * k + (x_open ? 0 : p)];
      const double* b = &y.entries[(y_open ? 0 : p) * n];
      for (int64_t j = 0; j < n; ++j) entries[i * n + j] += a * b[j];
    }
  }
  const bool keeps_rows = x.shape.size() == 2 || !x.is_row;
  const bool keeps_columns = y.shape.size() == 2 || y.is_row;
  if (!keeps_rows && !keeps_columns) return entries[0];
  Tensor result{{}, std::move(entries)};
  if (keeps_rows) {
    result.shape.push_back(m);
    result.open.push_back(left_open);
  }
  if (keeps_columns) {
    result.shape.push_back(n);
    result.open.push_back(right_open);
  }
  result.is_row = !keeps_rows;
  return result;
}

}  // namespace

Quantity::Quantity(Tensor tensor) {
  if (tensor.shape.empty()) {
    number_ = tensor.entries[0];
    is_boolean_ = tensor.is_boolean;
  } else {
    tensor_ = std::make_shared<const Tensor>(std::move(tensor));
  }
}

int64_t size_of(const Shape& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

std::string text(const Shape& shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

Quantity ones() { return Tensor{{1}, {1.0}, {true}}; }

Quantity identity() {
  return Tensor{{1, 1}, {1.0, 0.0}, {true, true}, false, false, Tensor::Special::identity};
}

Quantity mapped(const Quantity& x, const std::function<double(double)>& f) {
  if (x.is_number()) return f(x.number());
  Tensor result = x.tensor();
  result.is_boolean = false;
  for (double& each : result.entries) each = f(each);
  return result;
}

Quantity mapped(const Quantity& x, const Quantity& y,
                const std::function<double(double, double)>& f, bool is_boolean) {
  if (x.is_number() && y.is_number()) return {f(x.number(), y.number()), is_boolean};
  const bool stays_identity =
      (x.is_identity() && (y.is_number() || y.is_identity())) || (y.is_identity() && x.is_number());
  if (stays_identity) {
    Tensor result = identity().tensor();
    const auto entry = [](const Quantity& of, size_t k) {
      return of.is_number() ? of.number() : of.tensor().entries[k];
    };
    for (size_t k : {0, 1}) result.entries[k] = f(entry(x, k), entry(y, k));
    result.is_boolean = is_boolean;
    return result;
  }
  Tensor a = met(x, y);
  Tensor b = met(y, x);
  align_columns(a, b);
  align_columns(b, a);
  Broadcast both = broadcast(a, b);
  Tensor result{both.shape, {}, both.open};
  result.is_boolean = is_boolean;
  result.is_row = (a.shape.empty() || a.is_row) && (b.shape.empty() || b.is_row);
  const std::vector<int64_t> left = places(a, both.shape);
  const std::vector<int64_t> right = places(b, both.shape);
  result.entries.reserve(left.size());
  for (size_t k = 0; k < left.size(); ++k) {
    result.entries.push_back(f(a.entries[left[k]], b.entries[right[k]]));
  }
  return result;
}

Quantity chosen(const Quantity& condition, const Quantity& then, const Quantity& otherwise) {
  if (condition.is_number()) return condition.number() != 0 ? then : otherwise;
  constexpr double never = 0;
  const auto keep = [](bool where) {
    return [where](double c, double x) { return (c != 0) == where ? x : never; };
  };
  return mapped(mapped(condition, then, keep(true)), mapped(condition, otherwise, keep(false)),
                std::plus<>(), then.is_boolean());
}

Quantity transposed(const Quantity& x) {
  if (x.is_number() || x.is_identity()) return x;
  Tensor result = x.tensor();
  if (result.shape.size() == 1) {
    result.is_row = !result.is_row;
    return result;
  }
  // Of more axes, the last two: it is said of matrices alone.
  if (result.shape.size() != 2) throw Meaningless("ᵀ of what is no matrix");
  const int64_t rows = result.shape[0];
  const int64_t columns = result.shape[1];
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      result.entries[j * rows + i] = x.tensor().entries[i * columns + j];
    }
  }
  std::swap(result.shape[0], result.shape[1]);
  if (!result.open.empty()) result.open = {is_open(x.tensor(), 1), is_open(x.tensor(), 0)};
  return result;
}

Quantity multiplied(const Quantity& x, const Quantity& y) {
  // 0 stands for a tensor of zeros too, as what is carried starts with, and fits everything.
  const auto is_zero = [](const Quantity& of) { return of.is_number() && of.number() == 0; };
  if (is_zero(x) || is_zero(y)) return 0;
  if (x.is_number() || y.is_number()) return mapped(x, y, std::multiplies<>());
  for (const auto& [own, other] : {std::pair{&x, &y}, std::pair{&y, &x}}) {
    if (!own->is_identity()) continue;
    if (own->tensor().entries[1] != 0) throw Meaningless("nothing says how large I is");
    return mapped(own->tensor().entries[0], *other, std::multiplies<>());
  }
  const Tensor& a = x.tensor();
  const Tensor& b = y.tensor();
  if (a.shape.size() > 2 || b.shape.size() > 2) {
    throw Meaningless(
        fmt::format("{} · {} is no product of matrices", text(a.shape), text(b.shape)));
  }
  const bool both_vectors = a.shape.size() == 1 && b.shape.size() == 1;
  if (both_vectors && a.is_row == b.is_row) return mapped(x, y, std::multiplies<>());
  return contracted(a, b);
}

Tensor fitted(const Quantity& x, const Shape& shape) {
  if (x.is_identity()) {
    if (shape.size() != 2) throw Meaningless("I is a matrix");
    return eye(shape[0], shape[1], x.tensor());
  }
  Tensor tensor = as_tensor(x);
  tensor.is_row = false;
  if (tensor.shape == shape) {
    tensor.open.clear();
    return tensor;
  }
  const auto without_units = [](const Shape& all) {
    Shape kept;
    std::copy_if(all.begin(), all.end(), std::back_inserter(kept),
                 [](int64_t n) { return n != 1; });
    return kept;
  };
  if (without_units(tensor.shape) == without_units(shape)) {
    tensor.shape = shape;
    tensor.open.clear();
    return tensor;
  }
  // Open axes become as long as they are to be.
  bool fits = tensor.shape.size() <= shape.size();
  const size_t missing = fits ? shape.size() - tensor.shape.size() : 0;
  for (size_t k = 0; fits && k < tensor.shape.size(); ++k) {
    fits = tensor.shape[k] == shape[missing + k] || is_open(tensor, static_cast<int>(k));
  }
  if (!fits || (missing > 0 && !tensor.shape.empty())) {
    throw Meaningless(fmt::format("{} is not of the shape {}", text(tensor.shape), text(shape)));
  }
  Tensor result{shape, {}};
  for (int64_t at : places(tensor, shape)) result.entries.push_back(tensor.entries[at]);
  return result;
}

const Tensor& closed(const Quantity& x, Tensor& room) {
  if (x.is_number()) {
    room = as_tensor(x);
    return room;
  }
  const Tensor& tensor = x.tensor();
  if (std::find(tensor.open.begin(), tensor.open.end(), true) != tensor.open.end()) {
    throw Meaningless("nothing says how long 1 is");
  }
  return tensor;
}

Quantity part(const Quantity& x, int axis, int64_t at) {
  Tensor room;
  const Tensor& all = closed(x, room);
  Tensor result;
  result.is_boolean = all.is_boolean;
  result.shape = all.shape;
  result.shape.erase(result.shape.begin() + axis);
  const int64_t inner = size_of({all.shape.begin() + axis + 1, all.shape.end()});
  const int64_t outer = size_of({all.shape.begin(), all.shape.begin() + axis});
  for (int64_t k = 0; k < outer; ++k) {
    const auto first = all.entries.begin() + (k * all.shape[axis] + at) * inner;
    result.entries.insert(result.entries.end(), first, first + inner);
  }
  return result;
}

Quantity stacked(const std::vector<Quantity>& parts, int axis) {
  Tensor room;
  Tensor result;
  // A number stands for all entries.
  const auto whole = std::find_if(parts.begin(), parts.end(),
                                  [](const Quantity& each) { return !each.is_number(); });
  const Tensor first = closed(whole == parts.end() ? parts.at(0) : *whole, room);
  if (axis > static_cast<int>(first.shape.size())) throw Meaningless("no such axis");
  result.is_boolean = first.is_boolean;
  result.shape = first.shape;
  result.shape.insert(result.shape.begin() + axis, static_cast<int64_t>(parts.size()));
  const int64_t inner = size_of({first.shape.begin() + axis, first.shape.end()});
  const int64_t outer = size_of({first.shape.begin(), first.shape.begin() + axis});
  for (int64_t k = 0; k < outer; ++k) {
    for (const Quantity& each : parts) {
      const Tensor one = fitted(each, first.shape);
      result.entries.insert(result.entries.end(), one.entries.begin() + k * inner,
                            one.entries.begin() + (k + 1) * inner);
    }
  }
  return result;
}

}  // namespace gradus::certificate
