from collections.abc import Mapping

import pytest

from rewardsmith.messages import Exploit, Finding, StateSpec
from rewardsmith.rewards.contract import read_program
from rewardsmith.rewards.probe import ProbeReport
from rewardsmith.roles.critic import judge
from rewardsmith.roles.monotony import monotony

FORWARD = '''"""Pays forward speed."""

CONTRACT = 1
PARAMS = {"scale": 2.5}
WEIGHTS = {"speed": 1.0, "effort": 0.01}


def reward(state, action, xp, *, params):
    speed = state.x_velocity
    return {"speed": speed / params.scale, "effort": -xp.mean(xp.square(action))}
'''


def codes(text: str, spec: StateSpec, instruction: str = "Run forward") -> list[str]:
    verdict = judge(read_program(text, spec), instruction=instruction, state=spec)
    return [f.code for f in verdict.findings]


def test_a_clean_program_is_accepted_with_its_compiled_form(
    specs: Mapping[str, StateSpec],
) -> None:
    reading = read_program(FORWARD, specs["cheetah"])
    verdict = judge(reading, instruction="Run forward", state=specs["cheetah"], round_idx=2)
    assert verdict.ok
    assert verdict.findings == ()
    assert reading.program is not None
    assert (verdict.compiled, verdict.round) == (reading.program.compiled, 2)


def test_a_program_that_breaks_the_contract_is_refused(specs: Mapping[str, StateSpec]) -> None:
    spec = specs["cheetah"]
    bad = FORWARD.replace("x_velocity", "no_such_field")
    verdict = judge(read_program(bad, spec), instruction="Run forward", state=spec)
    assert not verdict.ok
    assert verdict.compiled is None


def test_an_error_of_the_probe_refuses_a_program_that_reads_well(
    specs: Mapping[str, StateSpec],
) -> None:
    spec = specs["cheetah"]
    error = Finding(code="not-finite", message="`speed` is not finite.", layer="probe")
    report = ProbeReport(measurements=None, findings=(error,))
    verdict = judge(read_program(FORWARD, spec), report, instruction="", state=spec)
    assert not verdict.ok
    assert error in verdict.findings


def test_the_verdict_tells_what_doing_nothing_would_earn(
    specs: Mapping[str, StateSpec],
) -> None:
    spec = specs["cheetah"]
    exploits = (
        Exploit(name="do_nothing", pays=False, share=0.4),
        Exploit(name="oscillate", pays=True, share=1.3),
    )
    report = ProbeReport(measurements=None, findings=(), exploits=exploits)
    verdict = judge(read_program(FORWARD, spec), report, instruction="", state=spec)
    assert verdict.ok
    assert (verdict.do_nothing_share, verdict.exploits) == (0.4, exploits)
    unprobed = judge(read_program(FORWARD, spec), instruction="", state=spec)
    assert (unprobed.do_nothing_share, unprobed.exploits) == (None, ())


def test_a_reward_of_the_action_alone_is_warned_of(specs: Mapping[str, StateSpec]) -> None:
    blind = FORWARD.replace("speed / params.scale", "xp.sum(action) / params.scale")
    assert "blind-reward" in codes(blind, specs["cheetah"])


def test_a_component_that_depends_on_nothing_is_noted(specs: Mapping[str, StateSpec]) -> None:
    constant = FORWARD.replace("-xp.mean(xp.square(action))", "1.0")
    assert "constant-component" in codes(constant, specs["cheetah"])


def test_pay_against_the_tasks_direction_is_noted(specs: Mapping[str, StateSpec]) -> None:
    assert "direction-mismatch" in codes(FORWARD, specs["cheetah"], "Run backward")
    assert "direction-mismatch" not in codes(FORWARD, specs["cheetah"], "Run forward")


@pytest.mark.parametrize(
    ("formula", "sign"),
    [
        ("state.v", 1),
        ("-xp.tanh(state.v / params.scale)", -1),
        ("2.0 - state.v", -1),
        ("xp.maximum(state.v, 0.0) * 3.0", 1),
        ("xp.abs(state.v)", 0),
        ("state.v * state.w", 0),
        ("state.v_other", 0),
        ("speed + 1.0", 1),
    ],
)
def test_monotony_is_read_off_the_formula(formula: str, sign: int) -> None:
    assert monotony(formula, "v", {"speed": "state.v"}) == sign
