"""Our test programs are what those of libatf-c and atf-sh are: to a caller, and to Kyua.

conformance/ has the same test cases three times.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

SOURCES = Path(__file__).parent / "conformance"
NAME = "t_cases"
BOUND = 60
HANGS = "test_expects_timeout"
LANGUAGES = ("c", "sh", "python")

needs_atf = pytest.mark.skipif(
    shutil.which("atf-sh") is None or shutil.which("cc") is None,
    reason="ATF is not installed (Debian: libatf-dev, atf-sh)",
)
needs_kyua = pytest.mark.skipif(shutil.which("kyua") is None, reason="Kyua is not installed")
pytestmark = needs_atf


class Outcome(NamedTuple):
    """What a caller sees of a program: status, output, and the file of results if there is one."""

    status: int
    out: bytes
    err: bytes
    result: bytes | None


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The three test programs, each alone in a folder of its own, of the same name."""
    made = {}
    for language in LANGUAGES:
        made[language] = tmp_path_factory.mktemp(language) / NAME
    compile_c = ["cc", "-Wall", "-Wextra", "-Werror", "-o", made["c"], SOURCES / "cases.c"]
    subprocess.run([*compile_c, "-latf-c"], check=True)
    shutil.copy(SOURCES / "cases.sh", made["sh"])
    made["sh"].chmod(0o755)
    python = (SOURCES / "t_cases.py").read_text().splitlines(keepends=True)
    made["python"].write_text("".join([f"#!{sys.executable}\n", *python[1:]]))
    made["python"].chmod(0o755)
    return made


def run(program: Path, *argv: str, cwd: Path, results: Path | None = None) -> Outcome:
    env = {**os.environ, "__RUNNING_INSIDE_ATF_RUN": "internal-yes-value"}
    done = subprocess.run(
        [program, *argv], cwd=cwd, env=env, capture_output=True, timeout=BOUND, check=False
    )
    text = results.read_bytes() if results is not None and results.exists() else None
    return Outcome(done.returncode, done.stdout, done.stderr, text)


def idents(program: Path) -> list[str]:
    """The names of all cases, in order."""
    listed = subprocess.run([program, "-l"], check=True, cwd=program.parent, stdout=subprocess.PIPE)
    return re.findall(r"^ident: (.*)$", listed.stdout.decode(), re.MULTILINE)


def blocks(text: bytes) -> list[bytes]:
    return text.removesuffix(b"\n").split(b"\n\n")


def test_the_lists_are_the_same(programs: dict[str, Path]) -> None:
    lists = {k: run(program, "-l", cwd=program.parent) for k, program in programs.items()}
    assert lists["python"] == lists["c"]
    assert lists["python"].out.startswith(b'Content-Type: application/X-atf-tp; version="1"\n\n')
    # In the shell there are fewer cases; those are the same to a byte.
    assert set(blocks(lists["sh"].out)) < set(blocks(lists["python"].out))
    assert len(blocks(lists["sh"].out)) > 20


@pytest.mark.parametrize("language", ["c", "sh"])
def test_every_case_comes_out_the_same(
    programs: dict[str, Path], language: str, tmp_path: Path
) -> None:
    """Its exit status, and its file of results to a byte."""
    cases = [ident for ident in idents(programs[language]) if ident != HANGS]
    assert len(cases) > 20
    for ident in cases:
        seen = {}
        for which in (language, "python"):
            program, results = programs[which], tmp_path / f"{which}-{ident}"
            words = ["-r", str(results), "-s", str(program.parent), "-v", "color=red", ident]
            outcome = run(program, *words, cwd=tmp_path, results=results)
            place = str(program.parent).encode()
            text = outcome.result and outcome.result.replace(place, b"SRCDIR")
            seen[which] = (outcome.status, text)
        assert seen["python"] == seen[language], ident


