"""Few Cubic + Auto keys whose curve, by Unreal's tangent rule, stays within a tolerance of a target.

Auto tangents follow from the neighbours, so the key values need not lie on the target, and times count as much as
values. The search: insert keys where the error is worst, optimise times and values (Levenberg-Marquardt on a
p-norm of the error, p rising, so that the largest error is what falls), then try to do without each key in turn.

A key reaches two spans to either side, hence all systems are banded, and removals that lie far enough apart are
tried at the same time: each such *group* of keys is optimised, accepted or taken back on its own.

All key times are float32 values throughout.
"""

import numpy as np

from curves.autostep import MIN_GAP_S, Bools, Ints, Keys, Problem, optimised, snap
from curves.piecewise import PiecewiseCubic, turning_points
from curves.values import FloatArray

_REACHES = (1, 3)  # keys that move on either side of a removed one: first few, while there are keys to spare
_MAX_KEYS = 20_000
_END_GAP_S = 1e-5  # between an end key and its equal neighbour, only where a curve starts or ends that steeply


def fit_auto(target: PiecewiseCubic, tolerance: float) -> tuple[FloatArray, FloatArray] | None:
    """Times and values of Cubic + Auto keys within ``tolerance`` (value units) of the target at every time.

    None when keys as close as MIN_GAP_S do not reach the tolerance (jumps, corners that are too sharp).
    """
    dense = _problem(target, 0.98 * tolerance)  # between samples the error is a little larger
    many = _inserted(dense, _start(dense))
    if many is None:
        return None
    problem, keys = dense.sampled(many.time), many
    for reach in _REACHES:
        keys = _removed(problem, keys, reach)
    return _repaired(dense.with_samples(problem.x), keys, tolerance) or _split(dense, many, tolerance)


def _split(problem: Problem, keys: Keys, tolerance: float) -> tuple[FloatArray, FloatArray] | None:
    """Keys on the target, split where the exact error is too large: more keys than needed, but sure."""
    for _ in range(40):
        error, where = worst_errors(keys.curve(), problem.target)
        if error.max() <= tolerance:
            return keys.time, keys.value
        problem = problem.with_samples(where[error > tolerance])
        more = _inserted(problem, keys)
        if more is None:
            break
        keys = more
    return None


def _repaired(problem: Problem, keys: Keys, tolerance: float) -> tuple[FloatArray, FloatArray] | None:
    """The samples are not all times: where the exact error is too large, sample there, optimise, or insert a key."""
    for attempt in range(12):
        error, where = worst_errors(keys.curve(), problem.target)
        bad = np.flatnonzero(error > tolerance)
        if not bad.size:
            return keys.time, keys.value
        problem = problem.with_samples(where[bad])
        if attempt % 2:
            new = _new_times(keys, bad, where[bad])
            time = snap(np.union1d(keys.time, new))
            keys = Keys(time, _tied(problem, keys.curve()(time)))
            bad = np.clip(np.searchsorted(time, where[bad]), 1, time.size - 2)
        cost = np.full(keys.time.size, np.inf)
        cost[bad] = 0.0
        centres = _far_apart(cost[1:-1], ~np.isfinite(cost), _REACHES[-1])
        if centres.size:
            keys, _ = optimised(problem, keys, _groups(centres, np.ones(keys.time.size, dtype=bool), _REACHES[-1]))
    return None


def worst_errors(curve: PiecewiseCubic, target: PiecewiseCubic) -> tuple[FloatArray, FloatArray]:
    """For each span of ``curve``: the exact largest ``|curve - target|`` and its time."""
    difference = curve.plus(target.scaled(-1.0))
    starts, lengths = difference.breaks[:-1], np.diff(difference.breaks)
    a, b, c, d = difference.coefficients
    points = [np.zeros_like(lengths), lengths]
    points += [np.clip(turn, 0.0, lengths) for turn in turning_points(difference.coefficients)]
    error = np.abs([((a * u + b) * u + c) * u + d for u in points])
    best = error.argmax(axis=0)
    column = np.arange(lengths.size)
    worst, where = error[best, column], starts + np.array(points)[best, column]
    span = np.clip(np.searchsorted(curve.breaks, starts + lengths / 2, side="right") - 1, 0, curve.breaks.size - 2)
    order = np.lexsort((worst, span))
    last = np.flatnonzero(np.diff(span[order], append=-1))
    return worst[order][last], where[order][last]


