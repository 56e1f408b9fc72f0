"""picotrace-coredumper: gdb(1) finds in its files what was there."""

from __future__ import annotations

import os
import platform
import re
import signal
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from core_notes import notes_of

from pypicotrace.tools.coredumper import elf

Tracee = Callable[[str], str]
Run = subprocess.CompletedProcess
COMMAND = [sys.executable, "-m", "pypicotrace.tools.coredumper"]
FUNCTIONS = ("crash_here", "sleep_here", "spin_here")
# What gdb before 14 says on AMD's processors, of the kernel's own core files, too: it knows where
# Intel's have the parts of NT_X86_XSTATE.
TOO_SMALL = re.compile(r"warning: Section `.reg-xstate/\d+' in core file too small\.")
SIGNALS = {"segv": "SIGSEGV", "fpe": "SIGFPE", "ill": "SIGILL", "abort": "SIGABRT"}


@pytest.fixture
def crashes(tmp_path: Path) -> str:
    """The program, with symbols and without optimization: what gdb says is exact then."""
    source = Path(__file__).parent / "tracees" / "portable" / "crashes.c"
    program = str(tmp_path / "crashes")
    command = ["cc", "-std=gnu11", "-D_GNU_SOURCE", "-g", "-O0", "-pthread", "-o", program]
    subprocess.run([*command, str(source)], check=True)
    return program


def dump(folder: Path, *args: str) -> Run[str]:
    command = [*COMMAND, *args]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def gdb(program: str, core: Path, *commands: str) -> str:
    each = [word for command in commands for word in ("-ex", command)]
    argv = ["gdb", "-batch", "-nx", *each, program, str(core)]
    told = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert "warning" not in TOO_SMALL.sub("", told.stderr), told.stderr
    return told.stdout


def core_in(folder: Path) -> Path:
    [core] = folder.glob("core.*")
    return core


@pytest.mark.parametrize("handled", [False, True], ids=["fatal", "handled"])
@pytest.mark.parametrize("how", SIGNALS)
def test_every_lwp_is_where_it_was(tmp_path: Path, crashes: str, how: str, handled: bool) -> None:
    run = dump(tmp_path, crashes, how, *["handled"] * handled)
    signo = signal.Signals[SIGNALS[how]]
    assert run.returncode == (3 if handled else -signo)
    assert run.stdout == (f"handled {signo:d}\n" if handled else "")
    core = core_in(tmp_path)
    assert run.stderr.splitlines()[0].endswith(f": {SIGNALS[how]}: {core.name}")
    told = gdb(crashes, core, "info threads", "thread apply all backtrace")
    assert f"terminated with signal {SIGNALS[how]}" in told
    for function in FUNCTIONS:
        assert re.search(rf"#\d+ .*\b{function} \(", told), told
    assert re.search(r"#\d+ .*\bmain \(argc=", told)
    assert "[Current thread is 1 " in told
    assert " crash_here (" in told.rpartition("\nThread 1 ")[2]
    assert core.stat().st_mode & 0o777 == 0o600


def test_a_programs_name_is_no_line(tmp_path: Path, crashes: str) -> None:
    odd = tmp_path / "a\n\x1b[31m"
    Path(crashes).rename(odd)
    run = dump(tmp_path, str(odd), "segv")
    [line] = run.stderr.splitlines()
    assert line.startswith(r"picotrace-coredumper: a\n\x1b[31m, process ")
    assert r": SIGSEGV: core.a\n\x1b[31m." in line
    assert len(list(tmp_path.glob("core.a\n*"))) == 1


def test_memory_is_what_it_was(tmp_path: Path, crashes: str) -> None:
    dump(tmp_path, crashes, "segv")
    told = gdb(
        crashes,
        core_in(tmp_path),
        "print counted",
        "print made",
        "print $_siginfo.si_signo",
        "print $_siginfo._sifields._sigfault.si_addr",
        "info auxv",
        "info proc mappings",
    )
    assert "{11, 2222, 33}" in told
    assert '"made at run time"' in told
    assert "= 11\n" in told
    assert "(void *) 0x8" in told
    assert re.search(r'AT_EXECFN .*"' + re.escape(crashes), told)
    assert f" {crashes}\n" in told


def test_a_second_crash_of_that_name(tmp_path: Path, crashes: str) -> None:
    run = dump(
        tmp_path, "-f", "-c", "the core", "sh", "-c", f"{crashes} segv; {crashes} fpe; exit 4"
    )
    assert run.returncode == 4
    assert sorted(path.name for path in tmp_path.glob("the core*")) == ["the core", "the core.2"]
    assert "SIGFPE" in gdb(crashes, tmp_path / "the core.2")


def test_a_file_that_is_there_is_left_alone(tmp_path: Path, crashes: str) -> None:
    (tmp_path / "core").write_text("mine")
    run = dump(tmp_path, "-c", "core", crashes, "segv", "handled")
    assert run.returncode == 3
    assert run.stderr.endswith("SIGSEGV: no core: core: File exists\n")
    assert (tmp_path / "core").read_text() == "mine"


