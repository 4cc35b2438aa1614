"""Golden values for intervals, tests and adjustments, by SciPy.

    python statistics.py > statistics.json          (numpy 2, scipy 1.17)
"""
import json
import numpy as np
from scipy import stats

rng = np.random.default_rng(5)
paired = []
for n in (2, 3, 5, 6, 10, 30):
    a = np.round(rng.normal(1, 0.5, n), 4)
    b = np.round(a - rng.normal(0.3, 0.4, n), 4)
    t = stats.ttest_rel(a, b)
    i = t.confidence_interval(0.95)
    paired.append({"a": a.tolist(), "b": b.tolist(), "difference": float((a - b).mean()), "low": float(i.low), "high": float(i.high), "p": float(t.pvalue)})


def newcombe(x, y, n):
    """Newcombe's method 10 from SciPy's own Wilson intervals."""
    wx, wy = (stats.binomtest(k, n).proportion_ci(0.95, "wilson") for k in (x, y))
    p, q = x / n, y / n
    return [float(p - q - np.hypot(p - wx.low, wy.high - q)), float(p - q + np.hypot(wx.high - p, q - wy.low))]


wilson = [{"k": k, "n": n, "interval": [float(v) for v in stats.binomtest(k, n).proportion_ci(0.95, "wilson")]}
          for k, n in ((0, 10), (3, 10), (10, 10), (812, 1000), (9973, 10000))]
differences = [{"x": x, "y": y, "n": n, "interval": newcombe(x, y, n)} for x, y, n in ((3, 7, 10), (0, 0, 20), (712, 581, 1000), (10, 10, 10))]
# Holm by its definition: the smallest level at which the step-down procedure rejects.
p = [0.01, 0.04, 0.03, 0.005, 0.5]


def rejected(level):
    order, out = np.argsort(p), set()
    for rank, i in enumerate(order):
        if p[i] > level / (len(p) - rank):
            break
        out.add(int(i))
    return out


levels = np.arange(1, 100001) / 100000
adjusted = [float(next((l for l in levels if i in rejected(l)), 1.0)) for i in range(len(p))]
student = [{"t": t, "freedom": f, "cdf": float(stats.t.cdf(t, f)), "twoSided": float(2 * stats.t.sf(abs(t), f))}
           for f in (1, 2, 3.5, 5, 9, 30, 1000) for t in (-40.0, -3.0, -0.7, -1e-3, 0.0, 0.2, 1.0, 2.5, 12.0)]
critical = [{"p": q, "freedom": f, "t": float(stats.t.isf(q / 2, f))} for f in (1, 2, 5, 9, 29, 500) for q in (0.5, 0.1, 0.05, 0.01, 1e-4)]
print(json.dumps({"paired": paired, "wilson": wilson, "differences": differences, "holm": {"p": p, "adjusted": adjusted}, "student": student, "critical": critical}))
