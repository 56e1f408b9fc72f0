"""The folder that a file is to be in, found without going where a stranger leads.

In a folder where anybody may make names, a symbolic link may be anybody's. Linux can be told not to
follow those (fs.protected_symlinks), and often is not; other systems cannot.
"""

from __future__ import annotations

import errno
import os
import stat

LINKS_MAX = 40
"""As many as Linux follows: path_resolution(7)."""
FOLDER = getattr(os, "O_PATH", getattr(os, "O_SEARCH", os.O_RDONLY)) | os.O_DIRECTORY | os.O_CLOEXEC
SHARED = "a folder that anybody can write to"


class NotSafe(OSError):
    """Somebody else has put something where a file was to be."""


def is_shared(folder: int) -> bool:
    """Whether anybody may make names in it."""
    return bool(os.fstat(folder).st_mode & stat.S_IWOTH)


def folder_of(path: str) -> tuple[int, str]:
    """The folder that a file is in, all links on the way followed, and its name there.

    In a shared folder a link is followed only if it is our own, or the folder's owner's; the last
    name is not followed there, and may be that of a link. Nowhere else is it one, but in /proc.

    :returns: a descriptor of the folder, which is the caller's to close; and the name.
    :raises NotSafe: a stranger's link is on the way.
    :raises OSError: there is no such folder.
    """
    parts = path.split("/")[::-1]
    links = 0
    at = _start(path)
    try:
        while True:
            part = parts.pop()
            shared = is_shared(at)
            target = _target(at, part) if parts or not shared else None
            if target is not None:
                links += 1
                if links > LINKS_MAX:
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
                if shared:
                    _check_link(at, part)
                parts += target.split("/")[::-1]
                if target.startswith("/"):
                    at = _instead(at, _start(target))
            elif not parts:
                return at, part or ("." if path else "")
            elif part:
                nofollow = os.O_NOFOLLOW if shared else 0
                at = _instead(at, os.open(part, FOLDER | nofollow, dir_fd=at))
    except BaseException:
        os.close(at)
        raise


def _start(path: str) -> int:
    return os.open("/" if path.startswith("/") else ".", FOLDER)


def _instead(before: int, folder: int) -> int:
    os.close(before)
    return folder


def _target(folder: int, name: str) -> str | None:
    """Where a link leads; None: it is none, or one of /proc's, which only the kernel follows."""
    if not name or _is_proc(folder):
        return None
    try:
        return os.readlink(name, dir_fd=folder)
    except OSError:
        return None


def _is_proc(folder: int) -> bool:
    try:
        return os.fstat(folder).st_dev == os.lstat("/proc/self").st_dev
    except OSError:
        return False


def _check_link(folder: int, name: str) -> None:
    owner = os.stat(name, dir_fd=folder, follow_symlinks=False).st_uid
    if owner not in (os.geteuid(), os.fstat(folder).st_uid):
        raise NotSafe(errno.ELOOP, f"{name} is another user's symbolic link in {SHARED}")
