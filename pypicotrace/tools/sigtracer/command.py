"""The command ``picotrace-sigtracer``."""

from __future__ import annotations

import errno
import getopt
import os
import time
from collections.abc import Callable, Sequence

import pypicotrace as pt
from pypicotrace.tools.decode.abi import abi, native
from pypicotrace.tools.ending import Signals
from pypicotrace.tools.frame import Failure, command, complain, end_as, number
from pypicotrace.tools.sigtracer.lines import line

NAME = "picotrace-sigtracer"
EVENTS = pt.ALL & ~(pt.SCE | pt.SCX | pt.STEP)
HELP = f"""\
usage: {NAME} [-f] [-o FILE] [-p PID]... [command [arg ...]]

Show the signals that a command gets, with all that they say of themselves, and
how its processes and LWPs come and go. System calls are not traced, and cost
nothing.

  -f         follow children, and theirs
  -o FILE    write to FILE; -: standard output
  -p PID     attach to a running process; may be given several times

  -h, --help     show this, and exit
  -V, --version  show the version, and exit

The lines go to standard error. The exit status is the command's.
"""


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    try:
        given, program = getopt.getopt(list(argv), "fho:p:V", ["help", "version"])
    except getopt.GetoptError as error:
        raise Failure(f"{error.msg}\n{HELP.splitlines()[0]}") from None
    options = dict(given)
    if options.keys() & {"-h", "--help"}:
        print(HELP, end="")
        return 0
    if options.keys() & {"-V", "--version"}:
        print(NAME, pt.__version__)
        return 0
    pids = [number(value, "-p", "a process's id") for key, value in given if key == "-p"]
    if bool(program) == bool(pids):
        raise Failure("give a command, or processes by -p")
    loop = (
        pt.attach(*pids, events=EVENTS, follow="-f" in options)
        if pids
        else pt.spawn(program, events=EVENTS, follow="-f" in options, close_fds=False)
    )
    fd = open_output(options.get("-o"))
    with Signals(loop) as signals, loop, open(fd, "wb", buffering=0) as out:
        show(loop, out.write)
    return end_as(loop, signals)


def open_output(name: str | None) -> int:
    """A descriptor for the lines."""
    if name in (None, "-"):
        return os.dup(1 if name else 2)
    return os.open(str(name), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def show(loop: pt.Loop, write: Callable[[bytes], object]) -> None:
    """Trace to the end. An LWP stands while its line is made, so that its signals are as they were.

    Where the lines cannot be written any more, a command runs on; what was attached to is let go.
    """
    own, since = abi(native()), time.monotonic_ns()
    try:
        for event in loop:
            write(f"{line(own, event, since)}\n".encode())
        return
    except OSError as error:
        if error.errno != errno.EPIPE:
            complain(NAME, f"{error.strerror}; the trace is incomplete")
    if loop.root:
        for _ in loop.stream():
            pass


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command(NAME, run, argv)
