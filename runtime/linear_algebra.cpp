#include "runtime/linear_algebra.h"

#include <dlfcn.h>
#include <lapacke.h>

#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>

#include "runtime/result.h"
#include "runtime/step.h"

namespace gradus::runtime {
namespace {

// The functions of LAPACK that are called, by their C interface.
struct Lapack {
  decltype(&LAPACKE_sgetrf_work) sgetrf = nullptr;
  decltype(&LAPACKE_dgetrf_work) dgetrf = nullptr;
  decltype(&LAPACKE_sgetrs_work) sgetrs = nullptr;
  decltype(&LAPACKE_dgetrs_work) dgetrs = nullptr;
  decltype(&LAPACKE_strtrs_work) strtrs = nullptr;
  decltype(&LAPACKE_dtrtrs_work) dtrtrs = nullptr;
  decltype(&LAPACKE_spotrf_work) spotrf = nullptr;
  decltype(&LAPACKE_dpotrf_work) dpotrf = nullptr;
};

template <typename Function>
void find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  if (function == nullptr) fail(std::string("LAPACK has no ") + name);
}

Lapack loaded() {
  // Read when OpenBLAS is loaded, by which it starts its threads.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  void* library = dlopen("liblapacke.so.3", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    fail("linear algebra needs LAPACK: install liblapacke and libopenblas");
  }
  Lapack made;
  find(library, "LAPACKE_sgetrf_work", made.sgetrf);
  find(library, "LAPACKE_dgetrf_work", made.dgetrf);
  find(library, "LAPACKE_sgetrs_work", made.sgetrs);
  find(library, "LAPACKE_dgetrs_work", made.dgetrs);
  find(library, "LAPACKE_strtrs_work", made.strtrs);
  find(library, "LAPACKE_dtrtrs_work", made.dtrtrs);
  find(library, "LAPACKE_spotrf_work", made.spotrf);
  find(library, "LAPACKE_dpotrf_work", made.dpotrf);
  return made;
}

const Lapack& lapack() {
  static const Lapack known = loaded();
  return known;
}

template <typename T, typename Single, typename Double>
auto of_type(Single single, Double wide) {
  if constexpr (std::is_same_v<T, double>) {
    return wide;
  } else {
    return single;
  }
}

int64_t padded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

// What one matrix works in: a copy of A, right sides, pivots. LAPACK's matrices stand by columns.
template <typename T>
struct Work {
  int n;
  int columns;
  T* a;
  T* x;
  lapack_int* pivots;

  static int64_t bytes(int64_t n, int64_t columns) {
    return padded(n * n * static_cast<int64_t>(sizeof(T))) +
           padded(n * columns * static_cast<int64_t>(sizeof(T))) +
           padded(n * static_cast<int64_t>(sizeof(lapack_int)));
  }
  Work(std::byte* memory, int64_t n, int64_t columns)
      : n(static_cast<int>(n)), columns(static_cast<int>(columns)) {
    a = reinterpret_cast<T*>(memory);
    memory += padded(n * n * static_cast<int64_t>(sizeof(T)));
    x = reinterpret_cast<T*>(memory);
    memory += padded(n * columns * static_cast<int64_t>(sizeof(T)));
    pivots = reinterpret_cast<lapack_int*>(memory);
  }

  T& at(int i, int j) const { return a[static_cast<int64_t>(j) * n + i]; }

  T& side(int i, int j) const { return x[static_cast<int64_t>(j) * n + i]; }

  void identity() const {
    for (int j = 0; j < n; ++j) {
      for (int i = 0; i < n; ++i) side(i, j) = i == j ? 1 : 0;
    }
  }

  void factor() const {
    of_type<T>(lapack().sgetrf, lapack().dgetrf)(LAPACK_COL_MAJOR, n, n, a, n, pivots);
  }
  void substitute() const {
    of_type<T>(lapack().sgetrs, lapack().dgetrs)(LAPACK_COL_MAJOR, 'N', n, columns, a, n, pivots, x,
                                                 n);
  }
  // Whether it could, which needs no 0 on the diagonal.
  bool substitute_triangle(char which) const {
    return of_type<T>(lapack().strtrs, lapack().dtrtrs)(LAPACK_COL_MAJOR, which, 'N', 'N', n,
                                                        columns, a, n, x, n) == 0;
  }
  bool factor_cholesky() const {
    return of_type<T>(lapack().spotrf, lapack().dpotrf)(LAPACK_COL_MAJOR, 'L', n, a, n) == 0;
  }

