"""Files that a trace is divided among: their names, how many are open, what a full disk leaves."""

from __future__ import annotations

import errno
import os
import resource
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from pypicotrace import files
from pypicotrace.files import File, OfProcesses, OneAfterAnother


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "trace")


@contextmanager
def limit(kind: int, most: int) -> Iterator[None]:
    """Put back before the test is over: pytest's own output may go to a file."""
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (most, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


def contents(folder: Path) -> dict[str, bytes]:
    return {found.name: found.read_bytes() for found in folder.iterdir()}


def fill(taken: list[int]) -> None:
    """Take all descriptors that there are."""
    with suppress(OSError):
        while True:
            taken.append(os.open("/dev/null", os.O_RDONLY))


def open_now() -> int:
    count = 0
    for fd in range(256):
        with suppress(OSError):
            os.fstat(fd)
            count += 1
    return count


def test_a_cut_line_is_taken_back(path: str) -> None:
    file = File(path)
    with limit(resource.RLIMIT_FSIZE, 1000):
        file.write(b"12345678\n" * 100)
        with pytest.raises(OSError, match="File too large") as caught:
            file.write(b"abcdefghijk\n" * 20)
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, path)
    # What there is room for is written, or (NetBSD) nothing.
    written = 8 if sys.platform == "linux" else 0
    assert Path(path).read_bytes() == b"12345678\n" * 100 + b"abcdefghijk\n" * written
    file.close()


