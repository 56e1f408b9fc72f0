"""Where the trace may be written, and how."""

import errno
import os
import stat
from pathlib import Path

import pytest

from pypicotrace.folders import NotSafe
from pypicotrace.tracefile import open_trace


def write(path: Path) -> None:
    fd = open_trace(str(path))
    os.write(fd, b"trace")
    os.close(fd)


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        write(tmp_path / "trace")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "trace").stat().st_mode) == 0o600


def test_a_path_is_a_name_as_well(tmp_path: Path) -> None:
    with open(open_trace(tmp_path / "trace"), "wb") as file:
        file.write(b"trace")
    assert (tmp_path / "trace").read_bytes() == b"trace"


def test_an_old_file_is_emptied_and_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"something longer")
    path.chmod(0o640)
    write(path)
    assert path.read_bytes() == b"trace"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_no_link_is_followed_where_anybody_may_make_one(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "target"
    target.write_bytes(b"precious")
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(mode)
    (shared / "trace").symlink_to(target)
    with pytest.raises(NotSafe, match="symbolic link"):
        write(shared / "trace")
    assert target.read_bytes() == b"precious"


def test_a_link_in_a_folder_of_ones_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "trace").symlink_to(tmp_path / "target")
    write(tmp_path / "trace")
    assert (tmp_path / "target").read_bytes() == b"trace"


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
STRANGER = 12345


@pytest.fixture
def shared(tmp_path: Path) -> Path:
    """A folder where anybody may make names."""
    folder = tmp_path / "shared"
    folder.mkdir()
    folder.chmod(0o1777)
    return folder


@pytest.fixture
def precious(tmp_path: Path) -> Path:
    """A file of ours in a folder of ours."""
    folder = tmp_path / "own"
    folder.mkdir()
    file = folder / "trace"
    file.write_bytes(b"precious")
    return file


@needs_root
@pytest.mark.parametrize("way", ["shared/link", "shared/own/../link", "through"])
def test_no_link_of_anothers_on_the_way(
    tmp_path: Path, shared: Path, precious: Path, way: str
) -> None:
    """Also where a link of ours leads there."""
    (shared / "link").symlink_to(precious.parent)
    os.chown(shared / "link", STRANGER, STRANGER, follow_symlinks=False)
    (shared / "own").mkdir()
    (tmp_path / "through").symlink_to("shared/link")
    for path in (tmp_path / way / "trace", tmp_path / way / "new"):
        with pytest.raises(NotSafe, match="link is another user's symbolic link in a folder"):
            write(path)
    assert [file.read_bytes() for file in precious.parent.iterdir()] == [b"precious"]


def test_a_link_of_ones_own_to_a_link_in_a_shared_folder(
    tmp_path: Path, shared: Path, precious: Path
) -> None:
    (shared / "trace").symlink_to(precious)
    (tmp_path / "trace").symlink_to(shared / "trace")
    with pytest.raises(NotSafe, match="symbolic link"):
        write(tmp_path / "trace")
    assert precious.read_bytes() == b"precious"


@needs_root
@pytest.mark.parametrize("owner", ["ours", "the folder's"])
def test_links_on_the_way_that_are_followed(shared: Path, precious: Path, owner: str) -> None:
    """Our own, and those of whom the folder belongs to."""
    (shared / "link").symlink_to(f"../{precious.parent.name}")
    if owner == "the folder's":
        os.chown(shared, STRANGER, STRANGER)
        os.chown(shared / "link", STRANGER, STRANGER, follow_symlinks=False)
    write(shared / "link" / "trace")
    assert precious.read_bytes() == b"trace"


def test_no_second_name_of_a_file_where_anybody_may_make_one(shared: Path, precious: Path) -> None:
    """A stranger who may not write to it can make one, unless the system forbids that."""
    (shared / "trace").hardlink_to(precious)
    with pytest.raises(NotSafe, match="it has other names"):
        write(shared / "trace")
    assert precious.read_bytes() == b"precious"
    precious.unlink()
    write(shared / "trace")
    assert (shared / "trace").read_bytes() == b"trace"


@needs_root
def test_no_fifo_of_anothers_where_anybody_may_make_one(shared: Path) -> None:
    """Whoever reads it would read the trace; and it would be waited for."""
    os.mkfifo(shared / "trace")
    os.chown(shared / "trace", STRANGER, STRANGER)
    with pytest.raises(NotSafe, match="another user's"):
        write(shared / "trace")


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("", errno.ENOENT),
        ("missing/trace", errno.ENOENT),
        ("file/trace", errno.ENOTDIR),
        (".", errno.EISDIR),
        ("folder/", errno.EISDIR),
        ("folder/..", errno.EISDIR),
        ("around/trace", errno.ELOOP),
        ("around", errno.ELOOP),
        ("x" * 300, errno.ENAMETOOLONG),
    ],
)
def test_no_such_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str, code: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "around").symlink_to("around")
    before = os.listdir("/dev/fd")
    with pytest.raises(OSError, match=r"\S") as caught:
        open_trace(path)
    assert (caught.value.errno, caught.value.filename) == (code, path)
    assert os.listdir("/dev/fd") == before


@pytest.mark.parametrize("path", ["new", "./new", "folder//../new", "link", "folder/up/new"])
def test_ways_to_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, path: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "up").symlink_to("../folder/..")
    (tmp_path / "link").symlink_to(tmp_path / "folder" / "up" / "new")
    os.close(open_trace(path))
    assert (tmp_path / "new").is_file()


def test_a_descriptor_by_its_name(tmp_path: Path) -> None:
    """Those links lead where the kernel says."""
    with open(tmp_path / "trace", "wb") as file:
        name = Path(f"/dev/fd/{file.fileno()}")
        if not name.exists():
            pytest.skip(f"this system has no {name}")
        write(name)
    assert (tmp_path / "trace").read_bytes() == b"trace"


@needs_root
def test_no_file_of_anothers_where_anybody_may_make_one(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"theirs")
    os.chown(path, STRANGER, STRANGER)
    tmp_path.chmod(0o1777)
    with pytest.raises(NotSafe, match="another user's"):
        write(path)
    assert path.read_bytes() == b"theirs"


def test_the_descriptor_is_none_of_the_commands(tmp_path: Path) -> None:
    fd = open_trace(str(tmp_path / "trace"))
    assert fd > 2
    assert not os.get_inheritable(fd)
    os.close(fd)


def test_a_device_is_written_to_as_it_is() -> None:
    os.close(open_trace("/dev/null"))
