"""Nothing public leaks: no memory of Python's or C's, no descriptor, no thread, no process.

Each case uses one thing as it is meant, and on its way into an error.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import errno
import functools
import inspect
import os
import pickle
import platform
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import pytest
from faulty import Fault, played
from leaks import leaked
from linux_runs import SCRIPTS

import pypicotrace as pt

Tracee = Callable[[str], str]
Case = Callable[[Any], object]
NOWHERE = 8
NOBODY = 2**31 - 1
TRUE = ["/bin/true"]
CALLS = pt.SCE | pt.SCX

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="calls are made and breakpoints set on x86-64 alone"
)


def fails(*errors: type[BaseException]) -> Any:
    """What is in it ends by one of these."""
    return pytest.raises(errors)


# What can be done at a stop: called with the event, a SyscallEntry.


def read(event: Any) -> None:
    event.stop.read(event.stop.pc - 2, 2)
    with fails(pt.KernelError):
        event.stop.read(NOWHERE, 8)


def read_cstring(event: Any) -> None:
    event.stop.read_cstring(event.stop.pc, 8)
    with fails(pt.KernelError):
        event.stop.read_cstring(NOWHERE)


def read_struct(event: Any) -> None:
    event.stop.read_struct(event.stop.pc - 2, "2B")
    with fails(pt.KernelError):
        event.stop.read_struct(NOWHERE, "Q")


def write(event: Any) -> None:
    place = event.stop.pc - 2
    event.stop.write(place, event.stop.read(place, 2))
    with fails(pt.KernelError):
        event.stop.write(NOWHERE, b"word")


def send(event: Any) -> None:
    event.stop.signal(signal.SIGCHLD)
    with fails(ValueError):
        event.stop.signal(0)


def suppress(event: Any) -> None:
    with fails(ValueError):
        event.stop.suppress()


def set_siginfo(event: Any) -> None:
    with fails(ValueError):
        event.stop.set_siginfo(code=1)


def step(event: Any) -> None:
    event.stop.step()


def breakpoint_(event: Any) -> None:
    event.stop.breakpoint(NOWHERE)
    with fails(ValueError):
        event.stop.breakpoint(-1)


def clear_breakpoint(event: Any) -> None:
    event.stop.breakpoint(NOWHERE)
    event.stop.clear_breakpoint(NOWHERE)
    with fails(pt.KernelError):
        event.stop.clear_breakpoint(NOWHERE)


def delay(event: Any) -> None:
    event.stop.delay(0.0001)
    with fails(ValueError):
        event.stop.delay(-1)


def dump_core(event: Any) -> None:
    with fails(pt.Unsupported):
        event.stop.dump_core("/nowhere/core")


def set_args(event: Any) -> None:
    event.stop.set_args(*event.args)
    with fails(KeyError):
        event.stop.set_args(nothing=1)


def set_sysnum(event: Any) -> None:
    event.stop.set_sysnum(event.sysnum)
    with fails(KeyError):
        event.stop.set_sysnum("nothing")


def inject(event: Any) -> None:
    event.stop.inject(error="EBADF")
    with fails(ValueError):
        event.stop.set_args(1)


def make_call(event: Any) -> None:
    event.stop.syscall("getpid")
    with fails(pt.CallFailed):
        event.stop.syscall("close", -1)
    with fails(ValueError):
        event.stop.syscall("exit", 0)


def registers(event: Any) -> None:
    found = event.stop.registers
    assert dict(found)
    with fails(KeyError):
        found["nothing"] = 1


def update(event: Any) -> None:
    found = event.stop.registers
    name = next(iter(found))
    found.update({name: found[name]})
    with fails(ValueError):
        found.update({name: -(2**70)})


def arg(event: Any) -> None:
    event.arg("fd")
    with fails(KeyError):
        event.arg("nothing")


AT_STOP: dict[str, Case] = {
    "Stop.read": read,
    "Stop.read_cstring": read_cstring,
    "Stop.read_struct": read_struct,
    "Stop.write": write,
    "Stop.signal": send,
    "Stop.suppress": suppress,
    "Stop.set_siginfo": set_siginfo,
    "Stop.step": step,
    "Stop.breakpoint": breakpoint_,
    "Stop.clear_breakpoint": clear_breakpoint,
    "Stop.delay": delay,
    "Stop.dump_core": dump_core,
    "Stop.lwps": lambda event: event.stop.lwps,
    "Stop.gather": lambda event: event.stop.gather(),
    "Stop.set_args": set_args,
    "Stop.set_sysnum": set_sysnum,
    "Stop.inject": inject,
    "Stop.syscall": make_call,
    "Stop.registers": registers,
    "Stop.regset": lambda event: event.stop.regset(2),
    "Stop.pc": lambda event: event.stop.pc,
    "Registers.bits": lambda event: event.stop.registers.bits,
    "Registers.pc": lambda event: event.stop.registers.pc,
    "Registers.update": update,
    "SyscallEntry.arg": arg,
    "Event": lambda event: (repr(event), pickle.loads(pickle.dumps(event)) == event),  # noqa: S301
}


@pytest.mark.parametrize("name", AT_STOP)
def test_at_a_stop(tracee: Tracee, name: str) -> None:
    """One tracee that makes calls for ever; what is done at each is done again at the next."""
    argv = [tracee("mixed"), str(10**9), "image"]
    with pt.spawn(argv, events=CALLS | pt.STEP | pt.SIGNAL, syscalls=["lseek"]) as loop:
        events = (event for event in loop if type(event) is pt.SyscallEntry)
        assert not leaked(lambda: AT_STOP[name](next(events)))


def suppressed_signal(events: Iterator[Any]) -> None:
    event = next(each for each in events if type(each) is pt.SyscallEntry)
    event.stop.signal(signal.SIGUSR1)
    arrived = next(each for each in events if type(each) is pt.Stopped)
    arrived.stop.set_siginfo(sender=1)
    with fails(ValueError):
        arrived.stop.set_siginfo(addr=-1)
    arrived.stop.suppress()
    with fails(ValueError):
        arrived.stop.set_siginfo(sender=1)


def test_at_a_signal(tracee: Tracee) -> None:
    with pt.spawn([tracee("mixed"), str(10**9), "image"], syscalls=["lseek"]) as loop:
        events = iter(loop)
        assert not leaked(lambda: suppressed_signal(events))


# What makes a loop, or has one: called with the command of a program that ends soon.


def whole(argv: list[str]) -> None:
    with pt.spawn(argv, events=CALLS) as loop:
        assert sum(1 for _ in loop)
    with fails(pt.LaunchError), pt.spawn(["/nowhere/program"]):
        pass
    with fails(ValueError):
        pt.spawn([])


@contextlib.contextmanager
def sleeper() -> Iterator[int]:
    pid = os.posix_spawn("/bin/sleep", ["sleep", "60"], os.environ)
    try:
        yield pid
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def attach(argv: list[str]) -> None:
    with sleeper() as pid, pt.attach(pid) as loop:
        for _ in loop:
            break
    with fails(pt.AttachError), pt.attach(NOBODY):
        pass


def run(argv: list[str]) -> None:
    pt.run(pt.Tracer(), argv)
    with fails(pt.LaunchError):
        pt.run(pt.Tracer(), ["/nowhere/program"])


def add(argv: list[str]) -> None:
    with pt.spawn(argv, events=pt.EXIT) as loop:
        loop.add(argv)
        assert len(list(loop)) == 2
        with fails(pt.AttachError):
            loop.add(NOBODY)
        with fails(pt.LaunchError):
            loop.add(["/nowhere/program"])


def detach(argv: list[str]) -> None:
    with sleeper() as pid, pt.attach(pid) as loop:
        loop.detach(pid)
        assert isinstance(list(loop)[-1], pt.Detached)
        with fails(pt.NotTraced):
            loop.detach(pid)


def text(argv: list[str]) -> None:
    with pt.spawn(argv) as loop:
        assert list(loop.text())[-1].last
    assert not loop.rest_text


def stop_after(argv: list[str]) -> None:
    with sleeper() as pid, pt.attach(pid) as loop:
        loop.stop_after(seconds=0.001)
        assert isinstance(list(loop)[-1], pt.Detached)
        assert loop.stopped
        with fails(ValueError):
            loop.stop_after(calls=-1)


def detach_at_a_stop(argv: list[str]) -> None:
    with sleeper() as pid, pt.attach(pid) as loop:
        for event in loop:
            if isinstance(event, pt.Attached):
                stop = event.stop
                stop.detach()
    with fails(pt.LoopClosed):
        stop.detach()


def interrupt(argv: list[str]) -> None:
    with pt.spawn(["/bin/sleep", "60"], events=pt.EXIT) as loop:
        loop.interrupt()
        assert not list(loop)
        assert not loop.interrupted


def close(argv: list[str]) -> None:
    loop = pt.spawn(argv)
    loop.close()
    with fails(pt.LoopClosed), loop:
        pass
    with fails(RuntimeError), pt.spawn(argv):
        raise RuntimeError("the body fails")


def close_elsewhere(argv: list[str]) -> None:
    with pt.spawn(["/bin/sleep", "60"], events=pt.EXIT) as loop:
        thread = threading.Thread(target=loop.close)
        thread.start()
        thread.join()
        assert not list(loop)


def stream(argv: list[str]) -> None:
    with pt.spawn(argv, events=CALLS) as loop:
        for batch in loop.stream():
            assert len(list(batch.tuples())) == len(batch.sysnum) == len(batch[:])
            assert len(next(batch.tuples())) == len(batch.fields)
            assert batch.buffer()
            with fails(AttributeError):
                assert batch.nothing
    with fails(ValueError):
        loop.stream(0)


def write_text(argv: list[str]) -> None:
    with open(os.devnull, "wb") as null, pt.spawn(argv) as loop:
        assert loop.write_text(null.fileno(), pt.Text.ARGV | pt.Text.ENV) == 0
    with open("/dev/full", "wb") as full, pt.spawn(argv) as loop:
        assert loop.write_text(full.fileno()) != 0


def lwps(argv: list[str]) -> None:
    with pt.spawn(argv, events=CALLS) as loop:
        for _ in loop:
            assert loop.lwps()
            with fails(pt.WrongThread):
                in_a_thread(loop.lwps)
            break
    with fails(pt.LoopClosed):
        loop.lwps()


def in_a_thread(function: Callable[[], object]) -> None:
    """Call it there; what it raises is raised here."""
    raised: list[BaseException] = []

    def call() -> None:
        try:
            function()
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    thread.join()
    for error in raised:
        raised.clear()
        raise error


def in_asyncio(argv: list[str]) -> None:
    async def main() -> None:
        async with pt.spawn(argv, events=pt.EXIT) as loop:
            await loop.call(loop.add, argv)
            with fails(pt.LaunchError):
                await loop.call(loop.add, ["/nowhere/program"])
            async for batch in loop.stream():
                assert len(batch)

    # In the main thread it looks for SIGINT's handler, which fills caches of the interpreter's.
    in_a_thread(lambda: asyncio.run(main()))


class Everything(pt.Tracer):
    events = pt.ALL

    def event(self, event: pt.Event) -> None:
        super().event(event)


def tracer(argv: list[str]) -> None:
    assert Everything().mask() == pt.ALL
    pt.run(Everything(), argv)


def keep_rest(argv: list[str]) -> None:
    with pt.spawn(argv) as loop:
        loop.keep_rest()
        next(loop.stream(1))
    assert loop.rest is not None
    assert len(loop.rest)


@functools.cache
def recorded(program: str) -> bytes:
    command = [sys.executable, "-m", "pypicotrace", "--format", "ndjson", "-o", "-", program]
    return subprocess.check_output(command)


def recording(argv: list[str]) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(recorded(argv[0]))
        file.flush()
        found = pt.read(file.name)
        assert found.header.command
        assert len(list(found)) == sum(len(batch) for batch in found.stream(3))
        file.write(b"no line")
        file.flush()
        with fails(pt.BadRecording):
            list(pt.read(file.name))
    with fails(OSError):
        pt.read(file.name)


def environment(argv: list[str]) -> None:
    assert pt.own_environment()


def trace_file(argv: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.close(pt.open_trace(f"{folder}/../{os.path.basename(folder)}/trace"))
        with fails(OSError):
            pt.open_trace(f"{folder}/missing/trace")
        os.chmod(folder, 0o777)  # noqa: S103  where there may be a stranger's link
        os.symlink("nowhere", f"{folder}/link")
        with fails(OSError):
            pt.open_trace(f"{folder}/link")


def line_writer(argv: list[str]) -> None:
    with tempfile.TemporaryFile() as file:
        pt.LineWriter(file.fileno(), owns_file=True).write(b"a line\n")
    with open("/dev/full", "wb") as full, fails(OSError):
        pt.LineWriter(full.fileno()).write(b"a line\n")


def blocks(argv: list[str]) -> None:
    pt.steps_blocks.cache_clear()
    assert pt.steps_blocks() in (True, False)


WHOLE: dict[str, Case] = {
    "spawn": whole,
    "attach": attach,
    "run": run,
    "Tracer": tracer,
    "Loop.add": add,
    "Loop.detach": detach,
    "Loop.stop_after": stop_after,
    "Stop.detach": detach_at_a_stop,
    "Loop.interrupt": interrupt,
    "Loop.close": close,
    "Loop.close, elsewhere": close_elsewhere,
    "Loop.stream": stream,
    "Loop.write_text": write_text,
    "Loop.text": text,
    "Loop.lwps": lwps,
    "Loop.call": in_asyncio,
    "Loop.keep_rest": keep_rest,
    "read": recording,
    "open_trace": trace_file,
    "LineWriter.write": line_writer,
    "own_environment": environment,
    "steps_blocks": blocks,
}


@pytest.mark.parametrize("name", WHOLE)
def test_a_whole_run(name: str) -> None:
    assert not leaked(lambda: WHOLE[name](TRUE))


COVERED = {
    **dict.fromkeys(("Loop", "Loop.status", "Loop.returncode", "Loop.end"), "spawn"),
    **dict.fromkeys(("Batch", "Batch.buffer", "Batch.fields", "Batch.tuples"), "Loop.stream"),
    **dict.fromkeys(("Stream", "Loop.take"), "Loop.stream"),
    "Loop.hurry": "Loop.call",
    **dict.fromkeys(("Recording", "Recording.stream"), "read"),
    "Loop.interrupted": "Loop.interrupt",
    "Loop.stopped": "Loop.stop_after",
    "Loop.pointer": "Loop.lwps",
    "LineWriter": "LineWriter.write",
    "Registers": "Registers.update",
    "Stop": "Stop.read",
}
"""What is used in another's case."""


