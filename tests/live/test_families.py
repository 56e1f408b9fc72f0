"""Many processes, whoever is left of them: of each there is all, from its making to its end."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from runs import Run, Trace

import pypicotrace as pt

Tracee = Callable[[str], str]

CALLS = 10
"""What each process of tracees/families.c makes before it ends."""

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


@pytest.mark.parametrize(("case", "count"), [("daemon", 5), ("chain", 40), ("crowd", 300)])
def test_row_27_processes_and_orphans(
    trace: Trace, tracee: Tracee, text: bool, case: str, count: int
) -> None:
    run = trace([tracee("families"), case, str(count)], text=text)
    check_lives(run, {"daemon": 2 * count + 1, "crowd": count + 1}.get(case, count))
    assert run.status == run.one(pt.Exited, pid=run.root)
    last = run.events[-1]
    assert (last.pid == run.root) == (case == "crowd"), "the others outlive it"


@needs_root
def test_row_27_a_pid_again_and_again(trace: Trace, tracee: Tracee, text: bool) -> None:
    count = 40
    run = trace([tracee("families"), "reuse", str(count)], text=text)
    check_lives(run, count + 1)
    assert [life[-1].status for _, life in lives(run)] == [*range(count), 0]
    assert len({ev.pid for ev in run.events}) == 2
