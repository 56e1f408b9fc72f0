"""NetBSD's decoder on stops written down by hand: what each means, and how it goes on.

The scripts are what ptrace(2), siginfo(2) and the recordings beside this file show.
"""

import struct
from dataclasses import replace
from typing import Any

import pytest
from scripted import (
    CONTINUE,
    EXIT,
    GETPID,
    READ,
    SIGALRM,
    SIGKILL,
    SIGSEGV,
    SIGTRAP,
    SIGUSR1,
    SYSCALL,
    Meaning,
    check_fields,
    means,
    play,
    resumed,
    shown,
)

import pypicotrace as pt
from pypicotrace import events as ev
from pypicotrace.syscalls import signals
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s
from pypicotrace.testing.netbsd import SIGSTOP
from pypicotrace.testing.script import Request, Scripted

FAULTS = [4, SIGTRAP, 7, 8, 10, SIGSEGV, 12]
ESRCH, EIO = 3, 5

# Of each code of a SIGTRAP, a stop and what it means.
TRAPS = [
    (
        nb.faulted(10, SIGTRAP, nb.TRAP_BRKPT, 0x1000),
        means(ev.Crashed, signo=5, code=1, addr=0x1000),
    ),
    (
        replace(nb.stepped(10, nb.regs_amd64(0, rip=0x1000)), of_step=False),
        means(ev.SingleStep, pc=0x1000),
    ),
    (nb.exec_(10), means(ev.Exec, old_lwp=0)),
    (nb.related(10, nb.FORK, 20), means(ev.Forked, child=20)),
    (nb.related(10, nb.VFORK, 20), means(ev.Vforked, child=20)),
    (nb.related(10, nb.VFORK_DONE, 20), means(ev.VforkDone, child=20)),
    (nb.related(10, nb.POSIX_SPAWN, 20), means(ev.Spawned, child=20)),
    (nb.related(10, 0x40, 20), None),  # an event that a newer system has
    (nb.lwp_created(10, 11), means(ev.LwpCreated, lwp=11)),
    (nb.trapped(10, nb.TRAP_DBREG, struct.pack("<Q", 0x1000)), means(ev.DebugRegister, pc=0x1000)),
    (
        nb.entry(10, READ, 3, 4, 5, 6),
        means(ev.SyscallEntry, sysnum=READ, name="read", args=(3, 4, 5)),
    ),
    (nb.exit_(10, READ, 7), means(ev.SyscallExit, sysnum=READ, name="read", retval=7, error=0)),
    (nb.exit_(10, READ, error=9), means(ev.SyscallExit, sysnum=READ, retval=None, error=9)),
    (
        nb.signalled(10, SIGTRAP, nb.SI_USER, 77),
        means(ev.Stopped, signo=5, code=0, sender=77, lwp=0),
    ),
    (nb.signalled(10, SIGTRAP, nb.SI_LWP, 10, lwp=10), means(ev.Stopped, signo=5, code=-5, lwp=10)),
    (nb.stale(10, SIGTRAP), means(ev.Stopped, signo=5, code=None, lwp=0)),
]


@pytest.mark.parametrize(("stop", "expected"), TRAPS)
def test_what_a_trap_means(stop: Scripted, expected: Meaning | None) -> None:
    played = play([nb.exec_(10), nb.entry(10, READ, 3, 4, 5), stop, s.killed(10, SIGKILL)])
    # A child that never comes to a stop is lost when nothing is left.
    events = [e for e in played.events[2:] if not isinstance(e, ev.Signaled | ev.Detached)]
    if expected is None:
        assert events == []
    else:
        [event] = events
        check_fields(event, expected)
    # Its own SIGTRAP is passed on, that of ptrace(2) is not the program's.
    own = expected is not None and issubclass(expected[0], ev.Stopped)
    assert resumed(played)[2] == (SYSCALL, SIGTRAP if own else 0)


# Who a signal is of: its siginfo, and what is told of it.
SENT: list[tuple[dict[str, int], dict[str, int]]] = [
    ({"code": nb.SI_USER, "sender": 77, "uid": 5}, {"lwp": 0, "code": 0, "sender": 77, "uid": 5}),
    ({"code": nb.SI_LWP, "sender": 10, "uid": 5, "lwp": 11}, {"lwp": 11, "code": -5, "sender": 10}),
    ({"code": nb.SI_QUEUE, "sender": 77, "value": 9}, {"code": -1, "sender": 77, "value": 9}),
    # What stands in the place of a sender's pid is none there.
    ({"code": nb.SI_TIMER, "sender": 77, "value": 9}, {"code": -2, "sender": 0, "value": 9}),
    ({"code": nb.SI_NOINFO, "sender": 77}, {"code": nb.SI_NOINFO, "sender": 0}),
]


