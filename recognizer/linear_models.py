"""Linear classifiers for features made by hand: multinomial logistic regression with a ridge, by L-BFGS."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize


@dataclass(frozen=True, slots=True, eq=False)
class LinearModel:
    """``weights`` (C, d), ``bias`` (C,), of features (n, d)."""

    weights: NDArray[np.float64]
    bias: NDArray[np.float64]

    def probabilities(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """(n, C), rows that sum to 1."""
        logits = features @ self.weights.T + self.bias
        logits -= logits.max(axis=1, keepdims=True)
        shares: NDArray[np.float64] = np.exp(logits)
        shares /= shares.sum(axis=1, keepdims=True)
        return shares


class Design:
    """Features of a training part, turned so that fits with many more features than samples stay small.

    A ridge penalty leaves the weights in the span of the samples, so the fit is exact in the coordinates of that span.
    Features are centred and scaled by ``scale`` (d,) or, if it is None, all alike, so that a sample has norm 1 on
    average.
    """

    def __init__(self, features: NDArray[np.floating], *, standardise: bool) -> None:
        x = np.asarray(features, np.float64)
        if x.ndim != 2 or not len(x):
            raise ValueError(f"features: expected (n, d) with n > 0, got shape {x.shape}")
        self._mean = x.mean(axis=0)
        x = x - self._mean
        spread = x.std(axis=0) * np.sqrt(x.shape[1]) if standardise else np.full(x.shape[1], _norm(x))
        self._scale = np.where(spread > 1e-9, spread, 1.0)
        _, size, basis = np.linalg.svd(x / self._scale, full_matrices=False)
        kept = size > 1e-9 * max(float(size[0]), 1e-12)
        self._basis = basis[kept]
        self.coordinates: NDArray[np.float64] = (x / self._scale) @ self._basis.T

    def fit(
        self, labels: NDArray[np.integer], classes: int, weights: NDArray[np.floating], ridge: float
    ) -> LinearModel:
        """Fit to all samples; see ``fit_multinomial``. The model takes features as they came."""
        inner = fit_multinomial(self.coordinates, labels, classes, weights, ridge)
        outer = (inner.weights @ self._basis) / self._scale
        return LinearModel(outer, inner.bias - outer @ self._mean)


def _norm(x: NDArray[np.float64]) -> float:
    return float(np.sqrt((x**2).sum(axis=1).mean()))


def fit_multinomial(
    features: NDArray[np.floating],
    labels: NDArray[np.integer],
    classes: int,
    weights: NDArray[np.floating],
    ridge: float,
) -> LinearModel:
    """Minimises the mean cross-entropy, weighted by ``weights`` (n,) >= 0, + ridge / 2 * |W|^2; the bias is free.

    Raises ValueError for labels outside 0 .. classes - 1, for weights without a positive sum and for ridge <= 0.
    """
    x, y = np.asarray(features, np.float64), np.asarray(labels)
    if not ((y >= 0) & (y < classes)).all() or ridge <= 0 or not np.sum(weights) > 0:
        raise ValueError(f"fit: expected labels 0..{classes - 1}, ridge > 0 and weights > 0 somewhere, got {ridge=}")
    share = np.asarray(weights, np.float64) / np.sum(weights)
    truth = np.eye(classes)[y]
    width = x.shape[1]

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        both = flat.reshape(classes, width + 1)
        logits = x @ both[:, :-1].T + both[:, -1]
        logits -= logits.max(axis=1, keepdims=True)
        log_total = np.log(np.exp(logits).sum(axis=1))
        value = share @ (log_total - (logits * truth).sum(axis=1)) + ridge / 2 * (both[:, :-1] ** 2).sum()
        error = share[:, None] * (np.exp(logits - log_total[:, None]) - truth)
        slope = np.column_stack([error.T @ x + ridge * both[:, :-1], error.sum(axis=0)])
        return float(value), slope.reshape(-1)

    start = np.zeros(classes * (width + 1))
    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 1000, "gtol": 1e-7}).x
    both = found.reshape(classes, width + 1)
    return LinearModel(both[:, :-1].copy(), both[:, -1].copy())


def balanced_weights(labels: NDArray[np.integer], weights: NDArray[np.floating]) -> NDArray[np.float64]:
    """``weights`` (n,) scaled so that each class that occurs weighs the same in sum."""
    result = np.asarray(weights, np.float64).copy()
    for label in np.unique(labels):
        total = result[labels == label].sum()
        if total > 0:
            result[labels == label] /= total
    return result


def best_threshold(score: Sequence[float] | NDArray[np.floating], truth: NDArray[np.bool_]) -> tuple[float, float]:
    """(threshold, F1): ``score >= threshold`` has the greatest F1. Without a true one: (0.5, 0), nothing to choose by.

    The threshold lies in the middle between the scores that it parts.
    """
    values, true = np.asarray(score, np.float64), np.asarray(truth, bool)
    if not true.any():
        return 0.5, 0.0
    order = np.argsort(-values, kind="stable")
    ordered = values[order]
    hits = np.cumsum(true[order])
    f1 = 2 * hits / (np.arange(1, len(values) + 1) + true.sum())
    f1[:-1][ordered[:-1] == ordered[1:]] = -1.0  # equal scores are not parted
    best = int(np.argmax(f1))
    below = ordered[best + 1] if best + 1 < len(ordered) else ordered[best] - 1e-6
    return float((ordered[best] + below) / 2), float(f1[best])
