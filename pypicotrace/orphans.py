"""What a thread leaves behind that has ended in its loop."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Container, Iterable
from typing import Any

from pypicotrace.lwps import lwps_now

# How long a process that is being killed is waited for, in seconds.
PATIENCE = 10.0


def has_ended(thread: threading.Thread) -> bool:
    """Whether a thread is no more; of the main one Python says so before its last functions run."""
    return not thread.is_alive() and thread is not threading.main_thread()


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
