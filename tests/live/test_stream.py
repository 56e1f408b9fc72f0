"""On every system: events in batches, while the tracees run on."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Callable
from typing import IO

import pytest
from record import check_record

import pypicotrace as pt

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]
PIPELINE = ["sh", "-c", "date | wc; exit 3"]


def test_a_stream_has_all_that_a_loop_has(scratch: Scratch) -> None:
    with pt.spawn(PIPELINE, follow=True, stdout=scratch()) as loop:
        batches = list(loop.stream(10))
    events = [event for batch in batches for event in batch]
    check_record(events)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[-1] == loop.status == pt.Exited(pid=loop.root, lwp=0, program=b"sh", status=3)
    assert all(1 <= len(batch) <= 10 for batch in batches)
    assert max(len(batch) for batch in batches) == 10
    assert all(event.stop is None for event in events)


def test_columns_tuples_and_events_say_the_same(scratch: Scratch) -> None:
    with pt.spawn(PIPELINE, follow=True, stdout=scratch()) as loop:
        batch = max(loop.stream(10**6), key=len)  # the first may come with one event
    fields = batch.fields
    rows = [dict(zip(fields, row, strict=True)) for row in batch.tuples()]
    assert len(rows) == len(batch) == len(batch.pid)
    for i, (row, event) in enumerate(zip(rows, batch, strict=True)):
        assert (row["pid"], row["lwp"], row["seq"]) == (event.pid, event.lwp, event.seq)
        assert (batch.pid[i], batch.lwp[i], batch.ts_ns[i]) == (event.pid, event.lwp, event.ts_ns)
        assert row["program"].rstrip(b"\0") == event.program
        if isinstance(event, pt.SyscallEntry):
            assert tuple(batch.args[i, j] for j in range(batch.nargs[i])) == event.args
            assert row["sysnum"] == batch.sysnum[i] == event.sysnum
        else:
            assert row["sysnum"] == batch.sysnum[i] == -1
    assert bytes(batch.program[0, j] for j in range(24)) == rows[0]["program"]
    assert batch[-1] == list(batch)[-1]
    assert [event.seq for event in batch[2:4]] == [row["seq"] for row in rows[2:4]]


def test_numpys_interface_describes_the_record(scratch: Scratch) -> None:
    """Without numpy: the fields' offsets are where a packed reading of the description has them."""
    with pt.spawn(["date"], stdout=scratch()) as loop:
        batch = next(loop.stream())
    interface = batch.__array_interface__
    sizes = {"<u8": 8, "<u4": 4, "<i4": 4, "<u2": 2, "|S24": 24}
    packed = sum(
        sizes[kind] * (shape[0] if shape else 1)
        for _, kind, *(shape,) in [
            (name, kind, rest[0] if rest else ()) for name, kind, *rest in interface["descr"]
        ]
    )
    assert f"|V{packed}" == interface["typestr"]
    assert interface["shape"] == (len(batch),)
    assert len(batch.buffer()) == packed * len(batch)


@pytest.mark.parametrize("name", ["sysnumber", "stop", "_x"])
def test_a_field_that_a_record_has_not(scratch: Scratch, name: str) -> None:
    with pt.spawn(["date"], stdout=scratch()) as loop:
        batch = next(loop.stream())
    with pytest.raises(AttributeError, match=name):
        getattr(batch, name)


def test_a_batch_that_is_not_full_comes_soon(scratch: Scratch) -> None:
    with pt.spawn(["sleep", "60"], stdout=scratch()) as loop:
        first = next(loop.stream())
        assert isinstance(first[0], pt.Exec)
        assert time.monotonic_ns() - first[0].ts_ns < 5 * 10**9


def test_tracees_run_on(tracee: Tracee, scratch: Scratch) -> None:
    """None waits for the reader of its events."""
    with pt.spawn([tracee("portable/threads"), "busy", "2"], stdout=scratch()) as loop:
        stream = loop.stream(64)
        next(stream)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            if all(lwp.state != "standing" for lwp in loop.lwps()):
                break
            next(stream)
        else:
            pytest.fail("an LWP stands still all the time")


def test_interrupted_it_ends_and_another_goes_on(scratch: Scratch) -> None:
    with pt.spawn(["sh", "-c", "date; date"], follow=True, stdout=scratch()) as loop:
        loop.interrupt()
        assert list(loop.stream()) == []
        assert sum(len(batch) for batch in loop.stream()) > 100


SLEEPS = ["sh", "-c", "for i in 1 2 3 4 5; do sleep 0.02; done"]


def test_a_stream_within_an_iteration() -> None:
    """Afterwards the LWPs of the iteration's events stand still again."""
    with pt.spawn(SLEEPS, events=pt.SCE) as loop:
        seqs = []
        for number, event in enumerate(loop):
            seqs.append(event.seq)
            assert event.stop.read(event.stop.pc, 1)
            if number == 3:
                seqs += next(loop.stream(4)).seq
    assert seqs == list(range(1, len(seqs) + 1))


@pytest.mark.parametrize("way", [lambda loop: next(iter(loop)), lambda loop: next(loop.stream(1))])
def test_events_within_lines(way: Callable[[pt.Loop], object]) -> None:
    with pt.spawn(SLEEPS, follow=True) as loop:
        lines = b""
        for piece in loop.text():
            if not lines:
                assert way(loop)
            lines += piece.lines
    assert lines.endswith(b"EXITED status=0\n")


def test_lines_have_two_readers() -> None:
    """Each piece is one reader's, and both come to an end."""
    with pt.spawn(SLEEPS, follow=True) as loop:
        one, other = loop.text(), loop.text()
        pieces = [next(one), next(other), next(one), *one, *other]
    lines = b"".join(piece.lines for piece in pieces)
    assert lines.count(b" EXITED status=0\n") == 6


