"""One instruction at a time, and what the LWPs of a process are doing."""

from __future__ import annotations

import itertools
import os
import platform
import signal
import subprocess
import threading
from collections.abc import Callable
from typing import IO, Any

import pytest
from runs import Target, Trace, asks_for_results, until
from system import untouched

import pypicotrace as pt

Tracee = Callable[[str], str]
Start = Callable[..., Target]

# Three nops; mov, syscall; two nops; two movs, syscall: how far each is from the first.
PLACES = [1, 2, 3, 8]
AFTER = [11, 12, 17, 22]
SYSCALL = 10
ERESTARTSYS = 512

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"the tracee has no assembly for {platform.machine()}"
)


@pytest.fixture
def nops(bare: Callable[[str, str], str]) -> str:
    return bare("nops", "-m64")


def stepped(run_events: list[pt.Event]) -> list[int]:
    pcs = [ev.pc for ev in run_events if isinstance(ev, pt.SingleStep)]
    return [pc - pcs[0] + 1 for pc in pcs]


@asks_for_results
def test_every_instruction_and_every_call(trace: Trace, nops: str) -> None:
    def body(ev: Any) -> None:
        if ev.stop is not None:
            if isinstance(ev, pt.SingleStep):
                assert ev.stop.pc == ev.pc
            ev.stop.step()

    run = trace([nops], body=body)
    assert stepped(run.events) == [*PLACES, *AFTER]
    kinds = [type(ev) for ev in run.events if not isinstance(ev, pt.SingleStep)]
    call = [pt.SyscallEntry, pt.SyscallExit]
    assert kinds == [pt.Exec, *call, pt.SyscallEntry, pt.Exited]
    assert run.one(pt.Exited).status == 4
    left = run.one(pt.SyscallExit)
    assert (left.name, left.retval) == ("getppid", os.getpid())


@pytest.mark.parametrize("wanted", [pt.Mask(0), pt.SCE], ids=["no calls", "another call"])
def test_over_a_call_that_nobody_asked_for(trace: Trace, nops: str, wanted: pt.Mask) -> None:
    def body(ev: Any) -> None:
        if ev.stop is not None:
            ev.stop.step()

    events = pt.EXEC | pt.STEP | pt.EXIT | wanted
    run = trace([nops], events=events, body=body, syscalls=["exit"])
    assert stepped(run.events) == [*PLACES, SYSCALL, *AFTER]
    assert run.one(pt.Exited).status == 4


@asks_for_results
def test_one_step_and_on(trace: Trace, nops: str) -> None:
    run = trace([nops], body=lambda ev: ev.stop.step() if isinstance(ev, pt.Exec) else None)
    assert len(run.of(pt.SingleStep)) == 1
    assert len(run.calls()) == 3


def test_into_a_handler(trace: Trace, tracee: Tracee) -> None:
    seen: list[Any] = []

    def body(ev: Any) -> None:
        if isinstance(ev, pt.Stopped) and ev.signo == signal.SIGUSR2:
            seen.append(ev.stop.pc)
            ev.stop.step()
        elif isinstance(ev, pt.SingleStep):
            # The first argument of a handler.
            seen.append(ev.stop.registers["rdi"])

    run = trace([tracee("receivers"), "handled"], body=body)
    assert seen[1:] == [signal.SIGUSR2]
    assert seen[0] != run.one(pt.SingleStep).pc
    assert run.told("caught") == (0, 1)


@asks_for_results
@pytest.mark.parametrize("call", ["read", "nanosleep"])
@pytest.mark.parametrize(
    ("at", "unwanted"),
    [(pt.SyscallExit, pt.SIGNAL), (pt.Stopped, pt.Mask(0))],
    ids=["at its exit", "at the signal"],
)
def test_a_call_that_is_made_again(
    trace: Trace, tracee: Tracee, call: str, at: type[pt.Event], unwanted: pt.Mask
) -> None:
    """By the kernel, after a signal that nobody handles: it is seen as any other."""

    def body(ev: Any) -> None:
        if type(ev) is at and getattr(ev, "error", ERESTARTSYS) >= ERESTARTSYS:
            ev.stop.step()

    argv = [tracee("restarts"), call, "harmless"]
    run = trace(argv, events=pt.ALL & ~unwanted, body=body)
    calls = run.calls(run.one(pt.LwpCreated).lwp)
    again = 1 + next(n for n, ev in enumerate(calls) if getattr(ev, "error", 0) >= ERESTARTSYS)
    name = "restart_syscall" if call == "nanosleep" else call
    assert [(type(ev), ev.name) for ev in calls[again : again + 2]] == [
        (pt.SyscallEntry, name),
        (pt.SyscallExit, name),
    ]


