"""Write devel/py-pypicotrace's distinfo for a release: checksums of its source distribution.

usage: python pkgsrc/makesum.py SDIST

It does what ``bmake makesum`` does in pkgsrc, where that is not at hand. SDIST is the file that is
uploaded, ``pypicotrace-VERSION.tar.gz``; the same version must be in the package's Makefile.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent / "devel" / "py-pypicotrace"


def distinfo(name: str, data: bytes, head: str = "$NetBSD$") -> str:
    """The file's text; ``head`` is its first line, in which CVS keeps a revision."""
    blake, sha = hashlib.blake2s(data).hexdigest(), hashlib.sha512(data).hexdigest()
    lines = [
        f"BLAKE2s ({name}) = {blake}",
        f"SHA512 ({name}) = {sha}",
        f"Size ({name}) = {len(data)} bytes",
    ]
    return "\n".join([head, "", *lines, ""])


def main() -> None:
    """Write it."""
    if len(sys.argv) != 2:
        raise SystemExit("usage: python pkgsrc/makesum.py SDIST")
    sdist = Path(sys.argv[1])
    distname = re.search(r"^DISTNAME=\s*(\S+)$", (PACKAGE / "Makefile").read_text(), re.MULTILINE)
    if distname is None or sdist.name != f"{distname[1]}.tar.gz":
        raise SystemExit(f"{sdist.name} is not what the package's Makefile names: its DISTNAME")
    file = PACKAGE / "distinfo"
    head = file.read_text().partition("\n")[0]
    file.write_text(distinfo(sdist.name, sdist.read_bytes(), head))


if __name__ == "__main__":
    main()
