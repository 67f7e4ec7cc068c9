"""Whether a reward program can be paid again for another goal, as hindsight experience replay does.

Relabelling swaps a stored transition's desired goal and recomputes its reward from the achieved and
the desired goal alone. A program fits when it reads nothing else. Pure: it says what does not fit,
and trains nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.sources import parse_source
from rewardsmith.language.findings import finding
from rewardsmith.messages import FieldSpec, Finding, StateSpec
from rewardsmith.rewards.contract import RewardProgram


@dataclass(frozen=True, slots=True)
class GoalLayout:
    """Where goals lie in an observation that was a Dict, flattened by the order of its keys."""

    goal_dim: int
    """Length of a goal: the achieved one comes first, then the desired one."""
    obs_dim: int
    """Length of the whole observation."""


def goal_fields(spec: StateSpec, layout: GoalLayout) -> frozenset[str]:
    """Names of the fields that follow from the achieved and the desired goal, and constants.

    Args:
        spec: The environment's fields.
        layout: Of its observations.
    """
    found: set[str] = set()
    for field in spec.fields:
        if _follows(field, spec, layout, found):
            found.add(field.name)
    return frozenset(found)


def relabelling_findings(
    program: RewardProgram, spec: StateSpec, layout: GoalLayout
) -> tuple[Finding, ...]:
    """Everything that keeps a program from being paid again for another goal; empty if nothing.

    Args:
        program: As read by `contract.read_program`.
        spec: The environment's fields.
        layout: Of its observations.
    """
    return tuple(dict.fromkeys(_findings(program, goal_fields(spec, layout))))


def _findings(program: RewardProgram, fields: frozenset[str]) -> Iterator[Finding]:
    allowed = {f"state.{name}" for name in fields}
    if program.memory:
        yield finding("relabelled-memory")
    if program.has_potential:
        yield finding("relabelled-score", name="potential")
    if program.has_progress:
        yield finding("relabelled-score", name="progress")
    for component, reads in program.reads.items():
        for name in sorted(reads - allowed):
            yield finding(
                "relabelled-input",
                component=component,
                name=name,
                known=", ".join(sorted(allowed)) or "none",
            )


def _follows(field: FieldSpec, spec: StateSpec, layout: GoalLayout, known: set[str]) -> bool:
    """Whether a field can be computed from the two goals and the fields `known` to follow."""
    if field.constant is not None:
        return True
    source = parse_source(field.source)
    if source.kind == "derived":
        return derived_of(field, spec).needs <= known
    if source.kind != "obs":
        return False
    places = np.arange(layout.obs_dim)[source.index if source.index else slice(None)]
    return bool(np.all(places < 2 * layout.goal_dim))
