"""Classes of system calls: ``%file``, ``%network``, ... Which calls belong to one, on any ABI.

What a call takes says it where that can be told from its prototype: a file's name, a descriptor.
The rest are lists of names. A name stands there without what its ABI and its version add to it, so
that ``stat`` is also NetBSD's ``__stat50`` and ``compat_30___stat13``, and i386's ``stat64``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from pypicotrace.syscalls import Param, Syscall, Table

# What names have in front and behind: NetBSD's compat_ with the o of the oldest, its underscores
# and versions; Linux's rt_, its sizes, and the version that some calls have on every system.
_PARTS = re.compile(r"(?:compat_\d+_o?)?_*(?:rt_)?(.*?)(?:_time64|\d+)*")

_PATH = re.compile(
    r"path[12]?|name[12]|(old|new|file|f|dir_)name|from|to|(from|to)_pathname|link|new_root|put_old|"
    r"special(file)?|library"
)
_DESCRIPTOR = re.compile(r"\w*fd\d?|fd\w+|s|fildes|filedes")


class Class(NamedTuple):
    """A class: what its calls have in common, in words; their names; what else makes a call one."""

    meaning: str
    names: frozenset[str]
    takes: Callable[[Param], bool] | None = None

    def has(self, call: Syscall) -> bool:
        """Whether a call belongs to it."""
        if stem(call.name) in self.names:
            return True
        return self.takes is not None and any(map(self.takes, call.params))

    def numbers(self, table: Table) -> frozenset[int]:
        """The numbers of its calls in a table."""
        return frozenset(call.number for call in table.by_number.values() if self.has(call))


def stem(name: str) -> str:
    """A call's name without what its ABI and its version add to it."""
    found = _PARTS.fullmatch(name)
    return found[1] if found is not None else name


def _is_path(param: Param) -> bool:
    return param.type.endswith("char *") and _PATH.fullmatch(param.name) is not None


def _is_descriptor(param: Param) -> bool:
    if param.type == "mqd_t":
        return True
    return "*" not in param.type and _DESCRIPTOR.fullmatch(param.name) is not None


def _class(meaning: str, names: str, takes: Callable[[Param], bool] | None = None) -> Class:
    return Class(meaning, frozenset(names.split()), takes)


CLASSES: dict[str, Class] = {
    "file": _class(
        "take a file's name, or give one",
        "fsconfig getcwd lookup_dcookie name_to_handle_at swapon swapoff",
        _is_path,
    ),
    "desc": _class(
        "take a file descriptor, sockets included, or give one",
        "bpf creat dup epoll_create eventfd fanotify_init fhopen fsopen inotify_init "
        "io_uring_setup kqueue landlock_create_ruleset memfd_create memfd_secret mq_open "
        "newselect open perf_event_open pidfd_open pipe poll pollts ppoll pselect select socket "
        "socketpair timerfd_create userfaultfd",
        _is_descriptor,
    ),
    "network": _class(
        "are about sockets",
        "accept bind connect getpeername getpmsg getsockname getsockopt listen paccept putpmsg "
        "recv recvfrom recvmmsg recvmsg send sendfile sendmmsg sendmsg sendto setsockopt shutdown "
        "socket socketcall socketpair",
    ),
    "process": _class(
        "begin, replace, await and end processes and LWPs",
        "clone execve execveat exit exit_group fexecve fork kill killpg lwp_create lwp_exit "
        "lwp_kill lwp_wait pidfd_send_signal posix_spawn sigqueueinfo tgkill tgsigqueueinfo tkill "
        "unshare vfork wait waitid waitpid",
    ),
    "memory": _class(
        "are about the mapping of memory",
        "break brk get_mempolicy madvise map_shadow_stack mbind migrate_pages mincore minherit "
        "mlock mlockall mmap move_pages mprotect mremap mseal msync munlock munlockall munmap "
        "pkey_alloc pkey_free pkey_mprotect process_madvise remap_file_pages set_mempolicy "
        "set_mempolicy_home_node shmat shmdt vadvise",
    ),
    "signal": _class(
        "send, await and handle signals",
        "kill killpg lwp_kill pause pidfd_send_signal sgetmask sigaction sigaction_sigtramp "
        "sigaltstack sigblock signal signalfd sigpending sigprocmask sigqueueinfo sigreturn "
        "sigsetmask sigstack sigsuspend sigtimedwait sigvec ssetmask tgkill tgsigqueueinfo tkill",
    ),
    "ipc": _class(
        "are System V's and POSIX's message queues, semaphores and shared memory",
        "ipc ksem_close ksem_destroy ksem_getvalue ksem_init ksem_open ksem_post ksem_timedwait "
        "ksem_trywait ksem_unlink ksem_wait mq_close mq_getattr mq_getsetattr mq_notify mq_open "
        "mq_receive mq_send mq_setattr mq_timedreceive mq_timedsend mq_unlink msgctl msgget "
        "msgrcv msgsnd msgsys semconfig semctl semget semop semsys semtimedop shmat shmctl shmdt "
        "shmget shmsys",
    ),
    "stat": _class(
        "tell of a file, as stat(2) does",
        "fhstat fstat fstatat lstat newfstatat oldfstat oldlstat oldstat stat statx",
    ),
    "creds": _class(
        "read or change user and group ids, or capabilities",
        "capget capset getegid geteuid getgid getgroups getresgid getresuid getuid issetugid prctl "
        "setegid seteuid setfsgid setfsuid setgid setgroups setregid setresgid setresuid setreuid "
        "setuid",
    ),
    "clock": _class(
        "read or set the system's clocks",
        "adjtime adjtimex clock_adjtime clock_getres clock_gettime clock_settime ftime "
        "gettimeofday ntp_adjtime ntp_gettime settimeofday stime time",
    ),
}
"""By name, without the ``%``."""


def class_named(name: str) -> Class:
    """The class of that name.

    :raises ValueError: there is none; the message names those that there are.
    """
    if name not in CLASSES:
        there_are = ", ".join(f"%{known}" for known in CLASSES)
        raise ValueError(f"'%{name}' is not a class of system calls; there are {there_are}")
    return CLASSES[name]
