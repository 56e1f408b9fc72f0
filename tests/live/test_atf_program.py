"""On every system: one ATF test program, by its own command line and under pytest."""

from __future__ import annotations

import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from pytest_support import environment, pytest_command, run_pytest
from runs import until
from system import state

PROGRAM = """
    import os
    import signal
    import sys
    import time
    import pypicotrace as pt
    from pypicotrace.testing import atf, call

    def clean():
        print("cleaning", *sorted(os.listdir(".")))

    @atf.timeout(30)
    @atf.cleanup(clean)
    def test_fork_reports_child(traced, tracee, tmp_path):
        '''fork(2) is reported with the child's pid'''
        open("left behind", "w").close()
        assert (tmp_path / "left behind").exists()
        program = tracee('#include <unistd.h>\\nint main(void) { return fork() == 0 ? 0 : 5; }')
        trace = traced([program], follow=True)
        trace.expect(pt.Forked(pid=trace.root), ...).then(pt.Exited(status=0))

    @atf.each(number=[1, 2])
    def test_each(number):
        assert number == 1, f"it is {number}"

    def test_mistake(traced):
        traced(["/bin/sh", "-c", "exit 3"]).expect(pt.Exited(status=4))

    def test_skips():
        atf.skip(f"for {atf.config_get('reason', 'none')} in {atf.srcdir().name}")

    def test_known_bug():
        atf.expect_fail("bug 1")
        assert False

    def test_exits():
        atf.expect_exit(3, "by itself")
        sys.exit(3)

    def test_exits_otherwise():
        atf.expect_exit(3, "by itself")
        sys.exit(4)

    def test_is_killed():
        atf.expect_signal(signal.SIGKILL, "by itself")
        os.kill(os.getpid(), signal.SIGKILL)

    @atf.timeout(5)
    def test_hangs():
        atf.expect_timeout("for ever")
        signal.pause()

    @atf.timeout(1)
    def test_hangs_unexpectedly():
        signal.pause()

    @atf.require_progs("no-such-program")
    def test_requires():
        assert False

    def test_leaves_no_result():
        sys.exit(0)

    if __name__ == "__main__":
        atf.main()
"""


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "source" / "t_it.py"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\n{textwrap.dedent(PROGRAM)}")
    path.chmod(0o755)
    monkeypatch.setenv("PYPICOTRACE_TRACEES", str(tmp_path / "compiled"))
    return path


