"""Structures, by their layouts: which members are shown, and how."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from pypicotrace.tools.decode import flags, plain, signals
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.buffers import elements, pointed
from pypicotrace.tools.decode.call import Call, Decode, Unreadable
from pypicotrace.tools.decode.plain import shown_pointer
from pypicotrace.tools.decode.text import quoted

Show = Callable[[Any, Call], str]
"""A member's value as text."""

# What a type is called in the tables of calls, and what has its layout.
SAME = {
    "linux": {
        "struct rlimit": "struct linux_rlimit",
        "struct rlimit64": "struct linux_rlimit64",
        "struct rusage": "struct linux_rusage",
        "struct __kernel_old_timeval": "struct linux_old_timeval",
        "struct __kernel_old_itimerval": "struct linux_old_itimerval",
        "struct timespec": "struct __kernel_timespec",
        "struct utimbuf": "struct linux_utimbuf",
        "struct old_utimbuf32": "struct linux_utimbuf",
        "struct old_timeval32": "struct linux_old_timeval32",
        "struct old_timespec32": "struct linux_old_timespec32",
        "struct old_itimerspec32": "struct linux_old_itimerspec32",
    },
    "netbsd": {},
}
# The members that are shown unless all are asked for; of others, all.
SHORT = {
    "stat": "st_mode st_size",
    "stat64": "st_mode st_size",
    **{f"stat{version}": "st_mode st_size" for version in (12, 13, 30, 43)},
    "statx": "stx_mask stx_mode stx_size",
    "rusage": "ru_utime.tv_sec ru_utime.tv_usec ru_stime.tv_sec ru_stime.tv_usec",
    "rusage50": "ru_utime.tv_sec ru_utime.tv_usec ru_stime.tv_sec ru_stime.tv_usec",
    "linux_rusage": "ru_utime.tv_sec ru_utime.tv_usec ru_stime.tv_sec ru_stime.tv_usec",
    **dict.fromkeys(
        ("statvfs", "statvfs90", "statfs12"), "f_fstypename f_mntonname f_blocks f_bavail"
    ),
    "sched_attr": "sched_policy sched_flags sched_nice sched_priority sched_runtime sched_deadline "
    "sched_period",
    "perf_event_attr": "type size config",
    "termios": "c_iflag c_oflag c_cflag c_lflag",
}
INFINITE = {8: (1 << 64) - 1, 4: (1 << 32) - 1}


def structure(abi: Abi, type: str, when: str = "") -> Decode:
    """One structure of that C type.

    :param when: ``done``: it is there only where the call has not failed.
    :raises KeyError: its layout is not known.
    """
    return pointed(*shower(abi, type), done=bool(when))


def sized(abi: Abi, type: str, place: str, when: str = "") -> Decode:
    """One whose size is the argument at that place: what it lacks is 0, as the kernel has it.

    :param when: as for `structure`.
    """
    index, (size, show) = int(place), shower(abi, type)

    def decode(value: int, call: Call) -> str:
        given = min(call.args[index], size)
        if not value or given < abi.word or (when and call.retval is None):
            return shown_pointer(value, call)
        try:
            return show(call.read(value, given).ljust(size, b"\0"), call)
        except Unreadable:
            return hex(value)

    return decode


def stack(abi: Abi, when: str = "") -> Decode:
    """A stack for handlers of signals; its type has no ``struct`` before it."""
    return structure(abi, "stack_t", when)


def array(abi: Abi, type: str, count: str) -> Decode:
    """An array of them, as many as ``count`` says (see `buffers.integers`)."""
    return elements(count, *shower(abi, type))


def file_times(abi: Abi, type: str) -> Decode:
    """When a file was read, and when written: a time, now, or what it is."""
    size, show = shower(abi, type)
    layout, named = abi.layout(SAME[abi.os].get(type, type)), flags.numbers(abi, "utime")
    unpack = layout.packer(["tv_nsec"]).unpack
    return elements("2", size, lambda data, call: named.get(unpack(data)[0]) or show(data, call))


def shower(abi: Abi, type: str) -> tuple[int, Callable[[bytes, Call], str]]:
    """The size of a structure, and what makes text of its bytes.

    :raises KeyError: its layout is not known.
    """
    layout = abi.layout(SAME[abi.os].get(type, type))
    name = SAME[abi.os].get(type, type).removeprefix("struct ")
    every = list(layout.members)
    short = [m for m in SHORT.get(name, "").split() if m in layout.members] or every
    forms = [_form(abi, layout, name, members, len(every)) for members in (short, every)]

    def show(data: bytes, call: Call) -> str:
        template, unpack, shows = forms[call.shown.verbose]
        values = [f(v, call) for f, v in zip(shows, unpack(data), strict=True)]
        return str(template.format(*values))

    return layout.size, show


def _form(abi: Abi, layout: Any, name: str, members: list[str], count: int) -> tuple[Any, ...]:
    """A template for the members, what takes them out of memory, and what shows each."""
    members = sorted(members, key=lambda member: layout.members[member].offset)
    shows = [_member(abi, name, layout.members[member]) for member in members]
    text, inside = "", ""
    for member in members:
        outer, dot, inner = member.rpartition(".")
        if outer != inside:
            text = text.removesuffix(", ") + "}}, " if inside else text
            text += f"{outer}={{{{" if dot else ""
            inside = outer
        text += f"{inner}={{}}, "
    text = text.removesuffix(", ") + ("}}" if inside else "")
    text += ", ..." if len(members) < count else ""
    return f"{{{{{text}}}}}", layout.packer(members).unpack, shows


