"""The stops of a recording in the other orders in which they could have come tell the same."""

from collections import defaultdict
from typing import Any

import pytest
from netbsd_record import check_netbsd
from orders import constraints, orders
from played import NAMES, play_recording, recording, text_of, told
from resumed import asked, to_be_asked

from pypicotrace.testing import netbsd as nb
from pypicotrace.testing.script import SIGTRAP
from pypicotrace.text import Text

FAMILIES = [name for name in NAMES if len({stop.id for stop in recording(name).stops}) > 1]
MOST = 200


def by_process(text: str) -> dict[str, list[str]]:
    lines: dict[str, list[str]] = defaultdict(list)
    for line in text.splitlines():
        lines[line.split()[0]].append(line)
    return lines


def birth(name: str) -> tuple[int, int]:
    """Where the first child's first stop is, and its parent's event."""
    stops = list(told(name))
    pids = [pid for pid, _ in stops]
    first = next(i for i, pid in enumerate(pids) if pid != pids[0])
    of_parent = (
        i for i, (pid, stop) in enumerate(stops) if pid == pids[0] and tells_of_child(stop)
    )
    return first, next(of_parent)


def tells_of_child(stop: dict[str, Any]) -> bool:
    return stop["signo"] == SIGTRAP and stop["told"]["code"] == nb.TRAP_CHLD


def test_there_are_families() -> None:
    assert [
        *("eintr", "fork", "fork-mask-not-on-children", "forkfork", "restart", "spawn", "vfork"),
        "vforkexec",
    ] == FAMILIES


@pytest.mark.parametrize("name", FAMILIES)
def test_the_recorded_order_is_a_legal_one(name: str) -> None:
    assert all(these <= {*range(i)} for i, these in enumerate(constraints(name)))


@pytest.mark.parametrize("name", FAMILIES)
def test_each_order_tells_the_same_of_each_process(name: str) -> None:
    lines, resumed = by_process(text_of(name)), to_be_asked(name)
    tried = orders(name, MOST)
    child, event = birth(name)
    assert {order.index(child) < order.index(event) for order in tried} == {True, False}
    for order in tried:
        stops = [recording(name).stops[i] for i in order]
        played = play_recording(name, stops)
        # Among other things: nothing is said of a process or LWP before it is announced, or after
        # its end.
        check_netbsd(played.events)
        assert asked(played) == resumed
        text = play_recording(name, stops, text=Text.PLAIN).text.decode()
        assert by_process(text) == lines
