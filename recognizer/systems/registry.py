"""All systems by name. A new row is one entry in one of these modules; the contract tests find it."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from curves.errors import InputError
from recognizer.systems import System, lbp_top, mdmd, sequence, shallow, spatiotemporal

__all__ = ["SYSTEMS", "system"]


def _merged(parts: Iterable[Mapping[str, System]]) -> Mapping[str, System]:
    result: dict[str, System] = {}
    for part in parts:
        if twice := result.keys() & part.keys():
            raise ValueError(f"systems: expected each name once, got {sorted(twice)} again")
        result |= part
    return MappingProxyType(result)


SYSTEMS: Mapping[str, System] = _merged(module.SYSTEMS for module in (spatiotemporal, sequence, shallow, lbp_top, mdmd))


def system(name: str) -> System:
    """The row of that name; InputError lists the known ones otherwise."""
    if name not in SYSTEMS:
        raise InputError(f"Unknown system {name!r}: choose one of {', '.join(SYSTEMS)}.")
    return SYSTEMS[name]