@pytest.mark.parametrize("handled", [True, False], ids=["handled", "default"])
def test_over_a_breakpoint_of_the_programs_own(trace: Trace, tracee: Tracee, handled: bool) -> None:
    def body(ev: Any) -> None:
        # What it calls last before that.
        if isinstance(ev, pt.SingleStep) or getattr(ev, "name", "") in (
            "prlimit64",
            "rt_sigaction",
        ):
            ev.stop.step()

    run = trace([tracee("traps"), "int3", *["handled"] * handled], body=body)
    crash = run.one(pt.Crashed)
    assert (crash.signo, crash.code) == (signal.SIGTRAP, 0x80)
    assert isinstance(run.status, pt.Exited if handled else pt.Signaled)


def test_a_loop_without_steps(tracee: Tracee, scratch: Callable[[], IO[bytes]]) -> None:
    with pt.spawn([tracee("receivers")], events=pt.EXEC, stdout=scratch()) as loop:
        stop = next(iter(loop)).stop
        with pytest.raises(ValueError, match="events do not include STEP"):
            stop.step()


def test_what_the_lwps_are_doing(tracee: Tracee, scratch: Callable[[], IO[bytes]]) -> None:
    lwps = 8
    argv = [tracee("spinners"), str(lwps)]
    with pt.spawn(argv, events=pt.LWP_CREATE | pt.SIGNAL, stdout=scratch()) as loop:
        events = iter(loop)
        made = [next(events).lwp for _ in range(lwps - 1)]
        os.kill(loop.root, signal.SIGUSR1)
        stop = next(events).stop
        doing = {lwp.lwp: lwp.state for lwp in stop.lwps}
        assert doing.keys() == {loop.root, *made}
        assert doing.pop(stop.lwp) == "standing"
        assert set(doing.values()) == {"running"}
    with pytest.raises(pt.LoopClosed):
        _ = stop.lwps


def test_breakpoints(trace: Trace, nops: str) -> None:
    """Each time; four at most; not any more when cleared."""
    first: list[int] = []

    def body(ev: Any) -> None:
        stop = ev.stop
        if isinstance(ev, pt.Exec):
            # The first instruction is where a static program begins.
            first.append(stop.pc)
            for place in (2, 8, 11, 12):
                stop.breakpoint(first[0] + place)
            stop.breakpoint(first[0] + 2)
            with pytest.raises(pt.KernelError, match="No space left"):
                stop.breakpoint(first[0] + 1)
            with pytest.raises(pt.KernelError, match="No such file"):
                stop.clear_breakpoint(first[0] + 1)
            stop.clear_breakpoint(first[0] + 11)
            with pytest.raises(ValueError, match="no breakpoint at"):
                stop.breakpoint(-1)
            stop.breakpoint(first[0] + 17)
        elif isinstance(ev, pt.Breakpoint):
            assert stop.pc == ev.pc
            if ev.pc == first[0] + 2:
                stop.step()
            elif ev.pc == first[0] + 8:
                stop.clear_breakpoint(first[0] + 12)

    run = trace([nops], body=body)
    places = [(type(ev), ev.pc - first[0]) for ev in run.events if hasattr(ev, "pc")]
    assert places == [
        (pt.Breakpoint, 2),
        (pt.SingleStep, 3),
        (pt.Breakpoint, 8),
        (pt.Breakpoint, 17),
    ]
    assert run.one(pt.Exited).status == 4


def test_a_breakpoint_does_not_outlast_the_loop(
    start: Callable[..., Target], tracee: Tracee
) -> None:
    target = start([tracee("loaded"), "110", "again"], stdin=subprocess.PIPE)
    until(lambda: target.said("register"), "it runs")
    events = pt.SCE | pt.STEP
    with pt.attach(target.pid, events=events, syscalls=["getppid"]) as loop:
        hit = 0
        for ev in loop:
            if isinstance(ev, pt.SyscallEntry):
                ev.stop.breakpoint(ev.stop.pc)
            hit += isinstance(ev, pt.Breakpoint)
            if hit == 3:
                break
    told = len(target.said("result"))
    until(lambda: len(target.said("result")) > told + 3, "it runs on")
    target.process.communicate()
    assert target.process.returncode == 0


ROUNDS = 30


