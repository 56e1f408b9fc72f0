"""The tables of system calls, errors and signals."""

from __future__ import annotations

import errno
import platform
import re
import signal
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from pypicotrace import syscalls
from pypicotrace.choice import native_abis
from pypicotrace.syscalls import (
    _check,
    _generate,
    _linux_abis,
    _linux_sources,
    _modules,
    _netbsd_sources,
    linux,
    linux_x86_64,
)
from pypicotrace.syscalls._lines import declaration, in_registers, unknown_types
from pypicotrace.syscalls._linux_sources import EntryPoints, Source, Uapi
from pypicotrace.syscalls._packing import UNKNOWN, pack
from pypicotrace.syscalls._ziglang import Missing

ABI = "linux-x86_64"
X32_BIT = 0x40000000

each_abi = pytest.mark.parametrize("abi", syscalls.ABIS)

on_linux = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="Python's numbers are those of its own system; this is not Linux x86-64",
)


def narrow_bits(abi: str, name: str) -> int:
    table = syscalls.load(abi)
    _, _, narrow, _ = table.packed
    return narrow[table.by_name[name].number - table.base]


KNOWN = {
    "linux-x86_64": [
        (0, "read", 3),
        (9, "mmap", 6),
        (15, "rt_sigreturn", 0),
        (40, "sendfile", 4),
        (158, "arch_prctl", 2),
        (166, "umount2", 2),
        (202, "futex", 6),
        (231, "exit_group", 1),
        (257, "openat", 4),
        (262, "newfstatat", 4),
        (301, "fanotify_mark", 5),
        (425, "io_uring_setup", 2),
        (435, "clone3", 2),
        (453, "map_shadow_stack", 3),
        (462, "mseal", 3),
    ],
    "linux-i386": [
        (1, "exit", 1),
        (3, "read", 3),
        (11, "execve", 3),
        (72, "sigsuspend", 3),
        (82, "select", 1),
        (90, "mmap", 1),
        (102, "socketcall", 2),
        (117, "ipc", 6),
        (119, "sigreturn", 0),
        (120, "clone", 5),
        (140, "_llseek", 5),
        (142, "_newselect", 5),
        (174, "rt_sigaction", 4),
        (180, "pread64", 5),
        (192, "mmap2", 6),
        (195, "stat64", 2),
        (221, "fcntl64", 3),
        (225, "readahead", 4),
        (240, "futex", 6),
        (243, "set_thread_area", 1),
        (252, "exit_group", 1),
        (295, "openat", 4),
        (314, "sync_file_range", 6),
        (324, "fallocate", 6),
        (339, "fanotify_mark", 6),
        (403, "clock_gettime64", 2),
        (435, "clone3", 2),
    ],
    "linux-x32": [
        (X32_BIT, "read", 3),
        (X32_BIT | 17, "pread64", 4),
        (X32_BIT | 60, "exit", 1),
        (X32_BIT | 257, "openat", 4),
        (X32_BIT | 512, "rt_sigaction", 4),
        (X32_BIT | 514, "ioctl", 3),
        (X32_BIT | 520, "execve", 3),
        (X32_BIT | 534, "preadv", 4),
        (X32_BIT | 547, "pwritev2", 5),
    ],
    "linux-aarch64": [
        (29, "ioctl", 3),
        (56, "openat", 4),
        (63, "read", 3),
        (79, "newfstatat", 4),
        (93, "exit", 1),
        (139, "rt_sigreturn", 0),
        (220, "clone", 5),
        (221, "execve", 3),
        (222, "mmap", 6),
        (223, "fadvise64", 4),
        (260, "wait4", 4),
        (435, "clone3", 2),
    ],
    # What a tracer saw on NetBSD 10.99.12 amd64: how many arguments the kernel reports.
    "netbsd-amd64": [
        (1, "exit", 1),
        (2, "fork", 0),
        (3, "read", 3),
        (4, "write", 3),
        (5, "open", 3),
        (6, "close", 1),
        (20, "getpid", 0),
        (37, "kill", 2),
        (42, "pipe", 0),
        (54, "ioctl", 3),
        (58, "readlink", 3),
        (59, "execve", 3),
        (73, "munmap", 2),
        (74, "mprotect", 3),
        (90, "dup2", 2),
        (194, "getrlimit", 2),
        (197, "mmap", 7),
        (199, "lseek", 4),
        (202, "__sysctl", 6),
        (209, "poll", 3),
        (282, "__vfork14", 0),
        (293, "__sigprocmask14", 3),
        (294, "__sigsuspend14", 1),
        (296, "__getcwd", 2),
        (308, "setcontext", 1),
        (309, "_lwp_create", 3),
        (310, "_lwp_exit", 0),
        (311, "_lwp_self", 0),
        (312, "_lwp_wait", 2),
        (317, "_lwp_setprivate", 1),
        (318, "_lwp_kill", 2),
        (322, "_lwp_unpark_all", 3),
        (340, "__sigaction_sigtramp", 5),
        (343, "rasctl", 3),
        (417, "__select50", 5),
        (418, "__gettimeofday50", 2),
        (425, "__setitimer50", 3),
        (430, "__nanosleep50", 2),
        (439, "__stat50", 2),
        (440, "__fstat50", 2),
        (449, "__wait450", 4),
        (474, "posix_spawn", 6),
        (478, "___lwp_park60", 6),
    ],
    "netbsd-i386": [
        (3, "read", 3),
        (169, "compat_10_osemsys", 5),
        (173, "pread", 6),
        (197, "mmap", 8),
        (199, "lseek", 5),
        (416, "__posix_fadvise50", 7),
        (449, "__wait450", 4),
        (450, "__mknod50", 4),
    ],
}


