"""What csrc/netbsd asks of its system, where a stand-in takes the system's place: see standin.c."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CSRC = HERE.parents[2] / "csrc"
EOPNOTSUPP = 45
"""NetBSD's."""
ATTACHED = ["10 stops: STOP"]
SLICE_OVER = ["sleep", "kill STOP", "sleep"]
"""One that runs alone makes no call for 10 ms: twice a look in vain."""


@pytest.fixture(scope="module")
def standin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("standin")
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", f"{platform.machine()}-netbsd"]
    flags = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", f"-I{CSRC}", "-c", "-o", "all.o"]
    sources = [*CSRC.glob("netbsd/*.c"), *CSRC.glob("posix/*.c"), HERE / "standin.c"]
    subprocess.run([*compiler, *flags, *sources], cwd=folder, check=True)
    # What starts programs is not linked.
    link = ["cc", "-no-pie", "-Wl,--unresolved-symbols=ignore-all", "-o", "standin", "all.o"]
    subprocess.run(link, cwd=folder, check=True)
    return folder / "standin"


def asked(standin: Path, words: str) -> list[str]:
    done = subprocess.run([standin, *words.split()], check=True, stdout=subprocess.PIPE, timeout=20)
    return done.stdout.decode().splitlines()


@pytest.mark.parametrize(
    ("stops", "asks"),
    [
        ("STOP", ["CONTINUE -", "DETACH -"]),
        ("USR1 STOP", ["CONTINUE -", "CONTINUE USR1", "DETACH -"]),
        ("SCX STOP", ["CONTINUE -", "CONTINUE -", "DETACH -"]),
        # To pass it on would have it stop by it again.
        ("TSTP STOP", ["CONTINUE -", "CONTINUE -", "DETACH -"]),
        # It takes ours back.
        ("CONT STOP", ["CONTINUE -", "kill STOP", "CONTINUE CONT", "DETACH -"]),
        # Somebody else's is as good as ours, and has it stay stopped.
        ("STOP!", ["CONTINUE -", "DETACH STOP"]),
    ],
)
def test_let_go_while_a_slice_ends(standin: Path, stops: str, asks: list[str]) -> None:
    """The SIGSTOP that is to end it would stop the process for good."""
    assert asked(standin, f"STOP - - SCE detach {stops}") == [
        *ATTACHED,
        "10 SYSCALL of LWP 10",
        *SLICE_OVER,
        "10 stops: TRAP",
        "detach:",
        *asks,
        "detach: 0",
        "wait: -10",
    ]


def test_it_ends_while_a_slice_ends(standin: Path) -> None:
    told = asked(standin, "STOP - - SCE detach END")
    assert told[told.index("detach:") :] == ["detach:", "CONTINUE -", "detach: -3", "10 ends"]


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        # It is done again, untraced.
        ("one STOP SEGV pass detach", ["DETACH -"]),
        ("STOP - - SCE detach SEGV STOP", ["CONTINUE -", "CONTINUE -", "DETACH -"]),
        # Sent by somebody it would not come again.
        ("one STOP USR1! pass detach", ["DETACH -", "kill USR1"]),
        ("one STOP SEGV? pass detach", ["DETACH -", "kill SEGV"]),
    ],
)
def test_a_signal_that_it_is_let_go_with(standin: Path, words: str, asks: list[str]) -> None:
    """Once, and as it was."""
    told = asked(standin, words)
    told = told[told.index("detach:") + 1 :]
    assert told == [*asks, "detach: 0", "wait: -10"]


def test_a_child_that_is_not_told_of_any_more_is_taken_in(standin: Path) -> None:
    """Where its parent is let go before it could, it would stand until it is killed."""
    told = asked(standin, "orphan STOP LWP detach 20:FORK 20:END")
    told = told[told.index("detach: 0") + 1 :]
    assert told[:3] == ["20 stops: TRAP", "event 1: 10", "20 SYSCALL -"]
    assert told[-2:] == ["20 ends", "wait: -10"]


def test_a_child_that_another_loop_is_yet_to_be_told_of_is_left_to_that(standin: Path) -> None:
    told = asked(standin, "orphan anothers 30:STOP STOP LWP detach 20:FORK 20:END")
    assert told[told.index("detach: 0") + 1 :] == ["wait: -10"]


