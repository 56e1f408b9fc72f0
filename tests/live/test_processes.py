"""Processes and their children: fork, vfork, clone, posix_spawn."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest
from runs import Run, Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

FORKED = {
    "fork": pt.Forked,
    "vfork": pt.Vforked,
    "clone": pt.Forked,
    "clone-silent": pt.Forked,
    "clone-usr1": pt.Forked,
    "clone-files-fs": pt.Forked,
    "clone-vm": pt.Forked,
    "clone-vfork": pt.Vforked,
    "clone-vm-vfork": pt.Vforked,
    "clone-parent": pt.Forked,
    "clone3": pt.Forked,
    "clone3-silent": pt.Forked,
    "posix_spawn": pt.Vforked,
}
"""How a child is made, and what is to be said of it."""

MASKS = {
    "all": pt.ALL,
    "no calls": pt.ALL & ~(pt.SCE | pt.SCX),
    "forks": pt.FORK,
    "vforks": pt.VFORK,
    "ends of vfork": pt.VFORK_DONE,
    "forks and ends": pt.FORK | pt.VFORK | pt.EXIT,
    "entries": pt.SCE,
    "exits": pt.SCX,
    "nothing": pt.Mask(0),
}


def by_process(run: Run) -> dict[int, list[str]]:
    """What is said of each process, but for its calls; processes numbered as they come.

    One who has two children may get a SIGCHLD for each, or one for both.
    """
    kinds: dict[int, list[str]] = {}
    for ev in run.events:
        if isinstance(ev, pt.SyscallEntry):
            continue
        kind, said = type(ev).__name__, kinds.setdefault(ev.pid, [])
        if kind != "Stopped" or said[-1:] != [kind]:
            said.append(kind)
    return dict(enumerate(kinds.values()))


@pytest.mark.parametrize("how", FORKED)
def test_row_20_no_calls_and_all_the_rest(trace: Trace, tracee: Tracee, how: str) -> None:
    """Without calls the tracees are resumed in another way; the rest is the same."""
    argv = [tracee("children"), how, "exec"]
    runs = [trace(argv, events=events) for events in (pt.ALL, pt.ALL & ~(pt.SCE | pt.SCX))]
    assert by_process(runs[0]) == by_process(runs[1])
    assert not any(isinstance(ev, pt.SyscallEntry) for ev in runs[1].events)


def check_end(run: Run, child: int, status: int) -> None:
    """The child's end is what its parent was told."""
    if os.WIFEXITED(status):
        assert run.one(pt.Exited, pid=child).status == os.WEXITSTATUS(status)
    else:
        assert run.one(pt.Signaled, pid=child).signo == os.WTERMSIG(status)


@pytest.mark.parametrize("end", ["exit", "exec", "kill"])
@pytest.mark.parametrize("how", FORKED)
def test_row_24_every_way_to_make_a_child(
    trace: Trace, tracee: Tracee, text: bool, how: str, end: str
) -> None:
    run = trace([tracee("children"), how, end], text=text)
    parent, child, status = run.told("child")
    maker = run.told("middle")[0] if how == "clone-parent" else run.root
    event = run.one(FORKED[how], child=child)
    assert (event.pid, event.lwp) == (maker, maker)
    assert parent == run.root
    if how != "posix_spawn":
        assert run.told("me") == (child, parent)
        assert status == (9 if end == "kill" else 17 << 8)
    assert len(run.of(pt.Exec, pid=child)) == (end == "exec" or how == "posix_spawn")
    check_end(run, child, status)
    check_end(run, run.root, 0)


@asks_for_results
@pytest.mark.parametrize("mask", MASKS.values(), ids=MASKS)
@pytest.mark.parametrize("how", ["fork", "vfork", "clone-silent", "posix_spawn"])
def test_row_20_an_event_iff_it_was_asked_for(
    trace: Trace, tracee: Tracee, how: str, mask: pt.Mask
) -> None:
    run = trace([tracee("children"), how, "exit"], events=mask)
    _, child, _ = run.told("child")
    vforked = FORKED[how] is pt.Vforked
    assert len(run.of(FORKED[how], child=child)) == bool(mask & (pt.VFORK if vforked else pt.FORK))
    assert len(run.of(pt.VforkDone, child=child)) == bool(mask & pt.VFORK_DONE and vforked)
    assert len(run.of(pt.Exited)) == (2 if mask & pt.EXIT else 0)
    kinds = {type(ev) for ev in run.events}
    assert (pt.SyscallEntry in kinds) == bool(mask & pt.SCE)
    assert (pt.SyscallExit in kinds) == bool(mask & pt.SCX)
    if not mask:
        assert not run.events
    assert run.status is not None
    assert run.status.status == 0  # type: ignore[union-attr]


@pytest.mark.parametrize("end", ["exit", "exec", "kill", "noexec"])
def test_row_21_vfork_and_its_end(trace: Trace, tracee: Tracee, text: bool, end: str) -> None:
    run = trace([tracee("children"), "vfork", end], text=text)
    _, child, status = run.told("child")
    began, done = run.one(pt.Vforked, child=child), run.one(pt.VforkDone, child=child)
    assert (began.lwp, done.lwp) == (run.root, run.root)
    between = [ev for ev in run.events if began.seq < ev.seq < done.seq]
    # The parent waits; what is seen meanwhile is the child.
    assert {ev.pid for ev in between} == {child}
    check_end(run, child, status)