@pytest.mark.parametrize(
    ("abi", "number", "name", "count"),
    [(abi, *call) for abi, calls in KNOWN.items() for call in calls],
)
def test_known_calls(abi: str, number: int, name: str, count: int) -> None:
    call = syscalls.load(abi).by_number[number]
    assert (call.name, len(call.params), call.known) == (name, count, True)
    assert syscalls.load(abi).by_name[name] is call


# What registers hold: i386's are too short for an offset, AArch64 and i386 take clone's arguments
# in an order of their own, and NetBSD's padding is an argument.
@pytest.mark.parametrize(
    ("abi", "prototype"),
    [
        ("linux-i386", "pread64(unsigned int fd, char *buf, size_t count, u32 pos_lo, u32 pos_hi)"),
        ("linux-i386", "truncate64(const char *path, u32 length_lo, u32 length_hi)"),
        (
            "linux-i386",
            "fadvise64_64(int fd, u32 offset_lo, u32 offset_hi, u32 len_lo, u32 len_hi, "
            "int advice)",
        ),
        (
            "linux-i386",
            "_llseek(unsigned int fd, unsigned long offset_high, unsigned long offset_low, "
            "loff_t *result, unsigned int whence)",
        ),
        ("linux-i386", "chown(const char *path, old_uid_t uid, old_gid_t gid)"),
        ("linux-i386", "chown32(const char *path, uid_t uid, gid_t gid)"),
        ("linux-i386", "time(old_time32_t *tloc)"),
        (
            "linux-i386",
            "clone(unsigned long clone_flags, unsigned long newsp, int *parent_tidptr, "
            "unsigned long tls, int *child_tidptr)",
        ),
        (
            "linux-aarch64",
            "clone(unsigned long clone_flags, unsigned long newsp, int *parent_tidptr, "
            "unsigned long tls, int *child_tidptr)",
        ),
        (
            "linux-x86_64",
            "clone(unsigned long clone_flags, unsigned long newsp, int *parent_tidptr, "
            "int *child_tidptr, unsigned long tls)",
        ),
        ("linux-aarch64", "fadvise64(int fd, loff_t offset, loff_t len, int advice)"),
        ("linux-x32", "pread64(unsigned int fd, char *buf, size_t count, loff_t pos)"),
        ("linux-x32", "ioctl(unsigned int fd, unsigned int cmd, compat_ulong_t arg)"),
        (
            "netbsd-amd64",
            "mmap(void *addr, size_t len, int prot, int flags, int fd, long PAD, off_t pos)",
        ),
        (
            "netbsd-i386",
            "lseek(int fd, int PAD, uint32_t offset_lo, uint32_t offset_hi, int whence)",
        ),
        ("netbsd-amd64", "compat_43_olseek(int fd, long offset, int whence)"),
        ("netbsd-amd64", "execve(const char *path, char *const *argp, char *const *envp)"),
    ],
)
def test_known_prototypes(abi: str, prototype: str) -> None:
    assert str(syscalls.load(abi).by_name[prototype.partition("(")[0]]) == prototype


