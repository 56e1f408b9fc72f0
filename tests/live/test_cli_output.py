"""On every system: where the trace goes, when, and what happens where it cannot go there."""

from __future__ import annotations

import errno
import os
import resource
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from cli_support import (
    BOUND,
    CLOSED,
    WHICH,
    Running,
    as_user,
    eventually,
    lines,
    needs_root,
    needs_unshare,
    picotrace,
    running,
    tracing,
    untraced,
    without,
)
from system import LINUX, untouched

needs_wchan = pytest.mark.skipif(not LINUX, reason="where a process sleeps is Linux's to tell")

# Prints a word, and ends with a status of its own.
COMMAND = ["sh", "-c", "echo ran; exit 7"]
OLD = "old\n" * 20_000
BUSY = "i=0; while [ $i -lt %d ]; do i=$((i+1)); [ -e /x ]; done; echo ran; exit %d"


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


@pytest.fixture
def cat() -> Iterator[Running]:
    with running(["cat"]) as target:
        yield target


def ends(text: bytes) -> list[str]:
    return [f"{line.event} {line.info}" for line in lines(text)][-1:]


def test_to_standard_error() -> None:
    run = picotrace(*COMMAND)
    assert (run.status, run.out) == (7, b"ran\n")
    assert ends(run.err) == ["EXITED status=7"]


def test_to_standard_output() -> None:
    run = picotrace("-o", "-", "sh", "-c", "exit 7")
    assert (run.status, run.err) == (7, b"")
    assert ends(run.out) == ["EXITED status=7"]


def test_to_a_file(trace: Path) -> None:
    """What the command does is nobody else's business."""
    run = picotrace("-o", str(trace), *COMMAND)
    assert run == (7, b"ran\n", b"")
    assert ends(trace.read_bytes()) == ["EXITED status=7"]
    assert trace.stat().st_mode & 0o077 == 0


def test_to_a_file_that_has_more(trace: Path) -> None:
    trace.write_text(OLD)
    picotrace("-o", str(trace), *COMMAND)
    assert ends(trace.read_bytes()) == ["EXITED status=7"]


def test_to_a_fifo(trace: Path) -> None:
    os.mkfifo(trace)
    with running(["cat", str(trace)]) as reader:
        assert picotrace("-o", str(trace), *COMMAND) == (7, b"ran\n", b"")
        assert ends(reader.finish().out) == ["EXITED status=7"]


@pytest.mark.parametrize("options", [["-o{}.other", "-o", "{}"], ["-fno{}"]])
def test_ways_to_name_the_file(trace: Path, options: list[str]) -> None:
    """The last one counts."""
    assert picotrace(*(option.format(trace) for option in options), *COMMAND).status == 7
    assert ends(trace.read_bytes()) == ["EXITED status=7"]


class TestNotToBeHad:
    """A file that cannot be had: the command is not run, the target not attached to."""

    def refused(self, target: Running, where: str, before: list[str] | None = None) -> bytes:
        run = picotrace("-o", where, "sh", "-c", "echo ran", before=before or [])
        assert (run.status, run.out) == (1, b"")
        attached = picotrace("-o", where, "-p", str(target.pid), before=before or [])
        assert attached == run
        assert untouched(target.pid)
        assert target.echoes()
        assert run.err.count(b"\n") == 1
        return run.err

    @pytest.mark.parametrize(
        ("where", "reason"),
        [
            ("{}/missing/trace", "No such file or directory"),
            ("{}", "Is a directory"),
            ("/etc/passwd/trace", "Not a directory"),
        ],
    )
    def test_input_11_of_itself(
        self, tmp_path: Path, cat: Running, where: str, reason: str
    ) -> None:
        where = where.format(tmp_path)
        message = f"picotrace: cannot write the trace to {where}: {reason}\n"
        assert self.refused(cat, where) == message.encode()

    def test_input_11_no_name(self, cat: Running) -> None:
        message = b"picotrace: cannot write the trace to '': No such file or directory\n"
        assert self.refused(cat, "") == message

    @needs_root
    @pytest.mark.parametrize("exists", [True, False])
    def test_input_11_no_permission(self, trace: Path, cat: Running, exists: bool) -> None:
        if exists:
            trace.write_text("precious")
        message = f"picotrace: cannot write the trace to {trace}: Permission denied\n"
        assert self.refused(cat, str(trace), as_user()) == message.encode()
        assert not exists or trace.read_text() == "precious"

    def test_input_11_read_only_standard_error(self) -> None:
        with open("/dev/null", "rb") as null:
            assert picotrace(*COMMAND, stderr=null) == (1, b"", b"")

    def test_input_11_closed_standard_output(self) -> None:
        run = picotrace("-o", "-", *COMMAND, before=["sh", "-c", 'exec "$@" >&-', "sh"])
        message = b"picotrace: cannot write the trace to standard output: Bad file descriptor\n"
        assert run == (1, b"", message)


