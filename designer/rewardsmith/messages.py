"""The frozen messages that stages hand to each other.

Plain values: no I/O, no clock, no heavy imports. Every message checks at birth what its docstrings
promise. Identity is by `CandidateId`, never by position or completion order.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from statistics import fmean
from typing import Literal, NamedTuple

import numpy as np

FieldKind = Literal["float", "bool", "int"]
ActionKind = Literal["continuous", "discrete", "multi_discrete"]
Severity = Literal["error", "warning", "note"]
Layer = Literal["static", "probe", "review"]
Author = Literal["offline", "model", "human", "reference"]
SeedSet = Literal["training", "selection", "report", "later"]
SuccessSemantics = Literal["held", "final", "ever"]
RewardKind = Literal["program", "native", "sparse"]
SpanMeasure = Literal["mean", "change", "spread"]

COMPONENT_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
"""What a reward component may be called."""

MAX_COMPONENTS = 16
"""Reward components a program may return."""

BY_RANKING = "human"
"""Stands where a fitness would, in a task that is judged by people's comparisons."""

BY_LABELS = "draft"
"""Stands where a fitness would, until a person has chosen one of several drafts."""

MAX_FITNESS = 1e100
"""Beyond this magnitude a fitness is no measurement, and sums of a few overflow."""


class Outcome(StrEnum):
    """How a candidate ended."""

    TRAINED = "trained"
    STOPPED = "stopped"
    REJECTED = "rejected"
    SCREENED = "screened"
    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    OVER_LIMIT = "over_limit"
    INVALID = "invalid"


class CandidateId(NamedTuple):
    """Where a candidate stands in the search; written `002/1`."""

    iteration: int
    number: int

    def __str__(self) -> str:
        return f"{self.iteration:03d}/{self.number}"


# ---------------------------------------------------------------- environment


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldSpec:
    """One state field of one step."""

    name: str
    """Identifier, as reward programs write it: `state.<name>`."""
    shape: tuple[int, ...] = ()
    """() for a scalar, (k,) for a vector, (n, k) for n vectors."""
    kind: FieldKind = "float"
    unit: str = ""
    """`m`, `m/s`, `rad`, `rad/s`, `N`, `N*m`, ...; empty when dimensionless."""
    low: float | None = None
    """Smallest plausible value, in `unit`; None when unknown."""
    high: float | None = None
    """Largest plausible value, in `unit`; None when unknown."""
    meaning: str = ""
    """One phrase, read by the designer."""
    source: str = ""
    """Where the value comes from, in the card's source language; empty for a constant."""
    quaternion: Literal["wxyz", "xyzw"] | None = None
    constant: float | tuple[float, ...] | None = None
    """The value of a field that never changes (a limit, a radius, dt)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionSpec:
    """What a policy may do in one step."""

    shape: tuple[int, ...]
    """() for a discrete action; (k,) or (n, k) for the others."""
    kind: ActionKind = "continuous"
    """`multi_discrete`: a choice in every element, which may be 0 or 1 only."""
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    n: int = 0
    """Number of choices of a discrete action; 0 for all others."""
    nvec: tuple[int, ...] = ()
    """Number of choices of every element of a multi-discrete action, flat; () for all others."""
    meaning: str = ""

    def __post_init__(self) -> None:
        if self.kind == "multi_discrete" and math.prod(self.shape) != len(self.nvec):
            raise ValueError(f"{len(self.nvec)} elements of an action of shape {self.shape}")

    @property
    def choices(self) -> tuple[int, ...]:
        """Number of choices of every element, flat; () for a continuous action."""
        return (self.n,) if self.kind == "discrete" else self.nvec


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSpec:
    """Everything a reward program can see of an environment, with its types."""

    fields: tuple[FieldSpec, ...]
    action: ActionSpec

    def field(self, name: str) -> FieldSpec:
        """The field called `name`.

        Raises:
            KeyError: There is none.
        """
        for spec in self.fields:
            if spec.name == name:
                return spec
        raise KeyError(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """What is to be learnt, and how it is judged."""

    env: str
    """The card's reference, as given to `load_card`."""
    name: str
    instruction: str
    """The task in words; the only part of this message that a designer sees."""
    fitness: str
    """Expression over one episode's fields; higher is better; graded. `BY_RANKING`: there is none,
    people's comparisons select. `BY_LABELS`: it is still to be chosen."""
    success: str
    """Condition over one step's fields, or over the episode's aggregates."""
    semantics: SuccessSemantics = "held"
    held_steps: int = 10
    """Timesteps in a row for which `success` has to hold under `held`."""
    target: float
    """Success rate from which the task counts as solved, in [0, 1]."""
    horizon: int
    """Timesteps after which an episode is truncated."""

    def __post_init__(self) -> None:
        if not 0.0 <= self.target <= 1.0:
            raise ValueError(f"a target is a success rate in [0, 1], not {self.target}")
        if min(self.horizon, self.held_steps) < 1:
            raise ValueError("horizon and held_steps are counts of timesteps")

    @property
    def is_ranked(self) -> bool:
        """Whether people's comparisons select, and nothing is measured."""
        return self.fitness == BY_RANKING

    @property
    def is_drafted(self) -> bool:
        """Whether its fitness is still to be chosen by a person."""
        return self.fitness == BY_LABELS

    @property
    def is_measured(self) -> bool:
        """Whether `fitness` and `success` are expressions that judge an episode."""
        return not self.is_ranked and not self.is_drafted


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureDraft:
    """One way to measure a task that has no fitness yet."""

    text: str
    """A fitness expression; higher is better."""
    why: str
    """What it takes the task to be, in a sentence."""
    name: str = ""
    """What its author calls it; empty where it says nothing that `why` does not."""
    success: str = ""
    """A condition over the whole episode; empty: labels alone say what success is."""
    author: Author = "offline"


