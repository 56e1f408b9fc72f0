"""How often each call was made, how often it failed, and how long it took. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from pypicotrace.layout import PLACES
from pypicotrace.records import Values
from pypicotrace.report import CALLS_MAX
from pypicotrace.report.durations import Durations
from pypicotrace.report.rows import Rows

ABI, SYSNUM = PLACES["abi"], PLACES["sysnum"]


@dataclass(slots=True)
class Count:
    """Of one call."""

    count: int = 0
    returned: int = 0
    """How many exits are in the trace: fewer where it never returns, or entries alone were
    recorded."""
    errors: int = 0
    durations: Durations = field(default_factory=Durations)
    """Of those that were seen to begin."""


class Counts:
    """All calls of a trace."""

    def __init__(self) -> None:
        self.rows: Rows[tuple[int, int], Count] = Rows(CALLS_MAX, Count)
        """By ABI and number."""
        self.count = 0
        self.errors = 0

    def entry(self, row: Values) -> None:
        """Count an SCE."""
        self.count += 1
        count = self.rows.at((row[ABI], row[SYSNUM]))
        if count is not None:
            count.count += 1

    def exit(self, row: Values, elapsed_ns: int, *, new: bool, error: bool) -> None:
        """Count an SCX.

        :param elapsed_ns: how long it took, 0: nobody knows.
        :param new: its SCE is not in the trace.
        """
        self.count += new
        self.errors += error
        count = self.rows.at((row[ABI], row[SYSNUM]))
        if count is None:
            return
        count.count += new
        count.returned += 1
        count.errors += error
        if elapsed_ns:
            count.durations.add(elapsed_ns)
