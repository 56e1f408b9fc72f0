"""On every system: a loop leaves its host as it was, however it is left."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from record import check_record
from runs import Target, until
from system import LINUX, state, untouched

import pypicotrace as pt

Scratch = Callable[[], IO[bytes]]
Start = Callable[..., Target]

# Traces a process and one of its own, and ends with both in a stop.
ENDS_INSIDE = """
import os, sys
import pypicotrace as pt

attached = pt.attach(int(sys.argv[1]))
attached.__enter__()
next(iter(attached))
spawned = pt.spawn(["sleep", "60"])
spawned.__enter__()
next(iter(spawned))
print(spawned.root, flush=True)
{end}
"""


@pytest.fixture
def sleeper(start: Start) -> Target:
    target = start(["sleep", "60"])
    until(lambda: state(target.pid) == "S", "it sleeps")
    return target


@contextmanager
def disposition(signo: int, handler: object) -> Iterator[None]:
    before = signal.signal(signo, handler)  # type: ignore[arg-type]
    try:
        yield
    finally:
        signal.signal(signo, before)


def signals() -> list[str]:
    """What this process blocks, ignores and catches; elsewhere, as far as Python knows."""
    if not LINUX:
        blocked = sorted(map(int, signal.pthread_sigmask(signal.SIG_BLOCK, ())))
        return [str(blocked), *map(str, map(signal.getsignal, sorted(signal.valid_signals())))]
    lines = Path("/proc/self/status").read_text().splitlines()
    return [line for line in lines if line.startswith(("SigBlk", "SigIgn", "SigCgt"))]


def test_input_21_an_abandoned_iteration(sleeper: Target) -> None:
    with pt.attach(sleeper.pid) as loop:
        events = iter(loop)
        first = next(events)
        assert isinstance(first, pt.Attached)
        del events
        gc.collect()
        os.kill(sleeper.pid, signal.SIGWINCH)
        second = next(iter(loop))
        assert second.seq == first.seq + 1
    assert untouched(sleeper.pid)


def test_input_21_an_abandoned_loop(sleeper: Target) -> None:
    loop = pt.attach(sleeper.pid)
    loop.__enter__()
    spawned = loop.add(["sleep", "60"])
    event = next(iter(loop))
    assert state(spawned) == "T"
    del loop, event
    gc.collect()
    assert state(spawned) == ""
    assert untouched(sleeper.pid)


@pytest.mark.parametrize(
    "raised", [KeyboardInterrupt, SystemExit, GeneratorExit, ZeroDivisionError]
)
def test_input_21_an_exception_lets_go_of_what_was_attached(
    sleeper: Target, raised: type[BaseException]
) -> None:
    def body() -> None:
        with pt.attach(sleeper.pid) as loop:
            for _ in loop:
                raise raised

    with pytest.raises(raised):
        body()
    assert untouched(sleeper.pid)


def test_input_21_an_exception_inside_of_a_generator_of_the_hosts(sleeper: Target) -> None:
    """Closed early, as by a break of who uses it."""

    def calls() -> Iterator[pt.Event]:
        with pt.attach(sleeper.pid) as loop:
            yield from loop

    events = calls()
    next(events)
    events.close()
    assert untouched(sleeper.pid)


# Of a child of one that ignores it NetBSD's kernel does not tell how it has ended.
HANDLERS = {"handled": print, **({"ignored": signal.SIG_IGN} if LINUX else {})}


@pytest.mark.parametrize("handler", HANDLERS.values(), ids=HANDLERS)
def test_input_22_whatever_the_host_does_with_sigchld(scratch: Scratch, handler: object) -> None:
    with disposition(signal.SIGCHLD, handler):
        before = signals()
        with pt.spawn(["sh", "-c", "date; exit 3"], follow=True, stdout=scratch()) as loop:
            record = list(loop)
        assert signals() == before
    assert sum(isinstance(ev, pt.Exited) for ev in record) == 2
    assert loop.status == pt.Exited(pid=loop.root, lwp=0, program=b"sh", status=3)


def test_input_22_the_signals_of_the_host_are_as_before(sleeper: Target) -> None:
    before = signals()
    with pt.attach(sleeper.pid) as loop:
        next(iter(loop))
    assert signals() == before


def test_input_22_children_of_asyncio_keep_their_status() -> None:
    async def main() -> list[int]:
        children = [await asyncio.create_subprocess_exec("sh", "-c", f"exit {n}") for n in range(8)]
        async with pt.spawn(["sh", "-c", "exit 9"], follow=True) as loop:
            async for _ in loop.stream():
                pass
        assert isinstance(loop.status, pt.Exited)
        return [await child.wait() for child in children] + [loop.status.status]

    assert asyncio.run(main()) == [*range(8), 9]


@pytest.mark.parametrize(
    "end", ["", "sys.exit(3)", "os._exit(3)", "os.kill(os.getpid(), 9)", "1 / 0"]
)
def test_input_24_the_interpreter_ends_with_live_tracees(sleeper: Target, end: str) -> None:
    """The spawned one ends with it, the attached one runs on.

    Where nothing is done any more on the way out, NetBSD's kernel kills both.
    """
    argv = [sys.executable, "-c", ENDS_INSIDE.format(end=end), str(sleeper.pid)]
    run = subprocess.run(argv, capture_output=True, check=False)
    spawned = int(run.stdout)
    until(lambda: state(spawned) == "", "it ends with the tracer")
    if LINUX or "os." not in end:
        until(lambda: untouched(sleeper.pid), "it runs on")
    else:
        until(lambda: state(sleeper.pid) == "", "it is killed")


USES_IT_LATE = """
import atexit
import pypicotrace as pt

