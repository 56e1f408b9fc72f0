"""Which decoder each argument has: the tables of calls, parameters and types.

A line is names of calls, and a word for each argument in its order (without padding); after ``->``
the result's. ``-``, and what a line leaves out, is for the tables of names and types to say. A word
is one of `words.WORDS` with what it is told after a colon, where a number is the place of another
argument, and ``*`` the argument's own type. ``>`` before it: the call fills it; ``=``: it is looked
at before and after.

Names are those of `canonical`: all versions of a call are one line. One that has other arguments
has a line of its own, by its whole name. What is in two registers on some machines is one word.
"""

from __future__ import annotations

import re

COMMON = """\
read: fd >filled -
pread: fd >filled - -
write: fd given:2 -
pwrite: fd given:2 - -
readv preadv preadv2: fd >iovecs:@2,filled int
writev pwritev pwritev2 vmsplice: fd iovecs:@2 int
open: path open_flags open_mode:1 -> fd
openat: dirfd path open_flags open_mode:2 -> fd
creat: path octal -> fd
mq_open: path open_flags open_mode:1 - -> fd
access: path access
faccessat faccessat2: dirfd path access flags:at_access
stat lstat: path >struct
fstat: fd >struct
fstatat: dirfd path >struct flags:at
linkat: dirfd path dirfd path flags:at
unlinkat: dirfd path flags:at_remove
renameat: dirfd path dirfd path
symlinkat: path dirfd path
fchmodat fchmodat2: dirfd path octal flags:at
fchownat: dirfd path user user flags:at
utimensat: dirfd path file_times:* flags:at
futimens: fd file_times:*
mknod: path mode device
mknodat: dirfd path mode device
readlink: path >filled -
readlinkat: dirfd path >filled -
getcwd: >filled_string unsigned
lseek: fd - enum:seek -> quad
mmap: pointer unsigned flags:prot,prot_none map_flags fd hex -> pointer
mprotect: pointer - flags:prot,prot_none
pkey_mprotect: pointer - flags:prot,prot_none int
munmap mlock munlock: pointer unsigned
madvise: pointer - enum:madvise
msync: pointer - flags:msync
mlockall: flags:mlockall
mincore: pointer - pointer
shmat: int pointer flags:shm -> pointer
shmget: enum:ipc_key - ipc_flags:shmget
semget: enum:ipc_key - ipc_flags
msgget: enum:ipc_key ipc_flags
msgsnd: int queued:2 - flags:ipc
msgrcv: int >queued:2,filled - - flags:msgrcv
shmctl: int enum:ipc_command pointer
msgctl: int enum:ipc_command pointer
semctl: int int enum:ipc_command hex
socket: enum:domain flags:socket_flag,socket_type protocol:0 -> fd
socketpair: enum:domain flags:socket_flag,socket_type protocol:0 >integers:i,2,done
connect bind: fd address:2 int
accept: fd >told_address:2 =pointed:4 -> fd
getsockname getpeername: fd >told_address:2 =pointed:4
listen: fd int
shutdown: fd enum:shutdown
sendto: fd given:2 - flags:msg address:5 int
recvfrom: fd >filled:2 - flags:msg >told_address:5 =pointed:4
sendmsg: fd message flags:msg
recvmsg: fd >message:filled flags:msg
sendmmsg: fd messages:2 - flags:msg
recvmmsg: fd >messages:2,filled - flags:msg -
setsockopt: fd option_level option:1 option_value:4 int
getsockopt getsockopt2: fd option_level option:1 >option_value:4,told =pointed:4
pipe: >integers:i,2,done
pipe2: >integers:i,2,done flags:open
dup: fd -> fd
dup2: fd fd -> fd
dup3: fd fd flags:open -> fd
fcntl: fd enum:fcntl =control_argument:1 -> control_result:1
flock: fd flags:flock
ioctl: fd request >request_argument:1
poll: >array:*,@1 unsigned int
select: int =fd_set:0 =fd_set:0 =fd_set:0 struct
execve: path strings environment
fexecve: fd strings environment
wait4: int >status flags:wait >struct
kill: int signal
sigprocmask: enum:sigmask signals >signals:done
sigpending: >signals:done
sigsuspend: signals
sigaltstack: stack >stack:done
getrlimit: enum:rlimit >struct
setrlimit: enum:rlimit struct
getrusage: enum:rusage >struct
gettimeofday: >struct >pointer
settimeofday: struct pointer
utimes futimes lutimes: - array:*,2
nanosleep: struct pointer
clock_gettime clock_getres: enum:clock >struct
clock_settime: enum:clock struct
clock_nanosleep: enum:clock flags:timer struct pointer
getitimer: enum:itimer >struct
setitimer: enum:itimer struct >struct
timer_create: enum:clock struct:sigevent >pointed:4,done
timer_settime: int flags:timer struct >struct
timer_gettime: int >struct
timerfd_create: enum:clock flags:timerfd -> fd
timerfd_settime: fd flags:timerfd_set struct >struct
timerfd_gettime: fd >struct
eventfd2: unsigned flags:eventfd -> fd
epoll_create1: flags:epoll_create -> fd
epoll_ctl: fd enum:epoll_command fd struct:epoll_event
epoll_wait: fd >array:epoll_event,ret int int
epoll_pwait2: fd >array:epoll_event,ret int struct signals
getrandom: >filled - flags:grnd
getpriority: enum:priority int
setpriority: enum:priority int int
getgroups: int >integers:I,ret
setgroups: int integers:I,@0
memfd_create: string flags:memfd -> fd
umask: octal -> octal
mkdir chmod mkfifo lchmod: path octal
mkdirat: dirfd path octal
setxattr lsetxattr: path string given:3 - flags:xattr
fsetxattr: fd string given:3 - flags:xattr
getxattr lgetxattr: path string >filled:3 -
fgetxattr: fd string >filled:3 -
listxattr llistxattr: path >filled:2 -
flistxattr: fd >filled:2 -
exit: int
"""

