"""Calls of all kinds, held against what the tracees have recorded themselves."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rows import from_events
from runs import Trace, asks_for_results
from true_runs import STATUS, Tell
from truth import read_truth, tagged
from truthful import check_truth

import pypicotrace as pt

Tracee = Callable[[str], str]

x86_64 = pytest.mark.skipif(platform.machine() != "x86_64", reason="int $0x80 is x86's")


def test_row_34_row_37_numbers_arguments_and_results(tell: Tell) -> None:
    told = tell("kinds", "numbers")
    unknown = {row.name for row in told.of("SCE") if row.name.startswith("UNKNOWN")}
    assert unknown == {f"UNKNOWN SYSCALL {n}" for n in (-1, 999, 1000, 0x7FFFFFFF)}


def test_row_6_the_parent_is_the_real_one(trace: Trace, tracee: Tracee, tmp_path: Path) -> None:
    file = tmp_path / "truth"
    trace([tracee("kinds"), str(file), "numbers"])
    calls = read_truth(file).accounts[0].calls
    assert [call.result for call in calls if call.name == "getppid"] == [os.getpid()]


def test_row_35_what_does_not_return_has_no_exit(tell: Tell) -> None:
    told = tell("multitude", "left", "4")
    assert {"exit", "exit_group"}.isdisjoint(row.name for row in told.of("SCX"))


@x86_64
def test_row_38_calls_of_the_machines_32_bit_kind(tell: Tell) -> None:
    told = tell("kinds", "narrow")
    assert len([row for row in told.of("SCX") if row.name == "getpid"]) > 14


@pytest.mark.parametrize(
    ("how", "status"),
    [("error", STATUS), ("process", -signal.SIGSYS), ("lwp", STATUS), ("strict", STATUS)],
)
def test_row_39_a_filter_of_the_programs_own(tell: Tell, how: str, status: int) -> None:
    # Strict mode is refused to who has a filter already.
    options = {"kernel_filter": False} if how == "strict" else {}
    assert tell("kinds", "sandboxed", how, deadly=["getppid"], **options).status == status


def test_row_40_a_tracer_among_the_tracees(tell: Tell) -> None:
    assert tell("kinds", "traces").status == STATUS


def test_row_46_every_fatal_signal(tell: Tell) -> None:
    """Whether there was a core is as the parent was told."""
    told = tell("kinds", "deaths")
    assert len({row.name for row in told.of("SIGNALED")}) == 54


def acts(file: Path) -> list[tuple[str, int | None]]:
    """What the LWPs have done, by their accounts, but for ids that are others each time."""
    calls = [call for account in read_truth(file).accounts for call in account.calls]
    own = {"getpid", "gettid", "clone", "clone3", "wait4"}
    return [
        (call.name, None if tagged(call.args) or call.name in own else call.result)
        for call in calls
    ]


@pytest.mark.parametrize(
    ("program", "words"),
    [("kinds", ["numbers"]), ("struck", ["each"]), ("generations", ["nested"])],
)
def test_row_52_all_is_as_without_a_tracer(
    tell: Tell, tracee: Tracee, tmp_path: Path, program: str, words: list[str]
) -> None:
    plain = tmp_path / "plain"
    assert subprocess.run([tracee(program), str(plain), *words], check=False).returncode == STATUS
    assert tell(program, *words).status == STATUS
    traced = tmp_path / "-".join([program, *words])
    without = [act for act in acts(plain) if act[0] != "getppid"]
    assert [act for act in acts(traced) if act[0] != "getppid"] == without
    assert len(without) > 20


READ, STRING, WRITE, FOUND, NOWHERE, REGISTERS = range(1001, 1007)


@asks_for_results
def test_row_49_row_50_row_51_memory_and_registers(
    trace: Trace, tracee: Tracee, tmp_path: Path
) -> None:
    """They are read where the program says that it has them, and have what it says."""
    file = tmp_path / "truth"
    seen = []

    def body(ev: Any) -> None:
        if type(ev) is not pt.SyscallEntry or ev.sysnum not in range(READ, REGISTERS + 1):
            return
        seen.append(ev.sysnum)
        first, second, third = ev.args[:3]
        if ev.sysnum == READ:
            assert ev.stop.read(first, second) == third.to_bytes(8, "little")[:second]
        elif ev.sysnum == WRITE:
            ev.stop.write(first, third.to_bytes(8, "little")[:second])
        elif ev.sysnum == FOUND:
            assert first == third % (1 << 8 * second)
        elif ev.sysnum == STRING and second == 100:
            assert ev.stop.read_cstring(first) == b"s" * 100
        elif ev.sysnum in (STRING, NOWHERE):
            with pytest.raises(pt.KernelError):
                ev.stop.read(first, second + 1)
        elif ev.sysnum == REGISTERS:
            assert ev.args == (1, 2, 3, 2**64 - 1, 5, 6)
            assert {1, 2, 3, 2**64 - 1, 5, 6} <= set(ev.stop.registers.values())

    run = trace([tracee("remembered"), str(file)], body=body)
    check_truth(from_events(run.events), read_truth(file))
    assert set(seen) == set(range(READ, REGISTERS + 1))
