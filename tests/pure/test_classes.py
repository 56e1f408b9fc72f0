"""Classes of system calls: which calls are in one, in every table."""

from __future__ import annotations

import pytest

from pypicotrace import syscalls
from pypicotrace.syscalls.classes import CLASSES, stem
from pypicotrace.syscalls.select import select

STEMS = [
    ("stat", "stat"),
    ("stat64", "stat"),
    ("__stat50", "stat"),
    ("compat_30___stat13", "stat"),
    ("compat_43_stat43", "stat"),
    ("oldstat", "oldstat"),
    ("rt_sigaction", "sigaction"),
    ("__sigaction_sigtramp", "sigaction_sigtramp"),
    ("compat_16___sigaction14", "sigaction"),
    ("____sigtimedwait50", "sigtimedwait"),
    ("rt_sigtimedwait_time64", "sigtimedwait"),
    ("compat_43_ommap", "mmap"),
    ("compat_43_ocreat", "creat"),
    ("open", "open"),
    ("openat2", "openat"),
    ("_newselect", "newselect"),
    ("pselect6_time64", "pselect"),
    ("__wait450", "wait"),
    ("__dup3100", "dup"),
    ("timer_settime64", "timer_settime"),
    ("time", "time"),
    ("_ksem_open", "ksem_open"),
    ("___lwp_park60", "lwp_park"),
]

# What is in the classes of a table, and what is not though one might think so.
IN = {
    "linux-x86_64": {
        "file": (
            "open openat openat2 creat stat newfstatat statx execve execveat rename renameat2 "
            "link symlinkat mount umount2 chroot pivot_root getcwd statfs truncate utime swapon "
            "quotactl inotify_add_watch fanotify_mark name_to_handle_at move_mount getxattrat",
            "read close fstat ftruncate fchdir mq_open memfd_create delete_module fgetxattr "
            "prctl write sethostname fsopen add_key",
        ),
        "desc": (
            "read write close open openat creat dup dup2 dup3 pipe pipe2 mmap select pselect6 poll "
            "ppoll epoll_create1 epoll_ctl epoll_wait eventfd2 signalfd4 timerfd_settime splice "
            "socket sendto accept4 memfd_create pidfd_open perf_event_open sendfile mq_timedsend "
            "copy_file_range close_range io_uring_enter finit_module vmsplice",
            "munmap stat unlink fork kill getpid mprotect io_submit mq_unlink",
        ),
        "network": ("socket sendto recvmmsg accept4 shutdown sendfile", "read write close poll"),
        "process": (
            "fork vfork clone clone3 execve execveat exit exit_group wait4 waitid kill "
            "tgkill unshare",
            "getpid setpgid prctl ptrace rt_sigaction sched_yield",
        ),
        "memory": (
            "mmap munmap mprotect mremap brk madvise mlock2 msync shmat pkey_mprotect mbind mseal",
            "read shmget memfd_create process_vm_readv",
        ),
        "signal": (
            "kill tkill tgkill rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack signalfd4 "
            "pause pidfd_send_signal rt_tgsigqueueinfo",
            "alarm setitimer exit_group ppoll",
        ),
        "ipc": ("semop shmget msgsnd shmat mq_open mq_notify semtimedop", "pipe futex socket mmap"),
        "stat": ("stat fstat lstat newfstatat statx", "statfs fstatfs access ustat"),
        "creds": ("getuid setresgid getgroups setfsuid capset prctl", "getpid setsid chown"),
        "clock": ("time gettimeofday clock_gettime adjtimex", "times nanosleep clock_nanosleep"),
    },
    "linux-i386": {
        "file": ("stat64 oldstat umount lchown32 truncate64", "fstat64 oldfstat ftruncate64"),
        "desc": ("_newselect fcntl64 _llseek mmap2 readdir fstat64 sendfile64", "socketcall ipc"),
        "network": ("socketcall socket recvmmsg_time64", "ipc"),
        "process": ("waitpid clone", "nice"),
        "memory": ("mmap2 brk", "modify_ldt"),
        "signal": ("signal sigaction rt_sigaction sgetmask ssetmask sigreturn", "alarm"),
        "ipc": ("ipc semtimedop_time64 mq_timedsend_time64", "socketcall"),
        "stat": ("stat64 oldlstat fstatat64", "statfs64"),
        "creds": ("getuid32 setresuid32 getgroups32", "getppid"),
        "clock": ("stime clock_gettime64 clock_getres_time64 ftime", "clock_nanosleep_time64"),
    },
    "linux-aarch64": {
        "file": ("openat statx newfstatat execve", "fstat"),
        "desc": ("openat ppoll pselect6 pread64", "execve"),
        "stat": ("fstat newfstatat", "statfs"),
    },
    "linux-x32": {
        "file": ("open openat", "read"),
        "signal": ("rt_sigaction", "write"),
    },
    "netbsd-amd64": {
        "file": (
            "open openat __stat50 compat_30___stat13 __lstat50 rename linkat symlinkat __mount50 "
            "compat_12_oswapon execve posix_spawn extattr_set_file __getfh30 __acl_get_link "
            "ktrace revoke __getcwd extattrctl undelete lpathconf",
            "__fstat50 fktrace fexecve dup2 mq_open _ksem_open recvfrom connect __fhopen40",
        ),
        "desc": (
            "read openat __fstat50 dup2 __dup3100 pipe kqueue1 __kevent100 accept paccept "
            "__select50 __pollts50 fexecve mmap mq_send __socket30 __fhopen40 fktrace",
            "munmap __stat50 _ksem_post aio_read __futex sync",
        ),
        "network": ("__socket30 compat_43_osend paccept getsockopt2", "read nfssvc"),
        "process": (
            "fork __vfork14 __clone posix_spawn fexecve exit __wait450 wait6 compat_43_owait "
            "_lwp_create _lwp_exit kill compat_43_okillpg",
            "_lwp_self getpid ___lwp_park60",
        ),
        "memory": ("mmap compat_43_ommap break minherit __msync13 vadvise", "memfd_create"),
        "signal": (
            "__sigaction_sigtramp __sigprocmask14 kill _lwp_kill ____sigtimedwait50 "
            "compat_43_osigvec __sigaltstack14",
            "__kevent100 __setitimer50",
        ),
        "ipc": ("____semctl50 _ksem_wait mq_open __shmctl50 semconfig", "pipe2 __futex"),
        "stat": ("__stat50 fstatat __fhstat50 compat_12_fstat12", "__statvfs190"),
        "creds": ("issetugid seteuid getgroups", "__getlogin"),
        "clock": ("__clock_gettime50 ntp_adjtime __adjtime50", "__nanosleep50 clock_nanosleep"),
    },
    "netbsd-i386": {
        "file": ("open __stat50", "read"),
        "ipc": ("compat_10_osemsys compat_10_omsgsys compat_10_oshmsys", "pipe2"),
    },
}
CASES = [(abi, name) for abi, classes in IN.items() for name in classes]


