"""Rows of a table that has room for so many. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")


class Rows(Generic[Key, Row]):
    """Rows by what tells them apart, made when they are asked for, up to a limit."""

    __slots__ = ("_limit", "_make", "_rows", "refused")

    def __init__(self, limit: int, make: Callable[[], Row]) -> None:
        self._limit = limit
        self._make = make
        self._rows: dict[Key, Row] = {}
        self.refused = 0
        """How often there was no room."""

    def at(self, key: Key) -> Row | None:
        """The row of a key; None: there is no room for it."""
        row = self._rows.get(key)
        if row is None:
            if len(self._rows) >= self._limit:
                self.refused += 1
                return None
            row = self._rows[key] = self._make()
        return row

    def __len__(self) -> int:
        return len(self._rows)

    def first(self, count: int, order: Callable[[Row], int]) -> list[tuple[Key, Row]]:
        """So many, those before the others of which ``order`` says more; else as they came."""
        return sorted(self._rows.items(), key=lambda item: -order(item[1]))[:count]
