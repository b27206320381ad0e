#!/usr/bin/env python3
"""Training runs with a folder: what stands in it, that a run which is stopped and goes on is the run that never stopped,
bit for bit, and how runs end.

    runs.py GRADUS
"""
import json
import pathlib
import resource
import signal
import subprocess
import sys
import tempfile

MODEL = """input x: [batch, 2]
input y: index(2)[batch]
data { x, y = moons(n = 60, noise = 0.2) }
h = dense(x, 8, act = tanh)
logits = dense(h, 2)
loss J = mean(cross_entropy(logits, y))
metric accuracy = mean(argmax(logits) == y)
train J { optimizer = adam(rate = cosine(0.05, 200)), epochs = 20, batch = 16, validation = 0.2, patience = 30 }
"""
UNTIL = """param w: [3] = 1
param v = 2
loss J = sum(w^2)
loss K = (v - w[0])^2
train J over w { optimizer = sgd(rate = 0.1), steps = 1000, until = norm(gradients) < 1e-3 }
train K over v { optimizer = sgd(rate = 0.1) }
"""
failures = []


def check(holds, what):
    if not holds:
        failures.append(what)
        print(f"failed: {what}")


class Run:
    def __init__(self, gradus, top, name, model=MODEL):
        self.gradus, self.folder, self.file = gradus, top / name, top / f"{name}.grad"
        self.file.write_text(model)

    def command(self, *options):
        return [self.gradus, "train", str(self.file), "--out", str(self.folder), *options]

    def train(self, *options, status=0):
        done = subprocess.run(self.command("--json", "-q", *options), capture_output=True, text=True)
        check(done.returncode == status, f"{self.file.name} {options}: status {done.returncode}\n{done.stderr}")
        return json.loads(done.stdout) if done.returncode == 0 else {}

    def bytes(self, name):
        return (self.folder / name).read_bytes()


def folder_and_resumption(gradus, top):
    whole = Run(gradus, top, "whole")
    report = whole.train("--seed", "3", "--steps", "50")
    check(report["steps"] == 50, "a run of 50 steps")
    names = {path.name.split(".tfevents")[0] for path in whole.folder.iterdir()}
    check(names == {"weights.safetensors", "last.ckpt", "metrics.jsonl", "curve.svg", "events.out", "model.grad"},
          f"the files of a run: {sorted(names)}")
    check(whole.bytes("model.grad").decode() == MODEL, "the model file as run")
    lines = [json.loads(line) for line in whole.bytes("metrics.jsonl").decode().splitlines()]
    check([line["step"] for line in lines if "J" in line] == list(range(1, 51)), "a line for each step")
    epochs = [line for line in lines if "mean" in line]
    check([line["step"] for line in epochs] == [*range(3, 50, 3), 50], f"a line for each epoch: {epochs}")
    check(all("accuracy" in line["validation"] for line in epochs), "validation in the log")
    check(epochs[-1].get("partial") is True and "partial" not in epochs[0], "an epoch that is not at its end says so")
    for cut in (1, 3, 16, 49):
        parts = Run(gradus, top, f"cut{cut}")
        parts.train("--seed", "3", "--steps", str(cut))
        parts.train("--resume", "--steps", "50")
        for name in ("weights.safetensors", "last.ckpt", "metrics.jsonl", "curve.svg"):
            check(parts.bytes(name) == whole.bytes(name), f"{name} of a run cut after {cut} steps")
    other = Run(gradus, top, "other")
    other.train("--steps", "3")
    other.train("--resume", "--batch", "8", status=3)
    Run(gradus, top, "nowhere").train("--resume", status=3)
    for line, becomes in {"h = dense(x, 8, act = tanh)": "h = dense(x, 9, act = tanh)",     # other shapes
                          "logits = dense(h, 2)": "g = dense(h, 2)\nlogits = g",              # another name
                          "adam(": "sgd("}.items():                                           # fewer states
        other.file.write_text(MODEL.replace(line, becomes))
        other.train("--resume", status=3)
    other.file.write_text(MODEL.replace("epochs = 20", "epochs = 21"))
    done = subprocess.run(other.command("--resume", "--steps", "5"), capture_output=True, text=True)
    check(done.returncode == 0 and "another text of the model" in done.stderr, f"another text is said: {done.stderr}")


