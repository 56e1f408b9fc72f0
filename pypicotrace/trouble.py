"""How a command that makes one file of another says what went wrong, and ends."""

from __future__ import annotations

import errno
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from pypicotrace.dying import die_by
from pypicotrace.errors import MissingExtra, PicotraceError

Work = TypeVar("Work")
TROUBLE, USAGE = 1, 2
ENDING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a command to end, beside SIGINT, of which Python makes a KeyboardInterrupt."""


class Trouble(Exception):
    """The command cannot do what it was told: a line for the user, and the exit status."""

    def __init__(self, message: str, status: int = TROUBLE) -> None:
        super().__init__(message)
        self.status = status


class Ended(BaseException):
    """One of `ENDING` has come. It is raised, so that nothing half made is left behind."""

    def __init__(self, signo: int) -> None:
        super().__init__(signo)
        self.signo = signo


def shown(text: str) -> str:
    r"""Text in which anything may be (a file's name), as one line that no terminal acts upon.

    What cannot be shown is escaped as Python does it; a byte that is no UTF-8 as ``\xHH``.
    """
    exact = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in exact)


@contextmanager
def in_words() -> Iterator[None]:
    """What goes wrong with a file or a recording is a `Trouble`.

    But for a pipe that nobody reads any more, of which nothing is to be said.
    """
    try:
        yield
    except MissingExtra as missing:
        raise Trouble(str(missing), USAGE) from None
    except PicotraceError as error:
        raise Trouble(str(error)) from None
    except BrokenPipeError:
        raise
    except OSError as error:
        name = os.fsdecode(error.filename) if error.filename else ""
        reason = error.strerror or str(error)
        raise Trouble(f"{name}: {reason}" if name else reason) from None


def command(
    name: str,
    arguments: Callable[[Sequence[str]], Work | str],
    act: Callable[[Work], object],
    argv: Sequence[str] | None = None,
) -> int:
    """Run a command; returns its exit status.

    :param arguments: makes of a command line what is to be done, or text, where that is all that
        was asked for; raises `Trouble` where it makes no sense.
    :param act: does it.
    :param argv: the command line, if not the process's own.
    """
    try:
        work = arguments(sys.argv[1:] if argv is None else argv)
        if isinstance(work, str):
            answer(work)
        else:
            with raised(), in_words():
                act(work)
    except Trouble as trouble:
        complain(f"{name}: {trouble}")
        return trouble.status
    except BrokenPipeError:
        # Whoever reads has seen enough; and nothing more is to be flushed at the end.
        forget_output()
        return TROUBLE
    except OSError as error:  # all that is done with files is in words by now
        complain(f"{name}: standard output: {error.strerror}")
        forget_output()
        return TROUBLE
    except KeyboardInterrupt:
        die_by(signal.SIGINT)
    except Ended as ended:
        die_by(ended.signo)
    return 0


@contextmanager
def raised() -> Iterator[None]:
    """The signals of `ENDING` raise `Ended`, but for what is ignored (nohup)."""

    def end(signo: int, frame: object) -> None:
        raise Ended(signo)

    # Python lets no other thread do that.
    ours = ENDING if threading.current_thread() is threading.main_thread() else ()
    heeded = [signo for signo in ours if signal.getsignal(signo) is signal.SIG_DFL]
    for signo in heeded:
        signal.signal(signo, end)
    try:
        yield
    finally:
        for signo in heeded:
            signal.signal(signo, signal.SIG_DFL)


def answer(text: str) -> None:
    """What was asked for, on standard output.

    :raises OSError: it cannot be written.
    """
    if sys.stdout is None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    print(text, end="", flush=True)


def complain(lines: str) -> None:
    """Lines on standard error; where there is none, there is nobody to tell."""
    if sys.stderr is None:
        return  # print would take standard output
    try:
        print("\n".join(map(shown, lines.split("\n"))), file=sys.stderr)
    except OSError:
        forget_output(2)


def forget_output(fd: int = 1) -> None:
    """What is left of standard output, or of standard error, goes nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), fd)
