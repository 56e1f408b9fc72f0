"""What holds a trace against the truth rejects every trace that is not true, and no true one."""

from __future__ import annotations

import random
import re
from array import array
from collections.abc import Callable, Iterator

import pytest
from markers import Account, Wrong, check_markers, from_text

CALLS = 6
PROCESSES = {100: [100, 101, 102], 103: [103, 104]}
STATUS = {100: 10, 103: 11}

Lines = list[str]


class Scene:
    """What tracees/markers.c does: LWPs take turns, as chance has it. Its trace, and the truth."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311  the same in each run
        self.trace: Lines = []
        self.moments = {lwp: array("I") for lwps in PROCESSES.values() for lwp in lwps}
        self.clock = 0
        self.there = {100: self.first(100)}
        while self.there:
            lwp = chance.choice(sorted(self.there))
            if next(self.there[lwp], self) is self:
                del self.there[lwp]

    def truth(self) -> list[Account]:
        return [
            Account(pid, lwp, CALLS, STATUS[pid], memoryview(self.moments[lwp]))
            for pid, lwps in PROCESSES.items()
            for lwp in lwps
        ]

    def say(self, pid: int, lwp: int, event: str) -> None:
        self.trace.append(f"{pid:6d} {lwp:6d}        markers {event}\n")

    def tick(self, lwp: int) -> None:
        self.moments[lwp].append(self.clock)
        self.clock += 1

    def work(self, pid: int, lwp: int) -> Iterator[None]:
        for number in range(CALLS):
            offset = f"{lwp << 32 | number:#x}"
            fd, whence, result = {
                1: ("0x4", "0x9", "0 Err#22 EINVAL"),
                3: ("0xffffffff", "0", "0 Err#9 EBADF"),
            }.get(number % 4, ("0x4", "0", offset))
            yield self.tick(lwp)
            yield self.say(pid, lwp, f"SCE lseek({fd},{offset},{whence})")
            yield self.say(pid, lwp, f"SCX lseek = {result}")
            yield self.tick(lwp)

    def later(self, pid: int, lwp: int) -> Iterator[None]:
        yield self.say(pid, lwp, f"LWP_CREATED lwp={lwp}")
        yield from self.work(pid, lwp)
        yield self.say(pid, lwp, "SCE exit(0)")
        yield self.say(pid, lwp, f"LWP_EXITED lwp={lwp}")

    def first(self, pid: int) -> Iterator[None]:
        lwps = PROCESSES[pid][1:]
        if pid == 100:
            yield self.say(pid, pid, "EXEC")
            yield self.say(pid, pid, "SCE clone(0x1200011,0,0,0x7f5c9e640a10,0)")
            yield self.say(pid, pid, "FORKED child=103")
            self.there[103] = self.first(103)
            yield self.say(pid, pid, "SCX clone = 0x67")
        for lwp in lwps:
            yield self.say(pid, pid, "SCE clone3(0x7ffe7f7459a0,0x58)")
            self.there[lwp] = self.later(pid, lwp)
            yield self.say(pid, pid, f"SCX clone3 = {lwp:#x}")
        yield from self.work(pid, pid)
        while self.there.keys() & {*lwps, *(PROCESSES.keys() - {100, pid})}:
            yield
        yield self.say(pid, pid, f"SCE exit_group({STATUS[pid]:#x})")
        yield self.say(pid, 0, f"EXITED status={STATUS[pid]}")


SCENE = Scene(0)
TRACE = SCENE.trace


def check(lines: Lines, truth: list[Account]) -> None:
    check_markers(from_text("".join(lines).splitlines(keepends=True)), truth)


@pytest.mark.parametrize("seed", range(50))
def test_a_true_trace(seed: int) -> None:
    scene = Scene(seed)
    check(scene.trace, scene.truth())


def ids(line: str) -> tuple[int, int]:
    pid, lwp = line.split()[:2]
    return int(pid), int(lwp)


def context(line: str) -> tuple[int, int]:
    """The LWP whose doing it is: of the end of a process, its first."""
    pid, lwp = ids(line)
    return pid, lwp or pid


def dropped(i: int) -> Iterator[Lines]:
    yield TRACE[:i] + TRACE[i + 1 :]


def doubled(i: int) -> Iterator[Lines]:
    yield TRACE[: i + 1] + TRACE[i:]


def doubled_at_the_end(i: int) -> Iterator[Lines]:
    yield [*TRACE, TRACE[i]]


def exchanged(i: int, j: int) -> Lines:
    lines = TRACE.copy()
    lines[i], lines[j] = lines[j], lines[i]
    return lines


def swapped(i: int) -> Iterator[Lines]:
    """With the next of the same LWP."""
    for j in range(i + 1, len(TRACE)):
        if context(TRACE[i]) == context(TRACE[j]):
            yield exchanged(i, j)
            break


def out_of_place(i: int) -> Iterator[Lines]:
    """Before all others, or all but the first, and behind the end of its process."""
    rest = TRACE[:i] + TRACE[i + 1 :]
    yield [TRACE[i], *rest]
    yield [rest[0], TRACE[i], *rest[1:]]
    pid = ids(TRACE[i])[0]
    for end, line in enumerate(rest, 1):
        if ids(line) == (pid, 0):
            yield [*rest[:end], TRACE[i], *rest[end:]]


def markers(lines: Lines) -> dict[int, tuple[int, int, bool]]:
    """Of each line that is of a marker: its LWP, its number, and whether it is the exit."""
    seen: dict[tuple[int, bool], int] = {}
    found = {}
    for i, line in enumerate(lines):
        if " lseek" in line:
            key = (ids(line)[1], " SCX " in line)
            found[i] = (key[0], seen.setdefault(key, 0), key[1])
            seen[key] += 1
    return found


MARKERS = markers(TRACE)


def swapped_though_one_was_later(i: int) -> Iterator[Lines]:
    """An exit with an entry of another LWP that came after it by the clock."""
    for j in range(i + 1, len(TRACE)):
        if i in MARKERS and j in MARKERS and not MARKERS[j][2] and MARKERS[i][2]:
            (a, m, _), (b, n, _) = MARKERS[i], MARKERS[j]
            # Not past another line of the same LWP: that would be seen by its own order.
            if any(ids(line)[1] in (a, b) for line in TRACE[i + 1 : j]):
                continue
            if a != b and SCENE.moments[a][2 * m + 1] < SCENE.moments[b][2 * n]:
                yield exchanged(i, j)


def replaced(i: int, line: str) -> Lines:
    return [*TRACE[:i], line, *TRACE[i + 1 :]]


def moved(i: int) -> Iterator[Lines]:
    """To another LWP of the process, of another, or to none."""
    rest = TRACE[i][13:]
    for pid in (*PROCESSES, 999):
        for lwp in (0, 999, *PROCESSES[100], *PROCESSES[103]):
            if (pid, lwp) != ids(TRACE[i]):
                yield replaced(i, f"{pid:6d} {lwp:6d}{rest}")


def altered(i: int) -> Iterator[Lines]:
    """Each number of what a line says of a marker, and of the coming and going."""
    head, event = TRACE[i][:29], TRACE[i][29:]
    if i not in MARKERS and "=" not in event.partition(" = ")[0]:
        return
    for number in re.finditer(r"0x[0-9a-f]+|\b\d+", event):
        for other in (int(number[0], 0) ^ 1, int(number[0], 0) | 1 << 40):
            yield replaced(i, f"{head}{event[: number.start()]}{other}{event[number.end() :]}")


def failed_or_not(i: int) -> Iterator[Lines]:
    if i in MARKERS and MARKERS[i][2]:
        number, event = MARKERS[i][1], TRACE[i][:29] + "SCX lseek = "
        offset = MARKERS[i][0] << 32 | number
        for result in (f"{offset:#x}", "0", "0 Err#22 EINVAL", "0 Err#9 EBADF"):
            if f"{event}{result}\n" != TRACE[i]:
                yield replaced(i, f"{event}{result}\n")


def of_another_name(i: int) -> Iterator[Lines]:
    yield replaced(i, re.sub(r" (SCE|SCX) \w+", r" \1 getppid", TRACE[i]))


def another_kind_of_end(i: int) -> Iterator[Lines]:
    if " EXITED" in TRACE[i]:
        yield replaced(i, TRACE[i][:29] + "SIGNALED signal=KILL core=false\n")
        yield replaced(i, TRACE[i][:29] + "EXITED\n")


def cut(i: int) -> Iterator[Lines]:
    """Somewhere in a line, so that the next begins there."""
    for at in (0, 3, 10, len(TRACE[i]) // 2, len(TRACE[i]) - 3, len(TRACE[i]) - 1):
        yield replaced(i, TRACE[i][:at])


def ended(i: int) -> Iterator[Lines]:
    yield TRACE[:i]


def begun_late(i: int) -> Iterator[Lines]:
    yield TRACE[i + 1 :]


def invented(i: int) -> Iterator[Lines]:
    for event in ("STOPPED SIGUSR1 si_code=0", "CONTINUED", "DETACHED", "FORKED child=777"):
        yield [*TRACE[:i], f"{TRACE[i][:29]}{event}\n", *TRACE[i:]]


def whole_call(i: int) -> list[int]:
    """The lines of the marker that is entered there."""
    if i not in MARKERS or MARKERS[i][2]:
        return []
    return [j for j in MARKERS if MARKERS[j][:2] == MARKERS[i][:2]]


def whole_call_dropped(i: int) -> Iterator[Lines]:
    if call := whole_call(i):
        yield [line for j, line in enumerate(TRACE) if j not in call]


def whole_call_doubled(i: int) -> Iterator[Lines]:
    if call := whole_call(i):
        yield TRACE[: call[1] + 1] + [TRACE[j] for j in call] + TRACE[call[1] + 1 :]


def whole_call_moved(i: int) -> Iterator[Lines]:
    """To another LWP, with all that it has: between two calls of that one."""
    for other in whole_call(i) and [j for j in MARKERS if MARKERS[j][0] != MARKERS[i][0]]:
        if MARKERS[other][2]:
            there = [f"{TRACE[other][:13]}{TRACE[j][13:]}" for j in whole_call(i)]
            yield [
                entry
                for j, line in enumerate(TRACE)
                for entry in ([] if j in whole_call(i) else [line, *(there if j == other else [])])
            ]


def whole_calls_swapped(i: int) -> Iterator[Lines]:
    """With the next of the same LWP."""
    call = whole_call(i)
    for j in MARKERS:
        if call and MARKERS[j][:2] == (MARKERS[i][0], MARKERS[i][1] + 1):
            following = whole_call(j)
            if following:
                lines = TRACE.copy()
                for a, b in zip(call, following, strict=True):
                    lines[a], lines[b] = lines[b], lines[a]
                yield lines


def an_lwp_missing(i: int) -> Iterator[Lines]:
    yield [line for line in TRACE if context(line) != context(TRACE[i])]


def a_process_missing(i: int) -> Iterator[Lines]:
    yield [line for line in TRACE if ids(line)[0] != ids(TRACE[i])[0]]


CORRUPTIONS: list[Callable[[int], Iterator[Lines]]] = [
    dropped,
    doubled,
    doubled_at_the_end,
    swapped,
    out_of_place,
    swapped_though_one_was_later,
    moved,
    altered,
    failed_or_not,
    of_another_name,
    another_kind_of_end,
    cut,
    ended,
    begun_late,
    invented,
    whole_call_dropped,
    whole_call_doubled,
    whole_call_moved,
    whole_calls_swapped,
    an_lwp_missing,
    a_process_missing,
]


@pytest.mark.parametrize("corrupt", CORRUPTIONS, ids=lambda corrupt: corrupt.__name__)
def test_row_48_what_is_not_true_is_rejected(corrupt: Callable[[int], Iterator[Lines]]) -> None:
    truth = SCENE.truth()
    wrong = [lines for i in range(len(TRACE)) for lines in corrupt(i) if lines != TRACE]
    assert wrong
    for lines in wrong:
        with pytest.raises(Wrong):
            check(lines, truth)


@pytest.mark.parametrize("field", ["calls", "status", "pid", "lwp"])
def test_row_48_the_truth_counts(field: str) -> None:
    for i, account in enumerate(SCENE.truth()):
        truth = SCENE.truth()
        truth[i] = account._replace(**{field: getattr(account, field) - 1})
        # The status is the process's: that of its first LWP is what is looked at.
        if field != "status" or account.lwp == account.pid:
            with pytest.raises(Wrong):
                check(TRACE, truth)
