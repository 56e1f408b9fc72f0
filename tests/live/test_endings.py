"""How processes end: by exit, by a signal, by force."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from runs import Trace

import pypicotrace as pt

Tracee = Callable[[str], str]


def test_row_46_every_exit_status(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("statuses")], text=text)
    assert run.status == pt.Exited(pid=run.root, lwp=0, program=b"statuses", status=0)
    told = run.said("status")
    assert [status for _, status in told] == list(range(256))
    ends = {ev.pid: ev.status for ev in run.of(pt.Exited) if ev.pid != run.root}
    assert ends == dict(told)


@pytest.mark.parametrize("status", [0, 1, 127, 128, 255, 256])
def test_row_46_the_status_of_the_root(trace: Trace, tracee: Tracee, status: int) -> None:
    run = trace([tracee("exits"), str(status)])
    assert run.status == run.one(pt.Exited)
    assert run.one(pt.Exited).status == status % 256


@pytest.mark.parametrize("core", [False, True], ids=["no core", "core"])
def test_row_46_every_fatal_signal(
    trace: Trace, tracee: Tracee, tmp_path: Path, text: bool, core: bool
) -> None:
    run = trace([tracee("deaths"), *["core"] * core], text=text, cwd=tmp_path)
    told = run.said("death")
    assert len(told) == 56
    ends = {ev.pid: (ev.signo, int(ev.core)) for ev in run.of(pt.Signaled)}
    assert ends == {pid: (signo, dumped) for pid, signo, dumped in told}
    for pid, signo, _ in told:
        # It arrives before it kills; SIGKILL alone cannot be seen arriving.
        assert len(run.of(pt.Stopped, pid=pid, signo=signo)) == (signo != 9)
