#!/usr/bin/env python3
"""Golden tests: model files that end in what gradus must print about them.

    # run: gradus derive --wrt w
    param w = 1.0
    ...

    # output:
    # ∂J/∂w = …

Everything after the marker is made anew and compared whole; --update rewrites it. README.md in this folder has the rules.
"""

import argparse
import concurrent.futures
import difflib
import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden"
MARKER = "\n# output:\n"
SKIPPED = 77


class Case:
    """One golden file: its program, the commands to run, and what they must print."""

    def __init__(self, path):
        self.path = path
        self.name = str(path.relative_to(GOLDEN))
        self.text = path.read_text("utf-8", "surrogateescape")
        self.program, _, self.expected = self.text.partition(MARKER)
        self.runs = self.headers("run")
        self.status = int((self.headers("status") or ["0"])[0])
        self.needs = self.headers("needs")

    def headers(self, key):
        """The values of the lines `# key: value` before the marker."""
        prefix = f"# {key}:"
        return [line[len(prefix):].strip() for line in self.program.splitlines()
                if line.startswith(prefix)]

    def rewritten(self, output):
        return self.program.rstrip("\n") + "\n" + MARKER + output


def data_file(name):
    folder = os.environ.get("GRADUS_DATA") or ROOT.parent / "shared" / "data"
    return pathlib.Path(folder) / name


def mirror(cases, top):
    """Copies the golden tree and the examples below `top`, the programs without their outputs.

    So a formatter prints no golden output back, and an error at the end of the file stays on one line.
    """
    shutil.copytree(GOLDEN, top / "tests" / "golden")
    if (ROOT / "examples").exists():
        shutil.copytree(ROOT / "examples", top / "examples")
    for case in cases:
        copy = top / "tests" / "golden" / case.name
        copy.write_text(case.program.rstrip("\n") + "\n", "utf-8", "surrogateescape")
        for need in case.needs:
            if data_file(need).exists():
                shutil.copy(data_file(need), copy.parent)


def arguments(run, case):
    """The words after `gradus`: the file goes where %s stands, else last, unless the line names a model itself."""
    words = shlex.split(run)
    if words[:1] != ["gradus"]:
        raise ValueError(f"a run line begins with gradus: {run}")
    words = words[1:]
    if "%s" in words:
        return [case.path.name if word == "%s" else word for word in words]
    if any(word.endswith(".grad") for word in words):
        return words
    return words + [case.path.name]


def as_comment(text):
    return "".join(f"# {line}".rstrip(" ") + "\n" for line in text.splitlines())


def run_case(case, gradus, top):
    """(what the file should end in, what is wrong): standard output, then standard error, of each command."""
    output, wrong = "", ""
    for run in case.runs:
        done = subprocess.run([gradus, *arguments(run, case)], stdin=subprocess.DEVNULL,
                              capture_output=True, timeout=120,
                              cwd=(top / "tests" / "golden" / case.name).parent,
                              env={**os.environ, "NO_COLOR": "1"})
        if len(case.runs) > 1:
            output += f"# $ {run}\n"
        for stream in (done.stdout, done.stderr):
            output += as_comment(stream.decode("utf-8", "backslashreplace"))
        if done.returncode != case.status:
            wrong += f"`{run}` ended with status {done.returncode}, not {case.status}\n"
    return output, wrong


def check(case, gradus, top, update):
    """The report on one case: '' where all is well."""
    if not case.runs:
        return "no `# run:` line (a file that others import belongs in a folder `imported`)\n"
    missing = [need for need in case.needs if not data_file(need).exists()]
    if missing:
        return f"skipped: {', '.join(missing)} not found\n"
    try:
        output, wrong = run_case(case, gradus, top)
    except (subprocess.TimeoutExpired, ValueError) as error:
        return f"{error}\n"
    if wrong:
        return wrong + output
    if case.rewritten(output) == case.text:
        return ""
    if update:
        case.path.write_text(case.rewritten(output), "utf-8", "surrogateescape")
        return "updated\n"
    return "".join(difflib.unified_diff(case.expected.splitlines(True), output.splitlines(True),
                                        "expected", "printed"))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="run only the files whose path contains one of these")
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    parser.add_argument("--update", action="store_true", help="rewrite what differs")
    options = parser.parse_args()

    cases = [Case(path) for path in sorted(GOLDEN.rglob("*.grad")) if "imported" not in path.parts]
    chosen = [case for case in cases
              if not options.names or any(name in str(case.path) for name in options.names)]
    if not chosen:
        print("no golden files")
        return SKIPPED

    gradus = pathlib.Path(options.gradus).resolve()
    with tempfile.TemporaryDirectory() as folder, \
            concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        top = pathlib.Path(folder)
        mirror(cases, top)
        reports = list(pool.map(lambda case: check(case, gradus, top, options.update), chosen))

    failed = 0
    for case, report in zip(chosen, reports):
        if report:
            print(f"--- {case.name}\n{report}", end="")
            failed += not report.startswith(("skipped", "updated"))
    print(f"{len(chosen)} golden files, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
