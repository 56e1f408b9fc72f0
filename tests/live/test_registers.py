"""Registers: what a tracee has in them is what is read, and what is set is what it then has."""

from __future__ import annotations

import platform
import signal
import struct
from collections.abc import Callable
from typing import IO, Any

import pytest
from runs import Trace, asks_for_results, kill_in_its_stop

import pypicotrace as pt

Tracee = Callable[[str], str]

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"the tracee has no assembly for {platform.machine()}"
)

NAMES = ("rbx", "r12", "r13", "r14", "r15", "rsi", "rdx", "r8", "r9", "r10", "rdi")
LOADED = {name: 0x1122334455667700 + i for i, name in enumerate(NAMES)}
GETPPID = 110


def getppid(kind: type[pt.Event], do: Callable[[Any], object]) -> Callable[[Any], object]:
    return lambda ev: do(ev) if type(ev) is kind and ev.name == "getppid" else None


@asks_for_results
@pytest.mark.parametrize("kind", [pt.SyscallEntry, pt.SyscallExit])
def test_row_51_what_the_tracee_has_in_them(
    trace: Trace, tracee: Tracee, kind: type[pt.Event]
) -> None:
    seen: dict[str, int] = {}
    run = trace([tracee("loaded")], body=getppid(kind, lambda ev: seen.update(ev.stop.registers)))
    assert {name: seen[name] for name in NAMES} == LOADED
    assert seen["orig_rax"] == GETPPID
    assert seen["cs"] == 0x33
    result = run.told("result")[0] if kind is pt.SyscallExit else 2**64 - 38
    assert seen["rax"] == result
    assert dict(run.said("register")) == dict(enumerate(LOADED.values()))  # type: ignore[arg-type]


@asks_for_results
@pytest.mark.parametrize("kind", [pt.SyscallEntry, pt.SyscallExit])
def test_row_51_what_is_set_is_what_it_has(
    trace: Trace, tracee: Tracee, kind: type[pt.Event]
) -> None:
    wanted = {name: 0xFEDCBA9876543200 + i for i, name in enumerate(NAMES)}

    def body(ev: Any) -> None:
        registers = ev.stop.registers
        registers["rbx"] = wanted["rbx"]
        ev.stop.registers.update(wanted, r12=1)
        # This one was read before that.
        registers["r12"] = wanted["r12"] - 2**64
        assert {name: ev.stop.registers[name] for name in NAMES} == wanted

    run = trace([tracee("loaded")], body=getppid(kind, body))
    assert dict(run.said("register")) == dict(enumerate(wanted.values()))  # type: ignore[arg-type]


@asks_for_results
def test_row_51_the_program_counter(trace: Trace, tracee: Tracee) -> None:
    """It is behind the call's instruction; set back by that, the call is made again."""
    left = [2]
    seen = set()

    def body(ev: Any) -> None:
        registers = ev.stop.registers
        seen.add(registers.pc)
        assert ev.stop.read(ev.stop.pc - 2, 2) == b"\x0f\x05"
        if left[0]:
            left[0] -= 1
            registers.update(rip=registers.pc - 2, rax=GETPPID)

    run = trace([tracee("loaded")], body=getppid(pt.SyscallExit, body))
    assert len([ev for ev in run.calls() if ev.name == "getppid"]) == 6
    assert len(seen) == 1


@asks_for_results
def test_row_51_program_counter_0_is_taken(trace: Trace, tracee: Tracee) -> None:
    """And there is nothing at address 0. (NetBSD refuses it.)"""
    body = getppid(pt.SyscallExit, lambda ev: ev.stop.registers.update(rip=0))
    run = trace([tracee("loaded")], body=body)
    assert run.one(pt.Crashed, signo=signal.SIGSEGV).addr == 0
    assert run.one(pt.Signaled).signo == signal.SIGSEGV


def test_row_51_an_lwp_that_was_killed_in_between(trace: Trace, tracee: Tracee) -> None:
    def body(ev: Any) -> None:
        registers = ev.stop.registers
        kill_in_its_stop(ev.stop)
        with pytest.raises(pt.TraceeDied):
            registers["rbx"] = 1
        with pytest.raises(pt.TraceeDied):
            _ = ev.stop.pc

    run = trace([tracee("loaded")], body=getppid(pt.SyscallEntry, body))
    assert run.one(pt.Signaled).signo == signal.SIGKILL


def test_row_51_what_is_refused(tracee: Tracee, scratch: Callable[[], IO[bytes]]) -> None:
    with pt.spawn([tracee("loaded")], stdout=scratch()) as loop:
        events = iter(loop)
        stop = next(events).stop
        registers = stop.registers
        before = dict(registers)
        with pytest.raises(KeyError, match=r"no register 'raxx' \(did you mean rax"):
            registers["raxx"]
        with pytest.raises(KeyError, match="no register 'nonsense'"):
            registers.update(rax=1, nonsense=1)
        with pytest.raises(ValueError, match="rax has 64 bits"):
            registers.update(rbx=1, rax=2**64)
        with pytest.raises(TypeError, match="rax is an int"):
            registers["rax"] = "1"
        with pytest.raises(pt.KernelError, match="set registers"):
            registers["cs"] = 0
        assert registers == stop.registers == before
        assert len(registers) == len(before) == 27
        assert "rax=0x" in repr(registers)
        next(events)
        assert registers["rip"] == before["rip"], "what was read stays"
        with pytest.raises(pt.StaleStop):
            registers["rax"] = 1
        with pytest.raises(pt.StaleStop):
            _ = stop.registers


def test_sets_of_registers(trace: Trace, bare: Callable[[str, str], str]) -> None:
    """Those of floating point and vectors, as FXSAVE lays them out (Intel's manual, table 10-2)."""
    found: dict[int, bytes] = {}

    def body(ev: Any) -> None:
        if isinstance(ev, pt.Crashed):
            found.update({number: ev.stop.regset(number) for number in (2, 0x202)})
            with pytest.raises(pt.KernelError):
                ev.stop.regset(0x404)  # AArch64's
            with pytest.raises(ValueError, match="32 bits"):
                ev.stop.regset(2**32)

    trace([bare("floats", "-m64")], body=body)
    floating, xstate = found[2], found[0x202]
    assert len(floating) == 512
    assert struct.unpack_from("<4f", floating, 160) == (1.5, 2.5, 3.5, 4.5)
    assert floating[32:42] == bytes.fromhex("00000000000000 80fc3f")
    assert xstate[:416] == floating[:416]
    assert len(xstate) >= 576
