"""How a program is started: as subprocess.Popen starts it with the same arguments."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import pytest
from runs import contents

import pypicotrace as pt

PORTRAIT = """
import fcntl, json, os, signal
def files():
    for fd in range(64):
        try:
            of = os.fstat(fd)
        except OSError:
            continue
        yield fd, of.st_dev, of.st_ino, fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_ACCMODE
mask = os.umask(0)
print(json.dumps({
    "umask": mask,
    "leads its group": os.getpgrp() == os.getpid(),
    "leads its session": os.getsid(0) == os.getpid(),
    "group": os.getpgrp() if os.getpgrp() != os.getpid() else 0,
    "cwd": os.getcwd(),
    "env": dict(os.environ),
    "files": list(files()),
    "ignored": [n for n in range(1, 32) if signal.getsignal(n) == signal.SIG_IGN],
}))
"""
PYTHON = [sys.executable, "-I", "-S", "-c", PORTRAIT]

Scratch = Callable[[], IO[bytes]]

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def both(argv: list[str], scratch: Scratch, **options: Any) -> tuple[bytes, bytes]:
    """What a program says that is started by us, and by subprocess."""
    out = scratch()  # one for both, for it is among what they see
    trace_to_the_end(argv, stdout=out, **options)
    ours = contents(out)
    out.truncate(0)
    subprocess.run(argv, stdout=out, check=True, **options)
    return ours, contents(out)


def trace_to_the_end(argv: list[str], **options: Any) -> None:
    with pt.spawn(argv, events=pt.EXIT, **options) as loop:
        list(loop)
    assert isinstance(loop.status, pt.Exited)
    assert loop.status.status == 0


def portraits(scratch: Scratch, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    # Not the C library's idea of it, which readline(3) adds to, and which Popen takes without this.
    options.setdefault("env", dict(os.environ))
    ours, theirs = (json.loads(said) for said in both(PYTHON, scratch, **options))
    return ours, theirs


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"close_fds": False},
        {"restore_signals": False},
        {"umask": 0},
        {"umask": 0o077},
        {"start_new_session": True},
        {"cwd": "/"},
        {"env": {"A": "b"}},
        {"executable": sys.executable},
        {"stdin": subprocess.DEVNULL},
        {"stderr": subprocess.DEVNULL},
        {"stderr": subprocess.STDOUT},
        {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "umask": 0o27},
    ],
    ids=str,
)
def test_as_subprocess_does(scratch: Scratch, options: dict[str, Any]) -> None:
    ours, theirs = portraits(scratch, **options)
    assert ours == theirs


def test_a_process_group_of_its_own(scratch: Scratch) -> None:
    # Popen has process_group from Python 3.11 on.
    new = sys.version_info >= (3, 11)
    how: dict[str, Any] = {"process_group": 0} if new else {"preexec_fn": os.setpgrp}
    said, env = scratch(), dict(os.environ)
    trace_to_the_end(PYTHON, stdout=said, env=env, process_group=0)
    ours = json.loads(contents(said))
    said.truncate(0)
    subprocess.run(PYTHON, stdout=said, env=env, check=True, **how)
    assert ours == json.loads(contents(said))
    assert ours["leads its group"]


def test_a_process_group_that_there_is(scratch: Scratch) -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, start_new_session=False) as member:
        group = os.getpgid(member.pid)
        said = scratch()
        trace_to_the_end(PYTHON, stdout=said, process_group=group)
        member.communicate()
    assert json.loads(contents(said))["group"] == group


@pytest.mark.parametrize("inheritable", [True, False])
@pytest.mark.parametrize("number", [3, 40])
def test_descriptors_that_are_passed(scratch: Scratch, inheritable: bool, number: int) -> None:
    with tempfile.TemporaryFile() as file, tempfile.TemporaryFile() as other:
        fds = [fcntl.fcntl(f, fcntl.F_DUPFD_CLOEXEC, number) for f in (file, other)]
        try:
            os.set_inheritable(fds[0], inheritable)
            os.set_inheritable(fds[1], True)
            ours, theirs = portraits(scratch, pass_fds=[fds[0]])
            assert ours == theirs
            assert [fd for fd, *_ in ours["files"]] == [0, 1, 2, fds[0]]
            assert os.get_inheritable(fds[0]) is inheritable
        finally:
            for fd in fds:
                os.close(fd)


@pytest.mark.parametrize("sources", [(1, 0, 2), (2, 2, 1), (1, 2, 0)])
def test_the_three_may_change_places(scratch: Scratch, sources: tuple[int, int, int]) -> None:
    said = scratch()
    stdin, stdout, stderr = sources
    program = f"import os; os.fstat(0); os.write({sources.index(1)}, b'here')"
    argv = [sys.executable, "-I", "-S", "-c", program]
    saved = os.dup(1)
    os.dup2(said.fileno(), 1)
    try:
        trace_to_the_end(argv, stdin=stdin, stdout=stdout, stderr=stderr)
    finally:
        os.dup2(saved, 1)
        os.close(saved)
    assert contents(said) == b"here"


def test_both_outputs_to_one_file(scratch: Scratch) -> None:
    argv = ["sh", "-c", "echo out; echo error >&2"]
    assert both(argv, scratch, stderr=subprocess.STDOUT) == (b"out\nerror\n",) * 2


def test_nothing_comes_of_the_null_device_and_nothing_goes_there(scratch: Scratch) -> None:
    error = scratch()
    trace_to_the_end(["cat"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=error)
    assert contents(error) == b""


IDS = "id; umask; cat /proc/self/status 2>/dev/null | grep -E '^(Uid|Gid|Groups)'; true"


@needs_root
@pytest.mark.parametrize(
    "options",
    [
        {"group": 7},
        {"extra_groups": [8, 9]},
        {"extra_groups": []},
        {"user": 54321, "group": 54322, "extra_groups": [7, 54323]},
        {"user": 54321, "group": 54322, "extra_groups": []},
        {"user": "nobody", "group": 7, "extra_groups": ["daemon"], "umask": 0o70},
    ],
    ids=str,
)
def test_as_somebody_else(scratch: Scratch, options: dict[str, Any]) -> None:
    ours, theirs = both(["sh", "-c", IDS], scratch, cwd="/", **options)
    assert ours == theirs
    assert ours


@needs_root
def test_a_user_alone_has_that_users_groups(scratch: Scratch) -> None:
    """Where subprocess would leave root's."""
    said = scratch()
    trace_to_the_end(["id", "-G"], user="daemon", cwd="/", stdout=said)
    expected = subprocess.run(["id", "-G", "daemon"], stdout=subprocess.PIPE, check=True).stdout
    assert contents(said).split() == expected.split()


