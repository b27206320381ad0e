#!/usr/bin/env python3
"""Losses and gradients of models/*.grad by JAX in f64: writes NAME.data.npz, NAME.weights.npz and NAME.gradients.npz
(the gradients under the parameters' names, and the loss as `loss`) beside each model.

    python3 -m venv env && env/bin/pip install jax && env/bin/python models.py [NAME…]
"""
import pathlib
import re
import sys
import zlib

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import gammaln

import index_models
import scan_models

jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).parent / "models"
SIZES = {"batch": 7, "features": 3, "n": 3, "d": 4} | scan_models.SIZES
sigmoid, softplus, relu = jax.nn.sigmoid, jax.nn.softplus, jax.nn.relu


def ce(z, label):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), label[:, None], 1)[:, 0]


def dense(P, name, x, act=lambda z: z):
    return act(x @ P[name + ".W"] + P.get(name + ".b", 0))


def bce(p, t):
    return -(t * jnp.log(p) + (1 - t) * jnp.log(1 - p))


def bce_logits(z, t):
    return softplus(z) - t * z


def huber(y, t, delta):
    e = jnp.abs(y - t)
    return jnp.where(e <= delta, 0.5 * e**2, delta * (e - 0.5 * delta))


def mlp(P, D):
    h = dense(P, "h2", dense(P, "h1", D["X"], relu), relu)
    return ce(dense(P, "logits", h), D["label"]).mean()


def mlp_shared(P, D):
    def block(x):
        return dense(P, "b.h", x, jnp.tanh) * dense(P, "b.g", x, sigmoid)
    b, c = block(D["X"]), block(D["Z"])
    return ((b - c)**2).mean() + ((b - 0.3)**2).mean()


def activations(P, D):
    z = D["X"] * P["w"]
    n = jax.nn
    return (relu(z) + n.leaky_relu(z, 0.01) + n.elu(z) + n.selu(z) + n.gelu(z, approximate=False) + n.gelu(z, approximate=True)
            + n.silu(z) + z * jnp.tanh(softplus(z)) + n.soft_sign(z) + z + sigmoid(z) + softplus(z) + jnp.tanh(z)).mean()


def elementwise(P, D):
    w, X = P["w"], D["X"]
    u = jnp.sin(w * X) + jnp.cos(X + w) + jnp.tan(0.3 * w) + jnp.arctan(w * X) + jnp.arcsin(0.2 * w) + jnp.arccos(0.1 * w)
    v = (jnp.sinh(w) + jnp.cosh(0.5 * w) + jnp.exp(w) + jnp.expm1(w) + jnp.log1p(w**2) + jnp.log(1 + w**2)
         + jnp.sqrt(1 + X**2 * w**2) + jax.scipy.special.erf(w))
    t = (jnp.abs(w - 0.31) + jnp.minimum(w, X) + jnp.maximum(w, 0.5 * X) + jnp.arctan2(w, 1 + X**2) + (1 + w**2)**1.5
         + 2**w + gammaln(1 + w**2))
    return u.mean() + v.mean() * 0.5 + t.mean()


def losses(P, D):
    y, s, T = D["y"], D["s"], D["T"]
    z = D["X"] @ P["W"]
    p, q = sigmoid(z), jax.nn.softmax(z)
    return (((z - y)**2).mean() + 2 * jnp.abs(z - y).mean() + huber(z, y, 0.7).mean() + bce(p, T).mean() + bce_logits(z, T).mean()
            + jnp.maximum(0, 1 - z * s).mean() - (T * jax.nn.log_softmax(z)).sum(-1).mean() + (T * (jnp.log(T) - jnp.log(q))).sum(-1).mean())


def poisson(P, D):
    eta = D["X"] @ P["w"]
    return (jnp.exp(eta) - D["k"] * eta + gammaln(D["k"] + 1)).mean()


def factorisation(P, D):
    r = (P["U"][D["user"]] * P["V"][D["item"]]).sum(1) + P["c"][D["item"]]
    return ((r - D["rating"])**2).mean() + 0.01 * ((P["U"]**2).sum() + (P["V"]**2).sum())


