"""Numbers: signed and unsigned, addresses, ids, modes, descriptors."""

from __future__ import annotations

from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.call import Call, Decode

BITS = 0xFFFFFFFF


def signed(value: int, bits: int) -> int:
    """The number that the lower bits are in two's complement."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def integer(abi: Abi) -> Decode:
    """An int."""
    return lambda value, call: str(signed(value, 32))


def unsigned(abi: Abi) -> Decode:
    """An unsigned number of whatever size."""
    return lambda value, call: str(value)


def long_integer(abi: Abi) -> Decode:
    """A long."""
    bits = 8 * abi.word
    return lambda value, call: str(signed(value, bits))


def quad(abi: Abi) -> Decode:
    """64 signed bits; on machines of 32 bits, what a register has of them."""
    bits = 64 if abi.word == 8 or abi.name == "linux-x32" else 32
    return lambda value, call: str(signed(value, bits))


def halves(abi: Abi, place: int) -> Decode:
    """64 signed bits, of which the argument at that place has the upper half.

    Where a register has them all that one is not looked at (Linux: fs/read_write.c, pos_from_hilo).
    """
    if abi.word == 8:
        return lambda value, call: str(signed(value, 64))
    return lambda value, call: str(signed(value & BITS | (call.args[place] & BITS) << 32, 64))


def nothing(value: int, call: Call) -> None:
    """What is shown with another argument."""


def hexadecimal(abi: Abi) -> Decode:
    """A number without a meaning, or an address in the kernel's hands."""
    return lambda value, call: hex(value) if value else "0"


def pointer(abi: Abi) -> Decode:
    """An address."""
    return shown_pointer


def shown_pointer(value: int, call: Call) -> str:
    """An address, by itself."""
    return hex(value) if value else "NULL"


def done(decode: Decode) -> Decode:
    """What is there only where the call has not failed."""
    return lambda value, call: (
        shown_pointer(value, call) if call.retval is None else decode(value, call)
    )


def octal(abi: Abi) -> Decode:
    """Permissions."""
    return lambda value, call: shown_octal(value & BITS)


def shown_octal(value: int) -> str:
    """With a 0 before it."""
    return f"{value:#05o}".replace("o", "") if value > 0o77 else f"{value:03o}"


def mode(abi: Abi) -> Decode:
    """The type of a file, and permissions."""
    types = {number: name for name, number in abi.constants("file_type").items()}

    def decode(value: int, call: Call) -> str:
        value &= BITS
        kind = value & 0o170000
        rest = shown_octal(value & 0o7777)
        return f"{types.get(kind, hex(kind))}|{rest}" if kind else rest

    return decode


def user(abi: Abi) -> Decode:
    """A user's or a group's id; -1: as it is."""
    return lambda value, call: "-1" if value & BITS == BITS else str(value & BITS)


def device(abi: Abi) -> Decode:
    """A device's number, which is two in one.

    The bits are those of the kernels' MAJOR and MINOR (Linux: kdev_t.h, new_encode_dev; NetBSD:
    sys/types.h).
    """
    if abi.os == "linux":

        def parts(value: int) -> tuple[int, int]:
            major = (value >> 8) & 0xFFF | (value >> 32) & ~0xFFF
            return major, value & 0xFF | (value >> 12) & 0xFFFFFF00

    else:

        def parts(value: int) -> tuple[int, int]:
            return (value >> 8) & 0xFFF, (value >> 12) & 0xFFF00 | value & 0xFF

    def decode(value: int, call: Call) -> str:
        major, minor = parts(value)
        return f"makedev({major:#x}, {minor:#x})"

    return decode


def descriptor(abi: Abi) -> Decode:
    """A file descriptor."""
    return shown_descriptor


def shown_descriptor(value: int, call: Call) -> str:
    """A file descriptor, and what it refers to where that is asked for."""
    fd = signed(value, 32)
    if call.describe is None or fd < 0:
        return str(fd)
    return f"{fd}{call.describe(fd)}"


def directory(abi: Abi) -> Decode:
    """A descriptor of a directory, or the working directory."""
    here = abi.constants("at_directory")["AT_FDCWD"]

    def decode(value: int, call: Call) -> str:
        return "AT_FDCWD" if signed(value, 32) == here else shown_descriptor(value, call)

    return decode


def signal(abi: Abi) -> Decode:
    """A signal, by name."""
    return lambda value, call: abi.signal(signed(value, 32))
