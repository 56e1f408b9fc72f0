"""On every system: whole results of calls, and the memory of a stopped LWP."""

from __future__ import annotations

import errno
from collections.abc import Callable
from typing import IO

import pytest
from runs import Run, Trace, asks_for_results, contents
from system import LINUX

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]

PIPE = {"pipe", "pipe2"}


@pytest.fixture
def results(tracee: Tracee) -> str:
    return tracee("portable/results")


@asks_for_results
@pytest.mark.parametrize("name", ["mmap", "lseek"])
def test_row_34_a_result_of_64_bits(trace: Trace, results: str, text: bool, name: str) -> None:
    """NetBSD's kernel tells 32 of them."""
    run = trace([results, "results"], text=text)
    (told,) = run.told(name)
    assert told > 2**32
    assert told in [ev.retval for ev in run.of(pt.SyscallExit, name=name)]


@asks_for_results
def test_row_34_results_stay_cut_where_that_is_asked_for(trace: Trace, results: str) -> None:
    run = trace([results, "results"], whole_results=False)
    (told,) = run.told("lseek")
    seeks = [(ev.retval, ev.cut) for ev in run.of(pt.SyscallExit, name="lseek")]
    assert seeks[-1] == ((told, False) if LINUX else (told & 0xFFFFFFFF, True))


@asks_for_results
def test_row_34_errors(trace: Trace, results: str, text: bool) -> None:
    run = trace([results, "results"], text=text)
    assert run.told("close") == (-1, errno.EBADF)
    assert errno.EBADF in [ev.error for ev in run.of(pt.SyscallExit, name="close")]
    (parent,) = run.told("getppid")
    assert {ev.retval for ev in run.of(pt.SyscallExit, name="getppid")} == {parent}


@asks_for_results
def test_row_34_two_results(trace: Trace, results: str) -> None:
    """NetBSD's pipe(2) gives both descriptors so; Linux writes them to memory."""
    run = trace([results, "results"])
    first, second = run.told("pipe")
    (made,) = (ev for ev in run.of(pt.SyscallExit) if ev.name in PIPE)
    assert (made.retval, made.retval2) == ((0, 0) if LINUX else (first, second))


def test_row_49_memory(results: str, scratch: Scratch) -> None:
    """Over the border of a page, up to the end of the mapping, and where there is none."""
    out = scratch()
    done = False
    with pt.spawn([results, "memory"], stdout=out) as loop:
        for ev in loop:
            told = Run([], 0, None, contents(out)).said("memory")
            if type(ev) is pt.SyscallEntry and ev.name == "write" and told and not done:
                check_memory(ev, *told[0])
                done = True
    assert contents(out).endswith(b"OVER the border\0")
    assert isinstance(loop.status, pt.Exited)


def check_memory(ev: pt.SyscallEntry, base: int, page: int) -> None:
    border, end = base + page - 4, base + 2 * page
    assert ev.arg("buf") == border
    assert ev.stop.read(border, 16) == b"over the border\0"
    assert ev.stop.read(base, 2 * page) == (
        b"x" * (page - 4) + b"over the border\0" + b"x" * (page - 20) + b"the end\0"
    )
    assert ev.stop.read_cstring(end - 8, 100) == b"the end"
    for at in (8, end):
        with pytest.raises(OSError, match="Bad address"):
            ev.stop.read(at, 1)
        with pytest.raises(OSError, match="Bad address"):
            ev.stop.write(at, b"x")
    ev.stop.write(border, b"OVER the bor")
