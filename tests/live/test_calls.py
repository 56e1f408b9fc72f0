"""System calls: numbers, arguments, results and errors are what the tracee itself knows."""

from __future__ import annotations

import errno
from collections.abc import Callable

from runs import Run, Trace, asks_for_results

import pypicotrace as pt

Tracee = Callable[[str], str]

MMAP, LSEEK, CLOSE, DUP, GETPPID = 9, 8, 3, 32, 110
FIRST = 0x5A5A00000000


def told(run: Run) -> list[tuple[int, int | None, int]]:
    """Number, result and error of each call, by the tracee's own account."""
    return [(nr, None if error else result, error) for nr, result, error in run.said("call")]


def from_the_first_on(run: Run) -> list[pt.SyscallExit]:
    """The exits of the calls that the tracee tells of, without its prints in between."""
    exits = [ev for ev in run.calls() if isinstance(ev, pt.SyscallExit)]
    start = next(i for i, ev in enumerate(exits) if ev.args[:1] == (FIRST,))
    return [ev for ev in exits[start:] if ev.name not in ("write", "memfd_create")]


@asks_for_results
def test_row_34_numbers_and_results(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("numbers")])
    expected = told(run)
    found = [(ev.sysnum, ev.retval, ev.error) for ev in from_the_first_on(run)]
    assert found[: len(expected)] == expected
    assert (MMAP, FIRST, 0) in expected
    assert (LSEEK, 0x123456789AB + 0x7654321, 0) in expected


@asks_for_results
def test_row_34_arguments(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("numbers")])
    args = {ev.sysnum: ev.args for ev in reversed(from_the_first_on(run))}
    assert args[MMAP][:4] == (FIRST, 4096, 1, 0x32)
    assert len(args[MMAP]) == 6
    assert args[LSEEK][1:] == (0x123456789AB, 0)
    assert args[CLOSE] == (0xFFFFFFFF,)
    assert args[GETPPID] == ()
    assert args[DUP] == (args[LSEEK][0],), "the kernel takes the lower half"


@asks_for_results
def test_row_37_numbers_that_mean_nothing(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("numbers")])
    unknown = [ev for ev in run.calls() if ev.name.startswith("syscall_")]
    assert [type(ev) for ev in unknown] == [pt.SyscallEntry, pt.SyscallExit] * 3
    assert [ev.sysnum for ev in unknown[::2]] == [999, -1, 0x7FFFFFFF]
    assert unknown[0].args == (1, 2, 3, 4, 5, 6)
    assert {ev.error for ev in unknown[1::2]} == {errno.ENOSYS}
