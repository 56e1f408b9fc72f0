"""Addresses, messages and options of sockets."""

from __future__ import annotations

import ipaddress
import struct
from collections.abc import Callable

from pypicotrace.tools.decode import flags, structs
from pypicotrace.tools.decode.abi import Abi
from pypicotrace.tools.decode.buffers import pointed, shown_bytes, shown_iovecs
from pypicotrace.tools.decode.call import Call, Decode, Unreadable
from pypicotrace.tools.decode.plain import BITS, integer, shown_pointer, signed
from pypicotrace.tools.decode.text import quoted

ADDRESS_MAX = 128
"""Bytes of a sockaddr_storage."""


def inet(data: bytes) -> str:
    """The rest of a sockaddr_in."""
    (port,) = struct.unpack_from(">H", data, 2)
    return f'sin_port=htons({port}), sin_addr=inet_addr("{ipaddress.IPv4Address(data[4:8])}")'


def inet6(data: bytes) -> str:
    """The rest of a sockaddr_in6."""
    port, flow = struct.unpack_from(">HI", data, 2)
    address = ipaddress.IPv6Address(data[8:24])
    text = f"sin6_port=htons({port}), sin6_flowinfo=htonl({flow}), "
    text += f'inet_pton(AF_INET6, "{address}", &sin6_addr)'
    if len(data) < 28:  # as RFC 2133 had it, which Linux takes
        return text
    return f"{text}, sin6_scope_id={struct.unpack_from('<I', data, 24)[0]}"


def unix(data: bytes) -> str:
    """The rest of a sockaddr_un; on Linux a name that begins with NUL is no file's."""
    name = data[2:]
    if name.startswith(b"\0"):
        return f"sun_path=@{quoted(name[1:], len(name))}"
    name = name.partition(b"\0")[0]
    return f"sun_path={quoted(name, len(name))}"


def netlink(data: bytes) -> str:
    """The rest of Linux's sockaddr_nl."""
    port, groups = struct.unpack_from("<II", data, 4)
    return f"nl_pid={port}, nl_groups={groups:#010x}"


# What is known of a family, and the bytes that it takes at least.
FAMILIES: dict[str, tuple[Callable[[bytes], str], int]] = {
    "AF_INET": (inet, 8),
    "AF_INET6": (inet6, 24),
    "AF_UNIX": (unix, 3),
    "AF_NETLINK": (netlink, 12),
}


def shown_address(abi: Abi) -> Callable[[bytes], str]:
    """What makes text of the bytes of a sockaddr."""
    names = flags.numbers(abi, "domain")

    def show(data: bytes) -> str:
        if len(data) < 2:
            return f"{{{quoted(data, ADDRESS_MAX)}}}"
        # NetBSD's begin with their length (sys/socket.h).
        number = data[1] if abi.os == "netbsd" else int.from_bytes(data[:2], "little")
        name = names.get(number, str(number))
        known, least = FAMILIES.get(name, (None, 0))
        if known is not None and len(data) >= least:
            return f"{{sa_family={name}, {known(data)}}}"
        rest = f", sa_data={quoted(data[2:], ADDRESS_MAX)}" if len(data) > 2 else ""
        return f"{{sa_family={name}{rest}}}"

    return show


PROTOCOLS = {"AF_INET": "protocol", "AF_INET6": "protocol", "AF_NETLINK": "netlink"}
"""The groups of the protocols' names, by domain: others number theirs anew."""


def protocol(abi: Abi, place: str) -> Decode:
    """A protocol of the domain that is the argument at that place."""
    index, domains = int(place), flags.numbers(abi, "domain")
    known = {name: flags.one_of(abi, group) for name, group in PROTOCOLS.items()}

    def decode(value: int, call: Call) -> str | None:
        domain = domains.get(call.args[index] & BITS, "")
        return known.get(domain, integer(abi))(value, call)

    return decode


def address(abi: Abi, place: str) -> Decode:
    """A sockaddr whose length is the argument at that place."""
    index, show = int(place), shown_address(abi)

    def decode(value: int, call: Call) -> str:
        if not value:
            return "NULL"
        size = min(max(signed(call.args[index], 32), 0), ADDRESS_MAX)
        try:
            return show(call.read(value, size)) if size else hex(value)
        except Unreadable:
            return hex(value)

    return decode


