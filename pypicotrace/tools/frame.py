"""What the commands have around what they do: how they start a program, fail, and end."""

from __future__ import annotations

import errno
import re
import signal
import sys
from collections.abc import Callable, Sequence

import pypicotrace as pt
from pypicotrace.tools.ending import Signals, die_by

EXIT_FAILURE, EXIT_USAGE, EXIT_CANNOT_RUN, EXIT_NOT_FOUND = 1, 2, 126, 127


class Failure(Exception):
    """The command cannot go on: a line for the user, and the exit status."""

    def __init__(self, message: str, status: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.status = status


def number(text: str, option: str, what: str) -> int:
    """A positive number, such as a process's id.

    :raises Failure: it is none.
    """
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII):
        raise Failure(f"{option} {text}: give {what}")
    return int(text)


def complain(name: str, message: str) -> None:
    """A line on standard error."""
    print(f"{name}: {message}", file=sys.stderr)


def end_as(loop: pt.Loop, signals: Signals) -> int:
    """The exit status of what was run; or end by the signal that ended it, or the tracer."""
    if signals.ended_by is not None:
        die_by(signals.ended_by)
    code = loop.returncode or 0
    if code < 0:
        die_by(-code)
    return code


def command(name: str, run: Callable[[Sequence[str]], int], argv: Sequence[str] | None) -> int:
    """Run a command, and put what goes wrong into a line; returns its exit status."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except Failure as failure:
        complain(name, str(failure))
        return failure.status
    except pt.LaunchError as error:
        complain(name, f"{error.filename}: {error.strerror}")
        return EXIT_NOT_FOUND if error.errno == errno.ENOENT else EXIT_CANNOT_RUN
    except (pt.PicotraceError, OSError) as error:
        complain(name, str(error))
    except KeyboardInterrupt:
        die_by(signal.SIGINT)
    return EXIT_FAILURE