def interruption(gradus, top):
    run = Run(gradus, top, "endless", MODEL.replace(", patience = 30", ""))
    process = subprocess.Popen(run.command("--steps", "1000000000"), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    process.stderr.readline()  # the first epoch is done
    process.send_signal(signal.SIGINT)
    process.communicate()
    check(process.returncode == 130, f"SIGINT ends with status {process.returncode}")
    steps = max(json.loads(line)["step"] for line in run.bytes("metrics.jsonl").decode().splitlines())
    report = run.train("--resume", "--steps", str(steps + 5))
    check(report.get("steps") == steps + 5, "an interrupted run goes on")


def endings(gradus, top):
    report = Run(gradus, top, "until", UNTIL).train("--precision", "f64")
    # ‖2w‖ = 2√3 · 0.8ⁿ falls below 1e-3 in the 38th step.
    check(report["steps"] == 38, f"until: {report}")
    check(set(report["losses"]) == {"J", "K"}, f"conditions are not reported: {report}")
    patient = Run(gradus, top, "patient", MODEL.replace("epochs = 20", "epochs = 2000").replace("cosine(0.05, 200)", "0.3").replace("= 30", "= 7"))
    report = patient.train()
    check(report["steps"] < 2000 * 3, "patience ends a run")
    losses = [line["validation"]["J"] for line in map(json.loads, patient.bytes("metrics.jsonl").decode().splitlines())
              if "validation" in line]
    check(report["validation"]["losses"]["J"] == min(losses), "the weights of the best epoch are kept")


BIGRAM = """input text: index(vocab)[batch, 9]
data { text = text("letters.txt") }
param L: [vocab, vocab] = 0
seen = text[:, 0:8]
logits = L[seen]
loss J = mean(cross_entropy(logits, text[:, 1:9]))
train J { optimizer = adam(rate = 0.1), epochs = 200 }
"""


def text(gradus, top):
    (top / "letters.txt").write_text("abcabcabc" * 4)
    run = Run(gradus, top, "letters", BIGRAM)
    run.train()
    sample = [gradus, "sample", str(run.file), "--weights", str(run.folder / "weights.safetensors")]
    done = subprocess.run([*sample, "--prompt", "ab", "--length", "13", "--temperature", "0"], capture_output=True, text=True)
    check(done.stdout == "abcabcabcabcabc\n", f"sampled text: {done.stdout!r} {done.stderr}")
    bold = [*sample, "--prompt", "a", "--length", "50", "--temperature", "100", "--json", "--seed"]
    texts = [subprocess.run([*bold, seed], capture_output=True, text=True).stdout for seed in ("1", "1", "2")]
    check(texts[0] == texts[1] != texts[2], "the seed decides what is sampled")
    done = subprocess.run([*sample, "--prompt", "x", "--length", "1"], capture_output=True, text=True)
    check(done.returncode == 3 and "`x`" in done.stderr, f"a character that the model does not know: {done.stderr}")
    done = subprocess.run([gradus, "bench", str(run.file), "--seconds", "0", "--json"], capture_output=True, text=True)
    report = json.loads(done.stdout)
    check({"check", "gradient", "plan", "code", "seconds"} == set(report["compile"]), f"phases: {report}")
    check(report["step"]["kernels"] > 0 and report["step"]["samples"] == 4, f"the step: {report}")


def too_large(gradus, top):
    model = top / "huge.grad"
    model.write_text("param v: [100000, 1000000] = 0\nloss J = sum(v)\n")
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
    if subprocess.run([gradus, "--version"], capture_output=True, preexec_fn=limit).returncode:
        return  # a sanitized binary takes more address space than that before it begins
    done = subprocess.run([gradus, "eval", str(model)], capture_output=True, text=True, preexec_fn=limit)
    check(done.returncode == 3 and "not enough memory" in done.stderr, f"more than there is memory for: {done.stderr}")


def main():
    with tempfile.TemporaryDirectory() as folder:
        top = pathlib.Path(folder)
        for each in (folder_and_resumption, interruption, endings, text, too_large):
            each(sys.argv[1], top)
    print(f"{len(failures)} failed")
    return bool(failures)


if __name__ == "__main__":
    sys.exit(main())
