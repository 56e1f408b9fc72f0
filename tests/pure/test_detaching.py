"""Linux's loop lets go of processes while it runs, and gets more of them: on scripts."""

from typing import Any

import pytest
from letting_go import at_call, letting_go
from test_linux_loop import FORK, GETPID, READ, SIGUSR1, shown

import pypicotrace as pt
from pypicotrace import events as ev
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Played, Scripted, play
from pypicotrace.text import Text

STREAMS = pytest.mark.parametrize("stream", [0, 1, 2, 100], ids=["stop", "1", "2", "100"])
START = [s.exec_(10), s.exit_(10, 0)]
TWO_LWPS = [*START, s.made(10, s.EVENT_CLONE, 11, owned=True), s.first_stop(11)]
OTHER = [s.made(10, s.EVENT_FORK, 20), s.first_stop(20, pid=20, parent=10)]


def asked(played: Played, lwp: int) -> list[tuple[str, int]]:
    return [(r.asked, r.signo) for r in played.requests if r.lwp == lwp]


def test_the_one_in_hand_goes_when_it_is_resumed() -> None:
    played = letting_go([*START, s.entry(10, GETPID)], 10, at_call)
    assert shown(played.events) == ["10 Exec", "10 SyscallEntry getpid", "0 Detached"]
    assert asked(played, 10)[-1] == ("detach", 0)
    assert ("kill", 0) not in asked(played, 10)
    assert played.status is None


def test_a_stop_lets_go_of_its_process() -> None:
    stops = [*START, s.signalled(10, SIGUSR1, 0, 77)]
    played = play(stops, body=lambda e: e.stop.detach() if isinstance(e, ev.Stopped) else 0)
    assert shown(played.events)[1:] == ["10 Stopped 10", "0 Detached"]
    assert asked(played, 10)[-1] == ("detach", SIGUSR1)


@STREAMS
@pytest.mark.parametrize("follow", [False, True])
def test_before_the_first_event(stream: int, follow: bool) -> None:
    played = play(START[:1], started=lambda it: it.detach(10), stream=stream, follow=follow)
    assert shown(played.events) == ["10 Exec", "0 Detached"]


@pytest.mark.parametrize("stream", [0, 1, 2])
def test_each_lwp_goes_from_its_own_stop(stream: int) -> None:
    stops = [*TWO_LWPS, s.entry(10, GETPID), s.entry(11, READ)]
    played = letting_go(stops, 10, at_call if not stream else lambda e: e.lwp == 11, stream=stream)
    assert shown(played.events) == [
        "10 Exec",
        "11 LwpCreated",
        "10 SyscallEntry getpid",
        "11 SyscallEntry read",
        "0 Detached",
    ]
    for lwp in (10, 11):
        assert asked(played, lwp)[-1] == ("detach", 0)
    assert ("interrupt", 0) in asked(played, 11)


def test_text_tells_of_it() -> None:
    text = play(START[:1], started=lambda it: it.detach(10), text=Text.PLAIN).text
    assert [line.split()[3] for line in text.decode().splitlines()] == ["EXEC", "DETACHED"]


def test_an_lwp_that_is_made_meanwhile_goes_as_well() -> None:
    stops = [*TWO_LWPS, s.entry(11, READ), s.made(10, s.EVENT_CLONE, 12, owned=True)]
    played = letting_go([*stops, s.first_stop(12)], 10, at_call)
    assert shown(played.events)[2:] == ["11 SyscallEntry read", "12 LwpCreated", "0 Detached"]
    assert [asked(played, lwp)[-1][0] for lwp in (10, 11, 12)] == ["detach"] * 3


@pytest.mark.parametrize("order", [1, -1], ids=["parent first", "child first"])
def test_a_child_that_is_made_meanwhile_is_announced_and_stays(order: int) -> None:
    stops = [*TWO_LWPS, s.entry(11, READ), *OTHER[::order]]
    stops += [s.entry(20, GETPID), s.exited(20, 0)]
    played = letting_go(stops, 10, lambda e: e.lwp == 11 and at_call(e))
    assert shown(played.events)[3:] == [
        "10 Forked 20",
        "0 Detached",
        "20 SyscallEntry getpid",
        "0 Exited 0",
    ]


def test_a_child_that_stays_ends_with_the_loop() -> None:
    stops = [*START, s.entry(10, FORK), *OTHER, s.entry(20, GETPID), s.killed(20, 9)]
    played = letting_go(
        stops, 10, lambda e: isinstance(e, ev.Forked), leave=lambda e: e.pid == 20 and at_call(e)
    )
    assert ("kill", 0) in asked(played, 20)
    assert asked(played, 10)[-1] == ("detach", 0)


def test_a_changed_call_comes_to_its_exit_first() -> None:
    def body(event: Any) -> None:
        if at_call(event):
            event.stop.inject(retval=5)
            event.stop.detach()

    played = play([*START, s.entry(10, GETPID), s.exit_(10, -38)], body=body)
    assert shown(played.events)[2:] == ["10 SyscallExit getpid 5", "0 Detached"]
    asked_last = [what for what, _ in asked(played, 10)][-5:]
    assert asked_last == ["alter", "resume", "interrupt", "alter", "detach"]


@pytest.mark.parametrize(
    ("end", "told"), [(s.exited(10, 3), "0 Exited 3"), (s.killed(10, 9), "0 Signaled 9")]
)
def test_one_that_ends_before_it_can_go(end: Scripted, told: str) -> None:
    stops = [*TWO_LWPS, *OTHER, s.entry(20, GETPID), s.exited(11, 0), end, s.exited(20, 0)]
    played = letting_go(stops, 10, lambda e: e.pid == 20 and at_call(e))
    assert shown(played.events)[4:] == ["11 LwpExited", told, "0 Exited 0"]
    assert played.status is not None


