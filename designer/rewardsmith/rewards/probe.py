"""The probe: a program tried on real transitions, and on made-up corners, before it may train.

`measuring` runs in a locked worker and returns numbers only; here, in the driver, they are turned
into findings, so that no sentence of a verdict was written by a process that held reward code: but
for a crash, of which the last line is quoted.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from rewardsmith.language.findings import finding
from rewardsmith.messages import Exploit, Finding, Outcome, StateSpec
from rewardsmith.rewards.composition import inputs_read
from rewardsmith.rewards.contract import RewardProgram
from rewardsmith.rewards.corners import Corners, make_corners
from rewardsmith.rewards.exploits import Lineup, findings_of, weigh

HUGE = 1e6
"""Weighted components beyond this drown everything else and break normalisation."""
SLOW_US = 400.0
"""Microseconds per step of 16 environments; about a third of what such a step costs in physics."""
DOMINATING = 100.0
"""A component this many times as variable as all others together is mentioned."""

_TYPE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}|")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComponentRange:
    """What one component did on the probed transitions, unweighted."""

    low: float
    high: float
    std: float
    is_finite: bool
    """Whether every value was; the others are of those that were."""

    def __post_init__(self) -> None:
        _require_numbers(self.low, self.high, self.std)


@dataclass(frozen=True, slots=True, kw_only=True)
class CornerRange:
    """What one component did at the corners, unweighted."""

    low: float
    high: float
    worst: int
    """The first corner where it is not finite, else the one where it is largest."""
    is_finite: bool
    """Whether every value was; the others are of those that were."""

    def __post_init__(self) -> None:
        _require_numbers(self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurements:
    """What a worker measured; numbers and names only."""

    n_rows: int
    ranges: Mapping[str, ComponentRange]
    corners: Mapping[str, CornerRange]
    """Of every component, `potential` and `memory.<name>`."""
    potential: ComponentRange | None
    """None for programs without one."""
    telescoping_difference: float | None
    """Largest difference between the shaping paid and what the potential promises, over whole
    episodes; None for programs without one. This and what follows is in units of the tolerance."""
    returns: tuple[float | None, ...]
    """Of every trajectory, without shaping; None when it is not finite."""
    row_difference: Mapping[str, float]
    """Largest difference between the original text and the batch, of every component, `potential`
    and `memory.<name>`."""
    permutation_difference: float
    torch_difference: float
    us_per_call: float
    """Microseconds of one compiled call for 16 environments."""
    unproved_lines: tuple[int, ...]
    """Lines of branches that no probed row entered."""
    row_error: str = ""
    """Type of the exception that the original text raised; empty when it raised none."""

    def __post_init__(self) -> None:
        returns = [value for value in self.returns if value is not None]
        _require_numbers(*self.row_difference.values(), self.permutation_difference, *returns)
        _require_numbers(self.torch_difference, self.us_per_call, self.telescoping_difference or 0)
        if not all(map(math.isfinite, returns)):
            raise ValueError("a return is finite or not told")
        if not _TYPE_NAME.fullmatch(self.row_error):
            raise ValueError("the name of an exception's type has to be a name")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """The probe's numbers, and what they mean."""

    measurements: Measurements | None
    """None when the probe did not end well."""
    findings: tuple[Finding, ...]
    exploits: tuple[Exploit, ...] = ()
    """What ways not to do the task would earn."""
    competent_return: float | None = None
    """Return of the competent rollout, without shaping; None when none is known."""


def report(
    measurements: Measurements, program: RewardProgram, lineup: Lineup, spec: StateSpec
) -> ProbeReport:
    """Say what the numbers mean for the program.

    Args:
        measurements: What the worker sent.
        program: What it measured.
        lineup: The rollouts that it measured on.
        spec: Fields and action of the environment.
    """
    exploits = weigh(lineup, measurements.returns)
    corners = make_corners(inputs_read(program), program.memory, lineup.trajectories, spec)
    found = [
        *_proofs(measurements, program),
        *_values(measurements, program),
        *_at_corners(measurements, program, corners, spec),
        *_potential(measurements, program),
        *findings_of(exploits, lineup.whose),
        *_notes(measurements, program),
    ]
    known = lineup.competent
    return ProbeReport(
        measurements=measurements,
        findings=tuple(found),
        exploits=exploits,
        competent_return=None if known is None else measurements.returns[known],
    )


