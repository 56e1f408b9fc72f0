"""The command ``picotrace-coredumper``."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import NamedTuple

import pypicotrace as pt
from pypicotrace.ending import Signals, end_as
from pypicotrace.tools.coredumper.dump import CORE_SIGNALS, NotWritten, write_core
from pypicotrace.tools.decode.text import one_line
from pypicotrace.tools.frame import (
    EXIT_FAILURE,
    Failure,
    Given,
    answer,
    command,
    complain,
    given,
    show,
)

NAME = "picotrace-coredumper"
HELP = """\
usage: picotrace-coredumper [-bf] [-c NAME] [-l SIZE] [-s SIGNAL]...
                            [-p PID]... [command [arg ...]]

Write a core file of each program that crashes, as it is at that moment: before
its own handler runs, where it has one.

  -b         a backtrace of all LWPs beside it, by gdb(1): NAME.txt
  -c NAME    the file's name, in which %p is the process, %e the program,
             %s the signal, %t the time in seconds since 1970, %% a %;
             without it core.%e.%p. Later ones of that name end in .2, .3, ...
  -f         follow children, and theirs
  -l SIZE    a file of so many bytes at most, or kilobytes (k), MB (m), GB (g)
  -p PID     attach to a running process; may be given several times
  -s SIGNAL  also when this signal arrives; may be given several times

  -h, --help     show this, and exit
  -V, --version  show the version, and exit

The exit status is the command's.
"""
UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


class Arguments(NamedTuple):
    """What the command line says beside what is to be traced."""

    name: str
    limit: int | None
    signals: frozenset[int]
    backtrace: bool


def arguments(args: Given) -> Arguments:
    """What the command line says.

    :raises Failure: it makes no sense.
    """
    words = [*CORE_SIGNALS, *(value for key, value in args.every if key == "-s")]
    return Arguments(
        checked_name(args.options.get("-c", "core.%e.%p")),
        size(args.options["-l"]) if "-l" in args.options else None,
        frozenset(map(signo, words)),
        "-b" in args.options,
    )


def size(text: str) -> int:
    """A number of bytes."""
    found = re.fullmatch(r"([1-9][0-9]{0,15})([kmg]?)", text.lower(), re.ASCII)
    if found is None:
        raise Failure(f"-l {text}: give a number of bytes, or one with k, m or g")
    return int(found[1]) * UNITS[found[2]]


def signo(word: str) -> int:
    """A signal's number, of its number or its name."""
    if re.fullmatch(r"[0-9]{1,10}", word, re.ASCII) and int(word) in signal.valid_signals():
        return int(word)
    name = "SIG" + word.upper().removeprefix("SIG")
    try:
        return int(signal.Signals[name])
    except KeyError:
        raise Failure(f"-s {word}: there is no such signal") from None


def checked_name(pattern: str) -> str:
    """A pattern for the name of the file.

    :raises Failure: it has what is none.
    """
    if not re.fullmatch(r"([^%]|%[pest%])+", pattern, re.DOTALL):
        raise Failure(f"-c {pattern}: after % comes p, e, s, t or %")
    return pattern


def core_name(pattern: str, event: pt.Event, signo: int, now: float) -> str:
    """The name of a core file. A program can call itself anything: no other folder comes of it."""
    program = os.fsdecode(event.program).replace("/", "!") or "unnamed"
    values = {"p": str(event.pid), "e": program, "s": str(signo), "t": str(int(now)), "%": "%"}
    return re.sub(r"%([pest%])", lambda found: values[found[1]], pattern)


class Dumper:
    """Writes a core file for each signal that says so."""

    def __init__(self, args: Arguments) -> None:
        self.args = args
        self.written: dict[str, int] = {}

    def take(self, event: pt.Event) -> None:
        """Look at an event."""
        if not isinstance(event, pt.Stopped) or event.signo not in self.args.signals:
            return
        name = core_name(self.args.name, event, event.signo, time.time())
        count = self.written[name] = self.written.get(name, 0) + 1
        path = name if count == 1 else f"{name}.{count}"
        who = f"{one_line(event.program)}, process {event.pid}: {signal_name(event.signo)}"
        try:
            whole = write_core(event, path, self.args.limit)
            complain(NAME, f"{who}: {one_line(path)}{'' if whole else ', cut at its limit'}")
            if self.args.backtrace:
                write_backtrace(event.pid, path)
        except pt.TraceeDied:
            raise
        except (NotWritten, pt.PicotraceError) as error:
            complain(NAME, f"{who}: no core: {one_line(str(error))}")
        except OSError as error:
            complain(NAME, f"{who}: {one_line(str(error))}")


def signal_name(signo: int) -> str:
    """As shells have it."""
    try:
        return signal.Signals(signo).name
    except ValueError:
        return f"signal {signo}"


def write_backtrace(pid: int, core: str) -> None:
    """What gdb(1) makes of it, beside it."""
    program = os.path.realpath(f"/proc/{pid}/exe")
    told = subprocess.run(
        ["gdb", "-batch", "-nx", "-ex", "thread apply all backtrace", program, core],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    fd = os.open(f"{core}.txt", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(fd, "wb") as file:
        file.write(told.stdout)


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    said = given(NAME, HELP, "bc:l:s:", argv)
    if isinstance(said, str):
        return answer(said)
    args = arguments(said)
    if sys.platform != "linux" and (args.backtrace or args.limit is not None):
        raise Failure("-b and -l are for Linux: here the kernel writes the file", EXIT_FAILURE)
    if args.backtrace and shutil.which("gdb") is None:
        raise Failure("-b: there is no gdb(1) here; install it", EXIT_FAILURE)
    loop = said.loop(NAME, pt.SIGNAL)
    with Signals(loop, ends_program=True) as signals, loop:
        show(NAME, loop, Dumper(args).take)
    return end_as(loop, signals.ended_by)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command(NAME, run, argv)
