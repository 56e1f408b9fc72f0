"""On Linux one LWP of a process may stand while its others run, and its death is known at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from record import of
from runs import Trace

import pypicotrace as pt

Tracee = Callable[[str], str]
FOR_EVER = 10**9


def test_the_other_lwps_of_its_process_run(tracee: Tracee) -> None:
    """Each makes calls of its own, however long it takes."""
    with pt.spawn([tracee("portable/threads"), "some", "4"]) as loop:
        late: Any = next(ev for ev in loop if isinstance(ev, pt.LwpCreated))
        late.stop.delay(FOR_EVER)
        others: set[int] = set()
        while len(others - {loop.root}) < 3:
            ev = next(iter(loop))
            assert ev.lwp != late.lwp
            if isinstance(ev, pt.SyscallExit):
                others.add(ev.lwp)


def test_it_goes_on_when_its_time_is_over(tracee: Tracee, trace: Trace) -> None:
    late: list[Any] = []

    def body(ev: Any) -> None:
        if isinstance(ev, pt.LwpCreated) and not late:
            late.append(ev)
            ev.stop.delay(0.2)

    run = trace([tracee("portable/threads"), "some", "4"], body=body)
    lwp, since = late[0].lwp, late[0].ts_ns
    (after,) = [ev for ev in run.events if ev.lwp == lwp and ev.seq > late[0].seq][:1]
    assert after.ts_ns - since >= 200_000_000


def test_a_kill_does_not_wait() -> None:
    with pt.spawn(["sleep", "60"]) as loop:
        timer = threading.Timer(0.05, os.kill, (loop.root, signal.SIGKILL))
        for ev in loop:
            if isinstance(ev, pt.Exec):
                ev.stop.delay(FOR_EVER)
                timer.start()
        timer.join()
        assert isinstance(loop.status, pt.Signaled)


def test_an_execve_of_another_lwp_does_not_wait(tracee: Tracee) -> None:
    """All the others are no more, and the new image has the id of the one that stood."""
    record: list[pt.Event] = []
    with pt.spawn([tracee("portable/threads"), "exec"]) as loop:
        for ev in loop:
            record.append(ev)
            if type(ev) is pt.SyscallEntry and ev.lwp == ev.pid and of(record, pt.LwpCreated):
                assert ev.stop is not None
                ev.stop.delay(FOR_EVER if len(of(record, pt.Exec)) == 1 else 0)
    assert len(of(record, pt.Exec)) == 2
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 17


def test_one_that_dies_in_its_delay_leaves_those_of_others_right() -> None:
    with pt.spawn(["sleep", "60"]) as loop:
        for ev in loop:
            if isinstance(ev, pt.Exec) and ev.pid == loop.root:
                assert ev.stop is not None
                ev.stop.delay(FOR_EVER)
                other = loop.add(["sh", "-c", "exit 4"])
            elif isinstance(ev, pt.Exec):
                os.kill(loop.root, signal.SIGKILL)
                assert ev.stop is not None
                ev.stop.delay(0.1)
            elif isinstance(ev, pt.Exited):
                assert (ev.pid, ev.status) == (other, 4)
    assert isinstance(loop.status, pt.Signaled)
