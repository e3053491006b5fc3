"""Numbers as they stand in a paper (APA 7): p < .001, no zero before the point where 1 is the limit, a dash for what
does not exist."""

from collections.abc import Callable

import numpy as np
import pandas as pd

NONE = "–"
#: Names of statistics and effects in results.csv, as a reader knows them; others stand as they are.
NAMES: dict[str, str] = {
    "T2": "T²",
    "chi2": "χ²",
    "pillai": "Pillai's trace",
    "wilks": "Wilks' lambda",
    "hotelling_lawley": "Hotelling-Lawley trace",
    "roy": "Roy's root",
    "F_greenhouse_geisser": "F (Greenhouse-Geisser)",
    "F_huynh_feldt": "F (Huynh-Feldt)",
    "shapiro_wilk": "Shapiro-Wilk W",
    "breusch_pagan": "Breusch-Pagan LM",
    "durbin_watson": "Durbin-Watson",
    "cook_d_max": "largest Cook's D",
    "cook_d_above_4_over_n": "number of Cook's D above 4/n",
    "adjusted_r_squared": "adjusted R²",
    "r_squared": "R²",
    "partial_eta_squared": "partial η²",
    "rank_biserial_matched": "rank-biserial r",
}
#: Those that cannot pass 1: printed without the zero before the point.
_BOUNDED = frozenset({"p", "r", "rho", "alpha", "pillai", "wilks", "shapiro_wilk", "rank_biserial_matched"})

#: From a multivariate statistic to its F(df1, df2), exact where two videos are compared: the df belong to that F.
_F_OF: dict[str, Callable[[float, float, float], float]] = {
    "T2": lambda value, df1, df2: value * df2 / (df1 * (df1 + df2 - 1)),
    "pillai": lambda value, df1, df2: value / (1 - value) * df2 / df1,
    "wilks": lambda value, df1, df2: (1 - value) / value * df2 / df1,
    "hotelling_lawley": lambda value, df1, df2: value * df2 / df1,
    "roy": lambda value, df1, df2: value * df2 / df1,
}


def number(value: object, digits: int = 2, *, bounded: bool = False) -> str:
    """Fixed digits, minus as "-"; up to 4 where fewer would make a zero of it, and a plain zero of what is smaller
    still; "–" for None and NaN."""
    if missing(value):
        return NONE
    real = float(value)  # type: ignore[arg-type]
    for enough in range(digits, 5):
        words = f"{real:.{enough}f}"
        if float(words) != 0:
            break
    else:
        words = f"{0:.{digits}f}"
    return words.replace("0.", ".", 1) if bounded and abs(float(words)) < 1 and words.lstrip("-")[0] == "0" else words


def p_value(value: object) -> str:
    """ ".034", "< .001", "> .999"."""
    if missing(value):
        return NONE
    real = float(value)  # type: ignore[arg-type]
    if real < 0.001:
        return "< .001"
    return "> .999" if real > 0.999 and real < 1 else number(real, 3, bounded=True)


def interval(low: object, high: object, *, bounded: bool = False) -> str:
    """ "[0.08, 0.52]"; "" where neither end exists."""
    if missing(low) and missing(high):
        return ""
    return f"[{number(low, bounded=bounded)}, {number(high, bounded=bounded)}]"


def with_interval(value: object, low: object, high: object, *, bounded: bool = False) -> str:
    return " ".join(filter(None, (number(value, bounded=bounded), interval(low, high, bounded=bounded))))


def degrees(value: object) -> str:
    """Whole numbers without digits behind the point, others with two."""
    if missing(value):
        return ""
    real = float(value)  # type: ignore[arg-type]
    return f"{real:.0f}" if abs(real - round(real)) < 1e-9 else f"{real:.2f}"


def statistic(name: str, value: object, df1: object = None, df2: object = None) -> str:
    """ "F(1, 162) = 6.32", "T² = 14.29, F(3, 79) = 4.65"; a statistic without a name is the number alone, one without a
    value a dash."""
    if missing(value):
        return NONE
    if name in _F_OF and not missing(df1) and not missing(df2):
        real, *degrees_of_f = (float(one) for one in (value, df1, df2))  # type: ignore[arg-type]
        no_f = real == {"pillai": 1.0, "wilks": 0.0}.get(name)
        f = "" if no_f else statistic("F", _F_OF[name](real, *degrees_of_f), df1, df2)
        return ", ".join(filter(None, (statistic(name, value), f)))
    inside = ", ".join(filter(None, (degrees(df1), degrees(df2))))
    left = f"{name_of(name)}({inside})" if inside else name_of(name)
    counts = name == "cook_d_above_4_over_n"
    right = degrees(value) if counts else number(value, 3 if is_bounded(name) else 2, bounded=is_bounded(name))
    return f"{left} = {right}" if left else right


def name_of(name: str) -> str:
    return NAMES.get(name, name)


def is_bounded(name: str) -> bool:
    """Whether a statistic or effect of this name cannot pass 1."""
    return name in _BOUNDED or name.endswith(("eta_squared", "r_squared")) or name.startswith("ICC")


def missing(value: object) -> bool:
    return value is None or value is pd.NA or (isinstance(value, float | np.floating) and not np.isfinite(value))
