"""What earlier rounds came to, as a designer reads it.

Values of fitness and rates of success are shown, as in Eureka; how they are measured never is, and
audit metrics never are.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from rewardsmith.analysis import Curve, sample_curve
from rewardsmith.messages import (
    Analysis,
    CandidateId,
    Cause,
    ComponentStats,
    Feedback,
    History,
    Judged,
    MetricPoint,
    Result,
)

MAX_ROWS = 24
MAX_CAUSES = 8
MAX_WARNINGS = 4
MAX_REMARK_CHARS = 24_000
"""Of all remarks that are quoted; a single one may have 10,000."""

_RETURN, _LENGTH, _COMPONENT = "rollout/ep_rew_mean", "rollout/ep_len_mean", "reward/"

Curves = Mapping[CandidateId, Sequence[MetricPoint]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One earlier candidate, in a line."""

    id: str
    parents: tuple[str, ...]
    outcome: str
    fitness: float | None
    success: float | None
    note: str
    """Why it ended, or the gravest thing that was found."""
    idea: str = ""
    """First line of its docstring."""
    step: int = 0
    """Timesteps of the last judged checkpoint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """An evaluation during training."""

    step: int
    fitness: float
    success: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveView:
    """A training curve at about ten points."""

    name: str
    values: tuple[float, ...]
    low: float
    mean: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Parent:
    """A scored candidate, with all that is known of it."""

    id: str
    text: str
    outcome: str
    fitness: float | None
    success: float | None
    checkpoints: tuple[Checkpoint, ...]
    curves: tuple[CurveView, ...]
    components: tuple[ComponentStats, ...] = ()
    causes: tuple[Cause, ...] = ()
    suggestions: tuple[str, ...] = ()
    missing_observations: tuple[str, ...] = ()
    hacking_suspected: bool = False
    correlation: float | None = None
    do_nothing_share: float | None = None
    early_end_share: float | None = None
    warnings: tuple[str, ...] = ()
    """What its review warned of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """What a person said."""

    text: str
    about: str
    """Candidate, and part of its film, that it concerns; empty when it concerns the run."""
    is_on_film: bool = False
    """Whether it concerns a part of a film."""
    seen: tuple[str, ...] = ()
    """What stands out in that part."""


class Quoted(NamedTuple):
    """Remarks that are quoted, oldest first, and how many older ones there is no room for."""

    remarks: list[Remark]
    n_left_out: int


def attempts(history: History) -> list[Attempt]:
    """All earlier candidates, in their order."""
    closed = {result.id: result for result in history.results}
    rows = []
    for iteration in history.iterations:
        for judged in iteration.judged:
            result = closed.get(judged.candidate.id)
            analysis = history.analysis(judged.candidate.id)
            rows.append(_attempt(judged, result, analysis))
    return rows


def worth_showing(rows: Sequence[Attempt], limit: int = MAX_ROWS) -> list[Attempt]:
    """The best half and the latest half of a long table, in order."""
    if len(rows) <= limit:
        return list(rows)
    by_fitness = sorted(rows, key=lambda r: -np.inf if r.fitness is None else r.fitness)
    kept = {row.id for row in [*by_fitness[-limit // 2 :], *rows[-limit // 2 :]]}
    return [row for row in rows if row.id in kept]


def parent_view(
    result: Result,
    analysis: Analysis | None,
    curves: Curves,
    *,
    n_points: int = 10,
    is_measured: bool = True,
) -> Parent:
    """Everything that a designer may know of a scored candidate.

    Args:
        result: The candidate's.
        analysis: What was found about it.
        curves: Training statistics of every candidate.
        n_points: Of every curve.
        is_measured: Whether its evaluations measured anything: where people judge they did not.
    """
    analysis = analysis or Analysis(candidate=result.id)
    last = result.evaluations[-1] if result.evaluations else None
    return Parent(
        id=str(result.id),
        text=result.judged.candidate.text,
        outcome=result.outcome.value,
        fitness=result.score,
        success=last.success_rate if last and is_measured else None,
        checkpoints=checkpoints(result) if is_measured else (),
        curves=curve_views(curves.get(result.id, ()), n_points),
        components=analysis.components,
        causes=analysis.causes[:MAX_CAUSES],
        suggestions=analysis.suggestions,
        missing_observations=analysis.missing_observations,
        hacking_suspected=analysis.hacking_suspected,
        correlation=analysis.return_fitness_correlation,
        do_nothing_share=analysis.do_nothing_share,
        early_end_share=analysis.early_end_share,
        warnings=tuple(
            f.message
            for f in result.judged.verdict.findings
            if f.severity == "warning" and f.layer == "review"
        )[:MAX_WARNINGS],
    )


def checkpoints(result: Result) -> tuple[Checkpoint, ...]:
    """Fitness and success over training."""
    return tuple(
        Checkpoint(step=e.step, fitness=e.fitness, success=e.success_rate)
        for e in result.evaluations
    )


def curve_views(points: Sequence[MetricPoint], n_points: int = 10) -> tuple[CurveView, ...]:
    """Return, episode length and every component over training."""
    names = dict.fromkeys(name for point in points for name in point.values)
    shown = {_RETURN: "return of an episode", _LENGTH: "length of an episode, in steps"}
    shown |= {n: n.removeprefix(_COMPONENT) for n in names if n.startswith(_COMPONENT)}
    found = []
    for name, title in shown.items():
        curve = sample_curve(points, name, n_points=n_points)
        if curve is not None:
            found.append(_curve_view(title, curve))
    return tuple(found)


def said(history: History) -> Quoted:
    """What people said in a run."""
    return quoted([remark for it in history.iterations for remark in it.remarks])


def quoted(remarks: Sequence[Feedback], max_chars: int = MAX_REMARK_CHARS) -> Quoted:
    """As many remarks as there is room for, each whole; the latest always, and older ones last."""
    sizes = np.cumsum([len(remark.text) for remark in reversed(remarks)])
    n = max(1, int((sizes <= max_chars).sum()))
    return Quoted([_quoted(one) for one in remarks[-n:]], max(0, len(remarks) - n))


def _quoted(remark: Feedback) -> Remark:
    return Remark(
        text=remark.text,
        about=remark.about,
        is_on_film=remark.span is not None,
        seen=tuple(str(mean) for mean in remark.seen),
    )


def _curve_view(title: str, curve: Curve) -> CurveView:
    return CurveView(
        name=title, values=curve.values, low=curve.low, mean=curve.mean, high=curve.high
    )


def _attempt(judged: Judged, result: Result | None, analysis: Analysis | None) -> Attempt:
    last = result.evaluations[-1] if result and result.evaluations else None
    return Attempt(
        id=str(judged.candidate.id),
        parents=tuple(str(parent) for parent in judged.candidate.parents),
        outcome=result.outcome.value if result else _unscored(judged),
        fitness=result.score if result else None,
        success=last.success_rate if last else None,
        note=_note(judged, result, analysis),
        idea=_idea(judged.candidate.text),
        step=last.step if last else 0,
    )


def _idea(text: str) -> str:
    try:
        words = ast.get_docstring(ast.parse(text)) or ""
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    return words.partition("\n")[0]


def _unscored(judged: Judged) -> str:
    return "rejected" if not judged.verdict.ok else "screened"


def _note(judged: Judged, result: Result | None, analysis: Analysis | None) -> str:
    if result is not None and result.text:
        return result.text
    if not judged.verdict.ok:
        return next((str(f) for f in judged.verdict.findings if f.severity == "error"), "")
    return next((c.message for c in analysis.causes), "") if analysis else ""
