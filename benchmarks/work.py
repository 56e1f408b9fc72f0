"""The programs that are traced: each with much to do, and with nothing, to leave starting out."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
CORE = HERE.parent / "csrc" / "core"
TIMES = 10
FILES, KILOBYTES = 800, 24
"""What tar(1) has to pack: so many files, so large: a source tree."""


class Work(NamedTuple):
    """A program with much to do, and the same with nothing; ``units``: how much that is."""

    much: list[str]
    nothing: list[str]
    units: int


DENSE, SPARSE, FORKS, SPAWNS = "dense calls", "calls of no interest", "fork and exec", "posix_spawn"
MANY = (1, 16, 64, 256, 1000)
"""How many threads or processes make calls at once."""
KINDS = ("threads", "processes")
PYTHON, COMPILE, TAR = "python import", "gcc -c", "tar"


def build(folder: Path) -> None:
    """Compile the C programs beside this file, and make what is to be packed and compiled."""
    compiler = os.environ.get("CC", "cc")
    text = [str(CORE / f"{name}.c") for name in ("text", "line", "names", "pieces")]
    for name in (
        "floor",
        "filtered",
        "dense",
        "reads",
        "crowd",
        "spawns",
        "format",
        "peak",
        "turns",
    ):
        sources = [str(HERE / f"{name}.c"), *(text if name == "format" else [])]
        command = [compiler, "-O2", "-pthread", "-o", str(folder / name), *sources]
        subprocess.run(command, check=True)
    (folder / "files").mkdir()
    for n in range(FILES):
        (folder / "files" / f"{n}").write_text("some text of sixteen bytes" * 40 * KILOBYTES)
    lines = (f'int f{n}(int a) {{ printf("%d", a); return a * {n}; }}' for n in range(2000))
    (folder / "unit.c").write_text("#include <stdio.h>\n" + "\n".join(lines) + "\n")


def works(folder: Path, calls: int) -> dict[str, Work]:
    """All of them; ``calls`` is how many the dense one makes."""
    names = ("dense", "reads", "crowd", "spawns")
    dense, reads, crowd, spawns = (str(folder / name) for name in names)
    many, children, crowded = calls * 20, max(calls // 250, 20), calls * 2
    modules = "import json, decimal, email, http.client, unittest, xml.etree.ElementTree"
    pack = ["tar", "-cf", str(folder / "out.tar"), "-C", str(folder), "files"]
    return {
        DENSE: Work([dense, str(calls)], [dense, "0"], calls),
        SPARSE: Work([reads, str(many)], [reads, "0"], many),
        FORKS: Work([spawns, "fork", str(children)], [spawns, "fork", "0"], children),
        SPAWNS: Work([spawns, "posix_spawn", str(children)], [spawns, "fork", "0"], children),
        PYTHON: repeated([sys.executable, "-c", modules]),
        COMPILE: repeated(["gcc", "-c", "-o", "/dev/null", str(folder / "unit.c")]),
        TAR: repeated(pack),
        **{at_once(n, how): together(crowd, how, n, crowded) for n in MANY for how in KINDS},
    }


def at_once(n: int, how: str = "threads") -> str:
    """The name of so many's work."""
    return f"{n:,} {how}"


def together(crowd: str, how: str, n: int, calls: int) -> Work:
    """So many calls, made by so many at once."""
    return Work([crowd, how, str(n), str(calls)], [crowd, how, str(n), "0"], calls)


def repeated(command: list[str]) -> Work:
    """A short program several times, so that starting the tracer is not what is seen."""
    loop = f"for i in {' '.join(map(str, range(TIMES)))}; do {shlex.join(command)}; done"
    return Work(["sh", "-c", loop], ["sh", "-c", ":"], TIMES)
