"""A picture of what ``run.py --json FILE`` has measured.

    build/benchmarks/bin/python benchmarks/plot.py FILE OUT.svg

The environment is one that ``run.py`` has made; matplotlib is in it.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

DENSE = "dense calls"
OURS, THEIRS = "#1b6ca8", "#9a9a9a"
TOOLS = {
    "floor": THEIRS,
    "floor that asks": THEIRS,
    "entries only": OURS,
    "text": OURS,
    "stream": OURS,
    "stop per event": OURS,
    "strace": THEIRS,
    "libdebug": THEIRS,
    "python-ptrace": THEIRS,
}
LINES = {"text": (OURS, "picotrace"), "strace": (THEIRS, "strace")}


def costs(told: dict) -> dict[tuple[str, str], float]:
    """Microseconds of processor time for a call, by tool and work: medians."""
    return {
        (cost["tool"], cost["work"]): statistics.median(cost["us"])
        for cost in told["costs"]
        if cost["clock"] == "processor time"
    }


def by_tool(axes: Axes, cost: dict[tuple[str, str], float]) -> None:
    """What a call costs under each tool."""
    shown = [tool for tool in TOOLS if (tool, DENSE) in cost]
    values = [cost[tool, DENSE] for tool in shown]
    bars = axes.barh(shown, values, color=[TOOLS[tool] for tool in shown])
    axes.bar_label(bars, fmt="%.1f", padding=3)
    axes.invert_yaxis()
    axes.margins(x=0.12)
    axes.set_xlabel("microseconds for a call, tracer and tracee together")


def by_number(axes: Axes, cost: dict[tuple[str, str], float], kind: str, style: str) -> None:
    """What a call costs where so many make calls at once."""
    for tool, (colour, name) in LINES.items():
        found = {
            int(work.split()[0].replace(",", "")): us
            for (of, work), us in cost.items()
            if of == tool and work.endswith(f" {kind}")
        }
        numbers = sorted(found)
        line = [found[n] for n in numbers]
        axes.plot(numbers, line, style, color=colour, marker="o", label=f"{name}, {kind}")
    axes.set_xscale("log")
    axes.set_ylim(bottom=0)
    axes.set_xlabel("how many make calls at once")
    axes.set_ylabel("microseconds for a call")


def main(source: str, to: str) -> None:
    """Draw it."""
    told = json.loads(Path(source).read_text())
    cost = costs(told)
    mpl.rcParams["svg.hashsalt"] = "picotrace"  # the same picture of the same figures
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4), layout="constrained")
    by_tool(left, cost)
    by_number(right, cost, "threads", "-")
    by_number(right, cost, "processes", "--")
    right.legend()
    figure.suptitle(told["machine"])
    figure.savefig(to, metadata={"Date": None})


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: plot.py FILE OUT.svg")
    main(*sys.argv[1:])
