"""Started from hostile surroundings: everything works, and the command is none the worse for it.

The closed descriptors of the command are in test_cli_output.py, its environment to the byte in
test_cli_launch.py, what one signal of the host's does to a tracee in test_transparency.py.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import CLOSED, WHICH, lines, picotrace, running, tracing, untraced, without

HOST = """
import os, subprocess, sys
import pypicotrace as pt

given, plain, traced, file = sys.argv[1:]
# Where one of 0, 1 and 2 is closed, this is opened there.
streams = {given: open(file, "w")} if given else {}
show = ["sh", "-c", 'ls /proc/$$/fd >"$0"; echo said; echo complained >&2; exit 7']
assert subprocess.call([*show, plain], **streams) == 7
with pt.spawn([*show, traced], follow=True, **streams) as loop:
    assert len(list(loop)) > 100
os._exit(loop.status.status)
"""

SAYS = {"stdout": "said", "stderr": "complained"}


@pytest.mark.parametrize("given", ["", "stdin", "stdout", "stderr"])
@pytest.mark.parametrize("closed", CLOSED, ids=WHICH)
def test_row_53_a_host_without_standard_descriptors(
    tmp_path: Path, closed: tuple[int, ...], given: str
) -> None:
    """What it starts has the descriptors that subprocess would give it, and no other."""
    plain, traced, file = (tmp_path / name for name in ("plain", "traced", "file"))
    file.touch()
    argv = [sys.executable, "-c", HOST, given, str(plain), str(traced), str(file)]
    run = untraced([*without(closed), *argv])
    assert run.status == 7, run.err
    assert traced.read_text() == plain.read_text()
    # Where it cannot write, the shell has more to complain of.
    words = [word for word in file.read_text().splitlines() if word in SAYS.values()]
    assert words == ([SAYS[given]] * 2 if given in SAYS else [])
    assert run.out == (b"" if 1 in closed or given == "stdout" else b"said\n" * 2)


FOLDERS = ("HOME", "TMPDIR", "PWD", "XDG_CACHE_HOME")
ENVIRONMENTS = {
    "Python's strictness": {"PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
    "Python's encoding": {"PYTHONIOENCODING": "ascii:strict", "PYTHONUTF8": "0"},
    "Python's optimizer": {"PYTHONOPTIMIZE": "2", "PYTHONDONTWRITEBYTECODE": "1"},
    "no such locale": {"LC_ALL": "xx_XX.nonsense", "LANG": "\x1b[31m", "LANGUAGE": ":::"},
    "no such folders": dict.fromkeys(FOLDERS, "/no/such/folder"),
    "no such terminal": {"TERM": "nonsense", "COLUMNS": "-5", "LINES": "many", "FORCE_COLOR": "1"},
    "no such time zone": {"TZ": ":/no/such/zone"},
    # What malloc gives and takes back is filled (mallopt(3)): nothing may count on what it was.
    "dirty memory": {"MALLOC_PERTURB_": "165", "GLIBC_TUNABLES": "glibc.malloc.perturb=165"},
    "names of ours": {"PICOTRACE": "x", "PYPICOTRACE": "x", "POSIXLY_CORRECT": "1"},
    "a big one": {f"NAME_{n}": "x" * 1000 for n in range(500)},
}  # fmt: skip


@pytest.mark.parametrize("variables", ENVIRONMENTS)
def test_row_53_a_hostile_environment(tmp_path: Path, variables: str) -> None:
    """Nobody complains, and the command has just the environment that it would have."""
    env = {"PATH": os.environ["PATH"], **ENVIRONMENTS[variables]}
    show = ["sh", "-c", "tr '\\0' '\\n' </proc/$$/environ | cat; exit 7"]
    plain = untraced(show, env=env)
    assert plain.out.count(b"\n") == len(env)
    trace = tmp_path / "trace"
    for options in ([], ["-t", "-T"]):
        traced = picotrace("-f", *options, "-o", str(trace), *show, env=env)
        assert traced == plain
        assert trace.read_bytes().endswith(b" EXITED status=7\n")


def ignore_child() -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)


def ignore_all() -> None:
    for signo in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(signo, signal.SIG_IGN)


def block_all() -> None:
    signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())


def block_and_ignore_all() -> None:
    ignore_all()
    block_all()


SIGNALS = pytest.mark.parametrize(
    "prepare", [ignore_child, ignore_all, block_all, block_and_ignore_all]
)


@SIGNALS
def test_row_53_signals_ignored_or_blocked(tmp_path: Path, prepare: Callable[[], None]) -> None:
    """The ends of all are seen, though the kernel may throw away those of an ignored SIGCHLD."""
    trace = tmp_path / "trace"
    # Without the shell's wait: dash sleeps there until SIGCHLD comes, which never does if blocked.
    script = "(exit 3); (exit 4); date | cat >/dev/null; kill -TERM $$; echo $?; exit 7"
    plain = untraced(["sh", "-c", script], preexec_fn=prepare)
    traced = picotrace("-f", "-o", str(trace), "sh", "-c", script, preexec_fn=prepare)
    assert traced == plain
    record = lines(trace.read_bytes())
    made = {int(line.info.removeprefix("child=")) for line in record if "FORKED" in line.event}
    ended = [line.pid for line in record if line.event in ("EXITED", "SIGNALED")]
    assert len(made) >= 4
    assert sorted(ended) == sorted({record[0].pid, *made})


@SIGNALS
def test_row_53_attaching_with_signals_ignored_or_blocked(
    tmp_path: Path, prepare: Callable[[], None]
) -> None:
    trace = tmp_path / "trace"
    with running(["sh", "-c", "read line; (exit 3); exit 7"]) as target:
        attach = ["-f", "-o", str(trace), "-p", str(target.pid)]
        with tracing(*attach, preexec_fn=prepare) as run:
            run.complains(b"^C detaches\n")
            target.say(b"\n")
            assert run.finish().status == 0
        assert target.end().status == 7
    ends = [line.info for line in lines(trace.read_bytes()) if line.event == "EXITED"]
    assert ends == ["status=3", "status=7"]