@pytest.mark.parametrize(
    ("name", "returns", "wide"),
    [
        ("exit", "void", False),
        ("_lwp_setprivate", "void", False),
        ("open", "int", False),
        ("pipe", "int", False),
        ("getuid", "uid_t", False),
        ("_lwp_self", "lwpid_t", False),
        ("mq_open", "mqd_t", False),
        ("umask", "mode_t", False),
        ("read", "ssize_t", True),
        ("mmap", "void *", True),
        ("_lwp_getprivate", "void *", True),
        ("lseek", "off_t", True),
        ("pathconf", "long", True),
    ],
)
def test_results_of_netbsd(name: str, returns: str, wide: bool) -> None:
    call = syscalls.load("netbsd-amd64").by_name[name]
    assert (call.returns, call.wide) == (returns, wide)
    # A register of 32 bits holds no more.
    short = syscalls.load("netbsd-i386").by_name[name]
    assert (short.returns, short.wide) == (returns, False)


@pytest.mark.parametrize("abi", [abi for abi in syscalls.ABIS if abi.startswith("linux")])
def test_results_of_linux(abi: str) -> None:
    calls = syscalls.load(abi).by_number.values()
    assert {call.returns for call in calls} == {"long"}
    assert {call.wide for call in calls} == {abi not in syscalls.ILP32}


def test_a_call_in_full() -> None:
    call = syscalls.load(ABI).by_name["openat"]
    assert [(p.type, p.name) for p in call.params] == [
        ("int", "fd"),
        ("const char *", "path"),
        ("int", "flags"),
        ("umode_t", "mode"),
    ]
    assert str(call) == "openat(int fd, const char *path, int flags, umode_t mode)"
    assert repr(call) == f"<Syscall 257 {call}>"
    assert repr(call.params[0]) == "Param('int', 'fd')"


def test_types_keep_their_qualifiers() -> None:
    by_name = syscalls.load(ABI).by_name
    assert by_name["execve"].params[1].type == "const char *const *"
    rule = by_name["landlock_add_rule"].params
    assert [p.type for p in rule][1:3] == ["const enum landlock_rule_type", "const void *const"]


@each_abi
def test_parameters_print_as_declarations(abi: str) -> None:
    for call in syscalls.load(abi).by_number.values():
        if call.known:
            assert str(call) == f"{call.name}({', '.join(map(str, call.params))})"


@pytest.mark.parametrize(
    ("abi", "name", "bits"),
    [
        ("linux-x86_64", "read", 0b001),
        ("linux-x86_64", "openat", 0b1101),
        ("linux-x86_64", "mmap", 0),
        ("linux-x86_64", "futex", 0b100110),
        ("linux-x86_64", "exit_group", 0b1),
        ("linux-x86_64", "clock_gettime", 0b01),
        ("linux-x86_64", "landlock_add_rule", 0b1011),
        ("linux-x86_64", "semget", 0b111),
        ("linux-x86_64", "rt_sigreturn", 0),
        ("linux-x86_64", "afs_syscall", 0),
        ("linux-aarch64", "openat", 0b1101),
        # x32 passes an offset in one register.
        ("linux-x32", "lseek", 0b101),
        ("linux-x32", "ioctl", 0b111),
        ("linux-x32", "rt_sigaction", 0b1001),
        ("linux-i386", "read", 0b111),
        ("linux-i386", "mmap2", 0b111111),
        ("linux-i386", "pread64", 0b11111),
        ("linux-i386", "getpid", 0),
        ("netbsd-amd64", "read", 0b001),
        ("netbsd-amd64", "mmap", 0b0011100),
        ("netbsd-amd64", "lseek", 0b1011),
        # NetBSD's key_t is a long.
        ("netbsd-amd64", "semget", 0b110),
        ("netbsd-amd64", "wait6", 0b001011),
        ("netbsd-i386", "mmap", 0b11111111),
    ],
)
def test_narrow_arguments(abi: str, name: str, bits: int) -> None:
    assert narrow_bits(abi, name) == bits


def test_call_without_known_prototype() -> None:
    call = syscalls.load(ABI).by_name["afs_syscall"]
    assert (call.number, call.known, call.params) == (183, False, ())
    assert str(call) == "afs_syscall(?)"


@pytest.mark.parametrize("name", ["syscall", "__syscall"])
def test_indirect_calls_are_not_known(name: str) -> None:
    call = syscalls.load("netbsd-amd64").by_name[name]
    assert (call.known, call.params) == (False, ())


@each_abi
def test_lines_are_unique_and_in_order(abi: str) -> None:
    module = import_module(f"pypicotrace.syscalls.{abi.replace('-', '_')}")
    lines = module.TABLE.splitlines()
    table = syscalls.load(abi)
    numbers = [int(line.split()[0]) + table.base for line in lines]
    assert numbers == sorted(set(numbers)) == list(table.by_number)
    assert len(table.by_name) == len(lines)
    returns = r" \w+( \*)?" if abi.startswith("netbsd") else ""
    assert all(re.fullmatch(rf"\d+ \w+\(([\w ,*]*|\?)\){returns}", line) for line in lines)