@pytest.mark.parametrize("words", ["SCE", "- - SCE"])
def test_killed_where_it_stands_and_let_go(standin: Path, words: str) -> None:
    """Its end is waited for."""
    told = asked(standin, f"STOP {words} dead detach END")
    assert told[told.index("detach:") :] == ["detach:", "kill KILL", "detach: -3", "10 ends"]


def test_a_slice_that_ends_is_not_told(standin: Path) -> None:
    """It goes on: after one LWP the next, and then all."""
    assert asked(standin, "STOP - - STOP - STOP SCE END") == [
        *ATTACHED,
        "10 SYSCALL of LWP 10",
        *SLICE_OVER,
        "10 SYSCALL of LWP 11",
        *SLICE_OVER,
        "10 SYSCALL -",
        "sleep",
        "10 stops: TRAP",
        "10 SYSCALL of LWP 11",
        "10 ends",
    ]


def test_anothers_sigstop_is_told(standin: Path) -> None:
    told = asked(standin, "STOP - - STOP! END")
    assert told[-3:] == ["10 stops: STOP", "10 SYSCALL of LWP 11", "10 ends"]


@pytest.mark.parametrize("stops", ["STOP SCE interrupt", "STOP - - SCE interrupt"])
def test_continued_while_it_is_to_stop(standin: Path, stops: str) -> None:
    """A SIGCONT takes back a SIGSTOP that has not come: it is sent another."""
    told = asked(standin, f"{stops} CONT STOP END")
    told = told[told.index("interrupt: 0") + 1 :]
    assert told[:2] == ["kill STOP", "10 stops: CONT"]
    assert told[3] == "10 stops: STOP"


def test_waiting_for_any(standin: Path) -> None:
    """A child that stops before it was told of is given to the loop, and each stop once."""
    told = asked(standin, "alone STOP SCE 20:SCE SCX 20:SCX SCE 20:END SCX END")
    of_20 = [line for line in told if line.startswith("20 ")]
    assert of_20 == ["20 stops: TRAP", "20 SYSCALL -"] * 2 + ["20 ends"]
    of_10 = [line for line in told if line.startswith("10 stops")]
    assert of_10 == ["10 stops: STOP", *["10 stops: TRAP"] * 4]
    assert told[-1] == "10 ends"


def test_waiting_for_any_a_slice_is_slept_through_once(standin: Path) -> None:
    """What stops while one runs alone is found at once."""
    told = asked(standin, "alone STOP - SCE - - STOP END")
    slept = [line for line in told if "stops" not in line]
    assert slept == [
        *("10 SYSCALL of LWP 10", "sleep"),
        *("10 SYSCALL of LWP 11", *SLICE_OVER, "10 SYSCALL -"),
        "10 ends",
    ]


@pytest.mark.parametrize("way", ["", "alone"])
def test_a_slice_ends_though_others_always_have_stops(standin: Path, way: str) -> None:
    told = asked(standin, f"{way} STOP FORK 20:FORK {'20:SCE 20:SCX ' * 100} STOP SCE END")
    assert "sleep" not in told[: told.index("kill STOP")]
    assert told.count("10 stops: STOP") == 1


def test_a_slice_ends_though_a_killed_one_may_have_left_a_child(standin: Path) -> None:
    """Which is looked for every 20 ms."""
    told = asked(standin, "STOP FORK 20:FORK 20:KILLED - - STOP SCE END")
    assert told[told.index("20 ends") + 1 :][:3] == SLICE_OVER


def test_one_that_was_stopped_is_not_waited_for_as_any(standin: Path) -> None:
    """The kernel ends its search by a count of those that have stopped, which is too small then."""
    told = asked(standin, "one stopped alone STOP SCE SCX END")
    assert [line for line in told if "10 " in line] == [
        *(*ATTACHED, "10 SYSCALL -", *["10 stops: TRAP", "10 SYSCALL -"] * 2, "10 ends"),
    ]


def test_attached_to_in_an_execve(standin: Path) -> None:
    assert asked(standin, "one busy busy STOP END") == [
        *("busy", "busy", *ATTACHED),
        *("10 SYSCALL -", "sleep", "10 ends"),
    ]


