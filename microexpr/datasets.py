"""``microexpr datasets``: what a licensed set's folder holds, and samples made of it.

Exit codes: 0 done; 2 no set was recognised, or none could be read. ``prepare`` also ends with 1 where pictures of some
clips gave no sample. Rows of a sheet that are no clip are told, they are no failure: public sets have some.
"""

# ruff: noqa: PLC0415, PLR0917  # an option is a parameter; recognizer is imported inside commands: --help is answered at once

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from curves.errors import InputError
from microexpr.progress import progress_bar
from microexpr.writing import write_file

if TYPE_CHECKING:
    from recognizer.datasets import Dataset, LabelledClip

#: Problems, and notes of clips, shown as text; all of them are in the JSON document.
_SHOWN = 20
FORMAT = "microexpr.datasets/1"

app = typer.Typer(help="Licensed micro-expression sets: check, prepare.", rich_markup_mode=None)

SetPath = Annotated[Path, typer.Argument(metavar="PATH", help="Folder into which the set, or several, was unpacked.")]
SetName = Annotated[str | None, typer.Option("--set", help="Read this set only; without it, what lies there is found.")]


@app.command()
def check(
    path: SetPath,
    name: SetName = None,
    report: Annotated[Path | None, typer.Option("--json", help="Write all of it, each clip and problem, here.")] = None,
) -> None:
    """Say what was recognised: sets, clips, subjects, AUs, emotions, missing frames, corrections and problems."""
    from recognizer.datasets import read_datasets

    found = read_datasets(path, name)
    console = Console()
    for data in found:
        console.print(_table(data))
        _tell(console, data)
    if report is not None:
        text = json.dumps(document(found), indent=1, allow_nan=False) + "\n"
        write_file(report, text.encode())
        console.print(f"wrote {report}", markup=False, highlight=False)


@app.command()
def prepare(
    path: SetPath,
    out: Annotated[Path, typer.Option("--out", help="Folder for the samples; what is there already is kept.")],
    name: SetName = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes side by side.")] = 1,
    macro: Annotated[bool, typer.Option("--macro", help="Macro-expressions too.")] = False,
    videos: Annotated[bool, typer.Option("--videos", help="Whole recordings for spotting, instead of clips.")] = False,
) -> None:
    """Follow the face in each clip and keep what systems are trained on, a file a clip; goes on if broken off."""
    from recognizer import preparing, recordings
    from recognizer.datasets import read_datasets
    from recognizer.datasets.labels import Kind

    if videos and macro:
        raise InputError("--videos and --macro do not go together: recordings hold all their expressions.")
    failed = 0
    for data in read_datasets(path, name):
        done: Any
        with progress_bar() as bar:
            if videos:
                tell = partial(bar.report(data.name), "recordings")
                done = recordings.prepare_recordings(data, out, tell, workers=workers)
            else:
                tell = partial(bar.report(data.name), "clips")
                done = preparing.prepare(data, out, tell, workers=workers, kind=None if macro else Kind.MICRO)
        made = f"{len(done.clips)} recordings" if videos else f"{len(done.samples)} samples"
        typer.echo(f"{data.title}: {made} in {out / data.name}")
        for note in (*data.problems, *done.problems):
            typer.echo(f"  left out: {note.key}: {note.text}")
        for note in done.notes:
            typer.echo(f"  note: {note.key}: {note.text}")
        failed += len(done.problems)
    raise typer.Exit(1 if failed else 0)


