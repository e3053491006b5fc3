"""What protoc makes: of the proto as it is now, and where it lacks, one sentence says what to do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from unreal_bridge.stubs import PROTO, STUBS, make_stubs
from unreal_bridge.wire import MAX_PART_BYTES, PROTOCOL, pb

ROOT = Path(__file__).parents[2]


def test_the_stubs_are_those_of_the_proto(tmp_path: Path) -> None:
    made = make_stubs(ROOT, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in made] == list(STUBS)
    for path, name in zip(made, STUBS, strict=True):
        assert path.read_bytes() == (ROOT / name).read_bytes(), f"{name} is old: run python -m unreal_bridge.stubs"


def test_a_proto_that_protoc_refuses_is_an_error(tmp_path: Path) -> None:
    (tmp_path / PROTO).parent.mkdir(parents=True)
    (tmp_path / PROTO).write_text('syntax = "proto3"; message {', encoding="utf-8")
    with pytest.raises(RuntimeError, match="protoc"):
        make_stubs(tmp_path, tmp_path)


def test_without_stubs_one_sentence_says_what_to_do() -> None:
    code = """
import sys
sys.modules["unreal_bridge.proto.microexpr.v1.bridge_pb2"] = None
from microexpr.cli import main
main(["takes", "list"])
"""
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2 and re.fullmatch(r"error: .*make setup.*\n", done.stderr), done.stderr


def test_the_proto_says_the_numbers_that_we_keep() -> None:
    text = (ROOT / PROTO).read_text(encoding="utf-8")
    assert f"{MAX_PART_BYTES:,} bytes" in text and PROTOCOL == 1
    assert pb.DESCRIPTOR.package == "microexpr.v1"


def test_numbers_of_enumerators_are_unreals() -> None:
    from curves.values import InterpMode, TangentMode  # noqa: PLC0415

    text = (ROOT / PROTO).read_text(encoding="utf-8")
    for kind, modes in (("RCIM", InterpMode), ("RCTM", TangentMode)):
        for mode in modes:
            assert f"{int(mode)} {mode.name.removeprefix(kind + '_')}" in text
