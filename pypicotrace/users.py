"""Whom a program is to run as: names made ids."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import NamedTuple

ID_MAX = 2**32 - 2
"""The greatest uid or gid: the one after it means "leave it" to the kernel."""


class Identity(NamedTuple):
    """A user's ids; None leaves one as it is."""

    uid: int | None
    gid: int | None
    groups: list[int] | None


def identity(
    user: str | int | None = None,
    group: str | int | None = None,
    extra_groups: Iterable[str | int] | None = None,
) -> Identity:
    """Check whom a program is to run as; the parameters are `pypicotrace.spawn`'s.

    A user without a group, or without further ones, gets those that the system has for that user.

    :raises TypeError, ValueError: there is no such user or group.
    """
    if isinstance(extra_groups, str | bytes):
        raise TypeError("extra_groups is a collection of groups, not one")
    uid = None if user is None else _uid(user)
    gid = None if group is None else _gid("group", group)
    groups = None if extra_groups is None else [_gid("extra_groups", g) for g in extra_groups]
    if uid is not None and (gid is None or groups is None):
        own, all_of_them = _groups_of(uid)
        gid = own if gid is None else gid
        groups = all_of_them if groups is None else groups
    return Identity(uid, gid, groups)


def _uid(user: str | int) -> int:
    import pwd

    if isinstance(user, str):
        try:
            return pwd.getpwnam(user).pw_uid
        except KeyError:
            raise ValueError(f"there is no user {user!r}") from None
    return _id("user", user)


def _gid(what: str, group: str | int) -> int:
    import grp

    if isinstance(group, str):
        try:
            return grp.getgrnam(group).gr_gid
        except KeyError:
            raise ValueError(f"there is no group {group!r}") from None
    return _id(what, group)


def _id(what: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{what}: a name or an id, not {type(value).__name__}")
    if not 0 <= value <= ID_MAX:
        raise ValueError(f"{what}: {value} is not an id (0 to {ID_MAX})")
    return value


def _groups_of(uid: int) -> tuple[int, list[int]]:
    import pwd

    try:
        entry = pwd.getpwuid(uid)
    except KeyError:
        raise ValueError(
            f"there is no user {uid} whose groups could be looked up: give group and extra_groups"
        ) from None
    return entry.pw_gid, os.getgrouplist(entry.pw_name, entry.pw_gid)
