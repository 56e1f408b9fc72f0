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

ABIS = ("linux-x86_64",)
SYSTEMS = ("linux",)

# The number of arguments of a call whose prototype is not known, in `Table.packed`.
UNKNOWN = 255

# Types of at most 32 bits: the kernel ignores the upper half of a register that holds one.
NARROW = frozenset(
    {
        "__s32",
        "__u32",
        "clockid_t",
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


class Param:
    """A parameter: its C type, such as ``const char *``, and its name."""

    __slots__ = ("name", "type")

    def __init__(self, type: str, name: str) -> None:
        self.type = type
        self.name = name

    def __repr__(self) -> str:
        return f"Param({self.type!r}, {self.name!r})"

    def __str__(self) -> str:
        return f"{self.type}{'' if self.type.endswith('*') else ' '}{self.name}"

    @property
    def narrow(self) -> bool:
        """Whether only the lower 32 bits of the argument count."""
        return _narrow(self.type)


class Syscall:
    """A system call: ``number``, ``name`` and ``params``.

    ``known`` is false where no source has the prototype, mostly for calls that Linux reserved a
    number for and never had.  ``params`` is empty then, and a tracer shows all six registers.
    """

    __slots__ = ("_params", "_text", "name", "number")

    def __init__(self, number: int, name: str, text: str) -> None:
        self.number = number
        self.name = name
        self._text = text
        self._params: tuple[Param, ...] | None = None

    def __repr__(self) -> str:
        return f"<Syscall {self.number} {self}>"

    def __str__(self) -> str:
        """The prototype, with ``?`` for parameters that are not known."""
        return f"{self.name}({self._text})"

    @property
    def known(self) -> bool:
        return self._text != "?"

    @property
    def params(self) -> tuple[Param, ...]:
        # Most runs look at a few calls only: a call is taken apart when it is looked at.
        if self._params is None:
            self._params = tuple(map(_param, self._declarations()))
        return self._params

    def _declarations(self) -> list[str]:
        return self._text.split(", ") if self._text and self.known else []

    def _shape(self) -> tuple[int, int]:
        # What `params` says, without making it: every start of a tracer needs it of every call.
        texts = self._declarations()
        bits = 0
        for i, text in enumerate(texts):
            type, _, name = text.rpartition(" ")
            if name[0] != "*" and _narrow(type):
                bits |= 1 << i
        return len(texts), bits


class Table:
    """The system calls of an ABI, by number and by name."""

    __slots__ = ("abi", "by_name", "by_number")

    def __init__(self, abi: str, text: str) -> None:
        calls = [_syscall(line) for line in text.splitlines()]
        self.abi = abi
        self.by_number = {call.number: call for call in calls}
        self.by_name = {call.name: call for call in calls}

    def packed(self) -> tuple[bytes, bytes, bytes]:
        """The table for the C core: ``(names, nargs, narrow)``, from number 0 to the last one.

        ``names``: the names, each followed by NUL; a number without a call has an empty name.
        ``nargs``: a byte per number, the count of arguments, or `UNKNOWN`.
        ``narrow``: a byte per number, with bit i set where argument i is `Param.narrow`.
        """
        size = max(self.by_number, default=-1) + 1
        nargs = bytearray([UNKNOWN]) * size
        narrow = bytearray(size)
        for number, call in self.by_number.items():
            if call.known:
                nargs[number], narrow[number] = call._shape()
        names = pack_names({number: call.name for number, call in self.by_number.items()})
        return names, bytes(nargs), bytes(narrow)


_tables: dict[str, Table] = {}


def load(abi: str) -> Table:
    """The table of ``abi``, one of `ABIS`.

    :raises ValueError: it is none of these; the message names them.
    """
    if abi not in _tables:
        _tables[abi] = Table(abi, _text(abi))
    return _tables[abi]


def errors(os: str) -> dict[int, str]:
    """Names of error numbers on ``os``, one of `SYSTEMS`.

    They include the codes that only a tracer sees, such as ERESTARTSYS.

    :raises ValueError: it is none of these; the message names them.
    """
    if os != "linux":
        raise _unknown("system", os, SYSTEMS)
    from pypicotrace.syscalls.linux import ERRORS

    return ERRORS


def signals(os: str) -> dict[int, str]:
    """Names of signals on ``os``, one of `SYSTEMS`.

    Real-time signals are named as glibc numbers them, from SIGRTMIN, which is 34.  The two below
    it belong to glibc and have no name there: they are SIG32 and SIG33.

    :raises ValueError: it is none of these; the message names them.
    """
    if os != "linux":
        raise _unknown("system", os, SYSTEMS)
    from pypicotrace.syscalls.linux import SIGNALS

    return SIGNALS


def pack_names(mapping: Mapping[int, str]) -> bytes:
    """Names for the C core: for 0 to the greatest key the name or nothing, then NUL."""
    size = max(mapping, default=-1) + 1
    return "".join([mapping.get(number, "") + "\0" for number in range(size)]).encode("ascii")


def near(word: str, names: Iterable[str]) -> list[str]:
    """The ``names`` that ``word`` may be a misspelling of, best first, three at most."""
    from difflib import get_close_matches

    return get_close_matches(word, list(names))


def _text(abi: str) -> str:
    if abi != "linux-x86_64":
        raise _unknown("ABI", abi, ABIS)
    from pypicotrace.syscalls.linux_x86_64 import TABLE

    return TABLE


def _unknown(what: str, name: str, known: Iterable[str]) -> ValueError:
    return ValueError(f"unknown {what} {name!r}; known: {', '.join(known)}")


def _syscall(line: str) -> Syscall:
    number, _, prototype = line.partition(" ")
    name, _, text = prototype[:-1].partition("(")
    return Syscall(int(number), name, text)


def _narrow(type: str) -> bool:
    if type.startswith(("const ", "enum ")):
        type = type.removeprefix("const ")
        return type in NARROW or (type.startswith("enum ") and "*" not in type)
    return type in NARROW


def _param(text: str) -> Param:
    cut = max(text.rfind(" "), text.rfind("*")) + 1
    return Param(text[:cut].rstrip(), text[cut:])
