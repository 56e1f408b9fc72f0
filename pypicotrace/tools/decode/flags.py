"""Numbers that have names: one of several, or sets of bits."""

from __future__ import annotations

from collections.abc import Mapping

from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.call import Call, Decode
from pypicotrace.tools.decode.plain import BITS, shown_octal, shown_pointer, signed


class Flags:
    """Names of bits; what was asked for once is remembered."""

    def __init__(self, names: Mapping[str, int], kinds: Mapping[str, int] | None = None) -> None:
        """``kinds`` are the names of what is left when the bits are taken out, 0 too."""
        # One that has several bits before those that have one of them.
        bits = {number: name for name, number in reversed(list(names.items())) if number}
        self._bits = sorted(bits.items(), key=lambda pair: (-bin(pair[0]).count("1"), pair[0]))
        self._kinds = {n: name for name, n in reversed(list((kinds or {}).items()))}
        # The only kind that has a name is what there is when there are no bits.
        self._bare = len(self._kinds) == 1
        self._mask = (1 << max(self._kinds, default=0).bit_length()) - 1
        self._known: dict[int, str] = {}

    def text(self, value: int) -> str:
        """The names, with ``|`` between them; bits without a name as one number."""
        if value not in self._known:
            if len(self._known) > 1000:
                self._known.clear()
            self._known[value] = self._named(value)
        return self._known[value]

    def _named(self, value: int) -> str:
        found, left = [], value
        for number, name in self._bits:
            # A word that is part of the kind is none of the bits.
            if left & number == number:
                found.append((number, name))
                left &= ~number
        words = [name for _, name in sorted(found)]
        if left & self._mask in self._kinds and not (self._bare and (words or left)):
            words.insert(0, self._kinds[left & self._mask])
            left &= ~self._mask
        return "|".join(words + [hex(left)] * bool(left)) or "0"


def flags(abi: Abi, group: str, kinds: str = "") -> Decode:
    """A set of bits of one group, and one of another in the bits that these leave."""
    named = Flags(abi.constants(group), abi.constants(kinds) if kinds else None)
    text = named.text
    if abi.word == 4:
        return lambda value, call: text(value & BITS)
    return lambda value, call: text(value)


def one_of(abi: Abi, *groups: str) -> Decode:
    """A number of one of the groups."""
    named = numbers(abi, *groups)

    def decode(value: int, call: Call) -> str:
        name = named.get(signed(value, 32))
        if name is None:
            name = named.get(value & BITS)
        return hex(value) if name is None else name

    return decode


def numbers(abi: Abi, *groups: str) -> dict[int, str]:
    """Names by number; of several the first."""
    named: dict[int, str] = {}
    for group in groups:
        for name, number in abi.constants(group).items():
            named.setdefault(number, name)
    return named


def open_flags(abi: Abi) -> Decode:
    """How a file is opened."""
    return flags(abi, "open", "access_mode")


def open_bits(abi: Abi) -> Decode:
    """Of how a file is opened, what is no way of access."""
    return flags(abi, "open")


def map_flags(abi: Abi) -> Decode:
    """How memory is mapped; NetBSD: the highest byte is an alignment (sys/mman.h, MAP_ALIGNED)."""
    named = flags(abi, "map", "map_type")
    if abi.os != "netbsd":
        return named

    def decode(value: int, call: Call) -> str:
        power = value >> 24 & 0xFF
        text = named(value & 0xFFFFFF, call)
        return f"{text}|MAP_ALIGNED({power})" if power else str(text)

    return decode


def moved(abi: Abi, place: str) -> Decode:
    """Where mremap(2) is to move memory to, if the flags at that place say that it does (Linux)."""
    index, names = int(place), abi.constants("mremap")
    given = names["MREMAP_FIXED"] | names["MREMAP_DONTUNMAP"]
    return lambda value, call: shown_pointer(value, call) if call.args[index] & given else None


def mount_flags(abi: Abi) -> Decode:
    """How Linux mounts; its old programs have a magic number in the upper half (fs/namespace.c)."""
    named = flags(abi, "mount")
    mask, magic = (abi.constants("mount_magic")[name] for name in ("MS_MGC_MSK", "MS_MGC_VAL"))

    def decode(value: int, call: Call) -> str:
        if value & mask != magic:
            return str(named(value, call))
        rest = value & ~mask
        return f"MS_MGC_VAL|{named(rest, call)}" if rest else "MS_MGC_VAL"

    return decode


def open_mode(abi: Abi, place: str) -> Decode:
    """Permissions of a new file, where the flags at that place ask for one."""
    index = int(place)
    constants = abi.constants("open")
    creating = constants["O_CREAT"]
    unnamed = constants.get("O_TMPFILE", 0)
    # Linux: O_TMPFILE has a bit of O_DIRECTORY's.
    unnamed &= ~constants.get("O_DIRECTORY", 0)

    def decode(value: int, call: Call) -> str | None:
        asked = call.args[index]
        return shown_octal(value & BITS) if asked & (creating | unnamed) else None

    return decode


def clone_flags(abi: Abi) -> Decode:
    """Linux's and NetBSD's clone: the signal of the child's end is in the lowest byte."""
    named = Flags(abi.constants("clone"))

    def decode(value: int, call: Call) -> str:
        bits, signo = value & ~0xFF, value & 0xFF
        words = [named.text(bits)] if bits else []
        return "|".join(words + [abi.signal(signo)] * bool(signo)) or "0"

    return decode


def ipc_flags(abi: Abi, group: str = "ipc") -> Decode:
    """How a queue, semaphores or a segment are got: permissions are in the lowest 9 bits."""
    named = Flags(abi.constants(group))

    def decode(value: int, call: Call) -> str:
        bits, mode = value & BITS & ~0o777, value & 0o777
        words = [named.text(bits)] if bits else []
        return "|".join(words + [shown_octal(mode)] * bool(mode)) or "0"

    return decode


def ipc_command(abi: Abi, group: str) -> Decode:
    """What semctl(2) and its like do (Linux); IPC_64 goes with it where there are two layouts."""
    named = one_of(abi, "ipc_command", group)
    (new,) = abi.constants("ipc_64").values()

    def decode(value: int, call: Call) -> str:
        text = str(named(value & ~new, call))
        return f"IPC_64|{text}" if value & new else text

    return decode


def access(abi: Abi) -> Decode:
    """The ways of access that are asked about."""
    named = Flags({k: v for k, v in abi.constants("access").items() if v}, {"F_OK": 0})
    return lambda value, call: named.text(value & BITS)
