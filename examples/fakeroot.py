"""Let a command believe that it is root, and that files have the owners it gives them.

    python examples/fakeroot.py sh -c 'chown -R 7:7 folder; tar -cf folder.tar folder'

Who asks who it is gets 0. A chown is noted here alone; who asks for a file's owner is told what was
noted, or 0. The kernel is not fooled. For 64-bit programs on Linux, x86-64.
"""

import argparse
import contextlib
import os
import struct
import sys

import pypicotrace as pt

AT_FDCWD, NOFOLLOW, KEEP = 0xFFFFFF9C, 0x100, 0xFFFFFFFF
owners: dict[tuple[int, ...], tuple[int, ...]] = {}  # by device and inode


class Fakeroot(pt.Tracer):
    events = pt.SCE | pt.SCX
    syscalls = ("/^(get(res|e)?[ug]id|[fl]?chown|fchownat|[fl]?stat|newfstatat|statx)$/",)

    def event(self, event: pt.Event) -> None:
        # What cannot be found here fails in the kernel, too, which then tells the program why.
        with contextlib.suppress(OSError, pt.TraceeDied):
            if isinstance(event, pt.SyscallEntry) and event.abi == "linux-x86_64":
                super().event(event)

    def syscall_entry(self, event: pt.SyscallEntry) -> None:
        if "stat" not in event.name:
            if "chown" in event.name:
                self.note_owner(event, dict(zip(event.params, event.args, strict=True)))
            for pointer in event.args if "getres" in event.name else ():
                event.stop.write(pointer, bytes(4))
            event.stop.inject(retval=0)

    def note_owner(self, call: pt.SyscallEntry, args: dict[str, int]) -> None:
        fd = args.get("fd", AT_FDCWD)
        path = f"/proc/{call.pid}/" + ("cwd" if fd == AT_FDCWD else f"fd/{fd}")
        name = call.stop.read_cstring(args["path"]) if "path" in args else b""
        itself = name and (call.name == "lchown" or args.get("flag", 0) & NOFOLLOW)
        path = os.path.join(path, os.fsdecode(name)) if name else path
        file = os.stat(path, follow_symlinks=not itself)
        key = (file.st_dev, file.st_ino)
        pairs = zip((args["uid"], args["gid"]), owners.get(key, (0, 0)), strict=True)
        owners[key] = tuple(old if new == KEEP else new for new, old in pairs)

    def syscall_exit(self, event: pt.SyscallExit) -> None:
        if "stat" not in event.name or event.error:
            return
        if event.name == "statx":
            at = event.args[4] + 20
            ino, *dev = event.stop.read_struct(at, "=12xQ96xII")
            file = (os.makedev(*dev), ino)
        else:
            at = event.arg("statbuf") + 28
            file = event.stop.read_struct(at - 28, "=QQ")
        event.stop.write(at, struct.pack("=II", *owners.get(file, (0, 0))))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Let a command believe that it is root.")
    parser.add_argument("command", nargs="...")
    argv = parser.parse_args().command or parser.error("give a command")
    try:
        end = pt.run(Fakeroot(), argv, follow=True)
    except pt.PicotraceError as error:
        sys.exit(f"fakeroot: {error}")
    sys.exit(end.status if isinstance(end, pt.Exited) else 1)
