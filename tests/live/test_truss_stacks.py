"""picotrace-truss -k: where calls are made, of programs whose functions are known."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import eventually

from pypicotrace.tools.stacks import DEPTH

Build = Callable[..., str]
MODULE = "from pypicotrace.tools.truss.command import main; sys.exit(main())"
TRUSS = [sys.executable, "-c", f"import sys; {MODULE}"]
SOURCE = Path(__file__).parent / "tracees" / "stacks.c"
FRAME = re.compile(r" > (?P<file>.*?)\((?:(?P<function>\S+)\+0x[0-9a-f]+)?\) \[0x[0-9a-f]+\]")
WITHOUT_TABLES = ("-fno-asynchronous-unwind-tables", "-fno-unwind-tables")

needs_x86 = pytest.mark.skipif(
    platform.machine() != "x86_64", reason=f"not written for {platform.machine()}"
)


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Compiles the program of stacks.c, with these options more."""

    def make(name: str, *options: str) -> str:
        program = str(tmp_path / name)
        flags = ["-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-Wextra", "-Werror", "-pthread"]
        argv = ["cc", *flags, "-fno-optimize-sibling-calls", *options, "-o", program, str(SOURCE)]
        subprocess.run([*argv, "-ldl"], check=True)
        return program

    return make


def truss(*words: str) -> subprocess.CompletedProcess[str]:
    argv = [*TRUSS, "-k", *words]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def stacks(text: str, call: str = "getppid") -> list[list[tuple[str, str]]]:
    """File and function of each frame, of each line that begins so."""
    found: list[list[tuple[str, str]]] = []
    wanted = False
    for line in text.splitlines():
        frame = FRAME.fullmatch(line)
        if frame is None:
            wanted = re.match(rf"(\d+ +)?{call}\(", line) is not None
            found += [[]] * wanted
        elif wanted:
            found[-1] = [*found[-1], (Path(frame["file"]).name, frame["function"] or "")]
    return found


def functions(text: str, call: str = "getppid") -> list[list[str]]:
    return [[function for _, function in frames] for frames in stacks(text, call)]


@pytest.mark.parametrize(
    "options",
    [
        ("-fomit-frame-pointer",),
        ("-fno-omit-frame-pointer",),
        ("-static",),
        ("-no-pie",),
        pytest.param(("-fno-omit-frame-pointer", *WITHOUT_TABLES), marks=needs_x86),
    ],
    ids=["tables", "pointers", "static", "no-pie", "pointers-alone"],
)
def test_functions_that_called_each_other(build: Build, options: tuple[str, ...]) -> None:
    done = truss(build("called", *options), "plain")
    assert done.returncode == 0
    [found] = stacks(done.stderr)
    names = [function for _, function in found]
    assert "getppid" in names[0]
    assert names[1:4] == ["inner", "outer", "main"]
    assert {file for file, _ in found[1:4]} == {"called"}
    assert found[0][0] == "called" or found[0][0].startswith("libc")


def test_each_call_has_one_and_an_exit_too(build: Build) -> None:
    done = truss(build("called"), "plain")
    assert [names[-1] for names in functions(done.stderr, "exit_group")] == ["_start"]
    [ended] = functions(done.stderr, "exit_group")
    assert any("exit" in name for name in ended)
    calls = sum("(" in line and not FRAME.fullmatch(line) for line in done.stderr.splitlines())
    # The one that has begun the trace was made by nobody in it.
    assert len(stacks(done.stderr, r"\w+")) == calls
    assert [bool(frames) for frames in stacks(done.stderr, r"\w+")] == [False] + [True] * (
        calls - 1
    )


def test_through_a_function_of_a_library(build: Build) -> None:
    found = functions(truss(build("called"), "sorted").stderr)
    assert found
    for names in found:
        assert names[1:3] == ["inner", "compare"]
        assert names.index("main") > names.index("compare") + 1
        assert any("sort" in name for name in names)


def test_a_deep_one_is_cut(build: Build) -> None:
    done = truss("-e", "getppid", build("called"), "deep")
    [names] = functions(done.stderr)
    assert names[1:] == ["inner", *["deeper"] * (DEPTH - 2)]


