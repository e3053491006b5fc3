"""The demo's last step: its take, pushed through a running bridge, to the editor's side as far as that runs here.

The plugin's headless host is the editor's side where it is built; elsewhere ``microexpr watch`` is. What arrives there
is evaluated at 60 fps and compared with the take. Neither is an Unreal editor.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from curves.errors import MicroExprError
from curves.formats import read_take
from curves.richcurve import evaluate
from curves.values import RichCurve, Take
from microexpr.bridge import take_id_of
from microexpr.version import __version__

#: Values by control.
Samples = dict[str, NDArray[np.float32]]

RATE = 60
#: Largest difference that counts as equal, in curve values.
LIMIT = 1e-6
TARGETS = ("curvetable", "curvefloat", "animsequence", "datatable")
#: Where a build of the plugin's tests puts the headless host.
HOST = (
    Path(__file__).parents[1] / "UnrealPlugin" / "MicroExpression" / "Tests" / "build" / "dev"
    / ("microexpr_host.exe" if os.name == "nt" else "microexpr_host")
)  # fmt: skip

_WAIT_S = 60


def deliver(take_path: Path, out: Path, host: Path = HOST) -> list[str]:
    """Sends the take of a file to the editor's side; what to tell the user.

    Args:
        take_path: a .take.json.
        out: folder for what the editor's side evaluated.
        host: the headless host; where there is no such file, ``microexpr watch`` stands in.

    Raises MicroExprError: it did not arrive, or as something else.
    """
    if importlib.util.find_spec("grpc") is None:
        return ["skipped: the bridge is not installed (pip install 'microexpr[bridge]'), so the take went nowhere"]
    from unreal_bridge.client import BridgeClient  # noqa: PLC0415  # gRPC is an extra
    from unreal_bridge.connection import ClientSettings  # noqa: PLC0415
    from unreal_bridge.server import ServerSettings, running  # noqa: PLC0415

    take, take_id = read_take(take_path), take_id_of(take_path.name)
    with (
        tempfile.TemporaryDirectory(prefix="microexpr-demo-", ignore_cleanup_errors=True) as folder,
        running(Path(folder) / "takes", ServerSettings(version=__version__, grace_s=1.0)) as server,
        BridgeClient(ClientSettings(server.address)) as client,
    ):
        client.push(take, take_id)
        lines = [f"bridge at {server.address}: pushed {take_id}, {len(take.curves)} curves"]
        if host.is_file():
            return [*lines, *_to_host(host, server.address, take, take_id, out)]
        lines += [f"skipped: the plugin's headless host, which is not built ({_why(host)}); microexpr watch instead"]
        lines += [f"microexpr watch: {line}" for line in _watch(server.address, take_id)]
        return [*lines, compared({"take": samples_of(client.get(take_id)[0].curves, frame_times(take))}, take)]


def _why(host: Path) -> str:
    return "this is no checkout" if not host.parents[3].is_dir() else "'make plugin' builds it and says what it needs"


# --- the headless host -----------------------------------------------------------------------------------------------


def _to_host(host: Path, address: str, take: Take, take_id: str, out: Path) -> list[str]:
    folder = out / "editor"
    folder.mkdir(parents=True, exist_ok=True)
    files = {target: folder / f"{take_id}.{target}.csv" for target in TARGETS}
    for path in files.values():
        path.unlink(missing_ok=True)  # of an earlier demo
    limits = ("--takes", "1", "--timeout", str(_WAIT_S), "--fps", str(RATE))
    said = _run("the headless host", [str(host), "--server", address, "--out", str(folder), *limits])
    found = {target: read_samples(path, take) for target, path in files.items()}
    return [*(f"headless host: {line}" for line in said), compared(found, take)]


def read_samples(path: Path, take: Take) -> Samples:
    """What the host wrote: values by control, at the times of ``frame_times``. Raises MicroExprError."""
    try:
        header, *rows = path.read_text(encoding="utf-8").splitlines()
        table = np.array([row.split(",") for row in rows], dtype=np.float32).reshape(len(rows), -1)
    except (OSError, ValueError) as error:
        raise MicroExprError(f"{path} is not what the headless host is to write ({error}); build it anew.") from error
    names = header.split(",")
    if names[0] != "time" or table.shape[1] != len(names) or not np.array_equal(table[:, 0], frame_times(take)):
        raise MicroExprError(f"{path}: expected a column a control at {RATE} fps, from 0 to {take.duration_s:g} s.")
    return dict(zip(names[1:], table.T[1:], strict=True))


# --- microexpr watch -------------------------------------------------------------------------------------------------


def _watch(address: str, take_id: str) -> list[str]:
    said = _run("microexpr watch", [sys.executable, "-m", "microexpr", "watch", "--to", address, "--count", "1"])
    if not any(line.startswith(f"take {take_id}:") for line in said):
        raise MicroExprError(f"microexpr watch did not hear of the take {take_id}: {' '.join(said)}")
    return said


def _run(name: str, command: Sequence[str]) -> list[str]:
    """A program's lines; it gets nothing that the user set up for a bridge of their own."""
    own = ("MICROEXPR_BRIDGE", "MICROEXPR_TOKEN", "MICROEXPR_TLS_ROOT")
    environment = {key: value for key, value in os.environ.items() if key not in own}
    try:
        done = subprocess.run(  # noqa: S603  # a program of this project
            command, env=environment, capture_output=True, text=True, check=False, timeout=_WAIT_S + 10
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise MicroExprError(f"{name} did not do its work ({error}).") from error
    if done.returncode != 0:
        raise MicroExprError(f"{name} ended with {done.returncode}: {done.stderr.strip() or 'it does not say why'}")
    return done.stdout.splitlines()


# --- comparing -------------------------------------------------------------------------------------------------------


def frame_times(take: Take) -> NDArray[np.float32]:
    """Seconds k / 60 within the take, as Unreal's float."""
    return (np.arange(int(np.floor(take.duration_s * RATE)) + 1) / RATE).astype(np.float32)


def compared(found: dict[str, Samples], take: Take) -> str:
    """One line on what arrived, target by target, against the take. Raises MicroExprError: it is not the same."""
    times = frame_times(take)
    expected = {name.casefold(): values for name, values in samples_of(take.curves, times).items()}
    differences = {}
    for target, arrived in found.items():
        by_name = {name.casefold(): values for name, values in arrived.items()}  # an FName knows no letter case
        if by_name.keys() != expected.keys():
            named = ", ".join(sorted(by_name.keys() ^ expected.keys())[:3])
            raise MicroExprError(f"{target}: not the take's {len(expected)} curves arrived; lost or too many: {named}.")
        differences[target] = max(float(np.abs(by_name[name] - values).max()) for name, values in expected.items())
    told = ", ".join(f"{target} {difference:.2g}" for target, difference in differences.items())
    if not all(difference <= LIMIT for difference in differences.values()):  # NaN is no small difference
        raise MicroExprError(f"What arrived is not the take: it differs by more than {LIMIT:g} ({told}).")
    return f"largest difference from the take, {times.size} times at {RATE} fps: {told}"


def samples_of(curves: Sequence[RichCurve], times: NDArray[np.float32]) -> Samples:
    """Values by control, as Unreal computes them."""
    return {curve.name: evaluate(curve, times, precision=np.float32) for curve in curves}
