"""The package for pkgsrc: what it lists, what it asks for, and its checksums."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pypicotrace import __version__

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "pkgsrc" / "devel" / "py-pypicotrace"
MAKEFILE = (PACKAGE / "Makefile").read_text()
# What a wheel is made of.
SOURCES = (
    *("completions", "csrc", "man", "pypicotrace", "pytest_pypicotrace.py"),
    *("pyproject.toml", "setup.py", "LICENSE", "README.md"),
)

# The digests of "abc", of RFC 7693 (appendix B) and FIPS 180-4 (its examples).
BLAKE2S_OF_ABC = "508c5e8c327c14e2e1a72ba34eeb452f37458b209ed63a294d999b4c86675982"
SHA512_OF_ABC = (
    "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
    "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
)

COMPILER_OF_NOTHING = """\
#!/bin/sh
while [ $# -gt 0 ]; do
	[ "$1" = -o ] && : >"$2"
	shift
done
"""


def values(variable: str) -> list[str]:
    """All that is assigned to a variable of the Makefile, or added to it."""
    return re.findall(rf"^{re.escape(variable)}\+?=\s*(.+)$", MAKEFILE, re.MULTILINE)


def python(script: Path, *argv: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, script, *argv], capture_output=True, text=True, check=False
    )


@pytest.fixture
def sdist(tmp_path: Path) -> Path:
    """A file with the name of a source distribution, beside a copy of the package."""
    shutil.copytree(ROOT / "pkgsrc", tmp_path / "pkgsrc")
    file = tmp_path / f"pypicotrace-{__version__}.tar.gz"
    file.write_bytes(b"abc")
    return file


@pytest.mark.parametrize(
    "head", ["$NetBSD$", "$NetBSD: distinfo,v 1.2 2027/01/02 03:04:05 wiz Exp $"]
)
def test_checksums(sdist: Path, head: str) -> None:
    distinfo = sdist.parent / "pkgsrc" / "devel" / "py-pypicotrace" / "distinfo"
    distinfo.write_text(f"{head}\n\nSize (pypicotrace-0.0.1.tar.gz) = 1 bytes\n")
    assert python(sdist.parent / "pkgsrc" / "makesum.py", sdist).returncode == 0
    assert distinfo.read_text().splitlines() == [
        head,
        "",
        f"BLAKE2s ({sdist.name}) = {BLAKE2S_OF_ABC}",
        f"SHA512 ({sdist.name}) = {SHA512_OF_ABC}",
        f"Size ({sdist.name}) = 3 bytes",
    ]


def test_checksums_of_another_version(sdist: Path) -> None:
    other = sdist.rename(sdist.with_name("pypicotrace-0.0.1.tar.gz"))
    run = python(sdist.parent / "pkgsrc" / "makesum.py", other)
    assert run.returncode == 1
    assert "pypicotrace-0.0.1.tar.gz is not what the package's Makefile names" in run.stderr


def test_version_and_licence() -> None:
    project = (ROOT / "pyproject.toml").read_text()
    assert values("DISTNAME") == [f"pypicotrace-{__version__}"]
    assert f'\nversion = "{__version__}"\n' in project
    assert (values("LICENSE"), '\nlicense = "BSD-2-Clause"\n' in project) == (
        ["2-clause-bsd"],
        True,
    )


def requirements(text: str) -> set[str]:
    [line] = re.findall(r"^(?:dependencies|requires) = \[(.*)\]$", text, re.MULTILINE)
    return set(re.findall(r'"([^"]+)"', line))


def test_dependencies() -> None:
    """As the project has them, but for the one that the package takes out."""
    build, project = (ROOT / "pyproject.toml").read_text().split("\n[project]\n")
    [pattern] = re.findall(r"-e 's/(.*)//'", MAKEFILE)
    without = re.sub(pattern, "", project)
    assert requirements(project) - requirements(without) == {"python-ptrace>=0.9.8"}
    for variable, text in (("TOOL_DEPENDS", build), ("DEPENDS", without)):
        wanted = {re.sub(r"\$\{PYPKGPREFIX\}-(.*):.*", r"\1", value) for value in values(variable)}
        assert wanted == requirements(text), variable


def test_tests_that_are_left_out() -> None:
    """These here, and others that need another system's headers."""
    left_out = {ROOT / path for path in values("TEST_IGNORE")}
    assert Path(__file__) in left_out
    for path in left_out:
        assert "ziglang" in path.read_text(), path


def test_files(tmp_path: Path) -> None:
    """A wheel's, built by a compiler that makes empty files: which there are is not its doing."""
    for name in SOURCES:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, tmp_path / name)
    for built in (tmp_path / "pypicotrace").rglob("*.so"):
        built.unlink()
    compiler = tmp_path / "cc"
    compiler.write_text(COMPILER_OF_NOTHING)
    compiler.chmod(0o755)
    build = "import setuptools.build_meta as build; build.build_wheel('dist')"
    env = {**os.environ, "CC": str(compiler), "LDSHARED": str(compiler)}
    subprocess.run(
        [sys.executable, "-c", build], cwd=tmp_path, env=env, check=True, capture_output=True
    )
    [wheel] = (tmp_path / "dist").glob("*.whl")
    listed = python(ROOT / "pkgsrc" / "plist.py", wheel)
    assert listed.stderr == ""
    # Written anew by pkgsrc/plist.py, which says how.
    assert (PACKAGE / "PLIST").read_text() == listed.stdout


def test_the_original_and_this_are_installed_side_by_side() -> None:
    """devel/picotrace has bin/picotrace and man/man1/picotrace.1."""
    ours = (PACKAGE / "PLIST").read_text().splitlines()
    wrappers = [line.split()[0] for line in (PACKAGE / "ALTERNATIVES").read_text().splitlines()]
    assert not {"bin/picotrace", "man/man1/picotrace.1"} & {*ours, *wrappers}
    names = " ".join(values("PY_RENAME_BINARIES")).split()
    project = (ROOT / "pyproject.toml").read_text()
    assert names == sorted(re.findall(r"^(picotrace[\w-]*) = ", project, re.MULTILINE))
    for name in names:
        assert f"bin/{name}-${{PYVERSSUFFIX}}" in ours
        assert f"man/man1/{name}-${{PYVERSSUFFIX}}.1" in ours


def test_completions_are_of_commands_as_they_are_called(tmp_path: Path) -> None:
    """With Python's version in their names, which the package's sed(1) puts into the scripts."""
    for script in sorted((ROOT / "completions").glob("*/*picotrace*")):
        command = script.name.removeprefix("_").removesuffix(".tcsh")
        said = " ".join(values("COMPLETION_SED")).replace("@", command).replace("\\#", "#")
        said = said.replace("$$", "$").replace("${PYVERSSUFFIX}", "3.13")
        run = subprocess.run(
            ["sed", *shlex.split(said), script], capture_output=True, text=True, check=True
        )
        before, after = script.read_text().splitlines(), run.stdout.splitlines()
        changed = [new for old, new in zip(before, after, strict=True) if old != new]
        assert changed, script
        assert all(f" {command}-3.13" in line for line in changed), script
        own = re.compile(rf"(complete|#compdef)\b.* {command}( .*)?")
        assert not [line for line in after if own.fullmatch(line)], script
