"""Calls that a stopped LWP makes for the tracer: their results, and that all else is as before."""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
import platform
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_support import needs_root
from runs import Run, Target, Trace, asks_for_results, until

import pypicotrace as pt

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"not on {platform.machine()} yet"
)

Tracee = Callable[[str], str]
Body = Callable[[Any], object]

PAGE = 4096
NEW_PAGE = (0, PAGE, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1)
KINDS = {"entry": pt.SyscallEntry, "exit": pt.SyscallExit}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> type[pt.Event]:
    return KINDS[request.param]


def at(kind: type[pt.Event], do: Body, *names: str) -> Body:
    """A body that does something at each stop of that kind, or at those of some calls."""
    return lambda ev: do(ev) if type(ev) is kind and (not names or ev.name in names) else None


def getpid(ev: Any) -> None:
    assert ev.stop.syscall("getpid") == ev.pid


def shapes(run: Run) -> list[tuple[str, object, object]]:
    """What is the same each time that a program runs."""
    return [
        (type(ev).__name__, getattr(ev, "name", None), getattr(ev, "error", None))
        for ev in run.events
    ]


@pytest.mark.parametrize(
    "argv", [["ls", "-l", "/nonexistent", "/dev/null"], ["sh", "-c", "echo one; exit 3"]]
)
def test_a_whole_program_does_not_notice(
    trace: Trace, kind: type[pt.Event], argv: list[str]
) -> None:
    plain = trace(argv, stderr=subprocess.DEVNULL)
    asked = trace(argv, stderr=subprocess.DEVNULL, body=at(kind, getpid))
    assert asked.output == plain.output
    assert shapes(asked) == shapes(plain)


def test_a_whole_family_does_not_notice(trace: Trace, kind: type[pt.Event]) -> None:
    argv = ["sh", "-c", "echo one; cat /etc/passwd | wc -l; (exit 4); echo $?; kill -9 $$"]
    plain = subprocess.run(argv, stdout=subprocess.PIPE, check=False)
    asked = trace(argv, body=at(kind, getpid))
    assert asked.output == plain.stdout
    assert isinstance(asked.status, pt.Signaled)


def test_memory_of_the_programs_own(trace: Trace, kind: type[pt.Event], tmp_path: Path) -> None:
    """The file that it opens is another, whose name had no room in the program."""
    other = tmp_path / "other"
    other.write_text("of another file")

    def body(ev: Any) -> None:
        page = ev.stop.syscall("mmap", *NEW_PAGE)
        assert page % PAGE == 0
        ev.stop.write(page, os.fsencode(other) + b"\0")
        assert ev.stop.read_cstring(page) == os.fsencode(other)
        fd = ev.stop.syscall("open", page, os.O_RDONLY)
        assert ev.stop.syscall("lseek", fd, 0, os.SEEK_END) == len("of another file")
        assert ev.stop.syscall("close", fd) == 0
        assert ev.stop.syscall("munmap", page, PAGE) == 0
        with pytest.raises(pt.KernelError):
            ev.stop.read(page, 1)

    run = trace(["cat", "/dev/null"], body=at(kind, body, "openat"))
    assert run.of(pt.SyscallEntry, name="openat")


def test_a_call_that_fails(trace: Trace, kind: type[pt.Event]) -> None:
    def body(ev: Any) -> None:
        with pytest.raises(pt.CallFailed, match="Bad file descriptor") as caught:
            ev.stop.syscall("close", -1)
        assert caught.value.errno == errno.EBADF
        assert isinstance(caught.value, OSError)
        with pytest.raises(pt.CallFailed) as caught:
            ev.stop.syscall(4000)
        assert caught.value.errno == errno.ENOSYS

    trace(["true"], body=at(kind, body))


def test_the_call_in_hand_has_its_effect_once(
    trace: Trace, tracee: Tracee, kind: type[pt.Event], tmp_path: Path
) -> None:
    file = tmp_path / "file"
    body = at(kind, getpid, "write")
    run = trace([tracee("altered"), "writes", str(file)], body=body)
    assert file.read_text() == "".join(f"line{n}\n" for n in range(10))
    assert run.said("write") == [(6, 0)] * 10
    for ev in run.of(pt.SyscallExit, name="write"):
        assert ev.enter_seq
        assert ev.retval == ev.args[2]