def died(outcome: Outcome, text: str) -> ProbeReport:
    """The report of a probe whose process crashed, hung or exceeded a limit."""
    last = text.strip().splitlines()[-1:] or [""]
    finding_ = _found("probe-failed", outcome=outcome.value.replace("_", " "), text=last[0][:200])
    return ProbeReport(measurements=None, findings=(finding_,))


def _proofs(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    if m.row_error:
        yield _found("probe-raises", error=m.row_error)
        return
    beside = (*(f"memory.{name}" for name in program.memory), "potential")
    missing = dict.fromkeys(program.components, math.inf) | dict.fromkeys(beside, 0.0)
    for name, unknown in missing.items():
        if m.row_difference.get(name, unknown) > 1.0:
            yield _found("probe-rows-differ", component=name)
    if m.permutation_difference > 1.0:
        yield _found("probe-rows-mix")
    if m.torch_difference > 1.0:
        yield _found("probe-torch-differs")


def _values(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    for name in program.components:
        seen = m.ranges.get(name)
        weight = abs(program.weights[name])
        if seen is None or not seen.is_finite:
            yield _found("probe-not-finite", component=name)
        elif weight * max(abs(seen.low), abs(seen.high)) > HUGE:
            largest = max(seen.low, seen.high, key=abs)
            yield _found("probe-huge", component=name, value=f"{weight * largest:.3g}")
        elif weight and seen.low == seen.high:  # their computed spread is seldom exactly 0
            yield _found("probe-flat", component=name, severity="note", value=f"{seen.low:.4g}")
    yield from _dominating(m, program)


def _at_corners(
    m: Measurements, program: RewardProgram, corners: Corners, spec: StateSpec
) -> Iterator[Finding]:
    """Corners whose values would end a training; one finding a component.

    A real step in which one thing moved within its range can be met in training, and a reward that
    is not finite ends it: an error. Everything at an end at once may be out of reach: a warning.
    """
    reads = inputs_read(program)
    told = {f.component for f in _values(m, program) if f.severity == "error"}
    for name in _computed(program):
        seen, weight = m.corners.get(name), abs(program.weights.get(name, 1.0))
        if seen is None or not 0 <= seen.worst < corners.n:
            yield _found("probe-corner-not-finite", component=name, where="any field is at an end")
            continue
        where = corners.describe(seen.worst, program.reads.get(name, reads), spec)
        if name in told:
            continue
        if not seen.is_finite:
            severity = "error" if corners.is_single(seen.worst) else "warning"
            yield _found("probe-corner-not-finite", component=name, severity=severity, where=where)
        largest = weight * max(seen.low, seen.high, key=abs)
        if seen.is_finite and abs(largest) > HUGE:
            value = f"{largest:.3g}"
            yield _found(
                "probe-corner-huge", component=name, severity="warning", value=value, where=where
            )


def _computed(program: RewardProgram) -> tuple[str, ...]:
    """What a step of the program computes, components first."""
    potential = ("potential",) if program.has_potential else ()
    return (*program.components, *potential, *(f"memory.{name}" for name in program.memory))


def _potential(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    if not program.has_potential:
        return
    if m.potential is None or not m.potential.is_finite:
        yield _found("probe-not-finite", component="potential")
    elif m.potential.low == m.potential.high:
        value = f"{m.potential.low:.4g}"
        yield _found("probe-flat-potential", component="potential", severity="warning", value=value)
    elif m.telescoping_difference is None or m.telescoping_difference > 1.0:
        yield _found("probe-telescoping", component="potential")


def _dominating(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    spread = {
        name: abs(program.weights[name]) * seen.std
        for name, seen in m.ranges.items()
        if name in program.weights
    }
    for name, mine in spread.items():
        others = sum(spread.values()) - mine
        if others > 0 and mine > DOMINATING * others:
            times = f"{mine / others:.0f}"
            yield _found("probe-dominating", component=name, severity="warning", times=times)


def _notes(m: Measurements, program: RewardProgram) -> Iterator[Finding]:
    if m.us_per_call > SLOW_US:
        yield _found("probe-slow", severity="warning", us=f"{m.us_per_call:.0f}")
    lines = range(1, len(program.text.splitlines()) + 1)
    for line in sorted(set(m.unproved_lines).intersection(lines)):
        yield _found("probe-unproved", line=line, severity="note")


def _found(code: str, *, severity: Any = "error", **words: Any) -> Finding:
    return replace(finding(code, severity=severity, **words), layer="probe")


def _require_numbers(*values: float) -> None:
    if any(map(math.isnan, values)):
        raise ValueError("measurements have to be numbers")
