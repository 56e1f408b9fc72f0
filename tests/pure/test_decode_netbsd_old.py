"""NetBSD's older calls: their structures are as in its sources, and they mean what they do."""

from __future__ import annotations

import re
import struct
from typing import Any

import pytest
from shown_calls import shown

from pypicotrace import syscalls
from pypicotrace.tools.decode._netbsd_old import OLD
from pypicotrace.tools.decode.abi import abi

pytestmark = pytest.mark.usefixtures("as_on_linux")

AMD64, I386 = "netbsd-amd64", "netbsd-i386"

# Counted by hand in the files that _netbsd_old names: the size, and where some members are.
PLACES: dict[str, tuple[tuple[int, dict[str, int]], tuple[int, dict[str, int]]]] = {
    "timeval50": ((16, {"tv_usec": 8}), (8, {"tv_usec": 4})),
    "timespec50": ((16, {"tv_nsec": 8}), (8, {"tv_nsec": 4})),
    "itimerval50": ((32, {"it_value.tv_sec": 16}), (16, {"it_value.tv_sec": 8})),
    "itimerspec50": ((32, {"it_value.tv_nsec": 24}), (16, {"it_value.tv_nsec": 12})),
    "stat43": (
        (88, {"st_mode": 8, "st_size": 20, "st_atim.tv_sec": 24, "st_gen": 84}),
        (64, {"st_mode": 8, "st_size": 20, "st_atim.tv_sec": 24, "st_gen": 60}),
    ),
    "stat12": (
        (120, {"st_uid": 12, "st_rdev": 20, "st_size": 72, "st_gen": 96}),
        (96, {"st_uid": 12, "st_rdev": 20, "st_size": 48, "st_gen": 72}),
    ),
    "stat13": (
        (128, {"st_atim.tv_sec": 32, "st_size": 80, "st_birthtim.tv_sec": 112}),
        (96, {"st_atim.tv_sec": 28, "st_size": 52, "st_birthtim.tv_sec": 84}),
    ),
    "stat30": (
        (136, {"st_ino": 8, "st_birthtim.tv_sec": 80, "st_size": 96, "st_gen": 120}),
        (100, {"st_ino": 8, "st_birthtim.tv_sec": 56, "st_size": 64, "st_gen": 88}),
    ),
    "rusage50": (
        (144, {"ru_stime.tv_sec": 16, "ru_maxrss": 32, "ru_nivcsw": 136}),
        (72, {"ru_stime.tv_sec": 8, "ru_maxrss": 16, "ru_nivcsw": 68}),
    ),
    "kevent100": (
        (40, {"filter": 8, "flags": 12, "fflags": 16, "data": 24, "udata": 32}),
        (28, {"filter": 4, "flags": 8, "fflags": 12, "data": 16, "udata": 24}),
    ),
    "statvfs90": (
        (2256, {"f_blocks": 32, "f_fstypename": 172, "f_mntonname": 204, "f_mntfromname": 1228}),
        (2228, {"f_blocks": 16, "f_fstypename": 148, "f_mntonname": 180, "f_mntfromname": 1204}),
    ),
    "statfs12": (
        (312, {"f_bsize": 8, "f_flags": 80, "f_fstypename": 112, "f_mntfromname": 218}),
        (256, {"f_bsize": 4, "f_flags": 44, "f_fstypename": 60, "f_mntfromname": 166}),
    ),
    "sigaction13": ((16, {"osa_mask": 8, "osa_flags": 12}), (12, {"osa_mask": 4, "osa_flags": 8})),
    "sigaltstack13": ((16, {"ss_size": 8, "ss_flags": 12}), (12, {"ss_size": 4, "ss_flags": 8})),
    "ntptimeval50": ((48, {"maxerror": 16, "time_state": 40}), (24, {"maxerror": 8})),
    "ntptimeval30": ((32, {"maxerror": 16}), (16, {"maxerror": 8})),
}
# Of the others the pointer is shown.
WITHOUT = {"compat_30_fhandle", "msqid_ds14", "shmid_ds13", "shmid_ds14", "sigcontext13"}


def test_all_are_counted() -> None:
    assert PLACES.keys() == OLD.keys()


