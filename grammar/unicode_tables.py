#!/usr/bin/env python3
"""Writes grammar/unicode.inc, the tables of unicode.cpp, from the Unicode data that Python carries.

    grammar/unicode_tables.py > grammar/unicode.inc
"""

import sys
import unicodedata

LAST = 0x110000
SURROGATES = range(0xD800, 0xE000)


def ranges(holds):
    """The maximal intervals [first, last] of the code points for which `holds`."""
    first = None
    for code in range(LAST + 1):
        inside = code < LAST and code not in SURROGATES and holds(chr(code))
        if inside and first is None:
            first = code
        if not inside and first is not None:
            yield first, code - 1
            first = None


def is_letter(c):
    return unicodedata.category(c) in ("Lu", "Ll", "Lt", "Lm", "Lo")


def is_mark(c):
    return unicodedata.category(c) in ("Mn", "Mc")


def is_wide(c):
    return unicodedata.east_asian_width(c) in ("W", "F")


def has_no_width(c):
    return unicodedata.category(c) in ("Mn", "Me", "Cf") and c != "\u00ad"


def table(name, why, holds):
    print(f"// {why}")
    print(f"constexpr Interval {name}[] = {{")
    line = "   "
    for first, last in ranges(holds):
        entry = f" {{0x{first:X}, 0x{last:X}}},"
        if len(line) + len(entry) > 100:
            print(line)
            line = "   "
        line += entry
    print(line)
    print("};\n")


def decompositions():
    """(code point, its parts) of the canonical decompositions of one step, but for Hangul syllables."""
    for code in range(LAST):
        parts = unicodedata.decomposition(chr(code)) if code not in SURROGATES else ""
        if parts and not parts.startswith("<"):
            yield code, [int(part, 16) for part in parts.split()]


def is_normal(c):
    return unicodedata.normalize("NFC", c) == c


def compositions():
    """(first, second, composed): the pairs that NFC joins."""
    for code, parts in decompositions():
        if len(parts) == 2 and is_normal(chr(code)):
            yield parts[0], parts[1], code


def replacements():
    """(code point, what NFC puts in its place), where that is one; ideographs of old standards are left out."""
    for code, _ in decompositions():
        normal = unicodedata.normalize("NFC", chr(code))
        if len(normal) == 1 and not is_normal(chr(code)) and code < 0xF900:
            yield code, ord(normal)


def rows(name, type_name, why, entries):
    print(f"// {why}")
    print(f"constexpr {type_name} {name}[] = {{")
    line = "   "
    for entry in entries:
        text = " {" + ", ".join(f"0x{number:X}" for number in entry) + "},"
        if len(line) + len(text) > 100:
            print(line)
            line = "   "
        line += text
    print(line)
    print("};\n")


def combining_classes():
    """(first, last, class) of the marks that canonical ordering moves."""
    for value in sorted({unicodedata.combining(chr(code)) for code in range(LAST)} - {0}):
        for first, last in ranges(lambda c: unicodedata.combining(c) == value):
            yield first, last, value


def main():
    print(f"// Made by unicode_tables.py from Unicode {unicodedata.unidata_version}.\n")
    table("letters", "General categories Lu, Ll, Lt, Lm, Lo.", is_letter)
    table("marks", "General categories Mn and Mc: what may follow a letter in a name.", is_mark)
    table("wide", "East Asian width W or F: two columns of a terminal.", is_wide)
    table("zero_width", "Marks and format characters: no column of a terminal.", has_no_width)
    rows("combining", "CombiningClass", "Canonical combining classes other than 0.",
         sorted(combining_classes()))
    table("never_normal", "Code points that NFC never has.", lambda c: not is_normal(c))
    rows("replaced", "Replacement", "Those of them that are another one's double.", replacements())
    rows("composed", "Composition", "Canonical compositions, by first and second part.",
         sorted(compositions()))


if __name__ == "__main__":
    sys.exit(main())
