"""ELF core files of Linux, little-endian. Pure: what there is to say is given.

The layouts are those of sys/procfs.h and elf.h, which debuggers read; a test holds them against the
C compiler's.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from typing import NamedTuple

PAGE = 4096
ET_CORE, PT_LOAD, PT_NOTE = 4, 1, 4
NT_PRSTATUS, NT_FPREGSET, NT_PRPSINFO, NT_AUXV = 1, 2, 3, 6
NT_SIGINFO, NT_FILE = 0x53494749, 0x46494C45
NT_PRXFPREG, NT_X86_XSTATE, NT_ARM_TLS, NT_ARM_PAC_MASK = 0x46E62B7F, 0x202, 0x401, 0x406
MANY = 0xFFFF
"""PN_XNUM: from so many segments on, their number is in a section header."""
SIGINFO_SIZE = 128
NOBODY = 0xFFFE
"""What stands for an id of a user that does not fit into 16 bits (the kernel's high2lowuid)."""


class Machine(NamedTuple):
    """A machine: ELF's number of it, how many bits its words have, and its further registers.

    ``sets`` are the notes beside NT_PRSTATUS that an LWP's registers are in, each with its owner,
    as the kernel has them in its cores.
    """

    number: int
    bits: int
    sets: tuple[tuple[int, bytes], ...]

    @property
    def word(self) -> str:
        """An unsigned long, as struct has it."""
        return "Q" if self.bits == 64 else "I"

    @property
    def header(self) -> struct.Struct:
        """``Elf64_Ehdr``, ``Elf32_Ehdr``."""
        return struct.Struct(f"<16sHHI3{self.word}IHHHHHH")

    @property
    def segment(self) -> struct.Struct:
        """``Elf64_Phdr``, ``Elf32_Phdr``; see `segment`."""
        return struct.Struct("<IIQQQQQQ" if self.bits == 64 else "<8I")

    @property
    def section(self) -> struct.Struct:
        """``Elf64_Shdr``, ``Elf32_Shdr``."""
        return struct.Struct(f"<II4{self.word}II2{self.word}")

    def segment_of(self, kind: int, flags: int, *places: int) -> bytes:
        """A segment: its flags are in another place where words have 32 bits."""
        if self.bits == 64:
            return self.segment.pack(kind, flags, *places)
        return self.segment.pack(kind, *places[:-1], flags, places[-1])


FLOATING, LINUX = (NT_FPREGSET, b"CORE"), b"LINUX"
X86_64 = Machine(62, 64, (FLOATING, (NT_X86_XSTATE, LINUX)))
I386 = Machine(3, 32, (FLOATING, (NT_PRXFPREG, LINUX), (NT_X86_XSTATE, LINUX)))
AARCH64 = Machine(183, 64, (FLOATING, (NT_ARM_TLS, LINUX), (NT_ARM_PAC_MASK, LINUX)))
MACHINES = {("x86_64", 64): X86_64, ("x86_64", 32): I386, ("aarch64", 64): AARCH64}
"""By what uname -m says, and the bits of a program's registers."""


class Thread(NamedTuple):
    """An LWP: its id, its general registers as ``elf_gregset_t`` has them, and its signals.

    ``signo`` is the one that ends the process, of each, as the kernel has it; ``sets`` are its
    further registers: number, owner and contents of a note.
    """

    lwp: int
    registers: Sequence[int]
    signo: int
    pending: int = 0
    blocked: int = 0
    sets: Sequence[tuple[int, bytes, bytes]] = ()


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


def prstatus(machine: Machine, process: Process, thread: Thread) -> bytes:
    """``struct elf_prstatus``: times are 0."""
    word = machine.word
    times = bytes(8 * struct.calcsize(f"={word}"))
    head = struct.pack(
        f"<iiih2x2{word}4i",
        thread.signo, 0, 0, thread.signo, thread.pending, thread.blocked,
        thread.lwp, process.parent, process.group, process.session,
    )  # fmt: skip
    registers = struct.pack(f"<{len(thread.registers)}{word}", *thread.registers)
    floating = any(number == NT_FPREGSET for number, _, _ in thread.sets)
    return head + times + registers + struct.pack("<i4x" if word == "Q" else "<i", floating)


def prpsinfo(machine: Machine, process: Process) -> bytes:
    """``struct elf_prpsinfo``; where words have 32 bits, ids of users have 16."""
    number = max(b"RSDTZW".find(process.state), 0)
    wide = machine.bits == 64
    uid, gid = (n if wide or n < NOBODY else NOBODY for n in (process.uid, process.gid))
    return struct.pack(
        f"<BcBb{'4xQII' if wide else 'IHH'}iiii16s80s",
        number, process.state, process.state == b"Z", 0, 0, uid, gid,
        process.pid, process.parent, process.group, process.session,
        process.name[:15], process.arguments[:79],
    )  # fmt: skip


def siginfo(machine: Machine, signal: Signal) -> bytes:
    """``siginfo_t``."""
    word, mask = machine.word, (1 << machine.bits) - 1
    head = struct.pack("<iii4x" if word == "Q" else "<iii", signal.signo, 0, signal.code)
    if signal.sender is None:
        said = struct.pack(f"<{word}", signal.addr & mask)
    else:
        said = struct.pack(f"<iI{word}", signal.sender, signal.uid, signal.value & mask)
    return (head + said).ljust(SIGINFO_SIZE, b"\0")


def files(machine: Machine, mappings: Iterable[Mapping]) -> bytes:
    """What NT_FILE has: which parts of memory are of which files."""
    named = [part for part in mappings if part.path]
    place = struct.Struct(f"<3{machine.word}")
    places = b"".join(place.pack(part.start, part.end, part.offset // PAGE) for part in named)
    return (
        struct.pack(f"<2{machine.word}", len(named), PAGE)
        + places
        + b"".join(part.path + b"\0" for part in named)
    )


def notes(
    machine: Machine,
    process: Process,
    threads: Sequence[Thread],
    signal: Signal,
    *,
    auxv: bytes,
    mappings: Iterable[Mapping],
) -> bytes:
    """All of them; the thread that crashed is the first, as debuggers want it.

    What follows a thread's NT_PRSTATUS is that thread's.
    """
    first, *others = threads
    return b"".join(
        [
            note(NT_PRSTATUS, prstatus(machine, process, first)),
            note(NT_PRPSINFO, prpsinfo(machine, process)),
            note(NT_SIGINFO, siginfo(machine, signal)),
            note(NT_AUXV, auxv),
            note(NT_FILE, files(machine, mappings)),
            *_sets(first),
            *(
                part
                for thread in others
                for part in (note(NT_PRSTATUS, prstatus(machine, process, thread)), *_sets(thread))
            ),
        ]
    )


def _sets(thread: Thread) -> list[bytes]:
    return [note(number, data, owner) for number, owner, data in thread.sets]


class Placed(NamedTuple):
    """The beginning of a core file, and where in the file each mapping's memory comes."""

    head: bytes
    places: list[int]
    end: int
    """How long the file is."""


def placed(machine: Machine, noted: bytes, mappings: Sequence[Mapping]) -> Placed:
    """Lay out a core file.

    :param noted: what `notes` gave.
    :raises ValueError: it is too large to say where in it something is.
    """
    count = len(mappings) + 1
    many = count >= MANY
    header, segment, section = machine.header, machine.segment, machine.section
    sections = header.size + count * segment.size
    at = sections + (section.size if many else 0)
    segments = [machine.segment_of(PT_NOTE, 0, at, 0, 0, len(noted), 0, 4)]
    place = -(-(at + len(noted)) // PAGE) * PAGE
    first, places = place, []
    for part in mappings:
        whole = part.end - part.start
        if (place + part.size) >> machine.bits:
            raise ValueError(f"it is too large for a file of {machine.bits} bits")
        segments.append(
            machine.segment_of(PT_LOAD, part.flags, place, part.start, 0, part.size, whole, PAGE)
        )
        places.append(place)
        place += part.size
    ident = bytes([0x7F, *b"ELF", machine.bits // 32, 1, 1])
    begins = header.pack(
        ident, ET_CORE, machine.number, 1, 0, header.size,
        sections if many else 0, 0, header.size, segment.size, MANY if many else count,
        section.size if many else 0, 1 if many else 0, 0,
    )  # fmt: skip
    extra = section.pack(0, 0, 0, 0, 0, 0, 0, count, 0, 0) if many else b""
    head = begins + b"".join(segments) + extra + noted
    return Placed(head.ljust(first, b"\0"), places, place)