def test_a_limit(tmp_path: Path, crashes: str) -> None:
    run = dump(tmp_path, "-l", "64k", "-c", "core", crashes, "segv")
    assert run.stderr.endswith(": core, cut at its limit\n")
    assert (tmp_path / "core").stat().st_size == 65536


def test_a_backtrace_beside_it(tmp_path: Path, crashes: str) -> None:
    dump(tmp_path, "-b", "-c", "core.%e.%s", crashes, "abort")
    text = (tmp_path / f"core.crashes.{signal.SIGABRT:d}.txt").read_text()
    for function in FUNCTIONS:
        assert f"{function} (" in text


def test_a_process_that_runs(tmp_path: Path) -> None:
    child = subprocess.Popen(["sleep", "60"])
    argv = [*COMMAND, "-s", "USR1", "-c", "core", "-p", str(child.pid)]
    with subprocess.Popen(argv, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as command:
        assert command.stderr is not None
        while f"TracerPid:\t{command.pid}" not in Path(f"/proc/{child.pid}/status").read_text():
            os.sched_yield()
        child.send_signal(signal.SIGUSR1)
        assert command.stderr.readline().endswith("SIGUSR1: core\n")
        assert child.wait() == -signal.SIGUSR1
    assert "SIGUSR1" in gdb("/bin/sleep", tmp_path / "core")


@pytest.mark.parametrize(
    ("args", "says"),
    [
        ([], "give a command"),
        (["-x"], "option -x"),
        (["-p", "0"], "-p 0"),
        (["-l", "1x", "true"], "-l 1x"),
        (["-s", "NONE", "true"], "-s NONE"),
        (["-s", "9" * 5000, "true"], "9: there is no such signal"),
        (["-c", "%q", "true"], "-c %q"),
    ],
)
def test_a_command_line_that_makes_no_sense(tmp_path: Path, args: list[str], says: str) -> None:
    run = dump(tmp_path, *args)
    assert run.returncode == 2
    assert run.stderr.startswith("picotrace-coredumper: ")
    assert says in run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(("what", "status"), [("nothing-of-that-name", 127), ("/etc/passwd", 126)])
def test_what_cannot_be_run(tmp_path: Path, what: str, status: int) -> None:
    assert dump(tmp_path, what).returncode == status


@pytest.mark.skipif(platform.machine() != "x86_64", reason="it loads registers of x86")
@pytest.mark.parametrize(
    ("flag", "machine"), [("-m64", elf.X86_64), ("-m32", elf.I386)], ids=["64", "32"]
)
def test_registers_of_floating_point(
    tmp_path: Path, bare: Callable[[str, str], str], flag: str, machine: elf.Machine
) -> None:
    """And core files of 32-bit programs, of which there is no other test."""
    program, core = bare("floats", flag), tmp_path / "core"
    assert dump(tmp_path, "-c", "core", program).returncode == -signal.SIGILL
    commands = ("backtrace", "print $_siginfo.si_signo", "print $xmm0.v4_float", "info float")
    told = gdb(program, core, *commands)
    for level, function in enumerate(("crash_here", "outer", "_start")):
        assert re.search(rf"#{level} .*\b{function} \(", told), told
    assert f"= {signal.SIGILL:d}\n" in told
    # Of 32-bit programs gdb before 14 looks at NT_X86_XSTATE alone, which may be too small for it.
    if machine is elf.X86_64 or "<unavailable>" not in told:
        assert "= {1.5, 2.5, 3.5, 4.5}" in told
        assert re.search(r"=>R7: Valid +0x3ffc8000000000000000 \+0\.125", told), told
    found = notes(core, machine)
    assert found.keys() >= {number for number, _ in machine.sets}
    fxsave = elf.NT_FPREGSET if machine is elf.X86_64 else elf.NT_PRXFPREG
    for number in (fxsave, elf.NT_X86_XSTATE):
        assert struct.unpack_from("<4f", found[number], 160) == (1.5, 2.5, 3.5, 4.5)
        assert found[number][32:42] == ST0
    if machine is elf.I386:
        # As FSAVE has them: no vectors, and st(0) is the first behind seven words.
        assert len(found[elf.NT_FPREGSET]) == 108
        assert found[elf.NT_FPREGSET][28:38] == ST0


ST0 = bytes.fromhex("0000000000000080fc3f")
"""0.125, in 80 bits."""


def notes(core: Path, machine: elf.Machine) -> dict[int, bytes]:
    """The notes of a core file, by their numbers."""
    data = core.read_bytes()
    header = machine.header.unpack_from(data)
    first = machine.segment.unpack_from(data, header[5])
    place, size = (first[2], first[5]) if machine.bits == 64 else (first[1], first[4])
    return dict(notes_of(data[place : place + size]))
