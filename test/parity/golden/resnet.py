"""torchvision's ResNets with another width, stem or normalisation, made from its own blocks. Run alone, it prints the parameter counts that libs/models states."""
import torch
import torchvision
from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck, ResNet

KINDS = {"resnet18": (BasicBlock, [2, 2, 2, 2]), "resnet50": (Bottleneck, [3, 4, 6, 3]), "resnet101": (Bottleneck, [3, 4, 23, 3])}


def groups_of(channels):
    """The largest divisor that is at most 32 and leaves two channels or more in a group."""
    return max(g for g in range(1, 33) if channels % g == 0 and (g == 1 or channels // g >= 2))


NORMALISATIONS = {
    "batch": nn.BatchNorm2d,
    "group": lambda channels: nn.GroupNorm(groups_of(channels), channels),
    "layer": lambda channels: nn.GroupNorm(1, channels),
    "none": lambda channels: nn.Identity(),
}


class AnyResNet(ResNet):
    def __init__(self, kind, classes, width=64, stem="cifar", normalisation="batch"):
        block, layers = KINDS[kind]
        norm = NORMALISATIONS[normalisation]
        super().__init__(block, layers, num_classes=classes, norm_layer=norm)
        self.inplanes = width
        window = dict(kernel_size=7, stride=2, padding=3) if stem == "imagenet" else dict(kernel_size=3, stride=1, padding=1)
        self.conv1 = nn.Conv2d(3, width, bias=False, **window)
        self.bn1 = norm(width)
        if stem == "cifar":
            self.maxpool = nn.Identity()
        for i, count in enumerate(layers):
            setattr(self, f"layer{i + 1}", self._make_layer(block, width * 2**i, count, stride=1 if i == 0 else 2))
        self.fc = nn.Linear(8 * width * block.expansion, classes)


if __name__ == "__main__":
    count = lambda net: sum(p.numel() for p in net.parameters())
    for kind in KINDS:
        published = getattr(torchvision.models, kind)()
        same = AnyResNet(kind, 1000, stem="imagenet")
        assert {n: p.shape for n, p in published.state_dict().items()} == {n: p.shape for n, p in same.state_dict().items()}
        cases = [dict(classes=10), dict(classes=3, width=4), dict(classes=3, width=2, stem="imagenet", normalisation="group"), dict(classes=3, width=2, stem="imagenet", normalisation="none")]
        print(kind, count(published))
        for case in cases:
            net = AnyResNet(kind, **case)
            # Without normalisation minvar's filters have biases.
            biases = sum(m.out_channels for m in net.modules() if isinstance(m, nn.Conv2d)) if case.get("normalisation") == "none" else 0
            print(" ", case, count(net) + biases)
