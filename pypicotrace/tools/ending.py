"""How a tool ends: signals that come meanwhile, and ending as the program did that it ran."""

from __future__ import annotations

import os
import resource
import signal
import time
from typing import Any, NoReturn

from pypicotrace import Loop

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
INSIST = 1.0
"""A second signal within so many seconds ends what was started."""


class Signals:
    """What INT, TERM, HUP and QUIT do while tracing.

    A program that was started decides for itself; the terminal has sent it the signal, and TERM,
    which none sends, is passed on. What was attached to is let go.
    """

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._before: dict[int, Any] = {}
        self._last = -INSIST
        self.ended_by: int | None = None

    def __enter__(self) -> Signals:
        for signo in ENDING:
            if signal.getsignal(signo) is not signal.SIG_IGN:
                self._before[signo] = signal.signal(signo, self._arrived)
        return self

    def __exit__(self, *exc: object) -> None:
        for signo, handler in self._before.items():
            signal.signal(signo, handler)

    def _arrived(self, signo: int, frame: object) -> None:
        now = time.monotonic()
        insisted, self._last = now - self._last < INSIST, now
        if insisted or not self._loop.root:
            self.ended_by = signo
            self._loop.interrupt()
        elif signo == signal.SIGTERM and self._loop.status is None:
            os.kill(self._loop.root, signo)


def die_by(signo: int) -> NoReturn:
    """End by a signal, as the program did; without a core beside its own."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    # Of 0 a core that goes to a program does not take notice, of 1 it does (core(5)).
    resource.setrlimit(resource.RLIMIT_CORE, (min(hard, 1) if hard >= 0 else 1, hard))
    if signo != signal.SIGKILL and signo in signal.valid_signals():
        signal.signal(signo, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signo])
    os.kill(os.getpid(), signo)
    os._exit(128 + signo)
