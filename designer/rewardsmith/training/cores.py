"""Shares out the machine's cores among the jobs of all of a person's runs.

A job is bound to its core. Were every run to begin at the first one, two runs beside each other
would halve each other and leave the rest idle. A core is claimed by locking a file: the system lets
go of it together with the process that holds it, however that ends.
"""

import contextlib
import os
import tempfile
from pathlib import Path
from typing import Final

try:
    import fcntl
except ImportError:  # no such locks here, and no binding either
    fcntl = None  # type: ignore[assignment]

_FOLDER: Final = "rewardsmith-cores-{user}"


class Cores:
    """Cores that this process may use, and which of them its jobs are bound to.

    Args:
        folder: Where claims are laid down; one of the person's own for all runs when None.
    """

    def __init__(self, folder: Path | None = None) -> None:
        can_bind = fcntl is not None and hasattr(os, "sched_getaffinity")
        self._cores = sorted(os.sched_getaffinity(0)) if can_bind else []
        self._folder = folder
        self._claims: dict[int, int] = {}
        """Core to the descriptor of the file that is locked."""

    def take(self) -> int | None:
        """A core that no job is bound to; None when there is none, and the system may place it."""
        for core in self._cores:
            if core not in self._claims and self._claim(core):
                return core
        return None

    def give_back(self, core: int | None) -> None:
        """Let others have a core that was taken."""
        if core is not None:
            os.close(self._claims.pop(core))

    def _claim(self, core: int) -> bool:
        with contextlib.suppress(OSError):
            if self._folder is None:
                self._folder = _own_folder()
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
            claim = os.open(self._folder / str(core), flags, 0o600)
            try:
                fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(claim)
                return False
            self._claims[core] = claim
            return True
        return False


def _own_folder() -> Path:
    """A folder that nobody else can have prepared.

    Raises:
        PermissionError: Somebody else has.
    """
    folder = Path(tempfile.gettempdir()) / _FOLDER.format(user=os.getuid())
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or folder.is_symlink():
        raise PermissionError(f"{folder} belongs to somebody else.")
    return folder
