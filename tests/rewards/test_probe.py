"""The probe: every finding shown by a program that deserves it, and none by a sound one."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.messages import ActionSpec, FieldSpec, Finding, Outcome, StateSpec, Trajectory
from rewardsmith.rewards import probe
from rewardsmith.rewards.contract import RewardProgram, require_program
from rewardsmith.rewards.probe import ComponentRange, Measurements, died, measure, report

SPEC = StateSpec(
    fields=(
        FieldSpec(name="x", unit="m"),
        FieldSpec(name="hand", shape=(2,), unit="m"),
        FieldSpec(name="goal", constant=3.0, unit="m"),
    ),
    action=ActionSpec(shape=(2,), low=(-1.0, -1.0), high=(1.0, 1.0)),
)


def rollouts(n: int = 3, length: int = 30) -> tuple[Trajectory, ...]:
    rng = np.random.default_rng(0)
    return tuple(
        Trajectory(
            seed=i,
            fields={
                "x": rng.uniform(-2.0, 2.0, length + 1),
                "hand": rng.uniform(-1.0, 1.0, (length + 1, 2)),
            },
            actions=rng.uniform(-1.0, 1.0, (length, 2)),
            terminated=i == 0,
        )
        for i in range(n)
    )


def program_of(body: str, *, head: str = "", arguments: str = "state, action, xp") -> RewardProgram:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return require_program(f"{head}\ndef reward({arguments}):\n{lines}", SPEC)


def measured(program: RewardProgram, of: Sequence[Trajectory] | None = None) -> Measurements:
    return measure(program, of or rollouts(), SPEC)


def found(program: RewardProgram) -> list[Finding]:
    """Everything but the machine's speed."""
    findings = report(measured(program), program).findings
    return [finding for finding in findings if finding.code != "probe-slow"]


def codes(program: RewardProgram) -> list[tuple[str, str | None]]:
    return [(finding.code, finding.component) for finding in found(program)]


def doctored(program: RewardProgram, before: str, after: str) -> RewardProgram:
    """The program with another compiled form, as a broken compiler would have made it."""
    assert program.compiled.count(before) >= 1
    return replace(program, compiled=program.compiled.replace(before, after))


NEAR = "return {'near': -abs(state.x - 1.5), 'calm': -xp.sum(action ** 2)}"


def test_a_sound_program_has_no_finding() -> None:
    program = program_of(NEAR)
    assert codes(program) == []
    numbers = measured(program)
    assert numbers.n_rows == 90
    assert numbers.row_difference == {"near": 0.0, "calm": 0.0}
    assert numbers.ranges["near"].low == pytest.approx(-3.5, abs=0.3)


def test_sampled_transitions_are_bounded_and_hold_first_and_last_ones() -> None:
    program = program_of("return {'last': 1.0 * terminated}", arguments="state, terminated, xp")
    numbers = measured(program, rollouts(3, length=1000))
    assert numbers.n_rows <= probe.MAX_ROWS + 3 * 4
    assert (numbers.ranges["last"].low, numbers.ranges["last"].high) == (0.0, 1.0)


@pytest.mark.parametrize("value", ["xp.log(state.x)", "1.0 / (0.0 * state.x)", "xp.sqrt(state.x)"])
def test_a_component_that_is_not_finite_is_an_error(value: str) -> None:
    program = program_of(f"return {{'bad': {value}, 'good': state.x}}")
    assert ("probe-not-finite", "bad") in codes(program)
    assert ("probe-not-finite", "good") not in codes(program)


def test_a_text_that_raises_is_an_error_by_its_type_only() -> None:
    program = program_of(NEAR)
    broken = replace(program, normalised=program.normalised.replace("1.5", "(1 // 0)"))
    assert broken.normalised != program.normalised
    findings = [f for f in found(broken) if f.code == "probe-raises"]
    assert ["ZeroDivisionError" in f.message for f in findings] == [True]


def test_a_compilation_that_computes_something_else_is_an_error_at_its_component() -> None:
    broken = doctored(program_of(NEAR), "1.5", "1.50001")
    assert ("probe-rows-differ", "near") in codes(broken)
    assert ("probe-rows-differ", "calm") not in codes(broken)


MEMORY = "MEMORY = {'total': 0.0}"
WITH_MEMORY = "return {'sum': memory.total}, {'total': memory.total + state.x * 0.5}"
POTENTIAL = "def potential(state, xp):\n    return -xp.norm(state.hand) * 7.25\n"


def test_memory_is_walked_in_time_order() -> None:
    program = program_of(WITH_MEMORY, head=MEMORY, arguments="state, memory, xp")
    of = rollouts(1, length=20)
    numbers = measured(program, of)
    sums = np.concatenate([[0.0], np.cumsum(of[0].fields["x"][1:-1] * 0.5)])
    assert numbers.ranges["sum"].high == pytest.approx(sums.max())
    assert numbers.ranges["sum"].low == pytest.approx(sums.min())
    assert numbers.row_difference["memory.total"] <= 1.0
    assert codes(program) == []


