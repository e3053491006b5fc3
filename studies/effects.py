"""Effect sizes of paired differences and of F tests, each named after what stands in its denominator.

Paper 004 (Tables 4 and 5) prints a "Cohen's d" that is the pooled standard deviation itself; these are divided by one.

    d_z        mean difference / SD of the differences (Cohen 1988, 2.3.5)
    d_av_rms   mean difference / root mean square of the SDs of A and B (Cumming 2012, chapter 11)
    g_z, g_av  the same two times Hedges' factor with n - 1 degrees of freedom
    partial_eta_squared   of an F test
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import exp, isfinite, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats
from scipy.optimize import brentq

from studies.ratings import SAME

Floats = NDArray[np.float64]
Interval = tuple[float | None, float | None]
RESIDUE = 1e-12


@dataclass(frozen=True, slots=True)
class Effect:
    """``value`` and its interval; what does not exist is None and ``note`` says why."""

    name: str
    value: float | None
    low: float | None = None
    high: float | None = None
    note: str = ""

    def scaled(self, name: str, factor: float, note: str = "") -> "Effect":
        """The same effect in units that are ``factor`` times smaller."""
        value, low, high = (_times(number, factor) for number in (self.value, self.low, self.high))
        return Effect(name, value, low, high, "; ".join(part for part in (self.note, note) if part))


def settled(value: Any) -> Any:
    """0 for a number that only the rounding of sums keeps from it: no mean or statistic of ratings is as small."""
    return 0.0 if isinstance(value, float) and abs(value) < RESIDUE else value


def d_z(differences: Floats, confidence: float = 0.95) -> Effect:
    """``differences`` (n,) B - A. Exact interval from the noncentral t distribution (Steiger and Fouladi 1997)."""
    reason = no_spread(differences)
    if reason:
        return Effect("d_z", None, note=reason)
    n = len(differences)
    value = float(np.mean(differences) / np.std(differences, ddof=1))
    low, high = noncentral_t_limits(value * n**0.5, n - 1, confidence)
    note = "interval not found" if low is None or high is None else ""
    return Effect("d_z", value, _times(low, n**-0.5), _times(high, n**-0.5), note)


def d_av_rms(a: Floats, b: Floats, confidence: float = 0.95) -> Effect:
    """``a``, ``b`` (n,) ratings of the same people. Interval: that of d_z in these units (Algina and Keselman 2003),
    approximate because the ratio of the SDs is taken as known."""
    both = float(np.sqrt((np.var(a, ddof=1) + np.var(b, ddof=1)) / 2.0)) if len(a) > 1 else 0.0
    differences = b - a
    if len(a) > 1 and both < SAME:
        return Effect("d_av_rms", None, note="neither A nor B varies between participants")
    exact = d_z(differences, confidence)
    if exact.value is None:  # differences that do not vary: the effect stands, its interval does not
        if len(a) < 2:
            return Effect("d_av_rms", None, note=exact.note)
        return Effect("d_av_rms", float(np.mean(differences)) / both, note=f"no interval: {exact.note}")
    return exact.scaled("d_av_rms", float(np.std(differences, ddof=1)) / both, "interval approximate")


def hedges(effect: Effect, df: float, name: str) -> Effect:
    """The effect and its interval times Hedges' exact factor of ``df`` degrees of freedom."""
    if effect.value is not None and df < 2:
        return Effect(name, None, note=_FEW_DF)
    return effect.scaled(name, hedges_factor(max(df, 2.0)))


def hedges_factor(df: float) -> float:
    """gamma(df / 2) / (sqrt(df / 2) gamma((df - 1) / 2)), the exact form (Hedges 1981, equation 6e); df > 1."""
    ratio = exp(float(special.gammaln(df / 2.0) - special.gammaln((df - 1.0) / 2.0)))
    return ratio / sqrt(df / 2.0)


def partial_eta_squared(
    f: float, df1: float, df2: float, confidence: float = 0.95, sample: float | None = None
) -> Effect:
    """F df1 / (F df1 + df2), in [0, 1]; interval from the noncentral F distribution (Steiger 2004): the limits of the
    noncentrality l become l / (l + N). ``sample``: N, by default df1 + df2 + 1; for Hotelling's T2 it is n."""
    if df2 <= 0 or not isfinite(f):
        return Effect("partial_eta_squared", None, note="no degrees of freedom left for the error")
    total = df1 + df2 + 1.0 if sample is None else sample
    low, high = noncentral_f_limits(f, df1, df2, confidence)
    return Effect("partial_eta_squared", f * df1 / (f * df1 + df2), _share(low, total), _share(high, total))


def noncentral_t_limits(t: float, df: float, confidence: float) -> Interval:
    """Noncentralities between which ``t`` is neither too large nor too small, with equal tails."""
    if t < 0.0:  # scipy's distribution is weaker there; and the limits of A - B are those of B - A, mirrored
        low, high = noncentral_t_limits(-t, df, confidence)
        return _times(high, -1.0), _times(low, -1.0)
    tail = (1.0 - confidence) / 2.0

    def limit(p: float) -> float | None:
        start = float(special.nctdtrinc(df, p, t))  # good to 1e-7 only
        return _root(lambda nc: float(stats.nct.cdf(t, df, nc)) - p, start, -np.inf)

    return limit(1.0 - tail), limit(tail)


def noncentral_f_limits(f: float, df1: float, df2: float, confidence: float) -> Interval:
    """As ``noncentral_t_limits``; a limit that would lie below 0 is 0."""
    tail = (1.0 - confidence) / 2.0

    def limit(p: float) -> float | None:
        if float(stats.f.cdf(f, df1, df2)) <= p:
            return 0.0
        start = float(special.ncfdtrinc(df1, df2, p, f))  # good to 1e-4 only
        return _root(lambda nc: float(stats.ncf.cdf(f, df1, df2, nc)) - p, start, 0.0)

    return limit(1.0 - tail), limit(tail)


def no_spread(differences: Floats) -> str:
    """Why the differences allow no t statistic; "" if they do."""
    if len(differences) < 2:
        return _FEW.format(n=len(differences))
    if np.ptp(differences) < SAME:
        return f"every participant has the same difference, {settled(float(np.mean(differences))):g}: no variance"
    return ""


_FEW = "n = {n}: two participants are needed"
_FEW_DF = "three participants are needed"


def _root(falling: Callable[[float], float], start: float, least: float) -> float | None:
    """Where ``falling`` crosses 0, looked for from ``start`` outwards; None if that cannot be found."""
    width = 1e-3 * (1.0 + abs(start))
    for _ in range(60):
        low, high = max(start - width, least), start + width
        at_low, at_high = falling(low), falling(high)
        if not (isfinite(at_low) and isfinite(at_high)):
            return None
        if at_low >= 0.0 >= at_high:
            return float(brentq(falling, low, high, xtol=1e-12, rtol=1e-13))
        width *= 2.0
    return None


def _times(number: float | None, factor: float) -> float | None:
    return None if number is None else number * factor


def _share(noncentrality: float | None, total: float) -> float | None:
    return None if noncentrality is None else noncentrality / (noncentrality + total)