def _problem(target: PiecewiseCubic, tolerance: float) -> Problem:
    """Samples: four a piece, 2.5 to 8 ms apart; sparse where the target rests."""
    lengths = np.diff(target.breaks)
    rests = (np.abs(target.coefficients[:3]).max(axis=0) == 0.0) & (lengths > 0.05)
    step = np.where(rests, np.maximum(lengths / 12, 0.02), np.clip(lengths / 4, 2.5e-3, 8e-3))
    counts = np.maximum(1, np.ceil(lengths / step)).astype(int)
    parts = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    x = np.repeat(target.breaks[:-1], counts) + parts * np.repeat(lengths / counts, counts)
    x = np.append(x, target.breaks[-1])
    return Problem(target, tolerance, x, target(x), (bool(rests[0]), bool(rests[-1])))


def _start(problem: Problem) -> Keys:
    """Both ends with their rest keys, and the turning points that matter."""
    breaks = problem.target.breaks
    length = breaks[-1] - breaks[0]
    pad = min(0.01, length / 8)
    first = breaks[1] if problem.fixed_ends[0] else breaks[0] + pad
    last = breaks[-2] if problem.fixed_ends[1] else breaks[-1] - pad
    inner = [_turns(problem)]
    if first < last:
        inner.append(np.array([first, last]))
    times = _spaced(np.concatenate([breaks[[0, -1]], *inner]), max(MIN_GAP_S, min(0.02, length / 10)))
    if times.size < 4:
        times = snap(breaks[0] + length * np.array([0.0, 0.1, 0.9, 1.0]))
    return Keys(times, _tied(problem, problem.target(times)))


def _turns(problem: Problem) -> FloatArray:
    """Extrema of the samples that differ from the one before by more than twice the tolerance."""
    y = problem.y
    rise = np.sign(np.diff(y))
    candidates = np.flatnonzero(rise[1:] * rise[:-1] < 0) + 1
    kept: list[int] = []
    for index in candidates:
        if not kept or abs(y[index] - y[kept[-1]]) > 2 * problem.tolerance:
            kept.append(int(index))
    return problem.x[kept]


def _spaced(times: FloatArray, gap: float) -> FloatArray:
    """Rising float32 times at least ``gap`` apart; both ends stay."""
    ordered = snap(np.unique(times))
    kept = [ordered[0]]
    for time in ordered[1:-1]:
        if time - kept[-1] >= gap and ordered[-1] - time >= gap:
            kept.append(time)
    return np.array([*kept, ordered[-1]])


def _tied(problem: Problem, value: FloatArray) -> FloatArray:
    """First and last two values made equal: both known readings of end tangents then agree."""
    value = value.copy()
    value[:2] = problem.y[0] if problem.fixed_ends[0] else (value[0] + value[1]) / 2
    value[-2:] = problem.y[-1] if problem.fixed_ends[1] else (value[-2] + value[-1]) / 2
    return value


def _inserted(problem: Problem, keys: Keys) -> Keys | None:
    """Keys on the target, one more at the worst time of every span outside the tolerance, until none is."""
    while keys.time.size < _MAX_KEYS:
        error = np.abs(keys.curve()(problem.x) - problem.y)
        span = np.clip(np.searchsorted(keys.time, problem.x, side="right") - 1, 0, keys.time.size - 2)
        order = np.lexsort((error, span))
        last = order[np.flatnonzero(np.diff(span[order], append=-1))]
        if error[last].max() <= problem.tolerance:
            return keys
        size = np.zeros(keys.time.size + 1)
        size[span[last] + 1] = error[last]
        summit = (size[1:-1] >= size[:-2]) & (size[1:-1] >= size[2:])  # one key may cure the neighbours too
        summit[[0, -1]] = True  # the flat end spans are cured only by a key of their own
        chosen = last[(error[last] > problem.tolerance) & summit[span[last]]]
        new = _new_times(keys, span[chosen], problem.x[chosen])
        if not new.size:
            return None
        times = snap(np.union1d(keys.time, new))
        keys = Keys(times, _tied(problem, problem.target(times)))
    return None


