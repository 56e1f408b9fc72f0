"""How many calls were made, and failed, when: a fixed number of equal spans. Pure."""

from __future__ import annotations

SPANS_MAX = 512


class Activity:
    """Counts by time. Where the trace goes on, two spans become one."""

    def __init__(self) -> None:
        self.begin: int | None = None
        """When the first was, in nanoseconds."""
        self.width = 1024
        """How long each span is."""
        self.calls: list[int] = []
        self.errors: list[int] = []

    def add(self, ts_ns: int, *, call: bool, error: bool) -> None:
        """Count a call, or that one has failed, or both."""
        if self.begin is None:
            self.begin = ts_ns
        span = max(ts_ns - self.begin, 0) // self.width
        while span >= SPANS_MAX:
            self._double()
            span >>= 1
        calls = self.calls
        while span >= len(calls):
            calls.append(0)
            self.errors.append(0)
        calls[span] += call
        self.errors[span] += error

    def _double(self) -> None:
        self.width *= 2
        self.calls = merged(self.calls)
        self.errors = merged(self.errors)


def merged(counts: list[int]) -> list[int]:
    """Each two as one."""
    counts = [*counts, 0] if len(counts) % 2 else counts
    return [one + other for one, other in zip(counts[::2], counts[1::2], strict=True)]
