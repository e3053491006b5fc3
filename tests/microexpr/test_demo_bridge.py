"""The demo's last step: what arrives on the editor's side is compared, and a difference is an error."""

import stat
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from format_samples import asymmetric

from curves.errors import MicroExprError
from curves.formats import write_take
from microexpr import demo_bridge
from microexpr.demo_bridge import RATE, TARGETS, compared, deliver, frame_times, read_samples, samples_of

# In the headless host's place: fetches the take and writes what it evaluates, with what goes wrong in a test.
STAND_IN = """#!{python}
import sys
sys.path[:0] = {path!r}
import numpy as np
from pathlib import Path
from microexpr.demo_bridge import TARGETS, frame_times, samples_of
from unreal_bridge.client import BridgeClient
from unreal_bridge.connection import ClientSettings
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
assert (given["--takes"], given["--fps"]) == ("1", "60")
with BridgeClient(ClientSettings(given["--server"])) as client:
    take = client.get("talk")[0]
times, targets = frame_times(take), list(TARGETS)
samples = samples_of(take.curves, times)
{fault}
for target in targets:
    with (Path(given["--out"]) / f"talk.{{target}}.csv").open("w") as stream:
        print("time", *samples, sep=",", file=stream)
        for row in zip(times, *samples.values()):
            print(*(f"{{number:.9g}}" for number in row), sep=",", file=stream)
print("talk:", len(samples), "curves")
"""


@pytest.fixture
def take_path(tmp_path: Path) -> Path:
    write_take(asymmetric(), tmp_path / "talk.take.json")
    return tmp_path / "talk.take.json"


def stand_in(folder: Path, fault: str = "") -> Path:
    host = folder / "host"
    host.write_text(STAND_IN.format(python=sys.executable, path=sys.path, fault=fault), encoding="utf-8")
    host.chmod(host.stat().st_mode | stat.S_IXUSR)
    return host


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_what_the_host_evaluated_is_compared(tmp_path: Path, take_path: Path) -> None:
    lines = deliver(take_path, tmp_path / "out", stand_in(tmp_path))
    assert "pushed talk" in lines[0] and lines[1] == "headless host: talk: 5 curves"
    assert lines[2].endswith("curvetable 0, curvefloat 0, animsequence 0, datatable 0")
    assert {path.name for path in (tmp_path / "out" / "editor").iterdir()} == {f"talk.{name}.csv" for name in TARGETS}


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("samples[next(iter(samples))][7] += 2e-6", "differs by more than 1e-06"),
        ("targets.pop()", "datatable.csv is not what"),
        ("sys.exit('no take came')", "ended with 1: no take came"),
    ],
)
def test_what_is_not_the_take_is_an_error(tmp_path: Path, take_path: Path, fault: str, message: str) -> None:
    with pytest.raises(MicroExprError, match=message):
        deliver(take_path, tmp_path / "out", stand_in(tmp_path, fault))


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (lambda samples: samples.popitem(), "not the take's 5 curves arrived"),
        (lambda samples: samples.update(more=np.zeros(61)), "lost or too many: more"),
        (lambda samples: next(iter(samples.values())).__setitem__(7, np.nan), "differs by more than 1e-06"),
    ],
)
def test_a_curve_less_or_more_or_without_a_value_is_an_error(fault: Any, message: str) -> None:
    take = asymmetric()
    samples = samples_of(take.curves, frame_times(take))
    fault(samples)
    with pytest.raises(MicroExprError, match=message):
        compared({"table": samples}, take)


def test_samples_at_other_times_are_no_samples(tmp_path: Path) -> None:
    take = asymmetric()
    path = tmp_path / "talk.curvetable.csv"
    rows = [f"{time:.9g},0" for time in frame_times(take)]
    path.write_text("\n".join(["time,a", *rows]), encoding="utf-8")
    assert list(read_samples(path, take)) == ["a"]
    for wrong in (["time,a", *rows[1:]], ["frame,a", *rows], ["time", *rows]):
        path.write_text("\n".join(wrong), encoding="utf-8")
        with pytest.raises(MicroExprError, match="at 60 fps, from 0 to"):
            read_samples(path, take)


def test_without_a_host_watch_stands_in(tmp_path: Path, take_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MICROEXPR_TLS_ROOT", "of another bridge")
    lines = deliver(take_path, tmp_path / "out", tmp_path / "nowhere" / "build" / "dev" / "host")
    assert "skipped" in lines[1] and "microexpr watch instead" in lines[1]
    assert any(line.startswith("microexpr watch: take talk: 1.00 s") for line in lines)
    assert lines[-1].endswith("take 0")


def test_without_the_bridge_it_says_what_is_skipped(
    tmp_path: Path, take_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo_bridge.importlib.util, "find_spec", lambda name: None)
    assert "microexpr[bridge]" in deliver(take_path, tmp_path)[0]


def test_the_samples_are_those_of_the_host() -> None:
    take = asymmetric()
    times = frame_times(take)
    assert times.dtype == np.float32 and times[-1] <= take.duration_s < times[-1] + 1 / RATE
    told = compared({"table": {name.upper(): values for name, values in samples_of(take.curves, times).items()}}, take)
    assert told.endswith("table 0")
