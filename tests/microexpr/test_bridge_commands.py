"""The bridge's commands as a user meets them: a real server, its output lines and exit codes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import typer
from bridge_samples import served
from format_samples import asymmetric, bare_take, bump

from curves.formats import read_take, take_to_json, write_take
from curves.values import BasicEmotion, Take
from microexpr import batch, converting
from microexpr.analysing import analysis_function, wished
from microexpr.bridge import delivery, take_id_of, watch
from microexpr.config import ConvertConfig
from unreal_bridge.client import BridgeClient
from unreal_bridge.errors import BridgeError
from unreal_bridge.wishes import Wish

Run = Callable[..., tuple[int, str, str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def bridge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[BridgeClient]:
    """A bridge that the commands find without --to."""
    with served(tmp_path / "data") as (server, client):
        monkeypatch.setenv("MICROEXPR_BRIDGE", server.address)
        yield client


@pytest.fixture
def take_file(tmp_path: Path) -> Path:
    write_take(asymmetric(), tmp_path / "my talk.take.json")
    return tmp_path / "my talk.take.json"


def test_a_take_goes_there_and_back(command: Run, bridge: BridgeClient, take_file: Path, tmp_path: Path) -> None:
    assert command("push", take_file) == (0, f"{take_file}: pushed as my_talk\n", "")
    assert command("push", take_file) == (0, f"{take_file}: was there as my_talk\n", "")
    code, out, _ = command("takes", "list")
    assert code == 0 and out.splitlines()[1].split() == ["my_talk", "1.00", "1", "5", "happiness"]
    code, out, _ = command("takes", "list", "--json")
    assert json.loads(out)["take_id"] == "my_talk" and json.loads(out)["events"][0]["emotion"]["label"] == "happiness"
    back = tmp_path / "back.take.json"
    assert command("takes", "get", "my_talk", "-o", back)[0] == 0
    assert back.read_bytes() == take_file.read_bytes()
    code, _, err = command("takes", "get", "my_talk", "-o", back)
    assert code == 2 and "--overwrite" in err
    assert command("takes", "rm", "my_talk") == (0, "deleted my_talk\n", "")
    code, _, err = command("takes", "rm", "my_talk")
    assert code == 2 and err == "error: my_talk: There is no take my_talk.\n"
    assert command("takes", "list") == (0, "", "")


def test_push_says_what_it_cannot_do(command: Run, bridge: BridgeClient, take_file: Path, tmp_path: Path) -> None:
    bridge.push(bare_take(), "my_talk")
    code, _, err = command("push", take_file)
    assert code == 2 and "Another take is called my_talk" in err
    code, out, err = command("push", take_file, tmp_path / "nobody.take.json", "--replace")
    assert code == 1 and "pushed as my_talk" in out and "nobody.take.json does not exist" in err
    assert command("push", take_file, "--name", "Named")[1].endswith("pushed as Named\n")
    (tmp_path / "sub").mkdir()
    other = tmp_path / "sub" / take_file.name
    other.write_bytes(take_file.read_bytes())
    for wrong, words in (
        ((take_file, other), "--name"),
        ((take_file, other, "--name", "x"), "one take"),
        ((take_file, "--to", "nowhere"), "HOST:PORT"),
        ((take_file, "--to", "127.0.0.1:99999"), "1 to 65535"),
        ((take_file, "--to", "render-1:50551", "--token", "t"), "another machine"),
        ((take_file, "--token", "schl\u00fcssel"), "printable ASCII"),
        ((take_file, "--name", ""), "no take id"),
        ((take_file, "--tls-root", tmp_path / "no.pem"), "no.pem cannot be read"),
    ):
        code, _, err = command("push", *wrong)
        assert code == 2 and words in err, err


def test_rm_goes_on_behind_what_is_not_there(command: Run, bridge: BridgeClient) -> None:
    for name in ("a", "b", "c"):
        bridge.push(bare_take(), name)
    code, out, err = command("takes", "rm", "a", "nope", "b")
    assert (code, out) == (1, "deleted a\ndeleted b\n") and err == "error: nope: There is no take nope.\n"
    code, out, err = command("takes", "rm", "nope", "neither")
    assert (code, out, len(err.splitlines())) == (2, "", 2)
    assert command("takes", "rm", "c")[0] == 0 and list(bridge.list()) == []


def test_watch_prints_what_an_editor_gets_and_remembers(
    command: Run, bridge: BridgeClient, take_file: Path, tmp_path: Path
) -> None:
    bridge.push(asymmetric(), "a")
    bridge.push(bare_take(bump("x", 0.2)), "b")
    state = tmp_path / "state.json"
    code, out, _ = command("watch", "--count", 1, "--state", state)
    lines = out.splitlines()
    assert code == 0 and lines[0].startswith("connected to store ") and len(lines) == 2
    assert lines[1] == "take a: 1.00 s, 1 events, 5 curves, 25 keys"
    bridge.delete("a")
    code, out, _ = command("watch", "--count", 2, "--state", state, "--json")
    events = [json.loads(line) for line in out.splitlines()]
    assert [event["event"] for event in events] == ["Connected", "Committed", "Deleted"]
    assert events[1]["info"]["take_id"] == "b" and events[1]["take"] == {"curves": 1, "keys": 5}
    state.write_text("{}")
    code, _, err = command("watch", "--state", state)
    assert code == 2 and "remove it" in err


def test_watch_says_when_the_connection_is_lost_and_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The server goes when the first take is printed, and is back when the loss has been told."""
    with ExitStack() as first, ExitStack() as second:
        server, client = first.enter_context(served(tmp_path / "data"))
        client.push(asymmetric(), "a")
        say = typer.echo

        def act(message: str, err: bool = False) -> None:
            say(message, err=err)
            if message.startswith("take a"):
                first.close()
            elif message.startswith("lost"):
                _, again = second.enter_context(served(tmp_path / "data", port=server.port))
                again.push(bare_take(), "b")

        monkeypatch.setattr("microexpr.bridge.typer.echo", act)
        watch(to=server.address, count=2)
    captured = capsys.readouterr()
    lost, back = captured.err.splitlines()
    assert lost.startswith("lost the connection") and "No server answers" in lost
    assert back == f"connected to {server.address} again"
    assert [line.split()[0] for line in captured.out.splitlines()] == ["connected", "take", "connected", "take"]


