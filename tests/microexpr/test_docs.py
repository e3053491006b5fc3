"""What the documents show as Python runs as it stands there, but for the bridge's address."""

import re
from pathlib import Path

import pytest
from bridge_samples import served
from format_samples import asymmetric, bare_take

from curves.formats import read_take
from curves.rigs.loading import control_names

DOCS = Path(__file__).parents[2] / "docs"


def code_of(document: str, number: int = 0) -> str:
    return re.findall(r"```python\n(.*?)```", (DOCS / document).read_text(encoding="utf-8"), re.DOTALL)[number]


def test_the_pipeline_script_tells_what_was_found_and_keeps_another_rig(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with served(tmp_path / "data") as (server, client):
        client.push(asymmetric(), "talk")
        client.push(bare_take(), "still")
        exec(code_of("unreal.md").replace("127.0.0.1:50551", server.address), {})  # noqa: S102  # it is ours
    assert [path.name for path in (tmp_path / "arkit").iterdir()] == ["talk.take.json"]
    take = read_take(tmp_path / "arkit" / "talk.take.json")
    assert {curve.name for curve in take.curves} <= set(control_names("arkit"))
    assert capsys.readouterr().out.startswith("talk ")
