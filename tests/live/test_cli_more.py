"""What a trace shows beside events: times, arguments, colour; and as whom the command runs.

On every system.
"""

from __future__ import annotations

import os
import pty
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from cli_support import as_user, eventually, needs_root, picotrace, running, tracing
from system import LINUX, OPEN, SLEEP, WAIT

from pypicotrace.ending import ASKING

LINE = r" *\d+ +\d+ +\S+ [A-Z_]"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


@pytest.mark.parametrize(
    ("option", "begins"),
    [
        ("-t", rf"\d\d:\d\d:\d\d\.\d{{6}} {LINE}"),
        ("-r", rf" *\d+\.\d{{6}} {LINE}"),
        ("-tr", rf"\d\d:\d\d:\d\d\.\d{{6}} +\d+\.\d{{6}} {LINE}"),
    ],
)
def test_times(trace: Path, option: str, begins: str) -> None:
    assert picotrace(option, "-o", str(trace), "true").status == 0
    lines = trace.read_text().splitlines()
    assert len(lines) > 5
    assert all(re.match(begins, line) for line in lines)


@pytest.mark.skipif(not LINUX, reason="what stands in for the clock is for Linux's C library")
def test_the_time_of_the_day_when_the_clock_is_set(trace: Path, tmp_path: Path) -> None:
    """Also where it has gone on while the machine was suspended."""
    library, was_set = tmp_path / "clock_set.so", tmp_path / "set"
    source = Path(__file__).parent / "clock_set.c"
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    env = {**os.environ, "LD_PRELOAD": str(library), "CLOCK_SET": str(was_set)}
    trace.touch()
    with tracing("-t", "-e", "write", "-o", str(trace), "cat", env=env) as run:
        assert run.echoes()
        eventually(lambda: trace.read_bytes().count(b" SCX write = ") == 1, "it is written")
        was_set.touch()
        run.echoes()
        eventually(lambda: trace.read_bytes().count(b" SCX write = ") == 2, "it is written")
        run.echoes()
        assert run.finish().status == 0
    hours = [int(line[:2]) for line in trace.read_text().splitlines()]
    assert (hours[-1] - hours[0]) % 24 in (1, 2)


def test_seconds_in_a_call(trace: Path) -> None:
    sleep = ["sleep", "0.2"]
    began = time.monotonic()
    assert picotrace("-T", "-o", str(trace), *sleep).status == 0
    took = time.monotonic() - began
    [seconds] = re.findall(rf"SCX {SLEEP} = 0 <(\d+\.\d{{6}})>\n", trace.read_text())
    assert float(seconds) >= 0.2
    every = re.findall(r" SCX .* <(\d+\.\d{6})>\n", trace.read_text())
    assert len(every) == trace.read_text().count(" SCX ") > 20
    assert sum(map(float, every)) < took


def test_arguments_of_new_programs(trace: Path) -> None:
    command = ["sh", "-c", "true 'a b' \"it's\"", "\n\\é"]
    assert picotrace("-e", "event=exec", "-o", str(trace), *command).status == 0
    assert re.findall(r"ARGV\[(\d)\] (.*)", trace.read_text()) == [
        ("0", "'sh'"),
        ("1", "'-c'"),
        ("2", r"""'true \'a b\' "it\'s"'"""),
        ("3", r"'\012\\\303\251'"),
    ]
    assert "ENV[" not in trace.read_text()


def test_a_hundred_thousand_bytes_of_arguments(trace: Path) -> None:
    long = "x" * 100_000
    assert picotrace("-e", "event=exec", "-o", str(trace), "true", long).status == 0
    assert trace.read_text().splitlines()[2].endswith(f" ARGV[1] '{long}'")


def test_environment_and_auxiliary_vector(trace: Path) -> None:
    options = ["-v", "-e", "event=exec", "-E", "NEW=1=2", "-E", "GONE", "-o", str(trace)]
    assert picotrace(*options, "true", env={**os.environ, "GONE": "x"}).status == 0
    text = trace.read_text()
    assert re.search(r" ENV\[\d+\] 'NEW=1=2'\n", text)
    assert "GONE" not in text
    path = shutil.which("true")
    name = "AT_EXECFN" if LINUX else "AT_SUN_EXECNAME"
    assert re.search(rf" AUXV\[\d+\] {name}='{path}'\n", text)
    assert re.search(r" AUXV\[\d+\] AT_PAGESZ=0x1000\n", text)


def test_who_sent_a_signal_is_said_where_asked(trace: Path) -> None:
    signal = ["-e", "event=stopped", "-o", str(trace), "sh", "-c", "trap : USR1; kill -USR1 $$"]
    assert picotrace(*signal).status == 0
    assert trace.read_text().endswith(" sh STOPPED SIGUSR1 si_code=0\n")
    assert picotrace("-v", *signal).status == 0
    pid = trace.read_text().split()[0]
    assert trace.read_text().endswith(
        f" sh STOPPED SIGUSR1 si_code=0 si_pid={pid} si_uid={os.getuid()}\n"
    )


