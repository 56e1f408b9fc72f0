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
        if code < 0:
            return f"ended by signal {signal_name(-code)}"
        return f"ended with status {code}" if code else ""


def signal_name(signo: int) -> str:
    try:
        return signal.Signals(signo).name.removeprefix("SIG")
    except ValueError:
        return str(signo)
