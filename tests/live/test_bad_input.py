"""A loop that is given what it cannot use: what is raised, and that nothing was done."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

import pytest
from cli_support import (
    NOBODY,
    as_user,
    made_up_yama,
    needs_root,
    needs_the_filter,
    needs_unshare,
    tracing,
    untraced,
    without_ptrace,
)
from runs import Target, until
from system import EXIT, LINUX, state, untouched

import pypicotrace as pt
from pypicotrace.refusals import UNDUMPABLE

Start = Callable[..., Target]
Scratch = Callable[[], IO[bytes]]

NOBODY_THERE = 2**31 - 1


@pytest.fixture
def sleeper(start: Start) -> Target:
    target = start(["sleep", "60"])
    until(lambda: state(target.pid) == "S", "it sleeps")
    return target


def run_to_its_end(loop: pt.Loop) -> None:
    with loop:
        for _ in loop:
            pass


def run(argv: list[Any], **options: Any) -> pt.Exited | pt.Signaled | None:
    loop = pt.spawn(argv, **options)
    run_to_its_end(loop)
    return loop.status


def refused(pid: int) -> pt.AttachError:
    with pytest.raises(pt.AttachError) as caught, pt.attach(pid):
        pass
    assert caught.value.pid == pid
    return caught.value


def test_input_1_nothing_to_do() -> None:
    with pytest.raises(ValueError, match="argv is empty"):
        pt.spawn([])
    with pytest.raises(ValueError, match="no process id was given"):
        pt.attach()
    with pytest.raises(TypeError, match="not one string"):
        pt.spawn("ls")
    for words in ({}, {"argv": ["true"], "pids": [1]}):
        with pytest.raises(ValueError, match="a program \\(argv\\), or on"):
            pt.run(pt.Tracer(), **words)  # type: ignore[arg-type]


def test_input_2_the_version_is_the_commands() -> None:
    told = untraced([sys.executable, "-m", "pypicotrace", "--version"])
    assert told == (0, f"picotrace {pt.__version__}\n".encode(), b"")


@pytest.mark.parametrize(
    ("word", "message"),
    [("opennat", "did you mean openat"), ("", "an empty word"), ("/[/", "regular expression")],
)
def test_input_3_bad_names_of_calls(tmp_path: Path, word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pt.spawn(["touch", str(tmp_path / "mark")], syscalls=[word])
    assert not (tmp_path / "mark").exists()


@pytest.mark.parametrize("pid", [0, -5, 2**31, 2**32 + 1, 10**20])
def test_input_4_input_19_no_process_ids(pid: int) -> None:
    with pytest.raises(ValueError, match="is not a process id"):
        pt.attach(pid)


@pytest.mark.parametrize("pid", ["12", b"12", 1.5, None, True, [1]])
def test_input_4_input_19_what_is_no_number(pid: Any) -> None:
    with pytest.raises(TypeError, match="a process id is an int, not"):
        pt.attach(pid)


def test_input_5_nobody_the_ended_itself_and_the_kernels() -> None:
    assert refused(NOBODY_THERE).errno == errno.ESRCH
    assert str(refused(os.getpid())).endswith("that is the tracer itself")
    ended = subprocess.Popen(["true"])
    os.waitid(os.P_PID, ended.pid, os.WEXITED | os.WNOWAIT)
    assert str(refused(ended.pid)).endswith("it has ended already (a zombie)")
    assert ended.wait() == 0
    if LINUX and Path("/proc/2/comm").read_text() == "kthreadd\n":
        assert str(refused(2)).endswith("it is a kernel thread")


ATTACH = """
import sys, pypicotrace as pt
try:
    pt.attach(int(sys.argv[1])).__enter__()
except pt.AttachError as e:
    print(e)
"""


def attached_by(before: list[str], pid: int) -> str:
    """What an attempt of somebody else's raises."""
    told = untraced([*before, sys.executable, "-c", ATTACH, str(pid)])
    assert (told.status, told.err) == (0, b"")
    return told.out.decode()


@needs_root
def test_input_6_another_users(sleeper: Target) -> None:
    assert "it runs as another user (uid 0)" in attached_by(as_user(), sleeper.pid)
    assert untouched(sleeper.pid)


@needs_root
def test_input_6_without_the_capability(start: Start) -> None:
    target = start([*as_user(), "sleep", "60"])
    until(lambda: state(target.pid) == "S", "it sleeps")
    without = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace", "--"]
    assert "with CAP_SYS_PTRACE" in attached_by(without, target.pid)
    assert untouched(target.pid)


