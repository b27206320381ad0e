#pragma once

#include <cstdint>

#include "runtime/tensor.h"

// Linear algebra that compiled steps call, by LAPACK.
namespace gradus::runtime {

class ThreadPool;  // runtime/threads.h

enum class MatrixFunction : int32_t {
  inverse,
  solve,
  determinant,
  log_determinant,
  adjugate,
  cholesky
};

// Matrices one after the other, each by rows: A is n × n, b and the result of `solve` n × columns,
// the determinants one number a matrix. The adjugate is det(A)·A⁻¹, finite for singular A too.
// The lower L of `cholesky` has L·Lᵀ = ½(A + Aᵀ).
struct Matrices {
  MatrixFunction function = MatrixFunction::solve;
  Scalar type = Scalar::f64;  // f32 or f64
  int64_t count = 0;
  int64_t n = 0;
  int64_t columns = 0;
};

// Scratch memory that they need.
int64_t workspace_bytes(const Matrices& matrices);

// Finds LAPACK, which the first matrix would do else; ends the program with a message where there
// is none. It is looked for only when it is needed, since loading it takes several times as long as
// all else that happens at the start, and OpenBLAS then starts threads, of which it is told to have
// none: steps have their own.
void load_lapack();

}  // namespace gradus::runtime

// Computes all of them, a matrix a task of the pool, which may be null. Singular matrices give 0,
// infinities and NaN as divisions by their pivots come out, and NaN where there is no Cholesky
// factor.
extern "C" void gradus_matrices(int32_t function, int32_t type, int64_t count, int64_t n,
                                int64_t columns, const void* a, const void* b, void* result,
                                void* workspace, gradus::runtime::ThreadPool* pool);
