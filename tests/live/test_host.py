"""A loop is a guest in its host's program: children of the host's own, threads, exceptions."""

from __future__ import annotations

import contextlib
import gc
import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import IO, Any

import pytest
from record import check_record
from runs import until
from system import state

import pypicotrace as pt
from pypicotrace.ending import ASKING, ENDING, Signals

Scratch = Callable[[], IO[bytes]]


def test_input_22_the_hosts_children_keep_their_status(scratch: Scratch) -> None:
    """Also those that end while the loop waits, whichever is first."""
    children = [subprocess.Popen(["sh", "-c", f"exit {n}"]) for n in range(20)]
    with pt.spawn(["sh", "-c", "date; date"], follow=True, stdout=scratch()) as loop:
        for _ in loop:
            if len(children) < 60:
                children.append(subprocess.Popen(["sh", "-c", f"exit {len(children)}"]))
    assert [child.wait() for child in children] == [*range(60)]
    assert loop.status == pt.Exited(pid=loop.root, lwp=0, program=b"sh", status=0)


def test_input_22_a_stopped_child_of_the_hosts_stays_the_hosts(scratch: Scratch) -> None:
    child = subprocess.Popen(["sleep", "60"])
    try:
        # NetBSD loses a SIGSTOP that comes during the execve.
        until(lambda: state(child.pid) == "S", "it sleeps")
        os.kill(child.pid, signal.SIGSTOP)
        until(lambda: state(child.pid) == "T", "it is stopped")
        with pt.spawn(["date"], stdout=scratch()) as loop:
            list(loop)
        _, status = os.waitpid(child.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
    finally:
        child.kill()
        child.wait()


def test_what_comes_after_a_loop_finds_the_signals_as_they_were(scratch: Scratch) -> None:
    """The host, which goes on, and the next program that it starts: a signal ends it."""
    watched = (*ENDING, *ASKING)
    before = {signo: signal.signal(signo, signal.SIG_DFL) for signo in watched}
    try:
        for signo in watched:
            loop = pt.spawn(["sh", "-c", f"kill -{signo} $$; exit 0"], stdout=scratch())
            with Signals(loop), loop:
                list(loop)
            assert loop.returncode == -signo
            assert {signal.getsignal(each) for each in watched} == {signal.SIG_DFL}
    finally:
        for signo, handler in before.items():
            signal.signal(signo, handler)


def test_input_22_two_loops_at_once(scratch: Scratch) -> None:
    """One in a thread of its own: each sees its own tracees."""
    seen: dict[str, list[pt.Event]] = {}

    def run(name: str) -> None:
        with pt.spawn(["sh", "-c", "date; date"], follow=True, stdout=scratch()) as loop:
            seen[name] = list(loop)

    other = threading.Thread(target=run, args=("other",))
    other.start()
    run("main")
    other.join()
    for events in seen.values():
        assert len([ev for ev in events if isinstance(ev, pt.Exec)]) == 3
    pids = [{ev.pid for ev in events} for events in seen.values()]
    assert pids[0].isdisjoint(pids[1])


def test_input_20_another_thread_is_told_whose_the_loop_is(scratch: Scratch) -> None:
    caught: list[BaseException] = []

    def use(loop: pt.Loop) -> None:
        try:
            next(iter(loop))
        except pt.WrongThread as error:
            caught.append(error)

    with pt.spawn(["date"], stdout=scratch()) as loop:
        thread = threading.Thread(target=use, args=(loop,))
        thread.start()
        thread.join()
        assert len(caught) == 1
        assert isinstance(list(loop)[-1], pt.Exited)


def test_input_20_interrupt_from_another_thread() -> None:
    with pt.spawn(["sleep", "60"]) as loop:
        timer = threading.Timer(0.05, loop.interrupt)
        timer.start()
        assert not any(isinstance(ev, pt.Exited | pt.Signaled) for ev in loop)
        timer.join()
    assert loop.status is not None
    assert isinstance(loop.status, pt.Signaled)


def test_input_21_an_exception_in_the_body_ends_the_tracees() -> None:
    loop = pt.spawn(["sh", "-c", "sleep 60"], follow=True)

    def body() -> None:
        with loop:
            for ev in loop:
                assert ev.seq / 0

    with pytest.raises(ZeroDivisionError):
        body()
    assert isinstance(loop.status, pt.Signaled)
    with pytest.raises(pt.LoopClosed):
        next(iter(loop))
    loop.close()


def test_a_stop_is_dead_after_the_next_event(scratch: Scratch) -> None:
    with pt.spawn(["date"], stdout=scratch()) as loop:
        before = None
        for ev in loop:
            if before is not None:
                with pytest.raises(pt.StaleStop):
                    before.read(0x1000, 1)
                break
            before = ev.stop


def test_memory_of_a_stopped_lwp(scratch: Scratch) -> None:
    """Read what it wants to write, and write something else in its place."""
    out = scratch()
    with pt.spawn(["echo", "before"], syscalls=["write"], stdout=out) as loop:
        for ev in loop:
            if isinstance(ev, pt.SyscallEntry) and not isinstance(ev, pt.SyscallExit):
                addr = ev.arg("buf")
                assert ev.stop.read(addr, 7) == b"before\n"
                assert ev.stop.read_cstring(addr, 3) == b"bef"
                ev.stop.write(addr, b"after!\n")
                with pytest.raises(OSError, match="Bad address"):
                    ev.stop.read(8, 1)
    assert os.pread(out.fileno(), 100, 0) == b"after!\n"


def test_input_21_sigint_while_waiting_reaches_the_body() -> None:
    loop = pt.spawn(["sleep", "60"])

    def body() -> None:
        with loop:
            threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGINT)).start()
            list(loop)

    with pytest.raises(KeyboardInterrupt):
        body()
    assert isinstance(loop.status, pt.Signaled)


