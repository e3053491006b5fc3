"""The command ``microexpr study serve`` as a process of its own, and over TLS."""

import os
import shutil
import signal
import sqlite3
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from certificates import certificate
from questionnaire_samples import TOKEN, Visitor, make_study, serving, write_study

from studies.questionnaire.serving import Address
from studies.questionnaire.store import Store

pytestmark = pytest.mark.slow


@contextmanager
def served(study_file: Path) -> Iterator[tuple[subprocess.Popen[str], dict[str, str]]]:
    """The running command, and the lines that it says as it starts, by their first word."""
    command = [sys.executable, "-m", "microexpr", "study", "serve", str(study_file), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None
        try:
            yield process, dict(process.stdout.readline().strip().split(": ", 1) for _ in range(3))
        finally:
            process.kill()


def test_an_answer_that_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    study_file = write_study(tmp_path, ("fear",))
    with (
        served(study_file) as (process, said),
        httpx.Client(base_url=said["participants"], timeout=30) as client,
    ):
        visitor = Visitor(client, lambda: None)
        page = visitor.step(visitor.begin())
        assert "<video" in page
        process.kill()
        cookies = client.cookies
    with served(study_file) as (_, said), httpx.Client(base_url=said["participants"], timeout=30) as client:
        client.cookies = cookies
        assert client.get("/").text == page
        token = (tmp_path / "STUDY-data" / "admin-token.txt").read_text(encoding="utf-8").strip()
        admin = client.get("/admin", headers={"Authorization": f"Bearer {token}"})
        assert "<strong>1</strong> active" in admin.text
        assert "server" not in admin.headers


@pytest.mark.skipif(os.name == "nt", reason="no SIGTERM there")
def test_who_is_told_to_stop_leaves_one_whole_file(tmp_path: Path) -> None:
    with (
        served(write_study(tmp_path, ("fear",))) as (process, said),
        httpx.Client(base_url=said["participants"], timeout=30) as client,
    ):
        visitor = Visitor(client, lambda: None)
        visitor.step(visitor.begin())
        process.terminate()
        assert process.wait(timeout=30) == 128 + signal.SIGTERM  # by its own end, not by the signal
    held = {path.name: path.stat().st_size for path in (tmp_path / "STUDY-data").iterdir()}
    assert not any(held.get(f"answers.sqlite3-{journal}") for journal in ("wal", "journal"))
    copied = sqlite3.connect(shutil.copy(tmp_path / "STUDY-data" / "answers.sqlite3", tmp_path / "copy.sqlite3"))
    assert copied.execute("SELECT count(*) FROM answers").fetchone() == (3,)
    copied.close()


def test_over_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path, "here")
    study = make_study(tmp_path / "study", ("fear",))
    store = Store(tmp_path / "answers.sqlite3", study.design())
    with (
        serving(study, store, Address(port=0, certificate=cert, key=key)) as base,
        httpx.Client(base_url=base, verify=ssl.create_default_context(cafile=str(cert))) as client,
    ):
        assert base.startswith("https:")
        assert "Secure" in client.get("/").headers["set-cookie"]
        page = Visitor(client, lambda: None).begin()
        assert "About you" in page
        assert client.get("/admin", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert len(store.people()) == 1
    store.close()


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    study_file = write_study(tmp_path, ("fear",))
    with served(study_file) as (_, said):
        port = said["participants"].rstrip("/").rpartition(":")[2]
        command = [sys.executable, "-m", "microexpr", "study", "serve", str(study_file), "--port", port]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)  # noqa: S603
    assert done.returncode == 2 and done.stderr.startswith(f"error: 127.0.0.1:{port} cannot be served at")
    assert done.stderr.count("\n") == 1
