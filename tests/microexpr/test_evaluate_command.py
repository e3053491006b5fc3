"""``microexpr evaluate``: its three forms, what they write, and what they say where they cannot."""

import json
import sys
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pandas as pd
import pytest
from command_runs import run
from evaluation_systems import SMALL, FixedSpotter, sample, spotting_clip, toy_samples
from look_alike import casme2, composite_list, samm, smic, threedb

from microexpr._demo_face import draw_face
from microexpr.evaluation_config import read_evaluate_config
from microexpr.result_figures import draw_bars
from recognizer.clips import save_clip
from recognizer.recipes import __path__ as recipes
from recognizer.samples import save_sample

CONFIG = """
data = "samples"
protocol = "loso"
classes = "map.toml"
aus = "auto"
systems = ["nearest", "memoriser"]
seeds = [0, 1]
epochs = 5
workers = 1
draws = 50
"""
MAP = 'classes = ["disgust", "happiness"]\n[emotions.toy]\ndisgust = "disgust"\nhappiness = "happiness"\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config with its map and samples beside it; the command runs elsewhere, so that paths must be the config's."""
    (tmp_path / "here" / "samples").mkdir(parents=True)
    for one in [*toy_samples(), sample("odd", "s0", "fear", 0.0)]:
        save_sample(one, tmp_path / "here" / "samples" / f"{one.clip}.safetensors")
    (tmp_path / "here" / "map.toml").write_text(MAP)
    (tmp_path / "here" / "toy.toml").write_text(CONFIG)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    monkeypatch.setitem(sys.modules, "recognizer.systems.registry", SimpleNamespace(SYSTEMS=SMALL))
    return tmp_path / "here"


def test_a_config_gives_all_files(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("evaluate", folder / "toy.toml", "--out", "out") == 0
    printed = capsys.readouterr()
    assert "| nearest | " in printed.out
    assert "left out 1: toy: fear is in no class" in printed.err
    assert "fold 24/24 " in printed.err
    out = Path("out")
    names = {path.name for path in out.iterdir()}
    assert names >= {"results.csv", "results.json", "results.md", "predictions.csv", "scores.png", "run.json", "folds"}
    assert {"confusion-nearest.png", "confusion-memoriser.png"} <= names
    told = json.loads((out / "results.json").read_text())
    recognition = told["recognition"]
    assert recognition["data"]["samples"] == 24
    assert recognition["data"]["left_out"] == {"toy: fear is in no class": 1}
    assert len(recognition["data"]["digest"]) == 16
    assert recognition["protocol"].startswith("leave one subject out")
    assert {fold["chosen"].get("epoch") for fold in recognition["folds"] if fold["system"] == "nearest"} != {None}
    assert told["versions"].keys() >= {"microexpr", "torch", "numpy"}
    assert told["command"] == f"microexpr evaluate {folder / 'toy.toml'} --out out"
    text = (out / "results.md").read_text()
    for part in (recognition["data"]["digest"], "Protocol: leave one subject out", "microexpr evaluate", "fear"):
        assert part in text
    assert "| difference from nearest | UF1 |" in text
    table = pd.read_csv(out / "results.csv", dtype={"label": str})
    assert {"4", "12"} <= set(table[table["metric"] == "au_f1"]["label"])
    assert len(pd.read_csv(out / "predictions.csv")) == 24 * 2 * 2
    assert (out / "scores.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_a_second_run_computes_nothing_and_writes_the_same(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("evaluate", folder / "toy.toml", "--out", "out")
    first = Path("out/results.csv").read_bytes()
    capsys.readouterr()
    assert run("evaluate", folder / "toy.toml", "--out", "out") == 0
    assert "24 of 24 folds were done before" in capsys.readouterr().err
    assert Path("out/results.csv").read_bytes() == first


@pytest.mark.slow
def test_what_is_no_longer_asked_for_leaves_no_picture(folder: Path) -> None:
    run("evaluate", folder / "toy.toml", "--out", "out")
    (folder / "toy.toml").write_text(CONFIG.replace('"nearest", "memoriser"', '"nearest"'))
    assert run("evaluate", folder / "toy.toml", "--out", "out") == 0
    assert [path.name for path in Path("out").glob("confusion-*")] == ["confusion-nearest.png"]


@pytest.mark.slow
def test_half_a_fold_is_made_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("evaluate", folder / "toy.toml", "--out", "out")
    first = Path("out/results.csv").read_bytes()
    half = min(Path("out/folds").iterdir())
    half.write_bytes(half.read_bytes()[:100])
    capsys.readouterr()
    assert run("evaluate", folder / "toy.toml", "--out", "out") == 0
    assert "23 of 24 folds were done before" in capsys.readouterr().err
    assert Path("out/results.csv").read_bytes() == first


@pytest.mark.slow
def test_our_own_predictions_are_judged_alike(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("evaluate", folder / "toy.toml", "--out", "out")
    assert run("evaluate", "--predictions", "out/predictions.csv", "--out", "again") == 0
    own, again = (pd.read_csv(f"{name}/results.csv", dtype={"seed": str}) for name in ("out", "again"))
    for metric in ("uf1", "uar", "accuracy"):
        for system in ("nearest", "memoriser"):
            for seed in ("0", "1", "mean"):
                values = [
                    one[(one["metric"] == metric) & (one["system"] == system) & (one["seed"] == seed)]["value"].item()
                    for one in (own, again)
                ]
                assert values[0] == pytest.approx(values[1])


def test_spotters_beside_systems_give_strs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "clips").mkdir()
    for k in range(6):
        save_clip(spotting_clip(f"p{k}", k, [(1.0, 1.2, 1.5)]), folder / "clips" / f"{k}.safetensors")
    monkeypatch.setitem(
        sys.modules, "recognizer.spotters.registry", SimpleNamespace(SPOTTERS={"fixed": FixedSpotter()})
    )
    (folder / "both.toml").write_text(CONFIG + 'spotters = ["fixed"]\nclips = "clips"\n')
    assert run("evaluate", folder / "both.toml", "--out", "out") == 0
    table = pd.read_csv("out/results.csv")
    means = table[table["seed"] == "mean"]

    def value(metric: str, system: str) -> float:
        return float(means[(means["metric"] == metric) & (means["system"] == system)]["value"].iloc[0])

    strs = means[means["metric"] == "strs"]
    assert strs["label"].tolist() == ["nearest", "memoriser"]
    assert strs["value"].iloc[0] == pytest.approx(value("spotting_f1", "fixed") * value("uf1", "nearest"))
    text = Path("out/results.md").read_text()
    assert "| STRS | nearest | memoriser |" in text
    assert "IoU 0.5" in text
    assert Path("out/spotting.png").is_file()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("system = 1", "unknown key 'system'; known are: data, set, "),
        ("split_seed = -1", "split_seed: expected 0 or more, got -1."),
        ("learning_rate = 0", "learning_rate: expected above 0, at most 1, got 0.0."),
        ("learning_rate = nan", "learning_rate: expected above 0, at most 1, got nan."),
        ("generated_weight = -2", "generated_weight: expected 0 or more, got -2.0."),
        ("generated = -1", "generated: expected 0 or more, got -1.0."),
        ('init = "nope.safetensors"', "nope.safetensors is no file; give weights to start from"),
        ('protocol = "lopo"', "'lopo' is not known; known are: loso, kfold, split, cross"),
        ('systems = ["nearset"]', "no system 'nearset'; known are memoriser, nearest"),
        ("epochs = 0", "epochs: expected 1 or more"),
        ("epochs = true", "epochs: expected a whole number, got True"),
        ('seeds = ["a"]', "seeds: expected a list of whole numbers"),
        ("seeds = [1, 1]", "seeds: expected each once"),
        ('aus = "all"', "aus: expected 'none', 'auto' or a list"),
        ('classes = "nowhere"', "no class map 'nowhere'"),
        ('data = "nowhere"', "is no folder: check the key 'data'"),
        ("systems = []", "names nothing to evaluate"),
        ('spotters = ["x"]', "'spotters' and 'clips' go together"),
        ("folds = 1\nprotocol = 'kfold'", "folds: expected 2 or more"),
        ("x = [", "is not valid TOML"),
    ],
)
def test_a_wrong_config_is_one_clear_line(
    folder: Path, capsys: pytest.CaptureFixture[str], change: str, told: str
) -> None:
    key = change.split(" = ", maxsplit=1)[0]
    kept = [
        line
        for line in CONFIG.splitlines()
        if line.split(" = ")[0] not in (key, "protocol"[: 8 * ("protocol" in change)])
    ]
    (folder / "wrong.toml").write_text("\n".join([*kept, change]))
    assert run("evaluate", folder / "wrong.toml") == 2
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("error: ")
    assert told in error


@pytest.mark.slow
def test_another_config_on_the_same_folder_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run("evaluate", folder / "toy.toml", "--out", "out")
    (folder / "toy.toml").write_text(CONFIG.replace("epochs = 5", "epochs = 6"))
    assert run("evaluate", folder / "toy.toml", "--out", "out") == 2
    assert "holds an evaluation with another fit" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [(), ("a.toml", "--motion", "b.csv"), ("--predictions", "a", "--motion", "b")])
def test_exactly_one_form(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run("evaluate", *arguments) == 2
    assert "exactly one of: a CONFIG file, --predictions FILE, --motion FILE" in capsys.readouterr().err


def test_bars_have_title_label_and_caps() -> None:
    means = pd.DataFrame(
        {"system": "a", "metric": ["uf1", "uar"], "value": 0.5, "ci_low": [0.4, np.nan], "ci_high": 0.6}
    )
    (axes,) = draw_bars("Title", means, (("uf1", "UF1"), ("uar", "UAR"), ("other", "other")), "Data.").axes
    assert (axes.get_title(), axes.get_xlabel()) == ("Title", "UF1, UAR (0 to 1)")
    caps = [line for line in axes.lines if line.get_marker() == "|"]
    drawn = sorted(x for line in caps for x in line.get_xdata() if np.isfinite(x))
    assert 0.4 in np.round(drawn, 9)
    assert 0.5 not in np.round(drawn, 9)  # no interval: no caps at the bar's end


def test_shipped_recipes_can_be_read() -> None:
    found = sorted(Path(next(iter(recipes))).glob("evaluate_*.toml"))
    assert len(found) >= 3
    for file in found:
        config: Any = read_evaluate_config(file)
        assert config.systems


@cache
def grey_face(seed: int) -> np.ndarray:
    return cv2.cvtColor(draw_face(180, seed=seed), cv2.COLOR_RGB2GRAY)


def face(clip: str, index: int, count: int) -> np.ndarray:
    """A drawn face that moves down by two pixels towards the clip's middle, and back."""
    canvas = np.full((220, 220), 110, np.uint8)
    down = 2 * round(1 - abs(2 * index / max(1, count - 1) - 1))
    canvas[20 + down : 200 + down, 20:200] = grey_face(len(clip) % 5)
    return canvas