@each_abi
def test_parameters_are_well_formed(abi: str) -> None:
    most = 8 if abi.startswith("netbsd") else 6
    for call in syscalls.load(abi).by_number.values():
        names = [p.name for p in call.params]
        assert len(names) == len(set(names)) <= most, call
        assert all(name.isidentifier() for name in names), call
    assert unknown_types(syscalls.load(abi)) == set()


@each_abi
def test_packed_says_what_the_table_says(abi: str) -> None:
    table = syscalls.load(abi)
    names, nargs, narrow, returns = table.packed
    split = names.decode().split("\0")
    assert split.pop() == ""
    assert (
        len(split)
        == len(nargs)
        == len(narrow)
        == len(returns)
        == max(table.by_number) + 1 - table.base
    )
    for i, name in enumerate(split):
        call = table.by_number.get(table.base + i)
        if call is None or not call.known:
            assert (nargs[i], narrow[i]) == (UNKNOWN, 0)
        else:
            bits = [bool(narrow[i] >> place & 1) for place in range(nargs[i])]
            assert bits == [p.narrow for p in call.params]
        assert name == (call.name if call else "")


@each_abi
def test_packed_is_what_would_be_generated(abi: str) -> None:
    assert syscalls.load(abi).packed == pack(syscalls.load(abi))


def test_packed_stays_small() -> None:
    # x32's numbers are beyond a thousand million.
    assert {abi: syscalls.load(abi).base for abi in syscalls.ABIS if syscalls.load(abi).base} == {
        "linux-x32": X32_BIT
    }
    assert all(len(syscalls.load(abi).packed[1]) < 600 for abi in syscalls.ABIS)


def test_a_table_without_calls() -> None:
    assert pack(syscalls.Table("linux-x32", "")) == (b"", b"", b"", b"")


def test_netbsds_two_tables_have_the_same_calls() -> None:
    long, short = syscalls.load("netbsd-amd64"), syscalls.load("netbsd-i386")
    extra = {short.by_number[number].name for number in short.by_number.keys() - long.by_number}
    assert extra == {"compat_10_osemsys", "compat_10_omsgsys", "compat_10_oshmsys"}
    for number, call in long.by_number.items():
        assert short.by_number[number].name == call.name
        halves = in_registers("netbsd-i386", [str(param) for param in call.params])
        assert [str(param) for param in short.by_number[number].params] == halves


def test_x32_shares_the_calls_of_x86_64() -> None:
    short, long = syscalls.load("linux-x32"), syscalls.load("linux-x86_64")
    for number, call in short.by_number.items():
        if number < X32_BIT + 512:
            assert str(long.by_number[number - X32_BIT]) == str(call)
        else:
            assert long.by_name[call.name].number not in short.by_number


@pytest.mark.parametrize(
    ("os", "machine", "abis"),
    [
        ("linux", "x86_64", ("linux-x86_64", "linux-i386", "linux-x32")),
        ("linux", "i686", ("linux-i386",)),
        ("linux", "aarch64", ("linux-aarch64",)),
        ("linux", "riscv64", ()),
        ("netbsd", "amd64", ("netbsd-amd64", "netbsd-i386")),
        ("netbsd", "x86_64", ("netbsd-amd64", "netbsd-i386")),
        ("netbsd", "sparc64", ("netbsd-amd64",)),
        ("netbsd", "i386", ("netbsd-i386",)),
        ("netbsd", "macppc", ()),
    ],
)
def test_the_abis_of_a_machine(os: str, machine: str, abis: tuple[str, ...]) -> None:
    assert syscalls.for_system(os, machine) == abis


@pytest.mark.parametrize(
    ("machine", "maxsize", "order", "abis"),
    [
        ("evbarm", 2**63 - 1, "little", ("netbsd-amd64", "netbsd-i386")),
        ("evbarm", 2**63 - 1, "big", ("netbsd-amd64",)),
        ("evbarm", 2**31 - 1, "little", ("netbsd-i386",)),
        ("evbarm", 2**31 - 1, "big", ()),
        ("riscv", 2**63 - 1, "little", ("netbsd-amd64",)),
        ("amd64", 2**63 - 1, "little", ("netbsd-amd64", "netbsd-i386")),
    ],
)
def test_the_abis_here(
    monkeypatch: pytest.MonkeyPatch, machine: str, maxsize: int, order: str, abis: tuple[str, ...]
) -> None:
    """On NetBSD a machine is what its port is called."""
    monkeypatch.setattr("sys.platform", "netbsd10")
    monkeypatch.setattr("sys.maxsize", maxsize)
    monkeypatch.setattr("sys.byteorder", order)
    monkeypatch.setattr("os.uname", lambda: SimpleNamespace(machine=machine))
    assert native_abis() == abis


