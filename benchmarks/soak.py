"""The library at random for a while, and a look at what it has left: nothing.

python benchmarks/soak.py [--minutes N] [--seed N [--step M]]

Each step traces programs that do at random what is hard to trace (churn.c), and does to them at
random what a loop can do: look, change, signal, delay, let go, end early, raise, give up; in a
loop, a stream, text, a thread, asyncio, or two loops at once. After each step no process may be
left of it; at intervals and at the end neither memory, descriptors, threads nor timers may have
grown. One line says how it went; the exit status is 1 where there was a leak, or something else was
wrong.

What a step does is drawn from the seed and its number: ``--seed N --step M`` does that one over and
over. (What comes of it depends on the kernel's scheduler as well.)
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import faulthandler
import gc
import os
import random
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from balance import held, leaks, left_behind, reap

import pypicotrace as pt

HERE = Path(__file__).parent
MARK = "PYPICOTRACE_SOAK"
HANGS = 120
"""Seconds after which a step hangs."""
WARM_UP, INTERVAL = 200, 1000
"""Steps before memory is compared, and between two looks at it."""
LIVED = 9
"""The exit status of a target that was let go unharmed."""

MASKS = (pt.ALL, pt.ALL, pt.SCE, pt.SCX, pt.EXEC | pt.EXIT, pt.SIGNAL | pt.LWP_CREATE)
CALLS = (["%process"], ["getppid", "/sleep/"], ["!/^rt_/"], ["none"])


class DeliberateError(Exception):
    """What a loop's body raises."""


class WrongError(Exception):
    """Something that must not be."""


