#!/usr/bin/env python3
"""Every model among the examples and the tests in the formats that programs read: what they hold agrees with the text."""

import argparse
import concurrent.futures
import functools
import html.parser
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree

ROOT = pathlib.Path(__file__).resolve().parent.parent
FOLDERS = ("examples", "tests/reference/models", "tests/golden/derive")
SMALLER = {"gpt2.grad": ["--set", "layers=2"], "nanogpt.grad": ["--set", "layers=2"]}
KINDS = {"const", "input", "param", "state", "definition", "loss"}
EXACTNESS = {"exact": "", "rounding": " (up to rounding)"}


@functools.cache
def derive(gradus, model, *options):
    """What `gradus derive` prints for a model, with the given options."""
    done = subprocess.run([gradus, "derive", *options, *SMALLER.get(model.name, []), model.name], cwd=model.parent, text=True,
                          timeout=240, stdin=subprocess.DEVNULL, capture_output=True)
    if done.returncode:
        raise ValueError(f"status {done.returncode}: {done.stderr}")
    return done.stdout


def equation(formula):
    """The lines of an equation and of what it needs before it; none for null."""
    for each in [formula, *formula["needs"]] if formula else []:
        assert "&" not in each["latex"] or "\\begin{" in each["latex"], f"aligned to nothing: {each['latex']}"
    return [] if formula is None else [each["text"] for each in formula["needs"]] + [formula["text"]]


def paths_of(derivative):
    if derivative["is_loss"]:
        return ["# It is the loss"]
    if derivative["more_paths"]:
        return ["# The sum over more than 6 paths"]
    count = len(derivative["paths"])
    return [] if count == 1 else [f"# The sum over {count} paths" if count else "# The loss does not depend on it"]


def step_of(step):
    words = EXACTNESS.get(step["exactness"]) if step["assumption"] is None else f" (assuming {step['assumption']})"
    return f"# {step['rule']}: {step['before']['text']} → {step['after']['text']}{words}"


def walk_of(document):
    """The lines of the walk as `--steps` prints them, made from the JSON alone."""
    lines = ["# Forward"]
    for defined in document["forward"]:
        lines += equation(defined["formula"])
    for each in document["derivatives"]:
        lines += ["", f"# Chain for {each['symbol']['text']}", *paths_of(each), *equation(each["sum"])]
        for factor in each["factors"]:
            lines += [f"# Through {factor['through']['text']}"] if factor["through"] else []
            lines += equation(factor["formula"])
        if each["product"] or each["product_is_result"]:
            lines += ["# Product", *equation(each["product"])]
        if each["simplified"] and not each["product_is_result"]:
            lines += ["# Simplified, as before" if each["told_before"] else "# Simplified"]
        lines += [step_of(step) for step in each["simplifications"]]
        lines += equation(each["result"])
    return lines


def check_json(gradus, model):
    document = json.loads(derive(gradus, model, "--format", "json"))
    assert walk_of(document) == derive(gradus, model, "--steps").splitlines(), "the walk is another one than the text's"
    names = {row["name"] for row in document["table"]}
    assert len(names) == len(document["table"]), "a name stands twice in the table"
    assert all(row["kind"] in KINDS for row in document["table"])
    source = model.read_text().splitlines()
    for row in document["table"]:
        last = row["name"].split(".")[-1].split("[")[0]
        assert row["line"] is None or "." in row["name"] or last in source[row["line"] - 1], f"{row} is not on its line"
    for each in document["derivatives"]:
        for path in each["paths"]:
            assert path[0]["of"] == document["loss"] and path[-1]["by"] == each["by"]
            assert all(edge["by"] == following["of"] for edge, following in zip(path, path[1:]))


def check_dot(gradus, model):
    graph = derive(gradus, model, "--format", "dot")
    drawn = set(re.findall(r"^ *(n\d+) \[label=", graph, re.M))
    edges = re.findall(r"^ *(n\d+) -> (n\d+)", graph, re.M)
    assert drawn and all(end in drawn for edge in edges for end in edge), "an edge leads to no node"
    document = json.loads(derive(gradus, model, "--format", "json"))
    assert f'\n{" " * 2}' in graph and graph.count("{") == graph.count("}"), "no graph"
    for each in document["derivatives"]:
        if each["paths"] and not each["is_loss"]:
            assert f'[label="{each["symbol"]["text"]}\\n' in graph, f"{each['by']} is not drawn"
    if shutil.which("nop"):  # Graphviz's, which reads a graph and does not lay it out
        for options in [], ["--inline"], ["--wrt", document["derivatives"][0]["by"]] if document["derivatives"] else []:
            graph = derive(gradus, model, "--format", "dot", *options)
            done = subprocess.run(["nop", "-p"], input=graph, text=True, capture_output=True, timeout=120)
            assert done.returncode == 0 and not done.stderr, f"nop {options}: {done.stderr}"


