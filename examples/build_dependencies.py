"""Find out which files a build really reads, and write them as a rule for make(1) (Linux).

    app: main.c
            build_dependencies.py -o app.d app cc -o app main.c
    -include app.d

That is: the regular files that were opened for reading, or executed, and that the build did not
write itself. With ``--below .`` only those of the project, without compilers and their headers.
"""

import argparse
import contextlib
import os
import stat
import sys
from pathlib import Path

import pypicotrace as pt


def files_read(argv: list[str]) -> tuple[list[Path], int]:
    """What a command and all that it starts have read but not written; and its exit status."""
    read, written = {}, set()
    events, calls = pt.SCX | pt.EXEC, ["/^(open(at2?)?|creat)$/"]
    with pt.spawn(argv, follow=True, events=events, syscalls=calls) as loop:
        for ev in loop:
            opened = f"fd/{ev.retval}" if isinstance(ev, pt.SyscallExit) else None
            link = f"/proc/{ev.pid}/{opened or 'exe'}"
            with contextlib.suppress(OSError):  # it failed, or another thread has closed it
                file, for_writing = os.stat(link), os.lstat(link).st_mode & stat.S_IWUSR
                if opened and for_writing:
                    written.add((file.st_dev, file.st_ino))
                elif stat.S_ISREG(file.st_mode):
                    read[file.st_dev, file.st_ino] = Path(os.readlink(link))
    status = loop.status.status if isinstance(loop.status, pt.Exited) else 1
    return sorted(path for file, path in read.items() if file not in written), status


def main() -> int:
    parser = argparse.ArgumentParser(description="Write what a build depends on, for make.")
    parser.add_argument("-o", dest="out", required=True, type=Path, help="where the rule goes")
    parser.add_argument("--below", default="/", type=Path, help="only files in this folder")
    parser.add_argument("target", help="what is built, as the makefile calls it")
    parser.add_argument("command", nargs="...", help="what builds it")
    args = parser.parse_args()
    read, status = files_read(args.command or parser.error("which command builds it?"))
    below, here = args.below.resolve(), Path.cwd()
    read = [path for path in read if path.is_relative_to(below) and path.is_file()]
    names = [str(path.relative_to(here) if path.is_relative_to(here) else path) for path in read]
    names = [name.replace("$", "$$").replace("#", "\\#").replace(" ", "\\ ") for name in names]
    if status == 0:
        # A rule for each file, too, so that one that is removed does not stop make.
        rules = [f"{args.target}: {' '.join(names)}", *(f"{name}:" for name in names)]
        args.out.write_text("\n".join(rules) + "\n")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, pt.PicotraceError) as error:
        sys.exit(f"build_dependencies: {error}")
