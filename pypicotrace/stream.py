"""Events in batches, while the tracees run on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import TYPE_CHECKING, Any, Protocol

from pypicotrace.batch import Batch, Batches

if TYPE_CHECKING:
    from pypicotrace.worker import Worker


class Source(Protocol):
    """What a stream needs of its loop."""

    def take(self, room: Any, size: int) -> int:
        """Fill room with up to ``size`` records; 0 at the end."""

    @property
    def worker(self) -> Worker | None:
        """The thread that owns the loop, where that is not the caller's."""

    def pointer(self) -> Any:
        """The C loop; raises where the caller may not use it."""

    kept: Batch | None
    """One that came when its reader had just been cancelled, or a signal's handler raised: the next
    reader's."""

    filling: Batches | None
    """Where records are put that are in no batch yet. They stay there where a handler raises."""

    def hurry(self, hurried: bool) -> None:
        """Make `take` return soon, until it is called with False."""


class Stream:
    """An iterator of batches, and in an ``async with`` block an asynchronous one.

    A batch comes when it is full, or 10 ms after its first event. The iteration ends with the last
    tracee, or when the loop is interrupted; another stream of the same loop then goes on. Several
    may be read at once: each batch is one reader's.
    """

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self._batches = Batches(size)
        self._worker: Worker | None = None

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        if self._source.kept is None:
            self._next_kept()
        # Nothing is called from here on, and no handler runs.
        batch, self._source.kept = self._source.kept, None
        if batch is None:
            raise StopIteration
        return batch

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        worker = self._worker = self._worker or self._source.worker
        if worker is None:
            raise TypeError("an asynchronous iteration takes an asynchronous block: async with")
        async with worker.reading:
            if self._source.worker is not worker:
                raise StopAsyncIteration  # the block was left meanwhile
            batch, self._source.kept = self._source.kept, None
            if batch is None:
                batch = await worker.call(self._next_kept, self._source.hurry)
                self._source.kept = None
        if batch is None:
            raise StopAsyncIteration
        return batch

    def _next_kept(self) -> Batch | None:
        source = self._source
        batches = source.filling
        count = 0 if batches is None else batches.unseen()
        if count:
            source.pointer()  # or another thread is just having it filled
        if batches is None or not count:
            batches = source.filling = self._batches
            count = source.take(batches.room, batches.size)
        batch, last = batches.batch(count) if count else (None, batches.last)
        # At once: no handler runs in between.
        source.kept, batches.last, source.filling = batch, last, None
        return batch
