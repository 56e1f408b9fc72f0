"""Compares the checked-in tables with every source of them that can be had.

Prototypes differ between kernels in spelling: a line must equal the one that its own source, of the
same kernel version, gives; any other source and any other version must still agree on how many
arguments there are.  What is from the pinned headers must be just so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import NamedTuple, TypeVar

from pypicotrace.syscalls import Syscall, Table, linux
from pypicotrace.syscalls import _linux_abis as linux_abis
from pypicotrace.syscalls._lines import in_registers, line, shown
from pypicotrace.syscalls._linux_abis import Abi
from pypicotrace.syscalls._linux_sources import (
    HEADERS,
    EntryPoints,
    Source,
    Uapi,
    from_builds,
    from_headers,
    from_tracefs,
    pinned_uapi,
)
from pypicotrace.syscalls._modules import (
    FIRST_INTERNAL_ERROR,
    HAND,
    NOWHERE,
    linux_modules,
    lookup,
    netbsd_modules,
)
from pypicotrace.syscalls._netbsd_sources import pinned_netbsd
from pypicotrace.syscalls._ziglang import Missing

T = TypeVar("T")


class Report(NamedTuple):
    compared: list[str]
    missing: list[str]
    differences: list[str]


class Module:
    """A checked-in table of Linux, with where each of its lines is from."""

    def __init__(self, abi: Abi) -> None:
        module = import_module(f"pypicotrace.syscalls.{abi.name.replace('-', '_')}")
        self.abi = abi
        self.table = Table(abi.name, module.TABLE)
        sources: dict[str, str] = module.SOURCES
        self.labels = list(sources)
        self._named = {name: label for label in sources for name in sources[label].split()}

    def origin(self, call: str) -> str:
        """The label of the source that the prototype of a call is from."""
        return self._named.get(call, self.labels[0])


def check() -> Report:
    modules = [Module(abi) for abi in linux_abis.ABIS]
    report = Report([], [], [d for module in modules for d in _check_own(module)])
    if uapi := _had(pinned_uapi, report):
        report.compared.append(uapi.label)
        report.differences.extend(_check_uapi(modules, uapi))
    if netbsd := _had(pinned_netbsd, report):
        report.compared.extend([netbsd.calls_label, netbsd.names_label])
        report.differences.extend(_check_texts(netbsd_modules(netbsd)))
    tracefs = _had(from_tracefs, report)
    for source in ([tracefs] if tracefs else []) + (_had(from_headers, report) or []):
        report.compared.append(source.label)
        report.differences.extend(_check_source(modules, source))
    for build in from_builds():
        report.compared.append(build.label)
        report.differences.extend(_check_entry_points(modules, build))
    return report


def _had(read: Callable[[], T], report: Report) -> T | None:
    try:
        return read()
    except Missing as reason:
        if str(reason) not in report.missing:
            report.missing.append(str(reason))
        return None


def _check_own(module: Module) -> list[str]:
    """Compares the lines that are from no outside source."""
    abi = module.abi
    return [
        difference
        for name, call in module.table.by_name.items()
        if module.origin(name) in (HAND, NOWHERE)
        for difference in _compare(HAND, module, call, abi.by_hand.get(name))
    ]


def _check_uapi(modules: list[Module], uapi: Uapi) -> list[str]:
    errors = {n: name for n, name in linux.ERRORS.items() if n < FIRST_INTERNAL_ERROR}
    differences = _compare_names(uapi.label, errors, uapi.errors)
    differences += _compare_names(uapi.label, linux.SIGNALS, uapi.signals)
    for module in modules:
        table = module.table
        numbers = {number - table.base: call.name for number, call in table.by_number.items()}
        label = f"{uapi.label}: {table.abi}"
        differences += _compare_names(label, numbers, uapi.numbers[table.abi])
    checked_in = {module.abi.name: _checked_in(module, linux.ERRORS) for module in modules}
    return differences + _check_texts(linux_modules(uapi, checked_in))


def _checked_in(module: Module, errors: dict[int, str]) -> list[Source]:
    """The sources as far as the module has taken from them."""
    sources = {label: Source(label, {}, {}) for label in module.labels}
    for name, call in module.table.by_name.items():
        params = [str(param) for param in call.params]
        sources[module.origin(name)].prototypes[module.abi.entry_point(name)] = [params]
    for label, source in sources.items():
        if label.startswith(HEADERS):
            source.errors.update(errors)
    return [source for label, source in sources.items() if label not in (HAND, NOWHERE)]


def _check_texts(texts: dict[Path, str]) -> list[str]:
    return [
        f"{path.name}: generating it again gives another text"
        for path, text in texts.items()
        if not path.is_file() or path.read_text(encoding="ascii") != text
    ]


def _check_source(modules: list[Module], source: Source) -> list[str]:
    differences = [
        difference
        for module in modules
        for call in module.table.by_number.values()
        for difference in _check_call(module, call, source)
    ]
    # Kernels differ in which codes they have, but not in what a code means.
    common = {n: name for n, name in linux.ERRORS.items() if n in source.errors}
    theirs = {n: name for n, name in source.errors.items() if n in common}
    return differences + _compare_names(source.label, common, theirs)


def _check_call(module: Module, call: Syscall, source: Source) -> list[str]:
    variants = lookup(module.abi, source, call.name)
    if variants and source.label == module.origin(call.name):
        return _compare(source.label, module, call, variants[0])
    counts = [len(in_registers(module.abi.name, params)) for params in variants]
    if variants and call.known and len(call.params) not in counts:
        abi = module.abi.name
        return [f"{source.label}: {abi}: {call} has another number of arguments"]
    return []


def _check_entry_points(modules: list[Module], build: EntryPoints) -> list[str]:
    differences = []
    for module in modules:
        theirs = build.names.get(module.abi.name, {})
        for number, call in module.table.by_number.items():
            ours = module.abi.entry_point(call.name)
            their = theirs.get(number - module.table.base, ours)
            # arch/x86/kernel/sys_ia32.c has those that put 64-bit arguments together.
            if their not in (ours, f"ia32_{ours}"):
                differences.append(
                    f"{build.label}: {module.abi.name}: {call.name} is {their}, not {ours}"
                )
    return differences


def _compare(label: str, module: Module, call: Syscall, params: Sequence[str] | None) -> list[str]:
    ours = shown(call, module.table)
    spelled = None if params is None else module.abi.spelled(call.name, params)
    theirs = line(call.number - module.table.base, call.name, spelled)
    return [] if ours == theirs else [f"{label}: {module.abi.name}: {theirs}, not {ours}"]


def _compare_names(label: str, ours: dict[int, str], theirs: dict[int, str]) -> list[str]:
    return [
        f"{label}: {number} is {theirs.get(number)}, not {ours.get(number)}"
        for number in sorted(ours.keys() | theirs.keys())
        if ours.get(number) != theirs.get(number)
    ]