# What is made and looked at, and has nothing of the kernel's.


def make(of: Any) -> None:
    if issubclass(of, BaseException):
        with fails(of):
            raise of("why")
    elif issubclass(of, pt.Event):
        made = of(pid=1)
        assert made == pickle.loads(pickle.dumps(made))  # noqa: S301
        assert repr(made)
    elif issubclass(of, tuple):
        assert repr(of(*[None] * len(of._fields)))
    else:
        assert repr(of(1) if issubclass(of, int) else of())


PLAIN = {
    name: it
    for name in pt.__all__
    if inspect.isclass(it := getattr(pt, name))
    and issubclass(it, BaseException | pt.Event | tuple | int | dict)
}


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_made(name: str) -> None:
    assert not leaked(lambda: make(PLAIN[name]))


def parts(public: type) -> list[type]:
    """A public class, and what of it is in classes that are not."""
    ours = [it for it in public.__mro__ if it.__module__.startswith("pypicotrace.")]
    return [it for it in ours if it is public or it.__name__ not in pt.__all__]


def public() -> Iterator[str]:
    """All that somebody can call or ask for: functions, classes, methods and properties."""
    for name in pt.__all__:
        it = getattr(pt, name)
        if inspect.isfunction(it):
            yield name
        elif inspect.isclass(it):
            if not issubclass(it, pt.Tracer):  # its methods are for it to call
                yield from (
                    f"{name}.{member}"
                    for part in parts(it)
                    for member, is_it in vars(part).items()
                    if not member.startswith("_") and isinstance(is_it, FunctionType | property)
                )
            yield name


