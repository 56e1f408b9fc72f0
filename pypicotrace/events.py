"""The events. Imports nothing of ours at run time.

The names are picotrace's operations; what each carries is NetBSD's siginfo (``si_sysnum``,
``si_args``, ``si_retval``, ``si_error``, ``psi_lwpid``), on every system.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, cast

if TYPE_CHECKING:
    from pypicotrace.stop import Stop


class _Unset:
    """A field that was not given."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNSET"

    def __bool__(self) -> bool:
        return False

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Any = _Unset()


class Recorded:
    """Gets its fields when the first of them is looked at: most tracers look at few events."""

    __slots__ = ("_record",)

    _record: Any
    fields_of: ClassVar[Callable[[Any], Mapping[str, Any]]]
    """Makes the values of all fields of a record; the module that makes records gives it."""

    if not TYPE_CHECKING:  # else every attribute would pass for one

        def __getattr__(self, name: str) -> Any:
            # Only what is not there comes here: a field that was not filled yet, or none at all.
            if name == "_record" or name not in getattr(self, "__dataclass_fields__", ()):
                raise AttributeError(f"{type(self).__name__} has no attribute {name!r}")
            fields = self.fields_of(self._record)
            for key, value in fields.items():
                object.__setattr__(self, key, value)
            return fields[name]


@dataclass(frozen=True, slots=True)
class Event(Recorded):
    """What all events have.

    ``pid`` and ``lwp`` are the process and the LWP (0: the process as a whole), ``program`` the
    process's name as the kernel has it, ``seq`` the event's place among its loop's events, from 1,
    ``ts_ns`` when the tracer took it (nanoseconds of CLOCK_MONOTONIC). ``stop`` is the handle to
    the stopped LWP, valid until the next event is taken; None where nothing stands still. It is no
    part of equality and is not pickled.
    """

    pid: int = UNSET
    lwp: int = UNSET
    program: bytes = UNSET
    seq: int = field(default=UNSET, compare=False)
    ts_ns: int = field(default=UNSET, compare=False, repr=False)
    # Where there is none, a type checker had better not insist that each use ask for it.
    stop: Stop = field(default=cast("Stop", None), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class SyscallEntry(Event):
    """A system call begins (SCE).

    ``sysnum`` is its number and ``name`` its name in the ABI ``abi`` (``linux-x86_64``, ...); a
    number without a name is called ``syscall_N``. ``args`` has as many arguments as the call has,
    as unsigned integers; ``params`` their names.
    """

    sysnum: int = UNSET
    name: str = UNSET
    args: tuple[int, ...] = UNSET
    params: tuple[str, ...] = field(default=(), compare=False, repr=False)
    abi: str = field(default=UNSET, compare=False, repr=False)

    def arg(self, name: str) -> int:
        """The argument of that name.

        :raises KeyError: the call has none of that name.
        """
        try:
            return self.args[self.params.index(name)]
        except (ValueError, IndexError):
            raise KeyError(f"{self.name} has no argument {name!r}") from None


@dataclass(frozen=True, slots=True)
class SyscallExit(SyscallEntry):
    """A system call ends (SCX), with its arguments again.

    ``retval`` is its result, an unsigned integer, None where it failed, and ``retval2`` the second
    where a call has two (NetBSD's pipe and fork); ``error`` its errno, 0 where it did not fail.
    ``enter_seq`` is the ``seq`` of its SyscallEntry, 0 where there was none; ``elapsed_ns`` the
    nanoseconds since then. ``cut``: only the lower 32 bits of the result are known (NetBSD, where
    it cannot take a step for the rest).
    """

    retval: int | None = UNSET
    retval2: int | None = field(default=None, compare=False, repr=False)
    error: int = UNSET
    enter_seq: int = field(default=UNSET, compare=False, repr=False)
    elapsed_ns: int = field(default=UNSET, compare=False, repr=False)
    cut: bool = field(default=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Exec(Event):
    """A new image. ``old_lwp``: the LWP that called execve; 0 where its id did not change."""

    old_lwp: int = UNSET


@dataclass(frozen=True, slots=True)
class Forked(Event):
    """A child was made by fork(2), or by clone(2) in that way."""

    child: int = UNSET


@dataclass(frozen=True, slots=True)
class Vforked(Event):
    """A child was made by vfork(2); the parent waits until it has exec'd or exited."""

    child: int = UNSET


@dataclass(frozen=True, slots=True)
class Spawned(Event):
    """A child was made by posix_spawn(3) as one call of the kernel's (NetBSD)."""

    child: int = UNSET


@dataclass(frozen=True, slots=True)
class VforkDone(Event):
    """The parent of ``child`` goes on after vfork(2)."""

    child: int = UNSET


@dataclass(frozen=True, slots=True)
class LwpCreated(Event):
    """``lwp`` is new and stands before its first instruction."""


@dataclass(frozen=True, slots=True)
class LwpExited(Event):
    """``lwp`` is gone."""


@dataclass(frozen=True, slots=True)
class Stopped(Event):
    """A signal arrives, and is passed on.

    ``signo`` is its number, ``code`` is si_code, ``sender`` and ``uid`` who sent it (0 where the
    kernel did), ``value`` what was sent along, ``addr`` the address of a fault, ``status`` that of
    the child for SIGCHLD. ``code``, ``sender`` and ``uid`` are None where the kernel does not tell
    (NetBSD, where it still tells of an earlier signal: docs/GUARANTEES.md).
    """

    signo: int = UNSET
    code: int | None = UNSET
    sender: int | None = UNSET
    uid: int | None = UNSET
    addr: int = UNSET
    value: int = UNSET
    status: int = UNSET


@dataclass(frozen=True, slots=True)
class Crashed(Stopped):
    """A fault by the LWP's own doing, at ``addr``: fatal unless it is handled."""


@dataclass(frozen=True, slots=True)
class Continued(Event):
    """The process goes on after a group stop. (SIGCONT's own arrival is a Stopped.)"""


@dataclass(frozen=True, slots=True)
class Signaled(Event):
    """The process was killed by ``signo``; ``core`` says whether a core was dumped."""

    signo: int = UNSET
    core: bool = UNSET


@dataclass(frozen=True, slots=True)
class Exited(Event):
    """The process exited with ``status``, 0 to 255."""

    status: int = UNSET


@dataclass(frozen=True, slots=True)
class SingleStep(Event):
    """One instruction was executed; the next is at ``pc``."""

    pc: int = UNSET


@dataclass(frozen=True, slots=True)
class Breakpoint(Event):
    """A breakpoint at ``pc`` was reached."""

    pc: int = UNSET


@dataclass(frozen=True, slots=True)
class DebugRegister(Event):
    """A debug register has matched at ``pc``."""

    pc: int = UNSET


@dataclass(frozen=True, slots=True)
class Attached(Event):
    """The tracer has attached to ``lwp``."""


@dataclass(frozen=True, slots=True)
class Detached(Event):
    """The tracer has let go of the process."""
