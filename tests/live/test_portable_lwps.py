"""On every system: LWPs."""

from __future__ import annotations

import errno
import subprocess
from collections import Counter
from collections.abc import Callable
from typing import IO, Any

import pytest
from runs import Run, Trace, asks_for_results
from system import LINUX

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]

NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)
BOTH = pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])


@pytest.fixture
def threads(tracee: Tracee) -> str:
    return tracee("portable/threads")


def lwps(run: Run, kind: type[pt.Event]) -> list[int]:
    return [ev.lwp for ev in run.of(kind)]


@BOTH
@pytest.mark.parametrize("follow", [True, False], ids=["follow", "alone"])
def test_row_41_made_and_gone(
    trace: Trace, threads: str, text: bool, events: pt.Mask, follow: bool
) -> None:
    run = trace([threads, "some", "20"], text=text, events=events, follow=follow)
    assert run.told("made") == (20,)
    created = lwps(run, pt.LwpCreated)
    assert len(set(created)) == 20
    assert run.root not in created
    exited = lwps(run, pt.LwpExited)
    assert len(exited) == len(set(exited))
    # pthread_join(3) need not wait for the LWP's end: some may end with the process, which NetBSD
    # does not tell of.
    assert set(exited) == set(created) if LINUX else set(exited) <= set(created)
    if events == pt.ALL:
        for lwp in created:
            names = [ev.name for ev in run.of(pt.SyscallEntry, lwp=lwp)]
            assert names.count("getppid") == 3


@BOTH
def test_row_42_the_process_exits_while_others_live(
    trace: Trace, threads: str, text: bool, events: pt.Mask
) -> None:
    run = trace([threads, "leave", "9"], text=text, events=events)
    assert len(lwps(run, pt.LwpCreated)) == 9
    assert run.one(pt.Exited).status == 3
    assert run.events[-1] == run.status
    # Where the process stops as a whole, its end is the end of all.
    assert len(lwps(run, pt.LwpExited)) == (9 if LINUX else 0)


@BOTH
def test_row_47_the_process_is_killed(
    trace: Trace, threads: str, text: bool, events: pt.Mask
) -> None:
    run = trace([threads, "kill", "9"], text=text, events=events)
    assert run.one(pt.Signaled).signo == 9
    assert run.events[-1] == run.status


@BOTH
@pytest.mark.parametrize("times", range(5))
def test_row_30_execve_by_another_lwp(
    trace: Trace, threads: str, text: bool, events: pt.Mask, times: int
) -> None:
    """Linux gives it the id of its process; NetBSD leaves it its own."""
    run = trace([threads, "exec"], text=text, events=events)
    assert run.told("exec") == run.told("new") == (run.root,)
    (lwp,) = lwps(run, pt.LwpCreated)
    _, new = run.of(pt.Exec)
    assert (new.lwp, new.old_lwp) == ((run.root, lwp) if LINUX else (lwp, 0))
    assert run.one(pt.Exited).status == 17


def is_of_execve(event: pt.Event) -> bool:
    return isinstance(event, pt.Exec) or getattr(event, "name", "") == "execve"


@BOTH
@pytest.mark.parametrize("how", ["exec 2", "exec 5", "first 2", "first 5"])
def test_execve_while_others_are_asleep(
    trace: Trace, threads: str, text: bool, events: pt.Mask, how: str
) -> None:
    """Each of them is woken for its end, out of a call."""
    run = trace([threads, *how.split()], text=text, events=events)
    assert run.told("exec") == run.told("new") == (run.root,)
    assert len(list(run.of(pt.Exec))) == 2
    assert run.one(pt.Exited).status == 17


@asks_for_results
def test_an_execve_that_fails_while_others_are_asleep(
    trace: Trace, threads: str, text: bool
) -> None:
    run = trace([threads, "fail", "2"], text=text)
    assert run.told("error") == (errno.ENOENT,)
    assert run.told("new") == (run.root,)
    assert run.one(pt.Exited).status == 17
    *_, failed, entry, new, over = [ev for ev in run.events if is_of_execve(ev)]
    assert (type(failed), failed.error) == (pt.SyscallExit, errno.ENOENT)
    assert [type(ev) for ev in (entry, new, over)] == [pt.SyscallEntry, pt.Exec, pt.SyscallExit]


@asks_for_results
@pytest.mark.parametrize("others", [1, 3])
def test_nobody_starves(trace: Trace, threads: str, text: bool, others: int) -> None:
    """LWPs that make calls without end leave the others their turns: to call, to compute, and to
    wait without a call for what the busy ones do.
    """
    run = trace([threads, "turns", str(others)], text=text)
    assert run.told("turns") == (others,)
    assert run.one(pt.Exited).status == 0
    assert not list(run.of(pt.Stopped))
    # Each call has one entry and one exit: none was interrupted to give another its turn.
    for lwp in [run.root, *lwps(run, pt.LwpCreated)]:
        names = [ev.name for ev in run.of(pt.SyscallExit, lwp=lwp)]
        assert names.count("getppid") == [ev.name for ev in run.of(pt.SyscallEntry, lwp=lwp)].count(
            "getppid"
        )


@asks_for_results
def test_each_gets_the_answers_to_its_own_calls(trace: Trace, threads: str) -> None:
    """Every second of its calls is not executed, while the others make theirs."""
    asked, sums = Counter[int](), Counter[int]()

    def body(event: Any) -> None:
        if getattr(event, "name", "") != "getppid":
            return
        if isinstance(event, pt.SyscallExit):
            sums[event.lwp] += event.retval
            return
        asked[event.lwp] += 1
        if asked[event.lwp] % 2:
            event.stop.inject(retval=1000 * event.lwp + asked[event.lwp])

    run = trace([threads, "ask", "5"], body=body, altered=True)
    assert sorted(run.said("sum")) == sorted((told,) for told in sums.values())
    assert set(asked.values()) == {10}
    assert len(asked) == 5


@pytest.mark.parametrize("delay", range(0, 100, 5))
def test_killed_from_outside_at_any_time(threads: str, scratch: Scratch, delay: int) -> None:
    """Whatever its LWPs are doing, and whether the process stands: its end is told, and soon."""
    with pt.spawn([threads, "busy", "2"], stdout=scratch()) as loop:
        killer = subprocess.Popen(["sh", "-c", f"sleep 0.{delay:03}; exec kill -9 {loop.root}"])
        loop.write_text(scratch().fileno())
        assert killer.wait() == 0
    assert loop.status is not None
    assert loop.status.signo == 9