# ------------------------------------------------------------------ candidate


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A proposed reward program, not yet judged."""

    id: CandidateId
    text: str
    """The program as its author wrote it."""
    rationale: str = ""
    parents: tuple[CandidateId, ...] = ()
    author: Author = "offline"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or noteworthy about a reward program."""

    code: str
    """Stable kebab-case name, as in the catalogue of findings."""
    message: str
    remedy: str = ""
    """What to write instead; a person and a model can act on it."""
    severity: Severity = "error"
    layer: Layer = "static"
    line: int | None = None
    """1-based line of the program's text; None when it concerns no line."""
    component: str | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.message}{' ' + self.remedy if self.remedy else ''}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Exploit:
    """A way not to do a task, and what a program would pay for it."""

    name: str
    """`do_nothing`, `stand_still`, `oscillate`, `repeat`, `early_end`, `leave`."""
    pays: bool | None
    """Whether it earns about as much as a competent rollout; None where that says nothing."""
    reason: str = ""
    """Why it says nothing; empty otherwise."""
    episode_return: float | None = None
    """Its return, without shaping; None when it is not finite or there was no such rollout."""
    share: float | None = None
    """Its return over that of the competent rollout; None where the latter is not positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the Reward Critic says of a program."""

    ok: bool
    findings: tuple[Finding, ...] = ()
    round: int = 0
    """0 for the first text, r after r repairs."""
    compiled: str | None = None
    """The batched array code that will train; None when compilation failed."""
    graph_hash: str | None = None
    """Equal for programs that compute the same thing."""
    do_nothing_share: float | None = None
    """Return of the do-nothing rollout over that of the competent one; None when unknown, or when
    the latter is not positive."""
    exploits: tuple[Exploit, ...] = ()
    """What ways not to do the task would earn; empty when the program was not probed."""

    def __post_init__(self) -> None:
        if self.ok and any(f.severity == "error" for f in self.findings):
            raise ValueError("an accepted verdict cannot hold an error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A candidate and its verdict; `candidate.text` is the text that was judged last."""

    candidate: Candidate
    verdict: Verdict


# ------------------------------------------------------- training, evaluation


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricPoint:
    """Training statistics at one step: keys as in SB3 (`rollout/ep_rew_mean`, ...)."""

    step: int
    """Environment timesteps trained so far."""
    values: Mapping[str, float]

    def __post_init__(self) -> None:
        if not all(math.isfinite(v) for v in self.values.values()):
            raise ValueError("metrics have to be finite")


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One finished segment of a training."""

    contender: str
    """`002/1` for a candidate; the name of a control otherwise."""
    seed: int
    start_step: int
    end_step: int
    outcome: Outcome | None = None
    """None while the training may go on; otherwise how it ended."""
    text: str = ""
    """What a crash said, sanitised; empty otherwise."""
    cpu_s: float = 0.0
    """CPU-seconds of the worker, imports included."""
    checkpoints: tuple[tuple[int, str], ...] = ()
    """(step, SHA-256) of every checkpoint, in order; the last one is at `end_step`."""
    experience: str | None = None
    """SHA-256 of what a next segment needs beside the last checkpoint; None for nothing."""

    def __post_init__(self) -> None:
        steps = [step for step, _ in self.checkpoints]
        if steps != sorted(set(steps)) or steps[-1:] not in ([], [self.end_step]):
            raise ValueError(f"checkpoints at {steps}, of a segment to {self.end_step}")


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeScore:
    """One evaluation episode, measured by the task's own fitness."""

    seed: int
    fitness: float
    """In the task's own unit; higher is better; a non-finite one makes the candidate invalid."""
    success: bool
    length: int
    """Timesteps."""
    terminated: bool
    """True when the environment ended it; False when the horizon did."""
    audit: Mapping[str, float] = field(default_factory=dict)
    """Metrics that stand beside fitness and never select (energy, ...)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """A policy judged on episodes it never trained on."""

    step: int
    """Timesteps the policy had been trained for."""
    seed_set: SeedSet
    episodes: tuple[EpisodeScore, ...]
    cpu_s: float = 0.0

    def __post_init__(self) -> None:
        if not self.episodes:
            raise ValueError("an evaluation needs at least one episode")

    @property
    def fitness(self) -> float:
        """Mean fitness over the episodes; higher is better."""
        return fmean(e.fitness for e in self.episodes)

    @property
    def success_rate(self) -> float:
        """Share of episodes that met the task's criterion, in [0, 1]; higher is better."""
        return fmean(float(e.success) for e in self.episodes)

    @property
    def is_finite(self) -> bool:
        """Whether every episode's fitness is a finite number, of a magnitude that can be summed."""
        return all(abs(e.fitness) <= MAX_FITNESS for e in self.episodes)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trajectory:
    """One recorded episode, as seen through the card's state fields."""

    seed: int
    fields: Mapping[str, np.ndarray]
    """Name to array of shape (n_steps + 1, *field shape); row 0 is the episode's start."""
    actions: np.ndarray
    """Shape (n_steps, *action shape), as sent to the environment."""
    terminated: bool
    components: Mapping[str, np.ndarray] = field(default_factory=dict)
    """Unweighted reward components, each of shape (n_steps,); empty before scoring."""
    rewards: np.ndarray | None = None
    """Composed step rewards, shape (n_steps,); None before scoring."""

    def __post_init__(self) -> None:
        n_steps = len(self.actions)
        for name, values in self.fields.items():
            if len(values) != n_steps + 1:
                raise ValueError(f"field {name!r} has {len(values)} rows, expected {n_steps + 1}")
        for name, values in self.components.items():
            if values.shape != (n_steps,):
                raise ValueError(
                    f"component {name!r} has shape {values.shape}, expected ({n_steps},)"
                )
        if self.rewards is not None and self.rewards.shape != (n_steps,):
            raise ValueError(f"rewards have shape {self.rewards.shape}, expected ({n_steps},)")
        paid = () if self.rewards is None else (self.rewards,)
        for array in (*self.fields.values(), self.actions, *self.components.values(), *paid):
            array.setflags(write=False)

    @property
    def length(self) -> int:
        """Timesteps."""
        return len(self.actions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of a judged candidate in the competition."""

    judged: Judged
    outcome: Outcome
    text: str = ""
    """Why it ended early, sanitised; empty when it did not."""
    evaluations: tuple[Evaluation, ...] = ()
    """On selection seeds, in the order of their steps."""
    score: float | None = None
    """Selection score: mean fitness of the last evaluations, or where people's comparisons select
    the candidate's strength in them; None when never evaluated."""
    steps: int = 0
    """Environment timesteps paid for this candidate, all trainings counted."""
    cpu_s: float = 0.0
    trainings: int = 1
    """Trainings, each with its own seed, that the score rests on."""

    @property
    def id(self) -> CandidateId:
        """The candidate's."""
        return self.judged.candidate.id


# ------------------------------------------------------------------- analysis


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A moment in a recorded rollout."""

    episode: int
    """Index among the candidate's recorded episodes."""
    step: int
    """Timestep within that episode, from 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentStats:
    """How one reward component behaved in the rollouts of the trained policy."""

    name: str
    weight: float
    mean: float
    """Unweighted, per timestep."""
    std: float
    """Unweighted on-policy standard deviation over timesteps."""
    share: float
    """|weight| x std over the sum of all components' |weight| x std, in [0, 1]."""
    return_share: float
    """|weight x sum| over the sum of all components' |weight x sum|, in [0, 1]."""
    low: float
    high: float
    verdict: Literal["keep", "rescale", "rewrite", "drop"] = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """One reason why a policy did not do the task, or a risk, with its evidence."""

    code: str
    """Stable kebab-case name: `dead-component`, `stands-still`, `ends-early`, ..."""
    message: str
    suggestion: str = ""
    component: str | None = None
    field: str | None = None
    """State field concerned, if one is."""
    number: float | None = None
    """What was measured, in the field's unit, where the remedy needs it."""
    severity: Severity = "warning"
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """What the Trajectory Analyzer says of a candidate."""

    candidate: CandidateId
    components: tuple[ComponentStats, ...] = ()
    causes: tuple[Cause, ...] = ()
    hacking_suspected: bool = False
    return_fitness_correlation: float | None = None
    """Spearman's, over episodes of all checkpoints, in [-1, 1]; None when undefined."""
    do_nothing_share: float | None = None
    """Return of standing still over the policy's mean return; None when undefined."""
    early_end_share: float | None = None
    """Return of ending the episode as soon as possible over the policy's; None when undefined."""
    best_episode: int | None = None
    worst_episode: int | None = None
    suggestions: tuple[str, ...] = ()
    """What to change in the reward, as a whole."""
    missing_observations: tuple[str, ...] = ()
    """What a reward for this task would need to see and cannot."""
    author: Author = "offline"
    """`model` when a model's words are among the computed ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of a recorded episode, as of a film, that a person points at."""

    episode: int
    """Index among the candidate's recorded episodes."""
    first_step: int
    """Timestep within that episode, from 0."""
    last_step: int
    """Included."""

    def __post_init__(self) -> None:
        if min(self.episode, self.first_step) < 0 or self.last_step < self.first_step:
            raise ValueError(f"{self} is no span: episodes and steps count from 0, first to last.")

    def __str__(self) -> str:
        return f"episode {self.episode}, steps {self.first_step} to {self.last_step}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A quantity that is unlike itself in a span: what it is there, and in the other timesteps."""

    name: str
    """A state field's, an element's or a vector's length as `|field|`, or a component's."""
    unit: str = ""
    what: SpanMeasure = "mean"
    """Its mean; its mean change in one timestep, of what only ever grows or falls, as a position
    on the way; or its standard deviation."""
    inside: float
    elsewhere: float

    def __str__(self) -> str:
        unit = f" {self.unit}" if self.unit else ""
        inside, elsewhere = f"{self.inside:.3g}{unit}", f"{self.elsewhere:.3g}"
        if self.what == "change":
            return f"{self.name} changes by {inside} a step (elsewhere {elsewhere})"
        verb = "varies by" if self.what == "spread" else "is"
        return f"{self.name} {verb} {inside} (elsewhere {elsewhere})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feedback:
    """A person's remark."""

    text: str
    candidate: CandidateId | None = None
    """None when it concerns the whole run."""
    span: Span | None = None
    """None when it concerns the whole candidate."""
    seen: tuple[Departure, ...] = ()
    """What stood out in the span when the remark was written, the most unusual first."""
    line: int
    """Line of feedback.jsonl it came from."""

    @property
    def about(self) -> str:
        """What it concerns, in words; empty when that is the whole run."""
        return ", ".join(str(part) for part in (self.candidate, self.span) if part is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A program that a person made of a candidate's, to be judged like any other."""

    text: str
    """The program."""
    parent: CandidateId
    """The candidate whose program was edited."""
    why: str = ""
    """What the person says of it."""
    line: int
    """Line of edits.jsonl it came from."""


# ----------------------------------------------------------------------- loop


@dataclass(frozen=True, slots=True, kw_only=True)
class Iteration:
    """One round of the loop, finished."""

    index: int
    judged: tuple[Judged, ...]
    results: tuple[Result, ...]
    analyses: tuple[Analysis, ...]
    remarks: tuple[Feedback, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Every finished iteration of a run."""

    iterations: tuple[Iteration, ...] = ()

    @property
    def results(self) -> tuple[Result, ...]:
        """All candidates' results, in candidate order."""
        return tuple(result for it in self.iterations for result in it.results)

    @property
    def best(self) -> Result | None:
        """The best fully trained result by selection score; None before there is one.

        Where some were confirmed on further seeds, the others' single scores do not count: the
        highest of many single scores is high by luck.
        """
        return next((r for r in self.ranked if r.outcome == Outcome.TRAINED), None)

    @property
    def ranked(self) -> tuple[Result, ...]:
        """Results with a finite score, the best first, as `rank_of` has it."""
        scored = [r for r in self.results if r.score is not None and math.isfinite(r.score)]
        return tuple(sorted(scored, key=rank_of))

    def analysis(self, candidate: CandidateId) -> Analysis | None:
        """The analysis of `candidate`, if it has one."""
        for iteration in self.iterations:
            for analysis in iteration.analyses:
                if analysis.candidate == candidate:
                    return analysis
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One line of the final table: a reward, trained from scratch, judged on report seeds."""

    name: str
    """`sparse`, `native`, `expert`, `iteration 0`, `final`."""
    steps: int
    """Environment timesteps of each training."""
    fitness: tuple[float, ...]
    """Mean fitness of each training, one per training seed; higher is better."""
    success_rate: tuple[float, ...]
    """Success rate of each training, in [0, 1]."""
    cpu_s: float
    """CPU-seconds of all its trainings."""
    outcome: Outcome | None = None
    """How a training ended that did not end well; None when all did."""
    candidate: CandidateId | None = None

    def __post_init__(self) -> None:
        if len(self.fitness) != len(self.success_rate):
            raise ValueError("every training has a fitness and a success rate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a run may claim: its winner beside its controls."""

    rows: tuple[ClaimRow, ...]
    search_steps: int
    """Timesteps that the whole search paid for, stopped candidates included."""
    search_cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """What a search found."""

    best: Result | None
    history: History


def rank_of(result: Result) -> tuple[bool, int, int, float, CandidateId]:
    """What scored results are sorted by, the best first.

    Only like is compared with like: who was trained to the end stands before who was stopped, more
    trainings before fewer, a later rung before an earlier one, and then the score counts. A
    stopped one's is of an early policy, which may well score higher than late ones.
    """
    is_stopped = result.outcome != Outcome.TRAINED
    reached = result.steps if is_stopped else 0
    return is_stopped, -result.trainings, -reached, -(result.score or 0.0), result.id
