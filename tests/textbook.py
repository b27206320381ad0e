#!/usr/bin/env python3
"""Forty gradients of textbooks: what gradus prints of each, and whether it is as short as the textbook's form.

    # textbook: ∂J/∂x = (A + Aᵀ)·x         the textbook's form, a line for each formula that it needs
    # source: …                            whose it is
    # symbols: 6                           how many symbols that has
    # ours: 6                              how many ours may have: the least so far
    # wrt: x                               what gradus is asked for
    ...

    # output:
    # ∂J/∂x = …

A test fails where the output differs, or is longer than recorded. --update rewrites the outputs that differ and lowers the record;
it never raises one. README.md in this folder says how one is added.
"""

import argparse
import concurrent.futures
import difflib
import importlib.util
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "textbook"
COUNTER = ROOT.parent / "shared" / "design" / "symbols.py"
MARKER = "\n# output:\n"
LONGEST = 1.3


def counter():
    """The function that counts symbols, None where the counter is not there."""
    if not COUNTER.exists():
        return None
    spec = importlib.util.spec_from_file_location("symbols", COUNTER)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.count


class Gradient:
    """One file: a model, the textbook's derivative, and ours."""

    def __init__(self, path):
        self.path, self.name = path, path.stem
        self.program, _, expected = path.read_text("utf-8").partition(MARKER)
        self.expected = uncommented(expected)
        self.textbook = self.headers("textbook")
        self.wrt, = self.headers("wrt")
        self.theirs = int(*self.headers("symbols"))
        self.recorded = int((self.headers("ours") or ["0"])[0])
        self.ours, self.printed = self.recorded, ""

    def headers(self, key):
        """The values of the lines `# key: value` of the model."""
        prefix = f"# {key}: "
        return [line[len(prefix):] for line in self.program.splitlines() if line.startswith(prefix)]

    def derive(self, gradus):
        """What is wrong with what gradus says, '' where it derives; the file goes without its output."""
        with tempfile.TemporaryDirectory() as folder:
            model = pathlib.Path(folder) / self.path.name
            model.write_text(self.program.rstrip("\n") + "\n", "utf-8")
            done = subprocess.run([gradus, "derive", model, "--wrt", self.wrt, "--format", "text"],
                                  stdin=subprocess.DEVNULL, capture_output=True, timeout=120,
                                  env={**os.environ, "NO_COLOR": "1"})
        self.printed = done.stdout.decode("utf-8", "backslashreplace")
        if done.returncode == 0 and not done.stderr:
            return ""
        return f"ended with status {done.returncode}\n" + done.stderr.decode("utf-8", "backslashreplace")

    def rewrite(self):
        """The file with what was printed, and the smaller of the two counts."""
        lines = [line for line in self.program.rstrip("\n").splitlines() if not line.startswith("# ours:")]
        if self.ours:
            lines.insert(next(n for n, line in enumerate(lines) if line.startswith("# wrt:")),
                         f"# ours: {self.ours}")
        output = "".join(f"# {line}".rstrip(" ") + "\n" for line in self.printed.splitlines())
        self.path.write_text("\n".join(lines) + "\n" + MARKER + output, "utf-8")


def uncommented(text):
    return "".join(line.removeprefix("#").removeprefix(" ") for line in text.splitlines(True))


def check(gradient, gradus, count, update):
    """(what is wrong, what was done) about one gradient."""
    wrong = gradient.derive(gradus)
    if wrong:
        return wrong, ""
    if count:
        if count("\n".join(gradient.textbook)) != gradient.theirs:
            wrong += f"the textbook's form has {count(chr(10).join(gradient.textbook))} symbols\n"
        gradient.ours = count(gradient.printed)
        if gradient.recorded and gradient.ours > gradient.recorded:
            return wrong + f"{gradient.ours} symbols, {gradient.recorded} before:\n{gradient.printed}", ""
    if gradient.printed == gradient.expected and gradient.ours == gradient.recorded:
        return wrong, ""
    if update:
        gradient.rewrite()
        return wrong, "updated"
    return wrong + "".join(difflib.unified_diff(gradient.expected.splitlines(True), gradient.printed.splitlines(True),
                                                "expected", "printed")), ""


def table(gradients):
    """Ours beside the textbook's, the longest first, and how many are no longer."""
    print(f"{'':32} {'ours':>5} {'theirs':>6} {'ratio':>6}")
    for g in sorted(gradients, key=lambda g: (-g.ours / g.theirs, g.name)):
        print(f"{g.name:32} {g.ours:5} {g.theirs:6} {g.ours / g.theirs:6.2f}")
    shorter = sum(g.ours <= g.theirs for g in gradients)
    beyond = sum(g.ours > LONGEST * g.theirs for g in gradients)
    print(f"{shorter} of {len(gradients)} no longer than the textbook's, {beyond} beyond {LONGEST} times its length")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="only the files whose name contains one of these")
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    parser.add_argument("--update", action="store_true", help="rewrite what differs, where it is no longer")
    options = parser.parse_args()

    gradients = [Gradient(path) for path in sorted(FOLDER.glob("*.grad"))
                 if not options.names or any(name in path.stem for name in options.names)]
    gradus, count = pathlib.Path(options.gradus).resolve(), counter()
    if not count:
        print(f"lengths are those recorded: no {COUNTER.name} to count with")
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda g: check(g, gradus, count, options.update), gradients))

    failed = 0
    for gradient, (wrong, done) in zip(gradients, reports):
        if wrong or done:
            print(f"--- {gradient.name}: {done}\n{wrong}", end="")
            failed += bool(wrong)
    table(gradients)
    print(f"{len(gradients)} gradients, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