def test_the_last_lwp_may_end_when_the_others_have_gone() -> None:
    stops = [*TWO_LWPS, s.entry(10, GETPID), s.exited(11, 0)]
    played = letting_go(stops, 10, at_call)
    assert shown(played.events)[2:] == ["10 SyscallEntry getpid", "0 Detached"]


def test_a_first_lwp_that_has_exited_ends_unheard() -> None:
    stops = [*TWO_LWPS, s.entry(10, 60), s.stopped(10, 5, s.EVENT_EXIT), s.entry(11, GETPID)]
    stops += [s.exited(10, 3)]
    played = letting_go(stops, 10, lambda e: e.lwp == 11 and at_call(e))
    assert shown(played.events)[2:] == [
        "10 SyscallEntry exit",
        "10 LwpExited",
        "11 SyscallEntry getpid",
        "0 Detached",
    ]
    assert played.status is None


def test_let_go_at_the_end_of_the_loop() -> None:
    # It was asked for and has not happened: the end of the loop does not kill it.
    stops = [*START, s.entry(10, GETPID)]
    loops: list[pt.Loop] = []
    played = play(stops, started=loops.append, leave=lambda e: at_call(e) and not go(loops, 10))
    assert asked(played, 10)[-1] == ("detach", 0)
    assert ("kill", 0) not in asked(played, 10)


def go(loops: list[pt.Loop], pid: int) -> None:
    loops[0].detach(pid)


def test_twice_is_once_and_a_stranger_is_none() -> None:
    loops: list[pt.Loop] = []

    def body(event: ev.Event) -> None:
        if at_call(event):
            loops[0].detach(10)
            loops[0].detach(10)
            with pytest.raises(pt.NotTraced, match="process 30 is not traced"):
                loops[0].detach(30)
            with pytest.raises(ProcessLookupError):
                loops[0].detach(30)
            with pytest.raises(TypeError):
                loops[0].detach(True)
        if isinstance(event, ev.Detached):
            with pytest.raises(pt.NotTraced):
                loops[0].detach(10)

    played = play([*START, s.entry(10, GETPID)], started=loops.append, body=body)
    assert shown(played.events)[-1] == "0 Detached"


def test_one_more_is_attached_to() -> None:
    loops: list[pt.Loop] = []

    def body(event: ev.Event) -> None:
        if at_call(event) and event.pid == 10:
            assert loops[0].add(30) == 30

    stops = [*START, s.entry(10, GETPID), s.first_stop(30, pid=30), s.entry(30, READ)]
    stops += [s.exited(30, 1), s.exited(10, 0)]
    played = play(stops, started=loops.append, body=body)
    assert shown(played.events)[2:] == [
        "30 Attached",
        "30 SyscallEntry read",
        "0 Exited 1",
        "0 Exited 0",
    ]
    assert loops[0].attached == {30: 1}


def test_what_was_attached_to_is_no_longer_there_when_it_is_let_go() -> None:
    loops: list[pt.Loop] = []

    def body(event: ev.Event) -> None:
        if event.pid == 30 and isinstance(event, ev.Attached):
            loops[0].detach(30)
            with pytest.raises(pt.AttachError):
                loops[0].add(30)

    stops = [s.first_stop(30, pid=30), s.first_stop(40, pid=40), s.exited(40, 0)]
    played = play(stops, attach=[30, 40], started=loops.append, body=body)
    assert shown(played.events) == ["30 Attached", "0 Detached", "40 Attached", "0 Exited 0"]
    assert loops[0].attached == {40: 1}


def test_one_more_is_started_and_the_first_stays_the_root() -> None:
    loops: list[pt.Loop] = []

    def body(event: ev.Event) -> None:
        if at_call(event):
            assert loops[0].add(["other"]) == 20

    stops = [*START, s.entry(10, GETPID), s.exec_(20), s.exit_(20, 0), s.exited(20, 4)]
    played = play([*stops, s.exited(10, 3)], started=loops.append, body=body)
    assert shown(played.events)[2:] == ["20 Exec", "0 Exited 4", "0 Exited 3"]
    assert isinstance(played.status, ev.Exited)
    assert (loops[0].root, played.status.status) == (10, 3)


def test_a_program_has_options_that_a_process_has_not() -> None:
    def started(loop: pt.Loop) -> None:
        with pytest.raises(TypeError, match="cwd: that is for a program"):
            loop.add(30, cwd="/")  # type: ignore[call-overload]
        with pytest.raises(ValueError, match="argv is empty"):
            loop.add([])
        with pytest.raises(TypeError, match="a process id is an int"):
            loop.add(True)

    play([*START, s.exited(10, 0)], started=started)


def test_an_orphan_in_a_loop_that_has_attached_is_not_killed() -> None:
    # Whose child it is cannot be told: it may be one of a process that is only a guest here.
    stops = [*START, s.first_stop(30, pid=30), s.first_stop(40, pid=40, parent=1)]
    stops += [s.exited(30, 0), s.exited(10, 0), s.entry(40, GETPID)]
    played = play(stops, started=lambda it: it.add(30), leave=lambda e: e.pid == 40 and at_call(e))
    assert shown(played.events)[-2:] == ["40 Attached", "40 SyscallEntry getpid"]
    assert asked(played, 40)[-1] == ("detach", 0)
