"""By hand: compare.py KIND FOLDER loads FOLDER/model.safetensors into torchvision (strictly) and prints how far its logits of images.npy are from logits.npy."""
import sys

import numpy as np
import torch
import torchvision
from safetensors.torch import load_file

kind, folder = sys.argv[1:]
ours = np.load(f"{folder}/logits.npy")
net = getattr(torchvision.models, kind)(num_classes=ours.shape[1])
net.load_state_dict(load_file(f"{folder}/model.safetensors"), strict=True)
images = torch.from_numpy(np.load(f"{folder}/images.npy")).permute(0, 3, 1, 2)
with torch.no_grad():
    single = net.eval()(images).numpy()
    exact = net.double()(images.double()).numpy()
largest = np.abs(exact).max()
apart, ours_off, single_off = (np.abs(a - b).max() / largest for a, b in ((ours, single), (ours, exact), (single, exact)))
same = np.mean(ours.argmax(1) == exact.argmax(1))
print(f"{kind}: {len(ours)} images, largest logit {largest:.4g}, same class {same:.0%}; of the largest logit: from torchvision {apart:.2g}, from torchvision in float64 {ours_off:.2g}, torchvision's float32 from its float64 {single_off:.2g}")
sys.exit(0 if ours_off <= 1e-4 else 1)
