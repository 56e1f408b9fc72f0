"""Write what ``run.py --json FILE`` has measured into the documentation: tables and a picture.

    python benchmarks/page.py FILE [FOLDER]

The folder is docs, unless another is given. The file is kept there as performance.json, so that
whoever doubts a number finds what it comes from; docs/performance.md has the words. What where.py
has sampled, docs/where.json, is a table of the same page.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import chart

DOCS = Path(__file__).parent.parent / "docs"
GROUPS = {
    "All calls of one LWP": r"strace, over|text, |as it is|a floor|entries only",
    "Against others": r"python-ptrace|libdebug|perf trace",
    "Filters": r"filter, ",
    "Many at once": r"[\d,]+ (threads|processes)|\d+ spinning",
    "Other ways than text": r"truss|stream|ndjson|stop per event",
    "Start, memory, a line of text": r"picotrace true|peak memory|formatting",
    "More": "",
}
"""The tables, and how the names of their rows begin."""
CALL = [
    ("two bare stops of the call", "", "floor"),
    ("asking the kernel what each of them is", "floor", "floor that asks"),
    ("the table of LWPs, filters, the two lines of text, the file", "floor that asks", "text"),
]
"""Of what the time of a call is made: what comes on top of one tool with another."""


def table(head: list[str], rows: list[list[str]]) -> Iterator[str]:
    """In Markdown."""
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cells)} |"


def group_of(name: str) -> str:
    return next(group for group, begins in GROUPS.items() if re.match(begins, name))


def verdict(row: dict[str, str]) -> str:
    return "**missed**" if row["verdict"] == "MISSED" else row["verdict"]


def targets(told: dict[str, Any]) -> Iterator[str]:
    """All rows, each group a table."""
    for group in GROUPS:
        rows = [row for row in told["rows"] if group_of(row["row"]) == group]
        if rows:
            yield from ("", f"### {group}", "")
            cells = [
                [row["row"], row["measured"], row["target"], verdict(row), row["detail"]]
                for row in rows
            ]
            yield from table(["", "measured", "target", "", "range of the rounds"], cells)


def parts(told: dict[str, Any]) -> Iterator[str]:
    """Where the time of a call goes."""
    cost = chart.costs(told)
    cost["", chart.DENSE] = 0.0
    if any((tool, chart.DENSE) not in cost for _, *tools in CALL for tool in tools):
        return
    whole = cost["text", chart.DENSE]
    rows = []
    for what, less, more in CALL:
        us = cost[more, chart.DENSE] - cost[less, chart.DENSE]
        rows.append([what, f"{us:.2f}", f"{us / whole * 100:.0f}%"])
    yield from table(["what", "microseconds", "share"], [*rows, ["all", f"{whole:.2f}", "100%"]])


def profile(sampled: dict[str, Any]) -> Iterator[str]:
    """Whose the samples of a profile are."""
    samples: dict[str, int] = sampled["samples"]
    whole = sum(samples.values())
    shares = [[what, f"{count / whole * 100:.1f}%"] for what, count in samples.items()]
    yield from table(["", "share of the time"], shares)


def pages(told: dict[str, Any], sampled: dict[str, Any]) -> dict[str, str]:
    """The files, by name."""
    rounds = max(len(cost["us"]) for cost in told["costs"])
    where = f"Measured on {told['machine']}, in {rounds} round{'s' * (rounds > 1)}."
    return {
        "performance.json": json.dumps(told, indent=1) + "\n",
        "generated/targets.md": "\n".join([where, *targets(told)]) + "\n",
        "generated/parts.md": "\n".join(parts(told)) + "\n",
        "generated/profile.md": "\n".join(profile(sampled)) + "\n",
        "pictures/performance.svg": "\n".join(chart.lines(told)) + "\n",
    }


def main() -> None:
    """Write them."""
    if len(sys.argv) not in (2, 3):
        sys.exit("usage: page.py FILE [FOLDER]")
    told = json.loads(Path(sys.argv[1]).read_text())
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else DOCS
    sampled = json.loads((DOCS / "where.json").read_text())
    for name, text in pages(told, sampled).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)


if __name__ == "__main__":
    main()
