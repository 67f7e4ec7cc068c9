"""Competitions without trainings: an arena whose engine answers from a table."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pytest

from rewardsmith.config import load_config, to_mapping
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.isolation.job import JobEnd
from rewardsmith.messages import Candidate, CandidateId, Judged, Trajectory, Verdict
from rewardsmith.session import training_of
from rewardsmith.store.run import Run
from rewardsmith.testing import ScriptedEngine, write_line_card
from rewardsmith.training.arena import Arena
from rewardsmith.training.engine import Engine
from rewardsmith.training.reference_rollouts import ReferenceRollouts

Worth: TypeAlias = Mapping[str, Sequence[float | JobEnd]]

SETTINGS = {
    "training.total_timesteps": 512,
    "evaluation.selection_episodes": 3,
    "evaluation.report_episodes": 5,
    "evaluation.report_seeds": 2,
    "evaluation.recorded_episodes": 1,
    "search.confirm_top": 0,
}


@pytest.fixture
def make_arena(tmp_path: Path) -> Iterator[Callable[..., Arena]]:
    """Builds an arena on LineWorld, from a table of what programs are worth, or an engine."""
    runs: list[Run] = []
    ref = write_line_card(tmp_path / "LineWorld")

    def make(
        worth: Worth,
        *,
        run: Run | None = None,
        engine: Engine | None = None,
        judged: Mapping[str, JobEnd] | None = None,
        **more: object,
    ) -> Arena:
        card = load_card(ref)
        task = task_of(card)
        config = load_config(None, SETTINGS | more)
        preset, timesteps = training_of(card, task, config)
        spec = preset.policy_spec(2, card.state.action)
        if run is None:
            run = Run.create(
                tmp_path / "runs", name="t", config=to_mapping(config), task=task, versions={}
            )
        runs.append(run)
        return Arena(
            card=card,
            task=task,
            config=config,
            preset=preset,
            total_timesteps=timesteps,
            spec=spec,
            run=run,
            engine=engine or ScriptedEngine(worth, spec, judged),
            device="cpu",
            references=ReferenceRollouts(trajectories=(_nothing(),), obs_dim=2, sandbox="none"),
        )

    yield make
    for run in runs:
        run.close()


@pytest.fixture
def judged() -> Callable[..., tuple[Judged, ...]]:
    """Accepted candidates of one iteration, one for each word; the word is in their text."""

    def make(*words: str, iteration: int = 0) -> tuple[Judged, ...]:
        return tuple(
            Judged(
                candidate=Candidate(id=CandidateId(iteration, i), text=program(word)),
                verdict=Verdict(ok=True, graph_hash=word),
            )
            for i, word in enumerate(words)
        )

    return make


def program(word: str) -> str:
    """A sound program with `word` in its text."""
    return (
        f'"""{word}."""\n'
        'WEIGHTS = {"near": 1.0}\n'
        "def reward(state, action, xp):\n"
        '    return {"near": -abs(state.position - state.goal)}\n'
    )


def _nothing() -> Trajectory:
    fields = {"position": np.zeros(3), "goal": np.ones(3)}
    return Trajectory(seed=1, fields=fields, actions=np.zeros((2, 1)), terminated=False)