def test_no_room() -> None:
    with pytest.raises(ValueError, match="at least"), pt.spawn(["sleep", "9"]) as loop:
        loop.stream(0)


def test_asynchronously_the_host_goes_on(scratch: Scratch) -> None:
    """And its own children keep their ends."""

    async def host() -> list[pt.Event]:
        events: list[pt.Event] = []
        async with pt.spawn(PIPELINE, follow=True, stdout=scratch()) as loop:
            child = await asyncio.create_subprocess_exec("sh", "-c", "exit 7")
            async for batch in loop.stream(50):
                events += batch
            assert await child.wait() == 7
        assert loop.status == events[-1]
        return events

    check_record(asyncio.run(host()))


def test_asynchronously_cancelled_nothing_is_left(scratch: Scratch) -> None:
    async def host() -> pt.Loop:
        async with pt.spawn(["sleep", "60"], stdout=scratch()) as loop:

            async def read() -> None:
                async for _ in loop.stream():
                    pass

            reader = asyncio.create_task(read())
            await asyncio.sleep(0)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            # Another reader goes on.
            os.kill(loop.root, signal.SIGTERM)
            ends = [event async for batch in loop.stream() for event in batch]
            assert isinstance(ends[-1], pt.Signaled)
        return loop

    loop = asyncio.run(host())
    assert isinstance(loop.status, pt.Signaled)


def test_asynchronously_cancelled_twice_others_go_on(scratch: Scratch) -> None:
    async def host() -> None:
        async with pt.spawn(["sleep", "60"], stdout=scratch()) as loop:

            async def read() -> None:
                async for _ in loop.stream():
                    pass

            reader = asyncio.create_task(read())
            while not reader.done():
                await asyncio.sleep(0)
                reader.cancel()
            assert reader.cancelled()
            os.kill(loop.root, signal.SIGTERM)
            ends = [event async for batch in loop.stream() for event in batch]
            assert isinstance(ends[-1], pt.Signaled)

    asyncio.run(host())


def test_asynchronously_each_batch_is_one_readers(scratch: Scratch) -> None:
    """Also one that begins when a batch has come, and whom it is for has not looked yet."""

    async def host() -> list[int]:
        numbers: list[int] = []
        async with pt.spawn(PIPELINE, follow=True, stdout=scratch()) as loop:

            async def read() -> None:
                async for batch in loop.stream(16):
                    numbers.extend(batch.seq)

            readers = [asyncio.create_task(read())]
            await asyncio.sleep(0)
            while loop.kept is None:
                time.sleep(0.001)  # not asyncio's: it would let the reader look
            readers.append(asyncio.create_task(read()))
            await asyncio.gather(*readers)
        return numbers

    numbers = asyncio.run(host())
    assert sorted(numbers) == list(range(1, len(numbers) + 1))


def test_asynchronously_one_of_two_readers_is_cancelled(scratch: Scratch) -> None:
    async def host() -> None:
        async with pt.spawn(["sleep", "60"], stdout=scratch()) as loop:

            async def read() -> pt.Event:
                return [event async for batch in loop.stream() for event in batch][-1]

            first, second = asyncio.create_task(read()), asyncio.create_task(read())
            await asyncio.sleep(0)
            second.cancel()
            with pytest.raises(asyncio.CancelledError):
                await second
            os.kill(loop.root, signal.SIGTERM)
            assert isinstance(await first, pt.Signaled)

    asyncio.run(host())


def test_asynchronously_the_block_is_left_while_a_reader_waits() -> None:
    """Which does not hold it up, and ends."""

    async def host() -> pt.Loop:
        asleep = asyncio.Event()
        async with pt.spawn(["sleep", "60"]) as loop:

            async def read() -> None:
                async for batch in loop.stream():
                    if any("nanosleep" in getattr(event, "name", "") for event in batch):
                        asleep.set()

            reader = asyncio.create_task(read())
            await asleep.wait()
        await reader
        return loop

    assert isinstance(asyncio.run(host()).status, pt.Signaled)


def test_asynchronously_cancelled_while_the_block_is_left_nothing_is_left() -> None:
    loop = pt.spawn(["sleep", "60"])

    async def host() -> None:
        leaves = asyncio.Event()

        async def trace() -> None:
            async with loop:
                leaves.set()

        tracer = asyncio.create_task(trace())
        await leaves.wait()
        tracer.cancel()
        with pytest.raises(asyncio.CancelledError):
            await tracer
        assert isinstance(loop.status, pt.Signaled)

    asyncio.run(host())


def test_asynchronously_entered_twice() -> None:
    """The second time is refused, and the first is none the worse."""

    async def host() -> None:
        async with pt.spawn(["sleep", "60"]) as loop:
            with pytest.raises(pt.LoopClosed, match="once"):
                async with loop:
                    pass
            assert [lwp.pid for lwp in await loop.call(loop.lwps)] == [loop.root]
        assert isinstance(loop.status, pt.Signaled)
        with pytest.raises(pt.LoopClosed):
            await loop.call(loop.lwps)
        with pt.spawn(["sleep", "60"]) as loop:
            with pytest.raises(pt.LoopClosed, match="once"):
                async with loop:
                    pass
            assert loop.lwps()

    asyncio.run(host())


def test_asynchronous_iteration_takes_an_asynchronous_block(scratch: Scratch) -> None:
    async def host() -> None:
        with pt.spawn(["date"], stdout=scratch()) as loop:
            async for _ in loop.stream():
                pass

    with pytest.raises(TypeError, match="async with"):
        asyncio.run(host())
