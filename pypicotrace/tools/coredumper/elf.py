"""ELF core files of Linux, 64-bit and little-endian. Pure: what there is to say is given.

The layouts are those of sys/procfs.h and elf.h, which debuggers read; a test holds them against the
C compiler's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

PAGE = 4096
MACHINES = {"x86_64": 62, "aarch64": 183}
"""ELF's numbers, by what uname -m says."""
ET_CORE, PT_LOAD, PT_NOTE = 4, 1, 4
NT_PRSTATUS, NT_PRPSINFO, NT_AUXV = 1, 3, 6
NT_SIGINFO, NT_FILE = 0x53494749, 0x46494C45
MANY = 0xFFFF
"""PN_XNUM: from so many segments on, their number is in a section header."""
HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SEGMENT = struct.Struct("<IIQQQQQQ")
SECTION = struct.Struct("<IIQQQQIIQQ")
PRSTATUS = struct.Struct("<iiih2xQQiiii16s16s16s16s")
PRPSINFO = struct.Struct("<BcBb4xQIIiiii16s80s")
SIGINFO = struct.Struct("<iii4x112s")


class Thread(NamedTuple):
    """An LWP: its id, its general registers as ``elf_gregset_t`` has them, and its signals.

    ``signo`` is the one that ends the process, of each, as the kernel has it.
    """

    lwp: int
    registers: Sequence[int]
    signo: int
    pending: int = 0
    blocked: int = 0


class Process(NamedTuple):
    """What a core says of the process."""

    pid: int
    parent: int
    group: int
    session: int
    uid: int
    gid: int
    name: bytes
    arguments: bytes
    """With spaces between them."""
    state: bytes = b"R"


class Signal(NamedTuple):
    """What the signal says of itself: its number and code, and either where, or who and what."""

    signo: int
    code: int
    addr: int = 0
    sender: int | None = None
    uid: int = 0
    value: int = 0


class Mapping(NamedTuple):
    """A part of its memory: where, what may be done there, and the file it is of.

    ``flags`` are ELF's: 1 execute, 2 write, 4 read. ``size`` is how much of it goes into the core.
    """

    start: int
    end: int
    flags: int
    size: int
    path: bytes = b""
    offset: int = 0


def note(kind: int, data: bytes, name: bytes = b"CORE") -> bytes:
    """A note, padded as they are."""
    owner = name + b"\0"
    head = struct.pack("<III", len(owner), len(data), kind)
    return (
        head
        + owner.ljust(-(-len(owner) // 4) * 4, b"\0")
        + data.ljust(-(-len(data) // 4) * 4, b"\0")
    )


def prstatus(process: Process, thread: Thread) -> bytes:
    """``struct elf_prstatus``: times are 0, and there are no floating point registers."""
    none = bytes(16)
    head = PRSTATUS.pack(
        thread.signo, 0, 0, thread.signo, thread.pending, thread.blocked,
        thread.lwp, process.parent, process.group, process.session, none, none, none, none,
    )  # fmt: skip
    registers = struct.pack(f"<{len(thread.registers)}Q", *thread.registers)
    return head + registers + struct.pack("<i4x", 0)


def prpsinfo(process: Process) -> bytes:
    """``struct elf_prpsinfo``."""
    number = max(b"RSDTZW".find(process.state), 0)
    return PRPSINFO.pack(
        number, process.state, process.state == b"Z", 0, 0, process.uid, process.gid,
        process.pid, process.parent, process.group, process.session,
        process.name[:15], process.arguments[:79],
    )  # fmt: skip


def siginfo(signal: Signal) -> bytes:
    """``siginfo_t``."""
    if signal.sender is None:
        said = struct.pack("<Q", signal.addr)
    else:
        said = struct.pack("<iIQ", signal.sender, signal.uid, signal.value)
    return SIGINFO.pack(signal.signo, 0, signal.code, said)


def files(mappings: Iterable[Mapping]) -> bytes:
    """What NT_FILE has: which parts of memory are of which files."""
    named = [part for part in mappings if part.path]
    places = b"".join(
        struct.pack("<QQQ", part.start, part.end, part.offset // PAGE) for part in named
    )
    return (
        struct.pack("<QQ", len(named), PAGE)
        + places
        + b"".join(part.path + b"\0" for part in named)
    )


def notes(
    process: Process,
    threads: Sequence[Thread],
    signal: Signal,
    auxv: bytes,
    mappings: Iterable[Mapping],
) -> bytes:
    """All of them; the thread that crashed is the first, as debuggers want it."""
    first, *others = threads
    return b"".join(
        [
            note(NT_PRSTATUS, prstatus(process, first)),
            note(NT_PRPSINFO, prpsinfo(process)),
            note(NT_SIGINFO, siginfo(signal)),
            note(NT_AUXV, auxv),
            note(NT_FILE, files(mappings)),
            *(note(NT_PRSTATUS, prstatus(process, thread)) for thread in others),
        ]
    )


class Placed(NamedTuple):
    """The beginning of a core file, and where in the file each mapping's memory comes."""

    head: bytes
    places: list[int]
    end: int
    """How long the file is."""


def placed(machine: int, noted: bytes, mappings: Sequence[Mapping]) -> Placed:
    """Lay out a core file.

    :param machine: one of `MACHINES`.
    :param noted: what `notes` gave.
    """
    count = len(mappings) + 1
    many = count >= MANY
    sections = HEADER.size + count * SEGMENT.size
    at = sections + (SECTION.size if many else 0)
    segments = [SEGMENT.pack(PT_NOTE, 0, at, 0, 0, len(noted), 0, 4)]
    place = -(-(at + len(noted)) // PAGE) * PAGE
    first, places = place, []
    for part in mappings:
        whole = part.end - part.start
        segments.append(
            SEGMENT.pack(PT_LOAD, part.flags, place, part.start, 0, part.size, whole, PAGE)
        )
        places.append(place)
        place += part.size
    header = HEADER.pack(
        b"\x7fELF\x02\x01\x01".ljust(16, b"\0"), ET_CORE, machine, 1, 0, HEADER.size,
        sections if many else 0, 0, HEADER.size, SEGMENT.size, MANY if many else count,
        SECTION.size if many else 0, 1 if many else 0, 0,
    )  # fmt: skip
    extra = SECTION.pack(0, 0, 0, 0, 0, 0, 0, count, 0, 0) if many else b""
    head = header + b"".join(segments) + extra + noted
    return Placed(head.ljust(first, b"\0"), places, place)
