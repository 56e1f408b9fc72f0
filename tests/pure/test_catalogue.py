"""Every row of the catalogue has its tests: of what a tracer must get right, and of bad input.

A test is for the rows that its name has: ``row_N`` for behaviour N, ``input_N`` for bad input N.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import NamedTuple

import pytest

TESTS = Path(__file__).parents[1]
ATF = "atf/t_ptrace_"
PORTABLE = "live/test_portable_"
PURE = "pure/netbsd/test_netbsd_"
NONE = "-"
"""NetBSD has no such thing."""
NOT_SHOWN = "?"
"""Nobody has shown it on NetBSD."""


class Behaviour(NamedTuple):
    """A row of the first table."""

    words: str
    netbsd: str
    """The file that shows it for NetBSD: by recordings, in a guest, or by ATF programs there."""
    untold: str = ""
    """Why no program that records what it does is held against the trace (live/truthful.py)."""


NOTHING_DONE = "nothing happens in the tracee"

BEHAVIOURS = {
    1: Behaviour("attach to pid 0, itself, pid 1", f"{ATF}end.py", NOTHING_DONE),
    2: Behaviour("attach to a stopped stranger", f"{PORTABLE}attach.py"),
    3: Behaviour("a parent attaches its own child", f"{PORTABLE}attach.py"),
    4: Behaviour("a child attaches its own parent", NOT_SHOWN, "the parent is asleep meanwhile"),
    5: Behaviour("the tracer sees the end before the parent", f"{ATF}end.py"),
    6: Behaviour("getppid while traced", f"{ATF}syscall.py"),
    7: Behaviour("attach to the sleeping, the running, a storm", f"{PORTABLE}attach.py"),
    8: Behaviour("attach what is traced already", f"{PORTABLE}attach.py", NOTHING_DONE),
    9: Behaviour("let go, it runs on as before", f"{PORTABLE}attach.py"),
    10: Behaviour("the tracer is killed", NOT_SHOWN),
    11: Behaviour("each signal: default, handled, ignored, masked", f"{ATF}signal.py"),
    12: Behaviour("a fatal fault", f"{ATF}signal.py"),
    13: Behaviour("SIGTRAP of others", f"{PURE}original.py"),
    14: Behaviour("really stopped, really continued", f"{PURE}recordings.py"),
    15: Behaviour("calls interrupted and restarted", f"{PURE}recordings.py"),
    16: Behaviour("sigreturn", f"{PURE}recordings.py"),
    17: Behaviour("SIGPROF each millisecond, queued signals", "atf/t_sigprof.py"),
    18: Behaviour("the tracer sends a signal", f"{ATF}signal.py"),
    19: Behaviour("siginfo is changed", NOT_SHOWN),
    20: Behaviour("fork: events iff asked, either stop first", f"{PURE}orders.py"),
    21: Behaviour("vfork and its ends", f"{PURE}lwps.py"),
    22: Behaviour("vfork in vfork, failing exec there", f"{ATF}fork.py"),
    23: Behaviour("posix_spawn, also failing", f"{PURE}lwps.py"),
    24: Behaviour("clone with all flags", NOT_SHOWN),
    25: Behaviour("the forker is killed or let go at its event", f"{ATF}fork.py"),
    26: Behaviour("not followed, a child is unharmed", f"{ATF}fork.py"),
    27: Behaviour("daemons, orphans, hundreds, pids again", f"{ATF}fork.py"),
    28: Behaviour("a new pid namespace", NONE),
    29: Behaviour("exec: EXEC, then the exit", f"{ATF}exec.py"),
    30: Behaviour("exec by a later LWP", f"{PORTABLE}lwps.py"),
    31: Behaviour("two execs at once, exec in a storm", NOT_SHOWN),
    32: Behaviour("exec fails", f"{ATF}exec.py"),
    33: Behaviour("exec changes the ABI", NOT_SHOWN, "a 32-bit program's words are too short"),
    34: Behaviour("number, arguments, result, error", f"{ATF}syscall.py"),
    35: Behaviour("calls that never return", f"{ATF}syscall.py"),
    36: Behaviour("attached inside a call", f"{PURE}stops.py"),
    37: Behaviour("numbers that mean nothing", f"{ATF}syscall.py"),
    38: Behaviour("32-bit calls; the vDSO", f"{PURE}stops.py"),
    39: Behaviour("the tracee's own seccomp", NONE),
    40: Behaviour("a tracee that is a tracer", NOT_SHOWN),
    41: Behaviour("a thousand LWPs", f"{PORTABLE}lwps.py"),
    42: Behaviour("LWPs end as the process exits", f"{PORTABLE}lwps.py"),
    43: Behaviour("the first LWP exits before the others", f"{PURE}lwps.py"),
    44: Behaviour("exit_group against clone, exec, signals", NOT_SHOWN),
    45: Behaviour("one LWP blocked for ever", f"{ATF}lwp.py"),
    46: Behaviour("every exit status and fatal signal", f"{PURE}stops.py"),
    47: Behaviour("SIGKILL of one, of all, in a storm, in a stop", f"{PORTABLE}lwps.py"),
    48: Behaviour("a million calls, not one lost or wrong", f"{PURE}original.py"),
    49: Behaviour("memory: borders, holes, read-only", f"{ATF}memory.py"),
    50: Behaviour("strings", f"{ATF}memory.py"),
    51: Behaviour("registers", f"{ATF}memory.py"),
    52: Behaviour("mask, files, limits and so on as untraced", f"{PORTABLE}launch.py"),
    53: Behaviour("closed 0, 1, 2; hostile surroundings", NOT_SHOWN, "it is about the tracer's"),
}

INPUTS = {
    1: "no arguments, unknown option, -p with a command",
    2: "--help, --version",
    3: "bad or empty filter word",
    4: "-p 0, -5, text, too many digits",
    5: "-p of nobody, a zombie, itself, a kernel thread",
    6: "-p of another user's process, yama, no capability, a seccomp filter",
    7: "-p of what is traced already",
    8: "several -p, one bad",
    9: "command not found, a directory, not executable",
    10: "no #!, bad interpreter, empty, truncated",
    11: "-o where no file can be had",
    12: "-o on a full disk, or over the limit",
    13: "the reader of the trace goes away",
    14: "arguments and names that are bytes",
    15: "no environment, no folder, 0, 1, 2 closed",
    16: "few descriptors, no process to be had",
    17: "INT, TERM, HUP, QUIT while attached",
    18: "INT, TERM while spawned",
    19: "API: a pid of a wrong type or range",
    20: "API: use from another thread",
    21: "API: the body raises",
    22: "API: the host has children of its own",
    23: "API: the host waits for any child",
    24: "API: fork in the host, interpreter exit",
    25: "API: use after close, attach twice",
    26: "API: the tracee is gone between stop and read",
}
OF_THE_COMMAND = range(1, 19)
"""The rest is about the API alone; of these there is a test of either."""


def named(word: str, files: str) -> dict[int, list[str]]:
    """The tests of some files by the numbers after that word in their names."""
    found: dict[int, list[str]] = {}
    for file in sorted(TESTS.glob(files)):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                for number in re.findall(rf"_{word}_(\d+)(?=_)", node.name):
                    found.setdefault(int(number), []).append(f"{file.name}::{node.name}")
    return found


def test_every_behaviour_has_a_test() -> None:
    assert named("row", "*/test_*.py").keys() == BEHAVIOURS.keys()


def test_every_behaviour_is_told_by_tracees_themselves() -> None:
    """Or it is said why not."""
    true = named("row", "live/test_true_*.py") | named("row", "live/test_completeness.py")
    untold = {number for number, row in BEHAVIOURS.items() if row.untold}
    assert true.keys() == BEHAVIOURS.keys() - untold


@pytest.mark.parametrize("number", BEHAVIOURS)
def test_what_shows_it_on_netbsd_is_there(number: int) -> None:
    where = BEHAVIOURS[number].netbsd
    assert where in (NONE, NOT_SHOWN) or "\ndef test_" in (TESTS / where).read_text()


def test_every_bad_input_has_a_test() -> None:
    assert named("input", "live/test_*.py").keys() == INPUTS.keys()


def test_every_bad_input_is_given_to_the_command_and_to_the_api() -> None:
    command = named("input", "live/test_cli_*.py")
    every = named("input", "live/test_*.py")
    api = {number for number in every if len(every[number]) > len(command.get(number, []))}
    assert command.keys() == set(OF_THE_COMMAND)
    assert api == INPUTS.keys()
