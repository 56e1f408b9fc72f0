"""Attaching to a child of the host's own: host and trace both learn how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from record import check_record, of
from runs import Target, until

import pypicotrace as pt

Tracee = Callable[[str], str]
Start = Callable[..., Target]

BOTH = pytest.mark.parametrize(
    "events", [pt.ALL, pt.ALL & ~(pt.SCE | pt.SCX)], ids=["all", "no calls"]
)


@pytest.fixture
def last_pid() -> Callable[[int], object]:
    """Has the next process get the id after this one, if nobody else's comes first."""
    if os.geteuid() != 0:
        pytest.skip("only root chooses process ids")
    return lambda pid: Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid))


def end_input(target: Target) -> None:
    assert target.process.stdin is not None
    target.process.stdin.close()


def trace_to_the_end(target: Target, lwps: int, events: pt.Mask) -> list[pt.Event]:
    """Attach to it, tell it to go on, and take all that comes."""
    with pt.attach(target.pid, events=events) as loop:
        assert loop.attached == {target.pid: lwps}
        record = []
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Attached) and len(of(record, pt.Attached)) == lwps:
                end_input(target)
    check_record(record, mask=events, complete=False)
    return record


def told_to_host(target: Target) -> int:
    """As Popen.returncode: 0 is also what it makes of a child that somebody else has waited for."""
    _, status = os.waitpid(target.pid, 0)
    target.process.returncode = os.waitstatus_to_exitcode(status)
    return target.process.returncode


