"""The Reward Designer on a language model: what it is asked, and what is read from its answers.

Pure: requests in, answers out, and whoever calls sends them. The same history gives the same
requests, so a resumed run asks the same questions.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rewardsmith.llm.calls import Address, Answer, Message, Request
from rewardsmith.messages import Candidate, CandidateId, Finding, History, Judged, Verdict
from rewardsmith.roles.model.catalogue import CATALOGUE
from rewardsmith.roles.model.emphases import FILE as EMPHASES
from rewardsmith.roles.model.emphases import Emphasis, emphases
from rewardsmith.roles.model.extraction import extract
from rewardsmith.roles.model.history_view import (
    Curves,
    attempts,
    parent_view,
    said,
    worth_showing,
)
from rewardsmith.roles.model.library_view import EXAMPLES, library_view
from rewardsmith.roles.model.prompts import Prompts, Rendered
from rewardsmith.roles.model.task_view import TaskView

N_PARENTS = 2
"""Best programs that are shown whole."""

MAX_FINDINGS = 12
MAX_KEPT_ANSWER = 4000


@dataclass(frozen=True, slots=True, kw_only=True)
class LocatedFinding:
    """A finding with the line it speaks of."""

    finding: Finding
    source: str
    """Empty when it concerns no line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an answer was read as: a program, or the reasons why there is none."""

    candidate: Candidate
    """Its text is the program; of an answer without one, the answer's beginning."""
    findings: tuple[Finding, ...] = ()
    """Errors when there is no program; otherwise notes on how it was found."""

    @property
    def is_refused(self) -> bool:
        """Whether there is no program to judge."""
        return any(f.severity == "error" for f in self.findings)

    def refused(self, round_idx: int = 0) -> Judged:
        """A refused proposal as the static check would have put it."""
        verdict = Verdict(ok=False, findings=self.findings, round=round_idx)
        return Judged(candidate=self.candidate, verdict=verdict)


def propose_requests(
    prompts: Prompts,
    task: TaskView,
    history: History,
    *,
    n: int,
    iteration: int,
    curves: Curves | None = None,
    init: str | None = None,
) -> list[Request]:
    """The questions for `n` programs of one iteration, each with an idea of its own.

    Args:
        prompts: Templates.
        task: What a model may see.
        history: Finished iterations; empty in the first.
        n: Programs wanted.
        iteration: Index of this iteration, from 0.
        curves: Training statistics of earlier candidates, by id.
        init: A person's own program, which is candidate 0 of the first iteration.
    """
    ranked = history.ranked
    parents, least = ranked[:N_PARENTS], ranked[N_PARENTS:][-1:] if task.is_ranked else []
    ideas = emphases(prompts, n, n_scored=len(parents))
    system = prompts.render(
        "designer/system.md.j2", xp=library_view(task.state, prompts.table(EXAMPLES)), task=task
    )
    rows = attempts(history)
    shown = worth_showing(rows)
    views, disliked = (
        [
            parent_view(r, history.analysis(r.id), curves or {}, is_measured=not task.is_ranked)
            for r in shown_whole
        ]
        for shown_whole in (parents, least)
    )
    later = "designer/ranked_round.md.j2" if task.is_ranked else "designer/next_round.md.j2"
    name = later if rows else "designer/first_round.md.j2"
    requests = []
    for number, idea in enumerate(ideas):
        asked = prompts.render(
            name,
            task=task,
            remarks=said(history),
            attempts=shown,
            n_left_out=len(rows) - len(shown),
            parents=views,
            disliked=disliked,
            emphasis=idea,
            n_programs=n,
            init=init or "",
        )
        address = Address(iteration, "designer", number, 0)
        requests.append(_first(prompts, address, system, asked))
    return requests


def parents_of(prompts: Prompts, history: History, n: int) -> list[tuple[CandidateId, ...]]:
    """Which earlier candidates each of `n` programs builds on, in the order of the requests."""
    best = [result.id for result in history.ranked[:N_PARENTS]]
    return [_parents(idea, best) for idea in emphases(prompts, n, n_scored=len(best))]


