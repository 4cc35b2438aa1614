"""Logits of torchvision's published ResNets (ImageNet stem, 1000 classes) filled by the closed form, evaluated in float64: python3 torchvision_logits.py"""
import torch
import torchvision
from closed_form import digest, fill, images, write

networks = {}
for kind in ("resnet18", "resnet50", "resnet101"):
    net = fill(getattr(torchvision.models, kind)().double()).eval()
    with torch.no_grad():
        logits = net(images(2, 64))
    tensors = sorted(f"{name} {list(value.shape)}" for name, value in net.state_dict().items())
    networks[kind] = dict(tensors=tensors, logits=digest(logits, 64))
    print(kind, networks[kind]["logits"]["largest"], logits.std().item())
write("torchvision-logits.json", dict(networks=networks))
