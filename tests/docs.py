#!/usr/bin/env python3
"""Runs what the documents show: ```gradus blocks are checked, the `$ gradus …` lines of ```console blocks are run.

A ```gradus block is a whole model file; one whose first line is `# error` must be refused. The output of a console line must be
what follows it, up to the next `$ `, where `…` stands for any text and a line of `…` alone for any lines.
"""

import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```(gradus|console)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def documents():
    rooms = sorted(path for folder in ("grammar", "runtime", "compiler", "examples", "tests")
                   for path in (ROOT / folder).rglob("README.md"))
    return [path for path in [ROOT / "README.md", ROOT / "grammar" / "reference.md", *rooms] if path.exists()]


def wrong_model(text, gradus, folder):
    """What is wrong with a ```gradus block, '' where nothing is."""
    file = pathlib.Path(folder) / "snippet.grad"
    file.write_text(text)
    done = subprocess.run([gradus, "check", file.name], cwd=folder, capture_output=True, text=True)
    file.unlink()
    if text.startswith("# error"):
        return "" if done.returncode == 1 else f"accepted, though it says `# error`\n{text}"
    return "" if done.returncode == 0 else done.stdout + done.stderr


def matches(expected, printed):
    lines = [".*(\n.*)*" if line == "…" else ".*".join(map(re.escape, line.split("…")))
             for line in expected.rstrip().splitlines()]
    return re.fullmatch("\n".join(lines), printed.rstrip()) is not None


def needs_missing_data(command):
    """True where a model named in the command reads the shared data, and those are not here."""
    models = [ROOT / word for word in command.split() if word.endswith(".grad")]
    return not (ROOT.parent / "shared" / "data").exists() and any(
        model.exists() and "shared/data" in model.read_text() for model in models)


def wrong_console(text, gradus, folder):
    """What is wrong with a ```console block, '' where nothing is."""
    wrong = ""
    for turn in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, expected = turn.partition("\n")
        command = command.replace("./dev run ", "gradus ")
        if not command.startswith("gradus "):
            return f"`{command}` is not run: show it in a ```sh block\n"
        if needs_missing_data(command):
            print(f"skipped, no data: {command}")
            continue
        done = subprocess.run(command, shell=True, cwd=folder, text=True, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={**os.environ, "NO_COLOR": "1", "PATH": f"{gradus.parent}:{os.environ['PATH']}"})
        if not matches(expected, done.stdout):
            wrong += f"$ {command}\n" + "".join(difflib.unified_diff(
                expected.splitlines(True), done.stdout.splitlines(True), "shown", "printed"))
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to run")
    gradus = pathlib.Path(parser.parse_args().gradus).resolve()

    count = failed = 0
    with tempfile.TemporaryDirectory() as folder:
        for entry in ROOT.iterdir():  # commands see the repository's files, and leave theirs elsewhere
            (pathlib.Path(folder) / entry.name).symlink_to(entry)
        for document in documents():
            text = document.read_text()
            for block in BLOCK.finditer(text):
                count += 1
                kind = wrong_model if block[1] == "gradus" else wrong_console
                wrong = kind(block[2], gradus, folder)
                if wrong:
                    failed += 1
                    line = text.count("\n", 0, block.start()) + 1
                    print(f"--- {document.relative_to(ROOT)}:{line}\n{wrong}")
    print(f"{count} snippets, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