MATHML = "{http://www.w3.org/1998/Math/MathML}"
TOKENS = {"mi", "mn", "mo", "mtext", "mspace"}
OF_TWO = {"mfrac", "msup", "msub", "munder", "mover"}
ROWS = {"math", "mrow", "mtable", "mtr", "mtd", "msqrt"}


def check_mathml(gradus, model):
    """One row a line of the text, and elements of MathML Core that have the children that they need."""
    for options in [], ["--steps"], ["--raw", "--inline"]:
        root = ElementTree.fromstring(derive(gradus, model, "--format", "mathml", *options))
        lines = [line for line in derive(gradus, model, *options).splitlines() if line]
        rows = root.find(f"{MATHML}mtable")
        assert len(rows) == len(lines), f"{len(rows)} rows for {len(lines)} lines"
        for element in root.iter():
            kind = element.tag.removeprefix(MATHML)
            assert kind in TOKENS | OF_TWO | ROWS, f"<{kind}> is no element of MathML Core"
            assert kind not in TOKENS or len(element) == 0, f"<{kind}> holds elements"
            assert kind not in OF_TWO or len(element) == 2, f"<{kind}> of {len(element)} elements"
            assert kind in TOKENS or not (element.text or "").strip(), f"<{kind}> holds text: {element.text}"
            assert not (element.tail or "").strip(), f"text behind <{kind}>: {element.tail}"


class Outline(html.parser.HTMLParser):
    """Whether the elements of a page are nested, and the text of those that are asked for by their class."""

    VOID = {"meta", "br"}

    def __init__(self, wanted):
        super().__init__()
        self.open, self.wanted, self.texts = [], wanted, []

    def handle_starttag(self, tag, attributes):
        if tag in self.VOID:
            return
        self.open.append((tag, dict(attributes).get("class") == self.wanted))
        if self.open[-1][1]:
            self.texts.append("")

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open and self.open[-1][0] == tag, f"</{tag}> ends {self.open[-1:]}"
        self.open.pop()

    def handle_data(self, data):
        if any(is_wanted for _, is_wanted in self.open):
            self.texts[-1] += data


def check_html(gradus, model):
    page = derive(gradus, model, "--format", "html")
    outline = Outline("line")
    outline.feed(page)
    assert not outline.open, f"{outline.open} is not ended"
    assert outline.texts == model.read_text().splitlines(), "the model is shown otherwise than it is"
    for fragment in re.findall(r"<svg.*?</svg>|<math.*?</math>", page, re.S):
        ElementTree.fromstring(fragment)
    asks = re.sub(r'<pre class="source">.*?</pre>', "", page, flags=re.S)
    for outside in re.findall(r"(?:src|href|action)=|@import|https?:[^\"]*", asks):
        assert outside == "http://www.w3.org/2000/svg", f"the page asks for {outside}"
    document = json.loads(derive(gradus, model, "--format", "json"))
    equations = sum(len(equation(each["formula"])) for each in document["forward"]) + len(derive(gradus, model).splitlines())
    for each in document["derivatives"]:
        parts = [each["sum"], each["product"], each["result"], *(factor["formula"] for factor in each["factors"])]
        equations += sum(len(equation(part)) for part in parts)
    assert page.count('<div class="equation"') == equations, "not all equations of the walk are shown"


CHECKS = [check_json, check_dot, check_mathml, check_html]


def wrong(model, check, gradus):
    """What is wrong with one format of one model, '' where nothing is."""
    try:
        check(gradus, model)
    except (AssertionError, ValueError, KeyError, ElementTree.ParseError, subprocess.TimeoutExpired) as error:
        return f"--- {check.__name__} {model.name}: {type(error).__name__}: {error}\n"
    return ""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="only models whose path contains one of these")
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    parser.add_argument("--few", action="store_true", help="only one model of eight, for a slow binary")
    arguments = parser.parse_args()
    gradus = pathlib.Path(arguments.gradus).resolve()

    models = [model for folder in FOLDERS for model in sorted((ROOT / folder).glob("*.grad"))
              if not arguments.names or any(name in str(model) for name in arguments.names)]
    runs = [(model, check) for model in (models[::8] if arguments.few else models) for check in CHECKS]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        reports = list(pool.map(lambda run: wrong(*run, gradus), runs))
    print("".join(reports) + f"{len(runs)} checks, {sum(map(bool, reports))} failed")
    return 1 if any(reports) or not models else 0


if __name__ == "__main__":
    sys.exit(main())
