"""LWPs: made, gone, and the process without its first."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

import pytest
from runs import Run, Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)


def check_lwps(run: Run, count: int) -> None:
    """Each LWP is created once and exits once. (In which order, the record's check has seen.)"""
    created = [ev.lwp for ev in run.of(pt.LwpCreated)]
    exited = [ev.lwp for ev in run.of(pt.LwpExited)]
    assert len(created) == count
    assert sorted(created) == sorted(exited)


@pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])
def test_row_41_a_thousand_lwps(trace: Trace, tracee: Tracee, text: bool, events: pt.Mask) -> None:
    run = trace([tracee("lwps"), "storm", "1000"], text=text, events=events)
    assert run.told("made") == (1000,)
    check_lwps(run, 1000)


def test_row_41_lwps_make_lwps(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("lwps"), "tree", "5"], text=text)
    assert run.told("made") == (63,)
    check_lwps(run, 62)


@asks_for_results
def test_row_41_lwps_are_traced_without_following(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("lwps"), "storm", "20"], follow=False)
    check_lwps(run, 20)
    for ev in run.of(pt.LwpCreated):
        assert run.one(pt.SyscallExit, lwp=ev.lwp, name="gettid").retval == ev.lwp


@pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])
def test_row_42_lwps_end_as_the_process_exits(
    trace: Trace, tracee: Tracee, text: bool, events: pt.Mask
) -> None:
    run = trace([tracee("lwps"), "group", "9"], text=text, events=events)
    assert run.told("made") == (9,)
    check_lwps(run, 9)
    assert isinstance(run.events[-1], pt.Exited)


@asks_for_results
@pytest.mark.parametrize("follow", [True, False], ids=["follow", "alone"])
@pytest.mark.parametrize("how", ["clone3", "vfork", "signal"])
def test_row_24_an_lwp_by_clone(trace: Trace, tracee: Tracee, how: str, follow: bool) -> None:
    run = trace([tracee("lwps"), how], follow=follow)
    (lwp,) = run.told("lwp")
    if how != "clone3" and not follow:
        # The kernel goes by the other flags in its choice of event (kernel_clone(), kernel/fork.c):
        # it takes this LWP for a child, which is followed only where children are.
        check_lwps(run, 0)
        return
    check_lwps(run, 1)
    assert run.one(pt.LwpCreated).lwp == lwp
    assert [ev.name for ev in run.calls(lwp)] == ["getppid", "getppid", "exit"]


@pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])
@pytest.mark.parametrize("end", ["exit", "late", "exit_group", "kill", "crash", "exec"])
def test_row_43_the_first_lwp_exits_first(
    trace: Trace, tracee: Tracee, text: bool, end: str, events: pt.Mask
) -> None:
    run = trace([tracee("leaderless"), end], text=text, events=events)
    _, last = run.told("last")
    gone = run.one(pt.LwpExited, lwp=run.root)
    assert run.status is not None
    if end == "exec":
        new = run.of(pt.Exec)[1]
        assert (new.lwp, new.old_lwp) == (run.root, last)
        assert gone.seq < new.seq
    else:
        assert gone.seq < run.one(pt.LwpExited, lwp=last).seq
    # Which LWP's status is the process's, where each calls exit(2), is for the kernel to say.
    traced = -run.status.signo if isinstance(run.status, pt.Signaled) else run.status.status
    if end == "late":
        # Two exit at once, and either may be the last.
        assert traced in (5, 6)
    else:
        untraced = subprocess.run([tracee("leaderless"), end], check=False).returncode
        assert traced == untraced
