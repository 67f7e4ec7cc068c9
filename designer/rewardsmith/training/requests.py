"""What a worker is asked to do, as JSON: train a segment, probe a program, score trajectories.

Strict both ways: an unknown or missing key is an error. Tensors and trajectories travel beside the
request, in a frame of their own.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from rewardsmith.isolation.frames import FrameError
from rewardsmith.messages import RewardKind, Task
from rewardsmith.rewards.probe import Measurements

METRIC_NAMES = frozenset(
    {
        "rollout/ep_len_mean",
        "rollout/ep_rew_mean",
        "rollout/reward_mean",
        "train/actor_loss",
        "train/approx_kl",
        "train/clip_fraction",
        "train/clip_range",
        "train/critic_loss",
        "train/ent_coef",
        "train/ent_coef_loss",
        "train/entropy_loss",
        "train/explained_variance",
        "train/learning_rate",
        "train/loss",
        "train/n_updates",
        "train/policy_gradient_loss",
        "train/std",
        "train/value_loss",
    }
)
"""What a worker may call its curves, besides `reward/<component>`: SB3's own keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """Train one segment."""

    job: Literal["train"] = "train"
    task: Task
    reward: RewardKind
    program: str | None
    """Text of the reward program; None for a built-in reward."""
    preset: Mapping[str, Any]
    seed: int
    """The segment's own."""
    start_step: int
    """0 starts from scratch; otherwise a checkpoint travels along."""
    end_step: int
    checkpoint_steps: tuple[int, ...]
    goes_on: bool = False
    """Whether a next segment follows, which may need experience beside the checkpoint."""
    device: str
    backend: str = "python"
    """Who steps the environments: the card's own package, or one of its backends."""
    sandbox: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeRequest:
    """Try one program on recorded transitions, row by row and compiled."""

    job: Literal["probe"] = "probe"
    task: Task
    program: str
    gamma: float
    sandbox: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreRequest:
    """Compute one program's components on recorded trajectories, in time order."""

    job: Literal["score"] = "score"
    task: Task
    program: str
    gamma: float
    sandbox: str


Request = TrainRequest | ProbeRequest | ScoreRequest

_ADAPTER: TypeAdapter[Request] = TypeAdapter(
    Annotated[Request, Field(discriminator="job")], config=ConfigDict(extra="forbid")
)


def encode(request: Request) -> dict[str, Any]:
    """JSON-ready form of a request."""
    encoded: dict[str, Any] = _ADAPTER.dump_python(request, mode="json")
    return encoded


def decode(content: object) -> Request:
    """The request that `encode` wrote.

    Raises:
        pydantic.ValidationError: It is not one.
    """
    return _ADAPTER.validate_python(content)


_MEASUREMENTS = TypeAdapter(
    tuple[Measurements], config=ConfigDict(ser_json_inf_nan="strings", extra="forbid")
)


def encode_measurements(measurements: Measurements) -> dict[str, Any]:
    """JSON-ready form; what is not finite is written as text."""
    encoded: dict[str, Any] = json.loads(_MEASUREMENTS.dump_json((measurements,)))[0]
    return encoded


def decode_measurements(content: object) -> Measurements:
    """The measurements that a worker sent.

    Raises:
        FrameError: They are not well-formed.
    """
    try:
        return _MEASUREMENTS.validate_python((content,))[0]
    except ValidationError as error:
        # Its own words repeat what was sent.
        raise FrameError(f"no measurements: {len(error.errors())} of their parts") from None
