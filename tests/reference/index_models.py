"""The losses of the models in index notation, in JAX: see models.py."""
import jax
import jax.numpy as jnp

lax, nn = jax.lax, jax.nn
logsumexp = jax.scipy.special.logsumexp


def conv2d(P, name, x, stride=1, padding=0):
    y = lax.conv_general_dilated(x, P[name + ".K"], (stride, stride), ((padding, padding),) * 2)
    return y + P[name + ".b"][:, None, None] if name + ".b" in P else y


def conv1d(P, name, x, stride=1, padding=0):
    return lax.conv_general_dilated(x, P[name + ".K"], (stride,), ((padding, padding),)) + P[name + ".b"][:, None]


def label_loss(z, label):
    return -jnp.take_along_axis(nn.log_softmax(z), label[:, None], 1)[:, 0]


def convolutions(P, D):
    a = jnp.tanh(conv2d(P, "a", D["x"], 2, 1))
    b = nn.relu(conv2d(P, "b", a))
    logits = b.reshape(b.shape[0], -1) @ P["logits.W"] + P["logits.b"]
    d = nn.sigmoid(conv1d(P, "d", conv1d(P, "c", D["u"], 2, 2)))
    return label_loss(logits, D["label"]).mean() + (d**2).mean()


def spelt_convolution(P, D):
    y = lax.conv_general_dilated(D["x"], P["K"], (1, 1), ((1, 1), (1, 1)))
    d = sum(y[:, o, 2 * u:2 * u + 4, c:c + 4:2] * P["D"][c, u, c] for o in range(3) for c in range(2) for u in range(2))
    s, k = D["s"], P["k"]
    f = sum(s[:, u:u + 7] * k[u] for u in range(4))
    r = sum(s[:, 3 - u:10 - u] * k[u] for u in range(4))
    return (y**2).mean() + (d**2).mean() + (f * r**2).mean()


def windows(x, size, stride):
    (a, b), (s, t) = size, stride
    h, w = (x.shape[-2] - a) // s + 1, (x.shape[-1] - b) // t + 1
    return jnp.stack([x[..., u:u + s * (h - 1) + 1:s, v:v + t * (w - 1) + 1:t] for u in range(a) for v in range(b)])


def pooling(P, D):
    z = D["x"] * P["w"]
    a, b, c = windows(z, (2, 2), (2, 2)).max(0), windows(z, (3, 3), (1, 1)).max(0), windows(z, (3, 2), (2, 2)).mean(0)
    return ((a**2).mean() + (b**2).mean() + (c**3).sum() / z.shape[0] + (z.max((1, 3))**2).mean() + (z.mean((2, 3))**2).mean())


def attend(q, k, v, causal=False):
    s = q @ k.swapaxes(-1, -2) / jnp.sqrt(q.shape[-1])
    if causal:
        s = jnp.where(jnp.tril(jnp.ones(s.shape[-2:], bool)), s, -jnp.inf)
    return nn.softmax(s) @ v


