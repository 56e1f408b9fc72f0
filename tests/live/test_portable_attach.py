"""On every system: attaching to what runs, and letting it go as it was."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from record import check_record, of
from runs import Target, until
from system import LINUX, process, state, untouched

import pypicotrace as pt

Start = Callable[..., Target]
Tracee = Callable[[str], str]

LWPS = {"asleep": 1, "running": 2, "threads": 5}
"""What is attached to, and how many LWPs it has."""
SIGNALED = pytest.mark.parametrize("signo", [signal.SIGUSR1, signal.SIGTERM])


@pytest.fixture
def target(start: Start, tracee: Tracee) -> Callable[[str], Target]:
    def run(how: str) -> Target:
        made = start([tracee("portable/targets"), how], stdin=subprocess.PIPE)
        until(lambda: made.said("ready"), "it is ready")
        if how == "asleep":
            until(lambda: state(made.pid) == "S", "it is asleep in read")
        return made

    return run


def end_input(target: Target) -> None:
    assert target.process.stdin is not None
    target.process.stdin.close()


def take_attached(loop: pt.Loop, lwps: int) -> list[pt.Event]:
    """The record up to the arrival of the last LWP."""
    record: list[pt.Event] = []
    for ev in loop:
        record.append(ev)
        if len(of(record, pt.Attached)) == lwps:
            break
    return record


def check_free(target: Target) -> None:
    """It runs on, does what it is told, and its end is its parent's to know."""
    until(lambda: untouched(target.pid), "it is let go")
    os.kill(target.pid, signal.SIGUSR1)
    until(lambda: target.said("got"), "it handles its signals")
    end_input(target)
    _, status = os.waitpid(target.pid, 0)
    target.process.returncode = os.waitstatus_to_exitcode(status)
    assert target.process.returncode == 9
    assert target.said("done") == [(1,)]


@pytest.mark.parametrize("how", LWPS)
def test_row_7_attached_and_let_go(target: Callable[[str], Target], how: str) -> None:
    made = target(how)
    with pt.attach(made.pid) as loop:
        assert loop.attached == {made.pid: LWPS[how]}
        record = take_attached(loop, LWPS[how])
        assert process(made.pid) is not None
        assert process(made.pid).traced  # type: ignore[union-attr]
    assert len({ev.lwp for ev in of(record, pt.Attached)}) == LWPS[how]
    check_record(record, complete=False)
    check_free(made)


@pytest.mark.parametrize("how", LWPS)
def test_row_9_again_and_again(target: Callable[[str], Target], how: str) -> None:
    made = target(how)
    for _ in range(10):
        with pt.attach(made.pid) as loop:
            take_attached(loop, LWPS[how])
        assert untouched(made.pid)
    check_free(made)


def test_row_9_let_go_of_one_whose_lwps_take_steps(target: Callable[[str], Target]) -> None:
    """Several may have taken theirs when one stops for it: of the others' nobody hears any more."""
    made = target("crowd")
    for steps in range(20, 30):
        taken = 0
        with pt.attach(made.pid, syscalls=[]) as loop:
            for ev in loop:
                taken += isinstance(ev, pt.SingleStep)
                if taken == steps:
                    break
                if ev.stop is not None:
                    ev.stop.step()
        assert untouched(made.pid)
    check_free(made)


@pytest.mark.parametrize("how", LWPS)
def test_row_9_continued_all_the_while(target: Callable[[str], Target], how: str) -> None:
    """Where it is let go by a SIGSTOP, a SIGCONT that comes before that takes it back."""
    made = target(how)
    with subprocess.Popen(["sh", "-c", f"while kill -CONT {made.pid}; do :; done"]) as others:
        try:
            for _ in range(10):
                with pt.attach(made.pid, events=pt.EXIT) as loop:
                    threading.Timer(0.01, loop.interrupt).start()
                    assert not list(loop)
                assert untouched(made.pid)
        finally:
            others.kill()
    check_free(made)


@pytest.mark.parametrize("how", LWPS)
def test_an_attached_process_ends(target: Callable[[str], Target], how: str) -> None:
    """The record has its end, and so has its parent."""
    made = target(how)
    record: list[pt.Event] = []
    with pt.attach(made.pid) as loop:
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Attached) and len(of(record, pt.Attached)) == LWPS[how]:
                end_input(made)
    check_record(record)
    assert of(record, pt.Exited)[0].status == 9
    assert made.process.wait() == 9


