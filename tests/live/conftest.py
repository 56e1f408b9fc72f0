"""Fixtures of the live tests: real tracees, and nothing left of them afterwards."""

from __future__ import annotations

import contextlib
import faulthandler
import gc
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

import pytest
import system
from record import check_record, parse
from runs import WAY, Run, Target, Trace, contents, until
from system import marked
from true_runs import Tell, Told, by_command, by_events, hold

import pypicotrace as pt
from pypicotrace.text import Text

TRACEES = Path(__file__).parent / "tracees"
BOUND = 40.0
"""Seconds that a test may take; some fifty times what the longest needs on an idle machine.

A test that is made of many calls has a mark of its own: ``bound(seconds)``."""
MERCY = 20.0
"""Seconds more for a test that was told to end: closing a loop takes 10 at most."""
MARK = "PYPICOTRACE_TEST"
"""Is in the environment of all that a test starts, so that what is left of it can be found."""
BARE = [
    *("-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"),
    *("-nostdlib", "-static", "-fno-pie", "-no-pie", "-fno-stack-protector"),
]
WALL = 0x40000000 if system.LINUX else 0
"""__WALL, wait(2): tracees and threads too."""
DESCRIPTORS = 1024
"""So many may be open, and so many are looked at."""


class Hang(BaseException):
    """A test took too long. No Exception: nobody is to catch it on the way."""


@pytest.fixture(scope="session")
def real_stderr(request: pytest.FixtureRequest) -> Iterator[IO[str]]:
    capture = request.config.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
        fd = os.dup(2)
    with os.fdopen(fd, "w") as file:
        yield file


@pytest.fixture(autouse=True)
def watchdog(request: pytest.FixtureRequest, real_stderr: IO[str]) -> Iterator[None]:
    """A hang fails: by an exception; and where even that hangs, by the end of the whole run.

    The exception is raised by the handler of a signal, which also interrupts the loop's wait.
    """
    mark = request.node.get_closest_marker("bound")
    bound = mark.args[0] if mark is not None else BOUND

    def bark(signo: int, frame: object) -> None:
        raise Hang(f"the test took more than {bound:.0f} seconds")

    before = signal.signal(signal.SIGALRM, bark)
    faulthandler.dump_traceback_later(bound + MERCY, exit=True, file=real_stderr)
    signal.setitimer(signal.ITIMER_REAL, bound)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        faulthandler.cancel_dump_traceback_later()
        signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def nothing_left(watchdog: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """After a test there is no process, stopped or not, and no descriptor that it has made."""
    mark = f"{MARK}={uuid.uuid4()}"
    monkeypatch.setenv(*mark.split("="))
    before = descriptors()
    yield
    left = [f"process {pid}" for pid in processes(mark.encode())]
    left += children()
    if not descriptors() <= before:
        gc.collect()
    left += [f"descriptor {fd}" for fd in sorted(descriptors() - before)]
    assert not left, f"left over: {', '.join(left)}"


def descriptors() -> set[tuple[int, int, int]]:
    """Each open one, and which file it is of."""
    found = set()
    for fd in range(DESCRIPTORS):
        with contextlib.suppress(OSError):  # not open
            file = os.fstat(fd)
            found.add((fd, file.st_dev, file.st_ino))
    return found


def processes(mark: bytes) -> list[int]:
    """The processes of a test. They are ended."""
    if not marked(mark):
        return []
    # What a target that was killed had started itself may need a moment to end.
    with contextlib.suppress(AssertionError):
        until(lambda: not marked(mark), "all have ended")
    found = marked(mark)
    for pid in found:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return found


def children() -> list[str]:
    """Every child and every tracee of this process, ended or not. They are ended, and reaped."""
    found: list[str] = []
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG | WALL)
        except ChildProcessError:
            return found
        if pid != 0:
            found.append(f"child {pid}, status {status:#x}")
            continue
        for child in system.children():
            found.append(f"child {child}")
            os.kill(child, signal.SIGKILL)
        return found or ["a tracee"]


@pytest.fixture(scope="session")
def tracee(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], str]:
    """Compiles tracees/NAME.c, once."""
    folder = tmp_path_factory.mktemp("tracees")

    def build(name: str) -> str:
        program = folder / name
        if not program.exists():
            program.parent.mkdir(exist_ok=True)
            compiler = shutil.which("cc")
            assert compiler is not None, "the live tests need a C compiler"
            flags = [
                "-std=gnu11",
                "-D_GNU_SOURCE",
                "-O1",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-pthread",
            ]
            source = str(TRACEES / f"{name}.c")
            subprocess.run([compiler, *flags, "-o", str(program), source], check=True)
        return str(program)

    return build