def _new_times(keys: Keys, span: Ints, wanted: FloatArray) -> FloatArray:
    """A new key time in each of the spans that has room: near the one wanted, near the outer end in an end span."""
    left, right = keys.time[span], keys.time[span + 1]
    room = right - left
    first, last = span == 0, span == keys.time.size - 2
    margin = np.maximum(room / 4, MIN_GAP_S)
    # a flat end span gets shorter, in the steepest cases as short as float32 allows
    shortest = np.maximum(_END_GAP_S, 2 * np.spacing(np.abs(right).astype(np.float32)).astype(np.float64))
    at_end = np.where(room < 8 * MIN_GAP_S, np.where(room > 2 * MIN_GAP_S, MIN_GAP_S, shortest), margin)
    margin = np.where(first | last, at_end, margin)
    near = np.where(first, left, np.where(last, right, wanted))
    return np.clip(near, left + margin, right - margin)[room > 2 * margin]


def _removed(problem: Problem, keys: Keys, reach: int) -> Keys:
    """Try to do without each inner key, cheapest first; groups far apart in one go."""
    stuck = np.zeros(keys.time.size, dtype=bool)
    while keys.time.size > 4:
        chosen = _far_apart(_removal_cost(problem, keys), stuck, reach)
        if not chosen.size:
            return keys
        keep = np.ones(keys.time.size, dtype=bool)
        keep[chosen] = False
        group = _groups(chosen, keep, reach)
        fewer = Keys(keys.time[keep], _tied(problem, keys.value[keep]))
        tried, worst = optimised(problem, fewer, group)
        failed = np.flatnonzero(worst > 1.0)
        near = chosen[failed][:, None] + np.arange(-1, 2)  # the neighbours would lead to the same few keys
        stuck[near] = True
        time, value = keys.time.copy(), keys.value.copy()
        moved = (group >= 0) & ~np.isin(group, failed)
        time[keep], value[keep] = np.where(moved, tried.time, time[keep]), np.where(moved, tried.value, value[keep])
        keep[chosen[failed]] = True
        keys, stuck = Keys(time[keep], value[keep]), stuck[keep]
    return keys


def _removal_cost(problem: Problem, keys: Keys) -> FloatArray:
    """A guess of what each inner key is worth: how far its value is from the cubic through its neighbours."""
    m = keys.tangents()
    t, v = keys.time, keys.value
    h = t[2:] - t[:-2]
    s = (t[1:-1] - t[:-2]) / h
    guess = (
        (1 + 2 * s) * (1 - s) ** 2 * v[:-2]
        + s * (1 - s) ** 2 * h * m[:-2]
        + s * s * (3 - 2 * s) * v[2:]
        - s * s * (1 - s) * h * m[2:]
    )
    return np.abs(guess - v[1:-1]) / problem.tolerance


def _far_apart(cost: FloatArray, stuck: Bools, reach: int) -> Ints:
    """Indices of keys to try, cheapest first, whose groups do not touch."""
    chosen: list[int] = []
    blocked = stuck.copy()
    blocked[[0, -1]] = True
    for index in np.argsort(cost) + 1:
        if not blocked[index]:
            chosen.append(int(index))
            blocked[max(0, index - 2 * reach - 3) : index + 2 * reach + 4] = True
    return np.array(sorted(chosen), dtype=np.int64)


def _groups(chosen: Ints, keep: Bools, reach: int) -> Ints:
    """(kept keys,) the group in which each key moves, or -1."""
    group = np.full(keep.size, -1, dtype=np.int64)
    for index, key in enumerate(chosen):
        group[max(0, key - reach) : key + reach + 1] = index
    group = group[keep]
    group[0], group[-1] = group[1], group[-2]  # end values are tied to their neighbours': they move together
    return group
