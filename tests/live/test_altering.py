"""Calls that the tracer changes: answered unexecuted, other arguments, another number or result."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from runs import Run, Target, Trace, asks_for_results, kill_in_its_stop, until

import pypicotrace as pt

Tracee = Callable[[str], str]
Body = Callable[[Any], object]

LINES = [f"line{n}\n" for n in range(10)]
ANSWER = 4242


def entry(name: str, do: Body) -> Body:
    """A body that does something at each entry of that call."""
    return lambda ev: do(ev) if type(ev) is pt.SyscallEntry and ev.name == name else None


def exit_(name: str, do: Body) -> Body:
    return lambda ev: do(ev) if type(ev) is pt.SyscallExit and ev.name == name else None


def nth(n: int, do: Body) -> Body:
    """Does something the n-th time, counted from 1."""
    times = iter(range(1, n + 1))
    return lambda ev: do(ev) if next(times, 0) == n else None


def to_file(do: Body) -> Body:
    """Writes of a line to the file, which are not to standard output."""
    return entry("write", lambda ev: do(ev) if ev.args[0] != 1 else None)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "file"


@asks_for_results
def test_the_nth_write_fails_and_is_not_executed(trace: Trace, tracee: Tracee, file: Path) -> None:
    body = to_file(nth(4, lambda ev: ev.stop.inject(error=errno.ENOSPC)))
    run = trace([tracee("altered"), "writes", str(file)], body=body)
    expected = [(6, 0)] * 10
    expected[3] = (-1, errno.ENOSPC)
    assert run.said("write") == expected
    assert file.read_text() == "".join(LINES[:3] + LINES[4:])
    [failed] = [ev for ev in run.calls() if isinstance(ev, pt.SyscallExit) and ev.error == 28]
    assert (failed.name, failed.retval, failed.args[2]) == ("write", None, 6)


@asks_for_results
@pytest.mark.parametrize("given", [{"retval": 6}, {"error": "EACCES"}, {"error": 4095}])
def test_what_is_answered_is_what_the_program_gets(
    trace: Trace, tracee: Tracee, file: Path, given: dict[str, Any]
) -> None:
    file.write_text("here")
    body = entry("unlink", lambda ev: ev.stop.inject(**given))
    run = trace([tracee("altered"), "unlinks", str(file)], body=body)
    error = {"EACCES": 13}.get(given.get("error"), given.get("error", 0))
    assert run.told("unlink") == (-1 if error else 6, error)
    assert file.exists()
    left = run.one(pt.SyscallExit, name="unlink")
    assert (left.retval, left.error) == (given.get("retval"), error)


def test_the_last_answer_is_the_one(trace: Trace, tracee: Tracee) -> None:
    def body(ev: Any) -> None:
        ev.stop.inject(error="EIO")
        ev.stop.inject(retval=ANSWER)
        with pytest.raises(ValueError, match="answered already"):
            ev.stop.set_sysnum("getpid")

    run = trace([tracee("altered"), "ids"], body=entry("getppid", body))
    assert run.told("getppid") == (ANSWER, 0)


@asks_for_results
def test_the_result_is_changed_at_the_exit(trace: Trace, tracee: Tracee) -> None:
    def body(ev: Any) -> None:
        assert (ev.retval, ev.stop.registers["rax"]) == (os.getpid(), os.getpid())
        ev.stop.inject(retval=ANSWER)
        assert ev.stop.registers["rax"] == ANSWER

    run = trace([tracee("altered"), "ids"], body=exit_("getppid", body))
    assert run.told("getppid") == (ANSWER, 0)
    assert run.one(pt.SyscallExit, name="getppid").retval == os.getpid()


@asks_for_results
def test_an_exit_is_made_to_fail(trace: Trace, tracee: Tracee, file: Path) -> None:
    """The call has been made all the same."""
    file.write_text("here")
    body = exit_("unlink", lambda ev: ev.stop.inject(error="EPERM"))
    run = trace([tracee("altered"), "unlinks", str(file)], body=body)
    assert run.told("unlink") == (-1, errno.EPERM)
    assert not file.exists()


@asks_for_results
def test_other_arguments(trace: Trace, tracee: Tracee, file: Path) -> None:
    def body(ev: Any) -> None:
        if ev.stop.read(ev.arg("buf"), 6) == b"line1\n":
            ev.stop.set_args(None, None, 3)
        elif ev.stop.read(ev.arg("buf"), 6) == b"line2\n":
            ev.stop.set_args(buf=ev.arg("buf") + 4)
            ev.stop.set_args(count=2)

    argv = [tracee("altered"), "writes", str(file)]
    run = trace(argv, body=to_file(body), altered=True)
    assert run.said("write")[:4] == [(6, 0), (3, 0), (2, 0), (6, 0)]
    assert file.read_text() == "".join(["line0\n", "lin", "2\n", *LINES[3:]])
    calls = [ev for ev in run.calls() if ev.name == "write" and ev.args[0] != 1]
    entered, left = calls[2:4]
    assert type(left) is pt.SyscallExit
    assert left.enter_seq == entered.seq
    assert (entered.args[2], left.args[2], left.retval) == (6, 3, 3)


@asks_for_results
def test_another_number(trace: Trace, tracee: Tracee) -> None:
    def body(ev: Any) -> None:
        ev.stop.set_sysnum("getppid")

    run = trace([tracee("altered"), "ids"], body=entry("getpid", body), altered=True)
    assert run.told("getpid") == (os.getpid(), 0)
    [changed] = [ev for ev in run.of(pt.SyscallExit) if ev.enter_seq == entered(run, "getpid").seq]
    assert (changed.name, changed.args, changed.retval) == ("getppid", (), os.getpid())


def entered(run: Run, name: str) -> Any:
    return run.one(pt.SyscallEntry, name=name)


def test_another_number_with_its_own_arguments(trace: Trace, tracee: Tracee, file: Path) -> None:
    """A getpid becomes a write of a byte of the program's memory to standard output."""

    def body(ev: Any) -> None:
        addr = ev.stop.registers["rsp"] - 4096
        ev.stop.write(addr, b"hello\n")
        ev.stop.set_sysnum(1)
        with pytest.raises(ValueError, match="write has 3 arguments, not 4"):
            ev.stop.set_args(1, addr, 6, 0)
        ev.stop.set_args(1, buf=addr, count=6)

    run = trace([tracee("altered"), "ids"], body=entry("getpid", body), altered=True)
    assert run.output.startswith(b"hello\n")
    assert run.told("getpid") == (6, 0)


