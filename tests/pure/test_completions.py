"""Completion in shells: the scripts are what the generator makes, and complete what they should."""

from __future__ import annotations

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pypicotrace import syscalls

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "completions"
SCRIPTS = [path for shell in ("bash", "zsh", "tcsh") for path in sorted((FOLDER / shell).iterdir())]
# What bash does when a key is pressed: it breaks the line in words, and calls the function.
BASH = r"""
source "$1"
COMP_LINE=$2 COMP_POINT=${#2} COMP_TYPE=9 COMP_KEY=9
spec=$(complete -p "${COMP_LINE%% *}")
function=${spec##*-F } function=${function%% *}
COMP_WORDS=() word=
for ((i = 0; i < ${#2}; i++)); do
  c=${2:i:1}
  case $c in
  ' ') [ -n "$word" ] && COMP_WORDS+=("$word"); word= ;;
  = | :) [ -n "$word" ] && COMP_WORDS+=("$word"); COMP_WORDS+=("$c"); word= ;;
  *) word+=$c ;;
  esac
done
COMP_WORDS+=("$word") COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
"$function" "${COMP_WORDS[0]}" "$word" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\n' "${COMPREPLY[@]}"
"""


def needs(shell: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(shutil.which(shell) is None, reason=f"there is no {shell}(1) here")


def complete(line: str, cwd: Path | None = None) -> list[str]:
    """What bash offers at the end of a line."""
    script = FOLDER / "bash" / line.split(maxsplit=1)[0]
    run = subprocess.run(
        ["bash", "--norc", "--noprofile", "-c", BASH, "bash", script, line],
        capture_output=True, text=True, check=False, cwd=cwd,
    )  # fmt: skip
    assert run.stderr == ""
    return sorted(run.stdout.split())


def test_they_are_up_to_date(tmp_path: Path) -> None:
    """After a change of a manual page: python completions/generate.py."""
    subprocess.run([sys.executable, FOLDER / "generate.py", tmp_path], check=True)
    made = {path.relative_to(tmp_path): path.read_text() for path in tmp_path.glob("*/*")}
    assert made == {path.relative_to(FOLDER): path.read_text() for path in SCRIPTS}


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_syntax(path: Path) -> None:
    shell = path.parent.name
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}(1) here")
    check = {
        "bash": ["bash", "-n", path],
        "zsh": ["zsh", "-fn", path],
        "tcsh": ["tcsh", "-fc", f"source {shlex.quote(str(path))} && complete {path.stem}"],
    }
    run = subprocess.run(check[shell], capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (0, "")
    assert shell != "tcsh" or "-o" in run.stdout or "/(" in run.stdout


@needs("bash")
class TestBash:
    @pytest.mark.parametrize(
        ("line", "found"),
        [
            ("picotrace --stop", ["--stop-after"]),
            ("picotrace -f --c", ["--children", "--color", "--cut-results"]),
            ("picotrace --format nd", ["ndjson"]),
            ("picotrace --format=nd", ["ndjson"]),
            ("picotrace -f --color ", ["always", "auto", "never"]),
            ("picotrace -e even", ["event=", "eventfd", "eventfd2"]),
            ("picotrace -e event=lwp_c", ["lwp_create", "lwp_created"]),
            ("picotrace -e event=exec,lwp_c", ["exec,lwp_create", "exec,lwp_created"]),
            ("picotrace -e event=exec,!lwp_created", ["exec,!lwp_created"]),
            ("picotrace -fe openat", ["openat", "openat2"]),
            ("picotrace -e trace=%ne", ["%network"]),
            ("picotrace -e trace=%file,!%s", ["%file,!%signal", "%file,!%stat"]),
            ("picotrace -o x -e trace=openat -e getpp", ["getppid"]),
            ("picotrace-truss -e signal=US", ["USR1", "USR2"]),
            ("picotrace-truss -e status=", ["failed", "successful"]),
            ("picotrace-truss --by p", ["process"]),
            ("picotrace-convert -t par", ["parquet"]),
            ("picotrace-diff -a netbsd-a", ["netbsd-amd64"]),
        ],
    )
    def test_words(self, line: str, found: list[str]) -> None:
        if sys.platform != "linux" and {"openat", "eventfd"} & {*line.split(), *found}:
            pytest.skip("other systems have other calls")
        assert complete(line) == found

    @pytest.mark.parametrize(
        "line",
        [
            "picotrace -o tra",
            "picotrace sh tra",
            "picotrace -f -- sh -o tra",
            "picotrace --format ndjson sh --format tra",
            "picotrace -e trace=openat -o tra",
            "picotrace-convert tra",
            "picotrace-convert trace.ndjson tra",
            "picotrace-diff tra",
            "picotrace-coredumper -c tra",
        ],
    )
    def test_files(self, tmp_path: Path, line: str) -> None:
        (tmp_path / "trace.ndjson").touch()
        assert complete(line, tmp_path) == ["trace.ndjson"]

    def test_options_of_the_command_are_not_ours(self, tmp_path: Path) -> None:
        assert complete("picotrace ls --form", tmp_path) == []

    def test_commands(self) -> None:
        assert "env" in complete("picotrace -f en")
        assert "env" in complete("picotrace -e trace=openat -f en")

    def test_processes_and_users(self) -> None:
        assert "1" in complete("picotrace -p ")
        assert "root" in complete("picotrace -u roo")

    def test_every_call(self) -> None:
        table = syscalls.load("linux-x86_64" if sys.platform == "linux" else "netbsd-amd64")
        assert set(table.by_name) <= set(complete("picotrace -e trace="))
