"""The API in four examples, the shortest way to each of its parts, as a user writes them."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from system import LINUX

import pypicotrace as pt
from pypicotrace import syscalls
from pypicotrace.choice import native_abis

OPENS = """
import contextlib
for line in iter(input, "end"):
    with contextlib.suppress(OSError):
        open(line).close()
"""

GETPPIDS = 300


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_stop_per_event(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "file").touch()
    with pt.spawn(["ls", "-l"], events=pt.SCX) as loop:
        for ev in loop:
            print(ev.lwp, ev.name, ev.args, ev.retval, ev.error)
    print(loop.status)
    *lines, end = capfd.readouterr().out.splitlines()
    assert loop.status == pt.Exited(pid=loop.root, lwp=0, program=b"ls", status=0)
    assert end == repr(loop.status)
    assert any(line.endswith(" file") for line in lines)
    assert any(re.fullmatch(r"\d+ write \(1, \d+, (\d+)\) \1 0", line) for line in lines)
    if LINUX:  # GNU's ls(1) closes its output
        assert f"{loop.root} close (1,) 0 0" in lines


def test_look_into_the_stopped_lwp(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    child = subprocess.Popen([sys.executable, "-c", OPENS], stdin=subprocess.PIPE, text=True)
    assert child.stdin is not None
    with pt.attach(child.pid, follow=True, events=pt.SCE, syscalls={"open", "openat"}) as loop:
        child.stdin.write(f"{folder}/nowhere\n/etc/passwd\nend\n")
        child.stdin.close()
        for ev in loop:
            print(ev.pid, ev.stop.read_cstring(ev.arg("path")))
    assert child.wait() == 0
    lines = capfd.readouterr().out.splitlines()
    opened = [line for line in lines if "nowhere" in line or "passwd" in line]
    assert opened == [
        f"{child.pid} {path!r}" for path in (b"%b/nowhere" % bytes(folder), b"/etc/passwd")
    ]


def test_stream(folder: Path) -> None:
    calls = f"import os; [os.getppid() for _ in range({GETPPIDS})]"
    (folder / "Makefile").write_text(f"all:\n\t@{sys.executable} -c '{calls}'\n")
    count: Counter[int] = Counter()
    with pt.spawn(["make"], follow=True) as loop:
        for batch in loop.stream():
            count.update(batch.sysnum)
    assert count[number_of("getppid")] == 2 * GETPPIDS
    assert count[number_of("read")] > 0


def number_of(call: str) -> int:
    return syscalls.load(native_abis()[0]).by_name[call].number


class FailOpen(pt.Tracer):
    events, syscalls = pt.SCE, {"open", "openat"}

    def syscall_entry(self, ev):
        ev.stop.inject(error=errno.EACCES)


def test_a_tracer(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (folder / "prog").write_text("#!/bin/sh\n: < /etc/passwd || exit 3\n")
    (folder / "prog").chmod(0o700)
    status = pt.run(FailOpen(), ["./prog"], follow=True)
    # The dynamic linker cannot open the first library, and that is the end.
    assert isinstance(status, pt.Exited)
    assert status.status != 0
    told = capfd.readouterr().err
    # NetBSD's linker has words of its own, and a sh(1) linked statically, too.
    assert "Permission denied" in told if LINUX else told