def entered_by_a_thread_that_ends(loop: pt.Loop) -> None:
    thread = threading.Thread(target=loop.__enter__)
    thread.start()
    thread.join()


@pytest.mark.parametrize("how", ["closed", "closed by another thread", "forgotten"])
def test_a_thread_that_ends_in_its_loop(how: str) -> None:
    """Nothing is left: of what it has started no zombie either; a child of the host's runs on."""
    loop = pt.spawn(["sleep", "60"])
    entered_by_a_thread_that_ends(loop)
    pid = loop.root
    if how == "closed":
        loop.close()
    elif how == "forgotten":
        del loop
        gc.collect()
    else:
        other = threading.Thread(target=loop.close)
        other.start()
        other.join()
    assert state(pid) == ""


@pytest.mark.parametrize("forgotten", [False, True])
def test_a_thread_that_ends_in_its_loop_of_a_child_of_the_hosts(forgotten: bool) -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        until(lambda: state(child.pid) == "S", "it sleeps")
        loop = pt.attach(child.pid)
        entered_by_a_thread_that_ends(loop)
        if forgotten:
            del loop
            gc.collect()
        else:
            loop.close()
        until(lambda: state(child.pid) == "S", "it sleeps again")
        child.terminate()
        assert child.wait() == -signal.SIGTERM


def test_input_24_a_fork_of_the_host_cannot_touch_the_tracees(scratch: Scratch) -> None:
    with pt.spawn(["date"], stdout=scratch()) as loop:
        child = os.fork()
        if child == 0:
            try:
                loop.close()
            except pt.WrongThread:
                os._exit(7)
            os._exit(8)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert isinstance(list(loop)[-1], pt.Exited)


def test_a_fork_of_the_host_leaves_the_block_as_it_would_without(scratch: Scratch) -> None:
    """By its own exception, not by one of the loop's."""
    with pt.spawn(["date"], stdout=scratch()) as loop:
        child = os.fork()
        if child == 0:
            try:
                with contextlib.ExitStack() as block:
                    block.push(loop)
                    sys.exit(7)
            except SystemExit as end:
                os._exit(end.code if isinstance(end.code, int) else 8)
            except BaseException:
                os._exit(9)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert isinstance(list(loop)[-1], pt.Exited)


CLOSES = """
import signal
import sys
import pypicotrace as pt

loop = None
signal.signal(signal.SIGALRM, lambda *_: loop and loop.close())
signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0003)
for _ in range(100):
    loop = None
    loop = pt.spawn(["true"], keep=lambda path, argv: bool(loop.lwps()))
    try:
        with loop:
            loop.add(["true"])
            for event in loop:
                if event.stop is not None:
                    event.stop.read(event.stop.pc, 8)
    except (pt.LoopClosed, pt.StaleStop, pt.TraceeDied):
        pass
signal.setitimer(signal.ITIMER_REAL, 0)
print("well")
"""


@pytest.mark.bound(60)
def test_a_signal_handler_closes_it_at_any_time(scratch: Scratch) -> None:
    """Also while it is entered or closed, or has been given to C."""
    done = subprocess.run(
        [sys.executable, "-c", CLOSES], stdout=subprocess.PIPE, stderr=scratch(), check=False
    )
    assert (done.returncode, done.stdout) == (0, b"well\n")


class Raised(Exception):
    """What the handler of a signal raises."""