def test_machines_have_tables() -> None:
    assert syscalls.MACHINES.keys() == set(syscalls.SYSTEMS)
    abis = {
        abi for machines in syscalls.MACHINES.values() for each in machines.values() for abi in each
    }
    assert abis == set(syscalls.ABIS)


def test_load_caches() -> None:
    assert syscalls.load(ABI) is syscalls.load(ABI)
    assert syscalls.load(ABI).abi == ABI


def test_every_listed_name_loads() -> None:
    assert all(syscalls.load(abi).by_number for abi in syscalls.ABIS)
    assert all(syscalls.errors(os) and syscalls.signals(os) for os in syscalls.SYSTEMS)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="'vax'; known: linux-x86_64, linux-i386"):
        syscalls.load("vax")
    for function in (syscalls.errors, syscalls.signals, lambda os: syscalls.for_system(os, "vax")):
        with pytest.raises(ValueError, match="'vms'; known: linux, netbsd"):
            function("vms")


@pytest.mark.parametrize(
    ("os", "number", "name"),
    [
        ("linux", 2, "ENOENT"),
        ("linux", 11, "EAGAIN"),
        ("linux", 35, "EDEADLK"),
        ("linux", 95, "EOPNOTSUPP"),
        ("linux", 512, "ERESTARTSYS"),
        ("linux", 513, "ERESTARTNOINTR"),
        ("linux", 514, "ERESTARTNOHAND"),
        ("linux", 516, "ERESTART_RESTARTBLOCK"),
        ("netbsd", -3, "ERESTART"),
        ("netbsd", -2, "EJUSTRETURN"),
        ("netbsd", 2, "ENOENT"),
        ("netbsd", 11, "EDEADLK"),
        ("netbsd", 35, "EAGAIN"),
        ("netbsd", 78, "ENOSYS"),
        ("netbsd", 98, "ENOTRECOVERABLE"),
    ],
)
def test_known_errors(os: str, number: int, name: str) -> None:
    assert syscalls.errors(os)[number] == name


@pytest.mark.parametrize(
    ("os", "number", "name"),
    [
        ("linux", 6, "SIGABRT"),
        ("linux", 17, "SIGCHLD"),
        ("linux", 29, "SIGIO"),
        ("linux", 31, "SIGSYS"),
        ("linux", 32, "SIG32"),
        ("linux", 33, "SIG33"),
        ("linux", 34, "SIGRTMIN"),
        ("linux", 35, "SIGRTMIN+1"),
        ("linux", 64, "SIGRTMIN+30"),
        ("netbsd", 1, "SIGHUP"),
        ("netbsd", 6, "SIGABRT"),
        ("netbsd", 17, "SIGSTOP"),
        ("netbsd", 20, "SIGCHLD"),
        ("netbsd", 29, "SIGINFO"),
        ("netbsd", 32, "SIGPWR"),
        ("netbsd", 33, "SIGRTMIN"),
        ("netbsd", 63, "SIGRTMIN+30"),
    ],
)
def test_known_signals(os: str, number: int, name: str) -> None:
    assert syscalls.signals(os)[number] == name


@pytest.mark.parametrize(("os", "last"), [("linux", 64), ("netbsd", 63)])
def test_signals_have_no_holes(os: str, last: int) -> None:
    assert list(syscalls.signals(os)) == list(range(1, last + 1))


@on_linux
def test_errors_agree_with_python() -> None:
    names = syscalls.errors("linux")
    assert errno.errorcode.keys() <= names.keys()
    assert all(getattr(errno, names[number]) == number for number in errno.errorcode)


@on_linux
def test_signals_agree_with_python() -> None:
    names = syscalls.signals("linux")
    # Which signals are real-time is the C library's affair.
    standard = [number for number in signal.valid_signals() if number < 32]
    # Python has no name for 16 before 3.11.
    known = [number for number in standard if hasattr(signal, names[number])]
    assert {*standard} - {*known} <= {16}
    assert all(getattr(signal, names[number]) == number for number in known)


