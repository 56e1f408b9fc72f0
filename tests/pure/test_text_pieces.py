"""Lines of text that are given to the caller: the same as are written, by process."""

from __future__ import annotations

import re

import pytest
from test_linux_loop import GETPID, READ

import pypicotrace as pt
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