def test_the_end_of_a_hosts_child_is_the_hosts(standin: Path) -> None:
    """Also where it comes right after a stop."""
    assert asked(standin, "hosts one STOP SCE killed END") == [
        *(*ATTACHED, "10 SYSCALL -", "sleep", "sleep", "10 ends"),
    ]


@pytest.mark.parametrize("stop", ["SCE", "USR1!"])
def test_a_stop_that_anothers_wait_was_told_of_is_found(standin: Path, stop: str) -> None:
    """As it was: no wait would be told of it again, and the process stand for ever."""
    told = asked(standin, f"one STOP taken:{stop} missed END")
    name = "TRAP" if stop == "SCE" else "USR1"
    at = told.index("missed: 0")
    assert told[at + 1 : at + 3] == [f"10 stops: {name}", "10 SYSCALL -"]
    assert told[-1] == "10 ends"


def test_one_that_runs_has_missed_nothing(standin: Path) -> None:
    told = asked(standin, "one STOP - missed SCE END")
    assert [line for line in told if "stops" in line] == [*ATTACHED, "10 stops: TRAP"]


@pytest.mark.parametrize("release", ["", "release9"])
@pytest.mark.parametrize("number", ["", "one"])
def test_attached_to_with_more_lwps_than_there_is_room_for(
    standin: Path, release: str, number: str
) -> None:
    """The stand-in ends with an error where any is left out."""
    assert asked(standin, f"{release} {number} little STOP END")[-1] == "10 ends"


@pytest.mark.parametrize("release", ["", "release9"])
@pytest.mark.parametrize(
    ("stops", "first"), [("FORK 20:FORK", 10), ("FORK - 20:FORK", 10), ("20:FORK - FORK", 20)]
)
def test_children_of_each_release(standin: Path, release: str, stops: str, first: int) -> None:
    """Both tell of it, in either order; not always in siginfo (csrc/netbsd/siginfo.c)."""
    way = "" if first == 10 else "alone"
    told = asked(standin, f"{release} one {way} STOP {stops} 20:SCE 20:END SCX END")
    of_forks = [told[i - 1 : i + 1] for i, line in enumerate(told) if line.startswith("event")]
    both = [["10 stops: TRAP", "event 1: 20"], ["20 stops: TRAP", "event 1: 10"]]
    assert of_forks == (both if first == 10 else both[::-1])
    # Where each has one LWP there are no turns.
    assert not [line for line in told if "of LWP" in line]


@pytest.mark.parametrize(("release", "lwp"), [("", 11), ("release9", 2)])
def test_lwps_of_each_release(standin: Path, release: str, lwp: int) -> None:
    assert asked(standin, f"{release} STOP SCE LWP SCE END") == [
        *ATTACHED,
        f"10 SYSCALL of LWP {lwp - 1}",
        "10 stops: TRAP",
        f"10 SYSCALL of LWP {lwp}",
        *("10 stops: TRAP", f"event 8: {lwp}"),
        "10 SYSCALL -",
        "10 stops: TRAP",
        f"10 SYSCALL of LWP {lwp}",
        "10 ends",
    ]


def asked_after(standin: Path, words: str) -> list[str]:
    """What is asked after the attach."""
    return [line for line in asked(standin, words)[1:] if "sleep" not in line]


def test_steps(standin: Path) -> None:
    """With calls to be seen, as long as it takes steps."""
    assert asked_after(standin, "one STOP step TRACE step TRACE SCE SCX return TRACE END") == [
        *("SETSTEP 10", "10 SYSCALL -", "10 stops: TRAP"),
        *("10 SYSCALL -", "10 stops: TRAP"),
        *("CLEARSTEP 10", "10 SYSCALL -", "10 stops: TRAP"),
        *("10 SYSCALL -", "10 stops: TRAP"),
        *("10 STEP of LWP 10", "10 stops: TRAP"),
        *("10 SYSCALL -", "10 ends"),
    ]