def test_pack_names() -> None:
    assert syscalls.pack_names({1: "one", 3: "three"}) == b"\0one\0\0three\0"
    assert syscalls.pack_names({0: "zero"}) == b"zero\0"
    assert syscalls.pack_names({}) == b""
    assert syscalls.pack_names({-2: "minus two", 1: "one"}) == b"\0one\0"
    assert syscalls.pack_names({-2: "minus two", 1: "one"}, -2) == b"minus two\0\0\0one\0"
    assert syscalls.pack_names({7: "seven", 9: "nine"}, 7) == b"seven\0\0nine\0"
    assert syscalls.pack_names({}, 7) == syscalls.pack_names({-1: "minus one"}) == b""


def test_near() -> None:
    names = syscalls.load(ABI).by_name
    assert syscalls.near("opnat", names)[0] == "openat"
    assert "read" in syscalls.near("raed", names)
    assert syscalls.near("xyzzy", names) == []


LOADED = """
import sys, types
package = types.ModuleType("pypicotrace")
package.__path__ = sys.argv[1:2]
sys.modules["pypicotrace"] = package
before = set(sys.modules)
from pypicotrace import syscalls
syscalls.load(sys.argv[2]).packed
print(*set(sys.modules) - before)
"""


@each_abi
def test_importing_stays_cheap(abi: str) -> None:
    # The package is stood in for: what it imports itself is not what this is about.
    package = str(Path(syscalls.__file__).parents[1])
    command = [sys.executable, "-S", "-c", LOADED, package, abi]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(loaded) == [
        "__future__",
        "pypicotrace.syscalls",
        f"pypicotrace.syscalls.{abi.replace('-', '_')}",
    ]


# The generator.


def test_regenerating_gives_the_same() -> None:
    report = _check.check()
    if not report.compared:
        pytest.skip(f"no source of the tables is here: {'; '.join(report.missing)}")
    assert report.differences == []


def only(monkeypatch: pytest.MonkeyPatch, *sources: Source) -> None:
    """Lets the check find these sources of prototypes and no others."""

    def missing() -> None:
        raise Missing("no headers")

    for name in ("pinned_uapi", "pinned_netbsd", "from_tracefs"):
        monkeypatch.setattr(_check, name, missing)
        monkeypatch.setattr(_generate, name, missing)
    monkeypatch.setattr(_check, "from_headers", lambda: list(sources))
    monkeypatch.setattr(_check, "from_builds", list)


def source(label: str, **prototypes: list[str]) -> Source:
    return Source(label, {name: [params] for name, params in prototypes.items()}, {})


def test_check_without_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch)
    assert _generate.main(["--check"]) == 2
    output = capsys.readouterr()
    assert output.out == "not compared: no headers\n"
    assert "no source" in output.err


def test_check_reports_another_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    label = next(iter(linux_x86_64.SOURCES))
    only(monkeypatch, source(label, close=["int fd"], dup=["unsigned int fildes"]))
    assert _generate.main(["--check"]) == 1
    output = capsys.readouterr().out
    assert f"{label}: linux-x86_64: 3 close(int fd), not 3 close(unsigned int fd)" in output
    assert f"{label}: linux-aarch64: 57 close(int fd), not 57 close(unsigned int fd)" in output
    assert output.count(", not ") == len(_linux_abis.ABIS)


def test_check_compares_counts_with_another_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    label = "tracefs of Linux 2.4"
    only(monkeypatch, source(label, close=["short handle"], dup=["int a", "int b"]))
    assert _check.check().differences == [
        f"{label}: {abi.name}: dup(unsigned int fd) has another number of arguments"
        for abi in _linux_abis.ABIS
    ]


def test_check_counts_registers(monkeypatch: pytest.MonkeyPatch) -> None:
    # Three parameters are four registers on i386, as the table has it.
    only(monkeypatch, source("Linux 2.4", readahead=["int fd", "loff_t offset", "size_t count"]))
    assert _check.check().differences == []


def test_check_reports_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, Source("headers", {}, {512: "EOTHER", 999: "ENEW"}))
    assert _check.check().differences == ["headers: 512 is EOTHER, not ERESTARTSYS"]


def test_check_reports_another_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    names = {"linux-x86_64": {4: "stat"}, "linux-i386": {13: "time32", 180: "ia32_pread64"}}
    monkeypatch.setattr(_check, "from_builds", lambda: [EntryPoints("a kernel", names)])
    assert _check.check().differences == ["a kernel: linux-x86_64: stat is stat, not newstat"]


