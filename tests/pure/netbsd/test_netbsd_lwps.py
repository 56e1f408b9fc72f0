"""NetBSD's LWPs and children, on scripts: who is announced, under which id, and how it ends."""

from dataclasses import replace

import pytest
from scripted import (
    EXECVE,
    EXIT,
    FORK,
    GETPID,
    LWP_CREATE,
    LWP_EXIT,
    POSIX_SPAWN,
    READ,
    SIGKILL,
    SIGUSR1,
    SYSCALL,
    play,
    resumed,
    shown,
)

import pypicotrace as pt
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing import script as s
from pypicotrace.testing.script import Request, Scripted

NEW = [
    nb.exec_(10),
    nb.entry(10, LWP_CREATE),
    nb.exit_(10, LWP_CREATE),
    nb.lwp_created(10, 11),
]
ANNOUNCED = ["10/10 Exec", "10/10 SyscallEntry _lwp_create", "10/10 SyscallExit _lwp_create 0"]


def test_an_lwp_comes_and_goes_in_its_own_context() -> None:
    stops = [*NEW, nb.entry(10, LWP_EXIT, lwp=11), nb.lwp_exited(10, 11), nb.entry(10, EXIT)]
    played = play([*stops, s.exited(10, 0)])
    assert shown(played.events) == [
        *ANNOUNCED,
        "10/11 LwpCreated",
        "10/11 SyscallEntry _lwp_exit",
        "10/11 LwpExited",
        "10/10 SyscallEntry exit",
        "10/0 Exited 0",
    ]
    assert resumed(played) == [(SYSCALL, 0)] * 7


@pytest.mark.parametrize("end", [s.exited(10, 3), s.killed(10, SIGKILL)])
def test_lwps_disappear_with_their_process(end: Scripted) -> None:
    stops = [*NEW, nb.lwp_created(10, 12), nb.entry(10, READ, lwp=12), nb.entry(10, EXIT, lwp=11)]
    events = play([*stops, end]).events
    assert shown(events)[:-1] == [
        *ANNOUNCED,
        "10/11 LwpCreated",
        "10/12 LwpCreated",
        "10/12 SyscallEntry read",
        "10/11 SyscallEntry exit",
    ]
    assert (events[-1].lwp, type(events[-1])) in [(0, pt.Exited), (0, pt.Signaled)]


def test_the_first_lwp_may_exit_before_the_others() -> None:
    stops = [*NEW, nb.lwp_exited(10, 10), nb.entry(10, GETPID, lwp=11)]
    stops += [nb.exit_(10, GETPID, 10, lwp=11), nb.signalled(10, 30, 0, 77), s.exited(10, 0)]
    assert shown(play(stops).events)[4:] == [
        "10/10 LwpExited",
        "10/11 SyscallEntry getpid",
        "10/11 SyscallExit getpid 10",
        "10/0 Stopped 30",
        "10/0 Exited 0",
    ]


def test_the_last_lwps_end_is_its_processs_too() -> None:
    stops = [nb.exec_(10), nb.entry(10, LWP_EXIT), nb.lwp_exited(10, 10), s.exited(10, 0)]
    assert shown(play(stops).events)[2:] == ["10/10 LwpExited", "10/0 Exited 0"]


def test_an_lwp_that_the_kernel_did_not_tell_of_is_known_when_it_stops() -> None:
    stops = [nb.exec_(10), nb.entry(10, GETPID, lwp=11), s.exited(10, 0)]
    assert shown(play(stops).events)[1:3] == ["10/11 LwpCreated", "10/11 SyscallEntry getpid"]


def test_exec_by_a_later_lwp_keeps_that_ones_id() -> None:
    stops = [*NEW, nb.entry(10, READ), nb.entry(10, EXECVE, lwp=11), nb.exec_(10, lwp=11)]
    stops += [nb.exit_(10, EXECVE, error=nb.EJUSTRETURN, lwp=11), nb.entry(10, GETPID, lwp=11)]
    played = play([*stops, nb.exit_(10, GETPID, 10, lwp=11), s.exited(10, 0)])
    assert shown(played.events)[4:] == [
        "10/10 SyscallEntry read",
        "10/11 SyscallEntry execve",
        "10/11 Exec",
        "10/11 SyscallExit execve 2",
        "10/11 SyscallEntry getpid",
        "10/11 SyscallExit getpid 10",
        "10/0 Exited 0",
    ]
    left = played.events[7]
    assert isinstance(left, pt.SyscallExit)
    assert left.enter_seq == played.events[5].seq


# Before NetBSD 10, each process counts its LWPs from 1.


