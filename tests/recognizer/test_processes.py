"""Processes that work, and that end when they should."""

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from curves.errors import MicroExprError
from recognizer.processes import in_processes

ENDLESS = """
    import sys, threading
    from pathlib import Path

    def work(folder):
        (Path(folder) / "begun").touch()
        threading.Event().wait()  # for ever

    if __name__ == "__main__":
        from recognizer.processes import in_processes
        list(in_processes(work, sys.argv[1:], 1))
"""


def test_each_item_is_done_once() -> None:
    assert sorted(in_processes(abs, range(-300, 0), 2)) == [(-n, n) for n in range(300, 0, -1)]


def test_a_process_that_dies_is_told_in_a_sentence() -> None:
    with pytest.raises(MicroExprError, match="ended before its time"):
        list(in_processes(os._exit, range(3, 1000), 1))


def test_an_error_of_the_work_comes_through() -> None:
    with pytest.raises(ValueError, match="negative shift count"):
        list(in_processes((1).__lshift__, iter(range(-1, 10**9)), 1))


def test_who_goes_away_need_not_wait() -> None:
    """Without an end to the processes this test would never end."""
    with closing(in_processes(_for_ever_after_the_first, range(9), 2)) as answers:
        assert next(answers) == (0, 0)


@pytest.mark.skipif(os.name == "nt", reason="signals to one process are POSIX's")
@pytest.mark.parametrize("how", ["SIGINT", "SIGKILL"])
def test_nobody_outlives_an_interrupted_parent(how: str, tmp_path: Path) -> None:
    """The processes hold the write end of the parent's output: it is read to its end only when all of them are gone."""
    script = tmp_path / "endless.py"
    script.write_text(textwrap.dedent(ENDLESS))
    parent = subprocess.Popen(  # noqa: S603
        [sys.executable, script, tmp_path],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509
    )
    with parent:
        while not (tmp_path / "begun").exists():
            assert parent.poll() is None
        parent.send_signal(signal.Signals[how])
        parent.communicate(timeout=60)
    assert parent.returncode != 0


def _for_ever_after_the_first(item: int) -> int:
    while item:
        pass
    return item
