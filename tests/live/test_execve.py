"""execve: by the only LWP, and by a later one among others, which end."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from runs import Run, Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]


def check_images(run: Run, rounds: int) -> None:
    """Each exec that succeeded is there, under the id its caller had, and the last image ended."""
    pid = run.root
    assert run.told("done") == (pid, pid)
    begun, *execs = run.of(pt.Exec, pid=pid)
    assert begun.old_lwp == 0
    assert len(execs) == rounds
    said = run.said("exec")
    for ev in execs:
        assert (pid, ev.old_lwp or pid) in said
    assert run.status is not None
    assert run.status.status == 7  # type: ignore[union-attr]


@asks_for_results
def test_row_29_exec_and_the_exit_of_execve(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("execs"), "leader", "3"], text=text)
    check_images(run, 3)
    # Its exit comes after it, in the new image.
    execs = [
        ev for ev in run.events if isinstance(ev, pt.Exec) or getattr(ev, "name", "") == "execve"
    ]
    assert [type(ev) for ev in execs] == [
        pt.Exec,  # the tracer's own
        *[pt.SyscallEntry, pt.Exec, pt.SyscallExit] * 3,
    ]
    assert {ev.retval for ev in execs if isinstance(ev, pt.SyscallExit)} == {0}


@asks_for_results
def test_row_29_exec_changes_the_program(trace: Trace, tracee: Tracee) -> None:
    run = trace(["/bin/sh", "-c", f"exec {tracee('exits')} 4"])
    first, second = run.of(pt.Exec)
    assert (first.program, second.program) == (b"sh", b"exits")
    exit_of_exec = run.one(pt.SyscallExit, name="execve")
    assert exit_of_exec.program == b"exits"
    assert run.one(pt.Exited).status == 4


@asks_for_results
def test_row_32_exec_fails(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("execs"), "fails"], text=text)
    (error,) = run.told("error")
    assert run.one(pt.SyscallExit, name="execve").error == error
    assert len(run.of(pt.Exec)) == 1


@asks_for_results
@pytest.mark.parametrize("events", [pt.ALL, pt.ALL & ~(pt.SCE | pt.SCX)], ids=["all", "no calls"])
def test_row_30_exec_from_a_later_lwp(
    trace: Trace, tracee: Tracee, text: bool, events: pt.Mask
) -> None:
    run = trace([tracee("execs"), "later", "5"], text=text, events=events)
    check_images(run, 5)
    for ev in run.of(pt.Exec)[1:]:
        assert ev.old_lwp != 0
        # The execve that ends is the one its caller began, under another id.
        if events & pt.SCX:
            entry = run.one(pt.SyscallEntry, lwp=ev.old_lwp, name="execve")
            after = next(e for e in run.events[ev.seq :] if e.lwp == run.root)
            assert type(after) is pt.SyscallExit
            assert after.name == "execve"
            assert after.enter_seq in (entry.seq, pt.SyscallExit().enter_seq)


def test_row_30_exec_after_the_first_lwp_has_exited(
    trace: Trace, tracee: Tracee, text: bool
) -> None:
    run = trace([tracee("execs"), "orphan", "10"], text=text)
    check_images(run, 10)
    assert len(run.of(pt.LwpExited, lwp=run.root)) == 10


@asks_for_results
def test_row_31_several_exec_at_once(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("execs"), "race", "20"], text=text)
    check_images(run, 20)
    # The losers have called execve too, and did not return.
    assert len(run.of(pt.SyscallEntry, name="execve")) >= 20
    assert len(run.of(pt.SyscallExit, name="execve")) == 20


@pytest.mark.parametrize("among", ["storm", "forking"])
def test_row_31_exec_in_a_storm(trace: Trace, tracee: Tracee, text: bool, among: str) -> None:
    run = trace([tracee("execs"), among, "20"], text=text)
    check_images(run, 20)
