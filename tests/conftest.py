"""Fixtures every test may ask for."""

import os
from pathlib import Path

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")  # before numpy and torch: tests run side by side

import numpy as np
import pytest

import rewardsmith.llm

rewardsmith.llm.ALLOW_REQUESTS = False  # no test reaches a provider by accident


@pytest.fixture
def rng() -> np.random.Generator:
    """A seeded generator: a test's randomness is part of the test."""
    return np.random.default_rng(0)


@pytest.fixture(scope="session")
def ranked_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder whose one run, judged by comparisons, waits for them after iteration 0."""
    from rewardsmith.config import load_config
    from rewardsmith.environments.cards import ad_hoc_task, load_card
    from rewardsmith.feedback.selection import WaitingForPerson
    from rewardsmith.messages import BY_RANKING
    from rewardsmith.session import finish_run, start_run
    from rewardsmith.testing import InProcessEngine, write_line_card

    folder = tmp_path_factory.mktemp("ranked")
    card = load_card(write_line_card(folder / "LineWorld"))
    words = "Reach the goal and stay there."
    settings = {
        "search.candidates": 3,
        "search.iterations": 2,
        "training.total_timesteps": 512,
        "evaluation.selection_episodes": 4,
        "evaluation.recorded_episodes": 3,
        "evaluation.evals_per_segment": 1,
    }
    task = ad_hoc_task(card, words, fitness=BY_RANKING, success="step < 0")
    with start_run(folder / "runs", task, load_config(None, settings)) as run:
        with pytest.raises(WaitingForPerson):
            finish_run(run, engine=lambda slots: InProcessEngine())
    return folder / "runs"


@pytest.fixture
def ranked(ranked_runs: Path, tmp_path: Path) -> Path:
    """A copy of that run, which a test may change."""
    import shutil

    return next(Path(shutil.copytree(ranked_runs, tmp_path / "runs")).iterdir())


@pytest.fixture(scope="session")
def drafted_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A runs folder whose one run has drafted a fitness and waits for labels and a choice."""
    from rewardsmith.config import load_config
    from rewardsmith.environments.cards import ad_hoc_task, load_card
    from rewardsmith.feedback.selection import WaitingForPerson
    from rewardsmith.messages import BY_LABELS
    from rewardsmith.session import finish_run, start_run
    from rewardsmith.testing import InProcessEngine, write_line_card

    folder = tmp_path_factory.mktemp("drafted")
    card = load_card(write_line_card(folder / "LineWorld"))
    words = "Reach the goal and stay there."
    settings = {
        "search.candidates": 2,
        "search.iterations": 1,
        "search.confirm_top": 0,
        "training.total_timesteps": 512,
        "evaluation.selection_episodes": 3,
        "evaluation.report_episodes": 3,
        "evaluation.report_seeds": 1,
        "evaluation.evals_per_segment": 1,
    }
    task = ad_hoc_task(card, words, fitness=BY_LABELS, success="step < 0")
    with start_run(folder / "runs", task, load_config(None, settings)) as run:
        with pytest.raises(WaitingForPerson):
            finish_run(run, engine=lambda slots: InProcessEngine())
    return folder / "runs"


@pytest.fixture
def drafted(drafted_runs: Path, tmp_path: Path) -> Path:
    """A copy of that run, which a test may change."""
    import shutil

    return next(Path(shutil.copytree(drafted_runs, tmp_path / "runs")).iterdir())