def normalised(P, D):
    h = D["X"] @ P["W"]
    u = (h - h.mean(-1, keepdims=True)) / jnp.sqrt(h.var(-1, keepdims=True) + 1e-5)
    v = (h - h.mean(0)) / (h.std(0) + 0.1)
    return ((P["gamma"] * u + P["beta"])**3).mean() + (v**4 * P["gamma"]).mean()


def attention(P, D):
    q, k, v = (D["X"] @ P[n] for n in ("Wq", "Wk", "Wv"))
    s = q @ k.swapaxes(-1, -2) / 2
    a = jax.nn.softmax(jnp.where(jnp.tril(jnp.ones((5, 5), bool)), s, -jnp.inf))
    return ((a @ v - D["Y"])**2).mean()


def reductions(P, D):
    X, w = D["X"], P["w"]
    z = X * w
    a, b, c, p, n = z.max(1), z.min((0, 2)), jax.scipy.special.logsumexp(z, 2), z.prod(2), jnp.sqrt((w**2).sum(1))
    e, f = z.cumsum(1), jax.nn.log_softmax(z)
    return ((a**2).mean() + b.sum() + c.mean() + p.mean() + (n**3).sum() + (e**2).mean() + (f * X).mean()
            + 0.1 * jnp.sqrt((z**2).sum()) + w.max() + w.std())


def structure(P, D):
    w, M = P["w"], P["M"]
    z = D["X"] * w
    B = z.shape[0]
    a, b = z[:, :3], z[:, 3:]
    c = jnp.concatenate([a, 2 * b, a * b], 1)
    d = jnp.stack([a, b])
    e = z.reshape(B, 2, 3)[:, :, ::-1]
    f = jnp.pad(e, [(0, 0), (1, 0), (0, 2)])
    g, h, k = z[:, 1:6:2] * z[:, 0:3], d.transpose(1, 2, 0), z[:, -1] + z[:, 0]
    return ((c**2).mean() + (d * d[:, :, ::-1]).mean() + (f**3).sum() / B + g.mean() + (h[..., 0] * a).mean() + (k**2).mean()
            + jnp.trace(M @ M.T) + (jnp.diag(M) * jnp.diag(M @ M)).sum() + (jnp.diag(w) @ w).sum() + (e.reshape(B, -1)[:, 2]**2).sum())


def lstm_cell(P, D):
    i, f, g, o = jnp.split(D["x"] @ P["Wx"] + D["h0"] @ P["Wh"] + P["b"], 4, 1)
    c = sigmoid(f) * D["c0"] + sigmoid(i) * jnp.tanh(g)
    return ((sigmoid(o) * jnp.tanh(c) - D["y"])**2).mean()


def rbf(P, D):
    d2 = ((D["X"][:, None, :] - P["centre"][None])**2).sum(2)
    return ((jnp.exp(-P["gamma"] * d2) @ P["w"] - D["y"])**2).mean()


def branches(P, D):
    z = D["X"] * P["w"]
    safe = jnp.where(z > 0, jnp.log(jnp.where(z > 0, z, 1)), -z)
    root = jnp.where(z > 1, jnp.sqrt(jnp.where(z > 1, z, 1)), z**2)
    return safe.mean() + root.mean() + (jnp.clip(z, -1, 2) * D["X"]).sum() + relu(P["w"]).mean()


def branches_in_loops(P, D):
    X, on, w, W = D["X"], D["on"], P["w"], P["W"]
    z = X * w
    positive = z.min(1) > 0
    safe = jnp.where(positive[:, None], z, 1.0)
    rows = jnp.where(positive, jnp.log(safe).sum(1), z.sum(1))
    h, roots = jnp.zeros(w.shape), []
    for v in z:
        h = h / 2 + v
        roots.append(jnp.where(v > 0, jnp.sqrt(jnp.where(v > 0, v, 1.0)) * h, 0))
    h, steps = w, []
    for v, p in zip(z, on):
        h = h + jnp.sin(v) if p > 0 else v
        steps.append(h)
    factors = jnp.where(positive, (jnp.log(safe) @ W)[:, 0], 0)
    B = z[on > 0][:, :, None] * z[on > 0][:, None, :] + jnp.eye(w.size)
    matrices = (jnp.linalg.slogdet(B)[1] + jnp.linalg.inv(B).sum((1, 2))).sum() / len(X)
    return (rows**2).mean() + jnp.stack(roots).mean() + (jnp.stack(steps)**2).mean() + (factors**2).mean() + matrices


