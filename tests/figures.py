"""What a trained example is measured by, where the loss and the metrics that gradus prints do not say it: each function takes
a `Run` (trainings.py) and gives a number."""
import json

import numpy as np


def lists(run, *names):
    """The inputs of a model file that are written in it."""
    text = run.file.read_text()
    return [np.array(json.loads(text.split(f"input {name}:", 1)[1].split("] = ", 1)[1].split("\ninput", 1)[0]
                                .split("\n\n", 1)[0].split("\n#", 1)[0])) for name in names]


def burgers_solution(x, t, nu):
    """Burgers' equation from −sin πx, by the transform of Cole (1951) and Hopf (1950): the mean of −sin πy with the weight
    exp(−cos(πy)/(2πν) − (x − y)²/(4νt)), for an array of places and one time, by the trapezoid rule."""
    if t == 0:
        return -np.sin(np.pi * x)
    s = np.linspace(-9, 9, 6001)
    y = x[:, None] - s * np.sqrt(4 * nu * t)
    exponent = -np.cos(np.pi * y) / (2 * np.pi * nu) - s**2
    weight = np.exp(exponent - exponent.max(1, keepdims=True))
    return -(np.sin(np.pi * y) * weight).sum(1) / weight.sum(1)


def burgers(run):
    """The error of u on a grid, relative to the solution, in the norm of L²."""
    places, times = 201, 11
    u = run.predict("u", "--set", f"places={places}", "--set", f"times={times}").reshape(places, times)
    x = np.linspace(-1, 1, places)
    solution = np.stack([burgers_solution(x, t, 0.01 / np.pi) for t in np.linspace(0, 1, times)], axis=1)
    return np.linalg.norm(u - solution) / np.linalg.norm(solution)


def moons(n):
    """n points along the two half-circles without noise, as gradus draws them."""
    angle = np.linspace(0, np.pi, n // 2)
    x, y = np.cos(angle), np.sin(angle)
    return np.concatenate([np.stack([x, y], axis=1), np.stack([1 - x, 0.5 - y], axis=1)])


def gan_distances(run):
    """Between 2,000 generated points and 800 of the half-moons; the generator's noise are the points that it is given."""
    noise = run.stored("noise", np.random.RandomState(0).standard_normal((2000, 2)))
    made = run.predict("gen", "--data", f"real_point={noise}")
    return np.linalg.norm(made[:, None] - moons(800), axis=2)


def gan_precision(run):
    """How far a generated point is from the moons on average; noise of 0.05 has the points it learns from at 0.04."""
    return gan_distances(run).min(1).mean()


def gan_recall(run):
    """The part of the moons that has a generated point within 0.1."""
    return (gan_distances(run).min(0) < 0.1).mean()


def gan_estimate(run):
    """The critic's estimate of Wasserstein's distance at the end, as a part of that after 5 epochs."""
    return run.trained["metrics"]["distance"] / run.train("--epochs", "5")["metrics"]["distance"]


def crf(run):
    """The share of dice that the likeliest sequence has right (Viterbi, 1967), for rolls left out of training one by one."""
    rolls, dice = lists(run, "roll", "die")
    right = []
    for k in range(len(rolls)):
        files = {name: run.stored(name, np.delete(values, k, 0)) for name, values in (("roll", rolls), ("die", dice))}
        run.train(*(f"--data={name}={path}" for name, path in files.items()), save="apart.npz")
        weights = np.load(run.folder / "apart.npz")
        right.append(likeliest(weights["emission"][rolls[k]], weights["transition"]) == dice[k])
    return np.mean(right)


def likeliest(own, follows):
    """The sequence of states with the largest score; own [time, states], follows [states, states]."""
    best, came_from = own[0], []
    for each in own[1:]:
        scores = best[:, None] + follows
        came_from.append(scores.argmax(0))
        best = scores.max(0) + each
    path = [best.argmax()]
    for back in reversed(came_from):
        path.append(back[path[-1]])
    return np.array(path[::-1])


def gaussian_process(run):
    """How far the posterior mean is from the sine that the data came from, at −4, −3 … 4, root of the mean square."""
    return np.sqrt(np.mean((run.predict("mean_at") - np.sin(np.arange(-4, 5)))**2))


def mixture_density(run):
    """What four parts gain over one, a single gaussian, in log-likelihood of fresh points."""
    one = ("--set", "parts=1")
    run.train(*one, save="one.npz")
    return run.eval("--seed", "1", *one, weights="one.npz")["loss"] - run.eval("--seed", "1")["loss"]


def variance_left(run):
    """The squared error of painted digits it has not seen, as a part of their variance about the mean image."""
    images = run.predict("image", "--seed", "1")
    return run.eval("--seed", "1")["metrics"]["error"] / images.var(0).mean()


def nats(x, logits):
    """What pixels x in [0, 1] cost at these log-odds, summed over the last axis."""
    return np.sum(np.logaddexp(0, logits) - x * logits, axis=-1)


def vae(run):
    """The bound on the nats of a fresh digit: the code drawn from its distribution, which an evaluation by gradus takes the
    mean of."""
    x, mu, logvar = (run.predict(name, "--seed", "1") for name in ("image", "mu", "logvar"))
    x, weights = x.reshape(len(x), -1), np.load(run.folder / "weights.npz")
    z = mu + np.exp(logvar / 2) * np.random.RandomState(0).standard_normal(mu.shape)
    hidden = np.maximum(z @ weights["d.W"] + weights["d.b"], 0)
    divergence = 0.5 * np.sum(mu**2 + np.exp(logvar) - 1 - logvar, axis=1)
    return np.mean(nats(x, hidden @ weights["logits.W"] + weights["logits.b"]) + divergence)


def vae_gain(run):
    """How far that is below the nats of a digit whose pixels are taken apart, each with its frequency."""
    x = run.predict("image", "--seed", "1").reshape(-1, 784)
    often = np.clip(x.mean(0), 1e-6, 1 - 1e-6)
    return np.mean(nats(x, np.log(often / (1 - often)))) - vae(run)


def word2vec(run):
    """The share of letters whose nearest other symbol, by the cosine of their vectors, is a letter of the same case."""
    symbols = sorted(set((run.data / "tinyshakespeare.txt").read_text()))
    vectors = run.predict("centre")
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    near = vectors @ vectors.T - 2 * np.eye(len(symbols))
    pairs = [(symbol, symbols[near[k].argmax()]) for k, symbol in enumerate(symbols) if symbol.isalpha()]
    return np.mean([other.isalpha() and symbol.isupper() == other.isupper() for symbol, other in pairs])
