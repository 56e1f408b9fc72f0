"""The memory of a stopped LWP: what can be read and written of it, and what is said of the rest."""

from __future__ import annotations

import errno
import os
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import IO, Any

import pytest
from runs import Run, contents, until

import pypicotrace as pt
from pypicotrace.stop import Stop

Tracee = Callable[[str], str]
Scratch = Callable[[], IO[bytes]]
Look = Callable[[Callable[[Stop, Run], object]], Run]

SIZES = range(1, 9)
# Nobody has these mapped: the first page, what is between the halves, the kernel's, the last bytes.
NOWHERE = [0, 8, 1 << 62, 0xFFFF800000000000, 2**64 - 8]


@pytest.fixture
def look(tracee: Tracee, scratch: Scratch) -> Look:
    """Does something while tracees/memory.c stands in its call; what that has said, to its end."""

    def run(body: Callable[[Stop, Run], object]) -> Run:
        out = scratch()
        looked = 0
        with pt.spawn([tracee("memory")], events=pt.SCE, syscalls=["getppid"], stdout=out) as loop:
            for ev in loop:
                body(ev.stop, Run([], loop.root, None, contents(out)))
                looked += 1
        assert looked == 1
        assert isinstance(loop.status, pt.Exited)
        assert loop.status.status == 0
        return Run([], loop.root, loop.status, contents(out))

    return run


def filled(start: int, size: int) -> bytes:
    """What the tracee has filled its pages with, from a place in them on."""
    return bytes(i % 251 + 1 for i in range(start, start + size))


