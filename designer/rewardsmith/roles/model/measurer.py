"""Has a language model draft ways to measure a task from its words, for a person to choose from.

It sees the words and the card's fields, as the designer does, and nothing that judges or pays. What
it writes is tried like a person's own fitness; what is refused goes back with what is wrong.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rewardsmith.environments.aggregates import AGGREGATES, FACTS
from rewardsmith.environments.outer import FUNCTIONS
from rewardsmith.errors import BudgetExceeded
from rewardsmith.llm.calls import Address, LanguageModel, Message, Request
from rewardsmith.messages import MeasureDraft, Trajectory
from rewardsmith.roles.measure_trial import MAX_CHARS, Ground, try_measure
from rewardsmith.roles.model.fencing import neutralise
from rewardsmith.roles.model.json_answers import ask
from rewardsmith.roles.model.library_view import EXAMPLES, library_view
from rewardsmith.roles.model.prompts import Prompts
from rewardsmith.roles.model.schemas import DraftedMeasure, MeasuresAnswer, schema_of
from rewardsmith.roles.model.task_view import TaskView

N_MEASURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """What became of asking for measures."""

    drafts: tuple[MeasureDraft, ...] = ()
    """Those that measure, at most `N_MEASURES`, the likeliest first."""
    reason: str = ""
    """Why there are fewer; empty when there are not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A measure that cannot be taken."""

    measure: DraftedMeasure
    problem: str
    """What is wrong, with the remedy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sorted:
    """What of an answer, and of those before it, can be taken."""

    kept: tuple[MeasureDraft, ...] = ()
    refused: tuple[Refused, ...] = ()
    """Of this answer."""

    @property
    def n_missing(self) -> int:
        """Measures that are still wanted."""
        return N_MEASURES - len(self.kept)


def draft_with_model(
    model: LanguageModel,
    prompts: Prompts,
    task: TaskView,
    rollouts: Sequence[Trajectory],
    *,
    repairs: int,
) -> Drafted:
    """Ask for measures, and again for those that were refused; fewer where that does not help.

    Args:
        model: Who is asked.
        prompts: The templates.
        task: What a model may see.
        rollouts: Episodes that no reward shaped, to try the expressions on.
        repairs: Times the refused ones go back.

    Raises:
        ModelError: The provider failed beyond its retries.
    """
    ground = Ground(state=task.state, horizon=task.horizon, dt=task.dt, rollouts=rollouts)
    first = request = measures_request(prompts, task)
    found, reason = Sorted(), ""
    for round_idx in range(1 + repairs):
        try:
            answer = ask(model, prompts, [request], MeasuresAnswer)[0]
        except BudgetExceeded as error:
            # The rules draft the rest: a person can label, and raise the budget when they resume.
            reason = str(error)
            break
        if answer is None:
            reason = "its answer could not be read, twice"
            break
        found = sort_measures(answer, found.kept, ground)
        if not found.n_missing:
            break
        reason = _unmended(found, round_idx)
        request = mending_request(prompts, first, answer, found, round_idx=round_idx + 1)
    return Drafted(drafts=found.kept, reason=reason if found.n_missing else "")


def sort_measures(answer: MeasuresAnswer, kept: tuple[MeasureDraft, ...], ground: Ground) -> Sorted:
    """Try what an answer says; what repeats another measure is refused too.

    Args:
        answer: What the model said.
        kept: What was taken from its earlier answers.
        ground: What measures are tried on.
    """
    taken, refused = {draft.text: draft for draft in kept}, []
    for said in answer.measures:
        trial = try_measure(_draft(said), ground)
        problem = trial.problem
        if not problem and trial.draft.text in taken:
            problem = "fitness: another measure says the same. Take another reading of the words."
        if problem:
            refused.append(Refused(measure=said, problem=problem))
        else:
            taken[trial.draft.text] = trial.draft
    return Sorted(kept=tuple(taken.values())[:N_MEASURES], refused=tuple(refused))


def measures_request(prompts: Prompts, task: TaskView) -> Request:
    """The first question about a task."""
    system = prompts.render(
        "measurer/system.md.j2",
        task=task,
        xp=library_view(task.state, prompts.table(EXAMPLES)),
        aggregates=tuple(AGGREGATES.values()),
        facts={n: said for n, said in FACTS.items() if n != "dt" or task.dt is not None},
        functions=tuple(FUNCTIONS),
        max_chars=MAX_CHARS,
    )
    asked = prompts.render("measurer/task.md.j2", task=task, n=N_MEASURES)
    data = {EXAMPLES: prompts.digest(EXAMPLES)}
    return Request(
        address=Address(0, "measurer", 0, 0),
        messages=(
            Message(role="system", text=system.text),
            Message(role="user", text=asked.text),
        ),
        templates={**system.templates, **asked.templates, **data},
        schema=schema_of(MeasuresAnswer),
        schema_name="measures",
    )


def mending_request(
    prompts: Prompts, first: Request, answer: MeasuresAnswer, found: Sorted, *, round_idx: int
) -> Request:
    """The question that sends refused measures back.

    Args:
        prompts: The templates.
        first: As `measures_request` made it.
        answer: What was said last.
        found: What of it was taken and refused.
        round_idx: Number of this repair, from 1.
    """
    asked = prompts.render(
        "measurer/repair.md.j2",
        kept=found.kept,
        refused=found.refused,
        n=found.n_missing,
        max_chars=MAX_CHARS,
    )
    said = neutralise(json.dumps(answer.model_dump(), indent=1))
    return Request(
        address=first.address._replace(round=round_idx),
        messages=(
            *first.messages,
            Message(role="assistant", text=said),
            Message(role="user", text=asked.text),
        ),
        templates={**first.templates, **asked.templates},
        schema=first.schema,
        schema_name=first.schema_name,
    )


def _draft(said: DraftedMeasure) -> MeasureDraft:
    return MeasureDraft(
        text=said.fitness, why=said.why, name=said.name, success=said.success, author="model"
    )


def _unmended(found: Sorted, round_idx: int) -> str:
    """Why measures are missing if nothing more is asked."""
    after = f" after {round_idx} repair{'s' if round_idx > 1 else ''}" if round_idx else ""
    if not found.refused:
        return f"it wrote no more than {len(found.kept)}{after}"
    told = found.refused[0].problem.split("\n")[0]
    return f"{len(found.refused)} of its measures cannot be used{after}, as in: {told}"