@pytest.mark.parametrize("how", ["steps", "breakpoints"])
def test_let_go_with_a_trap_on_its_way(start: Start, tracee: Tracee, how: str) -> None:
    """The loop's own stop comes before a trap that is pending, which is not left to the LWPs."""
    target = start([tracee("spinners"), "4"])
    until(lambda: len(target.lwps()) == 4, "all LWPs are there")
    for count in range(ROUNDS):
        broken = set()
        with pt.attach(target.pid, events=pt.STEP | pt.ATTACH | pt.SCE) as loop:
            for ev in itertools.islice(loop, 20 + count):
                if how == "breakpoints" and isinstance(ev, pt.SingleStep) and ev.lwp not in broken:
                    broken.add(ev.lwp)
                    ev.stop.breakpoint(ev.pc)
                elif not isinstance(ev, pt.Breakpoint):
                    ev.stop.step()
        until(lambda: untouched(target.pid), "it runs")
    assert target.process.poll() is None


def test_a_stop_of_the_process_comes_before_the_trap_of_a_step(tracee: Tracee) -> None:
    """The LWP is in its group-stop then, with the trap still to come: that is not its own."""
    begun = False
    with pt.spawn([tracee("halted"), "again", "300"], events=pt.SIGNAL | pt.STEP) as loop:
        for ev in loop:
            begun = begun or isinstance(ev, pt.Stopped)
            if begun and isinstance(ev, pt.Stopped | pt.SingleStep) and ev.lwp == loop.root:
                ev.stop.step()
    assert loop.returncode == 0


def test_let_go_in_such_a_stop(start: Start, tracee: Tracee) -> None:
    """It gets out of it for the trap that is still to come, and back to it."""
    for _ in range(ROUNDS):
        target = start([tracee("halted"), "once"], stdin=subprocess.PIPE)
        until(lambda said=target.said: said("ready"), "ready")
        with pt.attach(target.pid, events=pt.STEP | pt.ATTACH) as loop:
            enough = threading.Timer(0.1, loop.interrupt)
            for count, ev in enumerate(loop):
                if ev.stop is not None and ev.lwp == target.pid:
                    ev.stop.step()
                if count == 20:
                    os.write(stdin(target), b"x")
                    enough.start()
            enough.join()
        until(lambda lwps=target.lwps: is_stopped(lwps()), "it is stopped, and let go")


def stdin(target: Target) -> int:
    assert target.process.stdin is not None
    return target.process.stdin.fileno()


def is_stopped(lwps: dict[int, dict[str, str]]) -> bool:
    return {(lwp["State"][0], lwp["TracerPid"]) for lwp in lwps.values()} == {("T", "0")}


def test_a_step_that_was_asked_for_is_one_in_a_stream_as_well(nops: str) -> None:
    with pt.spawn([nops], events=pt.EXEC | pt.STEP | pt.EXIT) as loop:
        next(iter(loop)).stop.step()
        kinds = [type(ev) for batch in loop.stream() for ev in batch]
    assert kinds == [pt.SingleStep, pt.Exited]


def test_a_step_from_a_breakpoint_where_no_calls_are_asked_for(nops: str) -> None:
    """The exit of the execve that has started it is not waited for."""
    with pt.spawn([nops], events=pt.EXEC | pt.STEP) as loop:
        begin, places = 0, []
        for ev in loop:
            if isinstance(ev, pt.Exec):
                begin = ev.stop.pc
                ev.stop.breakpoint(begin + PLACES[0])
            else:
                places.append(ev.pc - begin)
                if isinstance(ev, pt.Breakpoint):
                    ev.stop.step()
    assert places == PLACES[:2]


def test_a_step_into_an_execve_costs_no_exit_of_an_lwp(tracee: Tracee) -> None:
    """The first LWP's, where no calls are asked for; it ends in the new image, before another."""
    argv = ["sh", "-c", 'kill -CONT $$; exec "$@"', "sh", tracee("leaderless"), "exit"]
    steps, ended = False, []
    with pt.spawn(argv, events=pt.ALL & ~(pt.SCE | pt.SCX)) as loop:
        for ev in loop:
            steps = not isinstance(ev, pt.Exec) and (steps or isinstance(ev, pt.Stopped))
            if steps and ev.stop is not None:
                ev.stop.step()
            if isinstance(ev, pt.LwpExited):
                ended.append(ev.lwp)
    assert loop.root in ended


def test_an_entry_that_a_step_has_come_to_is_told_once(nops: str) -> None:
    """Also where the filter in the kernel is asked about that call afterwards."""
    events = pt.EXEC | pt.SCE | pt.STEP
    how: Any = {"syscalls": ["getppid"], "follow": True, "kernel_filter": True}
    with pt.spawn([nops], events=events, **how) as loop:
        entries = 0
        for ev in loop:
            entries += isinstance(ev, pt.SyscallEntry)
            if entries == 0:
                ev.stop.step()
    assert entries == 1