def stat(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/stat").read_text().split()


def place(told: Run, word: str) -> tuple[int, int]:
    """An address, and the size of a page."""
    return told.told(word)[0], told.told("page")[0]


def not_mapped(
    request: Callable[..., object], *arguments: object, words: str = "Bad address"
) -> None:
    with pytest.raises(pt.KernelError, match=words) as caught:
        request(*arguments)
    assert caught.value.errno == errno.EFAULT


def test_row_49_read(look: Look) -> None:
    """Of every size up to that of a word, at and over a page border."""

    def body(stop: Stop, told: Run) -> None:
        both, page = place(told, "both")
        for size in SIZES:
            for at in range(page - size - 1, page + 2):
                assert stop.read(both + at, size) == filled(at, size)
        assert stop.read(both, 2 * page) == filled(0, 2 * page)
        for size in (2**63, 2**64 - 1):
            not_mapped(stop.read, both, size, words=f"only 0 of {size} bytes")

    look(body)


def test_row_49_write(look: Look) -> None:
    """As above; what is beside it stays as it is."""

    def body(stop: Stop, told: Run) -> None:
        both, page = place(told, "both")
        for size in SIZES:
            for at in range(page - size - 1, page + 2):
                stop.write(both + at, b"\xff" * size)
                expected = filled(0, at) + b"\xff" * size + filled(at + size, 2 * page - at - size)
                assert stop.read(both, 2 * page) == expected
                stop.write(both, filled(0, 2 * page))
        stop.write(both + page - 3, b"abcdefg")
        stop.write(both + 2 * page - 1, b"z")

    run = look(body)
    page = run.told("page")[0]
    assert bytes(run.told("border")) == filled(page - 8, 5) + b"abcdefg" + filled(page + 4, 4)
    assert bytes(run.told("end")) == filled(2 * page - 8, 7) + b"z"


def test_row_49_not_mapped(look: Look) -> None:
    """All of it, or what is behind the end of a mapping: of that nothing is given as read."""

    def body(stop: Stop, told: Run) -> None:
        both, page = place(told, "both")
        end = both + 2 * page
        for size in SIZES:
            for addr in (end, *NOWHERE):
                not_mapped(stop.read, addr, size)
                not_mapped(stop.write, addr, bytes(size))
            for there in range(1, size):
                words = f"only {there} of {size} bytes at {end - there:#x} are mapped"
                head = stop.read(end - there, there)
                not_mapped(stop.read, end - there, size, words=words)
                not_mapped(stop.write, end - there, head.ljust(size), words=words)
        not_mapped(stop.read, both, 3 * page, words=f"only {2 * page} of {3 * page}")
        assert stop.read(both, 2 * page) == filled(0, 2 * page)

    look(body)


def test_row_49_no_such_address(look: Look) -> None:
    def body(stop: Stop, told: Run) -> None:
        uses: list[Callable[[Any], object]] = [
            lambda addr: stop.read(addr, 1),
            stop.read_cstring,
            lambda addr: stop.read_struct(addr, "i"),
            lambda addr: stop.write(addr, b"x"),
        ]
        for use in uses:
            for addr in (-1, 2**64):
                with pytest.raises(ValueError, match="is no address"):
                    use(addr)
            with pytest.raises(TypeError, match="an address is an int, not str"):
                use("0")
        with pytest.raises(ValueError, match="a size is not negative"):
            stop.read(4096, -1)
        with pytest.raises(ValueError, match="a limit is not negative"):
            stop.read_cstring(4096, -1)
        with pytest.raises(TypeError, match="bytes-like"):
            stop.write(4096, "x")  # type: ignore[arg-type]

    look(body)


NOTHING: dict[str, Callable[[Stop, int], object]] = {
    "read": lambda stop, addr: stop.read(addr, 0),
    "read_cstring": lambda stop, addr: stop.read_cstring(addr, 0),
    "write": lambda stop, addr: stop.write(addr, b""),
}


@pytest.mark.parametrize("request_of", NOTHING)
def test_row_49_length_0(look: Look, request_of: str) -> None:
    """Nothing is read or written, wherever that is."""

    def body(stop: Stop, told: Run) -> None:
        for addr in (told.told("both")[0], *NOWHERE):
            assert not NOTHING[request_of](stop, addr)

    look(body)


@pytest.mark.parametrize("request_of", NOTHING)
def test_row_49_length_0_of_one_that_runs(scratch: Scratch, request_of: str) -> None:
    stops: list[Stop] = []
    with pt.spawn(["date"], stdout=scratch()) as loop:
        for ev in loop:
            for stop in stops[:1]:
                with pytest.raises(pt.StaleStop):
                    NOTHING[request_of](stop, 8)
            stops.append(ev.stop)
    assert len(stops) > 1
    with pytest.raises(pt.LoopClosed):
        NOTHING[request_of](stops[0], 8)


def test_row_49_past_the_end_of_a_file(look: Look) -> None:
    """Its last page is filled up with zeros; a page without any of it is as good as not mapped."""

    def body(stop: Stop, told: Run) -> None:
        file, page = place(told, "file")
        half = page // 2
        for size in SIZES:
            assert stop.read(file + half - 1, size + 1) == filled(half - 1, 1) + bytes(size)
            not_mapped(stop.read, file + page, size)
            not_mapped(stop.write, file + page, b"x" * size)
        words = "only 4 of 8 bytes"
        not_mapped(stop.read, file + page - 4, 8, words=words)
        not_mapped(stop.write, file + page - 4, b"x" * 8, words=words)
        stop.write(file + half - 4, b"abcd")

    run = look(body)
    half = run.told("page")[0] // 2
    assert bytes(run.told("file-end")) == filled(half - 8, 4) + b"abcd"


@pytest.mark.parametrize("size", SIZES)
def test_row_49_pages_that_are_read_only(look: Look, tracee: Tracee, size: int) -> None:
    """Data and program text: the tracer can write them; the file stays as it is."""
    program = Path(tracee("memory"))
    before = program.read_bytes()
    texts: list[bytes] = []

    def body(stop: Stop, told: Run) -> None:
        for word in ("fixed", "text"):
            addr = told.told(word)[0]
            texts.append(stop.read(addr, 16))
            stop.write(addr + 4, b"\xcc" * size)
            assert stop.read(addr, 16) == texts[-1][:4] + b"\xcc" * size + texts[-1][4 + size :]

    run = look(body)
    assert texts[0] == filled(0, 16)
    for word, text in zip(("changed-fixed", "changed-text"), texts, strict=True):
        assert bytes(run.told(word)) == text[:4] + b"\xcc" * size + text[4 + size :]
    assert program.read_bytes() == before


def test_row_49_input_26_the_tracee_has_died(tracee: Tracee, scratch: Scratch) -> None:
    with pt.spawn([tracee("memory")], syscalls=["getppid"], stdout=scratch()) as loop:
        for ev in loop:
            if type(ev) is pt.SyscallEntry:
                os.kill(ev.pid, signal.SIGKILL)
                until(partial(ended, ev.pid), "it has ended")
                with pytest.raises(pt.TraceeDied):
                    ev.stop.read(8, 1)
                with pytest.raises(pt.TraceeDied):
                    ev.stop.read_cstring(8)
                with pytest.raises(pt.TraceeDied):
                    ev.stop.write(8, b"x")
    assert isinstance(loop.status, pt.Signaled)


def ended(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].startswith("Z")


def test_row_50_up_to_a_limit(look: Look) -> None:
    """The NUL is neither part of the string nor of the limit."""

    def body(stop: Stop, told: Run) -> None:
        both, page = place(told, "both")
        for at in (0, page - 3):
            for limit in range(20):
                assert stop.read_cstring(both + at, limit) == filled(at, limit)
            stop.write(both + at + 5, b"\0")
            for limit in range(20):
                assert stop.read_cstring(both + at, limit) == filled(at, min(limit, 5))
            assert stop.read_cstring(both + at) == filled(at, 5)
            assert stop.read_cstring(both + at + 5) == b""

    look(body)


def test_row_50_not_terminated(look: Look) -> None:
    """It ends with the limit, which is 4096 where none is given; but not with the mapping."""

    def body(stop: Stop, told: Run) -> None:
        both, page = place(told, "both")
        end = both + 2 * page
        assert stop.read_cstring(both) == filled(0, 4096)
        for at in (0, 1, page - 1, page, 2 * page - 1):
            rest = 2 * page - at
            assert stop.read_cstring(both + at, rest) == filled(at, rest)
            not_mapped(stop.read_cstring, both + at, rest + 1)
        for addr in (end, *NOWHERE):
            not_mapped(stop.read_cstring, addr)

    look(body)


def test_row_50_at_the_end_of_a_mapping(look: Look) -> None:
    """The NUL is its last byte: what is behind it is not looked at, however far the limit is."""

    def body(stop: Stop, told: Run) -> None:
        both, page = place(told, "both")
        stop.write(both + 2 * page - 1, b"\0")
        for length in (0, 1, 7, page - 1, page, page + 1, 2 * page - 1):
            at = 2 * page - 1 - length
            for limit in (length, length + 1, length + 2, 10 * page):
                assert stop.read_cstring(both + at, limit) == filled(at, length)
        file, _ = place(told, "file")
        assert stop.read_cstring(file) == filled(0, page // 2)
        assert stop.read_cstring(file + page - 1) == b""
        not_mapped(stop.read_cstring, file + page)

    look(body)


def test_of_an_lwp_that_another_has_overtaken(tracee: Tracee) -> None:
    """An execve has killed the LWP where it stands, and given its id to the LWP that made it."""
    argv = [tracee("called"), "overtaken"]
    stdin, goes_on = os.pipe()
    how: Any = {"syscalls": ["getppid"], "follow": True, "stdin": stdin}
    # A filter in the kernel: the execve itself does not wait for the loop.
    with pt.spawn(argv, kernel_filter=True, **how) as loop:
        ev: Any = next(ev for ev in loop if type(ev) is pt.SyscallEntry)
        os.write(goes_on, b"\n")
        until(lambda: stat(ev.pid)[1:3] == ["(true)", "t"], "it stands as the other program")
        start = int(Path(f"/proc/{ev.pid}/maps").read_text().partition("-")[0], 16)
        with pytest.raises(pt.TraceeDied):
            ev.stop.read(start, 4)
        with pytest.raises(pt.TraceeDied):
            ev.stop.write(start, b"\x7fELF")
        assert [type(ev) for ev in loop] == [pt.Exec, pt.Exited]
    assert loop.returncode == 0
    os.close(stdin)
    os.close(goes_on)
