"""Print the PLIST of a wheel: what devel/py-pypicotrace installs, in the form of pkgsrc.

usage: python pkgsrc/plist.py WHEEL > pkgsrc/devel/py-pypicotrace/PLIST

pkgsrc compiles each module twice and calls the results .pyc and .pyo; its
lang/python/plist-python.awk knows what they are called on disk.
"""

from __future__ import annotations

import configparser
import re
import sys
import zipfile
from collections.abc import Iterator


def commands(wheel: zipfile.ZipFile) -> list[str]:
    """The names of the commands of a wheel."""
    [name] = [name for name in wheel.namelist() if name.endswith(".dist-info/entry_points.txt")]
    points = configparser.ConfigParser()
    points.read_string(wheel.read(name).decode())
    return list(points["console_scripts"])


def installed(name: str) -> Iterator[str]:
    """Where a file of the wheel goes."""
    top, _, rest = name.partition("/")
    if top.endswith(".dist-info"):
        yield f"${{PYSITELIB}}/${{WHEEL_INFODIR}}/{rest}"
    elif (page := re.fullmatch(r".*\.data/data/share/man/man1/(.*)\.1", name)) is not None:
        yield f"man/man1/{page[1]}-${{PYVERSSUFFIX}}.1"
    elif (
        script := re.fullmatch(r".*\.data/data/(share/.*/_?picotrace[\w-]*)(\.tcsh)?", name)
    ) is not None:
        yield f"{script[1]}-${{PYVERSSUFFIX}}{script[2] or ''}"
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
        # The package's Makefile has more of their names.
        lines += [f"bin/{name}-${{PYVERSSUFFIX}}" for name in commands(wheel)]
    print("@comment $NetBSD$", *sorted(lines, key=place), sep="\n")


if __name__ == "__main__":
    main()
