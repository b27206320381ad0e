#!/usr/bin/env python3
"""Naive spellings of functions of exponentials, and what they are in real arithmetic: writes stability.json, by mpmath with as
many digits as the spelling loses.

    python3 -m venv env && env/bin/pip install mpmath gmpy2 && env/bin/python stability.py > stability.json

SCALARS are expressions in z in the language, which Python reads too; ROWS are of a row z of four logits and a one-hot row t.
Each has values, first and second derivatives (of rows: by each logit, and those of Σ w ⊙ gradient for w = 1, 2, 3, 4).
"""
import functools
import json
import math

import mpmath
from mpmath import mp, mpf

PRINCIPAL = ["1 / (1 + exp(-z))", "1 / (exp(-z) + 1)", "exp(z) / (1 + exp(z))", "exp(z) / (exp(z) + 1)", "1 - 1 / (1 + exp(z))", "sigmoid(z)",
             "exp(-softplus(-z))", "(1 + exp(-z))^-1", "exp(z - softplus(z))", "exp(-log(1 + exp(-z)))"]
OF_P = ["{p}", "1 - {p}", "log({p})", "log(1 - {p})", "-(0.3 * log({p}) + (1 - 0.3) * log(1 - {p}))", "{p} / (1 - {p})", "log({p} / (1 - {p}))",
        "{p} * (1 - {p})", "(1 - {p})^2 * log({p})", "{p} * log({p}) + (1 - {p}) * log(1 - {p})", "z * {p}"]
SCALARS = [form.format(p=f"({p})") for form in OF_P for p in PRINCIPAL] + [
    "log(1 + exp(z))", "log(exp(z) + 1)", "log1p(exp(z))", "log(1 + exp(-z)) + z", "-log(sigmoid(-z))", "softplus(z)", "log(1 + exp(2 * z - 3))",
    "log(2 + 2 * exp(z))", "log(1 + exp(z) * 3)", "z - log(1 + exp(z))", "log(1 + 1 / exp(z))", "log((1 + exp(z)) / exp(z))",
    "exp(z) - 1", "-1 + exp(z)", "1 - exp(z)", "1 - exp(-z)", "1 - 1 / exp(z)", "(exp(z) - 1) / exp(z)",
    "(exp(z) - exp(-z)) / (exp(z) + exp(-z))", "(exp(2 * z) - 1) / (exp(2 * z) + 1)", "2 * sigmoid(2 * z) - 1", "1 - 2 / (1 + exp(2 * z))",
    "(1 - exp(-2 * z)) / (1 + exp(-2 * z))",
    "log(exp(z))", "log(exp(z) * 5)", "log(exp(z) / (1 + exp(z)))", "log(1 / (1 + exp(z)))", "log(sigmoid(z)^2)", "log(sqrt(sigmoid(z)))",
    "log(exp(z) + exp(-z))", "log(exp(z) + exp(2 * z) + 1)", "log(exp(z) + exp(3 * z))", "exp(z) / (exp(z) + exp(-z))", "exp(z) / (exp(z) + 3)",
    "1 / (1 + exp(z))^2", "sigmoid(z) * sigmoid(-z)", "sigmoid(z) / sigmoid(-z)", "sigmoid(z)^2 / (1 - sigmoid(z))^2",
    "-log(sigmoid(z) * 0.7)", "log(1 - sigmoid(z) * 0.5)", "log(1 - sigmoid(z)) - log(sigmoid(z))",
]
POINTS = [-1e4, -1000, -745.2, -709.5, -100, -40, -20, -3, -1, -1e-3, -1e-9, 0, 1e-9, 1e-3, 1, 3, 20, 40, 100, 709.5, 745.2, 1000, 1e4]

NAMES = {"exp": mp.exp, "log": mp.log, "log1p": lambda x: mp.log(1 + x), "sqrt": mp.sqrt,
         "sigmoid": lambda x: 1 / (1 + mp.exp(-x)), "softplus": lambda x: mp.log(1 + mp.exp(x))}


def softmax(z):
    e = [mp.exp(x) for x in z]
    return [x / sum(e) for x in e]


def dot(x, y):
    return sum(a * b for a, b in zip(x, y))


# The language's text over z and t, of shape [rows, 4], one number a row; and the same of one row.
SUM = "sum(exp(z), axis = 1)"
KEPT = "sum(exp(z), axis = 1, keep = true)"
MAX = "max(z, axis = 1, keep = true)"
CROSS = [f"-sum(t * log({p}), axis = 1)" for p in
         ["softmax(z)", f"exp(z) / {KEPT}", f"exp(z - {MAX}) / sum(exp(z - {MAX}), axis = 1, keep = true)", f"exp(z) * (1 / {KEPT})",
          f"exp(log_softmax(z))", f"exp(z - log({KEPT}))"]]


