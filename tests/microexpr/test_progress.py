import io

from rich.console import Console

from microexpr.progress import progress_bar


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