def members(name: str, abi: str) -> set[str]:
    table = syscalls.load(abi)
    [chosen] = select([f"%{name}"], [table])
    assert not chosen.others
    return {table.by_number[number].name for number in chosen.numbers}


@pytest.mark.parametrize(("name", "expected"), STEMS)
def test_a_name_without_what_its_version_adds(name: str, expected: str) -> None:
    assert stem(name) == expected


@pytest.mark.parametrize(("abi", "name"), CASES)
def test_members(abi: str, name: str) -> None:
    inside, outside = (set(names.split()) for names in IN[abi][name])
    found = members(name, abi)
    assert inside <= found
    assert not outside & found
    assert outside <= syscalls.load(abi).by_name.keys()


@pytest.mark.parametrize("abi", syscalls.ABIS)
@pytest.mark.parametrize("name", CLASSES)
def test_every_table_has_some_of_each(abi: str, name: str) -> None:
    assert members(name, abi)


@pytest.mark.parametrize("name", CLASSES)
def test_every_name_is_that_of_a_call(name: str) -> None:
    known = {stem(call) for abi in syscalls.ABIS for call in syscalls.load(abi).by_name}
    assert CLASSES[name].names <= known


def test_classes_are_words_as_others_are() -> None:
    table = syscalls.load("linux-x86_64")

    def chosen(*words: str) -> set[str]:
        [selection] = select(words, [table])
        return {table.by_number[number].name for number in selection.numbers}

    assert chosen("%stat", "read") == {"stat", "fstat", "lstat", "newfstatat", "statx", "read"}
    assert chosen("%stat", "!/at/") == set()
    assert chosen("%stat", "!newfstatat") == {"stat", "fstat", "lstat", "statx"}
    assert chosen("!%desc", "read") == chosen("all", "!%desc") | {"read"}
    assert chosen("%file", "!%file") == set()


def test_each_table_has_its_own_numbers() -> None:
    tables = [syscalls.load("linux-x86_64"), syscalls.load("linux-i386")]
    native, other = select(["%clock"], tables)
    assert 201 in native.numbers  # time
    assert 13 in other.numbers


@pytest.mark.parametrize("word", ["%fiel", "!%fiel", "%", "%File", "%%stat"])
def test_a_class_that_there_is_not(word: str) -> None:
    with pytest.raises(ValueError, match="is not a class of system calls; there are %file, %desc"):
        select(["read", word], [syscalls.load("linux-x86_64")])


def test_a_class_without_its_sign() -> None:
    """`ipc` and `signal` are calls of i386's, so that the sign has to be there."""
    tables = [syscalls.load("linux-x86_64"), syscalls.load("linux-i386")]
    with pytest.raises(ValueError, match=r"'file' is not a system call of .*; did you mean %file"):
        select(["file"], tables)
    native, other = select(["ipc"], tables)
    assert (len(native.numbers), len(other.numbers)) == (0, 1)
