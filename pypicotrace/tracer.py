"""A tracer as a class: a method for each kind of event; only those that it has are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ClassVar, overload

from pypicotrace import events as ev
from pypicotrace.errors import TraceeDied
from pypicotrace.events import Event, Exited, Signaled
from pypicotrace.kinds import Kind, Mask
from pypicotrace.launch import Path
from pypicotrace.loop import Loop
from pypicotrace.start import AttachOptions, SpawnOptions, attach, spawn

if TYPE_CHECKING:
    from typing_extensions import Unpack  # in typing from Python 3.11 on

METHODS: dict[type[Event], tuple[str, Mask]] = {
    ev.SyscallEntry: ("syscall_entry", Mask.SCE),
    ev.SyscallExit: ("syscall_exit", Mask.SCX),
    ev.Exec: ("exec", Mask.EXEC),
    ev.Forked: ("forked", Mask.FORK),
    ev.Vforked: ("vforked", Mask.VFORK),
    ev.VforkDone: ("vfork_done", Mask.VFORK_DONE),
    ev.Spawned: ("spawned", Mask.POSIX_SPAWN),
    ev.LwpCreated: ("lwp_created", Mask.LWP_CREATE),
    ev.LwpExited: ("lwp_exited", Mask.LWP_EXIT),
    ev.Stopped: ("stopped", Mask(1 << Kind.STOPPED)),
    ev.Crashed: ("crashed", Mask(1 << Kind.CRASHED)),
    ev.Continued: ("continued", Mask(1 << Kind.CONTINUED)),
    ev.Signaled: ("signaled", Mask(1 << Kind.SIGNALED)),
    ev.Exited: ("exited", Mask(1 << Kind.EXITED)),
    ev.SingleStep: ("single_step", Mask(1 << Kind.SINGLESTEP)),
    ev.Breakpoint: ("breakpoint", Mask(1 << Kind.BREAKPOINT)),
    ev.DebugRegister: ("debug_register", Mask(1 << Kind.DBREG)),
    ev.Attached: ("attached", Mask(1 << Kind.ATTACHED)),
    ev.Detached: ("detached", Mask(1 << Kind.DETACHED)),
}


class Tracer:
    """The smallest tracer does nothing; override the methods of the events that you care about.

    Each method gets its event, whose LWP stands still until the method returns, and may use
    ``event.stop``. Only events that have a method are asked of the kernel, so that a tracer pays
    for what it uses. What a method raises ends the trace as what a loop's body raises does; but
    `TraceeDied` ends that method alone: the LWP was killed while it was looked at, and its end
    comes next.

    ``events`` adds to what the methods ask for, or is all that is asked for where `event` is
    overridden; ``syscalls`` are as `spawn` takes them.
    """

    events: ClassVar[Mask] = Mask(0)
    syscalls: ClassVar[Iterable[str] | None] = None

    loop: Loop
    """The loop, while the tracer runs."""

    def started(self) -> None:
        """The program was started, or all processes were attached to."""

    def event(self, event: Event) -> None:
        """Any event; gives it to its own method."""
        getattr(self, METHODS[type(event)][0])(event)

    def ended(self, status: Exited | Signaled | None) -> None:
        """The trace is over; how the program that was started has ended."""

    def syscall_entry(self, event: ev.SyscallEntry) -> None:
        """A system call begins."""

    def syscall_exit(self, event: ev.SyscallExit) -> None:
        """A system call has ended."""

    def exec(self, event: ev.Exec) -> None:
        """A new image."""

    def forked(self, event: ev.Forked) -> None:
        """A child was made."""

    def vforked(self, event: ev.Vforked) -> None:
        """A child was made by vfork(2), or alike."""

    def vfork_done(self, event: ev.VforkDone) -> None:
        """A parent goes on after vfork(2)."""

    def spawned(self, event: ev.Spawned) -> None:
        """A child was made by posix_spawn(2) (NetBSD)."""

    def lwp_created(self, event: ev.LwpCreated) -> None:
        """A new LWP, before its first instruction."""

    def lwp_exited(self, event: ev.LwpExited) -> None:
        """An LWP ends, and its process does not."""

    def stopped(self, event: ev.Stopped) -> None:
        """A signal arrives."""

    def crashed(self, event: ev.Crashed) -> None:
        """A fatal fault by the LWP's own doing."""

    def continued(self, event: ev.Continued) -> None:
        """A process goes on after it was stopped."""

    def signaled(self, event: ev.Signaled) -> None:
        """A process was killed by a signal."""

    def exited(self, event: ev.Exited) -> None:
        """A process has exited."""

    def single_step(self, event: ev.SingleStep) -> None:
        """One instruction was executed, as asked for by `Stop.step`."""

    def breakpoint(self, event: ev.Breakpoint) -> None:
        """A breakpoint of `Stop.breakpoint` was reached."""

    def debug_register(self, event: ev.DebugRegister) -> None:
        """A debug register has trapped."""

    def attached(self, event: ev.Attached) -> None:
        """An LWP was attached to."""

    def detached(self, event: ev.Detached) -> None:
        """A process was let go."""

    def mask(self) -> Mask:
        """What is asked of the kernel: ``events``, and what has a method."""
        asked = Mask(self.events)
        if type(self).event is not Tracer.event:
            return asked or Mask.ALL
        for name, mask in METHODS.values():
            if getattr(type(self), name) is not getattr(Tracer, name):
                asked |= mask
        return asked


@overload
def run(
    tracer: Tracer, argv: Sequence[Path], **options: Unpack[SpawnOptions]
) -> Exited | Signaled | None: ...


@overload
def run(tracer: Tracer, *, pids: Sequence[int], **options: Unpack[AttachOptions]) -> None: ...


def run(
    tracer: Tracer, argv: Sequence[Path] = (), *, pids: Sequence[int] = (), **options: Any
) -> Exited | Signaled | None:
    """Run a tracer on a program, or on processes that run already, to the end.

    :param argv: the program and its arguments.
    :param pids: or the processes to attach to.
    :param options: as `spawn`, or `attach`, takes them; ``events`` and ``syscalls`` come from the
        tracer.
    :returns: how the program has ended; None after attaching.
    :raises TypeError: that is no tracer.
    :raises ValueError: neither or both of ``argv`` and ``pids`` were given.
    """
    if not isinstance(tracer, Tracer):
        raise TypeError(f"run a tracer, such as MyTracer(), not {tracer!r}")
    if bool(argv) == bool(pids):
        raise ValueError("run a tracer on a program (argv), or on processes (pids)")
    kept = {"events": tracer.mask(), "syscalls": tracer.syscalls, **options}
    loop = spawn(argv, **kept) if argv else attach(*pids, **kept)
    tracer.loop = loop
    with loop:
        tracer.started()
        for event in loop:
            with suppress(TraceeDied):
                tracer.event(event)
    tracer.ended(loop.status)
    return loop.status
