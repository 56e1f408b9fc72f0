"""NetBSD's processes as they are attached to, stopped and let go: on scripts."""

from dataclasses import replace
from typing import Any

import pytest
from scripted import (
    FORK,
    GETPID,
    READ,
    SIGKILL,
    SIGUSR1,
    STEP,
    SYSCALL,
    play,
    resumed,
    shown,
)

from pypicotrace import events as ev
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s
from pypicotrace.testing.netbsd import SIGSTOP
from pypicotrace.testing.script import Played, Request, Scripted


def with_lwps(stop: Scripted, *lwps: int) -> Scripted:
    return replace(stop, lwps=lwps)


def asked(played: Played) -> list[tuple[str, int, int]]:
    """Whatever was asked of the kernel: what, of which process, with which signal."""
    return [(r.asked, r.lwp, r.signo) for r in played.requests]


def test_its_sigstop_is_the_tracers() -> None:
    played = play([nb.attach_stop(10), nb.entry(10, GETPID), s.exited(10, 0)], attach=[10])
    assert shown(played.events) == [
        "10/10 Attached",
        "10/10 SyscallEntry getpid",
        "10/0 Exited 0",
    ]
    assert resumed(played) == [(SYSCALL, 0)] * 2
    assert played.status is None


@pytest.mark.parametrize("lwps", [(10, 11, 12), (7, 8, 9), (1, 2, 3)])
def test_each_lwp_is_attached_to_once(lwps: tuple[int, ...]) -> None:
    stops = [with_lwps(nb.attach_stop(10), *lwps)]
    stops += [nb.entry(10, GETPID, lwp=lwp) for lwp in reversed(lwps)]
    played = play([*stops, s.exited(10, 0)], attach=[10])
    attached, rest = played.events[:3], played.events[3:]
    assert sorted(shown(attached)) == sorted(f"10/{lwp} Attached" for lwp in lwps)
    entries = [f"10/{lwp} SyscallEntry getpid" for lwp in reversed(lwps)]
    assert shown(rest) == [*entries, "10/0 Exited 0"]
    # One stop of the process is for all its LWPs.
    assert resumed(played) == [(SYSCALL, 0)] * 4


@pytest.mark.parametrize("asking", [10, 11, 12])
def test_the_stop_of_each_arrival_is_its_own(asking: int) -> None:
    """Of the one whose stop it is a step is remembered; the kernel is told of another's at once."""
    arrived: list[tuple[int, int]] = []

    def body(event: Any) -> None:
        if isinstance(event, ev.Attached):
            arrived.append((event.lwp, event.stop.lwp))
            assert event.stop.registers
            if event.lwp == asking:
                event.stop.step()

    stop = replace(nb.attach_stop(10), regs=nb.regs_amd64(1, 2), machine=nb.EM_X86_64)
    played = play([with_lwps(stop, 10, 11, 12), s.exited(10, 0)], attach=[10], body=body)
    assert sorted(arrived) == [(10, 10), (11, 11), (12, 12)]
    assert resumed(played) == [(STEP if asking == 10 else SYSCALL, 0)]


@pytest.mark.parametrize("pid", [10, 20])
def test_a_step_is_for_the_lwp_of_its_process(pid: int) -> None:
    """Before NetBSD 10 each counts its LWPs from 1."""

    def body(event: Any) -> None:
        if isinstance(event, ev.Attached) and event.pid == pid:
            event.stop.step()

    stops = [with_lwps(nb.attach_stop(p), 1, 2) for p in (10, 20)]
    played = play([*stops, s.exited(10, 0), s.exited(20, 0)], attach=[10, 20], body=body)
    assert [r.lwp for r in played.requests if r.asked == "step too"] == [pid]


def test_one_that_has_not_run_yet_is_announced_once() -> None:
    """It stops for its birth when it does; a new one is announced by that."""
    stops = [with_lwps(nb.attach_stop(10), 10, 11), nb.lwp_created(10, 11), nb.lwp_created(10, 12)]
    played = play([*stops, s.exited(10, 0)], attach=[10])
    announced = ["10/10 Attached", "10/11 Attached", "10/12 LwpCreated"]
    assert sorted(shown(played.events[:2])) + shown(played.events[2:]) == [
        *announced,
        "10/0 Exited 0",
    ]
    assert resumed(played) == [(SYSCALL, 0)] * 3


