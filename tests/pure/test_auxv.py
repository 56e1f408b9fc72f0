"""The names of auxiliary vectors are the headers' own."""

import re
from pathlib import Path

import ziglang

from pypicotrace.syscalls.auxv import NAMES, packed_auxv

HEADERS = Path(ziglang.__file__).parent / "lib" / "libc" / "include"


def test_linux_names_are_the_headers() -> None:
    paths = ["any-linux-any/linux/auxvec.h", "x86-linux-any/asm/auxvec.h"]
    text = "".join((HEADERS / path).read_text() for path in paths)
    defined = re.findall(r"#define (AT_(?!VECTOR)\w+)\s+(\d+)", text)
    assert NAMES["linux"] == {int(number): name for name, number in defined}


def test_netbsds_names_are_the_headers() -> None:
    text = (HEADERS / "generic-netbsd/sys/exec_elf.h").read_text()
    defined = {int(n): name for name, n in re.findall(r"#define (AT_\w+)\s+(\d+)", text)}
    defined[10] = "AT_DCACHEBSIZE"  # which on MIPS is another's number too
    assert NAMES["netbsd"] == defined


def test_packed() -> None:
    names, strings = packed_auxv("linux")
    split = names.split(b"\0")
    assert split[31] == b"AT_EXECFN"
    assert (strings[31], strings[15], strings[6]) == (1, 1, 0)
    assert len(strings) == names.count(b"\0")
