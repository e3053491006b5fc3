"""A rig: the controls that each Action Unit drives on each side of the face."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from curves.values import DEFAULT_AUS, MIDLINE_AUS, Side

#: AU numbers that FACS defines: muscles and lids (1-46), head (51-58), eyes (61-66).
FACS_AUS: frozenset[int] = frozenset({*range(1, 47), *range(51, 59), *range(61, 67)} - {36})

# AUs of the default vocabulary that FACS scores by side: only for these is a missing side worth a word.
_SIDED_AUS: frozenset[int] = frozenset(DEFAULT_AUS) - MIDLINE_AUS

_NAMED_AU = re.compile(r"\bAU(\d+)\b")


@dataclass(frozen=True, slots=True)
class RigTarget:
    """One control that an AU drives; ``weight`` in (0, 1] is the control's value at full FACS strength."""

    control: str
    weight: float

    def __post_init__(self) -> None:
        if not 0.0 < self.weight <= 1.0:
            raise ValueError(f"weight of {self.control}: expected 0 < weight <= 1, got {self.weight}")


@dataclass(frozen=True, slots=True)
class Rig:
    """A named set of controls and what drives them.

    ``targets`` has keys (AU, Side.LEFT) and (AU, Side.RIGHT), never Side.BOTH. An AU on the midline, or one whose
    two sides share a control (AU1 and ARKit's browInnerUp), lists that control under both keys: it then takes the
    larger of the two sides, not their sum. ``limits`` are sentences about what the rig cannot show or tell apart;
    each names its AUs as ``AU<number>``.

    Raises ValueError if a target is no control of the rig, a key has Side.BOTH, or a limit names no AU.
    """

    name: str
    controls: frozenset[str]
    targets: Mapping[tuple[int, Side], tuple[RigTarget, ...]]
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for (au, side), targets in self.targets.items():
            if side is Side.BOTH:
                raise ValueError(f"rig {self.name}: expected AU{au} under left and right, got both")
            for target in targets:
                if target.control not in self.controls:
                    raise ValueError(f"rig {self.name}: expected AU{au} to drive a known control, got {target.control}")
        for limit in self.limits:
            if not _NAMED_AU.search(limit):
                raise ValueError(f"rig {self.name}: expected a limit to name its AUs as AU<number>, got {limit!r}")
        object.__setattr__(self, "targets", MappingProxyType(dict(self.targets)))

    @property
    def aus(self) -> tuple[int, ...]:
        """AUs that drive at least one control, in FACS order."""
        return tuple(sorted({au for (au, _), targets in self.targets.items() if targets}))

    def notes(self, aus: Iterable[int]) -> tuple[str, ...]:
        """Sentences for those of ``aus`` that the rig cannot show, tell apart or tell sides of; empty if none.

        AUs are compared with each other and with the default vocabulary, so AU25 alone is named as sharing jawOpen
        with AU26.
        """
        wanted = set(aus)
        written = [limit for limit in self.limits if wanted & {int(number) for number in _NAMED_AU.findall(limit)}]
        return (*written, *self._not_shown(wanted), *self._not_told_apart(wanted), *self._sides_shared(wanted))

    def _driven(self, au: int, side: Side) -> frozenset[str]:
        return frozenset(target.control for target in self.targets.get((au, side), ()))

    def _not_shown(self, wanted: set[int]) -> list[str]:
        notes = []
        for au in sorted(wanted):
            missing = [side for side in (Side.LEFT, Side.RIGHT) if not self._driven(au, side)]
            if missing:
                part = "" if len(missing) == 2 else f" on the {missing[0]}"
                notes.append(f"AU{au} has no control on the {self.name} rig{part}: it moves nothing there.")
        return notes

    def _not_told_apart(self, wanted: set[int]) -> list[str]:
        groups: dict[tuple[frozenset[str], frozenset[str]], list[int]] = {}
        for au in sorted({*wanted, *DEFAULT_AUS} & set(self.aus)):
            groups.setdefault((self._driven(au, Side.LEFT), self._driven(au, Side.RIGHT)), []).append(au)
        notes = []
        for (left, right), group in groups.items():
            if len(group) > 1 and wanted & set(group):
                names = " and ".join(f"AU{au}" for au in group)
                controls = ", ".join(sorted(left | right))
                notes.append(f"{names} share {controls} on the {self.name} rig: they cannot be told apart there.")
        return notes

    def _sides_shared(self, wanted: set[int]) -> list[str]:
        notes = []
        for au in sorted(wanted & _SIDED_AUS):
            shared = self._driven(au, Side.LEFT) & self._driven(au, Side.RIGHT)
            if shared:
                controls = ", ".join(sorted(shared))
                notes.append(
                    f"AU{au} drives {controls} from both sides on the {self.name} rig: one side cannot move alone."
                )
        return notes