LINUX = """\
brk: pointer -> pointer
mremap: pointer unsigned unsigned flags:mremap moved:3 -> pointer
mmap2: pointer unsigned flags:prot,prot_none map_flags fd hex -> pointer
_llseek: fd hex hex >pointed:8,done enum:seek
getdents: fd >entries:words unsigned
getdents64: fd >entries:16 unsigned
sigaction: signal action >action:done -
sigtimedwait: signals >siginfo struct -
tkill: int signal
tgkill: int int signal
sigqueueinfo: int signal pointer
tgsigqueueinfo: int int signal pointer
pidfd_send_signal: fd signal pointer hex
accept4: fd >told_address:2 =pointed:4 flags:socket_flag -> fd
clone: clone_flags pointer pointer pointer hex
clone3: sized:clone_args,1 -
unshare setns: flags:clone
setns: fd flags:clone
execveat: dirfd path strings environment flags:at
exit_group: int
waitpid: int >status flags:wait
waitid: enum:idtype int >siginfo flags:wait >struct
futex: pointer futex unsigned - pointer hex
set_tid_address: pointer
set_robust_list: pointer -
rseq: pointer hex flags:rseq hex
prctl: enum:prctl >prctl_argument:1 >prctl_argument:2 >prctl_argument:3 >prctl_argument:4
arch_prctl: enum:arch_prctl hex
fanotify_mark: fd hex - dirfd path
quotactl: hex path - pointer
reboot: hex hex hex pointer
prlimit: int enum:rlimit struct >struct
ugetrlimit: enum:rlimit >struct
personality: hex
sysinfo: >struct
uname: >struct:new_utsname
statfs fstatfs: - >struct
statx: dirfd path flags:at flags:statx >struct
openat2: dirfd path sized:open_how,3 - -> fd
renameat2: dirfd path dirfd path flags:rename
ppoll: >array:*,@1 unsigned struct signals -
pselect6: int =fd_set:0 =fd_set:0 =fd_set:0 struct pointer
select _newselect: int =fd_set:0 =fd_set:0 =fd_set:0 struct
epoll_create: int -> fd
epoll_pwait: fd >array:epoll_event,ret int int signals -
epoll_pwait2: fd >array:epoll_event,ret int struct signals -
signalfd: fd signals -
signalfd4: fd signals - flags:signalfd -> fd
eventfd: unsigned -> fd
inotify_init1: flags:inotify_init -> fd
inotify_init: -> fd
inotify_add_watch: fd path flags:inotify
fadvise: fd - - enum:fadvise
fallocate: fd flags:fallocate - -
sendfile: fd fd - -
splice: fd =pointed:8 fd =pointed:8 - flags:splice
tee: fd fd - flags:splice
copy_file_range: fd =pointed:8 fd =pointed:8 - hex
close_range: unsigned unsigned flags:close_range
membarrier: enum:membarrier flags:membarrier_flag int
seccomp: enum:seccomp flags:seccomp_filter pointer
sched_setscheduler: int enum:sched struct
sched_setparam: int struct
sched_getparam: int >struct
sched_setattr: int struct:sched_attr hex
sched_getattr: int >sized:sched_attr,2,done unsigned hex
sched_getscheduler: int -> enum:sched
sched_get_priority_max sched_get_priority_min: enum:sched
sched_setaffinity: int - processors:1
sched_getaffinity: int - >processors
getresuid getresgid: >pointed:4,done >pointed:4,done >pointed:4,done
mount: path path string mount_flags string
umount2: path flags:umount
futimesat: dirfd path array:*,2
utimes: path array:*,2
ptrace: enum:ptrace int hex ptrace_argument:0
sethostname setdomainname: given:1 int
syslog: int >filled:2 int
capget: pointer pointer
pidfd_open: int flags:pidfd -> fd
pidfd_getfd: fd fd hex -> fd
userfaultfd: flags:userfaultfd -> fd
perf_event_open: struct int int fd flags:perf_flag -> fd
fanotify_init: hex open_flags -> fd
landlock_create_ruleset: sized:landlock_ruleset_attr,1 - flags:landlock -> fd
io_uring_setup: unsigned pointer -> fd
open_tree: dirfd path flags:open_tree -> fd
open_by_handle_at: dirfd pointer open_flags -> fd
fsopen: string flags:fsopen -> fd
fsmount: fd flags:fsmount flags:mount_attr -> fd
fspick: dirfd path flags:fspick -> fd
fsconfig: fd enum:fsconfig string pointer int
move_mount: dirfd path dirfd path flags:move_mount
swapon: path flags:swap
preadv2: fd >iovecs:@2,filled unsigned quad flags:rwf
pwritev2: fd iovecs:@2 unsigned quad flags:rwf
vmsplice: fd iovecs:@2 unsigned flags:splice
sync_file_range: fd - - flags:sync_file_range
mlock2: pointer - flags:mlock2
semop: int array:sembuf,@2 unsigned
semtimedop: int array:sembuf,@2 unsigned struct
semctl: int int ipc_command:sem_command semctl_argument:2
shmctl: int ipc_command:shm_command pointer
msgctl: int ipc_command:msg_command pointer
mq_getsetattr: fd struct >struct
keyctl: enum:keyctl
bpf: enum:bpf pointer unsigned
add_key: string string given:3 unsigned enum:key
request_key: string string string enum:key
memfd_secret: flags:open -> fd
utime: path struct
getgroups32: int >integers:I,ret
setgroups32: int integers:I,@0
getresuid32 getresgid32: >pointed:4,done >pointed:4,done >pointed:4,done
getcpu: >pointed:4,done >pointed:4,done pointer
time: >pointed:word,done
times: >struct
socketcall: int pointer
name_to_handle_at: dirfd path pointer >pointed:4,done flags:at
process_vm_readv: int >iovecs:@2,filled unsigned iovecs:@4,far unsigned hex
process_vm_writev: int iovecs:@2 unsigned iovecs:@4,far unsigned hex
process_madvise: fd iovecs:@2,far unsigned enum:madvise hex
mq_timedsend: fd given:2 - unsigned -
mq_timedreceive: fd >filled - >pointed:4,done -
"""

