"""Which function an address is in, by the symbols of the files that are mapped there (Linux)."""

from __future__ import annotations

import bisect
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

MAPPED = re.compile(r"([0-9a-f]+)-([0-9a-f]+) ..x. ([0-9a-f]+) \S+ \d+ *(?:(/.*)|.*)")
PAGE = 4096


class Code(NamedTuple):
    """Instructions that are mapped: where, and from where in which file; ``""``: in none."""

    start: int
    end: int
    offset: int
    path: str


class Function(NamedTuple):
    """A function of a file: where it is in the file, how long, and its name."""

    offset: int
    size: int
    name: str


def mapped(maps: str) -> list[Code]:
    """The instructions of files in ``/proc/PID/maps``, in order."""
    return [code for code in executable(maps) if code.path]


def executable(maps: str) -> list[Code]:
    """All instructions there."""
    return [
        Code(int(found[1], 16), int(found[2], 16), int(found[3], 16), found[4] or "")
        for line in maps.splitlines()
        if (found := MAPPED.fullmatch(line))
    ]


@functools.cache
def functions(path: str) -> list[Function]:
    """Those of an ELF file, in order; none where it is none, or has no symbols.

    :raises ImportError: there is no pyelftools.
    """
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        with open(path, "rb") as file:
            return sorted(set(_functions(ELFFile(file))))
    except (OSError, ELFError, ValueError):  # the last of a place that no file has
        return []


def _functions(file: Any) -> Iterator[Function]:
    loaded = [s for s in file.iter_segments() if s["p_type"] == "PT_LOAD"]
    for section in file.iter_sections():
        if section["sh_type"] not in ("SHT_SYMTAB", "SHT_DYNSYM"):
            continue
        for symbol in section.iter_symbols():
            if symbol["st_info"]["type"] != "STT_FUNC" or not symbol["st_value"]:
                continue
            for part in loaded:
                place = symbol["st_value"] - part["p_vaddr"]
                if 0 <= place < part["p_filesz"]:
                    yield Function(part["p_offset"] + place, symbol["st_size"], symbol.name)


class Symbols:
    """The functions of a process.

    What is mapped is looked at anew where an LWP comes from one mapping into another: another file
    may be at that address since, and where it executes instructions they stay.
    """

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._maps = ""
        self._code: list[Code] = []
        self._last: dict[int, Code] = {}
        """Where each LWP was."""

    def forget(self, lwp: int) -> None:
        """It has ended: what has its id next was nowhere yet."""
        self._last.pop(lwp, None)

    def at(self, address: int, lwp: int = 0) -> str:
        """``function+0x12``, ``file+0x1234`` where it has no such symbol, or the address.

        :param lwp: whose next instruction that is.
        """
        code = self._last.get(lwp)
        if code is None or not code.start <= address < code.end:
            code = self._last[lwp] = self._mapping(address)
        if not code.path:
            return f"{address:#x}"
        place = address - code.start + code.offset
        known = functions(code.path)
        i = bisect.bisect_right(known, place, key=lambda function: function.offset)
        name, begin = (known[i - 1].name, known[i - 1].offset) if i else ("", 0)
        if i and place < begin + max(known[i - 1].size, 1):
            return f"{name}+{place - begin:#x}" if place > begin else name
        return f"{Path(code.path).name}+{place:#x}"

    def _mapping(self, address: int) -> Code:
        """What is there now; where that is nothing, a page of no file."""
        try:
            maps = Path(f"/proc/{self._pid}/maps").read_text(errors="surrogateescape")
        except OSError:
            maps = ""
        if maps != self._maps:
            self._maps, self._code = maps, executable(maps)
        i = bisect.bisect_right(self._code, address, key=lambda code: code.start)
        if i and address < self._code[i - 1].end:
            return self._code[i - 1]
        begin = address // PAGE * PAGE
        return Code(begin, begin + PAGE, 0, "")
