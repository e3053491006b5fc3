"""``microexpr study stimuli``: the videos of a study, A without and B with a micro-expression, equal in all else."""

# ruff: noqa: PLC0415, PLR0917  # an option is a parameter; scipy, OpenCV and OpenGL are imported when they are needed

from pathlib import Path
from typing import Annotated

import typer

from curves.errors import InputError
from curves.values import BasicEmotion

_EMOTIONS = tuple(sorted(emotion.value for emotion in BasicEmotion if emotion is not BasicEmotion.NEUTRAL))


def register(app: typer.Typer) -> None:
    """Adds ``stimuli`` to the commands of ``microexpr study``."""
    app.command()(stimuli)


def stimuli(
    take: Annotated[Path, typer.Argument(metavar="TAKE", help="The micro-expression: a .take.json file.")],
    emotion: Annotated[
        str | None, typer.Option(help=f"Of the whole face: {', '.join(_EMOTIONS)} [that of the take's events].")
    ] = None,
    all_emotions: Annotated[bool, typer.Option("--all-emotions", help="All six, each with this take.")] = False,
    facekit: Annotated[Path | None, typer.Option(help="Folder of ICT-FaceKit [the drawn face, to rehearse].")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder for videos, takes, STUDY.toml.")] = Path("stimuli"),
    at: Annotated[float | None, typer.Option(help="Second of the onset [the middle of the expression].")] = None,
    event: Annotated[int | None, typer.Option(help="Only this event of TAKE, from 1 [all, first to last].")] = None,
    part: Annotated[
        tuple[float, float] | None, typer.Option(help="Only these seconds of TAKE.", metavar="START END")
    ] = None,
    weight: Annotated[float, typer.Option(help="Multiplies TAKE; the sum is held within 0 to 1.")] = 1.0,
    duration: Annotated[float, typer.Option(help="Seconds of each video.")] = 4.0,
    fps: Annotated[float, typer.Option(help="Frames a second.")] = 30.0,
    size: Annotated[int, typer.Option(help="Pixels of each side, an even number.")] = 480,
    seed: Annotated[int, typer.Option(min=0, help="Who plays: face, skin, how the head drifts.")] = 7,
    rig: Annotated[str | None, typer.Option(help="Of the takes A and B, name or TOML [the take's own].")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Render video A (an expression) and B (the same and the take's micro-expression over it) for a study."""
    if all_emotions and emotion is not None:
        raise InputError("Give either --emotion or --all-emotions.")
    from microexpr.stimulus_files import Request, make_stimuli

    request = Request(
        take=take, emotions=_EMOTIONS if all_emotions else () if emotion is None else (_known(emotion),),
        facekit=facekit, out=out, at_s=at, event=event, part=part, weight=weight, duration_s=duration, fps=fps,
        size=size, seed=seed, rig=rig, overwrite=overwrite,
    )  # fmt: skip
    for line in make_stimuli(request):
        typer.echo(line)


def _known(emotion: str) -> str:
    if emotion not in _EMOTIONS:
        from microexpr.config import suggest

        raise InputError(f"emotion: '{emotion}' is not known; {suggest(emotion, _EMOTIONS)}")
    return emotion
