"""A bar on a terminal for work that takes a while, where rich is installed."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

from pypicotrace.batch import Batch
from pypicotrace.trouble import shown

PATIENCE = 1.0
"""Seconds that need no bar."""


class Progress:
    """A bar on standard error, from the first second on; nothing where that is no terminal."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._begun = time.monotonic()
        self._shown: Any = None
        self._wanted = sys.stderr is not None and sys.stderr.isatty()

    def told(self, part: float) -> None:
        """So much is done, of 1."""
        if self._wanted and self._shown is None and time.monotonic() - self._begun > PATIENCE:
            self._show()
        if self._shown is not None:
            self._shown.update(self._task, completed=part)

    def _show(self) -> None:
        try:
            from rich.console import Console
            from rich.markup import escape
            from rich.progress import Progress as Bar
        except ModuleNotFoundError:
            self._wanted = False
            return
        self._shown = Bar(console=Console(stderr=True), transient=True)
        self._task = self._shown.add_task(escape(shown(self._what)), total=1.0)
        self._shown.start()

    def close(self) -> None:
        """Take it away."""
        if self._shown is not None:
            self._shown.stop()


def counted(
    batches: Iterator[Batch], file: IO[bytes], told: Callable[[float], None]
) -> Iterator[Batch]:
    """The batches of a recording, and how much of its file each is at the end of."""
    size = os.fstat(file.fileno()).st_size
    for batch in batches:
        yield batch
        told(file.tell() / size if size else 1.0)
