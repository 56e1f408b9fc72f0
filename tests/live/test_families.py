"""Many processes, whoever is left of them: of each there is all, from its making to its end."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from runs import Run, Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

CALLS = 4
"""What each process of tracees/families.c makes before it ends."""

NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may choose a pid, or make a pid namespace (clone(2))"
)


def lives(run: Run) -> list[tuple[int, list[Any]]]:
    """The pid of each process and what is said of it, in the order of their ends."""
    running: dict[int, list[Any]] = {run.root: []}
    ended = []
    for ev in run.events:
        running[ev.pid].append(ev)
        if isinstance(ev, pt.Forked | pt.Vforked):
            assert ev.child not in running
            running[ev.child] = []
        elif isinstance(ev, pt.Exited | pt.Signaled):
            ended.append((ev.pid, running.pop(ev.pid)))
    assert not running
    return ended


def check_lives(run: Run, count: int) -> None:
    """Each has made its calls, and has ended with the status that it has told."""
    ended = lives(run)
    assert sorted((pid, life[-1].status) for pid, life in ended) == sorted(run.said("process"))
    assert len(ended) == count
    for _, life in ended:
        made = [ev for ev in life if isinstance(ev, pt.SyscallExit) and ev.name == "getppid"]
        assert len(made) >= CALLS
        assert {ev.lwp for ev in life[:-1]} == {life[-1].pid}


@asks_for_results
@pytest.mark.parametrize(("case", "count"), [("daemon", 5), ("chain", 40), ("crowd", 300)])
def test_row_27_processes_and_orphans(
    trace: Trace, tracee: Tracee, text: bool, case: str, count: int
) -> None:
    run = trace([tracee("families"), case, str(count)], text=text)
    check_lives(run, {"daemon": 2 * count + 1, "crowd": count + 1}.get(case, count))
    assert run.status == run.one(pt.Exited, pid=run.root)
    last = run.events[-1]
    assert (last.pid == run.root) == (case == "crowd"), "the others outlive it"


@asks_for_results
@needs_root
def test_row_27_a_pid_again_and_again(trace: Trace, tracee: Tracee, text: bool) -> None:
    count = 40
    run = trace([tracee("families"), "reuse", str(count)], text=text)
    check_lives(run, count + 1)
    assert [life[-1].status for _, life in lives(run)] == [*range(count), 0]
    assert len({ev.pid for ev in run.events}) == 2


@needs_root
@pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])
def test_row_27_the_former_id_of_an_lwp_that_has_called_execve(
    trace: Trace, tracee: Tracee, text: bool, events: pt.Mask
) -> None:
    """It is another's before the tracer has been told of the execve."""
    count = 10
    run = trace([tracee("families"), "execs", str(count)], text=text, events=events)
    ended = lives(run)
    assert sorted((pid, life[-1].status) for pid, life in ended) == sorted(run.said("process"))
    assert len(ended) == 3 * count + 1
    former = [ev.old_lwp for ev in run.of(pt.Exec) if ev.old_lwp]
    assert former == [pid for pid, status in run.said("process") if status == 4]


@asks_for_results
@needs_root
def test_row_28_a_new_pid_namespace(trace: Trace, tracee: Tracee, text: bool) -> None:
    """Whose event it is, and who was made, is said in our ids; what they themselves see, is not."""
    run = trace([tracee("namespaces"), "all"], text=text)
    first, inner = run.told("first")
    assert inner == 1
    ends = {"fork": 5, "vfork": 4, "further": 6, "inmost": 7, "middle": 8, "orphan": 9, "new": 17}
    outside = {word: run.told(word)[0] for word in [*ends, "first", "lwp"]}
    for word, status in ends.items():
        assert run.one(pt.Exited, pid=outside[word]).status == status
    made = {"fork": "first", "further": "first", "middle": "first"}
    made |= {"inmost": "further", "orphan": "middle"}
    for child, parent in made.items():
        assert run.one(pt.Forked, child=outside[child]).pid == outside[parent]
    assert run.one(pt.Forked, child=first).pid == run.root
    for kind in (pt.Vforked, pt.VforkDone):
        assert run.one(kind, child=outside["vfork"]).pid == first
    assert run.one(pt.LwpCreated, lwp=outside["lwp"]).pid == first
    assert run.one(pt.Exec, pid=first).old_lwp == outside["lwp"]
    assert {ev.pid for ev in run.events} == {run.root, *outside.values()} - {outside["lwp"]}
    # A signal's sender is whom the receiver knows, and wait4 returns what it returns to it.
    waited = [ev.retval for ev in run.calls(first) if result(ev, "wait4")]
    assert waited == [run.told(word)[1] for word in ENDS_IN_ORDER]
    # (One SIGCHLD may stand for two.)
    senders = {ev.sender for ev in run.of(pt.Stopped, pid=first, signo=signal.SIGCHLD)}
    assert waited[0] in senders <= set(waited)


ENDS_IN_ORDER = ["fork", "vfork", "further", "middle", "orphan"]
"""Of the children of the first process in the namespace."""


def result(ev: pt.Event, name: str) -> bool:
    return isinstance(ev, pt.SyscallExit) and ev.name == name and not ev.error


@needs_root
def test_row_28_the_end_of_a_pid_namespace(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("namespaces"), "killed"], text=text)
    first, status = run.told("child")
    doomed = {pid for pid, _ in run.said("doomed")}
    assert len(doomed) == 8
    assert status == signal.SIGKILL
    ends = run.of(pt.Signaled)
    assert {ev.pid for ev in ends} == doomed
    assert {ev.signo for ev in ends} == {signal.SIGKILL}
    assert ends[-1].pid == first, "it waits for all of the others (zap_pid_ns_processes())"
