"""What core files are made of lies as the headers of each machine have it (those of ziglang)."""

from __future__ import annotations

import re
import struct
from pathlib import Path

import pytest

from pypicotrace.tools.coredumper import elf
from pypicotrace.tools.decode._generate import Asked
from pypicotrace.tools.decode._spec import Unit

TARGETS = {
    "x86_64-linux-gnu": elf.X86_64,
    "x86-linux-gnu": elf.I386,
    "aarch64-linux-gnu": elf.AARCH64,
}
REGISTERS = {elf.X86_64: 27, elf.I386: 17, elf.AARCH64: 34}
PROCESS = elf.Process(77, 1, 77, 70, 1000, 100, b"a name of 17 ones", b"sh -c exit", b"S")
UNIT = Unit(
    "elf.h signal.h sys/procfs.h",
    {},
    {
        "struct elf_prstatus": "pr_cursig pr_sigpend pr_sighold pr_pid pr_reg pr_fpvalid",
        "struct elf_prpsinfo": "pr_sname pr_uid pr_gid pr_pid pr_sid pr_fname pr_psargs",
        "siginfo_t": "si_code si_addr si_pid si_uid si_value",
        **{f"Elf{bits}_{what}": "" for bits in (32, 64) for what in ("Ehdr", "Phdr", "Shdr")},
    },
)


ROW = re.compile(r"(?P<name>\w+)@(?P<place>\d+)[iuc](?P<size>\d+)")


def members(text: str, made: bytes) -> dict[str, bytes]:
    """What a structure that was made has where the compiler has its members."""
    size, *rows = text.split()
    assert len(made) == int(size)
    found = {}
    for row in map(ROW.fullmatch, rows):
        assert row is not None
        place = int(row["place"])
        found[row["name"]] = made[place : place + int(row["size"])]
    return found


def numbers(text: str, made: bytes) -> dict[str, int]:
    """The same, of members that are numbers."""
    return {name: int.from_bytes(data, "little") for name, data in members(text, made).items()}


@pytest.mark.parametrize("target", TARGETS)
def test_layouts_are_the_compilers(target: str, tmp_path: Path) -> None:
    machine = TARGETS[target]
    layouts = Asked(UNIT, target, tmp_path).layouts()
    registers = range(1, REGISTERS[machine] + 1)
    thread = elf.Thread(77, registers, 11, 5, 6, [(elf.NT_FPREGSET, b"CORE", b"")])
    status = numbers(layouts["struct elf_prstatus"], elf.prstatus(machine, PROCESS, thread))
    packed = struct.pack(f"<{len(registers)}{machine.word}", *registers)
    wanted = {"pr_cursig": 11, "pr_sigpend": 5, "pr_sighold": 6, "pr_pid": 77, "pr_fpvalid": 1}
    assert status == {**wanted, "pr_reg": int.from_bytes(packed, "little")}
    info = members(layouts["struct elf_prpsinfo"], elf.prpsinfo(machine, PROCESS))
    assert info["pr_sname"] == b"S"
    assert info["pr_fname"] == b"a name of 17 on\0"
    assert info["pr_psargs"][:12] == b"sh -c exit\0\0"
    ids = {name: int.from_bytes(info[name], "little") for name in ("pr_uid", "pr_gid", "pr_sid")}
    assert ids == {"pr_uid": 1000, "pr_gid": 100, "pr_sid": 70}
    assert info["pr_pid"] == struct.pack("<i", 77)
    crash = numbers(layouts["siginfo_t"], elf.siginfo(machine, elf.Signal(11, 1, 0xDEAD)))
    assert (crash["si_code"], crash["si_addr"]) == (1, 0xDEAD)
    sent = elf.siginfo(machine, elf.Signal(10, -1, sender=55, uid=66, value=7))
    said = numbers(layouts["siginfo_t"], sent)
    assert (said["si_pid"], said["si_uid"], said["si_value"]) == (55, 66, 7)
    shapes = {"Ehdr": machine.header, "Phdr": machine.segment, "Shdr": machine.section}
    for name, shape in shapes.items():
        assert int(layouts[f"Elf{machine.bits}_{name}"]) == shape.size


def test_ids_of_users_that_do_not_fit() -> None:
    other = PROCESS._replace(uid=70_000, gid=5)
    made = elf.prpsinfo(elf.I386, other)
    assert struct.unpack_from("<HH", made, 8) == (elf.NOBODY, 5)
