"""Let a command believe that it is root, and that files have the owners it gives them.

    python examples/fakeroot.py sh -c 'chown -R 7:7 folder; tar -cf folder.tar folder'

Who asks who it is gets 0. A chown is noted here alone; who asks for a file's owner is told what was
noted, or 0. The kernel is not fooled. For 64-bit programs on Linux, x86-64.
"""

import argparse
import contextlib
import sys

import pypicotrace as pt

AT_FDCWD, NOFOLLOW, EMPTY_PATH, KEEP = 0xFFFFFF9C, 0x100, 0x1000, 0xFFFFFFFF
owners: dict[tuple[int, ...], tuple[int, ...]] = {}  # by device and inode


class Fakeroot(pt.Tracer):
    syscalls = ("/^(get(res|e)?[ug]id|[fl]?chown|fchownat|[fl]?stat|newfstatat|statx)$/",)

    def syscall_entry(self, event: pt.SyscallEntry) -> None:
        if event.abi != "linux-x86_64":
            return
        with contextlib.suppress(OSError):  # the call itself fails as well then, and says why
            if "chown" in event.name:
                self.note_owner(event, dict(zip(event.params, event.args, strict=True)))
            for pointer in event.args if "getres" in event.name else ():
                event.stop.write(pointer, bytes(4))
            if event.name == "statx":  # libraries do with another call where there is none
                event.stop.inject(error="ENOSYS")
            elif "stat" not in event.name:
                event.stop.inject(retval=0)

    def note_owner(self, call: pt.SyscallEntry, args: dict[str, int]) -> None:
        at = call.stop.registers["rsp"] - 1024  # the stack, below what it is used for
        call.stop.write(at, b"\0")  # a path for fchown, which has none
        flag = {"lchown": NOFOLLOW, "fchown": EMPTY_PATH}.get(call.name, args.get("flag", 0))
        call.stop.syscall("newfstatat", args.get("fd", AT_FDCWD), args.get("path", at), at, flag)
        file = call.stop.read_struct(at, "=QQ")
        pairs = zip((args["uid"], args["gid"]), owners.get(file, (0, 0)), strict=True)
        owners[file] = tuple(old if new == KEEP else new for new, old in pairs)

    def syscall_exit(self, event: pt.SyscallExit) -> None:
        if "stat" in event.name and event.abi == "linux-x86_64" and not event.error:
            stat = event.arg("statbuf")
            owner = owners.get(event.stop.read_struct(stat, "=QQ"), (0, 0))
            event.stop.write(stat + 28, b"".join(number.to_bytes(4, "little") for number in owner))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Let a command believe that it is root.")
    parser.add_argument("command", nargs="...")
    argv = parser.parse_args().command or parser.error("give a command")
    try:
        end = pt.run(Fakeroot(), argv, follow=True)
    except pt.PicotraceError as error:
        sys.exit(f"fakeroot: {error}")
    sys.exit(end.status if isinstance(end, pt.Exited) else 1)
