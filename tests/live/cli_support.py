"""Running the command ``picotrace``: bounded, in a session of its own, and nothing left of it.

Every command gets a session of its own, so that what it leaves behind can be found (and ended) by
the session's number, whatever environment or parent it has by then.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import platform
import re
import select
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, NamedTuple

import pytest
from system import Process, processes

from pypicotrace import syscalls

SCRIPT = Path(sysconfig.get_path("scripts")) / "picotrace"
MODULE = [sys.executable, "-m", "pypicotrace"]
COMMAND = [str(SCRIPT)] if SCRIPT.exists() else MODULE

BOUND = 20.0
"""Seconds that anything here may take: some hundred times what it does on an idle machine."""

LONG_BOUND = 60.0
"""And what makes a recording of some 80,000 events, or reads it: it has to do all the time."""

NOBODY = 54321
"""A uid that owns nothing."""

Words = Sequence[str | bytes]

needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None,
    reason="only root can become another user, and setpriv(1) is what does it",
)
needs_unshare = pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("unshare") is None,
    reason="a mount of the test's own needs root, and unshare(1)",
)

needs_msgspec = pytest.mark.skipif(
    find_spec("msgspec") is None, reason="ndjson and trace-event take msgspec, which is not here"
)
IN_JSON = ("ndjson", "trace-event")
"""Formats that take it."""

needs_the_filter = pytest.mark.skipif(
    platform.machine() != "x86_64", reason="the filter is written for x86-64's numbers"
)

CLOSED = [c for n in range(4) for c in itertools.combinations((0, 1, 2), n)]
"""What of 0, 1 and 2 may be closed at the start,"""
WHICH = ["".join(map(str, closed)) or "none" for closed in CLOSED]
"""and what tests call it."""


def without(closed: tuple[int, ...]) -> list[str]:
    """The start of a command that runs with some of 0, 1 and 2 closed."""
    return ["sh", "-c", "".join(f"exec {fd}<&-; " for fd in closed) + 'exec "$@"', "sh"]


def as_user(uid: int = NOBODY, *, rights: str = "+dac_read_search") -> list[str]:
    """The start of a command that runs as another user, who may read what root may.

    Read, for the interpreter may be installed where only its owner comes; not write, not trace.
    """
    who = ["--reuid", str(uid), "--regid", str(uid), "--clear-groups"]
    return ["setpriv", *who, "--inh-caps", rights, "--ambient-caps", rights, "--"]


# Forbids one system call, with EPERM, to the rest of its command line and all that it starts.
WITHOUT = r"""
import ctypes, os, struct, sys
LOAD_NR, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06          # BPF_LD|W|ABS, BPF_JMP|JEQ|K, BPF_RET|K
ALLOW, EPERM = 0x7fff0000, 0x00050001                   # SECCOMP_RET_ALLOW, _ERRNO | EPERM
program = b"".join(struct.pack("HBBI", *line) for line in [
    (LOAD_NR, 0, 0, 0), (JUMP_EQUAL, 0, 1, int(sys.argv[1])), (RETURN, 0, 0, EPERM),
    (RETURN, 0, 0, ALLOW)])
