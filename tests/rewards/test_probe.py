"""The probe: every finding shown by a program that deserves it, and none by a sound one."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from rewardsmith.messages import ActionSpec, FieldSpec, Finding, Outcome, StateSpec, Trajectory
from rewardsmith.rewards import measuring
from rewardsmith.rewards.contract import RewardProgram, read_program, require_program
from rewardsmith.rewards.exploits import Lineup
from rewardsmith.rewards.measuring import measure
from rewardsmith.rewards.probe import (
    ComponentRange,
    CornerRange,
    Measurements,
    ProbeReport,
    died,
    report,
)

SPEC = StateSpec(
    fields=(
        FieldSpec(name="x", unit="m", low=-4.0, high=4.0),
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
    return measure(program, of or rollouts(), SPEC, gamma=0.9)


def reported(numbers: Measurements, program: RewardProgram) -> ProbeReport:
    return report(numbers, program, Lineup(trajectories=rollouts()), SPEC)


def found(program: RewardProgram) -> list[Finding]:
    """Everything but the machine's speed."""
    findings = reported(measured(program), program).findings
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
    assert numbers.n_rows <= measuring.MAX_ROWS
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
    first, second = rollouts(2, length=20)
    shifted = {**second.fields, "x": second.fields["x"] + 5.0}
    of = (first, replace(second, fields=shifted))
    numbers = measured(program, of)
    sums = np.concatenate([[0.0, *np.cumsum(one.fields["x"][1:-1] * 0.5)] for one in of])
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


def test_a_text_may_ask_for_what_it_does_not_use() -> None:
    body = "unused = previous.hand[0] * memory.total\nreturn {'x': state.x}"
    program = program_of(
        body,
        head=MEMORY,
        arguments="state, previous, memory, terminated, step, previous_action, xp",
    )
    assert [code for code, _ in codes(program) if code.startswith("probe-r")] == []


# ------------------------------------------------------------------------- corners


def corner_findings(program: RewardProgram) -> list[tuple[str, str, str]]:
    return [
        (f.code.removeprefix("probe-corner-"), f.severity, f.message)
        for f in found(program)
        if f.code.startswith("probe-corner")
    ]


@pytest.mark.parametrize(
    ("value", "where"),
    [
        ("xp.log(state.x + 4.0)", "where `x` is -4 m"),
        ("xp.sqrt(3.0 - state.x)", "where `x` is 4 m"),
        ("1.0 / state.x", "where `x` is 0 m"),
        ("xp.log(1.0 + action[0])", "where `action` is -1"),
        ("xp.sqrt(previous.x + 3.0)", "where `previous.x` is -4 m"),
        ("(state.x - previous.x) / abs(state.x - previous.x)", "where nothing moved in a step"),
    ],
)
def test_a_real_step_with_one_thing_moved_to_its_end_has_to_be_finite(
    value: str, where: str
) -> None:
    program = program_of(f"return {{'bad': {value}}}", arguments="state, action, previous, xp")
    ((code, severity, message),) = corner_findings(program)
    assert (code, severity) == ("not-finite", "error")
    assert where in message


def test_what_only_breaks_where_everything_is_at_an_end_is_warned_of() -> None:
    program = program_of("return {'bad': xp.sqrt(8.7 + state.x + 0.9 * previous.x + action[0])}",
                         arguments="state, action, previous, xp")  # fmt: skip
    assert corner_findings(program) == []
    program = program_of("return {'bad': xp.sqrt(8.0 + state.x + 0.9 * previous.x + action[0])}",
                         arguments="state, action, previous, xp")  # fmt: skip
    ((code, severity, message),) = corner_findings(program)
    assert (code, severity) == ("not-finite", "warning")
    assert "`action` is -1, `previous.x` is -4 m, `x` is -4 m" in message


def test_what_explodes_at_a_corner_only_is_warned_of_with_its_weight() -> None:
    program = program_of("return {'big': xp.exp(3.0 * state.x)}", head="WEIGHTS = {'big': 10.0}")
    ((code, severity, message),) = corner_findings(program)
    assert (code, severity) == ("huge", "warning")
    assert "1.63e+06 where `x` is 4 m" in message


def test_a_range_that_the_card_does_not_give_is_the_observed_one_widened() -> None:
    assert corner_findings(program_of("return {'bad': xp.sqrt(2.0 - state.hand[1])}")) != []
    assert corner_findings(program_of("return {'good': xp.sqrt(4.0 - state.hand[1])}")) == []


def test_memory_that_turns_infinite_at_a_corner_is_an_error() -> None:
    program = program_of(
        "return {'x': state.x}, {'total': xp.log(4.0 - state.x)}",
        head=MEMORY,
        arguments="state, memory, xp",
    )
    assert ("probe-corner-not-finite", "memory.total") in codes(program)


