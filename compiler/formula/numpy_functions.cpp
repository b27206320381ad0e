// What NumPy lacks, as text: functions that the modules define for themselves.

#include <string_view>

#include "compiler/formula/numpy.h"

namespace gradus::formula {
namespace {

struct Function {
  std::string_view name;
  std::string_view text;
};

constexpr Function functions[] = {
    {"sigmoid", R"(def sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1 / (1 + e), e / (1 + e))
)"},
    {"div0", R"(def div0(x, y):
    """x / y, and 0 where y is."""
    return np.where(y == 0, 0, x / np.where(y == 0, 1, y))
)"},
    {"ratio", R"(def ratio(x, y):
    """x / y, and 0 where both are."""
    return x / np.where((x == 0) & (y == 0), 1, y)
)"},
    {"erf", R"(erf = np.vectorize(math.erf, otypes=[np.float64])
)"},
    {"lgamma", R"(def log_gamma(x):
    if x == np.inf or x != x:
        return float(x)
    return np.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


lgamma = np.vectorize(log_gamma, otypes=[np.float64])
)"},
    {"polygamma", R"(def polygamma_of(n, x):
    """The derivative of order n + 1 of log |Γ|: recurrence up, then the asymptotic series."""
    n, x = int(n), float(x)
    if x <= 0 and x == math.floor(x):
        return np.nan
    if x < 0 and n == 0:
        return polygamma_of(0, 1 - x) - math.pi / math.tan(math.pi * x)
    sign, factorial, total = (-1) ** (n + 1), math.factorial(n), 0.0
    while x < 20 + n:
        total += sign * factorial / x ** (n + 1)
        x += 1
    bernoulli = [1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510]
    if n == 0:
        return total + math.log(x) - 0.5 / x - sum(
            b / (2 * k * x ** (2 * k)) for k, b in enumerate(bernoulli, 1))
    series = math.factorial(n - 1) / x ** n + factorial / (2 * x ** (n + 1)) + sum(
        b * math.factorial(2 * k + n - 1) / math.factorial(2 * k) / x ** (2 * k + n)
        for k, b in enumerate(bernoulli, 1))
    return total + sign * series


polygamma = np.vectorize(polygamma_of, otypes=[np.float64])
)"},
    {"logsumexp", R"(def logsumexp(x, axis):
    top = np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    top = np.where(np.isfinite(top), top, 0)
    return np.log(np.sum(np.exp(x - top), axis=axis)) + np.squeeze(top, axis)
)"},
    {"softmax", R"(def softmax(x, axis):
    e = np.exp(x - np.max(x, axis=axis, keepdims=True, initial=-np.inf))
    return e / np.sum(e, axis=axis, keepdims=True)
)"},
    {"log_softmax", R"(def log_softmax(x, axis):
    shifted = x - np.max(x, axis=axis, keepdims=True, initial=-np.inf)
    return shifted - np.log(np.sum(np.exp(shifted), axis=axis, keepdims=True))
)"},
    {"running_sum", R"(def running_sum(x, axis, reverse, exclusive):
    total = np.flip(np.cumsum(np.flip(x, axis), axis), axis) if reverse else np.cumsum(x, axis)
    return total - x if exclusive else total
)"},
    {"read_at", R"(def read_at(x, extents, places, fill=None):
    """x at places(*index) for every index below the extents; `fill` out of range."""
    if x.size == 0 or 0 in extents:
        return np.full(extents, 0 if fill is None else fill, x.dtype)
    at = places(*np.ogrid[tuple(slice(n) for n in extents)])
    if fill is None:
        return np.broadcast_to(x[at], extents)
    inside = np.all(np.broadcast_arrays(True, *[(0 <= p) & (p < n) for p, n in zip(at, x.shape)]), axis=0)
    clipped = tuple(np.clip(p, 0, n - 1) for p, n in zip(at, x.shape))
    return np.broadcast_to(np.where(inside, x[clipped], fill), extents)
)"},
    {"add_at", R"(def add_at(x, shape, places):
    """The sum of x's entries at places(*index); 0 elsewhere, and nothing from out of range."""
    total = np.zeros(shape, x.dtype)
    at = places(*np.ogrid[tuple(slice(n) for n in x.shape)])
    at = [np.broadcast_to(p, x.shape) for p in at]
    inside = np.ones(x.shape, bool)
    for p, n in zip(at, shape):
        inside &= (0 <= p) & (p < n)
    np.add.at(total, tuple(p[inside] for p in at), x[inside] if at else np.sum(x))
    return total
)"},
    {"inverse", R"(def inverse(a):
    try:
        return np.linalg.inv(a)
    except np.linalg.LinAlgError:
        if a.ndim > 2:
            return np.stack([inverse(each) for each in a])
        return np.full(a.shape, np.nan, a.dtype)
)"},
    {"solve", R"(def solve(a, b):
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        if a.ndim > 2:
            return np.stack([solve(*each) for each in zip(a, b)])
        return np.full(b.shape, np.nan, b.dtype)
)"},
    {"adjugate", R"(def adjugate(a):
    u, s, v = np.linalg.svd(a)
    others = np.prod(np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]), axis=-1)
    sign = (np.linalg.det(u) * np.linalg.det(v))[..., None, None]
    return sign * ((np.swapaxes(v, -1, -2) * others[..., None, :]) @ np.swapaxes(u, -1, -2))
)"},
    {"cholesky", R"(def cholesky(a):
    try:
        return np.linalg.cholesky((a + np.swapaxes(a, -1, -2)) / 2)
    except np.linalg.LinAlgError:
        if a.ndim > 2:
            return np.stack([cholesky(each) for each in a])
        return np.full(a.shape, np.nan, a.dtype)
)"},
    {"scatter_add", R"(def scatter_add(indices, updates, shape, axis):
    total = np.zeros(shape, updates.dtype)
    np.add.at(total, (slice(None),) * axis + (indices,), updates)
    return total
)"},
};

}  // namespace

std::string numpy_functions(const std::set<std::string>& names) {
  std::string out;
  for (const Function& function : functions) {
    if (names.count(std::string(function.name)) > 0) {
      out += "\n\n";
      out += function.text;
    }
  }
  return out;
}

}  // namespace gradus::formula
