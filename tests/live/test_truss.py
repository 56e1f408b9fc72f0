"""On every system: picotrace-truss on real programs."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_support import eventually
from system import LINUX, untouched

TRUSS = [sys.executable, "-m", "pypicotrace.tools.truss"]


def truss(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*TRUSS, *words], capture_output=True, text=True, check=False)


def calls(text: str) -> list[str]:
    """The lines, with one space before the result."""
    return [re.sub(r" +(= \S.*)$", r" \1", line) for line in text.splitlines()]


@pytest.fixture
def shown(tracee: Callable[[str], str]) -> str:
    return tracee("portable/shown")


def test_calls_with_what_they_mean(shown: str, tmp_path: Path) -> None:
    file = tmp_path / "made"
    words = [*TRUSS, "-o", tmp_path / "out", "-E", "C=3", "-E", "A", shown, file, "calls"]
    environment = {"A": "1", "B": "2"}
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (3, "", "")
    lines = calls((tmp_path / "out").read_text())
    assert lines[0].startswith(f'execve("{shown}", ["/')
    assert lines[0].endswith(', "calls"], /* 2 vars */) = 0')
    at = "AT_FDCWD, " if LINUX else ""
    wanted = [
        rf'open(at)?\({at}"{file}", O_RDWR\|O_CREAT\|O_TRUNC, 0640\) = 3',
        r'writev\(3, \[{iov_base="ab", iov_len=2}, {iov_base="\\n", iov_len=1}\], 2\) = 3',
        r"lseek\(3, 0, SEEK_SET\) = 0",
        r'read\(3, "ab\\n", 100\) = 3',
        r"\w*fstat\w*\(3, .*{st_mode=S_IFREG\|0640, st_size=3, ...}.*\) = 0",
        rf'open(at)?\({at}"/nowhere/at all", O_RDONLY\) = -1 ENOENT \(No such file or directory\)',
        r"pipe2?\(.*\) = .*",
        r'write\(\d+, "x", 1\) = 1',
        r"poll\(\[{fd=\d+, events=POLLIN, revents=POLLIN}\], 1, 1000\) = 1",
        r"fcntl\(3, F_SETFD, FD_CLOEXEC\) = 0",
        r"read\(-1, 0x8, 5\) = -1 EBADF \(Bad file descriptor\)",
        r"unlink\(0x8\) = -1 EFAULT \(Bad address\)",
    ]
    begun = next(i for i, line in enumerate(lines) if re.fullmatch(wanted[0], line))
    for pattern, line in zip(wanted, lines[begun:], strict=False):
        assert re.fullmatch(pattern, line)
    assert lines[-2:] == [lines[-2], "+++ exited with 3 +++"]
    assert re.fullmatch(r"exit(_group)?\(3\) = \?", lines[-2])


def test_signals_and_an_end_by_one(shown: str) -> None:
    done = truss("-e", "trace=none", shown, "-", "signal")
    assert done.returncode == -signal.SIGTERM
    first, second, last = done.stderr.splitlines()
    assert re.fullmatch(r"--- SIGUSR1 {si_signo=SIGUSR1, si_code=\w+, .*} ---", first)
    assert re.fullmatch(
        r"--- SIGTERM {si_signo=SIGTERM, si_code=SI_USER, si_pid=\d+, si_uid=\d+} ---", second
    )
    assert last == "+++ killed by SIGTERM +++"
    chosen = truss("-q", "-e", "trace=none", "-e", "signal=!term", shown, "-", "signal")
    assert chosen.stderr.splitlines() == [
        line for line in chosen.stderr.splitlines() if "USR1" in line
    ]
    assert "USR1" in chosen.stderr


def test_children_have_their_own_lines() -> None:
    done = truss("-f", "-e", "trace=/wait/,/exit/", "sh", "-c", "(exit 4); exit 5")
    assert done.returncode == 5
    ended = dict(re.findall(r"^(\d+) +\+\+\+ exited with (\d+) \+\+\+$", done.stderr, re.MULTILINE))
    assert sorted(ended.values()) == ["4", "5"]
    child = next(pid for pid, status in ended.items() if status == "4")
    assert re.search(
        rf"wait4\w*\(.*, \[{{WIFEXITED\(s\) && WEXITSTATUS\(s\) == 4}}\], .*\) += {child}$",
        done.stderr,
        re.MULTILINE,
    )


def test_a_call_in_two_parts(shown: str) -> None:
    """A parent in vfork(2) comes back when its child has ended, and no sooner."""
    lines = calls(truss("-f", "-U", shown, "-", "vfork").stderr)
    parent = next(i for i, line in enumerate(lines) if "vfork" in line and "unfinished" in line)
    child = next(i for i, line in enumerate(lines) if re.search(r"exit\w*\(4\b", line))
    back = next(i for i, line in enumerate(lines) if re.search(r"vfork\w* resumed>", line))
    assert parent < child < back
    assert re.search(r"resumed>\) = \d+$", lines[back])
    whole = truss("-f", shown, "-", "vfork").stderr
    assert "unfinished" not in whole
    assert re.search(r"vfork\w*\(\) += \d+$", whole, re.MULTILINE)


@pytest.mark.parametrize(
    ("option", "pattern"),
    [
        ("-t", r"\d\d:\d\d:\d\d execve\("),
        ("-tt", r"\d\d:\d\d:\d\d\.\d{6} execve\("),
        ("-ttt", r"\d{10}\.\d{6} execve\("),
        ("-r", r" +0\.0+ execve\("),
        ("-N", r"execve\("),
    ],
)
def test_what_a_line_begins_with(option: str, pattern: str) -> None:
    assert re.match(pattern, truss(option, "true").stderr)


def test_only_some_calls() -> None:
    failed = truss("-Z", "-o", "-", "cat", "/nowhere").stdout
    lines = calls(failed)
    assert all("= -1 E" in line for line in lines[:-1])
    assert any('"/nowhere"' in line for line in lines)
    done = truss("-qz", "-o", "-", "-e", "trace=%file", "cat", "/nowhere").stdout
    assert '"/nowhere", O_RDONLY' not in done
    assert "write(" not in done
    assert truss("-e", "openn", "true").returncode == 2


def test_named_arguments_and_times() -> None:
    done = truss("-N", "-T", "-e", "trace=close", "cat", "/dev/null")
    assert re.search(r"^close\(fd=\d+\) += 0 <\d+\.\d{6}>$", done.stderr, re.MULTILINE)


@pytest.mark.skipif(not LINUX, reason="NetBSD does not tell what descriptors refer to")
def test_descriptors_and_what_they_refer_to() -> None:
    done = truss("-y", "-e", "trace=openat,close,read", "cat", "/etc/passwd")
    assert re.search(
        r'openat\(AT_FDCWD, "/etc/passwd", O_RDONLY\) += (\d+)</etc/passwd>', done.stderr
    )
    assert re.search(r"read\(\d+</etc/passwd>, ", done.stderr)
    assert re.search(r"close\(\d+</etc/passwd>\)", done.stderr)


def test_a_process_that_runs_already(tmp_path: Path) -> None:
    out = tmp_path / "out"
    loop = "while :; do (exit 6); done"
    target = subprocess.Popen(["/bin/sh", "-c", loop])
    words = ["-o", str(out), "-p", str(target.pid)]
    tracer = subprocess.Popen([*TRUSS, *words], stderr=subprocess.PIPE)
    try:
        eventually(lambda: out.exists() and "WEXITSTATUS(s) == 6" in out.read_text(), "a line")
        tracer.send_signal(signal.SIGINT)
        assert tracer.wait(20) == -signal.SIGINT
        eventually(lambda: untouched(target.pid), "it was let go")
    finally:
        for process in (tracer, target):
            process.kill()
            process.wait()
        assert tracer.stderr is not None
        with tracer.stderr as said:
            assert said.read() == b"picotrace-truss: attached to %d; ^C detaches\n" % target.pid


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        ([], 2, "give a command, or processes (-p PID)"),
        (["-p", "1x"], 2, "-p 1x: give a number"),
        (["-s", "x", "true"], 2, "-s x: give a number"),
        (["-E", "=x", "true"], 2, "-E =x: a variable has a name"),
        (["-E", "A=1", "-p", "1"], 2, "-E is for a command: a running process has its own already"),
        (["--pin", "0", "-p", "1"], 2, "--pin 0: with -p give auto or off"),
        (["-e", "signal=foo", "true"], 2, "-e signal=foo: there is no such signal"),
        (["-e", "status=odd", "true"], 2, "-e status=odd: give status=successful or status=failed"),
        (["-z", "-Z", "true"], 2, "-z and -Z leave no call"),
        (["--nonsense"], 2, "option --nonsense not recognized"),
        (["/nowhere/at-all"], 127, "/nowhere/at-all: No such file or directory"),
        (["/etc/passwd"], 126, "/etc/passwd: Permission denied"),
        (["/etc/passwd/x"], 127, "/etc/passwd/x: Not a directory"),
        (["nothing-of-that-name"], 127, "nothing-of-that-name: command not found"),
        (["-E", "PATH=/nowhere", "true"], 127, "true: command not found"),
        (["-E", "PATH=/", "etc"], 126, "etc: is a directory"),
        ([""], 127, "'': command not found"),
        (["-p", "2147483646"], 1, "cannot attach to process 2147483646: there is no such process"),
        (["-p", "2147483646"], 1, "there is nothing to trace"),
        (["-o", "/nowhere/x", "true"], 1, "/nowhere/x: No such file or directory"),
    ],
)
def test_what_cannot_be_done(words: list[str], status: int, says: str) -> None:
    done = truss(*words)
    assert (done.returncode, done.stdout) == (status, "")
    assert f"picotrace-truss: {says}" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_script_without_its_interpreter(tmp_path: Path) -> None:
    """The status is a shell's: the command is there."""
    script = tmp_path / "orphaned"
    script.write_text("#!/nowhere/sh\n")
    script.chmod(0o755)
    done = truss(script)
    assert done.returncode == 126
    assert done.stderr == f"picotrace-truss: {script}: the interpreter it names does not exist\n"
    done = truss("-E", f"PATH={tmp_path}", "orphaned")
    assert done.returncode == 126
    assert done.stderr == "picotrace-truss: orphaned: the interpreter it names does not exist\n"


