"""What the image of a process is, and what it was given."""

from __future__ import annotations

from typing import Any

from pypicotrace._ffi import ffi, lib

PIECE = 4096


def path_of(loop: Any, pid: int) -> bytes:
    """The file of a process's image; empty where the system does not tell."""
    return _read(loop, pid, lib.PICO_IMAGE_PATH).partition(b"\0")[0]


def argv_of(loop: Any, pid: int) -> list[bytes]:
    """The arguments that it was executed with."""
    return _read(loop, pid, lib.PICO_IMAGE_ARGV).split(b"\0")[:-1]


def _read(loop: Any, pid: int, what: int) -> bytes:
    data, piece = b"", ffi.new("char[]", PIECE)
    while (size := lib.pico_loop_image(loop, pid, what, len(data), piece, PIECE)) > 0:
        data += bytes(ffi.buffer(piece, size))
    return data
