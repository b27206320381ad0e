#!/usr/bin/env python3
"""What must hold in every room: who includes whom, a README, a golden file for each diagnostic, no word of the place it
was written in."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent

# What a room may include beside the standard library and itself: prefixes of the text between the quotes or brackets.
MAY_INCLUDE = {
    "grammar": ["fmt/"],
    "runtime": ["fmt/", "nlohmann/", "zlib.h", "fcntl.h", "unistd.h", "sys/", "linux/",
                "dlfcn.h", "lapacke.h"],
    "compiler/graph": ["fmt/"],
    "compiler/prelude": [],
    # Derivatives are expressions: their meaning is the gradient's, of what is recognised.
    "compiler/check": ["fmt/", "grammar/", "compiler/graph/", "compiler/prelude/",
                       "compiler/gradient/", "compiler/simplify/"],
    "compiler/gradient": ["fmt/", "compiler/graph/"],
    "compiler/simplify": ["fmt/", "compiler/graph/"],
    "compiler/formula": ["fmt/", "compiler/graph/", "compiler/gradient/", "compiler/simplify/"],
    "compiler/certificate": ["fmt/", "compiler/graph/", "compiler/gradient/", "compiler/formula/"],
    "compiler/document": ["fmt/", "nlohmann/", "compiler/graph/", "compiler/formula/"],
    "compiler/kernel": ["fmt/", "compiler/graph/"],
    "compiler/codegen": ["fmt/", "compiler/graph/", "compiler/kernel/", "runtime/step.h",
                         "runtime/tensor.h", "runtime/linear_algebra.h", "llvm/"],
    # The pipeline and the subcommands see every room.
    "compiler": ["fmt/", "grammar/", "runtime/"],
    "compiler/cli": ["fmt/", "grammar/", "runtime/", "compiler/", "CLI/", "nlohmann/", "unistd.h", "sys/"],
}

# Words and paths that mean something only where the project was written.
FOREIGN = re.compile(r"/(home|root|work|farm)/|/tmp/[a-z]+_jobs|\.\./(steering)|\bsub-?(agent)s?\b|"
                     r"\bissues? #?\d|(deb\.debian|pypi|npmjs)\.(org|com)")

LARGEST_FILE = 1 << 20
README_LINES = range(5, 26)  # without tables


def files():
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
                            cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file())


def room_of(name):
    """`compiler/graph` of compiler/graph/dim.h, `compiler` of compiler/compile.cpp; None outside the rooms."""
    folder = str(pathlib.PurePath(name).parent)
    while folder not in MAY_INCLUDE and "/" in folder:
        folder = str(pathlib.PurePath(folder).parent)
    return folder if folder in MAY_INCLUDE else None


def include_allowed(room, included, quoted):
    if not quoted and not re.search(r"[/.]", included):
        return True  # the standard library
    return included.startswith((room + "/", *MAY_INCLUDE[room]))


def wrong_includes(name, text):
    room = room_of(name)
    if not room or not name.endswith((".h", ".cpp", ".def", ".y")):
        return
    for number, line in enumerate(text.splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^">]+)', line)
        if found and not include_allowed(room, found[2], found[1] == '"'):
            yield f"{name}:{number}: {room} may not include {found[2]}"


def foreign_words(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        found = FOREIGN.search(line)
        if found:
            yield f"{name}:{number}: `{found[0]}` belongs to a place, not to the project"


def wrong_readmes(names):
    rooms = {room_of(name) for name in names} - {None, "compiler"} | {"examples", "tests"}
    for room in sorted(rooms):
        readme = ROOT / room / "README.md"
        if not readme.exists():
            yield f"{room}: no README.md"
        lines = [line for line in readme.read_text().splitlines() if not line.startswith("|")] if readme.exists() else []
        if lines and len(lines) not in README_LINES:
            yield f"{room}/README.md: not of {README_LINES[0]} to {README_LINES[-1]} lines"


def untested_diagnostics(names):
    """The codes E0203, W0101 … that stand in the sources, and in no golden file's output."""
    def codes(pattern, chosen):
        return {code for name in chosen for code in re.findall(pattern, (ROOT / name).read_text("utf-8", "replace"))}

    sources = [name for name in names if room_of(name) and name.endswith((".h", ".cpp", ".def"))]
    golden = [name for name in names if name.startswith("tests/golden/")]
    printed = codes(r"(?m)^# (?:error|warning)\[([EW]\d{4})\]", golden)
    for code in sorted(codes(r"\b([EW]\d{4})\b", sources) - printed):
        yield f"{code}: no file in tests/golden prints it"


def complaints():
    names = files()
    yield from wrong_readmes(names)
    yield from untested_diagnostics(names)
    for name in names:
        content = (ROOT / name).read_bytes()
        if len(content) > LARGEST_FILE:
            yield f"{name}: {len(content)} bytes, more than {LARGEST_FILE}"
        if b"\0" in content:
            continue
        text = content.decode("utf-8", "replace")
        yield from wrong_includes(name, text)
        yield from foreign_words(name, text)


if __name__ == "__main__":
    found = list(complaints())
    print("\n".join(found) or "all in order")
    sys.exit(1 if found else 0)