def likelihood(z, t):
    return -dot(t, [mp.log(x) for x in softmax(z)])


def total(z, t):
    return mp.log(sum(mp.exp(x) for x in z))


def chosen(z, t):
    return dot(t, softmax(z))


def entropy(z, t):
    return -sum(x * mp.log(x) for x in softmax(z))


def brier(z, t):
    return sum((a - b)**2 for a, b in zip(softmax(z), t))


ROWS = dict.fromkeys(CROSS + [
    f"-sum(t * (z - log({KEPT})), axis = 1)", f"log({SUM}) - sum(t * z, axis = 1)", "-sum(t * log_softmax(z), axis = 1)",
    "logsumexp(z) - sum(t * z, axis = 1)", f"-log(sum(t * exp(z), axis = 1) / {SUM})", "-log(sum(t * softmax(z), axis = 1))",
    f"{MAX}[:, 0] + log(sum(exp(z - {MAX}), axis = 1)) - sum(t * z, axis = 1)", "cross_entropy(z, t)"], likelihood)
ROWS |= dict.fromkeys([f"log({SUM})", "logsumexp(z)", f"log(sum(exp(z - {MAX}), axis = 1)) + {MAX}[:, 0]",
                       "log(exp(z[:, 0]) + exp(z[:, 1]) + exp(z[:, 2]) + exp(z[:, 3]))"], total)
ROWS |= dict.fromkeys(["sum(t * softmax(z), axis = 1)", f"sum(t * (exp(z) / {KEPT}), axis = 1)", f"sum(t * exp(z), axis = 1) / {SUM}",
                       "sum(t * exp(log_softmax(z)), axis = 1)"], chosen)
ROWS |= dict.fromkeys(["-sum(softmax(z) * log(softmax(z)), axis = 1)", f"-sum(exp(z) / {KEPT} * log(exp(z) / {KEPT}), axis = 1)"], entropy)
ROWS |= {"sum((softmax(z) - t)^2, axis = 1)": brier}
LOGITS = [[1e4, -1e4, 0, 3], [-1e4, -1e4, -1e4, -1e4], [1e4, 1e4, 1e4, 1e4], [709.9, 710.1, -745, 700], [0.1, -0.2, 0.3, 1e-9],
          [1e4, 9999, 9998, -3], [-9999, -1e4, 5, 4]]


def double(x):
    """Rounded to a double, as JSON can say it."""
    x = mpf(x)
    if x == 0:
        return 0.0
    if abs(x) >= mpf(2)**1024 * (1 - mpf(2)**-54):
        return "inf" if x > 0 else "-inf"
    shift = max(53 - 1 - int(mp.floor(mp.log(abs(x), 2))), -1022 + 52) if abs(x) >= mpf(2)**-1022 else 1074
    return math.ldexp(int(mp.nint(x * mpf(2)**shift)), -shift)


def scalar(text):
    f = eval("lambda z: " + text.replace("^", "**"), dict(NAMES))
    rows = []
    for point in POINTS:
        mp.dps = 400 + int(abs(point) * 0.95)  # 1 − σ must not come out as 0
        rows.append([double(mp.diff(f, mpf(point), n) if n else f(mpf(point))) for n in range(3)])
    return rows


@functools.cache
def row(f):
    rows = []
    mp.dps = 500  # what is smaller than a double is 0
    for k, logits in enumerate(LOGITS):
        z = [mpf(x) for x in logits]
        t = [mpf(i == k % 4) for i in range(4)]
        along = [lambda h, i=i: f([x + h * (i == j) for j, x in enumerate(z)], t) for i in range(4)]
        first = [mp.diff(g, 0) for g in along]
        # ∂/∂zᵢ of Σ (j + 1) ∂f/∂zⱼ: the slope along w of the slope by zᵢ.
        mixed = [sum((j + 1) * mp.diff(lambda a, b, i=i, j=j: f([x + a * (k == i) + b * (k == j) for k, x in enumerate(z)], t), (0, 0), (1, 1))
                     for j in range(4)) for i in range(4)]
        rows.append([double(f(z, t)), [double(x) for x in first], [double(x) for x in mixed]])
    return rows


print("{")
print(f'"points": {json.dumps(POINTS)},\n"logits": {json.dumps(LOGITS)},\n"scalars": {{')
print(",\n".join(f"{json.dumps(text)}: {json.dumps(scalar(text))}" for text in dict.fromkeys(SCALARS)))
print('},\n"rows": {')
print(",\n".join(f"{json.dumps(text)}: {json.dumps(row(f))}" for text, f in ROWS.items()))
print("}}")
