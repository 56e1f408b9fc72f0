"""Filters in the kernel: the same record with and without, and nobody the worse for one."""

from __future__ import annotations

import os
import platform
import struct
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from cli_support import as_user, needs_root, picotrace
from runs import Run, Trace, asks_for_results, contents

import pypicotrace as pt
from pypicotrace.syscalls import load

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]

CHOSEN = ["openat", "execve", "exit_group", "write", "/^mmap/", "open", "wait4", "waitpid"]
THREADS = """
import os, threading
def run():
    for _ in range(50):
        os.close(os.open("/dev/null", os.O_RDONLY))
threads = [threading.Thread(target=run) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
"""
SPAWNS = """
import os
for _ in range(10):
    pid = os.posix_spawn("/bin/true", ["true"], os.environ)
    os.waitpid(pid, 0)
"""
PROGRAMS = {
    "sh": ["sh", "-c", "ls / | wc -l; (exit 3); exec cat /etc/hostname"],
    "python": [sys.executable, "-c", "import json, decimal"],
    "threads": [sys.executable, "-c", THREADS],
    "posix_spawn": [sys.executable, "-c", SPAWNS],
    "gcc": ["gcc", "-o", "sum", "sum.c"],
}


def summary(run: Run) -> Counter[tuple[object, ...]]:
    """What two runs have in common: how often each program did what, with which error."""
    lines: Counter[tuple[object, ...]] = Counter()
    for ev in run.events:
        # Which of two threads gets to wait for the other, and how an arena grows, is chance.
        name = getattr(ev, "name", "")
        if name == "mmap" or isinstance(ev, pt.Stopped):
            continue
        lines[type(ev).__name__, ev.program, name, getattr(ev, "error", 0)] += 1
    return lines


def both(trace: Trace, argv: list[str], *, text: bool, cwd: Path) -> list[Run]:
    runs = [
        trace(argv, text=text, cwd=cwd, syscalls=CHOSEN, kernel_filter=kernel_filter)
        for kernel_filter in (False, True)
    ]
    loop, kernel = runs
    assert summary(loop) == summary(kernel)
    assert sum(summary(kernel).values()) > 10
    assert (loop.output, type(loop.status)) == (kernel.output, type(kernel.status))
    return runs


@pytest.mark.parametrize("argv", PROGRAMS.values(), ids=PROGRAMS)
def test_the_same_record_as_without(
    trace: Trace, argv: list[str], text: bool, tmp_path: Path
) -> None:
    (tmp_path / "sum.c").write_text("int main(int argc, char **argv) { return argc + 40; }\n")
    both(trace, argv, text=text, cwd=tmp_path)


@pytest.mark.skipif(platform.machine() != "x86_64", reason="only x86-64 has 32-bit x86 beside it")
@pytest.mark.parametrize("program", ["int80", "forks32"])
def test_the_same_record_of_a_32_bit_program(
    trace: Trace, bare: Callable[[str, str], str], program: str, text: bool, tmp_path: Path
) -> None:
    runs = both(trace, ["sh", "-c", bare(program, "-m32")], text=text, cwd=tmp_path)
    if not text:
        abis = {ev.abi for ev in runs[1].calls() if ev.program == program.encode()}
        assert "linux-i386" in abis


@asks_for_results
@pytest.mark.parametrize(
    ("syscalls", "events", "stops"),
    [
        (["getpid"], pt.ALL, range(20)),
        (["getpgid"], pt.SCE, range(1000, 1020)),
        (None, pt.SCE, range(1000, 1020)),
        (["getpgid"], pt.ALL, range(2000, 2020)),
    ],
    ids=["not of interest", "entries only", "all entries", "entries and exits"],
)
def test_it_stops_no_oftener_than_it_has_to(
    trace: Trace, tracee: Tracee, syscalls: list[str] | None, events: pt.Mask, stops: range
) -> None:
    options = {"syscalls": syscalls, "events": events, "kernel_filter": True}
    run = trace([tracee("sparse"), "1000"], text=True, **options)
    (stopped,) = run.told("stops")
    assert stopped in stops
    entries = [ev for ev in run.calls() if type(ev) is pt.SyscallEntry and ev.name == "getpgid"]
    assert len(entries) == (0 if syscalls == ["getpid"] else 1000)