def test_without_a_bridge_it_is_said_where_none_was_found(
    command: Run, take_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unreal_bridge.connection.pause", lambda attempt: None)
    code, _, err = command("takes", "list", "--to", "127.0.0.1:1")
    assert code == 2 and "No server answers at 127.0.0.1:1" in err and "microexpr serve" in err
    code, _, err = command("convert", take_file, "--out", take_file.parent / "out", "--push", "--to", "127.0.0.1:1")
    assert code == 2 and "microexpr serve" in err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--host", "0.0.0.0"), "TLS certificate, its key and a token"),  # noqa: S104  # it is refused
        (("--host", "0.0.0.0", "--token", "t"), "TLS certificate"),  # noqa: S104
        (("--tls-cert", "x.pem"), "key"),
        (("--tls-cert", "x.pem", "--tls-key", "x.key"), "x.key cannot be read"),
        (("--analyze-root", "nowhere"), "--analyze-root"),
    ],
)
def test_serve_refuses_what_is_not_safe_or_not_there(
    command: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = command("serve", "--data", tmp_path / "data", "--port", 0, *arguments)
    assert code == 2 and words in err and len(err.splitlines()) == 1


def test_take_ids_are_made_of_names() -> None:
    names = ["talk.take.json", "scene 1/talk.take.json", "..take.json", "ä.take.json", "a" * 200, "x.mp4.take.json"]
    assert [take_id_of(name) for name in names] == ["talk", "scene_1.talk", "take", "take", "a" * 128, "x.mp4"]


@pytest.mark.slow
def test_a_conversion_delivers_what_it_made(
    bridge: BridgeClient, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Two of three are delivered under names that tell their folders; the third cannot be, and is said to be so."""
    out = tmp_path / "out"
    jobs = [batch.Job(tmp_path / name, out / folder, "talk") for name, folder in (("a", "x"), ("b", "y"), ("c", "z"))]
    for job in jobs:
        job.source.write_bytes(b"")
    bridge.push(bare_take(bump("other", 0.3)), "z.talk")

    def work(_: Any) -> batch.Work:
        def convert(source: Path) -> Take:
            return bare_take(bump(source.name, 0.1))

        return batch.Work(convert=convert, identity=lambda _: {}, formats=())

    address = os.environ["MICROEXPR_BRIDGE"]
    with delivery(out, address, None, None, replace=False) as deliver:
        assert converting.run_jobs(jobs, work, deliver=deliver) == 1
    captured = capsys.readouterr()
    assert "converted, but not pushed: Another take is called z.talk" in captured.err
    assert captured.out.splitlines()[-1] == "2 converted, 0 skipped, 1 failed"
    assert {info.take_id for info in bridge.list()} == {"x.talk", "y.talk", "z.talk"}
    assert bridge.get("y.talk")[0].curves == read_take(out / "y" / "talk.take.json").curves
    with pytest.raises(BridgeError), delivery(out, "127.0.0.1:1", "t", None, replace=False):
        pass


def test_an_editors_wishes_go_over_the_servers_settings() -> None:
    config = ConvertConfig(rig="arkit", keys="exact", intensity=0.5)
    assert wished(config, Wish(None, None, None, None, None)) == config
    changed = wished(config, Wish("facs", BasicEmotion.FEAR, 0.25, "auto", 0.01))
    assert (changed.rig, changed.emotion, changed.intensity, changed.keys, changed.tolerance) == (
        "facs", "fear", 0.25, "auto", 0.01,
    )  # fmt: skip
    with pytest.raises(Exception, match="weights"):
        analysis_function(ConvertConfig(weights="nowhere.safetensors"))


SERVE = """
import os, sys
from microexpr.cli import main
try:
    main(["serve", "--port", "0", "--data", sys.argv[1], "--verbose"])
except SystemExit as stopped:
    sys.exit(77 if "torch" in sys.modules or "av" in sys.modules else stopped.code)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl+C cannot be sent to one process there")
def test_serve_runs_until_told_to_stop_and_needs_no_torch(tmp_path: Path) -> None:
    process = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", SERVE, str(tmp_path / "data")],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        words = process.stdout.readline().split()
        assert words[:2] == ["serving", "at"]
        from unreal_bridge.connection import ClientSettings  # noqa: PLC0415

        with BridgeClient(ClientSettings(words[2].rstrip(","))) as client:
            client.push(asymmetric(), "a")
            take, _ = client.get("a")
            assert take_to_json(take) == take_to_json(asymmetric())
        process.send_signal(signal.SIGTERM)
        _, log = process.communicate(timeout=30)
    finally:
        process.kill()
    assert process.returncode == 0, log
    entries = [json.loads(line) for line in log.splitlines()]
    assert entries[0]["event"] == "serving" and entries[-1]["event"] == "stopped"
    assert [e["code"] for e in entries if e.get("method") == "/microexpr.v1.TakeService/PutTake"] == ["OK"]
