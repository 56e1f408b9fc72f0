"""The command: starting a program, of any name, with any arguments, from any surroundings."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import (
    COMMAND,
    MODULE,
    NOBODY,
    as_user,
    lines,
    needs_root,
    picotrace,
    untraced,
)

TRUE = shutil.which("true") or "/bin/true"


def executable(path: Path, content: bytes, mode: int = 0o755) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


# What cannot be executed: how it is made, the exit status, and the words after its name.
UNFIT: dict[str, tuple[Callable[[Path], object], int, str]] = {
    "missing": (lambda path: None, 127, "No such file or directory"),
    "dangling link": (lambda path: path.symlink_to("nowhere"), 127, "No such file or directory"),
    "directory": (lambda path: path.mkdir(), 126, "is a directory"),
    "not executable": (
        lambda path: executable(path, b"#!/bin/sh\n", 0o644),
        126,
        "Permission denied",
    ),
    "no interpreter line": (
        lambda path: executable(path, b"touch mark\n"),
        126,
        "Exec format error",
    ),
    "empty": (lambda path: executable(path, b""), 126, "Exec format error"),
    "bad interpreter": (
        lambda path: executable(path, b"#!/no/interpreter\n"),
        126,
        "the interpreter it names does not exist",
    ),
    "truncated ELF": (
        lambda path: executable(path, Path(TRUE).read_bytes()[:100]),
        126,
        "",  # which errno it is depends on the kernel's version
    ),
    "link to itself": (
        lambda path: path.symlink_to(path.name),
        126,
        "Too many levels of symbolic links",
    ),
}


@pytest.mark.parametrize("unfit", UNFIT)
def test_input_9_input_10_what_cannot_be_executed(tmp_path: Path, trace: Path, unfit: str) -> None:
    """One line and a shell's status; no shell is tried in its place, nothing is traced."""
    make, status, words = UNFIT[unfit]
    make(tmp_path / "tool")
    run = picotrace("-o", str(trace), "./tool", cwd=tmp_path)
    assert (run.status, run.out) == (status, b"")
    assert run.err.startswith(f"picotrace: ./tool: {words}".encode())
    assert run.err.count(b"\n") == 1
    assert run.err.endswith(b"\n")
    assert trace.read_bytes() == b""
    assert not (tmp_path / "mark").exists()


def test_input_9_below_a_file(tmp_path: Path) -> None:
    run = picotrace("/etc/passwd/tool")
    assert run == (127, b"", b"picotrace: /etc/passwd/tool: Not a directory\n")


