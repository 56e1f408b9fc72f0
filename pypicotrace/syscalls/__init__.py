"""What the numbers in a trace mean: system calls, errors and signals.

``load(abi)`` gives the `Table` of an ABI, ``errors(os)`` and ``signals(os)`` give names by
number.  What they return is shared between callers: do not change it.

The data are in generated modules beside this one; `_generate` makes them from kernel headers and
from a running kernel's own description of its calls, and says how.

This module is imported whenever the command starts, so it imports only what is asked for.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import ModuleType
    from typing import TypeAlias

    Packed: TypeAlias = tuple[bytes, bytes, bytes, bytes]

# NetBSD's two serve all its machines of their kind: names, numbers and types are the same on each.
# They differ in whether long and pointers have 64 bits (LP64) or 32 (ILP32, little-endian).
ABIS = (
    "linux-x86_64",
    "linux-i386",
    "linux-x32",
    "linux-aarch64",
    "netbsd-amd64",
    "netbsd-i386",
)
SYSTEMS = ("linux", "netbsd")

# ABIs whose registers have 32 bits.  x32 is none: its long and pointers are short, but it passes a
# 64-bit offset in one register, and most of its calls are those of x86-64, which look at all of it.
ILP32 = frozenset({"linux-i386", "netbsd-i386"})

# What all numbers of an ABI carry; __X32_SYSCALL_BIT in Linux's asm/unistd.h.
BASES = {"linux-x32": 0x40000000}

# The ABIs a machine's processes may use, its own first, by what uname -m or uname -p calls it.
_LINUX_X86 = ("linux-x86_64", "linux-i386", "linux-x32")
_NETBSD_LP64 = ("netbsd-amd64",)
_NETBSD_ILP32 = ("netbsd-i386",)
MACHINES = {
    "linux": {
        "x86_64": _LINUX_X86,
        **dict.fromkeys(("i386", "i486", "i586", "i686"), ("linux-i386",)),
        "aarch64": ("linux-aarch64",),
    },
    "netbsd": {
        # With compat_netbsd32(8); its calls have the numbers of a 32-bit machine's.
        **dict.fromkeys(("amd64", "x86_64", "aarch64"), _NETBSD_LP64 + _NETBSD_ILP32),
        **dict.fromkeys(("aarch64eb", "alpha", "riscv64", "sparc64"), _NETBSD_LP64),
        **dict.fromkeys(("i386", "earmv6hf", "earmv7hf"), _NETBSD_ILP32),
    },
}

# What uname -p prints on NetBSD, where uname -m prints the name of a port that has more than one
# kind of processor: by that name, the bits of a program's pointers, and the order of their bytes.
PROCESSORS = {
    ("evbarm", 32, "little"): "earmv7hf",
    ("evbarm", 64, "little"): "aarch64",
    ("evbarm", 64, "big"): "aarch64eb",
    ("riscv", 64, "little"): "riscv64",
}

# Types of at most 32 bits on a 64-bit machine: the kernel ignores the upper half of a register that
# holds one.
LINUX_NARROW = frozenset(
    {
        "__s32",
        "__u32",
        "clockid_t",
        # x32's, from include/asm-generic/compat.h and arch/x86/include/asm/compat.h.
        "compat_aio_context_t",
        "compat_long_t",
        "compat_pid_t",
        "compat_size_t",
        "compat_ulong_t",
        "gid_t",
        "int",
        "key_serial_t",
        "key_t",
        "mode_t",
        "mqd_t",
        "old_gid_t",
        "old_uid_t",
        "pid_t",
        "qid_t",
        "rwf_t",
        "s32",
        "timer_t",
        "u32",
        "uid_t",
        "umode_t",
        "unsigned int",
    }
)
# NetBSD's key_t is a long.  From sys/types.h, sys/ansi.h, sys/common_ansi.h and sys/acl.h.
NETBSD_NARROW = frozenset(
    {
        "acl_type_t",
        "clockid_t",
        "gid_t",
        "id_t",
        "idtype_t",
        "int",
        "int32_t",
        "lwpid_t",
        "mode_t",
        "mqd_t",
        "pid_t",
        "psetid_t",
        "socklen_t",
        "timer_t",
        "u_int",
        "uid_t",
        "uint32_t",
        "unsigned int",
    }
)

# Second names of errors, where a system has no error of its own by that name.
ERROR_ALIASES = {"EWOULDBLOCK": "EAGAIN", "EDEADLOCK": "EDEADLK", "ENOTSUP": "EOPNOTSUPP"}


class Param:
    """A parameter: its C type, such as ``const char *``, and its name.

    ``narrow``: whether only the lower 32 bits of the argument count.
    """

    __slots__ = ("name", "narrow", "type")

    def __init__(self, type: str, name: str, narrow: bool) -> None:
        self.type = type
        self.name = name
        self.narrow = narrow

    def __repr__(self) -> str:
        return f"Param({self.type!r}, {self.name!r})"

    def __str__(self) -> str:
        return f"{self.type}{'' if self.type.endswith('*') else ' '}{self.name}"


class Syscall:
    """A system call: ``number``, ``name``, ``params`` and ``returns``.

    ``known`` is false where no source has the prototype, mostly for calls that Linux reserved a
    number for and never had.  ``params`` is empty then, and a tracer shows all registers.
    """

    __slots__ = ("_narrow", "_params", "_text", "name", "number")

    def __init__(self, number: int, name: str, text: str, narrow: frozenset[str] | None) -> None:
        self.number = number
        self.name = name
        # What follows the opening parenthesis in the table: `int fd) ssize_t`.
        self._text = text
        self._narrow = narrow
        self._params: tuple[Param, ...] | None = None

    def __repr__(self) -> str:
        return f"<Syscall {self.number} {self}>"

    def __str__(self) -> str:
        """The prototype, with ``?`` for parameters that are not known."""
        return f"{self.name}({self._text.rpartition(')')[0]})"

    @property
    def known(self) -> bool:
        return not self._text.startswith("?")

    @property
    def params(self) -> tuple[Param, ...]:
        # Most runs look at a few calls only: a call is taken apart when it is looked at.
        if self._params is None:
            self._params = tuple([_param(text, self._narrow) for text in self._declarations()])
        return self._params

    @property
    def returns(self) -> str:
        """The C type of the result; Linux's entry points all return a ``long``."""
        return self._text.rpartition(")")[2].lstrip() or "long"

    @property
    def wide(self) -> bool:
        """Whether more than the lower 32 bits of the result's register count."""
        return self.returns != "void" and not _is_narrow(self.returns, self._narrow)

    def _declarations(self) -> list[str]:
        text = self._text.rpartition(")")[0]
        return text.split(", ") if text and self.known else []


