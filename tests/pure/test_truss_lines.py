"""picotrace-truss: which lines come of which events, and what its command line means."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from shown_calls import Memory

import pypicotrace as pt
from pypicotrace import syscalls
from pypicotrace.tools.decode.call import Shown
from pypicotrace.tools.frame import Failure
from pypicotrace.tools.truss.arguments import arguments, expressions, wanted
from pypicotrace.tools.truss.lines import Lines
from pypicotrace.tools.truss.shape import Clock, Shape
from pypicotrace.tools.truss.trace import file_of, named

pytestmark = pytest.mark.usefixtures("as_on_linux")

ABI = "linux-x86_64"
NOTHING: Any = Memory({"a": b"x"})


def made(lwp: int, name: str, args: Iterable[int], more: dict[str, Any]) -> dict[str, Any]:
    number = syscalls.load(ABI).by_name[name].number
    fields: dict[str, Any] = {"pid": 7, "lwp": lwp, "sysnum": number, "name": name, "abi": ABI}
    return {**fields, "args": tuple(args), "ts_ns": 10**9 * 5, "stop": NOTHING, **more}


def begin(lwp: int, name: str, *args: int, **more: Any) -> pt.SyscallEntry:
    return pt.SyscallEntry(**made(lwp, name, args, more))


def end(lwp: int, name: str, *args: int, **more: Any) -> pt.SyscallExit:
    given = {"retval": 0, "retval2": 0, "error": 0, "elapsed_ns": 1500, **more}
    return pt.SyscallExit(**made(lwp, name, args, given))


def lines(*events: pt.Event, **shape: Any) -> list[str]:
    maker = Lines(Shape(ids=True)._replace(**shape), 0)
    return [" ".join(line.split()) for event in events for line in maker.feed(event)]


EXITED = pt.Exited(pid=7, lwp=0, status=3, ts_ns=0)


def test_a_call_is_one_line_when_it_ends() -> None:
    assert lines(begin(7, "close", 3)) == []
    assert lines(begin(7, "close", 3), end(7, "close", 3)) == ["7 close(3) = 0"]


def test_calls_of_two_lwps_are_kept_apart() -> None:
    got = [begin(7, "close", 3), begin(8, "close", 4), end(8, "close", 4), end(7, "close", 3)]
    assert lines(*got) == ["8 close(4) = 0", "7 close(3) = 0"]
    assert lines(*got, unfinished=True) == [
        "7 close(3 <unfinished ...>",
        "8 close(4) = 0",
        "7 <... close resumed>) = 0",
    ]


def test_what_a_call_fills_is_in_its_second_part() -> None:
    read = (3, Memory({"a": b"x"}).addresses["a"], 1)
    got = [
        begin(7, "read", *read),
        begin(8, "close", 4),
        end(7, "read", *read, retval=1),
        end(8, "close", 4),
    ]
    assert lines(*got, unfinished=True) == [
        "7 read(3 <unfinished ...>",
        "8 close(4 <unfinished ...>",
        '7 <... read resumed>, "x", 1) = 1',
        "8 <... close resumed>) = 0",
    ]


def test_calls_that_do_not_return() -> None:
    exit_group = begin(7, "exit_group", 3)
    assert lines(exit_group, EXITED) == ["7 exit_group(3) = ?", "7 +++ exited with 3 +++"]
    killed = pt.Signaled(pid=7, lwp=0, signo=9, core=False, ts_ns=0)
    assert lines(begin(7, "read", 3, 64, 1), begin(8, "pause"), killed) == [
        "7 read(3, 0x40, 1) = ?",
        "8 pause() = ?",
        "7 +++ killed by SIGKILL +++",
    ]
    gone = pt.LwpExited(pid=7, lwp=8, ts_ns=0)
    assert lines(begin(8, "exit", 0), gone) == ["8 exit(0) = ?", "8 +++ exited +++"]
    assert lines(begin(8, "exit", 0), gone, ends=False) == ["8 exit(0) = ?"]


def test_calls_that_are_let_go_in() -> None:
    maker = Lines(Shape(), 0)
    assert list(maker.feed(begin(7, "read", 3, 64, 1))) == []
    assert list(maker.left()) == ["read(3 <detached ...>"]
    assert list(maker.left()) == []
    # What is looked at before the call and after it is known as it was before.
    assert list(maker.feed(begin(7, "select", 3, 0, 0, 0, 0))) == []
    assert list(maker.left()) == ["select(3, NULL, NULL, NULL, NULL <detached ...>"]


class Killed:
    """A stop whose LWP was killed just now."""

    def read(self, addr: int, size: int) -> bytes:
        raise pt.TraceeDied("it was killed")

    read_cstring = read


def test_an_lwp_that_was_killed_just_now() -> None:
    """What it called is shown all the same."""
    stop: Any = Killed()
    call = begin(7, "unlink", 64, stop=stop), end(7, "unlink", 64)
    assert lines(*call) == ["7 unlink(0x40) = 0"]
    call = begin(7, "read", 3, 64, 1), end(7, "read", 3, 64, 1, retval=1, stop=stop)
    assert lines(*call) == ["7 read(3, 0x40, 1) = 1"]


def test_an_execve_by_another_lwp() -> None:
    new = pt.Exec(pid=7, lwp=7, old_lwp=8, ts_ns=0)
    call = (begin(8, "execve", 0, 0, 0), new, end(7, "execve", 0, 0, 0))
    assert lines(*call) == ["7 execve(NULL, NULL, NULL) = 0"]


def test_a_call_that_began_before_it_was_traced() -> None:
    assert lines(end(7, "close", 3, error=errno.EBADF, retval=None)) == [
        "7 close(3) = -1 EBADF (Bad file descriptor)"
    ]


def test_failed_calls_alone_and_others_alone() -> None:
    bad = end(7, "close", 3, error=errno.EBADF, retval=None)
    good = end(7, "close", 4)
    assert len(lines(bad, good, failed=True)) == 1
    assert lines(bad, good, failed=False) == ["7 close(4) = 0"]
    assert lines(begin(7, "pause"), EXITED, failed=True, ends=False) == []


def test_times() -> None:
    call = [begin(7, "close", 3), end(7, "close", 3)]
    assert lines(*call, elapsed=True) == ["7 close(3) = 0 <0.000002>"]
    assert lines(*call, clock=Clock.EPOCH) == ["7 5.000000 close(3) = 0"]
    since = lines(*call, end(7, "close", 3, ts_ns=6 * 10**9), clock=Clock.SINCE)
    assert since == ["7 0.000000 close(3) = 0", "7 1.000000 close(3) = 0"]


SIGNAL: dict[str, Any] = {"pid": 7, "lwp": 7, "ts_ns": 0, "value": 0, "addr": 0, "status": 0}


@pytest.mark.parametrize(
    ("event", "line"),
    [
        (
            pt.Stopped(**SIGNAL | {"signo": 17, "code": 1, "sender": 9, "uid": 0, "status": 2}),
            "{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_uid=0, si_status=2}",
        ),
        (
            pt.Stopped(**SIGNAL | {"signo": 17, "code": 2, "sender": 9, "uid": 0, "status": 15}),
            "{si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9, si_uid=0, si_status=SIGTERM}",
        ),
        (
            pt.Stopped(**SIGNAL | {"signo": 34, "code": -1, "sender": 9, "uid": 5, "value": 6}),
            "{si_signo=SIGRTMIN, si_code=SI_QUEUE, si_pid=9, si_uid=5, si_value=0x6}",
        ),
        (
            pt.Stopped(**SIGNAL | {"signo": 14, "code": -2, "sender": 0, "uid": 0, "value": 6}),
            "{si_signo=SIGALRM, si_code=SI_TIMER, si_value=0x6}",
        ),
        (
            pt.Crashed(**SIGNAL | {"signo": 11, "code": 1, "sender": 0, "uid": 0, "addr": 16}),
            "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x10}",
        ),
        (
            pt.Stopped(**SIGNAL | {"signo": 2, "code": 128, "sender": 0, "uid": 0}),
            "{si_signo=SIGINT, si_code=SI_KERNEL}",
        ),
    ],
)
def test_signals(event: pt.Stopped, line: str) -> None:
    name = syscalls.signals("linux")[event.signo]
    # What the process's ABI is, its calls have told.
    [_, got] = lines(end(7, "getpid"), event)
    assert got == f"7 --- {name} {line} ---"


def test_a_signal_of_which_nothing_is_told() -> None:
    event = pt.Stopped(**SIGNAL | {"signo": 2, "code": None, "sender": None, "uid": None})
    assert lines(end(7, "getpid"), event)[1:] == ["7 --- SIGINT ---"]


def test_the_call_that_began_the_trace() -> None:
    event = pt.Exec(pid=7, lwp=7, old_lwp=0, ts_ns=0)

    def line(shape: Shape, *argv: bytes) -> str:
        return Lines(shape, 0).launched(event, b"/bin/x", argv, [b"A=1", b"B=long"])

    assert line(Shape(), b"x", b"\n") == r'execve("/bin/x", ["x", "\n"], /* 2 vars */) = 0'
    cut = Shape(Shown(limit=2))
    assert (
        line(cut, b"x", b"abc", b"y") == 'execve("/bin/x", ["x", "ab"..., ...], /* 2 vars */) = 0'
    )
    whole = Shape(Shown(limit=4, verbose=True))
    assert line(whole, b"x") == 'execve("/bin/x", ["x"], ["A=1", "B=lo"...]) = 0'
    digits = Shape(Shown(hexadecimal=True))
    assert line(digits, b"x") == r'execve("/bin/x", ["\x78"], /* 2 vars */) = 0'
    named = line(Shape(names=True), b"x")
    assert named == 'execve(path="/bin/x", argv=["x"], envp=/* 2 vars */) = 0'


def test_what_a_descriptor_refers_to_is_no_line_of_its_own() -> None:
    assert named(b'/a\n3> = 0\x1b\xff"') == r"/a\n3\076 = 0\33\377\""
    assert named(b"socket:[5]") == "socket:[5]"


def test_which_file_was_executed(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("")
    (tmp_path / "x").chmod(0o755)
    path = os.fsencode(tmp_path)
    assert file_of(b"x", [b"A=1", b"PATH=/nowhere:" + path]) == path + b"/x"
    assert file_of(b"./x", [b"PATH=" + path]) == b"./x"
    assert file_of(b"x", [b"PATH=/nowhere"]) == b"x"
    assert file_of(b"sh", []) in (b"/bin/sh", b"/usr/bin/sh")


@pytest.mark.parametrize(
    ("words", "calls", "signals", "failed"),
    [
        (["open,close"], ["open", "close"], None, None),
        (["trace=open", "t=close"], ["open", "close"], None, None),
        (["trace=!open,close"], ["!open", "!close"], None, None),
        (["trace=/^(a|b),c/,d"], ["/^(a|b),c/", "d"], None, None),
        (["/a=b/"], ["/a=b/"], None, None),
        (["file,%desc"], ["%file", "%desc"], None, None),
        (["signal=chld,!SIGTERM"], None, ["SIGCHLD", "SIGTERM"], None),
        (["s=!chld"], None, ["!SIGCHLD"], None),
        (["signal=none"], None, [], None),
        (["signal=!all"], None, [], None),
        (["signal=!none"], None, ["all"], None),
        (["status=failed"], None, None, True),
    ],
)
def test_expressions(
    words: list[str], calls: list[str] | None, signals: list[str] | None, failed: bool | None
) -> None:
    assert expressions(words) == (calls, signals, failed)


def test_which_signals() -> None:
    assert wanted(None, "SIGHUP")
    assert wanted(["SIGHUP"], "SIGHUP")
    assert not wanted(["SIGHUP"], "SIGINT")
    assert wanted(["!SIGHUP"], "SIGINT")
    assert not wanted([], "SIGINT")


def test_command_line() -> None:
    got = arguments(["-fttyx", "-s", "7", "-o", "f", "a", "-b"])
    assert not isinstance(got, str)
    assert (got.command, got.follow, got.output, got.pin) == (["a", "-b"], True, "f", "auto")
    assert (got.shape.shown.limit, got.shape.clock) == (7, Clock.DAY_EXACT)
    attached = arguments(["-p", "5", "-p", "6"])
    assert not isinstance(attached, str)
    assert (attached.pids, attached.pin, attached.shape.ids) == ([5, 6], "off", True)


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "0", "x"],
        ["-p", "1", "x"],
        ["-rt", "x"],
        ["-tttt", "x"],
        ["--pin", "no", "x"],
        ["-e", "odd=1", "x"],
        ["-e", "", "x"],
        ["-s", "-1", "x"],
    ],
)
def test_command_lines_that_make_no_sense(words: list[str]) -> None:
    with pytest.raises(Failure):
        arguments(words)


class Stacks:
    """Of each LWP the same two frames; remembers what was forgotten."""

    def __init__(self) -> None:
        self.forgotten: list[int] = []

    def of(self, event: pt.Event) -> list[str]:
        return [f" > at {event.lwp}", " > main"]

    def forget(self, pid: int) -> None:
        self.forgotten.append(pid)


def test_where_calls_are_made() -> None:
    stacks = Stacks()
    maker = Lines(Shape(), 0, stacks=stacks)
    signal = pt.Stopped(pid=7, lwp=8, signo=10, code=0, sender=1, uid=0, ts_ns=0)
    new = pt.Exec(pid=7, lwp=7, old_lwp=0, ts_ns=0)
    told = [
        begin(7, "close", 3),
        begin(8, "execve", 0, 0, 0),
        end(7, "close", 3),
        signal,
        new,
        end(8, "execve", 0, 0, 0),
        begin(7, "exit_group", 3),
        EXITED,
    ]
    found = [" ".join(line.split()) for event in told for line in maker.feed(event)]
    first, second = ["> at 7", "> main"], ["> at 8", "> main"]
    assert found == [
        *("close(3) = 0", *first),
        *("--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=1, si_uid=0} ---", *second),
        *("execve(NULL, NULL, NULL) = 0", *second),
        *("exit_group(3) = ?", *first),
        "+++ exited with 3 +++",
    ]
    assert stacks.forgotten == [7, 7]
    assert list(maker.feed(begin(7, "read", 3, 64, 1))) == []
    assert [line.strip() for line in maker.left()] == ["read(3 <detached ...>", *first]


def test_no_stack_of_what_is_not_shown() -> None:
    maker = Lines(Shape(failed=True), 0, stacks=Stacks())
    assert not [line for e in (begin(7, "close", 3), end(7, "close", 3)) for line in maker.feed(e)]