@pytest.mark.parametrize("name", PLACES)
def test_where_members_are(name: str) -> None:
    for which, (size, places) in zip((AMD64, I386), PLACES[name], strict=True):
        layout = abi(which).layout(f"struct {name}")
        assert layout.size == size
        assert {member: layout.members[member].offset for member in places} == places


@pytest.mark.parametrize("which", [AMD64, I386])
def test_each_version_has_a_layout_or_none(which: str) -> None:
    types = {
        found
        for call in syscalls.load(which).by_number.values()
        for param in call.params
        for found in re.findall(r"struct (\w*\d\w*) ", param.type)
    }
    assert types == PLACES.keys() | WITHOUT


def statvfs(which: str) -> bytes:
    layout = abi(which).layout("struct statvfs90")
    data = bytearray(layout.size)
    for name, value in {"f_fstypename": b"ffs", "f_mntonname": b"/"}.items():
        at = layout.members[name].offset
        data[at : at + len(value)] = value
    struct.pack_into("<QQQ", data, layout.members["f_blocks"].offset, 100, 60, 50)
    return bytes(data)


def usage(word: str) -> bytes:
    return struct.pack(f"<4{word}14{word}", 1, 2, 3, 4, *range(14))


ENTRIES = struct.pack("<IHBB12x", 7, 20, 8, 3) + struct.pack("<IHBB4x", 8, 12, 4, 1)


@pytest.mark.parametrize(
    ("which", "name", "args", "more", "line"),
    [
        (
            which,
            "compat_90_statvfs1",
            ("p", "s", 1),
            {"p": b"/\0", "s": statvfs(which)},
            'compat_90_statvfs1("/", {f_blocks=100, f_bavail=50, f_fstypename="ffs", '
            'f_mntonname="/", ...}, 0x1) = 0',
        )
        for which in (AMD64, I386)
    ]
    + [
        (
            which,
            "compat_50_getrusage",
            (0, "r"),
            {"r": usage(word)},
            "compat_50_getrusage(RUSAGE_SELF, {ru_utime={tv_sec=1, tv_usec=2}, "
            "ru_stime={tv_sec=3, tv_usec=4}, ...}) = 0",
        )
        for which, word in ((AMD64, "q"), (I386, "i"))
    ]
    + [
        (
            I386,
            "compat_12_stat12",
            ("p", "s"),
            {"p": b"f\0", "s": bytes(8) + struct.pack("<HH36xq40x", 0o100644, 1, 77)},
            'compat_12_stat12("f", {st_mode=S_IFREG|0644, st_size=77, ...}) = 0',
        ),
        (
            I386,
            "compat_13_sigaction13",
            (2, "a", "o"),
            {"a": struct.pack("<III", 0x1000, 4, 2), "o": bytes(12)},
            "compat_13_sigaction13(SIGINT, {osa_handler=0x1000, osa_mask=[QUIT], "
            "osa_flags=SA_RESTART}, {osa_handler=0, osa_mask=[], osa_flags=0}) = 0",
        ),
        (
            I386,
            "compat_13_sigaltstack13",
            (0, "o"),
            {"o": struct.pack("<III", 0x8000, 4096, 4)},
            "compat_13_sigaltstack13(NULL, {ss_sp=0x8000, ss_size=4096, ss_flags=SS_DISABLE}) = 0",
        ),
        (
            I386,
            "compat_13_sigprocmask13",
            (1, 6),
            {"ret": 1},
            "compat_13_sigprocmask13(SIG_BLOCK, [INT QUIT]) = [HUP]",
        ),
        (
            I386,
            "compat_13_sigsuspend13",
            (2**32 - 2,),
            {"error": 4},
            "compat_13_sigsuspend13(~[HUP]) = -1 EINTR",
        ),
        (
            I386,
            "compat_30_getdents",
            (3, "d", 512),
            {"d": ENTRIES, "ret": len(ENTRIES)},
            "compat_30_getdents(3, 0x10000 /* 2 entries */, 512) = 32",
        ),
        (
            AMD64,
            "compat_50__lwp_park",
            ("t", 2, 0x10, 0),
            {"t": struct.pack("<iiq", 1, -1, 5)},
            "compat_50__lwp_park({tv_sec=1, tv_nsec=5}, 2, 0x10, NULL) = 0",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and " " not in value else "",
)
def test_older_calls(which: str, name: str, args: Any, more: Any, line: str) -> None:
    assert shown(which, name, *args, **more) == line
