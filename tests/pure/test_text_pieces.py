"""Lines of text that are given to the caller: the same as are written, by process."""

from __future__ import annotations

import contextlib
import errno
import itertools
import os
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest
from test_linux_loop import GETPID, READ

import pypicotrace as pt
from pypicotrace import text as module
from pypicotrace.batch import Batch
from pypicotrace.choice import Choice, Follow
from pypicotrace.testing import script as s
from pypicotrace.testing.script import FakeKernel, Scripted, play
from pypicotrace.text import Piece, Text

START = [s.exec_(10, argv=[b"prog", b"a b"]), s.exit_(10, 0)]
CHILD = [s.made(10, s.EVENT_FORK, 20), s.first_stop(20, pid=20, parent=10)]
CALLS = [s.entry(10, GETPID), s.entry(20, READ), s.exit_(20, 0), s.exit_(10, 10)]
ENDS = [s.exited(20, 3), s.exited(10, 0)]
WHOLE = [*START, *CHILD, *CALLS, *ENDS]


def text_of(stops: list[Scripted], style: Text = Text.PLAIN) -> list[Piece]:
    loop = FakeKernel(stops).loop(Choice(pt.ALL, Follow.ALL))
    with loop:
        found = list(loop.text(style))
    return [*found, *loop.rest_text]


def pids(text: bytes) -> set[int]:
    return {int(line.split()[0]) for line in text.splitlines()}


@pytest.mark.parametrize("style", [Text.PLAIN, Text.NUMBERS | Text.ARGV])
def test_together_they_are_what_is_written(style: Text) -> None:
    pieces = text_of(WHOLE, style)
    assert b"".join(piece.lines for piece in pieces) == play(WHOLE, text=style).text
    for piece in pieces:
        assert pids(piece.lines) == {piece.pid}
    assert [(piece.pid, piece.last) for piece in pieces] == [
        (10, False),
        (20, False),
        (10, False),
        (20, True),
        (10, True),
    ]


def test_the_arguments_are_the_processs_own() -> None:
    [first, *_] = text_of(WHOLE, Text.ARGV)
    assert re.findall(rb"ARGV\[\d\] '(.*)'", first.lines) == [b"prog", b"a b"]


def test_more_than_a_buffer() -> None:
    stops = [*START, *[*CALLS[:1], s.exit_(10, 1)] * 2000, s.exited(10, 0)]
    text = b"".join(piece.lines for piece in text_of(stops))
    assert text == play(stops, text=Text.PLAIN).text
    assert len(text) > 2 * 64 * 1024


def test_a_process_that_comes_again() -> None:
    """The same id right after its end: another piece."""
    again = [s.made(10, s.EVENT_FORK, 20), s.first_stop(20, pid=20, parent=10), s.exited(20, 4)]
    pieces = text_of([*START, *CHILD, s.exited(20, 3), *again, s.exited(10, 0)])
    assert [piece.pid for piece in pieces if piece.last] == [20, 20, 10]


def test_what_happens_while_the_loop_is_closed() -> None:
    loop = FakeKernel([s.first_stop(10, pid=10), *CALLS[:1], s.first_stop(10)]).loop(
        Choice(pt.ALL, Follow.ALL), [10]
    )
    with loop:
        loop.interrupt()
        assert list(loop.text()) == []
    text = b"".join(piece.lines for piece in loop.rest_text)
    assert text.split()[-1] == b"DETACHED"
    assert loop.rest_text[-1].last


def test_an_iteration_that_is_left_early_is_gone_on_with() -> None:
    loop = FakeKernel(WHOLE).loop(Choice(pt.ALL, Follow.ALL))
    with loop:
        pieces = [next(loop.text()), next(loop.text()), *loop.text()]
    assert [*pieces, *loop.rest_text] == text_of(WHOLE)


def test_what_nobody_has_got_is_there_when_the_loop_is_closed() -> None:
    loop = FakeKernel(WHOLE).loop(Choice(pt.ALL, Follow.ALL))
    with loop:
        lines = loop.text()
        piece = next(lines)
        loop.close()
        with pytest.raises(pt.LoopClosed):
            next(lines)
    assert [piece, *loop.rest_text] == text_of(WHOLE)