@pytest.mark.parametrize("how", LWPS)
def test_row_47_an_attached_process_is_killed(target: Callable[[str], Target], how: str) -> None:
    made = target(how)
    record: list[pt.Event] = []
    with pt.attach(made.pid) as loop:
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Attached) and len(of(record, pt.Attached)) == LWPS[how]:
                os.kill(made.pid, signal.SIGKILL)
    assert of(record, pt.Signaled)[0].signo == signal.SIGKILL
    made.process.wait()  # who was killed in a stop may be waited for already: docs/GUARANTEES.md


def test_one_that_is_always_in_an_execve(start: Start, tmp_path: Path) -> None:
    script = tmp_path / "again"
    script.write_text('exec sh "$0"\n')
    made = start(["sh", str(script)])
    for _ in range(20):
        with pt.attach(made.pid, events=pt.EXEC) as loop:
            assert any(isinstance(ev, pt.Exec) for ev in loop)
    # NetBSD 10.99.12 loses a SIGKILL that comes in the middle of an execve, traced or not.
    until(lambda: made.process.kill() or made.process.poll() is not None, "it is killed")
    assert made.process.returncode == -signal.SIGKILL


def test_row_2_a_stopped_process_stays_stopped(target: Callable[[str], Target]) -> None:
    made = target("asleep")
    os.kill(made.pid, signal.SIGSTOP)
    until(lambda: state(made.pid) == "T", "it is stopped")
    with pt.attach(made.pid) as loop:
        assert isinstance(next(iter(loop)), pt.Attached)
    until(lambda: (p := process(made.pid)) is not None and not p.traced, "it is let go")
    until(lambda: state(made.pid) == "T", "it is stopped as it was")
    os.kill(made.pid, signal.SIGCONT)
    check_free(made)


@SIGNALED
def test_row_9_let_go_with_a_signal_on_its_way(
    target: Callable[[str], Target], signo: signal.Signals
) -> None:
    """A signal that has stopped it for us is delivered by the detach."""
    made = target("asleep")
    with pt.attach(made.pid, events=pt.SIGNAL) as loop:
        os.kill(made.pid, signo)
        stopped: Any = next(ev for ev in loop if isinstance(ev, pt.Stopped) and ev.signo == signo)
        # NetBSD's siginfo of it is that of the SIGSTOP before, and is not believed.
        assert stopped.sender == (os.getpid() if LINUX else None)
    if signo == signal.SIGTERM:
        assert made.process.wait() == -signo
        return
    until(lambda: made.said("got"), "the signal is delivered")
    end_input(made)
    assert made.process.wait() == 9


def test_row_36_inside_a_call(target: Callable[[str], Target]) -> None:
    """NetBSD tells nothing of a call that was under way; Linux of its end, and its restart."""
    made = target("asleep")
    record: list[pt.Event] = []
    with pt.attach(made.pid) as loop:
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.Attached):
                end_input(made)
    check_record(record)
    reads = [ev for ev in record if isinstance(ev, pt.SyscallEntry) and ev.name == "read"]
    assert (len(reads) > 0) == LINUX


def test_the_loop_is_left_in_the_middle(target: Callable[[str], Target]) -> None:
    """By an exception, which goes on: what was attached runs on."""
    made = target("threads")

    def body() -> None:
        with pt.attach(made.pid) as loop:
            for ev in loop:
                assert ev.seq < 30

    with pytest.raises(AssertionError):
        body()
    check_free(made)


@pytest.mark.parametrize("how", ["thread", "handler"])
def test_interrupt(target: Callable[[str], Target], how: str) -> None:
    """From another thread and from a signal handler: the loop ends, the tracee does not."""
    made = target("asleep")
    with pt.attach(made.pid) as loop:
        timer = threading.Timer(0.05, loop.interrupt)
        before = signal.signal(signal.SIGUSR2, lambda signo, frame: loop.interrupt())
        if how == "handler":
            timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR2))
        try:
            timer.start()
            kinds = {type(ev) for ev in loop}
            timer.join()
        finally:
            signal.signal(signal.SIGUSR2, before)
    assert pt.Exited not in kinds
    check_free(made)


def test_row_1_who_cannot_be_attached_to() -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    for pid, error in ((gone.pid, "no such process"), (os.getpid(), "the tracer itself")):
        with pytest.raises(pt.AttachError, match=error), pt.attach(pid):
            pass


def test_row_8_who_is_traced_already(target: Callable[[str], Target]) -> None:
    made = target("asleep")
    with pt.attach(made.pid) as loop:
        assert isinstance(next(iter(loop)), pt.Attached)
        with pytest.raises(pt.AttachError, match="tracing"), pt.attach(made.pid):
            pass
    check_free(made)
