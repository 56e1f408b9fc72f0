"""Calls of another ABI than the machine's own: each is shown by its own table."""

from __future__ import annotations

import errno
import platform
from collections.abc import Callable
from typing import Any

import pytest
from runs import Trace, asks_for_results

import pypicotrace as pt

pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"{platform.machine()} has no calls of 32-bit x86"
)


@pytest.fixture(params=["-m32", "-m64"], ids=["32-bit program", "int 0x80 in 64-bit code"])
def program(request: pytest.FixtureRequest, bare: Callable[[str, str], str]) -> str:
    return bare("int80", request.param)


def calls(events: list[pt.Event]) -> list[tuple[type[pt.Event], str, str, int]]:
    return [
        (type(ev), ev.abi, ev.name, ev.sysnum)
        for ev in events
        if isinstance(ev, pt.SyscallEntry) and ev.name != "execve"
    ]


@asks_for_results
def test_row_38_each_call_by_its_own_table(trace: Trace, program: str) -> None:
    run = trace([program])
    assert run.status is not None
    assert calls(run.events) == [
        (pt.SyscallEntry, "linux-i386", "open", 5),
        (pt.SyscallExit, "linux-i386", "open", 5),
        (pt.SyscallEntry, "linux-i386", "exit", 1),
    ]
    [opened] = [ev for ev in run.calls() if isinstance(ev, pt.SyscallExit)]
    assert (opened.error, opened.retval) == (2, None)
    assert run.one(pt.Exited).status == 3


def test_row_33_exec_changes_the_abi(trace: Trace, program: str) -> None:
    run = trace(["sh", "-c", f"exec {program}"])
    abis = {ev.abi for ev in run.calls() if ev.program == b"int80" and ev.name != "execve"}
    assert abis == {"linux-i386"}
    assert {ev.abi for ev in run.calls() if ev.program == b"sh"} == {"linux-x86_64"}


@asks_for_results
def test_row_33_exec_by_a_changed_call_changes_the_abi(trace: Trace, program: str) -> None:
    """What the execve's registers had is nothing to the new program."""

    def body(ev: Any) -> None:
        if type(ev) is pt.SyscallEntry and ev.name == "execve":
            ev.stop.set_args(envp=0)

    run = trace(["sh", "-c", f"exec {program}"], body=body, altered=True)
    assert run.one(pt.SyscallExit, name="execve", error=0).args[2] == 0
    assert run.one(pt.Exited).status == 3


def at_open(do: Callable[[pt.Stop], object]) -> Callable[[Any], object]:
    return lambda ev: do(ev.stop) if type(ev) is pt.SyscallEntry and ev.name == "open" else None


@asks_for_results
@pytest.mark.parametrize(("given", "status"), [({"retval": 7}, 7), ({"error": "EACCES"}, 13)])
@pytest.mark.parametrize("kind", [pt.SyscallEntry, pt.SyscallExit])
def test_a_call_is_answered(
    trace: Trace, program: str, kind: type[pt.Event], given: dict[str, Any], status: int
) -> None:
    def body(ev: Any) -> None:
        if type(ev) is kind and ev.name == "open":
            ev.stop.inject(**given)

    run = trace([program], body=body)
    assert run.one(pt.Exited).status == status
    if kind is pt.SyscallEntry:
        left = run.one(pt.SyscallExit, name="open")
        assert (left.retval, left.error) == (given.get("retval"), 13 if "error" in given else 0)


@asks_for_results
def test_a_result_that_has_no_room(trace: Trace, program: str) -> None:
    def body(stop: pt.Stop) -> None:
        with pytest.raises(ValueError, match="retval has 32 bits"):
            stop.inject(retval=2**32)
        with pytest.raises(ValueError, match="0xfffffffb is no result"):
            stop.inject(retval=-5)
        stop.inject(retval=2**32 - 5000)

    run = trace([program], body=at_open(body))
    assert run.one(pt.SyscallExit, name="open").retval == 2**32 - 5000


def test_arguments_and_number_are_changed(trace: Trace, program: str) -> None:
    """The open becomes an exit; its first argument is where 32-bit calls have it."""

    def body(stop: pt.Stop) -> None:
        stop.set_sysnum("exit")
        stop.set_args(99)

    run = trace([program], body=at_open(body), altered=True)
    assert run.one(pt.Exited).status == 99


@asks_for_results
def test_the_registers_are_put_back(trace: Trace, program: str) -> None:
    seen = []

    def body(ev: Any) -> None:
        if type(ev) is pt.SyscallEntry and ev.name == "open":
            seen.append(registers(ev.stop))
            ev.stop.set_sysnum("dup2")
            ev.stop.set_args(-1, -1)
            assert registers(ev.stop) != seen[0]
        elif type(ev) is pt.SyscallExit and ev.name == "dup2":
            seen.append(registers(ev.stop))

    run = trace([program], body=body, altered=True)
    before, after = seen
    assert before == after
    assert run.one(pt.Exited).status == errno.EBADF


def registers(stop: pt.Stop) -> dict[str, int]:
    """All but the result."""
    found = dict(stop.registers)
    assert stop.registers.bits == (32 if "eax" in found else 64)
    del found["eax" if "eax" in found else "rax"]
    return found


def test_row_51_registers_have_the_calls_arguments(trace: Trace, program: str) -> None:
    def body(ev: Any) -> None:
        if type(ev) is pt.SyscallEntry and ev.name == "open":
            found = ev.stop.registers
            names = ("ebx", "ecx", "orig_eax") if found.bits == 32 else ("rbx", "rcx", "orig_rax")
            assert [found[name] for name in names] == [*ev.args[:2], 5]
            found[names[1]] = 0x12345
            assert ev.stop.registers[names[1]] == 0x12345
            seen.append(found.bits)

    seen: list[int] = []
    trace([program], body=body)
    assert len(seen) == 1


def test_a_call_of_32_bits_is_changed_though_more_is_in_its_registers(
    trace: Trace, bare: Callable[[str, str], str]
) -> None:
    """They get that back, and nothing is left of it for another call."""
    changed = []

    def body(ev: Any) -> None:
        if type(ev) is pt.SyscallEntry and ev.name == "syscall_999":
            ev.stop.set_args(None, 5)
        if type(ev) is pt.SyscallExit and ev.name == "syscall_999":
            changed.append((ev.args[:2], ev.stop.registers["rbx"]))
        if type(ev) is pt.SyscallEntry and ev.name == "getppid":
            ev.stop.set_sysnum("getuid")

    run = trace([bare("wide80", "-m64")], body=body, altered=True)
    assert changed == [((1, 5), 0x100000001)]
    assert run.one(pt.Exited).status == 7