def test_nobody_reads_it() -> None:
    """The command runs on, to its own end."""
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [*TRUSS, "-o", "-", "sh", "-c", "exit 6"], stdout=writing, stderr=-1, check=False
    )
    os.close(writing)
    assert done.returncode == 6
    assert b"Broken pipe; the trace is incomplete" in done.stderr


def test_a_table_of_no_calls() -> None:
    done = truss("-c", "-e", "trace=none", "true")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.skipif(not LINUX, reason="a device that is always full is Linux's")
def test_the_disk_is_full() -> None:
    done = truss("-o", "/dev/full", "sh", "-c", "exit 0")
    assert done.returncode == 1
    assert "/dev/full: No space left on device; the trace is incomplete" in done.stderr


def test_the_environment_is_as_it_was() -> None:
    """Python adds a variable to its own in the C locale."""
    env = {"PATH": os.environ["PATH"], "ODD": "1"}
    words = [*TRUSS, "-o", "/dev/null", "env"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, env=env)
    assert sorted(done.stdout.split()) == ["ODD=1", f"PATH={env['PATH']}"]


def test_counts(shown: str, tmp_path: Path) -> None:
    words = ["-e", "trace=writev,unlink", shown, tmp_path / "made", "calls"]
    done = truss("-c", "-S", "name", "--json", *words)
    assert (done.returncode, done.stdout) == (3, "")
    calls = json.loads(done.stderr)["calls"]
    counted = [(row["name"], row["calls"], row["errors"]) for row in calls]
    assert counted == [("unlink", 1, 1), ("writev", 1, 0)]
    assert all(0 < row["p50"] <= row["p99"] for row in calls)
    both = truss("-C", *words).stderr
    assert "= 3\n" in both
    assert re.search(r"^ *100\.00 .* 2 +1 +total$", both, re.MULTILINE)


