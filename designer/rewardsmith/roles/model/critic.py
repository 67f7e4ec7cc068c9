"""The Reward Critic on a language model: a review after the static check and the probe.

The computed verdict is never weakened: a model may object to a program that passed, and cannot pass
one that failed. What it points at has to exist.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from rewardsmith.llm.calls import Address, LanguageModel, Message, Request
from rewardsmith.messages import Exploit, Finding, Judged, Verdict
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.probe import ComponentRange
from rewardsmith.roles.model.catalogue import answer_finding
from rewardsmith.roles.model.json_answers import ask
from rewardsmith.roles.model.library_view import EXAMPLES, library_view
from rewardsmith.roles.model.prompts import Prompts
from rewardsmith.roles.model.schemas import ReviewAnswer, ReviewFinding, schema_of
from rewardsmith.roles.model.task_view import TaskView

MAX_ROUNDS = 3
"""Reviews of one candidate, as in Auto MC-Reward."""

Decision = Literal["accept", "repair", "reject"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A program that passed the static check and the probe, to be reviewed."""

    judged: Judged
    program: RewardProgram
    ranges: Mapping[str, ComponentRange] = field(default_factory=dict)
    """What the probe measured of every component; empty when unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """What became of a review."""

    decision: Decision
    """`reject`: another program is wanted, not a mended one."""
    verdict: Verdict
    """The computed one with the review's findings; not ok unless the decision is `accept`."""
    summary: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRow:
    """A component on the probed transitions."""

    name: str
    weight: float
    low: float
    high: float
    share: float
    """Of the variation of all weighted components, in [0, 1]."""
    reads: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExhibitView:
    """An exhibit as the template shows it."""

    id: str
    rationale: str
    components: tuple[ComponentRow, ...]
    exploits: tuple[Exploit, ...]
    findings: tuple[Finding, ...]


def review(
    model: LanguageModel,
    prompts: Prompts,
    task: TaskView,
    exhibits: Sequence[Exhibit],
    *,
    round_idx: int,
    max_rounds: int = MAX_ROUNDS,
) -> list[Review]:
    """Have all exhibits of a round reviewed at once, in their order.

    Raises:
        ModelError: The provider failed beyond its retries.
        BudgetExceeded: The budget is spent.
    """
    requests = review_requests(prompts, task, exhibits, round_idx=round_idx, max_rounds=max_rounds)
    answers = ask(model, prompts, requests, ReviewAnswer)
    return reviews_from(answers, exhibits, round_idx=round_idx, max_rounds=max_rounds)


def review_requests(
    prompts: Prompts,
    task: TaskView,
    exhibits: Sequence[Exhibit],
    *,
    round_idx: int,
    max_rounds: int = MAX_ROUNDS,
) -> list[Request]:
    """The questions for the reviews of one round.

    Args:
        prompts: Templates.
        task: What a model may see.
        exhibits: Programs that passed what is computed.
        round_idx: 0 for the first text, r after r repairs.
        max_rounds: Reviews a candidate may get.
    """
    xp = library_view(task.state, prompts.table(EXAMPLES))
    system = prompts.render("critic/system.md.j2", task=task, xp=xp)
    requests = []
    for one in exhibits:
        asked = prompts.render(
            "critic/review.md.j2",
            task=task,
            exhibit=_view(one),
            numbered=_numbered(one.judged.candidate.text),
            round_number=round_idx + 1,
            max_rounds=max_rounds,
        )
        iteration, number = one.judged.candidate.id
        requests.append(
            Request(
                address=Address(iteration, "critic", number, round_idx),
                messages=(
                    Message(role="system", text=system.text),
                    Message(role="user", text=asked.text),
                ),
                templates={**system.templates, **asked.templates},
                schema=schema_of(ReviewAnswer),
                schema_name="review",
            )
        )
    return requests


