"""A thread that owns a loop, for those who cannot wait themselves: ptrace belongs to a thread."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from pypicotrace.summons import Summons

Result = TypeVar("Result")


class Worker:
    """Calls functions in a thread of its own, one after another."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="pypicotrace")
        # Held by who reads events: who is hurried is then its own call, and no other reader's.
        self.reading = asyncio.Lock()

    async def call(self, function: Callable[[], Result], hurry: Callable[[bool], Any]) -> Result:
        """Call it there.

        Where the caller is cancelled, ``hurry(True)`` has to make it return soon, and when it has
        returned, ``hurry(False)`` is called.
        """
        event_loop = asyncio.get_running_loop()
        under_way = event_loop.run_in_executor(self._executor, lambda: _returned(function))
        try:
            return await asyncio.shield(under_way)
        except asyncio.CancelledError:
            if not under_way.done():
                hurry(True)
                await _end_of(under_way)
                hurry(False)
            raise

    async def between(self, summons: Summons, function: Callable[[], Result]) -> Result:
        """Call it there, also while another call is under way that heeds what it is asked for."""
        done: Future[Result] = Future()

        def run() -> None:
            if not done.set_running_or_notify_cancel():
                return  # the caller has been cancelled
            try:
                done.set_result(_returned(function))
            except BaseException as error:
                done.set_exception(error)

        summons.call(run)
        # For the case that none is under way, or that it ends before it looks.
        self.post(summons.heed_calls)
        return await asyncio.wrap_future(done)

    def post(self, function: Callable[[], Any]) -> None:
        """Have it called there, after what is under way; from any thread."""
        self._executor.submit(function)

    async def end(self, close: Callable[[], Any]) -> None:
        """Call it there, and end the thread.

        Where the caller is cancelled, after that: when this is left, nothing is left traced.
        """
        closing = asyncio.get_running_loop().run_in_executor(self._executor, close)
        try:
            await asyncio.shield(closing)
        finally:
            await _end_of(closing)
            self._executor.shutdown(wait=True)


def _returned(function: Callable[[], Result]) -> Result:
    """What it returns; a StopIteration of its own asyncio would never hand to who waits for it."""
    try:
        return function()
    except StopIteration as error:
        raise RuntimeError("what was called raised StopIteration") from error


async def _end_of(under_way: asyncio.Future[Any]) -> None:
    """Wait for it, also while the caller, who has been cancelled, is cancelled again."""
    while not under_way.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([under_way])
