"""Many records at once: as columns, tuples, an array, or events made when they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, overload

from pypicotrace._ffi import ffi, lib
from pypicotrace.errors import check
from pypicotrace.events import Event
from pypicotrace.layout import FIELDS, FORMAT, SIZE
from pypicotrace.records import event

# Memory that is about to be written all over.
_unset = ffi.new_allocator(should_clear_after_alloc=False)


class Batch(Sequence[Event]):
    """Records of events, in the order in which they were made; immutable, and may be kept.

    A sequence of events, each made when it is asked for, without ``stop``: their LWPs have gone on.
    Faster, a column is all values of a field (csrc/core/event.h names them): ``batch.sysnum``,
    ``batch.pid``, ``batch.ts_ns``, ``batch.kind`` (see `pypicotrace.Mask`), ... as a memoryview of
    integers. ``args`` and ``retval`` have 8 and 2 for each record, ``program`` 24 bytes.

    ``numpy.asarray(batch)`` is a structured array of all fields, without a copy.
    """

    __slots__ = ("_count", "_records")

    def __init__(self, records: Any, count: int) -> None:
        self._records = records
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> list[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | list[Event]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(self._count))]
        place = index + self._count if index < 0 else index
        if not 0 <= place < self._count:
            raise IndexError(index)
        record = self._records + place
        return event(record, ffi.buffer(record))

    def __getattr__(self, name: str) -> memoryview:
        field = FIELDS.get(name)
        if field is None:
            raise AttributeError(f"a record has no field {name!r}")
        column = bytearray(field.size * self._count)
        lib.pico_batch_column(
            self._records, self._count, field.offset, field.size, ffi.from_buffer(column)
        )
        code: Any = "B" if field.code == "s" else field.code
        view = memoryview(column).toreadonly()
        if field.count == 1 or not self._count:
            return view.cast(code)
        return view.cast(code, [self._count, field.count])

    def __repr__(self) -> str:
        return f"<Batch of {self._count} records>"

    def __reduce__(self) -> tuple[Any, ...]:
        return (batch_of, (bytes(self.buffer()),))

    def tuples(self) -> Iterator[tuple[Any, ...]]:
        """Each record as a plain tuple, of the fields in `Batch.fields`, arrays laid out flat."""
        # Not of a memoryview: where the iterator is left in a cycle of references (an exception was
        # caught), CPython takes the view apart before the iterator lets go of it, and crashes.
        return FORMAT.iter_unpack(ffi.buffer(self._records, SIZE * self._count))

    @property
    def fields(self) -> tuple[str, ...]:
        """The names in a tuple; one of several values is ``name[0]``, ``name[1]``, ..."""
        return tuple(
            f"{field.name}[{i}]" if field.count > 1 and field.code != "s" else field.name
            for field in FIELDS.values()
            for i in range(1 if field.code == "s" else field.count)
        )

    def buffer(self) -> memoryview:
        """The bytes of all records, ``struct pico_event`` one after another."""
        return memoryview(ffi.buffer(self._records, SIZE * self._count)).toreadonly()

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return {
            "version": 3,
            "typestr": f"|V{SIZE}",
            "descr": [field.descr for field in FIELDS.values()],
            "shape": (self._count,),
            "data": (int(ffi.cast("uintptr_t", self._records)), True),
        }


class Batches:
    """Takes records from C, and makes a `Batch` of what has come."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("a batch has room for one event at least")
        self.size = size
        self.room = ffi.new("struct pico_event[]", size)
        self.last = 0
        """The number of the last event that is in a batch."""

    def batch(self, count: int) -> tuple[Batch, int]:
        """So many records; and the number of the last one."""
        return _copied(self.room, count), self.room[count - 1].seq

    def unseen(self) -> int:
        """How many records C has put there that are in no batch."""
        first, count = self.room[0].seq, 0
        if first > self.last:
            while count < self.size and self.room[count].seq == first + count:
                count += 1
        return count


def rest_of(loop: Any) -> Batch:
    """What was recorded while a C loop was closed.

    :raises MemoryError: there was none for all of it.
    """
    records = ffi.new("struct pico_event **")
    count = check(lib.pico_loop_rest(loop, records), "record what happened at the end")
    return _copied(records[0], count)


def batch_of(records: bytes | bytearray) -> Batch:
    """A batch of a copy of packed ``struct pico_event``."""
    with ffi.from_buffer(records) as copied:  # a bytearray can be changed again after it
        return _copied(copied, len(records) // SIZE)


def _copied(records: Any, count: int) -> Batch:
    copy = _unset("struct pico_event[]", count)
    ffi.memmove(copy, records, count * SIZE)
    return Batch(copy, count)