class TestOfProcesses:
    def test_each_has_its_own(self, tmp_path: Path, path: str) -> None:
        made = OfProcesses(path)
        for pid, data in ((5, b"a"), (6, b"b"), (5, b"c")):
            made.write(pid, data)
        made.close()
        assert contents(tmp_path) == {"trace.5": b"ac", "trace.6": b"b"}
        modes = {stat.S_IMODE(found.stat().st_mode) for found in tmp_path.iterdir()}
        assert modes == {0o600}

    def test_an_id_that_comes_again(self, tmp_path: Path, path: str) -> None:
        made = OfProcesses(path)
        for data in (b"a", b"b", b"c"):
            made.write(5, data)
            made.end(5)
        made.close()
        assert contents(tmp_path) == {"trace.5": b"a", "trace.5.2": b"b", "trace.5.3": b"c"}

    @pytest.mark.parametrize(("append", "left"), [(False, b"new"), (True, b"oldnew")])
    def test_what_was_there(self, tmp_path: Path, path: str, append: bool, left: bytes) -> None:
        (tmp_path / "trace.5").write_bytes(b"old")
        made = OfProcesses(path, append=append)
        made.write(5, b"new")
        made.close()
        assert contents(tmp_path) == {"trace.5": left}

    def test_few_are_open(self, tmp_path: Path, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whoever was closed to make room goes on where it was."""
        monkeypatch.setattr(files, "OPEN_MAX", 3)
        before = open_now()
        made = OfProcesses(path)
        most = 0
        for turn in range(3):
            for pid in range(1, 11):
                made.write(pid, b"%d\n" % turn)
                most = max(most, open_now())
        assert most - before == 3
        made.close()
        assert open_now() == before
        assert contents(tmp_path) == {f"trace.{pid}": b"0\n1\n2\n" for pid in range(1, 11)}

    def test_a_part_of_what_may_be_is_open(self, path: str) -> None:
        """The tracer needs the rest."""
        with limit(resource.RLIMIT_NOFILE, 80):
            before = open_now()
            made = OfProcesses(path)
            for pid in range(1, 41):
                made.write(pid, b"x")
            assert open_now() - before == 20
            made.close()

    def test_out_of_descriptors(self, tmp_path: Path, path: str) -> None:
        """As many as there are will do; with none it says so."""
        made = OfProcesses(path)
        made.write(1, b"1")
        taken: list[int] = []
        with limit(resource.RLIMIT_NOFILE, 40):
            fill(taken)
            for pid in (2, 3):
                # With that of another file it is two: one to open it, and one that it is moved to.
                os.close(taken.pop())
                made.write(pid, b"%d" % pid)
            for pid in (1, 2, 3):
                made.end(pid)
            fill(taken)
            with pytest.raises(OSError, match="Too many open files") as caught:
                made.write(4, b"4")
            for fd in taken:
                os.close(fd)
        assert caught.value.filename == f"{path}.4"
        assert contents(tmp_path) == {f"trace.{pid}": b"%d" % pid for pid in (1, 2, 3)}

    def test_no_link_is_followed_where_anybody_may_make_one(self, tmp_path: Path) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        (tmp_path / "target").write_bytes(b"precious")
        (shared / "trace.5").symlink_to(tmp_path / "target")
        with pytest.raises(OSError, match="symbolic link") as caught:
            OfProcesses(str(shared / "trace")).write(5, b"x")
        assert caught.value.filename == str(shared / "trace.5")
        assert (tmp_path / "target").read_bytes() == b"precious"

    @pytest.mark.parametrize(
        ("where", "error"),
        [("missing/trace", errno.ENOENT), ("file/trace", errno.ENOTDIR)],
    )
    def test_nowhere(self, tmp_path: Path, where: str, error: int) -> None:
        """That is found before anything runs."""
        (tmp_path / "file").touch()
        with pytest.raises(OSError) as caught:  # noqa: PT011 - held against its number
            OfProcesses(str(tmp_path / where))
        assert caught.value.errno == error


class TestOneAfterAnother:
    def fill(self, made: OneAfterAnother, count: int) -> None:
        for turn in range(count):
            if made.is_full:
                made.turn()
            made.write(b"%04d\n" % turn)
        made.close()

    def test_in_order(self, tmp_path: Path, path: str) -> None:
        self.fill(OneAfterAnother(path, 15), 10)
        found = contents(tmp_path)
        assert sorted(found) == [f"trace.00000{n}" for n in (1, 2, 3, 4)]
        assert b"".join(found[name] for name in sorted(found)) == b"".join(
            b"%04d\n" % n for n in range(10)
        )

    @pytest.mark.parametrize("keep", [1, 2, 3, 9])
    def test_the_newest_are_kept(self, tmp_path: Path, path: str, keep: int) -> None:
        self.fill(OneAfterAnother(path, 15, keep=keep), 10)
        left = range(max(1, 5 - keep), 5)
        assert sorted(contents(tmp_path)) == [f"trace.00000{n}" for n in left]

    def test_those_of_an_earlier_trace(self, tmp_path: Path, path: str) -> None:
        """They are not mixed with another's, nor removed unless that is said."""
        (tmp_path / "trace.000007").write_bytes(b"old")
        for other in ("trace.7", "trace.000008x", "trace.00000x", "other.000009"):
            (tmp_path / other).write_bytes(b"other")
        with pytest.raises(FileExistsError, match="earlier trace"):
            OneAfterAnother(path, 15)
        self.fill(OneAfterAnother(path, 15, append=True, keep=2), 6)
        found = contents(tmp_path)
        assert found["trace.000008"] == b"0000\n0001\n0002\n"
        assert found["trace.000009"] == b"0003\n0004\n0005\n"
        assert len(found) == 6

    def test_more_than_the_digits_count(self, tmp_path: Path, path: str) -> None:
        (tmp_path / "trace.999999").touch()
        self.fill(OneAfterAnother(path, 15, append=True), 1)
        assert (tmp_path / "trace.1000000").read_bytes() == b"0000\n"
        self.fill(OneAfterAnother(path, 15, append=True), 1)
        assert (tmp_path / "trace.1000001").exists()

    def test_no_link_is_followed_where_anybody_may_make_one(self, tmp_path: Path) -> None:
        shared = tmp_path / "shared"
        shared.mkdir()
        shared.chmod(0o1777)
        (tmp_path / "target").write_bytes(b"precious")
        made = OneAfterAnother(str(shared / "trace"), 15)
        (shared / "trace.000002").symlink_to(tmp_path / "target")
        made.write(b"x" * 20)
        with pytest.raises(OSError, match="symbolic link"):
            made.turn()
        made.close()
        assert (tmp_path / "target").read_bytes() == b"precious"

    def test_nowhere(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            OneAfterAnother(str(tmp_path / "missing" / "trace"), 15)
