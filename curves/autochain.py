"""The keys of many curves in one chain of arrays, from which windows are cut for ``autostep``.

Between two curves, and at both ends, lie PAD keys that stand for nothing: a window may then reach past a curve's end.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.ndimage import minimum_filter1d

from curves.autostep import STILL, Bools, Ints, Targets, Windows
from curves.richcurve import MIN_CHORD_S
from curves.values import FloatArray

MAX_REACH = 3
PAD = MAX_REACH + STILL + 1

_NONE, _INNER, _FIRST, _LAST = range(4)


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What the chain's curves shall follow: targets, tolerances (curves,), and which end values are fixed (curves, 2)
    because the target rests there."""

    targets: Targets
    tolerance: FloatArray
    rests: Bools


@dataclass(frozen=True, slots=True, eq=False)
class Chain:
    """``time``, ``value``, ``curve`` (index of the curve), ``role`` of each key, one curve after the other."""

    time: FloatArray
    value: FloatArray
    curve: Ints
    role: Ints

    def tangents(self) -> FloatArray:
        m = np.zeros(self.time.size)
        span = np.maximum(MIN_CHORD_S, self.time[2:] - self.time[:-2])
        m[1:-1] = np.where(self.role[1:-1] == _INNER, (self.value[2:] - self.value[:-2]) / span, 0.0)
        return m

    def sizes(self) -> Ints:
        """(curves,) number of keys."""
        return np.bincount(self.curve) - 2 * PAD

    def keys_of(self, curve: int) -> slice:
        """Where the curve's keys lie."""
        start, end = np.searchsorted(self.curve, [curve, curve + 1])
        return slice(int(start) + PAD, int(end) - PAD)

    def without(self, keys: Ints) -> "Chain":
        return Chain(*(np.delete(getattr(self, name), keys) for name in self.__slots__))

    def with_keys(self, after: Ints, time: FloatArray, value: FloatArray) -> "Chain":
        """One more inner key behind each of the keys ``after``."""
        return Chain(
            np.insert(self.time, after + 1, time),
            np.insert(self.value, after + 1, value),
            np.insert(self.curve, after + 1, self.curve[after]),
            np.insert(self.role, after + 1, _INNER),
        )

    def with_windows(self, keys: Ints, time: FloatArray, value: FloatArray) -> "Chain":
        """The keys (rows, keys) moved; the rows do not touch."""
        times, values = self.time.copy(), self.value.copy()
        times[keys], values[keys] = time, value
        return replace(self, time=times, value=values)


def chained(keys: list[tuple[FloatArray, FloatArray]]) -> Chain:
    """Times and values of the keys of each curve, at least two each."""
    ghosts = np.arange(1.0, PAD + 1)
    times = [np.concatenate((t[0] - ghosts[::-1], t, t[-1] + ghosts)) for t, _ in keys]
    values = [np.concatenate((np.full(PAD, v[0]), v, np.full(PAD, v[-1]))) for _, v in keys]
    roles = []
    for t, _ in keys:
        role = np.full(t.size + 2 * PAD, _NONE)
        role[PAD:-PAD] = _INNER
        role[PAD], role[-PAD - 1] = _FIRST, _LAST
        roles.append(role)
    curve = np.repeat(np.arange(len(keys)), [role.size for role in roles])
    return Chain(np.concatenate(times), np.concatenate(values), curve, np.concatenate(roles))


def removal_cost(chain: Chain, task: Task) -> FloatArray:
    """A guess of what each inner key is worth, in tolerances: how far its value is from the cubic through its
    neighbours; infinite for all others and where a curve has only four keys."""
    m, t, v = chain.tangents(), chain.time, chain.value
    h = t[2:] - t[:-2]
    s = (t[1:-1] - t[:-2]) / h
    r = 1 - s
    guess = v[:-2] + s * s * (3 - 2 * s) * (v[2:] - v[:-2]) + s * r * h * (r * m[:-2] - s * m[2:])
    cost = np.full(t.size, np.inf)
    cost[1:-1] = np.abs(guess - v[1:-1]) / task.tolerance[chain.curve[1:-1]]
    few = chain.sizes() <= 4
    cost[(chain.role != _INNER) | few[chain.curve]] = np.inf
    return cost


