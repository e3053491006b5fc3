"""The command ``microexpr``: parses, calls, prints.

Exit codes: 0 done, 1 some inputs failed, 2 wrong use or nothing done, 130 interrupted. Errors are one line on stderr.
Modules that pull in torch or matplotlib are imported late, so that ``--help`` and wrong use are answered at once.
"""

# ruff: noqa: PLC0415, PLR0917  # imports inside commands: see above; an option is a parameter

import io
import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.main import get_command

from curves.errors import InputError, MicroExprError
from microexpr import bridge, datasets, evaluating, study
from microexpr.config import EMOTION_CHOICES, ConvertConfig, resolve_config

_DEFAULT = ConvertConfig()
#: Base of all usage errors, wherever the installed typer keeps its copy of click.
_USAGE_ERROR: type[Any] = typer.BadParameter.__mro__[2]

app = typer.Typer(
    help="Turn face videos into micro-expression animation curves for Unreal Engine.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
curves_app = typer.Typer(help="Work with curve files.", rich_markup_mode=None)
app.add_typer(curves_app, name="curves")
app.add_typer(datasets.app, name="datasets")
app.add_typer(study.app, name="study")
bridge.register(app)
evaluating.register(app)


def _input_path(text: str) -> Path:
    if not text:  # an unset variable of a script; Path would make the current folder of it
        raise typer.BadParameter("one of them is empty; give a video or a folder ('.' is this folder).")
    return Path(text)


Inputs = Annotated[
    list[Path],
    typer.Argument(metavar="INPUT...", parser=_input_path, help="Videos, folders of numbered images, folders."),
]
Out = Annotated[Path, typer.Option("--out", help="Folder for the results; made if missing.")]
ConfigFile = Annotated[Path | None, typer.Option("--config", help="TOML file with these settings; arguments win.")]
RigName = Annotated[str | None, typer.Option(help=f"Rig name or mapping TOML [{_DEFAULT.rig}]; see 'microexpr rigs'.")]
Formats = Annotated[
    list[str] | None,
    typer.Option("--format", help=f"Beside take.json; repeat or use commas [{','.join(_DEFAULT.format)}]."),
]
Keys = Annotated[str | None, typer.Option(help=f"auto: few keys; exact: the spline itself [{_DEFAULT.keys}].")]
Tolerance = Annotated[float | None, typer.Option(help="Error of keys, part of a curve's peak [auto 0.005, exact 0].")]
EmotionName = Annotated[str | None, typer.Option("--emotion", help=f"{', '.join(EMOTION_CHOICES)} [none].")]
Intensity = Annotated[str | None, typer.Option(help="0 to 1, or 'draw': from the data, with --seed [1].")]
Gain = Annotated[float | None, typer.Option(help="Exaggerate: up to 100, clamped at rig weight 1 [1].")]
Seed = Annotated[int | None, typer.Option(help="Of --intensity draw [0].")]
Start = Annotated[float | None, typer.Option(help="First second to convert.")]
End = Annotated[float | None, typer.Option(help="Second to stop before.")]
Face = Annotated[int | None, typer.Option(help="1 is the largest face [1].")]
Neutral = Annotated[
    tuple[float, float] | None,
    typer.Option(
        help="First and last second of a stretch in which the face is at rest [looked for].", metavar="START END"
    ),
]
Fps = Annotated[float | None, typer.Option(help="Frame rate of images; for a video: instead of its time stamps.")]
Weights = Annotated[Path | None, typer.Option(help="Network weights of your own.")]
Exhaustive = Annotated[bool | None, typer.Option("--exhaustive", help="Look everywhere, also where nothing moves.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout instead of text.")]
OutFile = Annotated[Path | None, typer.Option("-o", "--output", help="File instead of stdout.")]


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        from microexpr.version import __version__

        typer.echo(f"microexpr {__version__}")
        raise typer.Exit
    _help_without_command(context)


@curves_app.callback(invoke_without_command=True)
def _curves_root(context: typer.Context) -> None:
    _help_without_command(context)


@app.command()
def convert(
    inputs: Inputs,
    out: Out,
    rig: RigName = None,
    formats: Formats = None,
    keys: Keys = None,
    tolerance: Tolerance = None,
    emotion: EmotionName = None,
    intensity: Intensity = None,
    gain: Gain = None,
    seed: Seed = None,
    start: Start = None,
    end: End = None,
    face: Face = None,
    neutral: Neutral = None,
    fps: Fps = None,
    weights: Weights = None,
    exhaustive: Exhaustive = None,
    overwrite: Overwrite = False,
    as_json: AsJson = False,
    config: ConfigFile = None,
    push: Annotated[bool, typer.Option("--push", help="Send each take to the bridge --to as well.")] = False,
    to: bridge.To = bridge.DEFAULT_TO,
    token: bridge.Token = None,
    tls_root: bridge.TlsRoot = None,
) -> None:
    """Convert videos to takes: STEM.take.json, and the files of each --format beside it.

    A folder is searched for videos; its tree is kept, and what is finished is skipped when run again.
    """
    arguments = {
        "rig": rig, "format": formats or None, "keys": keys, "tolerance": tolerance, "emotion": emotion,
        "intensity": intensity, "gain": gain, "seed": seed, "start": start, "end": end, "face": face,
        "neutral": neutral, "fps": fps, "weights": None if weights is None else str(weights), "exhaustive": exhaustive,
    }  # fmt: skip
    settings = resolve_config(config, arguments)

    from microexpr.converting import convert_inputs

    with bridge.delivery(out, to, token, tls_root, replace=overwrite) if push else nullcontext() as deliver:
        code = convert_inputs(inputs, out, settings, overwrite=overwrite, as_json=as_json, deliver=deliver)
    raise typer.Exit(code)


@curves_app.command("sample")
def sample(
    file: Annotated[Path, typer.Argument(help="A take or any curve file that convert writes, or Unreal's own JSON.")],
    times: Annotated[str | None, typer.Option(help="Seconds: --times=-0.1,0,0.05.")] = None,
    fps: Annotated[float | None, typer.Option(help="Instead of --times: samples a second.")] = None,
    start: Annotated[float | None, typer.Option(help="Of --fps [first key].")] = None,
    end: Annotated[float | None, typer.Option(help="Of --fps [last key].")] = None,
    single: Annotated[bool, typer.Option("--float32", help="Round at each step as the engine does.")] = False,
    output: OutFile = None,
) -> None:
    """Evaluate curves as Unreal would; CSV with time,value or a column a curve."""
    from microexpr import sampling
    from microexpr.writing import write_file

    if (times is None) == (fps is None):
        raise InputError("Give either --times=-0.1,0,0.05 or --fps 60.")
    curves = sampling.load_curves(file)
    at = sampling.time_range(curves, fps, start, end) if fps is not None else sampling.parse_times(times or "")
    stream = io.StringIO(newline="")
    sampling.write_samples(curves, at, stream, "float32" if single else "float64")
    if output is None:
        sys.stdout.write(stream.getvalue())
    else:
        write_file(output, stream.getvalue().encode())


@app.command()
def plot(
    take: Annotated[Path, typer.Argument(help="A .take.json file.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Picture to write: .png, .svg or .pdf.")],
    video: Annotated[Path | None, typer.Option(help="The source video, if it is not beside the take.")] = None,
) -> None:
    """Draw a take: faces, AU tracks with events, rig curves."""
    from microexpr.faces import plot_take

    for note in plot_take(take, output, video):
        typer.echo(f"note: {note}")
    typer.echo(f"wrote {output}")


@app.command()
def explain(
    take: Annotated[Path, typer.Argument(help="A .take.json file.")],
    event: Annotated[int | None, typer.Option(help="Which event, from 1 [the one with the highest score].")] = None,
    video: Annotated[Path | None, typer.Option(help="The source video, if it is not beside the take.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Picture: .png, .svg or .pdf [STEM.event-N.png by the take].")
    ] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="File for all figures as JSON.")] = None,
    weights: Weights = None,
    photo: Annotated[bool, typer.Option("--photo", help="Draw the maps on the person's neutral frame.")] = False,
    overwrite: Overwrite = False,
) -> None:
    """Show which regions of the face, which moments and which AU edges carried an event of a take."""
    if out is not None and out.suffix.lower() not in (".png", ".svg", ".pdf"):
        raise InputError(f"--out: {out} is no picture that can be written; name a .png, .svg or .pdf file.")

    from microexpr.explaining import describe, explain_take, figure_of, write_json

    picture = figure_of(take, event, out, json_file, overwrite=overwrite)
    explained = explain_take(take, number=event, video=video, weights=weights)

    from microexpr.explain_figure import draw_explanation

    draw_explanation(explained, picture, photo=photo)
    if json_file is not None:
        write_json(explained, take, json_file)
    written = [picture, *([json_file] if json_file is not None else [])]
    for line in [*describe(explained), *(f"wrote {file}" for file in written)]:
        typer.echo(line)


