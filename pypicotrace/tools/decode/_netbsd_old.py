"""Structures of NetBSD's older calls, which programs that were built for them still make.

No header that is installed has them. Each is as in the file of NetBSD's sources that is named with
it, without names of types that only the kernel has; all were compared with revisions of January 2025.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Old(NamedTuple):
    """A structure: the file that has it, its members, and which are shown; empty: all but spares."""

    file: str
    members: str
    shown: str = ""


STAT = "sys/compat/sys/stat.h"
TIME = "sys/compat/sys/time_types.h"
TIMEX = "sys/compat/sys/timex.h"

OLD = {
    "timeval50": Old(TIME, "long tv_sec; long tv_usec"),
    "itimerval50": Old(TIME, "struct timeval50 it_interval; struct timeval50 it_value"),
    "timespec50": Old(TIME, "int32_t tv_sec; long tv_nsec"),
    "itimerspec50": Old(TIME, "struct timespec50 it_interval; struct timespec50 it_value"),
    "stat43": Old(
        STAT,
        "uint16_t st_dev; uint32_t st_ino; uint16_t st_mode; uint16_t st_nlink; uint16_t st_uid; "
        "uint16_t st_gid; uint16_t st_rdev; int32_t st_size; struct timespec50 st_atim; "
        "struct timespec50 st_mtim; struct timespec50 st_ctim; int32_t st_blksize; "
        "int32_t st_blocks; uint32_t st_flags; uint32_t st_gen",
    ),
    "stat12": Old(
        STAT,
        "uint32_t st_dev; uint32_t st_ino; uint16_t st_mode; uint16_t st_nlink; uid_t st_uid; "
        "gid_t st_gid; uint32_t st_rdev; struct timespec50 st_atim; struct timespec50 st_mtim; "
        "struct timespec50 st_ctim; off_t st_size; int64_t st_blocks; uint32_t st_blksize; "
        "uint32_t st_flags; uint32_t st_gen; int32_t st_spare; int64_t st_spares[2]",
    ),
    "stat13": Old(
        STAT,
        "uint32_t st_dev; uint32_t st_ino; mode_t st_mode; nlink_t st_nlink; uid_t st_uid; "
        "gid_t st_gid; uint32_t st_rdev; struct timespec50 st_atim; struct timespec50 st_mtim; "
        "struct timespec50 st_ctim; off_t st_size; blkcnt_t st_blocks; blksize_t st_blksize; "
        "uint32_t st_flags; uint32_t st_gen; uint32_t st_spare; struct timespec50 st_birthtim; "
        # Where a long has 32 bits there is an int more; that makes no difference to the others.
        "int st_spares[sizeof(long) == 4]",
    ),
    "stat30": Old(
        STAT,
        "uint32_t st_dev; mode_t st_mode; ino_t st_ino; nlink_t st_nlink; uid_t st_uid; "
        "gid_t st_gid; uint32_t st_rdev; struct timespec50 st_atim; struct timespec50 st_mtim; "
        "struct timespec50 st_ctim; struct timespec50 st_birthtim; off_t st_size; "
        "blkcnt_t st_blocks; blksize_t st_blksize; uint32_t st_flags; uint32_t st_gen; "
        "uint32_t st_spare[2]",
    ),
    "rusage50": Old(
        "sys/compat/sys/resource.h",
        "struct timeval50 ru_utime; struct timeval50 ru_stime; long ru_maxrss; long ru_ixrss; "
        "long ru_idrss; long ru_isrss; long ru_minflt; long ru_majflt; long ru_nswap; "
        "long ru_inblock; long ru_oublock; long ru_msgsnd; long ru_msgrcv; long ru_nsignals; "
        "long ru_nvcsw; long ru_nivcsw",
    ),
    "kevent100": Old(
        "sys/compat/sys/event.h",
        "uintptr_t ident; uint32_t filter; uint32_t flags; uint32_t fflags; int64_t data; "
        "void *udata",
    ),
    "statvfs90": Old(
        "sys/compat/sys/statvfs.h",
        "unsigned long f_flag; unsigned long f_bsize; unsigned long f_frsize; "
        "unsigned long f_iosize; uint64_t f_blocks; uint64_t f_bfree; uint64_t f_bavail; "
        "uint64_t f_bresvd; uint64_t f_files; uint64_t f_ffree; uint64_t f_favail; "
        "uint64_t f_fresvd; uint64_t f_syncreads; uint64_t f_syncwrites; uint64_t f_asyncreads; "
        "uint64_t f_asyncwrites; int32_t f_fsidx[2]; unsigned long f_fsid; "
        "unsigned long f_namemax; uid_t f_owner; uint32_t f_spare[4]; char f_fstypename[32]; "
        "char f_mntonname[1024]; char f_mntfromname[1024]",
        "f_flag f_bsize f_frsize f_iosize f_blocks f_bfree f_bavail f_files f_ffree f_fstypename "
        "f_mntonname f_mntfromname",
    ),
    "statfs12": Old(
        "sys/compat/sys/mount.h",
        "short f_type; unsigned short f_oflags; long f_bsize; long f_iosize; long f_blocks; "
        "long f_bfree; long f_bavail; long f_files; long f_ffree; int32_t f_fsid[2]; "
        "uid_t f_owner; long f_flags; long f_syncwrites; long f_asyncwrites; long f_spare[1]; "
        "char f_fstypename[16]; char f_mntonname[90]; char f_mntfromname[90]",
        "f_bsize f_iosize f_blocks f_bfree f_bavail f_files f_ffree f_flags f_fstypename "
        "f_mntonname f_mntfromname",
    ),
    "sigaction13": Old(
        "sys/compat/sys/signal.h", "void *osa_handler; unsigned int osa_mask; int osa_flags"
    ),
    "sigaltstack13": Old("sys/compat/sys/sigtypes.h", "char *ss_sp; int ss_size; int ss_flags"),
    "ntptimeval50": Old(
        TIMEX,
        "struct timespec50 time; long maxerror; long esterror; long tai; int time_state",
    ),
    "ntptimeval30": Old(TIMEX, "struct timeval50 time; long maxerror; long esterror"),
}


def _members(name: str) -> Iterator[str]:
    """The members of a structure, those of one inside it with a dot."""
    for declaration in OLD[name].members.split("; "):
        type, _, member = declaration.rpartition(" ")
        inner = type.removeprefix("struct ")
        member = member.lstrip("*").partition("[")[0]
        if "_spare" in member:
            continue
        yield from (f"{member}.{m}" for m in _members(inner)) if inner in OLD else [member]


SHOWN = {f"struct {name}": old.shown or " ".join(_members(name)) for name, old in OLD.items()}
CODE = "".join(f"struct {name} {{ {old.members}; }};\n" for name, old in OLD.items())
