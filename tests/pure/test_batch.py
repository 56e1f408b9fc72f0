"""Batches of records, made without a kernel."""

from __future__ import annotations

import copy
import gc
import pickle
from typing import Any

import pytest

from pypicotrace._ffi import ffi
from pypicotrace.batch import Batch, batch_of
from pypicotrace.layout import SIZE


def test_tuples_in_a_cycle_of_references_are_collected() -> None:
    """As those are whose iteration an exception has ended. It was a crash of the interpreter."""
    for _ in range(100):
        rows = Batch(ffi.new("struct pico_event[]", 3), 3).tuples()
        assert len(next(rows)) == len(Batch(ffi.new("struct pico_event[]", 1), 1).fields)
        cycle: list[Any] = [rows]
        cycle.append(cycle)
        del rows, cycle
    gc.collect()


@pytest.mark.parametrize("count", [0, 3])
def test_a_batch_is_given_to_another_process_as_its_events_are(count: int) -> None:
    batch = batch_of(bytes(range(1, 4)) * (count * SIZE // 3))
    pickled = pickle.loads(pickle.dumps(batch))  # noqa: S301
    for other in (pickled, copy.deepcopy(batch)):
        assert isinstance(other, Batch)
        assert list(other.tuples()) == list(batch.tuples())
        assert len(other) == count
