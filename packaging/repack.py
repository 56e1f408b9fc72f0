"""Packs an archive of sources again, without what depends on when and by whom it was packed.

    python packaging/repack.py ARCHIVE.tar.gz

setuptools writes the time, and the owners and times of the files. Here all have the time in
SOURCE_DATE_EPOCH (reproducible-builds.org), and belong to root.
"""

from __future__ import annotations

import gzip
import io
import os
import sys
import tarfile
from pathlib import Path


def plain(member: tarfile.TarInfo, time: int) -> tarfile.TarInfo:
    """What is the same for all: who may read it, and when it was made."""
    member.uid = member.gid = 0
    member.uname = member.gname = "root"
    member.mtime = time
    member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    member.pax_headers = {}
    return member


def repack(archive: Path, time: int) -> None:
    """Replace an archive by its plain twin."""
    packed = io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=packed, mode="w") as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            new.addfile(plain(member, time), old.extractfile(member) if member.isfile() else None)
    archive.write_bytes(gzip.compress(packed.getvalue(), mtime=time))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: repack.py ARCHIVE.tar.gz")
    repack(Path(sys.argv[1]), int(os.environ["SOURCE_DATE_EPOCH"]))
