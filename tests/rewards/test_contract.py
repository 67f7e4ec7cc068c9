from collections.abc import Mapping

import numpy as np
import pytest

from rewardsmith.language.runtime import load_compiled
from rewardsmith.messages import ActionSpec, FieldSpec, StateSpec
from rewardsmith.rewards.contract import Clip, RewardProgram, read_program

PROGRAM = '''"""Open the drawer: bring the hand to the handle, then pull."""

CONTRACT = 1
PARAMS = {"reach_scale": 5.0}
WEIGHTS = {"reach": 1.0, "open": 2.0, "effort": 0.01}

def reward(state, action, xp, *, initial, params):
    distance = xp.norm(state.hand - state.handle)
    opened = (state.opening - initial.opening) / 0.15
    if distance > 0.3:
        opened = 0.0
    return {
        "reach": xp.exp(-params.reach_scale * distance),
        "open": xp.saturate(opened),
        "effort": -xp.sum(action ** 2),
    }
'''


@pytest.fixture
def spec() -> StateSpec:
    return StateSpec(
        fields=(
            FieldSpec(name="hand", shape=(3,), unit="m"),
            FieldSpec(name="handle", shape=(3,), unit="m"),
            FieldSpec(name="opening", unit="m"),
        ),
        action=ActionSpec(shape=(2,), low=(-1.0, -1.0), high=(1.0, 1.0)),
    )


def accepted(text: str, spec: StateSpec) -> RewardProgram:
    reading = read_program(text, spec)
    assert reading.program is not None, [str(one) for one in reading.findings]
    return reading.program


def codes(text: str, spec: StateSpec, severity: str = "error") -> set[str]:
    return {one.code for one in read_program(text, spec).findings if one.severity == severity}


def simple(top: str, returned: str = "{'a': state.opening}", arguments: str = "state, xp") -> str:
    return f"{top}\ndef reward({arguments}):\n    return {returned}\n"


def test_program_is_read_into_its_parts(spec: StateSpec) -> None:
    program = accepted(PROGRAM, spec)
    assert program.components == ("reach", "open", "effort")
    assert program.weights == {"reach": 1.0, "open": 2.0, "effort": 0.01}
    assert program.params == {"reach_scale": 5.0}
    assert program.total == "sum"
    assert program.arguments == ("state", "action", "xp", "initial", "params")
    assert program.docstring == "Open the drawer: bring the hand to the handle, then pull."
    assert program.is_markov
    assert not program.has_potential
    assert program.reads["effort"] == {"action"}
    assert program.reads["open"] == {
        "state.hand", "state.handle", "state.opening", "initial.opening"
    }  # fmt: skip
    assert not read_program(PROGRAM, spec).findings


def test_parameters_are_tuned_without_compiling_again(spec: StateSpec) -> None:
    program = accepted(PROGRAM, spec)
    components = load_compiled(program.compiled).components
    assert components is not None
    inputs = {
        "state.hand": np.array([[1.0, 0.0, 0.0]]),
        "state.handle": np.zeros((1, 3)),
        "state.opening": np.zeros(1),
        "initial.opening": np.zeros(1),
        "action": np.zeros((1, 2)),
    }
    values = [components(np, inputs, {"reach_scale": scale})["reach"][0] for scale in (1.0, 2.0)]
    np.testing.assert_allclose(values, np.exp([-1.0, -2.0]))