def _table(data: "Dataset") -> Table:
    table = Table(title=data.title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in summary(data).items():
        table.add_row(name, str(value))
    return table


def summary(data: "Dataset") -> dict[str, Any]:
    """The figures of one set, in the order of the table; counts as text where they are many."""
    clips = data.clips
    labelled: list[Any] = [*clips, *data.images]
    emotions = Counter(item.emotion or "none" for item in labelled)
    units = Counter(au for clip in clips for au in {mark.au for mark in clip.aus or () if mark.code == "AU"})
    rates = sorted({item.fps for item in clips} | {item.fps for item in data.videos})
    lacking = [clip for clip in clips if clip.missing]
    return {
        "labelled rows": data.rows,
        "clips": _kinds(clips) if clips else len(data.images),
        "subjects": len({item.subject for item in labelled} | {item.subject for item in data.videos}),
        "long videos": f"{len(data.videos)} with {sum(len(video.intervals) for video in data.videos)} expressions",
        "emotions": _counts(emotions.most_common()),
        "AUs": _counts((f"AU{au}", count) for au, count in sorted(units.items())),
        "frames a second": ", ".join(f"{fps:g}" for fps in rates) or "-",
        "clips without apex": sum(clip.apex is None for clip in clips),
        "clips without AUs": sum(clip.aus is None for clip in clips),
        "clips with uncertain AUs": sum(clip.aus_uncertain for clip in clips),
        "frames missing": f"{sum(len(clip.missing) for clip in lacking)} in {len(lacking)} clips",
        "corrections applied": len(data.corrections),
        "problems": len(data.problems),
    }


def _kinds(clips: Sequence["LabelledClip"]) -> str:
    kinds = Counter(clip.kind.value for clip in clips)
    return str(len(clips)) if set(kinds) == {"micro"} else f"{len(clips)} ({_counts(kinds.most_common())})"


def _counts(pairs: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {count}" for name, count in pairs) or "-"


def _tell(console: Console, data: "Dataset") -> None:
    lines = [*data.sources, *(f"corrected: {item.key}: {item.text}" for item in data.corrections)]
    lines += [f"problem: {item.key}: {item.text}" for item in data.problems[:_SHOWN]]
    if len(data.problems) > _SHOWN:
        lines.append(f"{len(data.problems) - _SHOWN} more problems; --json FILE writes all.")
    notes = [f"note: {clip.dataset} {clip.clip}: {note}" for clip in data.clips for note in clip.notes]
    lines += notes[:_SHOWN]
    if len(notes) > _SHOWN:
        lines.append(f"{len(notes) - _SHOWN} more notes; --json FILE writes all.")
    for line in lines:
        console.print(f"  {line}", markup=False, highlight=False, soft_wrap=True)


def document(found: Sequence["Dataset"]) -> dict[str, Any]:
    """The ``--json`` document: the figures of each set, each of its clips with notes, all problems."""
    return {"format": FORMAT, "sets": [_set(data) for data in found]}


def _set(data: "Dataset") -> dict[str, Any]:
    return {
        "name": data.name,
        "title": data.title,
        "summary": summary(data),
        "sources": list(data.sources),
        "clips": [_clip(clip) for clip in data.clips],
        "videos": [
            {"video": video.video, "subject": video.subject, "frames": len(video.frames), "missing": len(video.missing),
             "expressions": [_interval(item) for item in video.intervals]}
            for video in data.videos
        ],
        "images": [{"clip": item.clip, "subject": item.subject, "emotion": item.emotion} for item in data.images],
        "corrections": _pairs(data.corrections),
        "problems": _pairs(data.problems),
    }  # fmt: skip


def _interval(item: Any) -> dict[str, Any]:
    return {"start_s": item.time.start_s, "end_s": item.time.end_s, "kind": item.kind.value, "emotion": item.emotion}


def _pairs(items: Iterable[Any]) -> list[dict[str, str]]:
    return [{"key": item.key, "text": item.text} for item in items]


def _clip(clip: "LabelledClip") -> dict[str, Any]:
    return {
        "clip": clip.clip,
        "subject": clip.subject,
        "kind": clip.kind.value,
        "emotion": clip.emotion,
        "objective": clip.objective,
        "onset": clip.onset,
        "apex": clip.apex_frame,
        "offset": clip.offset,
        "apex_unknown": clip.apex_unknown,
        "aus": None if clip.aus is None else [str(mark) for mark in clip.aus],
        "aus_maybe": [[str(mark) for mark in group] for group in clip.maybe],
        "aus_text": clip.aus_text,
        "fps": clip.fps,
        "frames": len(clip.frames),
        "missing": list(clip.missing),
        "corrected": list(clip.corrected),
        "notes": list(clip.notes),
    }
