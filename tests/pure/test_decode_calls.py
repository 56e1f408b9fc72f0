"""What calls look like: each decoder of picotrace-truss by a call that uses it."""

from __future__ import annotations

import errno
import struct
from typing import Any

import pytest
from shown_calls import shown

import pypicotrace as pt
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.buffers import ENTRIES_MAX, entries
from pypicotrace.tools.decode.call import Call, Shown
from pypicotrace.tools.decode.table import COMMON, LINUX, NETBSD, canonical, lines
from pypicotrace.tools.decode.words import WORDS
from pypicotrace.tools.truss.shape import Shape

pytestmark = pytest.mark.usefixtures("as_on_linux")

X64, I386, ARM = "linux-x86_64", "linux-i386", "linux-aarch64"
BSD, BSD32 = "netbsd-amd64", "netbsd-i386"


CALLS: set[tuple[str, str]] = set()
"""What the rows below show, by ABI and name."""


def rows(*cases: tuple[str, str, tuple[Any, ...], dict[str, Any], str]) -> Any:
    CALLS.update((abi, name) for abi, name, *_ in cases)
    return pytest.mark.parametrize(
        ("abi", "name", "args", "more", "line"), cases, ids=lambda value: None
    )


@rows(
    (X64, "getpid", (), {"ret": 42}, "getpid() = 42"),
    (X64, "close", (3,), {}, "close(3) = 0"),
    (X64, "close", (0xFFFFFFFF,), {"error": 9}, "close(-1) = -1 EBADF (Bad file descriptor)"),
    (X64, "read", (0, 0, 0), {"error": 512}, "read(0, NULL, 0) = ? ERESTARTSYS"),
    (X64, "lseek", (3, 2**64 - 5, 2), {"ret": 95}, "lseek(3, -5, SEEK_END) = 95"),
    (X64, "kill", (5, 15), {}, "kill(5, SIGTERM) = 0"),
    (X64, "kill", (2**32 - 1, 0), {}, "kill(-1, 0) = 0"),
    (X64, "chown", ("p", 0, 2**32 - 1), {"p": b"f\0"}, 'chown("f", 0, -1) = 0'),
    (X64, "umask", (0o22,), {"ret": 0o77}, "umask(022) = 077"),
    (X64, "brk", (0,), {"ret": 0x5000}, "brk(NULL) = 0x5000"),
    (X64, "chmod", ("p", 0o4755), {"p": b"f\0"}, 'chmod("f", 04755) = 0'),
    (
        X64,
        "mknod",
        ("p", 0o20644, 0x105),
        {"p": b"f\0"},
        'mknod("f", S_IFCHR|0644, makedev(0x1, 0x5)) = 0',
    ),
    (
        X64,
        "mknod",
        ("p", 0o10600, 0),
        {"p": b"f\0"},
        'mknod("f", S_IFIFO|0600, makedev(0x0, 0x0)) = 0',
    ),
    (BSD, "getpid", (), {"ret": 42}, "getpid() = 42"),
    (BSD, "lseek", (3, 0, 7, 0), {"ret": 7}, "lseek(3, 7, SEEK_SET) = 7"),
    (
        BSD,
        "__mknod50",
        ("p", 0o20644, 0x305),
        {"p": b"f\0"},
        '__mknod50("f", S_IFCHR|0644, makedev(0x3, 0x5)) = 0',
    ),
    (BSD, "read", (0, 0, 0), {"error": -3}, "read(0, NULL, 0) = ? ERESTART"),
)
def test_numbers(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        X64,
        "openat",
        (2**64 - 100, "p", 0o1102 | 0o2000000, 0o644),
        {"p": b"/tmp/a\0", "ret": 3},
        'openat(AT_FDCWD, "/tmp/a", O_RDWR|O_CREAT|O_TRUNC|O_CLOEXEC, 0644) = 3',
    ),
    (X64, "open", ("p", 0, 0o7), {"p": b"f\0", "ret": 3}, 'open("f", O_RDONLY) = 3'),
    (
        X64,
        "openat",
        (4, "p", 0o20200000 | 1, 0o600),
        {"p": b"d\0", "ret": 3},
        'openat(4, "d", O_WRONLY|O_TMPFILE, 0600) = 3',
    ),
    (ARM, "openat", (4, "p", 0x4000, 0), {"p": b"d\0"}, 'openat(4, "d", O_RDONLY|O_DIRECTORY) = 0'),
    (
        BSD,
        "open",
        ("p", 0x601, 0o644),
        {"p": b"f\0", "ret": 3},
        'open("f", O_WRONLY|O_CREAT|O_TRUNC, 0644) = 3',
    ),
    (
        X64,
        "mmap",
        (0, 8192, 3, 0x22, 2**32 - 1, 0),
        {"ret": 0x7F0000},
        "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f0000",
    ),
    (X64, "mprotect", (4096, 4096, 0), {}, "mprotect(0x1000, 4096, PROT_NONE) = 0"),
    (X64, "mprotect", (4096, 4096, 0x80), {}, "mprotect(0x1000, 4096, 0x80) = 0"),
    (
        BSD,
        "mmap",
        (0, 4096, 1, 0x1002, 2**32 - 1, 0, 16),
        {"ret": 4096},
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0x10) = 0x1000",
    ),
    (
        BSD,
        "mmap",
        (0, 4096, 1, 0x14001002, 2**32 - 1, 0, 0),
        {"ret": 4096},
        "mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS|MAP_ALIGNED(20), -1, 0) = 0x1000",
    ),
    (X64, "madvise", (4096, 1, 4), {}, "madvise(0x1000, 1, MADV_DONTNEED) = 0"),
    (
        X64,
        "clone",
        (0x1200011, 0, 0, 0, 0),
        {"ret": 8},
        "clone(CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLD, NULL, NULL, NULL, 0) = 8",
    ),
    (BSD, "__clone", (0x4100, 0), {"ret": 8}, "__clone(CLONE_VM|CLONE_VFORK, NULL) = 8"),
    (
        X64,
        "socket",
        (1, 1 | 0o2000000, 0),
        {"ret": 3},
        "socket(AF_UNIX, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3",
    ),
    (X64, "socket", (2, 1, 6), {"ret": 3}, "socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = 3"),
    (X64, "socket", (2, 2, 0), {"ret": 3}, "socket(AF_INET, SOCK_DGRAM, IPPROTO_IP) = 3"),
    (X64, "socket", (16, 3, 0), {"ret": 3}, "socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE) = 3"),
    (
        X64,
        "socket",
        (16, 3, 15),
        {"ret": 3},
        "socket(AF_NETLINK, SOCK_RAW, NETLINK_KOBJECT_UEVENT) = 3",
    ),
    (BSD, "__socket30", (1, 2, 0), {"ret": 3}, "__socket30(AF_UNIX, SOCK_DGRAM, 0) = 3"),
    (X64, "semget", (0, 1, 0o1600), {"ret": 5}, "semget(IPC_PRIVATE, 1, IPC_CREAT|0600) = 5"),
    (X64, "msgget", (7, 0o3644), {"ret": 5}, "msgget(0x7, IPC_CREAT|IPC_EXCL|0644) = 5"),
    (BSD, "shmget", (7, 4096, 0), {"ret": 5}, "shmget(0x7, 4096, 0) = 5"),
    (X64, "msgsnd", (5, 0, 3, 0o4000), {}, "msgsnd(5, NULL, 3, IPC_NOWAIT) = 0"),
    (BSD, "msgrcv", (5, 0, 3, 0, 0o4000), {}, "msgrcv(5, NULL, 3, 0, IPC_NOWAIT) = 0"),
    (
        BSD,
        "__socket30",
        (24, 2, 17),
        {"ret": 3},
        "__socket30(AF_INET6, SOCK_DGRAM, IPPROTO_UDP) = 3",
    ),
    (
        X64,
        "recvfrom",
        (3, "b", 2, 0x20, 0, 0),
        {"b": b"hi, there", "ret": 9},
        'recvfrom(3, "hi", 2, MSG_TRUNC, NULL, NULL) = 9',
    ),
    (X64, "flistxattr", (3, "b", 0), {"b": b"left here", "ret": 4}, 'flistxattr(3, "", 0) = 4'),
    (
        X64,
        "getxattr",
        ("p", "n", "b", 0),
        {"p": b"f\0", "n": b"user.a\0", "b": b"left here", "ret": 4},
        'getxattr("f", "user.a", "", 0) = 4',
    ),
    (
        I386,
        "ugetrlimit",
        (7, "l"),
        {"l": struct.pack("<II", 5, 2**32 - 1)},
        "ugetrlimit(RLIMIT_NOFILE, {rlim_cur=5, rlim_max=RLIM_INFINITY}) = 0",
    ),
    (X64, "access", ("p", 0), {"p": b"f\0"}, 'access("f", F_OK) = 0'),
    (X64, "access", ("p", 6), {"p": b"f\0"}, 'access("f", W_OK|R_OK) = 0'),
    (X64, "flock", (3, 6), {}, "flock(3, LOCK_EX|LOCK_NB) = 0"),
    (X64, "shutdown", (3, 1), {}, "shutdown(3, SHUT_WR) = 0"),
    (
        X64,
        "unlinkat",
        (2**32 - 100, "p", 0x200),
        {"p": b"d\0"},
        'unlinkat(AT_FDCWD, "d", AT_REMOVEDIR) = 0',
    ),
    (
        X64,
        "futex",
        (4096, 129, 1, 0, 0, 0),
        {"ret": 1},
        "futex(0x1000, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0) = 1",
    ),
    (X64, "epoll_create1", (0o2000000,), {"ret": 3}, "epoll_create1(EPOLL_CLOEXEC) = 3"),
    (X64, "arch_prctl", (0x1002, 5), {}, "arch_prctl(ARCH_SET_FS, 0x5) = 0"),
    (X64, "eventfd2", (0, 1), {"ret": 3}, "eventfd2(0, EFD_SEMAPHORE) = 3"),
    (X64, "fcntl", (3, 1, 9), {"ret": 1}, "fcntl(3, F_GETFD) = 0x1 (flags FD_CLOEXEC)"),
    (X64, "fcntl", (3, 2, 1), {}, "fcntl(3, F_SETFD, FD_CLOEXEC) = 0"),
    (
        X64,
        "fcntl",
        (3, 3, 0),
        {"ret": 0x8002},
        "fcntl(3, F_GETFL) = 0x8002 (flags O_RDWR|O_LARGEFILE)",
    ),
    (X64, "fcntl", (3, 4, 2**31), {}, "fcntl(3, F_SETFL, O_RDONLY|0x80000000) = 0"),
    (X64, "fcntl", (3, 4, 0o4001), {}, "fcntl(3, F_SETFL, O_WRONLY|O_NONBLOCK) = 0"),
    (X64, "fcntl", (3, 1030, 10), {"ret": 11}, "fcntl(3, F_DUPFD_CLOEXEC, 10) = 11"),
    (BSD, "fcntl", (3, 12, 10), {"ret": 11}, "fcntl(3, F_DUPFD_CLOEXEC, 10) = 11"),
)
def test_names(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


def words(*numbers: int) -> bytes:
    return struct.pack(f"<{len(numbers)}Q", *numbers)


@rows(
    (
        X64,
        "write",
        (1, "b", 6),
        {"b": b'a"\n\x01\x002', "ret": 6},
        r'write(1, "a\"\n\1\0002", 6) = 6',
    ),
    (
        X64,
        "write",
        (1, "b", 40),
        {"b": b"x" * 40, "ret": 40},
        f'write(1, "{"x" * 32}"..., 40) = 40',
    ),
    (X64, "read", (0, "b", 99), {"b": b"ab" + 97 * b"?", "ret": 2}, 'read(0, "ab", 99) = 2'),
    (
        X64,
        "read",
        (0, "b", 9),
        {"b": b"ab", "error": 9},
        "read(0, 0x10000, 9) = -1 EBADF (Bad file descriptor)",
    ),
    (X64, "read", (0, 5, 9), {"ret": 9}, "read(0, 0x5, 9) = 9"),
    (X64, "unlink", (5,), {"error": 14}, "unlink(0x5) = -1 EFAULT (Bad address)"),
    (X64, "unlink", ("p",), {"p": b"p" * 50 + b"\0"}, f'unlink("{"p" * 50}") = 0'),
    (
        X64,
        "readlink",
        ("p", "b", 9),
        {"p": b"l\0", "b": b"to??", "ret": 2},
        'readlink("l", "to", 9) = 2',
    ),
    (X64, "getcwd", ("b", 9), {"b": b"/a\0", "ret": 3}, 'getcwd("/a", 9) = 3'),
    (
        X64,
        "execve",
        ("p", "v", "e"),
        {
            "p": b"/a\0",
            "v": words(0x40000, 0x50000, 0),
            "e": words(1, 2, 3, 0),
            "s": b"a\0",
            "t": b"-b\0",
        },
        'execve("/a", ["a", "-b"], 0x30000 /* 3 vars */) = 0',
    ),
    (
        I386,
        "execve",
        ("p", "v", "e"),
        {"p": b"/a\0", "v": struct.pack("<II", 0x40000, 0), "e": bytes(4), "s": b"a\0"},
        'execve("/a", ["a"], 0x30000 /* 0 vars */) = 0',
    ),
    (
        X64,
        "writev",
        (1, "v", 2),
        {"v": words(0x20000, 1, 0x30000, 2), "a": b"x", "b": b"yz", "ret": 3},
        'writev(1, [{iov_base="x", iov_len=1}, {iov_base="yz", iov_len=2}], 2) = 3',
    ),
    (
        X64,
        "readv",
        (1, "v", 2),
        {"v": words(0x20000, 2, 0x30000, 2), "a": b"xy", "b": b"z?", "ret": 3},
        'readv(1, [{iov_base="xy", iov_len=2}, {iov_base="z", iov_len=2}], 2) = 3',
    ),
    (
        X64,
        "getdents64",
        (3, "d", 99),
        {"d": (bytes(16) + b"\x18\0" + bytes(6)) * 2, "ret": 48},
        "getdents64(3, 0x10000 /* 2 entries */, 99) = 48",
    ),
    (
        BSD,
        "__getdents30",
        (3, "d", 99),
        {"d": bytes(8) + b"\x20\0" + bytes(22), "ret": 32},
        "__getdents30(3, 0x10000 /* 1 entry */, 99) = 32",
    ),
    (X64, "pipe", ("f",), {"f": struct.pack("<ii", 3, 4)}, "pipe([3, 4]) = 0"),
    (
        X64,
        "getgroups",
        (9, "g"),
        {"g": struct.pack("<II", 0, 5), "ret": 2},
        "getgroups(9, [0, 5]) = 2",
    ),
    (
        X64,
        "select",
        (6, "r", 0, 0, 0),
        {"r": words(0b101001), "ret": 1},
        "select(6, [0 3 5], NULL, NULL, NULL) = 1",
    ),
    (
        X64,
        "select",
        (6, "r", "w", 0, 0),
        {
            "before": {"r": words(0b101001), "w": words(0b10)},
            "after": {"r": words(0b1000), "w": words(0b10)},
            "ret": 2,
        },
        "select(6, [0 3 5] => [3], [1], NULL, NULL) = 2",
    ),
    (
        X64,
        "sched_getaffinity",
        (0, 128, "m"),
        {"m": words(0b101, 1), "ret": 16},
        "sched_getaffinity(0, 128, [0 2 64]) = 16",
    ),
    (
        X64,
        "sched_getaffinity",
        (0, 1, "m"),
        {"m": words(3), "error": 22},
        "sched_getaffinity(0, 1, 0x10000) = -1 EINVAL (Invalid argument)",
    ),
    (
        X64,
        "sched_setaffinity",
        (7, 1, "m"),
        {"m": words(0b110)},
        "sched_setaffinity(7, 1, [1 2]) = 0",
    ),
    (
        X64,
        "sched_setaffinity",
        (7, 8, 5),
        {"error": 14},
        "sched_setaffinity(7, 8, 0x5) = -1 EFAULT (Bad address)",
    ),
    (
        X64,
        "nanosleep",
        ("t", "left"),
        {"t": words(1, 5), "left": words(7, 7)},
        "nanosleep({tv_sec=1, tv_nsec=5}, 0x20000) = 0",
    ),
    (BSD, "__getcwd", ("b", 9), {"b": b"/a\0", "ret": 3}, '__getcwd("/a", 9) = 3'),
    (BSD, "pread", (0, "b", 9, 0, 5), {"b": b"ab", "ret": 2}, 'pread(0, "ab", 9, 5) = 2'),
)
def test_memory(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


def laid(abi: str, type: str, **members: int) -> bytes:
    """A structure's bytes."""
    from pypicotrace.tools.decode.abi import abi as named

    layout = named(abi).layout(type)
    assert layout is not None
    data = bytearray(layout.size)
    for name, value in members.items():
        member = layout.members[name.replace("__", ".", 1)]
        struct.pack_into(f"<{member.code}", data, member.offset, value)
    return bytes(data)


STAT = {"st_mode": 0o100644, "st_size": 77}
KEVENT = {"ident": 3, "filter": 0, "flags": 5}


@rows(
    (
        X64,
        "newfstatat",
        (3, "p", "s", 0x1000),
        {"p": b"\0", "s": laid(X64, "struct stat", **STAT)},
        'newfstatat(3, "", {st_mode=S_IFREG|0644, st_size=77, ...}, AT_EMPTY_PATH) = 0',
    ),
    (
        I386,
        "stat64",
        ("p", "s"),
        {"p": b"f\0", "s": laid(I386, "struct stat64", **STAT)},
        'stat64("f", {st_mode=S_IFREG|0644, st_size=77, ...}) = 0',
    ),
    (
        BSD,
        "__stat50",
        ("p", "s"),
        {"p": b"f\0", "s": laid(BSD, "struct stat", **STAT)},
        '__stat50("f", {st_mode=S_IFREG|0644, st_size=77, ...}) = 0',
    ),
    (
        BSD,
        "compat_50___stat30",
        ("p", "s"),
        {"p": b"f\0", "s": laid(BSD, "struct stat30", **STAT)},
        'compat_50___stat30("f", {st_mode=S_IFREG|0644, st_size=77, ...}) = 0',
    ),
    (
        X64,
        "stat",
        ("p", "s"),
        {"p": b"f\0", "s": bytes(200), "error": 2},
        'stat("f", 0x20000) = -1 ENOENT (No such file or directory)',
    ),
    (X64, "nanosleep", ("t", 0), {"t": words(1, 5)}, "nanosleep({tv_sec=1, tv_nsec=5}, NULL) = 0"),
    (
        BSD,
        "compat_50_nanosleep",
        ("t", 0),
        {"t": struct.pack("<iiq", 1, -1, 5)},
        "compat_50_nanosleep({tv_sec=1, tv_nsec=5}, NULL) = 0",
    ),
    (
        BSD32,
        "__nanosleep50",
        ("t", 0),
        {"t": struct.pack("<qi", 1, 5)},
        "__nanosleep50({tv_sec=1, tv_nsec=5}, NULL) = 0",
    ),
    (
        X64,
        "gettimeofday",
        ("t", 0),
        {"t": words(1, 5)},
        "gettimeofday({tv_sec=1, tv_usec=5}, NULL) = 0",
    ),
    (
        X64,
        "setitimer",
        (0, "t", 0),
        {"t": words(0, 0, 1, 5)},
        "setitimer(ITIMER_REAL, {it_interval={tv_sec=0, tv_usec=0}, "
        "it_value={tv_sec=1, tv_usec=5}}, NULL) = 0",
    ),
    (
        X64,
        "prlimit64",
        (0, 3, 0, "l"),
        {"l": words(8 << 20, 2**64 - 1)},
        "prlimit64(0, RLIMIT_STACK, NULL, {rlim_cur=8192*1024, rlim_max=RLIM_INFINITY}) = 0",
    ),
    (
        BSD,
        "getrlimit",
        (3, "l"),
        {"l": words(100, 2**63 - 1)},
        "getrlimit(RLIMIT_STACK, {rlim_cur=100, rlim_max=RLIM_INFINITY}) = 0",
    ),
    (
        X64,
        "poll",
        ("f", 1, 2**32 - 1),
        {"f": struct.pack("<ihh", 3, 1, 17), "ret": 1},
        "poll([{fd=3, events=POLLIN, revents=POLLIN|POLLHUP}], 1, -1) = 1",
    ),
    (
        X64,
        "epoll_ctl",
        (3, 1, 4, "e"),
        {"e": struct.pack("<IQ", 0x80000001, 7)},
        "epoll_ctl(3, EPOLL_CTL_ADD, 4, {events=EPOLLIN|EPOLLET, data=0x7}) = 0",
    ),
    (
        X64,
        "epoll_wait",
        (3, "e", 9, 5),
        {"e": struct.pack("<IQ", 4, 7), "ret": 1},
        "epoll_wait(3, [{events=EPOLLOUT, data=0x7}], 9, 5) = 1",
    ),
    (
        ARM,
        "epoll_pwait",
        (3, "e", 9, 5, 0, 8),
        {"e": struct.pack("<IIQ", 4, 0, 7), "ret": 1},
        "epoll_pwait(3, [{events=EPOLLOUT, data=0x7}], 9, 5, NULL, 8) = 1",
    ),
    (
        BSD,
        "__kevent100",
        (3, "c", 1, 0, 0, 0),
        {"c": laid(BSD, "struct kevent", **KEVENT)},
        "__kevent100(3, [{ident=3, filter=EVFILT_READ, flags=EV_ADD|EV_ENABLE, fflags=0, data=0, "
        "udata=0}], 1, NULL, 0, NULL) = 0",
    ),
    (
        BSD,
        "compat_100___kevent50",
        (3, "c", 1, 0, 0, 0),
        {"c": laid(BSD, "struct kevent100", **KEVENT)},
        "compat_100___kevent50(3, [{ident=3, filter=EVFILT_READ, flags=EV_ADD|EV_ENABLE, "
        "fflags=0, data=0, udata=0}], 1, NULL, 0, NULL) = 0",
    ),
    (
        X64,
        "fcntl",
        (3, 6, "l"),
        {"l": laid(X64, "struct flock", l_type=1, l_len=9)},
        "fcntl(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=9, l_pid=0}) = 0",
    ),
    (
        X64,
        "fcntl",
        (3, 5, "l"),
        {
            "before": {"l": laid(X64, "struct flock", l_type=1, l_len=9)},
            "after": {"l": laid(X64, "struct flock", l_type=2, l_len=9)},
        },
        "fcntl(3, F_GETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=0, l_len=9, l_pid=0} => "
        "{l_type=F_UNLCK, l_whence=SEEK_SET, l_start=0, l_len=9, l_pid=0}) = 0",
    ),
    (
        X64,
        "uname",
        ("u",),
        {"u": b"".join(word.ljust(65, b"\0") for word in (b"L", b"n", b"r", b"v", b"m", b"d"))},
        'uname({sysname="L", nodename="n", release="r", version="v", machine="m", '
        'domainname="d"}) = 0',
    ),
    (
        X64,
        "ioctl",
        (1, 0x5413, "w"),
        {"w": struct.pack("<HHHH", 24, 80, 0, 0)},
        "ioctl(1, TIOCGWINSZ, {ws_row=24, ws_col=80, ws_xpixel=0, ws_ypixel=0}) = 0",
    ),
    (BSD, "ioctl", (1, 0x4004667F, "n"), {"n": b"\5\0\0\0"}, "ioctl(1, FIONREAD, [5]) = 0"),
    (X64, "ioctl", (1, 0x80047AFF, 0), {}, "ioctl(1, _IOC(_IOC_READ, 0x7a, 0xff, 0x4), NULL) = 0"),
    (
        X64,
        "sigaltstack",
        ("s", "o"),
        {
            "s": laid(X64, "stack_t", ss_sp=0x5000, ss_size=65536),
            "o": laid(X64, "stack_t", ss_flags=2),
        },
        "sigaltstack({ss_sp=0x5000, ss_flags=0, ss_size=65536}, "
        "{ss_sp=0, ss_flags=SS_DISABLE, ss_size=0}) = 0",
    ),
    (
        X64,
        "timer_create",
        (1, "e", "t"),
        {"e": laid(X64, "struct sigevent", sigev_signo=14), "t": b"\5\0\0\0"},
        "timer_create(CLOCK_MONOTONIC, {sigev_value={sival_ptr=0}, sigev_signo=SIGALRM, "
        "sigev_notify=SIGEV_SIGNAL}, [5]) = 0",
    ),
    (
        BSD,
        "timer_create",
        (0, "e", "t"),
        {"e": laid(BSD, "struct sigevent", sigev_signo=14, sigev_notify=1), "t": bytes(4)},
        "timer_create(CLOCK_REALTIME, {sigev_notify=SIGEV_SIGNAL, sigev_signo=SIGALRM, "
        "sigev_value={sival_ptr=0}}, [0]) = 0",
    ),
    (
        BSD,
        "__sigaltstack14",
        ("s", 0),
        {"s": laid(BSD, "stack_t", ss_sp=0x5000, ss_size=65536)},
        "__sigaltstack14({ss_sp=0x5000, ss_size=65536, ss_flags=0}, NULL) = 0",
    ),
    (
        X64,
        "sigaltstack",
        (0, "o"),
        {"o": bytes(24), "error": 1},
        "sigaltstack(NULL, 0x10000) = -1 EPERM (Operation not permitted)",
    ),
    (
        X64,
        "getrusage",
        (0, "r"),
        {"r": words(1, 2, 3, 4) + bytes(112)},
        "getrusage(RUSAGE_SELF, {ru_utime={tv_sec=1, tv_usec=2}, "
        "ru_stime={tv_sec=3, tv_usec=4}, ...}) = 0",
    ),
    (
        X64,
        "wait4",
        (2**32 - 1, "s", 1, 0),
        {"s": b"\0\3\0\0", "ret": 9},
        "wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], WNOHANG, NULL) = 9",
    ),
    (
        X64,
        "wait4",
        (2**32 - 1, "s", 0, 0),
        {"s": b"\x8b\0\0\0", "ret": 9},
        "wait4(-1, [{WIFSIGNALED(s) && WTERMSIG(s) == SIGSEGV && WCOREDUMP(s)}], 0, NULL) = 9",
    ),
    (
        X64,
        "wait4",
        (2**32 - 1, "s", 2, 0),
        {"s": b"\x7f\x13\0\0", "ret": 9},
        "wait4(-1, [{WIFSTOPPED(s) && WSTOPSIG(s) == SIGSTOP}], WUNTRACED, NULL) = 9",
    ),
)
def test_structures(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


NOT_A_TERMINAL = "-1 ENOTTY (Inappropriate ioctl for device)"
INET = bytes([2, 0, 0, 80, 127, 0, 0, 1]) + bytes(8)
INET6 = b"\x0a\0\0\x50" + bytes(4) + bytes(15) + b"\1" + b"\2\0\0\0"


@rows(
    (
        X64,
        "connect",
        (3, "a", 16),
        {"a": INET},
        "connect(3, {sa_family=AF_INET, sin_port=htons(80), "
        'sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    ),
    (
        BSD,
        "connect",
        (3, "a", 16),
        {"a": b"\x10\2" + INET[2:]},
        "connect(3, {sa_family=AF_INET, sin_port=htons(80), "
        'sin_addr=inet_addr("127.0.0.1")}, 16) = 0',
    ),
    (
        X64,
        "bind",
        (3, "a", 28),
        {"a": INET6},
        "bind(3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
        'inet_pton(AF_INET6, "::1", &sin6_addr), sin6_scope_id=2}, 28) = 0',
    ),
    (
        X64,
        "bind",
        (3, "a", 6),
        {"a": b"\1\0/s\0?"},
        'bind(3, {sa_family=AF_UNIX, sun_path="/s"}, 6) = 0',
    ),
    (
        X64,
        "bind",
        (3, "a", 5),
        {"a": b"\1\0\0ab"},
        'bind(3, {sa_family=AF_UNIX, sun_path=@"ab"}, 5) = 0',
    ),
    (
        X64,
        "bind",
        (3, "a", 12),
        {"a": b"\x10\0\0\0" + struct.pack("<II", 5, 1)},
        "bind(3, {sa_family=AF_NETLINK, nl_pid=5, nl_groups=0x00000001}, 12) = 0",
    ),
    (
        X64,
        "accept",
        (3, "a", "n"),
        {"a": INET, "before": {"n": b"\x80\0\0\0"}, "after": {"n": b"\x10\0\0\0"}, "ret": 4},
        'accept(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, '
        "[128] => [16]) = 4",
    ),
    (
        X64,
        "sendto",
        (3, "b", 2, 0x4000, 0, 0),
        {"b": b"hi", "ret": 2},
        'sendto(3, "hi", 2, MSG_NOSIGNAL, NULL, 0) = 2',
    ),
    (
        X64,
        "sendmsg",
        (3, "m", 0),
        {
            "m": words(0, 0, 0x20000, 1, 0x40000, 20) + words(0),
            "v": words(0x30000, 2),
            "b": b"hi",
            "c": struct.pack("<QIIi", 20, 1, 1, 5),
            "ret": 2,
        },
        'sendmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hi", iov_len=2}], '
        "msg_iovlen=1, msg_control=[{cmsg_len=20, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, "
        "cmsg_data=[5]}], msg_controllen=20, msg_flags=0}, 0) = 2",
    ),
    (
        X64,
        "recvmsg",
        (3, "m", 0),
        {"m": words(0, 0, 0x20000, 1, 0, 0, 0), "v": words(0x30000, 9), "b": b"hi", "ret": 2},
        'recvmsg(3, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hi", iov_len=9}], '
        "msg_iovlen=1, msg_controllen=0, msg_flags=0}, 0) = 2",
    ),
    (
        X64,
        "setsockopt",
        (3, 1, 2, "v", 4),
        {"v": b"\1\0\0\0"},
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    ),
    (
        BSD,
        "setsockopt",
        (3, 0xFFFF, 4, "v", 4),
        {"v": b"\1\0\0\0"},
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, [1], 4) = 0",
    ),
    (
        X64,
        "getsockopt",
        (3, 1, 4, "v", "n"),
        {"v": b"\0\0\0\0", "n": b"\4\0\0\0"},
        "getsockopt(3, SOL_SOCKET, SO_ERROR, [0], [4]) = 0",
    ),
    (
        X64,
        "setsockopt",
        (3, 6, 1, "v", 4),
        {"v": b"\1\0\0\0"},
        "setsockopt(3, SOL_TCP, TCP_NODELAY, [1], 4) = 0",
    ),
)
def test_sockets(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        X64,
        "rt_sigprocmask",
        (0, "n", 0, 8),
        {"n": words(1 << 1 | 1 << 16)},
        "rt_sigprocmask(SIG_BLOCK, [INT CHLD], NULL, 8) = 0",
    ),
    (
        X64,
        "rt_sigprocmask",
        (2, "n", 0, 8),
        {"n": words(2**64 - 1 - (1 << 8))},
        "rt_sigprocmask(SIG_SETMASK, ~[KILL], NULL, 8) = 0",
    ),
    (
        X64,
        "rt_sigaction",
        (2, "a", 0, 8),
        {"a": words(0x400, 0x14000000, 0x500, 0)},
        "rt_sigaction(SIGINT, {sa_handler=0x400, sa_mask=[], sa_flags=SA_RESTORER|SA_RESTART, "
        "sa_restorer=0x500}, NULL, 8) = 0",
    ),
    (
        I386,
        "rt_sigaction",
        (2, "a", 0, 8),
        {"a": struct.pack("<IIIQ", 1, 0, 0, 2)},
        "rt_sigaction(SIGINT, {sa_handler=SIG_IGN, sa_mask=[INT], sa_flags=0}, NULL, 8) = 0",
    ),
    (
        BSD,
        "__sigaction_sigtramp",
        (2, "a", 0, 5, 2),
        {"a": struct.pack("<Q4Iii", 0x400, 4, 0, 0, 0, 2, 0)},
        "__sigaction_sigtramp(SIGINT, {sa_handler=0x400, sa_mask=[QUIT], sa_flags=SA_RESTART}, "
        "NULL, 0x5, 2) = 0",
    ),
    (
        BSD,
        "__sigprocmask14",
        (1, "n", "o"),
        {"n": struct.pack("<4I", 2, 0, 0, 0), "o": bytes(16)},
        "__sigprocmask14(SIG_BLOCK, [INT], []) = 0",
    ),
)
def test_signals(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


MSGHDR = words(0, 0, 0x20000, 1, 0, 0, 0)


@rows(
    (X64, "prctl", (15, "n", 0, 0, 0), {"n": b"me\0"}, 'prctl(PR_SET_NAME, "me") = 0'),
    (X64, "prctl", (1, 15, 0, 0, 0), {}, "prctl(PR_SET_PDEATHSIG, SIGTERM) = 0"),
    (X64, "prctl", (4, 1, 0, 0, 0), {}, "prctl(PR_SET_DUMPABLE, 1) = 0"),
    (
        X64,
        "sendmmsg",
        (3, "m", 1, 0),
        {"m": MSGHDR + words(9), "v": words(0x30000, 2), "b": b"hi", "ret": 1},
        'sendmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hi", '
        "iov_len=2}], msg_iovlen=1, msg_controllen=0, msg_flags=0}}], 1, 0) = 1",
    ),
    (
        X64,
        "recvmmsg",
        (3, "m", 4, 0x40, 0),
        {"m": MSGHDR + words(2), "v": words(0x30000, 2), "b": b"hi", "ret": 1},
        'recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hi", '
        "iov_len=2}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=2}], 4, "
        "MSG_DONTWAIT, NULL) = 1",
    ),
    (
        X64,
        "recvmmsg",
        (3, "m", 4, 0, 0),
        {"m": MSGHDR + words(2), "v": words(0x30000, 9), "b": b"hi", "ret": 1},
        'recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base="hi", '
        "iov_len=9}], msg_iovlen=1, msg_controllen=0, msg_flags=0}, msg_len=2}], 4, "
        "0, NULL) = 1",
    ),
    (
        BSD,
        "recvmmsg",
        (3, "m", 4, 0, 0),
        {"m": bytes(56), "ret": 1},
        "recvmmsg(3, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[], msg_iovlen=0, "
        "msg_controllen=0, msg_flags=0}, msg_len=0}], 4, 0, NULL) = 1",
    ),
    (
        X64,
        "getsockname",
        (3, "a", "n"),
        {"a": b"\1\0", "n": b"\2\0\0\0"},
        "getsockname(3, {sa_family=AF_UNIX}, [2]) = 0",
    ),
    (
        X64,
        "sendfile",
        (1, 3, "o", 9),
        {"before": {"o": words(0)}, "after": {"o": words(9)}, "ret": 9},
        "sendfile(1, 3, [0] => [9], 9) = 9",
    ),
    (
        X64,
        "clone3",
        ("c", 88),
        {"c": laid(X64, "struct clone_args", flags=0x100, exit_signal=17), "ret": 5},
        "clone3({flags=CLONE_VM, pidfd=0, child_tid=0, parent_tid=0, exit_signal=SIGCHLD, stack=0, "
        "stack_size=0, tls=0, set_tid=0, set_tid_size=0, cgroup=0}, 88) = 5",
    ),
    (
        X64,
        "statx",
        (0xFFFFFF9C, "p", 0x1100, 0xFFF, "s"),
        {"p": b"f\0", "s": laid(X64, "struct statx", stx_mask=2, stx_mode=0o40755, stx_size=5)},
        'statx(AT_FDCWD, "f", AT_SYMLINK_NOFOLLOW|AT_EMPTY_PATH, STATX_BASIC_STATS|STATX_BTIME, '
        "{stx_mask=STATX_MODE, stx_mode=S_IFDIR|0755, stx_size=5, ...})"
        " = 0",
    ),
    (X64, "setpriority", (0, 5, 2**32 - 3), {}, "setpriority(PRIO_PROCESS, 5, -3) = 0"),
    (X64, "futex", (64, 0, 5, 0, 0, 0), {}, "futex(0x40, FUTEX_WAIT, 5, NULL, NULL, 0) = 0"),
    (X64, "memfd_create", ("n", 1), {"n": b"m\0"}, 'memfd_create("m", MFD_CLOEXEC) = 0'),
    (X64, "ioctl", (1, 0x5401, 0), {"error": 25}, f"ioctl(1, TCGETS, NULL) = {NOT_A_TERMINAL}"),
    (BSD, "ioctl", (1, 0x2000FFFF, 5), {}, "ioctl(1, _IOC(IOC_VOID, 0xff, 0xff, 0x0), 0x5) = 0"),
    (
        X64,
        "wait4",
        (5, "s", 0, 0),
        {"s": b"\xff\xff\0\0", "ret": 5},
        "wait4(5, [{WIFCONTINUED(s)}], 0, NULL) = 5",
    ),
    (X64, "ptrace", (16, 5, 0, 0), {}, "ptrace(PTRACE_ATTACH, 5, 0, 0) = 0"),
    (BSD, "ptrace", (9, 5, 0, 0), {}, "ptrace(PT_ATTACH, 5, NULL, 0) = 0"),
    (BSD, "_lwp_kill", (1, 2), {}, "_lwp_kill(1, SIGINT) = 0"),
    (
        BSD,
        "paccept",
        (3, 0, 0, 0, 0x10000000),
        {"ret": 4},
        "paccept(3, NULL, NULL, NULL, SOCK_CLOEXEC) = 4",
    ),
)
def test_others(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        X64,
        "pipe2",
        ("p", 7),
        {"p": b"left here", "error": 22},
        "pipe2(0x10000, 0x7) = -1 EINVAL (Invalid argument)",
    ),
    (
        X64,
        "socketpair",
        (2, 1, 0, "p"),
        {"p": b"left here", "error": 95},
        "socketpair(AF_INET, SOCK_STREAM, IPPROTO_IP, 0x10000)"
        " = -1 EOPNOTSUPP (Operation not supported)",
    ),
    (
        X64,
        "getresuid",
        (8, "e", "s"),
        {"e": b"left", "s": b"left", "error": 14},
        "getresuid(0x8, 0x10000, 0x20000) = -1 EFAULT (Bad address)",
    ),
    (
        X64,
        "writev",
        (3, "v", 2**32 - 1),
        {"v": b"", "error": 22},
        "writev(3, 0x10000, -1) = -1 EINVAL (Invalid argument)",
    ),
    (
        X64,
        "poll",
        ("p", 2**32 - 1, 0),
        {"p": b"", "error": 22},
        "poll(0x10000, 4294967295, 0) = -1 EINVAL (Invalid argument)",
    ),
    (
        X64,
        "sendmmsg",
        (3, "m", 2**32 - 1, 0),
        {"m": b"", "error": 9},
        "sendmmsg(3, 0x10000, 4294967295, 0) = -1 EBADF (Bad file descriptor)",
    ),
    (
        X64,
        "setsockopt",
        (3, 1, 2, "v", 2**32 - 1),
        {"v": b"", "error": 22},
        "setsockopt(3, SOL_SOCKET, SO_REUSEADDR, 0x10000, -1) = -1 EINVAL (Invalid argument)",
    ),
)
def test_what_is_not_there_is_an_address(
    abi: str, name: str, args: Any, more: Any, line: str
) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        X64,
        "process_vm_readv",
        (5, "v", 1, "far", 1, 0),
        {
            "v": struct.pack("<QQ", 0x30000, 4),
            "far": struct.pack("<QQ", 0x9000, 3),
            "b": b"old!",
            "after": {"b": b"new!"},
            "ret": 3,
        },
        'process_vm_readv(5, [{iov_base="new", iov_len=4}], 1, '
        "[{iov_base=0x9000, iov_len=3}], 1, 0) = 3",
    ),
    (
        I386,
        "process_madvise",
        (3, "v", 1, 20, 0),
        {"v": struct.pack("<II", 0x9000, 10), "ret": 10},
        "process_madvise(3, [{iov_base=0x9000, iov_len=10}], 1, MADV_COLD, 0) = 10",
    ),
)
def test_memory_of_another_process(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        X64,
        "mount",
        (0, "p", 0, 0xC0ED0021, 0),
        {"p": b"/m\0"},
        'mount(NULL, "/m", NULL, MS_MGC_VAL|MS_RDONLY|MS_REMOUNT, NULL) = 0',
    ),
    (X64, "mount", (0, "p", 0, 1, 0), {"p": b"/\0"}, 'mount(NULL, "/", NULL, MS_RDONLY, NULL) = 0'),
    (
        X64,
        "shmget",
        (0, 4096, 0o7600),
        {"ret": 5},
        "shmget(IPC_PRIVATE, 4096, IPC_CREAT|IPC_EXCL|SHM_HUGETLB|0600) = 5",
    ),
    (X64, "open", ("p", 0x2003, 0), {"p": b"f\0"}, 'open("f", O_ACCMODE|FASYNC) = 0'),
    (
        X64,
        "ioctl",
        (3, 0, 0),
        {"error": 25},
        "ioctl(3, _IOC(_IOC_NONE, 0x0, 0x0, 0x0), NULL)"
        " = -1 ENOTTY (Inappropriate ioctl for device)",
    ),
    (
        X64,
        "clone3",
        ("a", 64),
        {"a": struct.pack("<11Q", 0, 0, 0, 0, 17, 0, 0, 0, 1, 2, 3), "ret": 8},
        "clone3({flags=0, pidfd=0, child_tid=0, parent_tid=0, exit_signal=SIGCHLD, stack=0, "
        "stack_size=0, tls=0, set_tid=0, set_tid_size=0, cgroup=0}, 64) = 8",
    ),
    (
        X64,
        "connect",
        (3, "a", 24),
        {"a": struct.pack("<H2xI", 10, 0) + bytes(15) + b"\1" + b"\5\0\0\0"},
        "connect(3, {sa_family=AF_INET6, sin6_port=htons(0), sin6_flowinfo=htonl(0), "
        'inet_pton(AF_INET6, "::1", &sin6_addr)}, 24) = 0',
    ),
)
def test_names_that_depend(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


def test_a_control_message_is_named_by_its_level() -> None:
    control = struct.pack("<QIIi4x", 20, 0, 2, 5)
    header = struct.pack("<QI4xQQQQI4x", 0, 0, 0x20000, 0, 0x30000, len(control), 0)
    line = shown(X64, "sendmsg", 3, "m", 0, m=header, v=b"", c=control)
    assert "cmsg_level=SOL_IP, cmsg_type=IP_TTL, cmsg_data=" in line


def test_requests_are_no_small_numbers() -> None:
    small = {name for name, n in Abi(X64).constants("ioctl").items() if n < 0x100}
    assert small == {"FIBMAP", "FIGETBSZ"}


@rows(
    (
        X64,
        "utimensat",
        (3, 0, "t", 0),
        {"t": struct.pack("<qqqq", 1, 0x3FFFFFFF, 2, 0x3FFFFFFE)},
        "utimensat(3, NULL, [UTIME_NOW, UTIME_OMIT], 0) = 0",
    ),
    (
        I386,
        "utimensat",
        (3, 0, "t", 0),
        {"t": struct.pack("<iiii", 1, 2, 2, 0x3FFFFFFE)},
        "utimensat(3, NULL, [{tv_sec=1, tv_nsec=2}, UTIME_OMIT], 0) = 0",
    ),
    (
        I386,
        "utime",
        ("p", "t"),
        {"p": b"f\0", "t": struct.pack("<ii", -1, 2)},
        'utime("f", {actime=-1, modtime=2}) = 0',
    ),
    (X64, "umount2", ("p", 10), {"p": b"/m\0"}, 'umount2("/m", MNT_DETACH|UMOUNT_NOFOLLOW) = 0'),
    (X64, "mlock2", (4096, 4096, 3), {}, "mlock2(0x1000, 4096, MLOCK_ONFAULT|0x2) = 0"),
    (X64, "semctl", (5, 0, 12, 0x7F00), {"ret": 1}, "semctl(5, 0, GETVAL) = 1"),
    (X64, "semctl", (5, 1, 16, 2**32 - 1), {}, "semctl(5, 1, SETVAL, -1) = 0"),
    (I386, "semctl", (5, 1, 0x111, 0x100), {}, "semctl(5, 1, IPC_64|SETALL, 0x100) = 0"),
    (X64, "shmctl", (5, 11, 0), {}, "shmctl(5, SHM_LOCK, NULL) = 0"),
    (X64, "msgctl", (5, 2, 0x100), {}, "msgctl(5, IPC_STAT, 0x100) = 0"),
    (
        X64,
        "semop",
        (5, "s", 2),
        {"s": struct.pack("<HhhHhh", 0, 1, 0, 1, -1, 0x1800)},
        "semop(5, [{sem_num=0, sem_op=1, sem_flg=0}, "
        "{sem_num=1, sem_op=-1, sem_flg=IPC_NOWAIT|SEM_UNDO}], 2) = 0",
    ),
    (
        X64,
        "msgsnd",
        (5, "m", 5, 0),
        {"m": struct.pack("<q", -5) + b"hello"},
        'msgsnd(5, {mtype=-5, mtext="hello"}, 5, 0) = 0',
    ),
    (
        I386,
        "msgrcv",
        (5, "m", 9, 0, 0o10000),
        {"m": struct.pack("<i", 7) + b"hello there", "ret": 5},
        'msgrcv(5, {mtype=7, mtext="hello"}, 9, 0, MSG_NOERROR) = 5',
    ),
    (
        X64,
        "msgsnd",
        (5, "m", -1, 0),
        {"m": b"", "error": 22},
        "msgsnd(5, 0x10000, 18446744073709551615, 0) = -1 EINVAL (Invalid argument)",
    ),
    (
        X64,
        "fcntl",
        (3, 16, "o"),
        {"o": b"left", "after": {"o": struct.pack("<ii", 2, 7)}},
        "fcntl(3, F_GETOWN_EX, {type=F_OWNER_PGRP, pid=7}) = 0",
    ),
    (
        X64,
        "fcntl",
        (3, 16, 8),
        {"error": 14},
        "fcntl(3, F_GETOWN_EX, 0x8) = -1 EFAULT (Bad address)",
    ),
    (
        X64,
        "fcntl",
        (3, 15, "o"),
        {"o": struct.pack("<ii", 1, 7)},
        "fcntl(3, F_SETOWN_EX, {type=F_OWNER_PID, pid=7}) = 0",
    ),
    (
        X64,
        "setsockopt",
        (3, 1, 13, "l", 8),
        {"l": struct.pack("<ii", 1, 5)},
        "setsockopt(3, SOL_SOCKET, SO_LINGER, {l_onoff=1, l_linger=5}, 8) = 0",
    ),
    (
        I386,
        "setsockopt",
        (3, 1, 20, "t", 8),
        {"t": struct.pack("<ii", 3, 4)},
        "setsockopt(3, SOL_SOCKET, SO_RCVTIMEO, {tv_sec=3, tv_usec=4}, 8) = 0",
    ),
    (
        X64,
        "getsockopt",
        (3, 1, 17, "c", "n"),
        {"c": struct.pack("<iII", 9, 1, 2), "n": struct.pack("<I", 12)},
        "getsockopt(3, SOL_SOCKET, SO_PEERCRED, {pid=9, uid=1, gid=2}, [12]) = 0",
    ),
    (
        X64,
        "setsockopt",
        (3, 270, 1, "g", 4),
        {"g": struct.pack("<i", 1)},
        "setsockopt(3, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, [1], 4) = 0",
    ),
    (
        X64,
        "ptrace",
        (0x4200, 9, 0, 0x100001),
        {},
        "ptrace(PTRACE_SETOPTIONS, 9, 0, PTRACE_O_TRACESYSGOOD|PTRACE_O_EXITKILL) = 0",
    ),
    (X64, "ptrace", (7, 9, 0, 9), {}, "ptrace(PTRACE_CONT, 9, 0, SIGKILL) = 0"),
    (
        X64,
        "sched_setscheduler",
        (0, 1, "p"),
        {"p": struct.pack("<i", 5)},
        "sched_setscheduler(0, SCHED_FIFO, {sched_priority=5}) = 0",
    ),
    (
        X64,
        "times",
        ("t",),
        {"t": struct.pack("<4q", 1, 2, 3, 4), "ret": 9},
        "times({tms_utime=1, tms_stime=2, tms_cutime=3, tms_cstime=4}) = 9",
    ),
    (X64, "pidfd_open", (9, 0x800), {"ret": 3}, "pidfd_open(9, PIDFD_NONBLOCK) = 3"),
    (
        X64,
        "add_key",
        ("t", "d", "p", 3, 2**32 - 2),
        {"t": b"user\0", "d": b"d\0", "p": b"a\0b", "ret": 4},
        'add_key("user", "d", "a\\0b", 3, KEY_SPEC_PROCESS_KEYRING) = 4',
    ),
    (
        X64,
        "open_by_handle_at",
        (2**32 - 100, 4096, 0o2000000),
        {"ret": 3},
        "open_by_handle_at(AT_FDCWD, 0x1000, O_RDONLY|O_CLOEXEC) = 3",
    ),
    (
        X64,
        "fsopen",
        ("t", 1),
        {"t": b"ext4\0", "ret": 3},
        'fsopen("ext4", FSOPEN_CLOEXEC) = 3',
    ),
)
def test_names_of_seldom_calls(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        I386,
        "pread64",
        (3, 8, 4, 2**32 - 2, 2**32 - 1),
        {"error": 22},
        "pread64(3, 0x8, 4, -2) = -1 EINVAL (Invalid argument)",
    ),
    (I386, "ftruncate64", (3, 5, 1), {}, "ftruncate64(3, 4294967301) = 0"),
    (I386, "fadvise64", (3, 1, 0, 5, 4), {}, "fadvise64(3, 1, 5, POSIX_FADV_DONTNEED) = 0"),
    (
        I386,
        "fadvise64_64",
        (3, 1, 0, 5, 1, 4),
        {},
        "fadvise64_64(3, 1, 4294967301, POSIX_FADV_DONTNEED) = 0",
    ),
    (
        I386,
        "sync_file_range",
        (3, 1, 0, 2, 0, 1),
        {},
        "sync_file_range(3, 1, 2, SYNC_FILE_RANGE_WAIT_BEFORE) = 0",
    ),
    (I386, "fallocate", (3, 1, 1, 0, 5, 0), {}, "fallocate(3, FALLOC_FL_KEEP_SIZE, 1, 5) = 0"),
    (I386, "pwritev2", (3, 0, 0, 5, 1, 8), {}, "pwritev2(3, NULL, 0, 4294967301, RWF_NOWAIT) = 0"),
    (X64, "pwritev2", (3, 0, 0, -1, 77, 8), {}, "pwritev2(3, NULL, 0, -1, RWF_NOWAIT) = 0"),
    ("linux-x32", "pwritev2", (3, 0, 0, 5, 8), {}, "pwritev2(3, NULL, 0, 5, RWF_NOWAIT) = 0"),
    (
        I386,
        "sendfile",
        (4, 3, "o", 5),
        {"o": struct.pack("<ii", 2, 1), "ret": 0},
        "sendfile(4, 3, [2], 5) = 0",
    ),
    (
        I386,
        "sendfile64",
        (4, 3, "o", 5),
        {"o": struct.pack("<ii", 2, 1), "ret": 0},
        "sendfile64(4, 3, [4294967298], 5) = 0",
    ),
)
def test_numbers_in_two_registers(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        I386,
        "fcntl64",
        (3, 36, "l"),
        {"l": struct.pack("<hhqqi", 0, 0, 5, 6, 7)},
        "fcntl64(3, F_OFD_GETLK, {l_type=F_RDLCK, l_whence=SEEK_SET, l_start=5, l_len=6, "
        "l_pid=7}) = 0",
    ),
    (
        I386,
        "fcntl64",
        (3, 13, "l"),
        {"l": struct.pack("<hhqqi", 1, 0, 5, 6, 0)},
        "fcntl64(3, F_SETLK64, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=5, l_len=6, "
        "l_pid=0}) = 0",
    ),
    (
        I386,
        "fcntl64",
        (3, 6, "l"),
        {"l": struct.pack("<hhiii", 1, 0, 5, 6, 0)},
        "fcntl64(3, F_SETLK, {l_type=F_WRLCK, l_whence=SEEK_SET, l_start=5, l_len=6, l_pid=0}) = 0",
    ),
    (
        I386,
        "setsockopt",
        (3, 1, 66, "t", 16),
        {"t": struct.pack("<qq", 3, 4)},
        "setsockopt(3, SOL_SOCKET, SO_RCVTIMEO_NEW, {tv_sec=3, tv_usec=4}, 16) = 0",
    ),
)
def test_wide_structures_of_narrow_programs(
    abi: str, name: str, args: Any, more: Any, line: str
) -> None:
    assert shown(abi, name, *args, **more) == line