# Spawns before it changes its user, after that, and when it has done what it is then told to.
CHANGES_USER = f"""
import ctypes, os
import pypicotrace as pt

def spawn():
    try:
        with pt.spawn(["true"]) as loop:
            list(loop)
        print(loop.returncode)
    except pt.LaunchError as e:
        print(e)

spawn()
os.setgid({NOBODY})
os.setuid({NOBODY})
spawn()
PR_SET_DUMPABLE = 4
ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1, 0, 0, 0)
spawn()
"""


@needs_root
def test_input_6_a_host_that_has_changed_its_user() -> None:
    """It cannot trace what it starts, until it says that it may be looked at."""
    told = untraced([sys.executable, "-c", CHANGES_USER])
    assert (told.status, told.err) == (0, b"")
    before, refused, after = told.out.decode().splitlines()
    assert refused == f"[Errno {errno.EPERM}] Operation not permitted: {UNDUMPABLE}: 'true'"
    assert before == after == "0"


@needs_unshare
@needs_the_filter
@pytest.mark.parametrize(
    ("scope", "help"),
    [(1, "is 1; run as root"), (2, "is 2; run as root"), (3, "until the next boot")],
)
def test_input_6_yama(start: Start, scope: int, help: str) -> None:
    """Its setting is made up, and something else refuses; what is said of it is not."""
    target = start([*as_user(), "sleep", "60"])
    until(lambda: state(target.pid) == "S", "it sleeps")
    before = [*made_up_yama(scope), *as_user(), *without_ptrace()]
    assert help in attached_by(before, target.pid)
    assert untouched(target.pid)


def test_input_7_already_traced(sleeper: Target) -> None:
    with tracing("-p", str(sleeper.pid)) as other:
        other.complains(b"^C detaches\n")
        # NetBSD does not tell which one.
        tracer = f"process {other.pid}" if LINUX else "another process"
        assert str(refused(sleeper.pid)).endswith(f"{tracer} is tracing it already")
        other.kill(signal.SIGINT)
        other.finish()
    assert untouched(sleeper.pid)


def test_input_8_several_and_one_is_bad(sleeper: Target) -> None:
    """A loop that is to have all has none: the exception says which one it was."""
    with pytest.raises(pt.AttachError) as caught, pt.attach(sleeper.pid, NOBODY_THERE):
        pass
    assert caught.value.pid == NOBODY_THERE
    assert untouched(sleeper.pid)


def unfit(path: Path, content: bytes, mode: int = 0o755) -> Path:
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_input_9_no_such_program(tmp_path: Path) -> None:
    locked = unfit(tmp_path / "locked", b"#!/bin/sh\n", 0o644)
    for program, number in {
        str(tmp_path / "missing"): errno.ENOENT,
        "no-such-command": errno.ENOENT,
        str(tmp_path): errno.EACCES,
        str(locked): errno.EACCES,
        str(locked / "below"): errno.ENOTDIR,
    }.items():
        with pytest.raises(pt.LaunchError) as caught:
            run([program])
        assert (caught.value.errno, caught.value.filename) == (number, program)


def test_input_10_what_the_kernel_does_not_execute(tmp_path: Path) -> None:
    """No shell is tried in its place."""
    true = shutil.which("true") or "/bin/true"
    for name, content in {
        "words": f"touch {tmp_path}/mark\n".encode(),
        "empty": b"",
        "interpreter": b"#!/no/interpreter\n",
        "cut": Path(true).read_bytes()[:100],
    }.items():
        with pytest.raises(pt.LaunchError):
            run([str(unfit(tmp_path / name, content))])
    assert not (tmp_path / "mark").exists()


@contextlib.contextmanager
def opened(path: str, flags: int) -> Iterator[int]:
    fd = os.open(path, flags)
    try:
        yield fd
    finally:
        os.close(fd)


@pytest.mark.parametrize(
    ("path", "flags", "number"),
    [
        ("/dev/null", os.O_RDONLY, errno.EBADF),
        ("/dev/full", os.O_WRONLY, errno.ENOSPC),
    ],
)
def test_input_11_input_12_the_text_cannot_be_written(path: str, flags: int, number: int) -> None:
    """The program runs to its end all the same; the error is what comes of it."""
    with opened(path, flags) as fd, pt.spawn(["sh", "-c", "exit 7"]) as loop:
        assert loop.write_text(fd) == number
    assert loop.returncode == 7


def test_input_13_the_reader_of_the_text_has_gone() -> None:
    r, w = os.pipe()
    os.close(r)
    with pt.spawn(["sh", "-c", "exit 7"]) as loop:
        assert loop.write_text(w) == errno.EPIPE
    os.close(w)
    assert loop.returncode == 7


