"""Which system calls are meant: names, %classes, /regular expressions/, each with ``!`` or not."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pypicotrace.syscalls import Table, near


class Selection(NamedTuple):
    """The chosen numbers of one table; ``others``: also numbers without a name."""

    numbers: frozenset[int]
    others: bool

    def bits(self, table: Table) -> tuple[bytes, int]:
        """For the C core: a bit per number of the table, from its base, and how many there are."""
        count = max(table.by_number, default=table.base - 1) + 1 - table.base
        numbers = range(table.base, table.base + count)
        unnamed = frozenset(numbers) - table.by_number.keys() if self.others else frozenset()
        return pack_bits(n in self.numbers or n in unnamed for n in numbers), count


def pack_bits(bits: Iterable[bool]) -> bytes:
    """Bits for the C core, eight in a byte, the lowest first; one byte at least."""
    packed = bytearray()
    for place, bit in enumerate(bits):
        if place % 8 == 0:
            packed.append(0)
        packed[place // 8] |= bit << place % 8
    return bytes(packed or b"\0")


def select(words: Sequence[str], tables: Sequence[Table]) -> list[Selection]:
    """The calls that ``words`` choose in each table, the words taken one after the other.

    A word is a name, a ``%class``, a ``/regular expression/`` that is searched for in the names,
    ``all`` or ``none``; ``!`` before it takes the calls away. Where the first word takes away, it
    does so from all. A process may use several tables (its own, and that of 32-bit programs): a
    name need not be in each.

    :raises ValueError: a word that is empty, chooses nothing in any table or is no regular
        expression or class; the message names it, and names like it.
    """
    meant = [_matching(word.removeprefix("!"), tables) for word in words]
    return [
        _combine(words, [numbers[place] for numbers in meant], table)
        for place, table in enumerate(tables)
    ]


def _combine(words: Sequence[str], meant: Sequence[frozenset[int]], table: Table) -> Selection:
    chosen: set[int] = set()
    others = False
    for place, (word, numbers) in enumerate(zip(words, meant, strict=True)):
        negated = word.startswith("!")
        everything = word.removeprefix("!") == "all"
        if negated:
            if place == 0:
                chosen, others = set(table.by_number), True
            chosen -= numbers
            others = others and not everything
        else:
            chosen |= numbers
            others = others or everything
    return Selection(frozenset(chosen), others)


def _matching(word: str, tables: Sequence[Table]) -> list[frozenset[int]]:
    if word == "all":
        return [frozenset(table.by_number) for table in tables]
    if word == "none":
        return [frozenset() for _ in tables]
    if word.startswith("/"):
        return _searched(word, tables)
    if word.startswith("%"):
        from pypicotrace.syscalls.classes import class_named  # most runs name none

        return [class_named(word[1:]).numbers(table) for table in tables]
    if not word:
        raise ValueError("an empty word; give the name of a system call")
    found = [frozenset({t.by_name[word].number} if word in t.by_name else ()) for t in tables]
    if any(found):
        return found
    like = _like(word, tables[0])
    hint = f"; did you mean {' or '.join(like)}?" if like else ""
    raise ValueError(f"{word!r} is not a system call of {tables[0].abi}{hint}")


def _like(word: str, table: Table) -> list[str]:
    from pypicotrace.syscalls.classes import CLASSES

    return [f"%{word}"] if word in CLASSES else near(word, table.by_name)


def _searched(word: str, tables: Sequence[Table]) -> list[frozenset[int]]:
    if len(word) == 1 or not word.endswith("/"):
        raise ValueError(f"{word!r} lacks the / that ends a regular expression")
    if word == "//":
        raise ValueError("an empty regular expression; 'all' means every system call")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            pattern = re.compile(word[1:-1])
    except (re.error, Warning, ValueError, OverflowError, RecursionError) as error:
        raise ValueError(f"{word!r} is not a regular expression: {error}") from None
    found = [
        frozenset(call.number for call in table.by_number.values() if pattern.search(call.name))
        for table in tables
    ]
    if not any(found):
        raise ValueError(f"{word!r} matches no system call of {tables[0].abi}")
    return found