def test_a_number_that_means_nothing(trace: Trace, tracee: Tracee) -> None:
    body = entry("getpid", lambda ev: ev.stop.set_sysnum(-1))
    run = trace([tracee("altered"), "ids"], body=body, altered=True)
    assert run.told("getpid") == (-1, errno.ENOSYS)


LOADED = [0x1122334455667700 + i for i in range(11)]
MUNMAP = 11


@asks_for_results
def test_the_program_finds_its_registers_as_it_left_them(trace: Trace, tracee: Tracee) -> None:
    """All six arguments are others for the kernel alone, and so is the number."""

    def body(ev: Any) -> None:
        if type(ev) is pt.SyscallEntry and ev.args[:1] == (LOADED[10],):
            ev.stop.set_sysnum("mmap")
            ev.stop.set_args(0, 4096, 3, 0x22, -1, 0)
        elif type(ev) is pt.SyscallExit and ev.name == "mmap" and ev.args[:2] == (0, 4096):
            seen.append((ev.stop.registers["orig_rax"], ev.stop.registers["rdi"]))

    seen: list[tuple[int, int]] = []
    run = trace([tracee("loaded"), str(MUNMAP)], body=body, altered=True)
    assert [value for _, value in run.said("register")] == LOADED
    assert run.told("result")[0] > 4096
    assert seen == [(MUNMAP, LOADED[10])]


@asks_for_results
def test_a_new_image_gets_no_registers_of_the_old_one(trace: Trace) -> None:
    """And has the environment that the execve was given: none."""
    seen = []

    def body(ev: Any) -> None:
        if type(ev) is pt.SyscallEntry and ev.name == "execve":
            ev.stop.set_args(envp=0)
        elif type(ev) is pt.SyscallExit and ev.name == "execve" and not ev.error:
            registers = ev.stop.registers
            seen.append([registers[name] for name in ("rdi", "rsi", "rdx")])

    run = trace(["/bin/sh", "-c", "exec env"], body=body, altered=True, follow=False)
    assert run.output == b""
    assert seen == [[0, 0, 0]]
    assert isinstance(run.status, pt.Exited)
    assert run.status.status == 0


