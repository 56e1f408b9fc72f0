"""On every system: the command's main job, and what its options make of the trace."""

from __future__ import annotations

import os
import re
import shutil
import signal
from pathlib import Path

import pytest
from cli_support import COMMAND, MODULE, Line, lines, picotrace, untraced
from system import EXIT, OPEN

CALLS = {"SCE", "SCX"}


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def names(trace: Path) -> set[str]:
    """The calls in it."""
    found = [line for line in lines(trace.read_bytes()) if line.event in CALLS]
    return {re.split(r"[ (]", line.info)[0] for line in found}


def events(trace: Path) -> list[str]:
    return [line.event for line in lines(trace.read_bytes())]


def test_a_pipeline(trace: Path) -> None:
    """Every process from its creation to its end, and the status is the shell's."""
    run = picotrace("-f", "-o", str(trace), "sh", "-c", "date | wc; exit 7")
    assert (run.status, run.err) == (7, b"")
    assert run.out.split()[0] == b"1"
    seen = lines(trace.read_bytes())
    root = seen[0].pid
    assert seen[0] == Line(root, root, "sh", "EXEC", "")
    assert seen[-1] == Line(root, 0, "sh", "EXITED", "status=7")
    children = born(seen)
    assert {line.pid for line in seen} == {root, *children}
    assert len(children) == 2
    for child in children:
        lifelines(seen, child)
    assert {line.program for line in seen if line.event == "EXEC"} == {"sh", "date", "wc"}


def born(seen: list[Line]) -> list[int]:
    made = [line.info for line in seen if line.event in ("FORKED", "VFORKED")]
    return [int(info.removeprefix("child=")) for info in made]


def lifelines(seen: list[Line], child: int) -> None:
    """A child's lines come after its creation, and its end is the last of them."""
    creation = next(i for i, line in enumerate(seen) if line.info == f"child={child}")
    its = [i for i, line in enumerate(seen) if line.pid == child]
    assert creation < its[0]
    assert seen[its[-1]][3:] == ("EXITED", "status=0")
    assert [seen[i].event for i in its].count("EXITED") == 1


def test_children_are_not_followed_unasked(trace: Path) -> None:
    run = picotrace("-o", str(trace), "sh", "-c", "date | wc; exit 7")
    assert (run.status, run.err) == (7, b"")
    assert len({line.pid for line in lines(trace.read_bytes())}) == 1


@pytest.mark.parametrize("option", ["-f", "-i"])
def test_options_to_follow(trace: Path, option: str) -> None:
    picotrace(option, "-o", str(trace), "sh", "-c", "date >/dev/null; :")
    assert len({line.pid for line in lines(trace.read_bytes())}) == 2


def test_numbers(trace: Path) -> None:
    """In place of all names: of calls, errors and signals."""
    shell = ["sh", "-c", "cat /nonexistent 2>/dev/null; kill -USR1 $$"]
    run = picotrace("-f", "-n", "-o", str(trace), *shell)
    assert run.status == -signal.SIGUSR1
    text = trace.read_text()
    assert all(
        re.match(r"\d+[ (]", line.info) for line in lines(text.encode()) if line.event in CALLS
    )
    assert " Err#2\n" in text
    assert f"signal=signal#{signal.SIGUSR1:d} core=false" in text
    infos = "\n".join(line.info for line in lines(text.encode()))
    assert not re.search(r"ENOENT|SIGCHLD|USR1|open", infos)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["-e", f"trace={OPEN}", "-e", "close"], {OPEN, "close"}),
        (["-e", f"/^({OPEN}|close){{1,1}}$/"], {OPEN, "close"}),
        (["-e", "trace=/^open/,/^cl.se$/,!/^close/"], {OPEN}),
        (["-e", "trace=none"], set()),
    ],
)
def test_calls_that_are_wanted(trace: Path, options: list[str], wanted: set[str]) -> None:
    run = picotrace("-o", str(trace), *options, "cat", "/dev/null")
    assert run == (0, b"", b"")
    assert names(trace) == wanted
    # Only calls are chosen by this.
    assert {"EXEC", "EXITED"} <= set(events(trace))


@pytest.mark.parametrize("option", [f"!{OPEN}", f"trace=all,!{OPEN}"])
def test_calls_that_are_not_wanted(trace: Path, option: str) -> None:
    assert picotrace("-o", str(trace), "-e", option, "cat", "/dev/null") == (0, b"", b"")
    assert OPEN not in names(trace)
    assert {"read", "close", "mmap"} <= names(trace)


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["-e", "event=EXEC", "-e", "event=exit"], ["EXEC", "EXITED"]),
        (["-e", "event=!sce,!scx"], ["EXEC", "EXITED"]),
        (["-e", "event=none"], []),
        (["-e", "event=sce,exit", "-e", EXIT], ["SCE", "EXITED"]),
    ],
)
def test_events_that_are_wanted(trace: Path, options: list[str], wanted: list[str]) -> None:
    run = picotrace("-o", str(trace), *options, "sh", "-c", "exit 7")
    assert run == (7, b"", b"")
    assert events(trace) == wanted


class TestOperands:
    """Options end at the first operand, or at ``--``: what follows belongs to the command."""

    @pytest.mark.parametrize("words", [["-f", "-p", "1"], ["--", "-x"], ["--help", ""]])
    def test_are_the_commands(self, trace: Path, words: list[str]) -> None:
        show = ["printf", "%s;", *words]
        run = picotrace("-o", str(trace), *show)
        assert run == (0, "".join(f"{word};" for word in words).encode(), b"")
        assert picotrace("-o", str(trace), "--", *show) == run

    def test_a_command_like_an_option(self, tmp_path: Path, trace: Path) -> None:
        """And one like the end of the options."""
        folder = tmp_path / "bin"
        folder.mkdir()
        for odd in ("-odd", "--"):
            shutil.copy(shutil.which("true") or "/bin/true", folder / odd)
            env = {**os.environ, "PATH": str(folder)}
            assert picotrace("-o", str(trace), "--", odd, env=env) == (0, b"", b"")
            assert {line.program for line in lines(trace.read_bytes())} == {odd}


def test_the_module_is_the_command(tmp_path: Path) -> None:
    """``python -m pypicotrace`` does the same, with the same words and statuses."""
    runs = []
    for command in (COMMAND, MODULE):
        trace = tmp_path / "trace"
        runs.append(
            [
                untraced(
                    [*command, "-o", str(trace), "-e", "event=exec,exit", "sh", "-c", "exit 4"]
                ),
                [line[2:] for line in lines(trace.read_bytes())],
                untraced([*command, "nosuch"]),
                untraced([*command, "--version"]),
                untraced([*command, "-o", str(trace), "sh", "-c", "kill -TERM $$"]),
            ]
        )
    assert runs[0] == runs[1]
    assert runs[0][0] == (4, b"", b"")
    assert runs[0][1] == [("sh", "EXEC", ""), ("sh", "EXITED", "status=4")]
