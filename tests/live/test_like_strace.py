"""What is filtered on a real program: classes and results of calls, held against strace(1)'s."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from runs import Trace, asks_for_results

import pypicotrace as pt

TRUSS = [sys.executable, "-m", "pypicotrace.tools.truss"]
PROGRAM = """
import mmap, os, signal, socket, subprocess, sys, threading
os.chdir(sys.argv[1])
open("a", "w").write("a")
os.rename("a", "b"), os.link("b", "c"), os.symlink("b", "d"), os.readlink("d"), os.chmod("b", 0o600)
os.mkdir("e"), os.listdir("."), os.stat("b"), os.getcwd(), os.statvfs("b"), os.truncate("b", 0)
os.rmdir("e"), os.unlink("c"), os.unlink("d"), os.unlink("b"), os.access("b", os.R_OK)
ends = os.pipe()
os.dup(ends[0]), os.close(ends[1]), os.fstat(ends[0])
one, other = socket.socketpair()
one.send(b"x"), other.recv(1)
listener = socket.socket()
listener.bind(("127.0.0.1", 0)), listener.listen(1), listener.getsockname()
thread = threading.Thread(target=int)
thread.start(), thread.join()
while len(os.listdir("/proc/self/task")) > 1: pass  # all its calls are made
subprocess.run(["/bin/true"], check=True)
signal.signal(signal.SIGUSR1, lambda *_: None), os.kill(os.getpid(), signal.SIGUSR1)
memory = mmap.mmap(-1, 4096)
memory.flush(), memory.close()
os.getuid(), os.getgroups()
"""
SOCKETS = {
    "bind",
    "getpeername",
    "getsockname",
    "listen",
    "recvfrom",
    "sendto",
    "socket",
    "socketpair",
}

# What strace calls it, and what is ours alone: strace does not count sockets among descriptors.
CLASSES = {
    "file": ("%file", set()),
    "desc": ("%desc", {*SOCKETS, "close_range"}),
    "network": ("%network", set()),
    "process": ("%process", set()),
    "memory": ("%memory", set()),
    "signal": ("%signal", set()),
    "stat": ("%%stat", set()),
    "creds": ("%creds", set()),
}


@pytest.mark.parametrize("name", CLASSES)
def test_the_calls_are_those_that_strace_shows(trace: Trace, tmp_path: Path, name: str) -> None:
    theirs, more = CLASSES[name]
    argv = [sys.executable, "-I", "-c", PROGRAM, str(tmp_path)]
    lines = tmp_path / "strace"
    strace = ["strace", "-f", "-o", str(lines), "-e", f"trace={theirs}", "-e", "signal=none"]
    subprocess.run([*strace, *argv], check=True)
    seen = set(re.findall(r"^\d+ +(?:<... )?(\w+)[( ]", lines.read_text(), re.MULTILINE))
    run = trace(argv, events=pt.SCE | pt.SCX, syscalls=[f"%{name}"])
    assert seen
    assert {ev.name for ev in run.calls()} - seen <= more
    assert seen <= {ev.name for ev in run.calls()}


def by_strace(option: str, argv: list[str], lines: Path) -> list[tuple[str, str]]:
    """The name of each call that is shown, and of its error."""
    subprocess.run(["strace", "-o", str(lines), "-e", "signal=none", option, *argv], check=False)
    pattern = r"^(\w+)\(.*\) += (?:-1 (E\w+))?"
    return re.findall(pattern, lines.read_text(), re.MULTILINE)


def name_of(error: int) -> str:
    return errno.errorcode.get(error, "")


@asks_for_results
@pytest.mark.parametrize(("option", "errors"), [("-Z", True), ("-z", False)])
def test_failed_and_other_calls(
    trace: Trace, tmp_path: Path, text: bool, option: str, errors: bool
) -> None:
    argv = ["cat", "/nonexistent/file", "/dev/null"]
    expected = by_strace(option, argv, tmp_path / "strace")
    run = trace(argv, events=pt.SCX, errors=errors, text=text)
    # Where strace begins with the execve that starts the program, we begin after it.
    expected = [call for call in expected if call[0] != "execve"]
    assert [(ev.name, name_of(ev.error)) for ev in run.calls()] == expected
    assert bool(expected[-1][1]) is errors


@asks_for_results
def test_some_errors(trace: Trace) -> None:
    argv = ["cat", "/nonexistent/file", "/", "/dev/null"]
    run = trace(argv, errors={"EISDIR"}, events=pt.SCX | pt.EXIT)
    [failed, exited] = run.events
    assert (failed.name, failed.error, failed.enter_seq) == ("read", errno.EISDIR, 0)
    assert isinstance(exited, pt.Exited)
    files = {ev.name for ev in trace(argv, errors=[errno.ENOENT], events=pt.SCX).calls()}
    assert "openat" in files


@asks_for_results
def test_slow_calls(trace: Trace, text: bool) -> None:
    """Those that sleep are there; on a busy machine any other may have taken as long."""
    argv = ["sh", "-c", "sleep 0.5; true"]
    run = trace(argv, slower_than=0.05, events=pt.SCX, text=text)
    names = {ev.name for ev in run.calls()}
    assert {"clock_nanosleep", "wait4"} <= names
    assert all(ev.elapsed_ns > 5 * 10**7 for ev in run.calls() if not text)


def test_streamed(scratch: Callable[[], IO[bytes]]) -> None:
    argv = ["cat", "/nonexistent/file", "/dev/null"]
    with pt.spawn(argv, errors=True, stderr=scratch()) as loop:
        errors = [error for batch in loop.stream() for error in batch.error]
    assert errno.ENOENT in errors


def test_counts_of_calls_and_errors(tmp_path: Path) -> None:
    """picotrace-truss -c and strace -c, of a script and all that it runs."""
    script = "ls -l /usr/lib >f; sort -r f >g; cat /nowhere; git --version; true"
    tables = []
    # Calls, errors if there are any, and the name come after so many columns.
    for name, tool, column in (("strace", ["strace"], 3), ("truss", TRUSS, 5)):
        argv = [*tool, "-f", "-c", "-o", str(tmp_path / name), "sh", "-c", script]
        subprocess.run(argv, cwd=tmp_path, capture_output=True, check=True)
        lines = (tmp_path / name).read_text().splitlines()
        rows = [
            line.split()[column:] for line in lines if re.match(r" *[\d.]+ .*(?<!total)$", line)
        ]
        tables.append({row[-1]: (int(row[0]), int(row[1]) if row[2:] else 0) for row in rows})
    theirs, ours = tables
    # Where strace begins with the execve that starts the program, we begin after it.
    calls, errors = theirs["execve"]
    theirs["execve"] = (calls - 1, errors)
    assert ours == theirs
    assert ours["openat"][1] > 0
