"""Count the system calls of a command and all that it starts, program by program.

    python examples/count_calls.py make -j4

The table goes to standard error: the calls, how many of them failed, the program and the call.
"""

import argparse
import sys
from collections import Counter

import pypicotrace as pt


def main() -> int:
    parser = argparse.ArgumentParser(description="Count system calls, program by program.")
    parser.add_argument("--rows", type=int, default=30, help="so many at most (30)")
    parser.add_argument("command", nargs="...")
    args = parser.parse_args()
    command = args.command or parser.error("give a command")

    calls: Counter[tuple[bytes, str]] = Counter()
    failed: Counter[tuple[bytes, str]] = Counter()
    with pt.spawn(command, follow=True, events=pt.SCE | pt.SCX) as loop:
        for batch in loop.stream():
            for ev in batch:
                if isinstance(ev, pt.SyscallExit):
                    failed[ev.program, ev.name] += ev.error != 0
                elif isinstance(ev, pt.SyscallEntry):
                    calls[ev.program, ev.name] += 1

    print(f"{'calls':>9} {'failed':>9}  {'program':15} call", file=sys.stderr)
    for (program, name), count in calls.most_common(args.rows):
        row = f"{count:9} {failed[program, name]:9}  {program.decode(errors='replace'):15} {name}"
        print(row, file=sys.stderr)
    return loop.status.status if isinstance(loop.status, pt.Exited) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pt.PicotraceError as error:
        sys.exit(f"count_calls: {error}")
