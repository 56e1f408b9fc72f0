"""The command ``picotrace-singlestepper``."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence

import pypicotrace as pt
from pypicotrace.ending import Signals
from pypicotrace.tools.decode.text import one_line
from pypicotrace.tools.frame import EXIT_FAILURE, Failure, answer, command, end, given
from pypicotrace.tools.output import Output
from pypicotrace.tools.symbols import Symbols

NAME = "picotrace-singlestepper"
EVENTS = pt.ALL & ~(pt.SCE | pt.SCX)
HELP = f"""\
usage: {NAME} [-bft] [-o FILE] [-p PID]... [command [arg ...]]

Count the instructions that each LWP of a command executes. Each is a stop of
its own: that takes some ten thousand times as long as the instruction.

  -b         blocks, each of which ends with a branch that is taken, in place
             of instructions; only where the processor does that
  -f         follow children, and theirs
  -o FILE    write to FILE; -: standard output
  -p PID     attach to a running process; may be given several times
  -t         trace: a line for each instruction, with the function that it is
             in (needs the extra "symbols": pip install 'pypicotrace[symbols]')

  -h, --help     show this, and exit
  -V, --version  show the version, and exit

The table goes to standard error. A system call is one instruction. The exit
status is the command's.
"""


class Stepper:
    """Has each LWP execute one instruction after the other, or one block."""

    def __init__(
        self, write: Callable[[str], object] | None = None, *, block: bool = False
    ) -> None:
        self._block = block
        self.counts: dict[tuple[int, int], int] = {}
        self.programs: dict[int, bytes] = {}
        self._write = write
        self._symbols: dict[int, Symbols] = {}
        self._ended: list[tuple[int, int, str, int]] = []
        """Rows of processes that have ended: who has their ids next is another."""

    def take(self, event: pt.Event) -> None:
        """Each event at which an LWP stands is followed by an instruction of it."""
        if isinstance(event, pt.Exec):
            self._symbols.pop(event.pid, None)
        if isinstance(event, pt.SingleStep):
            key = event.pid, event.lwp
            self.counts[key] = self.counts.get(key, 0) + 1
        if event.program:
            self.programs[event.pid] = event.program
        if isinstance(event, pt.LwpExited) and event.pid in self._symbols:
            self._symbols[event.pid].forget(event.lwp)
        if isinstance(event, pt.Exited | pt.Signaled):
            self._end(event.pid)
        if event.stop is None:
            return
        if self._write is not None and isinstance(event, pt.SingleStep):
            self._write(self._line(event))
        event.stop.step(block=self._block)

    def _line(self, event: pt.SingleStep) -> str:
        symbols = self._symbols.get(event.pid)
        if symbols is None:
            symbols = self._symbols[event.pid] = Symbols(event.pid)
        where = one_line(symbols.at(event.pc, event.lwp))
        return f"{event.pid:6d} {event.lwp:6d} {event.pc:#x} {where}\n"

    def _end(self, pid: int) -> None:
        self._ended += self._rows(lambda whose: whose == pid)
        self.counts = {key: count for key, count in self.counts.items() if key[0] != pid}
        self.programs.pop(pid, None)
        self._symbols.pop(pid, None)

    def _rows(self, wanted: Callable[[int], bool]) -> list[tuple[int, int, str, int]]:
        return [
            (pid, lwp, one_line(self.programs.get(pid, b"")), count)
            for (pid, lwp), count in self.counts.items()
            if wanted(pid)
        ]

    def table(self) -> str:
        """The counts, in order of process and LWP; of one id, what had it first."""
        from tabulate import tabulate

        rows = sorted(self._ended + self._rows(lambda _: True), key=lambda row: row[:2])
        headers = ["process", "LWP", "program", "blocks" if self._block else "instructions"]
        plain = [2] if rows else False
        return str(tabulate(rows, headers, tablefmt="plain", disable_numparse=plain))


def run(argv: Sequence[str]) -> int:
    """The command; returns its exit status, or ends by the signal that ended what it ran."""
    args = given(NAME, HELP, "bo:t", argv)
    if isinstance(args, str):
        return answer(args)
    if "-t" in args.options and importlib.util.find_spec("elftools") is None:
        needs = "-t: there is no pyelftools: pip install 'pypicotrace[symbols]'"
        raise Failure(needs, EXIT_FAILURE)
    block = "-b" in args.options
    if block and not pt.steps_blocks():
        raise Failure("-b: here a processor executes instructions one by one", EXIT_FAILURE)
    loop = args.loop(NAME, EVENTS, "auto")
    signals = Signals(loop, ends_program=True)
    out = Output(NAME, args.options.get("-o"), signals)
    stepper = Stepper(out.write if "-t" in args.options else None, block=block)
    with signals, loop:
        out.show(loop, stepper.take)
    if not out.lost:
        # A reader may let it wait for ever.
        with signals.heeded_late(), out.written("the table is lost"):
            out.write(f"{stepper.table()}\n")
    out.close()
    return end(loop, signals.ended_by, out.lost)


def main(argv: Sequence[str] | None = None) -> int:
    """The entry point of the command."""
    return command(NAME, run, argv)
