"""What is to be started: arguments checked, and put into the form that C takes."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from pypicotrace._ffi import ffi

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Environment = Mapping[Any, Any] | Sequence[bytes]

# What Python ignores from its start on, and a program expects to find as it was: subprocess's list.
PYTHON_IGNORES = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")


class Credentials(NamedTuple):
    """Whom a program is to run as."""

    uid: int
    gid: int
    groups: list[int]


class Launch(NamedTuple):
    """A program to start."""

    paths: list[bytes]
    """The files to be tried in turn."""
    argv: list[bytes]
    env: list[bytes]
    cwd: bytes | None
    stdio: tuple[int, int, int]
    """Descriptors to become 0, 1 and 2; -1 leaves one as it is."""
    close_fds: bool
    default_signals: list[int]
    credentials: Credentials | None

    def to_c(self, keep: list[Any]) -> Any:
        """A ``struct pico_launch *``, valid as long as what is put into ``keep``."""
        request = ffi.new("struct pico_launch *")
        request.paths = _array(self.paths, keep)
        request.argv = _array(self.argv, keep)
        request.envp = _array(self.env, keep)
        if self.cwd is not None:
            keep.append(ffi.new("char[]", self.cwd))
            request.cwd = keep[-1]
        request.stdio = self.stdio
        request.close_from = 3 if self.close_fds else -1
        keep.append(ffi.new("int32_t[]", [*self.default_signals, 0]))
        request.default_signals = keep[-1]
        request.uid = request.gid = -1
        if self.credentials is not None:
            request.uid, request.gid = self.credentials.uid, self.credentials.gid
            request.ngroups = len(self.credentials.groups)
            keep.append(ffi.new("uint32_t[]", self.credentials.groups))
            request.groups = keep[-1]
        return request


def _array(items: Iterable[bytes], keep: list[Any]) -> Any:
    strings = [ffi.new("char[]", item) for item in items]
    keep.append(strings)
    keep.append(ffi.new("char *[]", [*strings, ffi.NULL]))
    return keep[-1]


def plan(
    argv: Sequence[Path],
    *,
    executable: Path | None,
    env: Environment | None,
    cwd: Path | None,
    stdio: tuple[Any, Any, Any],
    close_fds: bool,
    restore_signals: bool,
    user: str | int | Credentials | None = None,
) -> Launch:
    """Check the arguments of `pypicotrace.spawn`, which says what they mean.

    :raises TypeError, ValueError: an argument is not what it must be.
    """
    if isinstance(argv, str | bytes):
        raise TypeError("argv is a sequence of arguments, not one string")
    arguments = [_bytes("argv", argument) for argument in argv]
    if not arguments:
        raise ValueError("argv is empty")
    environment = _environment(env)
    program = arguments[0] if executable is None else _bytes("executable", executable)
    stdin, stdout, stderr = stdio
    names = PYTHON_IGNORES if restore_signals else ()
    return Launch(
        paths=search(program, environment),
        argv=arguments,
        env=environment,
        cwd=None if cwd is None else _bytes("cwd", cwd),
        stdio=(
            _descriptor("stdin", stdin),
            _descriptor("stdout", stdout),
            _descriptor("stderr", stderr),
        ),
        close_fds=close_fds,
        default_signals=[int(getattr(signal, name)) for name in names if hasattr(signal, name)],
        credentials=credentials(user) if isinstance(user, str | int) else user,
    )


def own_environment() -> list[bytes]:
    """The environment this program was started with, to the byte.

    Not os.environ: in the C locale Python adds LC_CTYPE to that, and it cannot hold an entry
    without a ``=``.
    """
    try:
        with open("/proc/self/environ", "rb") as file:
            return file.read().split(b"\0")[:-1]
    except OSError:
        return [key + b"=" + value for key, value in os.environb.items()]


def credentials(user: str | int) -> Credentials:
    """A user's ids, and all groups that the user is in.

    :raises ValueError: there is no such user.
    """
    import pwd

    try:
        entry = pwd.getpwuid(user) if isinstance(user, int) else pwd.getpwnam(user)
    except (KeyError, OverflowError):
        raise ValueError(f"there is no user {user!r}") from None
    groups = os.getgrouplist(entry.pw_name, entry.pw_gid)
    return Credentials(entry.pw_uid, entry.pw_gid, groups)


def _bytes(what: str, value: Path) -> bytes:
    data = os.fsencode(value)
    if b"\0" in data:
        raise ValueError(f"{what} has a NUL byte in it: {value!r}")
    return data


def _environment(env: Environment | None) -> list[bytes]:
    if env is None:
        env = os.environb
    if not isinstance(env, Mapping):
        return [_bytes("env", entry) for entry in env]
    entries = []
    for name, value in env.items():
        key = _bytes("env", name)
        if not key or b"=" in key:
            raise ValueError(f"not the name of an environment variable: {name!r}")
        entries.append(key + b"=" + _bytes("env", value))
    return entries


def search(program: bytes, env: Iterable[bytes]) -> list[bytes]:
    """The files that execvp(3) would try for this program, in its order."""
    if b"/" in program or not program:
        return [program]
    prefix = b"PATH="
    path = next((entry[len(prefix) :] for entry in env if entry.startswith(prefix)), None)
    folders = (os.fsencode(os.defpath) if path is None else path).split(b":")
    return [os.path.join(folder or b".", program) for folder in folders]


def _descriptor(name: str, value: Any) -> int:
    if value is None:
        return -1
    fd = value if isinstance(value, int) else value.fileno()
    if fd < 0:
        raise ValueError(f"{name}: {fd} is not a file descriptor")
    return int(fd)
