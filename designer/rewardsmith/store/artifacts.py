"""Files that events name: checkpoints, trajectories, and what people read.

Paths are relative to the run folder and stay inside it, also through symbolic links. A file is
written whole or not at all, and read back only if it has the SHA-256 that its event names.
"""

import hashlib
from pathlib import Path, PurePosixPath

from rewardsmith.errors import StoreError
from rewardsmith.store import disk


def write_artifact(root: Path, relative: str, blob: bytes) -> str:
    """Write `blob` below `root` and return its SHA-256, for the event that follows.

    Raises:
        StoreError: The path leaves the run folder, or the disk is full or read-only.
    """
    path = inside(root, relative)
    disk.replace_file(path, blob)
    return hashlib.sha256(blob).hexdigest()


def read_artifact(root: Path, relative: str, sha: str | None = None) -> bytes:
    """Read the file `relative` below `root`.

    Args:
        root: The run folder.
        relative: Path with forward slashes.
        sha: The SHA-256 that its event names; None reads whatever is there.

    Raises:
        StoreError: The path leaves the run folder, there is no such regular file, it is larger than
            `disk.MAX_BYTES`, or its content is another one.
    """
    path = inside(root, relative)
    blob = disk.read_regular(path)
    if sha is not None and hashlib.sha256(blob).hexdigest() != sha:
        raise StoreError(
            f"{str(path)!r} is not the file that was written: its SHA-256 differs from the "
            "journal's. Restore it from a copy of the run."
        )
    return blob


def inside(root: Path, relative: str) -> Path:
    """The path of `relative` below `root`.

    Raises:
        StoreError: It is absolute, climbs out, or passes through a symbolic link that does.
    """
    pure = PurePosixPath(relative)
    plain = bool(pure.parts) and not pure.is_absolute() and ".." not in pure.parts
    if not plain or "\0" in relative or "\\" in relative:
        raise StoreError(
            f"{relative!r} is not a path inside a run. Use a relative one without '..'."
        )
    path = root / pure
    if not path.parent.resolve().is_relative_to(root.resolve()):
        raise StoreError(f"{relative!r} leaves run {root.name!r} through a link. Remove the link.")
    return path
