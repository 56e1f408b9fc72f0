"""How a prototype is spelled in a table, and which types of parameters are known."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pypicotrace.syscalls import ILP32, LINUX_NARROW, NETBSD_NARROW, Syscall, Table

# Types that fill a register of 64 bits, apart from pointers.  With the narrow ones these are all
# types there are, so that a new one is noticed instead of being taken for either.
LINUX_WIDE = frozenset(
    {
        "__u64",
        "aio_context_t",
        "cap_user_data_t",
        "cap_user_header_t",
        "loff_t",
        "long",
        "off_t",
        "size_t",
        "u64",
        "unsigned long",
    }
)
NETBSD_WIDE = frozenset(
    {
        "cpuid_t",
        "dev_t",
        "intptr_t",
        "key_t",
        "long",
        "off_t",
        "quad_t",
        "size_t",
        "ssize_t",
        "u_long",
    }
)
# Those that Linux i386 alone has.
LINUX_OLD = frozenset({"__sighandler_t", "old_sigset_t"})

# Types of 64 bits on every machine: they take two registers of 32, on i386 the lower half first.
# Linux puts them together again in arch/x86/kernel/sys_ia32.c and with SC_ARG64 of
# include/linux/syscalls.h; NetBSD's syscalls.master has a PAD before those that would not start at
# an even place.
LINUX_DOUBLE = frozenset({"__u64", "loff_t", "u64"})
NETBSD_DOUBLE = frozenset({"dev_t", "off_t", "quad_t"})


def declaration(text: str) -> str:
    """A parameter in the spelling of the tables: ``const char *path``."""
    text = re.sub(r"\bunsigned\b(?!\s+(?:char|short|int|long)\b)", "unsigned int", text)
    result = ""
    for word in re.findall(r"\w+|\*", text):
        if word != "__user":
            result += word if not result or result.endswith("*") else f" {word}"
    return result


def line(number: int, name: str, params: Sequence[str] | None, returns: str = "") -> str:
    """A line of a table; ``params`` None: not known."""
    text = "?" if params is None else ", ".join(params)
    return f"{number} {name}({text}) {returns}".rstrip()


def shown(call: Syscall, table: Table) -> str:
    """The line that a call of a table was made from."""
    returns = call.returns if _of_netbsd(table.abi) else ""
    return f"{call.number - table.base} {call} {returns}".rstrip()


def in_registers(abi: str, params: Sequence[str]) -> list[str]:
    """The parameters of an ABI, with two in place of each that takes two registers."""
    if abi not in ILP32:
        return list(params)
    double, half = (NETBSD_DOUBLE, "uint32_t") if _of_netbsd(abi) else (LINUX_DOUBLE, "u32")
    result = []
    for param in params:
        type, _, name = param.rpartition(" ")
        if type in double and "*" not in name:
            result += [f"{half} {name}_lo", f"{half} {name}_hi"]
        else:
            result.append(param)
    return result


def unknown_types(table: Table) -> set[str]:
    """Types in a table of which it is not known how wide they are."""
    known = NETBSD_NARROW | NETBSD_WIDE if _of_netbsd(table.abi) else LINUX_NARROW | LINUX_WIDE
    calls = table.by_number.values()
    returned = {call.returns for call in calls} - known - {"void"}
    if table.abi in ILP32:
        known = (known | LINUX_OLD) - (NETBSD_DOUBLE if _of_netbsd(table.abi) else LINUX_DOUBLE)
    taken = {param.type.removeprefix("const ") for call in calls for param in call.params} - known
    return {t for t in returned | taken if "*" not in t and not t.startswith("enum ")}


def _of_netbsd(abi: str) -> bool:
    return abi.startswith("netbsd")
