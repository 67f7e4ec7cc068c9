"""Options become a task and a configuration, or a refusal."""

from pathlib import Path

import pytest

from rewardsmith.cli.request import Request
from rewardsmith.errors import UsageError


def test_name_of_a_card_task_is_that_task() -> None:
    task = Request(env="HalfCheetah-v5", task="run_forward", flags={}).resolve_task()
    assert task.name == "run_forward"
    assert "displacement" in task.fitness


def test_words_with_fitness_and_success_are_an_instruction() -> None:
    request = Request(
        env="HalfCheetah-v5",
        task="Jump.",
        fitness="mean(height)",
        success="height > 1",
        flags={},
    )
    task = request.resolve_task()
    assert (task.instruction, task.fitness, task.success) == ("Jump.", "mean(height)", "height > 1")


def test_card_task_with_a_fitness_of_its_own_is_refused() -> None:
    request = Request(
        env="HalfCheetah-v5",
        task="run_forward",
        fitness="mean(height)",
        success="height > 1",
        flags={},
    )
    with pytest.raises(UsageError, match="brings its own fitness"):
        request.resolve_task()


def test_flags_win_over_settings_and_settings_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text("seed: 1\njobs: 3\nsearch: {candidates: 5, iterations: 6}\n")
    config = Request(
        env="",
        task="",
        config=file,
        settings=("search.candidates=7", "search.iterations=8"),
        flags={"search.candidates": 9},
    ).resolve_config()
    assert config.seed == 1
    assert config.jobs == 3
    assert config.search.iterations == 8
    assert config.search.candidates == 9


def test_jobs_are_left_to_the_machine_unless_said(tmp_path: Path) -> None:
    assert Request(env="", task="", flags={}).resolve_config().jobs == 0
    assert Request(env="", task="", flags={"jobs": 7}).resolve_config().jobs == 7
    (tmp_path / "c.yaml").write_text("jobs: 3\n", encoding="utf-8")
    assert Request(env="", task="", config=tmp_path / "c.yaml", flags={}).resolve_config().jobs == 3