@pytest.mark.parametrize("calls", [["getpgid"], ["getpgid", "clone", "clone3"]])
@pytest.mark.parametrize("how", ["clone", "clone3", "vfork", "thread"])
def test_a_child_that_asks_not_to_be_traced(
    trace: Trace, tracee: Tracee, how: str, text: bool, calls: list[str]
) -> None:
    """Nothing is said of it, or of its own, and its calls do what they do without us."""
    run = trace([tracee("untraced"), how], text=text, syscalls=calls, kernel_filter=True)
    (group, error) = run.told("maker")
    assert error == 0
    told = ["child"] if how == "thread" else ["child", "grandchild"]
    assert [run.told(word) for word in told] == [(group, 0)] * len(told)
    assert {ev.pid for ev in run.events} == {run.root}
    assert not [*run.of(pt.Forked), *run.of(pt.Vforked), *run.of(pt.VforkDone)]
    assert not [*run.of(pt.LwpCreated), *run.of(pt.LwpExited)]
    assert [ev.name for ev in run.calls() if type(ev) is pt.SyscallEntry][-1] == "getpgid"
    if how != "thread":
        assert run.told("status") == (3 << 8,)
        flags, asked = run.told("flags")
        assert flags == asked


@pytest.mark.parametrize("how", ["clone", "clone3", "vfork", "thread"])
def test_so_does_one_whose_making_was_changed(tracee: Tracee, scratch: Scratch, how: str) -> None:
    """It is written as it was asked for; and nobody sees the child among the LWPs."""
    calls = ["getpgid", "clone", "clone3"]
    options: Any = {"syscalls": calls, "follow": True, "kernel_filter": True, "stdout": scratch()}
    seen = set()
    with pt.spawn([tracee("untraced"), how], **options) as loop:
        for ev in loop:
            if type(ev) is pt.SyscallEntry and ev.name in ("clone", "clone3"):
                ev.stop.set_args(*ev.args)
            seen.update(now.lwp for now in loop.lwps())
    said = Run([], 0, None, contents(options["stdout"]))
    assert said.told("child") == (said.told("maker")[0], 0)
    assert seen == {loop.root}


@pytest.mark.parametrize("how", ["errno", "trace", "log", "trap", "notify"])
def test_a_filter_of_its_own_does_what_it_does_without(
    trace: Trace, tracee: Tracee, how: str, text: bool
) -> None:
    """And what it refuses is seen all the same."""
    options = {"syscalls": ["getpgid"], "text": text, "deadly": ["getpgid"]}
    runs = [trace([tracee("seccomps"), how], kernel_filter=on, **options) for on in (False, True)]
    said = [run.said("call") for run in runs]
    results = [[(ev.error != 0, ev.name) for ev in run.of(pt.SyscallExit)] for run in runs]
    assert results[0] == results[1]
    if how != "log":  # whose result is a pid
        assert said[0] == said[1]


def test_it_cannot_be_let_go(tracee: Tracee) -> None:
    argv = [tracee("sparse"), "1000000"]
    with pt.spawn(argv, follow=True, syscalls=["getpgid"], kernel_filter=True) as loop:
        for ev in loop:
            if isinstance(ev, pt.SyscallEntry):
                with pytest.raises(pt.Unsupported, match="without a tracer its calls would fail"):
                    loop.detach(ev.pid)
                break


def test_one_that_is_attached_to_has_none(
    tracee: Tracee, start: Callable[..., object], trace: Trace
) -> None:
    """A loop whose programs have one takes others as well, and sees their calls by itself."""
    target = start(["sh", "-c", "while :; do sleep 0.01; done"])
    pid = target.pid  # type: ignore[attr-defined]
    seen = set()
    argv = [tracee("sparse"), "20"]
    with pt.spawn(argv, follow=True, syscalls=["getpgid", "wait4"], kernel_filter=True) as loop:
        loop.add(pid)
        for ev in loop:
            if isinstance(ev, pt.SyscallExit) and ev.error == 0:
                seen.add((ev.pid == pid, ev.name))
            if {(True, "wait4"), (False, "getpgid")} <= seen:
                break
        loop.detach(pid)


def privileges(pid: str = "self") -> list[str]:
    """A command that says whether it has given up new privileges."""
    return ["sh", "-c", f"grep NoNewPrivs /proc/{pid}/status"]


@needs_root
@pytest.mark.parametrize("user", [[], ["-u", "nobody"]], ids=["root", "another user"])
def test_who_may_filter_takes_no_privilege(user: list[str]) -> None:
    run = picotrace("-f", "-v", "-o", os.devnull, "-e", "openat", *user, *privileges())
    assert run.out.split() == [b"NoNewPrivs:", b"0"]
    assert run.err == b"picotrace: calls are chosen by the kernel: seccomp(2)\n"


@needs_root
def test_who_may_not_says_so() -> None:
    argv = ["-f", "-v", "-o", os.devnull, "-e", "openat", *privileges()]
    run = picotrace(*argv, before=as_user())
    assert run.out.split() == [b"NoNewPrivs:", b"1"]
    assert b"seccomp(2), with no_new_privs: set-user-ID programs run without" in run.err


def test_what_is_not_followed_is_filtered_by_the_tracer() -> None:
    run = picotrace("-v", "-o", os.devnull, "-e", "openat", "true")
    assert run.err.startswith(b"picotrace: calls are chosen by the tracer: ")
    assert b"children are not followed" in run.err


