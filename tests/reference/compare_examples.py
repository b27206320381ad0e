#!/usr/bin/env python3
"""Holds the compiled gradients of every example, and those of `derive --format numpy`, against what JAX says (examples.json).

    compare_examples.py GRADUS [NAME…]
"""
import json
import pathlib
import sys
import tempfile
import types

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is not installed")
    sys.exit(77)

from compare import run
from example_cases import CASES, EXAMPLES, data_of, places, settings, shapes_of, weights_of

HERE = pathlib.Path(__file__).parent
TOLERANCE = 1e-8


def distance(got, want, least):
    """The largest difference of a gradient from the fixture's entries and norm, relative to its largest entry; `least` is
    where rounding begins, for gradients that are 0 but for it (of a key's bias in attention)."""
    scale = max(want["largest"], least)
    entries = np.abs(np.ravel(got)[places(np.shape(got))] - want["entries"]) / scale
    norm = abs(np.linalg.norm(np.ravel(got)) - want["norm"]) / max(want["norm"], scale)
    worst = max(float(np.max(entries, initial=0)), float(norm))
    return np.inf if np.isnan(worst) else worst


def compiled(gradus, name, weights, data, folder):
    np.savez(f"{folder}/{name}.weights.npz", **weights)
    np.savez(f"{folder}/{name}.data.npz", **data)
    report = json.loads(run(gradus, "eval", EXAMPLES / f"{name}.grad", "--precision", "f64", "--json", *settings(name),
                            "--weights", f"{folder}/{name}.weights.npz", "--grad", f"{folder}/{name}.npz",
                            *(f"--data={key}={folder}/{name}.data.npz" for key in data)))
    return report["loss"], np.load(f"{folder}/{name}.npz")


def printed(gradus, name, weights, data):
    module = types.ModuleType(name)
    text = run(gradus, "derive", EXAMPLES / f"{name}.grad", "--precision", "f64", "--format", "numpy", *settings(name))
    exec(text, module.__dict__)
    return module.loss(weights, data), module.gradients(weights, data)


def main():
    gradus, *names = sys.argv[1:]
    stored = json.loads((HERE / "examples.json").read_text())
    failed = 0
    missing = sorted(path.stem for path in EXAMPLES.glob("*.grad") if path.stem not in stored)
    if missing and not names:
        print("no reference: " + ", ".join(missing))
        failed += len(missing)
    with tempfile.TemporaryDirectory() as folder:
        for name in names or sorted(stored):
            weights, data, want = weights_of(name, shapes_of(gradus, name)), data_of(name), stored[name]
            results = {"compiled": lambda: compiled(gradus, name, weights, data, folder)}
            if CASES[name][1] != "file":  # a module takes its inputs from its caller
                results["numpy"] = lambda: printed(gradus, name, weights, data)
            for kind, result in results.items():
                try:
                    loss, gradients = result()
                except Exception as problem:  # whatever fails is reported, and the next example is looked at
                    print(f"{name} {kind}: {problem}")
                    failed += 1
                    continue
                least = 1e-6 * max(each["largest"] for each in want["gradients"].values())
                errors = {key: distance(gradients[key], each, least) for key, each in want["gradients"].items()}
                errors["loss"] = abs(loss - want["loss"]) / max(abs(want["loss"]), 1e-300)
                wrong = {key: e for key, e in errors.items() if not e <= TOLERANCE}
                print(f"{name} {kind}: worst {max(errors.values()):.1e}" + "".join(f"\n  {k}: {e:.1e}" for k, e in wrong.items()))
                failed += bool(wrong)
    print(f"{failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
