"""What is to be started: what the arguments of `spawn` are made into, and what is refused."""

from __future__ import annotations

import errno
import grp
import os
import pwd
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pypicotrace._ffi import lib
from pypicotrace.launch import Launch, LaunchOptions, own_environment, plan, search
from pypicotrace.refusals import FORBIDDEN, UNDUMPABLE
from pypicotrace.users import Identity, identity

KEEP, NULL, STDOUT = lib.PICO_STDIO_KEEP, lib.PICO_STDIO_NULL, lib.PICO_STDIO_STDOUT
ROOT = pwd.getpwuid(0)
UNKNOWN_ID = 2**31 - 7
"""Of no user and no group."""


def launch(argv: Any = ("ls",), **given: Any) -> Launch:
    return plan(argv, **{"env": [b"PATH=/a:/b"], **given})


def test_a_plain_plan() -> None:
    assert launch() == Launch(
        paths=[b"/a/ls", b"/b/ls"],
        argv=[b"ls"],
        env=[b"PATH=/a:/b"],
        cwd=None,
        stdio=(KEEP, KEEP, KEEP),
        close_fds=True,
        pass_fds=(),
        default_signals=(int(signal.SIGPIPE), int(signal.SIGXFSZ)),
        new_session=False,
        process_group=-1,
        umask=-1,
        identity=Identity(None, None, None),
    )


@pytest.mark.parametrize(
    ("given", "field", "value"),
    [
        ({"argv": ["a", b"\xff", Path("p"), ""]}, "argv", [b"a", b"\xff", b"p", b""]),
        ({"argv": ["\udcff"]}, "argv", [b"\xff"]),
        ({"executable": "/bin/x"}, "paths", [b"/bin/x"]),
        ({"executable": b"x"}, "paths", [b"/a/x", b"/b/x"]),
        ({"env": {}}, "env", []),
        ({"env": {"A": "ä", b"B": b"\xff"}}, "env", [b"A=\xc3\xa4", b"B=\xff"]),
        ({"env": {"A": Path("/p")}}, "env", [b"A=/p"]),
        (
            {"env": [b"bare", b"", b"=", b"A=1", b"A=2"]},
            "env",
            [b"bare", b"", b"=", b"A=1", b"A=2"],
        ),
        ({"cwd": Path("/tmp")}, "cwd", b"/tmp"),  # noqa: S108
        ({"stdin": 0, "stdout": 7}, "stdio", (0, 7, KEEP)),
        ({"stdin": subprocess.DEVNULL, "stderr": 0}, "stdio", (NULL, KEEP, 0)),
        ({"stdout": 5, "stderr": subprocess.STDOUT}, "stdio", (KEEP, 5, STDOUT)),
        ({"close_fds": False}, "close_fds", False),
        ({"pass_fds": {9}}, "pass_fds", (9,)),
        ({"pass_fds": iter([9, 3, 9])}, "pass_fds", (9, 3, 9)),
        ({"pass_fds": [], "close_fds": False}, "pass_fds", ()),
        ({"restore_signals": False}, "default_signals", ()),
        ({"start_new_session": True}, "new_session", True),
        ({"process_group": 0}, "process_group", 0),
        ({"process_group": 77}, "process_group", 77),
        ({"umask": 0}, "umask", 0),
        ({"umask": 0o777}, "umask", 0o777),
        ({"group": 5}, "identity", Identity(None, 5, None)),
        ({"extra_groups": []}, "identity", Identity(None, None, [])),
    ],
)
def test_plans(given: dict[str, Any], field: str, value: Any) -> None:
    assert getattr(launch(**given), field) == value


@pytest.mark.parametrize(
    ("step", "code", "text", "what"),
    [
        (lib.PICO_LAUNCH_PROGRAM, errno.EPERM, "[Errno 1] Operation not permitted: 'ls'", ""),
        (lib.PICO_LAUNCH_GROUP, errno.EPERM, "start_new_session or process_group: Oper", None),
        (lib.PICO_LAUNCH_TRACE, errno.ENOSYS, f"Function not implemented: {FORBIDDEN}", ""),
        (lib.PICO_LAUNCH_PROTECTED, errno.EPERM, f"Operation not permitted: {UNDUMPABLE}", ""),
    ],
)
def test_words_for_what_has_failed(step: int, code: int, text: str, what: str | None) -> None:
    keep: list[Any] = []
    request = launch().to_c(keep)
    request.failed[0] = step
    error = launch().error(request, code)
    assert text in str(error)
    assert error.errno == code
    assert what in (None, error.what)