def test_the_way_out_of_a_call_is_no_step(standin: Path) -> None:
    told = asked_after(standin, "one STOP SCX step TRACE! TRACE step TRACE! END")
    assert told[2:] == [
        *("SETSTEP 10", "10 SYSCALL -", "10 SYSCALL -", "10 stops: TRAP"),
        # Elsewhere an instruction may lead to where it is.
        *("10 SYSCALL -", "10 stops: TRAP", "CLEARSTEP 10", "10 SYSCALL -", "10 ends"),
    ]


def test_each_lwp_has_a_way_out_of_its_own_call(standin: Path) -> None:
    told = asked_after(standin, "STOP SCX step SCX+ step TRACE!+ SCE+ TRACE! SCE END")
    assert told.count("10 stops: TRAP") == len(["SCX", "SCX+", "SCE+", "SCE"])


def test_a_slice_that_ends_in_place_of_a_results_step_is_followed_by_that(standin: Path) -> None:
    """By PT_STEP without an LWP all would go on, and no call be seen."""
    told = asked_after(standin, "STOP - - SCX return STOP TRACE END")
    at = told.index("10 STEP of LWP 10")
    assert told[at : at + 3] == [*["10 STEP of LWP 10"] * 2, "10 stops: TRAP"]


def test_a_step_is_not_over_by_a_stop_of_another(standin: Path) -> None:
    assert asked_after(standin, "STOP step LWP TRACE END") == [
        *("SETSTEP 10", "10 SYSCALL of LWP 10", "10 stops: TRAP", "event 8: 11"),
        *("10 SYSCALL of LWP 10", "10 stops: TRAP"),
        *("CLEARSTEP 10", "10 SYSCALL -", "10 ends"),
    ]


def test_all_that_has_been_attached_to_takes_steps(standin: Path) -> None:
    told = asked_after(standin, "STOP too step TRACE too step END")
    assert told[:3] == ["SETSTEP 11", "SETSTEP 10", "10 SYSCALL of LWP 10"]
    assert len([line for line in told if "SETSTEP" in line]) == 2


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        # What it would have told of by this stop is over.
        ("STOP step TRACE step TRACE detach", []),
        # Another has taken a step, or has none to tell of.
        ("STOP step LWP detach TRACE STOP", ["CONTINUE LWP 10", "CONTINUE -"]),
        ("STOP step LWP detach STOP", ["CONTINUE LWP 10"]),
        # Or comes upon a signal.
        ("STOP step LWP detach USR1 STOP", ["CONTINUE LWP 10", "kill USR1", "CONTINUE -"]),
    ],
)
def test_what_is_let_go_has_taken_its_last_step(standin: Path, words: str, asks: list[str]) -> None:
    """It would be killed by one that nobody hears of."""
    told = asked_after(standin, words)
    first = ["CLEARSTEP 10", *["kill STOP"] * bool(asks)]
    assert told[told.index("detach:") + 1 :][:-2] == [*first, *asks, "DETACH -"]


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("STOP SCX return LWP detach TRACE STOP", ["kill STOP", "CONTINUE LWP 10", "CONTINUE -"]),
        ("STOP SCX return TRACE LWP detach", []),
        ("one STOP SCX return USR1 detach", []),
    ],
)
def test_what_is_let_go_has_had_the_step_of_a_result(
    standin: Path, words: str, asks: list[str]
) -> None:
    told = asked_after(standin, words)
    assert told[told.index("detach:") + 1 :][:-2] == [*asks, "DETACH -"]


def test_what_may_not_be_stopped_is_let_go_as_it_is(standin: Path) -> None:
    """One that has no step to tell of would come to no stop."""
    told = asked_after(standin, "STOP step LWP barred detach")
    assert told[told.index("detach:") + 1 :][:-2] == ["CLEARSTEP 10", "kill STOP", "DETACH -"]


def test_without_memory_it_is_not_let_go(standin: Path) -> None:
    """What its LWPs have to tell of is not known."""
    told = asked_after(standin, "STOP step poor LWP detach")
    assert told[told.index("detach:") + 1 :] == ["detach: -12"]


def test_an_execve_keeps_no_step_of_another(standin: Path) -> None:
    """Where the process stands, it has not begun to wait for the others."""
    told = asked_after(standin, "STOP too EXECVE detach TRACE STOP")
    at = told.index("detach:") + 1
    assert told[at:][:3] == ["CLEARSTEP 11", "kill STOP", "CONTINUE LWP 11"]


