"""The driver's side: starts a child in a fresh interpreter, listens to it, and ends it.

The child gets a scrubbed environment, its job as a sealed file on stdin, one pipe for frames and
one for text, and its own process group. It dies with the *thread* that started it: start children
from one that outlives them, best the main one.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from rewardsmith.isolation.frames import RESULT, TENSORS, Caps, encode
from rewardsmith.isolation.job import Job
from rewardsmith.isolation.limits import Limits, Openings, to_plain
from rewardsmith.isolation.running import Child, ExitStatus
from rewardsmith.isolation.strict_json import dump_json

__all__ = ["Child", "ExitStatus", "command", "encode_job", "spawn", "start"]

VARIABLES: Final = frozenset({"MUJOCO_GL", "PYOPENGL_PLATFORM", "CUDA_VISIBLE_DEVICES"})
"""Environment variables a caller may add; everything else stays behind, keys above all."""

_NOWHERE: Final = "/nonexistent"
_BASE: Final = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    # One thread each: Landlock covers the locking thread only, and the core is the child's own.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NUMEXPR_NUM_THREADS": "1",
}
_BOOTSTRAP: Final = (
    "import sys; sys.path.insert(0, sys.argv.pop(1)); "
    "from rewardsmith.isolation.child import enter; enter()"
)


def start(job: Job, *, cpu: int | None = None, variables: Mapping[str, str] | None = None) -> Child:
    """Start the process that `job` asks for; see `spawn`."""
    return spawn(
        job.module,
        job=encode_job(job.request, job.tensors),
        limits=job.limits,
        cpu=cpu,
        caps=job.caps,
        openings=job.openings,
        variables=variables,
    )


def spawn(
    module: str,
    *,
    job: bytes = b"",
    limits: Limits,
    cpu: int | None = None,
    caps: Caps | None = None,
    openings: Openings | None = None,
    variables: Mapping[str, str] | None = None,
) -> Child:
    """Run `module` as `__main__` of a fresh interpreter.

    Args:
        module: Of this package, or found on `openings.import_paths`.
        job: Frames for its stdin; any size, none of it waits in a pipe.
        limits: Enforced by the kernel, from the first import on.
        cpu: Core it is bound to; None leaves it free.
        caps: What it may send.
        openings: What the user's own environment code needs.
        variables: Added to its environment; names in `VARIABLES` only.

    Raises:
        ValueError: A variable that is not allowed.
    """
    opened = openings or Openings()
    environment = _environment(opened, variables or {})
    told = {
        "module": module,
        "parent": os.getpid(),
        "cpu": cpu,
        "limits": to_plain(limits),
        "openings": to_plain(opened),
    }
    stdin = _sealed(job)
    try:
        process = subprocess.Popen(
            command(told),
            cwd="/",
            env=environment,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            close_fds=True,
            start_new_session=True,
        )
    finally:
        os.close(stdin)
    patient = replace(limits, idle_s=None) if opened.network else limits
    return Child(process, limits=patient, caps=caps or Caps())


def command(told: Mapping[str, Any]) -> list[str]:
    """Command line of a child: no user site, no PYTHON* variables, no current folder."""
    home = str(Path(__file__).resolve().parents[2])
    return [sys.executable, "-I", "-X", "utf8", "-c", _BOOTSTRAP, home, json.dumps(told)]


def encode_job(request: Mapping[str, Any], tensors: bytes = b"") -> bytes:
    """A request and its tensors, as `child.open_workplace` reads them."""
    return encode(RESULT, dump_json(request)) + (encode(TENSORS, tensors) if tensors else b"")


def _environment(openings: Openings, variables: Mapping[str, str]) -> dict[str, str]:
    odd = variables.keys() - VARIABLES
    if odd:
        raise ValueError(f"children get no variable {min(odd)!r}; only {sorted(VARIABLES)}")
    home = openings.scratch or _NOWHERE
    return {**_BASE, "HOME": home, "TMPDIR": home, **variables}


def _sealed(content: bytes) -> int:
    """A descriptor at the start of a nameless file that nobody can change any more."""
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.seek(0)
            return os.dup(file.fileno())
    import fcntl

    fd = os.memfd_create("job", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    rest = memoryview(content)
    while rest:
        rest = rest[os.write(fd, rest) :]
    seals = fcntl.F_SEAL_WRITE | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_SEAL
    fcntl.fcntl(fd, fcntl.F_ADD_SEALS, seals)
    os.lseek(fd, 0, os.SEEK_SET)
    return fd
