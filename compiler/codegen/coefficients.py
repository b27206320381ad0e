#!/usr/bin/env python3
"""Prints the polynomials of the vector functions: interpolation in Chebyshev nodes, by mpmath, at 120 digits.

The interpolant is within a factor of about 2 of the best polynomial of its degree. Each row gives the largest error
relative to the function's result, before rounding of the coefficients.
"""

import mpmath
from mpmath import mpf

mpmath.mp.dps = 120


def around(f, zero):
    """f, with its limit where it is a quotient 0/0, or nearly so."""
    return lambda x: mpf(zero) if abs(x) < 1e-25 else f(x)


def odd_log(z):  # (log((1 + s)/(1 − s)) − 2s) / s³ at z = s²
    s = mpmath.sqrt(z)
    return 2 * (mpmath.atanh(s) - s) / s**3


def series(f, scale=1):
    """f(√z) / √z, less its first term, over z: the tail of an odd series."""
    return lambda z: (f(mpmath.sqrt(z)) / mpmath.sqrt(z) - scale) / z


def erfc_scaled(s):
    """erfc(t) e^{t²} at u = (t − s)/(t + s)."""
    return lambda u: (lambda t: mpmath.erfc(t) * mpmath.exp(t * t))(s * (1 + u) / (1 - u))


half_ln2 = mpmath.log(2) / 2
sqrt_half = (1 - 1 / mpmath.sqrt(2)) / (1 + 1 / mpmath.sqrt(2))
quarter_pi2 = (mpmath.pi / 4) ** 2
two_over_root_pi = 2 / mpmath.sqrt(mpmath.pi)

# name, function, interval, coefficients in f32 and in f64
rows = [
    ("exp: (e^r - 1 - r) / r^2", around(lambda r: (mpmath.expm1(r) - r) / r**2, 0.5),
     (-half_ln2 * 1.01, half_ln2 * 1.01), 5, 10),
    ("log: (log(1 + f) - f + f^2/2) / f^3", around(lambda f: (mpmath.log1p(f) - f + f * f / 2) / f**3, mpf(1) / 3),
     (mpf(-1) / 3, mpf(1) / 3), 9, 0),
    ("log: (2 atanh(s) - 2 s) / s^3 over s^2", around(odd_log, mpf(2) / 3), (0, sqrt_half**2), 0, 8),
    ("sin: (sin(r) - r) / r^3 over r^2", around(series(mpmath.sin), mpf(-1) / 6), (0, quarter_pi2 * 1.01), 3, 6),
    ("cos: (cos(r) - 1 + r^2/2) / r^4 over r^2",
     around(lambda z: (mpmath.cos(mpmath.sqrt(z)) - 1 + z / 2) / z**2, mpf(1) / 24), (0, quarter_pi2 * 1.01), 3, 6),
    ("erf: erf(x) / x - 1 over x^2, |x| < 1",
     around(lambda z: mpmath.erf(mpmath.sqrt(z)) / mpmath.sqrt(z) - 1, two_over_root_pi - 1), (0, 1), 7, 13),
    ("erfc: erfc(t) e^(t^2) over (t - 2)/(t + 2), 1 <= t < 4", erfc_scaled(2), (mpf(-1) / 3, mpf(1) / 3), 7, 0),
    ("erfc: erfc(t) e^(t^2) over (t - 2)/(t + 2), 1 <= t < 6", erfc_scaled(2), (mpf(-1) / 3, mpf(1) / 2), 0, 16),
]

for name, function, interval, single, double in rows:
    for type_name, count in (("f32", single), ("f64", double)):
        if count:
            coefficients, error = mpmath.chebyfit(function, interval, count, error=True)
            print(f"{name}  {type_name}  error {mpmath.nstr(error, 3)}")
            print("   ", ", ".join(mpmath.nstr(c, 9 if type_name == "f32" else 17) for c in reversed(coefficients)))
