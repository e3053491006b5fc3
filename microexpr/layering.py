"""``microexpr layer``: a micro-expression's take over a base take, written like a converted one."""

# ruff: noqa: PLC0415, PLR0917  # an option is a parameter; scipy and the formats are imported when they are needed

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curves.errors import InputError
from microexpr.config import ConvertConfig, resolve_config

if TYPE_CHECKING:
    from curves.values import Take
    from microexpr.batch import Outcome
    from microexpr.layered_take import LayerSettings, Named, Part

_SUFFIX = ".take.json"
#: Before and after a part of a take that is taken alone, if --ease says nothing.
PART_EASE_S = 0.1


def register(app: typer.Typer) -> None:
    """Adds ``layer`` to the command line."""
    app.command()(layer)


def layer(
    base_take: Annotated[Path, typer.Argument(metavar="BASE_TAKE", help="The performance: a .take.json file.")],
    micro_take: Annotated[Path, typer.Argument(metavar="MICRO_TAKE", help="What is added: a take of the same rig.")],
    at: Annotated[float, typer.Option(help="Second of BASE at which MICRO, or the part of it, starts.")],
    out: Annotated[Path, typer.Option("--out", help="Folder for the results; made if missing.")],
    weight: Annotated[float, typer.Option(help="Multiplies MICRO; the sum is held within 0 to 1.")] = 1.0,
    event: Annotated[int | None, typer.Option(help="Only this event of MICRO, from 1, from rest to rest.")] = None,
    part: Annotated[
        tuple[float, float] | None,
        typer.Option(help="Only these seconds of MICRO, from rest to rest.", metavar="START END"),
    ] = None,
    ease: Annotated[
        float | None,
        typer.Option(help="Seconds in which MICRO comes from and to rest at its ends [0; of a part 0.1]."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the result [BASE+MICRO].")] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", help="Beside take.json; repeat or use commas [curvetable].")
    ] = None,
    keys: Annotated[str, typer.Option(help="exact: the sum itself; auto: few keys.")] = "exact",
    tolerance: Annotated[
        float | None, typer.Option(help="Error of keys, part of a curve's peak [auto 0.005, exact 0].")
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of text.")] = False,
) -> None:
    """Add a micro-expression to another performance: curves are summed and held within 0 to 1, events come along."""
    settings = resolve_config(None, {"format": formats or None, "keys": keys, "tolerance": tolerance})

    from microexpr.layered_take import LayerSettings, Part

    wanted = LayerSettings(at, weight, settings.keys, settings.tolerance)
    run_layer(
        base_take,
        micro_take,
        out,
        wanted,
        settings,
        Part(event, part),
        ease,
        name,
        overwrite=overwrite,
        as_json=as_json,
    )


def run_layer(
    base_file: Path,
    micro_file: Path,
    out: Path,
    settings: "LayerSettings",
    writing: ConvertConfig,
    part: "Part",
    ease_s: float | None = None,
    name: str | None = None,
    *,
    overwrite: bool = False,
    as_json: bool = False,
) -> None:
    """Reads both takes, writes the sum with the formats of ``writing``, tells. Raises InputError, FormatError."""
    from curves.formats import safe_name
    from microexpr import batch, report
    from microexpr.converting import writers_of
    from microexpr.layered_take import layer_takes

    formats = writers_of(writing)
    base, micro = named_take(base_file), named_take(micro_file)
    shown, moved = _prepared(micro, settings, part, ease_s)
    take = layer_takes(base, shown, moved)
    for writer in formats:
        writer.check_controls(curve.name for curve in take.curves)
    stem = safe_name(name or f"{_stem(base_file)}+{_stem(micro_file)}")
    job = batch.Job(base_file, out, stem)
    outcome = batch.write_outputs(take, job, formats, overwrite=overwrite)
    if as_json:
        sys.stdout.write(json.dumps(report.document([outcome], 0), indent=2, allow_nan=False) + "\n")
        return
    sys.stdout.write(f"{micro.name} over {base.name} at {settings.at_s:g} s: {_counts(take)}\n")
    for line in [*("  " + line for line in report.event_table(take.events)), *_told(outcome, take)]:
        sys.stdout.write(line + "\n")


def _told(outcome: "Outcome", take: "Take") -> list[str]:
    from microexpr import report

    notes = [*take.provenance.get("notes", ()), *outcome.notes]
    return [*(f"  wrote {line}" for line in report.written(outcome)), *(f"  note: {note}" for note in notes)]


def _counts(take: "Take") -> str:
    keys = sum(len(curve.keys) for curve in take.curves)
    return f"{len(take.curves)} curves, {keys} keys, {take.duration_s:.2f} s"


def named_take(file: Path) -> "Named":
    """The take in a file with its digest. Raises InputError, FormatError."""
    from curves.formats import read_take
    from microexpr.layered_take import Named
    from recognizer.digests import file_sha256

    take = read_take(file)
    return Named(file.name, take, file_sha256(file))


def _stem(file: Path) -> str:
    return file.name.removesuffix(_SUFFIX) if file.name.endswith(_SUFFIX) else file.stem


def _prepared(
    micro: "Named", settings: "LayerSettings", part: "Part", ease_s: float | None
) -> "tuple[Named, LayerSettings]":
    """The micro take from rest to rest, if asked for; a part alone begins (an event: has its onset) at ``at_s``."""
    from dataclasses import replace

    from curves.values import Interval
    from microexpr.layered_take import Part, cut_named

    if ease_s is not None and not 0.0 <= ease_s < float("inf"):
        raise InputError(f"ease: expected seconds, 0 or more, got {ease_s:g}.")
    if part != Part():
        ease = PART_EASE_S if ease_s is None else ease_s
        stretch = part.stretch(micro, ease)
        if settings.at_s < ease:
            raise InputError(f"at: the part eases in, {ease:g} s before it begins; give a time that late or later.")
        return cut_named(micro, stretch, ease), replace(settings, at_s=settings.at_s - ease)
    if not ease_s:
        return micro, settings
    whole = Interval(0.0, max(micro.take.duration_s, 1e-6))
    if ease_s > whole.duration_s / 2:
        raise InputError(f"ease: {ease_s:g} s twice is longer than {micro.name} ({whole.duration_s:g} s); give less.")
    return cut_named(micro, whole, ease_s), settings