def test_flow_images_of_3db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    threedb(tmp_path / "3DB")
    monkeypatch.setitem(sys.modules, "recognizer.systems.registry", SimpleNamespace(SYSTEMS=SMALL))
    (tmp_path / "c.toml").write_text(
        'data = "3DB"\nset = "3db"\nclasses = "composite3"\nsystems = ["memoriser"]\nworkers = 1\ndraws = 20\n'
    )
    assert run("evaluate", tmp_path / "c.toml", "--out", tmp_path / "out") == 0
    told = json.loads((tmp_path / "out" / "results.json").read_text())["recognition"]["data"]
    assert told["sets"] == {"3db": 4}
    assert told["classes"] == {"negative": 1, "positive": 2, "surprise": 1}
    assert any("3db: unusable in the set" in reason for reason in told["left_out"])  # it has 68 subjects, not 3


@pytest.mark.slow
def test_the_composite_of_three_licensed_sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "MEGC2019"
    casme2(root / "CASME2", face, variants=("cropped",))
    samm(root / "SAMM", face, cropped=False)
    smic(root / "SMIC", face, raw=False)
    composite_list(root)
    monkeypatch.setitem(sys.modules, "recognizer.systems.registry", SimpleNamespace(SYSTEMS=SMALL))
    text = (Path(next(iter(recipes))) / "evaluate_composite3.toml").read_text()
    kept = [line for line in text.splitlines() if not line.startswith(("systems", "seeds"))]
    (tmp_path / "c.toml").write_text("\n".join([*kept, 'systems = ["nearest"]', "workers = 1", "draws = 20"]))
    assert run("evaluate", tmp_path / "c.toml", "--out", tmp_path / "out") == 0
    told = json.loads((tmp_path / "out" / "results.json").read_text())["recognition"]
    assert told["data"]["sets"] == {"megc2019": 6}
    assert {fold["fold"] for fold in told["folds"]} == {
        "casme2-sub01", "samm-006", "samm-028", "smic-s01", "smic-s03",
    }  # fmt: skip
    assert list((tmp_path / "out" / "prepared").rglob("*.safetensors"))
