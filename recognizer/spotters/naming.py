"""Which AUs a displacement of the face's regions looks like, by a fixed table of directions from the FACS descriptions.

Nothing here is learned. The displacement is explained by a sum of the AUs' templates with weights that are not negative
(Lawson & Hanson 1974), so that AUs that share a region compete for it.
"""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from curves.values import DEFAULT_AUS, MIDLINE_AUS, AUActivation, Side
from recognizer.face.align import CROP
from recognizer.spotters.regions import cell_centres

_MIDDLE = (CROP - 1) / 2
_EYE = 21.0  # pixels from the midline to the middle of an eye
_SHARE = 0.45  # an AU is named if it weighs at least this much of the strongest
_ONE_SIDED = 1 / 3  # a side counts if it weighs at least this much of the other: as the network's spots are read
#: Crop pixels that an AU of full strength moves: a tenth of the distance of the eyes.
FULL_STRENGTH_PX = 4.0


class Templates(NamedTuple):
    """``aus`` and ``sides`` of the first rows of ``fields`` (k, 2 r), unit vectors: u of all cells, then v. The rows
    after those are what eyes do without being an expression: lids that close, eyeballs that turn."""

    aus: tuple[int, ...]
    sides: tuple[Side, ...]
    fields: NDArray[np.float64]


class Named(NamedTuple):
    """``aus``: strongest first. ``eyes_only``: a blink or a look aside explains the displacement best."""

    aus: tuple[AUActivation, ...]
    eyes_only: bool


def name_aus(displacement: NDArray[np.floating], noise: NDArray[np.floating], side: int) -> Named:
    """What moved by ``displacement`` (2 r,) crop pixels, u of all cells, then v; ``noise`` (2 r,): what they usually
    move by. ``side``: of the grid of cells."""
    templates = _templates(side)
    trust = 1.0 / noise
    weights, _ = nnls(templates.fields.T * trust[:, None], displacement * trust)
    own, eyes = weights[: len(templates.aus)], weights[len(templates.aus) :]
    if own.max() <= eyes.max():
        return Named((), eyes_only=bool(eyes.max() > 0))
    peaks = own * np.abs(templates.fields[: len(own)]).max(axis=1)
    by_au: dict[int, dict[Side, int]] = {}
    for i in np.flatnonzero(own >= _SHARE * own.max()):
        by_au.setdefault(templates.aus[i], {})[templates.sides[i]] = int(i)
    found = [_activation(au, templates, own, peaks) for au in by_au]
    return Named(tuple(sorted(found, key=lambda item: -item.intensity)), eyes_only=False)


def _activation(
    au: int, templates: Templates, weights: NDArray[np.float64], peaks: NDArray[np.float64]
) -> AUActivation:
    rows = [i for i, other in enumerate(templates.aus) if other == au]
    strongest = max(rows, key=lambda i: weights[i])
    counted = [i for i in rows if weights[i] >= _ONE_SIDED * weights[strongest]]
    side = templates.sides[strongest] if len(counted) < len(rows) else Side.BOTH
    return AUActivation(au, side, float(min(1.0, peaks[counted].mean() / FULL_STRENGTH_PX)))


@cache
def _templates(side: int) -> Templates:
    """The table as displacement fields on a grid of ``side`` x ``side`` cells."""
    text = resources.files("recognizer.spotters").joinpath("facs_directions.toml").read_text(encoding="utf-8")
    return read_templates(tomllib.loads(text), side)


def read_templates(table: Mapping[str, Any], side: int) -> Templates:
    """Templates of the AUs of ``DEFAULT_AUS`` in ``table``; KeyError if one is missing there."""
    at = cell_centres(side)
    aus, sides, fields = [], [], []
    for au in DEFAULT_AUS:
        parts = table[f"AU{au}"]["parts"]
        halves = {where: _field(at, parts, where) for where in (Side.LEFT, Side.RIGHT)}
        if au in MIDLINE_AUS:
            halves = {Side.BOTH: halves[Side.LEFT] + halves[Side.RIGHT]}
        aus += [au] * len(halves)
        sides += list(halves)
        fields += list(halves.values())
    return Templates(tuple(aus), tuple(sides), np.stack([_unit(field) for field in (*fields, *_eyes(at))]))


def _field(at: NDArray[np.float64], parts: Iterable[Mapping[str, Any]], side: Side) -> NDArray[np.float64]:
    """(2 r,) displacement by the parts on one side; the subject's left is right in the picture."""
    sign = 1.0 if side is Side.LEFT else -1.0
    field = np.zeros((2, len(at)))
    for part in parts:
        (outward, down), (moves_out, moves_down) = part["at"], part["move"]
        share = 1.0 if outward else 0.5  # a part on the midline takes half from each side
        bell = share * _bell(at, (_MIDDLE + sign * outward, down), part["spread"])
        field += np.outer((sign * moves_out, moves_down), bell)
    return field.ravel()


def _eyes(at: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """(2 r,) each: both upper lids go down; both eyeballs turn right, left in the picture."""
    lids = sum(_bell(at, (_MIDDLE + sign * _EYE, 35.0), 4.0) for sign in (-1.0, 1.0))
    balls = sum(_bell(at, (_MIDDLE + sign * _EYE, 38.0), 4.0) for sign in (-1.0, 1.0))
    return [np.outer(move, bell).ravel() for move, bell in (((0, 1), lids), ((1, 0), balls), ((-1, 0), balls))]


def _bell(at: NDArray[np.float64], centre: Sequence[float], spread: float) -> NDArray[np.float64]:
    bell: NDArray[np.float64] = np.exp(-((at - np.asarray(centre)) ** 2).sum(axis=1) / (2 * spread**2))
    return bell


def _unit(field: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = field / np.linalg.norm(field)
    return unit