class Table:
    """The system calls of an ABI, by number and by name.

    ``base`` is what all numbers carry: 0x40000000 on x32, else 0.

    ``packed`` is the table for the C core: ``(names, nargs, narrow, returns)``, from ``base`` on.
    The names are followed by NUL each; a number without a call has an empty one. The others have a
    byte per number: the count of arguments, 255 where no prototype is known; bit i set where
    argument i is `Param.narrow`; and what is returned, of the core's ``enum pico_returns``.
    """

    __slots__ = ("_by_name", "_by_number", "_text", "abi", "base", "packed")

    def __init__(self, abi: str, text: str, packed: Packed = (b"", b"", b"", b"")) -> None:
        self.abi = abi
        self.base = BASES.get(abi, 0)
        self.packed = packed
        self._text = text
        # Most runs need the packed form only: the text is taken apart when it is asked for.
        self._by_number: dict[int, Syscall] | None = None
        self._by_name: dict[str, Syscall] | None = None

    @property
    def by_number(self) -> dict[int, Syscall]:
        if self._by_number is None:
            narrow = _narrow_types(self.abi)
            calls = [_syscall(line, self.base, narrow) for line in self._text.splitlines()]
            self._by_number = {call.number: call for call in calls}
        return self._by_number

    @property
    def by_name(self) -> dict[str, Syscall]:
        if self._by_name is None:
            self._by_name = {call.name: call for call in self.by_number.values()}
        return self._by_name


_tables: dict[str, Table] = {}


def load(abi: str) -> Table:
    """The table of ``abi``, one of `ABIS`.

    :raises ValueError: it is none of these; the message names them.
    """
    if abi not in _tables:
        module = _module(abi)
        _tables[abi] = Table(abi, module.TABLE, module.PACKED)
    return _tables[abi]


