"""Narrow ResNets in float64: methods, normalisations and stems, running statistics, and autocast's distance: python3 small_resnets.py"""
import torch
from closed_form import digest, fill, images, labels, spread, write
from resnet import AnyResNet
from torch import nn
from torch.nn.functional import cross_entropy

torch.set_default_dtype(torch.float64)
BATCH, CLASSES = 8, 5
PARTNER = [3, 0, 4, 1, 2, 7, 5, 6]
LAMBDAS = dict(batch=[0.3] * BATCH, example=[0.9, 0.05, 0.5, 0.3, 1.0, 0.0, 0.62, 0.25])


def loss_of(net, method, x, y):
    if method == "erm":
        return cross_entropy(net(x), y)
    if method == "label-smoothing":
        return cross_entropy(net(x), y, label_smoothing=0.1)
    # As in facebookresearch/mixup-cifar10: mixed inputs, and the two losses mixed rather than the targets.
    lam = torch.tensor(LAMBDAS[method.removeprefix("mixup-")])
    out = net(lam[:, None, None, None] * x + (1 - lam)[:, None, None, None] * x[PARTNER])
    return (lam * cross_entropy(out, y, reduction="none") + (1 - lam) * cross_entropy(out, y[PARTNER], reduction="none")).mean()


def case(kind="resnet18", method="erm", size=16, **settings):
    net = fill(AnyResNet(kind, CLASSES, **settings)).train()
    loss = loss_of(net, method, images(BATCH, size), labels(BATCH, CLASSES))
    loss.backward()
    return dict(kind=kind, method=method, size=size, settings=settings, loss=loss.item(), gradients={n: digest(p.grad, 5) for n, p in net.named_parameters()})


def statistics():
    """Three AdamW steps, then torch.optim.swa_utils.update_bn over three batches; running statistics and evaluated logits after each."""
    net = fill(AnyResNet("resnet18", CLASSES, width=8)).train()
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.01)
    y = labels(BATCH, CLASSES)
    losses = []
    for k in range(3):
        loss = cross_entropy(net(images(BATCH, 16, name=f"images {k}")), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())

    def seen():
        net.eval()
        with torch.no_grad():
            logits = net(images(BATCH, 16))
        return dict(logits=logits.flatten().tolist(), running={n: digest(b, 5) for n, b in net.named_buffers() if "num_batches" not in n})

    tracked = seen()
    torch.optim.swa_utils.update_bn([images(BATCH, 16, name=f"images {k}") for k in (3, 4, 5)], net)
    return dict(losses=losses, tracked=tracked, averaged=seen())


def autocast(kind, size, **settings):
    """Cosine between the gradients of float32 and of autocast to bfloat16."""
    net = fill(AnyResNet(kind, CLASSES, **settings), damped=False).float().train()
    x, y = images(16, size).float(), labels(16, CLASSES)

    def gradient(narrow):
        net.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=narrow):
            out = net(x)
        cross_entropy(out.float(), y).backward()
        return torch.cat([p.grad.flatten() for p in net.parameters()]).double()

    return dict(kind=kind, size=size, settings=settings, cosine=torch.cosine_similarity(gradient(False), gradient(True), 0).item())


cases = [case(method=m, width=8) for m in ("erm", "label-smoothing", "mixup-batch", "mixup-example")]
cases += [case(width=8, normalisation=n) for n in ("group", "layer")]
cases += [case(width=4, stem="imagenet", size=39), case("resnet50", width=4, size=15)]
result = dict(partner=PARTNER, lambdas=LAMBDAS, cases=cases, statistics=statistics(), autocast=[autocast("resnet18", 32, width=8)])
write("small-resnets.json", result)
print([c["loss"] for c in cases], result["statistics"]["losses"], result["autocast"])
