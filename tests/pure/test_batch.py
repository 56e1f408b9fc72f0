"""Batches of records, made without a kernel."""

from __future__ import annotations

import gc
from typing import Any

from pypicotrace._ffi import ffi
from pypicotrace.batch import Batch


def test_tuples_in_a_cycle_of_references_are_collected() -> None:
    """As those are whose iteration an exception has ended. It was a crash of the interpreter."""
    for _ in range(100):
        rows = Batch(ffi.new("struct pico_event[]", 3), 3).tuples()
        assert len(next(rows)) == len(Batch(ffi.new("struct pico_event[]", 1), 1).fields)
        cycle: list[Any] = [rows]
        cycle.append(cycle)
        del rows, cycle
    gc.collect()
