"""What Linux says of its system calls: reading headers, and the running kernel's tracefs."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from pypicotrace.syscalls._lines import declaration
from pypicotrace.syscalls._ziglang import Missing, by_number, headers, macros, package, source

HEADERS = "headers of Linux"

LAST_SIGNAL = 64
# The kernel's real-time signals start at 32; glibc keeps two, and its SIGRTMIN is the next.
KERNEL_SIGRTMIN = 32
GLIBC_SIGRTMIN = 34


class Uapi(NamedTuple):
    """What the pinned headers say; the numbers by ABI."""

    label: str
    numbers: dict[str, dict[int, str]]
    errors: dict[int, str]
    signals: dict[int, str]


class Source(NamedTuple):
    """Prototypes by entry point: headers may have more than one, for other configurations."""

    label: str
    prototypes: dict[str, list[list[str]]]
    errors: dict[int, str]


class EntryPoints(NamedTuple):
    """The entry points that a kernel was built with, by ABI and number."""

    label: str
    names: dict[str, dict[int, str]]


def pinned_uapi() -> Uapi:
    root = headers()
    generic, x86, arm = (root / f"{part}-linux-any" for part in ("any", "x86", "aarch64"))
    version = macros(generic / "linux/version.h", "LINUX_VERSION_")
    linux_version = f"{version['LINUX_VERSION_MAJOR']}.{version['LINUX_VERSION_PATCHLEVEL']}"
    errors = macros(generic / "asm-generic/errno-base.h", "E")
    errors |= macros(generic / "asm-generic/errno.h", "E")
    signals = _signals(x86 / "asm/signal.h")
    if signals != _signals(generic / "asm-generic/signal.h"):
        raise ValueError("the machines' signals differ")
    return Uapi(
        f"{package()}, headers of Linux {linux_version}",
        {
            "linux-x86_64": _numbers(x86 / "asm/unistd_64.h"),
            "linux-i386": _numbers(x86 / "asm/unistd_32.h"),
            "linux-x32": _numbers(x86 / "asm/unistd_x32.h"),
            "linux-aarch64": _numbers(arm / "asm/unistd_64.h"),
        },
        by_number(errors),
        signals,
    )


def _numbers(header: Path) -> dict[int, str]:
    """The calls, without the bit that x32's numbers carry."""
    pattern = r"^#define __NR_(\w+) (?:\(__X32_SYSCALL_BIT \+ )?(\d+)\)?$"
    return {int(n): name for name, n in re.findall(pattern, source(header), re.MULTILINE)}


def _signals(header: Path) -> dict[int, str]:
    found = by_number(macros(header, "SIG"))
    names = {number: name for number, name in found.items() if number < KERNEL_SIGRTMIN}
    realtime = range(KERNEL_SIGRTMIN, LAST_SIGNAL + 1)
    return names | {number: _realtime(number) for number in realtime}


def _realtime(number: int) -> str:
    offset = number - GLIBC_SIGRTMIN
    if offset < 0:
        return f"SIG{number}"
    return f"SIGRTMIN+{offset}" if offset else "SIGRTMIN"


def from_tracefs() -> Source:
    with _tracefs() as root:
        formats = sorted(root.glob("events/syscalls/sys_enter_*/format"))
        prototypes = {
            path.parent.name.removeprefix("sys_enter_"): [_fields(path.read_text(encoding="ascii"))]
            for path in formats
        }
    if not prototypes:
        raise Missing("tracefs has no system calls")
    version = ".".join(platform.release().split(".")[:2])
    return Source(f"tracefs of Linux {version}", prototypes, {})


@contextmanager
def _tracefs() -> Iterator[Path]:
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise Missing("tracefs of Linux x86-64 is on such a machine only")
    for place in ("/sys/kernel/tracing", "/sys/kernel/debug/tracing"):
        if os.path.isdir(f"{place}/events/syscalls"):
            yield Path(place)
            return
    if os.geteuid() != 0:
        raise Missing("tracefs is readable to root only")
    place = tempfile.mkdtemp()
    try:
        _run("mount", "-t", "tracefs", "nodev", place)
        try:
            yield Path(place)
        finally:
            _run("umount", place)
    finally:
        # Not a recursive removal: that would go into tracefs if it were mounted still.
        os.rmdir(place)


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise Missing(f"tracefs cannot be mounted: {error}") from error


def _fields(text: str) -> list[str]:
    """The parameters: the fields after the number, without the strings Linux 6.19 adds."""
    fields: list[str] = re.findall(r"^\tfield:(.*?);", text, re.MULTILINE)
    after = fields.index("int __syscall_nr") + 1
    return [declaration(field) for field in fields[after:] if not field.startswith("__data_loc")]


def from_headers() -> list[Source]:
    """One source per kernel version, newest first."""
    found = {}
    for place in ("/usr/src/linux-headers-*", "/usr/src/kernels/*"):
        for header in sorted(Path("/").glob(f"{place[1:]}/include/linux/syscalls.h")):
            tree = header.parents[2]
            found[_version(tree)] = tree
    if not found:
        raise Missing("no kernel headers are below /usr/src")
    return [_headers(version, found[version]) for version in sorted(found, reverse=True)]


def _version(tree: Path) -> tuple[int, int]:
    makefile = (tree / "Makefile").read_text(encoding="utf-8")
    major, minor = re.findall(r"^(?:VERSION|PATCHLEVEL) = (\d+)$", makefile, re.MULTILINE)
    return int(major), int(minor)


def _headers(version: tuple[int, int], tree: Path) -> Source:
    prototypes: dict[str, list[list[str]]] = {}
    for header in ("linux/syscalls.h", "asm-generic/syscalls.h", "linux/compat.h"):
        # Those with a macro among the parameters are of machines that have no table here.
        pattern = r"asmlinkage long\s+(?:sys_)?(\w+)\(([^;()]*)\);"
        for name, params in re.findall(pattern, source(tree / "include" / header)):
            prototypes.setdefault(name, []).append(_params(params))
    errors = by_number(macros(tree / "include/linux/errno.h", "E"))
    return Source(f"{HEADERS} {version[0]}.{version[1]}", prototypes, errors)


def _params(text: str) -> list[str]:
    # The entry code passes the registers themselves to a few: the caller passes nothing.
    if text.strip() == "void" or "struct pt_regs" in text:
        return []
    return [declaration(param) for param in text.split(",")]


def from_builds() -> list[EntryPoints]:
    """One per kernel that modules can be built for here: its headers have the calls' tables."""
    files = {"linux-x86_64": "64", "linux-i386": "32", "linux-x32": "x32"}
    found = []
    for place in ("linux-headers-*", "kernels/*"):
        for folder in sorted(Path("/usr/src").glob(f"{place}/arch/x86/include/generated/asm")):
            paths = {abi: folder / f"syscalls_{name}.h" for abi, name in files.items()}
            names = {abi: _entry_points(path) for abi, path in paths.items() if path.is_file()}
            found.append(EntryPoints(f"entry points of {folder.parents[4].name}", names))
    return found


def _entry_points(header: Path) -> dict[int, str]:
    """By number; of i386's, where there are two, the one of a 32-bit kernel."""
    pattern = r"^__SYSCALL\w*\((\d+), (?:sys_)?(\w+)"
    found = re.findall(pattern, source(header), re.MULTILINE)
    return {int(n): name for n, name in found if name != "ni_syscall"}
