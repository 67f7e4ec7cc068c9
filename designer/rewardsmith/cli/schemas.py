"""The shapes of the documents that `--json` prints. Plain values, with a docstring each."""

from dataclasses import dataclass, field
from typing import Any, Final, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class IntervalEntry:
    """A mean and its 95 % interval."""

    mean: float | None
    """null when it is not finite, here and everywhere."""
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CostEntry:
    """What something cost."""

    steps: int
    """Environment timesteps of all trainings, stopped ones included."""
    cpu_s: float
    """CPU-seconds of trainings and evaluations."""
    model_calls: int
    tokens: int
    """Of all calls to language models, in and out."""
    cost_usd: float
    """Of the calls with a known price."""
    n_unpriced: int
    """Calls whose price is unknown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateEntry:
    """A candidate as a run lists it."""

    id: str
    """As in `001/2`."""
    state: str
    """Where it stands; its outcome once it is closed."""
    author: str
    """`offline`, `model` or `human`."""
    parents: tuple[str, ...]
    score: float | None
    """Selection score, or strength in people's comparisons where they judge; higher is better."""
    success_rate: float | None
    """Of its last evaluation on selection episodes, in [0, 1]; null where people judge."""
    steps: int
    cpu_s: float
    cause: str
    """The first thing to know about how it ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimEntry:
    """A row of the final table, on report episodes."""

    name: str
    """`sparse`, `native`, `expert`, `iteration-0`, `final`."""
    candidate: str | None
    trainings: int
    """Trainings from scratch behind it."""
    steps: int
    """Of each training."""
    fitness: IntervalEntry | None
    """Over trainings."""
    success_rate: IntervalEntry | None
    """Over trainings and episodes, the wider of both."""
    cpu_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationEntry:
    """One policy, judged once."""

    candidate: str | None
    """null where the document is about one candidate."""
    step: int
    """Timesteps that the policy had been trained for."""
    seed_set: str
    """`selection` in the search, `report` at its end, `later` for whatever comes after."""
    episodes: int
    fitness: IntervalEntry
    """Over episodes."""
    success_rate: IntervalEntry
    """Over episodes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseEntry:
    """A candidate that followed a remark."""

    candidate: str
    link: str
    """What ties it to the remark, in words; the weakest is that it came after it."""
    change: str
    """Its own rationale."""
    parent: str | None
    score: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanEntry:
    """A part of a recorded episode."""

    episode: int
    """Index among the recorded episodes of the candidate."""
    first_step: int
    last_step: int
    """Included."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenEntry:
    """A quantity that was unlike itself in the part of an episode that a remark points at."""

    name: str
    """A state field's, an element's or a vector's length as `|field|`, or a component's."""
    unit: str
    """Empty where there is none."""
    what: str
    """`mean`; `change`, the mean change in a timestep of what drifts; or `spread`, the standard
    deviation."""
    inside: float | None
    """Over the timesteps of the part."""
    elsewhere: float | None
    """Over the other timesteps of the episode."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RemarkEntry:
    """A person's remark and what followed it."""

    text: str
    candidate: str | None
    """null when it concerns the whole run."""
    span: SpanEntry | None
    """null when it concerns no part of a film."""
    seen: tuple[SeenEntry, ...]
    """What stood out in that part when the remark was written, the most unusual first."""
    read_by: int | None
    """Iteration at whose end it was read; null when none has read it yet."""
    responses: tuple[ResponseEntry, ...]
    """Designed candidates of the iteration after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDocument:
    """`rewardsmith inspect RUN --json`."""

    schema: Literal["rewardsmith/run/1"] = "rewardsmith/run/1"
    id: str
    folder: str
    created: str
    """ISO 8601, UTC."""
    environment: str
    task: str
    instruction: str
    fitness: str
    """The expression that judges an episode; `human` where people's comparisons of rollouts do,
    `draft` while it waits to be chosen."""
    success: str
    """When an episode succeeds; empty where nothing is measured, or not yet."""
    status: Literal["ended", "not ended"]
    reason: str
    """Why it ended; empty when it has not."""
    iterations: int
    """Finished ones."""
    best: str | None
    """The winner so far."""
    cost: CostEntry
    """Of the search; the claim's stands in its rows."""
    candidates: tuple[CandidateEntry, ...]
    claim: tuple[ClaimEntry, ...]
    """Empty before the run came that far."""
    evaluations: tuple[EvaluationEntry, ...]
    """The one that ended the run, and those made since."""
    remarks: tuple[RemarkEntry, ...]
    n_waiting_edits: int
    """Programs by people that no iteration has taken in yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingEntry:
    """Something that is wrong or noteworthy about a program."""

    code: str
    """Stable name."""
    severity: Literal["error", "warning", "note"]
    layer: str
    """`static`, `probe` or `review`."""
    line: int | None
    message: str
    remedy: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExploitEntry:
    """What a way not to do the task would earn."""

    name: str
    pays: bool | None
    """null where that says nothing; `reason` says why."""
    reason: str
    episode_return: float | None
    share: float | None
    """Of a competent rollout's return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentEntry:
    """How a component behaved in the rollouts of the trained policy."""

    name: str
    weight: float
    mean: float
    """Unweighted, per timestep, like `std`, `low` and `high`."""
    std: float
    share: float
    """Of all components' weighted variation."""
    return_share: float
    """Of all components' weighted sums."""
    low: float
    high: float
    verdict: str
    """`keep`, `rescale`, `rewrite` or `drop`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentEntry:
    """A moment in a recorded episode."""

    episode: int
    step: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CauseEntry:
    """Why a policy did what it did."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    suggestion: str
    component: str | None
    evidence: tuple[MomentEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredRemark:
    """A remark that was new to the designer when a candidate was proposed."""

    text: str
    link: str
    """What ties the candidate to it, in words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CandidateDocument:
    """`rewardsmith inspect RUN CANDIDATE --json`."""

    schema: Literal["rewardsmith/candidate/1"] = "rewardsmith/candidate/1"
    run: str
    id: str
    state: str
    author: str
    """`offline`, `model` or `human`."""
    rationale: str
    parents: tuple[str, ...]
    children: tuple[str, ...]
    lineage: tuple[str, ...]
    """Itself, its first parent, that one's, ... down to the first iteration."""
    program: str
    """The text that was judged last."""
    compiled: str | None
    """The array code that trains."""
    diff: str | None
    """Unified, from its first parent; null when it has none."""
    accepted: bool | None
    """null before it was judged."""
    repairs: int
    findings: tuple[FindingEntry, ...]
    exploits: tuple[ExploitEntry, ...]
    score: float | None
    success_rate: float | None
    trainings: int
    """Trainings that the score rests on."""
    ended: str
    """Why it ended early; empty when it did not."""
    cost: CostEntry
    evaluations: tuple[EvaluationEntry, ...]
    """On selection episodes over its training, then those made since."""
    curves: dict[str, tuple[tuple[int, float], ...]]
    """Metric to (timestep, value), over its first training."""
    components: tuple[ComponentEntry, ...]
    causes: tuple[CauseEntry, ...]
    hacking_suspected: bool
    remarks: tuple[AnsweredRemark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffDocument:
    """`rewardsmith diff RUN A B --json`."""

    schema: Literal["rewardsmith/diff/1"] = "rewardsmith/diff/1"
    run: str
    old: str
    new: str
    diff: str
    """Unified; empty when the programs are the same text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """A run of a folder."""

    id: str
    folder: str
    created: str
    environment: str
    task: str
    status: str
    """`running`, `ended`, `stopped` or `unreadable`."""
    candidates: int
    score: float | None
    """Best selection score; higher is better."""
    success_rate: float | None
    """Of the claim's winner, in [0, 1]."""
    cpu_s: float
    """CPU-seconds of the search."""
    cost_usd: float | None
    """Of calls to models; null when it asked none."""
    problem: str
    """Why it cannot be read; empty when it can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunsDocument:
    """`rewardsmith runs list --json`."""

    schema: Literal["rewardsmith/runs/1"] = "rewardsmith/runs/1"
    folder: str
    runs: tuple[RunEntry, ...]
    """Newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentEntry:
    """A shipped environment card."""

    id: str
    title: str
    tasks: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentsDocument:
    """`rewardsmith envs list --json`."""

    schema: Literal["rewardsmith/environments/1"] = "rewardsmith/environments/1"
    environments: tuple[EnvironmentEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckDocument:
    """`rewardsmith check FILE --json`; the exit status is 2 when it is not accepted."""

    schema: Literal["rewardsmith/check/1"] = "rewardsmith/check/1"
    file: str
    task: str | None
    """Whose start and end were probed; null where the card has none, and no exploit is told."""
    accepted: bool
    findings: tuple[FindingEntry, ...]
    exploits: tuple[ExploitEntry, ...]
    do_nothing_share: float | None
    """Return of doing nothing over that of a competent rollout."""
    compiled: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EpisodeEntry:
    """One evaluation episode."""

    seed: int
    fitness: float | None
    success: bool
    length: int
    """Timesteps."""
    terminated: bool
    audit: dict[str, float] = field(default_factory=dict)
    """Metrics that stand beside fitness."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateDocument:
    """`rewardsmith evaluate RUN CANDIDATE --json`."""

    schema: Literal["rewardsmith/evaluate/1"] = "rewardsmith/evaluate/1"
    run: str
    candidate: str
    evaluation: EvaluationEntry
    episodes: tuple[EpisodeEntry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainDocument:
    """`rewardsmith train REWARD.py --json`; the exit status is 1 when no policy came of it."""

    schema: Literal["rewardsmith/train/1"] = "rewardsmith/train/1"
    run: str
    folder: str
    candidate: str
    outcome: str
    text: str
    """Why it ended early; empty when it did not."""
    cost: CostEntry
    evaluation: EvaluationEntry | None
    """null when no policy came of it."""


DOCUMENTS: Final[tuple[type[Any], ...]] = (
    RunDocument,
    CandidateDocument,
    DiffDocument,
    RunsDocument,
    EnvironmentsDocument,
    CheckDocument,
    EvaluateDocument,
    TrainDocument,
)
