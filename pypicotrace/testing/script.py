"""A kernel that plays a script: stops written down by hand, or recorded elsewhere.

    stops = [exec_(10), entry(10, 39), exit_(10, 39), exited(10, 0)]
    played = play(stops)
    assert [type(event) for event in played.events] == [...]

The same decoder and loop run as on a live system; only the kernel below them is another.
"""

from __future__ import annotations

import struct
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

from pypicotrace._ffi import ffi, lib
from pypicotrace.choice import Choice, Follow, Keep
from pypicotrace.events import Event
from pypicotrace.kinds import Mask
from pypicotrace.launch import Launch, plan
from pypicotrace.loop import Loop
from pypicotrace.results import Errors
from pypicotrace.syscalls import ABIS
from pypicotrace.text import Text

SIGTRAP, SIGSTOP, SIGCHLD = 5, 19, 17
X86_64 = 0xC000003E
EM_X86_64, EM_AARCH64 = 62, 183
OP_UNTOLD = 0xFF
EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC = 1, 2, 3, 4
EVENT_VFORK_DONE, EVENT_EXIT, EVENT_SECCOMP, EVENT_STOP = 5, 6, 7, 128


@dataclass(frozen=True, slots=True)
class Scripted:
    """One stop or end, with what the kernel would answer about it.

    ``id`` is what wait gives (0: the wait is interrupted), ``status`` the wait status; ``pid`` and
    ``parent`` the process of the LWP and its parent (0: cannot be told any more); ``refuses`` an
    errno with which every question about this stop fails; ``of_step``: it only comes if the LWP was
    resumed for one instruction; ``answer`` what comes of a call that is answered here: 1, its exit
    follows, or 0, none does; -errno: no call can be changed; ``narrow``: its registers have 32
    bits; ``foreign``: its calls are another system's; ``lwps``: where the whole process stops, the
    LWPs that it has when it is attached to (none: one with its id); ``path`` and ``argv`` of the
    image that it has.
    """

    id: int
    status: int
    state: int = 0
    owned: bool = False
    siginfo: bytes = b""
    syscall_info: bytes = b""
    regs: bytes = b""
    machine: int = EM_X86_64
    refuses: int = 0
    pid: int = 0
    parent: int = 0
    of_step: bool = False
    narrow: bool = False
    foreign: bool = False
    lwps: Sequence[int] = ()
    answer: int = 1
    path: bytes = b""
    argv: Sequence[bytes] = ()


class Request(NamedTuple):
    """What the loop asked of the kernel: `ASKED` has the words.

    ``about`` is what it came with: of a siginfo ``(code, si_errno, sender, uid, addr, value,
    status)``, of a call that is altered ``(sysnum, args, retval, error)``.
    """

    asked: str
    lwp: int
    how: int = 0
    signo: int = 0
    about: tuple[Any, ...] = ()


ASKED = (
    "",
    "resume",
    "detach",
    "interrupt",
    "kill",
    "",
    "send",
    "siginfo",
    "set_regs",
    "alter",
    "keep",
    "step too",
)


class Played(NamedTuple):
    """The events of a script or their text, what the loop asked of the kernel, and how the program
    ended.
    """

    events: list[Event]
    requests: list[Request]
    status: Any
    text: bytes = b""


class Unplayed(AssertionError):
    """The loop has ended, and has not waited for all stops of the script."""


def stopped(lwp: int, signo: int, event: int = 0, **answers: Any) -> Scripted:
    """A stop: the signal and event number of its wait status."""
    return Scripted(lwp, event << 16 | signo << 8 | 0x7F, **answers)


def entry(lwp: int, nr: int, *args: int, arch: int = X86_64, **answers: Any) -> Scripted:
    """The entry of system call ``nr``."""
    info = struct.pack("<B3xIQQQ6Q", 1, arch, 0, 0, nr % 2**64, *(*args, *[0] * 6)[:6])
    return stopped(lwp, SIGTRAP | 0x80, syscall_info=info, **answers)


def chosen(
    lwp: int, nr: int, *args: int, word: int = lib.PICO_FILTER_WORD, **answers: Any
) -> Scripted:
    """A filter in the kernel leaves a call to the tracer: ours, or one with another word."""
    arch, pc = answers.pop("arch", X86_64), answers.pop("pc", 0)
    info = struct.pack("<B3xIQQQ6QI", 3, arch, pc, 0, nr, *(*args, *[0] * 6)[:6], word)
    return stopped(lwp, SIGTRAP, EVENT_SECCOMP, state=word, syscall_info=info, **answers)


