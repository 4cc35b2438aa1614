"""Convolutions and max pooling with padding at odd sizes, and their derivatives, in float64: python3 windows.py"""
import torch
from closed_form import digest, spread, write
from torch import nn

torch.set_default_dtype(torch.float64)


def channels_first(name, shape, centre=0.0, radius=1.0):
    n, c, h, w = shape
    return spread(name, (n, h, w, c), centre, radius).permute(0, 3, 1, 2).contiguous()


def result(y, named):
    y.backward(channels_first("cotangent", tuple(y.shape)))
    channels_last = lambda t: t.permute(0, 2, 3, 1).contiguous()
    return dict(shape=list(channels_last(y).shape), y=digest(channels_last(y)), **{n: digest(channels_last(v.grad) if n == "dx" else v.grad) for n, v in named.items()})


convolutions, pools = [], []
for rows, columns in ((7, 8), (9, 5), (8, 8), (4, 3)):
    for kernel, stride, padding in ((3, 1, 1), (3, 2, 1), (7, 2, 3), (1, 2, 0)):
        x = channels_first("x", (2, 2, rows, columns)).requires_grad_()
        w = spread("w", (3, 2, kernel, kernel), 0.0, 1.0).requires_grad_()
        y = nn.functional.conv2d(x, w, stride=stride, padding=padding)
        convolutions.append(dict(rows=rows, columns=columns, kernel=kernel, stride=stride, padding=padding, **result(y, dict(dx=x, dw=w))))
    # All inputs are negative: a margin of zeros would win.
    x = channels_first("x", (2, 2, rows, columns), -2.0, 1.0).requires_grad_()
    y = nn.functional.max_pool2d(x, 3, stride=2, padding=1)
    pools.append(dict(rows=rows, columns=columns, **result(y, dict(dx=x))))
write("windows.json", dict(convolutions=convolutions, pools=pools))
