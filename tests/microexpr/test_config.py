import json
import tomllib
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curves.errors import InputError
from curves.modulate import parameters
from microexpr.config import EMOTION_CHOICES, KEY_MODES, MAX_GAIN, ConvertConfig, resolve_config


def write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "settings.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_arguments_win_over_the_file_and_the_file_over_defaults(tmp_path: Path) -> None:
    file = write(tmp_path, 'gain = 2\nemotion = "fear"\nformat = ["a", "b,c"]\n')
    config = resolve_config(file, {"gain": 3.0, "emotion": None, "rig": "arkit"})
    assert (config.gain, config.emotion, config.format, config.rig) == (3.0, "fear", ("a", "b", "c"), "arkit")
    assert config.tolerance == ConvertConfig().tolerance


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("tolerence = 0.1", ("tolerence", "tolerance")),
        ("zzz = 1", ("zzz", "tolerance", "exhaustive")),
        ("gain = ", ("TOML",)),
        ("[convert]\ngain = 1", ("convert",)),
    ],
)
def test_a_bad_file_is_named_with_the_key_and_a_way_out(tmp_path: Path, text: str, words: tuple[str, ...]) -> None:
    with pytest.raises(InputError) as error:
        resolve_config(write(tmp_path, text), {})
    message = str(error.value)
    assert "settings.toml" in message
    assert all(word in message for word in words)
    assert "\n" not in message


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        resolve_config(tmp_path / "none.toml", {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tolerance", 0),
        ("tolerance", float("nan")),
        ("gain", 0),
        ("gain", 101),
        ("gain", True),
        ("intensity", 1.5),
        ("intensity", "drawn"),
        ("emotion", "hapiness"),
        ("keys", "linear"),
        ("seed", -1),
        ("seed", 1.5),
        ("face", 0),
        ("fps", 0.0),
        ("start", -0.1),
        ("exhaustive", "yes"),
        ("format", [1]),
        ("format", ""),
        ("format", [" , "]),
        ("rig", 3),
    ],
)
def test_a_value_out_of_range_names_the_setting(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"^{name}: "):
        resolve_config(None, {name: value})


def test_exact_keys_may_be_free_of_error_and_gain_ends_where_the_curves_say() -> None:
    assert resolve_config(None, {"keys": "exact", "tolerance": 0}).tolerance == 0.0
    assert parameters()["gain"].high == MAX_GAIN


def test_end_must_follow_start() -> None:
    with pytest.raises(InputError, match="later than start"):
        resolve_config(None, {"start": 2.0, "end": 2.0})


def test_paths_in_a_file_are_relative_to_it_and_leave_no_trace_in_the_resolved_config(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text("", encoding="utf-8")
    config = resolve_config(write(tmp_path, 'rig = "mine.toml"'), {"weights": str(tmp_path / "w.safetensors")})
    assert Path(config.rig) == tmp_path / "mine.toml"
    assert config.resolved()["rig"] == "mine.toml"
    assert str(tmp_path) not in json.dumps(config.resolved())


def test_resolved_holds_every_setting() -> None:
    assert set(ConvertConfig().resolved()) == {item.name for item in fields(ConvertConfig)}


@given(
    keys=st.sampled_from(KEY_MODES),
    emotion=st.sampled_from(EMOTION_CHOICES),
    intensity=st.one_of(st.floats(0, 1), st.just("draw")),
    gain=st.floats(0.1, 10),
    formats=st.lists(st.sampled_from(["x", "y"]), unique=True),
)
def test_a_resolved_config_read_back_is_the_same_config(
    keys: str, emotion: str, intensity: float | str, gain: float, formats: list[str]
) -> None:
    arguments = {"keys": keys, "emotion": emotion, "intensity": intensity, "gain": gain, "format": formats}
    config = resolve_config(None, arguments)
    again = resolve_config(None, json.loads(json.dumps(config.resolved())))
    assert again == config
    assert tomllib.loads(f'keys = "{config.keys}"')["keys"] in KEY_MODES
