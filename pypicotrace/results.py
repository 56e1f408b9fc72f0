"""Which calls are wanted by how they have gone: by their error, and by the time that they took."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import NamedTuple

from pypicotrace import syscalls

# What the kernel says where a call leaves other registers behind than it got: no failure.
NOT_FAILED = ("EJUSTRETURN",)

ERROR_MAX = 4095
"""Linux has no greater one, for results begin there; other systems have fewer."""

NS_PER_S = 10**9


class Errors(NamedTuple):
    """Wanted errors, 0 being none; ``others``: also those that have no name."""

    numbers: frozenset[int]
    others: bool

    def bits(self) -> tuple[bytes, int, int]:
        """For the C core: a bit per number, the first number, and how many there are."""
        from pypicotrace.syscalls.select import pack_bits  # most runs do not ask

        # 0 in any case: of errors without a name it is none.
        first, last = min({0, *self.numbers}), max({0, *self.numbers})
        bits = pack_bits(number in self.numbers for number in range(first, last + 1))
        return bits, first, last + 1 - first


def errors(wanted: bool | Iterable[str | int] | None, system: str) -> Errors | None:
    """Check which errors are wanted, as `pypicotrace.spawn` takes them; None: whatever comes.

    :param system: whose errors they are, one of `syscalls.SYSTEMS`.
    :raises TypeError, ValueError: they are no errors of that system; the message says which.
    """
    if wanted is None:
        return None
    if isinstance(wanted, str | int) and not isinstance(wanted, bool):
        raise TypeError("errors is True, False, or a collection of names and numbers")
    names = syscalls.errors(system)
    if not isinstance(wanted, bool):
        return Errors(frozenset(_number(error, names, system) for error in wanted), False)
    not_failed = {0, *(number for number, name in names.items() if name in NOT_FAILED)}
    if not wanted:
        return Errors(frozenset(not_failed), False)
    return Errors(frozenset(names) - not_failed, True)


def nanoseconds(seconds: float | None) -> int:
    """A span of time for the C core; 0: none was given.

    :raises TypeError, ValueError: it is no time above 0.
    """
    if seconds is None:
        return 0
    if not isinstance(seconds, int | float) or isinstance(seconds, bool):
        raise TypeError(f"slower_than is a number of seconds, not {type(seconds).__name__}")
    if not (math.isfinite(seconds) and 0 < seconds * NS_PER_S < 2**63):
        raise ValueError(f"slower_than is a number of seconds above 0, not {seconds}")
    return max(1, int(seconds * NS_PER_S))


def _number(error: str | int, names: dict[int, str], system: str) -> int:
    if isinstance(error, str):
        try:
            return syscalls.error_number(error, system)
        except KeyError as unknown:
            raise ValueError(unknown.args[0]) from None
    if not isinstance(error, int) or isinstance(error, bool):
        raise TypeError(f"an error is a name or an int, not {type(error).__name__}")
    if error == 0:
        raise ValueError("0 is no error; errors=False is for calls that have not failed")
    if error not in names and not 0 < error <= ERROR_MAX:
        raise ValueError(f"{error} is not an error (1 to {ERROR_MAX})")
    return error
