"""Blocks of episodes are given out once, whoever asks, and whatever became of the asker."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from rewardsmith.messages import CandidateId, EpisodeScore, Evaluation
from rewardsmith.store.evaluations import (
    LaterEvaluation,
    append_evaluation,
    read_evaluations,
    reserve_block,
)
from rewardsmith.store.run import Run
from rewardsmith.testing import toy_task

ID = CandidateId(0, 1)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with Run.create(tmp_path, name="r", config={}, task=toy_task(), versions={}) as run:
        yield run.folder


def test_no_block_is_given_out_twice(folder: Path) -> None:
    taken: list[int] = []

    def take() -> None:
        for _ in range(5):
            taken.append(reserve_block(folder, ID, 10))

    threads = [threading.Thread(target=take) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(taken) == list(range(20))


def test_a_block_whose_evaluation_died_stays_used(folder: Path) -> None:
    assert reserve_block(folder, ID, 10) == 0
    with (folder / "evaluations.jsonl").open("ab") as file:
        file.write(b'{"block": 7, "candid')  # torn
    assert reserve_block(folder, ID, 10) == 1
    assert read_evaluations(folder) == ()


def test_what_was_measured_is_read_back(folder: Path) -> None:
    episode = EpisodeScore(seed=3, fitness=0.5, success=True, length=2, terminated=False)
    evaluation = Evaluation(step=64, seed_set="later", episodes=(episode,))
    made = LaterEvaluation(candidate=ID, block=reserve_block(folder, ID, 1), evaluation=evaluation)
    append_evaluation(folder, made)
    assert read_evaluations(folder) == (made,)
