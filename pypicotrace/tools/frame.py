"""What the commands have around what they do: how they start a program, fail, and end."""

from __future__ import annotations

import errno
import getopt
import os
import re
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Literal, NamedTuple

import pypicotrace as pt
from pypicotrace.ending import die_by, end_as
from pypicotrace.tools.decode.text import one_line

EXIT_FAILURE, EXIT_USAGE, EXIT_CANNOT_RUN, EXIT_NOT_FOUND = 1, 2, 126, 127


NUMBER_MAX = 2**31 - 1


class Failure(Exception):
    """The command cannot go on: a line for the user, and the exit status."""

    def __init__(self, message: str, status: int = EXIT_USAGE) -> None:
        super().__init__(message)
        self.status = status


def number(text: str, option: str, what: str) -> int:
    """A positive number, such as a process's id.

    :raises Failure: it is none.
    """
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) or int(text) > NUMBER_MAX:
        raise Failure(f"{option} {text}: give {what}")
    return int(text)


class Given(NamedTuple):
    """What a command line says: options, the last of each, and every one; what is to be traced."""

    options: dict[str, str]
    every: list[tuple[str, str]]
    program: list[str]
    pids: list[int]

    @property
    def follow(self) -> bool:
        """Children, too."""
        return "-f" in self.options

    def loop(self, name: str, events: pt.Mask, pin: Literal["auto", "off"] = "off") -> pt.Loop:
        """The loop that traces it; ``pin`` is that of a program which is started.

        Of several processes, one that cannot be attached to is named, and left out.
        """
        if self.pids:

            def refused(error: pt.AttachError) -> None:
                complain(name, str(error.strerror))

            return pt.attach(
                *self.pids,
                events=events,
                follow=self.follow,
                on_refused=refused if len(self.pids) > 1 else None,
            )
        return pt.spawn(self.program, events=events, follow=self.follow, close_fds=False, pin=pin)


def given(name: str, text: str, letters: str, argv: Sequence[str]) -> Given | str:
    """What the command line says, or the answer to what it asks for.

    :param text: the help.
    :param letters: its options beside ``-f``, ``-p``, ``-h`` and ``-V``, as getopt(3) has them.
    :raises Failure: it makes no sense.
    """
    try:
        every, program = getopt.getopt(list(argv), f"fhp:V{letters}", ["help", "version"])
    except getopt.GetoptError as error:
        raise Failure(f"{error.msg}\n{text.splitlines()[0]}") from None
    options = dict(every)
    if options.keys() & {"-h", "--help"}:
        return text
    if options.keys() & {"-V", "--version"}:
        return f"{name} {pt.__version__}\n"
    pids = [number(value, "-p", "a process's id") for key, value in every if key == "-p"]
    if bool(program) == bool(pids):
        raise Failure("give a command, or processes by -p")
    return Given(options, every, program, pids)


def open_output(name: str | None) -> int:
    """A descriptor for the lines: of a file, ``-``: standard output, or None: standard error.

    :raises Failure: it cannot be written to.
    """
    try:
        return pt.open_trace(name)
    except OSError as error:
        raise Failure(f"{output_name(name)}: {error.strerror}", EXIT_FAILURE) from None


def output_name(name: str | None) -> str | None:
    """Where the lines go, in words."""
    return {None: "standard error", "-": "standard output"}.get(name, name)


def check_traced(loop: pt.Loop) -> None:
    """:raises Failure: there is nothing that could be attached to."""
    if not loop.root and not loop.attached:
        raise Failure("there is nothing to trace", EXIT_FAILURE)


def show(name: str, loop: pt.Loop, take: Callable[[pt.Event], object]) -> int:
    """Trace to the end, each event given to ``take`` while its LWP stands.

    Where it cannot write any more, a command runs on; what was attached to is let go.

    :returns: 0, or the errno of the write that failed.
    :raises Failure: there is nothing that could be attached to.
    """
    check_traced(loop)
    try:
        for event in loop:
            with suppress(pt.TraceeDied):
                take(event)
        return 0
    except pt.PicotraceError:
        raise  # KernelError is an OSError, too
    except OSError as error:
        lost = error.errno or errno.EIO
    if lost != errno.EPIPE:
        complain(name, f"{os.strerror(lost)}; the trace is incomplete")
    if loop.root:
        for _ in loop.stream():
            pass
    return lost


def end(loop: pt.Loop, ended_by: int | None, lost: int) -> int:
    """The exit status, as `pypicotrace.ending.end_as` has it, or that what was traced is lost.

    :param lost: the errno of a write that failed; a reader may have seen enough.
    """
    return end_as(loop, ended_by) or (EXIT_FAILURE if lost not in (0, errno.EPIPE) else 0)


def complain(name: str, message: str) -> None:
    """Lines on standard error; where there is none, there is nobody to tell."""
    lines = "\n".join(map(one_line, message.split("\n")))
    with suppress(OSError):
        os.write(2, f"{name}: {lines}\n".encode())


def answer(text: str) -> int:
    """What was asked for (help, the version) on standard output; returns the exit status.

    :raises Failure: it cannot be written.
    """
    try:
        os.write(1, text.encode())
    except OSError as error:
        raise Failure(f"standard output: {error.strerror}", EXIT_FAILURE) from None
    return 0


def searched(program: bytes, environment: Iterable[bytes]) -> list[bytes]:
    """The files that execvp(3) would try for this program, in its order."""
    if b"/" in program or not program:
        return [program]
    path = next((entry[5:] for entry in environment if entry.startswith(b"PATH=")), None)
    folders = (os.fsencode(os.defpath) if path is None else path).split(b":")
    return [os.path.join(folder or b".", program) for folder in folders]


def not_run(error: pt.LaunchError, environment: Iterable[bytes]) -> Failure:
    """Why a command could not be executed, in the words of picotrace, and the status of a shell.

    :param environment: the command's, in whose PATH it was looked for.
    """
    name = str(error.filename)
    named = name or repr(name)
    there = list(filter(os.path.exists, searched(os.fsencode(name), environment)))
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if there:
            return Failure(f"{named}: the interpreter it names does not exist", EXIT_CANNOT_RUN)
        why = error.strerror if os.sep in name else "command not found"
        return Failure(f"{named}: {why}", EXIT_NOT_FOUND)
    is_folder = bool(there) and os.path.isdir(there[0])
    return Failure(f"{named}: {'is a directory' if is_folder else error.strerror}", EXIT_CANNOT_RUN)


def command(name: str, run: Callable[[Sequence[str]], int], argv: Sequence[str] | None) -> int:
    """Run a command, and put what goes wrong into a line; returns its exit status."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except Failure as failure:
        complain(name, str(failure))
        return failure.status
    except pt.LaunchError as error:
        why = not_run(error, pt.own_environment())
        complain(name, str(why))
        return why.status
    except pt.PicotraceError as error:
        complain(name, getattr(error, "strerror", None) or str(error))
    except OSError as error:
        complain(name, str(error))
    except KeyboardInterrupt:
        die_by(signal.SIGINT)
    return EXIT_FAILURE