def reviews_from(
    answers: Sequence[ReviewAnswer | None],
    exhibits: Sequence[Exhibit],
    *,
    round_idx: int,
    max_rounds: int = MAX_ROUNDS,
) -> list[Review]:
    """What the answers decide; without one, what was computed stands.

    A last round's `repair` does not keep a program out: what it objects to becomes a warning, and
    the training decides.
    """
    is_last = round_idx + 1 >= max_rounds
    return [
        _unread(one, round_idx) if answer is None else _decided(answer, one, round_idx, is_last)
        for answer, one in zip(answers, exhibits, strict=True)
    ]


# ---------------------------------------------------------------------- deciding


def _unread(exhibit: Exhibit, round_idx: int) -> Review:
    verdict = exhibit.judged.verdict
    note = answer_finding("review-unreadable", severity="note", layer="review")
    verdict = replace(verdict, findings=(*verdict.findings, note), round=round_idx)
    return Review(decision="accept" if verdict.ok else "repair", verdict=verdict)


def _decided(answer: ReviewAnswer, exhibit: Exhibit, round_idx: int, is_last: bool) -> Review:
    found = [_finding(f, exhibit) for f in answer.findings]
    decision = _decision(answer, found, exhibit.judged.verdict.ok)
    if decision != "accept" and not any(f.severity == "error" for f in found):
        found.append(answer_finding("critic-says-no", layer="review", decision=decision))
    if decision == "repair" and is_last and exhibit.judged.verdict.ok:
        overruled = answer_finding(
            "review-overruled", severity="warning", layer="review", rounds=round_idx + 1
        )
        found, decision = [*found, overruled], "accept"
    if decision == "accept":
        found = [replace(f, severity="warning") if f.severity == "error" else f for f in found]
    before = exhibit.judged.verdict
    verdict = replace(
        before,
        ok=decision == "accept",
        findings=(*before.findings, *found),
        round=round_idx,
    )
    return Review(decision=decision, verdict=verdict, summary=answer.summary)


def _decision(answer: ReviewAnswer, found: Sequence[Finding], was_ok: bool) -> Decision:
    """The verdict, but for a rejection that points at nothing in the program."""
    if not was_ok and answer.verdict == "accept":
        return "repair"
    points = any(f.severity == "error" and (f.line or f.component) for f in found)
    return "repair" if answer.verdict == "reject" and not points else answer.verdict


def _finding(said: ReviewFinding, exhibit: Exhibit) -> Finding:
    """A finding without the lines and components that do not exist.

    An error that pointed at such things only was made up: it becomes a warning.
    """
    n_lines = len(exhibit.program.text.splitlines())
    line = said.line if said.line and said.line <= n_lines else None
    component = said.component if said.component in exhibit.program.components else None
    pointed = said.line is not None or said.component is not None
    is_made_up = pointed and line is None and component is None
    return Finding(
        code="review",
        message=said.message,
        remedy=said.remedy,
        severity="warning" if is_made_up and said.severity == "error" else said.severity,
        layer="review",
        line=line,
        component=component,
    )


# ----------------------------------------------------------------------- showing


def _view(exhibit: Exhibit) -> ExhibitView:
    candidate, verdict = exhibit.judged.candidate, exhibit.judged.verdict
    return ExhibitView(
        id=str(candidate.id),
        rationale=candidate.rationale,
        components=_components(exhibit),
        exploits=tuple(e for e in verdict.exploits if e.episode_return is not None),
        findings=verdict.findings,
    )


def _components(exhibit: Exhibit) -> tuple[ComponentRow, ...]:
    program = exhibit.program
    ranges = {name: exhibit.ranges[name] for name in program.components if name in exhibit.ranges}
    spread = {name: abs(program.weights[name]) * seen.std for name, seen in ranges.items()}
    total = sum(spread.values())
    return tuple(
        ComponentRow(
            name=name,
            weight=program.weights[name],
            low=seen.low,
            high=seen.high,
            share=spread[name] / total if 0 < total < math.inf else 0.0,
            reads=tuple(sorted(program.reads[name])),
        )
        for name, seen in ranges.items()
    )


def _numbered(text: str) -> str:
    lines = text.rstrip("\n").split("\n")
    width = len(str(len(lines)))
    return "\n".join(f"{n:>{width}}| {line}".rstrip() for n, line in enumerate(lines, start=1))
