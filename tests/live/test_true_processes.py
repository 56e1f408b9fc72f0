"""Processes, their children and their images, held against what they have recorded themselves."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rows import from_events
from runs import Trace, asks_for_results
from true_runs import STATUS, Tell
from truth import CREATED, EXECUTED, FORKED, Truth, read_truth
from truthful import check_truth

import pypicotrace as pt

Tracee = Callable[[str], str]

needs_root = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root may choose a pid, or make a pid namespace (clone(2))"
)


def test_row_20_forks(tell: Tell) -> None:
    assert tell("generations", "forked", "10").status == STATUS


def test_row_5_an_end_is_seen_before_the_parent_is_told_of_it(tell: Tell) -> None:
    """The checker holds each wait4 of the truth against the ends in the trace."""
    told = tell("generations", "forked", "4")
    ends = [i for i, row in enumerate(told.rows) if row.word == "EXITED"]
    waits = [i for i, row in enumerate(told.rows) if row[2:4] == ("SCX", "wait4")]
    assert all(end < wait for end, wait in zip(ends, waits, strict=False))
    assert len(waits) == 4


def test_row_21_vfork_and_its_ends(tell: Tell) -> None:
    told = tell("generations", "vforked")
    assert len(told.of("VFORKED")) == len(told.of("VFORK_DONE")) == 3


def test_row_22_children_of_vfork_children(tell: Tell) -> None:
    assert tell("generations", "nested").status == STATUS


def test_row_23_posix_spawn_that_succeeds_and_that_fails(tell: Tell) -> None:
    told = tell("generations", "spawned")
    assert sorted(row.values for row in told.of("EXITED")) == [(7,), (STATUS,), (127,)]


def test_row_24_clone_with_all_kinds_of_flags(tell: Tell) -> None:
    """Of the one that asks not to be traced there is nothing."""
    told = tell("generations", "cloned")
    assert len(told.of("FORKED")) == 5
    assert len(told.of("VFORKED")) == 1


def at_the_first(kind: type[pt.Event], do: Callable[[Any], object]) -> Callable[[Any], object]:
    left = [None]

    def body(ev: Any) -> None:
        if left and isinstance(ev, kind):
            left.pop()
            do(ev)

    return body


def whole(truth: Truth, how: int) -> bool:
    """Of those that came so, every call has returned but the last, by which they ended."""
    accounts = [account for account in truth.accounts if account.how == how]
    assert accounts
    return all(
        call.after for account in accounts for call in account.calls if call.name != "exit_group"
    )


@asks_for_results
def test_row_25_the_forker_is_killed_at_its_event(
    trace: Trace, tracee: Tracee, tmp_path: Path
) -> None:
    file = tmp_path / "truth"
    kill = at_the_first(pt.Forked, lambda ev: os.kill(ev.pid, signal.SIGKILL))
    run = trace([tracee("generations"), str(file), "forked", "3"], body=kill)
    truth = read_truth(file)
    check_truth(from_events(run.events), truth, killed={run.root: signal.SIGKILL})
    assert whole(truth, FORKED)
    assert len(run.of(pt.Exited)) == 1


def test_row_25_the_forker_is_let_go_at_its_event(tracee: Tracee, tmp_path: Path) -> None:
    """It and its later children run free; the one that it has made then stays traced."""
    file = tmp_path / "truth"
    record: list[pt.Event] = []
    detach = at_the_first(pt.Forked, lambda ev: ev.stop.detach())
    with pt.spawn([tracee("generations"), str(file), "forked", "3"], follow=True) as loop:
        for ev in loop:
            record.append(ev)
            detach(ev)
    assert os.waitpid(loop.root, 0) == (loop.root, STATUS << 8)
    truth = read_truth(file)
    check_truth(from_events(record), truth, complete=False)
    assert whole(truth, FORKED)
    assert [type(ev) for ev in record if ev.lwp == 0] == [pt.Detached, pt.Exited]


@asks_for_results
def test_row_26_children_run_free_where_they_are_not_followed(
    trace: Trace, tracee: Tracee, tmp_path: Path
) -> None:
    file = tmp_path / "truth"
    run = trace([tracee("generations"), str(file), "forked", "3"], follow=False)
    truth = read_truth(file)
    assert whole(truth, FORKED)
    root = Truth([account for account in truth.accounts if account.pid == run.root], truth.clock)
    children = [account.pid for account in truth.accounts if account.how == FORKED]
    check_truth(from_events(run.events), root, unfollowed=children)


@pytest.mark.parametrize(("case", "count"), [("daemons", 3), ("crowd", 100)])
def test_row_27_processes_and_orphans(tell: Tell, case: str, count: int) -> None:
    told = tell("generations", case, str(count))
    assert len(told.of("EXITED")) == 1 + count * (2 if case == "daemons" else 1)


@needs_root
def test_row_27_a_pid_again_and_again(tell: Tell) -> None:
    told = tell("generations", "reused", "20")
    assert len({row.pid for row in told.rows}) == 2


@needs_root
def test_row_28_a_new_pid_namespace(tell: Tell) -> None:
    """Whose doing it is, is said in our ids; what they are told themselves, in theirs."""
    told = tell("generations", "namespaced", killed={0: signal.SIGKILL})
    assert len(told.of("FORKED")) == 3
    assert len(told.of("SIGNALED")) == 1


def test_row_29_an_image_comes_by_execve(tell: Tell) -> None:
    """The exit of execve is the new image's."""
    told = tell("generations", "vforked")
    (image,) = (account for account in told.truth.accounts if account.how == EXECUTED)
    events = [row for row in told.rows if row.pid == image.pid]
    number = next(i for i, row in enumerate(events) if row.word == "EXEC")
    assert events[number + 1][2:] == ("SCX", "execve", (0, 0))


@pytest.mark.parametrize("count", [1, 3])
def test_row_31_several_lwps_execute_an_image(tell: Tell, count: int) -> None:
    """One wins; of the others nothing is missing."""
    assert tell("multitude", "executed", str(count)).status == 7


def test_row_30_the_later_lwp_gets_the_id_of_its_process(tell: Tell) -> None:
    told = tell("multitude", "executed", "1")
    (former,) = (a.lwp for a in told.truth.accounts if a.how == CREATED)
    assert [row.values for row in told.of("EXEC")] == [(), (former,)]


def test_row_31_an_image_in_a_storm_of_lwps(tell: Tell) -> None:
    assert tell("multitude", "storm", "1").status == 7


def test_row_32_execve_fails(tell: Tell) -> None:
    assert tell("generations", "unfit").status == STATUS


def test_row_46_every_exit_status(tell: Tell) -> None:
    told = tell("generations", "forked", "256")
    assert sorted(row.values[0] for row in told.of("EXITED")) == sorted([*range(256), STATUS])