@asks_for_results
def test_a_restarted_call_enters_as_the_program_made_it(trace: Trace, tracee: Tracee) -> None:
    sleeper: list[Any] = []

    def body(ev: Any) -> None:
        if ev.lwp == ev.pid or getattr(ev, "name", "") != "read":
            return
        sleeper.append(ev)
        if type(ev) is pt.SyscallEntry:
            ev.stop.set_args(count=5)

    run = trace([tracee("restarts"), "read", "restart"], body=body, altered=True)
    assert [ev.args[2] for ev in sleeper] == [1, 5, 1, 5]
    assert [ev.error for ev in sleeper[1::2]] == [512, 0]  # ERESTARTSYS
    assert run.told("call")[1:] == (1, 0)


@asks_for_results
@pytest.mark.parametrize("kind", [pt.SyscallEntry, pt.SyscallExit])
@pytest.mark.parametrize("error", ["EINTR", "ERESTARTSYS", "ERESTARTNOINTR"])
def test_an_answered_call_is_not_restarted_though_a_signal_is_there(
    trace: Trace, tracee: Tracee, error: str, kind: type[pt.Event]
) -> None:
    def body(ev: Any) -> None:
        if type(ev) is kind and ev.name == "getppid":
            ev.stop.signal(signal.SIGUSR1)
            ev.stop.inject(error=error)

    run = trace([tracee("altered"), "ids"], body=body)
    number = {"EINTR": 4, "ERESTARTSYS": 512, "ERESTARTNOINTR": 513}[error]
    assert run.told("getppid") == (-1, number)
    assert run.told("caught") == (1,)
    run.one(pt.SyscallEntry, name="getppid")


LWPS, ROUNDS = 8, 50


@asks_for_results
def test_each_of_several_lwps_gets_its_own_answers(trace: Trace, tracee: Tracee) -> None:
    """Every third at the entry, every third at the exit."""
    calls = Counter[int]()
    sums = defaultdict[int, int](int)

    def body(ev: Any) -> None:
        if getattr(ev, "name", "") != "getppid":
            return
        left = type(ev) is pt.SyscallExit
        calls[ev.lwp] += not left
        turn = calls[ev.lwp] % 3
        if turn == left:
            ev.stop.inject(retval=ev.lwp * 1000 + calls[ev.lwp])
            sums[ev.lwp] += ev.lwp * 1000 + calls[ev.lwp]
        elif left and turn == 2:
            sums[ev.lwp] += ev.retval

    argv = [tracee("altered"), "lwps", str(LWPS), str(ROUNDS)]
    run = trace(argv, body=body)
    assert dict(run.said("lwp")) == sums  # type: ignore[arg-type]
    assert len(sums) == LWPS
    for lwp in sums:
        left = [ev for ev in run.calls(lwp) if type(ev) is pt.SyscallExit and ev.name == "getppid"]
        assert [ev.retval for ev in left][2::3] == [lwp * 1000 + n for n in range(3, ROUNDS + 1, 3)]


def test_a_first_lwp_that_is_made_to_exit_is_reported(trace: Trace, tracee: Tracee) -> None:
    """By another number, when others live: the kernel is silent of it unless it is asked."""

    def body(ev: Any) -> None:
        ev.stop.set_sysnum("exit")
        ev.stop.set_args(7)

    run = trace([tracee("altered"), "leaves"], body=entry("getppid", body), altered=True)
    assert [ev.lwp for ev in run.of(pt.LwpExited)][:1] == [run.root]
    assert run.told("alone") == ()
    assert run.one(pt.Exited).status == 5


@pytest.fixture
def asking(start: Callable[..., Target], tracee: Tracee) -> Target:
    target = start([tracee("altered"), "asks"], stdin=subprocess.PIPE)
    until(lambda: target.said("asking"), "it runs")
    return target


@pytest.mark.parametrize("way", ["answered", "changed"])
def test_letting_go_of_it_in_the_middle(asking: Target, way: str) -> None:
    """The change is complete: the call comes to its exit first."""
    with pt.attach(asking.pid, events=pt.SCE, syscalls=["getppid", "poll"]) as loop:
        for ev in loop:
            if way == "answered" and ev.name == "getppid":
                ev.stop.inject(retval=ANSWER)
                break
            if way == "changed" and ev.name == "poll":
                # As long as may be: the call must be left for the loop to be.
                ev.stop.set_args(timeout_msecs=60_000)
                break
    assert asking.process.stdin is not None
    asking.process.stdin.close()
    assert asking.process.wait() == 0
    # The tracer is its parent; a poll that lasts until its input ends is its last.
    assert asking.said("other") == [(ANSWER,)] * (way == "answered")
    assert asking.said("done") == [(os.getpid(),)]


