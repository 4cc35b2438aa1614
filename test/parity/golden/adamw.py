"""Twenty steps of torch.optim.AdamW in float64 on given gradients: python3 adamw.py"""
import math

import torch
from closed_form import spread, write

STEPS, COUNT = 20, 6
cases = []
for size in (1.0, 1e-4, 1e-8, 1e-10):
    for decay in (0.0, 0.1):
        w = torch.nn.Parameter(spread("weights", (COUNT,), 0.0, 2.0))
        optimizer = torch.optim.AdamW([w], lr=1.0, betas=(0.9, 0.999), eps=1e-8, weight_decay=decay)
        path = []
        for t in range(STEPS):
            optimizer.param_groups[0]["lr"] = 0.01 * (1 + math.cos(math.pi * t / STEPS)) / 2
            w.grad = spread(f"gradient {t}", (COUNT,), 0.25 * size, size)
            optimizer.step()
            path.append(w.detach().tolist())
        cases.append(dict(size=size, weight_decay=decay, path=path))
write("adamw.json", dict(cases=cases), digits=16)
