"""Names of the entries of an auxiliary vector (getauxval(3)), and which are strings.

Linux: linux/auxvec.h and x86's asm/auxvec.h; NetBSD: sys/exec_elf.h. A test holds them against
these headers.
"""

from __future__ import annotations

from pypicotrace.syscalls import pack_names

NAMES: dict[str, dict[int, str]] = {
    "linux": {
        0: "AT_NULL",
        1: "AT_IGNORE",
        2: "AT_EXECFD",
        3: "AT_PHDR",
        4: "AT_PHENT",
        5: "AT_PHNUM",
        6: "AT_PAGESZ",
        7: "AT_BASE",
        8: "AT_FLAGS",
        9: "AT_ENTRY",
        10: "AT_NOTELF",
        11: "AT_UID",
        12: "AT_EUID",
        13: "AT_GID",
        14: "AT_EGID",
        15: "AT_PLATFORM",
        16: "AT_HWCAP",
        17: "AT_CLKTCK",
        23: "AT_SECURE",
        24: "AT_BASE_PLATFORM",
        25: "AT_RANDOM",
        26: "AT_HWCAP2",
        27: "AT_RSEQ_FEATURE_SIZE",
        28: "AT_RSEQ_ALIGN",
        29: "AT_HWCAP3",
        30: "AT_HWCAP4",
        31: "AT_EXECFN",
        32: "AT_SYSINFO",
        33: "AT_SYSINFO_EHDR",
        51: "AT_MINSIGSTKSZ",
    },
    "netbsd": {
        0: "AT_NULL",
        1: "AT_IGNORE",
        2: "AT_EXECFD",
        3: "AT_PHDR",
        4: "AT_PHENT",
        5: "AT_PHNUM",
        6: "AT_PAGESZ",
        7: "AT_BASE",
        8: "AT_FLAGS",
        9: "AT_ENTRY",
        10: "AT_DCACHEBSIZE",
        11: "AT_ICACHEBSIZE",
        12: "AT_UCACHEBSIZE",
        13: "AT_STACKBASE",
        2000: "AT_EUID",
        2001: "AT_RUID",
        2002: "AT_EGID",
        2003: "AT_RGID",
        2004: "AT_SUN_LDELF",
        2005: "AT_SUN_LDSHDR",
        2006: "AT_SUN_LDNAME",
        2007: "AT_SUN_LPGSIZE",
        2008: "AT_SUN_PLATFORM",
        2009: "AT_SUN_HWCAP",
        2010: "AT_SUN_IFLUSH",
        2011: "AT_SUN_CPU",
        2012: "AT_SUN_EMUL_ENTRY",
        2013: "AT_SUN_EMUL_EXECFD",
        2014: "AT_SUN_EXECNAME",
    },
}

# Entries whose value is the address of a string.
STRINGS = {"AT_PLATFORM", "AT_BASE_PLATFORM", "AT_EXECFN", "AT_SUN_EXECNAME"}


def packed_auxv(os: str) -> tuple[bytes, bytes]:
    """For the C core: the names from 0 on, and a byte for each, 1 where the value is a string."""
    names = NAMES[os]
    strings = bytes(names.get(n) in STRINGS for n in range(max(names) + 1))
    return pack_names(names), strings
