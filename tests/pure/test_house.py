"""The house's own rules: who may include and import whom, and that C and Python count alike."""

import re
from pathlib import Path

import pytest

from pypicotrace._ffi import lib
from pypicotrace.kinds import Kind, Mask
from pypicotrace.records import MAKERS

ROOT = Path(__file__).resolve().parents[2]
C_FILES = sorted((ROOT / "csrc").glob("*/*.[ch]"))

# A folder of csrc, and those whose headers it may include.
MAY_INCLUDE = {
    "core": {"core"},
    "posix": {"core", "posix"},
    "linux": {"core", "posix", "linux"},
    "netbsd": {"core", "posix", "netbsd"},
    "testing": {"core", "linux", "netbsd", "testing"},
}
# Headers that the C standard and POSIX have on every system.
EVERYWHERE = {
    *("errno.h", "poll.h", "stddef.h", "stdint.h", "stdio.h", "stdlib.h", "string.h", "time.h"),
    "unistd.h",
}
# Headers that all the systems have which can be built on.
ON_SYSTEMS = {"fcntl.h", "grp.h", "pthread.h", "signal.h", "sys/stat.h", "sys/types.h"}
# Files that are compiled on every system, whichever folder they are in.
PURE = {
    "decode.c",
    "decode.h",
    "abi.h",
    "regs.c",
    "regs.h",
    "encode.c",
    "encode.h",
    "calls.c",
    "calls.h",
}


def includes(path: Path) -> list[tuple[str, str]]:
    """The bracket and the name of each header that a file includes."""
    return re.findall(r'^#include ([<"])([^>"]+)[>"]', path.read_text(), re.MULTILINE)


@pytest.mark.parametrize("path", C_FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_c_includes_point_downward(path: Path) -> None:
    for bracket, name in includes(path):
        if bracket == '"':
            target = (path.parent / name).resolve()
            assert target.is_file(), name
            assert target.parent.name in MAY_INCLUDE[path.parent.name], name
        elif path.parent.name in ("core", "testing") or path.name in PURE:
            assert name in EVERYWHERE, name
        elif path.parent.name == "posix":
            assert name in EVERYWHERE | ON_SYSTEMS, name


def test_no_system_is_named_outside_its_folder() -> None:
    for path in C_FILES:
        if path.parent.name in ("core", "posix", "testing"):
            assert not re.search(r"#\s*if.*(__linux__|__NetBSD__)", path.read_text()), path


def test_only_ffi_imports_the_compiled_module() -> None:
    importers = {
        path.name
        for path in (ROOT / "pypicotrace").rglob("*.py")
        if re.search(r"^\s*(from|import) .*\b_pico\b", path.read_text(), re.MULTILINE)
    }
    assert importers == {"_ffi.py"}


def test_tools_may_import_nothing_but_the_public_api() -> None:
    text = (ROOT / "pyproject.toml").read_text()
    contract = text.partition('name = "tools are on the public API alone')[2].partition("\n]")[0]
    parts = {p.stem for p in (ROOT / "pypicotrace").glob("*.py")}
    parts |= {p.parent.name for p in (ROOT / "pypicotrace").glob("*/__init__.py")}
    allowed = {"__init__", "_build", "ending", "syscalls", "tools"}
    assert set(re.findall(r'"pypicotrace\.(\w+)",', contract)) == parts - allowed


def test_kinds_are_numbered_as_in_c() -> None:
    assert {kind.name: int(kind) for kind in Kind} == {
        kind.name: getattr(lib, f"PICO_{kind.name}") for kind in Kind
    }
    assert set(MAKERS) == set(Kind)


def test_the_mask_has_a_bit_for_each_kind_and_no_other() -> None:
    assert sum(1 << kind for kind in Kind) == Mask.ALL
    groups = [mask for mask in Mask.__members__.values() if mask is not Mask.ALL]
    assert sum(groups) == Mask.ALL
