"""The recordings with ids of LWPs as in NetBSD 9: each process has its own, from 1."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace

import pytest
from played import NAMES, play_recording, recording, text_of

from pypicotrace.testing.script import Scripted
from pypicotrace.text import Text

TRAP_LWP = (5, 5)
"""si_signo and si_code: /usr/include/sys/siginfo.h."""

Number = Callable[[int, int], int]


def numbering() -> Number:
    """The id that an LWP of a process has in NetBSD 9, by the one that it was recorded with."""
    known: defaultdict[int, dict[int, int]] = defaultdict(dict)

    def number(pid: int, lwp: int) -> int:
        return known[pid].setdefault(lwp, len(known[pid]) + 1) if lwp else 0

    return number


def renumbered(stop: Scripted, number: Number) -> Scripted:
    if not stop.siginfo:
        return stop
    siginfo = bytearray(stop.siginfo)
    (lwp,) = struct.unpack_from("<i", siginfo, 128)
    struct.pack_into("<i", siginfo, 128, number(stop.id, lwp))
    if struct.unpack_from("<2i", siginfo) == TRAP_LWP:
        (other,) = struct.unpack_from("<i", siginfo, 20)
        struct.pack_into("<i", siginfo, 20, number(stop.id, other))
    return replace(stop, siginfo=bytes(siginfo))


def renumbered_text(line: str, number: Number) -> str:
    pid, lwp, rest = re.fullmatch(r" *(\d+) +(\d+)( .*)", line, re.DOTALL).groups()  # type: ignore[union-attr]
    rest = re.sub(r"\blwp=(\d+)$", lambda found: f"lwp={number(int(pid), int(found[1]))}", rest)
    return f"{pid:>6} {number(int(pid), int(lwp)):6}{rest}"


@pytest.mark.parametrize("name", NAMES)
def test_ids_of_lwps_that_begin_at_1(name: str) -> None:
    number = numbering()
    stops = [renumbered(stop, number) for stop in recording(name).stops]
    if recording(name).attached:
        stops[0] = replace(stops[0], lwps=[1])
        number(stops[0].id, stops[0].id)
    text = play_recording(name, stops, text=Text.PLAIN).text.decode()
    expected = [renumbered_text(line, number) for line in text_of(name).splitlines()]
    assert text.splitlines() == expected
