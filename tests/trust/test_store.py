"""The run folder: a name that is expected may hold anything, where somebody else packed it.

Each trap is opened by the product's reader or writer, which refuses it, and then by the usual call,
which walks into it.
"""

import io
import os
import socket
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from rewardsmith.errors import StoreError
from rewardsmith.messages import MetricPoint
from rewardsmith.store import artifacts, disk, events, journal, metrics, trajectories
from rewardsmith.store.layout import run_id
from rewardsmith.store.lock import RunLock
from rewardsmith.store.tensorboard import EventFile

POINT = MetricPoint(step=1, values={"train/loss": 1.0})


class Trap(NamedTuple):
    """Something under an expected name."""

    lay: Callable[[Path], object]
    """Prepares it; is given the path that is expected."""
    open_it: Callable[[Path], object]
    walk_into: Callable[[Path], bool]
    """The usual call; true when it did what the trap is for."""


def secret(path: Path) -> Path:
    kept = path.parent.parent / "secret.txt"
    kept.write_bytes(b"sk-secret\n")
    return kept


def link(path: Path) -> None:
    path.symlink_to(secret(path))


def hard_link(path: Path) -> None:
    os.link(secret(path), path)


def socket_file(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.getcwd()
        os.chdir(path.parent)  # the path of a socket has to be short
        try:
            sock.bind(path.name)
        finally:
            os.chdir(here)


def device(path: Path) -> None:
    os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, 5))  # /dev/zero


def sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(disk.MAX_BYTES + 1)


def archive(member: str, content: bytes) -> Callable[[Path], object]:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as zipped:
        zipped.writestr(member, content)
    return lambda path: path.write_bytes(buffer.getvalue())


def array_claim(shape: str, dtype: str = "'<f8'") -> bytes:
    header = f"{{'descr': {dtype}, 'fortran_order': False, 'shape': {shape}, }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header


def pickled(path: Path) -> None:
    buffer = io.BytesIO()
    contents: Any = {"0/seed": np.array([Path("/")], dtype=object)}
    np.savez(buffer, **contents)
    path.write_bytes(buffer.getvalue())


def read_artifact(path: Path) -> object:
    return artifacts.read_artifact(path.parent, path.name)


def read_other(path: Path) -> object:
    return artifacts.read_artifact(path.parent, path.name, "0" * 64)


def read_journal(path: Path) -> object:
    return journal.read_journal(path)


def read_metrics(path: Path) -> object:
    return metrics.read_metrics(path)


def append_metrics(path: Path) -> None:
    metrics.MetricsFile(path).append(1, [POINT])


def append_metrics_blindly(path: Path) -> None:
    """Appending alone, where nothing is read before."""
    disk.open_regular(path, os.O_WRONLY | os.O_APPEND)


def write_curves(path: Path) -> None:
    EventFile(path, [POINT])


def unpack(path: Path) -> object:
    return trajectories.unpack(path.read_bytes())


def reads_secret(path: Path) -> bool:
    return b"sk-secret" in path.read_bytes()


def reads_for_ever(path: Path) -> bool:
    with path.open("rb") as file:
        return len(file.read(2**20)) == 2**20


def waits_for_ever(path: Path) -> bool:
    reader = threading.Thread(target=lambda: path.open("rb").close(), daemon=True)
    reader.start()
    reader.join(0.2)
    was_waiting = reader.is_alive()
    os.close(os.open(path, os.O_RDWR))  # let it go
    reader.join(2)
    return was_waiting


def writes_elsewhere(path: Path) -> bool:
    with path.open("ab") as file:
        file.write(b"{}\n")
    return (path.parent.parent / "secret.txt").read_bytes().endswith(b"{}\n")


def truncates_elsewhere(path: Path) -> bool:
    path.open("wb").close()
    return (path.parent.parent / "secret.txt").stat().st_size == 0


def claims_too_much(path: Path) -> bool:
    return path.stat().st_size > disk.MAX_BYTES > path.stat().st_blocks * 512


def is_refused_by_nobody(path: Path) -> bool:
    return path.exists() or path.is_socket()


def fails_oddly(path: Path) -> bool:
    """The usual reader, which ends in an error that nobody expects of a file."""
    with np.load(path, allow_pickle=False) as opened:
        try:
            return [opened[name].dtype for name in opened.files] == []
        except (MemoryError, AttributeError, ValueError):
            return True


def loads_a_pickle(path: Path) -> bool:
    with np.load(path, allow_pickle=True) as opened:
        return isinstance(opened["0/seed"][0], Path)


