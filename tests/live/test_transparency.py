"""What a tracee sees of itself is what it would see without a tracer."""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest
from cli_support import needs_the_filter, without_call
from runs import Target, Trace, asks_for_results, contents, until

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]


@pytest.fixture
def same(tracee: Tracee, scratch: Scratch) -> Callable[..., list[bytes]]:
    """Runs tracees/portrait.c untraced and traced, and returns what both have said."""

    def compare(**options: Any) -> list[bytes]:
        argv = [tracee("portrait"), "an argument", ""]
        out, inp = scratch(), scratch()
        # The C library's environment, which is subprocess's default, may have more (readline's).
        options.setdefault("env", dict(os.environ))
        said = []
        for start in (untraced, traced):
            os.ftruncate(out.fileno(), 0)
            start(argv, stdin=inp, stdout=out, **options)
            said.append(contents(out).splitlines())
        assert said[0] == said[1]
        return said[0]

    return compare


def untraced(argv: list[str], **options: Any) -> None:
    subprocess.run(argv, check=True, **options)


def traced(argv: list[str], **options: Any) -> None:
    with pt.spawn(argv, **options) as loop:
        assert len(list(loop)) > 100
    assert loop.status is not None
    assert loop.status.status == 0  # type: ignore[union-attr]


def line(said: list[bytes], start: bytes) -> bytes:
    (found,) = [line for line in said if line.startswith(start)]
    return found.removeprefix(start).strip()


def bits(said: list[bytes], name: bytes) -> set[int]:
    """The signals of a mask in /proc/self/status."""
    mask = int(line(said, b"status " + name + b":"), 16)
    return {signo for signo in range(1, 65) if mask >> (signo - 1) & 1}


def test_row_52_nothing_differs(same: Callable[..., list[bytes]]) -> None:
    said = same()
    assert line(said, b"parent ").startswith(b"%d " % os.getpid())
    assert sum(line.startswith(b"fd ") for line in said) == 3
    # Python ignores some signals; the program does not get that from it.
    assert bits(said, b"SigIgn") == bits(said, b"SigBlk") == bits(said, b"SigCgt") == set()


def test_row_52_the_hosts_dispositions_are_kept_where_asked_for(
    same: Callable[..., list[bytes]],
) -> None:
    assert bits(same(restore_signals=False), b"SigIgn") == {signal.SIGPIPE, signal.SIGXFSZ}


def test_row_52_descriptors_that_are_to_be_inherited(
    same: Callable[..., list[bytes]], scratch: Scratch
) -> None:
    extra = scratch().fileno()
    os.set_inheritable(extra, True)
    # With a folder, for else subprocess makes use of posix_spawn, which ignores two signals.
    said = same(close_fds=False, cwd="/")
    assert any(line.startswith(b"fd %d " % extra) for line in said)
    assert not any(line.startswith(b"fd %d " % extra) for line in same())


INHERITABLE = """
import os
import pypicotrace as pt
for fd in (77, 78, *range(200, 400)):
    os.dup2(0, fd)
with pt.spawn(["ls", "/proc/self/fd"], events=pt.EXIT, pass_fds=[78]) as loop:
    list(loop)
"""


@needs_the_filter
def test_row_52_descriptors_where_the_kernel_has_no_call_to_close_them_all() -> None:
    """As before Linux 5.11."""
    argv = [*without_call("close_range"), sys.executable, "-c", INHERITABLE]
    said = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True).stdout
    # The fourth is the folder that it reads.
    assert said.split() == [b"0", b"1", b"2", b"3", b"78"]


def test_row_52_folder_and_environment(
    same: Callable[..., list[bytes]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("folder")
    said = same(cwd=folder, env={"A": "1", "B": "x=y", "PATH": ""})
    assert line(said, b"cwd ").startswith(os.fsencode(folder))
    assert [entry for entry in said if entry.startswith(b"environment")] == [
        b"environment A=1",
        b"environment B=x=y",
        b"environment PATH=",
    ]


@contextlib.contextmanager
def dispositions(handlers: dict[int, Any], blocked: set[int]) -> Iterator[None]:
    """Signals of this very program handled and blocked in some way for a while."""
    before = {signo: signal.signal(signo, handler) for signo, handler in handlers.items()}
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, blocked)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        for signo, handler in before.items():
            signal.signal(signo, handler)


LAST = int(signal.SIGRTMAX)
"""The signal that the tracer's own ticks come by."""


@pytest.mark.parametrize("signo", [signal.SIGUSR1, signal.SIGCHLD, LAST])
def test_row_53_signals_that_the_host_ignores_or_blocks(
    same: Callable[..., list[bytes]], signo: int
) -> None:
    with dispositions({signo: signal.SIG_IGN}, set()):
        assert bits(same(), b"SigIgn") == {signo}
    with dispositions({}, {signo}):
        assert bits(same(), b"SigBlk") == {signo}
    with dispositions({signo: lambda *_: None}, set()):
        assert bits(same(), b"SigIgn") == set()


def test_row_52_limits_and_umask(same: Callable[..., list[bytes]]) -> None:
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    umask = os.umask(0o123)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, files[1]))
        said = same()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, files)
        os.umask(umask)
    assert b"limit %d 100 %d" % (resource.RLIMIT_NOFILE, files[1]) in said
    assert b" umask 123 " in line(said, b"cwd ")


@asks_for_results
def test_row_6_the_parent_is_the_real_one(trace: Trace, tracee: Tracee) -> None:
    run = trace([tracee("children"), "fork", "exit"])
    parent, child, _ = run.told("child")
    assert run.told("me") == (child, parent)
    assert run.told("tracer") == (os.getpid(),)
    assert run.one(pt.SyscallExit, pid=child, name="getppid").retval == parent


TRACER = """
import sys, pypicotrace as pt
how, what = sys.argv[1:]
loop = pt.spawn([what, "3"], follow=True) if how == "spawn" else pt.attach(int(what))
with loop:
    for number, ev in enumerate(loop):
        if number == 20:
            print(ev.pid, flush=True)
            sys.stdin.read()
"""


@pytest.mark.parametrize("how", ["spawn", "attach"])
def test_row_10_the_tracer_is_killed(
    tracee: Tracee, start: Callable[..., Target], how: str
) -> None:
    """What it had spawned ends with it; what it had attached to lives on, none of it stopped."""
    target = start([tracee("spinners"), "3"])
    until(lambda: target.said("ready"), "ready")
    what = tracee("spinners") if how == "spawn" else str(target.pid)
    with subprocess.Popen(
        [sys.executable, "-c", TRACER, how, what],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as tracer:
        assert tracer.stdout is not None
        # The tracee writes there too.
        pid = next(int(word) for word in tracer.stdout if word.strip().isdigit())
        tracer.kill()
    if how == "spawn":
        until(lambda: not os.path.exists(f"/proc/{pid}"), "it is gone")
    else:
        assert pid == target.pid
        until(lambda: {s["State"][0] for s in target.lwps().values()} == {"R"}, "all run on")
        assert {status["TracerPid"] for status in target.lwps().values()} == {"0"}
        assert target.process.poll() is None
