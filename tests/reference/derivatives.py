#!/usr/bin/env python3
"""Losses and gradients of the models whose files take derivatives, by JAX in f64; what models.py does for the others.

    python3 -m venv env && env/bin/pip install jax && env/bin/python derivatives.py [NAME…]
"""
import pathlib
import re
import sys
import zlib

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).parent / "models"
SIZES = {"batch": 7, "n": 4, "d": 3}
sigmoid, softplus = jax.nn.sigmoid, jax.nn.softplus
MODELS, SIGNS, SHARES = {}, {"meta_learning": {"y", "t"}}, {"gradient_penalty": {"eps"}, "pinn_poisson": {"X"}}


def model(function):
    MODELS[function.__name__] = function
    return function


def each(f, *which):
    """∂f/∂which of a function of one sample's numbers, sample by sample."""
    for argument in which:
        f = jax.grad(f, argument)
    return jax.vmap(f)


@model
def pinn_burgers(P, D):
    def net(x, t):
        return (jnp.tanh(jnp.tanh(jnp.stack([x, t]) @ P["W1"] + P["b1"]) @ P["W2"]) @ P["W3"])[0]
    x, t = D["x"][:, 0], D["t"][:, 0]
    r = each(net, 1)(x, t) + jax.vmap(net)(x, t) * each(net, 0)(x, t) - 0.01 * each(net, 0, 0)(x, t)
    return (r**2).mean() + ((jax.vmap(net)(D["x0"][:, 0], jnp.zeros(4)) - D["u0"][:, 0])**2).mean()


@model
def pinn_poisson(P, D):
    def net(x, y):
        return x * (1 - x) * y * (1 - y) * (sigmoid(jnp.stack([x, y]) @ P["W1"] + P["b1"]) @ P["W2"])
    x, y = D["X"].T
    f = 2 * jnp.pi**2 * jnp.sin(jnp.pi * x) * jnp.sin(jnp.pi * y)
    return ((each(net, 0, 0)(x, y) + each(net, 1, 1)(x, y) + f)**2).mean()


@model
def pinn_wave(P, D):
    def u(x, t):
        return jnp.sin(x * P["k"] + t * P["s"]) @ P["a"]
    x, t, c = D["x"], D["t"], P["c"]
    return (((each(u, 1, 1)(x, t) - c**2 * each(u, 0, 0)(x, t))**2).mean()
            + 0.1 * (each(u, 1)(x, t)**2 + c**2 * each(u, 0)(x, t)**2).mean())


@model
def hamiltonian(P, D):
    def H(q, p):
        return softplus(jnp.concatenate([q, p]) @ P["A"] + P["b"]) @ P["v"]
    q, p = D["q"], D["p"]
    return ((each(H, 1)(q, p) - D["dq"])**2).mean() + ((each(H, 0)(q, p) + D["dp"])**2).mean()


@model
def gradient_penalty(P, D):
    def critic(x):
        return jax.nn.leaky_relu(jax.nn.leaky_relu(x @ P["W1"] + P["b1"], 0.2) @ P["W2"], 0.2) @ P["w3"]
    between = D["eps"] * D["genuine"] + (1 - D["eps"]) * D["fake"]
    norms = jnp.linalg.norm(jax.vmap(jax.grad(critic))(between), axis=1)
    return critic(D["fake"]).mean() - critic(D["genuine"]).mean() + 10 * ((norms - 1)**2).mean()


@model
def meta_learning(P, D):
    def task(w, b, X, y):
        return softplus(-(y * (X @ w + b)) * jnp.exp(P["temper"])).mean()
    w, b = P["w"], P["b"]
    for _ in range(2):
        dw, db = jax.grad(task, (0, 1))(w, b, D["X"], D["y"])
        w, b = w - 0.1 * dw, b - 0.1 * db
    return task(w, b, D["Z"], D["t"])


