"""Golden values for the metrics, straight from their formulas in NumPy, two-pass and without folds.

    python metrics.py > metrics.json          (numpy 2)
"""
import json
import numpy as np

rng = np.random.default_rng(11)
n, K, D, A = 80, 4, 6, 4
grid = lambda x: np.round(x * 64) / 64  # exact in float32
y = rng.choice(K, n, p=[0.4, 0.3, 0.25, 0.05])
y[0] = 3
attribute = np.where(rng.uniform(size=n) < 0.7, y, rng.integers(0, A, n))
attribute[rng.uniform(size=n) < 0.1] = -1
centres = rng.standard_normal((K, D))
h = grid(centres[y] + rng.standard_normal((n, D)) * [0.3, 1, 2, 0.5, 0.5, 5] + 100)
W = grid(rng.standard_normal((K, D)))
z = grid(rng.standard_normal((n, K)) * 1.5 + 2 * np.eye(K)[y] + 3)
alpha = 0.2

p = np.exp(z - z.max(1, keepdims=True))
p /= p.sum(1, keepdims=True)
logp = z - np.log(np.exp(z - z.max(1, keepdims=True)).sum(1, keepdims=True)) - z.max(1, keepdims=True)
prediction = z.argmax(1)
right = prediction == y
classes = range(K)
of = lambda k: y == k


def trace(x, ddof=0):
    return float(np.var(x, axis=0, ddof=ddof).sum())


def class_mean(x, ddof=0, keep=None):
    keep = np.ones(n, bool) if keep is None else keep
    return float(np.mean([trace(x[of(k) & keep], ddof) for k in classes if (of(k) & keep).sum() > ddof]))


def pooled(x, ddof):
    s = sum(((x[of(k)] - x[of(k)].mean(0)) ** 2).sum() for k in classes if of(k).any())
    return float(s / sum(of(k).sum() - ddof for k in classes))


def within_share(x):
    mu = x.mean(0)
    w = sum(((x[of(k)] - x[of(k)].mean(0)) ** 2).sum() for k in classes)
    return float(w / ((x - mu) ** 2).sum())


out = {}
out["error"] = float(1 - right.mean())
out["loss"] = float(-logp[np.arange(n), y].mean())
for a, s, d in [(a, s, d) for a in ("class-mean", "pooled") for s in ("mean", "trace") for d in (0, 1)]:
    value = class_mean(h, d) if a == "class-mean" else pooled(h, d)
    out[f"activation-variance {a}/{s}/{'n-1' if d else 'n'}"] = value / (D if s == "mean" else 1)
out["activation-variance"] = out["activation-variance class-mean/mean/n"]
scale = np.sqrt(K) / np.linalg.norm(W)  # the last layer times this has norm sqrt(K), so h is divided by it
out["activation-variance gauge-fixed/class-mean/mean/n"] = class_mean(h / scale) / D
out["activation-variance-ratio"] = within_share(h)
stages = {"stage1": h[:, :2], "stage2": h[:, 1:4], "stage3": h[:, 3:], "stage4": h[:, 4:5]}
for name, x in stages.items():
    out[f"variance-by-stage {name}"] = within_share(x)
out["variance-by-stage"] = out["variance-by-stage penultimate"] = within_share(h)
out["output-variance"] = class_mean(p)
out["output-variance true-class"] = float(np.mean([np.var(p[of(k), k]) for k in classes]))
out["output-variance pooled"] = pooled(p, 1)
out["output-variance frequency-weighted"] = float(sum(of(k).mean() * trace(p[of(k)]) for k in classes))
out["output-variance correct-only"] = class_mean(p, 0, right)
out["output-variance debiased"] = class_mean((p - alpha / K) / (1 - alpha))
out["logit-covariance"] = float(np.mean([np.trace(np.atleast_2d(np.cov(z[of(k)].T, ddof=0))) for k in classes]))
out["logit-covariance frequency-weighted"] = float(sum(of(k).mean() * trace(z[of(k)]) for k in classes))
centred = z - z.mean(1, keepdims=True)
out["logit-covariance centred"] = class_mean(centred)
out["logit-covariance ratio"] = within_share(centred)
groups = [(k, a, of(k) & (attribute == a)) for k in classes for a in range(A)]
seen = [(k, a, m) for k, a, m in groups if m.any()]
accuracy = [float(right[m].mean()) for _, _, m in seen]
has = attribute >= 0
out["group-accuracy"] = float(right[has].mean())
out["worst-group-accuracy"] = min(accuracy)
out["average-group-accuracy"] = out["average-group-accuracy uniform"] = float(np.mean(accuracy))
out["average-group-accuracy frequency"] = float(right[has].mean())
out["average-group-accuracy class-uniform"] = float(
    np.mean([np.mean([right[m].mean() for k2, _, m in seen if k2 == k]) for k in classes if any(k2 == k for k2, _, _ in seen)]))
out["accuracy-gap"] = float(right[has].mean()) - min(accuracy)
out["accuracy-gap uniform-minus-worst"] = float(np.mean(accuracy)) - min(accuracy)
out["accuracy-gap best-minus-worst"] = max(accuracy) - min(accuracy)
out["follows-colour"] = float((prediction == attribute)[has].mean())
out["follows-colour conflicting"] = float((prediction == attribute)[has & (attribute != y)].mean())
minority = np.zeros(n, bool)
for k in classes:
    sizes = [int((of(k) & (attribute == a)).sum()) for a in range(A)]
    for a in range(A):
        if sizes[a] < max(sizes):
            minority |= of(k) & (attribute == a)
out["minority-train-accuracy"] = float(right[minority].mean())
q = (1 - alpha) * np.eye(K)[y] + alpha / K
entropy = -np.sum(q[0] * np.log(q[0]))
out["bound-slack"] = float(np.mean(-(q * logp).sum(1)) - entropy - sum(of(k).mean() * trace(p[of(k)]) for k in classes))
contrast = W - W.mean(0)
out["high-weight-share"] = float((contrast[:, 3:] ** 2).sum() / (contrast ** 2).sum())
out["high-weight-share low-norm"] = float(np.sqrt(2 * (contrast[:, :3] ** 2).sum()))
out["high-weight-share high-norm"] = float(np.sqrt(2 * (contrast[:, 3:] ** 2).sum()))

# A fixed set of mixed pairs: three values of lambda.
lam = rng.choice([0.25, 0.5, 0.875], n)
partner = rng.integers(0, K, n)
target = lam[:, None] * np.eye(K)[y] + (1 - lam)[:, None] * np.eye(K)[partner]
ent = -np.where(target > 0, target * np.log(np.where(target > 0, target, 1)), 0).sum(1)
cells = {}
for i in range(n):
    cells.setdefault((lam[i], y[i], partner[i]), []).append(i)
spread = sum(((p[c] - p[c].mean(0)) ** 2).sum() for c in cells.values()) / n
mixed = float(np.mean(-(target * logp).sum(1)) - ent.mean() - spread)

print(json.dumps({
    "classes": K, "attributes": A, "alpha": alpha,
    "labels": y.tolist(), "attribute": attribute.tolist(),
    "activations": h.ravel().tolist(), "logits": z.ravel().tolist(), "lastLayer": W.ravel().tolist(),
    "lambda": lam.tolist(), "partner": partner.tolist(),
    "expected": out, "mixupBoundSlack": mixed,
    "perGroup": [{"count": int(m.sum()), "value": float(right[m].mean()) if m.any() else None} for _, _, m in groups],
    "errorPerClass": [float(1 - right[of(k)].mean()) for k in classes],
}))