def test_results_on_standard_output_are_the_same(programs: dict[str, Path], tmp_path: Path) -> None:
    for ident in ("test_passes", "test_fails", "test_skips", "test_cleans:cleanup"):
        seen = [
            run(programs[k], "-s", str(programs[k].parent), ident, cwd=tmp_path) for k in LANGUAGES
        ]
        assert seen[0] == seen[1] == seen[2], ident


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_case_that_hangs_has_said_so(programs: dict[str, Path], language: str) -> None:
    """Its result is there before the runtime engine kills it."""
    program = programs[language]
    words = [program, "-r", "/dev/stdout", HANGS]
    with subprocess.Popen(
        words, cwd=program.parent, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        assert process.stdout.readline() == b"expected_timeout: for ever\n"
        os.killpg(process.pid, signal.SIGKILL)


COMMAND_LINES: list[list[str]] = [
    [],
    ["-q", "test_passes"],
    ["-r"],
    ["-v"],
    ["-v", "color", "test_passes"],
    ["-l", "test_passes"],
    ["test_passes", "test_fails"],
    ["test_passes", "-l"],
    ["test_nowhere"],
    ["test_passes:head"],
    ["test_passes:"],
    ["-s", "/nowhere", "test_passes"],
    ["test_cleans:body"],
    ["test_cleans:cleanup"],
    ["test_passes:cleanup"],
    ["test_nowhere:cleanup"],
    ["-lv", "color=red"],
    ["-vcolor=", "-v", "color=red=green", "test_config"],
    ["--", "test_passes"],
]


@pytest.mark.parametrize("words", COMMAND_LINES, ids=" ".join)
def test_command_lines(programs: dict[str, Path], words: list[str]) -> None:
    """Status and output are those of libatf-c; atf-sh has other words for some mistakes."""
    c, python = (run(programs[k], *words, cwd=programs[k].parent) for k in ("c", "python"))
    assert python == c
    sh = run(programs["sh"], *words, cwd=programs["sh"].parent)
    if words not in (["-r"], ["-v"], ["-v", "color", "test_passes"], ["test_passes:"]):
        assert (sh.status == 0) == (python.status == 0)


def test_a_case_run_by_hand_warns(programs: dict[str, Path]) -> None:
    env = {key: text for key, text in os.environ.items() if key != "__RUNNING_INSIDE_ATF_RUN"}
    said = [
        subprocess.run(
            [programs[k], "test_passes"], cwd=programs[k].parent, env=env, capture_output=True,
            check=True,
        ).stderr
        for k in ("c", "python")
    ]  # fmt: skip
    assert said[0] == said[1]
    assert b"WARNING" in said[0]


def test_results_that_cannot_be_written(programs: dict[str, Path]) -> None:
    """libatf-c aborts."""
    program = programs["python"]
    done = run(program, "-r", "/nowhere/result", "test_passes", cwd=program.parent)
    assert done.status == 1
    assert b"ERROR: Cannot create results file '/nowhere/result': No such file" in done.err


@needs_kyua
def test_kyua_makes_the_same_of_them(programs: dict[str, Path], tmp_path: Path) -> None:
    for language in LANGUAGES:
        shutil.copy(programs[language], tmp_path / f"{language}.t")
    lines = ["syntax(2)", 'test_suite("same")']
    lines += [f'atf_test_program{{name="{language}.t"}}' for language in LANGUAGES]
    (tmp_path / "Kyuafile").write_text("\n".join(lines))
    results = tmp_path / "results.db"
    # At the same time: in each is a case that runs until it is out of time.
    words = ["-v", "test_suites.same.color=red", "-v", f"parallelism={len(LANGUAGES)}"]
    words += ["test", f"--results-file={results}"]
    env = {**os.environ, "HOME": str(tmp_path)}
    done = subprocess.run(
        ["kyua", *words], cwd=tmp_path, env=env, stdout=subprocess.PIPE, check=False
    )
    # Some are there to fail.
    assert done.returncode == 1
    seen = {
        language: verdicts(done.stdout.decode().splitlines(), language) for language in LANGUAGES
    }
    assert seen["python"] == seen["c"]
    assert seen["sh"].items() < seen["c"].items()
    words = {verdict.partition(":")[0] for verdict in seen["python"].values()}
    assert words == {"passed", "failed", "skipped", "broken", "expected_failure"}


def verdicts(lines: Iterable[str], language: str) -> dict[str, str]:
    """What Kyua says of the cases of a program, without times."""
    pattern = re.compile(rf"{language}\.t:(\S+)  ->  (.*)  \[.*\]")
    found = (pattern.fullmatch(line) for line in lines)
    return {match[1]: re.sub(r"/\S*", "PATH", match[2]) for match in found if match is not None}
