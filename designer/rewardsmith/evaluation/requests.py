"""What an evaluator is asked to do, as JSON: roll policies out and judge them by fitness.

Policy tensors travel beside the request, those of policy i under `<i>/`. Strict both ways.
"""

import json
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from rewardsmith.evaluation.policy import PolicySpec
from rewardsmith.isolation.frames import FrameError
from rewardsmith.messages import EpisodeScore, Task


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyRequest:
    """Who acts, in which episodes."""

    kind: Literal["mlp", "constant", "uniform", "cycle"]
    seeds: tuple[int, ...]
    """Consecutive; one episode each."""
    value: float = 0.0
    """Of a constant action, in [-1, 1] of each dimension's range; 0 is doing nothing."""
    actions: tuple[tuple[float, ...], ...] = ()
    """Of a cycle, one row a timestep, over and over: in the environment's own units and flat, for a
    discrete action its choices."""
    record: int = 0
    """Episodes, from the first, whose state fields are sent back."""

    def __post_init__(self) -> None:
        expected = tuple(range(self.seeds[0], self.seeds[0] + len(self.seeds)))
        if self.seeds != expected:
            raise ValueError("seeds have to be consecutive")
        if (self.kind == "cycle") != bool(self.actions):
            raise ValueError("actions are given exactly when the policy goes through them")


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationRequest:
    """Judge policies on a task."""

    task: Task
    audit: dict[str, str]
    """Metric name to expression; computed beside fitness."""
    policies: tuple[PolicyRequest, ...]
    spec: PolicySpec | None
    """Shape of the MLP policies; None when there is none."""
    sandbox: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationReply:
    """What the evaluator measured, policy by policy."""

    episodes: tuple[tuple[EpisodeScore, ...], ...]
    obs_dim: int
    """Length of an observation, as policies see it."""
    sandbox: Literal["none", "partial", "strict"]
    """Level of isolation it ran under."""

    def __post_init__(self) -> None:
        if self.obs_dim < 1:
            raise ValueError("an observation has at least one number")


# A plain dataclass takes its configuration from what surrounds it: hence the tuples.
_REQUEST = TypeAdapter(tuple[EvaluationRequest], config=ConfigDict(extra="forbid"))
_REPLY = TypeAdapter(
    tuple[EvaluationReply], config=ConfigDict(extra="forbid", ser_json_inf_nan="strings")
)


def encode_request(request: EvaluationRequest) -> dict[str, Any]:
    """JSON-ready form."""
    encoded: dict[str, Any] = _REQUEST.dump_python((request,), mode="json")[0]
    return encoded


def decode_request(content: object) -> EvaluationRequest:
    """The request that was encoded.

    Raises:
        pydantic.ValidationError: It is not one.
    """
    return _REQUEST.validate_python((content,))[0]


def encode_reply(reply: EvaluationReply) -> dict[str, Any]:
    """JSON-ready form; a fitness that is not finite is written as text, since JSON has no NaN."""
    encoded: dict[str, Any] = json.loads(_REPLY.dump_json((reply,)))[0]
    return encoded


def decode_reply(content: object) -> EvaluationReply:
    """The reply that was encoded.

    Raises:
        FrameError: It is not one.
    """
    try:
        return _REPLY.validate_python((content,))[0]
    except ValidationError as error:
        raise FrameError(f"no reply of an evaluator: {len(error.errors())} of its parts") from None
