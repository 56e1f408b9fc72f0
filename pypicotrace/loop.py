"""The loop, which traces.

What can be decided without Python (waiting, decoding, filtering, text) is decided in C.
"""

from __future__ import annotations

import errno
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar, cast, overload

from pypicotrace import syscalls as tables
from pypicotrace._ffi import ffi, lib
from pypicotrace.attaching import attach_to, children_of, let_go, process_id
from pypicotrace.choice import Choice, native_abis
from pypicotrace.errors import AttachError, LoopClosed, Unsupported
from pypicotrace.filtering import NOT_ASKED, RUNNING, Filtering
from pypicotrace.holding import ENTERED, Holding
from pypicotrace.images import argv_of, path_of
from pypicotrace.kinds import Kind, Mask
from pypicotrace.launch import Launch, LaunchOptions, Path, plan, start
from pypicotrace.lwps import LwpNow, lwps_now
from pypicotrace.opening import native_kernel, open_loop
from pypicotrace.refusals import has_ended
from pypicotrace.text import Piece, Text, open_text, take_pieces

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from pypicotrace.batch import Batch, Batches
    from pypicotrace.events import Event, Exited, Signaled
    from pypicotrace.stream import Stream

P = ParamSpec("P")
Result = TypeVar("Result")

SECONDS_MAX = 10.0**9
CALLS_MAX = 2**63 - 1


