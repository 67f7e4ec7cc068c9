"""Tries a card: against its environment, its references, and its tasks' own measures.

What fails is a value. A task without a competent rollout is not a failure: nothing is known of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rewardsmith.config import RunConfig
from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.inspection import CardProblem
from rewardsmith.environments.speed import Speed
from rewardsmith.errors import RewardsmithError
from rewardsmith.evaluation.surveyor import survey_card
from rewardsmith.rewards.contract import read_program
from rewardsmith.training.engine import Engine
from rewardsmith.training.yardstick import judge, readings_chain


@dataclass(frozen=True, slots=True, kw_only=True)
class CardTrial:
    """What a card came to."""

    ref: str
    card: EnvCard | None
    """None when it cannot be read."""
    problems: tuple[CardProblem, ...]
    """What is wrong; empty when the card holds."""
    speed: Speed | None = None
    separates: tuple[tuple[str, bool | None], ...] = ()
    """(task, whether its fitness tells a competent rollout from all others); None when unknown."""
    n_timesteps: int = 0
    """Played at random to compare the card with what was seen."""
    notes: tuple[str, ...] = ()
    """What a person should look at, though nothing is wrong for sure."""
    deviations: tuple[str, ...] = ()
    """Where the environment does otherwise than it says itself, or than its task's words promise:
    what the card says of it, then what was seen."""
    n_references: int = 0
    """Reward programs of its tasks that were read."""

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems


def try_card(ref: str, engine: Engine) -> CardTrial:
    """Try one card, completely.

    Args:
        ref: What `load_card` takes.
        engine: Where the tasks' rollouts are made.
    """
    try:
        card = load_card(ref)
    except RewardsmithError as error:
        return CardTrial(ref=ref, card=None, problems=(_problem("card", str(error)),))
    survey = survey_card(card)
    problems = [*survey.problems, *_contract_problems(card)]
    separates, solved = [], []
    if survey.speed is not None:
        for name in card.tasks:
            verdict, found = _measure(card, name, engine)
            separates.append((name, verdict))
            problems += found
            solved += list(_solved(card, name))
    return CardTrial(
        ref=ref,
        card=card,
        problems=tuple(problems),
        speed=survey.speed,
        separates=tuple(separates),
        n_timesteps=survey.n_timesteps,
        notes=survey.notes,
        deviations=(*card.deviations, *solved, *survey.deviations),
        n_references=len(list(_programs(card))),
    )


def _measure(card: EnvCard, name: str, engine: Engine) -> tuple[bool | None, list[CardProblem]]:
    """Whether a task's fitness separates, and what is wrong with it."""
    subject = f"tasks.{name}"
    try:
        readings = engine.run([readings_chain(task_of(card, name), RunConfig())])[0]
    except RewardsmithError as error:
        return None, [_problem(subject, str(error))]
    judged = judge(readings, solved_by=card.tasks[name].solved_by)
    reasons = judged.reasons if judged.separates is not None else judged.reasons[:-1]
    return judged.separates, [_problem(subject, f"{reason}.") for reason in reasons]


def _solved(card: EnvCard, name: str) -> Iterator[str]:
    """What a card says of a task that aimless behaviour does too."""
    solved_by = card.tasks[name].solved_by
    if solved_by:
        yield f"tasks.{name}: done by {', '.join(map(repr, solved_by))} too."


def _contract_problems(card: EnvCard) -> Iterator[CardProblem]:
    """References that are no valid reward programs."""
    for name, path in _programs(card):
        reading = read_program(path.read_text(encoding="utf-8"), card.state)
        errors = [finding for finding in reading.findings if finding.severity == "error"]
        if errors:
            yield _problem(f"tasks.{name}", f"{path.name} breaks the contract: {errors[0]}")


def _programs(card: EnvCard) -> Iterator[tuple[str, Path]]:
    for name, task in card.tasks.items():
        for reference in task.references.values():
            if isinstance(reference, Path):
                yield name, reference


def _problem(subject: str, reason: str) -> CardProblem:
    return CardProblem(subject=subject, reason=reason, remedy="")
