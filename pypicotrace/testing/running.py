"""Running a program to its end under the tracer."""

from __future__ import annotations

import contextlib
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import IO, Any

from pypicotrace.choice import Follow
from pypicotrace.errors import TraceeDied
from pypicotrace.events import Event, SyscallEntry, SyscallExit
from pypicotrace.kinds import Mask
from pypicotrace.launch import Path
from pypicotrace.loop import Loop
from pypicotrace.start import spawn
from pypicotrace.testing.strings import filled, given
from pypicotrace.testing.trace import Trace, traced_events

BOUND = 60.0
COLLECT: Any = object()
"""Of ``stdout`` and ``stderr``: it goes to the trace."""


class TraceTimeout(AssertionError):
    """The program did not end in time. ``trace`` has what it did until then."""

    def __init__(self, bound: float, trace: Trace) -> None:
        last = "".join(f"\n  {line}" for line in str(trace).splitlines()[-5:])
        super().__init__(f"the program did not end within {bound:g} s; what it did last:{last}")
        self.trace = trace


def run_traced(
    argv: Sequence[Path],
    *,
    events: Mask = Mask.ALL,
    follow: Follow | bool = False,
    syscalls: Iterable[str] | None = None,
    strings: bool = True,
    at_stop: Callable[[Any], object] | None = None,
    timeout: float = BOUND,
    stdin: Any = None,
    stdout: Any = COLLECT,
    stderr: Any = COLLECT,
    **options: Any,
) -> Trace:
    """Run a program to its end and give back what it did.

    :param events, follow, syscalls: as `pypicotrace.spawn` takes them.
    :param strings: read the strings behind the calls' pointers: names and what is written at each
        entry, or, where ``events`` has no SCE, at each exit; what is read at each exit. Of each the
        first 4096 bytes.
    :param at_stop: called with each event while its LWP stands still; it may use ``event.stop``.
    :param timeout: seconds that the program may take; then it is killed.
    :param stdout, stderr: as `pypicotrace.spawn` takes them; when not given they go to the trace.
    :param options: what else `pypicotrace.spawn` takes.
    :raises ValueError: ``timeout`` is no time to wait.
    :raises TraceTimeout: it took longer. (An AssertionError: a test that hangs has failed.)
    :raises LaunchError: the program cannot be executed.
    """
    if not isinstance(timeout, int | float) or not 0 <= timeout <= threading.TIMEOUT_MAX:
        raise ValueError(f"timeout is a number of seconds, not {timeout!r}")
    record: list[Event] = []
    known: dict[int, dict[str, bytes]] = {}
    entries = bool(events & Mask.SCE)
    with contextlib.ExitStack() as files:
        out, err = (_output(files, where) for where in (stdout, stderr))
        streams = {"stdin": stdin, "stdout": out or stdout, "stderr": err or stderr}
        loop = spawn(argv, events=events, follow=follow, syscalls=syscalls, **streams, **options)
        with loop, _alarm(loop, timeout) as late:
            for event in loop:
                record.append(event)
                if strings and isinstance(event, SyscallEntry):
                    first = getattr(event, "enter_seq", 0) or event.seq
                    known.setdefault(first, {}).update(_strings(event, entries))
                if at_stop is not None:
                    at_stop(event)
        seen = traced_events(record, known)
        trace = Trace(seen, loop.root, loop.status, _contents(out), _contents(err))
    if late.is_set():
        raise TraceTimeout(timeout, trace)
    return trace


def _strings(event: SyscallEntry, entries: bool) -> dict[str, bytes]:
    """What is to be read at a call's entry, and at its exit."""
    ended = isinstance(event, SyscallExit)
    try:
        found = {} if ended and entries else given(event)
        return {**found, **filled(event)} if isinstance(event, SyscallExit) else found
    except TraceeDied:
        return {}  # its end follows


@contextlib.contextmanager
def _alarm(loop: Loop, seconds: float) -> Iterator[threading.Event]:
    """Ends the loop after that time; the event tells that it did."""
    late = threading.Event()

    def end() -> None:
        late.set()
        loop.interrupt()

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()
    try:
        yield late
    finally:
        timer.cancel()
        timer.join()


def _output(files: contextlib.ExitStack, where: Any) -> IO[bytes] | None:
    return files.enter_context(tempfile.TemporaryFile()) if where is COLLECT else None


def _contents(file: IO[bytes] | None) -> bytes:
    if file is None:
        return b""
    file.seek(0)
    return file.read()
