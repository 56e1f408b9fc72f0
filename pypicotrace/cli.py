"""The command ``picotrace``."""

from __future__ import annotations

import errno
import fcntl
import getopt
import os
import re
import resource
import signal
import sys
import time
from collections.abc import Sequence
from typing import Any, NamedTuple, NoReturn

from pypicotrace import __version__
from pypicotrace.errors import KernelError, LaunchError, PicotraceError
from pypicotrace.events import Exited, Signaled
from pypicotrace.expressions import Wanted, parse
from pypicotrace.launch import own_environment, search
from pypicotrace.loop import PID_MAX, Loop, attach, spawn
from pypicotrace.refusals import FORBIDDEN

EXIT_FAILURE, EXIT_USAGE, EXIT_CANNOT_RUN, EXIT_NOT_FOUND = 1, 2, 126, 127

HELP = """\
usage: picotrace [-finV] [-o FILE] [-e EXPR]... [-p PID]... [command [arg ...]]

Trace the system calls, signals, processes and LWPs of a command.

  -f, -i         follow children, and theirs
  -n             numbers in place of names
  -o FILE        write the trace to FILE; -: standard output
  -e EXPR        trace=NAME,/regex/,!NAME: only these calls;
                 event=KIND,...: only these events
  -p PID         attach to a running process; may be given several times
  -h, --help     show this, and exit
  -V, --version  show the version, and exit

Options end at the first operand. The trace goes to standard error. The exit
status is the command's.
"""
HINT = "Try 'picotrace --help' for what can be said."

# The signals that ask a program to end; see DESCRIPTION in picotrace(1).
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
# A second one within this time, in seconds, ends what was spawned.
INSIST = 1.0
# The same one again within this time is the same request: timeout(1), for one, sends its signal to
# its child and then to the group that the child is in.
SAME_REQUEST = 0.1


class Failure(Exception):
    """The command cannot go on: a line for the user, the exit status, and perhaps a hint."""

    def __init__(self, message: str, status: int, hint: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.hint = hint


class Arguments(NamedTuple):
    """The command line: ``output`` None is standard error; of pids and command one is empty."""

    follow: bool
    numbers: bool
    output: str | None
    wanted: Wanted
    pids: list[int]
    command: list[str]


def shown(text: str) -> str:
    r"""Text in which anything may be (a file's name), as one line that no terminal acts upon.

    What cannot be shown is escaped as Python does it; a byte that is no UTF-8 as ``\xHH``.
    """
    exact = text.encode(errors="surrogateescape").decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in exact)


def complain(message: str, hint: str = "") -> None:
    """A line on standard error, and a hint; where there is none, there is nobody to tell."""
    lines = [f"picotrace: {shown(message)}", *([hint] if hint else [])]
    try:
        os.write(2, "".join(f"{line}\n" for line in lines).encode())
    except OSError:
        return


def answer(text: str) -> int:
    """What was asked for (help, the version) on standard output; returns the exit status."""
    try:
        os.write(1, text.encode())
    except OSError as error:
        raise Failure(f"standard output: {error.strerror}", EXIT_FAILURE) from None
    return 0


def usage(message: str) -> Failure:
    return Failure(message, EXIT_USAGE, HINT)


def process_id(text: str) -> int:
    """A process id as it is typed: decimal digits, in range, nothing around them."""
    if not re.fullmatch(r"[1-9][0-9]{0,9}", text, re.ASCII) or int(text) > PID_MAX:
        raise Failure(f"invalid process id {text!r}: give a number from 1 to {PID_MAX}", EXIT_USAGE)
    return int(text)


def arguments(argv: Sequence[str]) -> Arguments | str:
    """The command line, checked as far as it can be without touching anything.

    :returns: text, where that is all that was asked for.
    :raises Failure: what was given makes no sense.
    """
    try:
        options, command = getopt.getopt(list(argv), "finhVo:e:p:", ["help", "version"])
    except getopt.GetoptError as error:
        raise usage(error.msg) from None
    given = [name for name, _ in options]
    if "-h" in given or "--help" in given:
        return HELP
    if "-V" in given or "--version" in given:
        return f"picotrace {__version__}\n"
    pids = [process_id(value) for name, value in options if name == "-p"]
    if pids and command:
        raise usage("-p and a command exclude each other")
    if not pids and not command:
        raise usage("give a command, or -p PID")
    try:
        wanted = parse([value for name, value in options if name == "-e"])
    except ValueError as error:
        raise Failure(f"-e: {error}", EXIT_USAGE) from None
    return Arguments(
        follow="-f" in given or "-i" in given,
        numbers="-n" in given,
        output=next((value for name, value in reversed(options) if name == "-o"), None),
        wanted=wanted,
        pids=pids,
        command=command,
    )


