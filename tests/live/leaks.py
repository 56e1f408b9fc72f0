"""Whether something that is done again and again leaves more and more behind."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from system import children as children_now

WARM = 5
"""How often first: caches fill, and memory that is kept for the next time."""
ROUNDS = 20
"""At most: the first that leaves nothing shows that there is no leak. Caches take a while."""
TIMES = 10
"""How often in each round."""


class Mallinfo2(ctypes.Structure):
    """struct mallinfo2: mallinfo(3)."""

    _fields_ = tuple(
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks"),
            *("uordblks", "fordblks", "keepcost"),
        )
    )


LIBC = ctypes.CDLL(None)
LIBC.mallinfo2.restype = Mallinfo2


class Held(NamedTuple):
    """What a process has."""

    memory: int
    """Bytes that malloc(3) has given and not got back; or those that Python has."""
    descriptors: int = 0
    lwps: int = 0
    children: int = 0
    """Running or not, and those that have ended and were not waited for."""


BOUNDS = dict.fromkeys(Held._fields, 0) | {"memory": 8 * TIMES}
"""What a round may leave: of memory not even a pointer for each time."""


def settle() -> None:
    """Give up what Python keeps for the next time.

    Its cache of attributes keeps a name of each place in memory that one was looked up by, some
    thousands: what is unpickled looks up by new ones each time.
    """
    gc.collect()
    if sys.version_info >= (3, 13):
        sys._clear_internal_caches()
    else:
        sys._clear_type_cache()


def held_by_python() -> Held:
    settle()
    return Held(tracemalloc.get_traced_memory()[0])


def held() -> Held:
    settle()
    info = LIBC.mallinfo2()
    return Held(
        info.uordblks + info.hblkhd,
        len(os.listdir("/proc/self/fd")),
        len(os.listdir("/proc/self/task")),
        len(children_now()),
    )


def growths(do: Callable[[], object], look: Callable[[], Held]) -> Iterator[Held]:
    """What each round has left."""
    for _ in range(WARM):
        do()
    before = look()
    for _ in range(ROUNDS):
        for _ in range(TIMES):
            do()
        after = look()
        yield Held(*(now - then for now, then in zip(after, before, strict=True)))
        before = after


def grown(do: Callable[[], object], look: Callable[[], Held]) -> dict[str, list[int]]:
    """What has grown in every round, and by how much: a leak does, and nothing else."""
    found: dict[str, list[int]] = {name: [] for name in Held._fields}
    for each in growths(do, look):
        for name in list(found):
            found[name].append(getattr(each, name))
            if found[name][-1] <= BOUNDS[name]:
                del found[name]
        if not found:
            break
    return found


def origins(do: Callable[[], object]) -> list[str]:
    """Where Python's memory that is left was taken."""
    before = tracemalloc.take_snapshot()
    for _ in range(TIMES):
        do()
    settle()
    return [str(each) for each in tracemalloc.take_snapshot().compare_to(before, "lineno")[:5]]


def leaked(do: Callable[[], object]) -> Mapping[str, Sequence[object]]:
    """What it leaves more and more of; first of C's memory, for tracemalloc takes of that, too."""
    gc.collect()
    gc.freeze()  # what was there before need not be looked at each time
    try:
        if found := grown(do, held):
            return found
        tracemalloc.start()
        found = grown(do, held_by_python)
        return {**found, "by": origins(do)} if found else {}
    finally:
        tracemalloc.stop()
        gc.unfreeze()