@pytest.mark.parametrize("signo", [SIGUSR1, SIGALRM, SIGSEGV, 2, 33, 63])
@pytest.mark.parametrize(("siginfo", "expected"), SENT)
def test_who_sent_a_signal(signo: int, siginfo: dict[str, Any], expected: dict[str, int]) -> None:
    lwp = [nb.lwp_created(10, 11)]
    stop = nb.signalled(10, signo, **siginfo)
    played = play([nb.exec_(10), *lwp, stop, s.killed(10, SIGKILL)])
    check_fields(played.events[2], means(ev.Stopped, signo=signo, **expected))
    assert resumed(played)[2] == (SYSCALL, signo)


def test_a_childs_end_and_its_status() -> None:
    stop = nb.signalled(10, nb.SIGCHLD, 1, sender=20, uid=5, value=3)
    event = play([nb.exec_(10), stop, s.exited(10, 0)]).events[1]
    check_fields(event, means(ev.Stopped, signo=20, code=1, sender=20, uid=5, status=3))


@pytest.mark.parametrize("signo", [n for n in signals("netbsd") if n not in (SIGKILL, SIGSTOP)])
def test_a_signal_of_which_the_kernel_tells_an_earlier_ones_siginfo(signo: int) -> None:
    played = play([nb.exec_(10), nb.stale(10, signo), s.exited(10, 0)])
    nothing = {"code": None, "sender": None, "uid": None}
    check_fields(played.events[1], means(ev.Stopped, signo=signo, lwp=0, addr=0, **nothing))
    assert resumed(played)[1] == (SYSCALL, signo)


def test_so_is_a_sigstop() -> None:
    played = play([nb.exec_(10), nb.stale(10, SIGSTOP, before=SIGUSR1), s.exited(10, 0)])
    check_fields(played.events[1], means(ev.Stopped, signo=SIGSTOP, lwp=0, code=None, sender=None))


@pytest.mark.parametrize("signo", FAULTS)
def test_a_fault_is_the_lwps_own_doing_unless_somebody_sent_it(signo: int) -> None:
    stops = [nb.faulted(10, signo, 1, 0x123456789A, trap=6), nb.signalled(10, signo, 0, 77)]
    stops += [nb.signalled(10, signo, nb.SI_NOINFO, lwp=10)]
    played = play([nb.exec_(10), *stops, s.killed(10, signo, core=True)])
    _, fault, sent, unknown, end = played.events
    check_fields(fault, means(ev.Crashed, lwp=10, signo=signo, code=1, addr=0x123456789A))
    check_fields(sent, means(ev.Stopped, lwp=0, signo=signo, code=0, sender=77, addr=0))
    check_fields(unknown, means(ev.Stopped, signo=signo, code=nb.SI_NOINFO, addr=0))
    check_fields(end, means(ev.Signaled, signo=signo, core=True))
    assert resumed(played) == [(SYSCALL, 0), *[(SYSCALL, signo)] * 3]


@pytest.mark.parametrize("status", range(256))
def test_every_exit_status(status: int) -> None:
    played = play([nb.exec_(10), s.exited(10, status)])
    assert played.status == ev.Exited(pid=10, lwp=0, program=b"prog10", seq=2, status=status)


@pytest.mark.parametrize("core", [True, False])
@pytest.mark.parametrize("signo", [*signals("netbsd")])
def test_every_death_by_signal(signo: int, core: bool) -> None:
    status = play([nb.exec_(10), s.killed(10, signo, core=core)]).status
    assert (status.signo, status.core) == (signo, core)


@pytest.mark.parametrize("nr", [999, -1, 2**31 - 1])
def test_an_unknown_number_is_reported_with_all_arguments(nr: int) -> None:
    stops = [nb.exec_(10), nb.entry(10, nr, *range(1, 9)), nb.exit_(10, nr, error=78)]
    _, entry, exit_, _ = play([*stops, s.exited(10, 0)]).events
    check_fields(
        entry, means(ev.SyscallEntry, sysnum=nr, name=f"syscall_{nr}", args=(*range(1, 9),))
    )
    check_fields(exit_, means(ev.SyscallExit, sysnum=nr, error=78))


def test_an_exit_without_its_entry_tells_the_call_and_its_arguments() -> None:
    exit_ = nb.trapped(10, nb.TRAP_SCX, struct.pack("<iiii8Q", READ, 1, 0, 0, 3, 4, 5, *[0] * 5))
    events = play([nb.attach_stop(10), exit_, s.exited(10, 0)], attach=[10]).events
    check_fields(
        events[1], means(ev.SyscallExit, name="read", args=(3, 4, 5), retval=1, enter_seq=0)
    )


