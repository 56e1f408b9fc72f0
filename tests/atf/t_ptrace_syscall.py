#!/usr/bin/env python3
"""System calls: their entries, exits, arguments, results, and the bytes they transfer."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from witness import LINUX, ended_well, program, told

import pypicotrace as pt
from pypicotrace.testing import Trace, atf, call

Traced = Callable[..., Trace]
SIZES = [0, 1, 7, 512, 4096, 4097, 65536]
COUNT = "count" if LINUX else "nbyte"
ERRORS = {
    "EBADF": "close",
    "ENOENT": "open",
    "ENOTDIR": "open",
    "EISDIR": "open",
    "EEXIST": "open",
    "EFAULT": "write",
    "ESPIPE": "lseek",
    "ESRCH": "kill",
    "EINVAL": "kill",
    "ECHILD": "wait4",
}


def entry(event: Any, name: str) -> bool:
    """Whether it is the entry of such a call."""
    return type(event) is pt.SyscallEntry and event.name == name


@atf.each(size=SIZES, way=["pipe", "file"])
def test_bytes_transferred(size: int, way: str, traced: Traced) -> None:
    """A read and a write tell how many bytes were asked for, and how many went through"""
    trace = traced([program("calls"), "transfer", way, str(size)])
    ended_well(trace, 0)
    fd_in, fd_out = told(trace, "descriptors")
    trace.expect(
        call("write", fd=fd_out, retval=size, error=0, **{COUNT: size}),
        call("read", fd=fd_in, retval=size, error=0, **{COUNT: 70000}),
    )


@atf.each(error=ERRORS.keys())
def test_error(error: str, traced: Traced) -> None:
    """A call that fails tells its error, and no result"""
    trace = traced([program("calls"), "error", error])
    ended_well(trace, 0)
    name, known = ERRORS[error], told(trace, "errno")[0]
    wanted = [made for made in trace.calls() if made.error == known and name in made.name]
    assert wanted, f"{error} ({known}): {trace}"
    assert wanted[-1].retval is None


def test_entry_and_exit(traced: Traced) -> None:
    """Each exit is that of an entry of its LWP, with the same number and arguments"""
    trace = traced([program("calls"), "some"])
    made = trace.calls()
    assert len(made) > 10
    for each in made[:-1]:
        if "exec" in each.name:
            continue
        assert each.entry is not None, each
        assert each.exit is not None, each
        assert each.entry.lwp == each.exit.lwp
        assert (each.entry.sysnum, each.entry.args) == (each.exit.sysnum, each.exit.args)


def test_one_after_another(traced: Traced) -> None:
    """An LWP is in one call at a time: between an entry and its exit there is no other's"""
    trace = traced([program("calls"), "some"])
    calls = [event for event in trace if isinstance(event, pt.SyscallEntry)]
    # The new image's exit of execve comes first on NetBSD, and that of exit never.
    kinds = [type(event) for event in calls[:-1] if "exec" not in event.name]
    assert kinds == [pt.SyscallEntry, pt.SyscallExit] * (len(kinds) // 2)


def test_exit_does_not_return(traced: Traced) -> None:
    """Of the exit of a process there is an entry and no exit"""
    trace = traced([program("calls"), "some"])
    last = trace.calls()[-1]
    assert last.name in ("exit", "exit_group")
    assert not last.returned
    assert last.args["rval"] == 0


@atf.each(asked={"SCE": pt.SCE, "SCX": pt.SCX, "both": pt.SCE | pt.SCX, "neither": pt.Mask(0)})
def test_event_iff_asked(asked: pt.Mask, traced: Traced) -> None:
    """Entries and exits come if and only if they were asked for"""
    trace = traced([program("calls"), "some"], events=asked | pt.EXIT)
    assert bool(len(trace.only(pt.SyscallEntry))) == bool(asked & pt.SCE)
    assert bool(len(trace.only(pt.SyscallExit))) == bool(asked & pt.SCX)


@atf.each(names={"getppid": ["getppid"], "writes": ["/^p?write/"], "all_but": ["!getppid"]})
def test_filter(names: list[str], traced: Traced) -> None:
    """Calls that were not asked for are not reported"""
    trace = traced([program("calls"), "some"], syscalls=names)
    seen = {made.name for made in trace.calls()}
    if names == ["!getppid"]:
        assert "getppid" not in seen
        assert "close" in seen
    else:
        assert seen == ({"getppid"} if names == ["getppid"] else {"write"})


def test_six_arguments(traced: Traced) -> None:
    """All arguments of a call are told, as the program gave them"""
    trace = traced([program("calls"), "mmap"])
    ended_well(trace, 0)
    (address,) = told(trace, "mapped")
    [made] = [made for made in trace.calls("mmap") if made.retval == address]
    assert made.args["len"] == 3 * 4096
    assert made.args["prot"] == 3
    assert (made.args["addr"], made.args["fd"] % 2**32) == (0, 2**32 - 1)


def test_wide_result(traced: Traced) -> None:
    """A result of 64 bits is told whole"""
    trace = traced([program("calls"), "lseek"])
    ended_well(trace, 0)
    trace.expect(call("lseek", retval=1 << 33))


def test_real_parent(traced: Traced) -> None:
    """A traced process has the parent that it had"""
    trace = traced([program("calls"), "some"])
    trace.expect(call("getppid", retval=os.getpid()))


@atf.each(number=[-1, 999, 0x7FFFFFFF])
def test_number_of_no_call(number: int, traced: Traced) -> None:
    """A number that is no call's fails with ENOSYS, and is told as it was given"""
    if not LINUX:
        atf.skip("NetBSD: the number is masked with 511, and another call is made")
    trace = traced([program("calls"), "number", str(number)])
    ended_well(trace, 0)
    trace.expect(pt.SyscallExit(sysnum=number, error=38))


@atf.each(error={"EACCES": 13, "ENOSPC": 28, "EINTR": 4})
def test_answered_with_an_error(error: int, traced: Traced) -> None:
    """A call that the tracer answers at its entry is not made, and fails as the tracer says"""

    def answer(event: Any) -> None:
        if entry(event, "getppid"):
            event.stop.inject(error=error)

    trace = traced([program("calls"), "parent"], at_stop=answer)
    ended_well(trace, 0)
    assert told(trace, "getppid") == (-1, error)
    trace.expect(call("getppid", error=error))


@atf.each(result=[0, 4242, 2**31 - 1])
def test_answered_with_a_result(result: int, traced: Traced) -> None:
    """A call that the tracer answers at its entry returns what the tracer says"""

    def answer(event: Any) -> None:
        if entry(event, "getppid"):
            event.stop.inject(retval=result)

    trace = traced([program("calls"), "parent"], at_stop=answer)
    ended_well(trace, 0)
    assert told(trace, "getppid") == (result, 0)


@atf.each(count=[0, 1, 3])
def test_other_arguments(count: int, traced: Traced) -> None:
    """A call whose arguments the tracer changes at its entry gets the changed ones"""

    def shorten(event: Any) -> None:
        if entry(event, "write") and event.stop.read(event.arg("buf"), 5) == b"hello":
            event.stop.set_args(**{COUNT: count})

    trace = traced([program("calls"), "hello"], at_stop=shorten)
    ended_well(trace, 0)
    assert told(trace, "wrote") == (count,)
    assert b"hello"[:count] in trace.stdout
    assert b"hello"[: count + 1] not in trace.stdout


def test_another_number(traced: Traced) -> None:
    """A call whose number the tracer changes at its entry is that other call"""
    if not LINUX:
        atf.skip("NetBSD: the number of a call cannot be changed")

    def change(event: Any) -> None:
        if entry(event, "getppid"):
            event.stop.set_sysnum("getpid")

    trace = traced([program("calls"), "parent"], at_stop=change)
    assert told(trace, "getppid") == (trace.root, 0)


if __name__ == "__main__":
    atf.main()
