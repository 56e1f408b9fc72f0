"""What holds a trace against the truth rejects every trace that is not true, and no true one."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from rows import Wrong, from_text
from truth import (
    CALL,
    CREATED,
    DIES,
    ENDED,
    EXECUTED,
    FORKED,
    HANDLED,
    OPENS,
    ROOT,
    VFORKED,
    Account,
    Call,
    Note,
    Truth,
)
from truthful import check_truth

MARKS = 4
"""Of each LWP, but for those that end otherwise."""
STATUS = {100: 10, 103: 11}
# Process 103 executes an image, 105 is killed by SIGSEGV in vfork.
PROCESSES = {100: [100, 101, 102], 103: [103, 104], 105: [105]}
KILLED = 11

Lines = list[str]


class Scene:
    """Processes and LWPs that take turns as chance has it. Their trace, and the truth."""

    def __init__(self, seed: int) -> None:
        chance = random.Random(seed)  # noqa: S311  the same in each run
        self.trace: Lines = []
        self.accounts: list[Account] = []
        self.clock = 0
        self.ended: set[int] = set()
        self.moments: dict[tuple[int, int], tuple[int, int]] = {}
        """When each LWP's marker of that number was begun, and was over."""
        root = self.account(100, 100, ROOT, -1)
        self.there = {100: self.first(root)}
        while self.there:
            lwp = chance.choice(sorted(self.there))
            if next(self.there[lwp], self) is self:
                del self.there[lwp]

    def truth(self) -> Truth:
        return Truth([*self.accounts], self.clock)

    def account(self, pid: int, lwp: int, how: int, creator: int) -> Account:
        made = Account(len(self.accounts), pid, lwp, how, creator, [], [])
        self.accounts.append(made)
        return made

    def say(self, of: Account, event: str, lwp: int | None = None) -> None:
        number = of.lwp if lwp is None else lwp
        self.trace.append(f"{of.pid:6d} {number:6d}        markers {event}\n")

    def tick(self) -> int:
        self.clock += 1
        return self.clock

    def calls(
        self, of: Account, name: str, args: list[int], result: int | None, said: str = ""
    ) -> Iterator[object]:
        """A call, and what is said between its entry and its exit; None: it does not return."""
        what = OPENS if not of.calls else CALL
        yield (before := self.tick())
        yield self.say(of, f"SCE {name}({','.join(f'{a:#x}' if a else '0' for a in args)})")
        if said:
            yield self.say(of, said)
        after = 0
        if result is not None:
            value = f"{result:#x}" if result > 0 else "0"
            error = {-22: " Err#22 EINVAL", -9: " Err#9 EBADF"}.get(result, "")
            yield self.say(of, f"SCX {name} = {value}{error}")
            after = self.tick()
        of.calls.append(Call(what, name, tuple(args), before, after, result))
        yield

    def marks(self, of: Account, count: int = MARKS) -> Iterator[object]:
        for number in range(count):
            tag = 0x4D << 56 | of.lwp << 32 | len(of.calls)
            fd, whence, result = {1: (4, 9, -22), 3: (0xFFFFFFFF, 0, -9)}.get(
                number % 4, (4, 0, tag)
            )
            yield from self.calls(of, "lseek", [fd, tag, whence], result)
            made = sum(lwp == of.lwp for lwp, _ in self.moments)
            self.moments[of.lwp, made] = (of.calls[-1].before, of.calls[-1].after)

    def handles(self, of: Account) -> Iterator[object]:
        yield self.say(of, "STOPPED SIGUSR1 si_code=0")
        of.notes.append(Note(HANDLED, 10, 0, 0, self.tick(), len(of.calls)))
        yield self.say(of, "SCE rt_sigreturn()")
        yield self.say(of, "SCX rt_sigreturn = 0")

    def waits(self, of: Account, pid: int, status: int) -> Iterator[object]:
        while pid not in self.ended:
            yield
        yield from self.calls(of, "wait4", [pid, 0, 0, 0], pid)
        of.notes.append(Note(ENDED, pid, status, 0, self.tick(), len(of.calls)))

    def later(self, of: Account) -> Iterator[object]:
        yield self.say(of, f"LWP_CREATED lwp={of.lwp}")
        yield from self.marks(of)
        yield from self.calls(of, "exit", [0], None)
        yield self.say(of, f"LWP_EXITED lwp={of.lwp}")

    def first(self, of: Account) -> Iterator[object]:
        """The first LWP of a process that makes others, and ends by itself."""
        pid = of.pid
        if pid == 100:
            yield self.say(of, "EXEC")
            yield from self.marks(of, 1)
            child = self.account(103, 103, FORKED, of.number)
            yield from self.calls(of, "clone", [17, 0, 0, 0, 0], 103, "FORKED child=103")
            self.there[103] = self.first(child)
            yield from self.vforks(of)
        else:
            yield from self.marks(of, 1)
            image = self.account(pid, pid, EXECUTED, of.number)
            yield from self.calls(of, "execve", [1, 2, 3], None)
            yield self.say(image, "EXEC")
            yield self.say(image, "SCX execve = 0")
            of = image
        yield from self.marks(of)
        for lwp in PROCESSES[pid][1:]:
            made = self.account(pid, lwp, CREATED, of.number)
            yield from self.calls(of, "clone3", [lwp, 88], lwp)
            self.there[lwp] = self.later(made)
        yield from self.handles(of)
        if pid == 100:
            yield from self.waits(of, 103, STATUS[103] << 8)
        while self.there.keys() & {*PROCESSES[pid][1:]}:
            yield
        yield from self.calls(of, "exit_group", [STATUS[pid]], None)
        yield self.say(of, f"EXITED status={STATUS[pid]}", 0)
        self.ended.add(pid)

    def vforks(self, of: Account) -> Iterator[object]:
        """A child that its parent waits for, and that is killed."""
        child = self.account(105, 105, VFORKED, of.number)
        before = self.tick()
        yield self.say(of, "SCE vfork()")
        yield self.say(of, "VFORKED child=105")
        yield from self.marks(child)
        child.notes.append(Note(DIES, KILLED, 0, 0, self.tick(), len(child.calls)))
        yield self.say(child, "CRASHED SIGSEGV si_code=1 si_addr=0")
        yield self.say(child, "SIGNALED signal=SEGV core=false", 0)
        self.ended.add(105)
        yield self.say(of, "VFORK_DONE child=105")
        yield self.say(of, "SCX vfork = 0x69")
        of.calls.append(Call(CALL, "vfork", (), before, self.tick(), 105))
        yield from self.waits(of, 105, KILLED)


