"""The roles on one language model, with what they know of the task.

Wiring only: every method asks a whole round at once. The same arguments give the same requests, so
that a resumed run finds its answers in the journal of calls.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rewardsmith.llm.calls import LanguageModel, Request
from rewardsmith.messages import Analysis, History, Judged, Trajectory
from rewardsmith.roles.model.analyzer import Study, study
from rewardsmith.roles.model.critic import Exhibit, Review, review
from rewardsmith.roles.model.designer import (
    Proposal,
    candidates_from,
    parents_of,
    propose_requests,
    repair_requests,
)
from rewardsmith.roles.model.history_view import Curves
from rewardsmith.roles.model.measurer import Drafted, draft_with_model
from rewardsmith.roles.model.prompts import Prompts
from rewardsmith.roles.model.task_view import TaskView


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelTeam:
    """Designer, critic, analyzer and measurer that are asked in words."""

    model: LanguageModel
    prompts: Prompts
    task: TaskView
    n_programs: int
    """Programs asked for in one iteration."""
    max_reviews: int
    """Reviews of one candidate; 0 leaves them out."""
    init: str | None = None
    """A person's own program that the search was started with."""

    def measures(self, rollouts: Sequence[Trajectory], *, repairs: int) -> Drafted:
        """Ways to measure the task, before it has a fitness; see `draft_with_model`.

        Raises:
            ModelError: The provider failed beyond its retries.
        """
        return draft_with_model(self.model, self.prompts, self.task, rollouts, repairs=repairs)

    def propose(
        self, history: History, *, iteration: int, curves: Curves, first: int = 0
    ) -> list[Proposal]:
        """The programs of a new iteration, each from a question of its own.

        Args:
            history: Finished iterations.
            iteration: Index of this one.
            curves: Training statistics of earlier candidates.
            first: Number of the first program asked for; those before it are there already.

        Raises:
            ModelError: The provider failed beyond its retries.
            BudgetExceeded: The budget is spent.
        """
        answers = self.model.complete(self._asked(history, iteration, curves)[first:])
        parents = parents_of(self.prompts, history, self.n_programs)[first:]
        numbers = range(first, self.n_programs)
        return candidates_from(answers, iteration=iteration, parents=parents, numbers=numbers)

    def repair(
        self, refused: Sequence[Judged], history: History, *, round_idx: int, curves: Curves
    ) -> list[Proposal]:
        """New texts of refused programs, in their order; each is shown its own findings.

        Raises:
            ModelError: The provider failed beyond its retries.
            BudgetExceeded: The budget is spent.
        """
        if not refused:
            return []
        iteration = refused[0].candidate.id.iteration
        asked = self._asked(history, iteration, curves)
        numbers = [one.candidate.id.number for one in refused]
        first = [asked[number] for number in numbers]
        requests = repair_requests(self.prompts, first, refused, round_idx=round_idx)
        return candidates_from(
            self.model.complete(requests),
            iteration=iteration,
            parents=[one.candidate.parents for one in refused],
            numbers=numbers,
        )

    def _asked(self, history: History, iteration: int, curves: Curves) -> list[Request]:
        return propose_requests(
            self.prompts,
            self.task,
            history,
            n=self.n_programs,
            iteration=iteration,
            curves=curves,
            init=self.init if iteration == 0 else None,
        )

    def review(self, exhibits: Sequence[Exhibit], *, round_idx: int) -> list[Review]:
        """What the critic says of programs that passed what is computed, in their order.

        Raises:
            ModelError: The provider failed beyond its retries.
            BudgetExceeded: The budget is spent.
        """
        return review(
            self.model,
            self.prompts,
            self.task,
            exhibits,
            round_idx=round_idx,
            max_rounds=self.max_reviews,
        )

    def study(self, studies: Sequence[Study]) -> list[Analysis]:
        """The computed analyses with the analyzer's words, in their order.

        Raises:
            ModelError: The provider failed beyond its retries.
            BudgetExceeded: The budget is spent.
        """
        return study(self.model, self.prompts, self.task, studies)