def test_a_number_in_two_registers_has_one_name() -> None:
    line = shown(I386, "ftruncate64", 3, 5, 1, shape=Shape(names=True))
    assert line == "ftruncate64(fd=3, length=4294967301) = 0"


@rows(
    (
        X64,
        "prctl",
        (16, "b", 7, 7, 7),
        {"b": b"old\0", "after": {"b": b"new\0"}},
        'prctl(PR_GET_NAME, "new") = 0',
    ),
    (
        X64,
        "prctl",
        (16, 8, 7, 7, 7),
        {"error": 14},
        "prctl(PR_GET_NAME, 0x8) = -1 EFAULT (Bad address)",
    ),
    (X64, "prctl", (3, 7, 7, 7, 7), {"ret": 1}, "prctl(PR_GET_DUMPABLE) = 1"),
    (X64, "prctl", (38, 1, 0, 0, 0), {}, "prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) = 0"),
    (X64, "prctl", (0x59616D61, -1, 7, 7, 7), {}, "prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY) = 0"),
    (
        I386,
        "prctl",
        (0x59616D61, 2**32 - 1, 7, 7, 7),
        {},
        "prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY) = 0",
    ),
    (X64, "prctl", (47, 1, 2, 0, 0), {}, "prctl(PR_CAP_AMBIENT, 0x1, 0x2, 0, 0) = 0"),
    (X64, "ioctl", (3, 0x5451, 77), {}, "ioctl(3, FIOCLEX) = 0"),
    (X64, "ioctl", (3, 0x540B, 2), {}, "ioctl(3, TCFLSH, 2) = 0"),
    (X64, "ioctl", (3, 0x5424, "i"), {"i": struct.pack("<i", 7)}, "ioctl(3, TIOCGETD, [7]) = 0"),
    (BSD, "ioctl", (3, 0x20006601, 77), {}, "ioctl(3, FIOCLEX) = 0"),
    (
        X64,
        "mremap",
        (4096, 1, 2, 1, 77),
        {"ret": 4096},
        "mremap(0x1000, 1, 2, MREMAP_MAYMOVE) = 0x1000",
    ),
    (
        X64,
        "mremap",
        (4096, 1, 2, 3, 8192),
        {"ret": 8192},
        "mremap(0x1000, 1, 2, MREMAP_MAYMOVE|MREMAP_FIXED, 0x2000) = 0x2000",
    ),
    (
        X64,
        "ioctl",
        (3, 0x802C542A, "t"),
        {"t": struct.pack("<4I", 1, 2, 3, 4)},
        "ioctl(3, TCGETS2, {c_iflag=0x1, c_oflag=0x2, c_cflag=0x3, c_lflag=0x4, ...}) = 0",
    ),
    (
        X64,
        "ioctl",
        (3, 0x8933, "i"),
        {"i": b"lo" + bytes(14) + b"\1"},
        'ioctl(3, SIOCGIFINDEX, {ifr_name="lo"}) = 0',
    ),
    (
        X64,
        "ioctl",
        (3, 0x8915, "i"),
        {"i": b"no0", "error": 19},
        'ioctl(3, SIOCGIFADDR, {ifr_name="no0"}) = -1 ENODEV (No such device)',
    ),
    (
        X64,
        "bpf",
        (5, 0, 8),
        {"error": 7},
        "bpf(BPF_PROG_LOAD, NULL, 8) = -1 E2BIG (Argument list too long)",
    ),
    (
        X64,
        "perf_event_open",
        ("a", 0, 2**32 - 1, 2**32 - 1, 8),
        {"a": struct.pack("<IIQ", 1, 128, 2), "ret": 3},
        "perf_event_open({type=PERF_TYPE_SOFTWARE, size=128, config=0x2, ...}, 0, -1, -1, "
        "PERF_FLAG_FD_CLOEXEC) = 3",
    ),
)
def test_arguments_that_are_not_taken(abi: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(abi, name, *args, **more) == line


@rows(
    (
        X64,
        "waitid",
        (1, 9, "i", 4, 0),
        {"i": struct.pack("<4iiIi", 17, 0, 1, 0, 9, 1000, 7)},
        "waitid(P_PID, 9, {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=9, si_uid=1000, "
        "si_status=7}, "
        "WEXITED, NULL) = 0",
    ),
    (
        I386,
        "waitid",
        (0, 0, "i", 4, 0),
        {"i": struct.pack("<3iiIi", 17, 0, 2, 9, 0, 9)},
        "waitid(P_ALL, 0, {si_signo=SIGCHLD, si_code=CLD_KILLED, si_pid=9, si_uid=0, "
        "si_status=SIGKILL}, WEXITED, NULL) = 0",
    ),
    (
        X64,
        "waitid",
        (0, 0, "i", 5, 0),
        {"i": b""},
        "waitid(P_ALL, 0, {}, WNOHANG|WEXITED, NULL) = 0",
    ),
    (
        X64,
        "waitid",
        (0, 0, "i", 4, 0),
        {"i": b"left", "error": 10},
        "waitid(P_ALL, 0, 0x10000, WEXITED, NULL) = -1 ECHILD (No child processes)",
    ),
    (
        X64,
        "rt_sigtimedwait",
        ("s", "i", 0, 8),
        {"s": struct.pack("<Q", 512), "i": struct.pack("<4iiI", 10, 0, 0, 0, 9, 3), "ret": 10},
        "rt_sigtimedwait([USR1], {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=3}, "
        "NULL, 8)"
        " = 10",
    ),
    (
        X64,
        "sched_setattr",
        (0, "a", 0),
        {"a": struct.pack("<IIQiIQQQ", 48, 3, 1, -5, 0, 0, 0, 0)},
        "sched_setattr(0, {sched_policy=SCHED_BATCH, sched_flags=SCHED_FLAG_RESET_ON_FORK, "
        "sched_nice=-5, sched_priority=0, sched_runtime=0, sched_deadline=0, sched_period=0, "
        "...}, 0)"
        " = 0",
    ),
    (
        X64,
        "sched_getattr",
        (0, "a", 48, 0),
        {"a": b"left", "error": 22},
        "sched_getattr(0, 0x10000, 48, 0) = -1 EINVAL (Invalid argument)",
    ),
    (
        X64,
        "landlock_create_ruleset",
        ("a", 8, 0),
        {"a": struct.pack("<QQ", 3, 3), "ret": 3},
        "landlock_create_ruleset({handled_access_fs=LANDLOCK_ACCESS_FS_EXECUTE"
        "|LANDLOCK_ACCESS_FS_WRITE_FILE, handled_access_net=0, scoped=0}, 8, 0) = 3",
    ),
)
def test_what_a_signal_says_and_a_scheduler(
    abi: str, name: str, args: Any, more: Any, line: str
) -> None:
    assert shown(abi, name, *args, **more) == line


def test_every_decoder_has_a_row() -> None:
    used = set()
    for abi, name in CALLS:
        os = abi.partition("-")[0]
        every = lines(COMMON) | lines(LINUX if os == "linux" else NETBSD)
        arguments, result = every.get(canonical(os, name), ([], ""))
        used |= {word.lstrip(">=").partition(":")[0] for word in [*arguments, result]}
    # These are for names and types of parameters.
    used |= {"device", "quad", "long", "user", "hex"}
    # Its rows are in test_decode_netbsd_old.py.
    used |= {"sent_signals"}
    assert WORDS.keys() - used == set()


def test_the_older_ways_of_i386() -> None:
    assert shown(I386, "select", "a", a=bytes(20)) == "select(0x10000) = 0"
    assert shown(I386, "getgroups", 9, "g", g=bytes(18), ret=9) == "getgroups(9, 0x10000) = 9"
    assert shown(I386, "getgroups32", 9, "g", g=b"\5\0\0\0", ret=1) == "getgroups32(9, [5]) = 1"
    assert shown(I386, "utimes", "p", "t", p=b"f\0", t=bytes(8) + b"\1\0\0\0\2\0\0\0") == (
        'utimes("f", [{tv_sec=0, tv_usec=0}, {tv_sec=1, tv_usec=2}]) = 0'
    )
    assert shown(I386, "sigprocmask", 0, "s", 0, s=bytes(8)) == "sigprocmask(0, 0x10000, NULL) = 0"


def test_what_is_not_known_is_hexadecimal() -> None:
    assert shown(X64, "vserver", *range(6)) == "vserver(0, 0x1, 0x2, 0x3, 0x4, 0x5) = 0"


def test_more_and_other_ways_to_show() -> None:
    whole = Shape(Shown(limit=64, verbose=True), names=True)
    data = words(1, 2)
    assert shown(X64, "nanosleep", "t", 0, t=data, shape=whole) == (
        "nanosleep(rqtp={tv_sec=1, tv_nsec=2}, rmtp=NULL) = 0"
    )
    assert ", st_ino=0," in shown(X64, "fstat", 3, "s", s=bytes(144), shape=whole)
    in_digits = Shape(Shown(limit=2, hexadecimal=True))
    assert shown(X64, "write", 1, "b", 3, b=b"a\0b", shape=in_digits) == (
        r'write(1, "\x61\x00"..., 3) = 0'
    )


def test_a_result_that_is_made_up() -> None:
    """What it says there is is not asked for whole: there may be no memory for that."""
    asked: list[int] = []

    def read(addr: int, size: int) -> bytes:
        asked.append(size)
        raise pt.KernelError(errno.EFAULT, "not mapped")

    call = Call((3, 0x1000, 99), read, read, Shown())
    call.retval = 2**63 - 1
    assert entries(Abi(X64), "16")(0x1000, call) == "0x1000"
    assert asked == [ENTRIES_MAX]
