"""On every system: who is traced besides the LWPs that were there first."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import IO

import pytest
from record import of
from runs import Target, Trace, contents, until
from system import LINUX, untouched

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]
NO_LWPS = pt.ALL & ~(pt.LWP_CREATE | pt.LWP_EXIT)


@pytest.mark.parametrize("text", [False, True], ids=["stop", "text"])
def test_none_leaves_out_lwps_that_are_made(tracee: Tracee, trace: Trace, text: bool) -> None:
    argv = [tracee("portable/threads"), "some", "8"]
    run = trace(argv, follow=pt.Follow.NONE, events=NO_LWPS, text=text)
    assert run.status is not None
    assert run.output == b"made 8\n"
    assert {ev.lwp for ev in run.calls()} == {run.events[0].lwp}
    assert not run.of(pt.LwpCreated) + run.of(pt.LwpExited)
    everything = trace(argv, follow=pt.Follow.LWPS, text=text)
    assert len({ev.lwp for ev in everything.calls()}) == 9


def test_none_reports_no_lwps_where_they_were_asked_for(tracee: Tracee) -> None:
    with pt.spawn([tracee("portable/threads"), "leave", "3"], follow=pt.Follow.NONE) as loop:
        record = list(loop)
    assert not of(record, pt.LwpCreated) + of(record, pt.LwpExited)
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 3


@pytest.mark.parametrize("follow", [pt.Follow.NONE, pt.Follow.LWPS, False])
def test_children_run_free(tracee: Tracee, trace: Trace, follow: pt.Follow | bool) -> None:
    run = trace([tracee("portable/families"), "many", "5"], follow=follow)
    assert {ev.pid for ev in run.events} == {run.root}
    assert len(run.said("child")) == 5


@pytest.mark.parametrize("follow", [pt.Follow.ALL, True])
def test_all_follows_children(tracee: Tracee, trace: Trace, follow: pt.Follow | bool) -> None:
    run = trace([tracee("portable/families"), "many", "5"], follow=follow)
    assert len({ev.pid for ev in run.events}) == 6


def test_none_attaches_to_the_lwps_that_there_are(
    start: Callable[..., Target], tracee: Tracee
) -> None:
    made = start([tracee("portable/targets"), "threads"], stdin=-1)
    until(lambda: made.said("ready"), "ready")
    with pt.attach(made.pid, follow=pt.Follow.NONE) as loop:
        assert loop.attached == {made.pid: 5}
        seen = set()
        for ev in loop:
            seen.add(ev.lwp)
            if len(seen) == 5:
                break
    until(lambda: untouched(made.pid), "it is let go")


def test_an_execve_by_one_that_is_not_traced(tracee: Tracee, scratch: Scratch) -> None:
    """Linux: it takes the process out of the trace; NetBSD: the process is traced on."""
    out = scratch()
    with pt.spawn([tracee("portable/threads"), "exec"], follow=pt.Follow.NONE, stdout=out) as loop:
        record = list(loop)
    assert len(of(record, pt.Exec)) == (1 if LINUX else 2)
    if LINUX:
        assert type(record[-1]) is pt.Detached
        assert loop.status is None
        assert os.waitpid(loop.root, 0) == (loop.root, 17 << 8)
    else:
        assert isinstance(loop.status, pt.Exited)
        assert loop.status.status == 17
    assert contents(out) == f"exec {loop.root}\nnew {loop.root}\n".encode()


def test_what_is_no_policy() -> None:
    with pytest.raises(ValueError, match="7 is not a valid Follow"):
        pt.spawn(["true"], follow=7)  # type: ignore[arg-type]
