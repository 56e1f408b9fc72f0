"""What `_generate` asks the system headers for: constants in groups, and how structures lie.

A group is a set of names that share an argument or a field. Its pattern is matched against whole
names of macros; what looks alike and is not meant comes after ``!``.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pypicotrace.tools.decode import _netbsd_old


class Unit(NamedTuple):
    """Headers that go together, and what is asked of them.

    ``groups``: patterns by name. ``structs``: members by C type, nested ones with a dot. ``code``:
    declarations that no header has.
    """

    headers: str
    groups: dict[str, str]
    structs: Mapping[str, str] = MappingProxyType({})
    code: str = ""


TIMES = {
    "struct timespec": "tv_sec tv_nsec",
    "struct timeval": "tv_sec tv_usec",
    "struct itimerval": "it_interval.tv_sec it_interval.tv_usec it_value.tv_sec it_value.tv_usec",
}
INTERVAL = "it_interval.tv_sec it_interval.tv_nsec it_value.tv_sec it_value.tv_nsec"
RUSAGE = (
    "ru_utime.tv_sec ru_utime.tv_usec ru_stime.tv_sec ru_stime.tv_usec ru_maxrss ru_ixrss ru_idrss "
    "ru_isrss ru_minflt ru_majflt ru_nswap ru_inblock ru_oublock ru_msgsnd ru_msgrcv ru_nsignals "
    "ru_nvcsw ru_nivcsw"
)
SIGEVENT = "sigev_value.sival_ptr sigev_signo sigev_notify"
MSGHDR = "msg_name msg_namelen msg_iov msg_iovlen msg_control msg_controllen msg_flags"

# What both systems have, by the same names.
SHARED = {
    "open": "O_.+|FASYNC ! O_(NDELAY|FSYNC|ACCMODE|MASK|RSYNC|RDONLY|WRONLY|RDWR|SEARCH|EXEC|ALT_IO)",
    "access_mode": "O_(RDONLY|WRONLY|RDWR|ACCMODE)",
    "at": "AT_(SYMLINK_\\w+|NO_AUTOMOUNT|EMPTY_PATH|STATX_\\w+|RECURSIVE)"
    " ! AT_STATX_SYNC_(TYPE|AS_STAT)",
    "at_access": "AT_(EACCESS|SYMLINK_NOFOLLOW|EMPTY_PATH)",
    "at_remove": "AT_REMOVEDIR",
    "at_directory": "AT_FDCWD",
    "prot": "PROT_(READ|WRITE|EXEC|SEM|GROWSDOWN|GROWSUP)",
    "prot_none": "PROT_NONE",
    "map": "MAP_.+ ! MAP_(FILE|TYPE|FAILED|ANON|HUGE_.*|COPY|SHARED|PRIVATE|SHARED_VALIDATE|.*SHIFT"
    "|.*MASK|INHERIT_.*|ALIGNED|ALIGNMENT_.*)",
    "map_type": "MAP_(SHARED|PRIVATE|SHARED_VALIDATE)",
    "madvise": "(MADV|POSIX_MADV)_.+ ! POSIX_MADV_.*",
    "msync": "MS_(ASYNC|SYNC|INVALIDATE)",
    "mlockall": "MCL_.+",
    "domain": "AF_.+ ! AF_(LOCAL|FILE|MAX|ROUTE|OROUTE)",
    "socket_type": "SOCK_(STREAM|DGRAM|RAW|RDM|SEQPACKET|DCCP|PACKET|CONN_DGRAM)",
    "socket_flag": "SOCK_(CLOEXEC|NONBLOCK|NOSIGPIPE)",
    "protocol": "IPPROTO_.+ ! IPPROTO_(MAX|DONE|RAW_MAX|CARP.*|HOPOPTS|.*MAX)",
    "msg": "MSG_.+ ! MSG_(MAXIOVLEN|LENUSRSPACE|NAMEMBUF|CONTROLMBUF|IOVUSRSPACE|PROXY|USERFLAGS"
    "|TRYHARD|EXCEPT|NOERROR|COPY)",
    "shutdown": "SHUT_(RD|WR|RDWR)",
    "so": "SO_.+ ! SO_(ATTACH_BPF|GET_FILTER|DEBUG_.*|ORCVTIMEO|OSNDTIMEO|OTIMESTAMP|.*_OLD"
    "|DEFOPTS)",
    "tcp": "TCP_(NODELAY|MAXSEG|CORK|KEEPIDLE|KEEPINTVL|KEEPCNT|KEEPINIT|SYNCNT|LINGER2|INFO"
    "|DEFER_ACCEPT|WINDOW_CLAMP|QUICKACK|CONGESTION|MD5SIG|USER_TIMEOUT|FASTOPEN|NOTSENT_LOWAT"
    "|CONGCTL|ULP)",
    "ip": "IP_(TOS|TTL|HDRINCL|OPTIONS|RECVOPTS|RETOPTS|PKTINFO|RECVERR|RECVTTL|RECVTOS|MTU"
    "|MTU_DISCOVER|FREEBIND|TRANSPARENT|MULTICAST_IF|MULTICAST_TTL|MULTICAST_LOOP|ADD_MEMBERSHIP"
    "|DROP_MEMBERSHIP|BIND_ADDRESS_NO_PORT|PORTRANGE|RECVDSTADDR|RECVIF|MINTTL|BINDANY|LOCAL_PORT_RANGE)",
    "ipv6": "IPV6_(V6ONLY|UNICAST_HOPS|MULTICAST_IF|MULTICAST_HOPS|MULTICAST_LOOP|JOIN_GROUP"
    "|LEAVE_GROUP|RECVPKTINFO|PKTINFO|RECVHOPLIMIT|HOPLIMIT|RECVERR|TCLASS|RECVTCLASS|MTU"
    "|MTU_DISCOVER|DONTFRAG|PORTRANGE|RECVMTU|PATHMTU)",
    "scm": "SCM_(RIGHTS|CREDENTIALS|CREDS|TIMESTAMP|SECURITY)",
    "poll": "POLL(IN|OUT|PRI|ERR|HUP|NVAL|RDNORM|RDBAND|WRNORM|WRBAND|MSG|REMOVE|RDHUP)"
    " ! POLLWRNORMX",
    "fcntl": "F_(DUPFD|GETFD|SETFD|GETFL|SETFL|GETLK|SETLK|SETLKW|GETOWN|SETOWN|SETSIG|GETSIG"
    "|SETOWN_EX|GETOWN_EX|DUPFD_CLOEXEC|SETLEASE|GETLEASE|NOTIFY|SETPIPE_SZ|GETPIPE_SZ|ADD_SEALS"
    "|GET_SEALS|OFD_\\w+|GETLK64|SETLK64|SETLKW64|\\w+RW_HINT|DUPFD_QUERY|CREATED_QUERY|CLOSEM"
    "|MAXFD|GETNOSIGPIPE|SETNOSIGPIPE|GETPATH|GETOWNER_UIDS|CANCELLK)",
    "fd": "FD_CLOEXEC",
    "lock_type": "F_(RDLCK|WRLCK|UNLCK)",
    "flock": "LOCK_(SH|EX|NB|UN)",
    "access": "(R|W|X|F)_OK",
    "seek": "SEEK_.+ ! SEEK_MAX",
    "wait": "W(NOHANG|UNTRACED|STOPPED|EXITED|CONTINUED|NOWAIT|TRAPPED|ALTSIG|ALLSIG|OPTSCHECKED)"
    "|__W(NOTHREAD|ALL|CLONE|ALLSIG|ALTSIG) ! WSTOPPED|__WALTSIG|WALTSIG|__WALLSIG|WALLSIG",
    "rlimit": "RLIMIT_.+ ! RLIMIT_(NLIMITS|VMEM|OFILE)",
    "sa": "SA_.+ ! SA_(ONESHOT|NOMASK|INTERRUPT|STACK|ALLBITS)",
    "sigev": "SIGEV_(SIGNAL|NONE|THREAD|THREAD_ID)",
    "rusage": "RUSAGE_(SELF|CHILDREN|THREAD)",
    "sigaltstack": "SS_(ONSTACK|DISABLE|AUTODISARM)",
    "sigmask": "SIG_(BLOCK|UNBLOCK|SETMASK)",
    "clock": "CLOCK_(REALTIME|MONOTONIC|VIRTUAL|PROF|PROCESS_CPUTIME_ID|THREAD_CPUTIME_ID"
    "|MONOTONIC_RAW|REALTIME_COARSE|MONOTONIC_COARSE|BOOTTIME|REALTIME_ALARM|BOOTTIME_ALARM|TAI)",
    "timer": "TIMER_(ABSTIME|RELTIME)",
    "itimer": "ITIMER_.+",
    "grnd": "GRND_.+",
    "priority": "PRIO_(PROCESS|PGRP|USER)",
    "sched": "SCHED_(OTHER|NORMAL|FIFO|RR|BATCH|IDLE|DEADLINE|EXT)",
    "file_type": "S_IF(REG|DIR|CHR|BLK|LNK|SOCK|WHT)|S_IFIFO",
    "fadvise": "POSIX_FADV_.+",
    "ipc": "IPC_(CREAT|EXCL|NOWAIT)",
    "ipc_key": "IPC_PRIVATE",
    "msgrcv": "MSG_(NOERROR|EXCEPT|COPY)|IPC_NOWAIT",
    "utime": "UTIME_(NOW|OMIT)",
    "shmget": "IPC_(CREAT|EXCL)|SHM_(HUGETLB|NORESERVE)",
    "ipc_command": "IPC_(RMID|SET|STAT|INFO)",
    "shm": "SHM_(RDONLY|RND|REMAP|EXEC|LOCKED)",
    "epoll_command": "EPOLL_CTL_.+",
    "epoll": "EPOLL(IN|OUT|PRI|ERR|HUP|NVAL|RDNORM|RDBAND|WRNORM|WRBAND|MSG|RDHUP|EXCLUSIVE|WAKEUP"
    "|ONESHOT|ET)",
    "epoll_create": "EPOLL_CLOEXEC",
    "eventfd": "EFD_.+",
    "timerfd": "TFD_(CLOEXEC|NONBLOCK)",
    "timerfd_set": "TFD_TIMER_.+",
    "inotify_init": "IN_(CLOEXEC|NONBLOCK)",
    "inotify": "IN_.+ ! IN_(CLOEXEC|NONBLOCK|CLOSE|MOVE|ALL_EVENTS|CLASS.*|LOOPBACK.*|MULTICAST.*"
    "|EXPERIMENTAL.*|BADCLASS.*|LOCAL.*|LINKLOCAL.*|PRIVATE.*|ANY_LOCAL.*)",
    "si_code": "SI_(USER|QUEUE|TIMER|ASYNCIO|MESGQ|KERNEL|TKILL|SIGIO|LWP|NOINFO)",
    "cld_code": "CLD_.+",
    "segv_code": "SEGV_(MAPERR|ACCERR|PKUERR)",
    "bus_code": "BUS_(ADRALN|ADRERR|OBJERR)",
    "ill_code": "ILL_(ILLOPC|ILLOPN|ILLADR|ILLTRP|PRVOPC|PRVREG|COPROC|BADSTK)",
    "fpe_code": "FPE_(INTDIV|INTOVF|FLTDIV|FLTOVF|FLTUND|FLTRES|FLTINV|FLTSUB)",
    "trap_code": "TRAP_(BRKPT|TRACE|EXEC|CHLD|LWP|DBREG|SCE|SCX|BRANCH|HWBKPT)",
    "poll_code": "POLL_(IN|OUT|MSG|ERR|PRI|HUP)",
}

# The kernel's own layouts, where the C library's differ or go by other names.
LINUX_CODE = """\
#undef sa_handler
struct linux_sigaction { unsigned long sa_handler, sa_flags, sa_restorer; };
struct linux_msghdr { void *msg_name; int msg_namelen; void *msg_iov; size_t msg_iovlen;
    void *msg_control; size_t msg_controllen; unsigned int msg_flags; };
