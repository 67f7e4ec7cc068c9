"""The Trajectory Analyzer on a language model: what it is shown, and what its words are worth.

Its answer is merged into the computed analysis, which stays as it is. What it points at has to
exist: evidence that does not is struck out, and a cause left without evidence is a note.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rewardsmith.llm.calls import Address, LanguageModel, Message, Request
from rewardsmith.messages import (
    Analysis,
    Cause,
    ComponentStats,
    EpisodeScore,
    Evidence,
    Feedback,
    MetricPoint,
    Result,
    Trajectory,
)
from rewardsmith.roles.model.history_view import Parent, parent_view, quoted
from rewardsmith.roles.model.json_answers import ask
from rewardsmith.roles.model.prompts import Prompts, Rendered
from rewardsmith.roles.model.rollout_view import (
    EpisodeView,
    Summary,
    chosen_episodes,
    episode_view,
    summaries,
)
from rewardsmith.roles.model.schemas import StudyAnswer, StudyCause, StudyComponent, schema_of
from rewardsmith.roles.model.task_view import TaskView

MAX_CHARS = 28_000
"""Of one study's messages together: about 7,000 tokens."""

MAX_REMARK_CHARS = 6_000
"""Of what people said: as much is left for what the policy did."""

_SEVERITY = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """A trained candidate as recorded, to be studied."""

    result: Result
    analysis: Analysis
    """What was computed."""
    rollouts: Sequence[Trajectory]
    """Scored rollouts of the last policy."""
    episodes: Sequence[EpisodeScore]
    """Fitness of the same rollouts, in their order."""
    points: Sequence[MetricPoint] = ()
    """Training statistics."""
    reads: Sequence[str] = ()
    """Fields that the program reads."""
    remarks: Sequence[Feedback] = ()
    """What people have said in this run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detail:
    """How much of a study is shown."""

    n_rows: int
    n_episodes: int
    n_points: int
    program_chars: int = 8_000


DETAILS = (
    Detail(n_rows=14, n_episodes=3, n_points=10),
    Detail(n_rows=10, n_episodes=3, n_points=10),
    Detail(n_rows=10, n_episodes=2, n_points=10),
    Detail(n_rows=6, n_episodes=2, n_points=6),
    Detail(n_rows=4, n_episodes=1, n_points=4, program_chars=6_000),
    Detail(n_rows=2, n_episodes=1, n_points=0, program_chars=3_000),
)
"""From all to the least; the first that fits the limit is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyView:
    """A study as the template shows it."""

    parent: Parent
    text: str
    n_episodes: int
    summaries: tuple[Summary, ...]
    episodes: tuple[EpisodeView, ...]


def study(
    model: LanguageModel,
    prompts: Prompts,
    task: TaskView,
    studies: Sequence[Study],
    *,
    max_chars: int = MAX_CHARS,
) -> list[Analysis]:
    """Have all candidates of a round studied at once, in their order.

    A candidate without rollouts is not sent: there is nothing to look at.

    Raises:
        ModelError: The provider failed beyond its retries.
        BudgetExceeded: The budget is spent.
    """
    sent = [one for one in studies if one.rollouts]
    requests = study_requests(prompts, task, sent, max_chars=max_chars)
    answers = ask(model, prompts, requests, StudyAnswer)
    merged = iter(analyses_from(answers, sent))
    return [next(merged) if one.rollouts else one.analysis for one in studies]


def study_requests(
    prompts: Prompts, task: TaskView, studies: Sequence[Study], *, max_chars: int = MAX_CHARS
) -> list[Request]:
    """The questions about recorded candidates, each within `max_chars`."""
    system = prompts.render("analyzer/system.md.j2", task=task)
    requests = []
    for one in studies:
        asked = _asked(prompts, task, one, max_chars - len(system.text))
        iteration, number = one.result.id
        requests.append(
            Request(
                address=Address(iteration, "analyzer", number, 0),
                messages=(
                    Message(role="system", text=system.text),
                    Message(role="user", text=asked.text),
                ),
                templates={**system.templates, **asked.templates},
                schema=schema_of(StudyAnswer),
                schema_name="study",
            )
        )
    return requests


def analyses_from(
    answers: Sequence[StudyAnswer | None], studies: Sequence[Study]
) -> list[Analysis]:
    """The computed analyses with the answers' words; without an answer, as they were."""
    return [
        one.analysis if answer is None else _merged(answer, one)
        for answer, one in zip(answers, studies, strict=True)
    ]


# ----------------------------------------------------------------------- showing


def _asked(prompts: Prompts, task: TaskView, one: Study, limit: int) -> Rendered:
    """The fullest message within the limit; the barest one where none is."""
    for detail in DETAILS:
        asked = prompts.render(
            "analyzer/study.md.j2",
            task=task,
            study=_view(one, task, detail),
            detail=detail,
            remarks=quoted(one.remarks, MAX_REMARK_CHARS),
        )
        if len(asked.text) <= limit:
            break
    return asked


def _view(one: Study, task: TaskView, detail: Detail) -> StudyView:
    curves = {one.result.id: one.points} if detail.n_points else {}
    lines = summaries(one.rollouts, one.episodes)
    return StudyView(
        parent=parent_view(one.result, one.analysis, curves, n_points=detail.n_points),
        text=one.result.text,
        n_episodes=len(one.rollouts),
        summaries=lines,
        episodes=tuple(
            episode_view(
                one.rollouts[index],
                task.state,
                index=index,
                label=label,
                n_rows=detail.n_rows,
                reads=one.reads,
            )
            for index, label in chosen_episodes(lines, detail.n_episodes)
        ),
    )


# ----------------------------------------------------------------------- merging


def _merged(answer: StudyAnswer, one: Study) -> Analysis:
    causes = [_cause(said, one) for said in answer.causes]
    shown = any(c.severity != "note" and c.evidence for c in causes)
    computed = one.analysis
    every = sorted([*computed.causes, *causes], key=lambda c: _SEVERITY[c.severity])
    return replace(
        computed,
        components=_components(computed.components, answer.components),
        causes=tuple(every),
        hacking_suspected=computed.hacking_suspected or (answer.hacking_suspected and shown),
        suggestions=tuple(answer.suggestions),
        missing_observations=tuple(answer.missing_observations),
        author="model",
    )


def _cause(said: StudyCause, one: Study) -> Cause:
    """A cause with the evidence that exists; without any it is a note."""
    lengths = [rollout.length for rollout in one.rollouts]
    evidence = tuple(
        Evidence(episode=m.episode, step=m.step)
        for m in said.evidence
        if m.episode < len(lengths) and m.step < lengths[m.episode]
    )
    components = {stats.name for stats in one.analysis.components}
    fields = set(one.rollouts[0].fields) if one.rollouts else set()
    return Cause(
        code="study",
        message=said.message,
        suggestion=said.suggestion,
        component=said.component if said.component in components else None,
        field=said.field if said.field in fields else None,
        severity=said.severity if evidence else "note",
        evidence=evidence,
    )


def _components(
    computed: Sequence[ComponentStats], said: Sequence[StudyComponent]
) -> tuple[ComponentStats, ...]:
    """Verdicts of the model where nothing was computed against the component."""
    verdicts = {one.name: one.verdict for one in said}
    return tuple(
        replace(stats, verdict=verdicts.get(stats.name, "keep"))
        if stats.verdict == "keep"
        else stats
        for stats in computed
    )