def test_a_process_that_nobody_told_of_is_told_of_before_its_lwps() -> None:
    stops = [nb.attach_stop(10), nb.lwp_created(20, 1), s.exited(10, 0), s.exited(20, 0)]
    told = shown(play(stops, attach=[10]).events)
    assert told == ["10/10 Attached", "10/0 Exited 0", "20/1 Attached", "20/0 Exited 0"]


@pytest.mark.parametrize("lwps", [(10,), (10, 11)])
def test_a_signal_may_come_before_its_sigstop(lwps: tuple[int, ...]) -> None:
    stops = [with_lwps(nb.signalled(10, SIGUSR1, 0, 77), *lwps), nb.attach_stop(10)]
    stops += [nb.signalled(10, SIGSTOP, 0, 77), s.exited(10, 0)]
    played = play(stops, attach=[10])
    assert shown(played.events)[len(lwps) :] == [
        "10/0 Stopped 30",
        "10/0 Stopped 17",  # not the tracer's any more
        "10/0 Exited 0",
    ]
    assert resumed(played) == [(SYSCALL, SIGUSR1), (SYSCALL, 0), (SYSCALL, SIGSTOP)]


@pytest.mark.parametrize("lwps", [(10,), (10, 11, 12)])
def test_a_sigstop_that_comes_later_is_the_programs(lwps: tuple[int, ...]) -> None:
    stops = [with_lwps(nb.attach_stop(10), *lwps), nb.signalled(10, SIGSTOP, 0, 77)]
    played = play([*stops, s.exited(10, 0)], attach=[10])
    assert shown(played.events)[len(lwps) :] == ["10/0 Stopped 17", "10/0 Exited 0"]
    assert resumed(played) == [(SYSCALL, 0), (SYSCALL, SIGSTOP)]


def test_what_it_was_inside_when_attached_to_may_be_a_fork() -> None:
    # A call in progress has neither entry nor exit, but its event.
    stops = [with_lwps(nb.attach_stop(10), 10, 11), nb.related(10, nb.FORK, 20, lwp=11)]
    stops += [nb.related(20, nb.FORK, 10), s.exited(20, 0), s.exited(10, 0)]
    assert shown(play(stops, attach=[10]).events)[2:] == [
        "10/11 Forked 20",
        "20/0 Exited 0",
        "10/0 Exited 0",
    ]


@pytest.mark.parametrize("lwps", [(10, 20), (1, 1), (20, 10)])
def test_several_processes_whatever_ids_their_lwps_have(lwps: tuple[int, int]) -> None:
    one, other = lwps
    stops = [with_lwps(nb.attach_stop(10), one), with_lwps(nb.attach_stop(20), other)]
    stops += [nb.entry(20, GETPID, lwp=other), nb.entry(10, READ, lwp=one)]
    stops += [nb.exit_(20, GETPID, 20, lwp=other), nb.exit_(10, READ, 5, lwp=one)]
    played = play([*stops, s.exited(20, 0), s.exited(10, 0)], attach=[10, 20])
    assert shown(played.events) == [
        f"10/{one} Attached",
        f"20/{other} Attached",
        f"20/{other} SyscallEntry getpid",
        f"10/{one} SyscallEntry read",
        f"20/{other} SyscallExit getpid 20",
        f"10/{one} SyscallExit read 5",
        "20/0 Exited 0",
        "10/0 Exited 0",
    ]


def test_one_that_ends_instead_of_stopping() -> None:
    played = play([s.killed(10, SIGKILL)], attach=[10])
    assert shown(played.events) == ["10/10 Attached", "10/0 Signaled 9"]


# Leaving the loop.


def last(number: int) -> object:
    return lambda event: event.seq == number


@pytest.mark.parametrize("lwps", [(10,), (10, 11, 12)])
def test_one_that_stands_is_detached_without_another_stop(lwps: tuple[int, ...]) -> None:
    # Each LWP in turn is the one that stands: the others, in the table, run.
    for lwp in lwps:
        stops = [with_lwps(nb.attach_stop(10), *lwps), nb.entry(10, GETPID, lwp=lwp)]
        played = play(stops, attach=[10], leave=last(len(lwps) + 1))
        assert asked(played)[1:] == [("resume", 10, 0), ("detach", 10, 0)]


