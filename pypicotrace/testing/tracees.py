"""Small C programs to be traced, compiled once."""

from __future__ import annotations

import hashlib
import os
import pwd
import shlex
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

FLAGS = ("-std=gnu11", "-D_GNU_SOURCE", "-O1", "-Wall", "-pthread")
FOLDER = "PYPICOTRACE_TRACEES"
"""The variable that says where compiled programs are kept."""


class CannotCompile(Exception):
    """There is no C compiler, or it does not take the program. The message has what it says."""


def compile_tracee(source: str | Path, *, flags: Sequence[str] = ()) -> str:
    r"""The path of a program, compiled from C if that was not done before.

        sleeper = compile_tracee("#include <unistd.h>\nint main(void) { pause(); }")
        forker = compile_tracee(Path(__file__).parent / "forker.c")

    The compiler is ``cc``, or what the environment's ``CC`` says, which may have flags too.
    What is kept is found again by the source with all that it includes, the flags, and the
    compiler. It is in the user's cache folder, or where the environment's ``PYPICOTRACE_TRACEES``
    says.

    :param source: a program, or the path of a file with one.
    :param flags: for the compiler, after those that all get (C11 with GNU's extensions, POSIX
        threads); libraries, too.
    :raises CannotCompile: see there.
    :raises TypeError: ``flags`` is one string.
    """
    if isinstance(flags, str):
        raise TypeError("flags is a sequence of flags, not one string")
    compiler, *with_it = shlex.split(os.environ.get("CC", "")) or ["cc"]
    found = shutil.which(compiler)
    if found is None:
        raise CannotCompile(f"there is no C compiler {compiler}: install one, or name it by CC")
    inline = isinstance(source, str)
    text = source.encode() if isinstance(source, str) else source.read_bytes()
    beside = [] if isinstance(source, str) else [f"-I{source.parent.absolute()}"]
    words = [found, *with_it, *FLAGS, *flags, *beside]
    whole = _run([*words, "-E", "-P", "-x", "c", "-"], text)
    name = "tracee" if inline else Path(source).stem
    program = kept_in() / f"{name}-{_digest(words, whole)}"
    if not program.exists():
        _compile(words, text, program)
    return str(program)


def _run(argv: Sequence[str], text: bytes) -> bytes:
    done = subprocess.run(argv, input=text, capture_output=True, check=False)
    if done.returncode != 0:
        raise CannotCompile(done.stderr.decode(errors="replace"))
    return done.stdout


def _digest(words: Sequence[str], text: bytes) -> str:
    return hashlib.sha256(b"\0".join([*map(os.fsencode, words), text])).hexdigest()[:16]


def _compile(words: Sequence[str], text: bytes, program: Path) -> None:
    # Beside its place and then into it: another test may be looking for it at the same time.
    with tempfile.TemporaryDirectory(dir=program.parent) as folder:
        built = Path(folder) / program.name
        # Libraries come after what needs them.
        _run([words[0], "-o", str(built), "-x", "c", "-", "-x", "none", *words[1:]], text)
        built.rename(program)


def kept_in() -> Path:
    """The folder of compiled programs, made if it is not there.

    The home of the password database, not of the environment: Kyua gives every test case a HOME of
    its own.

    :raises OSError: it cannot be made.
    """
    named = os.environ.get(FOLDER)
    if named:
        folder = Path(named).absolute()  # a tracee may be started somewhere else
        folder.mkdir(parents=True, exist_ok=True)
        return folder
    try:
        folder = _cache() / "pypicotrace" / "tracees"
        folder.mkdir(parents=True, exist_ok=True)
    except (KeyError, OSError):
        # A user without a home, or without one that is there.
        folder = Path(f"/tmp/pypicotrace-{os.getuid()}")  # noqa: S108 - and ours alone, see below
        folder.mkdir(mode=0o700, exist_ok=True)
    owner = folder.lstat()
    if owner.st_uid != os.getuid() or not stat.S_ISDIR(owner.st_mode) or owner.st_mode & 0o022:
        raise PermissionError(f"{folder} is not this user's alone: set {FOLDER} to one that is")
    return folder


def _cache() -> Path:
    """The user's cache folder.

    :raises KeyError: nothing is known of this user.
    """
    named = Path(os.environ.get("XDG_CACHE_HOME", ""))
    # One that is relative says nothing (XDG Base Directory Specification).
    return named if named.is_absolute() else Path(pwd.getpwuid(os.getuid()).pw_dir) / ".cache"
