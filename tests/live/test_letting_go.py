"""Attaching in the middle of things, and letting go of all LWPs: unharmed, stopped if they were.

Signals are sent by os.kill: Popen.send_signal waits for its process first, and would take a stop of
the tracee's away from the loop.
"""

from __future__ import annotations

import contextlib
import mmap
import os
import signal
import struct
import subprocess
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue

import pytest
from record import check_record, of
from runs import Target, fields, until

import pypicotrace as pt

Tracee = Callable[[str], str]
Start = Callable[..., Target]

NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)
BOTH = pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])


def take(loop: pt.Loop, most: int) -> list[pt.Event]:
    """That many events, or all if they are fewer."""
    record = []
    for ev in loop:
        record.append(ev)
        if len(record) == most:
            break
    return record


def take_attached(loop: pt.Loop, lwps: int) -> list[pt.Event]:
    """Until that many LWPs have been attached to."""
    record: list[pt.Event] = []
    while len(of(record, pt.Attached)) < lwps:
        record += take(loop, 1)
    return record


def check_free(target: Target) -> None:
    """No LWP of it is traced or stands in a tracer's stop."""
    for lwp, status in target.lwps().items():
        assert status["TracerPid"] == "0", lwp
        assert not status["State"].startswith("t"), lwp


class Counters:
    """The counters of tracees/spinners.c."""

    def __init__(self, path: Path, lwps: int) -> None:
        path.write_bytes(bytes(8 * lwps))
        self.lwps = lwps
        with path.open("r+b") as file:
            self.map = mmap.mmap(file.fileno(), 8 * lwps)

    def read(self) -> tuple[int, ...]:
        return struct.unpack(f"{self.lwps}Q", self.map[:])

    def all_grow(self) -> None:
        before = self.read()
        until(lambda: all(a < b for a, b in zip(before, self.read(), strict=True)), "all LWPs run")


@pytest.fixture
def spinners(
    start: Start, tracee: Tracee, tmp_path: Path
) -> Iterator[Callable[[int], tuple[Target, Counters]]]:
    made: list[Counters] = []

    def run(lwps: int) -> tuple[Target, Counters]:
        path = tmp_path / "counters"
        counters = Counters(path, lwps)
        made.append(counters)
        target = start([tracee("spinners"), str(lwps), str(path)])
        until(lambda: target.said("ready"), "ready")
        return target, counters

    yield run
    for counters in made:
        counters.map.close()


Spinners = Callable[[int], tuple[Target, Counters]]


@BOTH
def test_all_lwps_are_attached_and_run_on_after_the_detach(
    spinners: Spinners, events: pt.Mask
) -> None:
    target, counters = spinners(6)
    lwps = set(target.lwps())
    for _ in range(5):
        with pt.attach(target.pid, events=events) as loop:
            assert loop.attached == {target.pid: 6}
            record = take_attached(loop, 6)
            assert {ev.lwp for ev in of(record, pt.Attached)} == lwps
            assert {status["TracerPid"] for status in target.lwps().values()} == {str(os.getpid())}
            if events & pt.SCE:
                record += take(loop, 500)
            check_record(record, mask=events, complete=False)
        check_free(target)
        counters.all_grow()
    assert set(target.lwps()) == lwps


def test_every_lwp_makes_progress_while_traced(spinners: Spinners) -> None:
    target, counters = spinners(6)
    with pt.attach(target.pid) as loop:
        before = counters.read()
        for _ in loop:
            if all(a < b for a, b in zip(before, counters.read(), strict=True)):
                break
    check_free(target)


@pytest.mark.parametrize("attached", [0, 3, 6], ids=["at once", "half attached", "attached"])
def test_calls_survive_attaching_and_detaching(start: Start, tracee: Tracee, attached: int) -> None:
    """LWPs asleep in calls sleep on (those that signal(7) excepts are not among them)."""
    target = start([tracee("sleepers")], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "ready")
    until(lambda: {s["State"][0] for s in target.lwps().values()} == {"S"}, "all are asleep")
    for _ in range(3):
        with pt.attach(target.pid) as loop:
            assert loop.attached == {target.pid: 6}
            check_record(take_attached(loop, attached), complete=False)
        check_free(target)
    assert target.process.stdin is not None
    target.process.stdin.close()
    assert target.process.wait() == 6
    assert target.said("read") == [(1, 0)]
    assert target.said("poll") == [(1, 0)]
    assert target.said("futex") == [(0, 0)]
    assert target.said("nanosleep") == []
    assert target.said("pause") == []