def products(P, D):
    A, M, N, u, r = D["A"], P["M"], P["N"], P["u"], P["r"]
    a, b, c, s = A @ M @ N, u @ A, A @ r, u @ (N.T @ (M.T @ r))
    t = (A @ M) @ (A @ M).swapaxes(-1, -2)
    return (a**2).mean() + (b * D["v"]).mean() + (c**2).mean() + s**2 + t.mean()


def logistic(P, D):
    return bce_logits(D["X"] @ P["w"] + P.get("b", 0), D["y"]).mean()


def residual_blocks(P, D):
    h = D["x"]
    for k in range(3):
        h = (h + dense(P, f"y[{k}].h.dense0", dense(P, f"y[{k}].h.h", h, jnp.tanh))) * (1 + k / 10)
    a, b = D["x"], 0
    for k in (1, 2):
        a = a * P[f"u[{k}].w"] + b
        b = (a * a).sum() + b
    return ((h - D["t"])**2).mean() + 0.1 * (P["y[0].h.h.W"]**2).sum() + 1e-3 * a.mean() * b + P["u[2].w"].sum()


def gaussian_process(P, D):
    solve, slog = jax.scipy.linalg.solve, jnp.linalg.slogdet
    Z, y = D["X"] * jnp.exp(P["l"]), D["y"]
    n = y.shape[0]
    d2 = ((Z[:, None, :] - Z[None])**2).sum(2)
    K = jnp.exp(2 * P["s"]) * jnp.exp(-0.5 * d2) + jnp.exp(2 * P["noise"]) * jnp.eye(n)
    L = jnp.linalg.cholesky(K)
    constant = 0.5 * n * jnp.log(2 * jnp.pi)
    by_factor = 0.5 * y @ solve(L.T, solve(L, y)) + jnp.log(jnp.diag(L)).sum() + constant
    return by_factor + 0.3 * (0.5 * y @ jnp.linalg.inv(K) @ y + 0.5 * slog(K)[1] + constant)


def matrices(P, D):
    inv, det, slog = jnp.linalg.inv, jnp.linalg.det, jnp.linalg.slogdet
    A, W, c, v = D["A"], P["W"], P["c"], D["v"]
    E = 3 * jnp.eye(3)
    M, S = A * 0.3 + c * 0.2 + E, W @ W.T + E
    a, b, d = jnp.linalg.solve(M, D["B"]), jnp.linalg.solve(W + E, v), inv(W + E) @ S @ inv(W + E).T
    h = jnp.linalg.solve(jnp.broadcast_to(S, A.shape), A)
    return ((a**2).mean() + (b * v).sum() + (d * W).sum() + ((v @ inv(S))**3).sum() + slog(M)[1].mean()
            + (jnp.linalg.cholesky(S) * W).sum() + 0.1 * det(S) + (h * c).mean() + (inv(M) * c).sum() + slog(W + E)[1] + jnp.trace(inv(S)))


def gaussian_kl(P, D):
    A, B, r = P["A"], P["B"], D["m"] - P["mu"]
    S1, S2 = A @ A.T + jnp.eye(4), B @ B.T + 2 * jnp.eye(4)
    inverse = jnp.linalg.inv(S2)
    return 0.5 * (jnp.trace(inverse @ S1) + r @ inverse @ r - 4 + jnp.linalg.slogdet(S2)[1] - jnp.linalg.slogdet(S1)[1])


