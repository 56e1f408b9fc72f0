"""Linux's ABIs, as the kernel's sources have them: what `_generate` needs to know beside headers.

Which entry point a call has, the prototypes that no header has, and the names that become NetBSD's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pypicotrace.syscalls._lines import in_registers

# Calls whose entry point in the kernel has another name, from arch/x86/entry/syscalls/
# syscall_64.tbl and include/uapi/asm-generic/unistd.h.  Some have a namesake that is older and
# different: sys_stat, sys_uname.
EVERYWHERE = {
    "stat": "newstat",
    "fstat": "newfstat",
    "lstat": "newlstat",
    "sendfile": "sendfile64",
    "uname": "newuname",
    "umount2": "umount",
}


def _pairs(text: str) -> dict[str, str]:
    return dict(re.findall(r"(\w+)=(\w+)", text))


# From arch/x86/entry/syscalls/syscall_32.tbl.
I386 = _pairs("""
    _llseek=llseek _newselect=select adjtimex=adjtimex_time32 chown=chown16 chown32=chown
    clock_adjtime=clock_adjtime32 clock_adjtime64=clock_adjtime clock_getres=clock_getres_time32
    clock_getres_time64=clock_getres clock_gettime=clock_gettime32 clock_gettime64=clock_gettime
    clock_nanosleep=clock_nanosleep_time32 clock_nanosleep_time64=clock_nanosleep
    clock_settime=clock_settime32 clock_settime64=clock_settime fchown=fchown16 fchown32=fchown
    futex=futex_time32 futex_time64=futex futimesat=futimesat_time32 getegid=getegid16
    getegid32=getegid geteuid=geteuid16 geteuid32=geteuid getgid=getgid16 getgid32=getgid
    getgroups=getgroups16 getgroups32=getgroups getresgid=getresgid16 getresgid32=getresgid
    getresuid=getresuid16 getresuid32=getresuid getrlimit=old_getrlimit getuid=getuid16
    getuid32=getuid io_getevents=io_getevents_time32 io_pgetevents=io_pgetevents_time32
    io_pgetevents_time64=io_pgetevents lchown=lchown16 lchown32=lchown mmap=old_mmap
    mmap2=mmap_pgoff mq_timedreceive=mq_timedreceive_time32 mq_timedreceive_time64=mq_timedreceive
    mq_timedsend=mq_timedsend_time32 mq_timedsend_time64=mq_timedsend nanosleep=nanosleep_time32
    oldfstat=fstat oldlstat=lstat oldolduname=olduname oldstat=stat olduname=uname
    ppoll=ppoll_time32 ppoll_time64=ppoll pselect6=pselect6_time32 pselect6_time64=pselect6
    readdir=old_readdir recvmmsg=recvmmsg_time32 recvmmsg_time64=recvmmsg
    rt_sigtimedwait=rt_sigtimedwait_time32 rt_sigtimedwait_time64=rt_sigtimedwait
    sched_rr_get_interval=sched_rr_get_interval_time32
    sched_rr_get_interval_time64=sched_rr_get_interval select=old_select
    semtimedop_time64=semtimedop sendfile=sendfile sendfile64=sendfile64 setfsgid=setfsgid16
    setfsgid32=setfsgid setfsuid=setfsuid16 setfsuid32=setfsuid setgid=setgid16 setgid32=setgid
    setgroups=setgroups16 setgroups32=setgroups setregid=setregid16 setregid32=setregid
    setresgid=setresgid16 setresgid32=setresgid setresuid=setresuid16 setresuid32=setresuid
    setreuid=setreuid16 setreuid32=setreuid setuid=setuid16 setuid32=setuid stime=stime32
    time=time32 timer_gettime=timer_gettime32 timer_gettime64=timer_gettime
    timer_settime=timer_settime32 timer_settime64=timer_settime
    timerfd_gettime=timerfd_gettime32 timerfd_gettime64=timerfd_gettime
    timerfd_settime=timerfd_settime32 timerfd_settime64=timerfd_settime ugetrlimit=getrlimit
    umount=oldumount utime=utime32 utimensat=utimensat_time32 utimensat_time64=utimensat
    utimes=utimes_time32
""")

# The calls with numbers of x32's own, from 512 on in arch/x86/entry/syscalls/syscall_64.tbl.
X32 = _pairs("""
    execve=compat_sys_execve execveat=compat_sys_execveat
    get_robust_list=compat_sys_get_robust_list io_setup=compat_sys_io_setup
    io_submit=compat_sys_io_submit ioctl=compat_sys_ioctl kexec_load=compat_sys_kexec_load
    mq_notify=compat_sys_mq_notify preadv=compat_sys_preadv64 preadv2=compat_sys_preadv64v2
    ptrace=compat_sys_ptrace pwritev=compat_sys_pwritev64 pwritev2=compat_sys_pwritev64v2
    recvfrom=compat_sys_recvfrom recvmmsg=compat_sys_recvmmsg_time64 recvmsg=compat_sys_recvmsg
    rt_sigaction=compat_sys_rt_sigaction rt_sigpending=compat_sys_rt_sigpending
    rt_sigqueueinfo=compat_sys_rt_sigqueueinfo rt_sigreturn=compat_sys_x32_rt_sigreturn
    rt_sigtimedwait=compat_sys_rt_sigtimedwait_time64
    rt_tgsigqueueinfo=compat_sys_rt_tgsigqueueinfo sendmmsg=compat_sys_sendmmsg
    sendmsg=compat_sys_sendmsg set_robust_list=compat_sys_set_robust_list
    sigaltstack=compat_sys_sigaltstack timer_create=compat_sys_timer_create
    waitid=compat_sys_waitid
