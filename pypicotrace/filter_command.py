"""A command that the trace is written to."""

from __future__ import annotations

import fcntl
import os
import signal
import subprocess

IGNORED = "trap '' INT QUIT TERM HUP; "
"""What ends a traced command is not to end this one before it has read all."""


class FilterCommand:
    """A shell command, run with the trace as its standard input."""

    def __init__(self, command: str) -> None:
        """Start it.

        :raises OSError: there is no shell to be had.
        """
        self.ignored_signals = have_children()
        """What the traced command is to find ignored, as this program has found it."""
        self._process = subprocess.Popen(
            ["/bin/sh", "-c", IGNORED + command], stdin=subprocess.PIPE
        )
        assert self._process.stdin is not None  # noqa: S101 - a pipe was asked for
        self.fd = fcntl.fcntl(self._process.stdin, fcntl.F_DUPFD_CLOEXEC, 3)
        """Its standard input, out of the way of the traced command's 0, 1 and 2."""
        self._process.stdin.close()

    def end(self) -> str:
        """Close its input, and wait for its end; returns what is wrong with that, in words."""
        os.close(self.fd)
        code = self._process.wait()
        for signo in self.ignored_signals:
            signal.signal(signo, signal.SIG_IGN)
        if code < 0:
            return f"ended by signal {signal_name(-code)}"
        return f"ended with status {code}" if code else ""


def have_children() -> tuple[int, ...]:
    """Have children whose ends are told; returns the signal that was ignored so far, if it was.

    Where SIGCHLD is, as whoever has started us may leave it, the kernel drops what they end with.
    """
    if signal.getsignal(signal.SIGCHLD) is not signal.SIG_IGN:
        return ()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return (signal.SIGCHLD,)


def signal_name(signo: int) -> str:
    try:
        return signal.Signals(signo).name.removeprefix("SIG")
    except ValueError:
        return str(signo)
