#!/usr/bin/env python3
"""Holds the gradients of naive spellings against those of stability.json: of `eval --grad` and of `derive --format numpy`.

    spellings.py GRADUS
"""
import json
import math
import pathlib
import subprocess
import sys
import tempfile
import types

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is not installed")
    sys.exit(77)

TABLE = json.loads((pathlib.Path(__file__).parent / "stability.json").read_text())
TOLERANCE = 1e-12


def model(texts):
    """A parameter for each spelling, so that nothing is shared; the loss is the sum of all."""
    lines = []
    for k, text in enumerate(texts):
        lines += [f"param z{k}: [{len(TABLE['points'])}] = 0", f"fn f{k}(z) = {text}", f"r{k} = f{k}(z{k})"]
    return "\n".join([*lines, "loss J = " + " + ".join(f"sum(r{k})" for k in range(len(texts)))]) + "\n"


def is_close(got, want, scale):
    if got == want:
        return True
    if not (math.isfinite(got) and math.isfinite(want)):
        return False
    return abs(got - want) <= TOLERANCE * max(abs(want), scale) + 1e-320


def scale_of(text, z):
    """Where a function passes through 0 its digits are those of what it is the difference of; tanh's slope is 1 − tanh²."""
    return 1 if abs(z) <= 1e-3 or "2 * z" in text or text.startswith("(exp(z) - exp") else 0


def failures(kind, gradients, texts):
    for k, text in enumerate(texts):
        for z, got, row in zip(TABLE["points"], gradients[f"z{k}"], TABLE["scalars"][text]):
            want = float(row[1])
            if not is_close(got, want, scale_of(text, z)):
                yield f"{kind}: the slope of {text} at {z} is {got}, to be {want}"


def main():
    gradus = pathlib.Path(sys.argv[1]).resolve()
    texts = list(TABLE["scalars"])
    weights = {f"z{k}": np.array(TABLE["points"], float) for k in range(len(texts))}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "spellings.grad").write_text(model(texts))
        np.savez(folder / "weights.npz", **weights)

        def run(*arguments):
            return subprocess.run([gradus, *arguments], cwd=folder, capture_output=True, text=True, check=True).stdout

        run("eval", "spellings.grad", "--precision", "f64", "--weights", "weights.npz", "--grad", "gradients.npz")
        module = types.ModuleType("spellings")
        exec(run("derive", "spellings.grad", "--format", "numpy"), module.__dict__)
        wrong = [*failures("compiled", np.load(folder / "gradients.npz"), texts), *failures("numpy", module.gradients(weights, {}), texts)]
    print("\n".join(wrong) or f"{len(texts)} spellings right to {TOLERANCE}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
