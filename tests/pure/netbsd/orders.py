"""The orders in which the stops of a recording could have come as well.

Each process keeps its own; between processes only what ptrace(2) and wait(2) promise holds:

* a child stops first after its parent was resumed from the stop before the event that tells of it,
  and for the second time after that event (until then it is not resumed);
* vfork(2) is over when the child has called execve or exit;
* a parent gets SIGCHLD when its child has called exit or was killed, also before the tracer has
  taken that end (as in original/fork.txt), and its wait ends after that.

What passes through pipes is not thought of: the loop knows nothing of it.
"""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from played import recording, told

from pypicotrace.testing import netbsd as nb

MADE = (nb.FORK, nb.VFORK, nb.POSIX_SPAWN)
WAIT = 449
SEED = 4

Before = list[set[int]]


def constraints(name: str) -> Before:
    """Of each stop, those that have to come before it."""
    stops = list(told(name))
    places: dict[int, list[int]] = defaultdict(list)
    before: Before = [set() for _ in stops]
    for i, (pid, _) in enumerate(stops):
        before[i] |= set(places[pid][-1:])
        places[pid].append(i)
    parents: dict[int, list[int]] = {}
    for i, (pid, stop) in enumerate(stops):
        info = stop["told"] or {}
        event = info.get("report_event") if info.get("code") == nb.TRAP_CHLD else None
        child = places.get(info.get("other", 0), [])
        if event in MADE and info["other"] not in parents and places[pid][0] != i:
            parents[info["other"]] = places[pid]
            before[child[0]] |= before[i]
            before[child[1]].add(i)
        elif event == nb.VFORK_DONE:
            calls = (j for j in child if is_last_of_image(stops[j][1]))
            before[i] |= before[next(calls)]
        elif info.get("code") == nb.TRAP_SCX and info["sysnum"] == WAIT and info["error"] == 0:
            before[i] |= set(places.get(info["retval"][0], [])[-1:])
    for child_pid, of_parent in parents.items():
        for i in of_parent:
            if stops[i][1]["signo"] == nb.SIGCHLD:
                before[i] |= before[places[child_pid][-1]]
    return before


def is_last_of_image(stop: dict[str, Any]) -> bool:
    return stop["told"] is None or stop["told"]["code"] == nb.TRAP_EXEC


def every(before: Before) -> Iterator[list[int]]:
    order: list[int] = []

    def go_on() -> Iterator[list[int]]:
        if len(order) == len(before):
            yield list(order)
        for i in ready(before, order):
            order.append(i)
            yield from go_on()
            order.pop()

    return go_on()


def ready(before: Before, order: list[int]) -> list[int]:
    done = set(order)
    return [i for i, these in enumerate(before) if i not in done and these <= done]


def sample(before: Before, pids: list[int], count: int) -> list[list[int]]:
    """As many different orders, in each of which some process is ahead of the others."""
    chance = random.Random(SEED)  # noqa: S311  the same orders each time
    found: dict[tuple[int, ...], None] = {}
    while len(found) < count:
        haste = {pid: chance.random() for pid in sorted(set(pids))}
        order: list[int] = []
        while now := ready(before, order):
            order += chance.choices(now, [haste[pids[i]] for i in now])
        found[tuple(order)] = None
    return [list(order) for order in found]


def orders(name: str, most: int) -> list[list[int]]:
    """All legal orders of a recording's stops, or if there are more, that many of them."""
    before = constraints(name)
    found = list(islice(every(before), most + 1))
    if len(found) > most:
        found = sample(before, [stop.id for stop in recording(name).stops], most)
    return found