def free_descriptor() -> int:
    """The number of none that is open, though it will be the next."""
    fd = os.dup(0)
    os.close(fd)
    return fd


@pytest.mark.parametrize(
    ("what", "given"),
    [
        ("stdin", lambda fd: {"stdin": fd}),
        ("stderr", lambda fd: {"stderr": fd}),
        ("pass_fds", lambda fd: {"pass_fds": [0, fd]}),
    ],
)
def test_a_descriptor_that_is_not_open(what: str, given: Callable[[int], dict[str, Any]]) -> None:
    fd = free_descriptor()
    loop = pt.spawn(["true"], **given(fd))
    with pytest.raises(pt.LaunchError, match=f"{what}: {fd} is not open") as caught, loop:
        pass
    assert (caught.value.errno, caught.value.what) == (errno.EBADF, what)


class Own:
    """A file that is closed when nobody has it any more, as each is, but without a warning."""

    def __init__(self, path: Path, closed: list[str]) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT)
        self._closed = closed

    def fileno(self) -> int:
        return self._fd

    def __del__(self) -> None:
        os.close(self._fd)
        self._closed.append("closed")


def test_a_file_that_nobody_else_has(tmp_path: Path) -> None:
    """It is open until the program is started, and no longer."""
    closed: list[str] = []
    file: Any = Own(tmp_path / "out", closed)
    loop = pt.spawn(["echo", "mine"], stdout=file)
    del file
    with open(tmp_path / "other", "wb"), loop:
        assert closed == ["closed"]
        list(loop)
    assert (tmp_path / "out").read_bytes() == b"mine\n"


def test_a_file_that_was_closed_before_it_is_started(tmp_path: Path) -> None:
    """Another has its number by then."""
    with open(tmp_path / "out", "wb") as file:
        loop = pt.spawn(["echo", "astray"], stdout=file)
        number = file.fileno()
    refused = pytest.raises(pt.LaunchError, match="stdout: the file was closed")
    with open(tmp_path / "other", "wb") as other:
        assert other.fileno() == number
        with refused as caught, loop:
            pass
    assert (caught.value.errno, caught.value.what) == (errno.EBADF, "stdout")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with (
        pytest.raises(pt.LaunchError, match="cwd: No such file") as caught,
        pt.spawn(["true"], cwd=tmp_path / "none"),
    ):
        pass
    assert (caught.value.what, caught.value.filename) == ("cwd", str(tmp_path / "none"))


def test_a_process_group_that_is_none() -> None:
    with (
        pytest.raises(pt.LaunchError, match="start_new_session or process_group: ") as caught,
        pt.spawn(["true"], process_group=2**31 - 1),
    ):
        pass
    assert caught.value.what == "start_new_session or process_group"


def test_a_program_that_is_none() -> None:
    with pytest.raises(pt.LaunchError) as caught, pt.spawn(["./none"], umask=0):
        pass
    assert (caught.value.what, caught.value.filename) == ("", "./none")


def test_another_executable_that_is_none() -> None:
    """The one that was tried is named, and not what it was to be told is its name."""
    with (
        pytest.raises(pt.LaunchError) as caught,
        pt.spawn(["true"], executable="./none"),
    ):
        pass
    assert (caught.value.what, caught.value.filename) == ("", "./none")
