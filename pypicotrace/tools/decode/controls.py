"""Calls of many kinds in one: what an argument means depends on another."""

from __future__ import annotations

import re

from pypicotrace.tools.decode import flags, plain, structs
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.buffers import string
from pypicotrace.tools.decode.call import Call, Decode, Unreadable
from pypicotrace.tools.decode.plain import BITS, shown_pointer, signed


def request(abi: Abi) -> Decode:
    """What ioctl(2) is asked for."""
    named = flags.numbers(abi, "ioctl")
    # Names that only say what the others do in another way come later in the headers.
    return lambda value, call: named.get(value & BITS) or unknown_request(abi, value & BITS)


def unknown_request(abi: Abi, value: int) -> str:
    """A request without a name, by what its bits say.

    Linux: asm-generic/ioctl.h; NetBSD: sys/ioccom.h.
    """
    kind, number = value >> 8 & 0xFF, value & 0xFF
    if abi.os == "linux":
        ways = {0: "_IOC_NONE", 1: "_IOC_WRITE", 2: "_IOC_READ", 3: "_IOC_READ|_IOC_WRITE"}
        way, size = ways[value >> 30], value >> 16 & 0x3FFF
    else:
        bits = {0x20000000: "IOC_VOID", 0x40000000: "IOC_OUT", 0x80000000: "IOC_IN"}
        way = "|".join(name for bit, name in bits.items() if value & bit) or "0"
        size = value >> 16 & 0x1FFF
    return f"_IOC({way}, {kind:#x}, {number:#x}, {size:#x})"


# What a request points to, and whether it is the kernel that fills it.
REQUESTS = {
    "TIOCGWINSZ": ("struct winsize", "done"),
    "TIOCSWINSZ": ("struct winsize", ""),
    "TCGETS": ("struct termios", "done"),
    "TCSETS": ("struct termios", ""),
    "TCSETSW": ("struct termios", ""),
    "TCSETSF": ("struct termios", ""),
    "TCGETS2": ("struct termios", "done"),
    **dict.fromkeys(("TCSETS2", "TCSETSW2", "TCSETSF2"), ("struct termios", "")),
    "TIOCGETA": ("struct termios", "done"),
    "TIOCSETA": ("struct termios", ""),
    "TIOCSETAW": ("struct termios", ""),
    "TIOCSETAF": ("struct termios", ""),
}
BARE = frozenset(("FIOCLEX", "FIONCLEX", "TIOCNOTTY", "TIOCEXCL", "TIOCNXCL", "TIOCVHANGUP"))
"""Requests that take nothing: what is in the register is left there from before."""
VALUES = frozenset(("TCSBRK", "TCSBRKP", "TCXONC", "TCFLSH", "TIOCSCTTY", "FICLONE", "TIOCSIG"))
"""Requests that take a number itself (Linux)."""
INTERFACES = re.compile("SIOC[GS]IF(FLAGS|ADDR|DSTADDR|BRDADDR|NETMASK|METRIC|MTU|HWADDR|INDEX)")
"""Requests about the network interface of a name that they are given (Linux)."""
INTEGERS = {
    **dict.fromkeys(("FIONREAD", "TIOCGPGRP", "TIOCOUTQ", "TIOCGPTN", "TIOCGSID"), True),
    **dict.fromkeys(("TIOCGETD", "SIOCATMARK"), True),
    **dict.fromkeys(
        ("FIONBIO", "FIOASYNC", "TIOCSPGRP", "TIOCSPTLCK", "TIOCPKT", "TIOCSETD"), False
    ),
}
"""Requests that point to an int, which the kernel fills, or takes."""


def request_argument(abi: Abi, place: str) -> Decode:
    """What a request is about; the request is the argument at that place."""
    index, named = int(place), flags.numbers(abi, "ioctl")
    known: dict[str, Decode] = {
        name: structs.structure(abi, type, when) for name, (type, when) in REQUESTS.items()
    }
    number = {True: pointed(abi, "4", "done"), False: pointed(abi, "4")}
    known |= {name: number[filled] for name, filled in INTEGERS.items()}
    known |= dict.fromkeys(BARE, plain.nothing)
    if abi.os == "linux":
        known |= dict.fromkeys(VALUES, plain.integer(abi))
        interface = structs.structure(abi, "struct linux_ifreq")
        known |= dict.fromkeys(filter(INTERFACES.fullmatch, named.values()), interface)

    def decode(value: int, call: Call) -> str | None:
        how = known.get(named.get(call.args[index] & BITS, ""))
        return shown_pointer(value, call) if how is None else how(value, call)

    return decode


