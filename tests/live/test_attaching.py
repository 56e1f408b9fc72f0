"""Attaching to what runs already, and letting go: nothing is changed, nothing missed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_support import as_user, needs_unshare, untraced
from record import check_record
from runs import Target, fields, until

import pypicotrace as pt

Start = Callable[..., Target]
Tracee = Callable[[str], str]

HANDLER = """
import signal, time

signal.signal(signal.SIGUSR1, lambda signo, frame: print("got 1"))
print("ready 1")
while True:
    time.sleep(0.01)  # a signal that comes just before pause(2) would not end that
"""

THREADS = """
import sys, threading

lines = threading.Semaphore(0)
ends = threading.Event()

def work():
    while not ends.wait(0.001):
        pass

threads = [threading.Thread(target=work) for _ in range(6)]
for thread in threads:
    thread.start()
print("ready 1", flush=True)
sys.stdin.read()
ends.set()
for thread in threads:
    thread.join()
print("done 1", flush=True)
raise SystemExit(9)
"""


@pytest.fixture
def threads(start: Start) -> Target:
    target = start([sys.executable, "-c", THREADS], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "it has made its threads")
    return target


def state(target: Target) -> set[str]:
    """The states of its LWPs, as one letter each."""
    return {status["State"][0] for status in target.lwps().values()}


def let_go(target: Target) -> bool:
    return all(status["TracerPid"] == "0" for status in target.lwps().values())


def test_row_7_all_lwps_are_caught_and_let_go(threads: Target) -> None:
    before = threads.lwps()
    events: list[pt.Event] = []
    to_come = set(before)
    with pt.attach(threads.pid) as loop:
        assert loop.attached == {threads.pid: 7}
        for ev in loop:
            events.append(ev)
            if isinstance(ev, pt.Attached):
                to_come.remove(ev.lwp)
            if len(events) >= 500 and not to_come:
                break
    check_record(events, complete=False)
    assert let_go(threads)
    assert state(threads) <= {"R", "S", "D"}
    after = threads.lwps()
    for field in ("SigBlk", "SigIgn", "SigCgt", "Cpus_allowed", "Groups", "Uid"):
        assert {s[field] for s in after.values()} == {s[field] for s in before.values()}
    threads.process.communicate()
    assert threads.said("done") == [(1,)]
    assert threads.process.returncode == 9


@pytest.mark.parametrize("rounds", [20])
def test_row_9_attached_and_let_go_again_and_again(threads: Target, rounds: int) -> None:
    for _ in range(rounds):
        with pt.attach(threads.pid) as loop:
            for number, _event in enumerate(loop):
                if number == 20:
                    break
        assert let_go(threads)
    threads.process.communicate()
    assert threads.process.returncode == 9


def test_row_9_let_go_with_a_signal_on_its_way(start: Start) -> None:
    """A signal that has stopped it for us is delivered by the detach."""
    target = start([sys.executable, "-uc", HANDLER])
    until(lambda: target.said("ready"), "it is ready")
    with pt.attach(target.pid, events=pt.SIGNAL) as loop:
        os.kill(target.pid, signal.SIGUSR1)
        stopped: Any = next(ev for ev in loop if isinstance(ev, pt.Stopped) and ev.signo == 10)
        assert stopped.sender == os.getpid()
    until(lambda: target.said("got"), "the signal is delivered")


def test_row_2_a_stopped_process_stays_stopped(start: Start) -> None:
    target = start(["sleep", "60"])
    os.kill(target.pid, signal.SIGSTOP)
    until(lambda: state(target) == {"T"}, "it is stopped")
    with pt.attach(target.pid) as loop:
        attached = next(iter(loop))
        assert isinstance(attached, pt.Attached)
    assert let_go(target)
    until(lambda: state(target) == {"T"}, "it is stopped as it was")
    os.kill(target.pid, signal.SIGCONT)
    until(lambda: state(target) == {"S"}, "it goes on")


def test_row_36_inside_a_call(start: Start) -> None:
    """What it sleeps in is restarted, and goes on for as long as it was to."""
    target = start(["sleep", "60"])
    until(lambda: state(target) == {"S"}, "it sleeps")
    seen = []
    with pt.attach(target.pid) as loop:
        for ev in loop:
            seen.append(ev)
            if isinstance(ev, pt.SyscallEntry):
                break
    assert [type(ev) for ev in seen] == [pt.Attached, pt.SyscallEntry]
    assert seen[1].name == "restart_syscall"  # type: ignore[attr-defined]
    until(lambda: state(target) == {"S"}, "it sleeps again")


def test_a_process_that_ends_while_attached(start: Start) -> None:
    target = start(["sh", "-c", "echo ready 1; read line; exit 3"], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "it is ready")
    events = []
    with pt.attach(target.pid) as loop:
        assert target.process.stdin is not None
        target.process.stdin.write(b"\n")
        target.process.stdin.flush()
        events = list(loop)
    check_record(events)
    assert isinstance(events[-1], pt.Exited)
    assert events[-1].status == 3


def test_row_1_nobody_self_and_others() -> None:
    for pid, error in ((2**31 - 1, "no such process"), (os.getpid(), "the tracer itself")):
        with pytest.raises(pt.AttachError, match=error) as caught, pt.attach(pid):
            pass
        assert caught.value.pid == pid
    for bad in (0, -5, 2**31):
        with pytest.raises(ValueError, match="is not a process id"):
            pt.attach(bad)
    with pytest.raises(TypeError, match="not str"):
        pt.attach("5")  # type: ignore[arg-type]


FIRST = """
import pypicotrace as pt
try:
    with pt.attach(1) as loop:
        print("attached", type(next(iter(loop))).__name__)