NETBSD = """\
sigaction_sigtramp: signal action >action:done pointer int
sigtimedwait: signals pointer struct
kevent: fd array:*,@2 - >array:*,ret - struct
mremap: pointer - pointer - hex -> pointer
getdents: fd >entries:8 -
pselect: int =fd_set:0 =fd_set:0 =fd_set:0 struct signals
pollts: >array:*,@1 unsigned struct signals
paccept: fd >told_address:2 =pointed:4 signals flags:socket_flag -> fd
clone: clone_flags pointer
posix_spawn: >pointed:4,done path pointer pointer strings environment
wait6: enum:idtype int >status flags:wait pointer pointer
sysctl: integers:i,@1 unsigned pointer pointer pointer -
eventfd: unsigned flags:eventfd -> fd
kqueue: -> fd
kqueue1: flags:open -> fd
statvfs1: path >struct hex
fstatvfs1: fd >struct hex
getvfsstat: pointer - hex
posix_fadvise: fd - - enum:fadvise
mkfifoat: dirfd path octal
_lwp_create: pointer hex >pointed:4,done
_lwp_exit:
_lwp_wait: int >pointed:4,done
_lwp_kill: int signal
_lwp_park: enum:clock flags:timer struct int pointer pointer
_lwp_setname: int string
_lwp_setprivate: pointer
_lwp_ctl: hex pointer
futex: pointer hex int struct pointer int hex
ptrace: enum:ptrace int pointer int
ktrace: path hex hex int
sigqueueinfo: int pointer
fsync_range: fd hex - -
mount: string path hex pointer -
unmount: path hex
getcontext setcontext: pointer
minherit: pointer - int
mq_timedsend: fd given:2 - unsigned struct
mq_timedreceive: fd >filled - >pointed:4,done struct
mq_send: fd given:2 - unsigned
mq_receive: fd >filled - >pointed:4,done
break: pointer
compat_13_sigaction13: signal struct >struct
compat_13_sigaltstack13: struct >struct
compat_13_sigprocmask13: enum:sigmask sent_signals -> sent_signals
compat_13_sigpending13: -> sent_signals
compat_13_sigsuspend13: sent_signals
compat_30_getdents: fd >entries:4 -
compat_50__lwp_park compat_60__lwp_park: struct int pointer pointer
"""


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Parameters that mean the same in every call that has them, where they are numbers.
DESCRIPTORS = _names(
    "fd s fdes epfd fildes oldfd newfd fd_in fd_out out_fd in_fd fdin fdout ufd sockfd "
    "pidfd fd1 fd2 mqdes group_fd filedes fanotify_fd"
)
DIRECTORIES = frozenset(
    ("olddfd", "newdfd", "dirfd", "dfd", "from_dfd", "to_dfd", "fromfd", "tofd")
)
SIGNALS = frozenset(("sig", "signo", "signum"))
PATHS = _names(
    "path oldname newname from to link name1 name2 path1 path2 new_root put_old specialfile "
    "special filename fname from_pathname to_pathname pathname library"
)
IDS = frozenset(("uid", "gid", "ruid", "euid", "suid", "rgid", "egid", "sgid", "owner", "group"))

