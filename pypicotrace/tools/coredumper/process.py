"""What Linux's /proc says of a process, as far as a core file has it. Pure, but for `read`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pypicotrace.tools.coredumper.elf import PAGE, Mapping, Process

LINE = re.compile(
    rb"(?P<start>[0-9a-f]+)-(?P<end>[0-9a-f]+) (?P<may>[-rwxsp]{4}) (?P<offset>[0-9a-f]+) "
    rb"[0-9a-f]+:[0-9a-f]+ (?P<inode>\d+) *(?P<path>.*)"
)
ELF_BEGINS = b"\x7fELF"


def mappings(smaps: bytes) -> list[Mapping]:
    """All of ``/proc/PID/smaps``, with how much of each a core is to have.

    That is about what the kernel's own cores have unless told otherwise (core(5), coredump_filter):
    all memory that is in no file, or no longer as the file has it; of a file otherwise its first
    page, where debuggers find out which file it was.
    """
    return [_mapping(head, facts) for head, facts in _parts(smaps)]


def _parts(smaps: bytes) -> Iterator[tuple[re.Match[bytes], dict[bytes, bytes]]]:
    head, facts = None, {}
    for line in smaps.splitlines():
        begins = LINE.fullmatch(line)
        if begins is None:
            key, _, value = line.partition(b":")
            facts[key] = value.strip()
            continue
        if head is not None:
            yield head, facts
        head, facts = begins, {}
    if head is not None:
        yield head, facts


def _mapping(head: re.Match[bytes], facts: dict[bytes, bytes]) -> Mapping:
    start, end, offset = (int(head[name], 16) for name in ("start", "end", "offset"))
    may, path = head["may"], head["path"]
    flags = sum(bit for bit, letter in ((4, b"r"), (2, b"w"), (1, b"x")) if letter in may)
    of_file = head["inode"] != b"0"
    size = end - start
    hidden = {b"dd", b"io"} & set(facts.get(b"VmFlags", b"").split())  # MADV_DONTDUMP, devices
    if hidden or path == b"[vsyscall]":
        size = 0
    elif of_file and int(facts.get(b"Anonymous", b"0 kB").split()[0]) == 0 and b"s" not in may:
        size = PAGE if offset == 0 and flags & 4 else 0
    elif of_file and b"s" in may:
        size = 0
    return Mapping(start, end, flags, size, path if of_file else b"", offset)


def process(stat: bytes, status: bytes, cmdline: bytes) -> Process:
    """Of the files of these names."""
    pid, _, rest = stat.partition(b" (")
    name, _, fields = rest.rpartition(b") ")
    state, parent, group, session = fields.split()[:4]
    arguments = b" ".join(cmdline.rstrip(b"\0").split(b"\0"))
    ids = {key: int(value.split()[0]) for key, value in _fields(status) if key in (b"Uid", b"Gid")}
    return Process(
        int(pid), int(parent), int(group), int(session), ids[b"Uid"], ids[b"Gid"], name, arguments,
        b"R" if state in b"tT" else state,
    )  # fmt: skip


def signals(status: bytes) -> tuple[int, int]:
    """The signals that are pending for an LWP, and those that it blocks, as sets of bits."""
    found = dict(_fields(status))
    return int(found[b"SigPnd"], 16), int(found[b"SigBlk"], 16)


def _fields(status: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in status.splitlines():
        key, _, value = line.partition(b":")
        yield key, value.strip()


def read(pid: int, name: str) -> bytes:
    """A file of ``/proc/PID``."""
    return Path(f"/proc/{pid}/{name}").read_bytes()
