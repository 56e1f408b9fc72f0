"""A C loop, held by the thread that entered it: opened once, used by nobody else, closed once."""

from __future__ import annotations

import contextlib
import errno
import os
import weakref
from collections.abc import Callable, Container
from threading import get_ident
from typing import TYPE_CHECKING, Any, TypeVar

from pypicotrace._ffi import lib
from pypicotrace.errors import LoopClosed, WrongThread, check
from pypicotrace.owner import Owner, here, orphans_of, reap
from pypicotrace.summons import Summons

if TYPE_CHECKING:
    from pypicotrace.worker import Worker

Result = TypeVar("Result")

# How long closing waits for LWPs that must stop before they can be let go. One that is asleep in
# the kernel (a parent in vfork) does not until it wakes up.
CLOSE_TIMEOUT_NS = 10 * 10**9
ENTERED = "a loop is entered once; make another"
held: weakref.WeakSet[Holding] = weakref.WeakSet()
"""All of this program, some of which may have been closed."""


class Holding:
    """What `Loop` has of a C loop, and of the thread that it belongs to.

    ``turn`` grows whenever an LWP is resumed. ``worker`` is the thread that the loop belongs to,
    in an ``async with`` block. ``attached`` has the processes that were attached to.
    """

    attached: dict[int, int]

    def __init__(self) -> None:
        self._pointer: Any = None
        self._keep: list[Any] = []
        self._owner: Owner | None = None
        self._abandoned: weakref.finalize[..., Holding] | None = None
        self._unwanted = False
        # The owner again, in a form that is quick to look at: 0 is no thread's.
        self._thread = 0
        self._summons = Summons()
        # The thread that has the C loop in its hands: a signal handler does not close it there.
        self._in_hand = 0
        self.turn = 0
        self.worker: Worker | None = None

    # What a loop does with the C loop that it holds.

    def _open(self) -> Any:
        """A C loop."""
        raise NotImplementedError

    def _begin(self, pointer: Any) -> None:
        """Start and attach to what it is to trace."""
        raise NotImplementedError

    def _answer(self, pointer: Any) -> None:
        """Answer what it asks for."""
        raise NotImplementedError

    def _finish(self, pointer: Any) -> None:
        """Take what is left in it: it is closed, and freed next."""
        raise NotImplementedError

    def _enter(self) -> None:
        self._in_hand = get_ident()
        try:
            if self._owner is not None:
                raise LoopClosed(ENTERED)
            with self._summons.lock:
                if self._unwanted:
                    raise LoopClosed("the loop was closed before it was entered")
                pointer = self._open()
                try:
                    self._own(pointer)
                except BaseException:
                    self._disown(pointer)  # a signal's handler has raised
                    raise
            try:
                self._begin(pointer)
            except BaseException:
                self._close()
                raise
        finally:
            self._in_hand = 0

    def _own(self, pointer: Any) -> None:
        """Hold this C loop from now on, which is this thread's."""
        owner, there = here(), weakref.ref(self)
        self._abandoned = weakref.finalize(
            self, _abandon, there, pointer, owner, self._keep, self.attached
        )
        self._summons.open(pointer)
        held.add(self)
        # Last, and at once: where a signal's handler raises before, there is nothing to close.
        self._owner = owner
        self._pointer, self._thread = pointer, owner.ident

    def __exit__(self, *exc: object) -> None:
        try:
            self._leave()
        except BaseException:
            self._leave()  # a signal's handler may have raised before anything was done
            raise

    def _leave(self) -> None:
        # A fork of the program that leaves the block has nothing to close.
        if self._owner is None or self._owner.is_of_this_process():
            self.close()

    def close(self) -> None:
        """End what was spawned and detach from what was attached. May be called again.

        From another thread than the loop's, and from a signal handler in the midst of a use of the
        loop, it returns at once: the loop is closed, and its iteration ends, when its thread asks
        for an event, or leaves the block; at once where that thread has ended. One that was not
        entered yet cannot be any more.

        :raises WrongThread: another process entered the loop, of which this one is a fork.
        :raises KernelError: ETIMEDOUT, something is asleep in the kernel and cannot be let go; it
            will be when the loop's thread has ended.
        """
        if self._in_hand == get_ident():
            self._summons.close()
            return
        with self._summons.lock:
            if self._pointer is None:
                self._unwanted |= self._owner is None
                return
            orphans = self._taken_over()
        if self._belongs_to_another_thread():
            self._summons.close()
            worker = self.worker
            if worker is not None:
                with contextlib.suppress(RuntimeError):  # it has ended, and the loop before it
                    worker.post(self.close)
            return
        self._in_hand = get_ident()
        try:
            if self._pointer is not None:
                self._close()
        finally:
            self._in_hand = 0
            reap(orphans)

    def _taken_over(self) -> list[int]:
        """Hold a loop whose thread has ended; returns the children that are to be waited for."""
        if self._owner is None or not self._owner.has_ended():
            return []
        self._owner = here()
        self._thread = self._owner.ident
        return orphans_of(self._pointer, self.attached)

    def _close(self) -> None:
        pointer = self.pointer()
        self.turn += 1
        left = lib.pico_loop_close(pointer, CLOSE_TIMEOUT_NS)
        try:
            self._finish(pointer)
        finally:
            with self._summons.lock:
                self._disown(pointer)
            self._keep.clear()
        check(left, "close")

    def _disown(self, pointer: Any) -> None:
        """Free a C loop, and hold it no longer."""
        self._forget()
        if self._abandoned is not None:
            self._abandoned.detach()
        lib.pico_loop_free(pointer)

    def _forget(self) -> None:
        """Hold the C loop no longer, which is closed, and freed next."""
        self._summons.shut()
        self._pointer = None
        self._thread = 0

    def interrupt(self) -> None:
        """Make the iteration, or `write_text`, end soon. From any thread, or a signal handler."""
        self._summons.interrupt()

    @property
    def interrupted(self) -> bool:
        """`interrupt` or `close` was called, and the iteration has not ended yet."""
        return self._summons.ending

    def hurry(self, hurried: bool) -> None:
        """Have `take` return soon, as long as it is ``hurried``; for `Stream`."""
        self._summons.hurry(hurried)

    def pointer(self) -> Any:
        """The C loop, for the thread that may use it.

        :raises LoopClosed: it is not open.
        :raises WrongThread: another thread entered the loop, or this is a fork of its process.
        """
        is_owner = self._owner is not None and self._owner.is_here()
        pointer = self._pointer  # the last call is behind us: no signal handler closes it now
        if pointer is None:
            raise LoopClosed("the loop is not open: use it inside its with block")
        if not is_owner:
            raise WrongThread("ptrace belongs to the thread that entered the loop")
        return pointer

    def _hold(self, use: Callable[[Any], Result]) -> Result:
        """Use the C loop, which no signal handler closes meanwhile."""
        self.pointer()
        before, self._in_hand = self._in_hand, self._thread
        try:
            return use(self.pointer())
        finally:
            self._in_hand = before

    def _belongs_to_another_thread(self) -> bool:
        owner = self._owner
        return owner is not None and owner.is_of_this_process() and not owner.is_here()

    def _next(self, batch: Any, size: int) -> int:
        self.turn += 1
        while not self._summons.waiting or self._heed():
            if get_ident() != self._thread:
                self.pointer()  # which says what is wrong
            got: int = lib.pico_loop_next(self._pointer, batch, size, 0)
            if got > 0:
                return got
            if got == lib.PICO_ASKS:
                self._hold(self._answer)
                continue
            # EINTR: back to the interpreter, so that Python's signal handlers run.
            if got != -errno.EINTR:
                return check(got, "trace")
        return 0

    def _heed(self) -> bool:
        goes_on = self._pointer is not None and self._summons.heed(self.close)
        return goes_on and self._pointer is not None  # what was called may have closed the loop


def _abandon(
    there: weakref.ref[Holding],
    pointer: Any,
    owner: Owner,
    keep: list[Any],
    attached: Container[int],
) -> None:
    """Close a loop that nobody can close any more, also where the interpreter ends.

    In another thread that cannot be done, as long as the loop's own lives.
    """
    ended = owner.has_ended()
    if owner.is_here() or ended:
        orphans = orphans_of(pointer, attached) if ended else []
        lib.pico_loop_close(pointer, CLOSE_TIMEOUT_NS)
        loop = there()
        if loop is not None:  # the interpreter ends, and what it calls now may use it
            loop._forget()
        lib.pico_loop_free(pointer)
        keep.clear()
        reap(orphans)


def _forked() -> None:
    """In a fork of the program the same thread holds none of them."""
    for loop in held:
        loop._thread = 0


os.register_at_fork(after_in_child=_forked)
