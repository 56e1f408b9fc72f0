"""On every system: what other threads and tasks ask of the loop while it waits."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import IO, Any

import pytest
from record import check_record, of
from runs import Target, until
from system import untouched

import pypicotrace as pt
from pypicotrace.text import Text
from pypicotrace.worker import Worker

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]


def iterate(loop: pt.Loop) -> None:
    list(loop)


def stream(loop: pt.Loop) -> None:
    list(loop.stream())


def write(loop: pt.Loop) -> None:
    with open(os.devnull, "w") as file:
        assert loop.write_text(file.fileno(), Text.PLAIN) == 0


WAYS = pytest.mark.parametrize("way", [iterate, stream, write])


@WAYS
def test_input_20_closed_by_another_thread(way: Callable[[pt.Loop], None]) -> None:
    with pt.spawn(["sleep", "60"]) as loop:
        timer = threading.Timer(0.05, loop.close)
        timer.start()
        way(loop)
        timer.join()
        assert isinstance(loop.status, pt.Signaled)
        with pytest.raises(pt.LoopClosed):
            next(iter(loop))
        with pytest.raises(pt.LoopClosed):
            loop.add(["true"])
    with pytest.raises(ProcessLookupError):
        os.kill(loop.root, 0)


@WAYS
def test_closed_before_it_is_asked_for_an_event(way: Callable[[pt.Loop], None]) -> None:
    with pt.spawn(["sleep", "60"]) as loop:
        other = threading.Thread(target=loop.close)
        other.start()
        other.join()
        assert loop.status is None
        assert loop.lwps()
        way(loop)
        assert isinstance(loop.status, pt.Signaled)


def test_closed_in_the_middle_of_a_body(start: Callable[..., Target], tracee: Tracee) -> None:
    """The stop in hand is good until the next event is asked for."""
    made = start([tracee("portable/targets"), "running"], stdin=-1)
    until(lambda: made.said("ready"), "ready")
    seen = []
    with pt.attach(made.pid) as loop:
        for ev in loop:
            seen.append(ev)
            other = threading.Thread(target=loop.close)
            other.start()
            other.join()
            assert ev.stop is not None
            assert ev.stop.lwps
    assert len(seen) == 1
    until(lambda: untouched(made.pid), "it is let go")


def test_input_25_closed_twice_and_after_the_end(scratch: Scratch) -> None:
    with pt.spawn(["date"], stdout=scratch()) as loop:
        list(loop)
    for _ in range(2):
        other = threading.Thread(target=loop.close)
        other.start()
        other.join()
    assert isinstance(loop.status, pt.Exited)


def test_input_20_other_uses_from_another_thread_are_refused() -> None:
    refused: list[type[BaseException]] = []
    with pt.spawn(["sleep", "60"]) as loop:

        def use() -> None:
            for function, arguments in ((loop.add, (["true"],)), (loop.detach, (loop.root,))):
                try:
                    function(*arguments)  # type: ignore[operator]
                except pt.WrongThread as error:
                    refused.append(type(error))

        other = threading.Thread(target=use)
        other.start()
        other.join()
    assert refused == [pt.WrongThread] * 2


def test_asynchronously_processes_come_and_go(scratch: Scratch) -> None:
    """While a stream waits, which goes on."""

    async def host() -> None:
        async with pt.spawn(["sleep", "60"], follow=True) as loop:
            events: list[pt.Event] = []

            async def read() -> None:
                async for batch in loop.stream():
                    events.extend(batch)

            reader = asyncio.create_task(read())
            added = []
            for status in (4, 5):
                argv = ["sh", "-c", f"(exit 1); exit {status}"]
                added.append(await loop.call(loop.add, argv, stdout=scratch()))
                while not of(events, pt.Exited, pid=added[-1]):
                    await asyncio.sleep(0.001)
            await loop.call(loop.detach, loop.root)
            await reader
            check_record(events, added=added)
            assert of(events, pt.Detached, pid=loop.root)
            assert [of(events, pt.Exited, pid=pid)[0].status for pid in added] == [4, 5]
            # None is left, and it may begin anew.
            added.append(await loop.call(loop.add, ["sh", "-c", "exit 6"]))
            await read()
            check_record(events, added=added)
        assert loop.status is None
        os.kill(loop.root, signal.SIGKILL)
        assert os.waitpid(loop.root, 0) == (loop.root, signal.SIGKILL)

    asyncio.run(host())


def test_asynchronously_what_a_function_raises_is_its_callers() -> None:
    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:
            with pytest.raises(pt.NotTraced):
                await loop.call(loop.detach, 1)
            with pytest.raises(pt.LaunchError):
                await loop.call(loop.add, ["/nonexistent/program"])
            assert await loop.call(threading.get_ident) != threading.get_ident()
            many = (loop.call(lambda n: n + 1, n) for n in range(100))
            assert await asyncio.gather(*many) == list(range(1, 101))

    asyncio.run(host())


def test_asynchronously_a_stop_iteration_reaches_who_waits() -> None:
    """Who waits would do so for ever: asyncio drops it."""

    async def host(refuses: bool) -> None:
        nothing: Iterator[None] = iter(())

        def refused(error: pt.AttachError) -> None:
            next(nothing)

        if refuses:
            async with pt.attach(os.getpid(), on_refused=refused):
                pass
        async with pt.spawn(["sleep", "60"]) as loop:
            await loop.call(next, nothing)

    for refuses in (True, False):
        with pytest.raises(RuntimeError, match="raised StopIteration"):
            asyncio.run(asyncio.wait_for(host(refuses), 10))


def test_asynchronously_a_call_that_is_cancelled_is_not_made() -> None:
    called = []

    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:
            held = threading.Event()
            first = asyncio.create_task(loop.call(held.wait))
            second = asyncio.create_task(loop.call(lambda: called.append(2)))
            await asyncio.sleep(0.01)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            held.set()
            assert await first
            assert await loop.call(lambda: 3) == 3

    asyncio.run(host())
    assert called == []


def test_asynchronously_it_is_closed_from_outside() -> None:
    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:
            asyncio.get_running_loop().call_later(0.05, loop.close)
            async for _ in loop.stream():
                pass
            assert isinstance(loop.status, pt.Signaled)

    asyncio.run(host())


def test_asynchronously_a_call_comes_as_the_block_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    called, finish = threading.Event(), pt.Loop._finish

    def late(self: pt.Loop, pointer: Any) -> None:
        called.wait()
        finish(self, pointer)

    monkeypatch.setattr(pt.Loop, "_finish", late)

    async def call(loop: pt.Loop) -> None:
        try:
            await loop.call(lambda: None)
        finally:
            called.set()

    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:
            caller = asyncio.create_task(call(loop))  # which begins when the block waits
        with pytest.raises(pt.LoopClosed):
            await caller

    asyncio.run(host())


def test_asynchronously_a_call_closes_it() -> None:
    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:

            async def read() -> None:
                async for _ in loop.stream():
                    pass

            reader = asyncio.create_task(read())
            await asyncio.sleep(0)
            await loop.call(loop.close)
            await reader
            assert isinstance(loop.status, pt.Signaled)

    asyncio.run(host())


@pytest.mark.parametrize("handed", [True, False], ids=["closed", "called"])
def test_asynchronously_it_is_closed_between_two_batches(handed: bool) -> None:
    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:
            async for batch in loop.stream(1):
                assert len(batch) == 1
                if handed:
                    loop.close()
                while loop.status is None:
                    if not handed:
                        await loop.call(loop.close)
                    await asyncio.sleep(0.001)

    asyncio.run(host())


def test_asynchronously_it_is_closed_while_nobody_reads() -> None:
    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:
            loop.close()
            while loop.status is None:
                await asyncio.sleep(0.001)

    asyncio.run(host())


def test_asynchronously_it_is_closed_from_outside_as_the_block_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Just after it was found to be open."""
    left, raised, post = threading.Event(), [], Worker.post

    def late(self: Worker, function: Callable[[], Any]) -> None:
        left.wait()
        post(self, function)

    monkeypatch.setattr(Worker, "post", late)

    def close(loop: pt.Loop) -> None:
        try:
            loop.close()
        except RuntimeError as error:
            raised.append(error)

    async def host() -> threading.Thread:
        async with pt.spawn(["sleep", "60"]) as loop:
            other = threading.Thread(target=close, args=(loop,))
            other.start()
            async for _ in loop.stream():
                pass
        return other

    other = asyncio.run(host())
    left.set()
    other.join()
    assert raised == []