def pointed(abi: Abi, size: str, when: str = "") -> Decode:
    """One signed integer of so many bytes; ``done``: the call has filled it."""
    length = abi.word if size == "word" else int(size)

    def decode(value: int, call: Call) -> str:
        if not value or (when and call.retval is None):
            return shown_pointer(value, call)
        try:
            return f"[{int.from_bytes(call.read(value, length), 'little', signed=True)}]"
        except Unreadable:
            return hex(value)

    return decode


def control_argument(abi: Abi, place: str) -> Decode:
    """What fcntl(2) is given for the command at that place."""
    index = int(place)
    named = flags.numbers(abi, "fcntl")
    lock = structs.structure(abi, "struct flock")
    number, status = plain.integer(abi), flags.open_flags(abi)
    known: dict[str, Decode] = {
        **dict.fromkeys(("F_DUPFD", "F_DUPFD_CLOEXEC", "F_SETOWN", "F_SETPIPE_SZ"), number),
        **dict.fromkeys(("F_SETNOSIGPIPE", "F_CLOSEM"), number),
        "F_SETFD": flags.flags(abi, "fd"),
        "F_SETFL": status,
        "F_SETSIG": plain.signal(abi),
        "F_ADD_SEALS": flags.flags(abi, "seal"),
        "F_SETLEASE": flags.one_of(abi, "lock_type"),
        "F_NOTIFY": flags.flags(abi, "notify"),
        **dict.fromkeys(("F_GETLK", "F_SETLK", "F_SETLKW"), lock),
    }
    if abi.os == "linux":
        # 32-bit programs ask for these by fcntl64 alone, which takes the larger structure.
        wide = structs.structure(abi, "struct flock64")
        known |= dict.fromkeys(("F_OFD_GETLK", "F_OFD_SETLK", "F_OFD_SETLKW"), wide)
        known |= dict.fromkeys(("F_GETLK64", "F_SETLK64", "F_SETLKW64"), wide)
        owner = structs.structure(abi, "struct f_owner_ex")
        known |= {"F_SETOWN_EX": owner, "F_GETOWN_EX": filled_at_exit(owner)}
    bare = {"F_GETFD", "F_GETFL", "F_GETOWN", "F_GETSIG", "F_GETLEASE", "F_GETPIPE_SZ"}
    bare |= {"F_GET_SEALS", "F_MAXFD", "F_GETNOSIGPIPE"}

    def decode(value: int, call: Call) -> str | None:
        name = named.get(call.args[index] & BITS, "")
        if name in bare:
            return None
        return known[name](value, call) if name in known else shown_pointer(value, call)

    return decode


def filled_at_exit(decode: Decode) -> Decode:
    """What a call that is looked at twice fills: of before nothing is told."""

    def after(value: int, call: Call) -> str | None:
        if call.ended and call.retval is not None:
            return decode(value, call)
        return shown_pointer(value, call) if call.ended else None

    return after


def control_result(abi: Abi, place: str) -> Decode:
    """What fcntl(2) gives: flags, where these were asked for."""
    index = int(place)
    named = flags.numbers(abi, "fcntl")
    status, descriptor = flags.open_flags(abi), flags.flags(abi, "fd")
    seals = flags.flags(abi, "seal")
    new = plain.descriptor(abi)
    known: dict[str, Decode] = {
        "F_GETFL": lambda value, call: f"{value:#x} (flags {status(value, call)})",
        "F_GETFD": lambda value, call: (
            f"{value:#x} (flags {descriptor(value, call)})" if value else "0"
        ),
        "F_GET_SEALS": lambda value, call: f"{value:#x} (seals {seals(value, call)})",
        **dict.fromkeys(("F_DUPFD", "F_DUPFD_CLOEXEC"), new),
    }
    other = plain.quad(abi)

    def decode(value: int, call: Call) -> str | None:
        return known.get(named.get(call.args[index] & BITS, ""), other)(value, call)

    return decode


def futex(abi: Abi) -> Decode:
    """What is done with a futex (Linux)."""
    named = flags.Flags(abi.constants("futex_flag"), abi.constants("futex"))
    short = {"FUTEX_PRIVATE_FLAG": "PRIVATE"}

    def decode(value: int, call: Call) -> str:
        words = named.text(value & BITS).split("|")
        kind, *rest = words
        if rest[:1] == ["FUTEX_PRIVATE_FLAG"]:
            return "|".join([f"{kind}_{short[rest[0]]}", *rest[1:]])
        return "|".join(words)

    return decode


def process_status(abi: Abi) -> Decode:
    """How a child has ended, or what has happened to it."""

    def decode(value: int, call: Call) -> str:
        if not value or not call.retval:
            return shown_pointer(value, call)
        try:
            status = int.from_bytes(call.read(value, 4), "little")
        except Unreadable:
            return hex(value)
        return f"[{shown_status(abi, status)}]"

    return decode


