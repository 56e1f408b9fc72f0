"""On every system: ``-o '|command'``."""

from __future__ import annotations

import os
import signal
import sys
from functools import partial
from pathlib import Path

import pytest
from cli_support import BOUND, COMMAND, in_formats, lines, picotrace, running, tracing
from runs import until
from system import untouched

from pypicotrace.ending import ASKING

BUSY = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); [ -e /x ]; done; echo ran; exit %d"
ENDS = "|head -c 100 >/dev/null"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def test_it_gets_all(trace: Path) -> None:
    """And has ended when picotrace has; it is not traced."""
    run = picotrace("-f", "-o", f"|cat >'{trace}'", "sh", "-c", "/bin/echo hi; exit 7")
    assert run == (7, b"hi\n", b"")
    seen = lines(trace.read_bytes())
    assert seen[-1].info == "status=7"
    assert "cat" not in {line.program for line in seen}


def test_its_output_is_ours() -> None:
    run = picotrace("-o", "|cat", "sh", "-c", "exit 7")
    assert (run.status, run.err) == (7, b"")
    assert lines(run.out)[-1].info == "status=7"


@in_formats("text", "ndjson", "strace", "trace-event")
def test_the_end_of_a_trace(trace: Path, form: str) -> None:
    """All of it comes, and then the end of the file, before we end."""
    run = picotrace("--format", form, "-o", f"|(cat; echo over) >'{trace}'", "sh", "-c", "exit 7")
    assert run == (7, b"", b"")
    end = {
        "text": b"EXITED status=7\n",
        "ndjson": b'"status":7}\n',
        "strace": b"+++ exited with 7 +++\n",
        "trace-event": b"]}\n",
    }
    assert trace.read_bytes().endswith(end[form] + b"over\n")


@pytest.mark.parametrize(("own", "status"), [(0, 1), (7, 7)])
def test_it_ends_before_all_was_written(own: int, status: int) -> None:
    """As a full disk: the command runs to its end, which is told once, and the status says so."""
    run = picotrace("-o", ENDS, "sh", "-c", BUSY % own)
    message = f"picotrace: {ENDS}: Broken pipe; the trace is incomplete\n"
    assert run == (status, b"ran\n", message.encode())


def test_it_ends_while_processes_are_attached_to() -> None:
    """They are let go."""
    with running(["sh", "-c", "echo ready; while :; do kill -0 $$; done"]) as target:
        target.hear(b"ready\n")
        with tracing("-o", ENDS, "-p", str(target.pid)) as run:
            end = run.finish()
        assert end.status == 1
        assert end.err.endswith(
            f"picotrace: {ENDS}: Broken pipe; the trace is incomplete\n".encode()
        )
        assert untouched(target.pid)


@pytest.mark.parametrize(
    ("end", "told"),
    [("exit 3", "ended with status 3"), ("kill -KILL $$", "ended by signal KILL")],
)
def test_it_fails(end: str, told: str) -> None:
    """That is told, and is picotrace's status where the command has not failed."""
    where = f"|cat >/dev/null; {end}"
    message = f"picotrace: {where}: {told}\n".encode()
    assert picotrace("-o", where, "sh", "-c", "exit 0") == (1, b"", message)
    assert picotrace("-o", where, "sh", "-c", "exit 7") == (7, b"", message)


def test_there_is_no_such_command() -> None:
    run = picotrace("-o", "|/nonexistent/filter", "sh", "-c", "echo ran; exit 7")
    assert (run.status, run.out) == (7, b"ran\n")
    assert run.err.endswith(b"picotrace: |/nonexistent/filter: ended with status 127\n")


def test_the_traced_command_cannot_be_run() -> None:
    """The other one has started by then, and gets nothing."""
    run = picotrace("-o", "|cat", "/nonexistent/program")
    assert run == (127, b"", b"picotrace: /nonexistent/program: No such file or directory\n")


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_what_ends_the_traced_command_does_not_end_it(trace: Path, signo: int) -> None:
    """As from a terminal, to all of the group."""
    script = f"trap 'exit 9' {signo}; echo ready; read x"
    with tracing("-o", f"|cat >'{trace}'", "sh", "-c", script) as run:
        run.hear(b"ready\n")
        os.killpg(run.pid, signo)
        assert run.finish() == (9, b"", b"")
    assert lines(trace.read_bytes())[-1].info == "status=9"


@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
def test_a_signal_ends_the_wait_for_one_that_does_not_end(signo: int) -> None:
    """Once that can be no second one of what ended the traced command."""
    with running([*COMMAND, "-o", "|cat >/dev/null; echo read; sleep 1000", "true"]) as run:
        run.hear(b"read\n")
        until(lambda: run.kill(signo) or run.process.poll() is not None, "it ends")
        assert run.process.returncode == -signo


def test_where_children_go_unnoticed(trace: Path) -> None:
    """SIGCHLD is ignored, as who starts us may leave it: for the traced command it stays so."""
    asks = "import signal; print(signal.getsignal(signal.SIGCHLD).name)"
    where = f"|cat >'{trace}'; exit 3"
    ignored = partial(signal.signal, signal.SIGCHLD, signal.SIG_IGN)
    run = picotrace("-o", where, sys.executable, "-c", asks, preexec_fn=ignored)
    message = f"picotrace: {where}: ended with status 3\n"
    assert run == (1, b"SIG_IGN\n", message.encode())
    assert lines(trace.read_bytes())[-1].info == "status=0"


@pytest.mark.parametrize("signo", ASKING)
def test_what_asks_does_not_end_the_wait(tmp_path: Path, signo: int) -> None:
    """There is nothing to be asked of any more."""
    os.mkfifo(gate := tmp_path / "gate")
    where = f"|cat >/dev/null; echo read; read x <'{gate}'; exit 3"
    with running([*COMMAND, "-o", where, "true"]) as run:
        run.hear(b"read\n")
        run.kill(signo)
        gate.write_text("\n")
        message = f"picotrace: {where}: ended with status 3\n"
        assert run.finish() == (1, b"", message.encode())


def test_a_command_that_ends_all_of_its_group(trace: Path) -> None:
    run = picotrace("-o", f"|cat >'{trace}'", "sh", "-c", "trap 'exit 9' TERM; kill 0; exit 8")
    assert run.status == 9
    assert lines(trace.read_bytes())[-1].info == "status=9"


def test_what_the_command_leaves_behind_does_not_hold_it_up(trace: Path) -> None:
    """Its end is that of its input, which nobody else has."""
    argv = [*COMMAND, "-o", f"|cat >'{trace}'", "sh", "-c", "sleep 1000 & exit 7"]
    with running(argv) as run:
        assert run.process.wait(timeout=BOUND) == 7
    assert lines(trace.read_bytes())[-1].info == "status=7"


def test_it_may_be_slow(trace: Path) -> None:
    run = picotrace("-o", f"|sleep 0.2; cat >'{trace}'", "sh", "-c", BUSY % 7)
    assert run == (7, b"ran\n", b"")
    assert lines(trace.read_bytes())[-1].info == "status=7"


def test_an_attached_process(trace: Path) -> None:
    with running(["cat"]) as cat:
        with tracing("-o", f"|cat >'{trace}'", "-p", str(cat.pid)) as run:
            run.complains(b"^C detaches\n")
            assert cat.echoes()
            run.kill(signal.SIGINT)
            assert run.finish() == (-signal.SIGINT, b"", b"")
        assert cat.echoes()
    assert lines(trace.read_bytes())[-1].event == "DETACHED"
