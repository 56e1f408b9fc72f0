"""Core files: what is in them, and what of a process goes into them."""

from __future__ import annotations

import struct

import pytest
from core_notes import notes_of

from pypicotrace.tools.coredumper import command, dump, elf
from pypicotrace.tools.coredumper import process as proc

PROCESS = elf.Process(77, 1, 77, 70, 1000, 100, b"a name of 17 ones", b"sh -c exit", b"S")
SETS = [(elf.NT_FPREGSET, b"CORE", b"floating"), (elf.NT_X86_XSTATE, b"LINUX", b"x" * 9)]
THREADS = [
    elf.Thread(77, range(1, 28), 11, 5, 6, SETS),
    elf.Thread(78, range(101, 128), 11, sets=SETS[:1]),
]
SIGNAL = elf.Signal(11, 1, 0xDEAD)


def test_notes() -> None:
    parts = [
        elf.Mapping(0x1000, 0x3000, 5, 4096, b"/bin/sh", 8192),
        elf.Mapping(0x9000, 0xA000, 6, 0),
    ]
    found = notes_of(elf.notes(elf.X86_64, PROCESS, THREADS, SIGNAL, auxv=b"auxv", mappings=parts))
    kinds = [
        elf.NT_PRSTATUS,
        elf.NT_PRPSINFO,
        elf.NT_SIGINFO,
        elf.NT_AUXV,
        elf.NT_FILE,
        elf.NT_FPREGSET,
        elf.NT_X86_XSTATE,
        elf.NT_PRSTATUS,
        elf.NT_FPREGSET,
    ]
    assert [kind for kind, _ in found] == kinds
    assert found[3][1] == b"auxv"
    assert found[4][1] == struct.pack("<5Q", 1, 4096, 0x1000, 0x3000, 2) + b"/bin/sh\0"
    assert [data for _, data in found[5:7]] == [data for _, _, data in SETS]


def test_a_file_that_is_too_large() -> None:
    parts = [elf.Mapping(0, 1 << 32, 6, 1 << 32)]
    assert elf.placed(elf.X86_64, b"", parts).end > 1 << 32
    with pytest.raises(ValueError, match="32 bits"):
        elf.placed(elf.I386, b"", parts)


@pytest.mark.parametrize("machine", [elf.X86_64, elf.I386], ids=["64", "32"])
@pytest.mark.parametrize("count", [0, 1, 3, elf.MANY - 2, elf.MANY - 1, elf.MANY, 70_000])
def test_places(machine: elf.Machine, count: int) -> None:
    """Memory begins at a page; where there are very many parts, their number is elsewhere."""
    parts = [elf.Mapping(n << 13, (n << 13) + 8192, 6, 4096) for n in range(1, count + 1)]
    laid = elf.placed(machine, b"n" * 100, parts)
    header = machine.header.unpack_from(laid.head)
    assert header[0][4] == machine.bits // 32
    assert header[2] == machine.number
    sections, many = header[6], header[10] == elf.MANY
    said = machine.section.unpack_from(laid.head, sections)[7] if many else header[10]
    assert said == count + 1
    assert many == (count + 1 >= elf.MANY)
    # The flags are the second of eight, or the last but one.
    flags = 1 if machine.bits == 64 else 6

    def segment(place: int) -> tuple[int, list[int]]:
        whole = list(machine.segment.unpack_from(laid.head, header[5] + place * header[9]))
        return whole.pop(flags), whole

    _, first = segment(0)
    assert laid.head[first[1] : first[1] + first[4]] == b"n" * 100
    assert laid.places == [len(laid.head) + 4096 * n for n in range(count)]
    assert len(laid.head) % 4096 == 0
    assert laid.end == len(laid.head) + 4096 * count
    if count:
        assert segment(count) == (6, [1, laid.places[-1], count << 13, 0, 4096, 8192, 4096])


SMAPS = b"""\
%s
Size:                  8 kB
Anonymous:         %6d kB
VmFlags: rd ex mr mw me %s
"""


@pytest.mark.parametrize(
    ("line", "anonymous", "flags", "size"),
    [
        (b"1000-3000 r-xp 00000000 fe:00 7          /bin/sh", 0, b"", 4096),
        (b"1000-3000 r-xp 00001000 fe:00 7          /bin/sh", 0, b"", 0),
        (b"1000-3000 rw-p 00001000 fe:00 7          /bin/sh", 4, b"", 8192),
        (b"1000-3000 r--p 00001000 fe:00 7          /lib/of spaces (deleted)", 4, b"", 8192),
        (b"1000-3000 rw-s 00000000 fe:00 7          /dev/shm/x", 0, b"", 0),
        (b"1000-3000 rw-p 00000000 00:00 0 ", 8, b"", 8192),
        (b"1000-3000 ---p 00000000 00:00 0 ", 0, b"", 8192),
        (b"1000-3000 rw-p 00000000 00:00 0          [heap]", 8, b"", 8192),
        (b"1000-3000 rw-p 00000000 00:00 0          [stack]", 8, b"dd", 0),
        (b"1000-3000 r--p 00000000 00:00 0          [vvar]", 0, b"io dd", 0),
        (b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0  [vsyscall]", 0, b"", 0),
    ],
)
def test_what_of_its_memory(line: bytes, anonymous: int, flags: bytes, size: int) -> None:
    [part] = proc.mappings(SMAPS % (line, anonymous, flags))
    assert part.size == size
    assert part.path == (line.split(None, 5)[5] if b"fe:00" in line else b"")


def test_a_process_of_any_name() -> None:
    stat = b"77 (a) R 9 (b\n) t 1 76 75 0 -1 4194560"
    status = (
        b"Name:\ta\nUid:\t5\t6\t7\t8\nGid:\t9\t9\t9\t9\nSigPnd:\t0000000000000400\nSigBlk:\t0f\n"
    )
    described = proc.process(stat, status, b"a\0b c\0")
    assert described == elf.Process(77, 1, 76, 75, 5, 9, b"a) R 9 (b\n", b"a b c", b"R")
    assert proc.signals(status) == (1 << 10, 15)


def test_what_cannot_be_read_is_zero() -> None:
    def read(addr: int, size: int) -> bytes:
        bad = range(0x3000, 0x4000)
        if addr < bad.stop and bad.start < addr + size:
            raise dump.pt.KernelError(14, "read")
        return b"x" * size

    data = dump.readable(read, 0x1000, 0x6000)
    assert data == b"x" * 0x2000 + bytes(0x1000) + b"x" * 0x3000


@pytest.mark.parametrize(
    ("pattern", "name"),
    [("core", "core"), ("%e.%p.%s.%t", "a!b.77.11.5"), ("%%p", "%p"), ("/var/%e", "/var/a!b")],
)
def test_names(pattern: str, name: str) -> None:
    event = dump.pt.Crashed(pid=77, program=b"a/b")
    assert command.core_name(command.checked_name(pattern), event, 11, 5.5) == name
