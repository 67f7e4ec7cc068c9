"""Where contenders are trained and judged: one task, one run, one engine, one budget each.

Everything in it is the same for all contenders of a run: that is what makes their scores
comparable.
"""

import os
from dataclasses import dataclass

from rewardsmith.config import RunConfig, episode_seeds, training_seed
from rewardsmith.environments.cards import EnvCard, TaskCard
from rewardsmith.evaluation.policy import PolicySpec
from rewardsmith.messages import CandidateId, SeedSet, StateSpec, Task
from rewardsmith.rewards.goal_relabelling import goal_state
from rewardsmith.store.run import Run
from rewardsmith.training.engine import Engine
from rewardsmith.training.preset import Preset, is_relabelled
from rewardsmith.training.reference_rollouts import ReferenceRollouts
from rewardsmith.training.segments import Segment, plan_segments

EVALUATED_SHARE = 0.25
"""Timesteps that judge a training over those that train it, unless the configuration says
otherwise. An evaluated step costs about half a trained one: some 12 % of a candidate's CPU."""
FEWEST_EPISODES, MOST_EPISODES = 3, 20
"""Of one evaluation; fewer tell candidates apart by luck, more tell them no better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arena:
    """The conditions of a competition."""

    card: EnvCard
    task: Task
    config: RunConfig
    preset: Preset
    total_timesteps: int
    """Timesteps of one full training."""
    spec: PolicySpec
    """Shape of every policy, from the environment and the preset."""
    run: Run
    engine: Engine
    device: str
    """`cpu` or `cuda`, already resolved."""
    backend: str = "python"
    """Who steps the environments of every training; evaluation is always the card's package."""
    references: ReferenceRollouts
    """Doing nothing, acting at random: what no reward shaped."""

    @property
    def task_card(self) -> TaskCard | None:
        """The card's part on this task; None for a task that the card does not know."""
        return self.card.tasks.get(self.task.name)

    @property
    def program_state(self) -> StateSpec:
        """Fields that programs may read: of relabelled goals, only those that follow from them."""
        if is_relabelled(self.preset):
            return goal_state(self.card.state, self.card.goal_dim)
        return self.card.state

    def segments(self) -> tuple[Segment, ...]:
        """The search's trainings, cut at the rungs."""
        return plan_segments(
            self.preset,
            total_timesteps=self.total_timesteps,
            rungs=self.config.search.rungs,
            evaluations=self.config.evaluation.evals_per_segment,
        )

    def whole(self) -> Segment:
        """A full training in one piece, judged at its end as a search's last segment is."""
        last = self.segments()[-1]
        return Segment(start_step=0, end_step=last.end_step, checkpoint_steps=last.checkpoint_steps)

    def episodes(self, seed_set: SeedSet, *, salt: int = 0) -> tuple[int, ...]:
        """Seeds of the evaluation episodes of a set; the same for all contenders.

        Another `salt` gives other episodes of the same set.
        """
        evaluation = self.config.evaluation
        n = {
            "training": evaluation.recorded_episodes,
            "selection": self.n_selection,
            "report": evaluation.report_episodes,
            "later": evaluation.report_episodes,
        }[seed_set]
        return episode_seeds(self.config.seed, seed_set, n, salt=salt)

    @property
    def n_recorded(self) -> int:
        """Episodes of each judged policy whose state fields are kept."""
        return min(self.config.evaluation.recorded_episodes, self.n_selection)

    @property
    def n_selection(self) -> int:
        """Episodes of one evaluation during the search."""
        given = self.config.evaluation.selection_episodes
        n_evaluations = sum(len(segment.checkpoint_steps) for segment in self.segments())
        timesteps = EVALUATED_SHARE * self.total_timesteps / n_evaluations
        affordable = round(timesteps / self.task.horizon)
        return given or min(MOST_EPISODES, max(FEWEST_EPISODES, affordable))

    def seed(self, candidate: CandidateId, replicate: int = 0) -> int:
        """Training seed of a candidate."""
        return training_seed(self.config.seed, candidate, replicate)


def free_cores() -> int:
    """Cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
