"""Tracers and tracees that are kin to each other: parents that wait, children that trace."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from record import check_record
from runs import Run, Target, contents, fields, until

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]
Start = Callable[..., Target]

NO_CALLS = pt.ALL & ~(pt.SCE | pt.SCX)
BOTH = pytest.mark.parametrize("events", [pt.ALL, NO_CALLS], ids=["all", "no calls"])


def status_of(pid: int) -> dict[str, str]:
    return fields(Path(f"/proc/{pid}/status").read_text())


def is_in(pid: int, *states: str) -> bool:
    return status_of(pid)["State"][0] in states


def tell(target: Target, line: bytes) -> None:
    assert target.process.stdin is not None
    target.process.stdin.write(line)
    target.process.stdin.flush()


@BOTH
@pytest.mark.parametrize("stopped", [False, True], ids=["running", "stopped"])
def test_row_3_a_child_of_the_hosts_own(
    start: Start, tmp_path: Path, stopped: bool, events: pt.Mask
) -> None:
    """Let go again, it is the host's child as before, which sees its stops and its end."""
    target = start(
        ["sh", "-c", 'echo ready; while [ ! -e "$0" ]; do :; done; exit 7', tmp_path / "go"]
    )
    until(lambda: target.said("ready"), "it runs")
    if stopped:
        os.kill(target.pid, signal.SIGSTOP)
        assert os.WIFSTOPPED(os.waitpid(target.pid, os.WUNTRACED)[1])
    record: list[pt.Event] = []
    with pt.attach(target.pid, events=events) as loop:
        for ev in loop:
            record.append(ev)
            assert status_of(target.pid)["TracerPid"] == str(os.getpid())
            # One that stands, and one that makes no calls that are looked at, has no more to tell.
            if stopped or events == NO_CALLS or len(record) == 50:
                break
    check_record(record, mask=events, complete=False)
    assert type(record[0]) is pt.Attached
    assert status_of(target.pid)["TracerPid"] == "0"
    if stopped:
        until(lambda: is_in(target.pid, "T"), "it is stopped as it was")
        os.kill(target.pid, signal.SIGCONT)
    until(lambda: is_in(target.pid, "R", "S"), "it runs")
    (tmp_path / "go").touch()
    assert target.process.wait() == 7


TRACES_ITS_PARENT = """
import os, signal, sys
from record import check_record
import pypicotrace as pt

most, end = sys.argv[1:]
parent = os.getppid()
record = []
with pt.attach(parent) as loop:
    print("lwps", loop.attached[parent], flush=True)
    for ev in loop:
        record.append(ev)
        if len(record) == int(most):
            break
    if end == "killed":
        print("record", len(record), flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
check_record(record, complete=False)
status = open(f"/proc/{parent}/status").read()
print("tracer", status.partition("TracerPid:")[2].split()[0])
print("record", len(record))
sys.exit(6)
"""

IS_TRACED = """
import ctypes, os, subprocess, sys

how, *child = sys.argv[1:]
# Where yama restricts ptrace to descendants, a process may name who else may: PR_SET_PTRACER.
ctypes.CDLL(None).prctl(0x59616D61, ctypes.c_ulong(-1), 0, 0, 0)
child = subprocess.Popen([sys.executable, "-c", *child])
if how == "running":
    while child.poll() is None:
        os.getppid()
print("child", child.wait(), flush=True)
sys.exit(3)
"""


