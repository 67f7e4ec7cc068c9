"""Whether a reward program can be paid again for another goal, as hindsight experience replay does.

Relabelling swaps a stored transition's desired goal and recomputes its reward from the achieved and
the desired goal alone. A program fits when it reads nothing else. Observations begin with the
achieved goal, then the desired one, as Gymnasium flattens the dictionary of a goal environment.
Pure: it says what does not fit, and trains nothing.
"""

import sys
from collections.abc import Collection, Iterator
from dataclasses import replace

from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.sources import Source, source_of
from rewardsmith.language.findings import finding
from rewardsmith.messages import FieldSpec, Finding, StateSpec
from rewardsmith.rewards.contract import Reading, RewardProgram, read_program


def goal_fields(spec: StateSpec, goal_dim: int) -> frozenset[str]:
    """Names of the fields that follow from the achieved and the desired goal, and constants.

    Args:
        spec: The environment's fields.
        goal_dim: Length of a goal.
    """
    found: set[str] = set()
    for field in spec.fields:
        if _follows(field, spec, goal_dim, found):
            found.add(field.name)
    return frozenset(found)


def follows_from_goals(reads: Collection[str], spec: StateSpec, goal_dim: int) -> bool:
    """Whether inputs (`state.x`, `action`, ...) are fields that follow from the goals, and no more.

    Args:
        reads: The inputs.
        spec: The environment's fields.
        goal_dim: Length of a goal.
    """
    return frozenset(reads) <= {f"state.{name}" for name in goal_fields(spec, goal_dim)}


def goal_state(spec: StateSpec, goal_dim: int) -> StateSpec:
    """The environment as relabelling sees it: the fields that follow from the goals alone."""
    known = goal_fields(spec, goal_dim)
    return replace(spec, fields=tuple(field for field in spec.fields if field.name in known))


def read_relabelled(text: str, spec: StateSpec, goal_dim: int) -> Reading:
    """Read a program as `contract.read_program` does, and refuse one that does not fit.

    Args:
        text: The program's.
        spec: The environment's fields.
        goal_dim: Length of a goal.
    """
    reading = read_program(text, spec)
    if reading.program is None:
        return reading
    found = relabelling_findings(reading.program, spec, goal_dim)
    return Reading(None, (*reading.findings, *found)) if found else reading


def relabelling_findings(
    program: RewardProgram, spec: StateSpec, goal_dim: int
) -> tuple[Finding, ...]:
    """Everything that keeps a program from being paid again for another goal; empty if nothing.

    Args:
        program: As read by `contract.read_program`.
        spec: The environment's fields.
        goal_dim: Length of a goal.
    """
    return tuple(dict.fromkeys(_findings(program, goal_fields(spec, goal_dim))))


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


def _follows(field: FieldSpec, spec: StateSpec, goal_dim: int, known: set[str]) -> bool:
    """Whether a field can be computed from the two goals and the fields `known` to follow."""
    if field.constant is not None:
        return True
    source = source_of(field)
    if source.kind == "derived":
        return derived_of(field, spec).needs <= known
    return source.kind == "obs" and _lies_before(2 * goal_dim, source)


def _lies_before(end: int, source: Source) -> bool:
    """Whether part of an observation of any length lies in its first `end` numbers."""
    if len(source.index) != 1:
        return False
    # Of the longest observation: what is counted from the end lies as far back as can be.
    found = range(sys.maxsize)[source.index[0]]
    if isinstance(found, int):
        return found < end
    return len(found) <= end and all(place < end for place in found)
