"""On every system: picotrace-singlestepper counts what a program of known instructions executes."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from runs import until
from system import LINUX, traced_asleep

import pypicotrace as pt
from pypicotrace.tools.singlestepper import command
from pypicotrace.tools.singlestepper.command import Stepper
from pypicotrace.tools.symbols import Symbols, executable, functions, mapped

pytestmark = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "amd64"), reason=f"not written for {platform.machine()}"
)
needs_proc = pytest.mark.skipif(not LINUX, reason="which functions there are is Linux's to tell")

COMMAND = [sys.executable, "-m", "pypicotrace.tools.singlestepper"]
SOURCE = Path(__file__).parent / "tracees" / "portable" / "counted.S"
SHT_SYMTAB = 2
TURNS = 100
EXECUTED = 1 + 2 * TURNS + 3 + 2


def build(folder: Path, *options: str) -> str:
    program = str(folder / "counted")
    argv = ["cc", "-nostdlib", "-static", *options, "-o", program, str(SOURCE)]
    subprocess.run(argv, check=True)
    return program


@pytest.fixture
def counted(tmp_path: Path) -> str:
    return build(tmp_path)


def run(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*COMMAND, *args], capture_output=True, text=True, check=False)


def rows(table: str) -> list[tuple[str, int]]:
    """Program and count of each line."""
    return [(line.split()[2], int(line.split()[3])) for line in table.splitlines()[1:]]


def test_every_instruction_is_counted(counted: str) -> None:
    done = run(counted)
    assert done.returncode == 3
    assert rows(done.stderr) == [("counted", EXECUTED)]


@pytest.mark.parametrize(("options", "counts"), [((), [2]), (("-f",), [2, 0])])
def test_children(tmp_path: Path, options: tuple[str, ...], counts: list[int]) -> None:
    """A child begins behind the call that made it."""
    done = run(*options, build(tmp_path, "-DFORKS"))
    assert done.returncode == 3
    assert sorted(rows(done.stderr)) == sorted(("counted", more + EXECUTED) for more in counts)


@needs_proc
def test_which_instructions(counted: str, tmp_path: Path) -> None:
    file = tmp_path / "steps"
    assert run("-t", "-o", str(file), counted).returncode == 3
    *lines, _, _ = file.read_text().splitlines()
    assert len(lines) == EXECUTED
    where = [line.split()[3] for line in lines]
    assert where[:3] == ["_start+0x5", "_start+0x7", "_start+0x5"]
    assert where.count("_start+0x7") == TURNS
    assert [place for place in where if place.startswith("empty")] == ["empty", "empty+0x1"]


@needs_proc
def test_functions_of_a_program_that_runs() -> None:
    """Of this interpreter: where the C library's getpid is, by its own word."""
    import ctypes
    import os

    libc = ctypes.CDLL(None)
    address = ctypes.cast(libc.getpid, ctypes.c_void_p).value
    assert address is not None
    assert "getpid" in Symbols(os.getpid()).at(address)
    assert re.fullmatch(r".*getpid\+0x1", Symbols(os.getpid()).at(address + 1))
    assert Symbols(os.getpid()).at(8) == "0x8"


def test_what_is_mapped() -> None:
    maps = (
        "1000-2000 r-xp 00003000 fe:00 7                          /a file\n"
        "2000-3000 rw-p 00004000 fe:00 7                          /a file\n"
        "7fff-8fff r-xp 00000000 00:00 0                          [vdso]\n"
    )
    of_file, of_none = (0x1000, 0x2000, 0x3000, "/a file"), (0x7FFF, 0x8FFF, 0, "")
    assert executable(maps) == [of_file, of_none]
    assert mapped(maps) == [of_file]


LIBRARIES = """\
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
	int (*function)(void);
	void *library;
	int i;

	for (i = 1; i < argc; i += 2) {
		if ((library = dlopen(argv[i], RTLD_NOW)) == NULL)
			return 1;
		function = (int (*)(void))dlsym(library, argv[i + 1]);
		printf("%p\\n", (void *)function);
		if (function() != 7)
			return 2;
		dlclose(library);
	}
	return 3;
}
"""


@needs_proc
def test_a_library_in_the_place_of_another(tmp_path: Path) -> None:
    def build_of(name: str, text: str, *options: str) -> str:
        argv = ["cc", "-x", "c", "-", "-o", str(tmp_path / name), *options, "-ldl"]
        subprocess.run(argv, input=text, text=True, check=True)
        return str(tmp_path / name)

    names = ["f_first", "g_second"]
    shared = ["-shared", "-fPIC"]
    loaded = [
        build_of(f"{name}.so", f"int {name}(void) {{ return 7; }}", *shared) for name in names
    ]
    program = build_of("program", LIBRARIES)
    steps = tmp_path / "steps"
    words = [word for pair in zip(loaded, names, strict=True) for word in pair]
    done = run("-t", "-o", str(steps), program, *words)
    assert (done.returncode, done.stderr) == (3, "")
    first, second = done.stdout.split()
    assert first == second, "the system does not do what this is about"
    called = [line.split()[3] for line in steps.read_text().splitlines() if f" {first} " in line]
    assert called == names


