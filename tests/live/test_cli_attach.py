"""The command: attaching, who may not be attached to and why, and letting go."""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_support import (
    COMMAND,
    NOBODY,
    Running,
    as_user,
    eventually,
    insist,
    lines,
    made_up_yama,
    needs_root,
    needs_the_filter,
    needs_unshare,
    picotrace,
    running,
    status_field,
    tracing,
    without_ptrace,
)
from system import untouched

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT]
FORBIDDEN = "ptrace(2) is forbidden here (a container's seccomp filter, a security module)"


@pytest.fixture
def cat() -> Iterator[Running]:
    with running(["cat"]) as target:
        yield target


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    return tmp_path / "trace"


def told(pid: int | str, reason: str) -> bytes:
    return f"picotrace: cannot attach to process {pid}: {reason}\n".encode()


def test_input_5_nobody(trace: Path) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    run = picotrace("-o", str(trace), "-p", str(gone.pid))
    assert run == (1, b"", told(gone.pid, "there is no such process"))
    assert trace.read_bytes() == b""


def test_input_5_a_zombie() -> None:
    zombie = subprocess.Popen(["true"])
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    run = picotrace("-p", str(zombie.pid))
    assert run == (1, b"", told(zombie.pid, "it has ended already (a zombie)"))
    assert zombie.wait() == 0


def test_input_5_itself() -> None:
    run = picotrace(before=["sh", "-c", 'exec "$@" -p $$', "sh"])
    pid = run.err.split()[5].decode().rstrip(":")
    assert run == (1, b"", told(pid, "that is the tracer itself"))


def test_input_5_a_kernel_thread() -> None:
    if not Path("/proc/2/comm").exists() or Path("/proc/2/comm").read_text() != "kthreadd\n":
        pytest.skip("no kernel thread is seen from this pid namespace")
    run = picotrace("-p", "2")
    assert run == (1, b"", told(2, "it is a kernel thread"))


def test_input_5_an_lwp_that_is_not_the_first() -> None:
    threads = "import threading as t, sys; t.Thread(target=sys.stdin.read).start(); print('made')"
    with running([sys.executable, "-uc", threads]) as target:
        target.hear(b"made\n")
        [lwp] = {int(lwp) for lwp in os.listdir(f"/proc/{target.pid}/task")} - {target.pid}
        with tracing("-p", str(lwp)) as run:
            reason = f"it is an LWP of process {target.pid}; give that one"
            assert run.complains(b"\n") == told(lwp, reason)
            assert run.finish() == (1, b"", b"")
        assert untouched(target.pid)


@needs_unshare
def test_input_5_without_proc(cat: Running) -> None:
    """It is not said that there were no such process."""
    without = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"]
    run = picotrace("-p", str(cat.pid), before=without)
    assert run == (1, b"", told(cat.pid, "it is there, but /proc does not show it; mount /proc"))
    assert untouched(cat.pid)


@needs_unshare
@pytest.mark.parametrize("what", [["-p", "2"], ["true"]])
def test_input_5_with_the_proc_of_another_namespace(what: list[str]) -> None:
    """Its numbers are other processes': nothing can be told by them."""
    run = picotrace(*what, before=["unshare", "--pid", "--fork"])
    why = "/proc is that of another pid namespace: mount its own there"
    assert run == (1, b"", f"picotrace: {why} (unshare --mount-proc does)\n".encode())


