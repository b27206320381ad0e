#!/usr/bin/env python3
"""Every example checks, is formatted, and has gradients that agree with finite differences, on data as small as those it is
compared with JAX on (reference/example_cases.py)."""

import argparse
import concurrent.futures
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

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMANDS = [["check"], ["fmt", "--check"]]


def wrong(example, command, gradus):
    """What is wrong with one command on one example, '' where nothing is."""
    done = subprocess.run([gradus, *command, example.name], cwd=example.parent, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode == 0:
        return ""
    return f"--- gradus {' '.join(command)} {example.name}: status {done.returncode}\n{done.stdout}{done.stderr}"


def gradcheck(example, folder):
    """The command that checks an example's gradients."""
    data = data_of(example.stem)
    np.savez(folder / f"{example.stem}.npz", **data)
    return ["gradcheck", "--entries", "20", *settings(example.stem),
            *(f"--data={key}={folder / example.stem}.npz" for key in data)]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    gradus = pathlib.Path(parser.parse_args().gradus).resolve()

    with tempfile.TemporaryDirectory() as folder:
        runs = []
        for example in sorted((ROOT / "examples").glob("*.grad")):
            runs += [(example, command) for command in (*COMMANDS, gradcheck(example, pathlib.Path(folder)))]
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            reports = list(pool.map(lambda run: wrong(*run, gradus), runs))
    print("".join(reports) + f"{len(runs)} runs, {sum(map(bool, reports))} failed")
    return 1 if any(reports) else 0


if __name__ == "__main__":
    sys.exit(main())