def told_address(abi: Abi, place: str) -> Decode:
    """A sockaddr that the call has filled; the argument at that place points to its length."""
    index, show = int(place), shown_address(abi)

    def decode(value: int, call: Call) -> str:
        there = call.args[index]
        if not value or not there or call.retval is None:
            return shown_pointer(value, call)
        try:
            size = min(int.from_bytes(call.read(there, 4), "little"), ADDRESS_MAX)
            return show(call.read(value, size)) if size else hex(value)
        except Unreadable:
            return hex(value)

    return decode


def message(abi: Abi, way: str = "given") -> Decode:
    """A msghdr; what it holds is ``given``, or ``filled`` as far as the result says."""
    filled = way == "filled"
    return pointed(*shown_message(abi, filled=filled), done=filled)


def messages(abi: Abi, count: str, way: str = "given") -> Decode:
    """An array of mmsghdr: as many as were sent, or are to be."""
    filled = way == "filled"
    inner, show = shown_message(abi, filled=filled)
    size = inner + (8 if abi.word == 8 else 4)

    def decode(value: int, call: Call) -> str:
        known = call.retval if filled else signed(call.args[int(count)], 32)
        if not value or known is None or known < 0:
            return shown_pointer(value, call)
        most = min(known, call.shown.limit)
        parts = []
        try:
            for place in range(most):
                data = call.read(value + place * size, inner + 4)
                length = int.from_bytes(data[inner:], "little")
                tail = f", msg_len={length}" if filled else ""
                parts.append(f"{{msg_hdr={show(data[:inner], call, length)}{tail}}}")
        except Unreadable:
            return hex(value)
        return f"[{', '.join(parts + ['...'] * (known > most))}]"

    return decode


def shown_message(abi: Abi, *, filled: bool) -> tuple[int, Callable[..., str]]:
    """The size of a msghdr, and what makes text of its bytes.

    That takes them, the call, and how many bytes were received where the result is not that.
    """
    layout = abi.layout("struct linux_msghdr" if abi.os == "linux" else "struct msghdr")
    names = list(layout.members)
    packer = layout.packer(names)
    iovec = struct.Struct("<QQ" if abi.word == 8 else "<II")
    show_name, show_flags = shown_address(abi), flags.flags(abi, "msg")
    control = shown_control(abi)

    def show(data: bytes, call: Call, received: int | None = None) -> str:
        given = dict(zip(names, packer.unpack(data), strict=True))
        name, length = given["msg_name"], given["msg_namelen"]
        who = shown_pointer(name, call)
        if name and 0 < length <= ADDRESS_MAX:
            try:
                who = show_name(call.read(name, length))
            except Unreadable:
                who = hex(name)
        vectors, count = given["msg_iov"], given["msg_iovlen"]
        what = shown_iovecs(vectors, count, call, iovec, filled=filled, size=received)
        text = f"msg_name={who}, msg_namelen={length}, msg_iov={what}"
        text += f", msg_iovlen={count}"
        size = given["msg_controllen"]
        if size and given["msg_control"]:
            text += f", msg_control={control(given['msg_control'], size, call)}"
        text += f", msg_controllen={size}"
        return f"{{{text}, msg_flags={show_flags(given['msg_flags'] & 0xFFFFFFFF, call)}}}"

    return layout.size, show


