"""On every system: programs and their children, from the first instruction to the last."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
from runs import Run, Trace, asks_for_results
from system import LINUX

import pypicotrace as pt

Tracee = Callable[[str], str]

MADE: dict[str, type[pt.Event]] = {
    "fork": pt.Forked,
    "vfork": pt.Vforked,
    "clone": pt.Forked,
    "posix_spawn": pt.Vforked if LINUX else pt.Spawned,
}
"""What is said of each way to make a child. Linux does posix_spawn(3) by vfork and execve."""


@pytest.fixture
def families(tracee: Tracee) -> str:
    return tracee("portable/families")


def made(run: Run) -> dict[int, pt.Event]:
    """The children that were announced, and how."""
    kinds = (pt.Forked, pt.Vforked, pt.Spawned)
    return {ev.child: ev for kind in kinds for ev in run.of(kind)}


def check_end(run: Run, child: int, status: int) -> None:
    """The child's end is what its parent was told."""
    if os.WIFEXITED(status):
        assert run.one(pt.Exited, pid=child).status == os.WEXITSTATUS(status)
    else:
        assert run.one(pt.Signaled, pid=child).signo == os.WTERMSIG(status)


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_row_46_exit_statuses(trace: Trace, text: bool, status: int) -> None:
    run = trace(["sh", "-c", f"exit {status}"], text=text)
    assert run.status is not None
    assert isinstance(run.status, pt.Exited)
    assert run.status.status == status
    first, last = run.events[0], run.events[-1]
    assert (type(first), first.program, first.lwp) == (pt.Exec, b"sh", run.root)
    assert (type(last), last.lwp) == (pt.Exited, 0)


def test_row_32_a_program_that_is_not_there() -> None:
    with pytest.raises(pt.LaunchError, match="No such file"), pt.spawn(["/nonexistent/program"]):
        pass


@pytest.mark.parametrize("end", ["exit", "exec", "noexec", "kill"])
@pytest.mark.parametrize("how", [how for how in MADE if how != "posix_spawn"])
def test_row_24_every_way_to_make_a_child(
    trace: Trace, families: str, text: bool, how: str, end: str
) -> None:
    run = trace([families, how, end], text=text)
    parent, child, status = run.told("child")
    assert parent == run.root
    event = run.one(MADE[how], child=child)
    assert (event.pid, event.lwp) == (parent, parent)
    assert made(run).keys() == {child}
    assert len(run.of(pt.Exec, pid=child)) == (end == "exec")
    if end == "exec":
        assert run.told("new") == (child, parent)
    ends = {"exit": 17 << 8, "exec": 17 << 8, "noexec": 18 << 8, "kill": signal.SIGKILL}
    assert status == ends[end]
    check_end(run, child, status)
    check_end(run, run.root, 0)


@pytest.mark.parametrize("end", ["exit", "exec", "noexec", "kill"])
def test_row_21_vfork_and_its_end(trace: Trace, families: str, text: bool, end: str) -> None:
    run = trace([families, "vfork", end], text=text)
    _, child, _ = run.told("child")
    began, done = run.one(pt.Vforked, child=child), run.one(pt.VforkDone, child=child)
    assert (began.lwp, done.lwp) == (run.root, run.root)
    # The parent waits; what is seen meanwhile is the child.
    assert {ev.pid for ev in run.events if began.seq < ev.seq < done.seq} == {child}


@asks_for_results
@pytest.mark.parametrize("how", ["fork", "vfork"])
def test_row_29_execve_that_works_and_one_that_does_not(
    trace: Trace, families: str, how: str
) -> None:
    run = trace([families, how, "noexec"])
    _, child, _ = run.told("child")
    assert run.one(pt.SyscallExit, pid=child, name="execve").error == 2
    run = trace([families, how, "exec"])
    _, child, _ = run.told("child")
    entry, done = (ev for ev in run.calls(child) if ev.name == "execve")
    new = run.one(pt.Exec, pid=child)
    assert entry.seq < new.seq < done.seq
    assert done.enter_seq == entry.seq
    assert (done.error, done.retval) in ((0, 0), (-2, None))


def test_row_23_posix_spawn(trace: Trace, families: str, text: bool) -> None:
    run = trace([families, "posix_spawn", "exec"], text=text)
    parent, child, status = run.told("child")
    assert run.one(MADE["posix_spawn"], child=child).pid == parent
    assert run.told("new") == (child, parent)
    # Where it is a call of its own, the child begins as the new image.
    assert len(run.of(pt.Exec, pid=child)) == (1 if LINUX else 0)
    assert {ev.program for ev in run.events if ev.pid == child} == {b"families"}
    check_end(run, child, status)