class Host:
    def __init__(self):
        self.loop = pt.spawn(["sleep", "60"]).__enter__()
        self.stop = next(iter(self.loop)).stop

    def end(self):
        self.loop.interrupt()
        for use in (self.loop.lwps, lambda: self.stop.pc):
            try:
                use()
            except pt.LoopClosed:
                print("closed", flush=True)
        self.loop.close()
        print(self.loop.returncode, flush=True)

    __del__ = end

host = None
atexit.register(lambda: host.end())
host = Host()
"""


def test_input_24_the_loop_is_used_when_the_interpreter_has_ended_it() -> None:
    """By a function that was registered before, and by a __del__."""
    argv = [sys.executable, "-c", USES_IT_LATE]
    run = subprocess.run(argv, capture_output=True, check=False)
    assert (run.returncode, run.stderr) == (0, b"")
    assert run.stdout == b"closed\nclosed\n-9\n" * 2


def test_input_24_a_fork_of_the_host_that_ends_leaves_the_tracees_alone(scratch: Scratch) -> None:
    """Also where the interpreter ends there as it always does, with all that is called then."""
    with pt.spawn(["sh", "-c", "date; date"], follow=True, stdout=scratch()) as loop:
        events = iter(loop)
        next(events)
        child = os.fork()
        if child == 0:
            del events
            gc.collect()
            os._exit(0)
        assert os.waitpid(child, 0) == (child, 0)
        assert isinstance(list(events)[-1], pt.Exited)


def test_input_25_attached_to_twice(sleeper: Target) -> None:
    with pt.attach(sleeper.pid, sleeper.pid) as loop:
        assert loop.attached == {sleeper.pid: 1}
        told = (
            f"{os.getpid()} is tracing it already"
            if LINUX
            else "another process is tracing it already"
        )
        with pytest.raises(pt.AttachError, match=told):
            pt.attach(sleeper.pid).__enter__()
        assert isinstance(next(iter(loop)), pt.Attached)
    assert untouched(sleeper.pid)


def test_input_25_closed_before_it_was_entered(sleeper: Target) -> None:
    loop = pt.attach(sleeper.pid)
    loop.close()
    with pytest.raises(pt.LoopClosed, match="before it was entered"):
        loop.__enter__()
    assert untouched(sleeper.pid)


def test_input_25_used_after_it_was_closed(sleeper: Target) -> None:
    with pt.attach(sleeper.pid) as loop:
        event = next(iter(loop))
    loop.close()
    for use in (
        lambda: next(iter(loop)),
        lambda: next(loop.stream()),
        lambda: loop.write_text(1),
        loop.lwps,
        lambda: event.stop.read(0, 1),
        loop.__enter__,
    ):
        with pytest.raises(pt.LoopClosed):
            use()
    assert event.pid == sleeper.pid


def taken_by_the_host(pid: int) -> int:
    """The status of that tracee's that a wait of the host's own, for any child, is told."""
    found = []

    def wait() -> bool:
        found.append(os.waitpid(-1, os.WNOHANG))
        return found[-1][0] == pid

    until(wait, f"{pid} comes to a stop")
    assert {got[0] for got in found} <= {0, pid}
    return found[-1][1]


@pytest.mark.skipif(not LINUX, reason="NetBSD does not tell of a stop again")
@pytest.mark.parametrize("moment", [1, 2, 10, 25])
def test_input_23_the_host_waits_for_any_child_and_gets_a_stop(moment: int) -> None:
    """It is noticed a second later, and nothing is lost."""
    argv = ["sh", "-c", "while :; do kill -WINCH $$; done"]
    record: list[pt.Event] = []
    taken = before = 0
    with pt.spawn(argv) as loop:
        other = loop.add(argv)
        for ev in loop:
            record.append(ev)
            told = sum(ev.pid == other for ev in record)
            if ev.pid == loop.root and told >= moment and not taken:
                taken, before = taken_by_the_host(other), told
            if taken and told > before + 10:
                break
    assert os.WIFSTOPPED(taken)
    check_record(record, complete=False, added={other})


def test_input_23_the_host_waits_for_any_child_and_gets_an_end(scratch: Scratch) -> None:
    """Nobody can tell how it ended; that it has, the loop learns."""
    record = []
    with pt.spawn(["sh", "-c", "sleep 0; exit 3"], follow=True, stdout=scratch()) as loop:
        other = loop.add(["sleep", "60"])
        killed = False
        for ev in loop:
            record.append(ev)
            if ev.pid == loop.root and not killed:
                os.kill(other, signal.SIGKILL)
                assert os.WTERMSIG(taken_by_the_host(other)) == signal.SIGKILL
                killed = True
    assert type(record[-1]) in (pt.Detached, pt.Exited)
    assert [type(ev) for ev in record if ev.pid == other][-1] is pt.Detached
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 3
