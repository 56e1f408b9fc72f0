"""The pinned system headers: those inside the PyPI package ziglang."""

from __future__ import annotations

import re
from importlib import metadata, util
from pathlib import Path

VERSION = "0.17.0"


class Missing(Exception):
    """A source that cannot be had here, and why."""


def package() -> str:
    return f"ziglang {VERSION}"


def headers() -> Path:
    """The folder that has a folder of headers for each system."""
    spec = util.find_spec("ziglang")
    if spec is None or spec.origin is None:
        raise Missing(f"{package()} is not installed")
    version = metadata.version("ziglang")
    if version != VERSION:
        raise Missing(f"ziglang is version {version} and not {VERSION}")
    return Path(spec.origin).parent / "lib/libc/include"


def source(header: Path) -> str:
    """A header without its comments."""
    return re.sub(r"/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)


def macros(header: Path, prefix: str) -> dict[str, int]:
    """The macros that are plain numbers."""
    pattern = rf"^#\s*define\s+({prefix}\w+)\s+(-?\d+)\s*$"
    found = re.findall(pattern, source(header), re.MULTILINE)
    return {name: int(number) for name, number in found}


def by_number(macros: dict[str, int]) -> dict[int, str]:
    """Names by number: the first one, since headers have synonyms after the usual name."""
    names: dict[int, str] = {}
    for name, number in macros.items():
        names.setdefault(number, name)
    return names