def _member(abi: Abi, struct_name: str, member: Any) -> Show:
    name = member.name.rpartition(".")[2]
    if member.code.endswith("s"):
        return _characters
    for pattern, maker in MEMBERS:
        if re.fullmatch(pattern, f"{struct_name}.{name}"):
            decode: Show = maker(abi, member)
            return decode
    return _number


def _number(value: int, call: Call) -> str:
    return str(value)


def _hexadecimal(value: int, call: Call) -> str:
    return hex(value) if value else "0"


def _characters(value: bytes, call: Call) -> str:
    text = value.partition(b"\0")[0]
    return quoted(text, max(call.shown.limit, 64), call.shown.hexadecimal)


def _limit(abi: Abi, member: Any) -> Show:
    infinite = INFINITE[member.size] >> (abi.os == "netbsd")

    def show(value: int, call: Call) -> str:
        if value == infinite:
            return "RLIM_INFINITY"
        return f"{value // 1024}*1024" if value >= 1024 and value % 1024 == 0 else str(value)

    return show


def _named(group: str, kinds: str = "") -> Callable[[Abi, Any], Show]:
    def make(abi: Abi, member: Any) -> Show:
        show: Any = flags.flags(abi, group, kinds)
        if member.code.islower():
            mask = (1 << (8 * member.size)) - 1
            return lambda value, call: show(value & mask, call)
        return show  # type: ignore[no-any-return]

    return make


def _one_of(*groups: str) -> Callable[[Abi, Any], Show]:
    def make(abi: Abi, member: Any) -> Show:
        show: Any = flags.one_of(abi, *groups)
        return show  # type: ignore[no-any-return]

    return make


def _as(maker: Callable[[Abi], Decode]) -> Callable[[Abi, Any], Show]:
    def make(abi: Abi, member: Any) -> Show:
        show: Any = maker(abi)
        return show  # type: ignore[no-any-return]

    return make


# By structure and member, the first that matches.
MEMBERS: list[tuple[str, Callable[[Abi, Any], Show]]] = [
    (r"stat[x0-9]*\.stx?_mode", _as(plain.mode)),
    (r"stat[0-9]*\.st_r?dev", _as(plain.device)),
    (r"statx\.stx_mask", _named("statx")),
    (r"statx\.stx_attributes", lambda abi, member: _hexadecimal),
    (r"pollfd\.fd", _as(plain.descriptor)),
    (r"pollfd\.r?events", _named("poll")),
    (r"epoll_event\.events", _named("epoll")),
    (r"epoll_event\.data", lambda abi, member: _hexadecimal),
    (r"kevent(100)?\.filter", _one_of("kevent_filter")),
    (r"kevent(100)?\.flags", _named("kevent")),
    (r"kevent(100)?\.(fflags|udata)", lambda abi, member: _hexadecimal),
    (r"(linux_)?rlimit(64)?\.rlim_.*", _limit),
    (r"flock(64)?\.l_type", _one_of("lock_type")),
    (r"flock(64)?\.l_whence", _one_of("seek")),
    (r"perf_event_attr\.type", _one_of("perf_type")),
    (r"perf_event_attr\.config", lambda abi, member: _hexadecimal),
    (r"sched_attr\.sched_policy", _one_of("sched")),
    (r"sched_attr\.sched_flags", _named("sched_flag")),
    (r"landlock_ruleset_attr\.handled_access_fs", _named("landlock_fs")),
    (r"landlock_ruleset_attr\.handled_access_net", _named("landlock_net")),
    (r"sembuf\.sem_flg", _named("sem_flag")),
    (r"f_owner_ex\.type", _one_of("owner")),
    (r"mq_attr\.mq_flags", _as(flags.open_bits)),
    (r"statfs(64)?\.f_type", _one_of("file_system")),
    (r"clone_args\.flags", _named("clone")),
    (r"clone_args\.exit_signal", _as(plain.signal)),
    (r"clone_args\..*", lambda abi, member: _hexadecimal),
    (r"open_how\.flags", _as(flags.open_flags)),
    (r"open_how\.mode", _as(plain.octal)),
    (r"open_how\.resolve", _named("resolve")),
    (r"termios\.c_.flag", lambda abi, member: _hexadecimal),
    (r"(statfs(64|12)?|statvfs(90)?)\.(f_type|f_flags?)", lambda abi, member: _hexadecimal),
    (r"sigevent\.sival_ptr", lambda abi, member: _hexadecimal),
    (r"sigevent\.sigev_signo", _as(plain.signal)),
    (r"sigevent\.sigev_notify", _one_of("sigev")),
    (r"sigaction13\.osa_handler", lambda abi, member: _hexadecimal),
    (r"sigaction13\.osa_mask", _as(signals.sent_set)),
    (r"sigaction13\.osa_flags", _named("sa")),
    (r"(sigaltstack13|stack_t)\.ss_sp", lambda abi, member: _hexadecimal),
    (r"(sigaltstack13|stack_t)\.ss_flags", _named("sigaltstack")),
]