@asks_for_results
def test_a_sleep_in_hand_is_slept(trace: Trace, tracee: Tracee, kind: type[pt.Event]) -> None:
    run = trace([tracee("called"), "sleeps"], body=at(kind, getpid, "nanosleep"))
    assert run.told("slept") == (0, 0)
    [left] = run.of(pt.SyscallExit, name="nanosleep")
    assert left.retval == 0


def test_what_was_changed_stays_changed(trace: Trace, tracee: Tracee, tmp_path: Path) -> None:
    file = tmp_path / "file"

    def body(ev: Any) -> None:
        if ev.args[0] == 1:
            return
        text = ev.stop.read(ev.args[1], 6)
        if text == b"line2\n":
            ev.stop.set_args(count=3)
        if text == b"line4\n":
            ev.stop.inject(error="ENOSPC")
        if text == b"line6\n":
            ev.stop.set_sysnum("getpid")
        getpid(ev)
        if text == b"line8\n":
            ev.stop.set_args(count=2)

    argv = [tracee("altered"), "writes", str(file)]
    run = trace(argv, body=at(pt.SyscallEntry, body, "write"), altered=True)
    said = [(6, 0)] * 10
    said[2], said[4], said[6], said[8] = (3, 0), (-1, errno.ENOSPC), (run.root, 0), (2, 0)
    assert run.said("write") == said
    assert file.read_text() == "line0\nline1\nlinline3\nline5\nline7\nliline9\n"


@asks_for_results
def test_a_result_that_was_given_at_the_exit_stays(trace: Trace, tracee: Tracee) -> None:
    def body(ev: Any) -> None:
        ev.stop.inject(retval=4242)
        getpid(ev)

    run = trace([tracee("altered"), "ids"], body=at(pt.SyscallExit, body, "getppid"))
    assert run.told("getppid") == (4242, 0)


@pytest.mark.parametrize(("how", "count"), [("each", 300), ("one", 30)])
def test_with_signals_flying(
    trace: Trace, tracee: Tracee, kind: type[pt.Event], how: str, count: int
) -> None:
    """Each is delivered and reported once, whenever it comes."""
    argv = [tracee("timers"), how, "1", str(count)]
    run = trace(argv, body=at(kind, getpid, "getppid"))
    caught = {lwp: count for lwp, count, _ in run.said("lwp")}
    stops = [ev.lwp for ev in run.of(pt.Stopped, signo=signal.SIGPROF)]
    assert {lwp: stops.count(lwp) for lwp in caught} == caught
    made = {lwp: calls for lwp, _, calls in run.said("lwp")}
    ours = [ev.lwp for ev in run.of(pt.SyscallEntry, name="getppid")]
    assert {lwp: ours.count(lwp) - 1 for lwp in made if made[lwp]} == {
        lwp: calls for lwp, calls in made.items() if calls
    }


@asks_for_results
def test_with_lwps(trace: Trace, tracee: Tracee, kind: type[pt.Event]) -> None:
    def body(ev: Any) -> None:
        assert ev.stop.syscall("gettid") == ev.lwp

    run = trace([tracee("altered"), "lwps", "8", "50"], body=at(kind, body, "getppid"))
    assert [total for _, total in run.said("lwp")] == [50 * os.getpid()] * 8
    assert len(run.of(pt.SyscallExit, name="getppid", error=0)) == 400


@asks_for_results
def test_after_a_handler_and_an_execve(trace: Trace, tracee: Tracee) -> None:
    """Where no instruction that makes a call comes before the next one."""
    body = at(pt.SyscallExit, getpid, "rt_sigreturn", "execve")
    run = trace(["sh", "-c", f"exec {tracee('called')} handles"], body=body)
    assert run.told("caught") == (100,)
    assert len(run.of(pt.SyscallExit, name="rt_sigreturn")) == 100
    assert len(run.of(pt.SyscallExit, name="execve", error=0)) == 1


