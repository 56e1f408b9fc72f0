"""A flight recorder: what came last, and only where it is wanted."""

from __future__ import annotations

import signal
from collections.abc import Callable

import pytest
from records import HEADER, batch_of_all

import pypicotrace as pt
from pypicotrace._ffi import ffi
from pypicotrace.formats.last import Bad, Last
from pypicotrace.formats.plain import Plain
from pypicotrace.kinds import Kind


def written(batches: list[pt.Batch], count: int, wanted: Callable[[Bad], bool]) -> list[bytes]:
    form = Last(Plain(), count, wanted)
    assert form.begin(HEADER) == b""
    assert [form.events(batch) for batch in batches] == [b""] * len(batches)
    return form.end().splitlines()


def plain(batches: list[pt.Batch]) -> list[bytes]:
    form = Plain()
    form.begin(HEADER)
    return b"".join(map(form.events, batches)).splitlines()


@pytest.mark.parametrize("count", [1, 7, 10, 11, 30, 99, 100, 1000])
@pytest.mark.parametrize("sizes", [[100], [10] * 10, [1] * 100, [50, 3, 47], [5, 0, 95]])
def test_the_last(count: int, sizes: list[int]) -> None:
    batches = [batch_of_all(size, seed) for seed, size in enumerate(sizes)]
    assert written(batches, count, lambda bad: True) == plain(batches)[-count:]


def test_memory_is_that_of_the_last() -> None:
    form = Last(Plain(), 100, lambda bad: True)
    for _ in range(50):
        form.events(batch_of_all(90))
    assert form._size <= 2 * 100 * len(batch_of_all(1).buffer())


@pytest.mark.parametrize(
    ("kind", "fields", "bad"),
    [
        (Kind.SIGNALED, {"signo": signal.SIGKILL}, Bad(failed=True)),
        (Kind.SIGNALED, {"signo": signal.SIGSEGV}, Bad(failed=True, crashed=True)),
        (Kind.EXITED, {"status": 3}, Bad(failed=True)),
        (Kind.EXITED, {"status": 0}, Bad()),
        (Kind.STOPPED, {"signo": signal.SIGSEGV}, Bad()),
        (Kind.SCE, {"status": 3}, Bad()),
    ],
)
def test_what_is_bad(kind: Kind, fields: dict[str, int], bad: Bad) -> None:
    """It is remembered, when other ends follow."""
    records = ffi.new("struct pico_event[]", 2)
    records[0].kind, records[1].kind = kind, Kind.EXITED
    for name, value in fields.items():
        setattr(records[0], name, value)
    told: list[Bad] = []

    def wanted(bad: Bad) -> bool:
        told.append(bad)
        return False

    assert written([pt.Batch(records, 2)], 5, wanted) == []
    assert told == [bad]
