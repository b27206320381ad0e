#!/usr/bin/env python3
"""Trains with every optimizer and schedule of the prelude, and holds the weights against PyTorch's (optimizers.json).

    training.py GRADUS
"""
import json
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is not installed")
    sys.exit(77)

FIXTURES = json.loads((pathlib.Path(__file__).parent / "optimizers.json").read_text())
TOLERANCE = 1e-10
MODEL = """input X: [batch, 3]
input Y: [batch, 2]
param W: [3, 4] = 0
param b: [4] = 0
param V: [4, 2] = 0
loss J = mean((tanh(X @ W + b) @ V - Y)^2)
"""
TURNS = """loss K = J + 0.3 * sum(W^2)
train J over V { optimizer = momentum(rate = 0.1), steps = 50 }
train K over W, b { optimizer = adam(rate = 0.01) }
"""


def train(gradus, text, folder, *options):
    model, out = folder / "model.grad", folder / "weights.npz"
    model.write_text(text)
    done = subprocess.run([gradus, "train", str(model), "--precision", "f64", "-q", f"--data=X={folder}/X.npy",
                           f"--data=Y={folder}/Y.npy", "--weights", str(folder / "start.npz"), "--save", str(out), *options],
                          capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"status {done.returncode}\n{done.stdout}{done.stderr}")
    return dict(np.load(out))


def error(got, want):
    """The largest difference of any weight, relative to the largest of its tensor."""
    return max(np.max(np.abs(got[name] - want[name])) / np.max(np.abs(want[name])) for name in want)


def main():
    failed = 0
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        np.save(folder / "X.npy", np.array(FIXTURES["X"]))
        np.save(folder / "Y.npy", np.array(FIXTURES["Y"]))
        np.savez(folder / "start.npz", **{name: np.array(value) for name, value in FIXTURES["start"].items()})
        for name, want in FIXTURES["runs"].items():
            blocks = TURNS if name == "turns" else f"train J {{ optimizer = {name}, steps = {FIXTURES['steps']} }}\n"
            try:
                worst = error(train(sys.argv[1], MODEL + blocks, folder), {k: np.array(v) for k, v in want.items()})
            except Exception as problem:  # whatever fails is reported, and the next is looked at
                print(f"{name}: {problem}")
                failed += 1
                continue
            print(f"{name}: {worst:.1e}")
            failed += not worst <= TOLERANCE
    print(f"{len(FIXTURES['runs']) - failed} passed, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