@asks_for_results
def test_calls_with_a_signal_mask_of_their_own(trace: Trace, tracee: Tracee) -> None:
    """There, and there alone, it cannot be done; and it is as if nobody had tried."""
    refused = []

    def body(ev: Any) -> None:
        try:
            getpid(ev)
        except pt.KernelError as error:
            refused.append((ev.name, error.errno))

    run = trace([tracee("called"), "waits"], body=body_at_both(body))
    assert run.said("waited") == [(-1, 1, 1), (-1, 1, 2), (-1, 1, 3)]
    names = ("rt_sigsuspend", "epoll_pwait", "ppoll")
    assert refused == [(name, errno.EAGAIN) for name in names]


@asks_for_results
@needs_root
def test_in_many_groups(trace: Trace, tracee: Tracee) -> None:
    """In /proc/PID/status the signal mask stands behind them."""
    asked = []

    def body(ev: Any) -> None:
        getpid(ev)
        asked.append(ev.seq)

    run = trace([tracee("called"), "grouped"], body=at(pt.SyscallExit, body, "getppid"))
    assert run.told("calls") == (len(asked),) == (10,)


def body_at_both(do: Body) -> Body:
    return lambda ev: do(ev) if isinstance(ev, pt.SyscallEntry) else None


@asks_for_results
def test_segments_are_the_calls_to_set(trace: Trace, tracee: Tracee, kind: type[pt.Event]) -> None:
    def body(ev: Any) -> None:
        assert ev.stop.syscall("arch_prctl", 0x1001, 0x6789000) == 0  # ARCH_SET_GS

    run = trace([tracee("called"), "segments"], body=at(kind, body, "getppid"))
    assert b"base 6789000\n" in run.output


@asks_for_results
def test_a_breakpoint_at_the_calls_instruction(
    trace: Trace, tracee: Tracee, kind: type[pt.Event]
) -> None:
    """It is reached when the program comes there, and not by a call of the tracer's."""

    def reached(do: Body) -> int:
        def body(ev: Any) -> None:
            ev.stop.breakpoint(ev.stop.pc - 2)
            do(ev)

        argv = [tracee("altered"), "lwps", "1", "5"]
        return len(trace(argv, body=at(kind, body, "getppid")).of(pt.Breakpoint))

    assert reached(getpid) == reached(lambda ev: None) == 4


@pytest.mark.parametrize("machine", ["-m32", "-m64"])
def test_calls_of_32_bit_programs(
    trace: Trace, bare: Callable[[str, str], str], kind: type[pt.Event], machine: str
) -> None:
    """Also of 64-bit programs that make calls as these do."""

    def body(ev: Any) -> None:
        assert ev.stop.syscall("getpid") == ev.pid
        with pytest.raises(pt.CallFailed) as caught:
            ev.stop.syscall("close", 99)
        assert caught.value.errno == errno.EBADF
        page = ev.stop.syscall("mmap2", *NEW_PAGE)
        ev.stop.write(page, b"here")
        assert ev.stop.syscall("munmap", page, PAGE) == 0
        with pytest.raises(ValueError, match="has 32 bits"):
            ev.stop.syscall("close", 2**32)

    run = trace([bare("int80", machine)], body=at(kind, body, "open"))
    assert run.one(pt.Exited).status == 3