SCENE = Scene(0)
TRACE = SCENE.trace


def check(lines: Lines, truth: Truth) -> None:
    check_truth(from_text("".join(lines).splitlines(keepends=True)), truth)


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
            if a != b and SCENE.moments[a, m][1] < SCENE.moments[b, n][0]:
                yield exchanged(i, j)


def replaced(i: int, line: str) -> Lines:
    return [*TRACE[:i], line, *TRACE[i + 1 :]]


def moved(i: int) -> Iterator[Lines]:
    """To another LWP of the process, of another, or to none."""
    pid, lwp = ids(TRACE[i])
    others = [(each, of) for each, lwps in PROCESSES.items() for of in lwps]
    for other in [*others, (pid, 0), (pid, 999), (999, lwp), (999, 999)]:
        if other != (pid, lwp):
            yield replaced(i, f"{other[0]:6d} {other[1]:6d}{TRACE[i][13:]}")


def altered(i: int) -> Iterator[Lines]:
    """Each number of what a line says of a marker, and of the coming and going."""
    head, event = TRACE[i][:29], TRACE[i][29:]
    if i not in MARKERS and ("=" not in event.partition(" = ")[0] or "si_code" in event):
        return
    for number in re.finditer(r"0x[0-9a-f]+|\b\d+", event):
        for other in (int(number[0], 0) ^ 1, int(number[0], 0) | 1 << 40):
            yield replaced(i, f"{head}{event[: number.start()]}{other}{event[number.end() :]}")


def failed_or_not(i: int) -> Iterator[Lines]:
    if i in MARKERS and MARKERS[i][2]:
        event = TRACE[i][:29] + "SCX lseek = "
        offset = TRACE[whole_call(i)[0]].split(",")[1]
        for result in (offset, "0", "0 Err#22 EINVAL", "0 Err#9 EBADF"):
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
    """The lines of the marker that is there."""
    if i not in MARKERS:
        return []
    return [j for j in MARKERS if MARKERS[j][:2] == MARKERS[i][:2]]


def whole_call_dropped(i: int) -> Iterator[Lines]:
    if call := whole_call(i):
        yield [line for j, line in enumerate(TRACE) if j not in call]


def whole_call_doubled(i: int) -> Iterator[Lines]:
    if call := whole_call(i):
        yield TRACE[: call[1] + 1] + [TRACE[j] for j in call] + TRACE[call[1] + 1 :]


