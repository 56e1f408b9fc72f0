"""Our text of each recording against what C picotrace printed of the same program.

Two runs of a program differ in ids and addresses, and in the order in which its processes go on; so
the lines are compared LWP by LWP, from the program's first call on: the recordings do not have
libc's start.
"""

import json
import re
from collections import defaultdict

import pytest
from played import FOLDER, NAMES, text_of

from pypicotrace.syscalls import signals

ORIGINALS = {path.stem: path.read_text() for path in (FOLDER / "original").glob("*.txt")}
# The recordings of the same programs.
OF = {name: name.removesuffix("-wide") for name in NAMES if name.removesuffix("-wide") in ORIGINALS}

LINE = re.compile(r" *(\d+) +(\d+) +(\S+) (.*)")
IMAGE = re.compile(r"(ARGV|ENV|AUXV)\[")
NUMBER = re.compile(r"0x[0-9a-f]+|(?<==)\d+")
PARENT = re.compile(r"SCX getppid = (0x[0-9a-f]+)")

Lines = dict[tuple[int, int], list[str]]


def is_address(value: int) -> bool:
    """Of a static program on amd64: in its image, on its stack or heap, or their lower 32 bits."""
    return (
        0x200000 <= value < 0x300000
        or 0x7F7F00000000 <= value < 0x7F8000000000
        or 0xF0000000 <= value < 0xFFFFFFFF
    )


def by_lwp(text: str) -> Lines:
    """The lines of each LWP.

    Processes and LWPs are numbered as they appear, and so is the parent of the first; addresses are
    as good as one another.
    """
    rows: list[tuple[int, int, str]] = []
    ids: dict[int, int] = {0: 0}
    for line in text.splitlines():
        match = LINE.fullmatch(line)
        assert match is not None, line
        pid, lwp, program, rest = match.groups()
        assert line == f"{pid:>6} {lwp:>6} {program:>14} {rest}"
        if not IMAGE.match(rest):
            rows.append((int(pid), int(lwp), rest))
            for number in (int(pid), int(lwp)):
                ids.setdefault(number, len(ids))
    for parent in PARENT.findall(text):
        ids.setdefault(int(parent, 16), len(ids))

    def normal(number: re.Match[str]) -> str:
        value = int(number[0], 0)
        if value and value in ids:
            return f"<{ids[value]}>"
        return "<address>" if is_address(value) else number[0]

    lines: Lines = defaultdict(list)
    for pid_, lwp_, rest in rows:
        lines[ids[pid_], ids[lwp_]].append(NUMBER.sub(normal, rest))
    return lines


# What differs, and is a fault of the original's: each has a test of its own below.


def alike(line: str) -> str:
    """A line of ours without what the original cannot have."""
    line = line.removesuffix(" (32 bits)")
    return re.sub(r"(Err#-\d) [A-Z]+$", r"\1", line)


def told_stale(name: str) -> set[tuple[str, str]]:
    """The processes and signals of which the recording tracer was told an earlier signal's siginfo.

    It had swallowed the SIGSTOP by which that process waited for it. The original had its program
    start otherwise, and was told all: there, si_code cannot be compared.
    """
    found = set()
    for line in (FOLDER / "recordings" / f"{name}.jsonl").read_text().splitlines():
        stop = json.loads(line).get("stop")
        if stop and stop["siginfo"]["signo"] != stop["status"] >> 8:
            found.add((str(stop["pid"]), signals("netbsd")[stop["status"] >> 8]))
    return found


def without_code(line: str) -> str:
    return re.sub(r"(STOPPED \w+) si_code=.*", r"\1", line)


def with_codes_that_were_told(name: str) -> str:
    """Our text, without si_code where its siginfo was stale."""
    stale = told_stale(name)
    lines = []
    for line in text_of(name).splitlines(keepends=True):
        pid, lwp, _, _, *rest = line.split()
        is_stale = lwp == "0" and (pid, *rest[:1]) in stale
        lines.append(without_code(line) if is_stale else line)
    return "".join(lines)


WHOLE = {
    "SCX lseek = 0x123456789ab": "SCX lseek = 0x456789ab",
    "SCX lseek = 0x1234ccccccc": "SCX lseek = 0x4ccccccc",
}
BREAKPOINT = "CRASHED SIGTRAP si_code=1 si_addr=0 si_trap=1"
# What comes of int3 when its SIGTRAP is delivered: the kernel stops for it twice, and the handler
# returns.
OF_BREAKPOINT = [BREAKPOINT, BREAKPOINT, "SCE setcontext(<address>)", "SCX setcontext = 0 Err#-2"]

# Where the runs themselves were different. The original's output was a device, so that the programs
# that write asked whether it was a terminal.
ISATTY = ["SCE ioctl(0x1,0x402c7413,<address>)", "SCX ioctl = 0 Err#25 ENOTTY"]
# Here SIGALRM and SIGCHLD came in another order, and with them the return from the handler.
OTHER_ORDER = {"restart"}


