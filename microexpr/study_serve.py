"""``microexpr study init``, ``serve`` and ``export``: the questionnaire."""

# ruff: noqa: PLC0415, PLR0917  # starlette, pandas and av are imported when needed; an option is a parameter

import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curves.errors import InputError

if TYPE_CHECKING:
    from studies.questionnaire.store import Store
    from studies.questionnaire.study import Facts, Study

#: Codecs that browsers of phones and laptops play.
_CODECS = ("h264", "vp8", "vp9", "av1")
_PIXELS = ("yuv420p", "yuvj420p")

StudyFile = Annotated[
    Path, typer.Argument(metavar="STUDY.toml", help="What is asked; 'microexpr study init' makes one.")
]
Data = Annotated[Path | None, typer.Option(help="Folder that keeps the answers [STUDY-data beside STUDY.toml].")]


def register(app: typer.Typer) -> None:
    """Adds the commands to the group ``study``."""
    app.command("init")(init)
    app.command("serve")(serve)
    app.command("export")(export)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the new study; made if missing.")],
) -> None:
    """Write an example STUDY.toml, every key explained; change it, then serve it."""
    from microexpr.writing import check_new_file, write_file
    from studies.questionnaire import study

    target = folder / "STUDY.toml"
    check_new_file(target, overwrite=False)
    write_file(target, Path(study.__file__).with_name("example.toml").read_bytes())
    typer.echo(f"{target}: change it, put the videos beside it, then: microexpr study serve {target}")


def serve(
    study_file: StudyFile,
    data: Data = None,
    host: Annotated[str, typer.Option(help="Address; other than loopback needs TLS.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    admin_token_file: Annotated[
        Path | None, typer.Option(help="File with the token of /admin; made if missing [admin-token.txt in --data].")
    ] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM certificate.", envvar="MICROEXPR_TLS_CERT")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its PEM key.", envvar="MICROEXPR_TLS_KEY")] = None,
    behind_tls_proxy: Annotated[
        bool, typer.Option("--behind-tls-proxy", help="A proxy in front does TLS, and only it reaches this port.")
    ] = False,
) -> None:
    """Run the questionnaire of a study, until stopped; answers are on disk the moment they are given."""
    from studies.questionnaire.serving import Address, admin_token
    from studies.questionnaire.serving import serve as serve_study

    address = Address(host=host, port=port, certificate=tls_cert, key=tls_key, behind_proxy=behind_tls_proxy)
    study, store = _open(study_file, data)
    token_file = admin_token_file or store.path.with_name("admin-token.txt")

    def ready(base: str) -> None:
        typer.echo(f"participants: {base}/")
        typer.echo(f"researchers: {base}/admin, the token is in {token_file}")
        typer.echo(f"answers: {store.path}; stop with Ctrl+C")
        sys.stdout.flush()

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)  # the server hands the signal on when it has stopped; by default it would kill

    signal.signal(signal.SIGTERM, stop)
    try:
        serve_study(study, store, admin_token(token_file), address, ready)
    finally:
        store.close()


def export(
    study_file: StudyFile,
    out: Annotated[Path, typer.Option(help="Folder for ratings.csv, sessions.csv and recognition.csv.")],
    data: Data = None,
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Also who is not done, as far as they came.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace existing files.")] = False,
) -> None:
    """Write the answers as the tables that 'microexpr study analyze' reads; also while the questionnaire runs."""
    from microexpr.writing import check_new_file, write_file
    from studies.questionnaire.export import overview_of, tables_of
    from studies.results import safe_cells

    targets = {name: out / f"{name}.csv" for name in ("ratings", "sessions", "recognition")}
    for target in targets.values():
        check_new_file(target, overwrite=overwrite)
    study, store = _open(study_file, data, must_exist=True)
    try:
        tables, overview = tables_of(study, store, incomplete=incomplete), overview_of(study, store)
    finally:
        store.close()
    for name, target in targets.items():
        table = safe_cells(getattr(tables, name))
        write_file(target, table.to_csv(index=False, lineterminator="\n").encode())
        typer.echo(f"{target}: {len(table)} rows")
    counts = ", ".join(f"{overview.total(word)} {word}" for word in overview.status)
    typer.echo(f"participants: {counts}, {overview.withdrawn} withdrawn")


def _open(study_file: Path, data: Path | None, *, must_exist: bool = False) -> "tuple[Study, Store]":
    from studies.questionnaire.store import Store
    from studies.questionnaire.study import read_study

    study = read_study(study_file, None if must_exist else facts_of)
    for name in () if must_exist else ("title", "consent", "contact"):
        if "FILL IN" in getattr(study, name):
            raise InputError(f"{study_file.name}: {name} still says FILL IN; write what participants must know.")
    folder = data or study_file.with_name(f"{study_file.stem}-data")
    path = folder / "answers.sqlite3"
    if must_exist and not path.is_file():
        raise InputError(f"There are no answers in {folder}; check --data.")
    return study, Store(path, study.design(videos=not must_exist))


def facts_of(path: Path) -> "Facts":
    """Length and size of a video that all browsers play. Raises InputError: not such a video, or it has sound."""
    import av

    from studies.questionnaire.study import Facts

    try:
        with av.open(str(path)) as container:
            stream = next(iter(container.streams.video), None)
            codec = "" if stream is None else stream.codec_context.codec.canonical_name
            if codec not in _CODECS:
                found = codec or "no video"
                raise InputError(f"{path.name} holds {found}; browsers play H.264 (.mp4), VP9 or AV1 (.webm).")
            if stream is None or stream.pix_fmt not in _PIXELS:
                raise InputError(f"{path.name} has other pixels than {_PIXELS[0]}, which not every browser plays.")
            if container.streams.audio:
                raise InputError(f"{path.name} has sound; participants are told that there is none, so remove it.")
            frame_s = 1.0 / float(stream.average_rate or 25)
            if container.duration is not None:
                seconds = float(container.duration / av.time_base)
            else:
                seconds = max(float(frame.time or 0.0) for frame in container.decode(video=0))
            return Facts(seconds, frame_s, (stream.width, stream.height))
    except (av.FFmpegError, ValueError) as error:
        raise InputError(f"{path.name} cannot be read as a video; make it anew.") from error