except pt.AttachError as error:
    print(error.strerror)
"""


@needs_unshare
@pytest.mark.parametrize(
    ("who", "told"),
    [
        ([], "attached Attached"),
        (
            as_user(),
            "cannot attach to process 1: it runs as another user (uid 0); "
            "run as that user, as root, or with CAP_SYS_PTRACE",
        ),
    ],
    ids=["root", "another user"],
)
def test_row_1_the_first_process(who: list[str], told: str) -> None:
    """In a pid namespace; the kernel lets root trace it, and it runs on."""
    own = ["unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", '"$@"; echo alive', "sh"]
    done = untraced([*own, *who, sys.executable, "-c", FIRST])
    assert done == (0, f"{told}\nalive\n".encode(), b"")


def state_of(lwp: int) -> str:
    return fields(Path(f"/proc/{lwp}/status").read_text())["State"][0]


def states(pid: int) -> dict[int, str]:
    """Its children, and the state of each; its only LWP makes them."""
    ids = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return {int(i): state_of(int(i)) for i in ids}


# A shell would not do: dash waits for those who have ended after each of its own commands.
NEVER_WAITS = """
import os, time
for seconds in "0", "1000":
    os.posix_spawnp("sleep", ["sleep", seconds], os.environ)
print("ready", flush=True)
time.sleep(1000)
"""


def test_a_child_that_has_ended_keeps_nobody_from_the_others(start: Start) -> None:
    """It is a zombie as long as its parent does not wait for it."""
    target = start([sys.executable, "-c", NEVER_WAITS], start_new_session=True)
    try:
        until(lambda: sorted(states(target.pid).values()) == ["S", "Z"], "one has ended")
        living = {pid for pid, state in states(target.pid).items() if state != "Z"}
        with pt.attach(target.pid, children=True, events=pt.ATTACH) as loop:
            seen = {ev.pid for _, ev in zip(range(2), loop, strict=False)}
        assert seen == {target.pid, *living}
    finally:
        os.killpg(target.pid, signal.SIGKILL)


TRACES = """
import ctypes, sys
PTRACE_SEIZE = 0x4206
assert ctypes.CDLL(None).ptrace(PTRACE_SEIZE, int(sys.argv[1]), 0, 0) == 0
print("ready", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def partly_traced(threads: Target, start: Start) -> Iterator[tuple[Target, Target]]:
    """A process, and the tracer of its last LWP alone."""
    last = max(threads.lwps())
    tracer = start([sys.executable, "-c", TRACES, str(last)], stdin=subprocess.PIPE)
    until(lambda: tracer.said("ready"), "one LWP is traced")
    yield threads, tracer
    # The first, for it waits for no end: that of what it traces would never be complete.
    tracer.process.kill()
    tracer.process.wait()


def tracers(target: Target) -> set[str]:
    return {status["TracerPid"] for status in target.lwps().values()}


def test_row_8_one_of_the_lwps_is_traced_already(partly_traced: tuple[Target, Target]) -> None:
    """All of them or none."""
    target, tracer = partly_traced
    with pytest.raises(pt.AttachError, match=f"process {tracer.pid} is tracing it already"):
        pt.attach(target.pid).__enter__()
    assert tracers(target) == {"0", str(tracer.pid)}


def test_row_8_a_loop_that_cannot_have_all_lwps_goes_on(
    partly_traced: tuple[Target, Target], start: Start
) -> None:
    target, tracer = partly_traced
    with pt.attach(start(["sleep", "1000"]).pid) as loop:
        with pytest.raises(pt.AttachError, match=f"process {tracer.pid} is tracing it already"):
            loop.add(target.pid)
        added = loop.add(["true"])
        seen = set()
        for ev in loop:
            seen.add(ev.pid)
            if isinstance(ev, pt.Exited):
                break
        assert added in seen
        assert target.pid not in seen
        assert tracers(target) == {"0", str(tracer.pid)}
        tracer.process.kill()
        tracer.process.wait()
        loop.add(target.pid)
        assert loop.attached[target.pid] == len(target.lwps())


EXECUTES = """
import os, signal, sys, threading

signal.signal(signal.SIGUSR1, lambda signo, frame: None)

def executes():
    sys.stdin.readline()
    os.execv("/bin/sleep", ["sleep", "1000"])

signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})  # it is for the first LWP
threading.Thread(target=threading.Event().wait, daemon=True).start()
threading.Thread(target=executes).start()
signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGUSR1})
print("ready 1", flush=True)
threading.Event().wait()
"""


def test_attaching_during_an_execve_loses_no_exit_of_another_process(
    start: Start, tracee: Tracee
) -> None:
    """That of a first LWP, of which the kernel tells by no end as long as others live."""
    target = start([sys.executable, "-c", EXECUTES], stdin=subprocess.PIPE)
    until(lambda: target.said("ready"), "it runs")
    others = target.lwps().keys() - {target.pid}
    entered, over = threading.Event(), threading.Event()

    def hold() -> None:
        """The execve waits for the LWP that stands in this loop."""
        attached = 0
        with pt.attach(target.pid, events=pt.SIGNAL | pt.ATTACH) as loop:
            for ev in loop:
                attached += isinstance(ev, pt.Attached)
                if isinstance(ev, pt.Attached) and attached == loop.attached[target.pid]:
                    os.kill(target.pid, signal.SIGUSR1)
                if isinstance(ev, pt.Stopped) and ev.signo == signal.SIGUSR1:
                    entered.set()
                    over.wait()
                    return

    holder = threading.Thread(target=hold)
    holder.start()
    entered.wait()
    release = threading.Timer(0.2, over.set)  # it has been tried in vain by then
    record: list[pt.Event] = []
    own_end, exits = os.pipe()
    try:
        words = [tracee("leaderless"), "exit", "first"]
        events = pt.LWP_CREATE | pt.LWP_EXIT | pt.EXIT
        with pt.spawn(words, events=events, stdin=own_end, stdout=subprocess.DEVNULL) as loop:
            for ev in loop:
                record.append(ev)
                if isinstance(ev, pt.LwpCreated):
                    assert target.process.stdin is not None
                    target.process.stdin.write(b"\n")
                    target.process.stdin.flush()
                    until(lambda: "t" in map(state_of, others), "it executes")
                    os.close(exits)
                    until(lambda: state_of(loop.root) == "t", "its first LWP exits")
                    release.start()
                    # The other loop may have it still when its execve is over.
                    with contextlib.suppress(pt.AttachError):
                        loop.add(target.pid)
                        loop.detach(target.pid)
    finally:
        over.set()
        holder.join()
        os.close(own_end)
    assert loop.root in [ev.lwp for ev in record if isinstance(ev, pt.LwpExited)]
