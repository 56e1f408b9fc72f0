"""The command ``picotrace-coredumper``."""

from __future__ import annotations

import getopt
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
from pypicotrace.tools.coredumper.dump import CORE_SIGNALS, NotWritten, write_core
from pypicotrace.tools.ending import Signals
from pypicotrace.tools.frame import EXIT_FAILURE, Failure, command, complain, end_as, number

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
    """What the command line says."""

    program: list[str]
    pids: list[int]
    name: str
    limit: int | None
    signals: frozenset[int]
    follow: bool
    backtrace: bool


def arguments(argv: Sequence[str]) -> Arguments | str:
    """What the command line says, or the text that it asks for.

    :raises Failure: it makes no sense.
    """
    try:
        given, command = getopt.getopt(list(argv), "bc:fhl:p:s:V", ["help", "version"])
    except getopt.GetoptError as error:
        raise Failure(f"{error.msg}\n{HELP.splitlines()[0]}") from None
    options = dict(given)
    if options.keys() & {"-h", "--help"}:
        return HELP
    if options.keys() & {"-V", "--version"}:
        return f"picotrace-coredumper {pt.__version__}\n"
    pids = [number(value, "-p", "a process's id") for key, value in given if key == "-p"]
    if bool(command) == bool(pids):
        raise Failure("give a command, or processes by -p")
    words = [*CORE_SIGNALS, *(value for key, value in given if key == "-s")]
    return Arguments(
        command,
        pids,
        checked_name(options.get("-c", "core.%e.%p")),
        size(options["-l"]) if "-l" in options else None,
        frozenset(map(signo, words)),
        "-f" in options,
        "-b" in options,
    )


def size(text: str) -> int:
    """A number of bytes."""
    found = re.fullmatch(r"([1-9][0-9]{0,15})([kmg]?)", text.lower(), re.ASCII)
    if found is None:
        raise Failure(f"-l {text}: give a number of bytes, or one with k, m or g")
    return int(found[1]) * UNITS[found[2]]


def signo(word: str) -> int:
    """A signal's number, of its number or its name."""
    if word.isascii() and word.isdigit() and int(word) in signal.valid_signals():
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
    if re.search(r"%(?![pest%])", pattern) or not pattern:
        raise Failure(f"-c {pattern}: after % comes p, e, s, t or %")
    return pattern


def core_name(pattern: str, event: pt.Event, signo: int, now: float) -> str:
    """The name of a core file. A program can call itself anything: no other folder comes of it."""
    program = os.fsdecode(event.program).replace("/", "!") or "unnamed"
    values = {"p": str(event.pid), "e": program, "s": str(signo), "t": str(int(now)), "%": "%"}
    return re.sub(r"%([pest%])", lambda found: values[found[1]], pattern)


class Dumper(pt.Tracer):
    """Writes a core file for each signal that says so."""

    def __init__(self, args: Arguments) -> None:
        self.args = args
        self.written: dict[str, int] = {}

    def started(self) -> None:
        self.signals = Signals(self.loop)
        self.signals.__enter__()

    def ended(self, status: pt.Exited | pt.Signaled | None) -> None:
        self.signals.__exit__()

    def crashed(self, event: pt.Crashed) -> None:
        self.stopped(event)

    def stopped(self, event: pt.Stopped | pt.Crashed) -> None:
        if event.signo not in self.args.signals:
            return
        name = core_name(self.args.name, event, event.signo, time.time())
        count = self.written[name] = self.written.get(name, 0) + 1
        path = name if count == 1 else f"{name}.{count}"
        who = f"{os.fsdecode(event.program)}, process {event.pid}: {signal_name(event.signo)}"
        try:
            whole = write_core(event, path, self.args.limit)
        except (NotWritten, pt.KernelError, pt.Unsupported, OSError) as error:
            complain(NAME, f"{who}: no core: {error}")
            return
        complain(NAME, f"{who}: {path}{'' if whole else ', cut at its limit'}")
        if self.args.backtrace:
            write_backtrace(event.pid, path)


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
    args = arguments(argv)
    if isinstance(args, str):
        print(args, end="")
        return 0
    if sys.platform != "linux" and (args.backtrace or args.limit is not None):
        raise Failure("-b and -l are for Linux: here the kernel writes the file", EXIT_FAILURE)
    if args.backtrace and shutil.which("gdb") is None:
        raise Failure("-b: there is no gdb(1) here; install it", EXIT_FAILURE)
    dumper = Dumper(args)
    if args.program:
        pt.run(dumper, args.program, follow=args.follow, close_fds=False)
    else:
        pt.run(dumper, pids=args.pids, follow=args.follow)
    return end_as(dumper.loop, dumper.signals)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command(NAME, run, argv)
