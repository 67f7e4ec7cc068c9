"""Artifacts stay inside the run, come whole, and are the ones that were written."""

import errno
import hashlib
import os
from pathlib import Path

import pytest

from rewardsmith.errors import StoreError
from rewardsmith.store import Run
from rewardsmith.store.artifacts import read_artifact, write_artifact


def test_artifact_comes_back_by_its_sha(tmp_path: Path) -> None:
    sha = write_artifact(tmp_path, "a/b/c.bin", b"policy")

    assert sha == hashlib.sha256(b"policy").hexdigest()
    assert read_artifact(tmp_path, "a/b/c.bin", sha) == b"policy"
    assert os.listdir(tmp_path / "a" / "b") == ["c.bin"]


def test_artifact_that_was_changed_is_refused(tmp_path: Path) -> None:
    sha = write_artifact(tmp_path, "c.bin", b"policy")
    (tmp_path / "c.bin").write_bytes(b"another")

    with pytest.raises(StoreError, match="is not the file that was written"):
        read_artifact(tmp_path, "c.bin", sha)


@pytest.mark.parametrize("path", ["", ".", "/etc/passwd", "../x", "a/../../x", "a\\b", "a\0b"])
def test_path_that_leaves_the_run_is_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(StoreError, match="not a path inside a run"):
        write_artifact(tmp_path, path, b"")
    with pytest.raises(StoreError, match="not a path inside a run"):
        read_artifact(tmp_path, path)


def test_link_that_leaves_the_run_is_refused(tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "out").symlink_to(tmp_path)
    (run / "file").symlink_to(tmp_path / "secret")
    (tmp_path / "secret").write_bytes(b"s")

    with pytest.raises(StoreError, match="through a link"):
        write_artifact(run, "out/x", b"")
    with pytest.raises(StoreError, match="Cannot read"):
        read_artifact(run, "file")


def test_fifo_or_folder_under_an_expected_name_neither_blocks_nor_is_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()

    for name in ("fifo", "folder"):
        with pytest.raises(StoreError, match=r"regular file|Cannot read"):
            read_artifact(tmp_path, name)


def test_huge_sparse_file_is_refused_unread(tmp_path: Path) -> None:
    with open(tmp_path / "big", "wb") as file:
        file.truncate(2**40)

    with pytest.raises(StoreError, match="the limit is"):
        read_artifact(tmp_path, "big")


def test_missing_artifact_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"Cannot read .*none.*: it does not exist"):
        read_artifact(tmp_path, "none")


@pytest.mark.parametrize(
    ("code", "words"), [(errno.ENOSPC, "no space is left"), (errno.EROFS, "it is read-only")]
)
def test_failed_write_leaves_the_former_file_and_no_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def refuse(fd: int, blob: bytes) -> int:
        raise OSError(code, os.strerror(code))

    write_artifact(tmp_path, "c.bin", b"former")
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", refuse)
        with pytest.raises(StoreError, match=f"{words}.*`rewardsmith resume"):
            write_artifact(tmp_path, "c.bin", b"new")

    assert os.listdir(tmp_path) == ["c.bin"]
    assert read_artifact(tmp_path, "c.bin") == b"former"


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is read-only for root")
def test_run_in_a_read_only_folder_can_be_read_but_not_driven(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    folder.chmod(0o500)
    with pytest.raises(StoreError, match="it is read-only"):
        write_artifact(folder, "x", b"")
    folder.chmod(0o700)


def test_runs_folder_that_cannot_be_written_is_one_clear_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, *_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "mkdir", refuse)
    with pytest.raises(StoreError, match="it is read-only"):
        Run.create(tmp_path / "runs", name="x", config={}, task=None, versions={})  # type: ignore[arg-type]  # never reached