def test_a_call_that_had_begun_before(tmp_path: Path) -> None:
    """Of a process that is attached to: where it is when that call ends."""
    out = tmp_path / "out"
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target:
        assert target.stdin is not None
        pipe = target.stdin.fileno()
        argv = [*TRUSS, "-k", "-e", "read", "-o", str(out), "-p", str(target.pid)]
        with subprocess.Popen(argv, stderr=subprocess.DEVNULL) as tracer:

            def shown() -> bool:
                os.write(pipe, b"x")
                return out.exists() and bool(stacks(out.read_text(), "read"))

            eventually(shown, "a read and its stack")
            target.stdin.close()
            assert tracer.wait() == 0
    for frames in stacks(out.read_text(), "read"):
        assert "read" in frames[0][1]
        assert frames[-1][0] == "cat"


def test_an_lwp_has_its_own(build: Build) -> None:
    done = truss("-f", build("called"), "thread")
    [names] = functions(done.stderr)
    assert names[1:4] == ["inner", "outer", "begin"]
    assert "main" not in names


def test_a_handler_and_what_it_has_interrupted(build: Build) -> None:
    done = truss(build("called"), "handler")
    [names] = functions(done.stderr)
    assert names[1:3] == ["inner", "handle"]
    assert {"raise", "gsignal"} & set(names)  # two names of one function
    assert "main" in names
    told = done.stderr[done.stderr.index("--- SIGUSR1") :].splitlines()
    assert FRAME.fullmatch(told[1])


def test_libraries_that_come_and_go(build: Build, tmp_path: Path) -> None:
    """Also where only one call is looked at, so that nobody sees what is mapped."""
    shared = ("-shared", "-fPIC")
    files = [build(f"{name}.so", *shared, f"-DLOADED={name}") for name in ("first", "second")]
    done = truss("-e", "getppid", build("called"), "loaded", *files, *files)
    assert done.returncode == 0
    frames = [found[1] for found in stacks(done.stderr)]
    assert frames == [("first.so", "first"), ("second.so", "second")] * 2


def test_a_new_image(build: Build) -> None:
    """In the same place in memory, with the same name, and with other functions there."""
    program, other = build("called", "-no-pie"), build("other", "-no-pie", "-O0")
    done = truss(program, "anew", other)
    assert done.returncode == 0
    found = stacks(done.stderr)
    assert [frames[1] for frames in found] == [("called", "inner"), ("other", "inner")]
    [_, before] = stacks(done.stderr, "execve")
    assert ("called", "main") in before


def test_without_symbols_there_are_addresses(build: Build) -> None:
    [found] = stacks(truss(build("called", "-s"), "plain").stderr)
    assert [frame for frame in found if frame[0] == "called"] == [("called", "")] * 4


def test_a_program_that_is_removed_meanwhile(build: Build) -> None:
    """What is mapped is in no file any more; what calls it is known as before."""
    program = build("called")
    done = truss(program, "removed", program)
    assert done.returncode == 0
    [before] = functions(done.stderr, "unlink")
    assert before[1] == "main"
    [after] = stacks(done.stderr)
    assert "getppid" in after[0][1]
    assert after[1][1] in ("", "inner")


@needs_x86
def test_a_32_bit_program(bare: Callable[[str, str], str]) -> None:
    done = truss(bare("stack32", "-m32"))
    assert done.returncode == 3
    [found] = functions(done.stderr)
    assert found[:4] == ["call", "inner", "outer", "_start"]


def test_as_strace_has_it(build: Build) -> None:
    """But for functions that only debug information tells of, which not all of its builds read."""
    program = build("called")
    argv = ["strace", "-k", "-e", "trace=getppid", program, "plain"]
    theirs = subprocess.run(argv, capture_output=True, text=True, check=True).stderr.splitlines()
    ours = truss("-e", "getppid", program, "plain").stderr.splitlines()
    assert ours[1:5] == theirs[1:5]
    assert FRAME.fullmatch(ours[4])


def test_without_the_library() -> None:
    code = (
        f"import sys; from pypicotrace.tools import stacks; stacks.LIBRARY = 'libno.so'; {MODULE}"
    )
    argv = [sys.executable, "-c", code, "-k", "true"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("picotrace-truss: -k: there is no libno.so of elfutils;")
    assert "libdw1" in done.stderr


def test_no_stacks_of_a_table() -> None:
    done = truss("-c", "true")
    assert done.returncode == 2
    assert "-c has no lines" in done.stderr