# C types, without const, of arguments that are no pointers to structures.
TYPES = {
    "char *": "pointer",
    "clockid_t": "enum:clock",
    "dev_t": "device",
    "gid_t": "user",
    "int *": ">pointed:4,done",
    "key_t": "hex",
    "loff_t": "quad",
    "long": "long",
    "loff_t *": "=pointed:8",
    "mode_t": "octal",
    "off_t": "quad",
    "off_t *": "=pointed:word",
    "size_t": "unsigned",
    "socklen_t": "unsigned",
    "ssize_t": "long",
    "u_long": "hex",
    "uid_t": "user",
    "umode_t": "octal",
    "unsigned long": "hex",
    "uid_t *": ">pointed:4,done",
    "gid_t *": ">pointed:4,done",
    "unsigned int": "unsigned",
    "u_int": "unsigned",
    "u32": "unsigned",
}

SETS = frozenset(("sigset_t *",))

OLD_IDS = frozenset(("old_uid_t *", "old_gid_t *"))
"""Ids of 16 bits, of calls whose lines are for those of 32."""

VERSION = re.compile(r"(13|14|20|30|40|50|60|90|100)$")


def canonical(os: str, name: str) -> str:
    """What all versions of a call are called here."""
    if os == "netbsd":
        if name in OTHERWISE:
            return name
        plain = re.sub(r"^compat_\d+_", "", name)
        bare = plain.lstrip("_") if plain.startswith("__") else plain
        bare = VERSION.sub("", bare) if bare != name else bare
        bare = f"_{bare}" if bare.startswith("lwp_") else bare
        return bare.removeprefix("posix_") if bare in POSIX else bare
    bare = re.sub(r"(_time64|_time32)$", "", name)
    if bare in OLD_SIGNALS:
        return f"old_{bare}"
    bare = re.sub(r"^rt_", "", bare)
    if bare in ("getdents64", "newfstatat", "newuname"):
        return {"newfstatat": "fstatat"}.get(bare, bare)
    return re.sub(r"64(_64)?$", "", bare)


OLD_SIGNALS = frozenset(("sigaction", "sigprocmask", "sigpending", "sigsuspend"))
"""Those of 32-bit Linux whose sets have 32 bits."""
POSIX = frozenset({"posix_rename", "posix_chown", "posix_fchown", "posix_lchown"})


def lines(text: str) -> dict[str, tuple[list[str], str]]:
    """The words of each call's arguments, and its result's, by canonical name."""
    found = {}
    for line in text.splitlines():
        names, _, rest = line.partition(":")
        words, _, result = rest.partition("->")
        for name in names.split():
            found[name] = (words.split(), result.strip())
    return found


OTHERWISE = frozenset(name for name in lines(NETBSD) if name.startswith("compat_"))
"""Versions of NetBSD's calls whose arguments are not those of the others."""
