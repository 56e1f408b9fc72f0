"""Values as JSON has them: words of 64 bits, and bytes that are mostly text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from pypicotrace.calls import ABI_NAMES, name_of, syscall

Word = int | str
"""64 bits: a number up to `NUMBER_MAX`, or hexadecimal in a string."""
NUMBER_MAX = 2**53 - 1
"""Up to here a number is the same to every reader of JSON (RFC 8259, section 6)."""


class Call(NamedTuple):
    """What a table says of a call, as it is needed here."""

    abi: str
    name: str
    pointers: tuple[int, ...]
    """The places of arguments that are addresses."""
    points: bool
    """The result is one."""


@lru_cache(maxsize=4096)
def call_of(abi: int, sysnum: int) -> Call:
    call = syscall(abi, sysnum)
    types = [param.type for param in call.params] if call is not None else []
    pointers = tuple(place for place, type in enumerate(types) if type.endswith("*"))
    points = call is not None and call.returns.endswith("*")
    return Call(ABI_NAMES.get(abi, "unknown"), name_of(call, sysnum), pointers, points)


@lru_cache(maxsize=4096)
def program_of(data: bytes) -> str:
    return text_of(data.partition(b"\0")[0])


def word(value: int, points: bool = False) -> Word:
    return hex(value) if points or value > NUMBER_MAX else value


def words(values: tuple[int, ...], pointers: tuple[int, ...]) -> Sequence[Word]:
    if not values:
        return values
    if max(values) > NUMBER_MAX:
        return [word(value, place in pointers) for place, value in enumerate(values)]
    if not pointers:
        return values
    made: list[Word] = list(values)
    for place in pointers:
        if place < len(values):  # a record may have fewer than its table
            made[place] = hex(values[place])
    return made


def text_of(data: bytes) -> str:
    r"""Bytes as a string that has all of them: what is no UTF-8 as ``\xHH``, ``\`` as ``\\``."""
    return data.replace(b"\\", b"\\\\").decode(errors="backslashreplace")


ESCAPED = re.compile(rb"\\(?:(\\)|x([0-9a-f]{2}))?")


def bytes_of(text: str) -> bytes:
    r"""The bytes of such a string.

    :raises ValueError: a ``\`` in it begins nothing of the kind.
    """
    return ESCAPED.sub(_unescaped, text.encode())


def _unescaped(found: re.Match[bytes]) -> bytes:
    backslash, digits = found.groups()
    if backslash is None and digits is None:
        raise ValueError(r"a backslash that is neither \\ nor \xHH")
    return backslash or bytes.fromhex(digits.decode())
