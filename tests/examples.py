#!/usr/bin/env python3
"""Every example checks, is formatted, derives in every format, and has gradients that agree with finite differences."""

import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMANDS = [["check"], ["fmt", "--check"], ["derive"], ["derive", "--format", "latex"],
            ["derive", "--format", "numpy"], ["gradcheck"]]


def wrong(example, command, gradus):
    """What is wrong with one command on one example, '' where nothing is."""
    done = subprocess.run([gradus, *command, example.name], cwd=example.parent, text=True,
                          stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode == 0:
        return ""
    return f"--- gradus {' '.join(command)} {example.name}: status {done.returncode}\n{done.stdout}{done.stderr}"


def missing_data(example):
    return "shared/data" in example.read_text() and not (ROOT.parent / "shared" / "data").exists()


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    gradus = pathlib.Path(parser.parse_args().gradus).resolve()

    runs = []
    for example in sorted((ROOT / "examples").glob("*.grad")):
        without_data = missing_data(example)
        if without_data:
            print(f"skipped: gradcheck {example.name}, its data are not here")
        runs += [(example, command) for command in COMMANDS if not (without_data and command == ["gradcheck"])]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda run: wrong(*run, gradus), runs))
    print("".join(reports) + f"{len(runs)} runs, {sum(map(bool, reports))} failed")
    return 1 if any(reports) else 0


if __name__ == "__main__":
    sys.exit(main())
