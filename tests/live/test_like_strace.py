"""Classes of calls on a real program: what strace(1) shows of its classes of the same names."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from runs import Trace

import pypicotrace as pt

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
threading.Thread(target=int).start()
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
