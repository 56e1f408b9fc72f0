"""Generates the tables in this package, and checks them: ``--check``.

Run as ``python -m pypicotrace.syscalls._generate``.  Nothing is fetched; the sources are:

- the headers of a recent Linux and a recent NetBSD inside the PyPI package ziglang: numbers, names,
  errors, signals, and all there is to know of NetBSD's calls.  The version is pinned, so that these
  can be checked on any machine;
- tracefs of the running kernel, for root on Linux x86-64 only: prototypes;
- kernel headers below /usr/src, such as Debian's linux-headers-*-common: the prototypes that the
  running kernel was configured without or has for other ABIs, and the kernel's own error codes;
- `_linux_abis`: which entry points calls have, and the prototypes that none of those has.

Generating takes all of them; a check takes what can be had, and `_check` says how.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from pypicotrace.syscalls import _linux_abis as linux_abis
from pypicotrace.syscalls._check import check
from pypicotrace.syscalls._linux_sources import from_headers, from_tracefs, pinned_uapi
from pypicotrace.syscalls._modules import linux_modules, netbsd_modules
from pypicotrace.syscalls._netbsd_sources import pinned_netbsd
from pypicotrace.syscalls._ziglang import Missing


def _print_check() -> int:
    report = check()
    for reason in report.missing:
        print(f"not compared: {reason}")
    if not report.compared:
        print("There is no source here to compare the tables with.", file=sys.stderr)
        return 2
    for label in report.compared:
        print(f"compared: {label}")
    for difference in report.differences:
        print(difference)
    return 1 if report.differences else 0


def _write() -> int:
    try:
        sources = [from_tracefs(), *from_headers()]
        texts = linux_modules(pinned_uapi(), {abi.name: sources for abi in linux_abis.ABIS})
        texts |= netbsd_modules(pinned_netbsd())
    except Missing as reason:
        print(f"The tables need all their sources: {reason}.", file=sys.stderr)
        return 2
    for path, text in texts.items():
        path.write_text(text, encoding="ascii")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Generates the tables of system calls.")
    parser.add_argument("--check", action="store_true", help="compare only, write nothing")
    return _print_check() if parser.parse_args(arguments).check else _write()


if __name__ == "__main__":
    sys.exit(main())