def incomplete(where: Path | str, reason: int) -> bytes:
    return f"picotrace: {where}: {os.strerror(reason)}; the trace is incomplete\n".encode()


class TestFull:
    """No more room: the command runs to its end, which is told once, and the status says so."""

    @pytest.mark.skipif(not LINUX, reason="a device that is always full is Linux's")
    @pytest.mark.parametrize(("status", "told"), [(0, 1), (7, 7)])
    def test_input_12_from_the_start(self, status: int, told: int) -> None:
        run = picotrace("-o", "/dev/full", "sh", "-c", BUSY % (10, status))
        assert run == (told, b"ran\n", incomplete("/dev/full", errno.ENOSPC))

    @pytest.mark.parametrize("most", [10_001, 65_536 + 77, 250_000])
    def test_input_12_file_size_limit(self, trace: Path, most: int) -> None:
        run = picotrace(
            "-o", str(trace), "sh", "-c", BUSY % (most // 100, 0),
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (most, most)),
        )  # fmt: skip
        assert run == (1, b"ran\n", incomplete(trace, errno.EFBIG))
        self.as_full_as_it_gets(trace.read_bytes(), most)

    @needs_unshare
    @pytest.mark.parametrize("kilobytes", [16, 256])
    def test_input_12_full_disk(self, tmp_path: Path, trace: Path, kilobytes: int) -> None:
        """On a file system of the test's own, which ends with it."""
        disk = tmp_path / "disk"
        disk.mkdir()
        mount = f'mount -t tmpfs -o size={kilobytes}k none "$0" || exit 99; copy=$1; shift; "$@"; '
        keep = 'status=$?; cp "$0/trace" "$copy"; exit $status'
        before = ["unshare", "-m", "sh", "-c", mount + keep, str(disk), str(trace)]
        run = picotrace(
            "-o", str(disk / "trace"), "sh", "-c", BUSY % (11 * kilobytes, 0), before=before
        )
        assert run == (1, b"ran\n", incomplete(disk / "trace", errno.ENOSPC))
        self.as_full_as_it_gets(trace.read_bytes(), kilobytes * 1024)

    def as_full_as_it_gets(self, text: bytes, room: int) -> None:
        # NetBSD refuses the whole of a write that does not fit.
        least = room - (100 if LINUX else 65_536)
        assert lines(text) or least <= 0
        assert least < len(text) <= room


def wchan(pid: int) -> str:
    """Where in the kernel it sleeps."""
    return Path(f"/proc/{pid}/wchan").read_text()


class TestUnread:
    """The reader of the trace goes away."""

    @pytest.fixture
    def unread(self) -> Iterator[int]:
        r, w = os.pipe()
        os.close(r)
        yield w
        os.close(w)

    def test_input_13_standard_output(self, tmp_path: Path, unread: int) -> None:
        """The command runs on, and its status is what counts."""
        run = picotrace(
            "-o", "-", "sh", "-c", BUSY.replace("echo ran", "echo >ran") % (500, 7),
            cwd=tmp_path, stdout=unread,
        )  # fmt: skip
        assert run == (7, b"", incomplete("standard output", errno.EPIPE))
        assert (tmp_path / "ran").exists()

    def test_input_13_standard_error(self, unread: int) -> None:
        run = picotrace("sh", "-c", BUSY % (500, 0), stderr=unread)
        assert run == (0, b"ran\n", b"")

    def test_input_13_midway(self) -> None:
        """As ``picotrace ... | head`` does."""
        busy = BUSY.replace("echo ran", ":") % (500, 7)
        with tracing("-o", "-", "sh", "-c", f"read x; {busy}") as run:
            run.hear(b"\n")
            assert run.process.stdout is not None
            run.process.stdout.close()
            run.process.stdout = None
            run.say(b"\n")
            ended = run.finish()
        assert (ended.status, ended.err) == (7, incomplete("standard output", errno.EPIPE))

    def test_input_13_of_an_attached_process(self, cat: Running, unread: int) -> None:
        """There is no status to wait for: it is let go."""
        with tracing("-o", "-", "-p", str(cat.pid), stdout=unread) as run:
            run.complains(b"^C detaches\n")
            assert cat.echoes()
            ended = run.finish()
        assert (ended.status, ended.err) == (0, incomplete("standard output", errno.EPIPE))
        assert untouched(cat.pid)
        assert cat.echoes()

    @needs_wchan
    def test_input_13_a_reader_that_stalls(self) -> None:
        """It cannot keep the tracer from letting go, nor the target from running on."""
        r, w = os.pipe()
        busy = "while :; do [ -e /x ]; done"
        with running(["sh", "-c", busy]) as target, open(r, "rb"), open(w, "wb") as pipe:
            with tracing("-o", "-", "-p", str(target.pid), stdout=pipe) as run:
                run.complains(b"^C detaches\n")
                eventually(lambda: "pipe_write" in wchan(run.pid), "the pipe is full")
                run.kill(signal.SIGTERM)
                assert run.process.wait(timeout=BOUND) == -signal.SIGTERM
            assert untouched(target.pid)

    def test_input_13_only_the_complaints_are_unread(
        self, trace: Path, cat: Running, unread: int
    ) -> None:
        """A trace that goes elsewhere goes on."""
        with tracing("-o", str(trace), "-p", str(cat.pid), stderr=unread) as run:
            eventually(lambda: not untouched(cat.pid), "it is attached")
            assert cat.echoes()
            eventually(lambda: b"SCX write = 0xf" in trace.read_bytes(), "it goes on")
            cat.process.stdin.close()  # type: ignore[union-attr]
            assert run.finish().status == 0
        assert ends(trace.read_bytes()) == ["EXITED status=0"]


