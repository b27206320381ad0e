#!/usr/bin/env python3
"""Fifty training steps by PyTorch in f64 with each optimizer and schedule: writes optimizers.json, which training.py
holds `gradus train` against.

    python3 -m venv env && env/bin/pip install torch && env/bin/python optimizers.py
"""
import json
import pathlib

import torch

torch.set_default_dtype(torch.float64)
STEPS = 50
generator = torch.Generator().manual_seed(1)
X, Y = torch.randn(6, 3, generator=generator), torch.randn(6, 2, generator=generator)
START = {"W": torch.randn(3, 4, generator=generator), "b": torch.randn(4, generator=generator),
         "V": torch.randn(4, 2, generator=generator)}


class Lion(torch.optim.Optimizer):
    """Algorithm 2 of Chen et al., "Symbolic Discovery of Optimization Algorithms" (2023)."""

    def __init__(self, params, lr=1e-4, beta1=0.9, beta2=0.99, decay=0.0):
        super().__init__(params, {"lr": lr, "beta1": beta1, "beta2": beta2, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                c = group["beta1"] * m + (1 - group["beta1"]) * p.grad
                p -= group["lr"] * (torch.sign(c) + group["decay"] * p)
                m.copy_(group["beta2"] * m + (1 - group["beta2"]) * p.grad)


def loss_of(w):
    return ((torch.tanh(X @ w["W"] + w["b"]) @ w["V"] - Y)**2).mean()


def trained(make, schedule=None):
    w = {name: value.clone().requires_grad_() for name, value in START.items()}
    optimizer = make(list(w.values()))
    scheduler = schedule(optimizer) if schedule else None
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss_of(w).backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
    return w


def turns(penalty=0.3):
    """Two blocks: V by momentum on J, then W and b by Adam on K with the V that is left."""
    w = {name: value.clone().requires_grad_() for name, value in START.items()}
    first = torch.optim.SGD([w["V"]], lr=0.1, momentum=0.9)
    second = torch.optim.Adam([w["W"], w["b"]], lr=0.01)
    for _ in range(STEPS):
        for optimizer, extra in (first, 0), (second, penalty):
            for value in w.values():
                value.grad = None
            (loss_of(w) + extra * (w["W"]**2).sum()).backward()
            optimizer.step()
    return w


o, s = torch.optim, torch.optim.lr_scheduler
sgd = lambda p: o.SGD(p, lr=0.5)
RUNS = {
    "sgd()": lambda: trained(lambda p: o.SGD(p)),
    "sgd(rate = 0.3)": lambda: trained(lambda p: o.SGD(p, lr=0.3)),
    "momentum()": lambda: trained(lambda p: o.SGD(p, momentum=0.9)),
    "momentum(rate = 0.05, momentum = 0.8)": lambda: trained(lambda p: o.SGD(p, lr=0.05, momentum=0.8)),
    "nesterov()": lambda: trained(lambda p: o.SGD(p, momentum=0.9, nesterov=True)),
    "nesterov(rate = 0.05, momentum = 0.8)": lambda: trained(lambda p: o.SGD(p, lr=0.05, momentum=0.8, nesterov=True)),
    "adagrad()": lambda: trained(lambda p: o.Adagrad(p)),
    "adagrad(rate = 0.2)": lambda: trained(lambda p: o.Adagrad(p, lr=0.2)),
    "rmsprop()": lambda: trained(lambda p: o.RMSprop(p)),
    "rmsprop(rate = 0.02, alpha = 0.9)": lambda: trained(lambda p: o.RMSprop(p, lr=0.02, alpha=0.9)),
    "adam()": lambda: trained(lambda p: o.Adam(p)),
    "adam(rate = 0.05, beta1 = 0.8, beta2 = 0.99)": lambda: trained(lambda p: o.Adam(p, lr=0.05, betas=(0.8, 0.99))),
    "adamw()": lambda: trained(lambda p: o.AdamW(p)),
    "adamw(rate = 0.05, weight_decay = 0.1)": lambda: trained(lambda p: o.AdamW(p, lr=0.05, weight_decay=0.1)),
    "nadam()": lambda: trained(lambda p: o.NAdam(p)),
    "nadam(rate = 0.05, momentum_decay = 0.1)": lambda: trained(lambda p: o.NAdam(p, lr=0.05, momentum_decay=0.1)),
    "lion()": lambda: trained(lambda p: Lion(p)),
    "lion(rate = 0.01, beta2 = 0.95, weight_decay = 0.1)": lambda: trained(lambda p: Lion(p, 0.01, 0.9, 0.95, 0.1)),
    "sgd(rate = cosine(0.5, 50, least = 0.1))": lambda: trained(sgd, lambda x: s.CosineAnnealingLR(x, 50, 0.1)),
    "sgd(rate = linear_warmup(0.5))": lambda: trained(sgd, lambda x: s.LinearLR(x)),
    "sgd(rate = linear_warmup(0.5, steps = 30, start = 0.01))":
        lambda: trained(sgd, lambda x: s.LinearLR(x, start_factor=0.01, total_iters=30)),
    "sgd(rate = exponential_decay(0.5, 0.95))": lambda: trained(sgd, lambda x: s.ExponentialLR(x, 0.95)),
    "sgd(rate = step_decay(0.5, 7))": lambda: trained(sgd, lambda x: s.StepLR(x, 7)),
    "sgd(rate = step_decay(0.5, 10, factor = 0.5, at = epoch))": lambda: trained(sgd, lambda x: s.StepLR(x, 10, 0.5)),
    "turns": turns,
}

if __name__ == "__main__":
    plain = lambda w: {name: value.detach().tolist() for name, value in w.items()}
    fixtures = {"steps": STEPS, "X": X.tolist(), "Y": Y.tolist(), "start": plain(START),
                "runs": {name: plain(run()) for name, run in RUNS.items()}}
    (pathlib.Path(__file__).parent / "optimizers.json").write_text(json.dumps(fixtures, separators=(",", ":")) + "\n")