def whole_call_moved(i: int) -> Iterator[Lines]:
    """To another LWP, with all that it has: behind the first and behind the last call of that."""
    call = whole_call(i)
    exits: dict[int, list[int]] = {}
    for j, (lwp, _, is_exit) in MARKERS.items():
        if call and is_exit and lwp != MARKERS[i][0]:
            exits.setdefault(lwp, []).append(j)
    for ends in exits.values():
        for other in {ends[0], ends[-1]}:
            there = [f"{TRACE[other][:13]}{TRACE[j][13:]}" for j in call]
            yield [
                entry
                for j, line in enumerate(TRACE)
                for entry in ([] if j in call else [line, *(there if j == other else [])])
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


# What one corruption of each kind is called: how, of which lines, and the words.
CALLED = {
    "loss of a call": (
        whole_call_dropped,
        "SCE lseek",
        r"calls (that )?are missing|of \d+ calls",
    ),
    "loss of an exit": (dropped, "SCX lseek", "it is in lseek already|inside of a call"),
    "loss of an entry": (dropped, "SCE lseek", "it is in no call"),
    "loss of a signal": (dropped, "STOPPED", "a signal is missing before it"),
    "loss of an end": (dropped, "EXITED status", "no end of|before the end of"),
    "doubling": (whole_call_doubled, "SCE lseek", "it has made that call before"),
    "disorder of an LWP": (whole_calls_swapped, "SCE lseek", "calls are missing before it"),
    "disorder of LWPs": (swapped_though_one_was_later, "SCX lseek", "a later call came before it"),
    "the wrong LWP": (
        whole_call_moved,
        "SCE lseek",
        r"that is a call of LWP|calls (that )?are missing|of \d+ calls",
    ),
    "the wrong result": (failed_or_not, "SCX lseek", "its result was"),
    "another status": (altered, "EXITED status", "its status was"),
    "another end": (
        another_kind_of_end,
        "EXITED status",
        "nobody has killed it|its parent was told|its status was",
    ),
    "a signal from nowhere": (invented, "SCE exit_group", "nobody has sent it that"),
}


@pytest.mark.parametrize("kind", CALLED)
def test_row_48_what_is_wrong_is_said(kind: str) -> None:
    corrupt, line, words = CALLED[kind]
    every = [lines for i in range(len(TRACE)) if line in TRACE[i] for lines in corrupt(i)]
    wrong = [lines for lines in every if lines != TRACE]
    assert wrong
    for lines in wrong[:1] if kind == "a signal from nowhere" else wrong:
        with pytest.raises(Wrong, match=words):
            check(lines, SCENE.truth())


@pytest.mark.parametrize("field", ["calls", "notes", "pid", "lwp", "how", "creator"])
def test_row_48_the_truth_counts(field: str) -> None:
    for i, account in enumerate(SCENE.accounts):
        value = getattr(account, field)
        if field == "creator":
            # Whoever has made it, it was nobody of this process.
            other = next(a.number for a in SCENE.accounts if a.pid not in (account.pid, 100))
        elif field == "notes":
            # What is not said of the end of a child is no lie.
            other = [note for note in value if note.what == ENDED]
        else:
            other = value[:-1] if field == "calls" else value + 7
        if other == value:
            continue
        accounts = [*SCENE.accounts]
        accounts[i] = replace(account, **{field: other})
        with pytest.raises(Wrong):
            check(TRACE, Truth(accounts, SCENE.clock))


def test_what_an_lwp_was_killed_in_may_lack_its_exit() -> None:
    """And nothing else may: of what it had done before nothing is missing."""
    entries = [i for i, line in enumerate(TRACE) if "SCE lseek" in line and ids(line) == (105, 105)]
    last = Call(CALL, "lseek", (4, 0x4D << 56 | 105 << 32 | 6, 0), 1, 0, None)
    accounts = [
        replace(a, calls=[*a.calls, last], notes=[]) if a.pid == 105 else a for a in SCENE.accounts
    ]
    end = next(i for i, line in enumerate(TRACE) if "CRASHED" in line)
    entry = f"{TRACE[end][:29]}SCE lseek(0x4,{last.args[1]:#x},0)\n"
    truth = Truth(accounts, SCENE.clock)

    def killed(lines: Lines) -> None:
        check_truth(from_text(lines), truth, killed={105: KILLED})

    rest = TRACE[end + 1 :]
    killed([*TRACE[:end], *rest])
    killed([*TRACE[:end], entry, *rest])
    killed([*TRACE[:end], entry, f"{TRACE[end][:29]}SCX lseek = 0\n", *rest])
    for lost in entries:
        call = whole_call(lost)
        with pytest.raises(Wrong):
            killed([line for i, line in enumerate(TRACE) if i not in (*call, end)])
        with pytest.raises(Wrong):
            killed([line for i, line in enumerate(TRACE) if i not in (call[1], end)])
