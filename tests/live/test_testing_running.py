"""On every system: programs that are run for a test, and the plugin that does it for pytest."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_support import environment, pytest_command, run_pytest

import pypicotrace as pt
from pypicotrace.testing import (
    CannotCompile,
    TraceTimeout,
    call,
    compile_tracee,
    permission,
    run_traced,
    tracees,
)

READER = r"""
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int
main(int argc, char **argv)
{
	char data[16];
	int fd = open(argv[1], O_RDONLY);

	if (fd < 0)
		return 4;
	if (read(fd, data, sizeof(data)) < 0)
		return 5;
	close(fd);
	return write(1, "read it\n", 8) == 8 && fputs("quietly\n", stderr) >= 0 ? argc : 6;
}
"""


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(tracees.FOLDER, str(tmp_path_factory.getbasetemp() / "compiled"))


def test_a_program_and_what_it_did(tmp_path: Path) -> None:
    file = tmp_path / "a file"
    file.write_text("something")
    trace = run_traced([compile_tracee(READER), str(file)])
    opened = call(re.compile("^open"), path=str(file), error=0)
    trace.expect(opened, call("read", buf=b"something"), call("close"), pt.Exited(status=2))
    trace.expect(call("write", fd=1, buf=b"read it\n", retval=8), times=1)
    assert (trace.stdout, trace.stderr) == (b"read it\n", b"quietly\n")
    assert isinstance(trace.status, pt.Exited)
    [made] = [made for made in trace.calls() if made.strings.get("path") == os.fsencode(file)]
    trace.expect(call("close", fd=made.retval))
    assert str(trace.tree()) == f"{trace.root} {trace.events[-1].program.decode()}, exited 2"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    trace = run_traced([compile_tracee(READER), str(tmp_path / "none")])
    trace.expect(call(re.compile("^open"), path=str(tmp_path / "none"), error="ENOENT"))
    trace.expect(pt.Exited(status=4))
    trace.expect_none(call("write", fd=1))


def test_children_are_processes_of_the_trace() -> None:
    trace = run_traced(["/bin/sh", "-c", "(exit 3); (exit 4); exit 5"], follow=True)
    assert [child.end and child.end.status for child in trace.tree().children] == [3, 4]
    first, second = (child.pid for child in trace.tree().children)
    trace.process(first).expect(pt.Exited(status=3))
    trace.expect(pt.Exited(pid=first), pt.Exited(pid=second), pt.Exited(pid=trace.root, status=5))


def test_strings_are_read_at_exits_where_there_are_no_entries(tmp_path: Path) -> None:
    trace = run_traced([compile_tracee(READER), str(tmp_path / "none")], events=pt.SCX)
    trace.expect(call(re.compile("^open"), path=str(tmp_path / "none"), error="ENOENT"))
    assert all(type(event) is pt.SyscallExit for event in trace)


def test_a_body_may_change_what_happens(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")

    def refuse(event: Any) -> None:
        if isinstance(event, pt.SyscallEntry) and not isinstance(event, pt.SyscallExit):
            event.stop.inject(error="EACCES")

    trace = run_traced([compile_tracee(READER), str(file)], syscalls=["read"], at_stop=refuse)
    trace.expect(call("read", error="EACCES"))


def test_a_program_that_does_not_end_fails_the_test() -> None:
    program = compile_tracee("#include <unistd.h>\nint main(void) { for (;;) pause(); }")
    with pytest.raises(TraceTimeout, match=r"within 0\.3 s; what it did last:\n.*\n"):
        run_traced([program], timeout=0.3)


def test_compiled_once() -> None:
    program = compile_tracee(READER)
    built = os.stat(program).st_mtime_ns
    assert compile_tracee(READER) == program
    assert os.stat(program).st_mtime_ns == built
    assert compile_tracee(READER, flags=["-O2"]) != program


def test_headers_that_a_file_includes_count(tmp_path: Path) -> None:
    (tmp_path / "answer.h").write_text("#define ANSWER 3\n")
    source = tmp_path / "said.c"
    source.write_text('#include "answer.h"\nint main(void) { return ANSWER; }\n')
    first = compile_tracee(source)
    assert Path(first).name.startswith("said-")
    (tmp_path / "answer.h").write_text("#define ANSWER 4\n")
    second = compile_tracee(source)
    assert [subprocess.run([it], check=False).returncode for it in (first, second)] == [3, 4]


def test_what_cannot_be_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(CannotCompile, match="nonsense"):
        compile_tracee("int main(void) { nonsense; }")
    monkeypatch.setenv("CC", "no-such-compiler")
    with pytest.raises(CannotCompile, match="no C compiler no-such-compiler: install one, or n"):
        compile_tracee(READER)
    with pytest.raises(TypeError, match="not one string"):
        compile_tracee(READER, flags="-O2")


def test_a_compiler_with_flags_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    source = "int main(void) { return ANSWER; }"
    monkeypatch.setenv("CC", "cc -DANSWER=5")
    five = compile_tracee(source)
    monkeypatch.setenv("CC", "cc -DANSWER=6")
    six = compile_tracee(source)
    assert [subprocess.run([it], check=False).returncode for it in (five, six)] == [5, 6]
    monkeypatch.setenv("CC", "")
    assert compile_tracee("int main(void) { return 0; }")


@pytest.mark.parametrize("timeout", [-1, float("inf"), float("nan"), None, "5"])
def test_times_that_nobody_can_wait_for(timeout: Any) -> None:
    with pytest.raises(ValueError, match="timeout is a number of seconds"):
        run_traced(["true"], timeout=timeout)


def test_folders_whose_names_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYPICOTRACE_TRACEES", "kept")
    assert tracees.kept_in() == tmp_path / "kept"
    monkeypatch.delenv("PYPICOTRACE_TRACEES")
    monkeypatch.setenv("XDG_CACHE_HOME", "cache")
    monkeypatch.setattr(tracees.pwd, "getpwuid", lambda uid: SimpleNamespace(pw_dir=str(tmp_path)))
    assert tracees.kept_in() == tmp_path / ".cache" / "pypicotrace" / "tracees"
    assert not (tmp_path / "cache").exists()


def test_a_folder_of_others_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(tracees.FOLDER)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert tracees.kept_in() == tmp_path / "pypicotrace" / "tracees"
    tracees.kept_in().chmod(0o777)
    with pytest.raises(PermissionError, match="set PYPICOTRACE_TRACEES to one that is"):
        tracees.kept_in()


def test_a_user_without_a_home(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(uid: int) -> object:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.delenv(tracees.FOLDER)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(tracees.pwd, "getpwuid", nobody)
    folder = tracees.kept_in()
    assert folder == Path(f"/tmp/pypicotrace-{os.getuid()}")  # noqa: S108
    assert folder.stat().st_mode & 0o777 == 0o700
    # It was there before, where somebody needs it.
    with contextlib.suppress(OSError):
        folder.rmdir()


def test_sanitizers_are_recognised(monkeypatch: pytest.MonkeyPatch) -> None:
    assert permission.why_not() == ""
    monkeypatch.setenv("LD_PRELOAD", "/usr/lib/libasan.so.8")
    assert permission.why_not() == "not under a sanitizer: libasan is preloaded"


def run_tests(folder: Path, text: str) -> str:
    """What pytest prints of a file of tests."""
    (folder / "test_it.py").write_text(textwrap.dedent(text))
    return run_pytest(folder, "-rs", "test_it.py")


TRACED = """
    import sys
    import pypicotrace as pt
    import pytest

    SOURCE = "int main(void) { return 7; }"

    def test_fork_reports_child(traced):
        trace = traced(["/bin/sh", "-c", "(exit 0); exit 1"], follow=True)
        made = trace.expect(pt.Exec, ...).then(pt.Exited(status=0))
        assert made

    def test_compiled(traced, tracee):
        traced([tracee(SOURCE)]).expect(pt.Exited(status=7))

    def test_wrong(traced, tracee):
        traced([tracee(SOURCE)]).expect(pt.Exited(status=8))

    @pytest.mark.requires_os("plan9", "netbsd5")
    def test_elsewhere():
        assert 0

    @pytest.mark.requires_os(sys.platform)
    @pytest.mark.requires_ptrace
    def test_here():
        pass

    def test_plain():
        pass
