"""Make the shells' completions of the manual pages.

usage: python completions/generate.py [FOLDER]

Each option of a page (man/*.1) is completed, beside it the first words of what is said there, and
its value by `COMPLETED` below. shtab makes the scripts; they are beside this file, or in FOLDER if
one is given. What calls, events and signals there are comes from the package.
"""

from __future__ import annotations

import argparse
import re
import sys
from pathlib import Path
from typing import Any

import shtab

sys.path[:0] = [str(Path(__file__).resolve().parent)]
from pages import Option, Page, page  # noqa: E402 - from beside this file

from pypicotrace import syscalls  # noqa: E402
from pypicotrace.convert import SUFFIXES  # noqa: E402
from pypicotrace.expressions import EVENTS  # noqa: E402
from pypicotrace.syscalls.classes import CLASSES  # noqa: E402

HERE = Path(__file__).resolve().parent
SHELLS = {"bash": "{}", "zsh": "_{}", "tcsh": "{}.tcsh"}
"""The shells, and what a command's file is called."""

Completer = dict[str, Any] | list[str]
PIDS = {"bash": "_picotrace_pids", "zsh": "_pids", "tcsh": "`ps -A -o pid=`"}
USERS = {"bash": "_picotrace_users", "zsh": "_users", "tcsh": "u"}
VARIABLES = {
    "bash": "_picotrace_variables",
    "zsh": "_parameters -qS= -g '*export*'",
    "tcsh": "e",
}
PROGRAMS = {"bash": "_picotrace_programs", "zsh": "_command_names -e", "tcsh": "c"}
NOTHING: list[str] = []
FUNCTIONS = """\
_picotrace_pids() { local IFS=$' \\t\\n'; compgen -W "$(ps -A -o pid=)" -- "$1"; }
_picotrace_users() { compgen -u -- "$1"; }
_picotrace_variables() { compgen -e -S = -- "$1"; }
_picotrace_programs() { compgen -c -- "$1"; }
"""
COMPLETED: dict[tuple[str, str], Completer] = {
    ("", "file"): shtab.FILE,
    ("", "pid"): PIDS,
    ("", "user"): USERS,
    ("", "name"): VARIABLES,
    ("picotrace-convert", "format"): list(SUFFIXES.values()),
    ("picotrace-coredumper", "name"): shtab.FILE,
    ("picotrace-coredumper", "size"): NOTHING,
}
"""What completes a value, by its command (empty: any) and its name; else the page's words do."""


def signals() -> list[str]:
    names = {name for system in syscalls.SYSTEMS for name in syscalls.signals(system).values()}
    return sorted(name.removeprefix("SIG") for name in names)


def calls(system: str) -> list[str]:
    tables = [syscalls.load(abi) for abi in syscalls.ABIS if abi.startswith(system)]
    return sorted({name for table in tables for name in table.by_name})


CALL_WORDS = ["all", "none", *(f"%{name}" for name in CLASSES)]
KEYS = {
    "event": sorted(EVENTS),
    "signal": ["all", "none", *signals()],
    "status": ["successful", "failed"],
}
"""What comes after a key of -e, where that is not calls."""


def function(command: Page) -> str:
    """The name of a shell's function for a command."""
    return re.sub(r"\W", "_", f"_{command.name}")


def names_function(command: Page, keys: list[str]) -> str:
    """What comes after each key; for bash and for zsh."""
    cases = [f"  {key}) echo '{' '.join(KEYS[key])}' ;;" for key in keys if key in KEYS]
    return "\n".join(
        [
            f"{function(command)}_names() {{",
            "  case $1 in",
            *cases,
            "  *)",
            "    case $OSTYPE in",
            *(
                f"    {system}*) echo '{' '.join(CALL_WORDS + calls(system))}' ;;"
                for system in syscalls.SYSTEMS
            ),
            "    esac ;;",
            "  esac",
            "}",
        ]
    )


BASH_EXPRESSION = """
@NAME@_expression() {
  local IFS=$' \\t\\n' key=trace rest=$1 head=
  if [[ $1 == *=* ]]; then
    key=${1%%=*} rest=${1#*=} head=${1%%=*}=
  else
    compgen -S = -W '@KEYS@' -- "$1"
  fi
  local last=${rest##*,}
  head+=${rest%"$last"}
  if [[ $last == '!'* ]]; then
    head+='!' last=${last:1}
  fi
  compgen -P "$head" -W "$(@NAME@_names "$key")" -- "$last"
}
"""
ZSH_EXPRESSION = """
@NAME@_expression() {
  local key=trace
  if [[ $PREFIX == *=* ]]; then
    key=${PREFIX%%=*}
    compset -P '*='
  else
    compadd -S = -q -- @KEYS@
  fi
  compset -P '*,'
  compset -P '!'
  compadd -S , -q -- $(@NAME@_names $key)
}
"""