class TestPath:
    """Looking for a program as execvp(3) does."""

    @pytest.fixture
    def path(self, tmp_path: Path) -> Callable[..., dict[str, str]]:
        def make(*folders: str) -> dict[str, str]:
            for folder in folders:
                (tmp_path / folder).mkdir(exist_ok=True)
            return {"PATH": ":".join(str(tmp_path / folder) for folder in folders)}

        return make

    def test_input_9_is_not_there(self, path: Callable[..., dict[str, str]]) -> None:
        run = picotrace("tool", env=path("bin"))
        assert run == (127, b"", b"picotrace: tool: command not found\n")

    @pytest.mark.parametrize("name", ["tool", ""])
    def test_input_9_something_else_has_its_name(
        self, tmp_path: Path, path: Callable[..., dict[str, str]], name: str
    ) -> None:
        """What the working directory holds does not count: a name is looked for in PATH alone."""
        (tmp_path / "tool").mkdir()
        run = picotrace(name, cwd=tmp_path, env=path("bin"))
        assert run.status == 127
        assert run.err == f"picotrace: {name or repr(name)}: command not found\n".encode()

    def test_input_9_is_not_executable(
        self, tmp_path: Path, path: Callable[..., dict[str, str]]
    ) -> None:
        env = path("bin")
        executable(tmp_path / "bin" / "tool", b"", 0o644)
        run = picotrace("tool", env=env)
        assert run == (126, b"", b"picotrace: tool: Permission denied\n")

    def test_input_9_is_a_directory(
        self, tmp_path: Path, path: Callable[..., dict[str, str]]
    ) -> None:
        env = path("bin")
        (tmp_path / "bin" / "tool").mkdir()
        run = picotrace("tool", env=env)
        assert run == (126, b"", b"picotrace: tool: is a directory\n")

    def test_input_10_names_no_interpreter(
        self, tmp_path: Path, path: Callable[..., dict[str, str]]
    ) -> None:
        env = path("bin")
        executable(tmp_path / "bin" / "tool", b"#!/no/interpreter\n")
        run = picotrace("tool", env=env)
        assert run.status == 126
        assert run.err == b"picotrace: tool: the interpreter it names does not exist\n"

    def test_input_9_the_commands_own_path(
        self, tmp_path: Path, path: Callable[..., dict[str, str]]
    ) -> None:
        """It is looked for where its own environment says, and so is what is wrong with it."""
        executable(tmp_path / "tool", b"#!/bin/sh\n")
        elsewhere = "PATH=" + path("bin")["PATH"]
        run = picotrace("-E", elsewhere, "tool", env={"PATH": str(tmp_path)})
        assert run == (127, b"", b"picotrace: tool: command not found\n")
        executable(tmp_path / "bin" / "tool", b"#!/no/interpreter\n")
        run = picotrace("-E", elsewhere, "tool", env={"PATH": "/nonexistent"})
        words = b"picotrace: tool: the interpreter it names does not exist\n"
        assert run == (126, b"", words)

    def test_is_further_down(
        self, tmp_path: Path, trace: Path, path: Callable[..., dict[str, str]]
    ) -> None:
        env = path("first", "second")
        executable(tmp_path / "first" / "tool", b"", 0o644)
        executable(tmp_path / "second" / "tool", b"#!/bin/sh\necho second\n")
        run = picotrace("-o", str(trace), "tool", env=env)
        assert run == (0, b"second\n", b"")