# libc's start; malloc's in programs with threads, which the recorded ones had called before.
LAST_OF_START = {"SCX _lwp_ctl = 0", "SCX mmap = <address>"}


def without(lines: list[str], part: list[str]) -> list[str]:
    for i in range(len(lines) - len(part) + 1):
        if lines[i : i + len(part)] == part:
            return lines[:i] + lines[i + len(part) :]
    return lines


def ours(name: str) -> Lines:
    """Our text, without what is a fault of the original's not to have."""
    lines = by_lwp(with_codes_that_were_told(name))
    for key, of_lwp in lines.items():
        plain = [WHOLE.get(alike(line), alike(line)) for line in of_lwp]
        lines[key] = without(plain, OF_BREAKPOINT)
    # The stop by which the recording began.
    assert lines[1, 1].pop(0) == "STOPPED SIGSTOP si_code=-5"
    return lines


def test_every_original_is_compared() -> None:
    # The one more is of a shell: there is no recording of it.
    assert ORIGINALS.keys() - OF.values() == {"sh-pipe"}
    assert len(OF) == 23


@pytest.mark.parametrize("name", OF)
def test_the_lines_of_each_lwp_are_the_originals(name: str) -> None:
    mine, original = ours(name), by_lwp(ORIGINALS[OF[name]])
    assert mine.keys() == original.keys()
    for key, lines in mine.items():
        theirs = without(original[key], ISATTY)
        start, theirs = theirs[: len(theirs) - len(lines)], theirs[len(theirs) - len(lines) :]
        # Only the first LWP of all has a start that was not recorded.
        assert start == [] or (key == (1, 1) and start[-1] in LAST_OF_START)
        if name in OTHER_ORDER:
            lines.sort()
            theirs.sort()
        told = ["si_code" in line for line in lines]
        pairs = zip(theirs, told, strict=True)
        assert lines == [line if with_code else without_code(line) for line, with_code in pairs]


def test_a_wide_result_is_whole_or_said_to_be_cut() -> None:
    def wide(text: str) -> list[str]:
        return [line.split(" = ")[1] for line in text.splitlines() if "SCX lseek" in line]

    assert wide(ORIGINALS["basic"]) == ["0x456789ab", "0x4ccccccc"]
    assert wide(text_of("basic-wide")) == ["0x123456789ab", "0x1234ccccccc"]
    assert wide(text_of("basic")) == ["0x456789ab (32 bits)", "0x4ccccccc (32 bits)"]


def test_only_a_wide_result_is_said_to_be_cut() -> None:
    cut = {
        line.split()[4]
        for name in NAMES
        for line in text_of(name).splitlines()
        if line.endswith(" (32 bits)")
    }
    assert cut == {"mmap", "lseek", "_lwp_getprivate"}


def test_the_kernels_own_errors_have_names() -> None:
    def errors(text: str) -> set[str]:
        return set(re.findall(r"\w+ = 0 Err#-\d.*", text))

    mine = {error for name in OF for error in errors(text_of(name))}
    assert mine == {
        "setcontext = 0 Err#-2 EJUSTRETURN",
        "execve = 0 Err#-2 EJUSTRETURN",
        "read = 0 Err#-3 ERESTART",
    }
    original = {error for text in ORIGINALS.values() for error in errors(text)}
    assert {alike(error) for error in mine} <= original


def test_the_programs_own_breakpoint_is_reported_and_delivered() -> None:
    def breakpoints(text: str) -> int:
        return text.count("CRASHED SIGTRAP")

    assert (breakpoints(text_of("sigtrap")), breakpoints(ORIGINALS["sigtrap"])) == (2, 0)
    mine = [alike(line) for line in by_lwp(text_of("sigtrap"))[1, 1]]
    assert without(mine, OF_BREAKPOINT) != mine


def test_nothing_is_said_of_a_signal_by_an_earlier_ones_siginfo() -> None:
    stale = {name: told_stale(name) for name in OF}
    assert {name for name, signals in stale.items() if signals} == STALE
    for name in STALE:
        rows = [line.split() for line in text_of(name).splitlines()]
        for pid, signal in stale[name]:
            codes = {(r[1], *r[5:]) for r in rows if [r[0], *r[3:5]] == [pid, "STOPPED", signal]}
            # Of the process, for the LWP is not known. (It was told of a raise(3) that came later.)
            assert ("0",) in codes
            assert codes <= {("0",), (pid, "si_code=-5")}


STALE = {
    *("eintr", "fork", "forkfork", "pollint", "restart", "signal", "signal-wide", "sigtrap"),
    *("spawn", "vfork", "vforkexec"),
}


def test_siginfo_that_is_not_stale_is_told() -> None:
    # A process that never waited to be traced: forkfork's child, of its own child's end.
    [child] = [line for line in text_of("forkfork").splitlines() if "SIGCHLD si_code=1" in line]
    assert ("375", "SIGCHLD") not in told_stale("forkfork")
    assert child.split()[:2] == ["375", "0"]
