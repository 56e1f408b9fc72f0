"""The loop with a filter in the kernel: which way an LWP goes on, and what is said of it."""

from __future__ import annotations

from typing import Any

import pytest
from test_linux_loop import shown

import pypicotrace as pt
from pypicotrace._ffi import lib
from pypicotrace.kinds import Mask
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Played, Scripted, play

READ, GETPID, CLONE, FORK, EXIT, PRCTL, SECCOMP = 0, 39, 56, 57, 60, 157, 317
PR_SET_NAME, PR_SET_SECCOMP, SET_MODE_FILTER, GET_ACTION_AVAIL = 15, 22, 1, 2
UNTRACED, SIGCHLD = 0x00800000, 17
ENOSYS = 38
ON, SYSCALL = lib.PICO_RESUME_CONTINUE, lib.PICO_RESUME_SYSCALL


def filtered(stops: list[Scripted], *words: str, **options: Any) -> Played:
    return play(stops, syscalls=words or ["getpid"], kernel_filter=True, **options)


def ways(played: Played, lwp: int = 10) -> list[int]:
    """How an LWP was resumed, each time."""
    return [r.how for r in played.requests if (r.asked, r.lwp) == ("resume", lwp)]


def test_it_stops_for_a_chosen_call_and_its_exit() -> None:
    stops = [s.exec_(10), s.chosen(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]
    played = filtered(stops)
    assert shown(played.events) == [
        "10 Exec",
        "10 SyscallEntry getpid",
        "10 SyscallExit getpid 10",
        "0 Exited 0",
    ]
    assert ways(played) == [ON, SYSCALL, ON]


def test_entries_alone_are_one_stop_each() -> None:
    stops = [s.exec_(10), s.chosen(10, GETPID), s.chosen(10, GETPID), s.exited(10, 0)]
    played = filtered(stops, events=Mask.SCE)
    assert shown(played.events) == ["10 SyscallEntry getpid"] * 2
    assert ways(played) == [ON, ON, ON]
    every = play(stops, events=Mask.SCE, kernel_filter=True)
    assert (every.events, ways(every)) == (played.events, [ON, ON, ON])


@pytest.mark.parametrize("which", [0, 0x400, 0x800])
def test_an_old_call_by_its_address_is_seen_no_more_than_without(which: int) -> None:
    """A vsyscall, which comes to no exit."""
    stops = [s.exec_(10), s.chosen(10, GETPID, pc=0xFFFFFFFFFF600000 + which)]
    stops += [s.chosen(10, GETPID, pc=0x401000), s.exit_(10, 10), s.exited(10, 0)]
    played = filtered(stops)
    assert shown(played.events) == [
        "10 Exec",
        "10 SyscallEntry getpid",
        "10 SyscallExit getpid 10",
        "0 Exited 0",
    ]
    assert ways(played) == [ON, ON, SYSCALL, ON]


def test_a_call_that_only_the_loop_needs_is_not_reported_and_has_no_exit() -> None:
    stops = [s.exec_(10), s.chosen(10, PRCTL, PR_SET_NAME), s.chosen(10, FORK)]
    stops += [s.made(10, s.EVENT_FORK, 20), s.first_stop(20), s.chosen(20, GETPID)]
    stops += [s.exit_(20, 20), s.exited(20, 0), s.exited(10, 0)]
    played = filtered(stops)
    assert shown(played.events) == [
        "10 Exec",
        "10 Forked 20",
        "20 SyscallEntry getpid",
        "20 SyscallExit getpid 20",
        "0 Exited 0",
        "0 Exited 0",
    ]
    assert ways(played) == [ON, ON, ON, ON]
    assert ways(played, 20) == [ON, SYSCALL, ON]


def test_the_first_lwps_exit_is_asked_for_as_ever() -> None:
    stops = [s.exec_(10), s.chosen(10, CLONE), s.made(10, s.EVENT_CLONE, 11, owned=True)]
    stops += [s.first_stop(11), s.chosen(10, EXIT), s.stopped(10, s.SIGTRAP, s.EVENT_EXIT)]
    stops += [s.exited(11, 0), s.exited(10, 0)]
    played = filtered(stops)
    assert shown(played.events) == [
        "10 Exec",
        "11 LwpCreated",
        "10 LwpExited",
        "11 LwpExited",
        "0 Exited 0",
    ]
    assert ways(played) == [ON, ON, ON, lib.PICO_RESUME_LAST, ON]


@pytest.mark.parametrize("wanted", [True, False])
def test_what_a_filter_of_its_own_leaves_to_a_tracer_fails_as_it_would_without(
    wanted: bool,
) -> None:
    number = GETPID if wanted else READ
    stops = [s.exec_(10), s.chosen(10, number, word=7), s.exit_(10, -ENOSYS), s.exited(10, 0)]
    played = filtered(stops)
    calls = ["10 SyscallEntry getpid", f"10 SyscallExit getpid {-ENOSYS}"] if wanted else []
    assert shown(played.events) == ["10 Exec", *calls, "0 Exited 0"]
    answer, result = (r for r in played.requests if r.asked == "alter")
    assert (answer.how, answer.about[3]) == (lib.PICO_ALTER_ANSWER, ENOSYS)
    assert (result.how, result.about[3]) == (lib.PICO_ALTER_RESULT, ENOSYS)


CONFINING = [(SECCOMP, (SET_MODE_FILTER,)), (SECCOMP, (0,)), (PRCTL, (PR_SET_SECCOMP, 2))]


@pytest.mark.parametrize(("number", "args"), CONFINING)
def test_one_with_a_filter_of_its_own_stops_at_every_call(
    number: int, args: tuple[int, ...]
) -> None:
    """For what that filter refuses, ours does not show."""
    stops = [s.exec_(10), s.chosen(10, number, *args), s.exit_(10, 0)]
    stops += [s.entry(10, READ), s.exit_(10, 1), s.entry(10, GETPID), s.chosen(10, GETPID)]
    stops += [s.exit_(10, 10), s.entry(10, GETPID), s.chosen(10, GETPID, word=7)]
    stops += [s.exit_(10, -ENOSYS), s.made(10, s.EVENT_FORK, 20), s.first_stop(20)]
    stops += [s.exited(20, 0), s.exited(10, 0)]
    played = filtered(stops)
    assert shown(played.events) == [
        "10 Exec",
        "10 SyscallEntry getpid",
        "10 SyscallExit getpid 10",
        "10 SyscallEntry getpid",
        f"10 SyscallExit getpid {-ENOSYS}",
        "10 Forked 20",
        "0 Exited 0",
        "0 Exited 0",
    ]
    assert set(ways(played)[1:]) == {SYSCALL}
    assert ways(played, 20) == [SYSCALL]


def test_asking_about_filters_changes_nothing() -> None:
    stops = [s.exec_(10), s.chosen(10, SECCOMP, GET_ACTION_AVAIL), s.exited(10, 0)]
    assert ways(filtered(stops)) == [ON, ON]


@pytest.mark.parametrize("first", [10, 20])
def test_a_child_that_asks_not_to_be_traced_is_kept_silently(first: int) -> None:
    made = [s.made(10, s.EVENT_VFORK, 20), s.first_stop(20, pid=20, parent=10)]
    if first == 20:
        made.reverse()
    stops = [s.exec_(10), s.chosen(10, CLONE, UNTRACED | SIGCHLD), *made]
    stops += [s.chosen(20, GETPID), s.chosen(20, FORK), s.made(20, s.EVENT_FORK, 30)]
    stops += [s.first_stop(30), s.chosen(30, GETPID), s.exited(30, 0), s.exited(20, 0)]
    stops += [s.stopped(10, s.SIGTRAP, s.EVENT_VFORK_DONE, state=20), s.exit_(10, 20)]
    stops += [s.chosen(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]
    played = filtered(stops)
    assert shown(played.events) == [
        "10 Exec",
        "10 SyscallEntry getpid",
        "10 SyscallExit getpid 10",
        "0 Exited 0",
    ]
    assert [(r.lwp, r.how) for r in played.requests if r.asked == "keep"] == [(10, 0), (10, 1)]
    assert ways(played, 20) == [ON] * 4
    assert ways(played, 30) == [ON] * 2


def test_it_cannot_be_let_go() -> None:
    refused: list[str] = []

    def body(event: Any) -> None:
        with pytest.raises(pt.Unsupported, match="has a filter in the kernel") as raised:
            event.stop.detach()
        refused.append(str(raised.value))

    stops = [s.exec_(10), s.chosen(10, GETPID), s.exit_(10, 10), s.exited(10, 0)]
    filtered(stops, events=Mask.SCE | Mask.SCX, body=body)
    assert len(refused) == 2


def test_nor_can_a_child_whose_parent_is_not_known_any_more() -> None:
    """It stops at every call: what came of the filters of its parent nobody knows."""
    refused: list[int] = []

    def body(event: Any) -> None:
        if event.pid == 20 and type(event) is pt.SyscallEntry:
            with pytest.raises(pt.Unsupported, match="has a filter in the kernel"):
                event.stop.detach()
            refused.append(event.sysnum)

    stops = [s.exec_(10), s.killed(10, 9), s.first_stop(20, pid=20, parent=1)]
    stops += [s.entry(20, READ), s.exit_(20, 1), s.entry(20, GETPID), s.chosen(20, GETPID)]
    stops += [s.exit_(20, 20), s.exited(20, 0)]
    played = filtered(stops, body=body)
    assert shown(played.events) == [
        "10 Exec",
        "0 Signaled 9",
        "20 Attached",
        "20 SyscallEntry getpid",
        "20 SyscallExit getpid 20",
        "0 Exited 0",
    ]
    assert refused == [GETPID]
    assert set(ways(played, 20)) == {SYSCALL}


@pytest.mark.parametrize("options", [{"syscalls": None}, {"events": Mask.EXIT}])
def test_where_it_would_spare_nothing_there_is_none(options: dict[str, Any]) -> None:
    loops: list[Any] = []
    kept = {"syscalls": ["getpid"], **options}
    play([s.exec_(10), s.exited(10, 0)], kernel_filter=True, started=loops.append, **kept)
    assert not loops[0].filtering.in_kernel


def test_netbsd_has_none() -> None:
    with pytest.raises(pt.Unsupported, match="has no filters of system calls in the kernel"):
        play([], syscalls=["getpid"], kernel_filter=True, os="netbsd")


def test_it_goes_with_following() -> None:
    with pytest.raises(ValueError, match="kernel_filter goes with follow=True and without keep"):
        pt.spawn(["true"], kernel_filter=True)
    with pytest.raises(ValueError, match="who has it has it for ever"):
        pt.spawn(["true"], follow=True, kernel_filter=True, keep=lambda path, argv: True)
