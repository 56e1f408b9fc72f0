"""The command line: what is made of it before anything is started, and the words for failures."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from pypicotrace import __version__, cli
from pypicotrace._ffi import lib
from pypicotrace.arguments import HELP, HINT, Arguments, Failure, arguments, process_id
from pypicotrace.expressions import Wanted
from pypicotrace.kinds import Mask
from pypicotrace.refusals import UID_UNKNOWN, words
from pypicotrace.text import Text
from pypicotrace.trouble import shown

EVERYTHING = Wanted(Mask.ALL, None)
NOTHING_SAID = Arguments(
    follow=False,
    verbose=False,
    style=Text.ARGV,
    format="text",
    last=None,
    stop_calls=0,
    stop_seconds=0.0,
    colour="auto",
    whole_results=True,
    pin="auto",
    output=None,
    append=False,
    filter_command="",
    each_process=False,
    rotate=None,
    keep=None,
    wanted=EVERYTHING,
    errors=None,
    pids=[],
    children=False,
    user=None,
    environment=[],
    command=["ls"],
)


@pytest.mark.parametrize(
    ("argv", "fields"),
    [
        (["ls"], {}),
        (["--", "ls"], {}),
        (["-f", "ls"], {"follow": True}),
        (["-i", "ls"], {"follow": True}),
        (["-n", "ls"], {"style": Text.ARGV | Text.NUMBERS}),
        (["-tr", "ls"], {"style": Text.ARGV | Text.CLOCK | Text.SINCE}),
        (
            ["-vT", "ls"],
            {
                "verbose": True,
                "style": Text.ARGV | Text.ENV | Text.AUXV | Text.SENDER | Text.ELAPSED,
            },
        ),
        (["--color=always", "ls"], {"colour": "always"}),
        (["--color", "never", "ls"], {"colour": "never"}),
        (["--cut-results", "ls"], {"whole_results": False}),
        (["--pin", "auto", "ls"], {}),
        (["--pin=off", "ls"], {"pin": "off"}),
        (["--pin", "3", "ls"], {"pin": 3}),
        (["--pin", "auto", "-p", "5"], {"pids": [5], "command": []}),
        (
            ["--cut-results", "-p", "5"],
            {"whole_results": False, "pin": "off", "pids": [5], "command": []},
        ),
        (["-z", "ls"], {"errors": False}),
        (["-fZ", "ls"], {"follow": True, "errors": True}),
        (["-Z", "-e", "event=signal", "ls"], {"errors": True, "wanted": Wanted(Mask.SIGNAL, None)}),
        (["-u", "nobody", "ls"], {"user": "nobody"}),
        (["-E", "A=b=c", "-E", "B", "ls"], {"environment": ["A=b=c", "B"]}),
        (["-p", "5", "--children"], {"pin": "off", "pids": [5], "children": True, "command": []}),
        (["-fn", "ls"], {"follow": True, "style": Text.ARGV | Text.NUMBERS}),
        (["-o", "x", "ls"], {"output": "x"}),
        (["-ox", "ls"], {"output": "x"}),
        (["-fox", "ls"], {"follow": True, "output": "x"}),
        (["-o=x", "ls"], {"output": "=x"}),
        (["-o", "-f", "ls"], {"output": "-f"}),
        (["-o", "--", "ls"], {"output": "--"}),
        (["-o", "-", "ls"], {"output": "-"}),
        (["-o", "", "ls"], {"output": ""}),
        (["-o", "x", "-oy", "ls"], {"output": "y"}),
        (["-e", "read", "ls"], {"wanted": Wanted(Mask.ALL, ["read"])}),
        (["-eevent=scx", "-e!read", "ls"], {"wanted": Wanted(Mask.SCX, ["!read"])}),
        (["-p", "5"], {"pin": "off", "pids": [5], "command": []}),
        (["-p5", "-p", "6", "--"], {"pin": "off", "pids": [5, 6], "command": []}),
        (["-ff", "-o", "x", "ls"], {"follow": True, "each_process": True, "output": "x"}),
        (["-f", "-if", "-ox", "ls"], {"follow": True, "each_process": True, "output": "x"}),
        (["-fi", "ls"], {"follow": True}),
        (["--rotate", "10k", "-ox", "ls"], {"rotate": 10240, "output": "x"}),
        (
            ["--rotate=4096", "--keep", "3", "--append", "--format=ndjson", "-ox", "ls"],
            {"rotate": 4096, "keep": 3, "append": True, "format": "ndjson", "output": "x"},
        ),
        (["--rotate=2G", "-ox", "ls"], {"rotate": 2 << 30, "output": "x"}),
        (["-o|gzip -c >x", "ls"], {"filter_command": "gzip -c >x", "output": "|gzip -c >x"}),
        (["--stop-after", "7", "ls"], {"stop_calls": 7}),
        (["--stop-after=1.5s", "ls"], {"stop_seconds": 1.5}),
        (["--stop-after", "20ms", "ls"], {"stop_seconds": 0.02}),
        (["--stop-after=7", "--stop-after=2m", "ls"], {"stop_calls": 7, "stop_seconds": 120}),
        (["--stop-after=7s", "--stop-after=1h", "ls"], {"stop_seconds": 3600}),
        (["ls", "-l"], {"command": ["ls", "-l"]}),
        (["ls", "-f", "-p", "1"], {"command": ["ls", "-f", "-p", "1"]}),
        (["ls", "--", "-x"], {"command": ["ls", "--", "-x"]}),
        (["--", "-odd"], {"command": ["-odd"]}),
        (["--", "--", "x"], {"command": ["--", "x"]}),
        (["-f", "--", "-f", "--help"], {"follow": True, "command": ["-f", "--help"]}),
        (["-"], {"command": ["-"]}),
        ([""], {"command": [""]}),
    ],
)
def test_arguments(argv: list[str], fields: dict[str, Any]) -> None:
    """POSIX's guidelines: options end at the first operand, and may be put together."""
    assert arguments(argv) == NOTHING_SAID._replace(**fields)


