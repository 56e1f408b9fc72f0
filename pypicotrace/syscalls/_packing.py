"""A table in the form that the C core takes: `Table.packed`, made when the tables are generated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pypicotrace.syscalls import ILP32, Syscall, Table, pack_names

if TYPE_CHECKING:
    from pypicotrace.syscalls import Packed

# Of a line's text, so that with its indentation, quotes and comma it stays within 100 columns.
WIDTH = 92

# The number of arguments of a call whose prototype is not known.
UNKNOWN = 255

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


def pack(table: Table) -> Packed:
    """What `Table.packed` is of the table, from its text."""
    size = max(table.by_number, default=table.base - 1) + 1 - table.base
    nargs = bytearray([UNKNOWN]) * size
    narrow, returns = bytearray(size), bytearray(size)
    for number, call in table.by_number.items():
        if call.known:
            place = number - table.base
            nargs[place] = len(call.params)
            narrow[place] = sum(param.narrow << i for i, param in enumerate(call.params))
            returns[place] = _result(table.abi, call)
    names = {number: call.name for number, call in table.by_number.items()}
    return pack_names(names, table.base), bytes(nargs), bytes(narrow), bytes(returns)


def _result(abi: str, call: Syscall) -> int:
    # Linux's entry points all return a word.
    if not abi.startswith("netbsd"):
        return RETURNS_WORD
    if call.returns == "void":
        return RETURNS_NOTHING
    if call.name == "pipe":
        return RETURNS_TWO
    if call.returns in WIDE_EVERYWHERE:
        return RETURNS_QUAD if abi in ILP32 else RETURNS_WORD
    if not call.wide:
        return RETURNS_INT
    sizes = [i for i, param in enumerate(call.params) if param.type == "size_t"]
    return RETURNS_UPTO + sizes[0] if call.returns == "ssize_t" and sizes else RETURNS_WORD


def spelled(packed: Packed) -> str:
    """The columns as lines of a module."""
    names, *numbers = packed
    lines = [_literals([f"{name}\\0" for name in names.decode("ascii").split("\0")[:-1]])]
    lines += [_literals([f"\\x{byte:02x}" for byte in column]) for column in numbers]
    return "".join(lines)


def _literals(pieces: Sequence[str]) -> str:
    """One after the other, as many in a line as there is room for."""
    lines = [""]
    for piece in pieces:
        if len(lines[-1]) + len(piece) > WIDTH:
            lines.append("")
        lines[-1] += piece
    return "\n".join(f'    b"{line}"' for line in lines) + ",\n"
