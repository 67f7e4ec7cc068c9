"""One candidate in full: its messages, its curves, and its recorded episodes."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from markupsafe import Markup

from rewardsmith.errors import StoreError
from rewardsmith.messages import (
    Analysis,
    Candidate,
    CandidateId,
    Finding,
    Judged,
    MetricPoint,
    Result,
    Trajectory,
)
from rewardsmith.report.charts import Dot, Frame, Mark, Point, Series, scatter, step_chart
from rewardsmith.store.codec import load
from rewardsmith.store.journal import Event
from rewardsmith.store.recordings import last_episodes
from rewardsmith.viewer.library import Opened

MAX_WRITTEN: Final = 5000
"""Steps of which a page holds every value: half a megabyte for sixteen components."""
_NAME_PX: Final = 6
"""About what a letter of a chart's names takes."""
_RETURN: Final = "rollout/ep_rew_mean"
_DOCSTRING: Final = re.compile(r"\s*(\"{3}|'{3})\s*([^\n]+?)\s*(?:\1|\n|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One text of a candidate and what the critic said of it."""

    round: int
    text: str
    findings: tuple[Finding, ...]
    """Of all layers that looked at it."""
    is_accepted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseUp:
    """Everything that a run knows of one candidate."""

    candidate: Candidate
    """With the text that was judged last."""
    judged: Judged | None
    versions: tuple[Version, ...]
    """The first text and every repair."""
    result: Result | None
    analysis: Analysis | None

    @property
    def summary(self) -> str:
        """The first line of the program's docstring; empty when it has none."""
        found = _DOCSTRING.match(self.candidate.text)
        return found[2].strip() if found else ""

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Of the text that was judged last."""
        return self.versions[-1].findings if self.versions else ()

    @property
    def weights(self) -> dict[str, float]:
        """Component to weight, where the analysis knows them."""
        return {c.name: c.weight for c in self.analysis.components} if self.analysis else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """A recorded episode, as a list shows it."""

    number: int
    seed: int
    length: int
    episode_return: float | None
    fitness: float | None
    success: bool | None
    is_terminated: bool


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Paid:
    """What one component paid over an episode."""

    name: str
    """The component's, or `reward` for their sum."""
    kind: str
    """Colour class of the stylesheet."""
    values: np.ndarray
    """Weighted, shape (n_steps,)."""

    @property
    def written(self) -> str:
        """The values for a page's script: one number a step, three digits each."""
        return " ".join(f"{value:.3g}" for value in self.values[:MAX_WRITTEN])


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollouts:
    """The recorded episodes of a candidate, or why there are none."""

    trajectories: tuple[Trajectory, ...] = ()
    episodes: tuple[Episode, ...] = ()
    problem: str = ""

    @property
    def best(self) -> int:
        """Number of the episode of highest fitness: the one that is shown first."""
        return next((n for n, label in self.labels.items() if label == "best"), 0)

    @property
    def labels(self) -> dict[int, str]:
        """Numbers of the episodes of highest, middle and lowest fitness: best, median, worst."""
        known = [e for e in self.episodes if e.fitness is not None]
        # Of equals the earlier one is the better: max, which films the winner, takes it too.
        ranked = sorted(known, key=lambda e: (-(e.fitness or 0.0), e.number))
        if not ranked:
            return {}
        named = ((len(ranked) // 2, "median"), (-1, "worst"), (0, "best"))
        return {ranked[place].number: label for place, label in named}


def close_up(opened: Opened, candidate: CandidateId) -> CloseUp:
    """Read one candidate.

    Raises:
        StoreError: It holds a message that this version cannot read.
    """
    group = opened.index.events_of[candidate]
    last = {event.event: event.data for event in group}
    judgements = [event for event in group if event.event == "candidate_judged"]
    judged = load(Judged, judgements[-1].data["judged"]) if judgements else None
    closed, analyzed = last.get("candidate_closed"), last.get("candidate_analyzed")
    proposed = load(Candidate, last["candidate_proposed"]["candidate"])
    return CloseUp(
        candidate=judged.candidate if judged else proposed,
        judged=judged,
        versions=_versions(judgements),
        result=load(Result, closed["result"]) if closed else None,
        analysis=load(Analysis, analyzed["analysis"]) if analyzed else None,
    )


def metrics_by_seed(opened: Opened, candidate: CandidateId) -> dict[int, tuple[MetricPoint, ...]]:
    """Training statistics of every training of the search, by its seed."""
    seeds = dict.fromkeys(
        event.key["seed"]
        for event in opened.index.events_of[candidate]
        if event.event == "segment_started"
    )
    try:
        found = {seed: opened.run.load_metrics(candidate, seed) for seed in seeds}
    except StoreError:
        return {}
    return {seed: points for seed, points in found.items() if points}


def metric_series(
    metrics: Mapping[int, Sequence[MetricPoint]], prefix: str
) -> dict[str, tuple[tuple[Point, ...], ...]]:
    """Curves by metric: of every training one."""
    curves: defaultdict[str, list[tuple[Point, ...]]] = defaultdict(list)
    for points in metrics.values():
        names = dict.fromkeys(name for p in points for name in p.values if name.startswith(prefix))
        for name in names:
            curve = tuple((float(p.step), p.values[name]) for p in points if name in p.values)
            curves[name].append(curve)
    return {name: tuple(found) for name, found in curves.items()}


def rollouts_of(opened: Opened, close: CloseUp) -> Rollouts:
    """The episodes recorded of the trained policy, with what the evaluator measured of them."""
    candidate = close.candidate.id
    try:
        trajectories = last_episodes(opened.run, candidate)
    except StoreError as error:
        return Rollouts(problem=str(error))
    evaluations = close.result.evaluations if close.result else ()
    scores = {e.seed: e for e in evaluations[-1].episodes} if evaluations else {}
    episodes = []
    for number, one in enumerate(trajectories):
        score = scores.get(one.seed)
        episodes.append(
            Episode(
                number=number,
                seed=one.seed,
                length=one.length,
                episode_return=None if one.rewards is None else float(np.sum(one.rewards)),
                fitness=score.fitness if score else None,
                success=score.success if score else None,
                is_terminated=one.terminated,
            )
        )
    return Rollouts(trajectories=trajectories, episodes=tuple(episodes))


def paid_in(rollouts: Rollouts, close: CloseUp, episode: int) -> tuple[Paid, ...]:
    """What every component paid in each step of an episode, weighted; the reward comes last."""
    one, weights = rollouts.trajectories[episode], close.weights
    parts = [
        Paid(
            name=name,
            kind=f"c{number % 8}",
            values=weights.get(name, 1.0) * np.asarray(one.components[name], dtype=np.float64),
        )
        for number, name in enumerate(weights or sorted(one.components))
        if name in one.components
    ]
    if one.rewards is not None and len(parts) > 1:
        parts.append(Paid(name="reward", kind="total", values=np.asarray(one.rewards)))
    return tuple(parts)


def rollout_chart(paid: Sequence[Paid], close: CloseUp, episode: int, step: int) -> Markup:
    """What every component paid in each step of an episode, with a cursor at one of them."""
    series = [
        Series(
            name=one.name,
            points=tuple((float(i), float(v)) for i, v in enumerate(one.values)),
            kind=one.kind,
        )
        for one in paid
    ]
    frame = Frame(
        title=f"Weighted components in each step of episode {episode}",
        width=1120,
        height=240,
        x_label="step of the episode",
        y_label="paid in one step",
        right=24 + _NAME_PX * max((len(one.name) for one in paid), default=0),
        is_steps=False,
        kind="rollout",
        with_zero=True,
    )
    return step_chart(series, frame, at=step, marks=_evidence_marks(close, episode))


def alignment_chart(
    metrics: Mapping[int, Sequence[MetricPoint]], curve: Sequence[tuple[int, float]]
) -> Markup | None:
    """Return against fitness over the training: up and right is well; right alone is hacking."""
    first = next(iter(metrics.values()), ())
    returns = {p.step: p.values[_RETURN] for p in first if _RETURN in p.values}
    # A return that was logged once says nothing of several checkpoints: each belongs to one.
    met = {_nearest(step, returns): (step, fitness) for step, fitness in curve}
    path = [(step, returns[at], fitness) for at, (step, fitness) in met.items() if at is not None]
    if len(path) < 2:
        return None
    dots = [
        Dot(
            x=x,
            y=y,
            kind=f"age{_age(i, len(path))}",
            note=f"{step:,} steps: return {x:.4g}, fitness {y:.4g}",
        )
        for i, (step, x, y) in enumerate(path)
    ]
    frame = Frame(
        title="Return in training against fitness in evaluation",
        width=380,
        height=260,
        x_label="return in training (mean of episodes)",
        y_label="fitness",
        right=16,
        is_steps=False,
    )
    return scatter(dots, frame, path=[(dot.x, dot.y) for dot in dots])


def episodes_chart(rollouts: Rollouts) -> Markup | None:
    """Return against fitness of the recorded episodes."""
    known = [e for e in rollouts.episodes if None not in (e.episode_return, e.fitness)]
    if len(known) < 2:
        return None
    dots = [
        Dot(
            x=e.episode_return or 0.0,
            y=e.fitness or 0.0,
            kind="good" if e.success else "plain",
            note=f"episode {e.number}: return {e.episode_return:.4g}, fitness {e.fitness:.4g}"
            + (", success" if e.success else ""),
        )
        for e in known
    ]
    frame = Frame(
        title="Return against fitness of the recorded episodes",
        width=380,
        height=260,
        x_label="return of the episode",
        y_label="fitness",
        right=16,
        is_steps=False,
    )
    return scatter(dots, frame)


def _versions(judgements: Sequence[Event]) -> tuple[Version, ...]:
    """A later layer repeats what earlier ones found, or adds to it."""
    versions: dict[int, Version] = {}
    for event in judgements:
        judged, number = load(Judged, event.data["judged"]), event.key["round"]
        known = versions.get(number)
        found = dict.fromkeys((*(known.findings if known else ()), *judged.verdict.findings))
        one = Version(
            round=number,
            text=judged.candidate.text,
            findings=tuple(found),
            is_accepted=bool(event.data["accepted"]),
        )
        versions[number] = replace(one, findings=tuple(found))
    return tuple(versions[number] for number in sorted(versions))


def _evidence_marks(close: CloseUp, episode: int) -> tuple[Mark, ...]:
    causes = close.analysis.causes if close.analysis else ()
    return tuple(
        Mark(x=float(seen.step), name=f"{cause.code}, step {seen.step}")
        for cause in causes
        for seen in cause.evidence
        if seen.episode == episode
    )


def _nearest(step: int, logged: Mapping[int, float]) -> int | None:
    return min(logged, key=lambda at: abs(at - step), default=None)


def _age(index: int, n: int) -> int:
    return 4 if index == n - 1 else min(3, 4 * index // max(n - 1, 1))
