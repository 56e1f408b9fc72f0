"""How a command that traces ends: what signals to it do meanwhile, and ending as what it ran."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pypicotrace.dying import die_by
from pypicotrace.errors import LoopClosed
from pypicotrace.loop import Loop
from pypicotrace.table import table

__all__ = ["Signals", "die_by", "end_as"]

# The signals that ask a program to end; see DESCRIPTION in picotrace(1).
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# Those that ask what is going on; BSD's terminals send SIGINFO for ^T.
ASKING = tuple(getattr(signal, name) for name in ("SIGUSR1", "SIGINFO") if hasattr(signal, name))
# A second one within this time, in seconds, ends what was spawned.
INSIST = 1.0
# The same one again within this time is the same request: timeout(1), for one, sends its signal to
# its child and then to the group that the child is in.
SAME_REQUEST = 0.25


class Signals:
    """What INT, TERM, HUP and QUIT do while tracing, and USR1 and INFO; a context manager.

    It is entered before the loop, in the main thread, and left after it. ``ended_by`` is the signal
    that has ended the tracing, or None.

    To attached processes nothing: the tracer lets go of them and ends. A spawned command decides
    for itself, as long as it lives: the terminal has sent it the signal already, and TERM, which no
    terminal sends, is passed on. A second signal within a second ends it. The other two print what
    each LWP is in.

    Afterwards they do what they did before. ``ends_program`` says that the program ends right then,
    as the command did: what comes late takes no status's place, and does nothing.
    """

    def __init__(self, loop: Loop, *, ends_program: bool = False) -> None:
        self.loop = loop
        self.ended_by: int | None = None
        self._ends_program = ends_program
        self._last = (0, -INSIST)
        self._before: dict[int, Any] = {}
        self._late: list[int] = []
        self._late_since = 0.0

    def __enter__(self) -> Signals:
        handlers = {**dict.fromkeys(ENDING, self._arrived), **dict.fromkeys(ASKING, self._asked)}
        for signo, handler in handlers.items():
            # One that was ignored at the start (nohup) stays ignored, for the command too: an exec
            # keeps that, and takes a handler away.
            if signal.getsignal(signo) is not signal.SIG_IGN:
                self._before[signo] = signal.signal(signo, handler)
        return self

    def heed_reader(self) -> None:
        """End when nobody reads the trace any more: SIGPIPE says so, which Python ignores."""
        self._before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, self._unread)

    def is_patient(self) -> bool:
        """Whether a reader that lets us wait is to be waited for."""
        return self.ended_by is None

    def __exit__(self, *exc: object) -> None:
        late = self._too_late() if self._ends_program else ()
        self._late = [signo for signo in ENDING if signo in late]
        self._late_since = time.monotonic()
        for signo, handler in self._before.items():
            # Python's end makes a default of a handler.
            signal.signal(signo, signal.SIG_IGN if signo in late else handler)

    def _too_late(self) -> set[int]:
        """Those that have nothing to ask for any more."""
        late = set(ASKING)
        # The command has ended: the second of timeout(1)'s two must not take the place of its
        # status.
        if self.loop.end() is not None and self.ended_by is None:
            late.update(ENDING)
        return late & self._before.keys()

    @contextmanager
    def heeded_late(self) -> Iterator[None]:
        """For a wait after that, which may take for ever: but the second of two, they end us."""
        for signo in self._late:
            signal.signal(signo, self._arrived_late)
        try:
            yield
        finally:
            for signo in self._late:
                signal.signal(signo, signal.SIG_IGN)

    def _arrived_late(self, signo: int, frame: object) -> None:
        if time.monotonic() - self._late_since > INSIST:
            die_by(signo)

    def _arrived(self, signo: int, frame: object) -> None:
        (last, then), now = self._last, time.monotonic()
        if signo == last and now - then < SAME_REQUEST:
            return
        self._last = (signo, now)
        if now - then < INSIST or not self._somebody_decides():
            self._end(signo)
        elif signo == signal.SIGTERM and self.loop.end() is None:
            os.kill(self.loop.root, signo)

    def _somebody_decides(self) -> bool:
        """Whether there is a command, and not only what it has left behind."""
        if not self.loop.root:
            return False
        # One that has ended just now may have done so by this very signal, of which we hear only
        # after that.
        end = self.loop.end()
        return end is None or not 0 < end.ts_ns < time.monotonic_ns() - int(INSIST * 1e9)

    def _asked(self, signo: int, frame: object) -> None:
        try:
            os.write(2, table(self.loop.lwps()).encode())
        except (LoopClosed, OSError):
            return  # nothing is traced yet, or any more; or nobody is there to be told

    def _unread(self, signo: int, frame: object) -> None:
        self.loop.interrupt()

    def _end(self, signo: int) -> None:
        self.ended_by = signo
        self.loop.interrupt()
        # Letting go may take a while (a parent in vfork): the next one does not wait for it. The
        # kernel then ends what was spawned and lets the others go.
        for each in ENDING:
            if each in self._before:
                signal.signal(each, signal.SIG_DFL)


def end_as(loop: Loop, ended_by: int | None) -> int:
    """The exit status of what a loop that is closed has run; or end by the signal that ended it.

    :param ended_by: the signal that ended the tracer, which then comes first; see `Signals`.
    """
    if ended_by is not None:
        die_by(ended_by)
    code = loop.returncode or 0
    if code < 0:
        die_by(-code)
    return code
