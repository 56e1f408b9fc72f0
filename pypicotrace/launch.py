"""What is to be started: arguments checked, and put into the form that C takes."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any, NamedTuple, TypedDict

from pypicotrace._ffi import ffi, lib
from pypicotrace.errors import LaunchError
from pypicotrace.refusals import FORBIDDEN, UNDUMPABLE
from pypicotrace.users import Identity, identity

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]
Environment = Mapping[str, Path] | Mapping[bytes, Path] | Sequence[bytes]
File = int | IO[Any]

# What Python ignores from its start on, and a program expects to find as it was: subprocess's list.
PYTHON_IGNORES = ("SIGPIPE", "SIGXFZ", "SIGXFSZ")

STREAMS = ("stdin", "stdout", "stderr")

# What could not be done for the child, by enum pico_launch_step: the parameters that ask for it.
STEPS = {
    lib.PICO_LAUNCH_FILES: "stdin, stdout, stderr or pass_fds",
    lib.PICO_LAUNCH_DIRECTORY: "cwd",
    lib.PICO_LAUNCH_GROUP: "start_new_session or process_group",
    lib.PICO_LAUNCH_USER: "user, group or extra_groups",
}
UNTRACEABLE = {lib.PICO_LAUNCH_TRACE: FORBIDDEN, lib.PICO_LAUNCH_PROTECTED: UNDUMPABLE}


class LaunchOptions(TypedDict, total=False):
    """How a program is started, as subprocess.Popen takes it; `spawn` says more of each.

    To be passed on: ``def traced(*argv: str, **how: Unpack[pt.LaunchOptions])``.
    """

    executable: Path | None
    env: Environment | None
    cwd: Path | None
    stdin: File | None
    stdout: File | None
    stderr: File | None
    close_fds: bool
    pass_fds: Iterable[int]
    restore_signals: bool
    start_new_session: bool
    process_group: int | None
    user: str | int | None
    group: str | int | None
    extra_groups: Iterable[str | int] | None
    umask: int


class Launch(NamedTuple):
    """A program to start."""

    paths: list[bytes]
    """The files to be tried in turn."""
    argv: list[bytes]
    env: list[bytes]
    cwd: bytes | None = None
    stdio: tuple[int, int, int] = (lib.PICO_STDIO_KEEP,) * 3
    """Descriptors to become 0, 1 and 2, or of C's enum pico_stdio."""
    close_fds: bool = True
    pass_fds: tuple[int, ...] = ()
    default_signals: tuple[int, ...] = ()
    """What this program has changed, and the other one is to find at its default,"""
    ignored_signals: tuple[int, ...] = ()
    """or ignored."""
    new_session: bool = False
    process_group: int = -1
    umask: int = -1
    identity: Identity = Identity(None, None, None)
    executable: bytes | None = None
    """What was given to be executed in place of the first argument."""
    files: tuple[tuple[str, Any], ...] = ()
    """Those that were given for descriptors, by parameter: one that nobody else has would be closed
    before the program is started, and its number another file's."""

    def to_c(self, keep: list[Any]) -> Any:
        """A ``struct pico_launch *``, valid as long as what is put into ``keep``.

        :raises LaunchError: a descriptor is not open (any more).
        """
        self.check_open()
        request = ffi.new("struct pico_launch *")
        request.paths = _array(self.paths, keep)
        request.argv = _array(self.argv, keep)
        request.envp = _array(self.env, keep)
        if self.cwd is not None:
            request.cwd = _kept(keep, "char[]", self.cwd)
        request.stdio = self.stdio
        request.close_from = 3 if self.close_fds else -1
        request.pass_fds = _kept(keep, "int32_t[]", [*self.pass_fds, -1])
        request.default_signals = _kept(keep, "int32_t[]", [*self.default_signals, 0])
        request.ignored_signals = _kept(keep, "int32_t[]", [*self.ignored_signals, 0])
        request.new_session = self.new_session
        request.process_group = self.process_group
        request.umask = self.umask
        uid, gid, groups = self.identity
        request.uid = -1 if uid is None else uid
        request.gid = -1 if gid is None else gid
        request.ngroups = -1 if groups is None else len(groups)
        request.groups = _kept(keep, "uint32_t[]", groups or [])
        request.failed = _kept(keep, "int32_t *")
        return request

    def error(self, request: Any, code: int) -> LaunchError:
        """The exception for what has become of a ``struct pico_launch *``.

        :param code: an errno.
        """
        step = request.failed[0]
        what = STEPS.get(step, "")
        name = self.argv[0] if self.executable is None else self.executable
        if what == "cwd" and self.cwd is not None:
            name = self.cwd
        text = f"{what}: {os.strerror(code)}" if what else os.strerror(code)
        if step in UNTRACEABLE:
            text = f"{text}: {UNTRACEABLE[step]}"
        error = LaunchError(code, text, os.fsdecode(name))
        error.what = what
        return error

    def check_open(self) -> None:
        """Not left to the child, where the number may be that of a descriptor of the tracer's.

        :raises LaunchError: a descriptor is not open.
        """
        for name, file in self.files:
            if getattr(file, "closed", False):
                raise self._not_open(name, "the file was closed", errno.EBADF)
        named = [
            *zip(STREAMS, self.stdio, strict=True),
            *(("pass_fds", fd) for fd in self.pass_fds),
        ]
        for name, fd in named:
            try:
                if fd >= 0:
                    os.fstat(fd)
            except OSError as closed:
                code = closed.errno or errno.EBADF
                raise self._not_open(name, f"{fd} is not open", code) from None

    def _not_open(self, name: str, text: str, code: int) -> LaunchError:
        error = LaunchError(code, f"{name}: {text}", os.fsdecode(self.argv[0]))
        error.what = name
        return error


