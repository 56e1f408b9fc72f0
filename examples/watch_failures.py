"""Watch running processes for system calls that fail, until ^C; they live on.

    python examples/watch_failures.py $(pgrep nginx)

A line for each: the pid, the call, the path it was given, and the error. Children that they have,
or make later, are watched too.
"""

import argparse
import os
import sys

import pypicotrace as pt

# A call that was interrupted and is restarted has an error that no program sees: on Linux from this
# one on, on NetBSD below 0.
KERNELS_OWN = 512


def path(call: pt.SyscallExit) -> str:
    """The path that the call was given, where it was given one and it can still be read."""
    try:
        return os.fsdecode(call.stop.read_cstring(call.arg("path")))
    except (KeyError, pt.KernelError, pt.TraceeDied):
        return "-"


def watch(loop: pt.Loop) -> None:
    for ev in loop:
        if isinstance(ev, pt.SyscallExit) and 0 < ev.error < KERNELS_OWN:
            print(ev.pid, ev.name, path(ev), os.strerror(ev.error), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="Watch running processes for failing calls.")
    parser.add_argument("pid", type=int, nargs="+")
    args = parser.parse_args()
    try:
        with pt.attach(*args.pid, children=True, follow=True, events=pt.SCX, errors=True) as loop:
            print(f"watching {', '.join(map(str, loop.attached))}", file=sys.stderr)
            watch(loop)
    except KeyboardInterrupt:
        print("let go", file=sys.stderr)


if __name__ == "__main__":
    try:
        main()
    except (ValueError, pt.PicotraceError) as error:
        sys.exit(f"watch_failures: {error}")
