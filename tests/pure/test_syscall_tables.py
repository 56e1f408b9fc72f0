"""The tables of system calls, errors and signals."""

from __future__ import annotations

import errno
import platform
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from pypicotrace import syscalls
from pypicotrace.syscalls import _generate, linux, linux_x86_64

ABI = "linux-x86_64"

on_linux = pytest.mark.skipif(
    (platform.system(), platform.machine()) != ("Linux", "x86_64"),
    reason="Python's numbers are those of its own system; this is not Linux x86-64",
)


def narrow_bits(name: str) -> int:
    _, _, narrow = syscalls.load(ABI).packed()
    return narrow[syscalls.load(ABI).by_name[name].number]


@pytest.mark.parametrize(
    ("number", "name", "count"),
    [
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
)
def test_known_calls(number: int, name: str, count: int) -> None:
    call = syscalls.load(ABI).by_number[number]
    assert (call.name, len(call.params), call.known) == (name, count, True)
    assert syscalls.load(ABI).by_name[name] is call


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


def test_parameters_print_as_declarations() -> None:
    for call in syscalls.load(ABI).by_number.values():
        if call.known:
            assert str(call) == f"{call.name}({', '.join(map(str, call.params))})"


@pytest.mark.parametrize(
    ("name", "bits"),
    [
        ("read", 0b001),
        ("openat", 0b1101),
        ("mmap", 0),
        ("futex", 0b100110),
        ("exit_group", 0b1),
        ("clock_gettime", 0b01),
        ("landlock_add_rule", 0b1011),
        ("rt_sigreturn", 0),
        ("afs_syscall", 0),
    ],
)
def test_narrow_arguments(name: str, bits: int) -> None:
    assert narrow_bits(name) == bits


def test_call_without_known_prototype() -> None:
    call = syscalls.load(ABI).by_name["afs_syscall"]
    assert (call.number, call.known, call.params) == (183, False, ())
    assert str(call) == "afs_syscall(?)"


def test_lines_are_unique_and_in_order() -> None:
    lines = linux_x86_64.TABLE.splitlines()
    numbers = [int(line.split()[0]) for line in lines]
    table = syscalls.load(ABI)
    assert numbers == sorted(set(numbers)) == list(table.by_number)
    assert len(table.by_name) == len(lines)
    assert all(re.fullmatch(r"\d+ \w+\([\w ,*]*\)|\d+ \w+\(\?\)", line) for line in lines)


def test_parameters_are_well_formed() -> None:
    for call in syscalls.load(ABI).by_number.values():
        names = [p.name for p in call.params]
        assert len(names) == len(set(names)) <= 6, call
        assert all(name.isidentifier() for name in names), call
    assert _generate.unknown_types(linux_x86_64.TABLE) == set()


def test_packed_says_what_the_table_says() -> None:
    table = syscalls.load(ABI)
    names, nargs, narrow = table.packed()
    split = names.decode().split("\0")
    assert split.pop() == ""
    assert len(split) == len(nargs) == len(narrow) == max(table.by_number) + 1
    for number, name in enumerate(split):
        call = table.by_number.get(number)
        if call is None or not call.known:
            assert (nargs[number], narrow[number]) == (syscalls.UNKNOWN, 0)
        else:
            bits = [bool(narrow[number] >> i & 1) for i in range(nargs[number])]
            assert bits == [p.narrow for p in call.params]
        assert name == (call.name if call else "")


def test_load_caches() -> None:
    assert syscalls.load(ABI) is syscalls.load(ABI)
    assert syscalls.load(ABI).abi == ABI


def test_every_listed_name_loads() -> None:
    assert all(syscalls.load(abi).by_number for abi in syscalls.ABIS)
    assert all(syscalls.errors(os) and syscalls.signals(os) for os in syscalls.SYSTEMS)


def test_unknown_names_are_refused() -> None:
    with pytest.raises(ValueError, match="'vax'; known: linux-x86_64"):
        syscalls.load("vax")
    for function in (syscalls.errors, syscalls.signals):
        with pytest.raises(ValueError, match="'vms'; known: linux"):
            function("vms")


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (2, "ENOENT"),
        (11, "EAGAIN"),
        (35, "EDEADLK"),
        (95, "EOPNOTSUPP"),
        (512, "ERESTARTSYS"),
        (513, "ERESTARTNOINTR"),
        (514, "ERESTARTNOHAND"),
        (516, "ERESTART_RESTARTBLOCK"),
    ],
)
def test_known_errors(number: int, name: str) -> None:
    assert syscalls.errors("linux")[number] == name


@pytest.mark.parametrize(
    ("number", "name"),
    [
        (6, "SIGABRT"),
        (17, "SIGCHLD"),
        (29, "SIGIO"),
        (31, "SIGSYS"),
        (32, "SIG32"),
        (33, "SIG33"),
        (34, "SIGRTMIN"),
        (35, "SIGRTMIN+1"),
        (64, "SIGRTMIN+30"),
    ],
)
def test_known_signals(number: int, name: str) -> None:
    assert syscalls.signals("linux")[number] == name


