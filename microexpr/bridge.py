"""The commands of the bridge: ``serve``, ``push``, ``takes``, ``watch``. ``cli`` adds them; gRPC is imported late."""

# ruff: noqa: PLC0415, PLR0917  # imports inside commands: see cli; an option is a parameter

import json
import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curves.errors import InputError, MicroExprError
from curves.values import Take
from microexpr.config import resolve_config
from microexpr.version import __version__

if TYPE_CHECKING:
    from unreal_bridge.client import BridgeClient
    from unreal_bridge.services.analysis import AnalysisSettings

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 50551

takes_app = typer.Typer(help="Takes on a bridge: list, get, rm.", rich_markup_mode=None)

To = Annotated[str, typer.Option("--to", metavar="HOST:PORT", help="The bridge.", envvar="MICROEXPR_BRIDGE")]
Token = Annotated[str | None, typer.Option(help="Better given as MICROEXPR_TOKEN.", envvar="MICROEXPR_TOKEN")]
TlsRoot = Annotated[
    Path | None,
    typer.Option(help="PEM file of who vouches for the bridge: turns TLS on.", envvar="MICROEXPR_TLS_ROOT"),
]
TakeId = Annotated[str, typer.Argument(metavar="TAKE", help="The take's id, see 'microexpr takes list'.")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document a line instead of text.")]

DEFAULT_TO = f"{DEFAULT_HOST}:{DEFAULT_PORT}"


def register(app: typer.Typer) -> None:
    """Adds the commands to the app's."""
    app.command()(serve)
    app.command()(push)
    app.command()(watch)
    app.add_typer(takes_app, name="takes")


def data_folder() -> Path:
    """Where takes are kept unless --data says otherwise: the user's own folder for programs' data."""
    if os.name == "nt":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    else:
        base = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "microexpr" / "takes"


def open_client(to: str, token: str | None, tls_root: Path | None) -> "BridgeClient":
    """A client of the bridge at HOST:PORT. Raises InputError, SetupError."""
    from unreal_bridge.client import BridgeClient
    from unreal_bridge.connection import ClientSettings

    return BridgeClient(ClientSettings(to, token=token, root_certificate=tls_root))


def serve(
    data: Annotated[Path | None, typer.Option(help="Folder that keeps the takes [your data folder].")] = None,
    host: Annotated[str, typer.Option(help="Address; other than loopback needs TLS and a token.")] = DEFAULT_HOST,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = DEFAULT_PORT,
    token: Token = None,
    tls_cert: Annotated[Path | None, typer.Option(help="PEM certificate.", envvar="MICROEXPR_TLS_CERT")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its PEM key.", envvar="MICROEXPR_TLS_KEY")] = None,
    analyze: Annotated[bool, typer.Option("--analyze", help="Convert videos that editors send.")] = False,
    analyze_root: Annotated[
        Path | None, typer.Option(help="Also convert videos below this folder that editors name.")
    ] = None,
    config: Annotated[Path | None, typer.Option(help="TOML file with settings of conversions.")] = None,
    metrics_port: Annotated[int | None, typer.Option(help="Prometheus metrics, on loopback.")] = None,
    new_store_id: Annotated[
        bool, typer.Option("--new-store-id", help="Once, after takes were restored from a backup: editors begin anew.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log every call.")] = False,
) -> None:
    """Run the bridge: keeps takes and hands them to Unreal editors, until stopped."""
    from unreal_bridge.observing import prometheus, unobserved
    from unreal_bridge.server import ServerSettings
    from unreal_bridge.serving import log_to_stderr
    from unreal_bridge.serving import serve as serve_bridge
    from unreal_bridge.store import StoreSettings

    store = StoreSettings(new_id=new_store_id)
    settings = ServerSettings(
        host=host, port=port, token=token, certificate=tls_cert, key=tls_key, store=store, version=__version__
    )
    analysis = _analysis(config, analyze_root) if analyze or analyze_root is not None else None
    folder = data or data_folder()
    log_to_stderr(verbose=verbose)

    def ready(address: str) -> None:
        typer.echo(f"serving at {address}, takes in {folder}; stop with Ctrl+C")
        sys.stdout.flush()

    observe = unobserved if metrics_port is None else prometheus(metrics_port)
    serve_bridge(folder, settings, analysis, observe=observe, ready=ready)


def _analysis(config: Path | None, root: Path | None) -> "AnalysisSettings":
    from microexpr.analysing import analysis_function
    from unreal_bridge.services.analysis import AnalysisSettings

    if root is not None and not root.is_dir():
        raise InputError(f"{root} is no folder; check --analyze-root.")
    return AnalysisSettings(analysis_function(resolve_config(config, {})), root=root)


def push(
    takes: Annotated[list[Path], typer.Argument(metavar="TAKE...", help="Files .take.json that convert wrote.")],
    to: To = DEFAULT_TO,
    name: Annotated[str | None, typer.Option(help="Id of the one take [the file's name].")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace other takes of the same id.")] = False,
    token: Token = None,
    tls_root: TlsRoot = None,
) -> None:
    """Send takes to a bridge; editors that are connected get them at once, others when they start."""
    from curves.formats import read_take

    if name is not None and len(takes) > 1:
        raise InputError("--name is for one take; without it each is called after its file.")
    ids = [take_id_of(path.name) if name is None else name for path in takes]
    twin = next((take_id for take_id, count in Counter(ids).items() if count > 1), None)
    if twin is not None:
        raise InputError(f"Two of the files would be called {twin}; push them one by one, with --name.")
    failed = 0
    with open_client(to, token, tls_root) as client:
        for path, take_id in zip(takes, ids, strict=True):
            try:
                info, already = client.push(read_take(path), take_id, replace=replace)
            except MicroExprError as error:
                failed += 1
                typer.echo(f"error: {path}: {error}", err=True)
            else:
                typer.echo(f"{path}: {'was there as' if already else 'pushed as'} {info.take_id}")
    raise typer.Exit(_exit_code(failed, len(takes)))


def take_id_of(name: str) -> str:
    """The id of a take that is called after a file, or after its path with / between the parts."""
    from curves.formats import FORMATS
    from unreal_bridge.names import id_of

    return id_of(name.removesuffix(FORMATS["take"].suffix))


@takes_app.command("list")
def list_takes(to: To = DEFAULT_TO, as_json: AsJson = False, token: Token = None, tls_root: TlsRoot = None) -> None:
    """List the takes of a bridge, newest first."""
    from microexpr.report import aligned

    with open_client(to, token, tls_root) as client:
        found = list(client.list())
    if as_json:
        for info in found:
            typer.echo(json.dumps(_as_json(info)))
    elif found:
        header = ("take", "seconds", "events", "curves", "emotion", "source")
        rows = [
            (t.take_id, f"{t.duration_s:.2f}", str(t.event_count), str(t.curve_count), t.emotion or "-", t.source_name)
            for t in found
        ]
        for line in aligned([header, *rows]):
            typer.echo(line)


@takes_app.command("get")
def get_take(
    take: TakeId,
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write, .take.json.")],
    to: To = DEFAULT_TO,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    token: Token = None,
    tls_root: TlsRoot = None,
) -> None:
    """Fetch a take from a bridge into a file."""
    from curves.formats import write_take

    if output.exists() and not overwrite:
        raise InputError(f"{output} exists already; use --overwrite to replace it.")
    with open_client(to, token, tls_root) as client:
        write_take(client.get(take)[0], output)
    typer.echo(f"wrote {output}")


@takes_app.command("rm")
def remove_takes(
    takes: Annotated[list[str], typer.Argument(metavar="TAKE...", help="Ids of takes.")],
    to: To = DEFAULT_TO,
    token: Token = None,
    tls_root: TlsRoot = None,
) -> None:
    """Delete takes from a bridge; what editors made of them stays."""
    failed = 0
    with open_client(to, token, tls_root) as client:
        for take_id in takes:
            try:
                client.delete(take_id)
            except MicroExprError as error:
                failed += 1
                typer.echo(f"error: {take_id}: {error}", err=True)
            else:
                typer.echo(f"deleted {take_id}")
    raise typer.Exit(_exit_code(failed, len(takes)))


def _exit_code(failed: int, of: int) -> int:
    return 0 if not failed else 2 if failed == of else 1


def watch(
    to: To = DEFAULT_TO,
    live: Annotated[bool, typer.Option("--live", help="Live frames too.")] = False,
    state: Annotated[Path | None, typer.Option(help="File that remembers how far it came.")] = None,
    count: Annotated[int | None, typer.Option(min=1, help="Stop after so many takes, deletions and frames.")] = None,
    as_json: AsJson = False,
    token: Token = None,
    tls_root: TlsRoot = None,
) -> None:
    """Print what an editor would get: takes, deletions, live frames; goes on when the connection comes back."""
    from unreal_bridge.watching import Connected

    store_id, since = _read_state(state)
    seen, lost = 0, False

    def on_lost(reason: str) -> None:
        nonlocal lost
        lost = True
        typer.echo(f"lost the connection, trying until it is back: {reason}", err=True)

    with (
        open_client(to, token, tls_root) as client,
        client.watch(store_id=store_id, since=since, live=live, content=True) as watched,
    ):
        watched.on_lost = on_lost
        for event in watched:
            if lost and isinstance(event, Connected):
                lost = False
                typer.echo(f"connected to {to} again", err=True)
            typer.echo(json.dumps(_as_json(event)) if as_json else _line(event))
            sys.stdout.flush()
            watched.done()
            _write_state(state, watched.store_id, watched.sequence)
            seen += not isinstance(event, Connected)
            if count is not None and seen >= count:
                return


def _read_state(state: Path | None) -> tuple[str, int]:
    if state is None or not state.exists():
        return "", 0
    try:
        found = json.loads(state.read_text(encoding="utf-8"))
        return str(found["store_id"]), int(found["sequence"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError(f"{state} is no file of 'microexpr watch'; remove it to begin anew.") from error


def _write_state(state: Path | None, store_id: str, sequence: int) -> None:
    from microexpr.writing import write_file

    if state is not None and store_id:
        write_file(state, json.dumps({"store_id": store_id, "sequence": sequence}).encode())


def _as_json(event: Any) -> dict[str, Any]:
    """An event or a summary as JSON values; of a take's content, only how much there is."""

    def plain(value: Any) -> Any:
        if isinstance(value, Take):
            return {"curves": len(value.curves), "keys": sum(len(curve.keys) for curve in value.curves)}
        if hasattr(value, "__dataclass_fields__"):
            return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
        if isinstance(value, tuple | list):
            return [plain(item) for item in value]
        if hasattr(value, "items"):
            return {str(key): plain(item) for key, item in value.items()}
        return value

    return {"event": type(event).__name__, **plain(event)}


def _line(event: Any) -> str:
    from unreal_bridge import watching

    match event:
        case watching.Connected():
            return f"connected to store {event.store_id}, {event.last_sequence} changes" + (
                " (not the store that it was: everything follows)" if event.reset else ""
            )
        case watching.Committed():
            info = event.info
            keys = sum(len(curve.keys) for curve in event.take.curves) if event.take else 0
            counts = f"{info.event_count} events, {info.curve_count} curves, {keys} keys"
            return f"take {info.take_id}: {info.duration_s:.2f} s, {counts}"
        case watching.Deleted():
            return f"deleted {event.take_id}"
        case watching.LiveFrame():
            values = ", ".join(f"{name} {value:.3f}" for name, value in event.values.items() if abs(value) >= 5e-4)
            return f"live {event.subject} {event.time_s:.3f} s: {values or 'at rest'}"
        case _:
            return f"live {event.subject} ended"


@contextmanager
def delivery(
    out: Path, to: str, token: str | None, tls_root: Path | None, *, replace: bool
) -> Iterator[Callable[[Path, Take], None]]:
    """What sends takes to a bridge as they are made, called after their path below ``out``.

    Raises BridgeError at once if no bridge answers: not after the minutes that a video takes.
    """
    with open_client(to, token, tls_root) as client:
        client.info(version=__version__)

        def deliver(path: Path, take: Take) -> None:
            client.push(take, take_id_of(path.relative_to(out).as_posix()), replace=replace)

        yield deliver
