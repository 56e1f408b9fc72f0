"""On every system: the programs in examples/, each on real programs."""

from __future__ import annotations

import ast
import contextlib
import errno
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cli_support import BOUND, Finished, Running, as_user, needs_root, running, untraced
from system import LINUX

import pypicotrace as pt

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ALL = sorted(EXAMPLES.glob("*.py"))
LINES = 60

Tracee = Callable[[str], str]
Bare = Callable[[str, str], str]


linuxs = pytest.mark.skipif(not LINUX, reason="the example, or its tracee, is for Linux alone")


def words(name: str, *args: str | Path) -> list[str]:
    return [sys.executable, str(EXAMPLES / f"{name}.py"), *map(str, args)]


def example(name: str, *args: str | Path, cwd: Path | None = None) -> Finished:
    return untraced(words(name, *args), cwd=cwd)


def told(run: Finished, word: str) -> list[tuple[int, ...]]:
    """The numbers on each line of a tracee's output that begins with that word."""
    lines = [line.split() for line in run.out.decode().splitlines()]
    return [tuple(map(int, line[1:])) for line in lines if line[0] == word]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_is_short_and_uses_what_is_public(path: Path) -> None:
    tree = ast.parse(path.read_text())
    doc = ast.get_docstring(tree)
    assert doc is not None
    assert path.name in doc, "the docstring says how it is run"
    assert len(path.read_text().splitlines()) < LINES
    imported = {
        name.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {name for name in imported if "picotrace" in name} == {"pypicotrace"}
    used = {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id == "pt"
    }
    assert used <= set(pt.__all__)


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_says_how_it_is_used(path: Path) -> None:
    helped = example(path.stem, "--help")
    assert helped.status == 0
    assert helped.out.startswith(b"usage: ")
    refused = example(path.stem)
    assert refused.status == 2
    assert b"usage: " in refused.err


WITH_A_COMMAND = {
    "build_dependencies": ["-o", "rule", "target"],
    "count_calls": [],
    "disk_full": ["1"],
    "fakeroot": [],
    "no_network": [],
    "slow_disk": ["0"],
}
if not LINUX:
    WITH_A_COMMAND = {
        name: WITH_A_COMMAND[name] for name in ("count_calls", "no_network", "slow_disk")
    }


@pytest.mark.parametrize("name", WITH_A_COMMAND)
def test_a_command_that_cannot_be_run(name: str, tmp_path: Path) -> None:
    run = example(name, *WITH_A_COMMAND[name], "./nowhere", cwd=tmp_path)
    assert run.status == 1
    assert run.err == f"{name}: [Errno 2] No such file or directory: './nowhere'\n".encode()


@pytest.mark.parametrize("name", WITH_A_COMMAND)
def test_the_exit_status_is_the_commands(name: str, tmp_path: Path) -> None:
    command = ["sh", "-c", "echo > file; exit 7"]
    assert example(name, *WITH_A_COMMAND[name], *command, cwd=tmp_path).status == 7


def test_count_calls() -> None:
    calls = "import os; [os.getppid() for _ in range(500)]"
    fails = "import os\nfor _ in range(500):\n try: os.getpgid(2**31 - 1)\n except OSError: pass"
    python = sys.executable
    run = example("count_calls", "--rows", "2", "sh", "-c", '"$@" && :', "sh", python, "-c", calls)
    head, first, _ = run.err.decode().splitlines()
    assert head.split() == ["calls", "failed", "program", "call"]
    count, failed, program, name = first.split()
    assert (int(count), int(failed), name) == (500, 0, "getppid")
    assert program.startswith("python")
    run = example("count_calls", python, "-c", fails)
    rows = [line.split() for line in run.err.decode().splitlines()]
    assert [row[:2] for row in rows if row[3] == "getpgid"] == [["500", "500"]]


MAKEFILE = """\
app: main.c
\t{python} {example} --below . -o app.d app $(CC) -o app main.c
-include app.d
"""


def make(folder: Path, *args: str) -> int:
    done = subprocess.run(["make", *args], cwd=folder, check=False, capture_output=True, text=True)
    assert "***" not in done.stderr, done.stderr
    return done.returncode


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A program of three files, one of which has a name that make would take apart."""
    (tmp_path / "main.c").write_text(
        '#include "a.h"\n#include "lib/odd $name#.h"\nint main(void) { return A + B; }\n'
    )
    (tmp_path / "a.h").write_text("#define A 3\n")
    (tmp_path / "not-used.h").write_text("#define A 4\n")
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib" / "odd $name#.h").write_text("#define B 5\n")
    text = MAKEFILE.format(python=sys.executable, example=EXAMPLES / "build_dependencies.py")
    (tmp_path / "Makefile").write_text(text)
    return tmp_path


@linuxs
def test_build_dependencies_for_make(project: Path) -> None:
    """Make builds again when a header has changed, and only then; also when one is gone."""
    assert make(project) == 0
    assert subprocess.run([project / "app"], check=False).returncode == 8
    rule = (project / "app.d").read_text().splitlines()
    assert rule == [
        "app: a.h lib/odd\\ $$name\\#.h main.c",
        "a.h:",
        "lib/odd\\ $$name\\#.h:",
        "main.c:",
    ]
    assert make(project, "-q") == 0
    newer(project / "not-used.h", project / "app")
    assert make(project, "-q") == 0
    for name in ("a.h", "lib/odd $name#.h", "main.c"):
        newer(project / name, project / "app")
        assert make(project, "-q") == 1, name
        assert make(project) == 0
        newer(project / "app", project / name)
        assert make(project, "-q") == 0
    (project / "main.c").write_text("int main(void) { return 9; }\n")
    (project / "a.h").unlink()
    assert make(project) == 0
    assert subprocess.run([project / "app"], check=False).returncode == 9


def newer(one: Path, other: Path) -> None:
    """As one that was changed a second later."""
    when = other.stat().st_mtime_ns + 10**9
    os.utime(one, ns=(when, when))


@linuxs
def test_build_dependencies_of_all_that_a_build_is(project: Path) -> None:
    """The compiler and its headers; not what it writes and reads itself."""
    (project / "main.c").write_text("#include <stddef.h>\nint main(void) { return 0; }\n")
    compiler = os.path.realpath(shutil.which("cc") or "cc")
    out = ["-o", "rule", "app"]
    argv = ["sh", "-c", "cc -c main.c && mv main.o it.o && cc -o app it.o && cat it.o > copy"]
    assert example("build_dependencies", *out, *argv, cwd=project).status == 0
    files = (project / "rule").read_text().splitlines()[0].split()
    assert files[0] == "app:"
    assert compiler in files
    assert any(name.endswith("/stddef.h") for name in files)
    assert "main.c" in files
    assert not {"main.o", "it.o", "app", "copy"} & set(files)


@linuxs
def test_build_dependencies_of_a_build_that_fails(project: Path) -> None:
    (project / "main.c").write_text("no C\n")
    run = example("build_dependencies", "-o", "rule", "app", "cc", "main.c", cwd=project)
    assert run.status == 1
    assert not (project / "rule").exists()


@linuxs
def test_build_dependencies_where_nothing_can_be_written(project: Path) -> None:
    run = example("build_dependencies", "-o", "no/rule", "app", "cc", "main.c", cwd=project)
    assert run.status == 1
    assert run.err == b"build_dependencies: [Errno 2] No such file or directory: 'no/rule'\n"


THREE = "echo one > a; echo two > b; echo three > c"


@linuxs
@pytest.mark.parametrize(
    ("args", "expected"),
    [
        (["1"], {"a": "", "b": "two\n", "c": "three\n"}),
        (["3"], {"a": "one\n", "b": "two\n", "c": ""}),
        (["--stay", "2"], {"a": "one\n", "b": "", "c": ""}),
    ],
)
def test_disk_full(args: list[str], expected: dict[str, str], tmp_path: Path) -> None:
    run = example("disk_full", *args, "sh", "-c", THREE, cwd=tmp_path)
    assert {name: (tmp_path / name).read_text() for name in expected} == expected
    assert b"No space left on device" in run.err or b"I/O error" in run.err


@linuxs
def test_disk_full_where_too_little_is_written(tmp_path: Path) -> None:
    run = example("disk_full", "4", "sh", "-c", THREE, cwd=tmp_path)
    assert (run.status, run.err) == (99, b"disk_full: only 3 writes to files\n")
    assert (tmp_path / "c").read_text() == "three\n"


@linuxs
def test_disk_full_for_a_real_program(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text\n" * 10000)
    run = example("disk_full", "2", "tar", "-cf", "a.tar", "file", cwd=tmp_path)
    assert run.status == 2
    assert b"tar: a.tar: Wrote only" in run.err or b"No space left on device" in run.err


@pytest.mark.parametrize("nth", ["0", "-1", "one"])
def test_disk_full_with_no_number(nth: str) -> None:
    run = example("disk_full", nth, "date")
    assert run.status == 2
    assert b"usage: " in run.err


SYNCS = """
import os, threading, time
fd = os.open("file", os.O_CREAT | os.O_RDWR)
def sync():
    begun = time.monotonic()
    os.fsync(fd)
    print("synced", time.monotonic() - begun >= 1, flush=True)
one = threading.Thread(target=sync)
one.start()
os.system("echo another process")
print("another thread", flush=True)
one.join()
"""


def test_slow_disk(tmp_path: Path) -> None:
    """Who calls fsync waits; the rest of its process, and the others, do not."""
    run = example("slow_disk", "1", sys.executable, "-c", SYNCS, cwd=tmp_path)
    told = b"another process\nanother thread\nsynced True\n"
    # On NetBSD its process waits, too.
    assert run.out == told if LINUX else sorted(run.out.split()) == sorted(told.split())
    assert (run.status, run.err) == (0, b"slow_disk: 1 calls, 1.0 s each\n")


@pytest.mark.parametrize("seconds", ["-1", "nan", "soon", "1e9"])
def test_slow_disk_for_no_time(seconds: str) -> None:
    run = example("slow_disk", seconds, "date")
    assert run.status == 2
    assert b"usage: " in run.err


def test_no_network(tracee: Tracee) -> None:
    run = example("no_network", tracee("portable/sockets"))
    refused = errno.EACCES
    assert told(run, "main") == [
        (socket.AF_UNIX, 0),
        (socket.AF_INET, refused),
        (socket.AF_INET6, refused),
        (socket.AF_NETLINK if LINUX else AF_ROUTE, refused),
    ]
    assert told(run, "ring") == [(refused,)] * LINUX
    assert told(run, "lwp") == [(socket.AF_INET, refused)]
    assert told(run, "child") == [(socket.AF_INET, refused), (socket.AF_UNIX, 0)]
    lines = run.err.decode().splitlines()
    assert len(lines) == 5 + LINUX
    assert re.fullmatch(r"no_network: sockets\[\d+\]: (socket|__socket30) refused", lines[0])


@linuxs
def test_no_network_for_32_bit_programs(bare: Bare) -> None:
    program = bare("socketcall", "-m32")
    assert untraced([program]).status == 0
    assert example("no_network", program).status == errno.EACCES


AF_ROUTE = 34
"""NetBSD, sys/socket.h: in place of Linux's AF_NETLINK."""
CONNECT = "import socket, sys; socket.create_connection(('127.0.0.1', int(sys.argv[1])))"


@pytest.mark.parametrize("how", [[], ["--kill"]], ids=["refused", "killed"])
def test_no_network_for_a_real_program(how: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        assert untraced([sys.executable, "-c", CONNECT, port]).status == 0
        server.accept()[0].close()
        command = [sys.executable, "-c", CONNECT, port]
        run = example("no_network", *how, *command)
        assert run.status == 1
        assert (b"PermissionError" in run.err) is (not how)
        server.setblocking(False)
        with pytest.raises(BlockingIOError):
            server.accept()


@contextlib.contextmanager
def web_server(folder: Path) -> Iterator[tuple[Running, int]]:
    """Python's own, and its port."""
    with running([sys.executable, "-u", "-m", "http.server", "0"], cwd=folder) as server:
        line = server.hear(b"...\n")
        found = re.search(rb"port (\d+)", line)
        assert found is not None
        yield server, int(found[1])


def get(port: int, path: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=BOUND)
    with contextlib.closing(connection):
        connection.request("GET", path)
        response = connection.getresponse()
        response.read()
        return response.status


def test_watch_failures(tmp_path: Path) -> None:
    """Of a server that serves meanwhile, and goes on when its watcher is told to end."""
    (tmp_path / "here").write_text("yes")
    with web_server(tmp_path) as (server, port):
        with running(words("watch_failures", str(server.pid))) as watcher:
            watcher.complains(f"watching {server.pid}\n".encode())
            assert get(port, "/here") == 200
            assert get(port, "/nowhere") == 404
            failed = f"{tmp_path}/nowhere No such file or directory\n"
            line = watcher.hear(failed.encode()).decode().splitlines()[-1]
            assert re.match(rf"{server.pid} (stat|newfstatat|open|openat) ", line)
            watcher.kill(signal.SIGINT)
            ended = watcher.end()
            assert (ended.status, ended.err) == (0, b"let go\n")
        assert get(port, "/here") == 200
        assert server.process.poll() is None


def test_watch_failures_of_what_is_not_there() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    run = example("watch_failures", str(child.pid))
    assert run.status == 1
    assert run.err.startswith(b"watch_failures: ")
    assert b"there is no such process" in run.err
    run = example("watch_failures", "0")
    assert run.status == 1
    assert b"Traceback" not in run.err


FAKED = """
id -u; id -un; stat -c %u:%g file
chown 7:8 file; stat -c %u:%g file
chgrp 5 file; stat -c %u:%g file
ln -s file link; chown -h 3:3 link; stat -c %u:%g link; stat -L -c %u:%g link
chown 1 nowhere || echo failed
tar --numeric-owner -cf archive file folder; tar --numeric-owner -tvf archive
"""


@pytest.fixture
def others(tmp_path: Path) -> Path:
    """A folder with a file and a folder that are not root's."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("text")
    if os.geteuid() == 0:
        for path in (tmp_path, tmp_path / "folder", tmp_path / "file"):
            os.chown(path, 54321, 54321)
    return tmp_path


@linuxs
@needs_root
def test_fakeroot(others: Path) -> None:
    """Run by somebody who is not root; its kernel was never asked to change an owner."""
    others.chmod(0o755)
    for parent in others.parents[:2]:
        parent.chmod(parent.stat().st_mode | 0o5)
    run = untraced([*as_user(), *words("fakeroot", "sh", "-c", FAKED)], cwd=others)
    lines = run.out.decode().splitlines()
    assert lines[:8] == ["0", "root", "0:0", "7:8", "7:5", "3:3", "7:5", "failed"]
    owners = {line.split()[-1]: line.split()[1] for line in lines[8:]}
    assert owners == {"file": "7/5", "folder/": "0/0"}
    assert "nowhere" in run.err.decode()
    real = (others / "file").stat()
    assert (real.st_uid, real.st_gid) == (54321, 54321)


@linuxs
def test_fakeroot_where_one_asks_for_all_ids(tracee: Tracee) -> None:
    run = example(
        "fakeroot", sys.executable, "-c", "import os; print(os.getresuid(), os.getresgid())"
    )
    assert run.out == b"(0, 0, 0) (0, 0, 0)\n"