@pytest.mark.parametrize(
    ("how", "error"),
    [("errno", errno.ENOANO), ("trap", errno.ENOSYS), ("trap-default", errno.ENOSYS)],
)
def test_what_a_filter_refuses_fails(
    trace: Trace, tracee: Tracee, kind: type[pt.Event], how: str, error: int
) -> None:
    """And the program gets no signal of it."""

    def body(ev: Any) -> None:
        for _ in range(2):
            with pytest.raises(pt.CallFailed) as caught:
                ev.stop.syscall("getpgid", 0)
            assert caught.value.errno == error
        getpid(ev)

    argv = [tracee("seccomps"), how]
    plain = trace(argv, deadly=["getpgid"])
    # Between the filter's being set and the call that it refuses, the LWP makes no other, but then.
    names = ["getpgid"] if kind is pt.SyscallEntry else ["seccomp"]
    asked = trace(argv, body=at(kind, body, *names), deadly=["getpgid"])
    for word in ("call", "told"):
        assert asked.said(word) == plain.said(word)
    assert len(asked.of(pt.SyscallEntry)) == len(plain.of(pt.SyscallEntry))
    signals = [ev.signo for ev in asked.events if isinstance(ev, pt.Stopped)]
    assert signals == [ev.signo for ev in plain.events if isinstance(ev, pt.Stopped)]


def test_at_the_exit_of_a_call_that_a_filter_has_refused(trace: Trace, tracee: Tracee) -> None:
    """Its own SIGSYS is still to come then."""
    argv = [tracee("seccomps"), "trap"]
    run = trace(argv, body=at(pt.SyscallExit, getpid, "getpgid"))
    assert run.told("call") == (4242, 0)
    assert len(run.said("told")) == 1


@pytest.mark.parametrize("how", ["kill-process", "kill-last"])
def test_a_filter_that_kills(trace: Trace, tracee: Tracee, how: str) -> None:
    died = []

    def body(ev: Any) -> None:
        with pytest.raises(pt.TraceeDied):
            ev.stop.syscall("getpgid", 0)
        died.append(ev.pid)

    names = ("getpgid", "exit_group")
    run = trace([tracee("seccomps"), how], body=at(pt.SyscallEntry, body, "getpgid"), deadly=names)
    [ended] = run.of(pt.Signaled)
    assert [ended.pid] == died
    assert ended.signo == signal.SIGSYS


@pytest.fixture
def staying(start: Callable[..., Target], tracee: Tracee) -> Target:
    """A program that makes a call for each byte of its input."""
    target = start([tracee("called"), "stays"], stdin=subprocess.PIPE)
    until(lambda: target.said("here"), "it is there")
    return target


def say(target: Target, data: bytes = b"x") -> None:
    assert target.process.stdin is not None
    target.process.stdin.write(data)
    target.process.stdin.flush()


def end(target: Target) -> None:
    assert target.process.stdin is not None
    target.process.stdin.close()
    assert target.process.wait(20) == 0
    assert target.said("done")


LONG = (60).to_bytes(8, "little") + bytes(8)
SHORT = bytes(8) + (300_000_000).to_bytes(8, "little")
"""A struct timespec of a minute, and one of 0.3 seconds."""


def sleep(stop: pt.Stop, time: bytes = LONG) -> None:
    page = stop.syscall("mmap", *NEW_PAGE)
    stop.write(page, time)
    stop.syscall("nanosleep", page, 0)


def asleep(pid: int) -> bool:
    """In a nanosleep, or on with one that was interrupted."""
    return Path(f"/proc/{pid}/syscall").read_text().startswith(("35 ", "219 "))


def waits(thread: Path) -> bool:
    """In a wait4 or a waitid; ``thread``: its "syscall" in /proc."""
    return thread.read_text().startswith(("61 ", "247 "))


def stands(pid: int) -> bool:
    return "State:\tt" in Path(f"/proc/{pid}/status").read_text()


def when_asleep(pid: int, do: Callable[[], object]) -> threading.Thread:
    """Do something once that process sleeps in a nanosleep."""

    def wait() -> None:
        until(lambda: asleep(pid), "it sleeps")
        do()

    thread = threading.Thread(target=wait)
    thread.start()
    return thread


class Enough(Exception):
    """Of a signal handler's."""


