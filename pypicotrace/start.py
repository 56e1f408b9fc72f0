"""How a trace begins: `spawn` and `attach` say what to trace, and a `Loop` then does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from pypicotrace.attaching import process_id
from pypicotrace.choice import ChoiceOptions, Follow, Keep, Pin, choose
from pypicotrace.errors import AttachError
from pypicotrace.kinds import Mask
from pypicotrace.launch import LaunchOptions, Path, plan
from pypicotrace.loop import Loop

if TYPE_CHECKING:
    from typing_extensions import Unpack  # in typing from Python 3.11 on


class SpawnOptions(ChoiceOptions, LaunchOptions, total=False):
    """What `spawn` takes beside the program and its arguments."""

    kernel_filter: bool | None


class AttachOptions(ChoiceOptions, total=False):
    """What `attach` takes beside the processes."""

    children: bool
    on_refused: Callable[[AttachError], None] | None


def spawn(
    argv: Sequence[Path],
    *,
    events: Mask = Mask.ALL,
    follow: Follow | bool = Follow.LWPS,
    syscalls: Iterable[str] | None = None,
    errors: bool | Iterable[str | int] | None = None,
    slower_than: float | None = None,
    keep: Keep | None = None,
    whole_results: bool = True,
    kernel_filter: bool | None = False,
    pin: Pin = "off",
    **launch: Unpack[LaunchOptions],
) -> Loop:
    """A loop that will start a program and trace it from its first instruction.

    :param argv: the program and its arguments; it is looked for in PATH as execvp(3) does.
    :param events: which events are wanted.
    :param follow: who is traced besides: True, its children too, and theirs; False, the LWPs that
        it makes; or a `Follow`.
    :param syscalls: which system calls are wanted: names, ``/regular expressions/``, classes, each
        with ``!`` before it (not these) or not. They are taken one after the other, of a set those
        with ``!`` last; where the first takes away, it does so from all. None: all. The classes
        are ``%file``, ``%desc``, ``%network``, ``%process``, ``%memory``, ``%signal``, ``%ipc``,
        ``%stat``, ``%creds`` and ``%clock``; picotrace(1) says what belongs to each.
    :param errors: True: only calls that have failed; False: only those that have not; or names and
        numbers of the errors that are wanted, ``{"ENOENT", errno.EACCES}``. It is the error in the
        event that counts: a call that a signal has interrupted has one of the kernel's own,
        ``ERESTARTSYS`` and the like, before the kernel restarts it or makes it ``EINTR``.
    :param slower_than: only calls that took longer, in seconds of elapsed time. One whose
        beginning was not seen is left out.
        With either of the two there is no `SyscallEntry`: nobody knows at a call's entry.
    :param keep: called with the path (bytes) and the arguments (a list of bytes) of each new image,
        the first one too, before its Exec is reported; where it gives something false, the process
        is let go after that, as by `Loop.detach`. The path is the file's that the kernel has loaded
        (of a script, its interpreter's), empty where that cannot be told. It is called by the
        thread that the loop belongs to, while the process stands still; what it raises comes out of
        the iteration, which asks the same again if it is gone on with.
    :param whole_results: NetBSD tells a tracer the lower 32 bits of a result only. True: the call's
        LWP takes one more step, and its registers tell all of them, for calls whose results can
        be wider; such a call costs nearly twice as much. False: they stay cut.
    :param kernel_filter: have the kernel choose the calls, by a filter (Linux's seccomp(2)) that
        the program takes along: calls that are not in ``syscalls`` cost nothing then, and where
        entries alone are wanted (`SCE` without `SCX`) a call stops once. The filter is for
        ever and passes to every child, so it goes with ``follow=True``, and `Loop.detach` raises
        `Unsupported`. Without ``CAP_SYS_ADMIN`` the program runs with no_new_privs. None: where
        that takes nothing from set-user-ID programs that tracing leaves them.
        `Loop`'s ``filtering`` says what came of it.
    :param pin: "auto": while one LWP has nearly all the stops (of calls, or steps), and many, it
        shares a processor with the tracer, for a stop costs several times as much between two. What
        was there is put back before the program can ask where it may run. This thread is pinned
        meanwhile, and so would be what the loop's body starts. A number: the tracer and what it
        starts stay on that processor until the loop is left. NetBSD does nothing for "auto".

    What else subprocess.Popen takes means what it means there, but for what is said here:

    :param executable, cwd, close_fds, restore_signals, start_new_session, process_group: no less.
    :param env: also a list of raw entries (bytes).
    :param stdin, stdout, stderr: a descriptor, a file with one, subprocess.DEVNULL, for stderr
        subprocess.STDOUT, or None for the tracer's own. There is no subprocess.PIPE: nobody would
        be at its other end while the loop waits for the program. Give a file, or an end of
        os.pipe() whose other end a thread has.
    :param pass_fds: descriptors that stay open; with ``close_fds=True`` only.
    :param user: a name or a uid. Unlike Popen's, the program then also gets that user's groups, of
        which ``group`` and ``extra_groups`` take the place.
    :param group: a name or a gid.
    :param extra_groups: names and gids; an empty list leaves none.
    :param umask: 0 to 0o777; -1 leaves it as it is.

    :raises TypeError, ValueError: an argument is not what it must be.
    :raises LaunchError: on entering the loop: the program cannot be executed, or not in this way.
    :raises Unsupported: on entering the loop: this system cannot filter in the kernel, or pin, or
        there is no such processor.
    """
    choice = choose(
        events=events,
        follow=follow,
        syscalls=syscalls,
        errors=errors,
        slower_than=slower_than,
        keep=keep,
        whole_results=whole_results,
        kernel_filter=kernel_filter,
        pin=pin,
    )
    return Loop(plan(argv, **launch), [], choice)


def attach(
    *pids: int,
    events: Mask = Mask.ALL,
    follow: Follow | bool = Follow.LWPS,
    syscalls: Iterable[str] | None = None,
    errors: bool | Iterable[str | int] | None = None,
    slower_than: float | None = None,
    children: bool = False,
    on_refused: Callable[[AttachError], None] | None = None,
    keep: Keep | None = None,
    whole_results: bool = True,
    pin: Pin = "off",
) -> Loop:
    """A loop that will attach to running processes, all LWPs of each.

    :param pids: their process ids.
    :param children: attach to the children that they have, too, and to theirs.
    :param pin: "auto" or "off"; a process that runs is not moved to a processor for good.
    :param on_refused: called for a process that cannot be attached to, instead of raising.
    :param events, follow, syscalls, errors, slower_than, keep, whole_results: as for `spawn`.
    :raises TypeError, ValueError: an argument is not what it must be.
    :raises AttachError: on entering the loop: a process, or an LWP of it, cannot be attached to.
    """
    if not pids:
        raise ValueError("no process id was given")
    if pin not in ("auto", "off"):
        raise ValueError("pin: a processor is for a program that is started; give 'auto' or 'off'")
    choice = choose(
        events=events,
        follow=follow,
        syscalls=syscalls,
        errors=errors,
        slower_than=slower_than,
        keep=keep,
        whole_results=whole_results,
        pin=pin,
    )
    wanted = list(dict.fromkeys(process_id(pid) for pid in pids))
    return Loop(None, wanted, choice, children=children, on_refused=on_refused)
