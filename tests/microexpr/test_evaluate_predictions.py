"""``microexpr evaluate --predictions`` and ``--motion``: answers and motions that people have already."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from command_runs import run

from microexpr.result_figures import draw_confusion


def test_predictions_by_hand(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("\ufeffclip, subject ,y_true,y_pred\na,1,p,p\nb,1,p,n\n\nc,2,n,n\nd,2,n,n\n", encoding="utf-8")
    assert run("evaluate", "--predictions", file) == 0
    lines = {line.split()[0]: line.split() for line in capsys.readouterr().out.splitlines() if line.strip()}
    assert lines["accuracy"][1] == "0.7500"
    assert lines["uar"][1] == "0.7500"
    assert lines["uf1"][1] == f"{(2 / 3 + 4 / 5) / 2:.4f}"
    assert lines["accuracy"][2:5] == ["0.5000", "to", "1.0000"]
    assert lines["p"] == ["p", "1", "1"]
    assert lines["n"] == ["n", "0", "2"] or lines["n"] == ["n", "2", "0"]


def test_names_with_signs_of_markup_are_plain_text(tmp_path: Path) -> None:
    file = tmp_path / "cost$_{.csv"
    file.write_text("clip,subject,y_true,y_pred,system\na,1,$\\bad$,$\\bad$,$x{$\nb,2,<b>|c,$\\bad$,$x{$\n")
    assert run("evaluate", "--predictions", file, "--out", tmp_path / "out") == 0
    lines = (tmp_path / "out" / "results.md").read_text().splitlines()
    (head,) = [line for line in lines if line.startswith("| F1 of class")]
    assert r"\<b\>\|c (1)" in head
    assert (tmp_path / "out" / "confusion-_x__.png").is_file()


def test_a_confusion_says_over_how_many_seeds_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("clip,subject,y_true,y_pred,seed\na,1,p,p,0\nb,2,n,n,0\na,1,p,p,1\nb,2,n,p,1\n")
    assert run("evaluate", "--predictions", file, "--out", tmp_path / "out") == 0
    assert "confusion, rows true, columns named, sum over 2 seeds:" in capsys.readouterr().out
    told = json.loads((tmp_path / "out" / "results.json").read_text())["confusion"]["predictions"]
    assert told == {"classes": ["n", "p"], "seeds": 2, "matrix": [[1, 1], [0, 2]]}
    figure = draw_confusion("name", ["n", "p"], np.array([[1, 1], [0, 2]]), "Data.", seeds=2)
    assert figure.axes[0].get_title() == "name\nsum over 2 seeds"
    assert "share of the row, below it the count of clips, sum over 2 seeds" in " ".join(
        figure.texts[0].get_text().split()
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("clip,subject,y_true\na,1,p\n", "no column 'y_pred'"),
        ("clip,subject,y_true,y_pred\n", "holds no row"),
        ("clip,subject,y_true,y_pred\na,1,p,p\nb,,p,p\n", "line 3: the cell subject is empty"),
        ("clip,subject,y_true,y_pred\na,1,p\n", "line 2: the cell y_pred is empty"),
        ("clip,subject,y_true,y_pred\na,1,p,p\nb,1,p,p\na,1,p,n\n", "line 4: clip a was in line 2 already"),
        ("clip,subject,y_true,y_pred,system\na,1,p,p,x\nb,1,p,p,y\n", "names other clips"),
        ("clip,subject,y_true,y_pred\na,1,p,p\nb,1,NaN,p\n", "line 3: the cell y_true is empty"),
        ("clip,subject,y_true,y_pred\na,1,p,nan\n", "line 2: the cell y_pred is empty"),
        ("clip,subject,y_true,y_pred\na,1,Neg,Neg\nb,1,p,neg\n", "line 3: 'neg' differs from 'Neg' (line 2) in case"),
        (
            "clip,subject,y_true,y_pred,system\na,1,p,p,x\na,1,n,p,y\n",
            "line 3: clip a has y_true 'n', but 'p' in line 2",
        ),
        ("clip,subject,y_true,y_pred,y_pred\na,1,p,p,n\n", "names the column 'y_pred' twice"),
        ("clip;subject;y_true;y_pred\na;1;p;p\n", "separated by semicolons; separate them by commas"),
        ("clip\tsubject\ty_true\ty_pred\na\t1\tp\tp\n", "separated by tabs; separate them by commas"),
    ],
)
def test_wrong_predictions_are_told_with_their_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    file = tmp_path / "wrong.csv"
    file.write_text(text)
    assert run("evaluate", "--predictions", file) == 2
    assert told in capsys.readouterr().err


def test_numbers_are_classes_in_their_order(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("clip,subject,y_true,y_pred\na,1,1.0,1\nb,1,2,10.0\nc,2,2.0,2.\nd,3,1,1\n")
    assert run("evaluate", "--predictions", file, "--out", tmp_path / "out") == 0
    told = json.loads((tmp_path / "out" / "results.json").read_text())
    assert told["confusion"]["predictions"]["classes"] == ["1", "2", "10"]
    assert told["confusion"]["predictions"]["matrix"] == [[2, 0, 0], [0, 1, 1], [0, 0, 0]]
    note = "class '10' occurs only in y_pred: it counts in UF1 (with F1 0), not in UAR."
    assert told["notes"] == [note]
    assert f"note: {note}" in capsys.readouterr().out
    values = {row["metric"]: row["value"] for row in told["figures"] if row["label"] == ""}
    assert values["uf1"] == pytest.approx((1 + 2 / 3 + 0) / 3)
    assert values["uar"] == pytest.approx((1 + 1 / 2) / 2)


def test_one_subject_has_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "mine.csv"
    file.write_text("clip,subject,y_true,y_pred\na,1,p,p\nb,1,n,n\n")
    assert run("evaluate", "--predictions", file, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "judged on one subject only" in printed
    (line,) = [line.split() for line in printed.splitlines() if line.split()[:1] == ["accuracy"]]
    assert line == ["accuracy", "1.0000", "-", "2"]
    assert pd.read_csv(tmp_path / "out" / "results.csv")[["ci_low", "ci_high"]].isna().all(axis=None)
    text = (tmp_path / "out" / "results.md").read_text()
    assert "| predictions | 1.000 | 1.000 | 1.000 |" in text
    assert "Note: predictions: judged on one subject only" in text


def test_one_moving_clip_has_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "motion.csv"
    file.write_text("clip,flow_real,flow_generated\na,0.5,1.0\n")
    assert run("evaluate", "--motion", file) == 0
    assert "mean 2.0000 median 2.0000 SD - over 1 clips; 0 rows left out\nnote: " in capsys.readouterr().out


def test_a_clip_that_moves_twice_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "motion.csv"
    file.write_text("clip,flow_real,flow_generated\na,0.5,1.0\na,0.5,2.0\n")
    assert run("evaluate", "--motion", file) == 2
    assert "line 3: clip a was in line 2 already; give each once" in capsys.readouterr().err


def test_motion_ratios(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "motion.csv"
    file.write_text("clip,flow_real,flow_generated\na,0.5,1.0\nb,0.5,0.5\nc,1,3\n")
    assert run("evaluate", "--motion", file, "--out", tmp_path / "out") == 0
    printed = capsys.readouterr().out
    assert "mean 2.0000 [" in printed
    assert "median 2.0000 SD 1.0000 over 3 clips; 0 rows left out" in printed
    assert pd.read_csv(tmp_path / "out" / "mmr.csv")["mmr"].tolist() == [2.0, 1.0, 3.0]


def test_bad_motion_rows_are_told_and_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "motion.csv"
    file.write_text("clip,flow_real,flow_generated\na,0.5,1.0\nb,0,0.5\nc,x,3\nd,1,\ne,9e-7,1\n")
    assert run("evaluate", "--motion", file) == 1
    printed = capsys.readouterr()
    for told in (
        "line 3: flow_real is 0: below 1e-06 pixels the clip does not move",
        "line 4: flow_real: expected a number, 0 or more, got 'x'",
        "line 5: flow_generated: expected a number, 0 or more, got ''",
        "line 6: flow_real is 9e-07: below 1e-06 pixels the clip does not move",
    ):
        assert told in printed.err
    assert "over 1 clips; 4 rows left out" in printed.out
    file.write_text("clip,flow_real,flow_generated\nb,0,0.5\n")
    assert run("evaluate", "--motion", file) == 2