struct linux_rlimit { unsigned long rlim_cur, rlim_max; };
struct linux_rlimit64 { __u64 rlim_cur, rlim_max; };
struct linux_old_timeval { long tv_sec, tv_usec; };
struct linux_old_itimerval { struct linux_old_timeval it_interval, it_value; };
struct linux_ifreq { char ifr_name[16]; /* and what the request is about, linux/if.h */ };
struct linux_utimbuf { __kernel_old_time_t actime, modtime; };
struct linux_old_timespec32 { int tv_sec, tv_nsec; };
struct linux_old_timeval32 { int tv_sec, tv_usec; };
struct linux_old_itimerspec32 { struct linux_old_timespec32 it_interval, it_value; };
struct linux_rusage { struct linux_old_timeval ru_utime, ru_stime; long ru_maxrss, ru_ixrss,
    ru_idrss, ru_isrss, ru_minflt, ru_majflt, ru_nswap, ru_inblock, ru_oublock, ru_msgsnd,
    ru_msgrcv, ru_nsignals, ru_nvcsw, ru_nivcsw; };
"""

LINUX = (
    Unit(
        "sys/stat.h sys/mman.h sys/ipc.h sys/sem.h sys/msg.h sys/shm.h sys/mount.h sys/swap.h "
        "sys/uio.h sys/times.h fcntl.h mqueue.h sched.h",
        {
            "msgrcv": SHARED["msgrcv"],
            "utime": SHARED["utime"],
            "ipc_64": "IPC_64",
            "sem_command": "(GET|SET)(PID|VAL|ALL|NCNT|ZCNT)|SEM_(STAT|INFO|STAT_ANY)",
            "shm_command": "SHM_(LOCK|UNLOCK|STAT|INFO|STAT_ANY)",
            "msg_command": "MSG_(STAT|INFO|STAT_ANY)",
            "sem_flag": "SEM_UNDO|IPC_NOWAIT",
            "umount": "(MNT|UMOUNT)_.+",
            "swap": "SWAP_FLAG_(PREFER|DISCARD)",
            "mlock2": "MLOCK_ONFAULT",
            "rwf": "RWF_.+",
            "sync_file_range": "SYNC_FILE_RANGE_(WAIT_BEFORE|WRITE|WAIT_AFTER)",
        },
        {
            "struct sembuf": "sem_num sem_op sem_flg",
            "struct mq_attr": "mq_flags mq_maxmsg mq_msgsize mq_curmsgs",
            "struct tms": "tms_utime tms_stime tms_cutime tms_cstime",
            "struct sched_param": "sched_priority",
        },
        "#define IPC_64 0x100 /* the kernel's own, linux/ipc.h */\n",
    ),
    Unit(
        "fcntl.h unistd.h sys/mman.h sys/wait.h sys/resource.h signal.h time.h sys/time.h poll.h "
        "sys/epoll.h sys/eventfd.h sys/timerfd.h sys/inotify.h sys/random.h sched.h sys/stat.h "
        "sys/file.h sys/ipc.h sys/shm.h sys/xattr.h sys/signalfd.h sys/statvfs.h stdio.h",
        {
            **{
                name: SHARED[name]
                for name in (
                    *("prot", "prot_none", "madvise", "msync", "mlockall", "poll"),
                    *("flock", "access", "seek", "sigaltstack", "sigmask"),
                    *("clock", "timer", "itimer", "grnd", "priority", "file_type", "fadvise"),
                    *(
                        "ipc",
                        "ipc_key",
                        "shmget",
                        "ipc_command",
                        "shm",
                        "epoll_command",
                        "epoll",
                        "epoll_create",
                    ),
                    *("eventfd", "timerfd", "timerfd_set", "inotify_init", "inotify"),
                )
            },
            "map": SHARED["map"],
            "map_type": SHARED["map_type"],
            "mremap": "MREMAP_.+",
            "memfd": "MFD_.+ ! MFD_HUGE_.*",
            "splice": "SPLICE_F_.+",
            "fallocate": "FALLOC_FL_.+",
            "rename": "RENAME_(NOREPLACE|EXCHANGE|WHITEOUT)",
            "xattr": "XATTR_(CREATE|REPLACE)",
            "signalfd": "SFD_.+",
        },
    ),
    Unit(
        "linux/wait.h linux/fcntl.h linux/resource.h asm/signal.h linux/sched.h linux/futex.h "
        "linux/prctl.h asm/prctl.h linux/membarrier.h linux/close_range.h linux/seccomp.h "
        "linux/stat.h linux/mount.h linux/rseq.h linux/ptrace.h linux/keyctl.h linux/landlock.h "
        "linux/magic.h",
        {
            **{
                name: SHARED[name]
                for name in (
                    *("at", "at_access", "at_remove", "at_directory", "wait", "rlimit"),
                    "rusage",
                    *("open", "access_mode", "fcntl", "fd", "lock_type"),
                )
            },
            "seal": "F_SEAL_.+",
            "idtype": "P_(ALL|PID|PGID|PIDFD)",
            "sa": SHARED["sa"],
            "clone": "CLONE_.+ ! CLONE_(ARGS_.*|.*_SIZE.*)",
            "sched": SHARED["sched"],
            "futex": "FUTEX_(WAIT|WAKE|FD|REQUEUE|CMP_REQUEUE|WAKE_OP|LOCK_PI|UNLOCK_PI|TRYLOCK_PI"
            "|WAIT_BITSET|WAKE_BITSET|WAIT_REQUEUE_PI|CMP_REQUEUE_PI|LOCK_PI2)",
            "futex_flag": "FUTEX_(PRIVATE_FLAG|CLOCK_REALTIME)",
            "prctl": "PR_(SET|GET|CAP|MCE|SCHED|TASK|MPX|PAC|SVE|SME)_.+|PR_CAPBSET_.+"
            " ! PR_(SET_MM_.*|MCE_KILL_.*|SCHED_CORE_.*|SVE_VL_.*|SME_VL_.*|CAP_AMBIENT_.*"
            "|SET_PTRACER_ANY)",
            "tracer": "PR_SET_PTRACER_ANY",
            "arch_prctl": "ARCH_.+",
            "membarrier": "MEMBARRIER_CMD_(QUERY|GLOBAL|GLOBAL_EXPEDITED|REGISTER_GLOBAL_EXPEDITED"
            "|PRIVATE_EXPEDITED|REGISTER_PRIVATE_EXPEDITED|PRIVATE_EXPEDITED_SYNC_CORE"
            "|REGISTER_PRIVATE_EXPEDITED_SYNC_CORE|PRIVATE_EXPEDITED_RSEQ"
            "|REGISTER_PRIVATE_EXPEDITED_RSEQ|GET_REGISTRATIONS)",
            "close_range": "CLOSE_RANGE_.+",
            "seccomp": "SECCOMP_(SET|GET)_.+",
            "statx": "STATX_.+ ! STATX_(ATTR_.*|_+RESERVED|ALL)",
            "mount": "MS_.+ ! MS_(ASYNC|SYNC|INVALIDATE|RMT_MASK|MGC.*|VERBOSE|ACTIVE|BORN|NOSEC"
            "|NOUSER|SUBMOUNT|KERNMOUNT|NOREMOTELOCK)",
            "mount_magic": "MS_MGC_(VAL|MSK)",
            "open_tree": "OPEN_TREE_.+|AT_(RECURSIVE|EMPTY_PATH|SYMLINK_NOFOLLOW|NO_AUTOMOUNT)",
            "fsopen": "FSOPEN_.+",
            "fsmount": "FSMOUNT_.+",
            "fspick": "FSPICK_.+",
            "fsconfig": "FSCONFIG_(SET_FLAG|SET_STRING|SET_BINARY|SET_PATH|SET_PATH_EMPTY|SET_FD"
            "|CMD_CREATE|CMD_RECONFIGURE|CMD_CREATE_EXCL)",
            "mount_attr": "MOUNT_ATTR_.+ ! MOUNT_ATTR_(SIZE.*|_ATIME)",
            "move_mount": "MOVE_MOUNT_.+ ! .*_MASK",
            "seccomp_filter": "SECCOMP_FILTER_FLAG_.+",
            "membarrier_flag": "MEMBARRIER_CMD_FLAG_(CPU)",
            "keyctl": "KEYCTL_.+ ! KEYCTL_(CAPS.*|SUPPORTS.*|MOVE_.*)",
            "key": "KEY_SPEC_.+",
            "sched_flag": "SCHED_FLAG_.+ ! SCHED_FLAG_(ALL|KEEP_ALL|UTIL_CLAMP)",
            "landlock_fs": "LANDLOCK_ACCESS_FS_.+",
            "landlock_net": "LANDLOCK_ACCESS_NET_.+",
            "landlock": "LANDLOCK_CREATE_RULESET_.+",
            "ptrace_option": "PTRACE_O_.+ ! PTRACE_O_MASK",
            "file_system": ".+_MAGIC ! STACK_END_MAGIC",
            "owner": "F_OWNER_(TID|PID|PGRP)",
            "notify": "DN_.+",
            "rseq": "RSEQ_FLAG_(UNREGISTER|SLICE_EXT_DEFAULT_ON)",
            "ptrace": "PTRACE_(TRACEME|PEEK.*|POKE.*|CONT|KILL|SINGLESTEP|ATTACH|DETACH|SYSCALL"
            "|SETOPTIONS|GET.*|SET.*|SEIZE|INTERRUPT|LISTEN|SECCOMP_.*) ! PTRACE_(GETFDPIC.*|SETOPTIONS_.*)",
        },
        {
            "struct f_owner_ex": "type pid",
            "struct landlock_ruleset_attr": "handled_access_fs handled_access_net scoped",
            "struct clone_args": "flags pidfd child_tid parent_tid exit_signal stack stack_size tls "
            "set_tid set_tid_size cgroup",
            "struct statx": "stx_mask stx_blksize stx_attributes stx_nlink stx_uid stx_gid stx_mode "
            "stx_ino stx_size stx_blocks stx_atime.tv_sec stx_atime.tv_nsec stx_btime.tv_sec "
            "stx_btime.tv_nsec stx_ctime.tv_sec stx_ctime.tv_nsec stx_mtime.tv_sec stx_mtime.tv_nsec "
            "stx_rdev_major stx_rdev_minor stx_dev_major stx_dev_minor",
            "struct linux_sigaction": "sa_handler sa_flags sa_restorer",
            "stack_t": "ss_sp ss_flags ss_size",
            "struct linux_rlimit": "rlim_cur rlim_max",
            "struct linux_rlimit64": "rlim_cur rlim_max",
            "struct linux_msghdr": MSGHDR,
            "struct linux_rusage": RUSAGE,
            "struct linux_old_timeval": "tv_sec tv_usec",
            "struct linux_old_itimerval": TIMES["struct itimerval"],
            "struct linux_ifreq": "ifr_name",
            "struct linux_utimbuf": "actime modtime",
            "struct linux_old_timespec32": "tv_sec tv_nsec",
            "struct linux_old_itimerspec32": INTERVAL,
            "struct linux_old_timeval32": "tv_sec tv_usec",
        },
        LINUX_CODE,
    ),
    Unit(
        "asm/stat.h asm/siginfo.h linux/time_types.h asm/statfs.h linux/utsname.h linux/sysinfo.h "
        "linux/eventpoll.h linux/uio.h linux/openat2.h linux/times.h linux/sched/types.h",
        {
            name: SHARED[name]
            for name in (
                *("si_code", "cld_code", "segv_code", "bus_code", "ill_code", "fpe_code"),
                *("trap_code", "poll_code", "sigev"),
            )
        }
        | {"resolve": "RESOLVE_.+"},
        {
            "struct stat": "st_dev st_ino st_mode st_nlink st_uid st_gid st_rdev st_size st_blksize "
            "st_blocks st_atime st_atime_nsec st_mtime st_mtime_nsec st_ctime st_ctime_nsec",
            "struct stat64": "st_dev st_ino st_mode st_nlink st_uid st_gid st_rdev st_size "
            "st_blksize st_blocks st_atime st_atime_nsec st_mtime st_mtime_nsec st_ctime "
            "st_ctime_nsec",
            "struct sigevent": SIGEVENT,
            "struct __kernel_timespec": "tv_sec tv_nsec",
            "struct sched_attr": "size sched_policy sched_flags sched_nice sched_priority "
            "sched_runtime sched_deadline sched_period sched_util_min sched_util_max",
            "struct __kernel_sock_timeval": "tv_sec tv_usec",
            "struct __kernel_itimerspec": INTERVAL,
            "struct statfs": "f_type f_bsize f_blocks f_bfree f_bavail f_files f_ffree f_namelen "
            "f_frsize f_flags",
            "struct statfs64": "f_type f_bsize f_blocks f_bfree f_bavail f_files f_ffree f_namelen "
            "f_frsize f_flags",
            "struct new_utsname": "sysname nodename release version machine domainname",
            "struct sysinfo": "uptime totalram freeram sharedram bufferram totalswap freeswap procs "
            "totalhigh freehigh mem_unit",
            "struct epoll_event": "events data",
            "struct iovec": "iov_base iov_len",
            "struct open_how": "flags mode resolve",
        },
    ),
    Unit(
        "sys/socket.h netinet/in.h netinet/tcp.h",
        {
            **{
                name: SHARED[name]
                for name in (
                    *("domain", "socket_type", "socket_flag", "protocol", "msg", "shutdown", "so"),
                    *("tcp", "ip", "ipv6", "scm"),
                )
            },
            "sol": "SOL_.+",
        },
        {"struct linger": "l_onoff l_linger", "struct ucred": "pid uid gid"},
    ),
    Unit(
        "linux/udp.h linux/netlink.h linux/poll.h linux/termios.h linux/fcntl.h",
        {
            "udp": "UDP_(CORK|ENCAP|NO_CHECK6_TX|NO_CHECK6_RX|SEGMENT|GRO)",
            "netlink_option": "NETLINK_(ADD_MEMBERSHIP|DROP_MEMBERSHIP|PKTINFO|BROADCAST_ERROR"
            "|NO_ENOBUFS|LISTEN_ALL_NSID|LIST_MEMBERSHIPS|CAP_ACK|EXT_ACK|GET_STRICT_CHK)",
            "netlink": "NETLINK_(ROUTE|USERSOCK|FIREWALL|SOCK_DIAG|NFLOG|XFRM|SELINUX|ISCSI|AUDIT"
            "|FIB_LOOKUP|CONNECTOR|NETFILTER|IP6_FW|DNRTMSG|KOBJECT_UEVENT|GENERIC|SCSITRANSPORT"
            "|ECRYPTFS|RDMA|CRYPTO|SMC)",
        },
        {
            "struct pollfd": "fd events revents",
            "struct flock": "l_type l_whence l_start l_len l_pid",
            "struct flock64": "l_type l_whence l_start l_len l_pid",
            "struct termios": "c_iflag c_oflag c_cflag c_lflag c_line",
            "struct winsize": "ws_row ws_col ws_xpixel ws_ypixel",
        },
    ),
    Unit(
        "asm/ioctls.h linux/sockios.h linux/fs.h linux/random.h linux/rtc.h linux/kd.h linux/vt.h "
        "linux/loop.h linux/if_tun.h linux/fiemap.h linux/nsfs.h linux/perf_event.h linux/hdreg.h "
        "linux/cdrom.h linux/userfaultfd.h linux/btrfs.h linux/pidfd.h linux/fscrypt.h "
        "linux/vhost.h linux/kvm.h linux/tty.h linux/seccomp.h linux/bpf.h asm/termbits.h",
        {
            "pidfd": "PIDFD_(NONBLOCK|THREAD)",
            "userfaultfd": "UFFD_USER_MODE_ONLY|O_(CLOEXEC|NONBLOCK)",
            "perf_flag": "PERF_FLAG_.+",
            "perf_type": "PERF_TYPE_(HARDWARE|SOFTWARE|TRACEPOINT|HW_CACHE|RAW|BREAKPOINT)",
            "bpf": "BPF_(MAP_CREATE|MAP_LOOKUP_ELEM|MAP_UPDATE_ELEM|MAP_DELETE_ELEM"
            "|MAP_GET_NEXT_KEY|PROG_LOAD|OBJ_PIN|OBJ_GET|PROG_ATTACH|PROG_DETACH|PROG_TEST_RUN"
            "|PROG_GET_NEXT_ID|MAP_GET_NEXT_ID|PROG_GET_FD_BY_ID|MAP_GET_FD_BY_ID"
            "|OBJ_GET_INFO_BY_FD|PROG_QUERY|RAW_TRACEPOINT_OPEN|BTF_LOAD|BTF_GET_FD_BY_ID"
            "|TASK_FD_QUERY|MAP_LOOKUP_AND_DELETE_ELEM|MAP_FREEZE|BTF_GET_NEXT_ID"
            "|MAP_LOOKUP_BATCH|MAP_LOOKUP_AND_DELETE_BATCH|MAP_UPDATE_BATCH|MAP_DELETE_BATCH"
            "|LINK_CREATE|LINK_UPDATE|LINK_GET_FD_BY_ID|LINK_GET_NEXT_ID|ENABLE_STATS"
            "|ITER_CREATE|LINK_DETACH|PROG_BIND_MAP|TOKEN_CREATE)",
            "ioctl": "(TC|TIO|FIO|SIOC|BLK|FS_IOC_|FIBMAP|FIGETBSZ|FIFREEZE|FITHAW|FITRIM|FICLONE"
            "|FIDEDUPE|RND|RTC_|KD|VT_|LOOP_|TUN|NS_GET|PERF_EVENT_IOC_|HDIO_GET|CDROM|UFFDIO_"
            "|BTRFS_IOC_|PIDFD_GET|KVM_(CREATE|GET|SET|RUN|CHECK)|SECCOMP_IOCTL).*"
            " ! .*(_MAX|_MIN|_SIZE|_LEN|_MASK|_FLAGS?_.*|_FLAG|PACKET.*|TIOCPKT_.*|TIOCM_.*|TIOCSER_TEMT"
            "|KDSKBMUTE_?|VT_(AUTO|PROCESS|ACKACQ|EVENT_.*|MAX.*)|SIOCDEVPRIVATE|SIOCPROTOPRIVATE"
            "|TCI?O?(OFF|ON|IFLUSH|OFLUSH|IOFLUSH)|TUN_(F|FLT|PKT|TX|TYPE|TAP|TUN|READQ)_?.*"
            "|KVM_GET_[A-Z]+_.*_(S|R)|BLK_.*|CDROM_.*|RTC_(PF|AF|UF|IRQF|FEATURE|PARAM|BSM|VL_[DBA]).*"
            "|KD_.*|TCSA.*|LOOP_.*_FLAGS|UFFDIO_.*_MODE_.*|KVM_RUN_.*|KVM_CREATE_DEVICE_TEST)",
        },
        {"struct perf_event_attr": "type size config sample_period sample_type read_format"},
    ),
)

NETBSD_STAT = (
    "st_dev st_mode st_ino st_nlink st_uid st_gid st_rdev st_atim.tv_sec st_atim.tv_nsec "
    "st_mtim.tv_sec st_mtim.tv_nsec st_ctim.tv_sec st_ctim.tv_nsec st_birthtim.tv_sec "
    "st_birthtim.tv_nsec st_size st_blocks st_blksize st_flags st_gen"
)
NETBSD = (
    Unit(
        "sys/types.h sys/fcntl.h unistd.h sys/mman.h sys/wait.h sys/resource.h signal.h time.h "
        "sys/time.h poll.h sys/eventfd.h sys/timerfd.h sys/random.h sched.h "
        "sys/stat.h sys/file.h sys/ipc.h sys/msg.h sys/shm.h sys/event.h sys/socket.h netinet/in.h "
        "netinet/tcp.h sys/un.h sys/ptrace.h sys/uio.h sys/utsname.h sys/idtype.h "
        "sys/statvfs.h sys/sched.h",
        {
            **{
                name: pattern
                for name, pattern in SHARED.items()
                # The headers at hand are older than these.
                if name not in ("epoll", "epoll_command", "epoll_create", "inotify", "inotify_init")
            },
            "clone": "CLONE_.+ ! CLONE_(CSIGNAL)",
            "kevent_filter": "EVFILT_.+ ! EVFILT_SYSCOUNT",
            "kevent": "EV_.+ ! EV_(SYSFLAGS|FLAG1|SET)",
            "note": "NOTE_.+ ! NOTE_(PCTRLMASK|PDATAMASK|FF.*|SUBMIT)",
            "idtype": "P_(ALL|PID|PGID|LWPID|SID|CID|UID|GID|PSETID|CPUID|CTID|MYID)",
            "sol": "SOL_.+",
            "ptrace": "PT_.+ ! PT_(FIRSTMACH|MACHDEP_STRINGS|DUMPCORE_.*)",
        },
        {
            **TIMES,
            "struct itimerspec": INTERVAL,
            "struct stat": NETBSD_STAT,
            "struct rusage": RUSAGE,
            "struct rlimit": "rlim_cur rlim_max",
            "struct sigaction": "sa_handler sa_mask sa_flags",
            "struct linger": "l_onoff l_linger",
            "stack_t": "ss_sp ss_size ss_flags",
            "struct sigevent": SIGEVENT,
            "struct utsname": "sysname nodename release version machine",
            "struct pollfd": "fd events revents",
            "struct kevent": "ident filter flags fflags data udata",
            "struct iovec": "iov_base iov_len",
            "struct msghdr": MSGHDR,
            "struct flock": "l_start l_len l_pid l_type l_whence",
            "struct statvfs": "f_flag f_bsize f_frsize f_iosize f_blocks f_bfree f_bavail f_files "
            "f_ffree f_fstypename f_mntonname f_mntfromname",
            **_netbsd_old.SHOWN,
        },
        _netbsd_old.CODE,
    ),
    Unit(
        "sys/types.h sys/time.h sys/ioctl.h termios.h sys/ttycom.h sys/filio.h sys/sockio.h "
        "sys/dkio.h sys/audioio.h net/bpf.h net/if.h dev/wscons/wsconsio.h",
        {
            "ioctl": "(TIOC|FIO|SIOC|DIOC|BIOC).+|AUDIO_(GET|SET|DRAIN|FLUSH|WSEEK|RERROR|PERROR"
            "|QUERYFORMAT|MIXER_(READ|WRITE|DEVINFO)).*|WS(DISPLAY|KBD|MOUSE)IO_[GS](ET|MODE|TYPE).*"
            " ! TIOCM_.*|TIOCPKT_.*|TIOCFLAG_.*|TIOCEXT",
        },
        {
            "struct termios": "c_iflag c_oflag c_cflag c_lflag c_cc c_ispeed c_ospeed",
            "struct winsize": "ws_row ws_col ws_xpixel ws_ypixel",
        },
    ),
)

TARGETS = {
    "linux": {
        "linux-x86_64": "x86_64-linux-gnu",
        "linux-i386": "x86-linux-gnu",
        "linux-x32": "x86_64-linux-gnux32",
        "linux-aarch64": "aarch64-linux-gnu",
    },
    "netbsd": {"netbsd-amd64": "x86_64-netbsd", "netbsd-i386": "x86-netbsd"},
}
UNITS = {"linux": LINUX, "netbsd": NETBSD}
