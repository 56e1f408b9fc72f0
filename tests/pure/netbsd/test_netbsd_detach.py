"""NetBSD's loop lets go of processes while it runs, and gets more of them: on scripts."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from letting_go import at_call
from letting_go import letting_go as letting_go_with
from scripted import FORK, GETPID, READ, SIGUSR1, play, shown
from test_netbsd_attach import asked, with_lwps

import pypicotrace as pt
from pypicotrace import events as ev
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Played, Scripted

At = Callable[[ev.Event], bool]


def letting_go(stops: list[Scripted], pid: int, at: At, **options: Any) -> Played:
    return letting_go_with(stops, pid, at, play, **options)


def at_call_of_20(event: ev.Event) -> bool:
    return event.pid == 20 and at_call(event)


def of(played: Played, pid: int) -> list[tuple[str, int]]:
    return [(what, signo) for what, id, signo in asked(played) if id == pid]


THREADS = with_lwps(nb.attach_stop(10), 10, 11, 12)
TWO = [THREADS, nb.attach_stop(20), nb.entry(20, GETPID)]


@pytest.mark.parametrize("lwp", [10, 11, 12])
def test_the_one_in_hand_goes_with_its_process(lwp: int) -> None:
    played = letting_go([THREADS, nb.entry(10, GETPID, lwp=lwp)], 10, at_call, attach=[10])
    assert shown(played.events)[3:] == [f"10/{lwp} SyscallEntry getpid", "10/0 Detached"]
    assert of(played, 10)[-2:] == [("resume", 0), ("detach", 0)]


def test_its_signal_goes_along() -> None:
    stops = [nb.exec_(10), nb.signalled(10, SIGUSR1, 0, 77)]
    played = play(stops, body=lambda e: e.stop.detach() if isinstance(e, ev.Stopped) else 0)
    assert shown(played.events) == ["10/10 Exec", "10/0 Stopped 30", "10/0 Detached"]
    assert of(played, 10)[-1] == ("detach", SIGUSR1)
    assert played.status is None


@pytest.mark.parametrize("stream", [0, 1])
def test_one_that_runs_is_stopped_by_a_sigstop_that_is_the_tracers(stream: int) -> None:
    # What comes before that is reported, and is not let go: the SIGSTOP would stop it for good.
    stops = [*TWO, nb.entry(10, READ, lwp=11), nb.attach_stop(10), s.exited(20, 0)]
    played = letting_go(stops, 10, at_call_of_20, attach=[10, 20], stream=stream)
    told = [line for line in shown(played.events) if line.startswith("10/")][3:]
    assert told == ["10/11 SyscallEntry read", "10/0 Detached"]
    assert of(played, 10)[1:] == [("resume", 0), ("interrupt", 0), ("resume", 0), ("detach", 0)]


@pytest.mark.parametrize("pid", [10, 20])
def test_while_its_lwps_are_attached_to(pid: int) -> None:
    stops = [THREADS, nb.attach_stop(20), s.exited(30 - pid, 0)]
    played = play(stops, attach=[10, 20], started=lambda it: it.detach(pid))
    assert f"{pid}/0 Detached" in shown(played.events)
    assert of(played, pid)[1:] == [("detach", 0)]


def test_a_child_that_is_made_meanwhile_is_announced_and_stays() -> None:
    stops = [*TWO, nb.related(10, nb.FORK, 30, lwp=11), nb.related(30, nb.FORK, 10)]
    stops += [nb.attach_stop(10), s.exited(30, 0), s.exited(20, 0)]
    played = letting_go(stops, 10, at_call_of_20, attach=[10, 20])
    told = [line for line in shown(played.events) if not line.startswith("20/")][3:]
    assert told == ["10/11 Forked 30", "10/0 Detached", "30/0 Exited 0"]
    assert ("detach", 0) not in of(played, 30)


def test_an_announced_child_may_go_itself() -> None:
    stops = [nb.exec_(10), nb.entry(10, FORK), nb.related(10, nb.FORK, 20)]
    stops += [nb.related(20, nb.FORK, 10), s.exited(10, 0)]
    played = letting_go(stops, 20, lambda e: isinstance(e, ev.Forked))
    assert shown(played.events)[2:] == ["10/10 Forked 20", "20/0 Detached", "10/0 Exited 0"]
    assert of(played, 20) == [("detach", 0)]


def test_a_call_that_is_answered_has_its_exit_first() -> None:
    def body(event: Any) -> None:
        if at_call(event):
            event.stop.inject(retval=5)
            event.stop.detach()

    played = play([nb.exec_(10), replace(nb.entry(10, GETPID), answer=0)], body=body)
    assert shown(played.events)[2:] == ["10/10 SyscallExit getpid 5", "10/0 Detached"]


def test_one_more_is_attached_to() -> None:
    loops: list[pt.Loop] = []

    def body(event: ev.Event) -> None:
        if event.pid == 20 and at_call(event):
            assert loops[0].add(10) == 10

    stops = [nb.exec_(20), nb.entry(20, GETPID), THREADS, nb.entry(10, READ, lwp=12)]
    played = play([*stops, s.exited(10, 0), s.exited(20, 3)], started=loops.append, body=body)
    told = shown(played.events)[2:]
    assert sorted(told[:3]) == [f"10/{lwp} Attached" for lwp in (10, 11, 12)]
    assert told[3:] == ["10/12 SyscallEntry read", "10/0 Exited 0", "20/0 Exited 3"]
    assert loops[0].attached == {10: 3}
