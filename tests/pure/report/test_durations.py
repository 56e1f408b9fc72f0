"""A histogram of durations: held against the durations themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from recount import quantile

from pypicotrace.report.durations import EXACT, STEPS, Durations, bars, bounds_of, bucket_of

NS = st.integers(0, 2**64 - 1)
LISTS = st.lists(st.one_of(NS, st.integers(0, 5000)), min_size=1)


def counted(values: list[int]) -> Durations:
    made = Durations()
    for value in values:
        made.add(value)
    return made


def test_buckets_follow_one_another() -> None:
    end = 0
    for bucket in range(1000):
        least, most = bounds_of(bucket)
        assert least == end
        assert least <= most
        end = most + 1
    assert end > 2**64


@given(NS)
def test_a_duration_is_within_the_bounds_of_its_bucket(ns: int) -> None:
    least, most = bounds_of(bucket_of(ns))
    assert least <= ns <= most
    assert most - least <= least / STEPS
    assert ns >= EXACT or least == most


@given(LISTS, st.floats(0.001, 1))
def test_quantiles(values: list[int], part: float) -> None:
    made = counted(values)
    exact = quantile(sorted(values), part)
    told = made.quantile(part)
    assert abs(told - exact) <= exact / (2 * STEPS) + 1
    assert told <= max(values)
    assert (made.count, made.total, made.most) == (len(values), sum(values), max(values))


def test_of_nothing() -> None:
    assert Durations().quantile(0.5) == 0
    assert bars({}) == []


@given(LISTS)
def test_bars(values: list[int]) -> None:
    drawn = bars(counted(values).buckets)
    assert sum(count for *_, count in drawn) == len(values)
    for least, end, count in drawn:
        assert sum(least <= value < end for value in values) == count
    ends = [end for _, end, _ in drawn]
    assert all(end <= least for end, (least, *_) in zip(ends, drawn[1:], strict=False))
