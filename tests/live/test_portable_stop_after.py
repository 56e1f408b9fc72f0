"""On every system: ``--stop-after``."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from cli_support import (
    BOUND,
    COMMAND,
    Running,
    in_formats,
    in_session,
    lines,
    picotrace,
    running,
    tracing,
)
from system import untouched

import pypicotrace as pt

CALLS = 4
"""Fewer than any program makes at its start, one that is linked statically, too."""
DYING = {"DETACHED", "EXITED", "SIGNALED"}


# Of more calls than are asked for, however slow the machine is. No LWP of a Python with several
# forks: the child may wait for ever for what another LWP held.
STORM = """
import os, subprocess, threading, time
def busy(number, end):
    rounds = 0
    while time.time() < end or rounds < 40:
        rounds += 1
        os.getppid()
        threading.Thread(target=int).start()
        if number == 1:
            os.waitpid(os.posix_spawnp("true", ["true"], os.environ), 0)
        elif number == 2:
            subprocess.run(["sh", "-c", "true & wait"])
lwps = [threading.Thread(target=busy, args=(n, time.time() + 0.5)) for n in range(4)]
[lwp.start() for lwp in lwps], [lwp.join() for lwp in lwps]
os._exit(7)
"""


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def ended(run: Running) -> int:
    return run.process.wait(timeout=BOUND)


@pytest.mark.parametrize("limit", [["4"], ["4", "1h"]], ids=" ".join)
def test_a_command_runs_on(trace: Path, limit: list[str]) -> None:
    """After so many calls exactly; it is unharmed, and picotrace has ended."""
    options = [f"--stop-after={word}" for word in limit]
    with running([*COMMAND, *options, "-o", str(trace), "cat"]) as run:
        assert ended(run) == 0
        seen = lines(trace.read_bytes())
        assert [line.event for line in seen].count("SCX") == CALLS
        assert [line.event for line in seen[-2:]] == ["SCX", "DETACHED"]
        assert untouched(seen[0].pid)
        assert run.echoes()


def test_after_a_time(trace: Path) -> None:
    """Wherever the command is by then."""
    with running([*COMMAND, "--stop-after", "300ms", "-o", str(trace), "cat"]) as run:
        assert ended(run) == 0
        seen = lines(trace.read_bytes())
        assert seen[-1].event == "DETACHED"
        assert untouched(seen[0].pid)
        assert run.echoes()


def test_after_a_time_in_a_call() -> None:
    """While a program waits, in a call that it stays in."""
    stdin, ours = os.pipe()
    record: list[Any] = []
    with pt.spawn(["cat"], stdin=stdin, stdout=subprocess.DEVNULL) as loop:
        os.close(stdin)
        for ev in loop:
            record.append(ev)
            if isinstance(ev, pt.SyscallEntry) and ev.name == "read" and ev.args[0] == 0:
                loop.stop_after(seconds=0.3)
        assert [type(ev) for ev in record[-2:]] == [pt.SyscallEntry, pt.Detached]
        assert untouched(loop.root)
    os.close(ours)
    assert os.waitpid(loop.root, 0) == (loop.root, 0)


def test_an_attached_process(trace: Path) -> None:
    with running(["cat"]) as cat:
        with tracing("--stop-after", "4", "-o", str(trace), "-p", str(cat.pid)) as run:
            run.complains(b"^C detaches\n")
            for _ in range(4):
                assert cat.echoes()
            assert run.finish() == (0, b"", b"")
        events = [line.event for line in lines(trace.read_bytes())]
        assert events.count("SCX") == 4
        assert events[-2:] == ["SCX", "DETACHED"]
        assert untouched(cat.pid)
        assert cat.echoes()


def test_a_time_is_kept_where_nothing_happens() -> None:
    """It is not only noticed when the loop looks round, once a second."""
    with running(["cat"]) as cat:
        begun = time.monotonic()
        for _ in range(6):
            with pt.attach(cat.pid) as loop:
                loop.stop_after(seconds=0.02)
                assert isinstance(list(loop)[-1], pt.Detached)
        assert time.monotonic() - begun < 3
        assert cat.echoes()


def test_what_is_added_later_is_traced() -> None:
    """It has no limit, unless that is said again."""
    with running(["cat"]) as cat, pt.attach(cat.pid) as loop:
        loop.stop_after(seconds=0.02)
        assert isinstance(list(loop)[-1], pt.Detached)
        loop.add(["sh", "-c", "exit 4"])
        assert not loop.stopped
        record = list(loop)
        assert isinstance(record[0], pt.Exec)
        assert isinstance(record[-1], pt.Exited)
    assert loop.returncode == 4


def test_what_cannot_be_added_does_not_undo_it() -> None:
    argv = [sys.executable, "-c", STORM]
    with pt.spawn(argv, start_new_session=True) as loop:
        loop.stop_after(calls=CALLS)
        record = []
        for event in loop:
            record.append(event)
            if loop.stopped:
                with pytest.raises(pt.AttachError, match="that is the tracer itself"):
                    loop.add(os.getpid())
        assert loop.stopped
    assert sum(isinstance(event, pt.SyscallExit) for event in record) == CALLS
    assert os.waitpid(loop.root, 0)[1] == 7 << 8


def test_children_that_come_and_go(trace: Path) -> None:
    """Nobody of them is left traced, or standing."""
    script = "while :; do (exit 3); /bin/echo x >/dev/null & wait; done"
    options = ["-f", "--stop-after", "3000", "-o", str(trace)]
    with running([*COMMAND, *options, "sh", "-c", script]) as run:
        assert ended(run) == 0
        events = [line.event for line in lines(trace.read_bytes())]
        assert events.count("SCX") == 3000
        assert set(events[len(events) - events[::-1].index("SCX") :]) <= DYING
        left = in_session(run.pid)
        assert left
        assert not [process for process in left if process.traced or process.state == "T"]


@pytest.mark.parametrize("stream", [0, 1, 4096])
@pytest.mark.parametrize("calls", [1, 777, 3001])
def test_a_storm(calls: int, stream: int) -> None:
    """LWPs and children come and go meanwhile; nobody of them is left traced, or harmed."""
    argv = [sys.executable, "-c", STORM]
    with pt.spawn(argv, follow=True, start_new_session=True) as loop:
        loop.stop_after(calls=calls)
        batches = loop.stream(stream) if stream else [loop]
        record = [event for batch in batches for event in batch]
        assert not [process for process in in_session(loop.root) if process.traced]
    ended = loop.returncode
    if ended is None:
        ended = os.waitstatus_to_exitcode(os.waitpid(loop.root, 0)[1])
    assert ended == 7
    exits = [place for place, event in enumerate(record) if isinstance(event, pt.SyscallExit)]
    assert len(exits) == calls
    after = record[exits[-1] + 1 :]
    assert all(isinstance(event, pt.Detached | pt.Exited | pt.Signaled) for event in after)


@in_formats("ndjson", "strace", "trace-event")
def test_in_other_formats(trace: Path, form: str) -> None:
    options = ["--stop-after", "4", "--format", form, "-o", str(trace)]
    with running([*COMMAND, *options, "cat"]) as run:
        assert ended(run) == 0
        assert results(trace, form) == CALLS
        assert run.echoes()


def results(trace: Path, form: str) -> int:
    """How many calls have returned."""
    if form == "ndjson":
        events = list(pt.read(trace))
        assert isinstance(events[-1], pt.Detached)
        return sum(isinstance(event, pt.SyscallExit) for event in events)
    if form == "strace":
        return len(re.findall(r"\) += [^?]", trace.read_text()))
    told = json.loads(trace.read_text())["traceEvents"]
    return sum(bool({"ret", "error"} & event.get("args", {}).keys()) for event in told)


def test_a_command_that_ends_before(trace: Path) -> None:
    """It has its status."""
    run = picotrace("--stop-after", "1h", "-o", str(trace), "sh", "-c", "exit 7")
    assert run == (7, b"", b"")
    assert lines(trace.read_bytes())[-1].event == "EXITED"


def test_the_last_ones(trace: Path) -> None:
    """With --last: they are written, as for any other end that picotrace is told."""
    options = ["--stop-after", "4", "--last", "3", "-o", str(trace)]
    with running([*COMMAND, *options, "cat"]) as run:
        assert ended(run) == 0
        assert [line.event for line in lines(trace.read_bytes())] == ["SCE", "SCX", "DETACHED"]


def test_calls_that_are_chosen(trace: Path) -> None:
    """No filter in the kernel is used, which what has been let go would have for ever."""
    script = "kill -0 $$; kill -0 $$; kill -0 $$; cat"
    options = ["-f", "-v", "-e", "kill", "--stop-after", "2", "-o", str(trace)]
    with running([*COMMAND, *options, "sh", "-c", script]) as run:
        run.complains(b"--stop-after lets go of it\n")
        assert ended(run) == 0
        assert run.echoes()
    assert [line.event for line in lines(trace.read_bytes())].count("SCX") == 2
