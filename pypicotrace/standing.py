"""An LWP that stands still: whose it is, and until when it may be looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from pypicotrace.errors import StaleStop
from pypicotrace.kinds import Kind

if TYPE_CHECKING:
    from pypicotrace.lwps import LwpNow


class Owner(Protocol):
    """What a stop needs of the loop it belongs to."""

    @property
    def turn(self) -> int:
        """Grows whenever an LWP is resumed."""

    @property
    def interrupted(self) -> bool:
        """Somebody wants the iteration to end."""

    def lwps(self) -> list[LwpNow]:
        """What each LWP of the loop is doing."""

    def detach(self, pid: int) -> None:
        """Let go of a process."""

    def pointer(self) -> Any:
        """The C loop; raises where the loop cannot be used (closed, another thread)."""


class Standing:
    """An LWP that stands still in a turn of its owner's. ``lwp`` is its id."""

    __slots__ = ("_owner", "_record", "_turn", "lwp")

    def __init__(self, owner: Owner, lwp: int, record: Any, turn: int) -> None:
        self._owner = owner
        self._turn = turn
        # The loop's own, and another event's in the next turn.
        self._record = record
        self.lwp = lwp

    def _pointer(self) -> Any:
        pointer = self._owner.pointer()
        if self._turn != self._owner.turn:
            raise StaleStop(f"LWP {self.lwp} has been resumed since this stop")
        return pointer

    def _require(self, what: str, kinds: frozenset[Kind]) -> None:
        """Raise where the event is none of these."""
        self._pointer()
        if self._record.kind not in kinds:
            wanted = " or ".join(kind.name for kind in sorted(kinds))
            raise ValueError(f"cannot {what} at {Kind(self._record.kind).name}, only at {wanted}")
