"""Signals: sets of them, their actions, and what they say of themselves."""

from __future__ import annotations

import struct
from collections.abc import Callable

from pypicotrace.tools.decode import flags
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.call import Call, Decode, Unreadable
from pypicotrace.tools.decode.plain import shown_pointer

HANDLERS = {0: "SIG_DFL", 1: "SIG_IGN"}
OLD_SIGNALS = 32
SIZES = {"linux": 8, "netbsd": 16}
"""Bytes of a signal set in the kernel."""
# The codes that belong to one signal alone.
CODES = {
    "SIGCHLD": "cld_code",
    "SIGSEGV": "segv_code",
    "SIGBUS": "bus_code",
    "SIGILL": "ill_code",
    "SIGFPE": "fpe_code",
    "SIGTRAP": "trap_code",
    "SIGIO": "poll_code",
}


def signal_set(abi: Abi, when: str = "") -> Decode:
    """A set of signals; ``done``: the call has filled it."""
    size, show = SIZES[abi.os], shown_set(abi)

    def decode(value: int, call: Call) -> str:
        if not value or (when and call.retval is None):
            return shown_pointer(value, call)
        try:
            return show(call.read(value, size))
        except Unreadable:
            return hex(value)

    return decode


def shown_set(abi: Abi, most: int = 128) -> Callable[[bytes], str]:
    """What makes text of a set's bytes: the names without SIG, and of most those that lack.

    :param most: the last signal of which it tells.
    """
    names = {n: name.removeprefix("SIG") for n, name in sorted(abi.signals.items()) if n <= most}

    def show(data: bytes) -> str:
        bits = int.from_bytes(data, "little")
        inside = [name for n, name in names.items() if bits >> (n - 1) & 1]
        outside = [name for n, name in names.items() if not bits >> (n - 1) & 1]
        if len(outside) < len(inside) and len(inside) > 1:
            return f"~[{' '.join(outside)}]"
        return f"[{' '.join(inside)}]"

    return show


def sent_set(abi: Abi) -> Decode:
    """A set of the first 32 signals that is the value itself, as NetBSD 1.3 has them."""
    show = shown_set(abi, OLD_SIGNALS)
    return lambda value, call: show((value & 0xFFFFFFFF).to_bytes(4, "little"))


def action(abi: Abi, when: str = "") -> Decode:
    """What is done when a signal arrives; ``done``: the call has filled it.

    Linux's own structure has the set after the members that have names (include/linux/signal_types
    .h); NetBSD's has it among them.
    """
    linux = abi.os == "linux"
    layout = abi.layout("struct linux_sigaction" if linux else "struct sigaction")
    names = sorted(layout.members, key=lambda name: layout.members[name].offset)
    unpack = layout.packer(names).unpack
    size = layout.size + SIZES[abi.os] if linux else layout.size
    show_set, named = shown_set(abi), flags.flags(abi, "sa")

    def decode(value: int, call: Call) -> str:
        if not value or (when and call.retval is None):
            return shown_pointer(value, call)
        try:
            data = call.read(value, size)
        except Unreadable:
            return hex(value)
        given = dict(zip(names, unpack(data[: layout.size]), strict=True))
        handler, bits = given["sa_handler"], given["sa_flags"] & 0xFFFFFFFF
        mask = show_set(data[layout.size :] if linux else given["sa_mask"])
        text = f"sa_handler={HANDLERS.get(handler) or hex(handler)}, sa_mask={mask}"
        text += f", sa_flags={named(bits, call)}"
        if given.get("sa_restorer"):
            text += f", sa_restorer={given['sa_restorer']:#x}"
        return f"{{{text}}}"

    return decode


def code_names(abi: Abi) -> Callable[[int, int], str]:
    """What makes text of a signal's code (si_code), given the signal's number."""
    common = flags.numbers(abi, "si_code")
    own = {signal: flags.numbers(abi, group) for signal, group in CODES.items()}

    def name(signo: int, code: int) -> str:
        known = own.get(abi.signal(signo), {})
        return known.get(code) or common.get(code) or str(code)

    return name


def sent(abi: Abi) -> Callable[[int, int, int, int, int], list[str]]:
    """What makes words of a siginfo: the signal, its code, who has sent it, what a child has done.

    Of its number, code, pid, uid and status.
    """
    show_code = code_names(abi)

    def words(signo: int, code: int, pid: int, uid: int, status: int) -> list[str]:
        name, what = abi.signal(signo), show_code(signo, code)
        made = [f"si_signo={name}", f"si_code={what}"]
        child = name == "SIGCHLD" and code > 0
        if child or (code <= 0 and what != "SI_TIMER"):  # which nobody has sent
            made += [f"si_pid={pid}", f"si_uid={uid}"]
        if child:
            made.append(f"si_status={status if what == 'CLD_EXITED' else abi.signal(status)}")
        return made

    return words


def info(abi: Abi) -> Decode:
    """Linux's siginfo that a call has filled: who has sent the signal, or what a child has done.

    It has a word of padding before the union where pointers have 64 bits (asm-generic/siginfo.h).
    """
    words, union = sent(abi), 16 if abi.word == 8 else 12

    def decode(value: int, call: Call) -> str:
        if not value or call.retval is None:
            return shown_pointer(value, call)
        try:
            data = call.read(value, union + 12)
        except Unreadable:
            return hex(value)
        signo, _, code = struct.unpack_from("<3i", data)
        pid, uid, status = struct.unpack_from("<iIi", data, union)
        if not signo:
            return "{}"  # there was none
        return f"{{{', '.join(words(signo, code, pid, uid, status))}}}"

    return decode