def test_ids_that_are_not_the_pid_are_the_lwps_own() -> None:
    stops = [nb.exec_(10, lwp=1), nb.entry(10, FORK, lwp=1), nb.related(10, nb.FORK, 20, lwp=1)]
    stops += [nb.related(20, nb.FORK, 10, lwp=1), nb.entry(20, GETPID, lwp=1)]
    stops += [nb.exit_(10, FORK, 20, lwp=1), nb.exit_(20, GETPID, 20, lwp=1)]
    stops += [nb.lwp_created(20, 2), nb.lwp_created(10, 2), nb.entry(10, READ, lwp=2)]
    stops += [nb.entry(20, READ, lwp=2), nb.lwp_exited(20, 2), nb.exit_(10, READ, 5, lwp=2)]
    assert shown(play([*stops, s.exited(20, 0), s.exited(10, 0)]).events) == [
        "10/1 Exec",
        "10/1 SyscallEntry fork",
        "10/1 Forked 20",
        "20/1 SyscallEntry getpid",
        "10/1 SyscallExit fork 20",
        "20/1 SyscallExit getpid 20",
        "20/2 LwpCreated",
        "10/2 LwpCreated",
        "10/2 SyscallEntry read",
        "20/2 SyscallEntry read",
        "20/2 LwpExited",
        "10/2 SyscallExit read 5",
        "20/0 Exited 0",
        "10/0 Exited 0",
    ]


def test_an_lwp_may_have_the_id_of_another_process() -> None:
    stops = [nb.exec_(10), nb.related(10, nb.FORK, 20), nb.related(20, nb.FORK, 10)]
    stops += [nb.lwp_created(10, 20), nb.entry(10, READ, lwp=20), nb.entry(20, GETPID)]
    stops += [nb.lwp_exited(10, 20), nb.exit_(20, GETPID, 20), s.exited(20, 0), s.exited(10, 0)]
    assert shown(play(stops).events)[2:] == [
        "10/20 LwpCreated",
        "10/20 SyscallEntry read",
        "20/20 SyscallEntry getpid",
        "10/20 LwpExited",
        "20/20 SyscallExit getpid 20",
        "20/0 Exited 0",
        "10/0 Exited 0",
    ]


# Children.

KINDS = [(nb.FORK, "Forked"), (nb.VFORK, "Vforked"), (nb.POSIX_SPAWN, "Spawned")]


@pytest.mark.parametrize("lwp", [20, 1, 35])
@pytest.mark.parametrize(("event", "kind"), KINDS)
@pytest.mark.parametrize("order", [1, -1], ids=["parent first", "child first"])
def test_either_may_stop_first(event: int, kind: str, order: int, lwp: int) -> None:
    both = [nb.related(10, event, 20), nb.related(20, event, 10, lwp=lwp)]
    stops = [nb.exec_(10), *both[::order], nb.entry(20, GETPID, lwp=lwp)]
    played = play([*stops, s.exited(20, 3), s.exited(10, 0)])
    assert shown(played.events)[1:] == [
        f"10/10 {kind} 20",
        f"20/{lwp} SyscallEntry getpid",
        "20/0 Exited 3",
        "10/0 Exited 0",
    ]
    assert played.events[2].program == b"prog20"


def test_a_posix_spawn_that_fails_makes_nobody_and_tells_it_as_its_result() -> None:
    stops = [nb.exec_(10), nb.entry(10, POSIX_SPAWN), nb.exit_(10, POSIX_SPAWN, 2)]
    assert shown(play([*stops, s.exited(10, 0)]).events)[1:] == [
        "10/10 SyscallEntry posix_spawn",
        "10/10 SyscallExit posix_spawn 2",
        "10/0 Exited 0",
    ]


def test_nor_does_one_whose_child_ended_before_anybody_told_of_it() -> None:
    stops = [nb.exec_(10), nb.entry(10, POSIX_SPAWN), s.exited(20, 127)]
    stops += [nb.exit_(10, POSIX_SPAWN, 2), s.exited(10, 0)]
    assert shown(play(stops).events)[2:] == ["10/10 SyscallExit posix_spawn 2", "10/0 Exited 0"]


def test_a_held_child_that_was_killed_is_created_and_ended() -> None:
    stops = [nb.exec_(10), nb.related(20, nb.FORK, 10), s.killed(20, SIGKILL)]
    stops += [nb.related(10, nb.FORK, 20), s.exited(10, 0)]
    assert shown(play(stops).events)[1:] == [
        "10/10 Forked 20",
        "20/0 Signaled 9",
        "10/0 Exited 0",
    ]