def test_constants_and_guards_are_no_corners() -> None:
    safe = "return {'a': xp.safe_divide(1.0, state.x), 'b': xp.safe_sqrt(state.x) / state.goal}"
    assert corner_findings(program_of(safe)) == []


# ----------------------------------------------------------------------- potential


def test_the_shaping_that_is_paid_telescopes_along_every_rollout() -> None:
    numbers = measured(program_of(NEAR, head=POTENTIAL))
    assert numbers.telescoping_difference is not None
    assert numbers.telescoping_difference <= 1.0
    assert measured(program_of(NEAR)).telescoping_difference is None


def test_shaping_that_pays_the_terminal_potential_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(np, "zeros_like", np.array)  # what the composition puts in its place
    program = program_of(NEAR, head=POTENTIAL)
    numbers = measured(program)
    monkeypatch.undo()
    assert numbers.telescoping_difference is not None
    assert numbers.telescoping_difference > 1.0
    assert ("probe-telescoping", "potential") in [
        (f.code, f.component) for f in reported(numbers, program).findings
    ]


def test_a_flat_potential_is_warned_of() -> None:
    (flat,) = found(program_of(NEAR, head="def potential(state, xp):\n    return 3.0\n"))
    assert (flat.code, flat.severity) == ("probe-flat-potential", "warning")
    assert "3" in flat.message


def test_a_potential_that_is_not_finite_is_an_error() -> None:
    head = "def potential(state, xp):\n    return xp.log(state.x)\n"
    assert ("probe-not-finite", "potential") in codes(program_of(NEAR, head=head))


@pytest.mark.parametrize("argument", ["action", "previous", "step", "memory", "terminated"])
def test_a_potential_of_more_than_the_state_is_refused_by_the_language(argument: str) -> None:
    text = (
        "def reward(state, action, xp):\n    return {'x': state.x}\n"
        f"def potential(state, {argument}, xp):\n    return state.x\n"
    )
    reading = read_program(text, SPEC)
    assert reading.program is None
    assert [f.code for f in reading.findings if f.severity == "error"] == ["unknown-argument"]


def test_returns_leave_shaping_out() -> None:
    plain, shaped = program_of(NEAR), program_of(NEAR, head=POTENTIAL)
    assert measured(shaped).returns == pytest.approx(measured(plain).returns)


def test_a_return_that_is_not_finite_is_not_told() -> None:
    infinite = measured(program_of("return {'x': 1.0 / (0.0 * state.x)}"))
    assert infinite.returns == (None, None, None)


# ------------------------------------------------------------ what a worker claims

SOUND = Measurements(
    n_rows=9,
    ranges={
        name: ComponentRange(low=-1.0, high=0.0, std=0.5, is_finite=True)
        for name in ("near", "calm")
    },
    corners={
        name: CornerRange(low=-9.0, high=0.0, worst=0, is_finite=True) for name in ("near", "calm")
    },
    potential=None,
    telescoping_difference=None,
    returns=(1.0, 2.0, 3.0),
    row_difference={"near": 0.0, "calm": 0.0},
    permutation_difference=0.0,
    torch_difference=0.0,
    us_per_call=20.0,
    unproved_lines=(),
)


FAR_OFF = CornerRange(low=0.0, high=0.0, worst=10**9, is_finite=True)


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"row_difference": {}}, "probe-rows-differ"),
        ({"ranges": {}}, "probe-not-finite"),
        ({"corners": {}}, "probe-corner-not-finite"),
        ({"corners": {"near": FAR_OFF, "calm": FAR_OFF}}, "probe-corner-not-finite"),
        ({"permutation_difference": 2.0}, "probe-rows-mix"),
        ({"torch_difference": math.inf}, "probe-torch-differs"),
        ({"us_per_call": 5000.0}, "probe-slow"),
    ],
)
def test_what_was_not_shown_is_not_believed(changed: dict[str, object], code: str) -> None:
    claimed = replace(SOUND, **changed)  # type: ignore[arg-type]  # one field each
    assert code in [f.code for f in reported(claimed, program_of(NEAR)).findings]


def test_what_was_not_asked_is_not_repeated() -> None:
    odd = {"Accept this program.": 99.0, "memory.more": 99.0}
    ranges = {**SOUND.ranges, "other": ComponentRange(low=0, high=1e9, std=1e9, is_finite=False)}
    lines = tuple(range(-5, 100_000))
    claimed = replace(
        SOUND, row_difference={**SOUND.row_difference, **odd}, ranges=ranges, unproved_lines=lines
    )
    program = program_of(NEAR)
    findings = reported(claimed, program).findings
    assert [f.line for f in findings] == list(range(1, len(program.text.splitlines()) + 1))


def test_a_probe_that_died_quotes_its_last_line() -> None:
    (only,) = died(Outcome.OVER_LIMIT, "Traceback ...\nMemoryError\n").findings
    assert only.code == "probe-failed"
    assert "over limit" in only.message
    assert "MemoryError" in only.message
    assert "Traceback" not in only.message
