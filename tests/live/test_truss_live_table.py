"""picotrace-truss --live, on a terminal: a table that is drawn anew while a program makes calls."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from cli_support import BOUND
from system import untouched

MODULE = "from pypicotrace.tools.truss.command import main; sys.exit(main())"
TRUSS = [sys.executable, "-c", f"import sys; {MODULE}", "--live"]
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
# Share, seconds, mean, calls, a second; errors and theirs, where there are any, whose; the name.
ROW = re.compile(r"[\d.]+ +[\d.]+ +[\d.]+ +(\d+) +(\d+) +(?:\d+ +)*([a-z]\w*)")


class Terminal:
    """A terminal of a known size, and what was written to it."""

    def __init__(self) -> None:
        self.ours, self.theirs = os.openpty()
        fcntl.ioctl(self.theirs, termios.TIOCSWINSZ, struct.pack("4H", 40, 120, 0, 0))
        self.text = ""

    def take(self, seconds: float = BOUND) -> bool:
        """What comes within that time, if anything does."""
        if not select.select([self.ours], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.ours, 65536)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return False  # nobody has the other end any more
        self.text += ESCAPES.sub("", data.decode())
        return bool(data)

    def rows(self) -> list[tuple[str, int, int]]:
        """Of all tables that were drawn: a call, how often so far, how often a second."""
        return [(m[3], int(m[1]), int(m[2])) for m in ROW.finditer(self.text)]

    def until(
        self, seen: Callable[[list[tuple[str, int, int]]], bool], feed: Callable[[], object] = bool
    ) -> None:
        """Wait for a row; ``feed`` is called again and again meanwhile."""
        end = time.monotonic() + BOUND
        while not seen(self.rows()):
            assert time.monotonic() < end, self.text
            feed()
            self.take(1)


@contextmanager
def on_terminal(*words: str) -> Iterator[tuple[Terminal, subprocess.Popen[bytes]]]:
    terminal = Terminal()
    try:
        with subprocess.Popen(
            [*TRUSS, *words],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=terminal.theirs,
            env={**os.environ, "TERM": "xterm"},
        ) as process:
            os.close(terminal.theirs)
            yield terminal, process
    finally:
        os.close(terminal.ours)


def test_it_is_drawn_anew() -> None:
    with on_terminal("-S", "rate", "cat") as (terminal, process):
        assert process.stdin is not None

        def feed(count: int) -> None:
            for _ in range(count):
                os.write(process.stdin.fileno(), b"x" * 131072)

        feed(8)
        terminal.until(lambda rows: any(name == "read" for name, _, _ in rows))
        before = max(calls for name, calls, _ in terminal.rows() if name == "read")
        feed(8)
        terminal.until(
            lambda rows: any(name == "read" and calls > before for name, calls, _ in rows)
        )
        assert any(rate > 0 for name, _, rate in terminal.rows() if name == "read")
        # While nothing happens there are none a second.
        terminal.until(lambda rows: any(name == "read" and not rate for name, _, rate in rows))
        drawn = terminal.text.count("a second")
        process.stdin.close()
        while terminal.take():
            pass
        assert process.wait() == 0
    assert drawn > 2
    # The table of -c.
    last = terminal.text.rpartition("p99 us")[2]
    assert re.search(r"100\.00 .*total", last)
    assert re.search(r"[1-9]\d* +read", last)


def test_a_process_that_runs_already() -> None:
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as target:
        assert target.stdin is not None
        with on_terminal("-q", "--by", "lwp", "-p", str(target.pid)) as (terminal, process):
            # Calls that are made before it is attached to are not seen.
            terminal.until(
                lambda rows: any(name == "read" for name, _, _ in rows),
                lambda: os.write(target.stdin.fileno(), b"x"),
            )
            assert re.search(rf" {target.pid} +{target.pid} +read\b", terminal.text)
            process.send_signal(signal.SIGINT)
            while terminal.take():
                pass
            assert process.wait() == -signal.SIGINT
        assert untouched(target.pid)
        assert f"Process {target.pid} (cat), LWP" in terminal.text


def test_a_terminal_that_goes_away() -> None:
    """The command is not ended by that, and is waited for."""
    terminal = Terminal()
    with subprocess.Popen(
        [*TRUSS, "sh", "-c", "cat; exit 7"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=terminal.theirs,
        env={**os.environ, "TERM": "xterm"},
    ) as process:
        os.close(terminal.theirs)
        terminal.until(bool)
        os.close(terminal.ours)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 7


@pytest.mark.parametrize("term", ["xterm", "dumb"])
def test_where_nothing_can_be_drawn(term: str) -> None:
    terminal = Terminal()
    stderr = terminal.theirs if term == "dumb" else subprocess.PIPE
    argv, env = [*TRUSS, "true"], {**os.environ, "TERM": term, "FORCE_COLOR": "1"}
    done = subprocess.run(argv, stderr=stderr, env=env, check=False)
    os.close(terminal.theirs)
    if term == "dumb":
        terminal.take()
    said = terminal.text if term == "dumb" else done.stderr.decode()
    os.close(terminal.ours)
    assert done.returncode == 2
    assert said.startswith("picotrace-truss: --live: standard error is no terminal")


def test_without_rich() -> None:
    code = f"import sys; sys.modules['rich'] = None; {MODULE}"
    argv = [sys.executable, "-c", code, "--live", "true"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "pip install 'pypicotrace[progress]'" in done.stderr
