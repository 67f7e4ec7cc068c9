"""The frozen values a card is parsed into."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from rewardsmith.messages import StateSpec, SuccessSemantics

SUITES = "rewardsmith.environments.suites."
"""Where the modules lie that make shipped environments of packages."""

Reference = Path | Literal["native", "sparse"]
Setting = float | int | str | bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What the environment's own code needs after the lock."""

    read: tuple[str, ...] = ()
    """Folders it reads, besides its package."""
    write: bool = False
    """Whether it needs a private temporary folder."""
    network: bool = False
    """Whether it speaks to a simulator server; refused under a strict sandbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """A faster implementation of an environment, for training only."""

    id: str
    """What the backend calls the environment."""
    kwargs: Mapping[str, object] = field(default_factory=dict)
    """Passed when it is made."""
    package: str
    """Distribution of the environment itself, whose version a parity record names."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field name to its source there, where it is another one than the card's."""
    observation: str | None = None
    """`module:function` of (observations, infos) of all environments, to what a policy sees."""
    scripted: str | None = None
    """`module:function` of the card's `task`, to a policy that acts with purpose."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCard:
    """One task of an environment."""

    name: str
    instruction: str
    """The task in words; the only part that a designer sees."""
    fitness: str
    """Expression over one episode's fields; higher is better; graded."""
    success: str
    """Condition over one step's fields, or over the episode's aggregates."""
    semantics: SuccessSemantics = "held"
    held_steps: int = 10
    """Timesteps in a row for which `success` has to hold under `held`."""
    solved_by: tuple[str, ...] = ()
    """Aimless behaviour that does the task too, as `hold corner 5`: told, not held against it."""
    target: float = 0.8
    """Success rate from which the task counts as solved, in [0, 1]."""
    audit: Mapping[str, str] = field(default_factory=dict)
    """Metric name to expression; stands beside fitness and never selects."""
    references: Mapping[str, Reference] = field(default_factory=dict)
    """`native`, `expert`, `sparse`, ...: a reward program's file, or a built-in one."""
    preset: Mapping[str, Setting] = field(default_factory=dict)
    """Training settings of this task's own, over the card's."""
    assay: Mapping[str, object] | None = None
    """What the reference rewards reached, once measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvCard:
    """An environment as rewardsmith knows it."""

    ref: str
    """What `load_card` takes to find this card again."""
    id: str
    """What `gymnasium.make` takes, or `module:Class`."""
    title: str
    description: str
    kwargs: Mapping[str, object] = field(default_factory=dict)
    """Passed to the environment's constructor."""
    state: StateSpec
    start_values: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """Field name to its value at an episode's start, where `info` does not hold it yet."""
    goal_dim: int = 0
    """Length of the achieved goal, with which an observation begins, and of the desired one after
    it; 0 where observations hold no goals."""
    max_steps: int
    """Timesteps after which an episode is truncated."""
    dt: float | None = None
    """Seconds per timestep; None when the environment has no clock."""
    start: str = ""
    episode_end: str = ""
    known_exploits: tuple[str, ...] = ()
    deviations: tuple[str, ...] = ()
    """Where the environment's package does otherwise than it says, and what became of it here."""
    preset: Mapping[str, Setting] = field(default_factory=dict)
    tasks: Mapping[str, TaskCard]
    folder: Path | None = None
    """Folder of card.yaml, against which reference files are resolved."""
    code: Path | None = None
    """Folder of the environment's modules, where that is not the card's own."""
    needs: Needs = field(default_factory=Needs)
    unverified: tuple[str, ...] = ()
    """Fields whose meaning a model said and nobody has checked; `action` for the action's."""
    backends: Mapping[str, Backend] = field(default_factory=dict)
    """Name to a faster implementation that training may use."""

    @property
    def called(self) -> str:
        """What messages call the environment: a shipped card by its name, others by their id."""
        is_shipped = self.folder is not None and self.ref == self.folder.name
        return self.ref if is_shipped or self.id.startswith(SUITES) else self.id

    @property
    def home(self) -> Path | None:
        """Where modules that the card names are looked for, after everything installed."""
        return self.code or self.folder