@pytest.fixture
def bare(tmp_path: Path) -> Callable[[str, str], str]:
    """Compiles tracees/bare/NAME.c for ``-m32`` or ``-m64``, without a C library."""

    def build(name: str, machine: str) -> str:
        compiler = shutil.which("cc")
        assert compiler is not None, "the live tests need a C compiler"
        program = str(tmp_path / name)
        source = str(TRACEES / "bare" / f"{name}.c")
        subprocess.run([compiler, machine, *BARE, "-o", program, source], check=True)
        return program

    return build


@pytest.fixture
def scratch() -> Iterator[Callable[[], IO[bytes]]]:
    """Gives files for output: several processes append to one without overwriting."""
    with contextlib.ExitStack() as files:

        def new() -> IO[bytes]:
            file = files.enter_context(tempfile.NamedTemporaryFile())
            return files.enter_context(open(file.name, "a+b", buffering=0))

        yield new


@pytest.fixture
def trace(scratch: Callable[[], IO[bytes]]) -> Trace:
    """Runs a program under the tracer to its end, and checks its record.

    ``text``: the tracees run on meanwhile, and the events are read back from the lines. ``body`` is
    called with each event while its LWP stands still; ``altered``: it changes calls.
    """

    def run(
        argv: Sequence[str],
        *,
        events: pt.Mask = pt.ALL,
        follow: bool = True,
        text: bool = False,
        deadly: Collection[str] = (),
        body: Callable[[Any], object] = bool,
        altered: bool = False,
        **options: Any,
    ) -> Run:
        out, lines = scratch(), scratch()
        options.setdefault("stdout", out)
        if WAY == "filtered" and pt.Follow(follow) is pt.Follow.ALL and events & (pt.SCE | pt.SCX):
            options = {"kernel_filter": True, "syscalls": ["all"], **options}
        if WAY == "entries":
            events &= ~pt.SCX
        if WAY == "pinned":
            options = {"pin": "auto", **options}
        with pt.spawn(argv, events=events, follow=follow, **options) as loop:
            if text:
                assert loop.write_text(lines.fileno(), Text.SENDER) == 0
                record = parse(contents(lines))
            elif WAY == "stream" and body is bool:
                record = [ev for batch in loop.stream() for ev in batch]
            else:
                record = []
                for ev in loop:
                    record.append(ev)
                    body(ev)
        every = options.get("syscalls") in (None, ["all"])
        mask = events if every else events & ~(pt.SCE | pt.SCX)
        check_record(record, mask=mask, deadly=deadly, altered=altered)
        return Run(record, loop.root, loop.status, contents(out))

    return run


@pytest.fixture(params=["stop", "text"])
def text(request: pytest.FixtureRequest) -> bool:
    """Both ways to run a loop: each event stops its LWP; the LWPs run on."""
    return bool(request.param == "text")


@pytest.fixture
def start(scratch: Callable[[], IO[bytes]]) -> Iterator[Callable[..., Target]]:
    """Starts programs that are not traced, to be attached to; they end with the test."""
    targets: list[Target] = []

    def run(argv: Sequence[str], **options: Any) -> Target:
        out = scratch()
        targets.append(Target(subprocess.Popen(argv, stdout=out, **options), out))
        return targets[-1]

    yield run
    for target in targets:
        target.process.kill()
        target.process.wait()
        for pipe in (target.process.stdin, target.process.stderr):
            if pipe is not None:
                pipe.close()


@pytest.fixture(params=["events", "command"])
def way(request: pytest.FixtureRequest) -> str:
    """Both ways to trace what tells the truth: a loop that each event stops, and the command."""
    return str(request.param)


@pytest.fixture
def tell(way: str, trace: Trace, tracee: Callable[[str], str], tmp_path: Path) -> Tell:
    """Traces a program that tells the truth to its end, and holds what is said against that.

    ``body`` is called with each event; the command has none.
    """
    if WAY == "entries" and way == "events":
        pytest.skip("what it holds against the truth are results, too")

    def run(
        program: str,
        *words: str,
        killed: Mapping[int, int] | None = None,
        sent: Collection[int] = (),
        **how: Any,
    ) -> Told:
        file = tmp_path / f"{program}-{'-'.join(words)}"
        argv = [tracee(program), *words]
        if way == "events":
            rows, status = by_events(trace, argv, file, **how)
        else:
            rows, status = by_command(argv, file)
        return hold(rows, file, status, killed=killed, sent=sent)

    return run
