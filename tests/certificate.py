#!/usr/bin/env python3
"""The formulas of models as they are printed, read back and held against finite differences: `derive --verify` on the
examples, the textbook's files, the golden files of formulas and the models of tests/reference."""

import argparse
import json
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
MOST = 1e-7

# What is not verified, and why.
LEFT_OUT = {
    "examples/burgers.grad": "derivatives of the fourth order: minutes of differences",
    "examples/convolutional_autoencoder.grad": "large images: minutes of differences",
    "examples/gpt2.grad": "a billion numbers",
    "examples/gru.grad": "64 rounds of 64 units: minutes of differences",
    "examples/lenet.grad": "large images: minutes of differences",
    "examples/lstm.grad": "64 rounds of 64 units: minutes of differences",
    "examples/mnist.grad": "large layers: minutes of differences",
    "examples/nanogpt.grad": "large layers: minutes of differences",
    "examples/siamese.grad": "large images: minutes of differences",
    "examples/vae.grad": "large layers: minutes of differences",
    "tests/golden/derive/reparameterised.grad": "random numbers differ each time",
    "tests/reference/models/blocks_scan.grad": "a scan that walks both ways: its rounds are numbered from the other end",
    "tests/reference/models/branches_in_loops.grad": "0/0 in a branch that is not taken",
    "tests/golden/derive/scan_within_a_scan.grad": "loops in loops",
    "tests/reference/models/grid.grad": "loops in loops: what an inner loop computes is not said to be of an outer round",
}


def files():
    for folder in ("examples", "tests/textbook", "tests/golden/derive", "tests/reference/models"):
        yield from sorted((ROOT / folder).glob("*.grad"))


def arguments(text):
    """What is differentiated by what, of the first command in a golden file."""
    for line in text.splitlines():
        if line.startswith("# run: gradus derive"):
            words = iter(shlex.split(line)[4:])
            return [word for flag in words if flag in ("--of", "--wrt", "--set") for word in (flag, next(words))]
    return []


def verified(gradus, file, extra):
    command = [gradus, "derive", str(file), "--verify", "--json", *extra]
    run = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if run.returncode not in (0, 5):
        return f"status {run.returncode}: {run.stderr.strip().splitlines()[0] if run.stderr.strip() else ''}"
    if not run.stdout:
        return run.stderr.strip().splitlines()[0]
    if "verified" not in run.stdout:
        return run.stdout[:200]
    for name, each in json.loads(run.stdout)["verified"].items():
        if "problem" in each:
            return f"{name}: {each['problem']}"
        if not each["overridden"] and not each["error"] <= MOST:
            return f"{name}: error {each['error']:.0e}"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gradus", default=str(ROOT / "build/gradus"))
    parser.add_argument("names", nargs="*", help="only the files whose path contains one of these")
    options = parser.parse_args()
    failed = 0
    for file in files():
        name = str(file.relative_to(ROOT))
        if options.names and not any(each in name for each in options.names):
            continue
        if name in LEFT_OUT:
            continue
        extra = arguments(file.read_text())
        if problem := verified(options.gradus, file, extra):
            failed += 1
            print(f"{name}: {problem}")
    print(f"{failed} of the models have formulas that are not verified" if failed else "all verified")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
