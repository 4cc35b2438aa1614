"""Golden values for the metrics, straight from their formulas in NumPy, SciPy and scikit-learn, two-pass and without folds.

    python metrics.py > metrics.json          (numpy 2, scipy 1.17, scikit-learn 1.9)
"""
import json
import numpy as np
from scipy import linalg, optimize
from sklearn import metrics as sk
from sklearn.neighbors import NearestCentroid

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
for a, s, d in [(a, s, d) for a in ("class-mean", "pooled") for s in ("mean", "trace") for d in (0, 1)]:
    value = class_mean(h / scale, d) if a == "class-mean" else pooled(h / scale, d)
    out[f"activation-variance gauge-fixed/{a}/{s}/{'n-1' if d else 'n'}"] = value / (D if s == "mean" else 1)
out["activation-variance-ratio"] = out["activation-variance-ratio pooled/n"] = within_share(h)
for d in (0, 1):
    name = "n-1" if d else "n"
    out[f"activation-variance-ratio class-mean/{name}"] = class_mean(h, d) / trace(h, d)
    out[f"activation-variance-ratio pooled/{name}"] = pooled(h, d) / trace(h, d)
stages = {"stage1": h[:, :2], "stage2": h[:, 1:4], "stage3": h[:, 3:], "stage4": h[:, 4:5]}
for name, x in stages.items():
    out[f"variance-by-stage {name}"] = within_share(x)
out["variance-by-stage"] = out["variance-by-stage penultimate"] = within_share(h)
has_attribute = attribute >= 0
hb = h[has_attribute]
ab = attribute[has_attribute]
centre = np.array([hb[ab == a].mean(0) for a in ab])
out["attribute-variance"] = float(((centre - hb.mean(0)) ** 2).sum() / ((hb - hb.mean(0)) ** 2).sum())
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
# Temperatures: SciPy's scalar solvers on the whole functions.
softmax = lambda x: np.exp(x - x.max(1, keepdims=True)) / np.exp(x - x.max(1, keepdims=True)).sum(1, keepdims=True)
nll_at = lambda t: sk.log_loss(y, softmax(z / t), labels=list(classes))
slope = lambda t: np.mean(z[np.arange(n), y] / t - (softmax(z / t) * z / t).sum(1))  # d nll / d log T
fitted = float(optimize.brentq(slope, 0.05, 20, xtol=1e-14))
assert abs(np.exp(optimize.minimize_scalar(lambda u: nll_at(np.exp(u)), bracket=(-1, 1), tol=1e-12).x) - fitted) < 1e-6
matched = float(optimize.brentq(lambda t: softmax(z / t).max(1).mean() - 0.9, 1 / 64, 64, xtol=1e-14))
out["output-variance temperature-matched"] = class_mean(softmax(z / matched))
out["output-variance temperature-fitted"] = class_mean(softmax(z / fitted))
out["nll"] = float(sk.log_loss(y, p, labels=list(classes)))
out["nll temperature-fitted"] = float(nll_at(fitted))
out["nll temperature"] = fitted
out["brier"] = float(((p - np.eye(K)[y]) ** 2).sum(1).mean())


def calibration(confidence, hit):
    edges = np.linspace(0, 1, 16)
    inside = [(confidence > a) & (confidence <= b) for a, b in zip(edges, edges[1:])]
    return float(sum(m.mean() * abs(hit[m].mean() - confidence[m].mean()) for m in inside if m.any()))


surest = p.max(1)
out["ece"] = calibration(surest, right)
out["ece classwise"] = float(np.mean([calibration(p[:, k], y == k) for k in classes]))
reliability = [
    {"bin": b, "count": int(m.sum()), "confidence": float(surest[m].mean()), "accuracy": float(right[m].mean())}
    for b in range(15) if (m := (surest > b / 15) & (surest <= (b + 1) / 15)).any()
]


def risk_coverage(confidence, hit):
    wrong = 1 - hit[np.argsort(-confidence, kind="stable")]
    return float(np.mean(np.cumsum(wrong) / np.arange(1, len(wrong) + 1)))


out["aurc"] = risk_coverage(surest, right.astype(float))
out["aurc excess"] = out["aurc"] - risk_coverage(right.astype(float), right.astype(float))

# Neural collapse, from full matrices.
mu = np.array([h[of(k)].mean(0) for k in classes])
share = np.array([of(k).mean() for k in classes])
S_W = (h - mu[y]).T @ (h - mu[y]) / n
S_B = (mu - h.mean(0)).T @ np.diag(share) @ (mu - h.mean(0))
out["nc1"] = float(np.trace(S_W @ np.linalg.pinv(S_B, rcond=1e-10)))
out["nc1 /K"] = out["nc1"] / K
pairs = [(i, j) for i in classes for j in classes if j < i]
v = [trace(h[of(k)]) for k in classes]
out["cdnv"] = float(np.mean([(v[i] + v[j]) / (2 * ((mu[i] - mu[j]) ** 2).sum()) for i, j in pairs]))