@app.command()
def train(
    config: Annotated[Path, typer.Argument(help="TOML recipe.")],
    clips: Annotated[Path, typer.Option(help="Folder of training clips.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, log and checkpoint.")],
    facekit: Annotated[
        Path | None, typer.Option(help="Folder of ICT-FaceKit: render the recipe's clips that --clips lacks first.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in --out.")] = False,
) -> None:
    """Train the network from a recipe; thresholds are chosen on people held out."""
    from microexpr.training import run_training

    run_training(config, clips=clips, out=out, facekit=facekit, resume=resume)


@app.command()
def magnify(
    video: Annotated[Path, typer.Argument(metavar="VIDEO", parser=_input_path, help="A video or a folder of images.")],
    alpha: Annotated[float, typer.Option(help="1/16 to 16; above 1 shows more, below 1 less.")] = 8.0,
    out: Annotated[Path | None, typer.Option(help="Video to write [beside VIDEO: NAME.magnified.mp4].")] = None,
    start: Annotated[float | None, typer.Option(help="First second.")] = None,
    end: End = None,
    face: Face = None,
    fps: Fps = None,
    neutral: Neutral = None,
    weights: Annotated[Path | None, typer.Option(help="A magnifier of your own.")] = None,
    overwrite: Overwrite = False,
) -> None:
    """Write the video again with the small movements of its face made larger (or smaller); the rest stays as it is."""
    from microexpr.magnifying import MagnifyRequest, run_magnify

    run_magnify(MagnifyRequest(video, alpha, out, start, end, face, fps, weights, overwrite, neutral))