@pytest.mark.parametrize(("handlers", "rests"), [("catches", True), ("", False)])
def test_no_step_is_taken_into_a_handler(standin: Path, handlers: str, rests: bool) -> None:
    """What the handler returns to would have the trap flag."""
    told = asked_after(standin, f"{handlers} one STOP step USR1 pass step SCE END")
    assert told[2:] == [
        *("10 stops: USR1", *["CLEARSTEP 10"] * rests, "10 SYSCALL USR1"),
        *("SETSTEP 10", "10 stops: TRAP", "CLEARSTEP 10", "10 SYSCALL -", "10 ends"),
    ]


def test_steps_are_turns(standin: Path) -> None:
    """One that takes steps and makes no call keeps no other from running."""
    told = asked_after(standin, "STOP step TRACE step END")
    turns = [line for line in told if "SYSCALL" in line]
    assert turns == ["10 SYSCALL of LWP 10", "10 SYSCALL of LWP 11"]


def test_the_second_stop_for_a_fault_is_not_told(standin: Path) -> None:
    """The signal goes on, as it did from the first."""
    assert asked_after(standin, "one STOP SEGV pass SEGV SCE END") == [
        *("10 SYSCALL -", "10 stops: SEGV", "10 SYSCALL SEGV", "10 SYSCALL SEGV"),
        *("10 stops: TRAP", "10 SYSCALL -", "10 ends"),
    ]


def test_nor_is_it_where_another_signal_goes_on(standin: Path) -> None:
    assert asked_after(standin, "one STOP SEGV instead AGAIN SCE END")[1:4] == [
        *("10 stops: SEGV", "10 SYSCALL USR1", "10 SYSCALL USR1"),
    ]


@pytest.mark.parametrize(
    "stops", ["SEGV SEGV", "SEGV pass SEGV!", "SEGV pass SCE SEGV", "SEGV pass SEGV SEGV"]
)
def test_another_fault_is(standin: Path, stops: str) -> None:
    told = asked_after(standin, f"one STOP {stops} END")
    assert told.count("10 stops: SEGV") == 2


@pytest.mark.parametrize(
    ("masks", "stop", "other"), [("", "SEGV", 11), ("", "USR1!", 11), ("masks", "USR1!", 10)]
)
def test_a_signal_is_passed_on_to_the_lwp_it_is_for(
    standin: Path, masks: str, stop: str, other: int
) -> None:
    """Of those that could take it one; the others are suspended until its next stop."""
    name = stop.rstrip("!")
    assert asked_after(standin, f"{masks} STOP SCE {stop} pass SCE END")[3:] == [
        *(f"10 stops: {name}", f"SUSPEND {other}", f"10 SYSCALL {name}"),
        *(f"RESUME {other}", "10 stops: TRAP", "10 SYSCALL of LWP 11", "10 ends"),
    ]


def test_who_is_suspended_is_known_without_memory(standin: Path) -> None:
    told = asked_after(standin, "STOP SEGV pass poor SCE END")
    assert [line for line in told if "11" in line] == ["SUSPEND 11", "RESUME 11"]


@pytest.mark.parametrize("calls", ["", "nocalls"])
def test_one_that_had_come_to_a_call_has_lost_it_and_another_gets_it(
    standin: Path, calls: str
) -> None:
    """In the kernel its stop for that takes the place of the signal."""
    told = asked_after(standin, f"STOP SCE USR1! pass {calls} SCE= SCE+ SCE END")
    at = told.index("SUSPEND 11")
    told_of_call = [] if calls else ["10 stops: TRAP"]
    assert told[at : at + 7 + len(told_of_call)] == [
        *("SUSPEND 11", "10 SYSCALL USR1", "RESUME 11", *told_of_call),
        *("SET_SIGINFO", "SUSPEND 10", "10 SYSCALL USR1", "RESUME 10"),
    ]