def exit_(
    lwp: int, result: int, nr: int = 0, arch: int = X86_64, regs: bytes = b"", **answers: Any
) -> Scripted:
    """The exit of a system call; ``nr`` is what the registers say, which only a half call needs."""
    failed = -4095 <= result < 0
    info = struct.pack("<B3xIQQqB", 2, arch, 0, 0, result, failed)
    regs = regs or regs_x86_64(nr, result=result)
    return stopped(lwp, SIGTRAP | 0x80, syscall_info=info, regs=regs, **answers)


def untold(lwp: int, regs: bytes, machine: int = EM_X86_64) -> Scripted:
    """Either stop of a system call, by a kernel without PTRACE_GET_SYSCALL_INFO."""
    info = bytes([OP_UNTOLD])
    return stopped(lwp, SIGTRAP | 0x80, syscall_info=info, regs=regs, machine=machine)


def regs_x86_64(nr: int, *args: int, result: int = 0, cs: int = 0x33) -> bytes:
    """The registers of a call, as struct user_regs_struct."""
    rdi, rsi, rdx, r10, r8, r9 = (*args, *[0] * 6)[:6]
    words = [0] * 7 + [r10, r9, r8, result, 0, rdx, rsi, rdi, nr, 0, cs] + [0] * 9
    return struct.pack("<27Q", *(word % 2**64 for word in words))


def regs_i386(nr: int, *args: int, result: int = 0) -> bytes:
    """The registers of a call of a 32-bit program, as a 64-bit tracer gets them."""
    words = [*(*args, *[0] * 6)[:6], result, 0, 0, 0, 0, nr, 0, 0, 0, 0, 0]
    return struct.pack("<17I", *(word % 2**32 for word in words))


def regs_aarch64(nr: int, *args: int) -> bytes:
    """The registers of a call, as struct user_pt_regs; at the exit the first has the result."""
    words = [*(*args, *[0] * 8)[:8], nr] + [0] * 25
    return struct.pack("<34Q", *(word % 2**64 for word in words))


def signalled(lwp: int, signo: int, code: int = 0, sender: int = 0, uid: int = 0) -> Scripted:
    """A signal that arrives."""
    return stopped(lwp, signo, siginfo=struct.pack("<iii4xiI", signo, 0, code, sender, uid))


def faulted(lwp: int, signo: int, code: int, addr: int) -> Scripted:
    """A signal that a fault at ``addr`` has raised."""
    return stopped(lwp, signo, siginfo=struct.pack("<iii4xQ", signo, 0, code, addr))


def exec_(lwp: int, old: int | None = None, **answers: Any) -> Scripted:
    """A new image; ``old`` is the LWP that called execve, where it is another."""
    return stopped(lwp, SIGTRAP, EVENT_EXEC, state=old or lwp, **answers)


def made(lwp: int, event: int, child: int, *, owned: bool = False) -> Scripted:
    """A child or an LWP is made: the creator's side."""
    return stopped(lwp, SIGTRAP, event, state=child, owned=owned)


def first_stop(lwp: int, pid: int = 0, parent: int = 0) -> Scripted:
    """The first stop of a new LWP, or one that the tracer asked for."""
    return stopped(lwp, SIGTRAP, EVENT_STOP, pid=pid, parent=parent)


def group_stop(lwp: int, signo: int = SIGSTOP) -> Scripted:
    """A stopping signal has taken effect."""
    return stopped(lwp, signo, EVENT_STOP)


def exited(lwp: int, status: int) -> Scripted:
    """An LWP, or with its first one a process, has exited."""
    return Scripted(lwp, status << 8)


def killed(lwp: int, signo: int, *, core: bool = False) -> Scripted:
    """An LWP, or with its first one a process, was killed."""
    return Scripted(lwp, signo | (0x80 if core else 0))


def interrupted(after: float = 0) -> Scripted:
    """The wait is interrupted, by a signal or a tick, after so many seconds."""
    return Scripted(0, 0, state=int(after * 10**9))


def refusing(stop: Scripted, error: int) -> Scripted:
    """The same stop, about which every question fails with this errno."""
    return replace(stop, refuses=error)


