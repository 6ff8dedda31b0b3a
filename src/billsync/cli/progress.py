"""Progress of long work on stderr: a bar on a terminal, a line a stage in a pipe, nothing when asked to be quiet.

(shell)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from billsync.cli import guard
from billsync.stage.world import Progress as Port
from billsync.stage.world import Silent


class Quiet(Silent):
    """Tells nobody, and still hears Ctrl-C."""

    def advance(self, count: int = 1) -> None:
        """Nothing to show."""
        guard.heed()


class Lines:
    """A line per stage, with how many were done."""

    def __init__(self) -> None:
        """Start with no stage."""
        self._name = ""
        self._done = 0

    def stage(self, name: str, total: int | None = None) -> None:
        """Close the stage before and open this one."""
        guard.heed()
        self.close()
        self._name, self._done = name, 0

    def advance(self, count: int = 1) -> None:
        """Count."""
        guard.heed()
        self._done += count

    def note(self, text: str) -> None:
        """Print at once."""
        print(f"  {text}", file=sys.stderr)  # noqa: T201

    def close(self) -> None:
        """Print the open stage."""
        if self._name:
            done = f": {self._done:,}" if self._done else ""
            print(f"{self._name}{done}", file=sys.stderr)  # noqa: T201
        self._name = ""


class Bars:
    """A live bar per stage."""

    def __init__(self, progress: Progress) -> None:
        """Draw with rich."""
        self._progress = progress
        self._task: TaskID | None = None

    def stage(self, name: str, total: int | None = None) -> None:
        """Close the stage before and open this one."""
        guard.heed()
        self.close()
        self._task = self._progress.add_task(name, total=total)

    def advance(self, count: int = 1) -> None:
        """Move the bar."""
        guard.heed()
        if self._task is not None:
            self._progress.advance(self._task, count)

    def note(self, text: str) -> None:
        """Print above the bars."""
        self._progress.console.print(f"  {text}", markup=False, highlight=False)

    def close(self) -> None:
        """Fill the open bar."""
        if self._task is not None:
            task = self._progress.tasks[self._task]
            self._progress.update(self._task, total=task.completed or 1, completed=task.completed or 1)
        self._task = None


@contextmanager
def shown(*, quiet: bool = False) -> Iterator[Port]:
    """The fitting kind of progress for where stderr goes."""
    if quiet:
        yield Quiet()
    elif sys.stderr.isatty():
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<34}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            bars = Bars(progress)
            yield bars
            bars.close()
    else:
        lines = Lines()
        yield lines
        lines.close()