@pytest.mark.parametrize("counts", ["", "counts"])
def test_where_no_other_could_take_it_the_same_gets_it(standin: Path, counts: str) -> None:
    told = asked_after(standin, f"{counts} masks STOP SCE USR1! pass SCE+= SCX+ takes SCE+ END")
    assert [line for line in told if "USR1" in line or "SUSPEND" in line] == [
        *("10 stops: USR1", *["SUSPEND 10", "10 SYSCALL USR1"] * 3),
    ]


@pytest.mark.parametrize("counts", ["", "counts"])
def test_the_result_of_a_call_is_no_other_stop(standin: Path, counts: str) -> None:
    """Who stood at the exit of one has it when it stops for the signal that is passed on."""
    told = asked_after(standin, f"{counts} STOP SCX USR1! pass result AGAIN takes SCE END")
    assert told.count("10 stops: USR1") == 1
    assert told.count("10 SYSCALL USR1") == 2


@pytest.mark.parametrize("number", ["", "one"])
@pytest.mark.parametrize(("takes", "times"), [("takes", 1), ("", 2)])
def test_a_signal_that_nobody_has_taken_is_passed_on_again(
    standin: Path, number: str, takes: str, times: int
) -> None:
    """It ended a call of which no exit is told, for its entry was not seen."""
    told = asked_after(
        standin, f"counts {number} STOP SCE USR1! pass nocalls {takes} SCE takes SCE nocalls END"
    )
    assert told.count("10 SYSCALL USR1") == times
    assert told.count("SET_SIGINFO") == times - 1
    assert told.count("10 stops: USR1") == 1


def test_so_is_one_that_is_not_taken_in_its_slice(standin: Path) -> None:
    told = asked_after(standin, "counts STOP SCE USR1! pass nocalls - - STOP takes SCE nocalls END")
    at = told.index("kill STOP")
    assert told[at : at + 5] == [
        *("kill STOP", "RESUME 11", "SET_SIGINFO", "SUSPEND 11", "10 SYSCALL USR1"),
    ]


def test_of_two_that_are_not_taken_none_is_lost(standin: Path) -> None:
    told = asked_after(standin, "counts STOP SCE USR1! pass SEGV? pass SCE takes SCE END")
    assert told.count("kill USR1") == 1
    assert told.count("10 SYSCALL SEGV") == 2


@pytest.mark.parametrize(("stop", "times"), [("SEGV", 1), ("SEGV?", 2)])
def test_a_fault_comes_again_by_itself(standin: Path, stop: str, times: int) -> None:
    told = asked_after(standin, f"counts one STOP SCE {stop} pass SCE takes SCE END")
    assert told.count("10 SYSCALL SEGV") == times


def test_one_that_is_ignored_is_not_passed_on(standin: Path) -> None:
    """Whoever sleeps would be woken for it."""
    told = asked_after(standin, "ignores STOP SCE USR1! pass SCE END")
    assert "10 SYSCALL USR1" not in told
    assert "10 SYSCALL USR1" in asked_after(standin, "catches STOP SCE USR1! pass SCE END")


def test_one_that_had_come_to_tell_of_a_child_has_lost_it_too(standin: Path) -> None:
    told = asked_after(standin, "STOP SCE USR1! pass FORK SCE+ END")
    at = told.index("RESUME 11")
    assert told[at : at + 6] == [
        *("RESUME 11", "10 stops: TRAP", "event 1: 20"),
        *("SET_SIGINFO", "SUSPEND 10", "10 SYSCALL USR1"),
    ]


def test_what_is_let_go_gets_what_it_has_lost_and_what_it_stands_for(standin: Path) -> None:
    told = asked_after(standin, "STOP SCE USR1! pass SEGV? pass detach")
    assert told[-5:] == ["DETACH -", "kill SEGV", "kill USR1", "detach: 0", "wait: -10"]


def test_one_that_has_called_from_its_handler_has_not(standin: Path) -> None:
    told = asked_after(standin, "STOP SCE USR1! pass SCE SCE+ END")
    assert told.count("10 SYSCALL USR1") == 1


def test_a_call_that_is_answered_goes_on_before_a_signal_that_another_is_to_get(
    standin: Path,
) -> None:
    told = asked_after(standin, "STOP SCE USR1! pass SCE= answer SCE SCE+ END")
    at = told.index("SYSCALLEMU")
    assert told[at + 1 : at + 4] == ["10 SYSCALL of LWP 10", "10 stops: TRAP", "SET_SIGINFO"]