def multi_head(P, name, x, heads, causal=False):
    n, t, d = x.shape
    q, k, v = ((x @ P[f"{name}.W{c}"] + P[f"{name}.b{c}"]).reshape(n, t, heads, d // heads).transpose(0, 2, 1, 3) for c in "qkv")
    return attend(q, k, v, causal).transpose(0, 2, 1, 3).reshape(n, t, d) @ P[name + ".Wo"] + P[name + ".bo"]


def self_attention(P, D):
    x, y = D["x"], D["y"]
    b = multi_head(P, "b", multi_head(P, "a", x, 2), 3, True)
    return ((b - y)**2).mean() + (attend(x, y, b) * y).mean()


def gathers(P, D):
    E, T, Q, token, tag, pick, far = P["E"], P["T"], P["Q"], D["token"], D["tag"], D["pick"], D["far"]
    e, n = E[token], jnp.arange(token.shape[0])
    last, path = e[n, pick], T[tag[:, :-1], tag[:, 1:]].sum(1)
    s = e.sum(-1) * E[token, tag]
    far_off = sum(Q[far[:, i], pick, i + 1] * Q[far[:, 1 - i], 2, i] for i in range(2))
    chosen, parts = E[token[:, 0], tag[:, 1]], Q[far, pick[:, None]]
    return ((last**2).mean() + s.mean() + (path**2).mean() + far_off.mean() + (chosen * path).mean() + (parts**2).mean()
            + e[n, 0, tag[:, 4]].sum())


def tensor_products(P, D):
    x, y, A, B, w = D["x"], D["y"], P["A"], P["B"], P["w"]
    outer = jnp.einsum("ni,ji,i->nij", x, y, w)
    distance = ((x[:, None] - w * y)**2).sum(-1)
    bilinear, batched = x @ B @ y.T, jnp.einsum("nki,nkj->nij", outer, outer)
    turned = (B / (1 + w**2)).T
    kernel = jnp.exp(-distance / 2)
    return ((jnp.einsum("ij,kl->ijkl", A, B)**2).sum() / 10 + (distance**2).mean() / 100 + (bilinear**2).mean() + batched.mean()
            + (jnp.diag(turned) * jnp.diag(B)).sum() + (kernel * bilinear).mean() - 2 * (A * w).sum() / 3)


def masked_softmax(P, D):
    x, i = D["x"], jnp.arange(5)
    q, k = x @ P["Q"], x @ P["K"]
    s = jnp.where(i <= i[:, None], q @ k.swapaxes(1, 2) / jnp.sqrt(3) - P["slope"] * (i[:, None] - i), -jnp.inf)
    h, d = nn.softmax(s) @ x, jnp.arange(4)
    wave = jnp.where(d < 2, jnp.sin(i[:, None] / 10.0**d), jnp.cos(i[:, None] * d))
    return (h**2).mean() - jnp.diagonal(nn.log_softmax(s), axis1=1, axis2=2).mean() + (h * wave).mean()


def stencils(P, D):
    x, f, u, c = D["x"], D["f"], P["u"], P["c"]
    d = (u[1:] - u[:-1]) / (x[1:] - x[:-1] + 5)
    g, p = f * u, jnp.pad(c, 1)
    area = ((x[1:] - x[:-1]) * (g[:, :-1] + g[:, 1:]) / 2).sum(1)
    heat = p[:-2, 1:-1] + p[2:, 1:-1] + p[1:-1, :-2] + p[1:-1, 2:] - 4 * c
    second = u[2:] - 2 * u[1:-1] + u[:-2]
    return ((d**2).sum() + (area**2).mean() + (second**2).sum() + (heat**2).sum() + (u[::-1] * x * jnp.arange(12)).sum() / 12
            + (u[::2] * u[1::2]).sum() + (1 + d / 9).prod())


def pairwise_potentials(P, D):
    unary, y, T = D["x"] @ P["W"], D["y"], P["T"]
    score = jnp.take_along_axis(unary, y[..., None], 2).sum((1, 2)) + T[y[:, :-1], y[:, 1:]].sum(1)
    first = unary[:, 0, :, None] + T + unary[:, 1, None, :]
    logZ = logsumexp(first[..., None] + T + unary[:, 2, None, None, :], (1, 2, 3))
    return (logZ - score).mean() + (first.max((1, 2))**2).mean()


def norms(P, D):
    def batch_norm(name, x, eps):
        mu, sigma2, gamma, beta = (P[f"{name}.{k}"].reshape((-1,) + (1,) * (x.ndim - 2)) for k in ("mu", "sigma2", "gamma", "beta"))
        return gamma * (x - mu) / jnp.sqrt(sigma2 + eps) + beta

    def layer_norm(name, x, eps):
        return P[name + ".gamma"] * (x - x.mean(-1, keepdims=True)) / jnp.sqrt(x.var(-1, keepdims=True) + eps) + P[name + ".beta"]
    x, e = D["x"], P["e.E"][D["token"]]
    a, b, c, d = batch_norm("a", x, 1e-5), batch_norm("b", D["z"], 0.01), layer_norm("c", x, 1e-5), layer_norm("d", e, 0.1)
    return ((a * c).mean() + ((a - x)**3).mean() + (b**4).mean() + (c**3).mean() + (d**3).mean() + (e * a[:, :2]).mean())


def index_reductions(P, D):
    w, M = P["w"], P["M"]
    z = D["X"] * w
    f, e = (z @ M.T).max(1), (z * M.max(0)).sum(1) / 2
    return ((0.5 + z).prod(1).mean() + ((z.max(1) - z.min(1)) * jnp.exp(z).mean(1)).mean() + logsumexp(3 * z, 1).mean() + (e * f).mean()
            + (((w[:, None] - w)**2).sum() - 12) / 10 + w.mean() + w[0]**3 + ((nn.sigmoid(z @ M.T) * (w**2).mean())**2).mean()
            + jnp.abs(w).sum())


def index_functions(P, D):
    W, v, t = P["W"], P["v"], D["t"]
    y = 2 * W[:, t] + (W.sum(1) * v)[:, None]
    z, u = W[1, t] * nn.silu(v[:3]), P["scaled0.s"] * v + v[0]
    force = (W**3).sum(1) * v
    return ((y**2).mean() + z.sum() + (u**2).sum() + ((v[1:] + v[:-1])**2).sum() + v[1:3].sum() * v[1:3].max() + force.sum())


MODELS = {f.__name__: f for f in (convolutions, spelt_convolution, pooling, self_attention, gathers, tensor_products, masked_softmax,
                                  stencils, pairwise_potentials, norms, index_reductions,
                                  index_functions)}
LAYERS = {
    "index_functions": {"scaled0.s": ()},
    "convolutions": {"a.K": (3, 2, 3, 2), "a.b": (3,), "b.K": (4, 3, 3, 3), "logits.W": (36, 4), "logits.b": (4,),
                     "c.K": (4, 3, 3), "c.b": (4,), "d.K": (2, 4, 2), "d.b": (2,)},
    "self_attention": {f"{layer}.{kind}{part}": (6, 6) if kind == "W" else (6,) for layer in "ab" for kind in "Wb" for part in "qkvo"},
    "norms": {"a.gamma": (3,), "a.beta": (3,), "b.gamma": (3,), "b.beta": (3,), "c.gamma": (4,), "c.beta": (4,), "d.gamma": (4,),
              "d.beta": (4,), "e.E": (7, 4)},
}
STATES = {"norms": {"a.mu": (3,), "a.sigma2": (3,), "b.mu": (3,), "b.sigma2": (3,)}}
