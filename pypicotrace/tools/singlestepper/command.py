"""The command ``picotrace-singlestepper``."""

from __future__ import annotations

import errno
import getopt
import importlib.util
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TextIO

import pypicotrace as pt
from pypicotrace.tools.ending import Signals
from pypicotrace.tools.frame import EXIT_FAILURE, Failure, command, complain, end_as, number
from pypicotrace.tools.symbols import Symbols

NAME = "picotrace-singlestepper"
EVENTS = pt.ALL & ~(pt.SCE | pt.SCX)
HELP = f"""\
usage: {NAME} [-ft] [-o FILE] [-p PID]... [command [arg ...]]

Count the instructions that each LWP of a command executes. Each is a stop of
its own: that takes some ten thousand times as long as the instruction.

  -f         follow children, and theirs
  -o FILE    write to FILE; -: standard output
  -p PID     attach to a running process; may be given several times
  -t         trace: a line for each instruction, with the function that it is
             in (needs the extra "symbols": pip install 'pypicotrace[symbols]')

  -h, --help     show this, and exit
  -V, --version  show the version, and exit

The table goes to standard error. A system call is one instruction. The exit
status is the command's.
"""


class Stepper:
    """Has each LWP execute one instruction after the other."""

    def __init__(self, write: Callable[[str], object] | None = None) -> None:
        self.counts: dict[tuple[int, int], int] = {}
        self.programs: dict[int, bytes] = {}
        self._write = write
        self._symbols: dict[int, Symbols] = {}

    def take(self, event: pt.Event) -> None:
        """Each event at which an LWP stands is followed by an instruction of it."""
        if isinstance(event, pt.Exec):
            self._symbols.pop(event.pid, None)
        if isinstance(event, pt.SingleStep):
            key = event.pid, event.lwp
            self.counts[key] = self.counts.get(key, 0) + 1
        if event.program:
            self.programs[event.pid] = event.program
        if event.stop is None:
            return
        if self._write is not None and isinstance(event, pt.SingleStep):
            self._write(self._line(event))
        event.stop.step()

    def _line(self, event: pt.SingleStep) -> str:
        symbols = self._symbols.get(event.pid)
        if symbols is None:
            symbols = self._symbols[event.pid] = Symbols(event.pid)
        return f"{event.pid:6d} {event.lwp:6d} {event.pc:#x} {symbols.at(event.pc)}\n"

    def table(self) -> str:
        """The counts, in order of process and LWP."""
        from tabulate import tabulate

        rows = [
            (pid, lwp, os.fsdecode(self.programs.get(pid, b"")), count)
            for (pid, lwp), count in sorted(self.counts.items())
        ]
        headers = ["process", "LWP", "program", "instructions"]
        return str(tabulate(rows, headers, tablefmt="plain", disable_numparse=[2]))


def opened(name: str | None) -> TextIO:
    """Where the lines go."""
    if name in (None, "-"):
        return open(os.dup(1 if name else 2), "w", encoding="utf-8", errors="backslashreplace")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    return open(os.open(str(name), flags, 0o600), "w", encoding="utf-8", errors="backslashreplace")


def step(loop: pt.Loop, stepper: Stepper) -> None:
    """Trace to the end.

    Where lines cannot be written any more, a command runs on; what was attached to is let go.
    """
    try:
        for event in loop:
            with suppress(pt.TraceeDied):
                stepper.take(event)
        return
    except OSError as error:
        if error.errno != errno.EPIPE:
            complain(NAME, f"{error.strerror}; the trace is incomplete")
    if loop.root:
        for _ in loop.stream():
            pass


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    try:
        given, program = getopt.getopt(list(argv), "fho:p:tV", ["help", "version"])
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
    if "-t" in options and importlib.util.find_spec("elftools") is None:
        needs = "-t: there is no pyelftools: pip install 'pypicotrace[symbols]'"
        raise Failure(needs, EXIT_FAILURE)
    follow = "-f" in options
    with opened(options.get("-o")) as out:
        stepper = Stepper(out.write if "-t" in options else None)
        loop = (
            pt.attach(*pids, events=EVENTS, follow=follow)
            if pids
            else pt.spawn(program, events=EVENTS, follow=follow, close_fds=False)
        )
        with Signals(loop) as signals, loop:
            step(loop, stepper)
        try:
            print(stepper.table(), file=out)
        except OSError as error:
            complain(NAME, f"{error.strerror}; the table is lost")
    return end_as(loop, signals)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command(NAME, run, argv)