@model
def second_order(P, D):
    v, A = D["v"], P["A"]
    def q(w):
        return softplus(D["X"] @ w).sum() + w @ (A @ w) * jnp.prod(w)
    def y(w, A):
        return jnp.tanh(A @ w) * w
    w = P["w"]
    H = jax.hessian(q)(w)
    J = jax.jacobian(y)(w, A)
    K = jax.jacobian(y, 1)(w, A)
    E = jax.jacobian(lambda w: jnp.exp(w) / (1 + w**2))(w)
    return (H**2).sum() + v @ H @ v + ((H @ v)**2).sum() + (J**3).sum() + (J @ v) @ v + (K**2).sum() + jnp.trace(E @ J)


@model
def score_matching(P, D):
    def score(x):
        return jnp.tanh(x @ P["W"] + P["b"]) @ P["V"]
    x, probe = D["x"], D["probe"]
    traces = jax.vmap(lambda x: jnp.trace(jax.jacobian(score)(x)))(x)
    exact = (traces + 0.5 * (score(x)**2).sum(1)).mean()
    along = jax.vmap(lambda x, v: v @ jax.jvp(score, (x,), (v,))[1])(x, probe)
    return exact + (along + 0.5 * (score(x) * probe).sum(1)**2).mean()


@model
def third_order(P, D):
    def u(x):
        return sigmoid(x * P["a"] + P["b"]) @ P["c"]
    x = D["x"]
    r = each(u, 0, 0)(x)**2 + x * each(u, 0, 0, 0)(x) + each(u, 0, 0, 0, 0)(x) - jnp.sin(x)
    return (r**2).mean()


@model
def held(P, D):
    x, w, m = D["x"], P["w"], P["m"]
    s = w * x
    stop = jax.lax.stop_gradient
    frozen = stop(s) * 2 * s
    same = s**2 + jnp.cos(s) * s
    return (s / (1 + jnp.exp(s)) + same + frozen).mean() + 12 + 3 * w**2 + (3 * m**2 * stop(m)).sum()


@model
def overrides(P, D):
    stop = jax.lax.stop_gradient
    w, v, b, X = P["w"], P["v"], P["b"], D["X"]
    def turned(x, by=2):
        return -by * x + stop((1 + by) * x)
    s = X @ w + b
    quantised = s + stop(jnp.round(4 * s) / 4 - s)
    steep = -0.25 * jnp.exp(s)**-1.5
    scaled = X * (2 * v - stop(v))
    return (((quantised - D["y"])**2).mean() + turned(s * b).mean() + (turned(s, 3)**2).mean() + (jnp.sin(s)**2).mean()
            + (scaled**2).mean() + 0.01 * steep.mean())


def shape_of(text):
    return tuple(int(eval(d, {}, SIZES)) for d in text.strip("[]").split(",")) if text else ()


def inputs(name, source, random):
    for key, shape in re.findall(r"^input (\w+): (\[.*?\])", source, re.M):
        values = random.standard_normal(shape_of(shape))
        if key in SIGNS.get(name, ()):
            values = np.sign(values)
        if key in SHARES.get(name, ()):
            values = 1 / (1 + np.exp(-values))
        yield key, values


def parameters(source, random):
    for key, shape in re.findall(r"^param (\w+)(?:: (\[.*?\]))? =", source, re.M):
        yield key, np.asarray(0.6 * random.standard_normal(shape_of(shape)))


for name in sys.argv[1:] or sorted(MODELS):
    loss, source = MODELS[name], (HERE / f"{name}.grad").read_text()
    random = np.random.default_rng(zlib.crc32(name.encode()))
    data, weights = dict(inputs(name, source, random)), dict(parameters(source, random))
    value, gradients = jax.value_and_grad(loss)({k: jnp.asarray(v) for k, v in weights.items()}, data)
    assert np.isfinite(value) and all(np.isfinite(g).all() for g in gradients.values()), name
    for kind, arrays in ("data", data), ("weights", weights), ("gradients", {**gradients, "loss": value}):
        np.savez_compressed(HERE / f"{name}.{kind}.npz", **{k: np.asarray(v) for k, v in arrays.items()})
    print(f"{name:18} loss {value:.6f}  inputs {', '.join(data)}  parameters {', '.join(weights)}")