def test_an_id_that_comes_again_is_another_process() -> None:
    stepper = Stepper()

    def lived(program: bytes, steps: int) -> None:
        for _ in range(steps):
            stepper.take(pt.SingleStep(pid=7, lwp=7, program=program, pc=1, stop=None))

    lived(b"a", 2)
    stepper.take(pt.Exited(pid=7, lwp=0, program=b"a", status=0))
    lived(b"b", 3)
    stepper.take(pt.Signaled(pid=7, lwp=0, program=b"b", signo=9))
    lived(b"c", 1)
    assert rows(stepper.table()) == [("a", 2), ("b", 3), ("c", 1)]


@needs_proc
def test_an_id_that_comes_again_has_other_functions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is left of what was known of the one that had it."""
    asked = []
    monkeypatch.setattr(command, "Symbols", lambda pid: asked.append(pid) or Symbols(pid))
    stop = SimpleNamespace(step=lambda *, block: None)
    stepper = Stepper(lambda line: None)
    step = pt.SingleStep(pid=os.getpid(), lwp=7, program=b"a", pc=1, stop=stop)  # type: ignore[arg-type]
    stepper.take(step)
    stepper.take(step)
    stepper.take(pt.Exited(pid=os.getpid(), lwp=0, program=b"a", status=0))
    stepper.take(step)
    assert asked == [os.getpid()] * 2


@needs_proc
def test_a_file_whose_symbols_are_nowhere_has_no_functions(counted: str) -> None:
    data = bytearray(Path(counted).read_bytes())
    sections = int.from_bytes(data[40:48], "little")
    for begin in range(sections, len(data), 64):
        if data[begin + 4] == SHT_SYMTAB:
            data[begin + 24 : begin + 32] = b"\xff" * 8  # sh_offset
    spoilt = Path(counted).with_name("spoilt")
    spoilt.write_bytes(data)
    assert functions(counted)
    assert functions(str(spoilt)) == []


def test_what_is_no_elf_file_has_no_functions(tmp_path: Path) -> None:
    file = tmp_path / "text"
    file.write_text("no such thing")
    assert functions(str(file)) == functions(str(tmp_path / "nothing")) == []


def test_none(tmp_path: Path) -> None:
    """It is killed before the first."""
    child = subprocess.Popen(["sleep", "60"])
    argv = [*COMMAND, "-p", str(child.pid)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, text=True) as command:
        until(lambda: traced_asleep(child.pid), "it is attached to")
        child.kill()
        child.wait()
        assert command.stderr is not None
        assert command.stderr.read().split() == ["process", "LWP", "program", "instructions"]
    assert command.returncode == 0


@needs_proc
def test_a_file_whose_name_is_no_utf_8(counted: str) -> None:
    program = Path(counted).rename(f"{counted}\udcff")
    done = run("-t", str(program))
    assert done.returncode == 3
    assert "_start+0x5\n" in done.stderr


@pytest.mark.skipif(not LINUX, reason="a device that is always full is Linux's")
def test_the_disk_is_full(counted: str) -> None:
    done = run("-o", "/dev/full", counted)
    message = "picotrace-singlestepper: /dev/full: No space left on device; the table is lost\n"
    assert (done.returncode, done.stderr) == (3, message)
    traced = run("-t", "-o", "/dev/full", counted)
    message = message.replace("the table is lost", "the trace is incomplete")
    assert (traced.returncode, traced.stderr) == (3, message)


def test_a_programs_name_is_no_line(tmp_path: Path, counted: str) -> None:
    odd = tmp_path / "a\n\x1b[31m"
    Path(counted).rename(odd)
    done = run(str(odd))
    assert done.returncode == 3
    [_, line] = done.stderr.splitlines()
    assert line.split()[2:] == [r"a\n\x1b[31m", str(EXECUTED)]


@pytest.mark.parametrize(
    ("args", "status"),
    [([], 2), (["-x"], 2), (["-p", "x"], 2), (["-p", "9999999999"], 2), (["nix-da"], 127)],
)
def test_a_command_line_that_makes_no_sense(args: list[str], status: int) -> None:
    done = run(*args)
    assert done.returncode == status
    assert done.stderr.startswith("picotrace-singlestepper: ")


def test_blocks(counted: str) -> None:
    """Counted where the processor does that, and refused where it does not."""
    done = run("-b", counted)
    if pt.steps_blocks():
        # The loop's branch, but for the last time, the call, and the way back.
        assert rows(done.stderr) == [("counted", TURNS - 1 + 2)]
    else:
        assert done.returncode == 1
        assert done.stderr.startswith("picotrace-singlestepper: -b: ")


def test_blocks_as_if_it_did(counted: str) -> None:
    code = (
        "import sys, pypicotrace as pt; pt.spawn; pt.steps_blocks = lambda: True;"
        "from pypicotrace.tools.singlestepper.command import main; sys.exit(main())"
    )
    argv = [sys.executable, "-c", code, "-b", counted]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    counts = TURNS - 1 + 2 if pt.steps_blocks() else EXECUTED
    assert rows(done.stderr) == [("counted", counts)]
    assert done.stderr.split()[3] == "blocks"