  // Whether all entries above the diagonal are 0, or all below.
  bool is_triangle(bool lower) const {
    for (int j = 0; j < n; ++j) {
      for (int i = lower ? 0 : j + 1; i < (lower ? j : n); ++i) {
        if (at(i, j) != 0) return false;
      }
    }
    return true;
  }

  // A⁻¹·x in the place of x. Triangles, as they come from Cholesky, need no factors.
  void solve() const {
    if (is_triangle(true) && substitute_triangle('L')) return;
    if (is_triangle(false) && substitute_triangle('U')) return;
    factor();
    substitute();
  }
};

template <typename T>
void by_columns(const T* from, int rows, int columns, T* to) {
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) to[static_cast<int64_t>(j) * rows + i] = *from++;
  }
}

template <typename T>
void by_rows(const T* from, int rows, int columns, T* to) {
  for (int i = 0; i < rows; ++i) {
    for (int j = 0; j < columns; ++j) *to++ = from[static_cast<int64_t>(j) * rows + i];
  }
}

template <typename T>
void inverse(const Work<T>& work, T* result) {
  work.identity();
  work.solve();
  by_rows(work.x, work.n, work.n, result);
}

template <typename T>
void determinant(const Work<T>& work, bool logarithm, T* result) {
  work.factor();
  T product = 1;
  T sum = 0;
  for (int i = 0; i < work.n; ++i) {
    product *= work.pivots[i] == i + 1 ? work.at(i, i) : -work.at(i, i);
    sum += std::log(std::abs(work.at(i, i)));
  }
  *result = logarithm ? sum : product;
}

// Elimination with the largest entry of what remains as pivot, so that those of a singular matrix
// that are 0 come last: A becomes U with columns exchanged, and the identity beside it L⁻¹ with
// rows exchanged.
template <typename T>
class Elimination {
 public:
  explicit Elimination(const Work<T>& work) : w_(work), n_(work.n) {
    w_.identity();
    for (int k = 0; k < n_; ++k) {
      exchange(k);
      for (int i = k + 1; i < n_ && w_.at(k, k) != 0; ++i) subtract(k, i);
    }
  }

  // adj(A) is that of U between the other two, and of U = [V u; 0 w], with v the determinant of V,
  // it is v·[w·V⁻¹, −V⁻¹·u; 0, 1], which divides by no pivot but V's.
  void adjugate(T* result) const {
    const int last = n_ - 1;
    T v = sign_;
    for (int k = 0; k < last; ++k) v *= w_.at(k, k);
    const bool has_minors = last == 0 || w_.at(last - 1, last - 1) != 0;
    for (int j = 0; j < n_; ++j) {
      const T below = w_.side(last, j);
      for (int i = last - 1; i >= 0; --i) {
        T sum = w_.at(last, last) * w_.side(i, j) - w_.at(i, last) * below;
        for (int k = i + 1; k < last; ++k) sum -= w_.at(i, k) * w_.side(k, j);
        w_.side(i, j) = sum / w_.at(i, i);
      }
      for (int i = 0; i < n_; ++i) w_.side(i, j) = has_minors ? v * w_.side(i, j) : T(0);
    }
    for (int k = last; k >= 0; --k) swap_rows_of_side(k, w_.pivots[k]);
    by_rows(w_.x, n_, n_, result);
  }

 private:
  void exchange(int k) {
    int row = k;
    int column = k;
    for (int j = k; j < n_; ++j) {
      for (int i = k; i < n_; ++i) {
        if (std::abs(w_.at(i, j)) > std::abs(w_.at(row, column))) row = i, column = j;
      }
    }
    for (int j = 0; row != k && j < n_; ++j) std::swap(w_.at(k, j), w_.at(row, j));
    for (int i = 0; column != k && i < n_; ++i) std::swap(w_.at(i, k), w_.at(i, column));
    swap_rows_of_side(k, row);
    w_.pivots[k] = column;
    if ((row != k) != (column != k)) sign_ = -sign_;
  }

  void swap_rows_of_side(int a, int b) const {
    for (int j = 0; a != b && j < n_; ++j) std::swap(w_.side(a, j), w_.side(b, j));
  }

