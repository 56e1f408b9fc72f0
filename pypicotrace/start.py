"""How a trace begins: `spawn` and `attach` say what to trace, and a `Loop` then does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pypicotrace.attaching import process_id
from pypicotrace.choice import choose
from pypicotrace.errors import AttachError
from pypicotrace.events import Mask
from pypicotrace.launch import Credentials, Environment, Path, plan
from pypicotrace.loop import Loop


def spawn(
    argv: Sequence[Path],
    *,
    events: Mask = Mask.ALL,
    follow: bool = False,
    syscalls: Iterable[str] | None = None,
    errors: bool | Iterable[str | int] | None = None,
    slower_than: float | None = None,
    executable: Path | None = None,
    env: Environment | None = None,
    cwd: Path | None = None,
    stdin: Any = None,
    stdout: Any = None,
    stderr: Any = None,
    close_fds: bool = True,
    restore_signals: bool = True,
    user: str | int | Credentials | None = None,
    whole_results: bool = True,
) -> Loop:
    """A loop that will start a program and trace it from its first instruction.

    :param argv: the program and its arguments; it is looked for in PATH as execvp(3) does.
    :param events: which events are wanted.
    :param follow: trace its children too, and theirs; its own LWPs always are.
    :param syscalls: which system calls are wanted: names, ``/regular expressions/``, classes, each
        with ``!`` before it or not; None: all. The classes are ``%file``, ``%desc``, ``%network``,
        ``%process``, ``%memory``, ``%signal``, ``%ipc``, ``%stat``, ``%creds`` and ``%clock``;
        picotrace(1) says what belongs to each.
    :param errors: True: only calls that have failed; False: only those that have not; or names and
        numbers of the errors that are wanted, ``{"ENOENT", errno.EACCES}``. It is the error in the
        event that counts: a call that a signal has interrupted has one of the kernel's own,
        ``ERESTARTSYS`` and the like, before the kernel restarts it or makes it ``EINTR``.
    :param slower_than: only calls that took longer, in seconds of elapsed time. One whose
        beginning was not seen is left out.
        With either of the two there is no `SyscallEntry`: nobody knows at a call's entry.
    :param executable, cwd, close_fds, restore_signals: as subprocess.Popen takes them.
    :param env: as subprocess.Popen takes it; or a list of raw entries (bytes).
    :param stdin, stdout, stderr: a descriptor, a file with one, or None for the tracer's own.
    :param user: the name or uid of whom the program is to run as, with that user's groups.
    :param whole_results: NetBSD tells a tracer the lower 32 bits of a result only. True: the call's
        LWP takes one more step, and its registers tell all of them, for calls whose results can
        be wider; such a call costs nearly twice as much. False: they stay cut.
    :raises TypeError, ValueError: an argument is not what it must be.
    :raises LaunchError: on entering the loop: the program cannot be executed.
    """
    launch = plan(
        argv,
        executable=executable,
        env=env,
        cwd=cwd,
        stdio=(stdin, stdout, stderr),
        close_fds=close_fds,
        restore_signals=restore_signals,
        user=user,
    )
    choice = choose(
        events=events,
        follow=follow,
        syscalls=syscalls,
        errors=errors,
        slower_than=slower_than,
        whole_results=whole_results,
    )
    return Loop(launch, [], choice)


def attach(
    *pids: int,
    events: Mask = Mask.ALL,
    follow: bool = False,
    syscalls: Iterable[str] | None = None,
    errors: bool | Iterable[str | int] | None = None,
    slower_than: float | None = None,
    children: bool = False,
    on_refused: Callable[[AttachError], None] | None = None,
    whole_results: bool = True,
) -> Loop:
    """A loop that will attach to running processes, all LWPs of each.

    :param pids: their process ids.
    :param children: attach to the children that they have, too, and to theirs.
    :param on_refused: called for a process that cannot be attached to, instead of raising.
    :raises TypeError, ValueError: an argument is not what it must be.
    :raises AttachError: on entering the loop: a process cannot be attached to.

    The other parameters are as for `spawn`.
    """
    if not pids:
        raise ValueError("no process id was given")
    choice = choose(
        events=events,
        follow=follow,
        syscalls=syscalls,
        errors=errors,
        slower_than=slower_than,
        whole_results=whole_results,
    )
    wanted = [process_id(pid) for pid in dict.fromkeys(pids)]
    return Loop(None, wanted, choice, children=children, on_refused=on_refused)
