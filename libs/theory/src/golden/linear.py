"""Golden values for the exact linear solver, by other means: SciPy's BFGS with adaptive QUADPACK integrals over
Mixup's lambda, SLSQP and HiGHS for margins, the pseudo-inverse for minimum norms.

    python linear.py > linear.json          (numpy 2, scipy 1.17)
"""
import json
import numpy as np
from scipy.integrate import quad
from scipy.optimize import linprog, minimize
from scipy.special import beta as beta_function, expit

rng = np.random.default_rng(20240611)
softplus = lambda z: np.logaddexp(0.0, z)


def expectation(f, a, breaks):
    """E f(lambda) under Beta(a, a), adaptively; `breaks` are where f bends."""
    if a == 1 and breaks:
        return quad(f, 0, 1, points=breaks, epsabs=1e-14, epsrel=1e-13, limit=400)[0]
    return quad(f, 0, 1, weight="alg", wvar=(a - 1, a - 1), epsabs=1e-14, epsrel=1e-13, limit=400)[0] / beta_function(a, a)


def mixup(z, y, p, a):
    """Loss and its gradient in the scores z, over all pairs."""
    value, slope = 0.0, np.zeros_like(z)
    for i in range(len(z)):
        for j in range(len(z)):
            d = z[i] - z[j]
            breaks = [-z[j] / d] if d != 0 and 0 < -z[j] / d < 1 else []
            at = lambda l: l * z[i] + (1 - l) * z[j]
            t = lambda l: l * (y[i] > 0) + (1 - l) * (y[j] > 0)
            w = p[i] * p[j]
            value += w * expectation(lambda l: t(l) * softplus(-at(l)) + (1 - t(l)) * softplus(at(l)), a, breaks)
            slope[i] += w * expectation(lambda l: l * (expit(at(l)) - t(l)), a, breaks)
            slope[j] += w * expectation(lambda l: (1 - l) * (expit(at(l)) - t(l)), a, breaks)
    return value, slope


def margin_loss(z, y, p, alpha):
    m = y * z
    value = np.sum(p * ((1 - alpha / 2) * softplus(-m) + alpha / 2 * softplus(m)))
    return value, p * y * (alpha / 2 - expit(-m))


def solve(x, y, weight, loss, alpha, decay, bias):
    p = weight / weight.sum()
    n, d = x.shape
    design = np.hstack([x, np.ones((n, 1))]) if bias else x
    per_score = (lambda z: mixup(z, y, p, alpha)) if loss == "mixup" else (lambda z: margin_loss(z, y, p, alpha))

    def objective(theta):
        value, slope = per_score(design @ theta)
        gradient = design.T @ slope
        gradient[:d] += decay * theta[:d]
        return value + decay / 2 * theta[:d] @ theta[:d], gradient

    found = minimize(objective, np.zeros(design.shape[1]), jac=True, method="BFGS", options={"gtol": 1e-9, "maxiter": 2000})
    theta = found.x
    # Secant steps on the gradient finish what BFGS's line search gives up on.
    for _ in range(4):
        g = objective(theta)[1]
        h = np.array([(objective(theta + e)[1] - objective(theta - e)[1]) / 2e-5 for e in 1e-5 * np.eye(len(theta))])
        theta = theta - np.linalg.lstsq((h + h.T) / 2, g, rcond=1e-7)[0]
    z = design @ theta
    if decay == 0:  # the shortest weights with these scores
        if bias:
            mean = p @ x
            w = np.linalg.pinv(x - mean, rcond=1e-9) @ (z - p @ z)
            theta = np.append(w, p @ z - mean @ w)
        else:
            theta = np.linalg.pinv(x, rcond=1e-9) @ z
    prob = expit(z)
    variances = []
    for label in (1, -1):
        k = y == label
        q = p[k] / p[k].sum()
        variances.append(2 * (q @ prob[k] ** 2 - (q @ prob[k]) ** 2))
    value = objective(theta)[0]
    return {
        "weights": theta[:d].tolist(),
        "bias": float(theta[d]) if bias else None,
        "loss": float(value - decay / 2 * theta[:d] @ theta[:d]),
        "objective": float(value),
        "outputVariance": float(np.mean(variances)),
    }


def sample(n, d, separation, spread):
    y = np.where(np.arange(n) % 2 == 0, 1, -1)
    x = spread * rng.standard_normal((n, d)) + separation * np.outer(y, np.linspace(1, 0.2, d))
    return np.round(x, 3), y, np.round(rng.uniform(0.2, 2, n), 3)


def case(name, x, y, weight, loss, alpha, decay, bias):
    return {
        "name": name,
        "problem": {
            "points": [{"x": r.tolist(), "y": int(c), "weight": float(w)} for r, c, w in zip(x, y, weight)],
            "loss": loss, "alpha": alpha, "weightDecay": decay, "bias": bias,
        },
        "solution": solve(x, y, weight, loss, alpha, decay, bias),
    }


