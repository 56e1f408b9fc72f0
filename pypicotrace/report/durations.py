"""How long calls took: a histogram, which is all that is kept of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

STEPS_LOG2 = 4
STEPS = 1 << STEPS_LOG2
"""Buckets from one power of 2 to the next: what is told by a bucket's middle is off by 1/32."""
EXACT = 2 * STEPS
"""Below this each number of nanoseconds has a bucket of its own."""
DRAWN_LOG2 = 2
"""So many buckets are one bar: four from one power of 2 to the next."""


def bucket_of(ns: int) -> int:
    """The bucket that a duration is in; those of longer ones have higher numbers."""
    shift = ns.bit_length() - STEPS_LOG2 - 1
    return ns if shift <= 0 else (shift << STEPS_LOG2) + (ns >> shift)


def bounds_of(bucket: int) -> tuple[int, int]:
    """The shortest and the longest duration in a bucket."""
    if bucket < EXACT:
        return bucket, bucket
    shift = (bucket >> STEPS_LOG2) - 1
    first = bucket - (shift << STEPS_LOG2)
    return first << shift, ((first + 1) << shift) - 1


class Durations:
    """Durations in nanoseconds, counted."""

    __slots__ = ("buckets", "count", "most", "total")

    def __init__(self) -> None:
        self.buckets: dict[int, int] = {}
        self.count = 0
        self.total = 0
        self.most = 0

    def add(self, ns: int) -> None:
        self.count += 1
        self.total += ns
        self.most = max(self.most, ns)
        shift = ns.bit_length() - STEPS_LOG2 - 1
        bucket = ns if shift <= 0 else (shift << STEPS_LOG2) + (ns >> shift)
        buckets = self.buckets
        buckets[bucket] = buckets.get(bucket, 0) + 1

    def quantile(self, part: float) -> int:
        """The duration that so large a part is not above, to within 1/32; 0 where there is none.

        :param part: above 0, up to 1. By nearest rank.
        """
        rank = ceil(part * self.count)
        for bucket in sorted(self.buckets):
            rank -= self.buckets[bucket]
            if rank <= 0:
                least, most = bounds_of(bucket)
                return min((least + most) // 2, self.most)
        return 0


def bars(buckets: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """What a histogram shows: from how many nanoseconds, to below how many, how often."""
    counts: dict[int, int] = {}
    for bucket, count in buckets.items():
        counts[bucket >> DRAWN_LOG2] = counts.get(bucket >> DRAWN_LOG2, 0) + count
    return [
        (
            bounds_of(bar << DRAWN_LOG2)[0],
            bounds_of(((bar + 1) << DRAWN_LOG2) - 1)[1] + 1,
            counts[bar],
        )
        for bar in sorted(counts)
    ]