@pytest.mark.parametrize("argv", [["-h"], ["--help"], ["-f", "--help", "ls"], ["-hV"]])
def test_help(argv: list[str]) -> None:
    assert arguments(argv) == HELP


@pytest.mark.parametrize("argv", [["-V"], ["--version"], ["-p", "x", "--version"]])
def test_version(argv: list[str]) -> None:
    assert arguments(argv) == f"picotrace {__version__}\n"


@pytest.mark.parametrize("operands", [["ls"], ["-p", "5"]])
@pytest.mark.parametrize("cut", [[], ["--cut-results"]])
def test_cut_results_are_the_loops_business(
    monkeypatch: pytest.MonkeyPatch, cut: list[str], operands: list[str]
) -> None:
    asked: list[bool] = []
    for way in ("spawn", "attach"):
        monkeypatch.setattr(cli, way, lambda *_, whole_results, **__: asked.append(whole_results))
    args = arguments([*cut, *operands])
    assert isinstance(args, Arguments)
    cli.make_loop(args, [])
    assert asked == [not cut]


@pytest.mark.parametrize(
    "argv",
    [
        ["--color=red", "ls"],
        ["-ff", "ls"],
        ["-ff", "-o-", "ls"],
        ["-ff", "-o|cat", "ls"],
        ["-ff", "-ox", "--rotate=1M", "ls"],
        ["-ff", "-ox", "--last=5", "ls"],
        *(["-ff", "-o", name, "ls"] for name in ["", ".", "..", "x/", "x/.", "x/.."]),
        ["--rotate=1M", "-ox/", "ls"],
        ["--rotate=1M", "-ox", "--append", "--last=5", "ls"],
        ["--format=", "ls"],
        ["--color=", "ls"],
        ["-ff", "-ox", "--format=trace-event", "ls"],
        ["-o|", "ls"],
        ["-o| ", "ls"],
        ["-o|cat", "--append", "ls"],
        ["-o|cat", "--rotate=1M", "ls"],
        ["--rotate=1M", "ls"],
        ["--rotate=1M", "-ox", "--last=5", "ls"],
        *(
            ["--rotate", size, "-ox", "ls"]
            for size in ["", "0", "1", "4095", "3k", "x", "1T", "1m", "-1"]
        ),
        ["--keep", "5", "-ox", "ls"],
        *(["--rotate=1M", "--keep", n, "-ox", "ls"] for n in ["", "0", "x", "-1", "1000000"]),
        *(
            ["--stop-after", limit, "ls"]
            for limit in ["0", "-1", "", "x", "5 s", "5d", "0s", "0.0s"]
        ),
        ["--stop-after", "999999999h", "ls"],
        ["--stop-after", "5", "-e", "event=exec", "ls"],
        ["--children", "ls"],
        ["-u", "nobody", "-p", "5"],
        ["--pin", "1", "-p", "5"],
        ["--pin", "sometimes", "ls"],
        ["--pin", "-1", "ls"],
        ["--pin=", "ls"],
        ["-E", "A=b", "-p", "5"],
        ["-E", "", "ls"],
        ["-E", "=b", "ls"],
        ["-zZ", "ls"],
        ["-Z", "-e", "event=sce", "ls"],
        ["-z", "-e", "event=!scx", "ls"],
    ],
)
def test_options_that_make_no_sense(argv: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        arguments(argv)
    assert (caught.value.status, caught.value.hint) == (2, HINT)


@pytest.mark.parametrize("argv", [[], ["-f"], ["--"], ["-o"], ["-e"], ["-p"], ["-p", "5", "ls"]])
@pytest.mark.parametrize("more", [[], ["-y"], ["-5"], ["-f x"], ["--nope"], ["--help=1"], ["-é"]])
def test_usage_errors_hint_at_help(more: list[str], argv: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        arguments([*more, *argv])
    assert (caught.value.status, caught.value.hint) == (2, HINT)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "argv", [["-e", "x=y", "ls"], ["-e", "", "ls"], ["-p", "0"], ["-p", "5 6"]]
)
def test_other_errors_say_it_all(argv: list[str]) -> None:
    with pytest.raises(Failure) as caught:
        arguments(argv)
    assert (caught.value.status, caught.value.hint) == (2, "")


@pytest.mark.parametrize("pid", [1, 9, 10, 4194304, 2**31 - 1])
def test_process_ids(pid: int) -> None:
    assert process_id(str(pid)) == pid


@pytest.mark.parametrize(
    "text",
    [
        *("", "0", "00", "01", "-0", "-5", "+5", "1.5", "1e3", "0x1", "1_0", "text"),
        *(
            " 1",
            "1 ",
            "1\n",
            "1\x00",
            "2147483648",
            "4294967297",
            "9999999999",
            "9" * 20,
            "9" * 5000,
        ),
        *("\uff11", "\xb2", "\u0663"),  # digits, but of other scripts
    ],
)
def test_what_is_no_process_id(text: str) -> None:
    with pytest.raises(Failure, match="invalid process id") as caught:
        process_id(text)
    assert caught.value.status == 2
    assert shown(str(caught.value)).isprintable()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        (b"plain", "plain"),
        (b"two words", "two words"),
        ("ä漢".encode(), "ä漢"),
        (b"\n\t\r", r"\n\t\r"),
        (b"\x1b[31m\x7f", r"\x1b[31m\x7f"),
        (b"\xff\xc3", r"\xff\xc3"),
        ("\u202eevil\u200b".encode(), r"\u202eevil\u200b"),
        ("\u0085\u2028".encode(), r"\x85\u2028"),
        (b"\xed\xb3\xbf", r"\xed\xb3\xbf"),
        (b"", ""),
    ],
)
def test_shown(name: bytes, text: str) -> None:
    """A name stays a name on a terminal, whatever is in it."""
    assert shown(name.decode(errors="surrogateescape")) == text