@app.command("train-magnifier")
def train_magnifier(
    config: Annotated[Path, typer.Argument(help="TOML recipe.")],
    facekit: Annotated[Path, typer.Option(help="Folder of ICT-FaceKit, to render people from.")],
    out: Annotated[Path, typer.Option(help="Folder for weights, ratios, log and checkpoint.")],
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the training in --out.")] = False,
) -> None:
    """Train the magnifier from a recipe and measure it on people never trained on."""
    from microexpr.magnifying import run_magnifier_training

    run_magnifier_training(config, facekit=facekit, out=out, resume=resume)


@app.command()
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the sample, its take and its plot.")] = Path("demo-out"),
    seed: Annotated[int, typer.Option(help="Of the sample's camera noise and head drift.")] = 7,
) -> None:
    """Draw a sample video with known events, convert it, and compare what was found with what is true."""
    from microexpr.demo import run_demo

    raise typer.Exit(run_demo(out, seed))


@app.command()
def doctor() -> None:
    """Check what this machine has and name the command for whatever is missing."""
    from microexpr.doctor import run_checks
    from microexpr.report import aligned

    checks = run_checks()
    for line in aligned([("ok" if check.ok else "MISSING", check.name, check.detail) for check in checks]):
        typer.echo(line)
    for check in checks:
        if not check.ok and check.remedy:
            typer.echo(f"error: {check.name}: {check.remedy}", err=True)
    raise typer.Exit(0 if all(check.ok for check in checks) else 2)


@app.command()
def rigs() -> None:
    """List the shipped rigs."""
    from curves.rigs import load_rig, rig_names

    for name in rig_names():
        rig = load_rig(name)
        typer.echo(f"{name}: {len(rig.controls)} controls, driven by AU {', '.join(map(str, rig.aus))}")


@app.command()
def formats() -> None:
    """List the file formats of --format."""
    from curves.formats import FORMATS
    from microexpr.report import aligned

    for line in aligned([(name, row.suffix, row.summary) for name, row in FORMATS.items()]):
        typer.echo(line)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Entry point: runs a command and exits with its code; every error a user can act on becomes one line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # Windows pipes may know no "ä": show "?" rather than fail
            stream.reconfigure(errors="replace")
    try:
        argv = None if arguments is None else list(arguments)
        code = get_command(app).main(args=argv, prog_name="microexpr", standalone_mode=False) or 0
    except MicroExprError as error:
        code = _fail(str(error))
    except _USAGE_ERROR as error:
        code = _fail(f"{error.format_message()} Try 'microexpr --help'.")
    except OSError as error:
        code = _fail(f"{error.filename or 'input or output'}: {error.strerror or type(error).__name__}.")
    except (KeyboardInterrupt, typer.Abort):
        code = 130
    sys.exit(code)


def _fail(message: str) -> int:
    typer.echo("error: " + " ".join(message.split()), err=True)
    return 2


def _help_without_command(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)
