#!/usr/bin/env python3
"""New images: what a tracer is told of execve(2)."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from witness import LINUX, ended_well, program, told

import pypicotrace as pt
from pypicotrace.testing import Trace, atf, call

Traced = Callable[..., Trace]
EJUSTRETURN = -2
"""NetBSD's "error" of an execve that has worked: the registers are the new program's."""


def worked(made: pt.SyscallExit) -> bool:
    return made.error == (0 if LINUX else EJUSTRETURN)


def test_between_entry_and_exit(traced: Traced) -> None:
    """The event comes between the call's entry and its exit, which is the new image's"""
    trace = traced([program("execs"), program("execs"), "done"])
    ended_well(trace, 9)
    [made] = [made for made in trace.calls("execve") if made.entry is not None]
    assert made.exit is not None
    assert worked(made.exit)
    assert made.strings["path"] == os.fsencode(program("execs"))
    new = trace.expect(pt.Exec, times=2)[1]
    assert made.entry is not None
    assert made.entry.seq < new.seq < made.exit.seq


def test_first_stop(traced: Traced) -> None:
    """The first that is told of a program that is started is its own image"""
    trace = traced([program("execs"), "done"])
    assert type(trace.events[0]) is pt.Exec
    assert trace.events[0].pid == trace.events[0].lwp == trace.root


@atf.each(asked={"asked": pt.EXEC, "unasked": pt.Mask(0)})
def test_event_iff_asked(asked: pt.Mask, traced: Traced) -> None:
    """The event comes if and only if it was asked for; the program runs in any case"""
    trace = traced([program("execs"), program("execs"), "done"], events=asked | pt.EXIT)
    ended_well(trace, 9)
    trace.expect(pt.Exec, times=2 if asked else 0)


def test_program_name(traced: Traced) -> None:
    """From the event on the process has the new program's name"""
    trace = traced([program("execs"), "/bin/sh", "-c", "exit 9"])
    ended_well(trace, 9)
    second = trace.expect(pt.Exec, pt.Exec)[1]
    assert second.program == b"sh"
    assert {event.program for event in trace if event.seq >= second.seq} == {b"sh"}


def refused(tmp_path: Path, why: str) -> str:
    """The path of something that cannot be executed, for that reason."""
    paths = {name: tmp_path / name for name in ("plain", "empty", "folder", "script", "loop")}
    paths["plain"].write_text("no rights")
    paths["empty"].touch(mode=0o755)
    paths["folder"].mkdir()
    paths["script"].write_text("#!/nowhere/interpreter\n")
    paths["script"].chmod(0o755)
    paths["loop"].symlink_to(paths["loop"])
    return {
        "ENOENT": "/nowhere/program",
        "EACCES": str(paths["plain"]),
        "EACCES_folder": str(paths["folder"]),
        "ENOEXEC": str(paths["empty"]),
        "ENOTDIR": str(paths["plain"] / "below"),
        "ENOENT_interpreter": str(paths["script"]),
        "ELOOP": str(paths["loop"]),
        "ENAMETOOLONG": "/" + "x" * 300,
        "E2BIG": program("execs"),
    }[why]


REFUSALS = [
    *("ENOENT", "EACCES", "EACCES_folder", "ENOEXEC", "ENOTDIR", "ENOENT_interpreter"),
    *("ELOOP", "ENAMETOOLONG", "E2BIG"),
]


@atf.each(why=REFUSALS)
def test_that_fails(why: str, traced: Traced, tmp_path: Path) -> None:
    """An execve that fails has an error and no event, and the program goes on"""
    path = refused(tmp_path, why)
    trace = traced([program("execs"), *(["--big"] if why == "E2BIG" else []), path])
    error = why.partition("_")[0]
    trace.expect(pt.Exec, times=1)
    trace.expect(call("execve", path=path, error=error, retval=None))
    ended_well(trace, 4)


def test_script(traced: Traced, tmp_path: Path) -> None:
    """Of a script one new image is reported, its interpreter's"""
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\nexit 9\n")
    script.chmod(0o755)
    trace = traced([program("execs"), str(script)])
    ended_well(trace, 9)
    trace.expect(pt.Exec, times=2)
    trace.expect(call("execve", path=str(script)))


def test_from_a_second_lwp(traced: Traced) -> None:
    """One LWP executes a program: the others end, and the process goes on with its pid"""
    trace = traced([program("threads"), "exec"])
    ended_well(trace, 17)
    assert told(trace, "exec") == told(trace, "new") == (trace.root,)
    second = trace.expect(pt.LwpCreated)[0].lwp
    new = trace.expect(pt.Exec, pt.Exec)[1]
    # The LWP that has called it goes on, by the process's id or its own.
    lwp, old = (trace.root, second) if LINUX else (second, 0)
    assert (new.pid, new.lwp, new.old_lwp) == (trace.root, lwp, old)


def test_many_in_a_row(traced: Traced) -> None:
    """Each new image is reported, and none is lost"""
    chain = [program("execs")] * 20
    trace = traced([*chain, "done"], events=pt.EXEC | pt.EXIT)
    ended_well(trace, 9)
    trace.expect(pt.Exec, times=20)


if __name__ == "__main__":
    atf.main()
