#!/usr/bin/env python3
"""The HTML page of examples and of a hostile model in a headless Chromium: what it shows, and what lights up together."""

import argparse
import html
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
SKIPPED = 77
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
EXAMPLES = ("two_neurons", "mnist", "lstm", "penguins", "nanogpt")
HOSTILE = """# </pre><script>document.title = "taken"</script> & "quotes" 'too'
input θ̂: [batch, 2]
input y: [batch]
param größe: [2] = 0.1
data { y, θ̂ = csv("a<b> & \\"c\\".csv", columns = ["<i>", "&amp;"]) }
z = θ̂ @ größe
loss J = mean(if z < y and z > 0 then (z - y)^2 else abs(z - y))
"""
PROBE = """<script>{
const lit = {};
for (const line of document.querySelectorAll('.line[data-n]')) {
  line.dispatchEvent(new MouseEvent('mouseover', {bubbles: true}));
  const count = where => document.querySelectorAll(where + ' .on').length;
  lit[line.dataset.n] = [count('.source'), count('svg'), count('main')];
}
const folds = document.querySelectorAll('details');
const open = document.querySelectorAll('details[open]').length;
for (const fold of folds) fold.open = true;
const seen = {title: document.title, lit, folds: folds.length, open, text: document.body.innerText,
  sideways: document.documentElement.scrollWidth > window.innerWidth,
  flat: [...document.querySelectorAll('math')].filter(m => m.getBoundingClientRect().height < 3).length,
  nodes: document.querySelectorAll('svg .node').length,
  apart: [...document.querySelectorAll('svg .node text')].every(t => {
    const box = t.getBBox(), rect = t.parentElement.querySelector('rect');
    return !rect || box.width <= rect.width.baseVal.value;
  })};
document.body.innerHTML = '<pre id="probe"></pre>';
document.getElementById('probe').textContent = JSON.stringify(seen);
}</script></body>"""


def browse(folder, page, *options):
    """What Chromium prints about a page."""
    browser = next(filter(None, map(shutil.which, BROWSERS)))
    done = subprocess.run([browser, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={folder / 'profile'}",
                           "--hide-scrollbars", "--window-size=1400,1000", *options, page.as_uri()],
                          stdin=subprocess.DEVNULL, capture_output=True, timeout=120, check=True)
    return done.stdout.decode()


def page_of(gradus, model, folder, screenshots):
    """What a browser sees of the page of a model."""
    page = folder / "page.html"
    subprocess.run([gradus, "derive", "--format", "html", "-o", page, model.name], cwd=model.parent, check=True, timeout=240,
                   stdin=subprocess.DEVNULL, capture_output=True)
    if screenshots:
        browse(folder, page, f"--screenshot={screenshots / model.with_suffix('.png').name}")
    page.write_text(page.read_text("utf-8").replace("</body>", PROBE), "utf-8")
    seen = re.search(r'<pre id="probe">(.*?)</pre>', browse(folder, page, "--dump-dom"), re.S)[1]
    return json.loads(html.unescape(seen))


def check(gradus, model, folder, screenshots):
    seen = page_of(gradus, model, folder, screenshots)
    walk = json.loads(subprocess.run([gradus, "derive", "--format", "json", model.name], cwd=model.parent, check=True, timeout=240,
                                     stdin=subprocess.DEVNULL, capture_output=True).stdout)
    assert model.name in seen["title"] and walk["loss"] in seen["title"], f"the title is {seen['title']}"
    shown = seen["text"].replace("\u00a0", " ")
    for line in filter(None, map(str.rstrip, model.read_text().splitlines())):
        assert line.strip() in shown, f"the page does not show: {line}"
    for row in walk["table"]:
        assert row["kind"] in ("definition", "loss") or row["name"] in shown, f"the table lacks {row['name']}"
    for step in (step for each in walk["derivatives"] for step in each["simplifications"]):
        assert step["rule"] in shown, f"no step is called {step['rule']}"
    assert seen["folds"] >= len(walk["derivatives"]) and seen["open"] == 0, "the walk is not folded"
    assert seen["nodes"] > 2 and seen["apart"], "texts in the graph are wider than their boxes"
    assert not seen["sideways"], "the page is wider than the window"
    assert seen["flat"] == 0, f"{seen['flat']} formulas are invisible"
    forward = {each["name"] for each in walk["forward"]}
    for names, (source, graph, main) in seen["lit"].items():
        assert source == 1, f"{names}: {source} lines light up"
        if forward & set(names.split()):
            assert graph and main, f"{names} lights {graph} nodes and {main} formulas"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--gradus", default=ROOT / "build" / "gradus", help="the binary to test")
    parser.add_argument("--screenshots", type=pathlib.Path, help="a folder for pictures of the pages, to be looked at")
    arguments = parser.parse_args()
    gradus = pathlib.Path(arguments.gradus).resolve()
    screenshots = arguments.screenshots and arguments.screenshots.resolve()
    if not any(map(shutil.which, BROWSERS)):
        print("skipped: no Chromium found")
        return SKIPPED
    failed = 0
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        hostile = folder / "a<b>&\"'c.grad"
        hostile.write_text(HOSTILE, "utf-8")
        for model in [hostile, *(ROOT / "examples" / f"{example}.grad" for example in EXAMPLES)]:
            try:
                check(gradus, model, folder, screenshots)
            except (AssertionError, TypeError, subprocess.SubprocessError) as error:
                failed += 1
                print(f"--- {model.name}: {type(error).__name__}: {error}")
    print(f"{len(EXAMPLES) + 1} pages, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
