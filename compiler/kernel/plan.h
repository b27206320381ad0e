#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "compiler/graph/node.h"
#include "compiler/graph/op.h"

// What the code generator is told: kernels in order, each a nest of loops over scalar expressions
// or a contraction with an epilogue, and buffers with their places. All extents are numbers here.
namespace gradus::kernel {

enum class Scalar : uint8_t { f32, f64, i32, u8 };  // u8 holds booleans

// A part of another buffer that moves with the rounds of a loop: in round r it begins
// begin + r · stride entries further in.
struct Window {
  int of = 0;  // the buffer, which may be a window too
  int64_t begin = 0;
  int loop = 0;
  int64_t stride = 0;
};

// Memory that kernels read and write: a slot is given by the caller at each call, the arena is one
// block of scratch memory whose ranges are shared by live range.
struct Buffer {
  std::string name;  // the user's, or made from it
  Scalar type = Scalar::f32;
  int64_t size = 0;                   // entries
  int slot = -1;                      // ≥ 0: the caller's slot
  int64_t offset = 0;                 // else: bytes into the arena, a multiple of 64
  std::optional<Window> window = {};  // or else: no memory of its own
  int loop = -1;  // the loop in each of whose rounds it is written before it is read; −1: none
};

enum class Role : uint8_t { input, parameter, state, optimizer_state, output };

// What the caller passes, in order. Parameters and states are updated in place.
struct Slot {
  std::string name;
  Role role = Role::input;
  Scalar type = Scalar::f32;
  std::vector<int64_t> shape;
};

// An integer: offset + Σ coefficient · loop. Loops are numbered within a kernel.
struct Index {
  struct Term {
    int loop;
    int64_t coefficient;
    friend bool operator==(const Term&, const Term&) = default;
  };
  std::vector<Term> terms;  // sorted by loop, no coefficient is 0
  int64_t offset = 0;
  friend bool operator==(const Index&, const Index&) = default;
};

using ExprId = int;
inline constexpr ExprId none = -1;

// An entry of a buffer: at `index`, plus the value of each integer expression in `by_data` times
// its stride (gather, scatter).
struct Access {
  struct ByData {
    ExprId place = none;
    int64_t stride = 0;
  };
  int buffer = 0;
  Index index;
  std::vector<ByData> by_data = {};
};

// 0 ≤ index < extent.
struct Guard {
  Index index;
  int64_t extent = 0;
};

// A scalar value inside a kernel. Expressions are numbered within the kernel, operands before
// users; where one is evaluated follows from the loops and accumulators that it depends on: in the
// innermost of them, once.
struct Expr {
  enum class Kind : uint8_t {
    literal,      // `literal`, in `type`
    position,     // `index` as an i32
    load,         // `access`; where a guard fails, `literal` and no memory is read
    map,          // the elementwise operator `op` of `operands`, computed in the operands' type
    accumulator,  // the final value of accumulator `number`
    contraction,  // the sum that a contraction's epilogue starts from
    random,       // a number drawn at place `number` of the program, as `draw` says, by `operands`:
                  // the entry, the round, the step, and the halves of the seed, all whole numbers
  };
  Kind kind = Kind::literal;
  Scalar type = Scalar::f32;
  double literal = 0;
  Index index;
  Access access;
  std::vector<Guard> guards;
  Op op{};
  std::vector<ExprId> operands;
  int number = 0;
  Draw::Kind draw{};
};

enum class Fold : uint8_t { sum, product, maximum, minimum, any, all };

// A value folded over the loops that stand between its declaration (a loop's body, or the kernel's)
// and its `Accumulate`. It starts as the fold's identity; it may be read after that loop has ended.
// NaN wins in maximum and minimum.
struct Accumulator {
  Fold fold = Fold::sum;
  Scalar type = Scalar::f32;
};

struct Store {
  Access access;
  ExprId value = none;
  bool add = false;  // += : only in loops that are neither vector nor parallel
};

struct Accumulate {
  int accumulator = 0;
  ExprId value = none;
};

// Sets an accumulator to the fold's identity, here in the order of statements.
struct Begin {
  int accumulator = 0;
};

struct Loop;
using Statement = std::variant<Begin, Accumulate, Store, Loop>;

// for (loop = 0; loop < extent; ++loop) body. The extent is the kernel's loops[number].
//
// vector: consecutive iterations are computed together, lane by lane; at most one on a path from
// the root. An accumulator begun outside and folded inside is folded lane by lane and then across
// lanes, in a fixed order. parallel: the outermost loop of a kernel, whose iterations write
// different entries; it is cut into a number of chunks that does not depend on the number of
// threads.
struct Loop {
  enum class Mark : uint8_t { serial, vector, parallel };
  int number = 0;
  Mark mark = Mark::serial;
  std::vector<Statement> body;
};

// A nest of loops. A buffer that one loop of the nest stores is read only after that loop (or in
// the same iteration of a loop around both).
struct Nest {
  std::vector<Statement> body;
};

// For each batch index and each m, n: sum = Σ_k a[…] · b[…], and then the epilogue's stores, whose
// expressions start from Kind::contraction and may use the loops of batch, m and n.
// Strides are in entries; a stride may be 0.
struct Contraction {
  struct Operand {
    int buffer = 0;
    int64_t offset = 0;
    std::vector<int64_t> batch_strides;
    int64_t outer_stride = 0;  // of m in a, of k in b
    int64_t inner_stride = 0;  // of k in a, of n in b
  };
  std::vector<int> batch;  // loops
  int m = 0;               // loops
  int n = 0;
  int64_t k = 0;
  Operand a;
  Operand b;
  std::vector<Store> epilogue;
};

// inv, solve, det, adjugate, logdet or cholesky of matrices that stand one after the other in
// memory, by a call of the runtime. Nothing is stored elsewhere, and the result is no factor.
struct LinearAlgebra {
  Op op{};
  int64_t matrices = 0;
  int64_t n = 0;        // rows of each
  int64_t columns = 0;  // of its right side, where there is one
  int a = 0;            // buffers
  int b = none;
  int result = 0;
};

struct Kernel {
  std::string name;            // what it computes, in the user's names: `a1, z2`
  std::vector<int64_t> loops;  // extents
  std::vector<Expr> exprs;
  std::vector<Accumulator> accumulators;
  std::variant<Nest, Contraction, LinearAlgebra> body;
};

// A loop of kernels: those from `first` on to `end` run so often, one after the other. Kernels may
// use threads inside of it.
struct Rounds {
  int first = 0;
  int end = 0;
  int64_t count = 1;  // at least 1
};

struct Plan {
  std::vector<Slot> slots;
  std::vector<Buffer> buffers;
  std::vector<Kernel> kernels;  // in order of execution
  std::vector<Rounds> loops;    // by `first`; a loop stands before those in it
  int64_t arena_bytes = 0;
};

// Readable, deterministic: what `--dump plan` prints.
std::string text(const Plan& plan);
// Aborts with a message where the plan breaks a rule stated above (accesses in range, types that
// fit, vector and parallel marks, accumulators begun before they are folded, read after).
void verify(const Plan& plan);

}  // namespace gradus::kernel
