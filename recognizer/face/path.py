"""Where the head was in the frames between two looks: on the smooth path through the looks around them."""

import numpy as np
from numpy.typing import NDArray

from recognizer.face.looks import Seen

Place = NDArray[np.float64]
#: Looks beyond the two around a frame bend the path only if they lie this far from those, in distances of the two: a
#: nearer one would put its own noise there, a farther one says nothing of it.
_NEAREST, _FARTHEST = 0.5, 2.0


class HeadPath:
    """Gives seen frames back in order, each with the place (any array) of the face in it, one look late.

    Frames that were not looked at get a place on the cubic (Lagrange 1795) through the two looks before and the two
    after them, or through those of them that there are. Nothing is drawn across a fresh look.
    """

    def __init__(self) -> None:
        self._looks: list[tuple[float, Place]] = []  # the last of them
        self._coming: list[Seen] = []  # frames since the last look
        self._ready: list[Seen] = []  # the last look and the frames before it that have no place yet

    def add(self, seen: Seen, place: Place | None) -> list[tuple[Seen, Place]]:
        """The frames that have their place now; ``place`` is None for a frame without a look."""
        if place is None:
            self._coming.append(seen)
            return []
        look = seen.time_s, place
        settled = self._settle([] if seen.fresh else [look])
        self._looks = [look] if seen.fresh else [*self._looks[-2:], look]
        self._ready, self._coming = [*self._coming, seen], []
        return settled

    def rest(self) -> list[tuple[Seen, Place]]:
        """What is left when no frame follows."""
        settled, self._ready = self._settle([]), []
        return settled

    def _settle(self, after: list[tuple[float, Place]]) -> list[tuple[Seen, Place]]:
        if not self._ready:
            return []
        *between, look = self._ready
        *_, last = self._looks
        settled = [(seen, _on_path([*self._looks, *after], len(self._looks) - 1, seen.time_s)) for seen in between]
        return [*settled, (look, last[1])]


def _on_path(looks: list[tuple[float, Place]], end: int, time_s: float) -> Place:
    """The place at ``time_s`` between ``looks[end - 1]`` and ``looks[end]``."""
    span = looks[end][0] - looks[end - 1][0]
    chosen = looks[end - 1 : end + 1]
    for outer, inner in ((end - 2, end - 1), (end + 1, end)):
        if 0 <= outer < len(looks) and _NEAREST <= abs(looks[outer][0] - looks[inner][0]) / span <= _FARTHEST:
            chosen.append(looks[outer])
    place = np.zeros_like(chosen[0][1])
    for t, value in chosen:
        others = [s for s, _ in chosen if s != t]
        place += np.prod([(time_s - s) / (t - s) for s in others]) * value
    return place