class Loop(Holding):
    """The tracer's loop: a context manager, and an iterator of events.

    Made by `spawn` and `attach`. Entering it launches or attaches; leaving it ends what was spawned
    and detaches from what was attached, whatever happened inside. Iterating gives one event at a
    time, its LWP stopped until the next one is asked for. It belongs to the thread that entered it;
    `interrupt` and `close` alone may be called from another.

    ``root`` is the pid of the program that was spawned first; ``attached`` has the number of LWPs
    of each process that was attached to, until `detach`. ``filtering`` says whether the kernel
    chooses the calls, and why it does not. ``rest`` is what `keep_rest` asks for.
    """

    def __init__(
        self,
        launch: Launch | None,
        pids: Sequence[int],
        choice: Choice,
        *,
        children: bool = False,
        on_refused: Callable[[AttachError], None] | None = None,
        open_kernel: Callable[[], Any] | None = None,
        abis: Sequence[str] = (),
    ) -> None:
        super().__init__()
        self._launch = launch
        self._pids = pids
        self._choice = choice
        self._children = children
        self._on_refused = on_refused
        self._open_kernel = open_kernel or native_kernel
        self._tables = [tables.load(abi) for abi in abis or native_abis()]
        self._text: Any = None
        # The same where it keeps its lines, and those taken from it that nobody has got yet.
        self._kept: Any = None
        self._pieces: deque[Piece] = deque()
        # As the C loop is before it is told otherwise.
        self._mode = lib.PICO_MODE_STOP
        # What C may have filled before a signal's handler raised, so that it is nobody's event yet.
        self._unseen: Any = None
        self._keeps_rest = self._stopped = self._left = False
        self._end: Any = None
        self.kept: Batch | None = None
        self.filling: Batches | None = None
        self.root = 0
        self.attached: dict[int, int] = {}
        self.filtering: Filtering = NOT_ASKED
        self.rest: Batch | None = None
        self.rest_text: list[Piece] = []
        # Both are set before the loop is entered. The program does nothing else,
        self.alone = False
        # and has these at their default for itself alone: the program that it starts ignores them.
        self.ignored_signals: tuple[int, ...] = ()

    def __enter__(self) -> Loop:
        self._enter()
        return self

    @overload
    def add(self, what: int) -> int: ...

    @overload
    def add(self, what: Sequence[Path], **options: Unpack[LaunchOptions]) -> int: ...

    def add(self, what: int | Sequence[Path], **options: Unpack[LaunchOptions]) -> int:
        """Trace one more: start a program, or attach to a process.

            loop.add(["make", "-j2"], cwd="/usr/src")
            loop.add(1234)

        At any time while the loop is open: in the body of an iteration, before the first, or when
        it has ended because no tracee was left; iterate again then. What is traced and reported of
        it is as the loop was asked for. ``status`` and ``root`` stay those of the first program.

        :param what: the program and its arguments; or a process id.
        :param options: of a program: how to start it, as `spawn` takes them.
        :returns: the process id.
        :raises TypeError, ValueError: an argument is not what it must be.
        :raises LaunchError: the program cannot be executed.
        :raises AttachError: the process, or an LWP of it, cannot be attached to; also where this
            loop traces it already, or is still letting go of it.
        :raises LoopClosed, WrongThread: as every use of the loop.
        """
        self.pointer()
        if isinstance(what, int):
            if options:
                raise TypeError(f"{', '.join(options)}: that is for a program, not a process")
            pid = process_id(what)
            self.attached[pid] = self._hold(lambda loop: attach_to(loop, pid))
        else:
            launch = plan(what, **options)
            pid = self._hold(lambda loop: start(loop, launch))
            self.root = self.root or pid
        return pid

    def detach(self, pid: int) -> None:
        """Let go of a process, which runs on, untraced. `Detached` tells when that is done.

        Each LWP of it goes where it stops next, the one in hand when it is resumed; until then its
        events are reported. A call that was changed comes to its exit first. Its children stay
        traced, those too that it makes meanwhile.

        One that was spawned does not end with the loop then: it is this program's own child, to
        be waited for (os.waitpid); where it was the first, `status` stays None. If it ends before
        it can be let go, its Exited or Signaled is reported instead, and there is nothing to wait
        for.

        :param pid: the process's id; also one that is being let go already.
        :raises NotTraced: this loop traces no process of that id.
        :raises Unsupported: it has a filter in the kernel, see `spawn`.
        :raises LoopClosed, WrongThread: as every use of the loop.
        """
        self._hold(lambda loop: let_go(loop, pid))
        self.attached.pop(pid, None)

    def stop_after(self, *, calls: int = 0, seconds: float = 0) -> None:
        """Let go of everything after so many calls, or after a time, whichever comes first.

            with pt.spawn(["make"], follow=True) as loop:
                loop.stop_after(seconds=5)
                record = list(loop)

        All processes run on, as after `detach`, also those that were spawned; the iteration ends.
        After the last call nothing is reported but Detached, and Exited and Signaled of processes
        that ended before they could be let go. Called again, it takes the place of the former.

        :param calls: how many `SyscallExit` are reported from now on, or `SyscallEntry` where those
            alone are wanted; 0: any number.
        :param seconds: how long from now on something is reported; 0: for ever.
        :raises ValueError: one of them is negative or too great, or no call is ever reported.
        :raises Unsupported: calls are chosen by a filter in the kernel, see `spawn`.
        :raises LoopClosed, WrongThread: as every use of the loop.
        """
        if not 0 <= calls <= CALLS_MAX or not 0 <= seconds <= SECONDS_MAX:
            raise ValueError(f"neither {calls} calls nor {seconds} s can be waited for")
        if calls and not self._choice.events & (Mask.SCE | Mask.SCX):
            raise ValueError("no call is reported: events= has neither SCE nor SCX")
        ns = max(int(seconds * 10**9), 1) if seconds else 0
        code = self._hold(lambda loop: lib.pico_loop_set_limit(loop, calls, ns))
        if code == -errno.EOPNOTSUPP:
            raise Unsupported("what has a filter in the kernel (kernel_filter) cannot be let go")

    @property
    def stopped(self) -> bool:
        """What `stop_after` asks for has come."""
        if self._pointer is None:
            return self._stopped
        return bool(lib.pico_loop_limit_reached(self._pointer))

    async def call(
        self, function: Callable[P, Result], /, *args: P.args, **kwargs: P.kwargs
    ) -> Result:
        """Have a function called by the thread that owns the loop, in an ``async with`` block.

            pid = await loop.call(loop.add, ["make", "-j2"])
            await loop.call(loop.detach, pid)

        It is called between two events: a stream that is being waited for goes on afterwards.

        :param function: what to call, with ``args`` and ``kwargs``.
        :returns: what the function returns; what it raises is raised here.
        :raises TypeError: outside of such a block, where the loop is used as it is.
        :raises LoopClosed: it is not open.
        """
        if self.worker is None:
            if self._left:  # and its worker may just be closing it
                raise LoopClosed("the loop is not open: its block has been left")
            self.pointer()  # where it is closed that is what is wrong
            raise TypeError("the loop is this thread's own: call the function as it is")
        return await self.worker.between(self._summons, lambda: function(*args, **kwargs))

    @property
    def status(self) -> Exited | Signaled | None:
        """How the program that was spawned first has ended; None while it lives, or was let go."""
        end = self.end()
        if end is None:
            return None
        from pypicotrace.records import event

        return cast("Exited | Signaled", event(end, ffi.buffer(end)))

    @property
    def returncode(self) -> int | None:
        """The same as subprocess has it: an exit status, or the number of a signal, negative."""
        end = self.end()
        if end is None:
            return None
        return int(end.status if end.kind == Kind.EXITED else -end.signo)

    def end(self) -> Any:
        """C's record of how that program has ended, or None; for `Signals`, which is in a hurry."""
        with self._summons.lock:
            self._remember_end()
        return self._end

    def _remember_end(self) -> None:
        record = ffi.new("struct pico_event *")
        pointer = self._pointer
        if pointer is None or self._end is not None:
            return
        if not lib.pico_loop_root_end(pointer, record):
            return
        if record.kind in (Kind.EXITED, Kind.SIGNALED):  # and not let go
            self._end = record

    def __iter__(self) -> Iterator[Event]:
        from pypicotrace.records import event  # the command, which makes none, starts without

        self.pointer()
        record = ffi.new("struct pico_event *")
        data = ffi.buffer(record)
        mode, following, standing = lib.PICO_MODE_STOP, self._next, lib.pico_loop_standing
        while True:
            if self._unseen is None and self._mode == mode:
                self._unseen = record
                got = following(record, 1)
            else:
                got = self._take(mode, record, 1)
            if got <= 0:
                return
            # A signal handler may have closed it.
            lwp = standing(self._pointer or self.pointer())
            made = event(record, data, self, lwp)
            # Nothing is called from here on, and no handler runs.
            self._unseen = None
            yield made
            record.seq = 0

    def stream(self, size: int = 4096) -> Stream:
        """Batches of events, while the tracees run on.

            for batch in loop.stream():
                calls.update(batch.sysnum)

        In an ``async with`` block, ``async for`` waits for them without holding up the event loop.

        :param size: how many events a batch has at most.
        :raises ValueError: less than 1.
        """
        from pypicotrace.stream import Stream

        return Stream(self, size)

    def keep_rest(self) -> None:
        """Have what happens while the loop is closed recorded, too: for a stream, in ``rest``.

        That is what was just under way, how what was spawned ends, and what was attached to is
        let go. A stream has ended by then, so that it would be told to nobody; `close` puts it into
        ``rest``, a `Batch`.

        :raises LoopClosed, WrongThread: as every use of the loop.
        """
        lib.pico_loop_keep_rest(self.pointer())
        self._keeps_rest = True

    def take(self, room: Any, size: int) -> int:
        """Fill ``room``, an array of C's, with up to ``size`` records; for `Stream`."""
        if self._pointer is None and self.worker is not None:
            return 0  # closed by another task while its reader had a batch in hand
        self.pointer()
        return self._take(lib.PICO_MODE_STREAM, room, size)

    def _take(self, mode: int, room: Any, size: int) -> int:
        """The same in a mode: each time, for its body may have asked in another one."""
        if self._mode != mode:
            self._hold(lambda loop: self._set_mode(loop, mode))
        if mode == lib.PICO_MODE_TEXT:
            return self._next(room, size)  # an event that is nobody's yet stays for who wants some
        unseen, taken = self._unseen, room if mode == lib.PICO_MODE_STOP else None
        if unseen is not None and unseen.seq and room:
            self.pointer()
            room[0] = unseen[0]
            self._unseen = taken
            return 1
        self._unseen = taken
        return self._next(room, size)

    def _set_mode(self, loop: Any, mode: int) -> None:
        self._take_lines()  # which C would hand over in place of events
        # At once: no handler runs in between.
        self._mode = mode
        lib.pico_loop_set_mode(loop, mode)

    async def __aenter__(self) -> Loop:
        from pypicotrace.worker import Worker  # with asyncio, which takes its time to import

        if self.worker is not None or self._owner is not None:
            raise LoopClosed(ENTERED)  # before its worker is another
        self.worker = Worker()
        try:
            await self.worker.call(self.__enter__, self.hurry)
        except BaseException:
            await self.__aexit__()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            self._left = True
            if worker.reading.locked():
                self._summons.interrupt()  # else it would wait for the next event
            await worker.end(self.close)

    def write_text(self, fd: int, style: Text = Text.PLAIN, *, owns_file: bool = False) -> int:
        """Trace to the end, as lines of text on a descriptor; the tracees run on meanwhile.

        :param fd: where the lines go.
        :param style: how they look.
        :param owns_file: nobody else writes to that file: a line that a full disk has cut may be
            taken back.
        :returns: 0, or the errno of the write that failed: from there on the trace is lost, and
            the tracees run on.
        """
        flags = int(style) | owns_file * lib.PICO_TEXT_OWNS_FILE
        self._hold(lambda loop: self._begin_text(loop, fd, flags))
        self._take(lib.PICO_MODE_TEXT, ffi.NULL, 0)
        return self._flush()

    def text(self, style: Text = Text.PLAIN) -> Iterator[Piece]:
        """Trace to the end, as lines of text that are given to the caller; the tracees run on.

        They come at the latest after 10 ms, in order, in pieces of one process each. Where the
        iteration is left early, another goes on with the next piece. What nobody has got when the
        loop is closed, and what happens then, is in ``rest_text`` afterwards, a list of pieces.

        :param style: how they look.
        :raises MemoryError: in the iteration: there was none for the lines, some of which are lost.
        """
        flags = int(style) | lib.PICO_TEXT_KEPT
        self._hold(lambda loop: self._begin_text(loop, -1, flags))
        while True:
            if self._pieces:
                # Nothing is called from here on, and no handler runs.
                piece = self._pieces[0]
                del self._pieces[0]
                yield piece
            elif self._take(lib.PICO_MODE_TEXT, ffi.NULL, 0) > 0:
                self._hold(lambda loop: self._take_lines())
            else:
                return

    def _begin_text(self, loop: Any, fd: int, flags: int) -> None:
        """Have the lines go there from now on; what a former text has of them is not lost."""
        self._flush()
        self._take_lines()
        text = open_text(self._keep, fd, flags, self._tables)
        kept = text if flags & lib.PICO_TEXT_KEPT else None
        # At once: no handler runs in between.
        self._text, self._kept = text, kept
        lib.pico_loop_set_text(loop, text)

    def _take_lines(self) -> None:
        """Take what the text has kept; that lines are lost is said once."""
        if self._kept is None:
            return
        try:
            take_pieces(self._kept, self._pieces)
        except MemoryError:
            self._kept = None
            raise

    def _flush(self) -> int:
        """Write out the text; a reader that lets it wait does so until somebody has interrupted."""
        while self._text is not None:
            failed = int(lib.pico_text_flush(self._text))
            if failed != -errno.EINTR:
                return -failed
            if self._summons.impatient:
                break
        return 0

    def lwps(self) -> list[LwpNow]:
        """What each LWP is doing now, in order of process and LWP."""
        return self._hold(lwps_now)

    def _answer(self, loop: Any) -> None:
        pid = lib.pico_loop_asked(loop)
        keep = self._choice.keep
        try:
            wanted = keep is None or keep(path_of(loop, pid), argv_of(loop, pid))
        except StopIteration as error:  # else a stream would seem to have ended
            raise RuntimeError("keep raised StopIteration") from error
        lib.pico_loop_answer(loop, bool(wanted))

    def _open(self) -> Any:
        if self._launch is not None:
            self._launch.check_open()  # before the loop has opened what gets the same number
        kernel = self._open_kernel()
        pointer, self.filtering = open_loop(self._keep, kernel, self._choice, self._tables)
        if self._launch is None and self.filtering == NOT_ASKED:
            self.filtering = RUNNING
        if self.alone:
            lib.pico_loop_set_alone(pointer)
        return pointer

    def _begin(self, pointer: Any) -> None:
        launch, self._launch = self._launch, None  # whose files are the caller's alone again
        if launch is not None:
            self.root = start(pointer, launch._replace(ignored_signals=self.ignored_signals))
        for pid in self._pids:
            self._attach(pointer, pid)
        if self._children:
            self._attach_children(pointer)

    def _forget(self) -> None:
        self._remember_end()
        super()._forget()

    def _finish(self, pointer: Any) -> None:
        self._stopped = self.stopped
        self._flush()
        if self._keeps_rest:
            from pypicotrace.batch import rest_of

            self.rest = rest_of(pointer)
        self._take_lines()
        self.rest_text = list(self._pieces)
        self._pieces.clear()

    def _attach_children(self, pointer: Any) -> None:
        """Go down the tree until no process is new: children are made while we look."""
        tried = set(self._pids)
        while new := {c for pid in self.attached for c in children_of(pointer, pid)} - tried:
            tried |= new
            for pid in sorted(new):
                self._attach(pointer, pid, child=True)

    def _attach(self, pointer: Any, pid: int, *, child: bool = False) -> None:
        try:
            self.attached[pid] = attach_to(pointer, pid)
        except AttachError as error:
            # Nobody has named it: one that has ended is as one that had done so before we looked.
            if child and has_ended(pointer, pid, -(error.errno or 0)):
                return
            if self._on_refused is None:
                raise
            self._on_refused(error)
