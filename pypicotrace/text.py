"""The trace as lines of text, which C writes while the tracees run on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import IntFlag
from typing import Any, NamedTuple

from pypicotrace import syscalls as tables
from pypicotrace._ffi import ffi, lib
from pypicotrace.calls import ABIS
from pypicotrace.names import call_names, kept, names
from pypicotrace.syscalls import Table
from pypicotrace.syscalls.auxv import packed_auxv


class Text(IntFlag):
    """How `Loop.write_text` writes."""

    PLAIN = 0
    NUMBERS = lib.PICO_TEXT_NUMBERS
    """Numbers in place of names."""
    CLOCK = lib.PICO_TEXT_CLOCK
    """Each line begins with the local time."""
    SINCE = lib.PICO_TEXT_SINCE
    """Each line begins with the seconds since the line before."""
    ELAPSED = lib.PICO_TEXT_ELAPSED
    """SCX ends with the seconds spent in the call."""
    COLOUR = lib.PICO_TEXT_COLOUR
    """Failures red, signals yellow, processes and LWPs green."""
    ARGV = lib.PICO_TEXT_ARGV
    """The arguments of each new image,"""
    ENV = lib.PICO_TEXT_ENV
    """its environment,"""
    AUXV = lib.PICO_TEXT_AUXV
    """and its auxiliary vector, a line each."""
    SENDER = lib.PICO_TEXT_SENDER
    """Who sent a signal, where that is known."""


class Piece(NamedTuple):
    """Lines of one process: its ``pid``; ``lines``, each with its newline; and whether they are the
    ``last``, for it has ended, or was let go.
    """

    pid: int
    lines: bytes
    last: bool


def open_text(keep: list[Any], fd: int, flags: int, calls: Sequence[Table]) -> Any:
    """A ``struct pico_text *`` that writes to a descriptor, and has all names that it needs.

    :param keep: gets what C borrows.
    :param flags: `Text`, and what the writer may do.
    :param calls: the tables of the ABIs that there are, all of one system.
    """
    text = kept(keep, ffi.gc(lib.pico_text_new(fd, flags), lib.pico_text_free))
    for table in calls:
        lib.pico_text_set_syscalls(text, ABIS[table.abi], call_names(keep, table))
    system = calls[0].abi.partition("-")[0]
    errors, signals = tables.errors(system), tables.signals(system)
    first = min(errors)
    packed = tables.pack_names(errors, first)
    lib.pico_text_set_errors(text, names(keep, packed, first=first))
    lib.pico_text_set_signals(text, names(keep, tables.pack_names(signals)))
    lib.pico_text_set_auxv(text, names(keep, *packed_auxv(system)))
    return text


def take_pieces(text: Any, taken: deque[Piece]) -> None:
    """Take what a ``struct pico_text *`` has kept. Where a handler raises, it has it still.

    :param taken: gets it at its end.
    :raises MemoryError: there was none for all of it.
    """
    pieces, lines = ffi.new("struct pico_piece **"), ffi.new("char **")
    size = ffi.new("uint64_t *")
    count = lib.pico_text_pieces(text, pieces, lines, size)
    if count < 0:
        lib.pico_text_taken(text)
        raise MemoryError("there is none left for the lines of the trace")
    all_lines = ffi.buffer(lines[0], size[0])
    found = list(pieces[0][0:count]) if count else []
    ends = [*(piece.start for piece in found[1:]), size[0]]
    new = [
        Piece(piece.pid, all_lines[piece.start : end], bool(piece.last))
        for piece, end in zip(found, ends, strict=bool(count))
    ]
    # At once: no handler runs in between.
    taken += new
    lib.pico_text_taken(text)
