"""Calls of another ABI than the machine's own: each is shown by its own table."""

from __future__ import annotations

import platform
from collections.abc import Callable

import pytest
from runs import Trace

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
