"""Progress on the terminal: one bar a video with frames, stage and time left; nothing where stderr is no terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

Report = Callable[[str, int, int | None], None]


class ProgressBar:
    """Shows what ``Report`` calls tell, for one video after another."""

    def __init__(self, bar: Progress | None) -> None:
        self._bar = bar
        self._task: TaskID | None = None
        self._stage = ""

    def report(self, label: str) -> Report:
        """A progress callback ``(stage, done, total or None)`` for the video called ``label``."""

        def tell(stage: str, done: int, total: int | None) -> None:
            if self._bar is None:
                return
            if self._task is None or stage != self._stage:
                # A new stage is a new bar, so that the time left is that of the stage and not a mix of both.
                self.clear()
                self._stage = stage
                self._task = self._bar.add_task(f"{label}  {stage}", total=total)
            self._bar.update(self._task, completed=done, total=total)

        return tell

    def clear(self) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.remove_task(self._task)
        self._task = None

    def write(self, text: str, stream: TextIO) -> None:
        """A line on a stream, with the bar taken away meanwhile: both may be the same terminal."""
        self.clear()
        if self._bar is not None:
            self._bar.stop()
        stream.write(text + "\n")
        stream.flush()
        if self._bar is not None:
            self._bar.start()


@contextmanager
def progress_bar(console: Console | None = None) -> Iterator[ProgressBar]:
    """A live bar on ``console`` (stderr) while the block runs; silent if that is not a terminal."""
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield ProgressBar(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(compact=True),
        TimeElapsedColumn(),
    )
    # Not redirected: rich would send what is meant for stdout, perhaps a file, to the terminal.
    with Progress(*columns, console=console, transient=True, redirect_stdout=False, redirect_stderr=False) as bar:
        yield ProgressBar(bar)
