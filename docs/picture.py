"""Draw the processes of a pipeline and their system calls over time, from a trace made now.

    python docs/picture.py docs/pictures/pipeline.svg

The picture of the start page. It has its own background, light or dark as its reader prefers.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import NamedTuple

import pypicotrace as pt

COMMAND = ["sh", "-c", "date | wc"]
WIDTH, MARGIN, LABELS = 900, 20, 100
TOP, LANE, BAR = 56, 64, 24
TRACES = 10
LABELLED = 44
"""A call that is so wide has its name in it."""
STYLE = """
text { font: 13px sans-serif; fill: #24292f }
.small { font-size: 11px; fill: #57606a }
.paper { fill: #ffffff }
.life { fill: #dde3ea }
.call { fill: #2f6f9f }
.long { fill: #a9cbe6 }
.failed { fill: #c8402f }
.line { stroke: #57606a; stroke-width: 1.2; fill: none }
.signal { fill: #b7791f }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .small { fill: #9aa4af }
  .paper { fill: #161b22 }
  .life { fill: #303842 }
  .call { fill: #79b8e8 }
  .long { fill: #2d5878 }
  .failed { fill: #ff8578 }
  .line { stroke: #9aa4af }
  .signal { fill: #e3b341 }
}
"""


class Call(NamedTuple):
    """A system call; times are in nanoseconds."""

    name: str
    begin: int
    end: int
    failed: bool = False


@dataclass
class Process:
    """What is drawn in a lane."""

    pid: int
    begin: int
    end: int = 0
    programs: list[str] = field(default_factory=list)
    calls: list[Call] = field(default_factory=list)
    children: dict[int, int] = field(default_factory=dict)
    """When each was made."""
    signals: list[tuple[int, str]] = field(default_factory=list)


def processes(events: Iterable[pt.Event]) -> list[Process]:
    """What each process has done, in the order in which they came."""
    found: dict[int, Process] = {}
    entered: dict[int, pt.SyscallEntry] = {}
    for ev in events:
        process = found.setdefault(ev.pid, Process(ev.pid, ev.ts_ns))
        process.end = ev.ts_ns
        program = ev.program.decode(errors="replace")
        if program not in process.programs[-1:]:
            process.programs.append(program)
        match ev:
            case pt.SyscallExit():
                begin = entered.pop(ev.lwp, ev).ts_ns
                process.calls.append(Call(ev.name, begin, ev.ts_ns, ev.error != 0))
            case pt.SyscallEntry():
                entered[ev.lwp] = ev
            case pt.Forked() | pt.Vforked() | pt.Spawned():
                process.children[ev.child] = ev.ts_ns
            case pt.Stopped():
                process.signals.append((ev.ts_ns, signal.Signals(ev.signo).name))
    for last in entered.values():  # that have not returned: exit_group
        process = found[last.pid]
        process.calls.append(Call(last.name, last.ts_ns, process.end))
    return list(found.values())


@dataclass
class Picture:
    """The processes, and where they are on paper."""

    processes: list[Process]

    def __post_init__(self) -> None:
        self.begin = min(process.begin for process in self.processes)
        self.ns = max(process.end for process in self.processes) - self.begin
        self.lanes = {process.pid: TOP + LANE * n for n, process in enumerate(self.processes)}
        self.height = TOP + LANE * len(self.processes) + 24

    def x(self, ts_ns: int) -> float:
        """Where a moment is."""
        width = WIDTH - LABELS - MARGIN
        return round(LABELS + width * (ts_ns - self.begin) / self.ns, 1)

    def lines(self) -> Iterator[str]:
        """The SVG."""
        shown = " ".join(COMMAND[:-1]) + f" '{COMMAND[-1]}'"
        size = f'width="{WIDTH}" height="{self.height}" viewBox="0 0 {WIDTH} {self.height}"'
        yield f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
        yield f"<title>{escape(shown)}, traced</title>"
        yield f"<style>{STYLE}</style>"
        yield f'<rect class="paper" width="{WIDTH}" height="{self.height}" rx="6"/>'
        yield text(MARGIN, 26, f"$ picotrace -f {shown}")
        yield from self.legend()
        for process in self.processes:
            yield from self.lane(process)
        for process in self.processes:
            yield from self.arrows(process)
        yield from self.axis()
        yield "</svg>"

    def legend(self) -> Iterator[str]:
        at = WIDTH - 400
        for style, what in (("call", "system call"), ("failed", "one that failed")):
            yield f'<rect class="{style}" x="{at}" y="15" width="10" height="13"/>'
            yield text(at + 16, 26, what, "small")
            at += 105
        yield f'<circle class="signal" cx="{at + 12}" cy="22" r="5"/>'
        yield text(at + 22, 26, "signal", "small")
        yield f'<path class="line" d="M{at + 76} 15v9l-3-4m3 4l3-4"/>'
        yield text(at + 86, 26, "child is made", "small")

    def lane(self, process: Process) -> Iterator[str]:
        """A process: how long it was there, and in which calls."""
        y = self.lanes[process.pid]
        yield f'<g class="process" data-pid="{process.pid}">'
        yield text(MARGIN, y + 12, " → ".join(process.programs))
        yield text(MARGIN, y + 27, f"{process.pid}", "small")
        yield self.bar(process, "life", process.begin, process.end)
        for call in sorted(process.calls, key=lambda call: call.begin):
            wide = self.x(call.end) - self.x(call.begin) >= LABELLED
            style = "failed" if call.failed else "long" if wide else "call"
            yield self.bar(process, f"call {style}", call.begin, call.end, call.name)
            if wide and not call.failed:
                yield text(self.x(call.begin) + 4, y + 16, call.name, "small")
        last = 0.0
        for when, name in process.signals:
            yield f'<circle class="signal" cx="{self.x(when)}" cy="{y + BAR + 8}" r="5"/>'
            if self.x(when) - last > LABELS:
                yield text(self.x(when) - 10, y + BAR + 12, name, "small", "end")
            last = self.x(when)
        yield "</g>"

    def bar(self, process: Process, style: str, begin: int, end: int, name: str = "") -> str:
        x, y = self.x(begin), self.lanes[process.pid]
        width = max(round(self.x(end) - x, 1), 0.7)
        shape = f'class="{style}" x="{x}" y="{y}" width="{width}" height="{BAR}"'
        title = f"{name}, {(end - begin) / 1000:.0f} µs"
        return f"<rect {shape}><title>{title}</title></rect>" if name else f"<rect {shape}/>"

    def arrows(self, process: Process) -> Iterator[str]:
        """From a process to its children."""
        for child, when in process.children.items():
            x, begin, end = self.x(when), self.lanes[process.pid] + BAR, self.lanes[child] - 2
            yield f'<path class="line arrow" d="M{x} {begin}V{end}l-4-6m4 6l4-6"/>'

    def axis(self) -> Iterator[str]:
        y = self.height - 12
        step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 1000) if self.ns / step < 12e6)
        for ms in range(0, int(self.ns / 1e6) + 1, step):
            at = self.x(self.begin + ms * 10**6)
            yield text(at, y, f"{ms} ms" if ms == 0 else str(ms), "small", "middle")


def text(x: float, y: float, words: str, style: str = "", anchor: str = "start") -> str:
    shape = f'x="{x}" y="{y}" text-anchor="{anchor}"' + (f' class="{style}"' if style else "")
    return f"<text {shape}>{escape(words)}</text>"


def traced() -> list[pt.Event]:
    """What the command does."""
    with pt.spawn(COMMAND, follow=True, stdout=subprocess.DEVNULL, pin="auto") as loop:
        return [ev for batch in loop.stream() for ev in batch]


def main() -> None:
    """Trace, and write the picture."""
    if len(sys.argv) != 2:
        sys.exit("usage: picture.py OUT.svg")
    # Of several the quickest, which what else the machine does has disturbed least.
    picture = min((Picture(processes(traced())) for _ in range(TRACES)), key=lambda made: made.ns)
    Path(sys.argv[1]).write_text("\n".join(picture.lines()) + "\n")


if __name__ == "__main__":
    main()
