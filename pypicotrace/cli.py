"""The command ``picotrace``."""

from __future__ import annotations

import argparse
import errno
import fcntl
import os
import re
import resource
import signal
import time
from collections.abc import Sequence
from typing import Any, NoReturn

from pypicotrace import __version__
from pypicotrace.errors import LaunchError, PicotraceError
from pypicotrace.events import Exited, Signaled
from pypicotrace.expressions import parse
from pypicotrace.launch import own_environment
from pypicotrace.loop import PID_MAX, Loop, attach, spawn

EXIT_FAILURE, EXIT_USAGE, EXIT_CANNOT_RUN, EXIT_NOT_FOUND = 1, 2, 126, 127

# The signals that ask a program to end; see DESCRIPTION in picotrace(1).
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# A second one within this time, in seconds, ends what was spawned.
INSIST = 1.0


class Failure(Exception):
    """The command cannot go on: a line for the user, and the exit status."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


def complain(message: str) -> None:
    """A line on standard error; where there is none, there is nobody to tell."""
    try:
        os.write(2, f"picotrace: {message}\n".encode(errors="backslashreplace"))
    except OSError:
        return


class Parser(argparse.ArgumentParser):
    """An argument parser that complains in one line and a hint."""

    def error(self, message: str) -> NoReturn:
        raise Failure(f"{message}\nTry 'picotrace --help' for what can be said.", EXIT_USAGE)


def parser() -> argparse.ArgumentParser:
    """The command line, POSIX style: options end at the first operand."""
    made = Parser(
        prog="picotrace",
        usage="picotrace [-finV] [-o FILE] [-e EXPR] [-p PID]... [command [arg ...]]",
        description="Trace the system calls, signals, processes and LWPs of a command.",
        epilog="The trace goes to standard error. The exit status is the command's.",
        allow_abbrev=False,
    )
    add = made.add_argument
    add("-f", "-i", dest="follow", action="store_true", help="follow children, and theirs")
    add("-n", dest="numbers", action="store_true", help="numbers in place of names")
    add("-o", dest="output", metavar="FILE", help="write the trace to FILE; -: standard output")
    add(
        "-e",
        dest="expressions",
        metavar="EXPR",
        action="append",
        default=[],
        help="trace=NAME,/regex/,!NAME: only these calls; event=KIND,...: only these events",
    )
    add(
        "-p",
        dest="pids",
        metavar="PID",
        action="append",
        default=[],
        help="attach to a running process; may be given several times",
    )
    add("-V", "--version", action="version", version=f"picotrace {__version__}")
    add("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return made


def process_id(text: str) -> int:
    """A process id as it is typed: decimal digits, in range, nothing around them."""
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) or int(text) > PID_MAX:
        raise Failure(f"invalid process id {text!r}: give a number from 1 to {PID_MAX}", EXIT_USAGE)
    return int(text)


def arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line, checked as far as it can be without touching anything."""
    made = parser()
    args = made.parse_args(argv)
    if args.command[:1] == ["--"]:
        del args.command[0]
    args.pids = [process_id(text) for text in args.pids]
    if args.pids and args.command:
        made.error("-p and a command exclude each other")
    if not args.pids and not args.command:
        made.error("give a command, or -p PID")
    try:
        args.wanted = parse(args.expressions)
    except ValueError as error:
        raise Failure(f"-e: {error}", EXIT_USAGE) from None
    return args


def open_trace(path: str | None) -> int:
    """A descriptor for the trace, out of the way of the command's 0, 1 and 2."""
    try:
        if path is None or path == "-":
            return fcntl.fcntl(2 if path is None else 1, fcntl.F_DUPFD_CLOEXEC, 3)
        low = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    except OSError as error:
        what = {None: "standard error", "-": "standard output"}.get(path, path)
        raise Failure(f"cannot write the trace to {what}: {error.strerror}", EXIT_FAILURE) from None
    fd = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 3)
    os.close(low)
    return fd


def make_loop(args: argparse.Namespace) -> Loop:
    """The loop that the command line asks for."""
    wanted: dict[str, Any] = {
        "events": args.wanted.events,
        "syscalls": args.wanted.syscalls,
        "follow": args.follow,
    }
    try:
        if args.pids:
            return attach(
                *args.pids, on_refused=lambda error: complain(str(error.strerror)), **wanted
            )
        return spawn(args.command, env=own_environment(), close_fds=False, **wanted)
    except ValueError as error:
        raise Failure(str(error), EXIT_USAGE) from None


