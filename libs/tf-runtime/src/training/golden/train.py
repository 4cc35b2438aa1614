"""Golden values of three training steps, by PyTorch in float64: python3 train.py > train.json (pip install torch).
A small CNN with batch normalisation of width 4 on twelve 9×9 images; data and initial weights come from closed formulas that the test computes too."""
import copy
import json
import math

import torch
from torch import nn

torch.set_default_dtype(torch.float64)
WIDTH, CLASSES, SIZE, CHANNELS, EXAMPLES, BATCH = 4, 3, 9, 3, 12, 6
MEAN, STD = [0.45, 0.5, 0.55], [0.25, 0.3, 0.2]


def model():
    net = nn.Sequential()
    channels = CHANNELS
    for i in (1, 2, 3):
        out = WIDTH * 2 ** (i - 1)
        net.add_module(f"conv{i}", nn.Conv2d(channels, out, 3, stride=2, padding=1, bias=False))
        net.add_module(f"bn{i}", nn.BatchNorm2d(out))
        net.add_module(f"relu{i}", nn.ReLU())
        channels = out
    net.add_module("pool", nn.AdaptiveAvgPool2d(1))
    net.add_module("flatten", nn.Flatten())
    net.add_module("fc", nn.Linear(channels, CLASSES))
    golden = 0.6180339887498949
    skip = 0
    with torch.no_grad():
        for name, p in net.named_parameters():
            scale = 1 / math.sqrt(p[0].numel()) if p.dim() > 1 else 0.1
            centre = 1.0 if name.startswith("bn") and name.endswith("weight") else 0.0
            values = [centre + scale * (2 * ((i + skip + 1) * golden % 1) - 1) for i in range(p.numel())]
            p.copy_(torch.tensor(values).reshape(p.shape).float().double())
            skip += p.numel()
    return net


pixels = torch.tensor([(i * 73 + (i // 7) * 31 + (i // 243) * 59) % 256 for i in range(EXAMPLES * SIZE * SIZE * CHANNELS)])
images = pixels.reshape(EXAMPLES, SIZE, SIZE, CHANNELS).permute(0, 3, 1, 2).double() / 255
images = (images - torch.tensor(MEAN)[:, None, None]) / torch.tensor(STD)[:, None, None]
labels = torch.tensor([(5 * i + i // 4) % CLASSES for i in range(EXAMPLES)])
steps = [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11], [3, 0, 9, 7, 2, 10]]
partner = [1, 2, 3, 4, 5, 0]
lambdas = [0.3, 0.85, 0.5]


def train(method, optimizer):
    net = model()
    decayed = [p for n, p in net.named_parameters() if p.dim() > 1]
    others = [p for n, p in net.named_parameters() if p.dim() == 1]
    if optimizer == "adamw":
        opt = torch.optim.AdamW([dict(params=decayed, weight_decay=0.1), dict(params=others, weight_decay=0)], lr=0.01, betas=(0.9, 0.999), eps=1e-8)
    else:
        opt = torch.optim.SGD([dict(params=decayed, weight_decay=0.1), dict(params=others, weight_decay=0)], lr=0.1)
    losses = []
    net.train()
    for rows, lam in zip(steps, lambdas):
        x, q = images[rows], nn.functional.one_hot(labels[rows], CLASSES).double()
        if method == "label-smoothing":
            q = 0.9 * q + 0.1 / CLASSES
        if method == "mixup":
            x, q = lam * x + (1 - lam) * x[partner], lam * q + (1 - lam) * q[partner]
        loss = nn.functional.cross_entropy(net(x), q)
        opt.zero_grad()
        loss.backward()
        opt.step()
        losses.append(loss.item())
    net.eval()
    with torch.no_grad():
        logits = net(images)
        penultimate = net[:-1](images)
    parts = [[0, 1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11]]
    again = copy.deepcopy(net)
    torch.optim.swa_utils.update_bn([images[rows] for rows in parts], again)
    with torch.no_grad():
        re_estimated = dict(
            parts=parts,
            statistics={n: b.flatten().tolist() for n, b in again.named_buffers() if "num_batches" not in n},
            logits=again.eval()(images).flatten().tolist(),
        )
    state = {n: v.flatten().tolist() for n, v in net.state_dict().items() if "num_batches" not in n}
    return dict(method=method, optimizer=optimizer, losses=losses, state=state, logits=logits.flatten().tolist(), penultimate=penultimate.flatten().tolist(), reEstimated=re_estimated)


def rounded(x):
    if isinstance(x, float):
        return float(f"{x:.10g}")
    if isinstance(x, list):
        return [rounded(y) for y in x]
    if isinstance(x, dict):
        return {k: rounded(v) for k, v in x.items()}
    return x


cases = [train(m, o) for m, o in (("erm", "adamw"), ("label-smoothing", "sgd"), ("mixup", "sgd"), ("mixup", "adamw"), ("erm", "sgd"))]
print(json.dumps(rounded(dict(mean=MEAN, std=STD, steps=steps, partner=partner, lambdas=lambdas, cases=cases))))