def test_the_plan_is_not_the_programs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No environment given: that of the host, as it is then."""
    monkeypatch.setenv("PYPICOTRACE_TEST_PLAN", "x")
    assert b"PYPICOTRACE_TEST_PLAN=x" in launch(env=None).env
    if os.path.exists("/proc/self/environ"):
        assert b"PYPICOTRACE_TEST_PLAN=x" not in own_environment()


def test_a_change_of_the_environment_is_one_of_several() -> None:
    assert own_environment(["PYPICOTRACE_TEST_PLAN=x"])[-1] == b"PYPICOTRACE_TEST_PLAN=x"
    with pytest.raises(TypeError, match="not one string"):
        own_environment("PYPICOTRACE_TEST_PLAN=x")


def test_a_file_can_stand_for_its_descriptor(tmp_path: Path) -> None:
    with open(tmp_path / "x", "wb") as file:
        number = file.fileno()
        assert launch(stdout=file, stderr=file).stdio == (KEEP, number, number)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        ({"argv": "ls -l"}, TypeError, "argv is a sequence"),
        ({"argv": b"ls"}, TypeError, "argv is a sequence"),
        ({"argv": []}, ValueError, "argv is empty"),
        ({"argv": ["a", 1]}, TypeError, "int"),
        ({"argv": ["a\0b"]}, ValueError, "argv has a NUL byte"),
        ({"executable": "a\0b"}, ValueError, "executable has a NUL byte"),
        ({"cwd": b"\0"}, ValueError, "cwd has a NUL byte"),
        ({"env": {"A": "b\0"}}, ValueError, "env has a NUL byte"),
        ({"env": {"": "b"}}, ValueError, "not the name of an environment variable"),
        ({"env": {"A=B": "b"}}, ValueError, "not the name of an environment variable"),
        ({"env": {"A": 1}}, TypeError, "int"),
        ({"env": "A=b"}, TypeError, "env is a mapping or a sequence of entries, not one string"),
        ({"env": b"A=b"}, TypeError, "env is a mapping or a sequence of entries, not one string"),
        ({"stdin": -7}, ValueError, "stdin: -7 is not from 0"),
        ({"stdin": "notes"}, TypeError, "stdin is a descriptor or a file with one, not str"),
        ({"stdin": subprocess.STDOUT}, ValueError, "stdin: -2 is not from 0"),
        ({"stdout": subprocess.STDOUT}, ValueError, "stdout: -2 is not from 0"),
        ({"stdout": 2**31}, ValueError, "stdout: 2147483648 is not from 0"),
        ({"stdin": subprocess.PIPE}, ValueError, "stdin: nobody would be at the other end"),
        ({"stderr": subprocess.PIPE}, ValueError, "an end of os.pipe.. whose other end"),
        ({"pass_fds": [3], "close_fds": False}, ValueError, "pass_fds goes with close_fds=True"),
        ({"pass_fds": [-1]}, ValueError, "pass_fds: -1 is not from 0"),
        ({"pass_fds": ["3"]}, TypeError, "pass_fds is an int, not str"),
        ({"pass_fds": 3}, TypeError, "not iterable"),
        ({"umask": -2}, ValueError, "umask: -2 is not from 0 to 511"),
        ({"umask": 0o1000}, ValueError, "umask: 512 is not from 0 to 511"),
        ({"umask": "022"}, TypeError, "umask is an int"),
        ({"process_group": -1}, ValueError, "process_group: -1 is not from 0"),
        ({"process_group": True}, TypeError, "process_group is an int"),
        (
            {"start_new_session": True, "process_group": 0},
            ValueError,
            "leader of a new session",
        ),
        ({"user": "no such user"}, ValueError, "there is no user 'no such user'"),
        ({"user": -1}, ValueError, "user: -1 is not an id"),
        ({"user": 2**32 - 1}, ValueError, "user: 4294967295 is not an id"),
        ({"user": True}, TypeError, "user: a name or an id, not bool"),
        ({"user": b"root"}, TypeError, "user: a name or an id, not bytes"),
        ({"user": UNKNOWN_ID}, ValueError, "give group and extra_groups"),
        ({"user": UNKNOWN_ID, "group": 1}, ValueError, "give group and extra_groups"),
        ({"group": "no such group"}, ValueError, "there is no group 'no such group'"),
        ({"group": 1.0}, TypeError, "group: a name or an id, not float"),
        ({"extra_groups": "wheel"}, TypeError, "extra_groups is a collection"),
        ({"extra_groups": [-1]}, ValueError, "extra_groups: -1 is not an id"),
        ({"extra_groups": ["no such group"]}, ValueError, "there is no group 'no such group'"),
    ],
)
def test_what_cannot_be_planned(
    given: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        launch(**given)


@pytest.mark.parametrize(
    ("program", "env", "paths"),
    [
        (b"ls", [b"PATH=/a:/b/"], [b"/a/ls", b"/b/ls"]),
        (b"ls", [b"PATH=:/a:"], [b"./ls", b"/a/ls", b"./ls"]),
        (b"ls", [b"PATH="], [b"./ls"]),
        (b"ls", [b"XPATH=/x", b"PATH=/a", b"PATH=/b"], [b"/a/ls"]),
        (b"ls", [], [os.fsencode(folder) + b"/ls" for folder in os.defpath.split(":")]),
        (b"./ls", [b"PATH=/a"], [b"./ls"]),
        (b"/x/ls", [b"PATH=/a"], [b"/x/ls"]),
        (b"x/ls", [], [b"x/ls"]),
        (b"", [b"PATH=/a"], [b""]),
    ],
)
def test_search(program: bytes, env: list[bytes], paths: list[bytes]) -> None:
    """As execvp(3) does: a name with a slash is a file's."""
    assert search(program, env) == paths


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, lambda own: (None, None, None)),
        ({"user": 0}, lambda own: (0, ROOT.pw_gid, own)),
        ({"user": "root"}, lambda own: (0, ROOT.pw_gid, own)),
        ({"user": "root", "group": 7}, lambda own: (0, 7, own)),
        ({"user": 0, "extra_groups": []}, lambda own: (0, ROOT.pw_gid, [])),
        ({"user": UNKNOWN_ID, "group": 7, "extra_groups": [8]}, lambda own: (UNKNOWN_ID, 7, [8])),
        ({"group": grp.getgrgid(ROOT.pw_gid).gr_name}, lambda own: (None, ROOT.pw_gid, None)),
        ({"extra_groups": (8, 9)}, lambda own: (None, None, [8, 9])),
    ],
)
def test_whom_it_runs_as(
    given: dict[str, Any], expected: Callable[[list[int]], tuple[Any, ...]]
) -> None:
    """A user's own groups, where none are given."""
    assert identity(**given) == expected(os.getgrouplist("root", ROOT.pw_gid))


def test_each_option_of_a_launch_can_be_given() -> None:
    parameters = set(plan.__kwdefaults__)
    assert parameters == LaunchOptions.__annotations__.keys()
