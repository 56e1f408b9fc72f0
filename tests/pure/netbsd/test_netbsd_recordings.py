"""Stops recorded on a NetBSD kernel, through decoder and loop: every one of them, to the end."""

from collections import defaultdict
from errno import ESRCH
from typing import Any

import pytest
from netbsd_record import check_netbsd
from played import FOLDER, NAMES, play_recording, recording, text_of, told
from resumed import DETACHED_AT, OTHERWISE, asked, left_at, to_be_asked

import pypicotrace as pt
from pypicotrace.testing import netbsd as nb
from pypicotrace.testing.script import Unplayed, play, refusing
from pypicotrace.text import Text

# Where it was cut and its program killed; where the tracer left.
INCOMPLETE = {"attach-loop", "attach-detach"}


def test_there_are_recordings() -> None:
    assert len(NAMES) == 32
    assert sorted(path.stem for path in (FOLDER / "expected").glob("*.txt")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_the_text_is_as_expected(name: str) -> None:
    assert text_of(name) == (FOLDER / "expected" / f"{name}.txt").read_text()


@pytest.mark.parametrize("name", NAMES)
def test_both_ways_to_run_a_loop_tell_the_same(name: str) -> None:
    lines = [line.split() for line in text_of(name).splitlines()]
    events = [
        [str(ev.pid), str(ev.lwp), ev.program.decode(), word(ev)]
        for ev in play_recording(name).events
    ]
    assert [line[:4] for line in lines] == events


def word(ev: pt.Event) -> str:
    calls = {pt.SyscallEntry: "SCE", pt.SyscallExit: "SCX"}
    name = "".join(f"_{c}" if c.isupper() else c for c in type(ev).__name__).lstrip("_").upper()
    return calls.get(type(ev), name)


@pytest.mark.parametrize("name", NAMES)
def test_the_record_can_be_true(name: str) -> None:
    played = play_recording(name, leave=left_at(name))
    check_netbsd(played.events, complete=name not in INCOMPLETE)


# What was recorded was decoded there, too, by the kernel's own structures.


CHILDREN = {
    nb.FORK: pt.Forked,
    nb.VFORK: pt.Vforked,
    nb.VFORK_DONE: pt.VforkDone,
    nb.POSIX_SPAWN: pt.Spawned,
}


Meaning = tuple[object, ...]


def as_told(stop: dict[str, Any], first: bool) -> Meaning | None:
    """What the event of a stop is to be: LWP, class and values. None: there is none."""
    info, status = stop["told"], stop["status"]
    if info is None:
        signo = status & 0x7F
        return (
            (0, pt.Signaled, signo, bool(status & 0x80)) if signo else (0, pt.Exited, status >> 8)
        )
    if info["signo"] != stop["signo"]:
        return 0, pt.Stopped, stop["signo"], None
    if stop["signo"] == 5 and info["code"] not in (nb.TRAP_BRKPT, nb.SI_LWP):
        return trapped(info, first)
    kind = pt.Crashed if info["code"] > 0 and stop["signo"] != nb.SIGCHLD else pt.Stopped
    return info["lwp"], kind, stop["signo"], info["code"]


def trapped(info: dict[str, Any], first: bool) -> Meaning | None:
    means: Meaning | None = None
    match info["code"]:
        case nb.TRAP_SCE:
            means = info["lwp"], pt.SyscallEntry, info["sysnum"]
        case nb.TRAP_SCX:
            low = tuple(n % 2**32 for n in info["retval"])
            means = info["lwp"], pt.SyscallExit, info["sysnum"], info["error"], low
        case nb.TRAP_EXEC:
            means = info["lwp"], pt.Exec
        case nb.TRAP_CHLD if not first:
            means = info["lwp"], CHILDREN[info["report_event"]], info["other"]
        case nb.TRAP_LWP:
            created = info["report_event"] == nb.LWP_CREATE
            means = info["other"], pt.LwpCreated if created else pt.LwpExited
    return means


VALUES: dict[type[pt.Event], tuple[str, ...]] = {
    pt.SyscallEntry: ("sysnum",),
    pt.SyscallExit: ("sysnum", "error"),
    pt.Stopped: ("signo", "code"),
    pt.Crashed: ("signo", "code"),
    pt.Signaled: ("signo", "core"),
    pt.Exited: ("status",),
    **dict.fromkeys(CHILDREN.values(), ("child",)),
}


def as_reported(ev: pt.Event) -> Meaning:
    values: Meaning = tuple(getattr(ev, field) for field in VALUES.get(type(ev), ()))
    if isinstance(ev, pt.SyscallExit):
        low = (0, 0) if ev.error else (ev.retval % 2**32, ev.retval2 % 2**32)
        values = *values, low
    return ev.lwp, type(ev), *values


@pytest.mark.parametrize("name", NAMES)
def test_each_stop_means_what_the_recorder_has_understood(name: str) -> None:
    expected: dict[int, list[object]] = defaultdict(list)
    seen = set()
    for pid, stop in told(name):
        event = as_told(stop, first=pid not in seen)
        # The stop by which it was attached to.
        if pid not in seen and recording(name).attached:
            event = pid, pt.Attached
        # LWPs were not asked for: it is known when it first stops.
        lwp = stop["told"]["lwp"] if name == "pthread-nomask" and stop["told"] else pid
        if lwp != pid and (lwp, pt.LwpCreated) not in expected[pid]:
            expected[pid].append((lwp, pt.LwpCreated))
        expected[pid] += [event] if event is not None else []
        seen.add(pid)
    reported: dict[int, list[object]] = defaultdict(list)
    for ev in play_recording(name).events:
        # Where the recording ends before the program does, the program is lost.
        if not isinstance(ev, pt.Detached):
            reported[ev.pid].append(as_reported(ev))
    assert reported == {pid: events for pid, events in expected.items() if events}


def arguments(name: str) -> dict[int, list[tuple[int, ...]]]:
    """Of each process, the arguments of its calls, as the recorder has understood them."""
    found: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for pid, stop in told(name):
        if stop["signo"] == 5 and stop["told"] and stop["told"]["code"] == nb.TRAP_SCE:
            found[pid].append(tuple(int(arg, 0) for arg in stop["told"]["args"]))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_arguments_are_the_recorded_ones_as_many_as_the_call_has(name: str) -> None:
    recorded = arguments(name)
    for ev in play_recording(name).events:
        if type(ev) is pt.SyscallEntry:
            args = recorded[ev.pid].pop(0)
            assert ev.args == args[: len(ev.args)]
            assert len(ev.args) == len(ev.params)
    assert not any(recorded.values())


@pytest.mark.parametrize("name", NAMES)
def test_each_stop_is_resumed_as_it_was(name: str) -> None:
    played = play_recording(name, leave=left_at(name))
    assert asked(played) == to_be_asked(name)


def test_what_was_left_was_detached() -> None:
    [stops] = to_be_asked("attach-detach").values()
    assert (len(stops), stops[-1]) == (DETACHED_AT, ("PT_DETACH", 0))


def test_each_difference_occurs() -> None:
    pairs = [
        (stop, resumed)
        for name in NAMES
        for stop, resumed in zip(recording(name).stops, recording(name).resumed, strict=True)
    ]
    for applies, theirs, _ in OTHERWISE:
        assert any(applies(stop) and resumed == theirs for stop, resumed in pairs)


def test_steps_are_taken_where_they_tell_more() -> None:
    stepped = {name: asked(play_recording(name)) for name in NAMES if recording(name).stepped}
    count = {
        name: sum(how == "PT_STEP" for stops in requests.values() for how, _ in stops)
        for name, requests in stepped.items()
    }
    assert count == {"basic-wide": 3, "signal-wide": 0}


def test_nothing_of_a_recording_is_left_unplayed() -> None:
    # `play` itself says so, for each of them; here that it does.
    unasked = refusing(nb.entry(10, 20), ESRCH)
    with pytest.raises(Unplayed, match="1 of 3 stops"):
        play([nb.exec_(10), unasked, nb.exit_(10, 20)], os="netbsd")


def test_the_sender_is_written_where_the_kernel_told_of_it() -> None:
    plain, more = text_of("signal").splitlines(), text_of("signal", Text.SENDER).splitlines()
    added = [long.removeprefix(short) for short, long in zip(plain, more, strict=True)]
    pid = recording("signal").stops[0].id
    # Its SIGSTOP and three SIGUSR1 by raise(3); siginfo of the SIGUSR2 by kill(2) is stale.
    assert [text for text in added if text] == [f" si_pid={pid} si_uid=0"] * 4