LOCALES = {
    "none": {},
    "C": {"LC_ALL": "C"},
    "C, nothing helpful": {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    "UTF-8": {"LC_ALL": "C.UTF-8"},
}


@pytest.mark.parametrize("locale", LOCALES)
def test_input_14_arguments_are_bytes(trace: Path, locale: str) -> None:
    args = [b"", bytes(range(1, 256)), "ä漢\U0001f40d".encode(), b"\xed\xa0\x80", b"x" * 100_000]
    shell: list[str | bytes] = ["sh", "-c", "cat /proc/$$/cmdline; :", *args]
    env = {"PATH": os.environ["PATH"], **LOCALES[locale]}
    run = picotrace("-o", str(trace), *shell, env=env)
    assert (run.status, run.err) == (0, b"")
    assert run.out == b"".join([os.fsencode(word) + b"\0" for word in shell])


# Starts its arguments with an environment that no dictionary can hold.
HOSTILE = r"""
import ctypes, os, sys
env = [b"LC_ALL=C", b"A=1", b"A=2", b"", b"no equals sign", b"=", b"=x", b"bytes=\xff\x01\n\x80",
       b"PATH=" + os.fsencode(os.environ["PATH"]), b"A=3", b"LANG=" + b"l" * 70000]
argv = [os.fsencode(word) for word in sys.argv[1:]]
array = lambda items: (ctypes.c_char_p * (len(items) + 1))(*items, None)
ctypes.CDLL(None).execve(argv[0], array(argv), array(env))
sys.exit(f"{sys.argv[1]} cannot be executed")
"""


def test_input_15_the_environment_is_the_same_to_the_byte(trace: Path) -> None:
    cat = shutil.which("cat") or "/bin/cat"
    hostile = [sys.executable, "-c", HOSTILE]
    plain = untraced([*hostile, cat, "/proc/self/environ"])
    traced = picotrace("-o", str(trace), cat, "/proc/self/environ", before=hostile)
    assert plain.status == traced.status == 0
    assert b"no equals sign" in plain.out
    assert traced.out == plain.out


@pytest.mark.parametrize("command", [COMMAND, MODULE], ids=["script", "module"])
def test_input_15_an_empty_environment(trace: Path, command: list[str]) -> None:
    env = shutil.which("env") or "/usr/bin/env"
    run = untraced([*command, "-o", str(trace), env], env={})
    assert run == (0, b"", b"")


NAMES = {
    b"two words": r"two\040words",
    b"SCE": "SCE",
    b"  1 2 SCE x": r"\040\0401\0402\040SCE\040x",
    b"new\nline": r"new\012line",
    b"back\\slash\\040": r"back\\slash\\040",
    b"\x1b[31mred": r"\033[31mred",
    b"\xff\xfe": r"\377\376",
    "ä漢".encode(): r"\303\244\346\274\242",
    b"much too long a name": r"much\040too\040long\040a",
}


def test_input_14_odd_program_names(tmp_path: Path, trace: Path) -> None:
    """Any name stays within its column, and can be told from any other."""
    programs = [os.fsencode(tmp_path) + b"/" + name for name in NAMES]
    for program in programs:
        shutil.copy(TRUE, os.fsdecode(program))
    all_of_them = 'for program; do "$program"; done'
    run = picotrace("-f", "-o", str(trace), "sh", "-c", all_of_them, "sh", *programs)
    assert run == (0, b"", b"")
    started = [line.program for line in lines(trace.read_bytes()) if line.event == "EXEC"]
    assert started == ["sh", *NAMES.values()]


def test_input_14_an_odd_name_in_a_complaint(tmp_path: Path) -> None:
    run = picotrace(b"./a\nb\\\x1b[31m\xff\xc3\xa4", cwd=tmp_path)
    assert run.status == 127
    assert run.err == "picotrace: ./a\\nb\\\\x1b[31m\\xffä: No such file or directory\n".encode()


@pytest.mark.parametrize("command", [COMMAND, MODULE], ids=["script", "module"])
def test_input_15_a_removed_working_directory(
    tmp_path: Path, trace: Path, command: list[str]
) -> None:
    there = 'mkdir gone && cd gone && rmdir ../gone && exec "$@"'
    run = untraced(["sh", "-c", there, "sh", *command, "-o", str(trace), TRUE], cwd=tmp_path)
    assert run == (0, b"", b"")
    assert lines(trace.read_bytes())[-1].event == "EXITED"


def limit(what: int, most: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(what, (most, most))


def test_input_16_few_descriptors(trace: Path) -> None:
    """16 are enough, for any number of processes."""
    children = (
        "for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do sleep 0.2 & done; wait"
    )
    run = picotrace(
        "-f", "-e", "event=exited", "-o", str(trace), "sh", "-c", children,
        preexec_fn=limit(resource.RLIMIT_NOFILE, 16),
    )  # fmt: skip
    assert run == (0, b"", b"")
    assert len(lines(trace.read_bytes())) == 21


def test_input_16_no_signals_to_be_had() -> None:
    """The tracer's timer takes one that may be pending."""
    run = picotrace(TRUE, preexec_fn=limit(resource.RLIMIT_SIGPENDING, 0))
    why = b"there is no timer for the tracer: as many signals are pending as this user may have"
    assert run == (1, b"", b"picotrace: " + why + b" (RLIMIT_SIGPENDING, ulimit -i)\n")


@needs_root
def test_input_16_no_process_to_be_had() -> None:
    """RLIMIT_NPROC counts the processes of a user, and picotrace is one already."""
    # The limit holds for those who have no CAP_SYS_RESOURCE (setrlimit(2)).
    run = picotrace(TRUE, before=[*as_user(NOBODY + 1), "prlimit", "--nproc=1"])
    message = f"picotrace: {TRUE}: Resource temporarily unavailable\n"
    assert run == (126, b"", message.encode())


def test_signals_are_inherited(trace: Path) -> None:
    """What was blocked or ignored at the start is so for the command, as without a tracer.

    But for PIPE and XFSZ: Python ignores them at its own start, whatever they were before.
    """

    def prepare() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals() - {signal.SIGTERM})
        ignored = (signal.SIGCHLD, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1, signal.SIGRTMAX)
        for signo in ignored:
            signal.signal(signo, signal.SIG_IGN)

    show = ["grep", "Sig[^Q]", "/proc/self/status"]
    plain = untraced(show, preexec_fn=prepare)
    traced = picotrace("-o", str(trace), *show, preexec_fn=prepare)
    assert b"SigBlk:\t0" not in plain.out
    assert b"SigIgn:\t8" in plain.out
    assert plain.status == traced.status == 0
    assert traced.out == plain.out
