"""What pointers point to: strings, what is written and read, arrays of numbers, iovec."""

from __future__ import annotations

import struct
from collections.abc import Callable

from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.call import Call, Decode, Unreadable
from pypicotrace.tools.decode.plain import done, shown_pointer, signed
from pypicotrace.tools.decode.text import quoted

PATH_MAX = 4096
"""Paths are shown whole."""
PROCESSORS_MAX = 8192
"""What Linux can be made for."""
WORDS_MAX = 4096
"""Arguments and variables of a new program are counted so far."""
ENTRIES_MAX = 2**24
"""Bytes of a directory's entries that are looked at: a result can be anybody's invention."""


def path(abi: Abi) -> Decode:
    """A file's name."""

    def decode(value: int, call: Call) -> str:
        if not value:
            return "NULL"
        try:
            return quoted(call.cstring(value, PATH_MAX), PATH_MAX)
        except Unreadable:
            return hex(value)

    return decode


def string(abi: Abi) -> Decode:
    """Any other string."""

    def decode(value: int, call: Call) -> str:
        if not value:
            return "NULL"
        shown = call.shown
        try:
            return quoted(call.cstring(value, shown.limit + 1), shown.limit, shown.hexadecimal)
        except Unreadable:
            return hex(value)

    return decode


def shown_bytes(addr: int, size: int, call: Call) -> str:
    """So many bytes, as far as they are shown."""
    if not addr:
        return "NULL"
    limit = call.shown.limit
    try:
        data = call.read(addr, min(size, limit + 1)) if size else b""
    except Unreadable:
        return hex(addr)
    return quoted(data, limit, call.shown.hexadecimal)


def given(abi: Abi, place: str) -> Decode:
    """A buffer that the call takes; its length is the argument at that place."""
    index = int(place)
    return lambda value, call: shown_bytes(value, call.args[index], call)


def queued(abi: Abi, place: str, way: str = "given") -> Decode:
    """A message of a queue of System V: a type that is a long, and text.

    The text's length is the argument at that place, or where it is ``filled`` the result.
    """
    index, word = int(place), abi.word

    def decode(value: int, call: Call) -> str:
        size = call.args[index] if way == "given" else call.retval
        # The kernel takes no size that is negative as a long.
        if not value or size is None or size >> (8 * word - 1):
            return shown_pointer(value, call)
        try:
            kind = int.from_bytes(call.read(value, word), "little", signed=True)
        except Unreadable:
            return hex(value)
        return f"{{mtype={kind}, mtext={shown_bytes(value + word, size, call)}}}"

    return decode


def filled(abi: Abi, place: str = "") -> Decode:
    """A buffer that the call has filled as far as its result says.

    Where a result may be more than there is room for, the room is the argument at that place.
    """

    def decode(value: int, call: Call) -> str:
        if call.retval is None:
            return shown_pointer(value, call)
        size = signed(call.retval, 64)
        return shown_bytes(value, min(size, call.args[int(place)]) if place else size, call)

    return decode


def filled_string(abi: Abi) -> Decode:
    """A buffer in which the call has left a string."""
    text = path(abi)

    def decode(value: int, call: Call) -> str | None:
        return shown_pointer(value, call) if call.retval is None else text(value, call)

    return decode