def simplex(rows):
    m = rows - rows.mean(0)
    length = np.linalg.norm(m, axis=1)
    cosine = np.array([m[i] @ m[j] / length[i] / length[j] for i, j in pairs])
    return {"equinorm": float(length.std() / length.mean()), "equiangle": float(cosine.std()),
            "maximal-angle": float(np.abs(cosine + 1 / (K - 1)).mean())}


for prefix, rows in (("", mu), ("weights/", W)):
    for name, value in simplex(rows).items():
        out[f"nc2 {prefix}{name}"] = value
out["nc2"] = out["nc2 maximal-angle"]
M = mu - mu.mean(0)
out["nc3"] = float(((W / np.linalg.norm(W) - M / np.linalg.norm(M)) ** 2).sum())
out["nc3 alignment"] = float(np.mean([W[k] @ M[k] / np.linalg.norm(W[k]) / np.linalg.norm(M[k]) for k in classes]))
nearest = NearestCentroid().fit(h, y).predict(h)
out["nc4"] = float((nearest != prediction).mean())
out["nc4 error"] = float((nearest != y).mean())

# Spectrum: SciPy's generalised eigenproblem; S_T has full rank here.
S_T = S_W + S_B
shares, directions = linalg.eigh(S_W, S_T)
assert np.allclose(shares[K - 1:], 1)
lam = np.linalg.eigvalsh(S_T)
assert lam.min() > 1e-6 * lam.max()
out["variance-spectrum"] = float(shares[:K - 1].mean())
out["variance-spectrum smallest"], out["variance-spectrum largest"] = float(shares[0]), float(shares[K - 2])
out["variance-spectrum rank"] = D
out["variance-spectrum effective-rank"] = float(np.exp(-(lam / lam.sum() * np.log(lam / lam.sum())).sum()))
out["variance-spectrum participation-ratio"] = float(np.trace(S_T) ** 2 / np.trace(S_T @ S_T))
out["variance-spectrum within/participation-ratio"] = float(np.trace(S_W) ** 2 / np.trace(S_W @ S_W))
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
for name in ("activation-variance", "activation-variance-ratio", "output-variance"):
    out[f"{name} log"] = float(np.log(out[name]))
out["output-variance temperature-matched/log"] = float(np.log(out["output-variance temperature-matched"]))
q = (1 - alpha) * np.eye(K)[y] + alpha / K
entropy = -np.sum(q[0] * np.log(q[0]))
out["bound-slack"] = float(np.mean(-(q * logp).sum(1)) - entropy - sum(of(k).mean() * trace(p[of(k)]) for k in classes))
contrast = W - W.mean(0)
out["spurious-weight-ratio"] = float(np.linalg.norm(contrast[:, :3]) / np.linalg.norm(contrast[:, 3:]))
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
    "reliability": reliability, "spectrum": shares[:K - 1].tolist(),
    "perClass": {
        "activation-variance class-mean/trace/n-1": [trace(h[of(k)], 1) for k in classes],
        "activation-variance-ratio": [trace(h[of(k)]) / trace(h) for k in classes],
        "variance-by-stage stage2": [trace(stages["stage2"][of(k)]) / trace(stages["stage2"]) for k in classes],
        "output-variance": [trace(p[of(k)]) for k in classes],
        "output-variance temperature-matched": [trace(softmax(z / matched)[of(k)]) for k in classes],
        "logit-covariance ratio": [trace(centred[of(k)]) / trace(centred) for k in classes],
        "nll": [float(-logp[of(k), k].mean()) for k in classes],
        "brier": [float(((p - np.eye(K)[y]) ** 2).sum(1)[of(k)].mean()) for k in classes],
        "ece": [calibration(surest[of(k)], right[of(k)]) for k in classes],
        "ece classwise": [calibration(p[:, k], y == k) for k in classes],
        "aurc": [risk_coverage(surest[of(k)], right[of(k)].astype(float)) for k in classes],
        "nc1": [float(np.trace(np.cov(h[of(k)].T, ddof=0) @ np.linalg.pinv(S_B, rcond=1e-10))) for k in classes],
        "nc4": [float((nearest != prediction)[of(k)].mean()) for k in classes],
    },
    "errorPerClass": [float(1 - right[of(k)].mean()) for k in classes],
}))
