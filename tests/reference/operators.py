#!/usr/bin/env python3
"""Values and derivatives of the elementwise operators by JAX in f64: writes operators.json.

    python3 -m venv env && env/bin/pip install jax && env/bin/python operators.py > operators.json

One entry an operator: points, and at each the value, the first derivative by each operand, and the
second derivative by each operand, at points where they are smooth.
"""
import json

import jax
import jax.numpy as jnp
import jax.scipy.special as special

jax.config.update("jax_enable_x64", True)

WIDE = [-30.0, -4.5, -1.0, -0.3, 0.2, 0.9, 3.0, 25.0]
UNIT = [-0.95, -0.5, -0.1, 0.05, 0.6, 0.99]
POSITIVE = [1e-8, 0.01, 0.3, 1.0, 2.5, 40.0, 1e6]
PAIRS = [(0.5, 1.5), (2.0, -0.7), (-1.2, 3.0), (-0.4, -2.2), (7.0, 0.1)]
POWERS = [(0.5, 1.5), (2.0, -0.7), (1.2, 3.0), (10.0, 0.0), (0.01, 2.0)]

UNARY = {
    "neg": (lambda x: -x, WIDE), "abs": (jnp.abs, WIDE), "sign": (jnp.sign, WIDE),
    "floor": (jnp.floor, WIDE), "ceil": (jnp.ceil, WIDE), "round": (jnp.round, WIDE),
    "exp": (jnp.exp, WIDE), "expm1": (jnp.expm1, WIDE), "log": (jnp.log, POSITIVE),
    "log1p": (jnp.log1p, POSITIVE + UNIT), "sqrt": (jnp.sqrt, POSITIVE),
    "sin": (jnp.sin, WIDE), "cos": (jnp.cos, WIDE), "tan": (jnp.tan, UNIT + [2.0, 30.0]),
    "asin": (jnp.arcsin, UNIT), "acos": (jnp.arccos, UNIT), "atan": (jnp.arctan, WIDE),
    "sinh": (jnp.sinh, WIDE), "cosh": (jnp.cosh, WIDE), "tanh": (jnp.tanh, UNIT + [-4.0, 3.0]),
    "sigmoid": (jax.nn.sigmoid, WIDE), "softplus": (jax.nn.softplus, WIDE),
    "erf": (special.erf, UNIT + [-3.0, 2.0]),
    "lgamma": (special.gammaln, [0.1, 0.5, 1.5, 3.0, 10.0, 200.0]),
}
BINARY = {
    "add": (lambda x, y: x + y, PAIRS), "sub": (lambda x, y: x - y, PAIRS),
    "mul": (lambda x, y: x * y, PAIRS), "div": (lambda x, y: x / y, PAIRS),
    "pow": (jnp.power, POWERS), "min": (jnp.minimum, PAIRS), "max": (jnp.maximum, PAIRS),
    "atan2": (jnp.arctan2, PAIRS),
}


def entry(f, points):
    rows = []
    for point in points:
        arguments = [jnp.float64(p) for p in point]
        first = [jax.grad(f, k)(*arguments) for k in range(len(point))]
        second = [jax.grad(jax.grad(f, k), k)(*arguments) for k in range(len(point))]
        rows.append({"at": list(point), "value": float(f(*arguments)),
                     "first": [float(d) for d in first], "second": [float(d) for d in second]})
    return rows


table = {name: entry(f, [(p,) for p in points]) for name, (f, points) in UNARY.items()}
table |= {name: entry(f, points) for name, (f, points) in BINARY.items()}
print("{")
print(",\n".join(f'"{name}": [\n' + ",\n".join(json.dumps(row) for row in rows) + "]" for name, rows in table.items()))
print("}")