@pytest.mark.parametrize(("again", "times"), [("AGAIN", 1), ("SCE USR1!", 2), ("STOP! USR1!", 2)])
def test_one_that_was_not_the_one_to_stop_for_it_does_so_when_it_gets_it(
    standin: Path, again: str, times: int
) -> None:
    """Which is not told, where that is the next that it does."""
    told = asked_after(standin, f"STOP SCE USR1! pass {again} SCE END")
    assert told.count("10 stops: USR1") == times


def test_both_times_for_a_fault(standin: Path) -> None:
    told = asked_after(standin, "STOP SEGV pass SEGV SCE END")
    assert told[1:7] == [
        *("10 stops: SEGV", "SUSPEND 11", "10 SYSCALL SEGV"),
        *("10 SYSCALL SEGV", "RESUME 11", "10 stops: TRAP"),
    ]


@pytest.mark.parametrize("handlers", ["", "catches"])
@pytest.mark.parametrize("stop", ["STOP", "TSTP"])
def test_one_that_stops_is_not_passed_on(standin: Path, handlers: str, stop: str) -> None:
    """The process would stop by it again, without end."""
    told = asked_after(standin, f"{handlers} one STOP {stop}! pass SCE END")
    assert told[1:4] == [f"10 stops: {stop}", "10 SYSCALL -", "10 stops: TRAP"]


def test_the_others_do_not_wait_for_long(standin: Path) -> None:
    """It makes no call."""
    told = asked(standin, "STOP SEGV pass - - STOP SCE END")
    at = told.index("10 SYSCALL SEGV")
    assert told[at + 1 :][:5] == [*SLICE_OVER, "RESUME 11", "10 SYSCALL of LWP 11"]


def test_one_that_is_lost_inside_a_call_is_passed_on_again(standin: Path) -> None:
    """The kernel ends the call for it, and forgets it."""
    told = asked_after(standin, "one STOP SCE USR1! pass SCX USR1! SCE END")
    assert told[3:] == [
        *("10 stops: USR1", "10 SYSCALL USR1", "10 stops: TRAP"),
        *("SET_SIGINFO", "10 SYSCALL USR1", "10 SYSCALL USR1", "10 stops: TRAP"),
        *("10 SYSCALL -", "10 ends"),
    ]


@pytest.mark.parametrize(
    ("words", "last"),
    [
        # A step out of a call ends the round.
        ("STOP GONE SCX return TRACE END", "10 SYSCALL -"),
        # And a signal is for the first that can take it.
        ("masks STOP GONE USR1 pass END", "10 SYSCALL USR1"),
    ],
)
def test_one_that_is_ending_is_not_let_go_alone(standin: Path, words: str, last: str) -> None:
    """No stop would follow, and the others would stand for ever."""
    told = asked_after(standin, words)
    assert told[-2:] == [last, "10 ends"]
    assert "10 SYSCALL of LWP 11" not in told
    assert "SUSPEND 10" not in told


BEFORE_EXECVE = ["10 SYSCALL of LWP 10", "10 stops: TRAP"]
EXECVE = ["without ends of LWPs", "10 STEP of LWP 10"]
"""Others' exits from calls are no stops then, nor are their ends: two would wait for each other."""


@pytest.mark.parametrize("turn", ["SCE+", "SCX+ SCE+"])
def test_an_execve_waits_for_the_others_turns_and_goes_alone(standin: Path, turn: str) -> None:
    told = asked_after(standin, f"STOP EXECVE {turn} SCX SCE END")
    others = ["10 SYSCALL of LWP 11", "10 stops: TRAP"] * len(turn.split())
    assert told == [
        *(*BEFORE_EXECVE, *others, *EXECVE),
        *("10 stops: TRAP", "with ends of LWPs", "10 SYSCALL of LWP 10"),
        *("10 stops: TRAP", "10 SYSCALL of LWP 11", "10 ends"),
    ]