def shown_status(abi: Abi, status: int) -> str:
    """A wait status in the words of wait(2): its lower 7 bits say which, on both systems."""
    low, high = status & 0x7F, status >> 8 & 0xFF
    if status == 0xFFFF:
        return "{WIFCONTINUED(s)}"
    if status & 0xFF == 0x7F:
        event = status >> 16
        more = f" | {event:#x} << 16" if event else ""
        return f"{{WIFSTOPPED(s) && WSTOPSIG(s) == {abi.signal(high)}}}{more}"
    if low:
        core = " && WCOREDUMP(s)" if status & 0x80 else ""
        return f"{{WIFSIGNALED(s) && WTERMSIG(s) == {abi.signal(low)}{core}}}"
    return f"{{WIFEXITED(s) && WEXITSTATUS(s) == {high}}}"


# What each call of prctl(2) takes of its arguments after the first, as `prctl_argument` has it; the
# kernel does not look at the others (kernel/sys.c). Of what is not here all are shown.
PRCTL = """\
SET_NAME: name
GET_NAME: >name
SET_PDEATHSIG: signal
GET_PDEATHSIG: >int
SET_DUMPABLE SET_KEEPCAPS SET_CHILD_SUBREAPER SET_TIMING SET_TSC: value
GET_CHILD_SUBREAPER GET_TSC: >int
GET_DUMPABLE GET_KEEPCAPS GET_SECCOMP GET_SECUREBITS GET_TIMERSLACK GET_TIMING:
SET_TIMERSLACK: number
SET_SECUREBITS: hex
SET_SECCOMP: value pointer
SET_NO_NEW_PRIVS SET_THP_DISABLE SET_IO_FLUSHER: value hex hex hex
CAPBSET_READ CAPBSET_DROP: value
SET_PTRACER: tracer
GET_TID_ADDRESS: pointer
SET_VMA: hex pointer number name
"""


def prctl_argument(abi: Abi, place: str) -> Decode:
    """An argument of prctl(2) at that place, as its first one says (Linux)."""
    index, named = int(place), flags.numbers(abi, "prctl")
    anyone = abi.constants("tracer")
    words: dict[str, Decode] = {
        "name": string(abi),
        ">name": plain.done(string(abi)),
        ">int": pointed(abi, "4", "done"),
        "signal": plain.signal(abi),
        "value": plain.integer(abi),
        "number": plain.unsigned(abi),
        "hex": plain.hexadecimal(abi),
        "pointer": shown_pointer,
        "tracer": lambda value, call: (
            next((n for n, v in anyone.items() if (v - value) % 2 ** (8 * abi.word) == 0), None)
            or str(signed(value, 32))
        ),
    }
    known: dict[str, Decode] = {}
    for line in PRCTL.splitlines():
        names, _, rest = line.partition(":")
        taken = rest.split()
        word = taken[index - 1] if index <= len(taken) else ""
        known |= {f"PR_{name}": words.get(word, plain.nothing) for name in names.split()}
    other = plain.hexadecimal(abi)

    def decode(value: int, call: Call) -> str | None:
        return known.get(named.get(signed(call.args[0], 32), ""), other)(value, call)

    return decode


def ptrace_argument(abi: Abi, place: str) -> Decode:
    """Options, a signal or an address, as the request of ptrace(2) at that place says (Linux)."""
    index, named = int(place), flags.numbers(abi, "ptrace")
    options, signal, other = (
        flags.flags(abi, "ptrace_option"),
        plain.signal(abi),
        plain.hexadecimal(abi),
    )
    known: dict[str, Decode] = {
        **dict.fromkeys(("PTRACE_SETOPTIONS", "PTRACE_SEIZE"), options),
        **dict.fromkeys(("PTRACE_CONT", "PTRACE_SYSCALL", "PTRACE_SINGLESTEP"), signal),
        "PTRACE_DETACH": signal,
    }
    return lambda value, call: known.get(named.get(call.args[index] & BITS, ""), other)(value, call)


def semaphore_argument(abi: Abi, place: str) -> Decode:
    """What semctl(2) is given for the command at that place (Linux): not every one takes it."""
    index, named = int(place), flags.numbers(abi, "ipc_command", "sem_command")
    (new,) = abi.constants("ipc_64").values()
    bare = {"GETVAL", "GETPID", "GETNCNT", "GETZCNT", "IPC_RMID"}

    def decode(value: int, call: Call) -> str | None:
        name = named.get(call.args[index] & BITS & ~new, "")
        if name in bare:
            return None
        return str(signed(value, 32)) if name == "SETVAL" else shown_pointer(value, call)

    return decode