class Step:
    """One step. ``own`` are the children that the loop may have left to this program."""

    def __init__(self, seed: str, churn: str) -> None:
        self.random = random.Random(seed)  # noqa: S311 - it is to be repeated
        self.churn = churn
        self.own: set[int] = set()
        self.targets: list[int] = []
        self.events = self.random.choice(MASKS)
        self.armed = False

    def run(self) -> str:
        """Do it; returns what it was."""
        ways: dict[str, Callable[[], None]] = {
            "spawn": self.spawn,
            "attach": self.attach,
            "both": self.both,
            "two loops": self.two_loops,
            "abandoned": self.abandoned,
            "thread": self.thread,
            "asyncio": lambda: asyncio.run(self.tasks()),
        }
        name = self.random.choice(list(ways))
        with contextlib.suppress(DeliberateError):
            ways[name]()
        return name

    def chance(self, of: int) -> bool:
        return self.random.randrange(of) == 0

    def number(self) -> str:
        return str(self.random.randrange(1 << 30))

    def program(self) -> list[str]:
        steps, depth = self.random.randrange(12), self.random.randrange(4)
        return [self.churn, self.number(), str(steps), str(depth)]

    def options(self) -> dict[str, Any]:
        chosen: dict[str, Any] = {
            "events": self.events,
            "follow": self.random.choice((True, True, *pt.Follow)),
        }
        if self.chance(4):
            chosen["syscalls"] = self.random.choice(CALLS)
        if self.chance(6):
            chosen["keep"] = lambda _path, argv: int(argv[1]) % 3 != 0
        return chosen

    def spawned(self) -> pt.Loop:
        return pt.spawn(self.program(), stdin=subprocess.DEVNULL, **self.options())

    # --- the ways

    def spawn(self) -> None:
        with self.interrupted(self.spawned()) as loop, loop:
            self.drive(loop)

    def attach(self) -> None:
        with self.running(), self.interrupted(self.attached()) as loop, loop:
            self.drive(loop)

    def both(self) -> None:
        """A program, and what runs already, in one loop."""
        with self.running(), self.interrupted(self.spawned()) as loop, loop:
            for pid in self.targets:
                loop.add(pid)
            self.drive(loop)

    def two_loops(self) -> None:
        with (
            self.running(),
            self.interrupted(self.attached()) as one,
            one,
            self.interrupted(self.spawned()) as two,
            two,
        ):
            self.note_root(two)
            ways = [iter(one), iter(two)]
            for _ in range(self.random.randrange(300)):
                which = self.random.randrange(2)
                event = next(ways[which], None)
                if event is None:
                    break
                self.look((one, two)[which], event)

    def abandoned(self) -> None:
        """Nobody leaves the loop; it is only let be."""
        with self.running():
            loop = self.random.choice((self.spawned, self.attached))()
            loop.__enter__()
            self.note_root(loop)
            events = iter(loop)
            for _ in range(self.random.randrange(20)):
                loop.interrupt()  # never wait: there may be no event
                next(events, None)
            del loop, events
            gc.collect()

    def thread(self) -> None:
        """Its owner is another thread, which this one ends at some time."""
        loop = self.spawned()
        raised: list[BaseException] = []
        entered = threading.Event()

        def trace() -> None:
            try:
                with loop:
                    entered.set()
                    self.note_root(loop)
                    for event in loop:
                        self.look(loop, event)
            except (DeliberateError, pt.LoopClosed):
                pass
            except BaseException as error:
                raised.append(error)
            finally:
                entered.set()

        owner = threading.Thread(target=trace)
        owner.start()
        entered.wait()  # one that is not open yet is not closed
        owner.join(self.random.random() / 5)
        self.random.choice((loop.interrupt, loop.close))()
        owner.join()
        if raised:
            raise raised[0]

    async def tasks(self) -> None:
        async def trace(loop: pt.Loop, patience: float) -> None:
            async def read() -> None:
                async with loop:
                    self.note_root(loop)
                    async for batch in loop.stream(self.random.choice((1, 50, 4096))):
                        for event in batch[:50]:
                            str(event)
                        if self.chance(10):
                            await loop.call(self.add, loop)

            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(read(), patience)

        loops = [self.spawned() for _ in range(self.random.randrange(1, 4))]
        await asyncio.gather(*(trace(loop, self.random.random() / 3) for loop in loops))

    # --- what they are made of

    def attached(self) -> pt.Loop:
        return pt.attach(*self.targets, children=self.chance(2), **self.options())

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Programs that run already, and are to live on."""
        started = [
            subprocess.Popen([self.churn, self.number()], stdin=subprocess.PIPE)
            for _ in range(self.random.randrange(1, 4))
        ]
        self.targets = [target.pid for target in started]
        try:
            yield
        finally:
            for target in started:
                assert target.stdin is not None
                target.stdin.close()
                status = target.wait()
                if status != LIVED:
                    raise WrongError(f"a target that was let go has ended with {status}")

    @contextlib.contextmanager
    def interrupted(self, loop: pt.Loop) -> Iterator[pt.Loop]:
        """Every now and then; or the body of its block is, by a signal handler that raises."""
        over, pause = threading.Event(), self.random.random() / 3

        def interrupt() -> None:
            while not over.wait(pause):
                loop.interrupt()

        interrupter = threading.Thread(target=interrupt)
        interrupter.start()
        if self.chance(5):
            signal.setitimer(signal.ITIMER_REAL, self.random.random() / 5)
        try:
            yield loop
        finally:
            self.armed = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            over.set()
            interrupter.join()

    def alarm(self, _signo: int, _frame: object) -> None:
        if self.armed:
            self.armed = False
            raise DeliberateError

    def note_root(self, loop: pt.Loop) -> None:
        if loop.root:
            self.own.add(loop.root)

    def add(self, loop: pt.Loop) -> None:
        self.own.add(loop.add(self.program(), stdin=subprocess.DEVNULL))

    def drive(self, loop: pt.Loop) -> None:
        """Take events in one way or another, to the end or not."""
        self.note_root(loop)
        self.armed = True
        try:
            for way in self.random.choices((self.stops, self.batches, self.text), k=2):
                way(loop)
                if self.chance(2):
                    break
        finally:
            self.armed = False

    def stops(self, loop: pt.Loop) -> None:
        most = self.random.choice((0, 1, 10, 300, 10**6))
        for count, event in enumerate(loop):
            if count >= most:
                break
            self.look(loop, event)

    def batches(self, loop: pt.Loop) -> None:
        for batch in loop.stream(self.random.choice((1, 50, 4096))):
            if self.chance(20):
                break
            sum(batch.pid)
            for event in batch[:50]:
                str(event)

    def text(self, loop: pt.Loop) -> None:
        with open(os.devnull, "wb") as file:
            loop.write_text(file.fileno(), self.random.choice((pt.Text.PLAIN, pt.Text.ARGV)))

    def look(self, loop: pt.Loop, event: pt.Event) -> None:
        """Something is done with one event in four."""
        deeds = (self.read, self.change, self.send, self.manage)
        deed = self.random.randrange(4 * len(deeds))
        if event.stop is not None and deed < len(deeds):
            with contextlib.suppress(pt.TraceeDied, pt.NotTraced):
                deeds[deed](loop, event)

    def read(self, loop: pt.Loop, event: pt.Event) -> None:
        registers = event.stop.registers
        with contextlib.suppress(pt.KernelError):  # a stack that is not mapped
            event.stop.read(registers["rsp"], 64)
        self.random.choice((loop.lwps, lambda: event.stop.lwps, lambda: str(event)))()

    def change(self, _loop: pt.Loop, event: pt.Event) -> None:
        stop = event.stop
        if isinstance(event, pt.SyscallEntry) and event.name == "getppid":
            self.random.choice(
                (
                    lambda: stop.inject(error="EPERM"),
                    lambda: stop.inject(retval=7),
                    lambda: stop.registers.update(rdi=7),
                    lambda: self.call(stop, event.pid),
                )
            )()
        elif pt.STEP in self.events and self.chance(8):
            stop.step()

    def call(self, stop: pt.Stop, pid: int) -> None:
        """A call of the tracer's own, which an interruption of the loop may end."""
        with contextlib.suppress(pt.KernelError):
            if (got := stop.syscall("getpid")) != pid:
                raise WrongError(f"getpid in process {pid} gave {got}")

    def send(self, _loop: pt.Loop, event: pt.Event) -> None:
        stop = event.stop
        if type(event) is pt.Stopped and event.signo == signal.SIGUSR1:
            self.random.choice((stop.suppress, lambda: stop.signal(signal.SIGALRM)))()
        elif self.chance(4):
            stop.signal(signal.SIGUSR1)
        elif self.chance(20) and event.pid not in self.targets:
            stop.signal(signal.SIGKILL)

    def manage(self, loop: pt.Loop, event: pt.Event) -> None:
        match self.random.randrange(40):
            case 0 | 1 | 2 | 3:
                event.stop.delay(self.random.random() / 100)
            case 4:
                event.stop.detach()
            case 5:
                loop.detach(self.random.choice([lwp.pid for lwp in loop.lwps()]))
            case 6:
                self.add(loop)
            case 7:
                loop.interrupt()
            case 8:
                raise DeliberateError


