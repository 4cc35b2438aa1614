"""PyTorch as a subject of `minvar bench train`: the same network, batch, method and precision on the same images.

Kind `step`: steps only, images resident and standardised beforehand, channels_last, fused AdamW.
Kind `epoch`: the script most people write: DataLoader with workers and torchvision's transforms, training, evaluation, and the
within-class variance of the penultimate activations.
Usage: train.py '{"dataDir": ..., "threads": 2, "compile": false, "trainCase": {...}}'; orders come on stdin, answers go to stdout.
"""

import json
import sys
import time

import numpy as np
import torch
import torch.nn.functional as F
import torchvision
from torchvision import transforms

options = json.loads(sys.argv[1])
case = options["trainCase"]
folder = options["dataDir"]
torch.set_num_threads(options["threads"])
torch.manual_seed(0)
bf16 = case["precision"] == "bf16"
method = case["method"]
mean, std = (0.5, 0.5, 0.5), (0.29, 0.29, 0.29)


def say(answer):
    print(json.dumps(answer), flush=True)


class BasicBlock(torch.nn.Module):
    def __init__(self, inputs, outputs, stride):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(outputs)
        self.conv2 = torch.nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = torch.nn.BatchNorm2d(outputs)
        self.downsample = None
        if stride != 1 or inputs != outputs:
            self.downsample = torch.nn.Sequential(
                torch.nn.Conv2d(inputs, outputs, 1, stride, bias=False), torch.nn.BatchNorm2d(outputs)
            )

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)), inplace=True)
        y = self.bn2(self.conv2(y))
        y += x if self.downsample is None else self.downsample(x)
        return F.relu(y, inplace=True)


class ResNet18(torch.nn.Module):
    """ResNet-18 with the CIFAR stem; answers logits and penultimate activations."""

    def __init__(self, width):
        super().__init__()
        self.conv1 = torch.nn.Conv2d(3, width, 3, 1, 1, bias=False)
        self.bn1 = torch.nn.BatchNorm2d(width)
        blocks, inputs = [], width
        for stage in range(4):
            outputs = width * 2**stage
            blocks += [BasicBlock(inputs, outputs, 1 if stage == 0 else 2), BasicBlock(outputs, outputs, 1)]
            inputs = outputs
        self.blocks = torch.nn.Sequential(*blocks)
        self.fc = torch.nn.Linear(inputs, 10)

    def forward(self, x):
        h = self.blocks(F.relu(self.bn1(self.conv1(x)), inplace=True)).mean((2, 3))
        return self.fc(h), h


model = ResNet18(case["width"]).to(memory_format=torch.channels_last)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=5e-4, fused=True)
network = torch.compile(model) if options["compile"] else model


def step(x, y):
    x = x.to(memory_format=torch.channels_last)
    targets = F.one_hot(y, 10).float()
    if method == "mixup":
        lam = float(np.random.beta(1.0, 1.0))
        partner = torch.randperm(len(x))
        x = lam * x + (1 - lam) * x[partner]
        targets = lam * targets + (1 - lam) * targets[partner]
    elif method == "label-smoothing":
        targets = 0.9 * targets + 0.1 / 10
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
        logits, _ = network(x)
    loss = F.cross_entropy(logits.float(), targets)
    loss.backward()
    optimizer.step()
    return loss.item()


def load(split):
    inputs = np.load(f"{folder}/data/{split}-inputs.npy")
    labels = np.load(f"{folder}/data/{split}-labels.npy").astype(np.int64)
    return inputs, labels


class Images(torch.utils.data.Dataset):
    """As torchvision.datasets.CIFAR10: an array of images, each made a PIL image and transformed when it is asked for."""

    def __init__(self, inputs, labels, transform):
        self.inputs, self.labels, self.transform = inputs, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, i):
        return self.transform(transforms.functional.to_pil_image(self.inputs[i])), int(self.labels[i])


def variance(activations, labels):
    """Mean over classes and dimensions of the within-class variance, and the ratio of traces."""
    h = np.concatenate(activations).astype(np.float64)
    y = np.concatenate(labels)
    within = np.stack([h[y == k].var(0) for k in range(10)])
    return within.mean(), within.mean(0).sum() / h.var(0).sum()


def evaluate(loader):
    model.eval()
    activations, labels, wrong, seen = [], [], 0, 0
    with torch.no_grad():
        for x, y in loader:
            logits, h = model(x.to(memory_format=torch.channels_last))
            wrong += (logits.argmax(1) != y).sum().item()
            seen += len(y)
            activations.append(h.numpy())
            labels.append(y.numpy())
    model.train()
    return wrong / seen, *variance(activations, labels)


def steps_only():
    inputs, labels = load("train")
    x = torch.from_numpy(inputs).permute(0, 3, 1, 2).float().div(255).sub(0.5).div(0.29)
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.from_numpy(labels)

    def work(n):
        for _ in range(n):
            indices = torch.randint(0, len(y), (case["batchSize"],))
            step(x[indices], y[indices])

    return work


def epochs():
    plain = transforms.Compose([transforms.ToTensor(), transforms.Normalize(mean, std)])
    augmented = transforms.Compose(
        [transforms.RandomCrop(32, padding=4), transforms.RandomHorizontalFlip(), plain]
    )
    arguments = {"batch_size": case["batchSize"], "num_workers": options["threads"], "persistent_workers": True}
    training = torch.utils.data.DataLoader(Images(*load("train"), augmented), shuffle=True, drop_last=False, **arguments)
    # as many images as the peer looks at, and none fetched beyond them
    first = lambda split: torch.utils.data.Subset(Images(*load(split), plain), range(options["measured"][split]))
    measured, test = (torch.utils.data.DataLoader(first(split), **arguments) for split in ("train", "test"))

    def work(n):
        # orders are in steps; whole epochs are worked through
        for _ in range(max(1, round(n / len(training)))):
            for x, y in training:
                step(x, y)
            evaluate(measured)
            evaluate(test)

    return work


def gemm(dtype, n=2048, chained=4, runs=8):
    a = torch.full((n, n), 1 / n, dtype=torch.bfloat16 if dtype == "bf16" else torch.float32)
    best = float("inf")
    for _ in range(runs):
        began = time.perf_counter()
        x = a
        for _ in range(chained):
            x = x @ a
        best = min(best, time.perf_counter() - began)
    return chained * 2 * n**3 / best


if __name__ == "__main__":
    work = steps_only() if case["kind"] == "step" else epochs()
    work(1)
    say({"torch": torch.__version__, "torchvision": torchvision.__version__})
    for line in sys.stdin:
        verb, argument = line.split()
        if verb == "gemm":
            say({"flops": gemm(argument)})
        elif verb == "steps":
            began = time.perf_counter()
            work(int(argument))
            say({"seconds": time.perf_counter() - began})