MODELS = {
    "linear": lambda P, D: ((D["X"] @ P["w"] + P["b"] - D["y"])**2).mean(),
    "ridge": lambda P, D: ((D["X"] @ P["w"] - D["y"])**2).mean() + 0.1 * (P["w"]**2).sum(),
    "logistic_spelt": logistic,
    "logistic_logits": logistic,
    "softmax_labels": lambda P, D: ce(D["X"] @ P["W"] + P["b"], D["label"]).mean(),
    "softmax_spelt": lambda P, D: -(D["T"] * jax.nn.log_softmax(D["X"] @ P["W"])).sum() / D["X"].shape[0],
    "softmax_onehot": lambda P, D: ce(D["X"] @ P["W"], D["label"]).mean(),
    "mlp_relu": mlp, "mlp_shared": mlp_shared, "activations": activations, "elementwise": elementwise, "losses": losses,
    "poisson": poisson, "factorisation": factorisation, "normalised": normalised, "attention": attention, "reductions": reductions,
    "structure": structure, "lstm_cell": lstm_cell, "kernel": rbf, "branches": branches, "branches_in_loops": branches_in_loops,
    "products": products,
    "residual_blocks": residual_blocks, "gaussian_process": gaussian_process, "matrices": matrices, "gaussian_kl": gaussian_kl,
} | index_models.MODELS | scan_models.MODELS
LAYERS = {  # parameters that layers own
    "residual_blocks": {f"y[{k}].h.{name}": shape for k in range(3) for name, shape in
                        {"h.W": (4, 5 + k), "h.b": (5 + k,), "dense0.W": (5 + k, 4), "dense0.b": (4,)}.items()}
                       | {"u[1].w": (4,), "u[2].w": (4,)},
    "mlp_relu": {"h1.W": (6, 8), "h1.b": (8,), "h2.W": (8, 7), "h2.b": (7,), "logits.W": (7, 3), "logits.b": (3,)},
    "mlp_shared": {"b.h.W": (4, 5), "b.h.b": (5,), "b.g.W": (4, 5)},
} | index_models.LAYERS | scan_models.LAYERS
DISTRIBUTIONS, LABELS, COUNTS, SIGNS = {"T"}, {"logistic_spelt", "logistic_logits"}, {"k"}, {"s"}


def shape_of(text):
    return tuple(int(eval(d, {}, SIZES)) for d in text.strip("[]").split(",")) if text else ()


def inputs(name, source, random):
    for kind, bound, key, shape in re.findall(r"^(input) (?=\w+: (index\(\d+\))?)(\w+): (?:index\(\d+\))?(\[.*?\])", source, re.M):
        shape = shape_of(shape)
        if bound:
            yield key, random.integers(0, int(bound[6:-1]), shape).astype(np.int64)
        elif key in DISTRIBUTIONS:
            e = random.random(shape) + 0.1
            yield key, e / e.sum(-1, keepdims=True)
        elif key in COUNTS:
            yield key, random.integers(0, 6, shape).astype(float)
        elif key in SIGNS or key == "y" and name in LABELS:
            yield key, np.where(random.random(shape) < 0.5, -1.0 if key in SIGNS else 0.0, 1.0)
        else:
            yield key, random.standard_normal(shape)


def parameters(name, source, random):
    shapes = {key: shape_of(shape) for key, shape in re.findall(r"^param (\w+)(?:: (\[.*?\]))? =", source, re.M)}
    for key, shape in (shapes | LAYERS.get(name, {})).items():
        yield key, np.asarray(0.6 * random.standard_normal(shape))


def states(name, random):
    for key, shape in index_models.STATES.get(name, {}).items():
        yield key, 0.5 + random.random(shape)


for name in sys.argv[1:] or sorted(MODELS):
    loss = MODELS[name]
    source = (HERE / f"{name}.grad").read_text()
    random = np.random.default_rng(zlib.crc32(name.encode()))
    data, weights = dict(inputs(name, source, random)), dict(parameters(name, source, random))
    kept = dict(states(name, random))
    value, gradients = jax.value_and_grad(lambda P: loss(P | kept, data))({k: jnp.asarray(v) for k, v in weights.items()})
    assert np.isfinite(value) and all(np.isfinite(g).all() for g in gradients.values()), name
    for kind, arrays in ("data", data), ("weights", weights | kept), ("gradients", {**gradients, "loss": value}):
        np.savez_compressed(HERE / f"{name}.{kind}.npz", **{k: np.asarray(v) for k, v in arrays.items()})
    print(f"{name:18} loss {value:.6f}  inputs {', '.join(data)}  parameters {', '.join(weights)}")
