"""Have the n-th write of a command fail as on a full disk, to see what it makes of that (Linux).

    for n in 1 2 3; do python examples/disk_full.py $n tar -cf a.tar folder; echo "$n: $?"; done

What counts is write(2) and its like, to regular files, by the command and all that it starts; not
mmap(2), sendfile(2) or io_uring(7). With ``--stay`` all that come after it fail, too.
The exit status is the command's; or 99 where it did not write so often.
"""

import argparse
import contextlib
import os
import stat
import sys

import pypicotrace as pt


class DiskFull(pt.Tracer):
    syscalls = ("/^p?write(v2?|64)?$/",)

    def __init__(self, nth: int, stay: bool) -> None:
        self.nth, self.stay = nth, stay
        self.writes = 0

    def syscall_entry(self, event: pt.SyscallEntry) -> None:
        """Count it; one that is answered is not executed."""
        # What is not open fails in the kernel, too; what was killed just now writes nothing.
        with contextlib.suppress(OSError, pt.TraceeDied):
            file = os.stat(f"/proc/{event.pid}/fd/{event.args[0]}")
            if stat.S_ISREG(file.st_mode):
                self.writes += 1
                if self.writes == self.nth or (self.stay and self.writes > self.nth):
                    event.stop.inject(error="ENOSPC")


def main() -> int:
    parser = argparse.ArgumentParser(description="Fail the n-th write to a file with ENOSPC.")
    parser.add_argument("--stay", action="store_true", help="and all that come after it")
    parser.add_argument("nth", type=int, help="which write is to fail, from 1")
    parser.add_argument("command", nargs="...")
    args = parser.parse_args()
    if args.nth < 1 or not args.command:
        parser.error("give a number from 1, and a command")
    tracer = DiskFull(args.nth, args.stay)
    status = pt.run(tracer, args.command, follow=True)
    if tracer.writes < args.nth:
        print(f"disk_full: only {tracer.writes} writes to files", file=sys.stderr)
        return 99
    return status.status if isinstance(status, pt.Exited) else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except pt.PicotraceError as error:
        sys.exit(f"disk_full: {error}")