def shown_control(abi: Abi) -> Callable[[int, int, Call], str]:
    """What makes text of control messages: a header, and data to the next one."""
    levels = flags.numbers(abi, "sol")
    # At other levels than the sockets' own a type is an option's number.
    types = {group: flags.numbers(abi, group) for group in set(OPTIONS.values())}
    types["so"] = flags.numbers(abi, "scm")
    linux = abi.os == "linux"
    credentials = structs.shower(abi, "struct ucred") if linux else (0, lambda data, call: "")
    # Linux: cmsg_len is a size_t. NetBSD: a socklen_t; the data are aligned as a long is.
    head = struct.Struct("<QII" if abi.os == "linux" and abi.word == 8 else "<III")
    align = abi.word

    def show(addr: int, size: int, call: Call) -> str:
        try:
            data = call.read(addr, min(size, 4096))
        except Unreadable:
            return hex(addr)
        parts, at = [], 0
        first = -(-head.size // align) * align
        while at + first <= len(data):
            length, level, kind = head.unpack_from(data, at)
            if length < head.size or at + length > len(data):
                break
            body = data[at + first : at + length]
            text = quoted(body, call.shown.limit, call.shown.hexadecimal)
            named = types.get(OPTIONS.get(levels.get(level, ""), ""), {}).get(kind, hex(kind))
            if named == "SCM_RIGHTS":
                fds = [str(fd) for (fd,) in struct.iter_unpack("<i", body[: len(body) // 4 * 4])]
                text = f"[{', '.join(fds)}]"
            if named == "SCM_CREDENTIALS" and len(body) >= credentials[0]:
                text = credentials[1](body[: credentials[0]], call)
            parts.append(
                f"{{cmsg_len={length}, cmsg_level={levels.get(level, level)}, "
                f"cmsg_type={named}, cmsg_data={text}}}"
            )
            at += -(-length // align) * align
        return f"[{', '.join(parts)}]"

    return show


OPTIONS = {
    "SOL_SOCKET": "so",
    "IPPROTO_TCP": "tcp",
    "SOL_TCP": "tcp",
    "IPPROTO_IP": "ip",
    "SOL_IP": "ip",
    "IPPROTO_IPV6": "ipv6",
    "SOL_IPV6": "ipv6",
    "SOL_UDP": "udp",
    "IPPROTO_UDP": "udp",
    "SOL_NETLINK": "netlink_option",
}
STRUCTURES = {
    "SO_LINGER": ("struct linger", "struct linger"),
    "SO_PEERCRED": ("struct ucred", ""),
    "SO_RCVTIMEO": ("struct linux_old_timeval", "struct timeval"),
    "SO_SNDTIMEO": ("struct linux_old_timeval", "struct timeval"),
    "SO_RCVTIMEO_NEW": ("struct __kernel_sock_timeval", ""),
    "SO_SNDTIMEO_NEW": ("struct __kernel_sock_timeval", ""),
}
"""Options of sockets whose value is a structure: on Linux, and on NetBSD."""


def option_level(abi: Abi) -> Decode:
    """The level of an option of a socket."""
    return flags.one_of(abi, "sol", "protocol")


def option(abi: Abi, place: str) -> Decode:
    """An option of a socket; its level is the argument at that place."""
    index = int(place)
    levels = flags.numbers(abi, "sol", "protocol")
    options = {group: flags.numbers(abi, group) for group in set(OPTIONS.values())}

    def decode(value: int, call: Call) -> str:
        level = levels.get(signed(call.args[index], 32), "")
        return options.get(OPTIONS.get(level, ""), {}).get(value & 0xFFFFFFFF, hex(value))

    return decode


def option_value(abi: Abi, place: str, way: str = "given") -> Decode:
    """The value of an option; the argument at that place is its length, or points to it."""
    index = int(place)
    level, name = option_level(abi), option(abi, "1")
    structured = {
        option: structs.shower(abi, types[abi.os == "netbsd"])
        for option, types in STRUCTURES.items()
        if types[abi.os == "netbsd"]
    }

    def decode(value: int, call: Call) -> str:
        length = call.args[index]
        if not value or (way == "told" and (call.retval is None or not length)):
            return shown_pointer(value, call)
        try:
            if way == "told":
                length = int.from_bytes(call.read(length, 4), "little")
            elif signed(length, 32) < 0:
                return shown_pointer(value, call)
            if length == 4:
                return f"[{signed(int.from_bytes(call.read(value, 4), 'little'), 32)}]"
            if level(call.args[1], call) == "SOL_SOCKET":
                size, show = structured.get(name(call.args[2], call) or "", (0, None))
                if show is not None and length == size:
                    return show(call.read(value, size), call)
        except Unreadable:
            return hex(value)
        return shown_bytes(value, length, call)

    return decode
