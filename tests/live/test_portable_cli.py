"""On every system: the command."""

from __future__ import annotations

import os
import re
import signal
import time
from pathlib import Path

import pytest
from cli_support import (
    eventually,
    insist,
    last_of_first,
    lines,
    picotrace,
    ready_and_reading,
    running,
    tracing,
)
from system import LINUX, untouched

from pypicotrace.ending import INSIST

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
WAIT = "wait4" if LINUX else "__wait450"
WAITER = "echo ready; read x; exit 3"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def made(text: bytes) -> set[int]:
    infos = [line.info for line in lines(text) if line.event in ("FORKED", "VFORKED", "SPAWNED")]
    return {int(info.removeprefix("child=")) for info in infos}


def test_the_main_job(trace: Path) -> None:
    """Every process from its creation to its end; the status is the shell's."""
    run = picotrace("-f", "-o", str(trace), "sh", "-c", "echo hi | cat; exit 7")
    assert run == (7, b"hi\n", b"")
    seen = lines(trace.read_bytes())
    root = seen[0].pid
    assert seen[0][1:] == (root, "sh", "EXEC", "")
    assert seen[-1] == (root, 0, "sh", "EXITED", "status=7")
    children = made(trace.read_bytes())
    assert len(children) == 2
    assert {line.pid for line in seen} == {root, *children}
    for pid in (root, *children):
        events = [line.event for line in seen if line.pid == pid]
        assert {"SCE", "SCX", "EXITED"} <= set(events)
    assert {line.program for line in seen if line.event == "EXEC"} == {"sh", "cat"}


def test_to_standard_error() -> None:
    run = picotrace("sh", "-c", "echo out; echo err >&2")
    assert (run.status, run.out) == (0, b"out\n")
    assert b"err\n" in run.err
    assert b" EXITED status=0\n" in run.err


def test_children_are_not_followed_unasked(trace: Path) -> None:
    run = picotrace("-o", str(trace), "sh", "-c", "cat /dev/null; exit 7")
    assert (run.status, run.err) == (7, b"")
    assert len({line.pid for line in lines(trace.read_bytes())}) == 1


def test_numbers(trace: Path) -> None:
    run = picotrace("-n", "-o", str(trace), "sh", "-c", "kill -USR1 $$")
    assert run.status == -signal.SIGUSR1
    calls = [line for line in lines(trace.read_bytes()) if line.event in ("SCE", "SCX")]
    assert calls
    assert all(re.match(r"\d+[ (]", line.info) for line in calls)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["-e", "event=exec,exit"], ["EXEC", "EXITED"]),
        (["-e", "event=none"], []),
        (["-e", "event=sce,exit", "-e", "getppid"], ["SCE", "EXITED"]),
    ],
)
def test_events_and_calls_that_are_wanted(
    trace: Path, options: list[str], wanted: list[str]
) -> None:
    run = picotrace("-o", str(trace), *options, "sh", "-c", "exit 7")
    assert run == (7, b"", b"")
    found = [line.event for line in lines(trace.read_bytes())]
    assert [event for event in wanted if event != "SCE"] == [e for e in found if e != "SCE"]
    assert "SCE" not in found or "SCE" in wanted


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV", "USR1"])
def test_death_by_a_signal(trace: Path, name: str) -> None:
    """The command ends by the same one."""
    run = picotrace("-o", str(trace), "sh", "-c", f"kill -{name} $$")
    assert run == (-signal.Signals[f"SIG{name}"], b"", b"")
    assert lines(trace.read_bytes())[-1].info.startswith(f"signal={name} ")


@pytest.mark.parametrize(
    ("argv", "status", "complaint"),
    [
        (["/nonexistent/program"], 127, b"No such file or directory"),
        (["/"], 126, b"is a directory"),
        (["-p", "0"], 2, b"invalid process id"),
        (["-q"], 2, b"not recognized"),
        ([], 2, b"give a command, or -p PID"),
    ],
)
def test_what_cannot_be_done(argv: list[str], status: int, complaint: bytes) -> None:
    run = picotrace(*argv)
    assert (run.status, run.out) == (status, b"")
    assert complaint in run.err
    assert run.err.startswith(b"picotrace: ")


def test_attached_and_interrupted(trace: Path) -> None:
    """The target runs on, and what was seen is in the file."""
    with running(["cat"]) as cat:
        for signo in ENDING:
            with tracing("-o", str(trace), "-p", str(cat.pid)) as run:
                run.complains(b"^C detaches\n")
                assert cat.echoes()
                run.kill(signo)
                assert run.finish() == (-signo, b"", b"")
            assert untouched(cat.pid)
            assert cat.echoes()
            seen = [line.event for line in lines(trace.read_bytes())]
            assert (seen[0], seen[-1]) == ("ATTACHED", "DETACHED")
            assert {"SCE", "SCX"} < set(seen)


def test_the_end_of_an_attached_process(trace: Path) -> None:
    with running(["sh", "-c", "read x; exit 7"]) as target:
        with tracing("-o", str(trace), "-p", str(target.pid)) as run:
            run.complains(b"^C detaches\n")
            target.say(b"\n")
            assert run.finish() == (0, b"", b"")
        assert target.finish().status == 7
    assert lines(trace.read_bytes())[-1][3:] == ("EXITED", "status=7")


@pytest.mark.parametrize(
    ("trap", "status"), [("trap 'exit 9' TERM; ", 9), ("", -signal.SIGTERM)], ids=["trap", "none"]
)
def test_term_is_passed_on(trace: Path, trap: str, status: int) -> None:
    with tracing("-f", "-o", str(trace), "sh", "-c", trap + WAITER) as run:
        ready_and_reading(run, trace)
        run.kill(signal.SIGTERM)
        assert run.end() == (status, b"", b"")


def test_int_of_a_terminal_is_the_commands(trace: Path) -> None:
    """It goes to all; and to picotrace alone it means nothing."""
    with tracing("-o", str(trace), "sh", "-c", "trap 'exit 9' INT; " + WAITER) as run:
        ready_and_reading(run, trace)
        run.kill(signal.SIGINT)
        # Sooner, the next could be taken for insisting on the end.
        time.sleep(2 * INSIST)
        assert run.process.poll() is None
        os.killpg(run.pid, signal.SIGINT)
        assert run.end() == (9, b"", b"")


def test_a_second_signal_ends_all(trace: Path) -> None:
    stubborn = "trap '' INT TERM HUP; echo ready; while :; do sleep 0.05; done"
    with tracing("-f", "-o", str(trace), "sh", "-c", stubborn) as run:
        run.hear(b"ready\n")
        insist(run, signal.SIGTERM)
        assert run.finish().status == -signal.SIGTERM
    assert last_of_first(trace.read_bytes())[3:] == ("SIGNALED", "signal=KILL core=false")


def test_a_trace_grows_while_the_command_waits(trace: Path) -> None:
    with tracing("-f", "-o", str(trace), "sh", "-c", "sleep 60; :") as run:
        eventually(lambda: trace.exists() and f"SCE {WAIT}" in trace.read_text(), "sh waits")
        insist(run, signal.SIGTERM)
        assert run.finish().status == -signal.SIGTERM
