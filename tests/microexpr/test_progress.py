import io
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from curves.errors import NoFaceError
from microexpr.progress import progress_bar
from recognizer.face.stream import measure_motion
from recognizer.video import open_video, write_video


def test_a_terminal_shows_stage_frames_and_name_and_results_go_to_their_own_stream() -> None:
    screen, results = io.StringIO(), io.StringIO()
    with progress_bar(Console(file=screen, force_terminal=True, width=120)) as bar:
        report = bar.report("talk [1].mp4")
        report("frames", 30, 90)
        report("spotting", 1, None)
        bar.write("done", results)
    assert results.getvalue() == "done\n"
    assert "talk [1].mp4" in screen.getvalue()
    assert "30/90" in screen.getvalue() or "spotting" in screen.getvalue()
    assert "done" not in screen.getvalue()


def test_elsewhere_nothing_is_drawn() -> None:
    screen, results = io.StringIO(), io.StringIO()
    with progress_bar(Console(file=screen, force_terminal=False)) as bar:
        bar.report("talk.mp4")("frames", 30, 90)
        bar.write("done", results)
    assert (screen.getvalue(), results.getvalue()) == ("", "done\n")


def test_the_bar_of_a_part_counts_the_frames_of_that_part(tmp_path: Path) -> None:
    """With --start and --end: a bar out of the whole file's frames would end far from full."""
    write_video(tmp_path / "grey.mp4", [np.full((96, 96, 3), 128, np.uint8)] * 50, 25)
    told: list[tuple[int, int | None]] = []
    with open_video(tmp_path / "grey.mp4", start_s=0.4, end_s=1.0) as video, pytest.raises(NoFaceError):
        measure_motion(video, tmp_path, progress=lambda _, done, total: told.append((done, total)))
    assert told[-1] == (15, 15)
    assert {total for _, total in told} == {15}