def test_signals_have_no_holes() -> None:
    assert list(syscalls.signals("linux")) == list(range(1, 65))


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


def test_near() -> None:
    names = syscalls.load(ABI).by_name
    assert syscalls.near("opnat", names)[0] == "openat"
    assert "read" in syscalls.near("raed", names)
    assert syscalls.near("xyzzy", names) == []


LOADED = """
import sys, types
package = types.ModuleType("pypicotrace")
package.__path__ = sys.argv[1:]
sys.modules["pypicotrace"] = package
before = set(sys.modules)
from pypicotrace import syscalls
syscalls.load("linux-x86_64").packed()
print(*set(sys.modules) - before)
"""


def test_importing_stays_cheap() -> None:
    # The package is stood in for: what it imports itself is not what this is about.
    package = str(Path(syscalls.__file__).parents[1])
    command = [sys.executable, "-S", "-c", LOADED, package]
    loaded = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert sorted(loaded) == [
        "__future__",
        "pypicotrace.syscalls",
        "pypicotrace.syscalls.linux_x86_64",
    ]


# The generator.


def test_regenerating_gives_the_same() -> None:
    report = _generate.check()
    if not report.compared:
        pytest.skip(f"no source of the tables is here: {'; '.join(report.missing)}")
    assert report.differences == []


def only(monkeypatch: pytest.MonkeyPatch, *sources: _generate.Source) -> None:
    """Lets the check find these sources of prototypes and no others."""

    def missing() -> _generate.Uapi:
        raise _generate.Missing("no headers")

    monkeypatch.setattr(_generate, "pinned_uapi", missing)
    monkeypatch.setattr(_generate, "_sources", lambda _: list(sources))


def source(label: str, **prototypes: list[str]) -> _generate.Source:
    return _generate.Source(label, {name: [params] for name, params in prototypes.items()}, {})


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
    assert f"{label}: 3 close(int fd), not 3 close(unsigned int fd)" in capsys.readouterr().out


def test_check_compares_counts_with_another_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    label = "tracefs of Linux 2.4"
    only(monkeypatch, source(label, close=["short handle"], dup=["int a", "int b"]))
    assert _generate.check().differences == [
        f"{label}: dup(unsigned int fd) has another number of arguments"
    ]


def test_check_reports_other_names(monkeypatch: pytest.MonkeyPatch) -> None:
    only(monkeypatch, _generate.Source("headers", {}, {512: "EOTHER", 999: "ENEW"}))
    assert _generate.check().differences == ["headers: 512 is EOTHER, not ERESTARTSYS"]


def only_uapi(monkeypatch: pytest.MonkeyPatch, label: str, **calls: int) -> None:
    """Lets the check find headers that say what we do, and ``calls``, and nothing else."""
    only(monkeypatch)
    numbers = {number: call.name for number, call in syscalls.load(ABI).by_number.items()}
    errors = {number: name for number, name in linux.ERRORS.items() if number < 512}
    ours = numbers | {number: name for name, number in calls.items()}
    uapi = _generate.Uapi(label, ours, errors, linux.SIGNALS)
    monkeypatch.setattr(_generate, "pinned_uapi", lambda: uapi)


def test_check_reports_another_number(monkeypatch: pytest.MonkeyPatch) -> None:
    only_uapi(monkeypatch, "headers", wrote=1)
    assert "headers: 1 is wrote, not write" in _generate.check().differences


def test_check_reports_another_text(monkeypatch: pytest.MonkeyPatch) -> None:
    only_uapi(monkeypatch, "headers of another day")
    assert _generate.check().differences == [
        "linux_x86_64.py: generating it again gives another text",
        "linux.py: generating it again gives another text",
    ]


def test_generating_needs_all_sources(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    only(monkeypatch)
    assert _generate.main([]) == 2
    assert "no headers" in capsys.readouterr().err


def test_generating_refuses_an_unknown_type() -> None:
    uapi = _generate.Uapi("headers", {3: "close"}, {}, {})
    with pytest.raises(ValueError, match="handle_t"):
        _generate.build(uapi, [source("kernel", close=["handle_t fd"])])


def test_generating_refuses_a_parameter_without_a_name() -> None:
    uapi = _generate.Uapi("headers", {3: "close"}, {}, {})
    with pytest.raises(ValueError, match="close: no name in 'fd_set \\*'"):
        _generate.build(uapi, [source("kernel", close=["fd_set *"])])


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
    fields = _generate._fields(TRACEFS_FORMAT)
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
    (tmp_path / "include/linux/errno.h").write_text(
        "#define ERESTARTSYS\t512\n#define EFIRST 530 /* a comment */\n#define ESECOND 530\n"
    )
    assert _generate._headers((6, 1), tmp_path) == _generate.Source(
        "headers of Linux 6.1",
        {
            "mincore": [["unsigned long start", "size_t len", "unsigned char *vec"]],
            "sync": [[]],
            "rt_sigreturn": [[]],
        },
        {512: "ERESTARTSYS", 530: "EFIRST"},
    )