def of_family(stop: Scripted, pid: int, parent: int) -> Scripted:
    return replace(stop, pid=pid, parent=parent)


def test_the_orphan_of_a_killed_parent_is_taken_in() -> None:
    child = of_family(nb.related(20, nb.FORK, 10), 20, 10)
    stops = [nb.exec_(10), nb.entry(10, FORK), child, s.killed(10, SIGKILL)]
    played = play([*stops, nb.entry(20, GETPID), s.exited(20, 0)])
    assert shown(played.events)[2:] == [
        "10/0 Signaled 9",
        "20/20 Attached",
        "20/20 SyscallEntry getpid",
        "20/0 Exited 0",
    ]
    assert resumed(played) == [(SYSCALL, 0)] * 4


def test_vfork_is_over_by_exec_exit_or_death() -> None:
    stops = [nb.exec_(10), nb.related(10, nb.VFORK, 20), nb.related(20, nb.VFORK, 10)]
    stops += [s.killed(20, SIGKILL), nb.related(10, nb.VFORK_DONE, 20), s.exited(10, 0)]
    assert shown(play(stops).events)[1:] == [
        "10/10 Vforked 20",
        "20/0 Signaled 9",
        "10/10 VforkDone 20",
        "10/0 Exited 0",
    ]


def test_who_is_not_followed_is_let_go_unannounced() -> None:
    # No event bit was asked for, and yet the kernel told.
    stops = [nb.exec_(10), nb.related(10, nb.FORK, 20), nb.related(20, nb.FORK, 10)]
    played = play([*stops, s.exited(10, 0)], follow=False)
    assert shown(played.events) == ["10/10 Exec", "10/0 Exited 0"]
    assert Request("detach", 20, 0, 0) in played.requests


def test_three_hundred_children_at_once() -> None:
    pids = range(100, 400)
    stops: list[Scripted] = [nb.exec_(10)]
    stops += [nb.related(pid, nb.FORK, 10) for pid in pids]
    stops += [nb.related(10, nb.FORK, pid) for pid in reversed(pids)]
    stops += [s.exited(pid, 0) for pid in pids]
    events = play([*stops, s.exited(10, 0)]).events
    made = [e.child for e in events if isinstance(e, pt.Forked)]
    ended = [e.pid for e in events if isinstance(e, pt.Exited)]
    assert made == [*reversed(pids)]
    assert ended == [*pids, 10]


def test_a_thousand_lwps_come_and_go() -> None:
    ids = range(100, 1100)
    stops = [nb.exec_(10), *(nb.lwp_created(10, lwp) for lwp in ids)]
    stops += [nb.lwp_exited(10, lwp) for lwp in reversed(ids)]
    events = play([*stops, s.exited(10, 0)]).events
    assert [e.lwp for e in events if isinstance(e, pt.LwpCreated)] == [*ids]
    assert [e.lwp for e in events if isinstance(e, pt.LwpExited)] == [*reversed(ids)]


@pytest.mark.parametrize("first", [nb.lwp_created(10, 11), nb.entry(10, GETPID, lwp=11)])
def test_lwps_that_are_not_followed_stop_with_their_process_unheard(first: Scripted) -> None:
    stops = [nb.exec_(10), first, nb.entry(10, READ, lwp=11), nb.entry(10, GETPID)]
    stops += [nb.signalled(10, SIGUSR1, 0, 77), nb.exit_(10, READ, 2**40, lwp=11)]
    stops += [nb.lwp_exited(10, 11), nb.exit_(10, GETPID, 10), s.exited(10, 0)]
    played = play(stops, follow=pt.Follow.NONE)
    assert shown(played.events) == [
        "10/10 Exec",
        "10/10 SyscallEntry getpid",
        "10/0 Stopped 30",
        "10/10 SyscallExit getpid 10",
        "10/0 Exited 0",
    ]
    assert resumed(played) == [(SYSCALL, SIGUSR1 if i == 4 else 0) for i in range(8)]


def test_one_that_was_not_followed_is_all_there_is_after_its_execve() -> None:
    stops = [nb.exec_(10), nb.lwp_created(10, 11), nb.entry(10, EXECVE, lwp=11)]
    stops += [nb.exec_(10, lwp=11), nb.entry(10, GETPID, lwp=11), s.exited(10, 0)]
    assert shown(play(stops, follow=pt.Follow.NONE).events) == [
        "10/10 Exec",
        "10/11 Exec",
        "10/11 SyscallEntry getpid",
        "10/0 Exited 0",
    ]