def test_nothing_public_is_left_out() -> None:
    cases = {*AT_STOP, *WHOLE, *PLAIN}
    assert set(COVERED.values()) <= cases
    assert not sorted(set(public()) - cases - set(COVERED))


@pytest.mark.parametrize("script", ["children", "left", "changed"])
def test_a_kernel_that_fails(script: str) -> None:
    """At each call in turn: a loop that ends so has given back what it had."""
    case = SCRIPTS[script]
    calls = len(played(case).calls)

    def fail_everywhere() -> None:
        for at in range(1, calls + 1):
            played(case, Fault(at, errno.EIO))

    assert not leaked(fail_everywhere)


def test_a_leak_is_found() -> None:
    """Of Python's memory, of C's, of descriptors, threads and processes."""
    kept: list[Any] = []
    malloc = ctypes.CDLL(None).malloc
    malloc.restype = ctypes.c_void_p
    ended = threading.Event()
    left: list[int] = []
    start = lambda program: left.append(os.posix_spawn(program[0], program, os.environ))  # noqa: E731
    waiting = lambda: kept.append(threading.Thread(target=ended.wait)) or kept[-1].start()  # noqa: E731
    with contextlib.ExitStack() as stack:
        assert "memory" in leaked(lambda: kept.append(object()))
        assert "memory" in leaked(lambda: malloc(16))
        assert "descriptors" in leaked(lambda: stack.callback(os.close, os.dup(0)))
    assert "lwps" in leaked(waiting)
    for program in (TRUE, ["/bin/sleep", "60"]):
        assert "children" in leaked(lambda program=program: start(program))  # type: ignore[misc]
    for pid in left:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    ended.set()
    for thread in kept:
        if isinstance(thread, threading.Thread):
            thread.join()
