"""Landlock by system call: what a process may open, bind, connect to and signal from now on.

It covers the calling thread and what descends from it, so it belongs before any other thread. It
does not hide names, sizes and times of files (`stat` is not covered), and does not take back
descriptors that are open. Needs Linux 5.13; `abi()` is 0 elsewhere.
"""

import ctypes
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same on every architecture
_VERSION_FLAG, _RULE_PATH_BENEATH = 1, 1
_PR_SET_NO_NEW_PRIVS = 38

_WRITE_FILE, _READ_FILE, _READ_DIR = 1 << 1, 1 << 2, 1 << 3
_REMOVE_DIR, _REMOVE_FILE, _MAKE_DIR, _MAKE_REG = 1 << 4, 1 << 5, 1 << 7, 1 << 8
_TRUNCATE = 1 << 14
_READ: Final = _READ_FILE | _READ_DIR
_WRITE: Final = _WRITE_FILE | _TRUNCATE | _REMOVE_DIR | _REMOVE_FILE | _MAKE_DIR | _MAKE_REG
_OF_FILES: Final = _WRITE_FILE | _READ_FILE | _TRUNCATE
_ALL_NET, _ALL_SCOPES = 0b11, 0b11  # TCP bind and connect; abstract sockets and signals

SIGNALS_SINCE: Final = 6
"""First ABI that keeps a process from signalling those outside its own domain."""


class _RulesetAttr(ctypes.Structure):
    _fields_ = (
        ("handled_access_fs", ctypes.c_uint64),
        ("handled_access_net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


class _PathBeneathAttr(ctypes.Structure):
    _pack_ = 1
    _layout_ = "ms"  # what packing implies; Python 3.14 wants it said
    _fields_ = (("allowed_access", ctypes.c_uint64), ("parent_fd", ctypes.c_int32))


def abi() -> int:
    """The kernel's Landlock version; 0 where there is none."""
    if sys.platform != "linux":
        return 0
    found = _libc().syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _VERSION_FLAG)
    return max(int(found), 0)


def restrict(read: Iterable[Path], *, write: Iterable[Path] = (), network: bool = False) -> int:
    """Confine this thread for good: read below `read`, write below `write`, nothing else.

    Paths that do not exist or cannot be opened are left out.

    Returns:
        The ABI in force.

    Raises:
        OSError: The kernel refused.
    """
    version = abi()
    ruleset = _new_ruleset(version, network=network)
    try:
        handled = _handled_fs(version)
        for path in read:
            _allow(ruleset, path, _READ & handled)
        for path in write:
            _allow(ruleset, path, (_READ | _WRITE) & handled)
        _check(_libc().prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        _check(_libc().syscall(_RESTRICT_SELF, ruleset, 0))
    finally:
        os.close(ruleset)
    return version


def _new_ruleset(version: int, *, network: bool) -> int:
    handled = _RulesetAttr(_handled_fs(version), 0, 0)
    if version >= 4 and not network:
        handled.handled_access_net = _ALL_NET
    if version >= SIGNALS_SINCE:
        handled.scoped = _ALL_SCOPES
    size = 8 if version < 4 else 16 if version < SIGNALS_SINCE else 24
    return _check(_libc().syscall(_CREATE_RULESET, ctypes.byref(handled), ctypes.c_size_t(size), 0))


def _handled_fs(version: int) -> int:
    """Every right that this version knows: what is handled and not allowed is refused."""
    n_rights = 13 + (version >= 2) + (version >= 3) + (version >= 5)
    return (1 << n_rights) - 1


def _allow(ruleset: int, path: Path, access: int) -> None:
    try:
        fd = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        rights = access if path.is_dir() else access & _OF_FILES
        rule = _PathBeneathAttr(rights, fd)
        _check(_libc().syscall(_ADD_RULE, ruleset, _RULE_PATH_BENEATH, ctypes.byref(rule), 0))
    finally:
        os.close(fd)


def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    libc.syscall.restype = ctypes.c_long
    return libc


def _check(result: int) -> int:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return int(result)
