"""How each stop of a recording was let go on, and how the loop does it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from played import recording

import pypicotrace as pt
from pypicotrace._ffi import lib
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing.script import Played, Scripted

# The event at which the tracer of attach-detach left.
DETACHED_AT = 21


def left_at(name: str) -> Callable[[pt.Event], bool] | None:
    return (lambda ev: ev.seq == DETACHED_AT) if name == "attach-detach" else None


Asked = tuple[str, int]
HOW = {
    lib.PICO_RESUME_SYSCALL: "PT_SYSCALL",
    lib.PICO_RESUME_CONTINUE: "PT_CONTINUE",
    lib.PICO_RESUME_RETURN: "PT_STEP",
}
# What a call whose result may have more than 32 bits is called here.
WIDE = {197: "mmap", 199: "lseek"}


def is_narrow_exit(stop: Scripted) -> bool:
    """The exit of a call whose result the stop itself tells: it has 32 bits, or is an error."""
    code, sysnum, error = (int.from_bytes(stop.siginfo[i : i + 4], "little") for i in (4, 16, 28))
    return code == nb.TRAP_SCX and (sysnum not in WIDE or error != 0)


def is_sigstop(stop: Scripted) -> bool:
    return stop.status == nb.SIGSTOP << 8 | 0x7F


# Where we ask for something else than the recording tracer did: of which stops, what it asked, and
# what we do.
OTHERWISE = [
    # It had every exit step. We do where the step tells more.
    (is_narrow_exit, ("PT_STEP", 0), ("PT_SYSCALL", 0)),
    # It took the program's own SIGSTOP away. The loop passes it on, as any other; that this would
    # stop the process again without end is known to the kernel file (to_pass in kernel.c).
    (is_sigstop, ("PT_SYSCALL", 0), ("PT_SYSCALL", nb.SIGSTOP)),
]


def ours(stop: Scripted, recorded: Asked) -> Asked:
    for applies, theirs, instead in OTHERWISE:
        if recorded == theirs and applies(stop):
            return instead
    return recorded


def to_be_asked(name: str) -> dict[int, list[Asked]]:
    """Of each process, how its stops are to be resumed, by the recording and by OTHERWISE."""
    requests: dict[int, list[Asked]] = defaultdict(list)
    for i, (stop, resumed) in enumerate(
        zip(recording(name).stops, recording(name).resumed, strict=True)
    ):
        before = requests[stop.id]
        if resumed is None or (stop.of_step and before[-1][0] != "PT_STEP"):
            continue
        attached = i == 0 and recording(name).attached
        before.append(resumed if attached else ours(stop, resumed))
    return requests


def asked(played: Played) -> dict[int, list[Asked]]:
    """Of each process, how its stops were resumed."""
    requests: dict[int, list[Asked]] = defaultdict(list)
    for request in played.requests:
        if request.asked == "resume":
            requests[request.lwp].append((HOW[request.how], request.signo))
        elif request.asked == "detach":
            requests[request.lwp].append(("PT_DETACH", request.signo))
    return requests