def run(program: Path, *words: str, cwd: Path, status: int = 0) -> subprocess.CompletedProcess[str]:
    env = {**environment(), "__RUNNING_INSIDE_ATF_RUN": "internal-yes-value"}
    done = subprocess.run(
        [program, *words], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == status, done.stderr
    return done


def test_by_its_command_line(program: Path, tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    where = ["-s", str(program.parent), "-r", str(tmp_path / "result")]

    def result(ident: str, status: int = 0) -> str:
        run(program, *where, "-v", "reason=fun", ident, cwd=work, status=status)
        return (tmp_path / "result").read_text()

    assert result("test_fork_reports_child") == "passed\n"
    cleaned = run(program, *where, "test_fork_reports_child:cleanup", cwd=work)
    assert cleaned.stdout == "cleaning left behind\n"
    assert result("test_each_1") == "passed\n"
    assert result("test_each_2", 1).endswith(": it is 2\n")
    assert result("test_mistake", 1).endswith(": Exited(status=4) did not happen\n")
    assert result("test_skips") == "skipped: for fun in source\n"
    assert result("test_exits", 3) == "expected_exit(3): by itself\n"


def test_under_pytest(program: Path) -> None:
    out = run_pytest(program.parent, "-rA", "--atf-var", "reason=fun", program.name)
    lines = out.splitlines()
    verdicts = {line for line in lines if line.startswith(("PASSED", "FAILED", "XFAIL", "SKIPPED"))}
    said = "\n".join(sorted(verdicts))
    for verdict in (
        "PASSED t_it.py::test_fork_reports_child",
        "PASSED t_it.py::test_each[1]",
        "XFAIL t_it.py::test_known_bug - bug 1: t_it.py:",
        "XFAIL t_it.py::test_exits - by itself",
        "XFAIL t_it.py::test_is_killed - by itself",
        "XFAIL t_it.py::test_hangs - for ever",
        "FAILED t_it.py::test_each[2] - Failed: t_it.py:",
        "FAILED t_it.py::test_mistake - Failed: t_it.py:",
        "FAILED t_it.py::test_exits_otherwise - Failed: status 3 was expected, and it e",
        "FAILED t_it.py::test_hangs_unexpectedly - Failed: it did not end in time",
        "FAILED t_it.py::test_leaves_no_result - Failed: it left no result, and exited ",
        "for fun in source",
        "there is no program no-such-program",
    ):
        assert verdict in said, out
    assert "5 failed, 2 passed, 2 skipped, 4 xfailed" in lines[-1]
    assert "cleaning left behind" in out
    assert "status: expected 4, got 3" in out
    assert "traced tests: 2 ran" in lines


CLOSING = """
    import sys
    from pathlib import Path
    from pypicotrace.testing import atf

    def test_closes_its_output():
        sys.stdout.close()
        sys.stderr.close()

    def test_has_none():
        sys.stdout = sys.stderr = None

    def test_fails_without():
        sys.stderr.close()
        assert False, "it is wrong"

    def test_comes_later():
        with (atf.srcdir() / "ran").open("a") as file:
            file.write("once ")

    if __name__ == "__main__":
        atf.main()
"""


def test_a_body_that_closes_its_output(program: Path, tmp_path: Path) -> None:
    """It has its result, and the process that it runs in ends with it."""
    program.write_text(f"#!{sys.executable}\n{textwrap.dedent(CLOSING)}")
    lines = run_pytest(program.parent, "-q", program.name).splitlines()
    assert "1 failed, 3 passed" in lines[-1]
    assert (program.parent / "ran").read_text() == "once "
    where = ["-s", str(program.parent), "-r", str(tmp_path / "result")]
    for ident, status, words in (
        ("test_closes_its_output", 0, "passed\n"),
        ("test_has_none", 0, "passed\n"),
        ("test_fails_without", 1, ": it is wrong\n"),
    ):
        run(program, *where, ident, cwd=tmp_path, status=status)
        assert (tmp_path / "result").read_text().endswith(words)


ODD = """
    import os
    import shutil
    import pytest
    from pypicotrace.testing import atf

    def test_removes_its_directory():
        shutil.rmtree(os.getcwd())

    def test_finds_it_empty():
        atf.expect_exit(0, "it is the case's alone")
        os._exit(len(os.listdir()))

    def test_says_a_return():
        atf.skip("here\\rthere")

    @atf.timeout(10**12)
    def test_may_take_for_ever():
        pass

    class TestOfPytestAlone:
        def test_is_a_method(self):
            assert self is not None
"""


def test_a_variable_without_a_value(program: Path) -> None:
    words = pytest_command("--atf-var", "reason", program.name)
    done = subprocess.run(
        words, cwd=program.parent, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 4
    assert "--atf-var reason: give NAME=VALUE" in done.stderr


def test_odd_cases_under_pytest(program: Path) -> None:
    program.write_text(textwrap.dedent(ODD))
    out = run_pytest(program.parent, "-rA", "-W", "error", program.name)
    assert "3 passed, 1 skipped, 1 xfailed" in out.splitlines()[-1], out


@pytest.mark.bound(60)
def test_under_pytest_interrupted(program: Path) -> None:
    """The case, which is in a session of its own, ends with it."""
    body = """
        import os
        import signal
        from pathlib import Path
        from pypicotrace.testing import atf

        @atf.timeout(60)
        def test_hangs():
            Path(os.environ["PYPICOTRACE_TRACEES"]).write_text(str(os.getpid()))
            signal.pause()
    """
    told = program.parent / "pid"
    program.write_text(textwrap.dedent(body))
    env = {**environment(), "PYPICOTRACE_TRACEES": str(told)}
    words = pytest_command(program.name)
    with subprocess.Popen(
        words, cwd=program.parent, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
    ) as process:
        until(lambda: told.exists() and told.read_text() != "", "the case runs")
        process.send_signal(signal.SIGINT)
        assert process.wait() == 2
    assert state(int(told.read_text())) == ""