def expression_preamble(command: Page, keys: list[str]) -> dict[str, str]:
    """What the shells need for -e."""

    def filled(text: str) -> str:
        return text.replace("@NAME@", function(command)).replace("@KEYS@", " ".join(keys))

    names = names_function(command, keys)
    lists = [f"set _picotrace_{key} = ({' '.join(KEYS[key])})" for key in keys if key in KEYS]
    for condition, system in zip(("if", "else if"), syscalls.SYSTEMS, strict=True):
        lists.append(f'{condition} ("$OSTYPE" =~ {tcsh_pattern(system)}) then')
        lists.append(f"  set _picotrace_calls = ({' '.join(CALL_WORDS + calls(system))})")
    return {
        "bash": names + filled(BASH_EXPRESSION),
        "zsh": names + filled(ZSH_EXPRESSION),
        "tcsh": "\n".join([*lists, "endif"]),
    }


def tcsh_pattern(system: str) -> str:
    """tcsh(1) has the names of systems in capitals of its own."""
    return "".join(f"[{c}{c.upper()}]" for c in system) + "*"


def completer(command: Page, option: Option) -> Completer:
    """What completes an option's value."""
    if option.keys:
        name = f"{function(command)}_expression"
        return {
            "bash": name,
            "zsh": name,
            "tcsh": f"({' '.join(f'{key}=' for key in option.keys)})",
        }
    if option.words and (command.name, option.value) not in COMPLETED:
        return option.words
    return COMPLETED.get((command.name, option.value), COMPLETED.get(("", option.value), NOTHING))


def parser(command: Page) -> argparse.ArgumentParser:
    """What shtab makes a script of."""
    made = argparse.ArgumentParser(command.name, description=command.help, add_help=False)
    for option in command.options:
        about = option.help.replace("%", "%%")
        if {"--help", "--version"} & set(option.names):
            made.add_argument(*option.names, help=about, action="help")
        elif not option.value:
            action = "count" if option.again else "store_true"
            made.add_argument(*option.names, help=about, action=action)
        else:
            complete = completer(command, option)
            action = "append" if option.again else "store"
            added = made.add_argument(*option.names, help=about, dest=option.value, action=action)
            if isinstance(complete, dict):
                added.complete = complete  # type: ignore[attr-defined]
            elif complete:
                added.choices = complete
    if command.runs_command:
        made.add_argument("command").complete = PROGRAMS  # type: ignore[attr-defined]
        rest = made.add_argument("argument", nargs=argparse.REMAINDER)
        rest.complete = shtab.FILE  # type: ignore[attr-defined]
    else:
        made.add_argument("file", nargs="*").complete = shtab.FILE  # type: ignore[attr-defined]
    return made


def front(command: Page) -> str:
    """What is before shtab's function in bash."""
    names = [name for option in command.options if option.value for name in option.names]
    filled = {
        "@NAME@": function(command).removeprefix("_"),
        "@PROG@": command.name,
        "@LONG@": " ".join(name for name in names if name.startswith("--")),
        "@SHORT@": "".join(name[1] for name in names if not name.startswith("--")),
    }
    text = (HERE / "front.bash").read_text()
    for what, value in filled.items():
        text = text.replace(what, value)
    return text


def finished(shell: str, script: str, command: Page, keys: list[str]) -> str:
    """A script, with what shtab does not know of."""
    if shell == "bash":
        script += front(command)
    if shell == "tcsh":
        # Its order is that of a set.
        script = re.sub(r"(?<='c/-)(-?/\()([^)]*)", lambda m: m[1] + in_order(m[2]), script)
        rules = [
            f"        'c/{key}=/$_picotrace_{key if key in KEYS else 'calls'}/' \\\n"
            for key in keys
        ]
        head = f"complete {command.name} \\\n"
        script = script.replace(head, head + "".join(rules))
    lines = [line.rstrip() for line in script.strip().splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)) + "\n"


def in_order(words: str) -> str:
    return " ".join(sorted(words.split()))


def scripts(command: Page) -> dict[str, str]:
    """The scripts for a command, by shell."""
    keys = [key for option in command.options for key in option.keys]
    own = expression_preamble(command, keys) if keys else {}
    preamble = {**own, "bash": FUNCTIONS + own.get("bash", "")}
    made = parser(command)
    return {
        shell: finished(
            shell, shtab.complete(made, shell, preamble=preamble.get(shell, "")), command, keys
        )
        for shell in SHELLS
    }


def main() -> None:
    """Write them all."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    for path in sorted((HERE.parent / "man").glob("*.1")):
        command = page(path)
        for shell, text in scripts(command).items():
            file = folder / shell / SHELLS[shell].format(command.name)
            file.parent.mkdir(exist_ok=True)
            file.write_text(text)


if __name__ == "__main__":
    main()