def _kept(keep: list[Any], kind: str, value: Any = None) -> Any:
    keep.append(ffi.new(kind, value))
    return keep[-1]


def _array(items: Iterable[bytes], keep: list[Any]) -> Any:
    strings = [ffi.new("char[]", item) for item in items]
    keep.append(strings)
    keep.append(ffi.new("char *[]", [*strings, ffi.NULL]))
    return keep[-1]


def plan(
    argv: Sequence[Path],
    *,
    executable: Path | None = None,
    env: Environment | None = None,
    cwd: Path | None = None,
    stdin: File | None = None,
    stdout: File | None = None,
    stderr: File | None = None,
    close_fds: bool = True,
    pass_fds: Iterable[int] = (),
    restore_signals: bool = True,
    start_new_session: bool = False,
    process_group: int | None = None,
    user: str | int | None = None,
    group: str | int | None = None,
    extra_groups: Iterable[str | int] | None = None,
    umask: int = -1,
) -> Launch:
    """Check the arguments of `pypicotrace.spawn` that are `LaunchOptions`; it says what they mean.

    :raises TypeError, ValueError: an argument is not what it must be.
    """
    if isinstance(argv, str | bytes):
        raise TypeError("argv is a sequence of arguments, not one string")
    arguments = [_bytes("argv", argument) for argument in argv]
    if not arguments:
        raise ValueError("argv is empty")
    environment = _environment(env)
    other = None if executable is None else _bytes("executable", executable)
    passed = tuple(_passed(fd) for fd in pass_fds)
    if passed and not close_fds:
        raise ValueError("pass_fds goes with close_fds=True: without it nothing is closed")
    if start_new_session and process_group is not None:
        raise ValueError("the leader of a new session cannot have another process_group")
    names = PYTHON_IGNORES if restore_signals else ()
    streams = list(zip(STREAMS, (stdin, stdout, stderr), strict=True))
    return Launch(
        paths=search(arguments[0] if other is None else other, environment),
        executable=other,
        argv=arguments,
        env=environment,
        cwd=None if cwd is None else _bytes("cwd", cwd),
        stdio=(_stream("stdin", stdin), _stream("stdout", stdout), _stream("stderr", stderr)),
        files=tuple((name, file) for name, file in streams if hasattr(file, "fileno")),
        close_fds=close_fds,
        pass_fds=passed,
        default_signals=tuple(int(getattr(signal, n)) for n in names if hasattr(signal, n)),
        new_session=bool(start_new_session),
        process_group=-1 if process_group is None else _number("process_group", process_group),
        umask=-1 if umask == -1 else _number("umask", umask, 0o777),
        identity=identity(user, group, extra_groups),
    )


def start(loop: Any, launch: Launch) -> int:
    """Have the C loop start a program.

    :returns: its pid.
    :raises LaunchError: it cannot be executed, or not in this way.
    """
    keep: list[Any] = []
    pid = ffi.new("int32_t *")
    request = launch.to_c(keep)
    failed = lib.pico_loop_spawn(loop, request, pid)
    if failed < 0:
        raise launch.error(request, -failed)
    return int(pid[0])


def own_environment(changes: Iterable[str] = ()) -> list[bytes]:
    """The environment this program was started with, to the byte.

    Not os.environ: in the C locale Python adds LC_CTYPE to that, and it cannot hold an entry
    without a ``=``.

    :param changes: as the command's ``-E`` has them: ``NAME=VALUE`` sets a variable, ``NAME`` takes
        it out; one after the other.
    :raises TypeError: that is one string.
    """
    if isinstance(changes, str):
        raise TypeError("changes are a sequence of entries, not one string")
    try:
        with open("/proc/self/environ", "rb") as file:
            entries = file.read().split(b"\0")[:-1]
    except OSError:
        entries = [key + b"=" + value for key, value in os.environb.items()]
    for text in map(os.fsencode, changes):
        name, equals, _ = text.partition(b"=")
        entries = [entry for entry in entries if not entry.startswith(name + b"=")]
        if equals:
            entries.append(text)
    return entries


def _bytes(what: str, value: Path) -> bytes:
    data = os.fsencode(value)
    if b"\0" in data:
        raise ValueError(f"{what} has a NUL byte in it: {value!r}")
    return data


def _environment(env: Environment | None) -> list[bytes]:
    if env is None:
        env = os.environb
    if isinstance(env, str | bytes):
        raise TypeError("env is a mapping or a sequence of entries, not one string")
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


def _stream(name: str, file: File | None) -> int:
    if file is None:
        return int(lib.PICO_STDIO_KEEP)
    if not isinstance(file, int) and not hasattr(file, "fileno"):
        raise TypeError(f"{name} is a descriptor or a file with one, not {type(file).__name__}")
    fd = file if isinstance(file, int) else file.fileno()
    if fd < 0:
        return _special(name, fd)
    return _number(name, fd)


def _special(name: str, fd: int) -> int:
    import subprocess  # whoever asks for one has it

    if fd == subprocess.DEVNULL:
        return int(lib.PICO_STDIO_NULL)
    if fd == subprocess.STDOUT and name == "stderr":
        return int(lib.PICO_STDIO_STDOUT)
    if fd == subprocess.PIPE:
        raise ValueError(
            f"{name}: nobody would be at the other end of a PIPE while the loop waits for the "
            "program; give a file, or an end of os.pipe() whose other end a thread has"
        )
    return _number(name, fd)


def _passed(fd: int) -> int:
    return _number("pass_fds", fd)


def _number(name: str, value: int, most: int = 2**31 - 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} is an int, not {type(value).__name__}")
    if not 0 <= value <= most:
        raise ValueError(f"{name}: {value} is not from 0 to {most}")
    return value
