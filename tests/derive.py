#!/usr/bin/env python3
"""Every model among the examples and the tests derives in every way: as a formula, raw, written out, in steps, in every format."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("examples", "tests/reference/models", "tests/golden/derive")
WAYS = [[], ["--raw"], ["--inline"], ["--steps"], ["--steps", "--inline"], ["--steps", "--raw"], ["--format", "latex"],
        ["--format", "latex", "--steps", "--inline"], ["--format", "numpy"], ["--format", "numpy", "--raw"],
        ["--format", "mathml", "--steps", "--raw"], ["--format", "json", "--raw", "--inline"], ["--format", "dot", "--inline"],
        ["--format", "html", "--raw"], ["--format", "html", "--inline", "-v"]]
SMALLER = {"gpt2.grad": ["--set", "layers=2"], "nanogpt.grad": ["--set", "layers=2"]}
FEW = [["--steps"], ["--format", "latex", "--steps", "--inline"], ["--format", "numpy", "--raw"], ["--format", "html"]]
RANDOM = "is random, and a NumPy module is not"  # as it is refused


def wrong(model, way, gradus):
    """What is wrong with one way to derive one model, '' where nothing is."""
    try:
        arguments = [*way, *SMALLER.get(model.name, []), model.name]
        done = subprocess.run([gradus, "derive", *arguments], cwd=model.parent, text=True, timeout=120,
                              stdin=subprocess.DEVNULL, capture_output=True)
    except subprocess.TimeoutExpired as error:
        return f"{error}\n"
    if done.returncode == 0 and done.stdout:
        return ""
    if done.returncode == 1 and "numpy" in way and RANDOM in done.stderr:
        return ""
    return f"--- gradus derive {' '.join(way)} {model.name}: status {done.returncode}\n{done.stderr}"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    parser.add_argument("--few", action="store_true", help="only some ways, for a slow binary")
    arguments = parser.parse_args()
    gradus = pathlib.Path(arguments.gradus).resolve()

    models = [model for folder in FOLDERS for model in sorted((ROOT / folder).glob("*.grad"))]
    runs = [(model, way) for model in models for way in (FEW if arguments.few else WAYS)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda run: wrong(*run, gradus), runs))
    print("".join(reports) + f"{len(runs)} runs, {sum(map(bool, reports))} failed")
    return 1 if any(reports) or not models else 0


if __name__ == "__main__":
    sys.exit(main())
