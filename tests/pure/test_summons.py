"""What the thread that owns a loop is asked for: done in its turn, and nothing of it is lost."""

from __future__ import annotations

import threading

from pypicotrace.summons import Summons


def closed() -> None:
    raise AssertionError("nobody has asked for that")


def test_nothing_was_asked_for() -> None:
    assert not Summons().waiting


def test_an_interrupt_ends_one_iteration() -> None:
    summons = Summons()
    summons.interrupt()
    summons.interrupt()
    assert summons.waiting
    assert not summons.heed(closed)
    assert not summons.waiting
    assert summons.heed(closed)
    assert summons.impatient


def test_a_hurry_leaves_it_until_that_is_over() -> None:
    summons = Summons()
    summons.hurry(True)
    assert not summons.heed(closed)
    assert not summons.heed(closed)
    summons.hurry(False)
    assert summons.heed(closed)
    assert not summons.waiting
    assert not summons.impatient


def test_an_interrupt_meanwhile_ends_the_next() -> None:
    summons = Summons()
    summons.hurry(True)
    summons.interrupt()
    assert not summons.heed(closed)
    summons.hurry(False)
    assert not summons.heed(closed)
    assert summons.heed(closed)


def test_calls_are_made_in_order_and_the_iteration_goes_on() -> None:
    summons, made = Summons(), []
    for number in range(3):
        summons.call(lambda number=number: made.append(number))  # type: ignore[misc]
    # One that asks for another.
    summons.call(lambda: summons.call(lambda: made.append(4)))
    assert summons.heed(closed)
    assert made == [0, 1, 2, 4]
    assert not summons.waiting


def test_a_close_is_asked_for_until_it_is_done() -> None:
    summons, times = Summons(), []
    summons.call(lambda: times.append("called"))
    summons.close()
    summons.interrupt()
    assert not summons.heed(lambda: times.append("closed"))
    assert times == ["called", "closed"]


def test_what_is_asked_for_from_many_threads_is_done_once() -> None:
    summons, made = Summons(), []
    threads = [
        threading.Thread(target=lambda: [summons.call(lambda: made.append(1)) for _ in range(100)])
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    while len(made) < 800:
        if summons.waiting:
            assert summons.heed(closed)
    for thread in threads:
        thread.join()
    assert not summons.waiting or summons.heed(closed)
    assert len(made) == 800