@contextlib.contextmanager
def raised_at(name: str) -> Iterator[None]:
    """Something is raised once where a function of that name begins, as a handler may do there."""
    before, package = sys.gettrace(), os.path.dirname(pt.__file__)

    def trace(frame: FrameType, event: str, arg: object) -> None:
        code = frame.f_code
        if code.co_name == name and code.co_filename.startswith(package):
            sys.settrace(before)
            raise Raised

    sys.settrace(trace)
    try:
        with pytest.raises(Raised):
            yield
    finally:
        sys.settrace(before)


@pytest.mark.parametrize(
    "name", ["_leave", "close", "_belongs_to_another_thread", "_close", "pointer", "_finish"]
)
def test_a_handler_that_raises_as_the_block_is_left_leaves_nothing(name: str) -> None:
    with pt.spawn(["sleep", "60"]) as loop:
        next(iter(loop))
        with raised_at(name):
            loop.__exit__(None, None, None)
        assert isinstance(loop.status, pt.Signaled)
        with pytest.raises(pt.LoopClosed):
            loop.lwps()


@pytest.mark.parametrize("name", ["_own", "here", "open", "_begin", "start", "to_c"])
def test_a_handler_that_raises_as_the_block_is_entered_leaves_nothing(name: str) -> None:
    loop = pt.spawn(["sleep", "60"])
    with raised_at(name):
        loop.__enter__()
    loop.close()
    assert loop.root == 0
    with pytest.raises(pt.LoopClosed):
        loop.lwps()


@pytest.mark.parametrize("size", [None, 16, 4096], ids=["events", "small batches", "batches"])
def test_a_handler_that_raises_loses_nothing_where_the_iteration_is_gone_on_with(
    size: int | None,
) -> None:
    """Also what C had given just then."""
    package = os.path.dirname(pt.__file__)

    def handler(signo: int, frame: FrameType | None) -> None:
        if frame is not None and frame.f_code.co_filename.startswith(package):
            raise Raised

    seen: list[Any] = []
    busy = "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); [ -e /x ]; done"
    gc.collect()  # what is raised while an earlier test's loop is collected is nobody's
    before = signal.signal(signal.SIGALRM, handler)
    try:
        with pt.spawn(["sh", "-c", busy], events=pt.SCE | pt.SCX | pt.EXIT) as loop:
            signal.setitimer(signal.ITIMER_REAL, 0.002, 0.002)
            over = False
            while not over:
                with contextlib.suppress(Raised):
                    for each in loop if size is None else loop.stream(size):
                        seen.append(each)
                    over = True
            signal.setitimer(signal.ITIMER_REAL, 0)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    seqs = [seq for each in seen for seq in ([each.seq] if size is None else each.seq)]
    assert seqs == list(range(1, len(seqs) + 1))
    assert len(seqs) > 4000


FOLLOWED = ["sh", "-c", "(date; date) | cat; exit 5"]


def test_two_loops_in_one_thread_take_turns(scratch: Scratch) -> None:
    """Each has its own tracees, new ones included, however their stops come."""
    with (
        pt.spawn(FOLLOWED, follow=True, stdout=scratch()) as one,
        pt.spawn(FOLLOWED, follow=True, stdout=scratch()) as other,
    ):
        records: dict[pt.Loop, list[pt.Event]] = {one: [], other: []}
        iterators = {loop: iter(loop) for loop in records}
        while iterators:
            for loop, iterator in list(iterators.items()):
                for event in itertools.islice(iterator, 7):
                    records[loop].append(event)
                if loop.status is not None:
                    records[loop] += iterator
                    del iterators[loop]
    for loop, record in records.items():
        check_record(record)
        assert record[-1] == loop.status
        assert isinstance(loop.status, pt.Exited)
        assert loop.status.status == 5
    pids = [{event.pid for event in record} for record in records.values()]
    assert pids[0].isdisjoint(pids[1])


def test_a_loop_inside_of_anothers_body(scratch: Scratch) -> None:
    with pt.spawn(FOLLOWED, follow=True, stdout=scratch()) as outer:
        record = []
        for event in outer:
            record.append(event)
            if isinstance(event, pt.Forked):
                with pt.spawn(FOLLOWED, follow=True, stdout=scratch()) as inner:
                    check_record(list(inner))
                assert isinstance(inner.status, pt.Exited)
    check_record(record)
    assert isinstance(outer.status, pt.Exited)


def test_one_of_two_loops_is_left(scratch: Scratch) -> None:
    """What the other was told meanwhile is not lost."""
    with pt.spawn(FOLLOWED, follow=True, stdout=scratch()) as one:
        record = [next(iter(one))]
        with pt.spawn(["sh", "-c", "while :; do [ -e /x ]; done"]) as other:
            assert len(list(itertools.islice(other, 500))) == 500
        assert isinstance(other.status, pt.Signaled)
        record += one
    check_record(record)
