#!/usr/bin/env python3
"""Values of the elementwise operators at extreme inputs: writes values.json. At numbers by mpmath, rounded once; at infinities and
NaN what IEEE 754 and NumPy say.

    python3 -m venv env && env/bin/pip install mpmath numpy && env/bin/python values.py > values.json
"""
import json
import math

import numpy as np
from mpmath import mp, mpf

mp.dps = 700
INF, NAN, TINY, LEAST = math.inf, math.nan, 2.0**-1022, 2.0**-1074
WIDE = [0.0, -0.0, LEAST, -LEAST, TINY, -TINY / 4, 1e-300, 1e-9, -1e-5, 0.3, -0.75, 1.0, -1.0, 2.5, -3.5, 20.0, -40.0, 700.0, -708.0, 710.0, -746.0,
        1e4, -1e4, 1e16, 1e300, -1e300, INF, -INF, NAN]
SMALL = [x for x in WIDE if not abs(x) > 1e4]
PAIRS = [(0.0, 0.0), (0.0, -0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 2.0), (0.0, -1.0), (LEAST, 2.0), (1e300, 1e300), (1e300, -1e300), (1e-300, 1e300),
         (-2.0, 3.0), (-2.0, 0.5), (2.0, 1e4), (2.0, -1e4), (1.0, INF), (INF, 0.0), (INF, INF), (-INF, 2.0), (NAN, 0.0), (0.0, NAN), (1.0, NAN), (3.0, 2.0),
         (0.1, 0.3), (7.0, -0.5)]


def lgamma(x):
    if x == mp.floor(x) and x <= 0:
        return mp.inf
    return mp.log(abs(mp.gamma(x))) if abs(x) < 150 else mp.re(mp.loggamma(x)) if x > 0 else mp.log(mp.pi / abs(mp.sin(mp.pi * x))) - mp.loggamma(1 - x)


def power(x, y):
    if x == 0:
        return mp.inf if y < 0 else mpf(1) if y == 0 else mpf(0)
    if x < 0 and y != mp.floor(y):
        return mp.nan
    return x**y


def silent(f):
    def value(*x):
        with np.errstate(all="ignore"):
            return float(f(*map(np.float64, x)))
    return value


def real(f):  # NaN outside the domain
    return lambda x: f(x) if mp.im(f(x)) == 0 else mp.nan


np_sigmoid = lambda x: 1 / (1 + np.exp(-x))
# text: (by mpmath, what there is at infinities and NaN, points)
UNARY = {
    "exp(x)": (mp.exp, np.exp, WIDE), "expm1(x)": (mp.expm1, np.expm1, WIDE),
    "log(x)": (lambda x: -mp.inf if x == 0 else mp.log(x) if x > 0 else mp.nan, np.log, WIDE),
    "log1p(x)": (lambda x: -mp.inf if x == -1 else mp.log(1 + x) if x > -1 else mp.nan, np.log1p, WIDE),
    "sqrt(x)": (lambda x: mp.sqrt(x) if x >= 0 else mp.nan, np.sqrt, WIDE), "abs(x)": (abs, np.abs, WIDE), "sign(x)": (mp.sign, np.sign, WIDE),
    "floor(x)": (mp.floor, np.floor, WIDE), "ceil(x)": (mp.ceil, np.ceil, WIDE), "round(x)": (mp.nint, np.rint, WIDE),
    "sin(x)": (mp.sin, np.sin, WIDE), "cos(x)": (mp.cos, np.cos, WIDE), "tan(x)": (mp.tan, np.tan, WIDE),
    "asin(x)": (lambda x: mp.asin(x) if abs(x) <= 1 else mp.nan, np.arcsin, WIDE), "acos(x)": (lambda x: mp.acos(x) if abs(x) <= 1 else mp.nan, np.arccos, WIDE),
    "atan(x)": (mp.atan, np.arctan, WIDE), "sinh(x)": (mp.sinh, np.sinh, WIDE), "cosh(x)": (mp.cosh, np.cosh, WIDE), "tanh(x)": (mp.tanh, np.tanh, WIDE),
    "sigmoid(x)": (lambda x: 1 / (1 + mp.exp(-x)), np_sigmoid, WIDE), "softplus(x)": (lambda x: mp.log1p(mp.exp(x)), lambda x: np.logaddexp(0, x), WIDE),
    "erf(x)": (mp.erf, math.erf, WIDE), "lgamma(x)": (lgamma, lambda x: abs(x) if x == x else x, [x for x in WIDE if x != 1e300 and x != -1e300]),
    "relu(x)": (lambda x: max(x, mpf(0)), lambda x: np.maximum(0, x), WIDE), "x^2": (lambda x: x * x, np.square, WIDE),
    "x^3": (lambda x: x**3, lambda x: x**3, WIDE), "x^-1": (lambda x: power(x, mpf(-1)), lambda x: 1 / x, [x for x in WIDE if math.copysign(1, x) > 0 or x]),
    "x^0": (lambda x: mpf(1), lambda x: 1.0, WIDE), "x^0.5": (lambda x: mp.sqrt(x) if x >= 0 else mp.nan, np.sqrt, [x for x in WIDE if x != -INF]),
    "-x": (lambda x: -x, np.negative, WIDE), "silu(x)": (lambda x: x / (1 + mp.exp(-x)), lambda x: x * np_sigmoid(x), [x for x in SMALL if x > -709]),
    "gelu(x)": (lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2, lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))), [0.0, 0.3, 1.0, 2.5, 20.0, 1e4, 1e300, INF, NAN]),
}
BINARY = {
    "x + y": (lambda x, y: x + y, np.add), "x - y": (lambda x, y: x - y, np.subtract), "x * y": (lambda x, y: x * y, np.multiply),
    "x / y": (None, np.divide), "min(x, y)": (min, np.minimum), "max(x, y)": (max, np.maximum), "x ^ y": (power, np.power),
    "atan2(x, y)": (None, np.arctan2),
}


def double(x):
    """Rounded to a double, as JSON can say it."""
    if isinstance(x, float) or mp.isnan(x) or mp.isinf(x):
        x = float(x)
        return "nan" if x != x else "inf" if x == INF else "-inf" if x == -INF else x
    if x == 0:
        return 0.0
    if abs(x) >= mpf(2)**1024 * (1 - mpf(2)**-54):
        return "inf" if x > 0 else "-inf"
    shift = 52 - int(mp.floor(mp.log(abs(x), 2))) if abs(x) >= mpf(2)**-1022 else 1074
    return math.ldexp(int(mp.nint(x * mpf(2)**shift)), -shift)


def value(exact, ieee, point):
    if exact is None or not all(map(math.isfinite, point)):
        return double(silent(ieee)(*point))
    return double(exact(*map(mpf, point)))


def rows(exact, ieee, points):
    return [{"at": [double(p) for p in point], "value": value(exact, ieee, point)} for point in points]


table = {text: rows(exact, ieee, [(p,) for p in points]) for text, (exact, ieee, points) in UNARY.items()}
table |= {text: rows(exact, ieee, PAIRS) for text, (exact, ieee) in BINARY.items()}
print("{")
print(",\n".join(f'{json.dumps(text)}: [\n' + ",\n".join(map(json.dumps, rows)) + "]" for text, rows in table.items()))
print("}")
