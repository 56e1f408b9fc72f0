"""``--format strace``: what strace(1) prints of the same program, and what reads that."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cli_support import picotrace

CALL = re.compile(
    r"(?P<pid>\d+) +(?P<time>\d{10}\.\d{6}) (?P<name>\w+)\((?P<args>[^()<]*)\) +"
    r"= (?P<result>\?|-1 E\w+|0x[0-9a-f]+|0)(?: \([^()]*\))?(?: <(?P<elapsed>\d+\.\d{6})>)?"
)
FORKS = "echo x >/dev/null; cat /nonexistent 2>/dev/null; (exit 3); kill -USR1 $$; exit 7"
THREADS = """
import os, signal, threading
ready = threading.Event()
thread = threading.Thread(target=lambda: (ready.set(), signal.pause()), daemon=True)
thread.start(), ready.wait()
os.kill(os.getpid(), signal.SIGTERM)
"""
READ = """
import json, sys
from stracetools.parser import StraceParser
parser, found = StraceParser(), []
for line in sys.stdin:
    event = parser.parse_line(line)
    if event is not None:
        kind = event.event_type.name
        found.append([event.pid, kind, event.name, event.args, event.return_value, event.duration])
print(json.dumps([found, len(parser.unfinished_calls)]))
"""


def by_strace(file: Path, *argv: str) -> list[str]:
    command = ["strace", "-f", "-ttt", "-T", "-e", "raw=all", "-o", str(file), *argv]
    subprocess.run(command, check=False, capture_output=True)
    return file.read_text().splitlines()


def by_us(file: Path, *argv: str) -> list[str]:
    picotrace("-f", "--format", "strace", "-o", str(file), *argv)
    return file.read_text().splitlines()


def shape(line: str) -> str:
    """A line without ids, times, addresses and sizes, which differ from run to run.

    strace alone knows how long a child has run.
    """
    line = re.sub(r"^\d+ +\d{10}\.\d{6} ", "", line)
    line = re.sub(r"<\d+\.\d{6}>$", "<time>", line)
    line = re.sub(r"0x[0-9a-f]{3,}", "@", line)
    line = re.sub(r"si_pid=\d+", "si_pid=N", line)
    return re.sub(r", si_utime=\d+.*, si_stime=\d+[^}]*", "", line).replace("  ", " ")


def test_one_program_line_by_line(tmp_path: Path) -> None:
    """The same calls with as many arguments, and the same small ones, results and errors."""
    argv = ["cat", "/etc/hostname", "/nonexistent"]
    theirs, ours = by_strace(tmp_path / "a", *argv), by_us(tmp_path / "b", *argv)
    # strace begins with the execve that starts the program, of which we see the end.
    assert theirs[0].split()[2].startswith("execve(")
    assert [shape(line) for line in ours] == [shape(line) for line in theirs[1:]]


def test_where_results_begin(tmp_path: Path) -> None:
    theirs, ours = by_strace(tmp_path / "a", "true"), by_us(tmp_path / "b", "true")
    columns = [
        {line.index(" = ") for line in lines if re.search(r" (brk\(0|exit_group)", line)}
        for lines in (ours, theirs)
    ]
    assert columns[0] == columns[1]


def of_processes(lines: list[str]) -> list[list[str]]:
    """What each process did, in the order in which they began; whole, wherever a line was left."""
    found: dict[str, list[str]] = {}
    for line in lines:
        pid, text = line.split()[0], shape(line)
        resumed = re.match(r"<\.\.\. \w+ resumed>(.*)", text)
        mine = found.setdefault(pid, [])
        if resumed:
            mine[-1] = re.sub(r" +=", " =", mine[-1].removesuffix(" <unfinished ...>") + resumed[1])
        else:
            mine.append(re.sub(r" +=", " =", text))
    return list(found.values())


def test_processes_and_signals(tmp_path: Path) -> None:
    """Of each process the same, whichever was quicker this time. SIGCHLD comes when it likes."""
    argv = ["sh", "-c", FORKS]
    theirs, ours = (
        [[line for line in each if "SIGCHLD" not in line] for each in of_processes(lines)]
        for lines in (by_strace(tmp_path / "a", *argv), by_us(tmp_path / "b", *argv))
    )
    theirs[0] = theirs[0][1:]
    assert [without_waits(each) for each in ours] == [without_waits(each) for each in theirs]
    assert ours[0][-1] == "+++ killed by SIGUSR1 +++"
    assert [each[-1] for each in ours[1:]] == ["+++ exited with 1 +++", "+++ exited with 3 +++"]


def without_waits(lines: list[str]) -> list[str]:
    """A wait that SIGCHLD has interrupted is made again."""
    return [line for line in lines if not line.startswith(("wait4(", "rt_sigreturn("))]


@pytest.mark.parametrize("argv", [["sh", "-c", FORKS], [sys.executable, "-I", "-c", THREADS]])
def test_a_reader_of_it_understands_every_line(tmp_path: Path, argv: list[str]) -> None:
    """stracetools, which takes the time of the day: the seconds since 1970 are put into that."""
    lines = by_us(tmp_path / "trace", *argv)
    assert lines
    clock = "\n".join(re.sub(r"^(\d+ +)\d{8}(\d\d)\.", r"\g<1>00:00:\2.", line) for line in lines)
    clock = re.sub(r"00:00:[6-9]", "00:00:5", clock)
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", READ],
        input=clock, capture_output=True, text=True, check=True,
    )  # fmt: skip
    events, unfinished = json.loads(run.stdout)
    assert unfinished == 0
    kinds = {kind for _, kind, *_ in events}
    assert kinds == {"SYSCALL", "SIGNAL", "EXIT"}
    calls = [event for event in events if event[1] == "SYSCALL"]
    # Lines that were left count once, where they are resumed.
    written = [line for line in lines if "+++" not in line and "---" not in line]
    assert len(calls) == len(written) - sum("<unfinished" in line for line in written)
    assert all(re.fullmatch(r"0|0x[0-9a-f]+", arg) for call in calls for arg in call[3])
    assert all(call[5] is not None or call[4] in ("?", "0") for call in calls)
    assert all(re.fullmatch(r"\?.*|-1|0|0x[0-9a-f]+", call[4]) for call in calls)
