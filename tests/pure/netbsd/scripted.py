"""What tests with NetBSD's stops written down by hand share."""

from typing import Any

from pypicotrace import events as ev
from pypicotrace._ffi import lib
from pypicotrace.testing import script
from pypicotrace.testing.script import Played, Scripted

EXIT, FORK, READ, GETPID, EXECVE, VFORK, MMAP, LSEEK = 1, 2, 3, 20, 59, 66, 197, 199
LWP_CREATE, LWP_EXIT, POSIX_SPAWN = 309, 310, 474
SIGTRAP, SIGKILL, SIGSEGV, SIGALRM, SIGUSR1 = 5, 9, 11, 14, 30
SYSCALL, CONTINUE = lib.PICO_RESUME_SYSCALL, lib.PICO_RESUME_CONTINUE
RETURN, STEP = lib.PICO_RESUME_RETURN, lib.PICO_RESUME_STEP


def play(stops: list[Scripted], **options: Any) -> Played:
    return script.play(stops, os="netbsd", **options)


def shown(events: list[ev.Event]) -> list[str]:
    """Events in short: process, LWP, kind, and what the kind carries."""
    return [f"{e.pid}/{e.lwp} {type(e).__name__}{detail(e)}" for e in events]


def detail(event: Any) -> str:
    if isinstance(event, ev.SyscallExit):
        return f" {event.name} {-event.error if event.error else event.retval}"
    carried = [getattr(event, field, None) for field in ("name", "child", "signo")]
    carried.append(event.status if isinstance(event, ev.Exited) else None)
    return "".join(f" {value}" for value in carried if value is not None)


def resumed(played: Played) -> list[tuple[int, int]]:
    """How each stop was resumed: how, and with which signal."""
    return [(r.how, r.signo) for r in played.requests if r.asked == "resume"]


Meaning = tuple[type[ev.Event], dict[str, Any]]


def means(kind: type[ev.Event], **fields: Any) -> Meaning:
    return kind, fields


def check_fields(event: ev.Event, expected: Meaning) -> None:
    kind, fields = expected
    assert type(event) is kind
    assert {field: getattr(event, field) for field in fields} == fields
