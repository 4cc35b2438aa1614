"""Golden values of the linear probe, by scikit-learn.

    python probe.py > probe.json          (numpy 2, scikit-learn 1.9)
"""
import json
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(17)
n, D, A = 120, 5, 3
grid = lambda x: np.round(x * 64) / 64
a = rng.integers(0, A, n)
x = grid(rng.standard_normal((n, D)) * [1, 10, 0.1, 1, 1] + 1.2 * a[:, None] * [1, 0, 0.1, 0.5, 0] + 50)
x[:, 4] = 3  # does not vary
judged = rng.uniform(size=n) < 0.5
scaler = StandardScaler().fit(x[~judged])
fit, test = scaler.transform(x[~judged]), scaler.transform(x[judged])
penalty = 1e-3
model = LogisticRegression(C=1 / (penalty * len(fit)), tol=1e-12, max_iter=10_000).fit(fit, a[~judged])
p = model.predict_proba(fit)
loss = -np.log(p[np.arange(len(fit)), a[~judged]]).mean() + penalty / 2 * (model.coef_ ** 2).sum()
print(json.dumps({
    "attributes": A, "targets": a.tolist(), "judged": judged.tolist(), "features": x.tolist(),
    "accuracy": float((model.predict(test) == a[judged]).mean()), "loss": float(loss),
    "majority": float(np.bincount(a[judged]).max() / judged.sum()),
}))
