"""Reading the notes of a core file."""

from __future__ import annotations

import struct


def notes_of(data: bytes) -> list[tuple[int, bytes]]:
    """Each one's number and contents."""
    found = []
    while data:
        name, size, kind = struct.unpack_from("<III", data)
        begin = 12 + -(-name // 4) * 4
        found.append((kind, data[begin : begin + size]))
        data = data[begin + -(-size // 4) * 4 :]
    return found