def only_uapi(monkeypatch: pytest.MonkeyPatch, label: str, **calls: int) -> None:
    """Lets the check find headers that say what we do, and ``calls``, and nothing else."""
    only(monkeypatch)
    numbers = {
        abi.name: {
            number - syscalls.load(abi.name).base: call.name
            for number, call in syscalls.load(abi.name).by_number.items()
        }
        for abi in _linux_abis.ABIS
    }
    numbers[ABI].update({number: name for name, number in calls.items()})
    errors = {number: name for number, name in linux.ERRORS.items() if number < 512}
    uapi = Uapi(label, numbers, errors, linux.SIGNALS)
    monkeypatch.setattr(_check, "pinned_uapi", lambda: uapi)


def test_check_reports_another_number(monkeypatch: pytest.MonkeyPatch) -> None:
    only_uapi(monkeypatch, "headers", wrote=1)
    assert "headers: linux-x86_64: 1 is wrote, not write" in _check.check().differences


def test_check_reports_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    only_uapi(monkeypatch, "headers of another day")
    assert _check.check().differences == [
        f"{name}.py: generating it again gives another text"
        for name in ("linux_x86_64", "linux_i386", "linux_x32", "linux_aarch64", "linux")
    ]


def test_check_reports_another_text_of_netbsd(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch)
    netbsd = _netbsd_sources.NetBSD("syscall.h 1.0", "errno.h 1.0", [], {}, {})
    monkeypatch.setattr(_check, "pinned_netbsd", lambda: netbsd)
    report = _check.check()
    assert report.compared == ["syscall.h 1.0", "errno.h 1.0"]
    assert report.differences == [
        f"{name}.py: generating it again gives another text"
        for name in ("netbsd_amd64", "netbsd_i386", "netbsd")
    ]


def test_generating_needs_all_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch)
    assert _generate.main([]) == 2
    assert "no headers" in capsys.readouterr().err


def generated(call: str, *params: str) -> None:
    """Generates tables in which there is this call alone."""
    numbers = {abi.name: {3: call} for abi in _linux_abis.ABIS}
    sources = {abi.name: [source("kernel", **{call: list(params)})] for abi in _linux_abis.ABIS}
    _modules.linux_modules(Uapi("headers", numbers, {}, {}), sources)


def test_generating_refuses_an_unknown_type() -> None:
    with pytest.raises(ValueError, match="linux-x86_64: types of no known width: handle_t"):
        generated("close", "handle_t fd")


def test_generating_refuses_a_parameter_without_a_name() -> None:
    with pytest.raises(ValueError, match="close: no name in 'fd_set \\*'"):
        generated("close", "fd_set *")


def test_types_of_no_known_width() -> None:
    # A 64-bit type that is in no list of those that take two registers would be taken for one.
    line = "3 read(off64_t *at, off64_t pos, const int fd, enum whence from)"
    assert unknown_types(syscalls.Table("linux-i386", line)) == {"off64_t"}
    assert unknown_types(syscalls.Table("linux-i386", "3 read(loff_t pos)")) == {"loff_t"}
    assert unknown_types(syscalls.Table("netbsd-i386", "3 read(off_t at) off_t")) == {"off_t"}
    assert unknown_types(syscalls.Table("netbsd-i386", "3 read() off_t")) == set()
    assert unknown_types(syscalls.Table("netbsd-amd64", "3 read(int fd) off64_t")) == {"off64_t"}


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("const char __user *const __user *  argv", "const char *const *argv"),
        ("unsigned flags", "unsigned int flags"),
        ("unsigned * prio", "unsigned int *prio"),
        ("unsigned long arg", "unsigned long arg"),
    ],
)
def test_spelling(text: str, spelled: str) -> None:
    assert declaration(text) == spelled


TRACEFS_FORMAT = """\
name: sys_enter_openat
ID: 1
format:
\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;

\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;
\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;
\tfield:const char *const * filename;\toffset:24;\tsize:8;\tsigned:0;
\tfield:unsigned flags;\toffset:32;\tsize:8;\tsigned:0;
\tfield:__data_loc char[] __filename_val;\toffset:40;\tsize:4;\tsigned:0;

print fmt: ""
"""


def test_reading_tracefs() -> None:
    fields = _linux_sources._fields(TRACEFS_FORMAT)
    assert fields == ["int dfd", "const char *const *filename", "unsigned int flags"]