def test_an_attached_process_ends_while_it_is_traced(start: Start, tracee: Tracee) -> None:
    target = start([tracee("sleepers")], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "ready")
    with pt.attach(target.pid) as loop:
        record = take_attached(loop, 6)
        assert target.process.stdin is not None
        target.process.stdin.close()
        record += list(loop)
        assert loop.status is None  # that is for what was spawned
    check_record(record)
    assert of(record, pt.Exited)[0].status == 6
    # They were asleep in these; the kernel goes on with a poll(2) by another call.
    for call, retval in (("read", 1), ("restart_syscall", 1), ("futex", 0)):
        assert retval in [ev.retval for ev in of(record, pt.SyscallExit, name=call)]


@BOTH
@pytest.mark.parametrize("grown", [1, 20, 60, 120, 200])
def test_row_7_attach_while_lwps_are_made(
    start: Start, tracee: Tracee, events: pt.Mask, grown: int
) -> None:
    """Each LWP is caught, also one that its maker was about to make when it was attached to."""
    target = start([tracee("lwps"), "grow", "300"])
    until(lambda: len(target.lwps()) >= grown, "some LWPs")
    with pt.attach(target.pid, events=events) as loop:
        record: list[pt.Event] = []
        announced = 0
        while announced < 304:  # 300, one more of each other chain, and the first
            record += take(loop, 1)
            announced += isinstance(record[-1], pt.Attached | pt.LwpCreated)
        traced = {status["TracerPid"] for status in target.lwps().values()}
        assert traced == {str(os.getpid())}
    check_record(record, mask=events, complete=False)
    check_free(target)


def test_row_2_a_stopped_process_stays_stopped(spinners: Spinners) -> None:
    target, counters = spinners(3)
    os.kill(target.pid, signal.SIGSTOP)
    until(lambda: all(s["State"][0] == "T" for s in target.lwps().values()), "it is stopped")
    for events in (0, 3):
        with pt.attach(target.pid) as loop:
            record = take(loop, events) if events else []
            assert len(of(record, pt.Attached)) == len(record)
        check_free(target)
        until(lambda: all(s["State"][0] == "T" for s in target.lwps().values()), "still stopped")
        before = counters.read()
        assert counters.read() == before
    os.kill(target.pid, signal.SIGCONT)
    counters.all_grow()


def test_a_stopped_process_is_continued_while_it_is_traced(spinners: Spinners) -> None:
    target, counters = spinners(3)
    os.kill(target.pid, signal.SIGSTOP)
    until(lambda: all(s["State"][0] == "T" for s in target.lwps().values()), "it is stopped")
    with pt.attach(target.pid, events=NO_CALLS) as loop:
        record = take(loop, 3)
        os.kill(target.pid, signal.SIGCONT)
        record += take(loop, 2)
        assert {type(ev) for ev in record[3:]} == {pt.Continued, pt.Stopped}
        check_record(record, mask=NO_CALLS, complete=False)
    check_free(target)
    counters.all_grow()


@BOTH
def test_a_process_stopped_while_it_is_traced_stays_stopped(
    spinners: Spinners, events: pt.Mask
) -> None:
    target, counters = spinners(3)
    with pt.attach(target.pid, events=events) as loop:
        record = take_attached(loop, 3)
        os.kill(target.pid, signal.SIGSTOP)
        while not of(record, pt.Stopped, signo=signal.SIGSTOP):
            record += take(loop, 1)
    check_free(target)
    until(lambda: all(s["State"][0] == "T" for s in target.lwps().values()), "it is stopped")
    os.kill(target.pid, signal.SIGCONT)
    counters.all_grow()


@pytest.mark.parametrize("rounds", range(4))
def test_stops_and_continuations_across_a_detach(spinners: Spinners, rounds: int) -> None:
    """Whatever is under way when the loop ends takes effect: here SIGSTOP, then SIGCONT."""
    target, counters = spinners(3)
    with pt.attach(target.pid) as loop:
        take(loop, 3 + rounds)
        os.kill(target.pid, signal.SIGSTOP)
        os.kill(target.pid, signal.SIGCONT)
        take(loop, rounds + 1)
    check_free(target)
    counters.all_grow()


@pytest.mark.parametrize("end", ["exit_group", "exit", "exec", "kill"])
def test_row_43_attach_after_the_first_lwp_has_exited(
    start: Start, tracee: Tracee, end: str
) -> None:
    target = start([tracee("leaderless"), end, "wait"], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "ready")
    with pt.attach(target.pid) as loop:
        assert loop.attached == {target.pid: 1}
        record = take(loop, 1)
        assert target.process.stdin is not None
        target.process.stdin.close()
        record += list(loop)
    check_record(record, complete=False)
    ((_, last),) = target.said("last")
    assert record[0].lwp == last
    if end == "exec":
        (new,) = of(record, pt.Exec)
        assert (new.lwp, new.old_lwp) == (target.pid, last)
        assert of(record, pt.Exited)[0].status == 7
    else:
        # The first LWP could not be attached to: how the process ends is told to its parent alone.
        assert of(record, pt.LwpExited, lwp=last)
        assert not of(record, pt.Exited)