class TestRights:
    """Who may not trace a process is told why, and what would help; the process is untouched."""

    other = "it runs as another user ({}); run as that user, as root, or with CAP_SYS_PTRACE"
    protected = (
        "Operation not permitted; "
        f"it is protected (it has more rights, or is not dumpable: run as root), or {FORBIDDEN}"
    )

    def refused(self, target: Running, reason: str, before: list[str]) -> None:
        assert target.echoes()  # it is what it is to be by now
        run = picotrace("-p", str(target.pid), before=before)
        assert run == (1, b"", told(target.pid, reason))
        assert untouched(target.pid)
        assert target.echoes()

    @needs_root
    def test_input_6_another_user(self, cat: Running) -> None:
        self.refused(cat, self.other.format("uid 0"), as_user())

    @needs_root
    @pytest.mark.parametrize("uid", [NOBODY, 2**32 - 2])
    def test_input_6_root_without_the_right(self, uid: int) -> None:
        """As in a container: uid 0 alone does not do."""
        without = ["setpriv", "--bounding-set", "-sys_ptrace", "--inh-caps", "-sys_ptrace", "--"]
        with running([*as_user(uid), "cat"]) as target:
            self.refused(target, self.other.format(f"uid {uid}"), without)

    @needs_root
    def test_input_6_a_set_user_id_program(self) -> None:
        """Started by the user, it runs as root: the kernel asks for all three uids."""
        with running(["setpriv", "--ruid", str(NOBODY), "cat"]) as target:
            self.refused(target, self.other.format("uid 0"), as_user())

    @needs_root
    def test_input_6_more_rights(self) -> None:
        with running([*as_user(rights="+dac_read_search,+chown"), "cat"]) as target:
            self.refused(target, self.protected, as_user())

    @needs_root
    @needs_unshare
    def test_input_6_hidden(self, cat: Running) -> None:
        """With /proc mounted so that it hides others' processes, it is not said to be missing."""
        if tuple(map(int, platform.release().split(".")[:2])) < (5, 8):
            pytest.skip("before Linux 5.8 hidepid= would be changed for all of the system")
        hide = [
            "unshare",
            "-m",
            "sh",
            "-c",
            'mount -t proc -o hidepid=2 proc /proc && exec "$@"',
            "sh",
        ]
        self.refused(cat, self.other.format("which one is hidden"), [*hide, *as_user()])

    @needs_root
    def test_input_6_the_same_user(self) -> None:
        """Not refused: what the others are held against."""
        with running([*as_user(), "cat"]) as target:
            assert target.echoes()
            with tracing("-p", str(target.pid), before=as_user()) as run:
                run.complains(b"^C detaches\n")
                assert target.echoes()


@needs_the_filter
class TestForbidden:
    """Where ptrace(2) itself is forbidden, as in some containers, that is what is said."""

    def test_input_6_attaching(self, cat: Running) -> None:
        run = picotrace("-p", str(cat.pid), before=without_ptrace())
        assert run == (1, b"", told(cat.pid, TestRights.protected))
        assert cat.echoes()

    def test_input_6_a_command(self, tmp_path: Path) -> None:
        """It has not been run."""
        run = picotrace("touch", str(tmp_path / "mark"), before=without_ptrace())
        message = f"picotrace: touch: Operation not permitted: {FORBIDDEN}\n"
        assert run == (126, b"", message.encode())
        assert not (tmp_path / "mark").exists()

    @needs_unshare
    @pytest.mark.parametrize(
        ("scope", "user", "reason"),
        [
            (0, True, TestRights.protected),
            (1, True, "1; run as root, or have the system's owner set it to 0"),
            (2, True, "2; run as root, or have the system's owner set it to 0"),
            (3, True, "3; nobody may until the next boot"),
            (0, False, TestRights.protected),
            (2, False, TestRights.protected),
            (3, False, "3; nobody may until the next boot"),
        ],
    )
    def test_input_6_yama_says_why(self, cat: Running, scope: int, user: bool, reason: str) -> None:
        """Yama's setting is made up, and something else refuses; what is said of it is not."""
        target = as_user() if user else []
        before = [*made_up_yama(scope), *target, *without_ptrace()]
        with running([*target, "cat"]) as process:
            assert process.echoes()
            run = picotrace("-p", str(process.pid), before=before)
        if scope and "protected" not in reason:
            reason = f"kernel.yama.ptrace_scope is {reason}"
        assert run == (1, b"", told(process.pid, reason))


class TestTracedAlready:
    """Another tracer is named, and not disturbed."""

    def refused(self, target: Running, tracer: Running) -> None:
        eventually(lambda: int(status_field(target.pid, "TracerPid")), "it is traced")
        run = picotrace("-p", str(target.pid))
        by = f"process {tracer.pid} is tracing it already"
        assert run == (1, b"", told(target.pid, by))
        assert status_field(target.pid, "TracerPid") == str(tracer.pid)
        assert target.echoes()

    @pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
    def test_input_7_by_strace(self, cat: Running, trace: Path) -> None:
        with running(["strace", "-o", str(trace), "-p", str(cat.pid)]) as strace:
            self.refused(cat, strace)
            eventually(lambda: b"are you there" in trace.read_bytes(), "strace goes on")
            strace.kill(signal.SIGINT)
            strace.finish()
        assert cat.echoes()

    def test_input_7_by_picotrace(self, cat: Running, trace: Path) -> None:
        with tracing("-o", str(trace), "-p", str(cat.pid)) as other:
            other.complains(b"^C detaches\n")
            self.refused(cat, other)
            eventually(lambda: b"SCX write = 0xf" in trace.read_bytes(), "picotrace goes on")
            other.kill(signal.SIGINT)
            assert other.finish().status == -signal.SIGINT
        assert cat.echoes()


