"""Ending by a signal, as what a signal ends does: a shell sees that, and ends its own loop."""

from __future__ import annotations

import os
import signal
from typing import NoReturn


def die_by(signo: int) -> NoReturn:
    """End by a signal, as the command did; without a second core beside its own."""
    import resource  # most runs end otherwise

    # A limit of 0 would not do: it does not hold for a core that goes to a program, 1 does
    # (core(5); do_coredump() in Linux's fs/coredump.c). For a file, 1 byte is as good as none.
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (min(hard, 1) if hard >= 0 else 1, hard))
    # Neither can be changed for KILL, nor for those that the C library keeps for itself (32, 33).
    if signo != signal.SIGKILL and signo in signal.valid_signals():
        signal.signal(signo, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signo])
    os.kill(os.getpid(), signo)
    # A signal that does not kill after all, whatever the reason: the shell's convention.
    os._exit(128 + signo)