def test_nothing_is_said_where_nothing_is_chosen() -> None:
    assert picotrace("-f", "-v", "-o", os.devnull, "true").err == b""


def test_all_end_with_the_tracer(tracee: Tracee) -> None:
    """None is left whose calls would fail: `nothing_left` looks for them."""
    argv = ["sh", "-c", f"{tracee('sparse')} 100000000 & {tracee('sparse')} 100000000"]
    with pt.spawn(argv, follow=True, syscalls=["execve"], kernel_filter=True) as loop:
        pids = set()
        for ev in loop:
            pids.add(ev.pid)
            if len(pids) == 3:
                break


REFUSED = """
import ctypes, errno, sys
import pypicotrace as pt
from pypicotrace import seccomp as s, syscalls

libc = ctypes.CDLL(None)
number = syscalls.load("linux-" + sys.argv[1]).by_name["seccomp"].number
RET_ERRNO, PR_SET_SECCOMP, SECCOMP_MODE_FILTER, PR_SET_NO_NEW_PRIVS = 0x00050000, 22, 2, 38
steps = [s.Step(s.LOAD, s.NUMBER), s.Step(s.EQUAL, number, 0, 1),
         s.Step(s.RETURN, RET_ERRNO | errno.ENOSYS), s.Step(s.RETURN, s.ALLOW)]

class Program(ctypes.Structure):
    _fields_ = [("size", ctypes.c_ushort), ("steps", ctypes.c_void_p)]

code = ctypes.create_string_buffer(s.packed(steps))
program = Program(len(steps), ctypes.addressof(code))
assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program), 0, 0) == 0
for wanted in (None, True):
    try:
        options = {"follow": True, "syscalls": ["openat"], "kernel_filter": wanted}
        with pt.spawn(["true"], **options) as loop:
            print(len(list(loop)) > 3, loop.filtering.in_kernel)
    except pt.Unsupported as error:
        print("Unsupported", error)
"""


def test_a_kernel_that_has_none_is_said() -> None:
    """By a filter of the tracer's surroundings, which has seccomp(2) fail."""
    argv = [sys.executable, "-c", REFUSED, platform.machine()]
    run = subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True)
    first, second = run.stdout.splitlines()
    assert first == "True False"
    assert second.startswith("Unsupported ")
    assert second.endswith("cannot filter system calls in the kernel")


@asks_for_results
@pytest.mark.skipif(platform.machine() != "x86_64", reason="Stop.syscall is for x86")
@pytest.mark.parametrize("events", [pt.SCE, pt.SCE | pt.SCX])
def test_a_call_of_the_tracers_is_not_one_more_entry(
    trace: Trace, tracee: Tracee, events: pt.Mask
) -> None:
    """The call in hand is entered again after it, and our filter stops it again."""
    pids = set()

    def body(ev: pt.Event) -> None:
        if isinstance(ev, pt.SyscallEntry) and ev.stop is not None:
            pids.add(ev.stop.syscall("getpid"))

    options = {"events": events, "syscalls": ["getpgid", "getpid"], "kernel_filter": True}
    run = trace([tracee("sparse"), "20"], body=body, **options)
    calls = [type(ev) for ev in run.calls() if ev.name == "getpgid"]
    assert pids == {run.root}
    assert calls.count(pt.SyscallEntry) == 20
    assert calls.count(pt.SyscallExit) == (20 if events & pt.SCX else 0)
    assert not [ev for ev in run.calls() if ev.name == "getpid"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="Stop.syscall is for x86")
def test_a_filter_that_the_tracer_has_it_take(trace: Trace) -> None:
    """By a call of the tracer's: what it refuses is seen as if the program had taken it."""
    equal, refuse, allow = (0x15, 0, 1), 0x00050000, 0x7FFF0000
    number = load("linux-x86_64").by_name["getppid"].number
    code = [(0x20, 0, 0, 0), (*equal, number), (6, 0, 0, refuse | 7), (6, 0, 0, allow)]
    taken = False

    def take_filter(event: pt.Event) -> None:
        nonlocal taken
        if taken or not isinstance(event, pt.SyscallExit) or event.name != "getppid":
            return
        page = event.stop.syscall("mmap", 0, 4096, 3, 0x22, 2**64 - 1, 0)
        event.stop.write(page, b"".join(struct.pack("=HBBI", *one) for one in code))
        event.stop.write(page + 1024, struct.pack("=QQ", len(code), page))
        event.stop.syscall("prctl", 38, 1)  # PR_SET_NO_NEW_PRIVS
        event.stop.syscall("seccomp", 1, 0, page + 1024)
        taken = True

    words = ["-c", "import os\nfor _ in range(3): os.getppid()"]
    run = trace(
        [sys.executable, *words], syscalls=["getppid"], kernel_filter=True, body=take_filter
    )
    assert [ev.error for ev in run.of(pt.SyscallExit)] == [0, 7, 7]