@pytest.mark.parametrize("end", ["leaves", "killed"])
@pytest.mark.parametrize(("how", "most"), [("asleep", 2), ("running", 200)])
def test_row_4_a_child_attaches_its_own_parent(start: Start, how: str, most: int, end: str) -> None:
    """The parent waits for its child meanwhile, asleep or asking; it gets that child's status."""
    target = start(
        [sys.executable, "-c", IS_TRACED, how, TRACES_ITS_PARENT, str(most), end],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert target.process.wait() == 3
    assert target.said("lwps") == [(1,)]
    assert target.said("record") == [(most,)]
    assert target.said("tracer") == ([(0,)] if end == "leaves" else [])
    assert target.said("child") == [(6 if end == "leaves" else -signal.SIGKILL,)]


PARENT = """
import os, subprocess, sys

child = subprocess.Popen(["sh", "-c", "read line; " + sys.argv[1]], stdin=subprocess.PIPE)
print("child", child.pid, flush=True)
for line in sys.stdin:
    if line == "end\\n":
        child.stdin.close()
    else:
        how = os.WNOHANG if line == "look\\n" else 0
        print(line.strip(), *os.waitpid(child.pid, how), flush=True)
"""


@pytest.mark.parametrize(
    ("script", "status"), [("exit 5", 5 << 8), ("kill -KILL $$", signal.SIGKILL)]
)
def test_row_5_the_tracer_sees_the_end_before_the_parent(
    start: Start, script: str, status: int
) -> None:
    """While the tracer has not seen it, WNOHANG says to the parent that its child lives."""
    parent = start([sys.executable, "-c", PARENT, script], stdin=subprocess.PIPE)
    # The tracer is kept from looking while it is at an event of another process.
    other = start(["sleep", "60"])
    until(lambda: parent.said("child"), "it has a child")
    ((child,),) = parent.said("child")
    attached = 0
    with pt.attach(child, other.pid, events=pt.ATTACH | pt.SIGNAL | pt.EXIT) as loop:
        for ev in loop:
            attached += isinstance(ev, pt.Attached)
            if attached == 2 and isinstance(ev, pt.Attached):
                os.kill(other.pid, signal.SIGWINCH)
            if isinstance(ev, pt.Stopped):
                assert ev.pid == other.pid
                tell(parent, b"end\n")
                until(lambda: is_in(child, "Z"), "the child has ended")
                for looks in range(1, 4):
                    tell(parent, b"look\n")
                    until(lambda looks=looks: len(parent.said("look")) == looks, "it has looked")
                assert set(parent.said("look")) == {(0, 0)}
            elif isinstance(ev, pt.Exited | pt.Signaled):
                assert ev.pid == child
                tell(parent, b"wait\n")
                until(lambda: parent.said("wait"), "the parent has seen it, too")
                break
    assert parent.said("wait") == [(child, status)]
    assert isinstance(ev, pt.Exited if script == "exit 5" else pt.Signaled)
    assert other.process.poll() is None


MADE = [
    *("fork", "vfork", "clone", "clone-silent", "clone-usr1", "clone-files-fs", "clone-vm"),
    *("clone-vfork", "clone-vm-vfork", "clone-parent", "clone3", "clone3-silent", "posix_spawn"),
]
"""Ways of tracees/children.c to make a child that is traced."""


@BOTH
@pytest.mark.parametrize("how", MADE)
def test_row_25_the_forker_is_killed_at_its_event(
    tracee: Tracee, scratch: Scratch, how: str, events: pt.Mask
) -> None:
    """The child is reported all the same, and ends as it would have."""
    out = scratch()
    record: list[pt.Event] = []
    made: list[pt.Forked | pt.Vforked] = []
    with pt.spawn(
        [tracee("children"), how, "exit"], events=events, follow=True, stdout=out
    ) as loop:
        for ev in loop:
            record.append(ev)
            # Of clone-parent, the first child is to make another, and the second is meant.
            if isinstance(ev, pt.Forked | pt.Vforked) and (how != "clone-parent" or made):
                os.kill(ev.pid, signal.SIGKILL)
            made += [ev] if isinstance(ev, pt.Forked | pt.Vforked) else []
    check_record(record, mask=events)
    run = Run(record, loop.root, loop.status, contents(out))
    forker, child = made[-1].pid, made[-1].child
    assert run.one(pt.Signaled, pid=forker).signo == signal.SIGKILL
    assert run.one(pt.Exited, pid=child).status == 17
    assert [tracer for (tracer,) in run.said("tracer") + run.said("new")] == [os.getpid()]
    assert not run.said("child")


@BOTH
@pytest.mark.parametrize("how", MADE)
def test_row_25_the_forker_is_let_go_at_its_event(
    start: Start, tracee: Tracee, how: str, events: pt.Mask
) -> None:
    """With its child, by leaving the loop: both run on untraced, and it gets the child's status."""
    target = start(
        ["sh", "-c", 'echo ready; read line; exec "$0" "$@"', tracee("children"), how, "exit"],
        stdin=subprocess.PIPE,
    )
    until(lambda: target.said("ready"), "it is ready")
    with pt.attach(target.pid, events=events, follow=True) as loop:
        tell(target, b"\n")
        for ev in loop:
            if isinstance(ev, pt.Forked | pt.Vforked):
                break
    assert target.process.wait() == 0
    _, _, status = target.said("child")[0]
    assert status == 17 << 8
    assert target.said("tracer") + target.said("new") == [(0,)]