def test_row_23_posix_spawn_fails(trace: Trace, families: str, text: bool) -> None:
    run = trace([families, "spawn-fails"], text=text)
    assert run.told("spawn") == (2,)
    assert len(made(run)) == (1 if LINUX else 0)
    assert run.one(pt.Exited, pid=run.root).status == 3


def test_row_27_many_children(trace: Trace, families: str, text: bool) -> None:
    run = trace([families, "many", "40"], text=text)
    told = run.said("child")
    assert [status for _, _, status in told] == [n << 8 for n in range(40)]
    assert made(run).keys() == {child for _, child, _ in told}
    for _, child, status in told:
        check_end(run, child, status)


def test_row_27_a_childs_child(trace: Trace, families: str, text: bool) -> None:
    run = trace([families, "grandchild"], text=text)
    parent, child, status = run.told("child")
    middle, grandchild = run.told("grandchild")
    assert (parent, middle) == (run.root, child)
    assert {pid: ev.pid for pid, ev in made(run).items()} == {child: parent, grandchild: child}
    check_end(run, child, status)
    check_end(run, grandchild, 2 << 8)


@pytest.mark.parametrize("end", ["exit", "exec", "kill"])
@pytest.mark.parametrize("how", MADE)
def test_row_26_children_are_not_traced_without_following(
    trace: Trace, families: str, how: str, end: str
) -> None:
    run = trace([families, how, end], follow=False)
    _, _, status = run.told("child")
    killed = end == "kill" and how != "posix_spawn"
    assert status == (signal.SIGKILL if killed else 17 << 8)
    assert {ev.pid for ev in run.events} == {run.root}
    assert not made(run)
    assert not run.of(pt.VforkDone)


MASKS = {
    "no calls": pt.ALL & ~(pt.SCE | pt.SCX),
    "forks": pt.FORK,
    "ends": pt.EXIT,
    "entries": pt.SCE,
    "exits": pt.SCX,
    "nothing": pt.Mask(0),
}


@asks_for_results
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("how", MADE)
def test_row_20_an_event_iff_it_was_asked_for(
    trace: Trace, families: str, how: str, mask: pt.Mask
) -> None:
    run = trace([families, how, "exec"], events=mask)
    _, child, _ = run.told("child")
    bits = {pt.Forked: pt.FORK, pt.Vforked: pt.VFORK, pt.Spawned: pt.POSIX_SPAWN}
    assert (child in made(run)) == bool(mask & bits[MADE[how]])
    kinds = {type(ev) for ev in run.events}
    assert (pt.SyscallEntry in kinds) == bool(mask & pt.SCE)
    assert (pt.SyscallExit in kinds) == bool(mask & pt.SCX)
    assert len(run.of(pt.Exited)) == (2 if mask & pt.EXIT else 0)
    assert isinstance(run.status, pt.Exited)
    assert run.status.status == 0


@pytest.mark.parametrize("at", [1, 2, 3, 5, 8])
def test_row_25_the_forker_is_killed_at_its_event(families: str, at: int) -> None:
    """Its children, of which it may not have told, end with the loop."""
    with pt.spawn([families, "many", "40"], follow=True) as loop:
        for ev in loop:
            if isinstance(ev, pt.Forked):
                at -= 1
                if at == 0:
                    os.kill(loop.root, signal.SIGKILL)
    assert isinstance(loop.status, pt.Signaled)
    assert loop.status.signo == signal.SIGKILL


def test_row_25_a_process_is_killed_between_fork_and_its_event(families: str) -> None:
    """At the entry of a fork: its child may be there, and nobody has told of it."""
    with pt.spawn([families, "many", "20"], follow=True, events=pt.SCE | pt.EXIT) as loop:
        for ev in loop:
            if isinstance(ev, pt.SyscallEntry) and ev.name in ("fork", "clone", "clone3"):
                break
        os.kill(loop.root, signal.SIGKILL)
        ends = [ev for ev in loop if isinstance(ev, pt.Signaled)]
    assert [ev.pid for ev in ends] == [loop.root]


def test_a_pipeline(trace: Trace, text: bool) -> None:
    run = trace(["sh", "-c", "echo a line | cat | wc; exit 7"], text=text)
    assert run.output.split() == [b"1", b"2", b"7"]
    assert {ev.program for ev in run.of(pt.Exec)} == {b"sh", b"cat", b"wc"}
    assert run.one(pt.Exited, pid=run.root).status == 7
    others = [ev for ev in run.of(pt.Exited) if ev.pid != run.root]
    assert {ev.pid for ev in others} == made(run).keys()
    assert {ev.status for ev in others} == {0}
