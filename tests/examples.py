#!/usr/bin/env python3
"""Every example checks, is formatted, has gradients that agree with finite differences and a loss that falls in a few steps, on
data as small as those it is compared with JAX on (reference/example_cases.py). trainings.py trains them to the end."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile

try:
    import numpy as np
except ImportError:
    print("skipped: NumPy is not installed")
    sys.exit(77)

sys.path.insert(0, str(pathlib.Path(__file__).parent / "reference"))
from example_cases import data_of, settings
from trainings import FIGURES

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMANDS = [["check"], ["fmt", "--check"]]
AGAINST_EACH_OTHER = {"gan"}  # its networks train against each other: neither's loss has to fall


def wrong(example, command, gradus):
    """What is wrong with one command on one example, '' where nothing is."""
    done = subprocess.run([gradus, *command, example.name], cwd=example.parent, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode == 0:
        return ""
    return f"--- gradus {' '.join(command)} {example.name}: status {done.returncode}\n{done.stdout}{done.stderr}"


def unstated(example, _gradus):
    """What is wrong with what an example's head, the table and trainings.py say of its training, '' where nothing is."""
    head = example.read_text().split("\n\n")[0]
    table = (example.parent / "README.md").read_text()
    places = {"its head": f"`gradus train examples/{example.name}" in head, "examples/README.md": f"| `{example.name}` |" in table,
              "tests/trainings.py": example.stem in FIGURES}
    return "".join(f"--- {example.name}: {place} does not say what training reaches\n" for place, says in places.items() if not says)


def small(example, folder):
    """The options that make an example and its data small."""
    data = data_of(example.stem)
    np.savez(folder / f"{example.stem}.npz", **data)
    return [*settings(example.stem), *(f"--data={key}={folder / example.stem}.npz" for key in data)]


def loss_does_not_fall(example, options, gradus):
    """What is wrong with the first steps of training, '' where the loss of step 40 is below that of step 1."""
    losses = []
    for steps in ("1", "40"):
        done = subprocess.run([gradus, "train", "--json", "-q", "--steps", steps, *options, example.name], cwd=example.parent,
                              text=True, stdin=subprocess.DEVNULL, capture_output=True)
        if done.returncode != 0:
            return f"--- gradus train {example.name}: status {done.returncode}\n{done.stderr}"
        losses.append(json.loads(done.stdout)["loss"])
    if losses[1] < losses[0] or example.stem in AGAINST_EACH_OTHER:
        return ""
    return f"--- gradus train {example.name}: the loss goes from {losses[0]} to {losses[1]}\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    gradus = pathlib.Path(parser.parse_args().gradus).resolve()

    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for example in sorted((ROOT / "examples").glob("*.grad")):
            options = small(example, pathlib.Path(folder))
            commands = [*COMMANDS, ["gradcheck", "--entries", "20", *options]]
            runs += [(wrong, example, command) for command in commands]
            runs += [(unstated, example), (loss_does_not_fall, example, options)]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            reports = list(pool.map(lambda run: run[0](*run[1:], gradus), runs))
    print("".join(reports) + f"{len(runs)} runs, {sum(map(bool, reports))} failed")
    return 1 if any(reports) else 0


if __name__ == "__main__":
    sys.exit(main())
