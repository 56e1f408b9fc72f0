"""Builds the compiled module pypicotrace._pico, by cffi in API mode.

Run by setup.py, never imported by the package. What Python sees of C is the block between
``cffi: begin`` and ``cffi: end`` in the headers below, read as it stands there: no second copy.
"""

import re
import sys
from pathlib import Path

from cffi import FFI

ROOT = Path(__file__).resolve().parent.parent
HEADERS = (
    "core/event.h",
    "core/kernel.h",
    "core/text.h",
    "core/loop.h",
    "testing/script.h",
    "testing/faults.h",
)


def declarations(header: str) -> str:
    """The block of a header of csrc that is meant for cffi."""
    text = (ROOT / "csrc" / header).read_text()
    return text.split("/* cffi: begin */", 1)[1].split("/* cffi: end */", 1)[0]


def backend(platform: str) -> Path:
    """The folder of C for an operating system; SystemExit where there is none."""
    name = re.sub(r"\d+$", "", platform)
    folder = ROOT / "csrc" / name
    if not (folder / "kernel.c").is_file():
        have = sorted(path.parent.name for path in (ROOT / "csrc").glob("*/kernel.c"))
        raise SystemExit(
            f"pypicotrace cannot be built here: it has no backend for {name!r} "
            f"(it has: {', '.join(have)}); docs/PORTING.md says what one needs"
        )
    return folder


def sources(platform: str) -> list[str]:
    """The C files for an operating system: what is common, every decoder, and its own kernel."""
    files = {
        *(ROOT / "csrc" / "core").glob("*.c"),
        *(ROOT / "csrc" / "posix").glob("*.c"),
        *(ROOT / "csrc" / "testing").glob("*.c"),
        *(ROOT / "csrc").glob("*/decode.c"),
        *(ROOT / "csrc").glob("*/regs.c"),
        *(ROOT / "csrc").glob("*/encode.c"),
        *(ROOT / "csrc").glob("*/calls.c"),
        *backend(platform).glob("*.c"),
    }
    return sorted(str(path.relative_to(ROOT)) for path in files)


ffibuilder = FFI()
ffibuilder.cdef("\n".join(map(declarations, HEADERS)))
ffibuilder.cdef("struct pico_kernel *pico_kernel_native(int *error);")
ffibuilder.set_source(
    "pypicotrace._pico",
    "".join(f'#include "{header}"\n' for header in HEADERS),
    sources=sources(sys.platform),
    include_dirs=[str(ROOT / "csrc")],
    depends=[str(path.relative_to(ROOT)) for path in (ROOT / "csrc").glob("*/*.h")],
    define_macros=[("Py_LIMITED_API", "0x030a0000")],
    extra_compile_args=["-std=gnu11"],
)