TRAPS: dict[str, Trap] = {
    "FIFO for a checkpoint": Trap(os.mkfifo, read_artifact, waits_for_ever),
    "FIFO for the journal": Trap(os.mkfifo, read_journal, waits_for_ever),
    "FIFO for the curves": Trap(os.mkfifo, read_metrics, waits_for_ever),
    "FIFO to append to": Trap(os.mkfifo, append_metrics_blindly, waits_for_ever),
    "link for a checkpoint": Trap(link, read_artifact, reads_secret),
    "link for the journal": Trap(link, read_journal, reads_secret),
    "link for the curves": Trap(link, append_metrics, writes_elsewhere),
    "link for TensorBoard's file": Trap(link, write_curves, truncates_elsewhere),
    "hard link for the curves": Trap(hard_link, append_metrics, writes_elsewhere),
    "hard link for the journal": Trap(hard_link, lambda p: journal.Journal(p), writes_elsewhere),
    "hard link for TensorBoard's file": Trap(hard_link, write_curves, truncates_elsewhere),
    "device for a checkpoint": Trap(device, read_artifact, reads_for_ever),
    "socket for a checkpoint": Trap(socket_file, read_artifact, is_refused_by_nobody),
    "folder for a checkpoint": Trap(Path.mkdir, read_artifact, is_refused_by_nobody),
    "hole of two gigabytes": Trap(sparse, read_artifact, claims_too_much),
    "checkpoint that was exchanged": Trap(
        lambda p: p.write_bytes(b"another one"), read_other, lambda p: bool(p.read_bytes())),
    "recordings that claim terabytes": Trap(
        archive("0/seed.npy", array_claim("(1000000000000,)")), unpack, fails_oddly),
    "recordings of gigabytes in a megabyte": Trap(
        archive("0/seed.npy", array_claim("(3000000,)", "'<i8'")), unpack, fails_oddly),
    "recordings that are no arrays": Trap(
        archive("0/seed", b"hello"), unpack, is_refused_by_nobody),
    "recordings that are a pickle": Trap(pickled, unpack, loads_a_pickle),
}  # fmt: skip


@pytest.mark.parametrize("name", TRAPS)
def test_trap_is_refused_and_the_usual_call_walks_into_it(tmp_path: Path, name: str) -> None:
    trap = TRAPS[name]
    if name.startswith("device") and os.getuid() != 0:
        pytest.skip("only root makes devices")
    path = tmp_path / "run" / "expected"
    path.parent.mkdir()
    trap.lay(path)
    with pytest.raises(StoreError):
        trap.open_it(path)
    if (tmp_path / "secret.txt").exists():
        assert (tmp_path / "secret.txt").read_bytes() == b"sk-secret\n"
    assert trap.walk_into(path)


OUTSIDE = ("../secret.txt", "/etc/passwd", "a/../../secret.txt", "", "a\\..\\b", "out/x", "a\0b")


@pytest.mark.parametrize("relative", OUTSIDE)
def test_name_that_leads_out_is_refused(tmp_path: Path, relative: str) -> None:
    root = tmp_path / "run"
    root.mkdir()
    (root / "out").symlink_to(tmp_path)
    for act in (
        lambda: artifacts.read_artifact(root, relative),
        lambda: artifacts.write_artifact(root, relative, b"x"),
    ):
        with pytest.raises(StoreError):
            act()
    assert not [path for path in tmp_path.iterdir() if path.name != "run"]


@pytest.mark.parametrize("written", ["../0", "0/../../x", "000/-1", "00/1", "٠٠٠/1", "000/1\n"])
def test_candidate_that_is_a_path_is_none(written: str) -> None:
    with pytest.raises(StoreError):
        events.read_id(written)


def test_run_is_named_by_letters_only() -> None:
    import datetime

    name = run_id(datetime.date(2026, 1, 2), "../../etc; rm -rf \x1b[31m ~", 1)
    assert name == "2026-01-02-etc-rm-rf-31m-1"


def test_numbers_beyond_counting_in_the_curves_are_left_out(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(
        b'{"seed": 1, "step": {"number": "inf"}, "values": {}}\n'
        b'{"seed": 1, "step": 1, "values": {"a": ' + b"9" * 400 + b"}}\n"
        b'{"seed": 1, "step": 2, "values": {}}\n'
    )
    assert [entry.point.step for entry in metrics.read_metrics(path)] == [2]


def test_child_that_lives_on_does_not_hold_the_runs_lock(tmp_path: Path) -> None:
    """And would, had it got the descriptor."""
    import subprocess

    lock = RunLock(tmp_path)
    with subprocess.Popen(["/bin/sleep", "60"]) as orphan:
        lock.release()
        again = RunLock(tmp_path)
        inherited = os.dup(again._fd)
        with subprocess.Popen(["/bin/sleep", "60"], pass_fds=(inherited,)) as holding:
            os.close(inherited)
            again.release()
            with pytest.raises(StoreError, match="driven by"):
                RunLock(tmp_path)
            holding.kill()
        orphan.kill()