def trace_name(output: str | None) -> str:
    """Where the trace goes, in words."""
    return {None: "standard error", "-": "standard output", "": "''"}.get(output, str(output))


def open_trace(output: str | None) -> int:
    """A descriptor for the trace, out of the way of the command's 0, 1 and 2."""
    try:
        if output is None or output == "-":
            return high(2 if output is None else 1)
        low = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        try:
            return high(low)
        finally:
            os.close(low)
    except OSError as error:
        where = trace_name(output)
        raise Failure(
            f"cannot write the trace to {where}: {error.strerror}", EXIT_FAILURE
        ) from None


def high(fd: int) -> int:
    """A copy of a descriptor that can be written to, above 2 and not inherited."""
    if fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
        raise OSError(errno.EBADF, "not open for writing")
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 3)


def make_loop(args: Arguments, refused: list[str]) -> Loop:
    """The loop that the command line asks for. Nothing is started or attached to yet.

    :param refused: gets a line for each process that, later, cannot be attached to.
    :raises Failure: a word of ``-e`` is no system call.
    """
    wanted: dict[str, Any] = {
        "events": args.wanted.events,
        "syscalls": args.wanted.syscalls,
        "follow": args.follow,
    }
    try:
        if args.pids:
            return attach(
                *args.pids, on_refused=lambda error: refused.append(str(error.strerror)), **wanted
            )
        return spawn(args.command, env=own_environment(), close_fds=False, **wanted)
    except ValueError as error:
        raise Failure(f"-e: {error}", EXIT_USAGE) from None


class Signals:
    """What INT, TERM, HUP and QUIT do while tracing.

    To attached processes nothing: the tracer lets go of them and ends. A spawned command decides
    for itself, as long as it lives: the terminal has sent it the signal already, and TERM, which no
    terminal sends, is passed on. A second signal within a second ends it.
    """

    def __init__(self, loop: Loop) -> None:
        self.loop = loop
        self.ended_by: int | None = None
        self._last = (0, -INSIST)
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Signals:
        for signo in ENDING:
            # One that was ignored at the start (nohup) stays ignored.
            if signal.getsignal(signo) is not signal.SIG_IGN:
                self._before[signo] = signal.signal(signo, self._arrived)
        return self

    def heed_reader(self) -> None:
        """End when nobody reads the trace any more: SIGPIPE says so, which Python ignores."""
        self._before[signal.SIGPIPE] = signal.signal(signal.SIGPIPE, self._unread)

    def __exit__(self, *exc: object) -> None:
        for signo, handler in self._before.items():
            signal.signal(signo, handler)

    def _arrived(self, signo: int, frame: object) -> None:
        (last, then), now = self._last, time.monotonic()
        if signo == last and now - then < SAME_REQUEST:
            return
        self._last = (signo, now)
        if now - then < INSIST or not self._somebody_decides():
            self._end(signo)
        elif signo == signal.SIGTERM and self.loop.status is None:
            os.kill(self.loop.root, signo)

    def _somebody_decides(self) -> bool:
        """Whether there is a command, and not only what it has left behind."""
        if not self.loop.root:
            return False
        # One that has ended just now may have done so by this very signal, of which we hear only
        # after that.
        end = self.loop.status
        return end is None or not 0 < end.ts_ns < time.monotonic_ns() - int(INSIST * 1e9)

    def _unread(self, signo: int, frame: object) -> None:
        self.loop.interrupt()

    def _end(self, signo: int) -> None:
        self.ended_by = signo
        self.loop.interrupt()
        # Letting go may take a while (a parent in vfork): the next one does not wait for it. The
        # kernel then ends what was spawned and lets the others go.
        for each in ENDING:
            if each in self._before:
                signal.signal(each, signal.SIG_DFL)


