"""Find out which files a build really reads, and write them as a rule for make(1) (Linux).

    app: main.c
            build_dependencies.py -o app.d app cc -o app main.c
    -include app.d

That is: the regular files that were opened for reading, or executed, and that the build did not
write itself. With ``--below .`` only those of the project, without compilers and their headers.
"""

import argparse
import contextlib
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
            link = Path(f"/proc/{ev.pid}/{opened or 'exe'}")
            with contextlib.suppress(OSError):  # it failed, or another thread has closed it
                file, for_writing = link.stat(), link.lstat().st_mode & stat.S_IWUSR
                if opened and for_writing:
                    written.add((file.st_dev, file.st_ino))
                elif stat.S_ISREG(file.st_mode):
                    read[file.st_dev, file.st_ino] = link.readlink()
    files = sorted(path for file, path in read.items() if file not in written and path.is_file())
    return files, loop.status.status if isinstance(loop.status, pt.Exited) else 1


def main() -> int:
    parser = argparse.ArgumentParser(description="Write what a build depends on, for make.")
    parser.add_argument("-o", dest="out", required=True, type=Path, help="where the rule goes")
    parser.add_argument("--below", default="/", type=Path, help="only files in this folder")
    parser.add_argument("target", help="what is built, as the makefile calls it")
    parser.add_argument("command", nargs="...", help="what builds it")
    args = parser.parse_args()
    read, status = files_read(args.command or parser.error("which command builds it?"))
    read = [path for path in read if path.is_relative_to(args.below.resolve())]
    names = [str(path).removeprefix(f"{Path.cwd()}/") for path in read]
    names = [name.replace("$", "$$").replace("#", "\\#").replace(" ", "\\ ") for name in names]
    if status == 0:  # each file has a rule, too, so that one that is removed does not stop make
        rules = "".join(f"{name}:\n" for name in names)
        args.out.write_text(f"{args.target}: {' '.join(names)}\n{rules}")
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, pt.PicotraceError) as error:
        sys.exit(f"build_dependencies: {error}")
