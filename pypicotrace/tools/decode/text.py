"""Bytes of a program as text on one line: quoted as strace(1) does it, and names."""

from __future__ import annotations

import re

NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\v": "\\v", "\f": "\\f", '"': '\\"', "\\": "\\\\"}
# What is not shown as it is, and whether a digit follows, which octal digits would run into.
SPECIAL = re.compile(r"[^ !#-\[\]-~](?=([0-9])?)")


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    if character in NAMED:
        return NAMED[character]
    return f"\\{ord(character):03o}" if found[1] else f"\\{ord(character):o}"


def quoted(data: bytes, limit: int, hexadecimal: bool = False) -> str:
    """In quotes; with three dots after them where there are more than ``limit`` bytes."""
    more = "..." if len(data) > limit else ""
    if hexadecimal:
        digits = "".join([f"\\x{byte:02x}" for byte in data[:limit]])
        return f'"{digits}"{more}'
    text = SPECIAL.sub(_escaped, data[:limit].decode("latin-1"))
    return f'"{text}"{more}'


def one_line(name: bytes | str) -> str:
    """A name of a program's or a file's choosing, of which a terminal makes nothing."""
    data = name if isinstance(name, bytes) else name.encode(errors="surrogateescape")
    text = data.decode(errors="backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