def test_input_14_arguments_are_bytes(scratch: Scratch, tracee: Callable[[str], str]) -> None:
    out = scratch()
    words = [b"", bytes(range(1, 256)), "ä漢".encode(), b"x" * 100_000]
    argv: list[str | bytes] = [tracee("portable/arguments"), *words]
    assert run(argv, stdout=out) is not None
    told = os.pread(out.fileno(), 1 << 20, 0)
    assert told == b"".join([os.fsencode(word) + b"\0" for word in argv])
    with pytest.raises(ValueError, match="NUL byte"):
        pt.spawn(["true", "a\0b"])


SURROUNDINGS = f"""
import os, sys
os.chdir(sys.argv[1]); os.rmdir(sys.argv[1])
for fd in map(int, sys.argv[2]):
    os.close(fd)
import pypicotrace as pt
with pt.spawn(["false"], env={{}}) as loop:
    *_, call, end = loop
true = call.name == "{EXIT}" and end == loop.status and loop.returncode == 1
os._exit(7 if true else 8)
"""


@pytest.mark.parametrize("closed", ["", "0", "12", "012"])
def test_input_15_no_folder_no_environment_and_closed_descriptors(
    tmp_path: Path, closed: str
) -> None:
    (tmp_path / "gone").mkdir()
    done = untraced([sys.executable, "-c", SURROUNDINGS, str(tmp_path / "gone"), closed])
    assert done == (7, b"", b"")


FEW = """
import resource, sys
import pypicotrace as pt
for word in sys.argv[1:]:
    what, most = word.split("=")
    resource.setrlimit(getattr(resource, what), (int(most), int(most)))
children = "for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do : | : & done; wait"
try:
    with pt.spawn(["sh", "-c", children], follow=True, events=pt.EXIT) as loop:
        print(sum(isinstance(ev, pt.Exited) for ev in loop))
except pt.LaunchError as e:
    print(e.strerror)
"""


def test_input_16_few_descriptors() -> None:
    """None is needed for a tracee."""
    done = untraced([sys.executable, "-c", FEW, "RLIMIT_NOFILE=16"])
    assert (done.status, done.err) == (0, b"")
    assert int(done.out) > 40


@needs_root
def test_input_16_no_process_to_be_had() -> None:
    done = untraced([*as_user(54399), sys.executable, "-c", FEW, "RLIMIT_NPROC=1"])
    assert done == (0, b"Resource temporarily unavailable\n", b"")


def run_interrupted(loop: pt.Loop, ready: Callable[[], bool]) -> None:
    """A loop whose wait SIGINT ends."""

    def strike() -> None:
        until(ready, "it is traced")
        signal.raise_signal(signal.SIGINT)

    striker = threading.Thread(target=strike)
    striker.start()
    with pytest.raises(KeyboardInterrupt):
        run_to_its_end(loop)
    striker.join()


def test_input_17_interrupted_while_attached(sleeper: Target) -> None:
    run_interrupted(pt.attach(sleeper.pid), lambda: not untouched(sleeper.pid))
    assert untouched(sleeper.pid)


def test_input_18_interrupted_while_spawned(tmp_path: Path) -> None:
    """What was started ends with the loop, with all that it has started itself."""
    script = 'sh -c \'echo $$ >"$0"; sleep 60; :\' "$0.child" & echo $$ >"$0"; wait'
    files = [tmp_path / "pid", tmp_path / "pid.child"]
    loop = pt.spawn(["sh", "-c", script, str(files[0])], follow=True)
    run_interrupted(loop, lambda: all(file.exists() and file.read_text() for file in files))
    assert [state(int(file.read_text())) for file in files] == ["", ""]


def test_input_26_a_tracee_that_is_gone_between_stop_and_read() -> None:
    with pt.spawn(["sleep", "60"]) as loop:
        events = iter(loop)
        ev: Any = next(ev for ev in events if isinstance(ev, pt.SyscallExit))
        os.kill(ev.pid, signal.SIGKILL)
        until(lambda: state(ev.pid) == "", "it has ended")
        for use in (
            lambda: ev.stop.read(0, 8),
            lambda: ev.stop.write(0, b"x"),
            lambda: ev.stop.pc,
            lambda: dict(ev.stop.registers),
        ):
            with pytest.raises(pt.TraceeDied):
                use()
        # Only Linux's backend can do that at all.
        with pytest.raises(pt.TraceeDied if LINUX else pt.Unsupported):
            ev.stop.syscall("getpid")
        last = list(events)[-1]
    assert isinstance(last, pt.Signaled)
    assert last.signo == signal.SIGKILL
