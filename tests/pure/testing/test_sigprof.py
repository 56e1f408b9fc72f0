"""Where SIGPROF goes: what is said of counts, and what NetBSD tells of LWPs."""

from __future__ import annotations

import ctypes
import errno
from collections import Counter
from typing import Any

import pytest

from pypicotrace.testing.cpu_time import KINFO_LWP, cpu_times, parse_kinfo
from pypicotrace.testing.sigprof import Profile, judge
from pypicotrace.testing.sigprof_command import main

SECOND = 10**9
JUDGED: list[tuple[dict[int, int], dict[int, int], bool | None, str]] = [
    ({1: 100}, {1: SECOND, 2: 0}, True, "0% of the signals went to other LWPs"),
    ({1: 95, 2: 5}, {1: SECOND, 2: 0}, True, "5% of the signals"),
    ({2: 100}, {1: SECOND, 2: 0}, False, "100% of the signals went to other LWPs"),
    ({1: 50, 2: 50}, {1: SECOND, 2: 0}, False, "50% of the signals"),
    ({1: 70, 2: 30}, {1: SECOND, 2: 0}, False, "30% of the signals"),
    ({1: 20, 2: 40, 3: 60}, {1: 1, 2: 2, 3: 3, 4: 0}, True, "0% of the signals"),
    ({1: 120}, {1: 1, 2: 2, 3: 3}, False, "83% of the signals"),
    ({1: 60, 2: 60}, {1: 1, 2: 1}, None, "all LWPs used about the same time"),
    ({1: 120}, {1: 1, 2: 1}, False, "50% of the signals"),
    ({1: 100}, {1: SECOND}, None, "there is one LWP"),
    ({1: 49}, {1: SECOND, 2: 0}, None, "49 signals are too few; 50 are needed"),
    ({}, {}, None, "0 signals are too few"),
    ({3: 100}, {1: SECOND}, False, "100% of the signals"),
]


@pytest.mark.parametrize(("signals", "times", "follows", "words"), JUDGED)
def test_verdicts(
    signals: dict[int, int], times: dict[int, int], follows: bool | None, words: str
) -> None:
    verdict = judge(signals, times)
    assert verdict.follows is follows
    assert words in verdict.words


def test_a_table() -> None:
    taken = Profile(Counter({11: 98, 12: 2}), {11: 980 * 10**6, 12: 20 * 10**6})
    assert taken.table().splitlines() == [
        "     LWP      CPU time   share   SIGPROF   share",
        "      11       0.980 s   98.0%        98   98.0%",
        "      12       0.020 s    2.0%         2    2.0%",
        "SIGPROF goes to the LWP that uses the time: 0% of the signals went to other LWPs than the "
        "time",
    ]
    assert "      -" in Profile(Counter(), {11: 0}).table()


def kinfo(lid: int, seconds: int, microseconds: int) -> bytes:
    words = [0] * 4 + [lid] + [0] * 10 + [b"parked", 0, 0]
    return KINFO_LWP.pack(*words, seconds, microseconds, 0, 0, 100, b"name")


def test_netbsds_lwps() -> None:
    assert KINFO_LWP.size == 128
    data = kinfo(100, 1, 5) + kinfo(207, 0, 250_000)
    assert parse_kinfo(data) == {100: SECOND + 5000, 207: SECOND // 4}
    assert parse_kinfo(b"") == {}


class Kernel:
    """NetBSD's sysctl(3), kern.lwp: of so many LWPs, each of which has run a second."""

    def __init__(self, lwps: int, *errors: int) -> None:
        self._lwps = lwps
        self._errors = list(errors)

    def sysctl(self, name: Any, _: int, old: Any, size: Any, *__: Any) -> int:
        error = self._errors.pop(0) if self._errors else 0
        told = min(self._lwps, name[4], size._obj.value // name[3])
        data = b"".join(kinfo(lid, 1, 0) for lid in range(told))
        ctypes.memmove(old, data, len(data))
        size._obj.value = len(data)
        if error == 0 and told < self._lwps:
            error = errno.ENOMEM
        ctypes.set_errno(error)
        return -bool(error)


@pytest.mark.parametrize(
    ("kernel", "lwps"),
    [
        (Kernel(2), 2),
        (Kernel(64), 64),
        (Kernel(200), 200),
        (Kernel(2, errno.EAGAIN), 2),
        (Kernel(2, errno.ESRCH), 0),
    ],
)
def test_times_of_netbsds_lwps(monkeypatch: pytest.MonkeyPatch, kernel: Kernel, lwps: int) -> None:
    """However many there are, also when one ends meanwhile; none where their process has."""
    monkeypatch.setattr("sys.platform", "netbsd10")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: kernel)
    assert cpu_times(10) == dict.fromkeys(range(lwps), SECOND)


def test_what_netbsd_refuses_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "netbsd10")
    monkeypatch.setattr("ctypes.CDLL", lambda *_, **__: Kernel(2, errno.EPERM))
    with pytest.raises(PermissionError):
        cpu_times(10)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give a program\nusage: "),
        (["-x"], "option -x not recognized\nusage: "),
        (["-i", "0", "true"], "-i 0: give microseconds, from 1 to 1000000000"),
        (["-i", "1.5", "true"], "-i 1.5: give microseconds"),
        (["-i", "-1", "true"], "-i -1: give microseconds"),
        (["-i", "9" * 5000, "true"], "9: give microseconds"),
        (["-o", "-i", "5", "true"], "-i is for the timer that -o does without"),
    ],
)
def test_what_the_command_cannot_do(
    words: list[str], said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    out, err = capfd.readouterr()
    assert (out, err.startswith("picotrace-sigprof: ")) == ("", True)
    assert said in err


def test_help(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    assert capfd.readouterr().out.startswith("usage: picotrace-sigprof [-o]")