def churn(folder: Path) -> str:
    """The program that is traced, compiled."""
    program = str(folder / "churn")
    compiler = os.environ.get("CC", "cc")
    source = str(HERE / "churn.c")
    subprocess.run([compiler, "-O2", "-pthread", "-o", program, source], check=True)
    return program


def soak(seed: int, only: int | None, seconds: float, program: str) -> tuple[str, list[str]]:
    """Steps for so long; returns how it went, and what is wrong."""
    mark = f"{MARK}={uuid.uuid4()}"
    os.environ[MARK] = mark.partition("=")[2]
    begun = time.monotonic()
    done: Counter[str] = Counter()
    wrong: list[str] = []
    while time.monotonic() - begun < seconds and not wrong:
        number = done.total()
        step = Step(f"{seed} {number if only is None else only}", program)
        signal.signal(signal.SIGALRM, step.alarm)
        faulthandler.dump_traceback_later(HANGS, exit=True)
        watchdog = threading.Timer(
            HANGS / 2, print, [f"soak: step {number} takes long"], {"flush": True}
        )
        watchdog.start()
        try:
            done[step.run()] += 1
        except Exception as error:
            wrong.append(f"{type(error).__name__}: {error}")
        watchdog.cancel()
        watchdog.join()
        wrong += reap(step.own) + left_behind(mark.encode())
        if number in (0, WARM_UP):
            before = held()
        elif number % INTERVAL == 0:
            wrong += leaks(before, held(), memory=number > WARM_UP)
        wrong = [f"step {number if only is None else only}: {what}" for what in wrong]
    faulthandler.cancel_dump_traceback_later()
    now = held()
    wrong += leaks(before, now, memory=done.total() > WARM_UP)
    went = (
        f"{done.total()} steps in {time.monotonic() - begun:.0f} s, seed {seed}: "
        f"{', '.join(f'{count} {name}' for name, count in sorted(done.items()))}; "
        f"memory {(now.rss - before.rss) >> 10} kB more, "
        f"of it Python's {(now.python - before.python) >> 10} kB"
    )
    return went, wrong


def main() -> None:
    parser = argparse.ArgumentParser(description="The library at random, and what it leaves.")
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--seed", type=int, default=None, help="the same steps again")
    parser.add_argument("--step", type=int, default=None, help="this one, over and over")
    args = parser.parse_args()
    if sys.platform != "linux":
        sys.exit("soak: it looks at what is left by Linux's /proc")
    seed = args.seed if args.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"soak: seed {seed}", flush=True)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    tracemalloc.start()
    with tempfile.TemporaryDirectory() as folder:
        went, wrong = soak(seed, args.step, args.minutes * 60, churn(Path(folder)))
    for what in wrong:
        print(f"soak: {what}")
    print(f"soak: {'FAILED' if wrong else 'nothing left'}: {went}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