def test_cut_results(trace: Path) -> None:
    """They save a step where the kernel tells 32 bits alone; Linux tells all."""
    words = ["-e", "mmap", "-o", str(trace), "sh", "-c", ":"]
    whole = r" SCX mmap = 0x[0-9a-f]{9,}\n"
    assert picotrace(*words).status == 0
    assert re.search(whole, trace.read_text())
    assert picotrace("--cut-results", *words).status == 0
    cut = r" SCX mmap = 0x[0-9a-f]{1,8} \(32 bits\)\n"
    assert re.search(whole if LINUX else cut, trace.read_text())
    assert ("(32 bits)" in trace.read_text()) is not LINUX


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_user(trace: Path) -> None:
    """With all groups of that user, and none of ours."""
    ours = ["setpriv", "--groups", "0,4242", "--"] if LINUX else []
    run = picotrace("-o", str(trace), "-u", "nobody", "id", before=ours)
    expected = subprocess.run(["id", "nobody"], check=True, capture_output=True).stdout
    assert run == (0, expected, b"")


@needs_root
def test_a_user_whom_not_everybody_can_become() -> None:
    run = picotrace("-u", "root", "true", before=as_user(), cwd="/")
    message = b"picotrace: -u: cannot become that user: Operation not permitted\n"
    assert (run.status, run.err) == (126, message)


def test_calls_by_how_they_have_gone(trace: Path) -> None:
    argv = ["-o", str(trace), "-e", "trace=%file", "cat", "/nonexistent", "/dev/null"]
    assert picotrace("-Z", *argv).status == 1
    failed = re.findall(r" (SC[EX]) (\w+) = 0 Err#(\d+)", trace.read_text())
    assert ("SCX", OPEN, "2") in failed
    assert len(failed) == trace.read_text().count(" SC")
    assert picotrace("-z", *argv).status == 1
    assert f"SCX {OPEN} = 0x" in trace.read_text()
    assert not re.search(r"Err#| SCE ", trace.read_text())


def test_a_user_who_is_not_there() -> None:
    run = picotrace("-u", "nosuchuser", "true")
    assert (run.status, run.err) == (2, b"picotrace: -u: there is no user 'nosuchuser'\n")


@pytest.mark.parametrize("signo", ASKING)
def test_a_table_when_asked(trace: Path, signo: int) -> None:
    trace.touch()
    with tracing("-f", "-o", str(trace), "sh", "-c", "sleep 60; :") as run:
        calls = {f" SCE {name}(" for name in (SLEEP, WAIT)}
        eventually(lambda: all(call in trace.read_text() for call in calls), "both are in them")
        began = time.monotonic()
        run.kill(signo)
        header, *rows = (run.complains(b"\n").decode().split() for _ in range(3))
        assert header == ["pid", "lwp", "program", "seconds", "call"]
        assert {(row[2], row[4]) for row in rows} == {("sh", WAIT), ("sleep", SLEEP)}
        first = [float(row[3]) for row in rows]
        asked = time.monotonic()
        assert all(0 <= seconds < 60 for seconds in first)
        time.sleep(0.2)
        between = time.monotonic() - asked
        run.kill(signo)
        _, *again = (run.complains(b"\n").decode().split() for _ in range(3))
        second = [float(row[3]) for row in again]
        # They are in the same calls still, and since the same moments; what is shown is rounded.
        for then, now in zip(first, second, strict=True):
            assert between - 0.002 < now - then < time.monotonic() - began + 0.002


SHELL = ["sh", "-c", "sh -c 'sleep 60 & echo made; wait' & wait"]
BY_LWPS = """
import subprocess, threading, time
def make():
    process = subprocess.Popen(["sleep", "60"])
    made.append(process)
    process.wait()
made = []
threads = [threading.Thread(target=make) for _ in range(2)]
[thread.start() for thread in threads]
while len(made) < 2:
    time.sleep(0.001)
print("made", flush=True)
"""


@pytest.mark.parametrize("argv", [SHELL, [sys.executable, "-c", BY_LWPS]], ids=["shell", "LWPs"])
def test_children_of_a_running_process(trace: Path, argv: list[str]) -> None:
    """Those of all its LWPs, and theirs."""
    with running(argv) as target:
        target.hear(b"made\n")
        with tracing("-p", str(target.pid), "--children", "-o", str(trace)) as run:
            said = run.complains(b"^C detaches\n").decode()
            lwps = 3 if argv == SHELL else 5
            assert len(re.findall(r"\d+ \(\d LWPs?\)", said)) == 3, said
            eventually(lambda: trace.read_bytes().count(b"ATTACHED") == lwps, "all are attached")
            run.kill(signal.SIGINT)
            assert run.finish().status == -signal.SIGINT


@pytest.mark.parametrize(
    ("options", "environment", "coloured"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"TERM": "dumb"}, False),
        (["--color=never"], {}, False),
        (["--color=always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colour_on_a_terminal(
    options: list[str], environment: dict[str, str], coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    env = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    try:
        words = ["-e", "event=exited", *options, "true"]
        run = picotrace(*words, stderr=theirs, env={**env, "TERM": "xterm", **environment})
        assert run.status == 0
        assert (b"\x1b[32mEXITED" in os.read(ours, 4096)) is coloured
    finally:
        os.close(ours)
        os.close(theirs)


def test_no_colour_in_a_file(trace: Path) -> None:
    assert picotrace("-o", str(trace), "true", env={**os.environ, "TERM": "xterm"}).status == 0
    assert b"\x1b" not in trace.read_bytes()