@pytest.mark.parametrize(
    ("reason", "detail", "error", "text"),
    [
        (lib.PICO_REFUSED_NOBODY, 0, errno.ESRCH, "there is no such process"),
        (lib.PICO_REFUSED_TRACED, 12, errno.EPERM, "process 12 is tracing it already"),
        (lib.PICO_REFUSED_UNSEEN, 0, errno.ESRCH, "it is there, but /proc does not show it; "),
        (lib.PICO_REFUSED_LWP, 12, 0, "it is an LWP of process 12; give that one"),
        (lib.PICO_REFUSED_USER, 12, errno.EPERM, "it runs as another user (uid 12); "),
        (lib.PICO_REFUSED_USER, -2, errno.EPERM, "it runs as another user (uid 4294967294); "),
        (lib.PICO_REFUSED_USER, -1, errno.ESRCH, "it runs as another user (which one is hidden); "),
        (lib.PICO_REFUSED_YAMA, 1, errno.EPERM, "kernel.yama.ptrace_scope is 1; run as root, "),
        (lib.PICO_REFUSED_YAMA, 3, errno.EPERM, "kernel.yama.ptrace_scope is 3; nobody may "),
        (lib.PICO_REFUSED_OTHER, 0, errno.EPERM, "Operation not permitted; it is protected "),
        (lib.PICO_REFUSED_OTHER, 0, errno.EIO, "Input/output error"),
    ],
)
def test_refusals(reason: int, detail: int, error: int, text: str) -> None:
    assert words(reason, detail, error).startswith(text)
    assert UID_UNKNOWN == -1 % 2**32


@pytest.mark.parametrize(
    ("mode", "other_user", "other_group", "gained"),
    [
        (0o4755, True, True, True),
        (0o4755, False, True, False),
        (0o2755, True, True, True),
        (0o2755, True, False, False),
        (0o6755, False, True, True),
        (0o755, True, True, False),
    ],
)
def test_who_gains_by_a_set_id_program(
    mode: int, other_user: bool, other_group: bool, gained: bool
) -> None:
    """Nobody does whose own it is: there is nothing to warn of then."""
    assert cli.gains(mode, other_user, other_group) is gained