def for_system(os: str, machine: str) -> tuple[str, ...]:
    """The ABIs that processes on such a machine may use, its own first.

    Empty where there is no table for the machine, as for a 32-bit one that is big-endian.

    :param os: one of `SYSTEMS`.
    :param machine: what ``uname -m`` prints; on NetBSD what ``uname -p`` prints is as good, and
        better where the former, such as evbarm, leaves open how many bits there are.
    :raises ValueError: ``os`` is none of these; the message names them.
    """
    if os not in SYSTEMS:
        raise _unknown("system", os, SYSTEMS)
    return MACHINES[os].get(machine, ())


def errors(os: str) -> dict[int, str]:
    """Names of error numbers on ``os``, one of `SYSTEMS`.

    They include the codes that only a tracer sees, such as Linux's ERESTARTSYS; those of NetBSD
    are negative.

    :raises ValueError: it is none of these; the message names them.
    """
    if os == "linux":
        from pypicotrace.syscalls import linux

        return linux.ERRORS
    if os == "netbsd":
        from pypicotrace.syscalls import netbsd

        return netbsd.ERRORS
    raise _unknown("system", os, SYSTEMS)


def error_number(name: str, os: str) -> int:
    """The number of the error of that name on ``os``, one of `SYSTEMS`.

    :raises KeyError: there is none; the message names ones like it.
    """
    numbers = {name: number for number, name in errors(os).items()}
    known = name if name in numbers else ERROR_ALIASES.get(name, name)
    if known not in numbers:
        raise unknown(f"no error {name!r}", name, numbers)
    return numbers[known]


def signals(os: str) -> dict[int, str]:
    """Names of signals on ``os``, one of `SYSTEMS`.

    Linux's real-time signals are named as glibc numbers them, from SIGRTMIN, which is 34.  The two
    below it belong to glibc and have no name there: they are SIG32 and SIG33.

    :raises ValueError: it is none of these; the message names them.
    """
    if os == "linux":
        from pypicotrace.syscalls import linux

        return linux.SIGNALS
    if os == "netbsd":
        from pypicotrace.syscalls import netbsd

        return netbsd.SIGNALS
    raise _unknown("system", os, SYSTEMS)


def pack_names(mapping: Mapping[int, str], first: int = 0) -> bytes:
    """Names for the C core: for ``first`` to the greatest key the name or nothing, then NUL.

    Names of smaller numbers than ``first`` are left out.
    """
    size = max(mapping, default=first - 1) + 1
    return "".join([mapping.get(number, "") + "\0" for number in range(first, size)]).encode(
        "ascii"
    )


def near(word: str, names: Iterable[str]) -> list[str]:
    """The ``names`` that ``word`` may be a misspelling of, best first, three at most."""
    from difflib import get_close_matches

    return get_close_matches(word, list(names))


def unknown(what: str, word: str, names: Iterable[str]) -> KeyError:
    """The exception that says ``what``, that there is no such ``word``, and names ones like it."""
    like = near(word, names)
    return KeyError(f"{what} (did you mean {' or '.join(like)}?)" if like else what)


def _module(abi: str) -> ModuleType:
    if abi not in ABIS:
        raise _unknown("ABI", abi, ABIS)
    return __import__(f"{__name__}.{abi.replace('-', '_')}", fromlist=["TABLE"])


def _unknown(what: str, name: str, known: Iterable[str]) -> ValueError:
    return ValueError(f"unknown {what} {name!r}; known: {', '.join(known)}")


def _syscall(line: str, base: int, narrow: frozenset[str] | None) -> Syscall:
    number, _, prototype = line.partition(" ")
    name, _, text = prototype.partition("(")
    return Syscall(int(number) + base, name, text, narrow)


def _narrow_types(abi: str) -> frozenset[str] | None:
    """The types of at most 32 bits, None where nothing is wider."""
    if abi in ILP32:
        return None
    return NETBSD_NARROW if abi.startswith("netbsd") else LINUX_NARROW


def _is_narrow(type: str, narrow: frozenset[str] | None) -> bool:
    if narrow is None:
        return True
    if type.startswith(("const ", "enum ")):
        type = type.removeprefix("const ")
        return type in narrow or (type.startswith("enum ") and "*" not in type)
    return type in narrow


def _param(text: str, narrow: frozenset[str] | None) -> Param:
    cut = max(text.rfind(" "), text.rfind("*")) + 1
    type = text[:cut].rstrip()
    return Param(type, text[cut:], _is_narrow(type, narrow))
