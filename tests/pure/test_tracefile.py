"""Where the trace may be written, and how."""

import os
import stat
from pathlib import Path

import pytest

from pypicotrace.tracefile import NotSafe, open_trace


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


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_no_file_of_anothers_where_anybody_may_make_one(tmp_path: Path) -> None:
    path = tmp_path / "trace"
    path.write_bytes(b"theirs")
    os.chown(path, 12345, 12345)
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