cases = []
for bias in (False, True):
    tag = ", bias" if bias else ""
    cases.append(case("erm, overlapping classes, no decay" + tag, *sample(30, 3, 0.4, 1), "erm", 0.0, 0.0, bias))
    cases.append(case("erm, decay" + tag, *sample(14, 4, 1.0, 0.5), "erm", 0.0, 0.003, bias))
    cases.append(case("label smoothing, no decay" + tag, *sample(12, 3, 1.0, 0.5), "label-smoothing", 0.1, 0.0, bias))
    cases.append(case("label smoothing, decay" + tag, *sample(15, 5, 0.6, 1), "label-smoothing", 0.3, 0.02, bias))
    for a in (0.2, 0.5, 1.0, 2.0, 4.5):
        cases.append(case(f"mixup a={a}" + tag, *sample(6, 2, 1.0, 0.4), "mixup", a, 0.0 if a in (0.5, 1.0) else 0.001, bias))
    x, y, weight = sample(10, 2, 1.0, 0.5)
    deficient = np.hstack([x, x @ [[1.0], [2.0]], np.full((10, 1), 3.0) if bias else np.zeros((10, 1))])
    cases.append(case("label smoothing, dependent features, no decay" + tag, deficient, y, weight, "label-smoothing", 0.2, 0.0, bias))
    cases.append(case("label smoothing, fewer points than features, no decay" + tag, *sample(4, 6, 1.0, 0.5), "label-smoothing", 0.1, 0.0, bias))
    cases.append(case("mixup, fewer points than features" + tag, *sample(4, 5, 1.0, 0.3), "mixup", 1.0, 0.0, bias))

# Mixup's loss and slope at given scores, some of them huge.
scores = []
for a, size in ((1.0, 5), (1.0, 60), (1.0, 300), (0.3, 5), (0.3, 60), (2.0, 60), (2.5, 60), (0.3, 300)):
    z = np.round(size * rng.uniform(-1, 1, 5), 3)
    y = np.where(rng.uniform(size=5) < 0.5, 1, -1)
    if abs(y.sum()) == 5:
        y[0] = -y[0]
    p = rng.uniform(0.2, 2, 5)
    p = np.round(p / p.sum(), 3)
    p[0] = 1 - p[1:].sum()
    if a == 1.0:
        value, slope = mixup(z, y, p, a)
    else:
        # QUADPACK's algebraic weight takes no break points: cut at the bend with substitutions that remove the ends' powers.
        def expectation_cut(f, a, breaks):
            def piece(lo, hi, left):
                # lambda = t^(1/a) (or 1 - t^(1/a)): the power at that end becomes the measure
                if left:
                    g = lambda t: f(t ** (1 / a)) * (1 - t ** (1 / a)) ** (a - 1) / a
                    return quad(g, lo ** a, hi ** a, epsabs=1e-15, epsrel=1e-13, limit=2000)[0]
                g = lambda t: f(1 - t ** (1 / a)) * (1 - t ** (1 / a)) ** (a - 1) / a
                return quad(g, (1 - hi) ** a, (1 - lo) ** a, epsabs=1e-15, epsrel=1e-13, limit=2000)[0]
            edges = sorted({0.0, 0.5, 1.0, *breaks, *[b + s * w for b in breaks for s in (-1, 1) for w in (0.003, 0.02, 0.1) if 0 < b + s * w < 1]})
            return sum(piece(lo, hi, hi <= 0.5) for lo, hi in zip(edges, edges[1:])) / beta_function(a, a)
        plain, expectation = expectation, expectation_cut
        value, slope = mixup(z, y, p, a)
        expectation = plain
    scores.append({"a": a, "z": z.tolist(), "y": y.tolist(), "weights": p.tolist(), "value": float(value), "slope": slope.tolist()})


def hard_margin(x, y, bias):
    n, d = x.shape
    g = np.hstack([y[:, None] * x, y[:, None] * np.ones((n, 1))]) if bias else y[:, None] * x
    start = linprog(np.zeros(g.shape[1]), A_ub=-g, b_ub=-np.ones(n), bounds=(None, None)).x
    scale = np.append(np.ones(d), 0.0) if bias else np.ones(d)
    found = minimize(lambda v: 0.5 * np.sum(scale * v * v), start, jac=lambda v: scale * v, method="SLSQP",
                     constraints={"type": "ineq", "fun": lambda v: g @ v - 1, "jac": lambda v: g}, options={"ftol": 1e-15, "maxiter": 1000})
    length = np.linalg.norm(found.x[:d])
    return {"weights": (found.x[:d] / length).tolist(), "bias": float(found.x[d] / length) if bias else None, "margin": float(1 / length)}


def infinity_margin(x, y):
    n, d = x.shape
    found = linprog(np.append(np.zeros(d), -1), A_ub=np.hstack([-(y[:, None] * x), np.ones((n, 1))]), b_ub=np.zeros(n),
                    bounds=[(-1, 1)] * d + [(None, None)])
    return float(-found.fun)


margins = []
for n, d, bias in ((8, 2, False), (8, 2, True), (20, 5, False), (20, 5, True), (6, 9, False), (6, 9, True)):
    x, y, _ = sample(n, d, 2.5, 0.5)
    if bias:
        x = x + np.linspace(3, 1, d)
    margins.append({"points": [{"x": r.tolist(), "y": int(c)} for r, c in zip(x, y)], "bias": bias,
                    **{"euclidean": hard_margin(x, y, bias), "infinity": None if bias else infinity_margin(x, y)}})

print(json.dumps({"cases": cases, "scores": scores, "margins": margins}))
