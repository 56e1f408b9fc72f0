"""An ABI: its constants, how its structures lie, and what its numbers are called."""

from __future__ import annotations

import re
import struct
import sys
from functools import cache
from importlib import import_module
from os import uname
from typing import NamedTuple

from pypicotrace import syscalls

ILP32 = frozenset({"linux-i386", "linux-x32", "netbsd-i386"})
"""ABIs whose long and pointers have 32 bits in memory."""
CODES = {1: "bB", 2: "hH", 4: "iI", 8: "qQ"}


class Member(NamedTuple):
    """A member of a structure: its place and size in bytes, and a code of the struct module."""

    name: str
    offset: int
    size: int
    code: str


class Layout(NamedTuple):
    """How a structure lies: its size in bytes, and its members by name."""

    size: int
    members: dict[str, Member]

    def packer(self, names: list[str]) -> struct.Struct:
        """For those members, in the order in which they lie, and the whole size."""
        form, place = "<", 0
        for member in (self.members[name] for name in names):
            form += f"{member.offset - place}x{member.code}"
            place = member.offset + member.size
        return struct.Struct(f"{form}{self.size - place}x")


class Abi:
    """One of `pypicotrace.syscalls.ABIS`."""

    def __init__(self, name: str) -> None:
        """:raises ValueError: there is none of that name."""
        self.table = syscalls.load(name)
        self.name = name
        self.os = name.partition("-")[0]
        self.word = 4 if name in ILP32 else 8
        """Bytes of a long and of a pointer in memory."""
        self.errors = syscalls.errors(self.os)
        self.signals = syscalls.signals(self.os)
        self._constants, self._layouts = _tables(self.os)
        self._first = next(iter(self._constants))

    def constants(self, group: str) -> dict[str, int]:
        """Numbers by name; none where this system has no such group."""
        found = _numbers(self._constants[self._first].get(group, ""))
        if self.name != self._first:
            found |= _numbers(self._constants.get(self.name, {}).get(group, ""))
        return {name: number for name, number in found.items() if number is not None}

    def layout(self, type: str) -> Layout:
        """The layout of a C type.

        :raises KeyError: it is not known.
        """
        own = self._layouts.get(self.name, {})
        return _layout(own.get(type) or self._layouts[self._first][type])

    def signal(self, signo: int) -> str:
        """The name of a signal, or its number."""
        return self.signals.get(signo, str(signo))


@cache
def abi(name: str) -> Abi:
    """The ABI of that name.

    :raises ValueError: there is none.
    """
    return Abi(name)


def native() -> str:
    """The name of this machine's own ABI.

    :raises ValueError: there is no table for it.
    """
    found = syscalls.for_system(sys.platform.rstrip("0123456789"), uname().machine)
    if not found:
        raise ValueError(f"the system calls of {sys.platform}, {uname().machine} are not known")
    return found[0]


def _tables(os: str) -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Constants and layouts by ABI."""
    constants, requests, layouts = (
        import_module(f"pypicotrace.tools.decode._{os}_{part}")
        for part in ("constants", "requests", "layouts")
    )
    both = {abi: rows | requests.REQUESTS[abi] for abi, rows in constants.CONSTANTS.items()}
    return both, layouts.LAYOUTS


def _numbers(text: str) -> dict[str, int | None]:
    pairs = (word.partition("=") for word in text.split())
    return {name: int(number, 0) if number else None for name, _, number in pairs}


def _layout(text: str) -> Layout:
    size, *words = text.split()
    members = {}
    for word in words:
        name, offset, kind, length = _member(word)
        code = f"{length}s"
        if kind != "c" and length in CODES:
            code = CODES[length][kind == "u"]
        members[name] = Member(name, offset, length, code)
    return Layout(int(size), members)


def _member(word: str) -> tuple[str, int, str, int]:
    found = re.fullmatch(r"(.+)@(\d+)([iuc])(\d+)", word)
    if found is None:
        raise ValueError(f"no member: {word!r}")
    return found[1], int(found[2]), found[3], int(found[4])