def test_row_21_a_vfork_child_killed_while_its_parent_waits(
    trace: Trace, tracee: Tracee, text: bool
) -> None:
    run = trace([tracee("vforks"), "killed"], text=text)
    child, status = run.told("outer")
    assert status == 9
    run.one(pt.Vforked, child=child)
    run.one(pt.VforkDone, child=child)
    check_end(run, child, status)


def test_row_21_a_parent_killed_while_it_waits_for_its_vfork_child(
    trace: Trace, tracee: Tracee, text: bool
) -> None:
    run = trace([tracee("vforks"), "alone"], text=text)
    outer, status = run.told("outer")
    (inner,) = run.told("inner")
    assert status == 9
    assert run.one(pt.Vforked, child=inner).pid == outer
    assert not run.of(pt.VforkDone)
    check_end(run, outer, status)
    check_end(run, inner, 6 << 8)


@pytest.mark.parametrize("case", ["nested", "forks"])
def test_row_22_a_vfork_child_makes_a_child(
    trace: Trace, tracee: Tracee, text: bool, case: str
) -> None:
    run = trace([tracee("vforks"), case], text=text)
    outer, status = run.told("outer")
    inner = run.told("inner")[0]
    assert run.one(pt.Vforked, child=outer).pid == run.root
    run.one(pt.VforkDone, child=outer)
    made = run.one(pt.Vforked if case == "nested" else pt.Forked, child=inner)
    assert made.pid == outer
    assert len(run.of(pt.VforkDone, child=inner)) == (case == "nested")
    check_end(run, inner, 5 << 8)
    check_end(run, outer, status)


@asks_for_results
def test_row_22_exec_fails_in_a_vfork_child(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("vforks"), "noexec"])
    outer, status = run.told("outer")
    (error,) = run.told("error")
    failed = run.one(pt.SyscallExit, pid=outer, name="execve")
    assert failed.error == error == 2
    assert not run.of(pt.Exec, pid=outer)
    run.one(pt.VforkDone, child=outer)
    check_end(run, outer, status)


def test_row_23_posix_spawn(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("children"), "posix_spawn"])
    _, child, status = run.told("child")
    assert run.told("spawn") == (0,)
    run.one(pt.Vforked, child=child)
    assert run.one(pt.Exec, pid=child).program == b"children"
    check_end(run, child, status)


@asks_for_results
def test_row_23_posix_spawn_fails(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("children"), "posix_spawn-fails"])
    assert run.told("spawn") == (2,)
    child = run.one(pt.Vforked).child
    assert not run.of(pt.Exec, pid=child)
    assert {ev.error for ev in run.of(pt.SyscallExit, pid=child, name="execve")} == {2}
    check_end(run, child, 127 << 8)
    assert run.status is not None
    assert run.status.status == 3  # type: ignore[union-attr]


def test_row_24_an_untraced_clone_is_not_followed(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("children"), "clone-untraced"])
    _, child, status = run.told("child")
    assert status == 17 << 8
    assert run.told("me") == (child, run.root)
    assert {ev.pid for ev in run.events} == {run.root}


@pytest.mark.parametrize("calls", [True, False], ids=["calls", "no calls"])
@pytest.mark.parametrize("how", ["clone", "clone3", "vfork", "thread"])
def test_row_24_of_what_asks_not_to_be_traced_nothing_is_said(
    trace: Trace, tracee: Tracee, how: str, calls: bool
) -> None:
    """Nor that its parent goes on, which the kernel tells all the same."""
    events = pt.ALL if calls else pt.ALL & ~(pt.SCE | pt.SCX)
    run = trace([tracee("untraced"), how], events=events, kernel_filter=False)
    assert run.said("child")
    kinds = {type(ev) for ev in run.events} - {pt.SyscallEntry, pt.SyscallExit, pt.Stopped}
    assert kinds == {pt.Exec, pt.Exited}
    assert {(ev.pid, ev.lwp) for ev in run.events} <= {(run.root, run.root), (run.root, 0)}


def test_row_24_a_child_of_the_tracer_by_clone_parent(
    trace: Trace, tracee: Tracee, text: bool
) -> None:
    """Its status is the loop's to take, for it is traced; none is left for the host to wait for."""
    run = trace([tracee("children"), "sibling", "exit"], text=text)
    (child,) = run.told("sibling")
    assert run.told("me") == (child, os.getpid())
    assert run.one(pt.Forked, child=child).pid == run.root
    check_end(run, child, 17 << 8)


@pytest.mark.parametrize("end", ["exit", "exec", "kill"])
@pytest.mark.parametrize("how", FORKED)
def test_row_26_children_are_not_traced_without_following(
    trace: Trace, tracee: Tracee, how: str, end: str
) -> None:
    run = trace([tracee("children"), how, end], follow=False)
    _, child, status = run.told("child")
    assert {tracer for (tracer,) in run.said("tracer") + run.said("new")} == {0}
    assert status == (9 if end == "kill" and how != "posix_spawn" else 17 << 8)
    assert {ev.pid for ev in run.events} == {run.root}
    assert not run.of(FORKED[how], child=child)
    assert not run.of(pt.VforkDone)


def test_row_26_a_child_of_the_tracer_stays_the_hosts(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("children"), "sibling", "exit"], follow=False)
    (child,) = run.told("sibling")
    assert os.waitpid(child, 0) == (child, 17 << 8)