def test_calls_that_are_made_to_fail(shown: str, tmp_path: Path) -> None:
    words = ["-e", "trace=/^open/,unlink", "-e", "inject=unlink:error=EXDEV", "-o", "-"]
    done = truss(*words, shown, tmp_path / "made", "calls")
    assert done.returncode == 3
    assert re.search(r"^unlink\(0x8\) += -1 EXDEV \(.*\) \(INJECTED\)$", done.stdout, re.MULTILINE)


def test_a_result_and_a_signal_for_calls_that_are_not_shown(shown: str, tmp_path: Path) -> None:
    injected = "inject=unlink:retval=0:signal=SIGTERM"
    words = ["-q", "-e", "trace=writev", "-e", injected, shown, tmp_path / "made", "calls"]
    done = truss(*words)
    assert done.returncode == -signal.SIGTERM
    assert [line.partition("(")[0] for line in done.stderr.splitlines()] == [
        "writev",
        done.stderr.splitlines()[1],
    ]
    assert "--- SIGTERM " in done.stderr


def test_a_call_that_comes_later(shown: str, tmp_path: Path) -> None:
    words = ["-T", "-e", "trace=writev", "-e", "inject=writev:delay=30ms"]
    done = truss(*words, shown, tmp_path / "made", "calls")
    [seconds] = re.findall(r"= 3 \(DELAYED\) <(.*)>", done.stderr)
    assert 0.03 <= float(seconds) < 10