def test_what_may_be_left_out_is_a_note(spec: StateSpec) -> None:
    assert codes(simple(""), spec, "note") == {"no-contract", "no-weights"}
    assert accepted(simple(""), spec).weights == {"a": 1.0}


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ('TOTAL = "product"', "product"),
        ('TOTAL = {"clip": [0, None]}', Clip(lo=0.0)),
        ('TOTAL = {"clip": [-1, 2 * 3]}', Clip(-1.0, 6.0)),
    ],
)
def test_total_is_data(text: str, total: object, spec: StateSpec) -> None:
    assert accepted(simple(text), spec).total == total


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (simple("CONTRACT = 2"), "unknown-contract"),
        (simple("TOTAL = 'max'"), "bad-total"),
        (simple("TOTAL = {'clip': [1, 0]}"), "bad-total"),
        (simple("WEIGHTS = [1.0]"), "bad-table"),
        (simple("WEIGHTS = {'a': 'x'}"), "bad-weight"),
        (simple("WEIGHTS = {'a': 2e6}"), "bad-weight"),
        (simple("WEIGHTS = {'a': xp.inf}"), "bad-weight"),
        (simple("WEIGHTS = {'a': 1.0, 'b': 1.0}"), "weight-without-component"),
        (simple("WEIGHTS = {}"), "component-without-weight"),
        (simple("PARAMS = {'s': 'x'}"), "bad-table"),
        (simple("PARAMS = {'s': True}"), "bad-table"),
        (simple("MEMORY = {'m': [[1]]}"), "bad-table"),
        (simple("if True:\n    x = 1"), "module-statement"),
        (simple("", "{'A b': 1.0}"), "bad-component-name"),
        (simple("", "{'a': state.hand}"), "vector-component"),
        (simple("", "{'a': 'x'}"), "bad-component"),
        (simple("", "{}"), "no-components"),
        (simple("", "state.opening"), "no-components"),
        (simple("", "{'a': 1.0}", "state, info"), "unknown-argument"),
        (simple("", "{'a': step}"), "argument-not-asked"),
        (simple("", "{'a': WEIGHTS['a']}"), "table-inside"),
        (simple("PARAMS = {'s': 1.0}", "{'a': params.t}", "params"), "unknown-parameter"),
        (simple("MEMORY = {'m': 0.0}", "({'a': 1.0}, {'n': 1.0})"), "unknown-memory"),
        (simple("MEMORY = {'m': 0.0}", "({'a': 1.0}, {'m': state.hand})"), "bad-memory-update"),
        (simple("", str({f"c{i}": 1.0 for i in range(17)})), "too-many-components"),
        (simple("") + "def potential(state):\n    return state.hand\n", "bad-score"),
        (simple("") + "def progress(state, step):\n    return step\n", "unknown-argument"),
        ("x = 1\n", "no-reward-function"),
        ("", "empty-program"),
    ],
)  # fmt: skip
def test_broken_contract_is_an_error(text: str, code: str, spec: StateSpec) -> None:
    assert code in codes(text, spec)


def test_misspelt_weight_names_the_component(spec: StateSpec) -> None:
    found = read_program(simple("WEIGHTS = {'opn': 1.0}", "{'open': 1.0}"), spec).findings
    messages = [one.message for one in found]
    assert any("Did you mean `open`?" in message for message in messages)
    assert any("Did you mean `opn`?" in message for message in messages)


def test_vector_component_says_how_to_reduce_it(spec: StateSpec) -> None:
    (found,) = [one for one in read_program(simple("", "{'a': state.hand}"), spec).findings
                if one.severity == "error"]  # fmt: skip
    assert found.component == "a"
    assert found.line == 3
    assert "xp.sum" in found.remedy


def test_reading_memory_is_noted_as_not_markov(spec: StateSpec) -> None:
    text = simple("MEMORY = {'m': 0.0}", "({'a': memory.m}, {'m': state.opening})", "state, memory")
    assert not accepted(text, spec).is_markov
    assert "not-markov" in codes(text, spec, "note")


def test_memory_that_is_never_updated_is_a_warning(spec: StateSpec) -> None:
    text = simple("MEMORY = {'m': 0.0}", "{'a': memory.m}", "memory")
    assert codes(text, spec, "warning") == {"memory-never-updated"}


def test_same_computation_has_the_same_hash(spec: StateSpec) -> None:
    renamed = PROGRAM.replace("distance", "d").replace("reach_scale", "s")
    reordered = renamed.replace("xp.sum(action ** 2)", "xp.sum(action * action)")
    assert accepted(reordered, spec).graph_hash == accepted(PROGRAM, spec).graph_hash


@pytest.mark.parametrize(
    "change",
    [{"0.3": "0.4"}, {'"open": 2.0': '"open": 3.0'}, {'"reach"': '"near"'}, {"5.0": "6.0"},
     {"CONTRACT = 1": 'TOTAL = "product"'}],
)  # fmt: skip
def test_other_computation_has_another_hash(change: Mapping[str, str], spec: StateSpec) -> None:
    text = PROGRAM
    for old, new in change.items():
        text = text.replace(old, new)
    assert accepted(text, spec).graph_hash != accepted(PROGRAM, spec).graph_hash