def test_input_8_several_and_one_is_bad(cat: Running, trace: Path) -> None:
    """The others are traced; the bad one is warned about."""
    with running(["cat"]) as second:
        pids = ["-p", str(cat.pid), "-p", "2147483647", "-p", str(second.pid)]
        with tracing("-o", str(trace), *pids) as run:
            said = run.complains(b"^C detaches\n").decode().splitlines()
            assert said == [
                "picotrace: cannot attach to process 2147483647: there is no such process",
                f"picotrace: attached to {cat.pid} (1 LWP), {second.pid} (1 LWP); ^C detaches",
            ]
            assert cat.echoes()
            assert second.echoes()
            run.kill(signal.SIGTERM)
            assert run.finish() == (-signal.SIGTERM, b"", b"")
        wrote = {line.pid for line in lines(trace.read_bytes()) if line.info == "write = 0xf"}
        assert wrote == {cat.pid, second.pid}
        assert untouched(second.pid)
    assert untouched(cat.pid)


def test_input_8_several_and_all_are_bad() -> None:
    run = picotrace("-p", "2147483647", "-p", "2147483646")
    assert (run.status, run.out) == (1, b"")
    assert run.err.decode().splitlines() == [
        "picotrace: cannot attach to process 2147483647: there is no such process",
        "picotrace: cannot attach to process 2147483646: there is no such process",
        "picotrace: there is nothing to trace",
    ]


def test_input_8_the_same_one_twice(cat: Running) -> None:
    with tracing("-p", str(cat.pid), "-p", str(cat.pid)) as run:
        assert run.complains(b"^C detaches\n").count(b"\n") == 1
        run.kill(signal.SIGINT)
        run.finish()


@pytest.mark.parametrize("signo", ENDING, ids=lambda signo: signo.name)
def test_input_17_a_signal_ends_it(cat: Running, trace: Path, signo: signal.Signals) -> None:
    """It lets go, and ends by that signal; the target runs on, and what was seen is in the file."""
    with tracing("-o", str(trace), "-p", str(cat.pid)) as run:
        run.complains(b"^C detaches\n")
        assert cat.echoes()
        run.kill(signo)
        assert run.finish() == (-signo, b"", b"")
    assert untouched(cat.pid)
    assert cat.echoes()
    seen = [line.event for line in lines(trace.read_bytes())]
    assert (seen[0], seen[-1]) == ("ATTACHED", "DETACHED")
    assert {"SCE", "SCX"} < set(seen)


def test_input_17_a_second_signal_does_not_wait() -> None:
    """A parent in vfork cannot be let go until its child has done; who insists need not wait."""
    vfork = "import ctypes, time; print(1); ctypes.CDLL(None).vfork() or time.sleep(1000)"
    with running([sys.executable, "-uc", vfork]) as target:
        target.hear(b"1\n")
        eventually(lambda: status_field(target.pid, "State")[0] == "D", "it waits for its child")
        with tracing("-p", str(target.pid)) as run:
            run.complains(b"^C detaches\n")
            insist(run, signal.SIGINT)
            assert run.finish().status == -signal.SIGINT
        assert untouched(target.pid)


def test_killed(cat: Running) -> None:
    """The kernel lets go of what was attached to."""
    with tracing("-p", str(cat.pid)) as run:
        run.complains(b"^C detaches\n")
        run.kill(signal.SIGKILL)
        run.finish()
    assert untouched(cat.pid)
    assert cat.echoes()


def test_the_end_of_the_target(trace: Path) -> None:
    """Its status is its parent's business: the tracer's work was done."""
    with running(["sh", "-c", "read x; exit 7"]) as target:
        with tracing("-o", str(trace), "-p", str(target.pid)) as run:
            run.complains(b"^C detaches\n")
            target.say(b"\n")
            assert run.finish() == (0, b"", b"")
        assert target.finish().status == 7
    assert lines(trace.read_bytes())[-1][3:] == ("EXITED", "status=7")


def test_a_process_without_a_name(trace: Path) -> None:
    """Its column is not left empty: the next would be taken for it."""
    nameless = "printf '\\0' >/proc/$$/comm; echo ready; read x; exit 7"
    with running(["sh", "-c", nameless]) as target:
        target.hear(b"ready\n")
        assert Path(f"/proc/{target.pid}/comm").read_text() == "\n"
        with tracing("-o", str(trace), "-p", str(target.pid)) as run:
            run.complains(b"^C detaches\n")
            target.say(b"\n")
            assert run.finish().status == 0
    assert {line.program for line in lines(trace.read_bytes())} == {"\\000"}


def test_the_command_line_is_not_the_targets(cat: Running) -> None:
    """Nothing that ``-p`` is given besides is run."""
    run = picotrace("-p", str(cat.pid), "--", *COMMAND)
    assert run.status == 2
    assert untouched(cat.pid)
