"""Whether picotrace-truss says of common programs what strace says.

    python benchmarks/agreement.py [-v] [NAME ...]

Each program of benchmarks/programs.txt runs twice, once under each, from the same state. Its calls
are compared process by process: their names, results and errors, without what differs from run to
run (addresses and process ids). A line has

- how many calls strace saw, and how many of them are the same in the same place;
- of the arguments that strace shows as more than a number or an address, how many we do;
- how many calls are the same to the letter, but for numbers: for those who work on the text.

It ends with status 1 where less than 98% of the calls agree, or less than 95% of the arguments of
all are decoded, and with 2 where strace, or a program that was named, is not there.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

PROGRAMS = Path(__file__).with_name("programs.txt")
CALLS_AGREE, ARGUMENTS_DECODED = 0.98, 0.95
TRUSS = [sys.executable, "-m", "pypicotrace.tools.truss"]
# setarch: addresses are not chosen at random.
STEADY = ["setarch", os.uname().machine, "-R"]
BOUND = 120.0

HELLO = '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }\n'
LINE = re.compile(r"(?P<name>\w+)\((?P<args>.*)\) += (?P<result>-?\w+|\?)(?: (?P<error>E\w+))?.*")
# Results that are ids of processes, and those that tell the time or what is at random.
IDS = frozenset(
    ("fork", "vfork", "clone", "clone3", "getpid", "gettid", "getppid", "getpgrp", "getsid")
)
IDS |= {"set_tid_address", "wait4", "waitid", "getpgid", "setsid", "rt_sigreturn", "pidfd_open"}
# strace shows its arguments by name, in an order of its own.
CLONE = ("flags", "child_stack", "parent_tid", "child_tidptr", "tls")
NUMBER = re.compile(r"-?\d+|0x[0-9a-f]+|NULL|-?\d+<.*>")


class Called(NamedTuple):
    """A call as a line has it."""

    name: str
    args: list[str]
    result: str
    error: str

    def key(self) -> tuple[str, str, str]:
        """What is compared."""
        result = self.result
        if result.startswith("0x") or (self.name in IDS and result not in ("0", "-1", "?")):
            result = "SOME"
        return self.name, result, self.error


def called(line: str) -> Called | None:
    """The call of a line; None: it is of something else."""
    found = LINE.fullmatch(line)
    if found is None:
        return None
    args = list(split(found["args"]))
    return Called(found["name"], args, found["result"], found["error"] or "")


def split(text: str) -> Iterator[str]:
    """The arguments: what is between commas that are in no quotes or brackets."""
    depth, quoted, begun, place = 0, False, 0, 0
    while place < len(text):
        c = text[place]
        if quoted:
            place += c == "\\"
            quoted = c != '"'
        elif c == '"':
            quoted = True
        elif c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            yield text[begun:place].strip()
            begun = place + 1
        place += 1
    if text[begun:].strip():
        yield text[begun:].strip()


def prepare(folder: Path) -> None:
    """What programs.txt says of the folder."""
    (folder / "text").write_text("".join(f"{n} line\n" for n in range(100)))
    (folder / "words").write_text("one\ntwo\n")
    (folder / "hello.c").write_text(HELLO)
    (folder / "tree").mkdir()
    for n in range(20):
        (folder / "tree" / f"file{n}").write_text(f"{n}\n")


def run(argv: list[str], script: str, output: Path) -> None:
    """The script under a tracer, in a folder of its own that is always the same."""
    folder = Path(tempfile.gettempdir()) / "picotrace-agreement"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    prepare(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Silent, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    port = server.server_port
    names = {"HOME": str(folder), "LC_ALL": "C", "PORT": str(port), "TZ": "UTC"}
    env = {"PATH": os.environ["PATH"], **names, "PYTHONDONTWRITEBYTECODE": "1"}
    with open(output.with_suffix(".err"), "wb") as err:
        process = subprocess.Popen(
            [*STEADY, *argv, "/bin/sh", "-c", script],
            cwd=folder,
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=err,
            start_new_session=True,
        )
        try:
            process.wait(BOUND)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise SystemExit(f"{' '.join(argv)}: {script}: not within {BOUND:.0f} s") from None
        finally:
            server.shutdown()
            server.server_close()
    shutil.rmtree(folder)


class Silent(SimpleHTTPRequestHandler):
    """Serves files, each by one write(2) so that it is read by one, and says nothing of it."""

    wbufsize = -1

    def log_message(self, format: str, *args: object) -> None:
        pass


def by_strace(script: str, folder: Path) -> list[list[Called]]:
    """What strace says, for each process, in the order of their ids."""
    run(["strace", "-ff", "-X", "abbrev", "-o", str(folder / "strace")], script, folder / "s")
    found = {
        int(path.suffix[1:]): path.read_text(errors="replace").splitlines()
        for path in folder.glob("strace.*")
    }
    return [[c for c in map(called, lines) if c] for _, lines in sorted(found.items())]


def by_truss(script: str, folder: Path) -> list[list[Called]]:
    """What we say."""
    out = folder / "truss"
    run([*TRUSS, "-f", "-o", str(out)], script, folder / "t")
    found: dict[int, list[str]] = {}
    for line in out.read_text(errors="replace").splitlines():
        lwp, _, rest = line.strip().partition(" ")
        found.setdefault(int(lwp), []).append(rest.strip())
    return [[c for c in map(called, lines) if c] for _, lines in sorted(found.items())]


class Compared(NamedTuple):
    """Counts: calls, those that agree, arguments, those that are decoded, equal lines."""

    calls: int
    same: int
    meant: int
    decoded: int
    equal: int

    def __add__(self, other: tuple[int, ...]) -> Compared:  # type: ignore[override]
        return Compared(*(a + b for a, b in zip(self, other, strict=True)))


def compare(theirs: list[Called], ours: list[Called], wrong: Counter[str]) -> Compared:
    """Of one process; ``wrong`` counts what is missing."""
    keys, own = [c.key() for c in theirs], [c.key() for c in ours]
    matcher = difflib.SequenceMatcher(None, keys, own, autojunk=False)
    same = meant = decoded = equal = 0
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            wrong.update(f"strace only: {theirs[i].key()}" for i in range(a, b))
            wrong.update(f"truss only: {ours[i].key()}" for i in range(c, d))
            continue
        same += b - a
        for their, our in zip(theirs[a:b], ours[c:d], strict=True):
            equal += bare(their) == bare(our)
            for place, text in arguments(their):
                if NUMBER.fullmatch(text):
                    continue
                meant += 1
                mine = our.args[place] if place < len(our.args) else "0"
                if NUMBER.fullmatch(mine):
                    wrong[f"not decoded: {their.name}, argument {place}: {text}"] += 1
                else:
                    decoded += 1
    return Compared(len(theirs), same, meant, decoded, equal)


def arguments(call: Called) -> Iterator[tuple[int, str]]:
    """Those that strace shows, and where they are in the prototype."""
    if call.name == "rt_sigreturn":
        return  # it has none: what is shown is found on the stack
    for place, text in enumerate(call.args):
        name, equals, value = text.partition("=")
        if call.name == "clone" and equals:
            yield CLONE.index(name), value
        else:
            yield place, text


def bare(call: Called) -> str:
    """The text without its numbers."""
    return re.sub(r"0x[0-9a-f]+|\d+", "N", ", ".join(call.args))


def programs() -> dict[str, str]:
    """Scripts by name."""
    lines = [line.split(None, 1) for line in PROGRAMS.read_text().splitlines()]
    return {line[0]: line[1] for line in lines if line and line[0] != "#"}


def main() -> int:
    parser = argparse.ArgumentParser(description="Compare picotrace-truss with strace.")
    parser.add_argument("-v", "--verbose", action="store_true", help="say what differs")
    parser.add_argument("names", nargs="*", help="some of the programs")
    args = parser.parse_args()
    every = programs()
    if unknown := set(args.names) - every.keys():
        parser.error(f"not in {PROGRAMS.name}: {', '.join(sorted(unknown))}")
    if shutil.which("strace") is None or shutil.which("setarch") is None:
        print("strace and setarch are needed", file=sys.stderr)
        return 2
    whole, failed, missing = Compared(0, 0, 0, 0, 0), [], []
    print(f"{'program':10} {'calls':>6} {'agree':>7} {'arguments':>9} {'decoded':>8} {'equal':>7}")
    for name, script in every.items():
        if args.names and name not in args.names:
            continue
        if shutil.which("python3" if name == "python" else name) is None:
            missing.append(name)
            continue
        wrong: Counter[str] = Counter()
        with tempfile.TemporaryDirectory() as folder:
            theirs, ours = by_strace(script, Path(folder)), by_truss(script, Path(folder))
        got = Compared(0, 0, 0, 0, 0)
        for place in range(max(len(theirs), len(ours))):
            got += compare(
                *(each[place] if place < len(each) else [] for each in (theirs, ours)), wrong
            )
        whole += got
        print(row(name, got), flush=True)
        if got.same < CALLS_AGREE * got.calls:
            failed.append(name)
        if args.verbose:
            for words, count in wrong.most_common(20):
                print(f"    {count:4} {words}")
    print(row("all", whole))
    if missing:
        print(f"not here: {', '.join(missing)}")
    if failed:
        print(f"too many calls differ: {', '.join(failed)}")
    if args.names and missing:
        return 2
    return 1 if failed or whole.decoded < ARGUMENTS_DECODED * whole.meant else 0


def row(name: str, got: Compared) -> str:
    """A line of the table."""

    def share(part: int, of: int) -> str:
        return f"{100 * part / of:.1f}%" if of else "-"

    return (
        f"{name:10} {got.calls:6} {share(got.same, got.calls):>7} {got.meant:9} "
        f"{share(got.decoded, got.meant):>8} {share(got.equal, got.same):>7}"
    )


if __name__ == "__main__":
    sys.exit(main())