def candidates_from(
    answers: Sequence[Answer],
    *,
    iteration: int,
    parents: Sequence[tuple[CandidateId, ...]],
    numbers: Sequence[int] | None = None,
) -> list[Proposal]:
    """The programs that the answers hold, in their order.

    Args:
        answers: In the order of the requests.
        iteration: Index of the iteration, from 0.
        parents: Of every answer's program, as `parents_of` gives them.
        numbers: Number of every answer's candidate; 0, 1, ... when None.
    """
    numbers = range(len(answers)) if numbers is None else numbers
    return [
        _proposal(answer, CandidateId(iteration, number), ancestors)
        for answer, number, ancestors in zip(answers, numbers, parents, strict=True)
    ]


def repair_requests(
    prompts: Prompts,
    requests: Sequence[Request],
    refused: Sequence[Judged],
    *,
    round_idx: int,
) -> list[Request]:
    """The questions that send refused programs back with their own findings.

    Every one continues the first question of its candidate with the text that was judged last, so
    it does not grow from round to round.

    Args:
        prompts: Templates.
        requests: The first questions, one for each of `refused`, as `propose_requests` made them.
        refused: The last text of every program and its verdict, or `Proposal.refused`.
        round_idx: Number of this repair, from 1.
    """
    return [
        _repair(prompts, request, one, round_idx)
        for request, one in zip(requests, refused, strict=True)
    ]


def _proposal(answer: Answer, id_: CandidateId, parents: tuple[CandidateId, ...]) -> Proposal:
    found = extract(answer.text)
    text = answer.text[:MAX_KEPT_ANSWER] if found.program is None else found.program
    candidate = Candidate(
        id=id_, text=text, rationale=found.rationale, parents=parents, author="model"
    )
    return Proposal(candidate=candidate, findings=found.findings)


def _repair(prompts: Prompts, request: Request, refused: Judged, round_idx: int) -> Request:
    candidate, findings = refused.candidate, refused.verdict.findings
    errors = [f for f in findings if f.severity == "error"]
    has_program = not any(f.code in CATALOGUE and f.layer == "static" for f in errors)
    said = prompts.render("designer/own_answer.md.j2", candidate=candidate, has_program=has_program)
    asked = prompts.render(
        "designer/repair.md.j2",
        has_program=has_program,
        by_review=bool(errors) and all(f.layer == "review" for f in errors),
        findings=_worst_first(findings, candidate.text),
    )
    return Request(
        address=request.address._replace(round=round_idx),
        messages=(
            *request.messages,
            Message(role="assistant", text=said.text),
            Message(role="user", text=asked.text),
        ),
        templates={**request.templates, **said.templates, **asked.templates},
    )


def _worst_first(findings: Sequence[Finding], text: str) -> list[LocatedFinding]:
    """Errors, then warnings, with the lines they speak of; notes ask for nothing."""
    lines = text.split("\n")
    asked = [f for f in findings if f.severity != "note"]
    asked.sort(key=lambda f: (f.severity != "error", f.line or 0))
    return [
        LocatedFinding(
            finding=f, source=lines[f.line - 1] if f.line and f.line <= len(lines) else ""
        )
        for f in asked[:MAX_FINDINGS]
    ]


def _parents(idea: Emphasis, best: Sequence[CandidateId]) -> tuple[CandidateId, ...]:
    return tuple(best[: idea.parents])


def _first(prompts: Prompts, address: Address, system: Rendered, asked: Rendered) -> Request:
    data = {name: prompts.digest(name) for name in (EXAMPLES, EMPHASES)}
    return Request(
        address=address,
        messages=(
            Message(role="system", text=system.text),
            Message(role="user", text=asked.text),
        ),
        templates={**system.templates, **asked.templates, **data},
    )
