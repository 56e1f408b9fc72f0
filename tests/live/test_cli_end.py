"""On every system: how the command ends, and what signals do to it and to what it has started."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import resource
import shutil
import signal
import subprocess
import termios
import time
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cli_support import (
    BOUND,
    COMMAND,
    eventually,
    in_session,
    insist,
    last_of_first,
    lines,
    picotrace,
    read_until,
    ready_and_reading,
    tracing,
    untraced,
)
from system import LINUX

from pypicotrace.ending import INSIST

# Says that it is ready, and waits. Without a child: dash loses a signal that it gets in vfork.
WAITER = "echo ready; read x; exit 3"
# The same, with children, and no end.
SLEEPER = "echo ready; while :; do sleep 0.05; done"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


@pytest.mark.parametrize("status", [0, 1, 77, 255])
def test_the_status_is_the_commands(trace: Path, status: int) -> None:
    run = picotrace("-o", str(trace), "sh", "-c", f"exit {status}")
    assert run == (status, b"", b"")
    assert lines(trace.read_bytes())[-1][3:] == ("EXITED", f"status={status}")


@pytest.mark.parametrize(
    "signo", [2, 3, 6, 9, 10, 11, 13, 15, 25, *((32, 34, 64) if LINUX else (33, 63))]
)
def test_death_by_a_signal(trace: Path, signo: int) -> None:
    """It ends by the same one, also by those that Python or the C library keep from a program."""
    shell = ["sh", "-c", f"kill -{signo} $$"]
    run = picotrace("-o", str(trace), *shell)
    assert run == (-signo, b"", b"")
    assert untraced(shell).status == run.status
    name = lines(trace.read_bytes())[-1].info
    assert name.startswith(f"signal={signo} " if signo in (32, 33) and LINUX else "signal=")


def test_no_second_core(tmp_path: Path, trace: Path) -> None:
    """The command's core is the one that is wanted; picotrace leaves none beside, or over, it."""

    def unlimited() -> None:
        resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def dumps(*argv: str) -> bool:
        process = subprocess.Popen(argv, cwd=tmp_path, preexec_fn=unlimited)  # noqa: PLW1509
        _, status = os.waitpid(process.pid, 0)
        process.returncode = 0  # it has been waited for
        assert os.WTERMSIG(status) == signal.SIGSEGV
        return os.WCOREDUMP(status)

    crash = ("sh", "-c", "kill -SEGV $$")
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0 or not dumps(*crash):
        pytest.skip("this system lets nobody dump core here")
    assert not dumps(*COMMAND, "-o", str(trace), *crash)
    assert lines(trace.read_bytes())[-1].info.endswith(" core=true")


class TestInt:
    """A terminal sends INT to the command too: that decides."""

    @pytest.mark.parametrize(
        ("trap", "status"), [("trap 'exit 9' INT; ", 9), ("", -signal.SIGINT)], ids=["trap", "none"]
    )
    def test_input_18_to_all(self, trace: Path, trap: str, status: int) -> None:
        with tracing("-f", "-o", str(trace), "sh", "-c", trap + WAITER) as run:
            ready_and_reading(run, trace)
            os.killpg(run.pid, signal.SIGINT)
            assert run.end() == (status, b"", b"")
        assert lines(trace.read_bytes())[-1].event in ("EXITED", "SIGNALED")

    def test_input_18_to_picotrace_alone(self, trace: Path) -> None:
        """It is not its business, and the command never hears of it."""
        with tracing("-o", str(trace), "sh", "-c", "echo ready; read x; exit 7") as run:
            run.hear(b"ready\n")
            run.kill(signal.SIGINT)
            run.say(b"\n")
            assert run.finish().status == 7
        assert "STOPPED" not in {line.event for line in lines(trace.read_bytes())}

    def test_input_18_from_a_terminal(self, trace: Path) -> None:
        """The real thing: a controlling terminal, and ^C typed into it."""
        ours, theirs = pty.openpty()
        command = ["sh", "-c", WAITER]
        streams: dict[str, Any] = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        take = partial(fcntl.ioctl, theirs, termios.TIOCSCTTY, 0)
        with tracing("-o", str(trace), *command, preexec_fn=take, **streams) as run:
            os.close(theirs)
            read_until(ours, b"ready\r\n")
            os.write(ours, termios.tcgetattr(ours)[6][termios.VINTR])
            assert run.end().status == -signal.SIGINT
        os.close(ours)
        assert lines(trace.read_bytes())[-1][3:] == ("SIGNALED", "signal=INT core=false")


