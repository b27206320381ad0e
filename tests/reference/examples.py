#!/usr/bin/env python3
"""Losses and gradients of the examples by JAX in f64, from definitions written apart from ours: writes examples.json, which
holds of each gradient its norm and the entries at some places (example_cases.places).

    python3 -m venv env && env/bin/pip install jax && env/bin/python examples.py GRADUS [NAME…]
"""
import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import numpy as np

from example_cases import CASES, EXAMPLES, data_of, places, shapes_of, weights_of

jax.config.update("jax_enable_x64", True)
HERE = pathlib.Path(__file__).parent
relu, sigmoid, softplus, gelu = jax.nn.relu, jax.nn.sigmoid, jax.nn.softplus, jax.nn.gelu


def ce(z, label):
    return -jnp.take_along_axis(jax.nn.log_softmax(z), label[..., None], -1)[..., 0]


def dense(P, name, x, act=lambda z: z):
    return act(x @ P[name + ".W"] + P[name + ".b"])


def conv(P, name, x, stride=1, padding=0):
    y = jax.lax.conv_general_dilated(x, P[name + ".K"], (stride, stride), [(padding, padding)] * 2)
    return y + P[name + ".b"][:, None, None]


def pool(x):
    b, c, h, w = x.shape
    return x[:, :, :h // 2 * 2, :w // 2 * 2].reshape(b, c, h // 2, 2, w // 2, 2).max((3, 5))


def layer_norm(P, name, x):
    mean, var = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
    return (x - mean) / jnp.sqrt(var + 1e-5) * P[name + ".gamma"] + P[name + ".beta"]


def attention(P, name, x, heads):
    b, t, d = x.shape
    q, k, v = ((x @ P[f"{name}.W{c}"] + P[f"{name}.b{c}"]).reshape(b, t, heads, d // heads).transpose(0, 2, 1, 3) for c in "qkv")
    scores = q @ k.transpose(0, 1, 3, 2) / np.sqrt(d // heads)
    scores = jnp.where(np.tril(np.ones((t, t), bool)), scores, -jnp.inf)
    y = (jax.nn.softmax(scores) @ v).transpose(0, 2, 1, 3).reshape(b, t, d)
    return y @ P[name + ".Wo"] + P[name + ".bo"]


def two_neurons(P, D):
    x, y = jnp.array([0.5, -1.0, 2.0, 0.1]), jnp.array([1.0, 0, 1, 0])
    p = sigmoid(P["w2"] * sigmoid(P["w1"] * x))
    return -(y * jnp.log(p) + (1 - y) * jnp.log(1 - p)).mean()


def digits(P, D):
    h = dense(P, "h", D["image"].reshape(len(D["image"]), -1), relu)
    return ce(dense(P, "logits", h), D["label"]).mean()


def iris(P, D):
    return ce(dense(P, "logits", dense(P, "h", D["x"], jnp.tanh)), D["species"]).mean()


def mnist(P, D):
    x = D["image"].reshape(len(D["image"]), -1) / 255
    return ce(dense(P, "logits", dense(P, "h2", dense(P, "h1", x, relu), relu)), D["label"]).mean()


def logistic_regression(P, D):
    z = D["x"] @ P["w"] + P["b"]
    return (softplus(z) - D["y"] * z).mean() + 1e-3 * (P["w"]**2).sum()


def polynomial_regression(P, D):
    power = D["horsepower"][:, None] ** np.arange(4)
    return ((power @ P["w"] - D["mpg"])**2).mean()


def lenet(P, D):
    x = pool(relu(conv(P, "c1", D["image"][:, None] / 255, padding=2)))
    x = pool(relu(conv(P, "c2", x)))
    h = dense(P, "h2", dense(P, "h1", x.reshape(len(x), -1), relu), relu)
    return ce(dense(P, "logits", h), D["label"]).mean()


def convolutional_autoencoder(P, D):
    x = D["image"][:, None]
    twice = lambda y: y.repeat(2, 2).repeat(2, 3)
    e = relu(conv(P, "e2", relu(conv(P, "e1", x, 2, 1)), 2, 1))
    code = dense(P, "code", e.reshape(len(e), -1))
    d = dense(P, "dense0", code, relu).reshape(-1, 16, 7, 7)
    d = conv(P, "d3", twice(relu(conv(P, "d2", twice(d), padding=1))), padding=1)
    return (softplus(d) - x * d).mean()


def vae(P, D):
    x = D["image"].reshape(len(D["image"]), -1)
    h = dense(P, "h", x, relu)
    mu, logvar = dense(P, "mu", h), dense(P, "logvar", h)
    z = dense(P, "logits", dense(P, "d", mu, relu))
    return ((softplus(z) - x * z).sum(1) + 0.5 * (mu**2 + jnp.exp(logvar) - 1 - logvar).sum(1)).mean()


def character_model(P, D, cell):
    text = D["text"]
    xs = P["x.E"][text[:, :-1]].transpose(1, 0, 2)
    n = P["h.Wh"].shape[0]
    zero = jnp.zeros((len(text), n))
    _, hs = jax.lax.scan(lambda carry, x: cell(P, carry, x, n), (zero, zero), xs)
    return ce(dense(P, "logits", hs.transpose(1, 0, 2)), text[:, 1:]).mean()


def lstm_cell(P, carry, x, n):
    h, c = carry
    i, f, g, o = jnp.split(x @ P["h.Wx"] + h @ P["h.Wh"] + P["h.b"], 4, -1)
    c = sigmoid(f) * c + sigmoid(i) * jnp.tanh(g)
    h = sigmoid(o) * jnp.tanh(c)
    return (h, c), h


def gru_cell(P, carry, x, n):
    h, other = carry
    wx, wh, b = (jnp.split(P[f"h.{k}"], 3, -1) for k in ("Wx", "Wh", "b"))
    r, z = (sigmoid(x @ wx[k] + h @ wh[k] + b[k]) for k in (0, 1))
    new = jnp.tanh(x @ wx[2] + b[2] + r * (h @ wh[2]))
    h = (1 - z) * new + z * h
    return (h, other), h


def lstm(P, D):
    return character_model(P, D, lstm_cell)


def gru(P, D):
    return character_model(P, D, gru_cell)


def transformer(P, tokens, prefix, wte, wpe, heads, act):
    x = P[wte][tokens[:, :-1]] + P[wpe]
    rounds = 1 + max(int(key.split("[")[1].split("]")[0]) for key in P if key.startswith(prefix + "["))
    for k in range(rounds):
        at = next(key for key in P if key.startswith(f"{prefix}[{k}].")).split(".")[1]
        name = f"{prefix}[{k}].{at}."
        y = x + attention(P, name + "a", layer_norm(P, name + "layer_norm0", x), heads)
        x = y + dense(P, name + "m", dense(P, name + "h", layer_norm(P, name + "layer_norm1", y), act))
    return ce(layer_norm(P, "final", x) @ P[wte].T, tokens[:, 1:]).mean()


def nanogpt(P, D):
    return transformer(P, D["text"], "y", "token.E", "position", 2, lambda x: gelu(x, approximate=False))


def gpt2(P, D):
    return transformer(P, D["tokens"], "h", "wte.E", "wpe", 2, lambda x: gelu(x, approximate=True))


def matrix_factorisation(P, D):
    viewer = np.array([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 5, 5, 5])
    film = np.array([0, 1, 4, 0, 1, 3, 2, 3, 4, 0, 2, 3, 4, 0, 1, 2, 1, 2, 3])
    stars = np.array([5, 4, 1, 4, 5, 1, 5, 4, 5, 1, 4, 5, 4, 5, 5, 1, 2, 5, 4.0])
    rating = P["bias"][film] + (P["U"][viewer] * P["V"][film]).sum(1)
    return ((rating - stars)**2).mean() + 0.02 * ((P["U"]**2).sum() + (P["V"]**2).sum()) / 6


def word2vec(P, D):
    text = D["text"]
    v = P["centre"][text[:, 2]]
    positive = jnp.einsum("nd,nkd->nk", v, P["context"][text[:, [0, 1, 3, 4]]])
    negative = jnp.einsum("nd,nkd->nk", v, P["context"][text])
    return (softplus(-positive).sum(1) + softplus(negative).sum(1)).mean()


def gaussian_process(P, D):
    x = np.array([-4, -3.4, -2.9, -2.1, -1.6, -1, -0.3, 0.2, 0.9, 1.5, 2.2, 2.8, 3.3, 4])
    y = np.array([0.8, 0.2, -0.3, -0.8, -1.1, -0.8, -0.2, 0.3, 0.7, 1.1, 0.7, 0.4, -0.2, -0.7])
    r = x[:, None] - x
    K = jnp.exp(2 * P["amplitude"] - r**2 / (2 * jnp.exp(2 * P["scale"]))) + jnp.exp(2 * P["noise"]) * np.eye(len(x))
    return 0.5 * (y @ jnp.linalg.solve(K, y) + jnp.linalg.slogdet(K)[1] + len(x) * np.log(2 * np.pi))


def mixture_density(P, D):
    h = dense(P, "h", D["point"][:, :1], jnp.tanh)
    weight = jax.nn.log_softmax(dense(P, "dense0", h))
    mean, scale = dense(P, "mean_of", h), dense(P, "log_scale", h)
    u = (D["point"][:, 1:] - mean) / jnp.exp(scale)
    return -jax.nn.logsumexp(weight - 0.5 * u**2 - scale - 0.5 * np.log(2 * np.pi), 1).mean()


def neural_ode(P, D):
    steps, dt = 4, 1 / 4
    f = lambda h: jnp.tanh(h @ P["W1"] + P["b1"]) @ P["W2"]
    h = jnp.pad(D["x"], ((0, 0), (0, 1)))
    for _ in range(steps):
        k1 = f(h)
        k2 = f(h + dt / 2 * k1)
        k3 = f(h + dt / 2 * k2)
        k4 = f(h + dt * k3)
        h = h + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return ce(dense(P, "logits", h), D["y"]).mean()


def burgers(P, D):
    gx, gt = np.meshgrid(np.linspace(-1, 1, 5), np.linspace(0, 1, 4), indexing="ij")

    def u(x, t):
        h = jnp.stack([x, t])
        for name in ("net.h1", "net.h2", "net.h3"):
            h = dense(P, name, h, jnp.tanh)
        return -jnp.sin(jnp.pi * x) + t * (1 - x**2) * dense(P, "net.dense0", h)[0]

    def residual(x, t):
        return jax.grad(u, 1)(x, t) + u(x, t) * jax.grad(u)(x, t) - 0.01 / np.pi * jax.grad(jax.grad(u))(x, t)
    return (jax.vmap(residual)(gx.ravel(), gt.ravel())**2).mean()


def gan(P, D):
    def network(name, z):
        return dense(P, name + ".dense0", dense(P, name + ".h2", dense(P, name + ".h1", z, relu), relu))
    real = D["real_point"]
    fake = network("gen", real[::-1])
    critic = lambda x: network("score", x)[..., 0]
    slope = jax.vmap(jax.grad(critic))(0.5 * real + 0.5 * fake)
    penalty = ((jnp.sqrt((slope**2).sum(1)) - 1)**2).mean()
    return critic(fake).mean() - critic(real).mean() + 10 * penalty


def graph_convolution(P, D):
    text = (EXAMPLES / "graph_convolution.grad").read_text()
    edges = [json.loads("[" + part.split("]")[0] + "]") for part in text.split("[edge] = [")[1:]]
    faction = json.loads("[" + text.split("[members] = [")[1].split("]")[0] + "]")
    A = np.eye(34)
    for i, j in zip(*edges):
        A[i, j] += 1
        A[j, i] += 1
    A = A / np.sqrt(A.sum(1)[:, None] * A.sum(1))
    z = A @ jnp.tanh(A @ P["W1"]) @ P["W2"]
    return ce(z[0], np.array(faction[0])) + ce(z[33], np.array(faction[33]))


def crf(P, D):
    text = (EXAMPLES / "crf.grad").read_text()
    roll, die = (np.array(json.loads(part.split("]]")[0] + "]]")) for part in text.split("[batch, time] = ")[1:])
    e = P["emission"][roll]
    score = jnp.take_along_axis(e, die[..., None], 2).sum((1, 2)) + P["transition"][die[:, :-1], die[:, 1:]].sum(1)
    a = e[:, 0]
    for t in range(1, e.shape[1]):
        a = e[:, t] + jax.nn.logsumexp(a[:, :, None] + P["transition"], 1)
    return (jax.nn.logsumexp(a, 1) - score).mean() + 0.01 * ((P["emission"]**2).sum() + (P["transition"]**2).sum())


def siamese(P, D):
    def embed(x):
        h = dense(P, "left.h2", dense(P, "left.h1", x.reshape(len(x), -1), relu), relu)
        return dense(P, "left.dense0", h)
    same = D["label"] == D["label"][::-1]
    difference = embed(D["image"]) - embed(D["image"][::-1])
    square = (difference**2).sum(1)
    distance = jnp.where(square == 0, 0, jnp.sqrt(jnp.where(square == 0, 1, square)))
    return jnp.where(same, square, relu(1 - distance)**2).mean()


def time_series(P, D):
    y = jnp.log(D["passengers"])
    error = [P["b"] + P["w"] @ y[t:t + 13] - y[t + 13] for t in range(len(y) - 13 - 24)]
    return (jnp.stack(error)**2).mean()


def penguins(P, D):
    x = jnp.concatenate([D["measures"], jax.nn.one_hot(D["island"], 3)], 1)
    return ce(dense(P, "logits", dense(P, "h", x, relu)), D["species"]).mean()


def xor(P, D):
    z = dense(P, "dense0", dense(P, "h", D["x"], jnp.tanh))[:, 0]
    return (softplus(z) - D["y"] * z).mean()


def moons(P, D):
    z = dense(P, "dense0", dense(P, "h2", dense(P, "h1", D["x"], jnp.tanh), jnp.tanh))[:, 0]
    return (softplus(z) - D["y"] * z).mean()


REFERENCES = {name: made for name, made in globals().items() if name in CASES}


def main():
    gradus, *names = sys.argv[1:]
    path = HERE / "examples.json"
    stored = json.loads(path.read_text()) if path.exists() else {}
    for name in names or CASES:
        weights = weights_of(name, shapes_of(gradus, name))
        loss, gradients = jax.value_and_grad(REFERENCES[name])(weights, data_of(name))
        stored[name] = {"loss": float(loss), "gradients": {}}
        for key, gradient in gradients.items():
            flat = np.asarray(gradient).ravel()
            stored[name]["gradients"][key] = {"largest": float(np.max(np.abs(flat))), "norm": float(np.linalg.norm(flat)),
                                              "entries": [float(x) for x in flat[places(gradient.shape)]]}
    path.write_text(json.dumps(dict(sorted(stored.items())), indent=0) + "\n")


if __name__ == "__main__":
    main()
