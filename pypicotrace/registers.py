"""The registers of a stopped LWP, by the names that its kernel has for them."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from pypicotrace.errors import Unsupported
from pypicotrace.integers import within
from pypicotrace.syscalls import unknown


class Layout(NamedTuple):
    """Registers in the order in which the kernel gives them, all of the same size."""

    names: tuple[str, ...]
    bits: int
    pc: str

    def shape(self) -> struct.Struct:
        return struct.Struct(f"={len(self.names)}{'Q' if self.bits == 64 else 'I'}")


def _layout(bits: int, pc: str, names: str) -> Layout:
    return Layout(tuple(names.split()), bits, pc)


_X = " ".join(f"x{n}" for n in range(31))

# Each has a size of its own. struct user_regs_struct (Linux's sys/user.h) of x86-64, of i386 (as a
# 64-bit tracer gets it, too), and of AArch64; struct reg (NetBSD's machine/reg.h) of the same.
LAYOUTS = {
    layout.shape().size: layout
    for layout in (
        _layout(
            64,
            "rip",
            "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp "
            "ss fs_base gs_base ds es fs gs",
        ),
        _layout(
            32,
            "eip",
            "ebx ecx edx esi edi ebp eax ds es fs gs orig_eax eip cs eflags esp ss",
        ),
        _layout(64, "pc", f"{_X} sp pc pstate"),
        _layout(
            64,
            "rip",
            "rdi rsi rdx rcx r8 r9 r10 r11 r12 r13 r14 r15 rbp rbx rax gs fs es ds trapno err rip "
            "cs rflags rsp ss",
        ),
        _layout(32, "eip", "eax ecx edx ebx esp ebp esi edi eip eflags cs ss ds es fs gs"),
        _layout(64, "pc", f"{_X} sp pc spsr tpidr"),
    )
}


class Registers(Mapping[str, int]):
    """All general registers of a stopped LWP, as they were when this was made.

    A mapping of the kernel's names (``rax``, ``orig_rax``, ``eflags``; ``x0``, ``pstate``) to
    unsigned integers. What is set is set in the LWP at once. Unknown names raise KeyError.

    ``bits`` is the size of each, 32 for a 32-bit program on x86.
    """

    __slots__ = ("_data", "_layout", "_read", "_write")

    def __init__(self, read: Callable[[], bytes], write: Callable[[bytes], None]) -> None:
        self._read = read
        self._write = write
        self._data = read()
        layout = LAYOUTS.get(len(self._data))
        if layout is None:
            raise Unsupported(f"registers of {len(self._data)} bytes are of no known machine")
        self._layout = layout

    @property
    def bits(self) -> int:
        """The size of each, 32 or 64."""
        return self._layout.bits

    @property
    def pc(self) -> int:
        """The program counter, whatever its name is here."""
        return self[self._layout.pc]

    def __getitem__(self, name: str) -> int:
        size = self.bits // 8
        start = self._place(name) * size
        return int.from_bytes(self._data[start : start + size], "little")

    def __iter__(self) -> Iterator[str]:
        return iter(self._layout.names)

    def __len__(self) -> int:
        return len(self._layout.names)

    def __repr__(self) -> str:
        return f"<Registers {', '.join(f'{name}={self[name]:#x}' for name in self)}>"

    def __setitem__(self, name: str, value: int) -> None:
        self.update({name: value})

    def update(self, values: Mapping[str, int] | None = None, /, **named: int) -> None:
        """Set some registers, all at once; the others stay as they are.

        :param values, named: values by name, of at most ``bits`` bits, with or without a sign.
        :raises KeyError: there is no such register; nothing is set.
        :raises TypeError, ValueError: that is no value of a register; nothing is set.
        :raises KernelError: the kernel refuses a value: a segment or a flag that would be unsafe;
            on NetBSD a program counter that no program can have.
        :raises StaleStop, TraceeDied: as the methods of `Stop`.
        """
        wanted = {**(values or {}), **named}
        places = {
            self._place(name): within(name, value, self.bits) for name, value in wanted.items()
        }
        # Not from what was read before: that would undo what was set meanwhile.
        shape = self._layout.shape()
        words = list(shape.unpack(self._read()))
        for place, value in places.items():
            words[place] = value
        data = shape.pack(*words)
        self._write(data)
        self._data = data

    def _place(self, name: str) -> int:
        try:
            return self._layout.names.index(name)
        except ValueError:
            raise unknown(f"no register {name!r}", name, self._layout.names) from None
