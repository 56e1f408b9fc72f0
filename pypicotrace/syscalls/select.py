"""Which system calls are meant: names, /regular expressions/, either with ``!`` before it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from pypicotrace.syscalls import Table, near


class Selection(NamedTuple):
    """The chosen numbers of one table; ``others``: also numbers without a name."""

    numbers: frozenset[int]
    others: bool

    def bits(self, table: Table) -> tuple[bytes, int]:
        """For the C core: a bit per number of the table, from 0, and how many bits there are."""
        count = max(table.by_number, default=-1) + 1
        packed = bytearray(count // 8 + 1)
        for number in range(count):
            if number in self.numbers or (self.others and number not in table.by_number):
                packed[number // 8] |= 1 << number % 8
        return bytes(packed), count


def select(words: Iterable[str], table: Table) -> Selection:
    """The calls that ``words`` choose, taken one after the other.

    A word is a name, a ``/regular expression/`` that is searched for in the names, ``all`` or
    ``none``; ``!`` before it takes the calls away. Where the first word takes away, it does so from
    all.

    :raises ValueError: a word that is empty, chooses nothing or is no regular expression; the
        message names it, and names like it.
    """
    chosen: set[int] = set()
    others = False
    for place, word in enumerate(words):
        negated = word.startswith("!")
        meant, everything = _matching(word.removeprefix("!"), table)
        if place == 0 and negated:
            chosen, others = set(table.by_number), True
        if negated:
            chosen -= meant
            others = others and not everything
        else:
            chosen |= meant
            others = others or everything
    return Selection(frozenset(chosen), others)


def _matching(word: str, table: Table) -> tuple[set[int], bool]:
    if word == "all":
        return set(table.by_number), True
    if word == "none":
        return set(), False
    if word.startswith("/"):
        return _searched(word, table), False
    if word in table.by_name:
        return {table.by_name[word].number}, False
    if not word:
        raise ValueError("an empty word; give the name of a system call")
    like = near(word, table.by_name)
    hint = f"; did you mean {' or '.join(like)}?" if like else ""
    raise ValueError(f"{word!r} is not a system call of {table.abi}{hint}")


def _searched(word: str, table: Table) -> set[int]:
    if len(word) == 1 or not word.endswith("/"):
        raise ValueError(f"{word!r} lacks the / that ends a regular expression")
    if word == "//":
        raise ValueError("an empty regular expression; 'all' means every system call")
    try:
        pattern = re.compile(word[1:-1])
    except re.error as error:
        raise ValueError(f"{word!r} is not a regular expression: {error}") from None
    found = {call.number for call in table.by_number.values() if pattern.search(call.name)}
    if not found:
        raise ValueError(f"{word!r} matches no system call of {table.abi}")
    return found
