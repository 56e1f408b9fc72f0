"""Core files: what is in them, and what of a process goes into them."""

from __future__ import annotations

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from pypicotrace.tools.coredumper import command, dump, elf
from pypicotrace.tools.coredumper import process as proc

PROCESS = elf.Process(77, 1, 77, 70, 1000, 100, b"a name of 17 ones", b"sh -c exit", b"S")
THREADS = [elf.Thread(77, range(1, 28), 11, 5, 6), elf.Thread(78, range(101, 128), 11)]
SIGNAL = elf.Signal(11, 1, 0xDEAD)

SIZES = {
    "prstatus": "struct elf_prstatus",
    "prpsinfo": "struct elf_prpsinfo",
    "siginfo": "siginfo_t",
    "header": "Elf64_Ehdr",
    "segment": "Elf64_Phdr",
    "section": "Elf64_Shdr",
}
MEMBERS = {
    "prstatus": "pr_cursig pr_sigpend pr_sighold pr_pid pr_reg",
    "prpsinfo": "pr_sname pr_uid pr_pid pr_sid pr_fname pr_psargs",
    "siginfo": "si_code si_addr si_pid si_uid si_value",
}


def program() -> str:
    """C that says the size of each structure, and where its members are."""
    lines = [f'printf("{name} %zu\\n", sizeof({type}));' for name, type in SIZES.items()]
    lines += [
        f'printf("{name}.{member} %zu\\n", offsetof({SIZES[name]}, {member}));'
        for name, members in MEMBERS.items()
        for member in members.split()
    ]
    headers = ("elf.h", "signal.h", "stddef.h", "stdio.h", "sys/procfs.h")
    includes = "".join(f"#include <{header}>\n" for header in headers)
    return f"{includes}int main(void) {{ {''.join(lines)} return 0; }}\n"


@pytest.mark.skipif(sys.platform != "linux", reason="NetBSD writes its cores itself")
def test_layouts_are_the_compilers(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    assert compiler is not None
    source, binary = program(), str(tmp_path / "layouts")
    subprocess.run([compiler, "-x", "c", "-", "-o", binary], input=source, text=True, check=True)
    told = dict(line.split() for line in subprocess.check_output(binary, text=True).splitlines())
    places = {name: int(place) for name, place in told.items()}
    status, info = elf.prstatus(PROCESS, THREADS[0]), elf.prpsinfo(PROCESS)
    said = elf.siginfo(SIGNAL)
    sent = elf.siginfo(elf.Signal(10, -1, sender=55, uid=66, value=7))
    sizes = [len(status), len(info), len(said)]
    assert sizes == [places["prstatus"], places["prpsinfo"], places["siginfo"]]
    shapes = [elf.HEADER, elf.SEGMENT, elf.SECTION]
    assert [shape.size for shape in shapes] == [
        places["header"], places["segment"], places["section"]
    ]  # fmt: skip

    def at(data: bytes, place: str, fmt: str) -> object:
        return struct.unpack_from(f"<{fmt}", data, places[place])[0]

    assert at(status, "prstatus.pr_cursig", "h") == 11
    assert at(status, "prstatus.pr_sigpend", "Q") == 5
    assert at(status, "prstatus.pr_sighold", "Q") == 6
    assert at(status, "prstatus.pr_pid", "i") == 77
    assert at(status, "prstatus.pr_reg", "Q") == 1
    assert at(info, "prpsinfo.pr_sname", "c") == b"S"
    assert at(info, "prpsinfo.pr_uid", "I") == 1000
    assert at(info, "prpsinfo.pr_pid", "i") == 77
    assert at(info, "prpsinfo.pr_sid", "i") == 70
    assert at(info, "prpsinfo.pr_fname", "16s") == b"a name of 17 on\0"
    assert at(info, "prpsinfo.pr_psargs", "12s") == b"sh -c exit\0\0"
    assert at(said, "siginfo.si_code", "i") == 1
    assert at(said, "siginfo.si_addr", "Q") == 0xDEAD
    assert at(sent, "siginfo.si_pid", "i") == 55
    assert at(sent, "siginfo.si_uid", "I") == 66
    assert at(sent, "siginfo.si_value", "Q") == 7


def notes_of(data: bytes) -> list[tuple[int, bytes]]:
    found = []
    while data:
        name, size, kind = struct.unpack_from("<III", data)
        begin = 12 + -(-name // 4) * 4
        found.append((kind, data[begin : begin + size]))
        data = data[begin + -(-size // 4) * 4 :]
    return found


def test_notes() -> None:
    parts = [
        elf.Mapping(0x1000, 0x3000, 5, 4096, b"/bin/sh", 8192),
        elf.Mapping(0x9000, 0xA000, 6, 0),
    ]
    found = notes_of(elf.notes(PROCESS, THREADS, SIGNAL, b"auxv", parts))
    kinds = [
        elf.NT_PRSTATUS,
        elf.NT_PRPSINFO,
        elf.NT_SIGINFO,
        elf.NT_AUXV,
        elf.NT_FILE,
        elf.NT_PRSTATUS,
    ]
    assert [kind for kind, _ in found] == kinds
    assert found[3][1] == b"auxv"
    assert found[4][1] == struct.pack("<5Q", 1, 4096, 0x1000, 0x3000, 2) + b"/bin/sh\0"


@pytest.mark.parametrize("count", [0, 1, 3, elf.MANY - 2, elf.MANY - 1, elf.MANY, 70_000])
def test_places(count: int) -> None:
    """Memory begins at a page; where there are very many parts, their number is elsewhere."""
    parts = [elf.Mapping(n << 16, (n << 16) + 8192, 6, 4096) for n in range(1, count + 1)]
    laid = elf.placed(62, b"n" * 100, parts)
    header = elf.HEADER.unpack_from(laid.head)
    sections, many = header[6], header[10] == elf.MANY
    said = elf.SECTION.unpack_from(laid.head, sections)[7] if many else header[10]
    assert said == count + 1
    assert many == (count + 1 >= elf.MANY)
    first = elf.SEGMENT.unpack_from(laid.head, header[5])
    assert laid.head[first[2] : first[2] + first[5]] == b"n" * 100
    assert laid.places == [len(laid.head) + 4096 * n for n in range(count)]
    assert len(laid.head) % 4096 == 0
    assert laid.end == len(laid.head) + 4096 * count
    if count:
        last = elf.SEGMENT.unpack_from(laid.head, header[5] + count * elf.SEGMENT.size)
        assert last == (1, 6, laid.places[-1], count << 16, 0, 4096, 8192, 4096)


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