def test_lines_that_are_lost_are_so_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another iteration goes on with what comes then."""
    stops = [*START, s.interrupted(), *CALLS[:1], s.exit_(10, 10), s.exited(10, 0)]
    loop = FakeKernel(stops).loop(Choice(pt.ALL, Follow.ALL))
    real, poor = module.lib, []

    class Poor:
        """The first text has no memory."""

        def __getattr__(self, name: str) -> Any:
            return getattr(real, name)

        def pico_text_pieces(self, text: Any, *filled: Any) -> int:
            count = int(real.pico_text_pieces(text, *filled))
            if count and not poor:
                poor.append(text)
            return -errno.ENOMEM if text in poor else count

    monkeypatch.setattr(module, "lib", Poor())
    with loop:
        with pytest.raises(MemoryError):
            list(loop.text())
        assert [event.seq for event in itertools.islice(loop, 1)] == [2]
        lines = b"".join(piece.lines for piece in loop.text())
    assert loop.rest_text == []
    assert [line.split()[3] for line in lines.splitlines()] == [b"SCX", b"EXITED"]


# A loop, as far as its iteration can be interrupted, in the ways in which it can be had.

PACKAGE = os.path.dirname(pt.__file__)
TESTING = os.path.join(PACKAGE, "testing")


class Raised(Exception):
    """What the handler of a signal raises."""


class Handler:
    """Raises once, at the n-th place where the handler of a signal may run in the package.

    That is where a function begins or goes on, and where one of C's has returned.
    """

    def __init__(self, nth: int) -> None:
        self.left = nth

    def __call__(self, frame: FrameType, event: str, arg: object) -> None:
        file = frame.f_code.co_filename
        if event not in ("call", "c_return") or not file.startswith(PACKAGE):
            return
        if file.startswith(TESTING):
            return
        self.left -= 1
        if self.left == 0:
            sys.setprofile(None)
            raise Raised


# Each line is another, and each call's are handed over when it is over.
CALM = [*START, *CHILD]
for number in range(4):
    CALM += [s.entry(10, READ, number), s.exit_(10, number), s.interrupted()]
CALM += [s.exited(20, 3), s.exited(10, 0)]

Way = Callable[[pt.Loop], Iterator[Any]]


def text(loop: pt.Loop) -> Iterator[Any]:
    return loop.text()


def events(loop: pt.Loop) -> Iterator[Any]:
    return iter(loop)


def batches(loop: pt.Loop) -> Iterator[Any]:
    return loop.stream(3)


def read(first: Way, then: Way, nth: int) -> tuple[list[Any], bool]:
    """All that is to be had, and whether a handler has raised; the second way goes on then."""
    got: list[Any] = []
    handler = Handler(nth)
    with FakeKernel(CALM).loop(Choice(pt.ALL, Follow.ALL)) as loop:
        sys.setprofile(handler)
        try:
            for each in first(loop):
                got.append(each)
        except Raised:
            pass
        finally:
            sys.setprofile(None)
        # The others have what was left for another of their kind.
        for way in (then, text, events, batches):
            got += way(loop)
    assert loop.rest_text == []
    return got, handler.left <= 0


def lines_of(got: list[Any], every: list[bytes]) -> list[bytes]:
    """The lines of what was read, where an event has its place among all."""
    lines: list[bytes] = []
    for each in got:
        if isinstance(each, Piece):
            lines += each.lines.splitlines()
        else:
            lines += [
                every[seq - 1] for seq in (each.seq if isinstance(each, Batch) else [each.seq])
            ]
    return lines


WAYS = [text, events, batches]


@pytest.mark.parametrize("then", WAYS)
@pytest.mark.parametrize("first", WAYS)
def test_a_handler_that_raises_loses_nothing(first: Way, then: Way) -> None:
    """At each place where it may."""
    every = lines_of(read(text, text, 0)[0], [])
    assert len(set(every)) == len(every)
    for nth in itertools.count(1):
        got, raised = read(first, then, nth)
        lines = lines_of(got, every)
        assert sorted(lines) == sorted(every), nth
        if first == then:
            assert lines == every, nth
        if not raised:
            break
    assert nth > 50


def test_a_handler_that_raises_loses_nothing_of_what_is_written(tmp_path: Path) -> None:
    """At its end it has lines in its buffer, and the next one writes them."""
    every = play(CALM, text=Text.PLAIN).text
    for nth in itertools.count(1):
        handler, path = Handler(nth), tmp_path / str(nth)
        with FakeKernel(CALM).loop(Choice(pt.ALL, Follow.ALL)) as loop, path.open("wb") as file:
            sys.setprofile(handler)
            with contextlib.suppress(Raised):
                loop.write_text(file.fileno())
            sys.setprofile(None)
            assert loop.write_text(file.fileno()) == 0
        assert path.read_bytes() == every, nth
        if handler.left > 0:
            break
    assert nth > 20