kept = ctypes.create_string_buffer(program)
fprog = struct.pack("HxxxxxxP", 4, ctypes.addressof(kept))
libc = ctypes.CDLL(None, use_errno=True)
assert libc.prctl(38, 1, 0, 0, 0) == 0                  # PR_SET_NO_NEW_PRIVS
assert libc.prctl(22, 2, fprog, 0, 0) == 0              # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
os.execvp(sys.argv[2], sys.argv[2:])
"""


def without_call(name: str) -> list[str]:
    """The start of a command that may not make that system call."""
    number = syscalls.load("linux-x86_64").by_name[name].number
    return [sys.executable, "-c", WITHOUT, str(number)]


def without_ptrace() -> list[str]:
    return without_call("ptrace")


def made_up_yama(scope: int) -> list[str]:
    """The start of a command for which that is kernel.yama.ptrace_scope, though nobody heeds it."""
    setting = (
        "mount -t tmpfs none /proc/sys/kernel && mkdir /proc/sys/kernel/yama && "
        f'echo {scope} >/proc/sys/kernel/yama/ptrace_scope && exec "$@"'
    )
    return ["unshare", "-m", "sh", "-c", setting, "sh"]


def in_formats(*names: str) -> pytest.MarkDecorator:
    """A test in each of these formats that can be had."""
    marks = {name: [needs_msgspec] if name in IN_JSON else [] for name in names}
    return pytest.mark.parametrize("form", [pytest.param(n, marks=marks[n]) for n in names])


class Finished(NamedTuple):
    """What a command that has ended leaves: ``status`` is negative where a signal ended it."""

    status: int
    out: bytes
    err: bytes


def in_session(session: int) -> list[Process]:
    return [process for process in processes() if process.session == session]


def eventually(true: Callable[[], Any], what: str, bound: float = BOUND) -> Any:
    """The first result that is true; polled, for nobody tells when it becomes so."""
    end = time.monotonic() + bound
    while True:
        # Before the look, which may itself be late: the last one begins when the time is over.
        over = time.monotonic() > end
        if result := true():
            return result
        assert not over, f"not within {bound:.0f} s: {what}"
        time.sleep(0.005)


def kill_session(session: int) -> None:
    """Kill all of a session, and wait until it is gone: that is not at once, and not told."""

    def gone() -> bool:
        left = in_session(session)
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        return not left

    eventually(gone, "what was killed is gone")


def end_session(session: int) -> list[Process]:
    """End what is left of a session; returns what that was.

    What was killed just now may take a moment to be gone, and is not counted as left.
    """
    end = time.monotonic() + BOUND
    while (left := in_session(session)) and time.monotonic() < end:
        time.sleep(0.005)
    kill_session(session)
    return left


def start(
    argv: Words, preexec_fn: Callable[[], object] | None = None, **how: Any
) -> subprocess.Popen[bytes]:
    """A program in a session of its own; its pid is the session's number.

    It starts with no signal blocked, and with none ignored that ends a program, however the tests
    were started (in the background, say).
    """

    def prepare() -> None:
        for signo in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(signo, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        if preexec_fn is not None:
            preexec_fn()

    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    # Between fork and exec, as usual; these tests have no second thread that could hold a lock.
    return subprocess.Popen(
        argv,
        start_new_session=True,
        preexec_fn=prepare,  # noqa: PLW1509
        **{**streams, **how},
    )


def close(process: subprocess.Popen[bytes]) -> None:
    """Kill a program if it still runs, and close the pipes to it."""
    process.kill()
    for stream in (process.stdin, process.stdout, process.stderr):
        if stream is not None:
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    process.wait()


def untraced(
    argv: Words, *, stdin_text: bytes | None = None, bound: float = BOUND, **how: Any
) -> Finished:
    """Run a program to its end; whatever it leaves behind fails the test."""
    if stdin_text is not None:
        how["stdin"] = subprocess.PIPE
    process = start(argv, **how)
    try:
        out, err = process.communicate(stdin_text, timeout=bound)
    except subprocess.TimeoutExpired:
        # What it has written so far says more than that it hangs.
        os.killpg(process.pid, signal.SIGKILL)
        out, err = process.communicate()
        pytest.fail(f"hangs: {argv!r}\nout: {out!r}\nerr: {(err or b'')[-2000:]!r}")
    finally:
        close(process)
        left = end_session(process.pid)
    assert not left, f"left over: {left}"
    return Finished(process.returncode, out or b"", err or b"")


def picotrace(*argv: str | bytes, before: Words = (), **how: Any) -> Finished:
    """Run picotrace to its end. ``before`` goes before it on the command line."""
    return untraced([*before, *COMMAND, *argv], **how)


class Running:
    """A program that runs."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process
        self.pid = process.pid

    def kill(self, signo: int) -> None:
        self.process.send_signal(signo)

    def say(self, text: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text)
        self.process.stdin.flush()

    def hear(self, text: bytes, stream: IO[bytes] | None = None) -> bytes:
        """What it writes, up to and with ``text``; to standard output, if not said otherwise."""
        stream = stream or self.process.stdout
        assert stream is not None
        return read_until(stream.fileno(), text)

    def complains(self, text: bytes) -> bytes:
        return self.hear(text, self.process.stderr)

    def echoes(self) -> bool:
        """Whether it gives back what it is sent, as cat(1) does: it runs, unharmed."""
        self.say(b"are you there?\n")
        return self.hear(b"\n") == b"are you there?\n"

    def end(self) -> Finished:
        """Wait for its end, by something else than that of its standard input; it writes little."""
        self.process.wait(timeout=BOUND)
        return self.finish()

    def finish(self) -> Finished:
        """Wait for its end; nothing more is said to it."""
        out, err = self.process.communicate(timeout=BOUND)
        return Finished(self.process.returncode, out or b"", err or b"")