"""


def test_the_plugin(tmp_path: Path) -> None:
    out = run_tests(tmp_path, TRACED)
    assert "Exited(status=8) did not happen" in out
    assert "status: expected 8, got 7" in out
    assert f"it is for plan9 or netbsd5, and this is {sys.platform}" in out
    assert "\ntraced tests: 4 ran\n" in out
    assert "1 failed, 4 passed, 1 skipped" in out


def test_the_plugin_where_nothing_can_be_traced(tmp_path: Path) -> None:
    preload = "/nowhere/liblsan.so"  # the linker says so on standard error, and goes on
    (tmp_path / "conftest.py").write_text(f"import os\nos.environ['LD_PRELOAD'] = '{preload}'\n")
    out = run_tests(tmp_path, TRACED)
    why = "not under a sanitizer: liblsan is preloaded"
    assert f"\ntraced tests: 0 ran; 4 skipped: {why}\n" in out
    assert "1 passed, 5 skipped" in out


def test_the_plugin_where_ptrace_is_refused(tmp_path: Path) -> None:
    """As a container's filter refuses it: by EPERM, to whoever calls it."""

    def refuse(event: Any) -> None:
        if type(event) is pt.SyscallEntry:
            event.stop.inject(error="EPERM")

    (tmp_path / "test_it.py").write_text(textwrap.dedent(TRACED))
    how: dict[str, Any] = {"syscalls": ["ptrace"], "follow": True, "at_stop": refuse}
    trace = run_traced(pytest_command("test_it.py"), cwd=tmp_path, env=environment(), **how)
    trace.expect(call("ptrace", error="EPERM"))
    out = trace.stdout.decode()
    why = "ptrace is refused: Operation not permitted: ptrace(2) is forbidden here"
    assert f"\ntraced tests: 0 ran; 4 skipped: {why} (" in out, out
    assert "1 passed, 5 skipped" in out


def test_the_plugin_names_of_systems(tmp_path: Path) -> None:
    """In whatever case; and what is none would skip a test for ever."""
    text = """
        import sys
        import pytest

        @pytest.mark.requires_os(sys.platform.upper())
        def test_here():
            pass

        @pytest.mark.requires_os([sys.platform])
        def test_a_list():
            pass

        @pytest.mark.requires_os()
        def test_nowhere():
            pass
    """
    out = run_tests(tmp_path, text)
    assert "requires_os takes names, such as requires_os('netbsd', 'linux')" in out
    assert "1 passed, 2 errors" in out


def test_the_plugin_imports_nothing_when_it_is_not_used(tmp_path: Path) -> None:
    text = """
        import sys

        def test_plain():
            assert "pytest_pypicotrace" in sys.modules
            assert "pypicotrace" not in sys.modules
    """
    out = run_tests(tmp_path, text)
    assert "1 passed" in out
    assert "traced tests" not in out
