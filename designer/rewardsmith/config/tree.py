"""The configuration's tree: frozen dataclasses with defaults and units.

Every section refuses at birth what cannot be meant, with a `ValueError` that begins with the key.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from rewardsmith.config.seeds import most_episodes
from rewardsmith.llm.settings import ModelSettings
from rewardsmith.messages import SeedSet

MAX_INIT_CHARS = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """How candidates are proposed and compete."""

    candidates: int = 4
    """Reward programs proposed in one iteration."""
    iterations: int = 2
    rungs: tuple[float, ...] = (0.25, 0.5)
    """Shares of the training after which the worst are stopped, in (0, 1), rising; empty: never."""
    keep: float = 0.5
    """Share of candidates that a rung keeps, in (0, 1]."""
    minimum: int = 2
    """Candidates that no rung goes below."""
    confirm_top: int = 2
    """Candidates scored again before one becomes the new incumbent; 0 trusts the first score."""
    confirm_seeds: int = 1
    """Further training seeds of each of them."""
    init: str | None = None
    """Text of a person's own reward program: the first candidate, to be improved; None: none."""

    def __post_init__(self) -> None:
        _at_least(self, candidates=1, iterations=1, minimum=1)
        _at_least(self, confirm_top=0, confirm_seeds=0)
        _require(0 < self.keep <= 1, "keep", "has to lie in (0, 1]")
        too_long = self.init is not None and len(self.init) > MAX_INIT_CHARS
        _require(not too_long, "init", f"may have at most {MAX_INIT_CHARS:,} characters")
        rising = all(a < b for a, b in zip((0.0, *self.rungs), (*self.rungs, 1.0), strict=True))
        _require(rising, "rungs", "have to rise and lie in (0, 1), as in [0.25, 0.5]")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingConfig:
    """How a candidate is trained."""

    total_timesteps: int | None = None
    """Environment timesteps of one full training; None: the card's preset decides."""
    n_envs: int | None = None
    """Environments stepped together; None: the card's preset decides."""
    device: Literal["auto", "cpu", "cuda"] = "auto"
    backend: Literal["auto", "python", "envpool"] = "python"
    """Who steps the environments of all trainings; the card's own package always judges. auto: the
    fastest that the card has proved equal. A run records what was chosen, and keeps to it."""
    preset: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    """Hyper-parameters that differ from the card's preset, by the trainer's own names."""

    def __post_init__(self) -> None:
        _at_least(self, total_timesteps=1, n_envs=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """How policies are judged. The three seed sets never meet."""

    selection_episodes: int | None = None
    """Episodes of one evaluation during the search, the same for all candidates; None: so many
    that judging a training takes a quarter of its timesteps, from 3 to 20."""
    report_episodes: int = 20
    """Episodes of each policy of the final claim; used once."""
    conclusion: Literal["claim", "training", "selection", "report", "later"] = "claim"
    """What ends a run: the claim, or the winner's own policy judged on that set of episodes."""
    report_seeds: int = 5
    """Trainings from scratch behind the final claim."""
    evals_per_segment: int = 3
    """Checkpoints evaluated in each segment; a rung decides on their mean."""
    recorded_episodes: int = 6
    """Episodes kept with all fields, for the analysis and the viewer."""

    def __post_init__(self) -> None:
        _at_least(self, selection_episodes=1, report_episodes=1, report_seeds=1)
        _at_least(self, evals_per_segment=1, recorded_episodes=0)
        limited: tuple[SeedSet, ...] = ("selection", "report")
        for seed_set in limited:
            name, most = f"{seed_set}_episodes", most_episodes(seed_set)
            _require((getattr(self, name) or 0) <= most, name, f"may be at most {most}")


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitsConfig:
    """What a process that runs reward code may use."""

    memory_mb: int = 4096
    """Memory of one worker, in MiB."""
    open_files: int = 256
    """File descriptors of one worker."""
    cpu_factor: float = 10.0
    """CPU-seconds of a segment over what the reference training needs for it."""
    cpu_s: float | None = None
    """CPU-seconds of a segment, whatever the factor says; None: the factor decides."""
    stall_s: float = 300.0
    """Seconds without any progress after which a worker counts as hung."""
    idle_s: float = 1800.0
    """Seconds in its whole life in which a worker may neither compute nor wait for a core."""
    probe_cpu_s: float = 60.0
    """CPU-seconds of the probe of one program."""
    rollouts_cpu_s: float = 600.0
    """CPU-seconds of the rollouts that nobody trained: doing nothing, chance, known exploits."""
    attempts: int = 3
    """Starts of a segment that is lost again and again, through no fault of its own."""

    def __post_init__(self) -> None:
        _at_least(self, memory_mb=256, open_files=64, attempts=1)
        names = ("cpu_factor", "cpu_s", "stall_s", "idle_s", "probe_cpu_s", "rollouts_cpu_s")
        for name in names:
            value = getattr(self, name)
            _require(value is None or value > 0, name, "has to be positive")


@dataclass(frozen=True, slots=True, kw_only=True)
class RolesConfig:
    """What the roles do when a language model plays them, and a person that of the judge."""

    repairs: int = 2
    """Times a refused program, or drafted fitness, goes back to its author with its findings; 0:
    never."""
    review: bool = True
    """Whether the critic reviews programs that passed what is computed."""
    studied: int = 2
    """Candidates of an iteration, the best ones, that the analyzer studies in words."""
    prompts: str | None = None
    """Folder of templates that replace their shipped namesakes."""
    comparisons: int | None = None
    """Comparisons of rollouts that an iteration waits for where people select; None: half as many
    again as it has candidates, and one."""

    def __post_init__(self) -> None:
        _at_least(self, repairs=0, studied=0, comparisons=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """Everything a run is started with, besides its task."""

    search: SearchConfig = field(default_factory=SearchConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    limits: LimitsConfig = field(default_factory=LimitsConfig)
    model: ModelSettings = field(default_factory=ModelSettings)
    roles: RolesConfig = field(default_factory=RolesConfig)
    seed: int = 0
    """Everything random in the run follows from it."""
    jobs: int = 0
    """Workers that train at the same time; 0: as many as there are free cores."""
    require_sandbox: Literal["any", "partial", "strict"] = "any"
    """Lowest level of isolation that reward code may run under. Whatever is missing is said before
    a run begins, and the level that held is recorded with it."""

    def __post_init__(self) -> None:
        _at_least(self, seed=0, jobs=0)


def _require(holds: bool, name: str, text: str) -> None:
    if not holds:
        raise ValueError(f"{name} {text}")


def _at_least(section: object, **lowest: float) -> None:
    for name, low in lowest.items():
        value = getattr(section, name)
        _require(value is None or value >= low, name, f"is {value}, but has to be at least {low}")