def word_array(abi: Abi) -> Callable[[int, Call, int], list[int]]:
    """Reads an array of pointers that ends with NULL, so many elements at most."""
    size, code = abi.word, "Q" if abi.word == 8 else "I"

    def read(addr: int, call: Call, most: int) -> list[int]:
        found: list[int] = []
        while len(found) < most:
            # A few at a time: what comes after the end need not be mapped.
            count = min(16, (4096 - addr % 4096) // size or 1)
            words = struct.unpack(f"<{count}{code}", call.read(addr, count * size))
            if 0 in words:
                return [*found, *words[: words.index(0)]][:most]
            found += words
            addr += count * size
        return found[:most]

    return read


def strings(abi: Abi) -> Decode:
    """The arguments of a new program: as many as are shown of a string's bytes."""
    words = word_array(abi)
    text = string(abi)

    def decode(value: int, call: Call) -> str:
        if not value:
            return "NULL"
        limit = call.shown.limit if not call.shown.verbose else WORDS_MAX
        try:
            found = words(value, call, limit + 1)
        except Unreadable:
            return hex(value)
        shown = [text(addr, call) or "" for addr in found[:limit]]
        return f"[{', '.join(shown + ['...'] * (len(found) > limit))}]"

    return decode


def environment(abi: Abi) -> Decode:
    """The environment of a new program: how many variables there are; all of them if asked for."""
    words = word_array(abi)
    whole = strings(abi)

    def decode(value: int, call: Call) -> str | None:
        if not value or call.shown.verbose:
            return whole(value, call)
        try:
            count = len(words(value, call, WORDS_MAX))
        except Unreadable:
            return hex(value)
        return f"{value:#x} /* {count} var{'s' * (count != 1)} */"

    return decode


def integers(abi: Abi, code: str, count: str, when: str = "") -> Decode:
    """An array of integers of the struct module's code.

    ``count`` is how many there are: a number, ``ret``, or ``@`` and the place of the argument.
    ``when`` is ``done`` where they are there only if the call has not failed.
    """
    shape = struct.Struct(f"<{code}")
    show = elements(count, shape.size, lambda data, call: str(shape.unpack(data)[0]))
    return done(show) if when else show


def elements(count: str, size: int, show: Callable[[bytes, Call], str]) -> Decode:
    """An array of what has that size and is shown so; ``count`` as for `integers`."""

    def decode(value: int, call: Call) -> str:
        length = counted(count, call)
        if not value or length is None:
            return shown_pointer(value, call)
        most = min(length, call.shown.limit)
        try:
            data = call.read(value, most * size) if most else b""
        except Unreadable:
            return hex(value)
        words = [show(data[at : at + size], call) for at in range(0, len(data), size)]
        return f"[{', '.join(words + ['...'] * (length > most))}]"

    return decode


def pointed(size: int, show: Callable[[bytes, Call], str], *, done: bool) -> Decode:
    """One of them. ``done``: it is there only where the call has not failed."""

    def decode(value: int, call: Call) -> str:
        if not value or (done and call.retval is None):
            return shown_pointer(value, call)
        try:
            return show(call.read(value, size), call)
        except Unreadable:
            return hex(value)

    return decode


def counted(count: str, call: Call) -> int | None:
    """How many elements an array has, see `integers`; None: the call has failed, or must."""
    if count == "ret":
        return None if call.retval is None else max(signed(call.retval, 64), 0)
    if count.startswith("@"):
        given = signed(call.args[int(count[1:])], 32)
        return None if given < 0 else given
    return int(count)


def iovecs(abi: Abi, count: str, way: str = "given") -> Decode:
    """An array of iovec; what they hold is ``given``, or ``filled`` as far as the result says.

    Of those in another process (``far``) the addresses are shown.
    """
    layout = struct.Struct("<QQ" if abi.word == 8 else "<II")
    if way == "far":
        return elements(count, layout.size, lambda data, call: _far(layout.unpack(data), call))

    def decode(value: int, call: Call) -> str:
        length = counted(count, call)
        if not value or length is None:
            return shown_pointer(value, call)
        return shown_iovecs(value, length, call, layout, filled=way == "filled")

    return decode


def _far(vector: tuple[int, ...], call: Call) -> str:
    base, size = vector
    return f"{{iov_base={shown_pointer(base, call)}, iov_len={size}}}"


def shown_iovecs(
    addr: int,
    length: int,
    call: Call,
    layout: struct.Struct,
    *,
    filled: bool,
    size: int | None = None,
) -> str:
    """An array of so many; whole, or filled by so many bytes (None: as the result says)."""
    most = min(length, call.shown.limit)
    try:
        data = call.read(addr, most * layout.size) if most else b""
    except Unreadable:
        return hex(addr)
    left = (call.retval if size is None else size) if filled else None
    parts = []
    for base, room in layout.iter_unpack(data):
        if filled and left is None:
            text = shown_pointer(base, call)
        else:
            here = room if left is None else min(room, left)
            text = shown_bytes(base, here, call)
            left = None if left is None else left - here
        parts.append(f"{{iov_base={text}, iov_len={room}}}")
    return f"[{', '.join(parts + ['...'] * (length > most))}]"


def entries(abi: Abi, length: str) -> Decode:
    """What a directory's entries were read into: how many there are.

    :param length: where in an entry its length is, which has 16 bits; ``words``: after two words.
    """
    at = 2 * abi.word if length == "words" else int(length)

    def decode(value: int, call: Call) -> str:
        if not value or call.retval is None:
            return shown_pointer(value, call)
        try:
            data = call.read(value, min(call.retval, ENTRIES_MAX)) if call.retval else b""
        except Unreadable:
            return hex(value)
        count = place = 0
        while place + at + 2 <= len(data):
            step = int.from_bytes(data[place + at : place + at + 2], "little")
            if step == 0:
                break
            place, count = place + step, count + 1
        return f"{value:#x} /* {count} entr{'y' if count == 1 else 'ies'} */"

    return decode


def shown_bits(address: int, size: int, count: int, call: Call) -> str:
    """Which of the first so many bits are set in memory of that size in bytes."""
    try:
        bits = int.from_bytes(call.read(address, size) if size else b"", "little")
    except Unreadable:
        return hex(address)
    return f"[{' '.join(str(number) for number in range(count) if bits >> number & 1)}]"


def descriptor_set(abi: Abi, place: str) -> Decode:
    """An fd_set; the argument at that place is how many descriptors are looked at."""
    index, word = int(place), abi.word if abi.os == "linux" else 4

    def decode(value: int, call: Call) -> str:
        if not value:
            return "NULL"
        count = min(max(signed(call.args[index], 32), 0), 65536)
        size = (count + 8 * word - 1) // (8 * word) * word
        return shown_bits(value, size, count, call)

    return decode


def processors(abi: Abi, place: str = "") -> Decode:
    """A mask of processors (Linux), by their numbers.

    The argument at that place is how many bytes it has; without one the result is.
    """

    def decode(value: int, call: Call) -> str:
        size = call.args[int(place)] if place else call.retval
        if not value or size is None:
            return shown_pointer(value, call)
        size = min(size, PROCESSORS_MAX // 8)
        return shown_bits(value, size, 8 * size, call)

    return decode