@pytest.fixture
def leaderless(start: Start, tracee: Tracee) -> Callable[[str], Target]:
    """Another program's child, whose first LWP exits when the input of that ends."""

    def run(when: str) -> Target:
        script = 'exec 3<&0; "$0" told "$1" <&3 & read line; wait'
        argv = ["sh", "-c", script, tracee("leaderless"), when]
        shell = start(argv, stdin=subprocess.PIPE)
        until(lambda: shell.said("ready"), "ready")
        ((pid,),) = shell.said("ready")
        return Target(shell.process, shell.out, other=pid)

    return run


def without_first(target: Target) -> bool:
    return target.lwps()[target.pid]["State"].startswith("Z")


@pytest.mark.parametrize("how", ["close", "detach"])
def test_a_first_lwp_that_has_exited_does_not_keep_the_others(
    leaderless: Callable[[str], Target], how: str
) -> None:
    """Though nobody asks for the ends of LWPs."""
    target = leaderless("first")
    pid, process = target.pid, target.process
    assert process.stdin is not None

    def trace(end_input: Callable[[], None]) -> None:
        with pt.attach(pid, events=pt.SIGNAL | pt.ATTACH) as loop:
            end_input()
            for ev in loop:
                if isinstance(ev, pt.Stopped) and how == "close":
                    break
                if isinstance(ev, pt.Stopped):
                    loop.detach(pid)
                if isinstance(ev, pt.Detached):
                    break

    with ThreadPoolExecutor(1) as tracer:
        traced = tracer.submit(trace, process.stdin.close)
        until(lambda: without_first(target), "its first LWP has exited")
        os.kill(pid, signal.SIGWINCH)
        traced.result()
    # The thread that has traced it has ended, and so its parent is told of its end.
    os.kill(pid, signal.SIGUSR1)
    assert process.wait() == 0


@pytest.mark.parametrize("events", [pt.ALL, pt.SIGNAL], ids=["all", "signals"])
def test_a_first_lwp_that_has_exited_while_others_live_that_are_not_traced(
    leaderless: Callable[[str], Target], events: pt.Mask
) -> None:
    """It is left behind: there is nothing else of its process to let go."""
    target = leaderless("before")
    pid, process = target.pid, target.process
    assert process.stdin is not None

    def trace(end_input: Callable[[], None], tell: Callable[[pt.Loop], None]) -> None:
        with pt.attach(pid, events=events, follow=pt.Follow.NONE) as loop:
            end_input()
            tell(loop)
            for _ in loop:
                pass

    loops: Queue[pt.Loop] = Queue()
    with ThreadPoolExecutor(1) as tracer:
        traced = tracer.submit(trace, process.stdin.close, loops.put)
        until(lambda: without_first(target), "its first LWP has exited")
        loops.get().interrupt()
        traced.result()
    os.kill(pid, signal.SIGUSR1)
    assert process.wait() == 0


@BOTH
@pytest.mark.parametrize("how", ["fork", "vfork", "parent", "thread"])
def test_letting_go_in_a_storm_of_forks(
    start: Start, tracee: Tracee, how: str, events: pt.Mask
) -> None:
    """All children of an attached process run on: none is left stopped, traced, or ended."""
    target = start([tracee("forkers"), "3", how])
    until(lambda: len(target.said("forker")) == 3, "forkers")
    forkers = [pid for (pid,) in target.said("forker")]
    try:
        for most in (4, 30, 100):
            with pt.attach(*forkers, events=events, follow=True) as loop:
                check_record(take(loop, most), mask=events, complete=False)
            for pid in group(target.pid):
                # It may have ended since; a list of the LWPs of one that is just ending is ESRCH.
                with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                    check_free(Target(target.process, target.out, other=pid))
        assert set(forkers) <= set(group(target.pid))
    finally:
        os.killpg(target.pid, signal.SIGKILL)


def group(pgid: int) -> list[int]:
    """The members of a process group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if stat.rpartition(")")[2].split()[2] == str(pgid):
                found.append(int(entry.name))
    return found


def test_attach_and_detach_while_others_exec(start: Start, tracee: Tracee) -> None:
    """The execve waits for LWPs that the tracer has to wait for, which waits for the execve."""
    target = start([tracee("execs"), "later", "100000"])
    for _ in range(30):
        with pt.attach(target.pid) as loop:
            check_record(take(loop, 50), complete=False)
        check_free(target)
    assert target.process.poll() is None
    assert fields(Path(f"/proc/{target.pid}/status").read_text())["TracerPid"] == "0"
