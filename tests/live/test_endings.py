"""How processes end: by exit, by a signal, by force."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from record import check_record, of
from runs import Trace, until

import pypicotrace as pt

Tracee = Callable[[str], str]

NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)


def test_row_46_every_exit_status(trace: Trace, tracee: Tracee, text: bool) -> None:
    run = trace([tracee("statuses")], text=text)
    assert run.status == pt.Exited(pid=run.root, lwp=0, program=b"statuses", status=0)
    told = run.said("status")
    assert [status for _, status in told] == list(range(256))
    ends = [(ev.pid, ev.status) for ev in run.of(pt.Exited) if ev.pid != run.root]
    assert sorted(ends) == sorted(told)


@pytest.mark.parametrize("status", [0, 1, 127, 128, 255, 256])
def test_row_46_the_status_of_the_root(trace: Trace, tracee: Tracee, status: int) -> None:
    run = trace([tracee("exits"), str(status)])
    assert run.status == run.one(pt.Exited)
    assert run.one(pt.Exited).status == status % 256


@pytest.mark.parametrize(("how", "code"), [("exit 3", 3), ("kill -TERM $$", -signal.SIGTERM)])
def test_the_status_as_subprocess_has_it(how: str, code: int) -> None:
    with pt.spawn(["sh", "-c", how], events=pt.EXIT) as loop:
        assert loop.returncode is None
        assert len(list(loop)) == 1
        assert loop.returncode == code
    assert loop.returncode == code


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


@pytest.fixture(params=["abort", "shot"])
def die_at_once(request: pytest.FixtureRequest, tracee: Tracee) -> list[str]:
    return [tracee("lwps"), request.param, "9"]


@pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])
def test_row_47_many_lwps_die_at_once(
    trace: Trace, die_at_once: list[str], text: bool, tmp_path: Path, events: pt.Mask
) -> None:
    """By a core dump, for which the kernel gathers all LWPs; by a SIGKILL sent to one of them."""
    argv = die_at_once
    untraced = subprocess.run(argv, check=False, cwd=tmp_path, stdout=subprocess.DEVNULL)
    cores = list(tmp_path.glob("core*"))
    for core in cores:
        core.unlink()
    run = trace(argv, text=text, events=events, cwd=tmp_path)
    assert run.status == run.one(pt.Signaled)
    assert run.one(pt.Signaled).signo == -untraced.returncode
    assert len(list(tmp_path.glob("core*"))) == len(cores)
    if cores:
        assert run.one(pt.Signaled).core
    created = [ev.lwp for ev in run.of(pt.LwpCreated)]
    assert len(created) == 9
    assert sorted(ev.lwp for ev in run.of(pt.LwpExited)) == sorted(created)


@pytest.mark.parametrize("killed", ["root", "event's"])
def test_row_47_input_26_sigkill_in_a_stop(
    tracee: Tracee, scratch: Callable[[], IO[bytes]], killed: str
) -> None:
    """Killed while it stands for us: no value is invented, and its end is what comes next."""
    for number in [1, *range(55, 95)]:
        record: list[pt.Event] = []
        with pt.spawn([tracee("children"), "vfork", "exec"], follow=True, stdout=scratch()) as loop:
            for ev in loop:
                record.append(ev)
                if len(record) == number:
                    os.kill(loop.root if killed == "root" else ev.pid, signal.SIGKILL)
                    # What it has just been is known; what it is now can no more be read.
                    with contextlib.suppress(pt.TraceeDied):
                        if ev.stop is not None and ev.pid == loop.root:
                            until_unreadable(ev.stop)
        check_record(record)
        if killed == "root":
            assert loop.status == of(record, pt.Signaled, pid=loop.root)[0]


def until_unreadable(stop: pt.Stop) -> None:
    """Reading from a killed LWP ends with `TraceeDied`; till then, with what it was before."""

    def reads() -> bool:
        with contextlib.suppress(OSError):
            stop.read(8, 1)
        return False

    until(reads, "it has died")
