"""The filter in the kernel: its program stops at the calls that were chosen, and at no other."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from pypicotrace import seccomp, syscalls
from pypicotrace.syscalls import Table
from pypicotrace.syscalls.select import Selection, select

ROOT = Path(__file__).resolve().parents[2]
MACHINES = ("x86_64", "i686", "aarch64")
CHOICES = [
    ["openat", "close"],
    ["/^s/"],
    ["!read", "!write"],
    ["none"],
    ["all"],
    ["/[aeiou]$/"],
    ["getpid", "!getpid"],
]
ARM = 0x40000028


def run(code: bytes, number: int, arch: int) -> int:
    """What the kernel would get of a program: classic BPF, as far as it is used here."""
    steps = list(struct.iter_unpack("=HBBI", code))
    data = struct.pack("=iI", number, arch)
    loaded, place = 0, 0
    while True:
        what, yes, no, value = steps[place]
        place += 1
        if what == seccomp.LOAD:
            (loaded,) = struct.unpack_from("=I", data, value)
        elif what == seccomp.JUMP:
            place += value
        elif what == seccomp.EQUAL:
            place += yes if loaded == value else no
        elif what == seccomp.AT_LEAST:
            place += yes if loaded >= value else no
        else:
            assert what == seccomp.RETURN
            return value


def stops(code: bytes, number: int, arch: int) -> bool:
    answer = run(code, number, arch)
    assert answer in (seccomp.ALLOW, seccomp.TRACE)
    return answer == seccomp.TRACE


def tables_of(machine: str) -> list[Table]:
    return [syscalls.load(abi) for abi in syscalls.for_system("linux", machine)]


def wanted(table: Table, selection: Selection, number: int) -> bool:
    if number not in table.by_number:
        return selection.others
    return number in selection.numbers or table.by_number[number].name in seccomp.ALWAYS


def looked_at(table: Table) -> Iterator[int]:
    """Every number of a table, those beside them, and the ends of what a number can be."""
    beside = {n + step for n in table.by_number for step in (-1, 0, 1)}
    yield from sorted(beside - {table.base - 1})
    yield from (table.base + 5000, table.base + 2**30 - 1)
    if not table.base:
        yield from (-(2**31), -1)  # no other ABI's


@pytest.mark.parametrize("machine", MACHINES)
@pytest.mark.parametrize("words", CHOICES, ids=",".join)
def test_it_stops_at_the_chosen_calls_and_no_others(machine: str, words: list[str]) -> None:
    tables = tables_of(machine)
    chosen = select(words, tables)
    code = seccomp.program(tables, chosen)
    for table, selection in zip(tables, chosen, strict=True):
        arch = seccomp.ARCHES[table.abi]
        for number in looked_at(table):
            assert stops(code, number, arch) == wanted(table, selection, number), number


@pytest.mark.parametrize("machine", MACHINES)
def test_what_the_loop_needs_stops_whatever_was_chosen(machine: str) -> None:
    tables = tables_of(machine)
    code = seccomp.program(tables, select(["none"], tables))
    for table in tables:
        arch = seccomp.ARCHES[table.abi]
        found = {c.name for n, c in table.by_number.items() if stops(code, n, arch)}
        assert found == set(seccomp.ALWAYS) & table.by_name.keys()


def test_an_abi_without_a_table_always_stops() -> None:
    tables = tables_of("aarch64")
    code = seccomp.program(tables, select(["none"], tables))
    assert all(stops(code, number, ARM) for number in (-1, 0, 1, 500))


def test_all_calls_without_a_search() -> None:
    tables = tables_of("x86_64")
    assert len(seccomp.program(tables, None)) == 8
    assert stops(seccomp.program(tables, None), 39, seccomp.ARCHES["linux-x86_64"])


def test_the_longest_program_is_one_that_the_kernel_takes() -> None:
    """Every other number: there is no choice with more turns."""
    tables = tables_of("x86_64")
    chosen = [Selection(frozenset(sorted(t.by_number)[::2]), others=False) for t in tables]
    code = seccomp.program(tables, chosen)
    assert 1000 < len(code) // 8 <= seccomp.LONGEST
    for table, selection in zip(tables, chosen, strict=True):
        arch = seccomp.ARCHES[table.abi]
        assert all(stops(code, n, arch) == wanted(table, selection, n) for n in table.by_number)


def test_a_program_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    tables = tables_of("x86_64")
    monkeypatch.setattr(seccomp, "LONGEST", 100)
    with pytest.raises(ValueError, match="the kernel takes 100"):
        seccomp.program(tables, select(["/^s/"], tables))


def test_a_search_is_short() -> None:
    """In halves: twice the logarithm of the turns, and what leads there."""
    tables = tables_of("x86_64")
    code = seccomp.program(tables, select(["/[aeiou]$/"], tables))
    steps = list(struct.iter_unpack("=HBBI", code))
    assert longest_way(steps) < 30 < len(steps)


def longest_way(steps: list[tuple[int, int, int, int]]) -> int:
    ways = [0] * len(steps)
    for place in reversed(range(len(steps))):
        what, yes, no, value = steps[place]
        if what == seccomp.RETURN:
            after = []
        elif what == seccomp.JUMP:
            after = [place + 1 + value]
        elif what == seccomp.LOAD:
            after = [place + 1]
        else:
            after = [place + 1 + yes, place + 1 + no]
        ways[place] = 1 + max((ways[way] for way in after), default=0)
    return ways[0]


def test_the_numbers_that_c_knows_are_those_of_the_tables() -> None:
    text = (ROOT / "csrc" / "linux" / "calls.c").read_text()
    rows = re.findall(r"\[LINUX_(\w+)\] = CALL\((\d+), (\d+), (\d+), \d+\)", text)
    assert rows
    for name, *numbers in rows:
        for abi, number in zip(("x86_64", "i386", "aarch64"), numbers, strict=True):
            table = syscalls.load(f"linux-{abi}")
            assert table.by_name[name.lower()].number == int(number), (name, abi)
        if name.lower() in syscalls.load("linux-x32").by_name:
            x32 = syscalls.load("linux-x32")
            assert x32.by_name[name.lower()].number - x32.base == int(numbers[0]), name


def test_what_the_loop_needs_has_a_name_somewhere() -> None:
    names = set(chain.from_iterable(syscalls.load(abi).by_name for abi in seccomp.ARCHES))
    assert set(seccomp.ALWAYS) <= names