def test_letting_go_of_it_leaves_its_registers(
    start: Callable[..., Target], tracee: Tracee
) -> None:
    target = start([tracee("loaded"), str(MUNMAP), "again"], stdin=subprocess.PIPE)
    until(lambda: target.said("register"), "it runs")
    for _ in range(10):
        with pt.attach(target.pid, events=pt.SCE, syscalls=["munmap"]) as loop:
            for ev in loop:
                ev.stop.set_args(0, 0)
                break
    target.process.communicate()
    assert target.process.returncode == 0
    assert {value for _, value in target.said("register")} == set(LOADED)


@asks_for_results
@pytest.mark.parametrize("kind", [pt.SyscallEntry, pt.SyscallExit])
def test_an_lwp_that_was_killed_in_between(
    trace: Trace, tracee: Tracee, kind: type[pt.Event]
) -> None:
    def body(ev: Any) -> None:
        if type(ev) is not kind or ev.name != "getppid":
            return
        kill_in_its_stop(ev.stop)
        with pytest.raises(pt.TraceeDied):
            ev.stop.inject(retval=1)
        if kind is pt.SyscallEntry:
            with pytest.raises(pt.TraceeDied):
                ev.stop.set_sysnum("getpid")

    run = trace([tracee("altered"), "ids"], body=body)
    assert run.one(pt.Signaled).signo == signal.SIGKILL


def test_an_answered_call_of_an_lwp_that_is_killed_has_no_exit(
    trace: Trace, tracee: Tracee
) -> None:
    def body(ev: Any) -> None:
        ev.stop.inject(retval=1)
        kill_in_its_stop(ev.stop)

    run = trace([tracee("altered"), "ids"], body=entry("getppid", body))
    assert not run.of(pt.SyscallExit, name="getppid")
    assert run.one(pt.Signaled).signo == signal.SIGKILL


def test_opening_is_refused(tmp_path: Path) -> None:
    """Without the exits being asked for: they are seen to all the same."""
    file = tmp_path / "file"
    file.write_text("secret\n")
    with open(tmp_path / "out", "w+b") as out:
        argv = ["cat", str(file)]
        with pt.spawn(argv, events=pt.SCE, syscalls={"open", "openat"}, stderr=out) as loop:
            for ev in loop:
                if ev.stop.read_cstring(ev.arg("path")) == bytes(file):
                    ev.stop.inject(error=errno.EACCES)
        out.seek(0)
        assert b"Permission denied" in out.read()
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 1


@asks_for_results
def test_what_cannot_be_is_refused(trace: Trace, tracee: Tracee) -> None:
    seen = set()

    def body(ev: Any) -> None:
        stop = ev.stop
        if isinstance(ev, pt.Exec):
            for use in (lambda: stop.inject(error=1), lambda: stop.set_sysnum(1), stop.set_args):
                with pytest.raises(ValueError, match=r"at EXEC, only at SCE"):
                    use()
        if getattr(ev, "name", "") != "write":
            return
        seen.add(type(ev))
        with pytest.raises(TypeError, match="either retval or error"):
            stop.inject()
        with pytest.raises(TypeError, match="either retval or error"):
            stop.inject(retval=1, error=1)
        with pytest.raises(KeyError, match=r"no error 'ENOSPACE' \(did you mean ENOSPC"):
            stop.inject(error="ENOSPACE")
        for wrong in ({"error": 0}, {"error": -1}, {"error": 4096}, {"retval": -1}):
            with pytest.raises(ValueError, match=r"an error is above 0|is no result"):
                stop.inject(**wrong)
        with pytest.raises(ValueError, match="retval has 64 bits"):
            stop.inject(retval=2**64)
        if type(ev) is pt.SyscallExit:
            with pytest.raises(ValueError, match="cannot change arguments at SCX, only at SCE"):
                stop.set_args(1)
            return
        with pytest.raises(KeyError, match="write has no argument 'fdd'"):
            stop.set_args(fdd=1)
        with pytest.raises(TypeError, match="'fd' is given twice"):
            stop.set_args(1, fd=1)
        with pytest.raises(ValueError, match="write has 3 arguments"):
            stop.set_args(1, 2, 3, 4)
        with pytest.raises(KeyError, match=r"linux-x86_64 has no system call 'writ'"):
            stop.set_sysnum("writ")
        with pytest.raises(ValueError, match="32 bits"):
            stop.set_sysnum(2**40)

    run = trace([tracee("altered"), "ids"], body=body)
    assert seen == {pt.SyscallEntry, pt.SyscallExit}
    assert run.told("getppid") == (os.getpid(), 0)