def read_until(fd: int, text: bytes) -> bytes:
    end = time.monotonic() + BOUND
    data = b""
    while not data.endswith(text):
        ready, _, _ = select.select([fd], [], [], max(0.0, end - time.monotonic()))
        assert ready, f"not within {BOUND:.0f} s: {text!r}; got {data!r}"
        byte = os.read(fd, 1)
        assert byte, f"the end came before {text!r}; got {data!r}"
        data += byte
    return data


@contextlib.contextmanager
def running(argv: Words, **how: Any) -> Iterator[Running]:
    """A program that runs meanwhile, and is ended afterwards with all of its session."""
    process = start(argv, **{"stdin": subprocess.PIPE, **how})
    try:
        yield Running(process)
    finally:
        kill_session(process.pid)
        close(process)


@contextlib.contextmanager
def tracing(*argv: str | bytes, before: Words = (), **how: Any) -> Iterator[Running]:
    """Picotrace, running meanwhile. Once it has ended, nothing may be left of its session."""
    with running([*before, *COMMAND, *argv], **how) as run:
        yield run
        if run.process.poll() is not None:
            left = end_session(run.pid)
            assert not left, f"left over: {left}"


def ready_and_reading(run: Running, trace: Path) -> None:
    """Wait until a shell that is traced has said "ready", and is in the read(2) that comes then.

    A signal that comes between the two is lost to dash: it looks for those it traps before the
    read, which then sleeps.
    """
    run.hear(b"ready\n")
    eventually(lambda: b" SCE read(0," in trace.read_bytes(), "it reads")


def insist(run: Running, signo: int) -> None:
    """Again and again, less than a second apart, as somebody does who wants it to end."""
    end = time.monotonic() + BOUND
    while time.monotonic() < end:
        run.kill(signo)
        with contextlib.suppress(subprocess.TimeoutExpired):
            run.process.wait(timeout=0.4)
            return
    pytest.fail("it does not end")


def status_field(pid: int, field: str) -> str:
    text = Path(f"/proc/{pid}/status").read_text(errors="backslashreplace")
    found = re.search(rf"^{field}:\s*(.*)$", text, re.MULTILINE)
    assert found is not None, field
    return found[1]


class Line(NamedTuple):
    """A line of the trace."""

    pid: int
    lwp: int
    program: str
    event: str
    info: str


LINE = re.compile(r"([ \d]{5}\d+) ([ \d]{5}\d+) ( *)([!-~]+) ([A-Z_]+(?:\[\d+\])?)(?: ([ -~]*))?")


def last_of_first(text: bytes) -> Line:
    """The last line of the process of which the first one is: others may end after it."""
    seen = lines(text)
    return [line for line in seen if line.pid == seen[0].pid][-1]


def lines(text: bytes) -> list[Line]:
    """The events of the trace, of which every line must be a whole one."""
    assert text == b"" or text.endswith(b"\n"), f"the last line is cut: {text[-100:]!r}"
    found = []
    for line in text.decode("ascii").splitlines():
        match = LINE.fullmatch(line)
        assert match is not None, f"no line of a trace: {line!r}"
        pid, lwp, padding, program, event, info = match.groups()
        if "[" in event:
            continue  # ARGV[0] and so on: what a new image was given, which is no event
        assert len(padding + program) == max(14, len(program)), line
        found.append(Line(int(pid), int(lwp), program, event, info or ""))
    return found
