"""The command ``picotrace``."""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
from collections.abc import Sequence
from typing import Any

from pypicotrace.arguments import EXIT_USAGE, Arguments, Failure, arguments
from pypicotrace.ending import Signals, die_by, end_as
from pypicotrace.errors import KernelError, LaunchError, PicotraceError
from pypicotrace.filtering import EVERY_CALL, NOT_ASKED
from pypicotrace.launch import LaunchOptions, own_environment, search
from pypicotrace.loop import Loop
from pypicotrace.output import EXIT_FAILURE, Lost, Output, open_output
from pypicotrace.start import attach, spawn
from pypicotrace.trouble import shown
from pypicotrace.users import identity

CAP_SYS_PTRACE = 19
"""linux/capability.h."""

EXIT_CANNOT_RUN, EXIT_NOT_FOUND = 126, 127


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


def make_loop(args: Arguments, refused: list[str]) -> Loop:
    """The loop that the command line asks for. Nothing is started or attached to yet.

    :param refused: gets a line for each process that, later, cannot be attached to.
    :raises Failure: a word of ``-e`` is no system call, or ``-u`` names nobody.
    """
    wanted: dict[str, Any] = {
        "events": args.wanted.events,
        "syscalls": args.wanted.syscalls,
        "errors": args.errors,
        "follow": args.follow,
        "whole_results": args.whole_results,
        "pin": args.pin,
    }
    try:
        uid, gid, groups = identity(args.user)
    except ValueError as error:
        raise Failure(f"-u: {error}", EXIT_USAGE) from None
    try:
        if args.pids:
            return attach(
                *args.pids,
                children=args.children,
                on_refused=lambda error: refused.append(str(error.strerror)),
                **wanted,
            )
        how = LaunchOptions(env=own_environment(args.environment), close_fds=False)
        who = LaunchOptions(user=uid, group=gid, extra_groups=groups)
        # What has a filter cannot be let go.
        filtered = False if limited(args) else None
        return spawn(args.command, kernel_filter=filtered, **{**how, **who, **wanted})
    except ValueError as error:
        raise Failure(f"-e: {error}", EXIT_USAGE) from None


def limited(args: Arguments) -> bool:
    """Whether the trace may end before what is traced does."""
    return bool(args.stop_calls or args.stop_seconds)


def warn_of_set_id(command: list[str], env: list[bytes], user: str | None = None) -> None:
    """Say that a set-user-ID program, or one with capabilities, does not get them, where so.

    The kernel takes it away of every traced program (NetBSD: credexec() in kern_exec.c), or of one
    whose tracer may not trace everybody (Linux: execve(2)).
    """
    if may_trace_everybody():
        return
    who = identity(user)
    uid = os.geteuid() if who.uid is None else who.uid
    gid = os.getegid() if who.gid is None else who.gid
    for path in search(os.fsencode(command[0]), env):
        try:
            file = os.stat(path)
        except OSError:
            continue
        if gains(file.st_mode, file.st_uid != uid, file.st_gid != gid):
            complain(f"{command[0]} is a set-user-ID program: traced, it runs without that right")
        elif has_capabilities(path):
            complain(f"{command[0]} has file capabilities: traced, it runs without them")
        return


def may_trace_everybody() -> bool:
    """Whether this is Linux, and its CAP_SYS_PTRACE is there: root may lack it (in a container)."""
    if sys.platform != "linux":
        return False
    try:
        with open("/proc/self/status", "rb") as status:
            rights = next(line for line in status if line.startswith(b"CapEff:"))
    except (OSError, StopIteration):
        return os.geteuid() == 0
    return bool(int(rights.split()[1], 16) & 1 << CAP_SYS_PTRACE)


def gains(mode: int, other_user: bool, other_group: bool) -> bool:
    """Whether a program of that mode, which is another's, runs with its owner's rights."""
    return bool((mode & stat.S_ISUID and other_user) or (mode & stat.S_ISGID and other_group))


def has_capabilities(path: bytes) -> bool:
    """Whether a program has rights of its own (capabilities(7), "File capabilities")."""
    try:
        return sys.platform == "linux" and bool(os.getxattr(path, "security.capability"))
    except OSError:
        return False


def announce(loop: Loop, args: Arguments, refused: list[str]) -> None:
    """Say what was attached to, and what could not be; refuse to go on with nothing."""
    if args.verbose and loop.filtering != EVERY_CALL:
        who = "the kernel" if loop.filtering.in_kernel else "the tracer"
        why = loop.filtering.why
        if loop.filtering == NOT_ASKED and limited(args):
            why = "what has a filter in the kernel cannot be let go, and --stop-after lets go of it"
        complain(f"calls are chosen by {who}: {why}")
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


def cannot_launch(error: LaunchError, env: list[bytes]) -> Failure:
    """Status and words of a shell for a command that cannot be executed.

    :param env: the environment in whose PATH it was looked for: the command's.
    """
    name = str(error.filename)
    if error.what:  # of what the command asks for, only another user can be refused
        reason = os.strerror(error.errno or errno.EPERM)
        return Failure(f"-u: cannot become that user: {reason}", EXIT_CANNOT_RUN)
    there = [path for path in search(os.fsencode(name), env) if os.path.exists(path)]
    named = name or "''"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        if there:
            return Failure(f"{named}: the interpreter it names does not exist", EXIT_CANNOT_RUN)
        why = error.strerror if os.sep in name else "command not found"
        return Failure(f"{named}: {why}", EXIT_NOT_FOUND)
    if there and os.path.isdir(there[0]):
        return Failure(f"{named}: is a directory", EXIT_CANNOT_RUN)
    return Failure(f"{named}: {error.strerror}", EXIT_CANNOT_RUN)


def trace(args: Arguments, loop: Loop, refused: list[str], output: Output) -> int | None:
    """Trace to the end; returns the signal that ended the tracer, if one did."""
    # A command that was let go is a child like that of another, and not to be waited for.
    loop.alone = output.is_alone and not limited(args)
    loop.ignored_signals = output.ignored_signals
    # The signals first: one that comes while the loop starts is heeded as soon as it has.
    with Signals(loop, ends_program=True) as signals:
        failure: KernelError | None = None
        try:
            with loop:
                announce(loop, args, refused)
                if limited(args):
                    loop.stop_after(calls=args.stop_calls, seconds=args.stop_seconds)
                if args.pids:
                    # A command would run on, for its work and its status are wanted too.
                    signals.heed_reader()
                output.write(loop, signals)
        except KernelError as error:
            # One that sleeps in the kernel (a parent in vfork) could not be let go. It will be: the
            # kernel does so when this process ends, which is what was asked for.
            failure = error if signals.ended_by is None else None
        output.finish(loop, failed=failure is not None)
        if failure is not None:
            raise failure
    return signals.ended_by


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    args = arguments(argv)
    if isinstance(args, str):
        return answer(args)
    refused: list[str] = []
    lost: list[Lost] = []
    loop = make_loop(args, refused)
    # Last, for it may empty the file: nothing can be said against the command line any more.
    output = open_output(args)
    if args.command:
        warn_of_set_id(args.command, own_environment(args.environment), args.user)
    try:
        ended_by = trace(args, loop, refused, output)
    except LaunchError as error:
        raise cannot_launch(error, own_environment(args.environment)) from None
    finally:
        lost = output.close()
        for part in lost:
            complain(part.message)
    failed = any(part.is_failure for part in lost)
    return end_as(loop, ended_by) or (EXIT_FAILURE if failed else 0)


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
