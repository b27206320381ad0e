#!/usr/bin/env python3
"""Trains every example to the result that examples/README.md states, and holds that result to a bound.

    trainings.py [--gradus GRADUS] [--threads N] [NAME…]

The command is `gradus train examples/NAME.grad` with the options below, and what else a figure needs. The seed is 0, and data
called fresh are drawn with seed 1; the bounds leave room for the rounding of other machines. Nothing depends on the time
that is printed.
"""

import argparse
import functools
import json
import pathlib
import subprocess
import sys
import tempfile
import time

try:
    import numpy as np

    import figures
except ImportError:
    print("skipped: NumPy is not installed")
    sys.exit(77)

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = ROOT.parent / "shared" / "data"
TEST_DIGITS = [f"--data={name}={DATA}/mnist/test-{file}.gz"
               for name, file in (("image", "images-idx3-ubyte"), ("label", "labels-idx1-ubyte"))]

# Options of training where it takes more than the file.
OPTIONS = {
    "gpt2": ["--set=vocab=65", "--set=time=64", "--set=layers=4", "--set=heads=4", "--set=width=128",
             f"--data=tokens={DATA}/tinyshakespeare.txt", "--batch=12", "--steps=4000"],
}


def of(report, name):
    """A metric or loss by name in what `--json` prints."""
    return {**report["losses"], **report["metrics"]}[name]


def trained(name):
    return f"{name}", lambda run: of(run.trained, name)


def held_out(name):
    return f"{name}, held out", lambda run: of(run.trained["validation"], name)


def fresh(name):
    return f"{name} of fresh data", lambda run: of(run.eval("--seed", "1"), name)


def test_digits(name):
    return f"{name} of the test digits", lambda run: of(run.eval(*TEST_DIGITS), name)


def at_least(bound):
    return f"at least {bound}", lambda value: value >= bound


def at_most(bound):
    return f"at most {bound}", lambda value: value <= bound


# name: the figures of an example and their bounds.
FIGURES = {
    "burgers": [("error relative to the solution", figures.burgers, at_most(0.05))],
    "convolutional_autoencoder": [("variance left of fresh digits", figures.variance_left, at_most(0.26))],
    "crf": [("dice right, left out", figures.crf, at_least(0.95))],
    "digits": [(*fresh("accuracy"), at_least(0.94))],
    "gan": [("distance from the moons", figures.gan_precision, at_most(0.06)),
            ("part of the moons reached", figures.gan_recall, at_least(0.95)),
            ("distance estimated, of that after 5 epochs", figures.gan_estimate, at_most(0.2))],
    "gaussian_process": [(*trained("J"), at_most(1.3)),
                         ("distance from the sine", figures.gaussian_process, at_most(0.15))],
    "gpt2": [(*held_out("J"), at_most(1.9))],
    "graph_convolution": [(*trained("accuracy"), at_least(0.94))],
    "gru": [(*held_out("J"), at_most(1.65))],
    "iris": [(*held_out("accuracy"), at_least(0.96))],
    "lenet": [(*test_digits("accuracy"), at_least(0.965))],
    "logistic_regression": [(*fresh("accuracy"), at_least(0.85))],
    "lstm": [(*held_out("J"), at_most(1.65))],
    "matrix_factorisation": [(*trained("rmse"), at_most(0.05))],
    "mixture_density": [("nats gained over one gaussian", figures.mixture_density, at_least(0.6))],
    "mnist": [(*test_digits("accuracy"), at_least(0.945))],
    "moons": [(*held_out("accuracy"), at_least(0.98)), (*fresh("accuracy"), at_least(0.98))],
    "nanogpt": [(*held_out("J"), at_most(1.6))],
    "neural_ode": [(*fresh("accuracy"), at_least(0.97))],
    "penguins": [(*held_out("accuracy"), at_least(0.96))],
    "polynomial_regression": [(*trained("rmse"), at_most(4.36))],
    "siamese": [(*fresh("accuracy"), at_least(0.955))],
    "time_series": [(*trained("ahead"), at_most(0.04))],
    "two_neurons": [(*trained("J"), at_most(0.595))],
    "vae": [("nats a fresh digit", figures.vae, at_most(162)),
            ("nats less than pixels apart", figures.vae_gain, at_least(45))],
    "word2vec": [("letters nearest to one of their case", figures.word2vec, at_least(0.95))],
    "xor": [(*trained("accuracy"), at_least(1)), (*trained("J"), at_most(0.01))],
}


class Run:
    """An example that is trained once, when something of it is first asked for; commands run in the repository's root."""

    def __init__(self, name, gradus, threads, folder):
        self.name, self.gradus, self.threads, self.folder = name, gradus, threads, folder
        self.file, self.data = ROOT / "examples" / f"{name}.grad", DATA

    def gradus_says(self, command, *options):
        done = subprocess.run([self.gradus, command, self.file.relative_to(ROOT), *map(str, options),
                               *(["--threads", self.threads] if self.threads else [])],
                              cwd=ROOT, capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"{' '.join(map(str, done.args))}: status {done.returncode}\n{done.stderr}")
        return done.stdout

    def train(self, *options, save="other.npz"):
        return json.loads(self.gradus_says("train", "-q", "--json", "--save", self.folder / save,
                                           *OPTIONS.get(self.name, []), *options))

    @functools.cached_property
    def trained(self):
        return self.train(save="weights.npz")

    def weights(self, name):
        if name == "weights.npz":
            self.trained  # now, where nothing of it has been asked for yet
        return self.folder / name

    def eval(self, *options, weights="weights.npz"):
        return json.loads(self.gradus_says("eval", "--json", "--weights", self.weights(weights), *options))

    def predict(self, of, *options):
        out = self.folder / "out.npy"
        self.gradus_says("predict", "--weights", self.weights("weights.npz"), "--of", of, "-o", out, *options)
        return np.load(out)

    def stored(self, name, array):
        np.save(self.folder / f"{name}.npy", array)
        return self.folder / f"{name}.npy"


def failures(run):
    """Trains an example and prints its figures; how many are out of their bounds."""
    start = time.monotonic()
    run.trained
    took, failed = time.monotonic() - start, 0
    for what, figure, (bound, holds) in FIGURES[run.name]:
        value = figure(run)
        failed += not holds(value)
        print(f"{run.name:26}{took:7.1f} s  {what}: {value:.4g} ({bound}){'' if holds(value) else '  FAILED'}", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to train with")
    parser.add_argument("--threads", help="threads to compute with (all cores)")
    parser.add_argument("names", nargs="*", metavar="NAME", help="the examples to train (all)")
    arguments = parser.parse_args()

    examples = sorted(path.stem for path in (ROOT / "examples").glob("*.grad"))
    unknown = [name for name in arguments.names if name not in examples]
    without = [name for name in arguments.names or examples if name not in FIGURES]
    for name in dict.fromkeys(unknown + without):
        print(f"{name}: no such example" if name in unknown else f"{name}: no figure says what its training reaches")
    failed = len(set(unknown + without))
    for name in [name for name in arguments.names or examples if name in FIGURES]:
        with tempfile.TemporaryDirectory() as folder:
            run = Run(name, pathlib.Path(arguments.gradus).resolve(), arguments.threads, pathlib.Path(folder))
            if "shared/data" in " ".join([run.file.read_text(), *OPTIONS.get(name, [])]) and not DATA.exists():
                print(f"{name}: skipped, no data in {DATA}")
                continue
            failed += failures(run)
    print(f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
