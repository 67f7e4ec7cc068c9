"""The journal keeps what it acknowledged, whatever happens to its writer."""

import errno
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.errors import StoreError
from rewardsmith.store.journal import Journal, read_journal

WRITER = """
import os, sys
from pathlib import Path
from rewardsmith.store.journal import Journal

journal = Journal(Path(sys.argv[1]))
n = len(journal.events)
while True:
    journal.append("segment_ended", {"n": n}, {"text": "x" * (n * 997 % 60_000)}, sync=True)
    os.write(1, b"%d\\n" % n)
    n += 1
"""

FULL = """
import resource, sys
from pathlib import Path
from rewardsmith.errors import StoreError
from rewardsmith.store.journal import Journal

path = Path(sys.argv[1])
journal = Journal(path)
limit = path.stat().st_size + 100
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for _ in range(2):
    try:
        journal.append("paused", {}, {"text": "x" * 1000})
    except StoreError as error:
        print(error)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, bufsize=0
    )


def kill_after(writer: subprocess.Popen[bytes], delay_s: float) -> list[int]:
    """Numbers of the events that `writer` had acknowledged when it was killed."""
    assert writer.stdout is not None
    first = writer.stdout.read(1)
    time.sleep(delay_s)
    writer.kill()
    rest = writer.stdout.read()
    writer.wait()
    writer.stdout.close()
    return [int(line) for line in (first + rest).split()]


def filled(path: Path, n: int = 3) -> list[bytes]:
    with Journal(path) as journal:
        for number in range(n):
            journal.append("paused", {"n": number}, {"text": "é\n\x1b"})
    return path.read_bytes().splitlines(keepends=True)


def test_writer_killed_25_times_loses_nothing_that_it_had_synced(
    tmp_path: Path, rng: np.random.Generator
) -> None:
    path = tmp_path / "events.jsonl"
    for _ in range(25):
        acknowledged = kill_after(start(WRITER, str(path)), rng.uniform(0, 0.02))
        events = read_journal(path).events  # raises on a bad inner line

        assert acknowledged
        assert [event.seq for event in events] == list(range(len(events)))
        assert events[acknowledged[-1]].key == {"n": acknowledged[-1]}


@pytest.mark.parametrize("n_kept", [0, 1, 40, -1])
def test_torn_tail_is_ignored_by_readers_and_cut_before_appending(
    tmp_path: Path, n_kept: int
) -> None:
    path = tmp_path / "events.jsonl"
    lines = filled(path)
    path.write_bytes(b"".join(lines[:2]) + lines[2][:n_kept])

    assert len(read_journal(path).events) == 2
    with Journal(path) as journal:
        assert len(journal.events) == 2
        assert journal.append("continued", {}, {}).seq == 2
    assert [event.event for event in read_journal(path).events] == ["paused", "paused", "continued"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b'"n":1', b'"n":7'),
        (b'{"seq":1', b'{"seq":9'),
        (b'{"seq"', b'{"sex"'),
        (b'"data":{', b'"data":{{'),
        (b'"n":1', b'"n":NaN'),
        (b'{"seq":1', b"\xff\xfe"),
    ],
)
def test_damaged_line_is_named_with_file_and_remedy(
    tmp_path: Path, before: bytes, after: bytes
) -> None:
    path = tmp_path / "events.jsonl"
    lines = filled(path)
    assert before in lines[1]
    path.write_bytes(lines[0] + lines[1].replace(before, after) + lines[2])

    for opening in (read_journal, Journal):
        with pytest.raises(StoreError, match=r"events.jsonl', line 2 is damaged: .*head -n 1"):
            opening(path)


def test_missing_line_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = filled(path)
    path.write_bytes(lines[0] + lines[2])

    with pytest.raises(StoreError, match="sequence number is 2, expected 1"):
        read_journal(path)


def test_full_disk_leaves_the_journal_whole_and_says_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    lines = filled(path)
    said = subprocess.run(
        [sys.executable, "-c", FULL, str(path)], capture_output=True, text=True, check=True
    ).stdout.splitlines()

    assert path.read_bytes() == b"".join(lines)
    assert "no space is left. Free space, then `rewardsmith resume" in said[0]
    assert "is closed. Resume the run" in said[1]


def test_failed_sync_is_never_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    path = tmp_path / "events.jsonl"
    filled(path)
    with Journal(path) as journal:
        monkeypatch.setattr(os, "fsync", fail)
        with pytest.raises(StoreError, match="Input/output error"):
            journal.append("paused", {}, {})
        with pytest.raises(StoreError, match="is closed"):
            journal.append("paused", {}, {}, sync=False)
    assert len(read_journal(path).events) == 3


def test_text_cannot_break_a_line(tmp_path: Path) -> None:
    path = tmp_path / "events.jsonl"
    with Journal(path) as journal:
        journal.append("paused", {}, {"text": "a\nb\u2028\x00\ud800"})

    assert path.read_bytes().count(b"\n") == 1
    assert read_journal(path).events[0].data == {"text": "a\nb\u2028\x00\ud800"}


def test_link_under_the_journals_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious", encoding="utf-8")
    (tmp_path / "events.jsonl").symlink_to(tmp_path / "mine")

    with pytest.raises(StoreError, match="Cannot write"):
        Journal(tmp_path / "events.jsonl")
    assert (tmp_path / "mine").read_text(encoding="utf-8") == "precious"