@pytest.mark.parametrize("number", [1, 2])
def test_one_that_is_left_while_its_lwps_are_attached_to(number: int) -> None:
    stops = [with_lwps(nb.attach_stop(10), 10, 11, 12)]
    played = play(stops, attach=[10], leave=last(number))
    assert asked(played)[1:] == [("detach", 10, 0)]


def test_the_signal_it_stands_for_goes_with_it() -> None:
    stops = [nb.attach_stop(10), nb.signalled(10, SIGUSR1, 0, 77)]
    played = play(stops, attach=[10], leave=last(2))
    assert asked(played)[1:] == [("resume", 10, 0), ("detach", 10, SIGUSR1)]


RUNNING = [
    with_lwps(nb.attach_stop(10), 10, 11),
    with_lwps(nb.attach_stop(20), 20, 21, 22),
    nb.entry(20, GETPID, lwp=21),
    nb.entry(10, GETPID, lwp=11),
]
LEAVE = 7


def test_one_that_runs_is_stopped_once_and_detached() -> None:
    stops = [*RUNNING, nb.attach_stop(20)]
    played = play(stops, attach=[10, 20], leave=last(LEAVE))
    closing = [r for r in asked(played) if r[1] == 20][-2:]
    assert asked(played).count(("interrupt", 20, 0)) == 2  # once to attach to it
    assert closing == [("interrupt", 20, 0), ("detach", 20, 0)]
    assert [r for r in asked(played) if r[1] == 10][-1] == ("detach", 10, 0)


BEFORE = [
    ([nb.exit_(20, GETPID, 20, lwp=21)], [0]),
    ([nb.signalled(20, SIGUSR1, 0, 77)], [SIGUSR1]),
    ([nb.lwp_created(20, 23), nb.entry(20, READ, lwp=23)], [0, 0]),
    ([nb.lwp_exited(20, 21), nb.lwp_exited(20, 22)], [0, 0]),
    ([nb.exec_(20, lwp=22)], [0]),
    # None is left of those that were there when the loop was left.
    ([nb.lwp_created(20, 23), *(nb.lwp_exited(20, lwp) for lwp in (20, 21, 22))], [0] * 4),
]


@pytest.mark.parametrize(("meanwhile", "signals"), BEFORE)
def test_what_comes_before_that_stop_is_let_pass(
    meanwhile: list[Scripted], signals: list[int]
) -> None:
    # Let go at once, the SIGSTOP that is on its way would stop it when nobody traces it any more.
    stops = [*RUNNING, *meanwhile, nb.attach_stop(20)]
    played = play(stops, attach=[10, 20], leave=last(LEAVE))
    requests = [r for r in asked(played) if r[1] == 20]
    closing = requests[len(requests) - requests[::-1].index(("interrupt", 20, 0)) :]
    assert closing == [*[("resume", 20, signo) for signo in signals], ("detach", 20, 0)]


def test_a_child_that_is_made_meanwhile_is_let_go_as_well() -> None:
    stops = [*RUNNING, nb.related(20, nb.FORK, 30, lwp=21), nb.related(30, nb.FORK, 20)]
    played = play([*stops, nb.attach_stop(20)], attach=[10, 20], leave=last(LEAVE))
    assert [r for r in asked(played) if r[1] == 30] == [("detach", 30, 0)]
    assert [r for r in asked(played) if r[1] == 20][-1] == ("detach", 20, 0)


def test_a_child_whose_first_stop_is_on_its_way_is_not_stopped_again() -> None:
    stops = [nb.attach_stop(10), nb.entry(10, FORK), nb.related(10, nb.FORK, 20)]
    played = play([*stops, nb.related(20, nb.FORK, 10)], attach=[10], leave=last(3))
    assert asked(played)[-2:] == [("detach", 10, 0), ("detach", 20, 0)]
    assert ("interrupt", 20, 0) not in asked(played)


def test_one_that_was_spawned_is_killed() -> None:
    stops = [nb.exec_(10), nb.entry(10, FORK), nb.related(10, nb.FORK, 20)]
    stops += [s.killed(20, SIGKILL), s.killed(10, SIGKILL)]
    played = play(stops, leave=last(3))
    assert {r for r in played.requests if r.asked == "kill"} == {
        Request("kill", 10),
        Request("kill", 20),
    }
    assert played.status == ev.Signaled(
        pid=10, lwp=0, program=b"prog10", seq=0, signo=SIGKILL, core=False
    )