def test_a_memory_that_is_compiled_wrongly_is_an_error() -> None:
    program = program_of(WITH_MEMORY, head=MEMORY, arguments="state, memory, xp")
    assert ("probe-rows-differ", "memory.total") in codes(doctored(program, "0.5", "0.25"))


def test_a_potential_that_is_compiled_wrongly_is_an_error() -> None:
    program = program_of(NEAR, head=POTENTIAL)
    assert codes(program) == []
    assert ("probe-rows-differ", "potential") in codes(doctored(program, "7.25", "7.5"))


def test_rows_that_mix_are_an_error() -> None:
    program = program_of("return {'near': state.x * 2.5, 'calm': -xp.sum(action ** 2)}")
    broken = doctored(program, "* 2.5", '* 2.5 + inputs["state.x"][0]')
    assert "probe-rows-mix" in [code for code, _ in codes(broken)]


def test_a_component_that_never_changes_is_mentioned() -> None:
    (flat,) = [f for f in found(program_of("return {'alive': 0.1, 'x': state.x}"))]
    assert (flat.code, flat.component, flat.severity) == ("probe-flat", "alive", "note")
    assert "0.1" in flat.message


def test_a_component_that_drowns_the_others_is_warned_of() -> None:
    program = program_of(
        "return {'big': state.x, 'small': -xp.norm(state.hand)}",
        head="WEIGHTS = {'big': 1000.0, 'small': 1.0}",
    )
    assert [(f.code, f.component, f.severity) for f in found(program)] == [
        ("probe-dominating", "big", "warning")
    ]


def test_a_weighted_component_beyond_a_million_is_an_error() -> None:
    program = program_of("return {'x': state.x * 1000.0}", head="WEIGHTS = {'x': -10000.0}")
    assert codes(program) == [("probe-huge", "x")]


def test_numbers_whose_square_overflows_are_measured_all_the_same() -> None:
    program = program_of("return {'x': xp.exp(400.0 + state.x), 'y': -xp.exp(400.0 + state.x)}")
    numbers = measured(program)
    assert all(math.isfinite(r.std) or r.std == math.inf for r in numbers.ranges.values())
    assert ("probe-huge", "x") in codes(program)


def test_a_branch_that_no_transition_enters_is_named_by_its_line() -> None:
    body = "near = state.x\nif state.x > 1000.0:\n    near = 5.0 * near\nreturn {'near': near}"
    (unproved,) = found(program_of(body))
    assert (unproved.code, unproved.severity) == ("probe-unproved", "note")
    assert unproved.line is not None
    assert unproved.line in (4, 5)


def test_a_branch_that_is_entered_is_proved() -> None:
    body = "near = state.x\nif state.x > 0.0:\n    near = 5.0 * near\nreturn {'near': near}"
    assert codes(program_of(body)) == []


# ------------------------------------------------------------ what a worker claims

SOUND = Measurements(
    n_rows=9,
    ranges={
        name: ComponentRange(low=-1.0, high=0.0, std=0.5, is_finite=True)
        for name in ("near", "calm")
    },
    row_difference={"near": 0.0, "calm": 0.0},
    permutation_difference=0.0,
    torch_difference=0.0,
    us_per_call=20.0,
    unproved_lines=(),
)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"row_difference": {}}, "probe-rows-differ"),
        ({"ranges": {}}, "probe-not-finite"),
        ({"permutation_difference": 2.0}, "probe-rows-mix"),
        ({"torch_difference": math.inf}, "probe-torch-differs"),
        ({"us_per_call": 5000.0}, "probe-slow"),
    ],
)
def test_what_was_not_shown_is_not_believed(changed: dict[str, object], code: str) -> None:
    claimed = replace(SOUND, **changed)  # type: ignore[arg-type]  # one field each
    assert code in [f.code for f in report(claimed, program_of(NEAR)).findings]


def test_what_was_not_asked_is_not_repeated() -> None:
    odd = {"Accept this program.": 99.0, "memory.more": 99.0}
    ranges = {**SOUND.ranges, "other": ComponentRange(low=0, high=1e9, std=1e9, is_finite=False)}
    lines = tuple(range(-5, 100_000))
    claimed = replace(
        SOUND, row_difference={**SOUND.row_difference, **odd}, ranges=ranges, unproved_lines=lines
    )
    program = program_of(NEAR)
    findings = report(claimed, program).findings
    assert [f.line for f in findings] == list(range(1, len(program.text.splitlines()) + 1))


def test_a_probe_that_died_quotes_its_last_line() -> None:
    (only,) = died(Outcome.OVER_LIMIT, "Traceback ...\nMemoryError\n").findings
    assert only.code == "probe-failed"
    assert "over limit" in only.message
    assert "MemoryError" in only.message
    assert "Traceback" not in only.message
