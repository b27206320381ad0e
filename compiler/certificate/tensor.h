#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace gradus::certificate {

// What a formula can not mean: sizes that do not fit, a name that nothing defines.
struct Meaningless : std::runtime_error {
  using std::runtime_error::runtime_error;
};

using Shape = std::vector<int64_t>;

// Numbers in row-major order. A vector is a column; the transpose of one is a row.
struct Tensor {
  // A matrix of any size, one number on the diagonal and another one elsewhere, as I is.
  enum class Special : unsigned char { none, identity };

  Shape shape = {};
  std::vector<double> entries = {};
  std::vector<bool> open = {};  // axes of one entry that are as long as what they meet; or empty
  bool is_row = false;
  bool is_boolean = false;
  Special special = Special::none;  // `entries`: on the diagonal, and elsewhere
};

// A number, or a tensor that is shared. The number is kept apart: index notation is made of many.
class Quantity {
 public:
  Quantity(double number = 0, bool is_boolean = false)  // NOLINT(google-explicit-constructor)
      : number_(number), is_boolean_(is_boolean) {}
  Quantity(Tensor tensor);  // NOLINT(google-explicit-constructor)

  bool is_number() const { return tensor_ == nullptr; }
  double number() const { return number_; }
  // Of a tensor alone.
  const Tensor& tensor() const { return *tensor_; }
  int rank() const { return is_number() ? 0 : static_cast<int>(tensor_->shape.size()); }
  bool is_boolean() const { return is_number() ? is_boolean_ : tensor_->is_boolean; }
  bool is_identity() const { return !is_number() && tensor_->special == Tensor::Special::identity; }

 private:
  double number_ = 0;
  bool is_boolean_ = false;
  std::shared_ptr<const Tensor> tensor_;
};

int64_t size_of(const Shape& shape);
// `[3, 4]`, for messages.
std::string text(const Shape& shape);

Quantity ones();
Quantity identity();

// Entry by entry, with NumPy's broadcasting; a vector fits a matrix of one column.
Quantity mapped(const Quantity& x, const std::function<double(double)>& f);
Quantity mapped(const Quantity& x, const Quantity& y,
                const std::function<double(double, double)>& f, bool is_boolean = false);
// Of conditions and two choices.
Quantity chosen(const Quantity& condition, const Quantity& then, const Quantity& otherwise);

Quantity transposed(const Quantity& x);
// Scaling; the product of matrices, of columns and rows; of two vectors that stand alike, entry by
// entry.
Quantity multiplied(const Quantity& x, const Quantity& y);

// As a tensor of this shape: open axes are filled, axes of one entry come and go.
Tensor fitted(const Quantity& x, const Shape& shape);
// A tensor without open axes, a number as one of rank 0.
const Tensor& closed(const Quantity& x, Tensor& room);

// Its parts along an axis, and parts put together.
Quantity part(const Quantity& x, int axis, int64_t at);
Quantity stacked(const std::vector<Quantity>& parts, int axis);

}  // namespace gradus::certificate