  void subtract(int k, int i) {
    const T factor = w_.at(i, k) / w_.at(k, k);
    for (int j = k + 1; j < n_; ++j) w_.at(i, j) -= factor * w_.at(k, j);
    for (int j = 0; j < n_; ++j) w_.side(i, j) -= factor * w_.side(k, j);
  }

  const Work<T>& w_;
  int n_;
  T sign_ = 1;
};

template <typename T>
void cholesky(const Work<T>& work, T* result) {
  const int n = work.n;
  for (int j = 0; j < n; ++j) {
    for (int i = j; i < n; ++i) work.at(i, j) = (work.at(i, j) + work.at(j, i)) / 2;
  }
  bool found = work.factor_cholesky();
  for (int i = 0; i < n; ++i) found = found && work.at(i, i) > 0;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < n; ++j) {
      const T entry = j <= i ? work.at(i, j) : T(0);
      *result++ = found ? entry : std::numeric_limits<T>::quiet_NaN();
    }
  }
}

// One call of gradus_matrices, as its tasks see it.
struct Task {
  Matrices matrices;
  const void* a;
  const void* b;
  void* result;
  std::byte* workspace;
};

// How many right sides it works with.
int64_t sides_of(const Matrices& m) {
  const bool is_square =
      m.function == MatrixFunction::inverse || m.function == MatrixFunction::adjugate;
  return is_square ? m.n : m.columns;
}

template <typename T>
void one(const Task& task, int64_t number) {
  const auto [function, type, count, n, columns] = task.matrices;
  const int64_t sides = sides_of(task.matrices);
  const Work<T> work(task.workspace + number * Work<T>::bytes(n, sides), n, sides);
  by_columns(static_cast<const T*>(task.a) + number * n * n, work.n, work.n, work.a);
  T* result = static_cast<T*>(task.result);
  switch (function) {
    case MatrixFunction::inverse:
      return inverse(work, result + number * n * n);
    case MatrixFunction::solve:
      by_columns(static_cast<const T*>(task.b) + number * n * columns, work.n, work.columns,
                 work.x);
      work.solve();
      return by_rows(work.x, work.n, work.columns, result + number * n * columns);
    case MatrixFunction::determinant:
    case MatrixFunction::log_determinant:
      return determinant(work, function == MatrixFunction::log_determinant, result + number);
    case MatrixFunction::adjugate:
      return Elimination<T>(work).adjugate(result + number * n * n);
    case MatrixFunction::cholesky:
      return cholesky(work, result + number * n * n);
  }
}

// Determinants of matrices without entries are 1, and their logarithms 0; all else has no entries.
void of_nothing(const Task& task) {
  const auto [function, type, count, n, columns] = task.matrices;
  const bool is_log = function == MatrixFunction::log_determinant;
  if (!is_log && function != MatrixFunction::determinant) return;
  for (int64_t k = 0; k < count; ++k) {
    if (type == Scalar::f64) static_cast<double*>(task.result)[k] = is_log ? 0 : 1;
    if (type == Scalar::f32) static_cast<float*>(task.result)[k] = is_log ? 0 : 1;
  }
}

}  // namespace

int64_t workspace_bytes(const Matrices& m) {
  const int64_t columns = sides_of(m);
  const int64_t each =
      m.type == Scalar::f64 ? Work<double>::bytes(m.n, columns) : Work<float>::bytes(m.n, columns);
  return m.count * each;
}

void load_lapack() { lapack(); }

}  // namespace gradus::runtime

void gradus_matrices(int32_t function, int32_t type, int64_t count, int64_t n, int64_t columns,
                     const void* a, const void* b, void* result, void* workspace,
                     gradus::runtime::ThreadPool* pool) {
  using namespace gradus::runtime;  // NOLINT(google-build-using-namespace): a function of it
  Task task{{static_cast<MatrixFunction>(function), static_cast<Scalar>(type), count, n, columns},
            a,
            b,
            result,
            static_cast<std::byte*>(workspace)};
  if (n == 0 || (task.matrices.function == MatrixFunction::solve && columns == 0)) {
    return of_nothing(task);
  }
  const auto each = task.matrices.type == Scalar::f64
                        ? [](void* of, int64_t k) { one<double>(*static_cast<Task*>(of), k); }
                        : [](void* of, int64_t k) { one<float>(*static_cast<Task*>(of), k); };
  gradus_parallel(pool, each, &task, count);
}
