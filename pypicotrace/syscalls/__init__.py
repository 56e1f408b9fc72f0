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
        **dict.fromkeys(("alpha", "riscv64", "sparc64"), _NETBSD_LP64),
        **dict.fromkeys(("i386", "earmv6hf", "earmv7hf"), _NETBSD_ILP32),
    },
}

# The number of arguments of a call whose prototype is not known, in `Table.packed`.
UNKNOWN = 255

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


# What a call returns, as the core's enum pico_returns has it.
RETURNS_WORD, RETURNS_INT, RETURNS_NOTHING, RETURNS_TWO, RETURNS_QUAD, RETURNS_UPTO = (
    0,
    1,
    2,
    3,
    4,
    8,
)

WIDE_EVERYWHERE = frozenset({"off_t", "quad_t"})
"""64 bits also where a register has 32."""


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

    def _result(self) -> int:
        # As the core's enum pico_returns has it. Linux's entry points all return a word.
        type = self.returns
        if type == "void":
            return RETURNS_NOTHING
        if self.name == "pipe":
            return RETURNS_TWO
        if type in WIDE_EVERYWHERE:
            return RETURNS_QUAD if self._narrow is None else RETURNS_WORD
        if not self.wide:
            return RETURNS_INT
        sizes = [i for i, text in enumerate(self._declarations()) if text.startswith("size_t ")]
        return RETURNS_UPTO + sizes[0] if type == "ssize_t" and sizes else RETURNS_WORD

    def _declarations(self) -> list[str]:
        text = self._text.rpartition(")")[0]
        return text.split(", ") if text and self.known else []

    def _shape(self) -> tuple[int, int]:
        # What `params` says, without making it: every start of a tracer needs it of every call.
        texts = self._declarations()
        narrow = self._narrow
        if narrow is None:
            return len(texts), (1 << len(texts)) - 1
        bits = 0
        for i, text in enumerate(texts):
            type, _, name = text.rpartition(" ")
            if name[0] != "*" and (type in narrow or _is_narrow(type, narrow)):
                bits |= 1 << i
        return len(texts), bits


class Table:
    """The system calls of an ABI, by number and by name.

    ``base`` is what all numbers carry: 0x40000000 on x32, else 0.
    """

    __slots__ = ("_packed", "abi", "base", "by_name", "by_number")

    def __init__(self, abi: str, text: str) -> None:
        base, narrow = BASES.get(abi, 0), _narrow_types(abi)
        calls = [_syscall(line, base, narrow) for line in text.splitlines()]
        self.abi = abi
        self.base = base
        self.by_number = {call.number: call for call in calls}
        self.by_name = {call.name: call for call in calls}
        self._packed: tuple[bytes, bytes, bytes, bytes] | None = None

    def packed(self) -> tuple[bytes, bytes, bytes, bytes]:
        """The table for the C core: ``(names, nargs, narrow, returns)``, from `base` on.

        ``names``: the names, each followed by NUL; a number without a call has an empty name.
        ``nargs``: a byte per number, the count of arguments, or `UNKNOWN`.
        ``narrow``: a byte per number, with bit i set where argument i is `Param.narrow`.
        ``returns``: a byte per number, of the core's ``enum pico_returns``.
        """
        # A loop wants it, and the text that it writes.
        if self._packed is None:
            self._packed = self._pack()
        return self._packed

    def _pack(self) -> tuple[bytes, bytes, bytes, bytes]:
        size = max(self.by_number, default=self.base - 1) + 1 - self.base
        nargs = bytearray([UNKNOWN]) * size
        narrow, returns = bytearray(size), bytearray(size)
        for number, call in self.by_number.items():
            if call.known:
                nargs[number - self.base], narrow[number - self.base] = call._shape()
                if self.abi.startswith("netbsd"):
                    returns[number - self.base] = call._result()
        names = {number: call.name for number, call in self.by_number.items()}
        return pack_names(names, self.base), bytes(nargs), bytes(narrow), bytes(returns)


_tables: dict[str, Table] = {}


def load(abi: str) -> Table:
    """The table of ``abi``, one of `ABIS`.

    :raises ValueError: it is none of these; the message names them.
    """
    if abi not in _tables:
        _tables[abi] = Table(abi, _text(abi))
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


def _text(abi: str) -> str:
    if abi not in ABIS:
        raise _unknown("ABI", abi, ABIS)
    module = __import__(f"{__name__}.{abi.replace('-', '_')}", fromlist=["TABLE"])
    text: str = module.TABLE
    return text


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