def test_an_exception_interrupts_it(staying: Target, kind: type[pt.Event]) -> None:
    """The program, which goes on, knows nothing of it."""

    def enough(signo: int, frame: object) -> None:
        raise Enough

    me = threading.get_native_id()
    before = signal.signal(signal.SIGUSR2, enough)
    try:
        with pt.attach(staying.pid, events=pt.SCE | pt.SCX, syscalls=["getppid"]) as loop:
            say(staying, b"xx")
            events = iter(loop)
            ev = next(ev for ev in events if type(ev) is kind)
            thread = when_asleep(staying.pid, lambda: os.kill(os.getpid(), signal.SIGUSR2))
            with pytest.raises(Enough):
                sleep(ev.stop)
            thread.join()
            assert threading.get_native_id() == me
            assert ev.stop.syscall("getpid") == staying.pid
            assert next(events).name == "getppid"
    finally:
        signal.signal(signal.SIGUSR2, before)
    end(staying)


def test_the_loop_interrupts_it(staying: Target, kind: type[pt.Event]) -> None:
    with pt.attach(staying.pid, events=pt.SCE | pt.SCX, syscalls=["getppid"]) as loop:
        say(staying)
        ev: Any = next(ev for ev in loop if type(ev) is kind)
        thread = when_asleep(staying.pid, loop.interrupt)
        with pytest.raises(pt.KernelError) as caught:
            sleep(ev.stop)
        assert caught.value.errno == errno.ECANCELED
        thread.join()
        assert list(loop) == []
    end(staying)


def test_signal_handlers_of_the_host_run_meanwhile(staying: Target) -> None:
    """One that raises nothing does not interrupt it."""
    ran: list[int] = []
    before = signal.signal(signal.SIGUSR2, lambda signo, frame: ran.append(signo))
    try:
        with pt.attach(staying.pid, events=pt.SCE, syscalls=["getppid"]) as loop:
            say(staying)
            ev: Any = next(iter(loop))
            thread = when_asleep(staying.pid, lambda: os.kill(os.getpid(), signal.SIGUSR2))
            began = time.monotonic()
            sleep(ev.stop, SHORT)
            assert time.monotonic() - began >= 0.3
            thread.join()
            assert ran == [signal.SIGUSR2]
    finally:
        signal.signal(signal.SIGUSR2, before)
    end(staying)


def test_a_handler_may_close_the_loop(staying: Target) -> None:
    with pt.attach(staying.pid, events=pt.SCE, syscalls=["getppid"]) as loop:
        before = signal.signal(signal.SIGUSR2, lambda signo, frame: loop.close())
        try:
            say(staying)
            ev: Any = next(iter(loop))
            thread = when_asleep(staying.pid, lambda: os.kill(os.getpid(), signal.SIGUSR2))
            with pytest.raises(pt.LoopClosed):
                sleep(ev.stop)
            thread.join()
        finally:
            signal.signal(signal.SIGUSR2, before)
    end(staying)


def test_killed_meanwhile(staying: Target, kind: type[pt.Event]) -> None:
    with pt.attach(staying.pid, syscalls=["getppid"]) as loop:
        say(staying)
        events = iter(loop)
        ev: Any = next(ev for ev in events if type(ev) is kind)
        thread = when_asleep(staying.pid, lambda: os.kill(staying.pid, signal.SIGKILL))
        with pytest.raises(pt.TraceeDied):
            sleep(ev.stop)
        thread.join()
        with pytest.raises(pt.TraceeDied):
            ev.stop.syscall("getpid")
        assert [type(ev) for ev in events] == [pt.Signaled]
    assert staying.process.wait(20) == -signal.SIGKILL


def test_replaced_meanwhile(trace: Trace, tracee: Tracee, kind: type[pt.Event]) -> None:
    """By an execve of another LWP, at whatever moment that comes."""

    def body(ev: Any) -> None:
        with contextlib.suppress(pt.TraceeDied):
            sleep(ev.stop, bytes(8) + (1_000_000).to_bytes(8, "little"))

    for _ in range(20):
        run = trace([tracee("called"), "replaced"], body=at(kind, body, "getppid"))
        assert isinstance(run.status, pt.Exited)
        assert run.status.status == 0
        assert [ev.program for ev in run.of(pt.Exec)] == [b"called", b"true"]


