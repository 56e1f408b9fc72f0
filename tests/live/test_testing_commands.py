"""On every system: picotrace-diff and picotrace-sigprof on real programs."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest
from cli_support import COMMAND
from system import LINUX

BURNERS = Path(__file__).parents[1] / "atf" / "tracees" / "burners.c"


def start_of(name: str) -> list[str]:
    module = f"pypicotrace.testing.{name}_command"
    return [sys.executable, "-c", f"import sys; from {module} import main; sys.exit(main())"]


def command(
    name: str, *words: str | Path, stdout: int | IO[str] = subprocess.PIPE
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*start_of(name), *words],
        stdout=stdout, stderr=subprocess.PIPE, text=True, check=False,
    )  # fmt: skip


@pytest.fixture
def trace_of(tmp_path: Path) -> Callable[[str, str], Path]:
    def trace(name: str, script: str) -> Path:
        out = tmp_path / name
        choice = "trace=/^open/,/^close/,/exit/"
        words = ["-f", "-e", choice, "-e", "event=exec,exited,fork,vfork", "-o", str(out)]
        subprocess.run([*COMMAND, *words, "/bin/sh", "-c", script], check=False)
        return out

    return trace


def test_two_runs_of_one_program_are_the_same(trace_of: Callable[[str, str], Path]) -> None:
    script = "(exit 3); (exit 4); exit 5"
    a, b = trace_of("a", script), trace_of("b", script)
    assert a.read_text() != b.read_text()
    done = command("diff", a, b)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_two_programs_are_not(trace_of: Callable[[str, str], Path], tmp_path: Path) -> None:
    a, b = trace_of("a", "(exit 3); exit 5"), trace_of("b", "(exit 4); exit 5")
    done = command("diff", a, b)
    assert done.returncode == 1
    assert f"<1.1>: Exited(status=3): status is 3 in {a}, 4 in {b}\n" in done.stdout
    # The same with one of them kept as a snapshot.
    (tmp_path / "kept").write_text(command("diff", "-s", a).stdout)
    assert command("diff", tmp_path / "kept", a).returncode == 0
    assert command("diff", tmp_path / "kept", b).returncode == 1


@pytest.mark.parametrize(("name", "words"), [("diff", []), ("sigprof", ["true"])])
def test_standard_output_that_cannot_be_written(
    name: str, words: list[str], trace_of: Callable[[str, str], Path]
) -> None:
    if name == "diff":
        words = [str(trace_of("a", "exit 3")), os.devnull]
    with open(os.devnull) as only_read:
        done = command(name, *words, stdout=only_read)
    assert done.returncode == 2
    assert done.stderr == f"picotrace-{name}: standard output: Bad file descriptor\n"


@pytest.mark.parametrize("name", ["diff", "sigprof"])
@pytest.mark.parametrize("where", ["2>&-", "2>/dev/full"])
def test_nobody_to_tell(name: str, where: str) -> None:
    words = ["sh", "-c", f'exec "$@" {where}', "sh", *start_of(name)]
    done = subprocess.run(words, stdout=subprocess.PIPE, check=False)
    assert (done.returncode, done.stdout) == (2, b"")


@pytest.mark.parametrize(
    ("name", "words"), [("diff", ["{fifo}", "/dev/null"]), ("sigprof", ["cat", "{fifo}"])]
)
def test_interrupted(name: str, words: list[str], tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    argv = [*start_of(name), *(word.format(fifo=fifo) for word in words)]
    with (
        subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process,
        fifo.open("wb"),  # it reads now, or what it traces does
    ):
        process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out, err) == (-signal.SIGINT, b"", b"")


def test_sigprof_of_one_busy_lwp_and_one_idle(tmp_path: Path) -> None:
    program = tmp_path / "burners"
    subprocess.run(["cc", "-pthread", "-D_GNU_SOURCE", "-o", program, BURNERS], check=True)
    # Of this much time a virtual machine that is kept waiting may see a few ticks only.
    done = command("sigprof", program, "4000", "0", "1")
    assert done.stderr == ""
    *_, idle, busy, verdict = done.stdout.splitlines()
    signals = [int(line.split()[4]) for line in (idle, busy)]
    assert sum(signals) >= 50
    if LINUX:
        # The idle one has run as well, to start the other: the timer may have run out just then.
        assert done.returncode == 0, done.stdout
        assert signals[0] <= 1, done.stdout
        assert verdict.startswith("SIGPROF goes to the LWP that uses the time: ")
    else:
        # Not every kernel does that.
        assert done.returncode in (0, 1), done.stdout


def test_sigprof_of_what_cannot_be_run() -> None:
    done = command("sigprof", "/nowhere/program")
    assert done.returncode == 2
    assert done.stderr == "picotrace-sigprof: /nowhere/program: No such file or directory\n"
    assert command("sigprof", "true").returncode == 3
