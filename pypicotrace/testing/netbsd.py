"""NetBSD's stops, written down by hand, for `pypicotrace.testing.script` to play.

    stops = [nb.exec_(10), nb.entry(10, 20), nb.exit_(10, 20, 10), exited(10, 0)]
    played = play(stops, os="netbsd")

A stop is a process's; ``lwp`` is the LWP that its siginfo tells it is of, where that has not the
process's id. Layouts and numbers are those of ptrace(2) and siginfo(2) on a 64-bit system.
"""

from __future__ import annotations

import struct
from typing import Any

from pypicotrace.testing.script import SIGTRAP, Scripted, stopped

SIGINFO_SIZE, PSI_LWPID = 136, 128
SIGSTOP, SIGCHLD = 17, 20
SI_USER, SI_QUEUE, SI_TIMER, SI_LWP, SI_NOINFO = 0, -1, -2, -5, 32767
TRAP_BRKPT, TRAP_TRACE, TRAP_EXEC, TRAP_CHLD, TRAP_LWP, TRAP_DBREG, TRAP_SCE, TRAP_SCX = range(1, 9)
FORK, VFORK, VFORK_DONE, LWP_CREATE, LWP_EXIT, POSIX_SPAWN = 1, 2, 4, 8, 16, 32
EJUSTRETURN, ERESTART = -2, -3
EM_386, EM_X86_64, EM_AARCH64 = 3, 62, 183


def siginfo(signo: int, code: int, lwp: int, fields: bytes = b"", errno: int = 0) -> bytes:
    """A struct ptrace_siginfo; ``fields`` is its union, from offset 16 on."""
    head = struct.pack("<iii4x", signo, code, errno) + fields
    return head.ljust(PSI_LWPID, b"\0") + struct.pack("<i4x", lwp)


def trapped(pid: int, code: int, fields: bytes = b"", *, lwp: int | None = None) -> Scripted:
    """A stop that tells of itself by a SIGTRAP and its code."""
    info = siginfo(SIGTRAP, code, pid if lwp is None else lwp, fields)
    return stopped(pid, SIGTRAP, siginfo=info)


def entry(pid: int, nr: int, *args: int, lwp: int | None = None) -> Scripted:
    """The entry of system call ``nr``."""
    return trapped(pid, TRAP_SCE, _call(nr, 0, 0, 0, args), lwp=lwp)


def exit_(
    pid: int, nr: int, retval: int = 0, retval2: int = 0, *, error: int = 0, lwp: int | None = None
) -> Scripted:
    """The exit of a system call; of the results the kernel tells 32 bits."""
    return trapped(pid, TRAP_SCX, _call(nr, retval, retval2, error, ()), lwp=lwp)


def _call(nr: int, retval: int, retval2: int, error: int, args: tuple[int, ...]) -> bytes:
    words = [word % 2**64 for word in (*args, *[0] * 8)[:8]]
    return struct.pack("<iIIi8Q", nr, retval % 2**32, retval2 % 2**32, error, *words)


def exec_(pid: int, *, lwp: int | None = None) -> Scripted:
    """A new image."""
    return trapped(pid, TRAP_EXEC, lwp=lwp)


def related(pid: int, event: int, other: int, *, lwp: int | None = None) -> Scripted:
    """A child is made, or a vfork is over: of the parent, or as its first stop of the child."""
    return trapped(pid, TRAP_CHLD, struct.pack("<ii", event, other), lwp=lwp)


def lwp_created(pid: int, lwp: int) -> Scripted:
    """A new LWP, in its own context."""
    return trapped(pid, TRAP_LWP, struct.pack("<ii", LWP_CREATE, lwp), lwp=lwp)


def lwp_exited(pid: int, lwp: int) -> Scripted:
    """An LWP is about to be no more, in its own context."""
    return trapped(pid, TRAP_LWP, struct.pack("<ii", LWP_EXIT, lwp), lwp=lwp)


def stepped(pid: int, regs: bytes, machine: int = EM_X86_64, *, lwp: int | None = None) -> Scripted:
    """One instruction has run; comes where the loop asked for that alone."""
    info = siginfo(SIGTRAP, TRAP_TRACE, pid if lwp is None else lwp)
    return stopped(pid, SIGTRAP, siginfo=info, regs=regs, machine=machine, of_step=True)


def regs_amd64(rax: int, rdx: int = 0, rip: int = 0) -> bytes:
    """The registers of which a result consists, and the program counter, in a struct reg."""
    return _words("Q", 26, {14: rax, 2: rdx, 21: rip})


def regs_i386(eax: int, edx: int = 0) -> bytes:
    """The same of a 32-bit program."""
    return _words("I", 16, {0: eax, 2: edx})


def regs_aarch64(x0: int, x1: int = 0) -> bytes:
    """The same on AArch64."""
    return _words("Q", 35, {0: x0, 1: x1})


def _words(kind: str, count: int, values: dict[int, int]) -> bytes:
    width = {"Q": 2**64, "I": 2**32}[kind]
    return struct.pack(f"<{count}{kind}", *(values.get(i, 0) % width for i in range(count)))


def signalled(
    pid: int, signo: int, code: int = SI_USER, sender: int = 0, uid: int = 0, **more: Any
) -> Scripted:
    """A signal that arrives.

    :param value: what sigqueue(2) sent with it, or a child's status.
    :param lwp: 0, as with kill(2): it is sent to the process.
    """
    fields = struct.pack("<iIq", sender, uid, more.get("value", 0))
    return stopped(pid, signo, siginfo=siginfo(signo, code, more.get("lwp", 0), fields))


def faulted(pid: int, signo: int, code: int, addr: int, trap: int = 0) -> Scripted:
    """A signal that an instruction at ``addr``, or of that address, has raised."""
    info = siginfo(signo, code, pid, struct.pack("<Qi", addr, trap))
    return stopped(pid, signo, siginfo=info)


def stale(pid: int, signo: int, before: int = SIGSTOP) -> Scripted:
    """A signal of which the kernel still tells what it told of the one before."""
    info = siginfo(before, SI_LWP, pid, struct.pack("<iI", pid, 0))
    return stopped(pid, signo, siginfo=info)


def attach_stop(pid: int, tracer: int = 1) -> Scripted:
    """The stop by which a process is attached to, or stopped by its tracer."""
    return signalled(pid, SIGSTOP, SI_USER, tracer)
