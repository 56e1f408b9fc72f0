"""The thread that a loop belongs to, and what it leaves behind where it ends in its loop."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Container, Iterable
from typing import Any, NamedTuple

from pypicotrace.lwps import lwps_now

# How long a process that is being killed is waited for, in seconds.
PATIENCE = 10.0


class Owner(NamedTuple):
    """A thread of a process."""

    pid: int
    ident: int
    thread: threading.Thread

    def is_here(self) -> bool:
        """Whether it is the one that asks."""
        return self.ident == threading.get_ident() and self.is_of_this_process()

    def is_of_this_process(self) -> bool:
        """Whether it is no thread of the process that this one is a fork of."""
        return self.pid == os.getpid()

    def has_ended(self) -> bool:
        """Whether it is no more; of the main one Python says so before its last functions run."""
        alive = self.thread.is_alive() or self.thread is threading.main_thread()
        return self.is_of_this_process() and not alive


def here() -> Owner:
    """The one that asks."""
    return Owner(os.getpid(), threading.get_ident(), threading.current_thread())


def orphans_of(pointer: Any, attached: Container[int]) -> list[int]:
    """The processes of a loop whose thread has ended that may be this program's own children.

    Linux has killed what was spawned, as it does where a tracer ends, and nobody has waited for it.
    """
    return [pid for pid in {lwp.pid for lwp in lwps_now(pointer)} if pid not in attached]


def reap(pids: Iterable[int]) -> None:
    """Wait for the ends of processes, as far as they are children."""
    deadline = time.monotonic() + PATIENCE
    for pid in pids:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
                time.sleep(0.001)
