"""Linux's filter in the kernel: the program that stops a tracee at the chosen system calls only.

Pure. A program is classic BPF over ``struct seccomp_data`` (seccomp(2)): it looks at the ABI, then
searches the number in halves, so that a call that nobody wants costs a dozen steps.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from pypicotrace._ffi import lib
from pypicotrace.errors import Unsupported
from pypicotrace.syscalls import BASES, Table
from pypicotrace.syscalls.select import Selection

# linux/filter.h, linux/bpf_common.h: load a word, compare with a constant, jump, return.
LOAD, EQUAL, AT_LEAST, JUMP, RETURN = 0x20, 0x15, 0x35, 0x05, 0x06
# Places in struct seccomp_data (linux/seccomp.h), and what a program can answer.
NUMBER, ARCH = 0, 4
ALLOW, TRACE = 0x7FFF0000, 0x7FF00000 | lib.PICO_FILTER_WORD
# The longest jump of a comparison, and the longest program (BPF_MAXINSNS).
NEAR, LONGEST = 255, 4096

# linux/audit.h
ARCHES = {
    "linux-x86_64": 0xC000003E,
    "linux-x32": 0xC000003E,
    "linux-i386": 0x40000003,
    "linux-aarch64": 0xC00000B7,
}

# What the loop itself has to see: the first LWP's exit, of which the kernel tells in no other way;
# a child that asks not to be traced; that a process gets a filter of its own; and that it asks
# where it may run.
ALWAYS = (
    *("exit", "fork", "vfork", "clone", "clone3", "seccomp", "prctl"),
    *("sched_getaffinity", "sched_setaffinity", "getcpu"),
)


class Step(NamedTuple):
    """An instruction, ``struct sock_filter``."""

    code: int
    value: int
    yes: int = 0
    no: int = 0


def program(tables: Sequence[Table], chosen: Sequence[Selection] | None) -> bytes:
    """The filter that stops at the chosen calls of each table: an array of ``struct sock_filter``.

    A call of an ABI that has no table always stops.

    :param tables: of one machine, all ABIs that we know.
    :param chosen: by table; None: all calls.
    :raises Unsupported: the tables are another system's.
    :raises ValueError: it is longer than the kernel takes.
    """
    if any(table.abi not in ARCHES for table in tables):
        raise Unsupported(f"{tables[0].abi} has no filters of system calls in the kernel")
    if chosen is None:
        return packed([Step(RETURN, TRACE)])
    by_arch: dict[int, list[tuple[int, bool]]] = {}
    for table, selection in zip(tables, chosen, strict=True):
        by_arch.setdefault(ARCHES[table.abi], []).extend(_turns(table, selection))
    steps = [Step(LOAD, ARCH)]
    for arch, turns in by_arch.items():
        search = [Step(LOAD, NUMBER), *_search(_merged(turns))]
        steps += [Step(EQUAL, arch, 1, 0), Step(JUMP, len(search)), *search]
    steps.append(Step(RETURN, TRACE))
    if len(steps) > LONGEST:
        raise ValueError(f"a filter of {len(steps)} steps; the kernel takes {LONGEST}")
    return packed(steps)


def packed(steps: Sequence[Step]) -> bytes:
    """The same as the kernel takes them."""
    return b"".join(struct.pack("=HBBI", s.code, s.yes, s.no, s.value) for s in steps)


def _turns(table: Table, selection: Selection) -> list[tuple[int, bool]]:
    """From which number on calls stop, or run on: over all numbers that are of this ABI."""
    base = BASES.get(table.abi, 0)
    wanted = selection.numbers | {
        table.by_name[name].number for name in ALWAYS if name in table.by_name
    }
    turns = [(base, selection.others)]
    for number in sorted(table.by_number):
        turns += [(number, number in wanted), (number + 1, selection.others)]
    if base:
        return turns
    # Negative ones are no other ABI's, whose numbers end where these begin.
    return [*turns, (2**31, selection.others)]


def _merged(turns: list[tuple[int, bool]]) -> list[tuple[int, bool]]:
    """In order; of two at the same number the later holds; without those that change nothing."""
    last = sorted(dict(sorted(turns, key=lambda turn: turn[0])).items())
    return last[:1] + [after for before, after in pairwise(last) if before[1] != after[1]]


def _search(turns: Sequence[tuple[int, bool]]) -> list[Step]:
    if len(turns) == 1:
        return [Step(RETURN, TRACE if turns[0][1] else ALLOW)]
    middle = len(turns) // 2
    below, above = _search(turns[:middle]), _search(turns[middle:])
    if len(below) <= NEAR:
        return [Step(AT_LEAST, turns[middle][0], len(below), 0), *below, *above]
    return [
        Step(AT_LEAST, turns[middle][0], 0, 1),
        Step(JUMP, len(below)),
        *below,
        *above,
    ]