class Signals:
    """What INT, TERM, HUP and QUIT do while tracing.

    To attached processes nothing: the tracer lets go of them and ends. A spawned command decides
    for itself: the terminal has sent it the signal already, and TERM, which no terminal sends, is
    passed on. A second signal within a second ends it.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.ended_by: int | None = None
        self._last = -INSIST
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        for signo in ENDING:
            # One that was ignored at the start (nohup) stays ignored.
            if signal.getsignal(signo) is not signal.SIG_IGN:
                self._before[signo] = signal.signal(signo, self._arrived)
        return self

    def __exit__(self, *exc: object) -> None:
        for signo, handler in self._before.items():
            signal.signal(signo, handler)

    def _arrived(self, signo: int, frame: object) -> None:
        now = time.monotonic()
        insists, self._last = now - self._last < INSIST, now
        if not self.loop.root or insists:
            self.ended_by = signo
            self.loop.interrupt()
        elif signo == signal.SIGTERM and self.loop.status is None:
            os.kill(self.loop.root, signo)


def announce(loop: Loop) -> None:
    """Say what was attached to; refuse to go on with nothing."""
    if loop.root:
        return
    if not loop.attached:
        raise Failure("there is nothing to trace", EXIT_FAILURE)
    count = {pid: f"{n} LWP{'s' if n > 1 else ''}" for pid, n in loop.attached.items()}
    names = ", ".join(f"{pid} ({lwps})" for pid, lwps in count.items())
    complain(f"attached to {names}; ^C detaches")


def cannot_launch(error: LaunchError) -> Failure:
    """Status and words of a shell for a command that cannot be executed."""
    name = error.filename
    missing = error.errno in (errno.ENOENT, errno.ENOTDIR)
    if missing and not os.path.exists(name):
        if os.sep in name:
            return Failure(f"{name}: {error.strerror}", EXIT_NOT_FOUND)
        return Failure(f"{name}: command not found", EXIT_NOT_FOUND)
    if missing:
        return Failure(f"{name}: the interpreter it names does not exist", EXIT_CANNOT_RUN)
    if os.path.isdir(name):
        return Failure(f"{name}: is a directory", EXIT_CANNOT_RUN)
    return Failure(f"{name}: {error.strerror}", EXIT_CANNOT_RUN)


def die_by(signo: int) -> NoReturn:
    """End by a signal, as the command did; without a second core beside its own."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (0, hard))
    if signo not in (signal.SIGKILL, signal.SIGSTOP):
        signal.signal(signo, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signo])
    os.kill(os.getpid(), signo)
    # A signal that does not kill after all, whatever the reason: the shell's convention.
    os._exit(128 + signo)


def trace(args: argparse.Namespace, fd: int) -> tuple[Loop, Signals, int]:
    """Trace to the end; the last of the result is the errno that cost us the trace, or 0."""
    with make_loop(args) as loop, Signals(loop) as signals:
        announce(loop)
        lost = loop.write_text(fd, numbers=args.numbers, owns_file=args.output not in (None, "-"))
    return loop, signals, lost


def run(argv: Sequence[str] | None) -> int:
    """The command without its last act, the death by signal."""
    args = arguments(argv)
    fd = open_trace(args.output)
    try:
        loop, signals, lost = trace(args, fd)
    except LaunchError as error:
        raise cannot_launch(error) from None
    finally:
        os.close(fd)
    if lost:
        where = args.output or "standard error"
        complain(f"{where}: {os.strerror(lost)}; the trace is incomplete")
    if signals.ended_by is not None:
        die_by(signals.ended_by)
    if isinstance(loop.status, Signaled):
        die_by(loop.status.signo)
    status = loop.status.status if isinstance(loop.status, Exited) else 0
    return status or (EXIT_FAILURE if lost and lost != errno.EPIPE else 0)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status, or ends by the signal that ended what it ran."""
    try:
        return run(argv)
    except Failure as failure:
        complain(str(failure))
        return failure.status
    except (PicotraceError, OSError, MemoryError) as error:
        complain(str(error) or "out of memory")
        return EXIT_FAILURE
    except KeyboardInterrupt:
        die_by(signal.SIGINT)