@pytest.mark.skipif(
    os.uname().machine != "x86_64" or not LINUX, reason="only there, programs have calls of i386's"
)
def test_a_program_of_32_bits(bare: Callable[[str, str], str]) -> None:
    done = truss("-f", "-o", "-", bare("forks32", "-m32"))
    assert done.returncode == 6
    lines = [line.partition(" ")[2].strip() for line in calls(done.stdout)]
    assert r'write(1, "hello\n", 6) = 6' in lines
    assert r'write(1, "child 5\n", 8) = 8' in lines
    [waited] = [line for line in lines if line.startswith("waitpid")]
    assert waited.startswith("waitpid(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 5}], 0) = ")


@pytest.mark.skipif(
    os.uname().machine != "x86_64" or not LINUX, reason="only there, programs have calls of i386's"
)
def test_a_result_that_is_too_wide_for_its_program(bare: Callable[[str, str], str]) -> None:
    done = truss("-e", "inject=open:retval=0x100000000", bare("int80", "-m32"))
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        "picotrace-truss: -e inject=: open: retval has 32 bits: 4294967296 is too large"
    )


@pytest.mark.parametrize(
    ("trap", "signo", "status"),
    [("exit 7", signal.SIGTERM, 7), ("", signal.SIGINT, -signal.SIGINT)],
)
def test_signals_to_it(tmp_path: Path, trap: str, signo: int, status: int) -> None:
    """TERM is passed on, and the command decides; one after the other end it."""
    # Without a call that sleeps: dash loses a signal that comes just before it.
    script = f"trap '{trap}' TERM; echo ready; while :; do :; done"
    words = [*TRUSS, "-o", str(tmp_path / "out"), "sh", "-c", script]
    process = subprocess.Popen(words, stdout=subprocess.PIPE)

    def ended() -> bool:
        if process.poll() is None and signo == signal.SIGINT:
            process.send_signal(signo)
        return process.poll() is not None

    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(signo)
        eventually(ended, "it has ended")
        assert process.returncode == status
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