@needs_wchan
@pytest.mark.parametrize(("blocking", "where"), [(True, "pipe_write"), (False, "poll")])
def test_a_slow_reader(blocking: bool, where: str) -> None:
    """It is waited for, also where the descriptor is not one that blocks; nothing is lost."""
    busy = BUSY.replace("echo ran", ":") % (500, 7)
    block = partial(os.set_blocking, 1, blocking)
    command = ["-o", "-", "-e", "/stat/", "sh", "-c", busy]
    with tracing(*command, preexec_fn=block, pipesize=4096) as run:
        eventually(lambda: where in wchan(run.pid), "the pipe is full")
        ended = run.finish()
    assert (ended.status, ended.err) == (7, b"")
    missing = [line for line in lines(ended.out) if line.info.endswith("= 0 Err#2 ENOENT")]
    assert len(missing) >= 500
    assert ends(ended.out) == ["EXITED status=7"]


@pytest.mark.skipif(not LINUX, reason="what a process has open is asked of Linux's /proc")
class TestClosed:
    """Some of 0, 1 and 2 are closed at the start: so they are for the command, too."""

    # What the shell itself has open, told by another program.
    show = ("sh", "-c", 'ls /proc/$$/fd >"$0"; exit 7')

    @pytest.mark.parametrize("closed", CLOSED, ids=WHICH)
    def test_input_15_trace_to_a_file(
        self, tmp_path: Path, trace: Path, closed: tuple[int, ...]
    ) -> None:
        plain, traced = tmp_path / "plain", tmp_path / "traced"
        untraced([*without(closed), *self.show, str(plain)])
        run = picotrace("-o", str(trace), *self.show, str(traced), before=without(closed))
        assert run == (7, b"", b"")
        assert traced.read_text() == plain.read_text()
        assert ends(trace.read_bytes()) == ["EXITED status=7"]

    @pytest.mark.parametrize("closed", [c for c in CLOSED if 2 not in c], ids=[*WHICH[:3], "01"])
    def test_input_15_trace_to_standard_error(
        self, tmp_path: Path, closed: tuple[int, ...]
    ) -> None:
        plain, traced = tmp_path / "plain", tmp_path / "traced"
        untraced([*without(closed), *self.show, str(plain)])
        run = picotrace(*self.show, str(traced), before=without(closed))
        assert (run.status, run.out) == (7, b"")
        assert traced.read_text() == plain.read_text()
        assert ends(run.err) == ["EXITED status=7"]

    @pytest.mark.parametrize("closed", [c for c in CLOSED if 2 in c])
    def test_input_15_no_standard_error(self, tmp_path: Path, closed: tuple[int, ...]) -> None:
        """There is nowhere for the trace to go, and nobody to be told: the command is not run."""
        run = picotrace(*self.show, str(tmp_path / "ran"), before=without(closed))
        assert run == (1, b"", b"")
        assert not (tmp_path / "ran").exists()


class TestSoon:
    """What has happened is in the file soon, while the tracees are quiet."""

    def test_of_a_command(self, trace: Path) -> None:
        with tracing("-o", str(trace), "sh", "-c", "echo ready; read x; exit 7") as run:
            run.hear(b"ready\n")
            # 10 ms, says the design; the machine may be busy, or stand still.
            self.waits_in_read(trace)
            run.say(b"\n")
            assert run.finish().status == 7
        assert ends(trace.read_bytes()) == ["EXITED status=7"]

    def test_input_13_of_an_attached_process(self, trace: Path, cat: Running) -> None:
        with tracing("-o", str(trace), "-p", str(cat.pid)) as run:
            run.complains(b"^C detaches\n")
            assert cat.echoes()
            self.waits_in_read(trace)

    def waits_in_read(self, trace: Path) -> None:
        """The last line is that of the call in which it is asleep, and it is a whole one."""

        def last() -> bool:
            text = trace.read_bytes()
            return text.endswith(b")\n") and lines(text)[-1].info.startswith("read(0,")

        eventually(last, "the call it sleeps in is in the file", bound=1)
