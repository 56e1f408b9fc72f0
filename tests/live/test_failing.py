"""A call of the tracer's to the kernel fails, or its tracee is killed just before it."""

from __future__ import annotations

import errno
import json
import os
import platform
import re
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_support import COMMAND, Finished, lines
from failing import KINDS, Failing, build
from record import Checker, parse

import pypicotrace as pt

Tracee = Callable[[str], str]
Make = Callable[[list[str]], Failing]

LOOP = [sys.executable, str(Path(__file__).parent / "failing_loop.py")]
SAMPLES = 3
pytestmark = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the loop's body knows registers of x86-64 alone"
)
ERRORS = (errno.EIO, errno.ENOMEM, errno.EPERM)
"""And ESRCH, which the kernel itself says when a tracee has died."""
FAIL = ("ptrace", "read", "write", "proc")
"""Of what can fail: wait(2) tells of ends and of signals, and nothing else can befall it."""
MEANS = {("write", errno.EIO): errno.EFAULT}
"""How /proc/LWP/mem says that an address is not mapped (mem_rw() in Linux's fs/proc/base.c)."""
BRIEFLY = re.compile(rb"(picotrace: [^\n]+\n)?")
EBADF = 9


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("failing"))


@pytest.fixture
def failing(library: Path, tmp_path: Path) -> Make:
    return lambda argv: Failing(library, argv, tmp_path)


def check_command(done: Finished, trace: bytes) -> None:
    """One line at most, whole lines in the trace, which is true as far as it goes."""
    assert BRIEFLY.fullmatch(done.err), done.err
    assert (done.status in (1, 126)) == bool(done.err), done
    lines(trace)
    check_true(parse(trace))


def check_true(record: list[pt.Event]) -> None:
    """Each event can be, and what tracees/mixed.c tells by its own calls is so."""
    checker = Checker(pt.ALL)
    if [type(event) for event in record] == [pt.Signaled]:
        return  # it was killed before it came to its image
    for event in record:
        checker.take(event)
        if type(event) is pt.SyscallEntry and event.name == "lseek":
            fd, at, whence = event.args
            assert (fd % 2**32, whence % 2**32) == (2**32 - 1, ~at % 2**32), event
        if type(event) is pt.SyscallExit and event.name == "lseek":
            assert (event.retval, event.error) == (None, EBADF), event


def check_loop(done: Finished, what: str) -> dict[str, Any]:
    """No traceback, a true record, and of one that died nothing but its end; how it ended."""
    assert (done.status, done.err) == (0, b""), done
    *told, end = map(json.loads, done.out.splitlines())
    record = [made(**event) for event in told]
    check_true(record)
    assert not end["died"] or what == "kill" or what == str(errno.ESRCH), end
    assert (end["descriptors"], end["children"]) == (0, []), end
    return dict(end)


def made(kind: str, **fields: Any) -> pt.Event:
    event: pt.Event = getattr(pt, kind)(program=b"mixed", ts_ns=0, **fields)
    return event


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"write"}))
def test_the_command_and_its_tracees_death(
    failing: Make, tracee: Tracee, tmp_path: Path, kind: str
) -> None:
    """Its status is the program's, which was killed or not, and the record ends as it did."""
    run = failing([*COMMAND, "-f", "-v", "-o", str(tmp_path / "trace"), tracee("mixed"), "1"])
    for nth, done in run.strikes(kind, "kill", SAMPLES):
        assert (done.err, done.status in (0, -signal.SIGKILL)) == (b"", True), f"{nth}: {done}"
        check_command(done, run.output.read_bytes())


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("kind", sorted({*FAIL} - {"write"}))
def test_the_command_and_a_call_that_fails(
    failing: Make, tracee: Tracee, tmp_path: Path, kind: str, error: int
) -> None:
    """It says so, or does without; the program ends with it, or as it would have."""
    run = failing([*COMMAND, "-f", "-v", "-o", str(tmp_path / "trace"), tracee("mixed"), "1"])
    for nth, done in run.strikes(kind, str(error), SAMPLES):
        assert done.status == 0 or os.strerror(error).encode() in done.err, f"{nth}: {done}"
        check_command(done, run.output.read_bytes())


def test_killed_before_it_is_traced(failing: Make, tracee: Tracee, tmp_path: Path) -> None:
    """That is its whole story."""
    run = failing([*COMMAND, "-f", "-o", str(tmp_path / "trace"), tracee("mixed")])
    done = run.run("ptrace", 1, "kill")
    assert run.struck
    assert (done.status, done.err) == (-signal.SIGKILL, b"")
    [event] = parse(run.output.read_bytes())
    assert (type(event), event.signo) == (pt.Signaled, signal.SIGKILL)


def test_what_cannot_be_started_does_not_run(failing: Make, tmp_path: Path) -> None:
    """The first wait is for its execve."""
    ran = tmp_path / "ran"
    done = failing([*COMMAND, "/bin/sh", "-c", f"> {ran}"]).run("wait", 1, str(errno.EIO))
    assert (done.status, done.err) == (126, b"picotrace: /bin/sh: Input/output error\n")
    assert not ran.exists()


def test_what_cannot_be_traced_is_not_left_behind(failing: Make, tracee: Tracee) -> None:
    """The first call of ptrace is to seize the program before it runs."""
    done = failing([*LOOP, tracee("mixed")]).run("ptrace", 1, str(errno.EPERM))
    assert check_loop(done, str(errno.EPERM))["ended"].startswith("LaunchError: [Errno 1] ")


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_and_its_tracees_death(failing: Make, tracee: Tracee, kind: str) -> None:
    """`TraceeDied` from whatever was being done to it, and the loop goes on to the end."""
    run = failing([*LOOP, tracee("mixed"), "1"])
    for nth, done in run.strikes(kind, "kill", SAMPLES):
        end = check_loop(done, "kill")
        assert end["ended"] == "whole", f"{nth}: {end}"
        assert kind not in ("read", "write") or end["died"], f"{nth}: {end}"


@pytest.mark.parametrize("error", ERRORS, ids=errno.errorcode.get)
@pytest.mark.parametrize("kind", FAIL)
def test_a_loop_and_a_call_that_fails(failing: Make, tracee: Tracee, kind: str, error: int) -> None:
    """One exception that says why, or none at all."""
    run = failing([*LOOP, tracee("mixed"), "1"])
    said = os.strerror(MEANS.get((kind, error), error))
    for nth, done in run.strikes(kind, str(error), SAMPLES):
        end = check_loop(done, str(error))
        assert end["ended"] == "whole" or said in end["ended"], f"{nth}: {end}"


def test_a_call_of_the_tracers_in_one_that_is_killed(failing: Make, tracee: Tracee) -> None:
    """Between its registers being read and the instruction to be made again: process_vm_readv.

    The third of the reads at each stop is that of `pypicotrace.Stop.syscall`.
    """
    run = failing([*LOOP, tracee("mixed"), "1"])
    for nth in (3, 6):
        end = check_loop(run.run("read", nth, "kill"), "kill")
        assert run.struck
        assert (end["ended"], len(end["died"])) == ("whole", 1)
