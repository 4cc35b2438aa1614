"""Numbers that PyTorch and minvar both compute from a formula, and what is kept of the results. test/parity/closed-form.ts is the same in TypeScript."""
import json
import math

import numpy as np
import torch


def uniform(name, count):
    """u_0 … u_{count-1} in [0, 1): a 32-bit mixing function of FNV-1a(name) + i."""
    start = 0x811C9DC5
    for byte in name.encode():
        start = ((start ^ byte) * 0x01000193) & 0xFFFFFFFF
    h = (np.arange(count, dtype=np.uint64) + start).astype(np.uint32)
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        h ^= h >> np.uint32(shift)
        h *= np.uint32(factor)
    h ^= h >> np.uint32(16)
    return h.astype(np.float64) / 2**32


def spread(name, shape, centre, radius):
    """centre ± radius, rounded to float32."""
    values = centre + radius * (2 * uniform(name, math.prod(shape)) - 1)
    return torch.from_numpy(values.astype(np.float32).astype(np.float64).reshape(shape))


def images(count, size, channels=3, name="images"):
    """count × channels × size × size of variance 1, numbered with the channels last."""
    return spread(name, (count, size, size, channels), 0, math.sqrt(3)).permute(0, 3, 1, 2).contiguous()


def labels(count, classes):
    return torch.tensor([(5 * i + i // 4) % classes for i in range(count)])


def fill(net, damped=True):
    """Every parameter and statistic. Filters have torchvision's variance 2/fan_out; the last gain of a residual branch lies near 0.5 when damped, so
    that a network evaluated by statistics near (0, 1) does not grow with its depth."""
    last = {f"{name}.bn{3 if hasattr(block, 'conv3') else 2}.weight" for name, block in net.named_modules() if hasattr(block, "downsample")}
    state = net.state_dict()
    for name, value in state.items():
        if name.endswith("num_batches_tracked"):
            continue
        centre, radius = 0.0, 0.1
        if value.dim() == 4:
            radius = math.sqrt(3 * 2 / (value[0, 0].numel() * value.shape[0]))
        elif name.startswith("fc."):
            radius = 1 / math.sqrt(net.fc.in_features)
        elif name.endswith("running_var"):
            centre, radius = 1.0, 0.3
        elif name.endswith(".weight"):
            centre, radius = (0.5, 0.1) if damped and name in last else (1.0, 0.2)
        value.copy_(spread(name, tuple(value.shape), centre, radius))
    net.load_state_dict(state)
    return net


def digest(value, entries=64):
    """Norm, largest magnitude, projection on a fixed vector, and evenly spread entries of a tensor in PyTorch's order."""
    v = value.detach().double().flatten().numpy()
    at = [k * len(v) // entries for k in range(entries)] if len(v) > entries else range(len(v))
    return dict(
        size=len(v),
        norm=float(np.linalg.norm(v)),
        largest=float(np.abs(v).max()),
        projection=float(v @ (2 * uniform("projection", len(v)) - 1)),
        entries=[float(v[i]) for i in at],
    )


def write(path, result, digits=12):
    def rounded(x):
        if isinstance(x, float):
            return float(f"{x:.{digits}g}")
        if isinstance(x, (list, tuple)):
            return [rounded(y) for y in x]
        if isinstance(x, dict):
            return {k: rounded(y) for k, y in x.items()}
        return x

    with open(path, "w") as file:
        json.dump(dict(made_by=f"PyTorch {torch.__version__.split('+')[0]}", **rounded(result)), file)
        file.write("\n")
