"""Tracers of which one call to the kernel goes wrong: failing.c does it."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cli_support import Finished, Words, untraced

HERE = Path(__file__).parent
KINDS = ("ptrace", "wait", "read", "write", "proc")
SEED = 6


def build(folder: Path, name: str = "failing") -> Path:
    """The library that NAME.c is."""
    library = folder / f"{name}.so"
    compiler = shutil.which("cc")
    assert compiler is not None, "the live tests need a C compiler"
    flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    subprocess.run([compiler, *flags, "-o", library, HERE / f"{name}.c", "-ldl"], check=True)
    return library


class Failing:
    """Runs a tracer, and how often it calls the kernel."""

    def __init__(self, library: Path, argv: Words, folder: Path) -> None:
        self.output = folder / "trace"
        """What the tracer may write; emptied before each run."""
        self._library = library
        self._argv = argv
        self._counts = folder / "counts"
        self._struck = folder / "struck"
        self.struck = False
        """Whether the call that was to fail in the last run has come."""

    def run(self, kind: str, nth: int, what: str) -> Finished:
        """With that call failing by an errno, or ``kill``."""
        self._struck.unlink(missing_ok=True)
        self.output.write_bytes(b"")
        plan = {"LD_PRELOAD": str(self._library), "FAILING": f"{kind}:{nth}:{what}"}
        done = untraced(self._argv, env={**os.environ, **plan, "STRUCK": str(self._struck)})
        self.struck = self._struck.exists()
        return done

    def strikes(self, kind: str, what: str, samples: int) -> Iterator[tuple[int, Finished]]:
        """Runs in which that comes at some places of all, the same each time.

        Not all runs have as many calls: where one ended before its place, it is tried nearer.
        """
        for nth in sampled(kind, what, self.counts(), samples):
            place, done = nth, self.run(kind, nth, what)
            while not self.struck:
                place = place * 3 // 4
                assert place, f"{kind}: nothing was struck at {nth} or before"
                done = self.run(kind, place, what)
            yield place, done

    def counts(self) -> dict[str, int]:
        """How many calls of each kind there are where none fails."""
        done = self.run("ptrace", 0, str(self._counts))
        assert (done.status, done.err) == (0, b"")
        lines = self._counts.read_text().splitlines()
        return {kind: int(count) for kind, count in map(str.split, lines)}


def sampled(kind: str, what: str, counts: dict[str, int], samples: int) -> Iterator[int]:
    """Places of a run, the same each time: some of the first calls, and some of all."""
    count = counts[kind]
    assert count, f"there is no call of {kind} to fail"
    dice = random.Random(f"{SEED} {kind} {what}")  # noqa: S311  # not for secrets
    yield dice.randint(1, min(count, 12))
    for _ in range(samples - 1):
        yield dice.randint(1, count)
