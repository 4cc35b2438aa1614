"""Loss and all 62 gradients of one training step of ResNet-18 at full width, CIFAR stem, in float64: python3 resnet18_step.py"""
import torch
from closed_form import digest, fill, images, labels, write
from resnet import AnyResNet
from torch import nn


def step(dtype):
    net = fill(AnyResNet("resnet18", 10).double()).to(dtype).train()
    loss = nn.functional.cross_entropy(net(images(8, 32).to(dtype)), labels(8, 10))
    loss.backward()
    return loss.item(), {name: p.grad.double() for name, p in net.named_parameters()}


loss, gradients = step(torch.float64)
_, single = step(torch.float32)
everything = lambda named: torch.cat([g.flatten() for g in named.values()])
apart = (everything(gradients) - everything(single)).norm() / everything(gradients).norm()
write(
    "resnet18-step.json",
    # How far PyTorch's own float32 is from its float64: what a float32 engine can be expected to reach.
    dict(loss=loss, pytorch_float32_error=apart.item(), gradients={name: digest(g) for name, g in gradients.items()}),
)
print(loss, apart.item(), len(gradients))
