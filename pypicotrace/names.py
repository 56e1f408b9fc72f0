"""Names and what else of the tables the C core is to know, in the form that C takes."""

from __future__ import annotations

from typing import Any

from pypicotrace._ffi import ffi, lib
from pypicotrace.syscalls import Table


def kept(keep: list[Any], made: Any) -> Any:
    """Something of C's that the C loop borrows: put into ``keep``, which has to live as long.

    :raises MemoryError: there is none of it.
    """
    if made == ffi.NULL:
        raise MemoryError
    keep.append(made)
    return made


def names(
    keep: list[Any],
    packed: bytes,
    nargs: bytes | None = None,
    narrow: bytes | None = None,
    returns: bytes | None = None,
    *,
    first: int = 0,
) -> Any:
    """A ``struct pico_names *`` of names that end with NUL each, the first being that of ``first``.

    The other columns have a byte for each name.
    """
    columns = [column or ffi.NULL for column in (nargs, narrow, returns)]
    made = lib.pico_names_new(packed, *columns, packed.count(b"\0"), first)
    return kept(keep, ffi.gc(made, lib.pico_names_free))


def call_names(keep: list[Any], table: Table) -> Any:
    """The same of all calls of a table."""
    return names(keep, *table.packed, first=table.base)