def far_apart(cost: FloatArray, reach: int) -> Ints:
    """Indices where the cost is finite and the least around, so far from each other that windows do not touch."""
    unlike = cost + 1e-9 * np.arange(cost.size)  # no two are equal
    least = minimum_filter1d(unlike, 2 * (2 * reach + STILL + 1) + 1, mode="constant", cval=np.inf)
    return np.flatnonzero(np.isfinite(cost) & (unlike == least))


def on_target(chain: Chain, task: Task, keys: Ints) -> Chain:
    """The keys and three to either side with the target's values, except where two values are tied."""
    near = np.unique(keys[:, None] + np.arange(-3, 4))
    free = (chain.role[near - 1] == _INNER) & (chain.role[near] == _INNER) & (chain.role[near + 1] == _INNER)
    near = near[free]
    value = task.targets(chain.curve[near], chain.time[near][:, None])
    return chain.with_windows(near[:, None], chain.time[near][:, None], value)


def removal_windows(chain: Chain, task: Task, chosen: Ints, reach: int, samples: int) -> tuple[Ints, Windows]:
    """A window around each chosen key, without that key; ``reach`` keys to either side of it move."""
    around = np.arange(-reach - STILL, reach + STILL + 1)
    cuts = chosen[:, None] + around
    return _windows(chain, task, cuts[:, around != 0], cuts, samples)


def span_windows(chain: Chain, task: Task, spans: Ints, reach: int, samples: int) -> tuple[Ints, Windows]:
    """A window around the span behind each key ``spans``; ``reach`` keys to either side move."""
    keys = spans[:, None] + np.arange(1 - reach - STILL, reach + STILL + 1)
    return _windows(chain, task, keys, keys, samples)


def _windows(chain: Chain, task: Task, keys: Ints, cuts: Ints, samples: int) -> tuple[Ints, Windows]:
    """Windows of ``keys`` (rows, n) with ``samples`` in each span between the keys ``cuts``; also ``keys``."""
    curve, role = chain.curve[cuts[:, cuts.shape[1] // 2]], chain.role[keys]
    ends = np.stack([_where(role == _FIRST), _where(role == _LAST)], axis=1)
    fixed = np.repeat((role != _INNER)[:, :, None], 2, axis=2)
    value = chain.value[keys]
    for side, inwards in ((0, 1), (1, -1)):
        row = np.flatnonzero(ends[:, side] >= 0)
        end = ends[row, side]
        rests = task.rests[curve[row], side]
        fixed[row, end + inwards, 0] |= rests
        # a key taken away may have been the tied one
        both = np.where(rests, value[row, end], (value[row, end] + value[row, end + inwards]) / 2)
        value[row, end] = value[row, end + inwards] = both
    edges = chain.time[cuts]
    parts = np.arange(samples) / samples
    x = (edges[:, :-1, None] + parts * np.diff(edges, axis=1)[:, :, None]).reshape(edges.shape[0], -1)
    real = (chain.role[cuts[:, :-1]] != _NONE) & (chain.role[cuts[:, 1:]] != _NONE)
    windows = Windows(
        time=chain.time[keys],
        value=value,
        outer=chain.tangents()[keys[:, [0, -1]]],
        inner=(role[:, 1:-1] == _INNER).astype(np.float64),
        tied=ends,
        fixed=fixed,
        x=x,
        y=task.targets(curve, x),
        unit=np.repeat(real / task.tolerance[curve][:, None], samples, axis=1),
    )
    return keys, windows


def _where(mask: Bools) -> Ints:
    """(rows,) the column that is true, or -1."""
    return np.where(mask.any(axis=1), mask.argmax(axis=1), -1)