def test_a_call_takes_an_asynchronous_block() -> None:
    refused = pytest.raises(TypeError, match="call the function as it is")
    with pt.spawn(["sleep", "60"]) as loop, refused:
        asyncio.run(loop.call(loop.add, ["true"]))


def test_nothing_is_done_while_it_waits() -> None:
    """Also after it was called: the pace of a summons is not kept."""

    async def host() -> float:
        async with pt.spawn(["sleep", "60"]) as loop:

            async def read() -> None:
                async for _ in loop.stream():
                    pass

            reader = asyncio.create_task(read())
            await loop.call(lambda: None)
            before = await loop.call(time.thread_time)
            await asyncio.sleep(1)
            spent = await loop.call(time.thread_time) - before
            loop.interrupt()
            await reader
            return spent

    assert asyncio.run(host()) < 0.2


def test_keep_is_asked_in_the_thread_of_the_loop(scratch: Scratch) -> None:
    threads: set[int] = set()

    def keep(path: bytes, argv: list[bytes]) -> bool:
        threads.add(threading.get_ident())
        return argv != [b"date"]

    async def host() -> None:
        record: list[Any] = []
        argv = ["sh", "-c", "date; exit 3"]
        async with pt.spawn(argv, follow=True, stdout=scratch(), keep=keep) as loop:
            async for batch in loop.stream():
                record += batch
            assert threads == {await loop.call(threading.get_ident)}
        assert len(of(record, pt.Detached)) == 1

    asyncio.run(host())
