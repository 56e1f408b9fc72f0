"""picotrace-truss --live: which rows its table has, and which command lines make sense."""

from __future__ import annotations

from typing import Any

import pytest

from pypicotrace.tools.frame import Failure
from pypicotrace.tools.truss.arguments import arguments
from pypicotrace.tools.truss.counts import Counts, Key, Now
from pypicotrace.tools.truss.live import ORDERS, rates, shown


def now(name: str, calls: int, errors: int = 0, ns: int = 0) -> Now:
    return Now((), name, calls, errors, ns)


BEFORE: dict[Key, Now] = {("abi", 0): now("read", 100, 5, 10)}
AFTER: dict[Key, Now] = {
    ("abi", 0): now("read", 110, 6, 1000),
    ("abi", 1): now("write", 30, 0, 9000),
    ("abi", 2): now("close", 2, 2, 50),
}


def test_rates_are_of_what_has_come_since() -> None:
    found = {rate.now.name: (rate.calls, rate.errors) for rate in rates(BEFORE, AFTER, 0.5)}
    assert found == {"read": (20.0, 2.0), "write": (60.0, 0.0), "close": (4.0, 4.0)}
    assert rates(AFTER, AFTER, 0.5)[0][1:] == (0.0, 0.0)
    assert rates({}, {}, 0.0) == []


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("time", "write read close"),
        ("calls", "read write close"),
        ("errors", "read close write"),
        ("mean", "write close read"),
        ("name", "close read write"),
        ("rate", "write read close"),
    ],
)
def test_the_greatest_come_first(order: str, names: str) -> None:
    rows = rates(BEFORE, AFTER, 0.5)
    found, more = shown(rows, order, 10)
    assert [rate.now.name for rate in found] == names.split()
    assert more == 0
    found, more = shown(rows, order, 2)
    assert [rate.now.name for rate in found] == names.split()[:2]
    assert more == 1
    assert len(shown(rows, order, -3)[0]) == 1


def test_every_order_is_tested() -> None:
    assert ORDERS.keys() == {"time", "calls", "errors", "mean", "name", "rate"}


def test_what_is_counted_so_far() -> None:
    assert Counts().now() == {}


def meant(*words: str) -> Any:
    return arguments([*words, "true"])


def test_the_table_in_the_end_has_an_order_of_its_own() -> None:
    assert meant("--live").counting == (True, "time", "total", False, "time")
    assert meant("--live", "-S", "rate", "--by", "lwp").counting == (
        True, "calls", "lwp", False, "rate",
    )  # fmt: skip
    assert meant("-c").counting.live is None


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--live", "-C"], "--live gives the table alone"),
        (["--live", "-S", "p99"], "-S p99: there are time, calls"),
        (["-c", "-S", "rate"], "-S rate: there are time, calls"),
        (["--live", "-k"], "--live has no lines"),
        (["-c", "-k"], "-c has no lines"),
        (["--live", "-e", "inject=read:error=EIO"], "--live does not stop calls"),
    ],
)
def test_what_makes_no_sense(words: list[str], says: str) -> None:
    with pytest.raises(Failure, match=says):
        meant(*words)
