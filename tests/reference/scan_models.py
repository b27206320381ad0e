"""The losses of the models with scans, in JAX: see models.py."""
import jax
import jax.numpy as jnp

scan, nn = jax.lax.scan, jax.nn
logsumexp = jax.scipy.special.logsumexp
sigmoid, tanh = nn.sigmoid, jnp.tanh


def lstm(P, name, x):
    Wx, Wh, b = (P[f"{name}.{k}"] for k in ("Wx", "Wh", "b"))

    def step(carry, xt):
        h, c = carry
        i, f, g, o = jnp.split(xt @ Wx + h @ Wh + b, 4, 1)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        return (h, c), h
    zero = jnp.zeros((x.shape[0], Wh.shape[0]))
    return scan(step, (zero, zero), x.swapaxes(0, 1))[1].swapaxes(0, 1)


def gru(P, name, x):
    Wx, Wh, b = (P[f"{name}.{k}"] for k in ("Wx", "Wh", "b"))

    def step(h, xt):
        (xr, xz, xn), (hr, hz, hn) = jnp.split(xt @ Wx + b, 3, 1), jnp.split(h @ Wh, 3, 1)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        h = (1 - z) * tanh(xn + r * hn) + z * h
        return h, h
    return scan(step, jnp.zeros((x.shape[0], Wh.shape[0])), x.swapaxes(0, 1))[1].swapaxes(0, 1)


def rnn(W, U, b, x, h):
    def step(h, xt):
        h = tanh(xt @ W + h @ U + b)
        return h, h
    return scan(step, h, x)[1]


def recurrent_layers(P, D):
    g = gru(P, "g", lstm(P, "h", D["x"]))
    r = rnn(P["r.Wx"], P["r.Wh"], P["r.b"], g.swapaxes(0, 1), jnp.zeros((g.shape[0], 3))).swapaxes(0, 1)
    return ((r - D["y"])**2).mean()


def hmm(P, D):
    A, B = nn.log_softmax(P["move"]), nn.log_softmax(P["emit"])

    def step(alpha, xt):
        seen = alpha + B[:, xt].T
        return logsumexp(seen[:, :, None] + A, 1), seen
    start = jnp.broadcast_to(nn.log_softmax(P["start"]), (D["x"].shape[0], 4))
    return -logsumexp(scan(step, start, D["x"].T)[1][-1], 1).mean()


def crf(P, D):
    u, y, T = D["x"] @ P["W"], D["y"], P["T"]

    def step(a, ut):
        return ut + logsumexp(a[:, :, None] + T, 1), None
    a = scan(step, jnp.zeros(u[:, 0].shape), u.swapaxes(0, 1))[0]
    gold = jnp.take_along_axis(u, y[:, :, None], 2).sum((1, 2)) + T[y[:, :-1], y[:, 1:]].sum(1)
    return (logsumexp(a, 1) - gold).mean()


def bidirectional(P, D):
    x, zero = D["x"], jnp.zeros((D["x"].shape[1], 4))
    forth = rnn(P["forth.h.W"], P["forth.h.U"], 0, x, zero)
    back = rnn(P["back.h.W"], P["back.h.U"], 0, x[::-1], zero)[::-1]
    return ((jnp.concatenate([forth, back], 2) @ P["V"] - D["y"])**2).mean()


def grid(P, D):
    def row(above, line):
        def cell(left, values):
            v, up = values
            left = tanh(P["a"] * left + P["b"] * up + P["c"] * v)
            return left, left
        line = scan(cell, 0.0, (line, above))[1]
        return line, line
    z = scan(row, jnp.zeros(D["x"].shape[1]), D["x"])[1]
    return (z**2).mean() + z[-1, -1]


def ode(P, D):
    def f(x):
        return tanh(x @ P["W"]) @ P["V"]

    def step(x, _):
        k1 = f(x)
        k2 = f(x + 0.05 * k1)
        k3 = f(x + 0.05 * k2)
        k4 = f(x + 0.1 * k3)
        x = x + 0.1 / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return x, x
    return ((scan(step, D["x0"], D["y"])[1] - D["y"])**2).mean()


def kalman(P, D):
    H, F, Q, R = jnp.array([1.0, 0.0]), P["F"], jnp.exp(P["logq"]) * jnp.eye(2), jnp.exp(P["logr"])

    def step(carry, y):
        m, C, s = carry
        m, C = F @ m, F @ C @ F.T + Q
        e, S = y - H @ m, H @ C @ H + R
        K = C @ H / S
        m, C = m + K * e, C - jnp.outer(K, H @ C)
        return (m, C, s + 0.5 * (jnp.log(2 * jnp.pi * S) + e**2 / S)), m
    (_, _, s), means = scan(step, (jnp.zeros(2), jnp.eye(2), 0.0), D["y"])
    return s + 0.1 * (means**2).sum()


def penalty(P, D):
    def e(x, U):
        hs = rnn(P["W"], U, 0, x.swapaxes(0, 1), jnp.zeros((x.shape[0], 3)))
        return ((hs[-1] @ P["v"] - D["y"])**2).mean()
    gx, gU = jax.grad(e, (0, 1))(D["x"], P["U"])
    return e(D["x"], P["U"]) + 0.1 * (gx**2).sum() + 0.1 * (gU**2).sum()


def blocks_scan(P, D):
    h = D["x"]
    for k in range(2):
        name = f"y[{k}].u"

        def step(carry, values):
            (s, n), (xt, zt) = carry, values
            s = tanh(xt @ P[name + ".dense0.W"] + P[name + ".dense0.b"] + s @ P[name + ".dense1.W"] * zt)
            n = n + s.mean()
            return (s, n), (s * (k + 1), n)
        x = h.transpose(2, 0, 1)
        u, v = scan(step, (jnp.zeros(x.shape[1:]), 0.0), (x, x[::-1]))[1]
        h = h + u.transpose(1, 2, 0) * v
    return (h**2).mean()


SIZES = {"time": 5, "rows": 4, "cols": 3, "states": 4, "symbols": 3, "tags": 4}
MODELS = {f.__name__: f for f in (recurrent_layers, hmm, crf, bidirectional, grid, ode, kalman, penalty, blocks_scan)}
LAYERS = {
    "recurrent_layers": {"h.Wx": (4, 20), "h.Wh": (5, 20), "h.b": (20,), "g.Wx": (5, 9), "g.Wh": (3, 9), "g.b": (9,), "r.Wx": (3, 3),
                         "r.Wh": (3, 3), "r.b": (3,)},
    "bidirectional": {f"{way}.h.{key}": shape for way in ("forth", "back") for key, shape in {"W": (3, 4), "U": (4, 4)}.items()},
    "blocks_scan": {f"y[{k}].u.{key}": shape for k in range(2)
                    for key, shape in {"dense0.W": (3, 3), "dense0.b": (3,), "dense1.W": (3, 3)}.items()},
}
