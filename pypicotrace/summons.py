"""What other threads and signal handlers ask of the thread that owns a loop, between two events."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from pypicotrace._ffi import lib


class Summons:
    """Asked from any thread; heeded by the one that owns the loop.

    ``waiting``: there is something to heed. ``impatient``: somebody has once asked the loop to end.
    ``lock``: while it is held the C loop is not freed.
    """

    def __init__(self) -> None:
        # Reentrant: a signal handler may ask while the same thread is in here.
        self.lock = threading.RLock()
        self._loop: Any = None
        self._calls: deque[Callable[[], None]] = deque()
        self._interrupted = False
        self._hurried = False
        self._closed = False
        self.waiting = False
        self.impatient = False

    @property
    def ending(self) -> bool:
        """The iteration, or the loop, is to end."""
        return self._interrupted or self._closed

    def open(self, loop: Any) -> None:
        """From now on this C loop is interrupted."""
        with self.lock:
            self._loop = loop

    def shut(self) -> None:
        """It may be freed."""
        with self.lock:
            self._loop = None

    def interrupt(self) -> None:
        """The iteration is to end."""
        with self.lock:
            self._interrupted = self.impatient = True
            self._summon()

    def hurry(self, hurried: bool) -> None:
        """It is to be left at once, until this is called with False; nothing of it is to end."""
        with self.lock:
            self._hurried = hurried
            if hurried:
                self._summon()

    def close(self) -> None:
        """The loop is to be closed."""
        with self.lock:
            self._closed = self.impatient = True
            self._summon()

    def call(self, function: Callable[[], None]) -> None:
        """A function is to be called, which raises nothing."""
        with self.lock:
            self._calls.append(function)
            self._summon()

    def _summon(self) -> None:
        self.waiting = True
        if self._loop is not None:
            lib.pico_loop_interrupt(self._loop)

    def heed_calls(self) -> None:
        """Call what is to be called."""
        while True:
            with self.lock:
                if not self._calls:
                    return
                function = self._calls.popleft()
            function()

    def heed(self, close: Callable[[], None]) -> bool:
        """Do what was asked for.

        :param close: closes the loop.
        :returns: whether the iteration goes on.
        """
        self.heed_calls()
        if self._closed:
            close()
            return False
        with self.lock:
            # One that is to be left at once ends later.
            ends = self._interrupted and not self._hurried
            if ends:
                self._interrupted = False
            self.waiting = self._hurried or self._interrupted or bool(self._calls) or self._closed
            return not (ends or self._hurried)
