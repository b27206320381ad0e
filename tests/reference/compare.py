#!/usr/bin/env python3
"""Holds the compiled gradients, and those of `derive --format numpy`, against the stored references.

    compare.py GRADUS [NAME…]      models/NAME.grad against models/NAME.gradients.npz, relative to the largest entry
"""
import json
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

MODELS = pathlib.Path(__file__).parent / "models"
TOLERANCE = 1e-10


def error(got, want, least):
    """The largest difference, relative to the largest entry or `least`; infinite where shapes differ."""
    if np.shape(got) != np.shape(want):
        return np.inf
    if np.size(want) == 0:
        return 0.0
    scale = max(np.max(np.abs(want)), least)
    worst = np.max(np.abs(np.asarray(got) - want)) / scale
    return np.inf if np.isnan(worst) else worst


def errors(got, want):
    """{name: error}. A gradient that is 0 but for rounding is compared with the others."""
    least = max(1e-4 * max(np.max(np.abs(want[key]), initial=0) for key in want), 1e-300)
    return {key: error(got[key], want[key], least) if key in got else np.inf for key in want}


def run(*arguments):
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(f"status {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def compiled(gradus, name, data, out):
    """{name: error} of the compiled step."""
    bound = [f"--data={key}={MODELS / name}.data.npz:{key}" for key in data]
    report = json.loads(run(gradus, "eval", MODELS / f"{name}.grad", "--precision", "f64", "--weights", f"{MODELS / name}.weights.npz",
                            "--grad", out, "--json", *bound))
    want = np.load(MODELS / f"{name}.gradients.npz")
    got = {"loss": report["loss"], **np.load(out)}
    return errors(got, want)


def printed(gradus, name, data):
    """{name: error} of the printed NumPy module."""
    module = types.ModuleType(name)
    exec(run(gradus, "derive", MODELS / f"{name}.grad", "--precision", "f64", "--format", "numpy"), module.__dict__)
    params = dict(np.load(MODELS / f"{name}.weights.npz"))
    want = np.load(MODELS / f"{name}.gradients.npz")
    got = {"loss": module.loss(params, data), **module.gradients(params, data)}
    return errors(got, want)


def main():
    gradus, *names = sys.argv[1:]
    names = names or sorted(path.stem for path in MODELS.glob("*.grad"))
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in names:
            data = dict(np.load(MODELS / f"{name}.data.npz"))
            for kind, check in (("compiled", lambda: compiled(gradus, name, data, f"{folder}/{name}.npz")),
                                ("numpy", lambda: printed(gradus, name, data))):
                try:
                    found = check()
                except Exception as problem:  # whatever fails is reported, and the next model is looked at
                    print(f"{name} {kind}: {problem}")
                    failed += 1
                    continue
                wrong = {key: e for key, e in found.items() if not e <= TOLERANCE}
                print(f"{name} {kind}: worst {max(found.values()):.1e}" + "".join(f"\n  {k}: {e:.1e}" for k, e in wrong.items()))
                failed += bool(wrong)
    print(f"{2 * len(names) - failed} passed, {failed} failed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
