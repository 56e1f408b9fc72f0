"""On every system: picotrace-sigtracer, and what it costs: no stop at any call."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_support import running
from runs import until
from system import LINUX, traced_asleep

from pypicotrace.ending import ASKING
from pypicotrace.tools.decode.text import one_line
from pypicotrace.tools.sigtracer.lines import dispositions

COMMAND = [sys.executable, "-m", "pypicotrace.tools.sigtracer"]


def trace(*args: str, **options: object) -> tuple[int, list[str], str]:
    """Exit status, lines without times and ids, and what the command itself has printed."""
    run = subprocess.run(  # type: ignore[call-overload]
        [*COMMAND, *args], capture_output=True, text=True, check=False, **options
    )
    lines = [re.sub(r"^ *\d+\.\d{6} +\d+ +\d+ +", "", line) for line in run.stderr.splitlines()]
    return run.returncode, lines, run.stdout


def done(word: str) -> str:
    """What is said of what the process does about a signal; NetBSD does not tell."""
    return f" {word}" if LINUX else ""


def said(signo: str, word: str) -> str:
    """What a signal says of itself: nothing on NetBSD, where nobody is to get it."""
    sender = (
        f"{{si_signo={signo}, si_code=SI_USER, pid, uid}} " if LINUX or word == "handled" else ""
    )
    return f"{sender}---{done(word)}"


DONE = {"SIGUSR1": "handled", "SIGUSR2": "ignored", "SIGWINCH": "default"}


def test_what_signals_say() -> None:
    kills = "kill -USR1 $$; kill -USR2 $$; kill -WINCH $$; exit 3"
    script = f"""trap "echo caught" USR1; trap "" USR2; {kills}"""
    status, lines, out = trace("sh", "-c", script)
    assert (status, out) == (3, "caught\n")
    told = [re.sub(r"si_([pu]id)=\d+", r"\1", line) for line in lines]
    assert told == [
        "sh executes",
        *(f"sh --- {signo} {said(signo, word)}" for signo, word in DONE.items()),
        "sh +++ exited with 3 +++",
    ]


def test_children() -> None:
    status, lines, _ = trace("-f", "sh", "-c", "sleep 0; exit 0")
    assert status == 0
    joined = "\n".join(lines)
    assert re.search(r"^sh v?forked \d+$", joined, re.M)
    assert "sleep executes" in lines
    assert "sleep +++ exited with 0 +++" in lines
    assert "si_code=CLD_EXITED" in joined


def test_a_fault(tmp_path: Path) -> None:
    source = "int main(void) { *(volatile int *)8 = 1; return 0; }"
    program = str(tmp_path / "faults")
    subprocess.run(["cc", "-x", "c", "-", "-o", program], input=source, text=True, check=True)
    status, lines, _ = trace(program)
    assert status == -11
    said = "{si_signo=SIGSEGV, si_code=SEGV_MAPERR, si_addr=0x8}"
    assert lines[1] == f"faults --- SIGSEGV {said} ---{done('default')}"
    assert len(lines) == 3
    assert lines[2].startswith("faults +++ killed by SIGSEGV")


@pytest.mark.skipif(not LINUX, reason="how often a process has stopped is Linux's to tell")
def test_calls_do_not_stop(tmp_path: Path) -> None:
    """While it is traced a program makes its calls as if it were not: it comes to no stop."""
    output = tmp_path / "lines"
    script = "import os, re\nfor _ in range(1000): os.getppid()\n"
    script += "print(re.search('ctxt_switches:.(.*)', open('/proc/self/status').read())[1])"
    status, lines, said = trace("-o", str(output), sys.executable, "-c", script)
    assert (status, lines) == (0, [])
    assert int(said) < 500
    assert len(output.read_text().splitlines()) == 2


def test_a_process_that_runs() -> None:
    child = subprocess.Popen(["sleep", "60"])
    with subprocess.Popen(
        [*COMMAND, "-p", str(child.pid)], stderr=subprocess.PIPE, text=True
    ) as command:
        assert command.stderr is not None
        assert command.stderr.readline().endswith("sleep attached to\n")
        until(lambda: traced_asleep(child.pid), "it goes on")
        child.terminate()
        assert "SIGTERM" in command.stderr.readline()
        assert child.wait() == -15
    assert command.returncode == 0


def test_nobody_reads(tmp_path: Path) -> None:
    """The command runs on."""
    file = tmp_path / "done"
    script = (
        f"{' '.join([*COMMAND])} -f -o - sh -c 'true; true; sleep 0.1; echo yes >{file}' | true"
    )
    why = b"picotrace-sigtracer: standard output: Broken pipe; the trace is incomplete\n"
    assert subprocess.run(["sh", "-c", script], stderr=subprocess.PIPE, check=False).stderr == why
    until(file.exists, "the command has ended")


@pytest.mark.skipif(not LINUX, reason="a device that is always full is Linux's")
def test_the_disk_is_full() -> None:
    why = "picotrace-sigtracer: /dev/full: No space left on device; the trace is incomplete"
    assert trace("-o", "/dev/full", "sh", "-c", "echo yes") == (1, [why], "yes\n")
    assert trace("-o", "/dev/full", "sh", "-c", "exit 3") == (3, [why], "")


@pytest.mark.parametrize(
    ("args", "status"), [([], 2), (["-x"], 2), (["-p", "x"], 2), (["nix-da"], 127)]
)
def test_a_command_line_that_makes_no_sense(args: list[str], status: int) -> None:
    found, lines, _ = trace(*args)
    assert found == status
    assert lines[0].startswith("picotrace-sigtracer: ")


def test_a_process_that_is_not_there() -> None:
    why = "picotrace-sigtracer: cannot attach to process 2147483646: there is no such process"
    assert trace("-p", "2147483646") == (1, [why], "")


def test_what_is_done_about_a_signal() -> None:
    say = dispositions(b"SigIgn:\t0000000000000002\nSigCgt:\t0000000000000001\n")
    assert [say(n) for n in (1, 2, 3)] == ["handled", "ignored", "default"]


def test_a_name_of_anything() -> None:
    assert one_line(b"a\x1b[2J\xff\n") == r"a\x1b[2J\xff\n"
    assert one_line("a\x1b[2J\udcff\n") == r"a\x1b[2J\xff\n"


@pytest.mark.parametrize("signo", ASKING)
def test_a_table_when_asked(signo: int) -> None:
    """As of all commands that trace."""
    with running([*COMMAND, "sh", "-c", "echo ready; sleep 60; :"]) as run:
        run.hear(b"ready\n")
        run.kill(signo)
        head = run.complains(b" call\n").decode().splitlines()[-1]
        assert head.split() == ["pid", "lwp", "program", "seconds", "call"]
        assert run.complains(b"\n").split()[2] == b"sh"