def announce(loop: Loop, refused: list[str]) -> None:
    """Say what was attached to, and what could not be; refuse to go on with nothing."""
    if loop.root:
        return
    if not loop.attached and len(refused) == 1:
        raise Failure(refused[0], EXIT_FAILURE)
    for line in refused:
        complain(line)
    if not loop.attached:
        raise Failure("there is nothing to trace", EXIT_FAILURE)
    count = {pid: f"{n} LWP{'s' if n > 1 else ''}" for pid, n in loop.attached.items()}
    names = ", ".join(f"{pid} ({lwps})" for pid, lwps in count.items())
    complain(f"attached to {names}; ^C detaches")


def cannot_launch(error: LaunchError) -> Failure:
    """Status and words of a shell for a command that cannot be executed."""
    name = str(error.filename)
    there = [path for path in search(os.fsencode(name), own_environment()) if os.path.exists(path)]
    named = name or "''"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if there:
            return Failure(f"{named}: the interpreter it names does not exist", EXIT_CANNOT_RUN)
        why = error.strerror if os.sep in name else "command not found"
        return Failure(f"{named}: {why}", EXIT_NOT_FOUND)
    if there and os.path.isdir(there[0]):
        return Failure(f"{named}: is a directory", EXIT_CANNOT_RUN)
    # Of execve, or of the ptrace that came before it: they cannot be told apart here.
    also = f", or {FORBIDDEN}" if error.errno in (errno.EPERM, errno.ENOSYS) else ""
    return Failure(f"{named}: {error.strerror}{also}", EXIT_CANNOT_RUN)


def die_by(signo: int) -> NoReturn:
    """End by a signal, as the command did; without a second core beside its own."""
    # A limit of 0 would not do: it does not hold for a core that goes to a program, 1 does
    # (core(5); do_coredump() in Linux's fs/coredump.c). For a file, 1 byte is as good as none.
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (min(hard, 1) if hard >= 0 else 1, hard))
    # Neither can be changed for KILL, nor for those that the C library keeps for itself (32, 33).
    if signo != signal.SIGKILL and signo in signal.valid_signals():
        signal.signal(signo, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, [signo])
    os.kill(os.getpid(), signo)
    # A signal that does not kill after all, whatever the reason: the shell's convention.
    os._exit(128 + signo)


def trace(args: Arguments, loop: Loop, refused: list[str], fd: int) -> tuple[int | None, int]:
    """Trace to the end.

    :returns: the signal that ended the tracer, if one did; and the errno that cost us the trace,
        or 0.
    """
    lost = 0
    # The signals first: one that comes while the loop starts is heeded as soon as it has.
    with Signals(loop) as signals:
        try:
            with loop:
                announce(loop, refused)
                if args.pids:
                    # A command would run on, for its work and its status are wanted too.
                    signals.heed_reader()
                own = args.output not in (None, "-")
                lost = loop.write_text(fd, numbers=args.numbers, owns_file=own)
        except KernelError:
            # One that sleeps in the kernel (a parent in vfork) could not be let go. It will be: the
            # kernel does so when this process ends, which is what was asked for.
            if signals.ended_by is None:
                raise
    return signals.ended_by, lost


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    args = arguments(argv)
    if isinstance(args, str):
        return answer(args)
    refused: list[str] = []
    loop = make_loop(args, refused)
    # Last, for it empties the file: nothing can be said against the command line any more.
    fd = open_trace(args.output)
    try:
        ended_by, lost = trace(args, loop, refused, fd)
    except LaunchError as error:
        raise cannot_launch(error) from None
    finally:
        os.close(fd)
    if lost:
        complain(f"{trace_name(args.output)}: {os.strerror(lost)}; the trace is incomplete")
    if ended_by is not None:
        die_by(ended_by)
    if isinstance(loop.status, Signaled):
        die_by(loop.status.signo)
    status = loop.status.status if isinstance(loop.status, Exited) else 0
    return status or (EXIT_FAILURE if lost and lost != errno.EPIPE else 0)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command: `run`, with everything that can go wrong put in a line."""
    try:
        return run(sys.argv[1:] if argv is None else argv)
    except Failure as failure:
        complain(str(failure), failure.hint)
        return failure.status
    except OSError as error:
        complain(error.strerror or str(error))
    except (PicotraceError, MemoryError) as error:
        complain(str(error) or "out of memory")
    except KeyboardInterrupt:
        die_by(signal.SIGINT)
    return EXIT_FAILURE