def test_reading_headers(tmp_path: Path) -> None:
    for place in ("include/linux", "include/asm-generic"):
        (tmp_path / place).mkdir(parents=True)
    (tmp_path / "include/linux/syscalls.h").write_text(
        "asmlinkage long sys_mincore(unsigned long start, /* a comment, */\n"
        "\t\tsize_t len,\n\t\tunsigned char __user * vec);\n"
        "asmlinkage long sys_sync(void);\n"
    )
    (tmp_path / "include/asm-generic/syscalls.h").write_text(
        "asmlinkage long sys_rt_sigreturn(struct pt_regs *regs);\n"
    )
    (tmp_path / "include/linux/compat.h").write_text(
        "asmlinkage long\ncompat_sys_ioctl(unsigned int fd, compat_ulong_t arg);\n"
        "asmlinkage long compat_sys_readahead(int fd, compat_arg_u64(offset), size_t count);\n"
    )
    (tmp_path / "include/linux/errno.h").write_text(
        "#define ERESTARTSYS\t512\n#define EFIRST 530 /* a comment */\n#define ESECOND 530\n"
    )
    assert _linux_sources._headers((6, 1), tmp_path) == Source(
        "headers of Linux 6.1",
        {
            "mincore": [["unsigned long start", "size_t len", "unsigned char *vec"]],
            "sync": [[]],
            "rt_sigreturn": [[]],
            "compat_sys_ioctl": [["unsigned int fd", "compat_ulong_t arg"]],
        },
        {512: "ERESTARTSYS", 530: "EFIRST"},
    )


def test_reading_numbers_and_entry_points(tmp_path: Path) -> None:
    header = tmp_path / "header.h"
    header.write_text(
        "#define __NR_read (__X32_SYSCALL_BIT + 0)\n#define __NR_write 1\n#define __NR_syscalls\n"
    )
    assert _linux_sources._numbers(header) == {0: "read", 1: "write"}
    header.write_text(
        "__SYSCALL(0, sys_read)\n__SYSCALL(9, sys_ni_syscall)\n"
        "__SYSCALL_WITH_COMPAT(5, sys_open, compat_sys_open)\n"
        "__SYSCALL(514, compat_sys_ioctl)\n"
    )
    names = {0: "read", 5: "open", 514: "compat_sys_ioctl"}
    assert _linux_sources._entry_points(header) == names


NETBSD_NUMBERS = """\
#define\tSYS_MAXSYSARGS\t8

/* syscall: "syscall" ret: "int" args: "int" "..." */
#define\tSYS_syscall\t0

/* syscall: "fork" ret: "int" args: */
#define\tSYS_fork\t2

\t\t\t\t/* 11 is obsolete execv */
/* syscall: "compat_43_olseek" ret: "long" args: "int" "unsigned" */
#define\tSYS_compat_43_olseek\t19

#if !defined(_LP64)
/* syscall: "compat_10_osemsys" ret: "int" args: "int" */
#define\tSYS_compat_10_osemsys\t169

#else
\t\t\t\t/* 169 is excluded 1.0 semsys */
#endif
/* syscall: "ioctl" ret: "void *" args: "int" "..." */
#define\tSYS_ioctl\t54
"""
NETBSD_ARGUMENTS = """\
struct sys_syscall_args {
\tsyscallarg(int) code;
\tsyscallarg(register_t) args[SYS_MAXSYSARGS];
};
struct compat_43_sys_lseek_args {
\tsyscallarg(int) fd;
\tsyscallarg(unsigned) offset;
};
#if !defined(_LP64)
struct compat_10_sys_semsys_args {
\tsyscallarg(int) which;
};
#endif
struct sys_ioctl_args {
\tsyscallarg(int) fd;
\tsyscallarg(void *) data;
};
"""


def test_reading_netbsd() -> None:
    assert _netbsd_sources.read_calls(NETBSD_NUMBERS, NETBSD_ARGUMENTS) == [
        (0, "syscall", None, "int", False),
        (2, "fork", [], "int", False),
        (19, "compat_43_olseek", ["int fd", "unsigned int offset"], "long", False),
        (169, "compat_10_osemsys", ["int which"], "int", True),
        (54, "ioctl", ["int fd", "void *data"], "void *", False),
    ]


def test_reading_netbsd_refuses_what_does_not_agree() -> None:
    with pytest.raises(ValueError, match=r"compat_43_olseek: .* are not of types"):
        _netbsd_sources.read_calls(NETBSD_NUMBERS, NETBSD_ARGUMENTS.replace("(unsigned)", "(long)"))
    without = NETBSD_ARGUMENTS.partition("struct sys_ioctl")[0]
    with pytest.raises(ValueError, match=r"ioctl: \[\] are not of types"):
        _netbsd_sources.read_calls(NETBSD_NUMBERS, without)
    with pytest.raises(ValueError, match="parameters of no call"):
        _netbsd_sources.read_calls(NETBSD_NUMBERS, 2 * NETBSD_ARGUMENTS)
