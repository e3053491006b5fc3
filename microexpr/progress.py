"""Progress on the terminal: one bar a video with frames, stage and time left; nothing where stderr is no terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

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

    def print(self, text: str) -> None:
        """A line on stdout that does not tear the bar."""
        self.clear()
        if self._bar is not None:
            self._bar.refresh()
        sys.stdout.write(text + "\n")
        sys.stdout.flush()


@contextmanager
def progress_bar() -> Iterator[ProgressBar]:
    """A live bar on stderr while the block runs; silent if stderr is not a terminal."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield ProgressBar(None)
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("eta"),
        TimeRemainingColumn(compact=True),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True, redirect_stdout=True) as bar:
        yield ProgressBar(bar)
