"""The tidy table of results: one row a result, full precision, and never a number that does not exist.

Every analysis of ``studies`` returns ``Result`` rows; ``results_frame`` puts them into the columns that users rely on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np
import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
#: What the ids of ``microexpr study simulate`` begin with, and what results that rest on them say.
SIMULATED_ID, SIMULATED = "sim-", "simulated data: no person gave them"


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One result. A quantity that does not exist (no variance, too few people) is None and ``note`` says why.

    ``analysis``: its name, as in docs/study.md. ``emotion``, ``dimension``: what it is about, "all" where pooled, empty
    where the question does not arise. ``term``: of a model or a pair. ``n``: participants (or what ``note`` names).
    ``statistic_name``: "t", "F", "W", "pillai", ...; ``df1``, ``df2``: degrees of freedom, one of them for t.
    ``p``: uncorrected; the three corrected ones are filled within a declared family (``studies.corrections``).
    ``estimate``, ``ci_low``, ``ci_high``: in units of the rating unless ``note`` says otherwise. ``effect_name``: with
    its denominator ("d_z", "d_av_rms", "g_z", "g_av", "partial_eta_squared", ...), and its interval.
    """

    analysis: str
    emotion: str = ""
    dimension: str = ""
    term: str = ""
    n: int | None = None
    statistic_name: str = ""
    statistic: float | None = None
    df1: float | None = None
    df2: float | None = None
    p: float | None = None
    p_bonferroni: float | None = None
    p_holm: float | None = None
    p_fdr: float | None = None
    estimate: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    effect_name: str = ""
    effect: float | None = None
    effect_ci_low: float | None = None
    effect_ci_high: float | None = None
    note: str = ""

    def __post_init__(self) -> None:
        for name in NUMBERS:
            value = getattr(self, name)
            if value is not None and not np.isfinite(value):
                raise ValueError(f"{self.analysis}: expected {name} to be finite or None, got {value}")


COLUMNS: tuple[str, ...] = tuple(field.name for field in fields(Result))
NUMBERS: tuple[str, ...] = tuple(
    name
    for name in COLUMNS
    if name not in ("analysis", "emotion", "dimension", "term", "statistic_name", "effect_name", "note")
)


def results_frame(results: Iterable[Result]) -> pd.DataFrame:
    """Columns ``COLUMNS``, one row a result, in the order given; what does not exist is NaN in numbers, "" in words."""
    frame = pd.DataFrame([[getattr(result, name) for name in COLUMNS] for result in results], columns=list(COLUMNS))
    for name in NUMBERS:
        frame[name] = pd.to_numeric(frame[name]).astype("Int64" if name == "n" else "float64")
    return frame


def is_simulated(ids: Iterable[object]) -> bool:
    """Whether one of the ids (participants, voters, experts) is of ``microexpr study simulate``."""
    return any(str(name).startswith(SIMULATED_ID) for name in ids)


def mark_simulated(results: Iterable[Result], ids: Iterable[object]) -> list[Result]:
    """The same rows; if one of ``ids`` is simulated, each ``note`` begins with ``SIMULATED``."""
    mark = is_simulated(ids)
    return [replace(one, note="; ".join(filter(None, (SIMULATED, one.note)))) if mark else one for one in results]


def write_csv(frame: pd.DataFrame, path: Path) -> None:
    """UTF-8, full precision (numbers are read back to the very same bits), cells made safe (``safe_cells``)."""
    safe_cells(frame).to_csv(path, index=False, encoding="utf-8", lineterminator="\n")


def safe_cells(frame: pd.DataFrame) -> pd.DataFrame:
    """The same table with an apostrophe before every text that a spreadsheet would run as a formula (OWASP, CSV
    injection): names come from strangers."""
    words = frame.select_dtypes(include=["object", "string", "category"]).columns
    safe = {name: frame[name].map(_safe) for name in words}
    return frame.assign(**safe)


def _safe(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