class TestTerm:
    """No terminal sends TERM: it is passed on, and the command decides."""

    @pytest.mark.parametrize(
        ("trap", "status"),
        [("trap 'exit 9' TERM; ", 9), ("", -signal.SIGTERM)],
        ids=["trap", "none"],
    )
    def test_input_18_is_passed_on(self, trace: Path, trap: str, status: int) -> None:
        with tracing("-f", "-o", str(trace), "sh", "-c", trap + WAITER) as run:
            ready_and_reading(run, trace)
            run.kill(signal.SIGTERM)
            assert run.end() == (status, b"", b"")

    def test_input_18_sent_twice_as_one(self, trace: Path) -> None:
        """As timeout(1) does, to its child and to the group: that is no second request."""
        script = f"trap 'echo cleaned up; exit 9' TERM; {WAITER}"
        with tracing("-o", str(trace), "sh", "-c", script) as run:
            ready_and_reading(run, trace)
            run.kill(signal.SIGTERM)
            os.killpg(run.pid, signal.SIGTERM)
            assert run.end() == (9, b"cleaned up\n", b"")


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_input_18_a_second_signal_ends_all(trace: Path, signo: signal.Signals) -> None:
    """Whatever the command, and all that it has started, think of it."""
    stubborn = f"trap '' INT TERM HUP QUIT; (sleep 1000 & {SLEEPER}) & {SLEEPER}"
    with tracing("-f", "-o", str(trace), "sh", "-c", stubborn) as run:
        run.hear(b"ready\n")
        run.hear(b"ready\n")
        insist(run, signo)
        assert run.finish().status == -signo
        eventually(lambda: not in_session(run.pid), "nothing is left")
    assert last_of_first(trace.read_bytes())[3:] == ("SIGNALED", "signal=KILL core=false")


@pytest.mark.parametrize("events", ["all", "!exit"])
def test_input_18_what_outlives_the_command_is_ended_at_once(trace: Path, events: str) -> None:
    """By one signal: nobody is left who could decide. Also where the end is in no record."""
    options = ["-f", "-o", str(trace), "-e", f"event={events}"]
    with tracing(*options, "sh", "-c", "sleep 1000 & echo $$; exit 7") as run:
        pid = int(run.hear(b"\n"))
        eventually(lambda: not os.path.exists(f"/proc/{pid}"), "sh ends")
        # Sooner than that, it could be the very signal that has ended the command.
        time.sleep(INSIST + 0.1)
        run.kill(signal.SIGTERM)
        assert run.finish().status == -signal.SIGTERM
        eventually(lambda: not in_session(run.pid), "nothing is left")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace(1) is what fails a call")
@pytest.mark.parametrize("form", ["text", "strace", "ndjson", "trace-event"])
@pytest.mark.parametrize("last", [[], ["--last", "5"]], ids=["all", "last"])
def test_the_kernel_refuses_what_the_tracer_needs(trace: Path, form: str, last: list[str]) -> None:
    """The trace is whole as far as it goes, and has the ends of what is ended then."""
    fail = ["strace", "-qqo", "/dev/null", "-e", "inject=ptrace:error=EIO:when=400"]
    options = ["-f", *last, "--format", form, "-o", str(trace)]
    busy = "while :; do [ -e /x ]; done"
    with tracing(*options, "sh", "-c", busy, before=fail) as run:
        assert run.finish() == (1, b"", b"picotrace: trace: Input/output error\n")
    text = trace.read_text()
    assert json.loads(text) if form == "trace-event" else text.endswith("\n")
    assert {"text": "SIGNALED", "strace": "+++ killed by SIGKILL +++"}.get(form, "") in text
    assert form != "ndjson" or json.loads(text.splitlines()[-1])["ev"] == "signaled"


def test_killed(trace: Path) -> None:
    """What it has started dies with it, whatever it ignores."""
    stubborn = f"trap '' HUP TERM; (sleep 1000 & {SLEEPER}) & {SLEEPER}"
    with tracing("-f", "-o", str(trace), "sh", "-c", stubborn) as run:
        run.hear(b"ready\n")
        run.hear(b"ready\n")
        run.kill(signal.SIGKILL)
        assert run.process.wait(timeout=BOUND) == -signal.SIGKILL
        eventually(lambda: not in_session(run.pid), "nothing is left")


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace(1) is what times the signal")
def test_killed_before_the_command_is_traced(tmp_path: Path, trace: Path) -> None:
    """Nothing is run that is not traced. Here the end comes with the first call of ptrace(2)."""
    kill = ["strace", "-qqo", "/dev/null", "-e", "inject=ptrace:error=EPERM:signal=KILL:when=1"]
    with tracing("-o", str(trace), "touch", str(tmp_path / "mark"), before=kill) as run:
        run.finish()
        eventually(lambda: not in_session(run.pid), "nothing is left")
        assert not (tmp_path / "mark").exists()


@pytest.mark.skipif(not LINUX, reason="what a process ignores is asked of Linux's /proc")
@pytest.mark.parametrize("signo", [signal.SIGHUP, signal.SIGINT])
def test_ignored_from_the_start(trace: Path, signo: signal.Signals) -> None:
    """As under nohup(1), or in the background of a script: for both of them it stays so."""
    script = "grep SigIgn /proc/self/status; echo ready; read x; exit 7"
    ignore = ["sh", "-c", f'trap "" {signo.name[3:]}; exec "$@"', "sh"]
    with tracing("-o", str(trace), "sh", "-c", script, before=ignore) as run:
        ignored = int(run.hear(b"ready\n").split()[1], 16)
        assert ignored & 1 << (signo - 1)
        for _ in range(3):
            os.killpg(run.pid, signo)
        run.say(b"\n")
        assert run.finish() == (7, b"", b"")