def test_a_step_out_of_an_execve_that_has_failed_is_its_exit(standin: Path) -> None:
    told = asked_after(standin, "STOP EXECVE SCE+ TRACE END")
    assert told[-5:] == [
        *("10 stops: TRAP", "with ends of LWPs", "call 59: 2"),
        *("10 SYSCALL of LWP 10", "10 ends"),
    ]


def test_what_comes_during_an_execve_leaves_it_alone(standin: Path) -> None:
    """The end of a slice, or a signal: it goes on as it did."""
    told = asked_after(standin, "STOP EXECVE - - STOP STOP USR1 TRACE END")
    assert told[len(BEFORE_EXECVE) :] == [
        *("10 SYSCALL of LWP 11", "kill STOP", *EXECVE),
        *("10 stops: STOP", EXECVE[1], "10 stops: USR1", EXECVE[1]),
        *("10 stops: TRAP", "with ends of LWPs", "call 59: 2", "10 SYSCALL of LWP 10", "10 ends"),
    ]


def test_an_execve_of_one_lwp_goes_on_as_any_call(standin: Path) -> None:
    told = asked_after(standin, "one STOP EXECVE SCX END")
    assert [line for line in told if "stops" not in line] == ["10 SYSCALL -"] * 3 + ["10 ends"]


def test_no_ends_are_reported_where_no_execve_is_seen(standin: Path) -> None:
    told = asked_after(standin, "STOP nocalls LWP nocalls END")
    assert told[:2] == ["without ends of LWPs", "CONTINUE -"]
    assert told[-2:] == ["CONTINUE -", "10 ends"]


def test_calls_are_seen_for_ends_to_be_reported(standin: Path) -> None:
    told = asked_after(standin, "exits STOP nocalls END")
    assert told == ["10 SYSCALL of LWP 10", "10 ends"]
    assert asked_after(standin, "one exits STOP nocalls END") == ["CONTINUE -", "10 ends"]


def test_a_call_that_is_answered_goes_on_before_any_other(standin: Path) -> None:
    """Whoever goes on first has its call left out."""
    told = asked_after(standin, "STOP SCE answer SCE END")
    assert told[told.index("SYSCALLEMU") + 1] == "10 SYSCALL of LWP 10"
    told = asked_after(standin, "STOP SCE answer detach STOP")
    assert told[told.index("detach:") + 1 :][:-2] == ["kill STOP", "CONTINUE LWP 10", "DETACH -"]


NARROW, FOREIGN = "a program of 32 bits", "a program of another system"


@pytest.mark.parametrize(("program", "said"), [("narrow", NARROW), ("linux", FOREIGN)])
def test_whose_calls_a_programs_are(standin: Path, program: str, said: str) -> None:
    """They are told as that one's system has them; an execve may change it."""
    told = asked_after(standin, f"{program} one STOP SCE SCX EXEC SCX END")
    assert told == [
        *(said, "10 SYSCALL -", *["10 stops: TRAP", said, "10 SYSCALL -"] * 2),
        *(*["10 stops: TRAP", "10 SYSCALL -"] * 2, "10 ends"),
    ]


def test_whose_calls_a_childs_are(standin: Path) -> None:
    told = asked_after(standin, "narrow one STOP FORK 20:FORK 20:SCE 20:END END")
    assert told.count(NARROW) == len(["STOP", "FORK", "20:FORK", "20:SCE"])


@pytest.mark.parametrize("program", ["narrow", "linux"])
def test_arguments_that_are_not_where_ours_are_cannot_be_changed(
    standin: Path, program: str
) -> None:
    assert f"change: {-EOPNOTSUPP}" in asked_after(standin, f"{program} one STOP SCE change END")


def test_an_answer_to_a_32_bit_program_has_two_halves(standin: Path) -> None:
    told = asked_after(standin, "narrow one STOP SCE answer END")
    assert told[told.index("SYSCALLEMU") + 1] == f"result {1 << 32 | 5} 1"


@pytest.mark.parametrize("program", ["", "narrow"])
def test_what_a_program_was_given_is_as_wide_as_it(standin: Path, program: str) -> None:
    told = asked_after(standin, f"{program} one STOP auxv END")
    assert [line for line in told if "auxv" in line] == [f"auxv: {n}" for n in (6, 4096, 0, 0)]