QUESTIONED = [
    nb.entry(10, GETPID),
    nb.exit_(10, GETPID, 10),
    nb.signalled(10, SIGUSR1),
    nb.related(10, nb.FORK, 20),
    nb.lwp_created(10, 11),
    nb.exec_(10),
]


@pytest.mark.parametrize("stop", QUESTIONED)
def test_a_tracee_killed_before_it_could_be_asked_gives_no_invented_value(stop: Scripted) -> None:
    stops = [nb.exec_(10), s.refusing(stop, ESRCH), s.killed(10, SIGKILL)]
    assert shown(play(stops).events) == ["10/10 Exec", "10/0 Signaled 9"]


@pytest.mark.parametrize("stop", QUESTIONED)
def test_any_other_refusal_is_an_error(stop: Scripted) -> None:
    with pytest.raises(OSError, match="Input/output error"):
        play([nb.exec_(10), s.refusing(stop, EIO), s.killed(10, SIGKILL)])


CALLS = [nb.entry(10, READ, 3), nb.exit_(10, READ, 1), nb.entry(10, GETPID), nb.exit_(10, GETPID)]


def test_the_mask_and_the_filter() -> None:
    stops = [nb.exec_(10), *CALLS, nb.signalled(10, SIGUSR1), s.exited(10, 0)]

    def events(mask: pt.Mask, *words: str) -> list[str]:
        return shown(play(stops, events=mask, syscalls=words or None).events)

    assert events(pt.EXIT) == ["10/0 Exited 0"]
    assert events(pt.SCX, "getpid") == ["10/10 SyscallExit getpid 0"]
    assert events(pt.SCE | pt.SIGNAL, "!getpid") == [
        "10/10 SyscallEntry read",
        "10/0 Stopped 30",
    ]


def test_without_calls_the_tracee_does_not_stop_for_them() -> None:
    stops = [nb.exec_(10), nb.lwp_created(10, 11), nb.lwp_exited(10, 11)]
    stops += [nb.signalled(10, SIGUSR1), s.exited(10, 0)]
    played = play(stops, events=pt.ALL & ~(pt.SCE | pt.SCX))
    assert resumed(played) == [(CONTINUE, 0)] * 3 + [(CONTINUE, SIGUSR1)]


def test_an_interrupted_wait_loses_nothing() -> None:
    stops = [nb.exec_(10), s.interrupted(), nb.entry(10, EXIT), s.interrupted(), s.exited(10, 0)]
    assert shown(play(stops).events) == ["10/10 Exec", "10/10 SyscallEntry exit", "10/0 Exited 0"]


def test_a_request_names_the_process() -> None:
    played = play([nb.exec_(10), nb.lwp_created(10, 11), s.exited(10, 0)])
    assert played.requests == [Request("resume", 10, SYSCALL, 0)] * 2


# 32-bit programs: a 64-bit tracer is told by siginfo of its own layout, and registers are narrow.


def narrow(stop: Scripted) -> Scripted:
    return replace(stop, narrow=True)


def test_a_64_bit_offset_comes_and_goes_in_two_words() -> None:
    lseek = nb.entry(10, 199, 3, 0, 0x89ABCDEF, 0x01234567, 1)
    exit_ = nb.exit_(10, 199, 0x89ABCDEF, 0x01234567)
    stops = [nb.exec_(10), narrow(lseek), narrow(exit_), s.exited(10, 0)]
    _, entry, left, _ = play(stops).events
    check_fields(
        entry,
        means(ev.SyscallEntry, name="lseek", args=(3, 0, 0x89ABCDEF, 0x01234567, 1)),
    )
    check_fields(left, means(ev.SyscallExit, retval=0x0123456789ABCDEF, error=0, cut=False))


@pytest.mark.parametrize(("nr", "name"), [(197, "mmap"), (READ, "read"), (GETPID, "getpid")])
def test_a_narrow_programs_results_are_never_cut(nr: int, name: str) -> None:
    stops = [narrow(nb.entry(10, nr, 3, 0, 2**32 - 1)), narrow(nb.exit_(10, nr, 0xBBBF0000))]
    played = play([nb.exec_(10), *stops, s.exited(10, 0)])
    check_fields(played.events[2], means(ev.SyscallExit, name=name, retval=0xBBBF0000, cut=False))
    assert resumed(played) == [(SYSCALL, 0)] * 3
