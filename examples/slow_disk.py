"""Have a command's disk be slow: each fsync(2) and its like waits before it begins.

    python examples/slow_disk.py 0.5 postgres -D data

Only who calls it waits (on NetBSD its process); all else that the command has started runs on.
"""

import argparse
import contextlib
import sys

import pypicotrace as pt


class SlowDisk(pt.Tracer):
    syscalls = ("/^(f(data)?sync|fsync_range|sync|syncfs|(__)?msync(13)?|sync_file_range)$/",)

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.calls = 0

    def syscall_entry(self, event: pt.SyscallEntry) -> None:
        with contextlib.suppress(pt.TraceeDied):
            event.stop.delay(self.seconds)
            self.calls += 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Delay what waits for the disk.")
    parser.add_argument("seconds", type=float, help="for how long each time")
    parser.add_argument("command", nargs="...")
    args = parser.parse_args()
    if not 0 <= args.seconds <= 3600 or not args.command:
        parser.error("give the seconds, up to 3600, and a command")
    tracer = SlowDisk(args.seconds)
    status = pt.run(tracer, args.command, follow=True)
    print(f"slow_disk: {tracer.calls} calls, {args.seconds} s each", file=sys.stderr)
    return status.status if isinstance(status, pt.Exited) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pt.PicotraceError as error:
        sys.exit(f"slow_disk: {error}")