def test_stopped_meanwhile(staying: Target, kind: type[pt.Event]) -> None:
    """It stops after that, and goes on when it is continued."""
    tracer = Path(f"/proc/self/task/{threading.get_native_id()}/syscall")

    def stop() -> None:
        os.kill(staying.pid, signal.SIGSTOP)
        os.kill(staying.pid, signal.SIGUSR1)

    def go_on() -> None:
        # A SIGCONT that comes before the stop has taken effect prevents it: the tracer has passed
        # the SIGSTOP on and waits again, and it has stopped by that.
        until(lambda: waits(tracer) and stands(staying.pid), "the stop has taken effect")
        os.kill(staying.pid, signal.SIGCONT)

    with pt.attach(staying.pid, syscalls=["getppid"]) as loop:
        say(staying)
        events = iter(loop)
        ev: Any = next(ev for ev in events if type(ev) is kind)
        threads = [when_asleep(staying.pid, stop)]
        sleep(ev.stop, SHORT)
        arrived, went_on = [], False
        for ev in events:
            went_on |= isinstance(ev, pt.Continued)
            if isinstance(ev, pt.Stopped):
                arrived.append(ev.signo)
            if signal.SIGSTOP in arrived and len(threads) == 1:
                threads.append(threading.Thread(target=go_on))
                threads[-1].start()
            if went_on and signal.SIGUSR1 in arrived:
                break
        for thread in threads:
            thread.join()
    assert arrived.count(signal.SIGSTOP) == 1
    end(staying)
    assert staying.said("done") == [(1,)]


def test_stopped_and_continued_meanwhile(staying: Target) -> None:
    def both() -> None:
        os.kill(staying.pid, signal.SIGSTOP)
        until(lambda: asleep(staying.pid), "it goes on sleeping")
        os.kill(staying.pid, signal.SIGCONT)

    with pt.attach(staying.pid, syscalls=["getppid"]) as loop:
        say(staying, b"xx")
        events = iter(loop)
        ev: Any = next(ev for ev in events if type(ev) is pt.SyscallEntry)
        thread = when_asleep(staying.pid, both)
        sleep(ev.stop, SHORT)
        thread.join()
        assert next(ev for ev in events if type(ev) is pt.SyscallEntry)
    end(staying)


def test_closed_by_another_thread_meanwhile(staying: Target) -> None:
    with pt.attach(staying.pid, events=pt.SCE, syscalls=["getppid"]) as loop:
        say(staying)
        events = iter(loop)
        ev: Any = next(events)
        thread = when_asleep(staying.pid, loop.close)
        with pytest.raises(pt.KernelError, match="interrupted"):
            sleep(ev.stop)
        thread.join()
        assert list(events) == []
    end(staying)


@pytest.mark.parametrize("call", ["fork", "clone3", "execve", "exit_group", "rt_sigprocmask", 60])
def test_calls_that_cannot_be_run(trace: Trace, call: int | str) -> None:
    def body(ev: Any) -> None:
        with pytest.raises(ValueError, match="cannot be run"):
            ev.stop.syscall(call)

    trace(["true"], body=at(pt.SyscallEntry, body, "brk"))


def test_what_is_no_call(trace: Trace) -> None:
    stops: list[pt.Stop] = []

    def body(ev: Any) -> None:
        if ev.stop is not None and not isinstance(ev, pt.SyscallEntry):
            with pytest.raises(ValueError, match=r"cannot run a system call at .*, only at SCE or"):
                ev.stop.syscall("getpid")
        if type(ev) is pt.SyscallEntry:
            with pytest.raises(KeyError, match="getpidd"):
                ev.stop.syscall("getpidd")
            with pytest.raises(ValueError, match="getpid has 0 arguments, not 1"):
                ev.stop.syscall("getpid", 1)
            with pytest.raises(TypeError, match="argument 2 is an int"):
                ev.stop.syscall("write", 1, b"text", 4)
            stops.append(ev.stop)

    trace(["true"], body=body)
    with pytest.raises(pt.LoopClosed):
        stops[0].syscall("getpid")