class FakeKernel:
    """A kernel for a `Loop`, made of a script."""

    def __init__(self, stops: Sequence[Scripted], os: str = "linux") -> None:
        self._os = os.encode()
        self._stops = stops
        self._pointer: Any = None

    def open(self) -> Any:
        """The kernel as the C core takes it. It lives as long as this object."""
        array = ffi.new("struct pico_scripted[]", len(self._stops))
        for place, stop in zip(array, self._stops, strict=True):
            raw = place.raw
            raw.id, raw.status, raw.state, raw.owned = stop.id, stop.status, stop.state, stop.owned
            ffi.memmove(raw.siginfo, stop.siginfo, len(stop.siginfo))
            ffi.memmove(raw.syscall_info, stop.syscall_info, len(stop.syscall_info))
            ffi.memmove(raw.regs, stop.regs, len(stop.regs))
            raw.regs_size, raw.machine = len(stop.regs), stop.machine
            place.refuses, place.pid, place.parent = stop.refuses, stop.pid, stop.parent
            place.of_step, raw.narrow, raw.foreign = stop.of_step, stop.narrow, stop.foreign
            place.lwps[0 : len(stop.lwps)] = list(stop.lwps)
            place.answer = stop.answer
            argv = b"".join(word + b"\0" for word in stop.argv)
            place.path, place.argv, place.argv_size = stop.path, argv, len(argv)
        made = lib.pico_script_open(self._os, array, len(self._stops))
        if made == ffi.NULL:
            raise ValueError(f"no decoder for {self._os.decode()!r}")
        self._pointer = ffi.gc(made, lib.pico_script_free)
        return self._pointer

    def loop(self, choice: Choice, attach: Sequence[int] = (), *, children: bool = False) -> Loop:
        """A loop on this kernel, to be entered once; the first stop is the program's, unless
        attached.
        """
        os = self._os.decode()
        return Loop(
            None if attach else plan_of_nothing(),
            attach,
            choice,
            children=children,
            open_kernel=self.open,
            abis=[abi for abi in ABIS if abi.startswith(os)],
        )

    def requests(self) -> list[Request]:
        """What was asked so far."""
        count = lib.pico_script_requests(self._pointer, ffi.NULL, 0)
        array = ffi.new("struct pico_request[]", count or 1)
        lib.pico_script_requests(self._pointer, array, count)
        asked = [request for request in array[0:count] if ASKED[request.asked]]
        return [_request(request) for request in asked]

    def unplayed(self) -> int:
        """How many stops nobody has waited for."""
        return int(lib.pico_script_unplayed(self._pointer))


def _request(request: Any) -> Request:
    asked, it = ASKED[request.asked], request.about
    about: tuple[Any, ...] = ()
    if asked == "siginfo":
        about = (it.code, it.sig_errno, it.sender, it.uid, it.addr, it.value, it.status)
    if asked == "alter":
        about = (it.sysnum, tuple(it.args[0 : it.nargs]), it.retval[0], it.error)
    return Request(asked, request.lwp, request.how, request.signo, about)


def play(
    stops: Sequence[Scripted],
    *,
    attach: Sequence[int] = (),
    follow: Follow | bool = True,
    events: Mask = Mask.ALL,
    syscalls: Sequence[str] | None = None,
    os: str = "linux",
    whole_results: bool = True,
    errors: Errors | None = None,
    slower_than_ns: int = 0,
    keep: Keep | None = None,
    kernel_filter: bool | None = False,
    text: Text | None = None,
    stream: int = 0,
    body: Callable[[Any], object] = bool,
    started: Callable[[Loop], object] = bool,
    leave: Callable[[Event], bool] | None = None,
) -> Played:
    """Run a script; the first stop is the program's, unless attached.

    :param text: how its text is to look; None: stop per event.
    :param stream: in batches of up to so many events; 0: stop per event.
    :param body: called with each event, while its LWP stands still where that is how it runs.
    :param started: called with the loop when it has been entered.
    :param leave: says of an event whether to leave the loop there; None: run to the end.
    :raises Unplayed: when the loop was closed, stops of the script were left.
    """
    kernel = FakeKernel(stops, os)
    words = None if syscalls is None else list(syscalls)
    choice = Choice(
        events,
        Follow(follow),
        words,
        whole_results,
        errors,
        slower_than_ns,
        keep,
        kernel_filter=kernel_filter,
    )
    loop = kernel.loop(choice, attach)
    seen: list[Event] = []
    with loop, tempfile.TemporaryFile() as file:
        started(loop)
        if text is not None:
            loop.write_text(file.fileno(), text)
        else:
            for event in chain.from_iterable(loop.stream(stream)) if stream else loop:
                seen.append(event)
                body(event)
                if leave is not None and leave(event):
                    break
        loop.close()
        file.seek(0)
        written = file.read()
    if left := kernel.unplayed():
        raise Unplayed(f"{left} of {len(stops)} stops were not waited for")
    return Played(seen, kernel.requests(), loop.status, written)


def plan_of_nothing() -> Launch:
    """A program to launch, for a kernel that launches none."""
    return plan(["scripted"], env={}, close_fds=False, restore_signals=False)
