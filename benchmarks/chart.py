"""The picture of what ``run.py --json`` has measured: SVG, of which every number is in the file."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from html import escape
from typing import Any

DENSE = "dense calls"
TOOLS = {
    "floor": "others",
    "floor that asks": "others",
    "entries only": "ours",
    "text": "ours",
    "stream": "ours",
    "stop per event": "ours",
    "ndjson": "ours",
    "truss": "ours",
    "strace": "others",
    "libdebug": "others",
    "python-ptrace": "others",
}
"""In the order in which they are drawn, and whose they are."""
AT_ONCE = {"text": "ours", "strace": "others"}
WIDTH, LEFT, LONGEST, BAR, STEP = 900, 170, 640, 13, 19
STYLE = """
text { font: 12px sans-serif; fill: #24292f }
.head { font-weight: bold }
.paper { fill: #ffffff }
.ours { fill: #2f6f9f }
.others { fill: #a3abb5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .paper { fill: #161b22 }
  .ours { fill: #79b8e8 }
  .others { fill: #5b6672 }
}
"""

Bar = tuple[str, str, float]
"""What it is of, whose that is, and its microseconds."""


def costs(told: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Microseconds of processor time for a call, by tool and work: medians."""
    return {
        (cost["tool"], cost["work"]): statistics.median(cost["us"])
        for cost in told["costs"]
        if cost["clock"] == "processor time"
    }


def groups(told: dict[str, Any]) -> Iterator[tuple[str, list[Bar]]]:
    """The bars that are drawn, under their headings."""
    cost = costs(told)
    one = [
        (tool, whose, cost[tool, DENSE]) for tool, whose in TOOLS.items() if (tool, DENSE) in cost
    ]
    if one:
        yield "One LWP that makes calls and nothing else: microseconds for a call", one
    for kind in ("threads", "processes"):
        numbers = sorted(
            {
                (int(work.split()[0].replace(",", "")), work)
                for _, work in cost
                if work.endswith(kind)
            }
        )
        many = [
            (f"{work}: {tool}", whose, cost[tool, work])
            for _, work in numbers
            for tool, whose in AT_ONCE.items()
            if (tool, work) in cost
        ]
        if many:
            yield f"So many {kind} that make calls at once: microseconds for a call", many


def lines(told: dict[str, Any]) -> Iterator[str]:
    """The SVG."""
    shown = list(groups(told))
    most = max((us for _, bars in shown for _, _, us in bars), default=1)
    height = 16 + sum(34 + STEP * len(bars) for _, bars in shown)
    size = f'width="{WIDTH}" height="{height}" viewBox="0 0 {WIDTH} {height}"'
    yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    yield f"<title>What a traced system call costs, on {escape(told['machine'])}</title>"
    yield f"<style>{STYLE}</style>"
    yield f'<rect class="paper" width="{WIDTH}" height="{height}" rx="6"/>'
    y = 24
    for heading, bars in shown:
        yield f'<text class="head" x="16" y="{y}">{escape(heading)}</text>'
        y += 10
        for name, whose, us in bars:
            width = round(LONGEST * us / most, 1)
            yield f'<text x="{LEFT - 8}" y="{y + 11}" text-anchor="end">{escape(name)}</text>'
            yield f'<rect class="{whose}" x="{LEFT}" y="{y}" width="{width}" height="{BAR}"/>'
            yield f'<text x="{LEFT + width + 6}" y="{y + 11}">{us:.1f}</text>'
            y += STEP
        y += 24
    yield "</svg>"