""")

# From SYSCALL_DEFINE in kernel/nstree.c, arch/x86/kernel/shstk.c (arch/arm64/mm/gcs.c has the
# same) and kernel/rseq.c.
BY_HAND = {
    "listns": [
        "const struct ns_id_req *req",
        "u64 *ns_ids",
        "size_t nr_ns_ids",
        "unsigned int flags",
    ],
    "map_shadow_stack": ["unsigned long addr", "unsigned long size", "unsigned int flags"],
    "rseq_slice_yield": [],
}

# With CONFIG_CLONE_BACKWARDS, from kernel/fork.c; arch/arm64/Kconfig selects it, arch/x86/Kconfig
# for 32 bits, and arch/x86/kernel/sys_ia32.c has the same for such programs on 64.
CLONE_BACKWARDS = [
    "unsigned long clone_flags",
    "unsigned long newsp",
    "int *parent_tidptr",
    "unsigned long tls",
    "int *child_tidptr",
]

I386_BY_HAND = {
    "clone": CLONE_BACKWARDS,
    # arch/x86/kernel/tls.c
    "get_thread_area": ["struct user_desc *u_info"],
    "set_thread_area": ["struct user_desc *u_info"],
    # kernel/sys.c
    "oldolduname": ["struct oldold_utsname *name"],
    "olduname": ["struct old_utsname *name"],
    # fs/select.c
    "ppoll": [
        "struct pollfd *ufds",
        "unsigned int nfds",
        "struct old_timespec32 *tsp",
        "const sigset_t *sigmask",
        "size_t sigsetsize",
    ],
    "pselect6": [
        "int n",
        "fd_set *inp",
        "fd_set *outp",
        "fd_set *exp",
        "struct old_timespec32 *tsp",
        "void *sig",
    ],
    # fs/readdir.c
    "readdir": ["unsigned int fd", "struct old_linux_dirent *dirent", "unsigned int count"],
    # kernel/signal.c, with CONFIG_OLD_SIGACTION and CONFIG_OLD_SIGSUSPEND3
    "sigaction": ["int sig", "const struct old_sigaction *act", "struct old_sigaction *oact"],
    "sigsuspend": ["int unused1", "int unused2", "old_sigset_t mask"],
    # arch/x86/kernel/signal_32.c; its frame is on the stack
    "sigreturn": [],
    # arch/x86/kernel/vm86_32.c
    "vm86": ["unsigned long cmd", "unsigned long arg"],
    "vm86old": ["struct vm86_struct *user_vm86"],
}

X32_BY_HAND = {
    # kernel/kexec.c
    "kexec_load": [
        "compat_ulong_t entry",
        "compat_ulong_t nr_segments",
        "struct compat_kexec_segment *segments",
        "compat_ulong_t flags",
    ],
    # kernel/signal.c
    "rt_sigaction": [
        "int sig",
        "const struct compat_sigaction *act",
        "struct compat_sigaction *oact",
        "compat_size_t sigsetsize",
    ],
    # arch/x86/kernel/signal_64.c; its frame is on the stack
    "rt_sigreturn": [],
    # kernel/exit.c
    "waitid": [
        "int which",
        "compat_pid_t pid",
        "struct compat_siginfo *infop",
        "int options",
        "struct compat_rusage *uru",
    ],
}

# Parameters that NetBSD's syscalls.master calls by one other name in all such calls.
RENAMED = {
    "dfd": "fd",
    "error_code": "rval",
    "filename": "path",
    "group": "gid",
    "len_in": "len",
    "pathname": "path",
    "start": "addr",
    "stat_addr": "status",
    "upid": "pid",
    "user": "uid",
}
# The same where the kernel's name means other things in other calls.
RENAMED_IN = {
    "acct": {"name": "path"},
    "dup": {"fildes": "fd"},
    "umount": {"name": "path"},
    "umount2": {"name": "path"},
}


class Abi(NamedTuple):
    name: str
    title: str
    entry_points: Mapping[str, str]
    by_hand: Mapping[str, Sequence[str]]
    note: str = ""

    def entry_point(self, call: str) -> str:
        return self.entry_points.get(call, call)

    def spelled(self, call: str, params: Sequence[str]) -> list[str]:
        """Parameters as the table has them: with NetBSD's names, one for each register."""
        return in_registers(self.name, [_renamed(call, param) for param in params])


ABIS = (
    Abi("linux-x86_64", "Linux x86-64", EVERYWHERE, BY_HAND),
    Abi(
        "linux-i386",
        "Linux i386",
        EVERYWHERE | I386,
        BY_HAND | I386_BY_HAND,
        "All registers have 32 bits: what has 64 takes two, its lower half first.\n",
    ),
    Abi(
        "linux-x32",
        "Linux x32",
        EVERYWHERE | X32,
        BY_HAND | X32_BY_HAND,
        "The numbers that a program uses carry 0x40000000 besides.\n",
    ),
    Abi(
        "linux-aarch64",
        "Linux AArch64",
        # The last is from include/uapi/asm-generic/unistd.h.
        EVERYWHERE | {"fadvise64": "fadvise64_64"},
        BY_HAND | {"clone": CLONE_BACKWARDS},
    ),
)


def _renamed(call: str, declaration: str) -> str:
    match = re.fullmatch(r"(.*[ *])_*(\w+)", declaration)
    if match is None:
        raise ValueError(f"{call}: no name in {declaration!r}")
    head, name = match.groups()
    return head + RENAMED_IN.get(call, {}).get(name, RENAMED.get(name, name))
