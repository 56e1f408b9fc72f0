"""How a record of the C core lies in memory: ``struct pico_event`` of csrc/core/event.h."""

from __future__ import annotations

import struct
from typing import Any

from pypicotrace._ffi import ffi

RECORD = ffi.typeof("struct pico_event")
SIZE = ffi.sizeof(RECORD)
CODES = {
    "uint64_t": "Q",
    "uint32_t": "I",
    "int32_t": "i",
    "uint16_t": "H",
    "char": "s",
}
NUMPY = {"Q": "<u8", "I": "<u4", "i": "<i4", "H": "<u2"}


class Field:
    """A field of a record: where it is, and of what."""

    def __init__(self, name: str, field: Any) -> None:
        of = field.type
        self.name = name
        self.offset = field.offset
        self.count = of.length if of.kind == "array" else 1
        self.code = CODES[(of.item if of.kind == "array" else of).cname]
        self.size = ffi.sizeof(of)

    @property
    def format(self) -> str:
        """As in the struct module."""
        return f"{self.count if self.count > 1 else ''}{self.code}"

    @property
    def descr(self) -> tuple[Any, ...]:
        """As in numpy's array interface."""
        if self.code == "s":
            return (self.name, f"|S{self.count}")
        shape = ((self.count,),) if self.count > 1 else ()
        return (self.name, NUMPY[self.code], *shape)


FIELDS = {name: Field(name, field) for name, field in RECORD.fields}
FORMAT = struct.Struct("@" + "".join(field.format for field in FIELDS.values()))
if FORMAT.size != SIZE:
    raise ImportError("the record of the compiled module is not laid out as its fields are")


def _places() -> dict[str, int]:
    places, place = {}, 0
    for name, field in FIELDS.items():
        places[name] = place
        place += 1 if field.code == "s" else field.count
    return places


PLACES = _places()
"""Where each field stands in a record that `FORMAT` has unpacked; of several values, the first."""
