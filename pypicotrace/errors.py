"""The exceptions, and the one place where an error code of the C core becomes one.

A code is 0 or -errno. ESRCH means one thing throughout: the tracee died.
"""

import errno
import os


class PicotraceError(Exception):
    """Base of every exception that this package raises by itself."""


class LaunchError(PicotraceError, OSError):
    """The program could not be started. ``errno`` and ``filename`` say why; nothing has run.

    ``what`` names the parameters of `spawn` that could not be had, empty where it was the program
    itself; with ``cwd`` the file is that directory.
    """

    what: str = ""


class AttachError(PicotraceError, OSError):
    """A process could not be attached to; it has not been touched. ``errno`` says why."""

    pid: int = 0


class NotTraced(PicotraceError, ProcessLookupError):
    """The loop does not trace that process: it never has, or it has ended or been let go."""


class TraceeDied(PicotraceError):
    """The tracee was killed between its stop and this request."""


class StaleStop(PicotraceError):
    """The stop is over: its LWP has been resumed. Use it before taking the next event."""


class WrongThread(PicotraceError):
    """The loop was used from a thread that did not open it. ptrace(2) belongs to that thread."""


class LoopClosed(PicotraceError):
    """The loop has not been entered yet, or has been closed."""


class Unsupported(PicotraceError):
    """The operating system cannot do that."""


class KernelError(PicotraceError, OSError):
    """The kernel refused a request in a way that none of the others stands for."""


class CallFailed(PicotraceError, OSError):
    """A system call that was run in a tracee (`Stop.syscall`) has failed; ``errno`` says why."""


class BadRecording(PicotraceError, ValueError):
    """A file is no recording, or not a whole one; the message has the file and the line."""


class MissingExtra(PicotraceError, ImportError):
    """A package is not installed that only some uses of this one need; the message names it."""


def check(result: int, call: str) -> int:
    """Give back a result that is no error.

    :param result: what the C core returned: a count, or -errno.
    :param call: what was tried, for the message.
    :raises TraceeDied: ESRCH.
    :raises MemoryError: ENOMEM.
    :raises Unsupported: EOPNOTSUPP.
    :raises KernelError: any other error.
    """
    if result >= 0:
        return result
    if result == -errno.ESRCH:
        raise TraceeDied(f"{call}: the tracee has died")
    if result == -errno.ENOMEM:
        raise MemoryError(f"{call}: {os.strerror(errno.ENOMEM)}")
    if result == -errno.EOPNOTSUPP:
        system = os.uname()
        raise Unsupported(f"{system.sysname} on {system.machine} cannot {call}")
    raise KernelError(-result, f"{call}: {os.strerror(-result)}")
