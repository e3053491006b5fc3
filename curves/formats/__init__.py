"""File formats: one registry for writing, one function for reading curves back.

The command line takes its `--format` choices from `FORMATS`; a new format is a module and a row here (docs/formats.md).
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from curves.formats import livelink, openface, unreal_json, unreal_tables
from curves.formats.files import safe_name
from curves.formats.reading import read_curves
from curves.formats.take import read_take, take_from_json, take_to_json, write_take
from curves.values import Take

__all__ = ["FORMATS", "Format", "read_curves", "read_take", "safe_name", "take_from_json", "take_to_json", "write_take"]

Written = tuple[list[Path], list[str]]


def _holds_all(_: Iterable[str]) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write a take.

    ``name`` as on the command line; ``suffix`` follows the stem of the one file or folder that is written;
    ``summary`` is a line of help; ``put`` writes a take to a path and returns the files and notes for the user.
    ``check_controls`` raises InputError for a rig's control names that the format cannot hold: to be asked before the
    work, not after it.
    """

    name: str
    suffix: str
    summary: str
    put: Callable[[Take, Path], Written]
    check_controls: Callable[[Iterable[str]], None] = _holds_all

    def path(self, directory: Path, stem: str) -> Path:
        """Where `write` puts its one file or folder; characters that Windows forbids are replaced."""
        return directory / safe_name(stem + self.suffix)

    def write(self, take: Take, directory: Path, stem: str) -> Written:
        """Write the take whole or not at all; an earlier result is replaced. Returns the files and notes.

        Raises InputError if the format cannot show this take, ValueError if the take breaks its contract.
        """
        return self.put(take, self.path(directory, stem))


def _take(take: Take, path: Path) -> Written:
    write_take(take, path)
    return [path], []


def _curvetable(take: Take, path: Path) -> Written:
    errors = unreal_tables.write_curvetable(take, path)
    rate = max(unreal_tables.MIN_BAKE_FPS, take.fps)
    return [path], _cost(errors, f"CurveTable: baked linearly at {rate:g} fps")


def _datatable(take: Take, path: Path) -> Written:
    unreal_json.write_datatable(take, path)
    return [path], []


def _audict(take: Take, path: Path) -> Written:
    return [path], _cost(unreal_tables.write_dictionary(take, path), "AU dictionary: times and values only")


def _cost(errors: Mapping[str, float], what: str) -> list[str]:
    if not errors:
        return []
    worst = max(errors, key=errors.__getitem__)
    return [f"{what}, which moves the curves by at most {errors[worst]:.2g} ({worst})."]


def _curvefloat(take: Take, path: Path) -> Written:
    return unreal_json.write_curvefloats(take, path), []


def _livelink(take: Take, path: Path) -> Written:
    return [path], livelink.write_livelink(take, path)


def _openface(take: Take, path: Path) -> Written:
    openface.write_openface(take, path)
    return [path], []


#: All formats by name, in the order of the help text.
FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        row.name: row
        for row in (
            Format("take", ".take.json", "the whole take: events, tracks, curves, provenance", _take),
            Format("curvetable", ".curvetable.csv", "Unreal CurveTable, linear bake", _curvetable),
            Format("datatable", ".datatable.json", "Unreal DataTable of FRuntimeFloatCurve rows", _datatable),
            Format("audict", ".audict.csv", "Unreal DataTable, one Time, Disp row a key", _audict),
            Format("curvefloat", ".curvefloat", "folder of UCurveFloat JSON files, one a curve", _curvefloat),
            Format(
                "livelink",
                ".livelink.csv",
                "Live Link Face samples (ARKit rig only)",
                _livelink,
                livelink.check_controls,
            ),
            Format("openface", ".openface.csv", "OpenFace-style AU intensities 0..5 per frame", _openface),
        )
    }
)