def stands_at_its_end(lwp: int) -> bool:
    """Of one that SIGKILL was sent to: it has heeded it, and stands again."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{lwp}/status").read_text().splitlines()
    )
    pending = int(fields["SigPnd"], 16) >> (signal.SIGKILL - 1) & 1
    return fields["State"].split()[0] == "t" and not pending


def told_to_trace(record: list[pt.Event]) -> int:
    if signaled := of(record, pt.Signaled):
        return -int(signaled[0].signo)
    (exited,) = of(record, pt.Exited)
    return int(exited.status)


@BOTH
@pytest.mark.parametrize("script", ["exit 0", "exit 200", "kill -TERM $$", "kill -ABRT $$"])
def test_row_3_an_attached_child_ends(start: Start, script: str, events: pt.Mask) -> None:
    target = start(["sh", "-c", f"echo ready; read line; {script}"], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "ready")
    record = trace_to_the_end(target, 1, events)
    expected = subprocess.run(["sh", "-c", script], check=False).returncode
    assert told_to_trace(record) == told_to_host(target) == expected


@BOTH
@pytest.mark.parametrize("end", ["exit", "exit_group", "kill", "crash", "exec", "late"])
def test_row_3_an_attached_child_ends_after_its_first_lwp(
    start: Start, tracee: Tracee, end: str, events: pt.Mask
) -> None:
    target = start([tracee("leaderless"), end, "first"], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "ready")
    record = trace_to_the_end(target, 2, events)
    expected = subprocess.run([tracee("leaderless"), end], check=False).returncode
    assert told_to_trace(record) == told_to_host(target) == expected


@BOTH
def test_row_3_an_attached_child_is_killed(start: Start, tracee: Tracee, events: pt.Mask) -> None:
    target = start([tracee("spinners"), "8"])
    until(lambda: target.said("ready"), "ready")
    record = []
    with pt.attach(target.pid, events=events) as loop:
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Attached) and len(of(record, pt.Attached)) == 8:
                os.kill(target.pid, signal.SIGKILL)
    assert told_to_trace(record) == told_to_host(target) == -signal.SIGKILL


def test_row_3_an_attached_child_is_killed_where_it_is_in_a_group_stop(
    start: Start, tracee: Tracee
) -> None:
    """It then stands at its end, and that is no stop to be listened in."""
    killed = start([tracee("spinners"), "1"])
    until(lambda: killed.said("ready"), "ready")
    os.kill(killed.pid, signal.SIGSTOP)
    until(lambda: killed.lwps()[killed.pid]["State"].startswith("T"), "stopped")
    record = []
    with pt.attach(killed.pid) as loop:
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Attached):
                os.kill(killed.pid, signal.SIGKILL)
                until(lambda: stands_at_its_end(killed.pid), "at its end")
    assert told_to_trace(record) == told_to_host(killed) == -signal.SIGKILL


@pytest.mark.parametrize("waits", ["at once", "afterwards"])
def test_row_3_an_attached_child_is_killed_where_its_first_lwp_stands(
    start: Start, tracee: Tracee, waits: str
) -> None:
    """It then is let go on from the stop of its end, not from the one that it was killed in."""
    other = start(["sh", "-c", "echo ready; read line; exec sleep 0"], stdin=subprocess.PIPE)
    until(lambda: other.said("ready"), "ready")
    killed = start([tracee("spinners"), "2"])
    until(lambda: killed.said("ready"), "ready")
    told = []
    record = []
    with pt.attach(other.pid, killed.pid) as loop:
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.SyscallEntry) and ev.lwp == killed.pid and not told:
                os.kill(killed.pid, signal.SIGKILL)
                until(lambda: stands_at_its_end(killed.pid), "at its end")
                told.append(killed.pid)
            if isinstance(ev, pt.Signaled):
                if waits == "at once":
                    assert told_to_host(killed) == -signal.SIGKILL
                end_input(other)
    check_record(record, complete=False)
    (signaled,) = of(record, pt.Signaled)
    assert (signaled.pid, signaled.signo) == (killed.pid, signal.SIGKILL)
    assert [ev.pid for ev in of(record, pt.Exec)] == [other.pid]
    assert told_to_host(other) == 0
    if waits == "afterwards":
        assert told_to_host(killed) == -signal.SIGKILL


def test_an_attached_child_is_killed_where_it_is_to_make_a_call_for_the_tracer(
    start: Start, tracee: Tracee
) -> None:
    """It goes on from there to its end, which is not taken from the host."""
    killed = start([tracee("spinners"), "1"])
    until(lambda: killed.said("ready"), "ready")
    record = []
    with pt.attach(killed.pid) as loop:
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.SyscallEntry) and ev.stop is not None:
                os.kill(killed.pid, signal.SIGKILL)
                until(lambda: stands_at_its_end(killed.pid), "at its end")
                with pytest.raises(pt.TraceeDied):
                    ev.stop.syscall("getpid")
    assert told_to_trace(record) == told_to_host(killed) == -signal.SIGKILL


def test_another_gets_the_id_of_a_child_that_was_killed_where_it_stood(
    start: Start, tracee: Tracee, last_pid: Callable[[int], object]
) -> None:
    killed = start([tracee("spinners"), "2"])
    until(lambda: killed.said("ready"), "ready")
    with pt.attach(killed.pid) as loop:
        for ev in loop:
            if isinstance(ev, pt.SyscallEntry) and ev.lwp == killed.pid:
                os.kill(killed.pid, signal.SIGKILL)
                until(lambda: stands_at_its_end(killed.pid), "at its end")
    assert told_to_host(killed) == -signal.SIGKILL
    pids = []

    def spawned_as(pid: int) -> bool:
        last_pid(pid - 1)
        with pt.spawn(["true"]) as loop:
            list(loop)
        assert isinstance(loop.status, pt.Exited)
        pids.append(loop.root)
        return loop.root == pid

    until(lambda: spawned_as(killed.pid), f"{killed.pid} again, of {pids}")


@pytest.mark.parametrize("whose", ["the host's", "another's"])
def test_row_43_let_go_after_the_first_lwp_has_exited(
    start: Start, tracee: Tracee, whose: str
) -> None:
    """It can neither stop nor be detached from: nobody waits for it, and its parent gets its end.

    But where it is another's child, not before the tracing thread has ended: so the kernel does it.
    """
    argv = [tracee("leaderless"), "told", "first"]
    if whose == "another's":
        argv = ["sh", "-c", '"$@"; exit $?', "sh", *argv]
    target = start(argv, stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "ready")
    ((pid,),) = target.said("ready")

    def trace() -> None:
        with pt.attach(pid, events=pt.ALL & ~(pt.SCE | pt.SCX)) as loop:
            for ev in loop:
                if isinstance(ev, pt.Attached) and ev.lwp == pid:
                    end_input(target)
                if isinstance(ev, pt.LwpExited):
                    loop.interrupt()

    tracer = threading.Thread(target=trace)
    tracer.start()
    tracer.join()
    os.kill(pid, signal.SIGUSR1)
    assert told_to_host(target) == 5
