"""Print the PLIST of a wheel: what devel/py-pypicotrace installs, in the form of pkgsrc.

usage: python pkgsrc/plist.py WHEEL > pkgsrc/devel/py-pypicotrace/PLIST

pkgsrc compiles each module twice and calls the results .pyc and .pyo; its
lang/python/plist-python.awk knows what they are called on disk.
"""

from __future__ import annotations

import sys
import zipfile
from collections.abc import Iterator


def installed(name: str) -> Iterator[str]:
    """Where a file of the wheel goes."""
    top, _, rest = name.partition("/")
    if top.endswith(".dist-info"):
        yield f"${{PYSITELIB}}/${{WHEEL_INFODIR}}/{rest}"
        if rest == "entry_points.txt":
            # The command; the package's Makefile has more of its name.
            yield "bin/picotrace-${PYVERSSUFFIX}"
    elif name.endswith(".data/data/share/man/man1/picotrace.1"):
        yield "man/man1/picotrace-${PYVERSSUFFIX}.1"
    elif top.endswith(".data"):
        raise SystemExit(f"nothing is known of where {name} goes")
    else:
        yield f"${{PYSITELIB}}/{name}"
        if name.endswith(".py"):
            yield f"${{PYSITELIB}}/{name}c"
            yield f"${{PYSITELIB}}/{name}o"


def place(line: str) -> str:
    """By what the lines are sorted: the file that they mean."""
    return line.replace("${PYSITELIB}", "lib").replace("${WHEEL_INFODIR}", "pypicotrace-0")


def main() -> None:
    """Print it."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python pkgsrc/plist.py WHEEL")
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        lines = [line for name in wheel.namelist() for line in installed(name)]
    print("@comment $NetBSD$", *sorted(lines, key=place), sep="\n")


if __name__ == "__main__":
    main()
