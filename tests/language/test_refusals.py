"""Hostile and odd texts: refused with a line and a remedy, never with an exception."""

import pytest

from rewardsmith.messages import Finding, StateSpec
from rewardsmith.rewards.contract import read_program


def findings(text: str, spec: StateSpec) -> list[Finding]:
    reading = read_program(text, spec)
    found = [one for one in reading.findings if one.severity == "error"]
    assert (reading.program is None) == bool(found)
    return found


def reward(*lines: str) -> str:
    return "def reward(state, action, xp):\n" + "\n".join(f"    {line}" for line in lines) + "\n"


HOSTILE = {
    "dunder": (reward("return {'a': state.__class__}"), "unknown-field", 2),
    "dunder_of_a_literal": (reward("return {'a': ().__class__}"), "forbidden-attribute", 2),
    "getattr": (reward("return {'a': getattr(state, 'x')}"), "unknown-name", 2),
    "format": (reward("return {'a': '{0.x}'.format(state)}"), "forbidden-attribute", 2),
    "f_string": (reward("return {f'{xp}': 1.0}"), "forbidden-syntax", 2),
    "lambda": (reward("f = lambda v: v", "return {'a': f(1.0)}"), "forbidden-syntax", 2),
    "while": (reward("while True:", "    pass", "return {'a': 1.0}"), "forbidden-syntax", 2),
    "import_os": ("import os\n" + reward("return {'a': 1.0}"), "import", 1),
    "import_star": ("from numpy import *\n" + reward("return {'a': 1.0}"), "import", 1),
    "eval": (reward("return {'a': eval('1')}"), "unknown-name", 2),
    "open": (reward("return {'a': open('/etc/passwd')}"), "unknown-name", 2),
    "numpy_submodule": (reward("return {'a': np.f2py.os.listdir('/')}"), "unknown-function", 2),
    "numpy_file_access": (reward("return {'a': np.fromfile('x')}"), "unknown-function", 2),
    "array_method": (reward("state.hand.dump('x')", "return {}"), "forbidden-attribute", 2),
    "decorator": ("@xp.exp\n" + reward("return {'a': 1.0}"), "forbidden-syntax", 2),
    "global": (reward("global z", "z = 1", "return {'a': 1.0}"), "forbidden-syntax", 2),
    "class": ("class A:\n    pass\n" + reward("return {'a': 1.0}"), "forbidden-syntax", 1),
    "try": (reward("try:", "    a = 1", "finally:", "    a = 2", "return {'a': a}"),
            "forbidden-syntax", 2),
    "match": (reward("match xp:", "    case object(__dict__=d):", "        pass"),
              "forbidden-syntax", 2),
    "generator_frame": (reward("return {'a': [1].gi_frame}"), "forbidden-attribute", 2),
    "raise": (reward("raise SystemExit"), "forbidden-syntax", 2),
    "loop_over_data": (reward("return {'a': sum([1.0 for i in range(state.x)])}"),
                       "loop-not-constant", 2),
    "power_tower": (reward("return {'a': 9**9**9}"), "constant-arithmetic", 2),
    "huge_list": (reward("return {'a': xp.sum([0.0] * 10**10)}"), "too-large", 2),
    "huge_string": (reward("return {'a': 'a' * 10**9}"), "not-a-number", 2),
    "huge_loop": (reward("for i in range(10**9):", "    pass", "return {}"), "too-large", 2),
    "huge_shift": (reward("return {'a': 1 << 10**9}"), "not-supported", 2),
    "long_number": (reward(f"return {{'a': 1{'0' * 5000}}}"), "syntax-error", 2),
    "large_number": (reward(f"return {{'a': 1{'0' * 300}}}"), "huge-number", 2),
    "recursion": ("def f(v):\n    return f(v)\n" + reward("return {'a': f(1.0)}"), "recursion", 2),
    "nested_parentheses": (reward("return {'a': " + "(" * 300 + "1" + ")" * 300 + "}"),
                           "syntax-error", 2),
    "nested_signs": (reward("return {'a': " + "-" * 300 + "1}"), "too-deep", None),
    "nul": (reward("return {'a': 1.0}\0"), "control-character", 2),
    "form_feed": (reward("return {'a': 1.0}\f"), "control-character", 2),
    "right_to_left": (reward("return {'a': 1.0}  # \u202e"), "control-character", 2),
    "confusable": (reward("return {'a': state.\uff44}"), "non-ascii", 2),
    "megabyte": ("#" * 1_000_000, "too-long", None),
    "assignment_to_state": (reward("state.x = 0.0", "return {'a': 1.0}"), "forbidden-syntax", 2),
    "assignment_into_state": (reward("state.hand[:] = 0.0", "return {'a': 1.0}"), "bad-target", 2),
    "assignment_to_library": (reward("np.sum = 1.0", "return {'a': 1.0}"), "forbidden-syntax", 2),
    "cache_in_a_default": ("def reward(state, cache=[]):\n    return {'a': 1.0}\n",
                           "bad-arguments", 1),
    "variable_arguments": ("def reward(*args):\n    return {'a': 1.0}\n", "forbidden-syntax", 1),
    "repeated_keyword": (reward("return {'a': xp.clip(state.x, lo=0, lo=1)}"), "syntax-error", 2),
    "in_a_function_never_called": ("def evil(v):\n    return v.__dict__\n"
                                   + reward("return {'a': 1.0}"), "forbidden-attribute", 2),
    "in_a_branch_never_taken": (reward("if 1 > 2:", "    print('x')", "return {'a': 1.0}"),
                                "unknown-name", 3),
    "computed_index": (reward("return {'a': state.hand[state.phase]}"), "data-index", 2),
    "backward_slice": (reward("return {'a': xp.sum(state.hand[::-1])}"), "negative-step", 2),
    "index_of_a_batch": (reward("return {'a': state.x[0]}"), "bad-index", 2),
    "wrong_shapes": (reward("return {'a': xp.sum(state.hand - action)}"), "shapes-differ", 2),
    "vector_condition": (reward("if state.hand > 0:", "    return {'a': 1.0}", "return {'a': 0.0}"),
                         "vector-condition", 2),
    "sum_of_conditions": (reward("return {'a': (state.x > 0) + state.touch}"),
                          "arithmetic-on-conditions", 2),
    "and_of_numbers": (reward("return {'a': state.x and state.y}"), "number-as-condition", 2),
    "maybe_unset": (reward("if state.touch:", "    v = 1.0", "return {'a': v}"), "maybe-unset", 4),
    "may_not_return": (reward("if state.touch:", "    return {'a': 1.0}"), "no-return", 1),
    "shape_by_branch": (reward("v = 0.0", "if state.touch:", "    v = state.hand",
                               "return {'a': xp.sum(v)}"), "branch-shapes", 3),
    "break_on_data": (reward("for i in range(3):", "    if state.touch:", "        break",
                             "return {'a': 1.0}"), "data-jump", 3),
    "wrong_quaternion_order": (reward("return {'a': xp.yaw(state.turned)}"), "quaternion-order", 2),
    "unknown_shape_of_tolerance": (reward("return {'a': xp.tolerance(state.x, shape='no')}"),
                                   "bad-call", 2),
    "parameter_named_like_a_method": ("PARAMS = {'tofile': 1.0}\n"
        + reward("return {'a': xp.sum(state.hand.tofile('x'))}"), "forbidden-attribute", 3),
    "parameter_named_like_a_method_of_a_rebound_name": ("PARAMS = {'tofile': 1.0}\n"
        + reward("params = state.hand", "return {'a': params.tofile('x')}"),
        "forbidden-attribute", 4),
    "parameter_named_like_a_method_of_a_helpers_argument": ("PARAMS = {'tofile': 1.0}\n"
        "def f(params):\n    return params.tofile('x')\n"
        + reward("return {'a': f(state.hand)}"), "forbidden-attribute", 3),
    "parameter_named_like_a_method_of_an_item": ("PARAMS = {'tofile': 1.0}\n"
        + reward("return {'a': [params.tofile('x') for params in [state.hand]][0]}"),
        "forbidden-attribute", 3),
    "memory_named_like_a_method_of_a_called_reward": ("MEMORY = {'tofile': 1.0}\n"
        "def reward(state, memory):\n    return {'a': memory.tofile('x')}\n"
        "def potential(state):\n    return reward(state, state.hand)['a']\n",
        "forbidden-attribute", 3),
    "memory_named_like_a_method_of_a_nested_reward": ("MEMORY = {'tofile': 1.0}\n"
        "def f(state):\n    def reward(memory):\n        return memory.tofile('x')\n"
        "    return 0.0\ndef reward(state):\n    return {'a': f(state)}\n",
        "forbidden-attribute", 4),
    "module_imported_as_a_group": ("PARAMS = {'tofile': 1.0}\nimport numpy as params\n"
        + reward("return {'a': params.tofile('x')}"), "unknown-function", 4),
    "decorator_of_another_module": ("@torch.load\n" + reward("return {'a': 1.0}"),
                                    "forbidden-syntax", 2),
    "mask_as_an_index": (reward("return {'a': xp.sum(state.hand[state.hand > 0])}"),
                         "data-index", 2),
    "list_at_the_top_as_an_index": ("LEFT = [0, 2]\n"
                                    + reward("return {'a': xp.sum(state.legs[LEFT])}"),
                                    "data-index", 3),
    "bytes_literal": (reward("return {'a': b'x'}"), "forbidden-syntax", 2),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "line"), HOSTILE.values(), ids=list(HOSTILE))
def test_text_is_refused_with_line_and_remedy(
    text: str, code: str, line: int | None, spec: StateSpec
) -> None:
    found = [one for one in findings(text, spec) if one.code == code]
    assert found, [str(one) for one in findings(text, spec)]
    assert found[0].line == line
    assert found[0].remedy


def test_f_string_is_one_finding_with_the_loop_to_write(spec: StateSpec) -> None:
    text = reward(
        "parts = {}", "for i in range(4):", "    parts[f'leg_{i}'] = state.x", "return parts"
    )
    (found,) = findings(text, spec)
    assert found.code == "forbidden-syntax"
    assert "zip(" in found.remedy


def test_bytes_are_not_a_program(spec: StateSpec) -> None:
    reading = read_program(b"x = 1", spec)  # type: ignore[arg-type]  # what is tested
    assert [one.code for one in reading.findings] == ["bad-source-type"]


def test_all_mistakes_are_reported_at_once(spec: StateSpec) -> None:
    text = reward(
        "near = xp.norm(state.hnd - state.handel)",
        "far = xp.nrom(state.hand)",
        "return {'a': near, 'b': far, 'c': state.hand, 'd': undefined}",
    )
    found = {(one.code, one.line) for one in findings(text, spec)}
    assert found >= {
        ("unknown-field", 2),
        ("unknown-function", 3),
        ("unknown-name", 4),
    }


def test_misspelt_field_names_the_nearest_ones(spec: StateSpec) -> None:
    (found,) = findings(reward("return {'a': xp.norm(state.handel)}"), spec)
    assert "Did you mean `handle` or `hand`" in found.message
    assert "legs" in found.remedy


def test_metres_added_to_radians_are_a_warning(spec: StateSpec) -> None:
    reading = read_program(reward("return {'a': state.x + state.pitch}"), spec)
    assert reading.program is not None
    (found,) = [one for one in reading.findings if one.severity == "warning"]
    assert (found.code, found.line) == ("unit-mismatch", 2)


def test_scaled_quantities_are_not_warned_of(spec: StateSpec) -> None:
    text = reward("return {'a': 0.5 * state.x + 0.1 * state.pitch + state.x / state.y}")
    assert not [one for one in read_program(text, spec).findings if one.severity == "warning"]


HELPED = """
PARAMS = {{"base": 0.5}}
WEIGHTS = {{"a": 1.0}}

def score(state, xp, params):
    return params.base

def reward(state, action, xp, *, params):
    return {{"a": {call}}}
"""


@pytest.mark.parametrize(
    ("call", "is_read"),
    [
        ("score(state, xp, params)", True),
        ("score(state, params=params, xp=xp)", True),
        ("score(state, xp, action)", False),  # `.base` would be the array's own
        ("score(state, xp, [params][0])", False),
        ("score(*[state, xp, params])", False),
    ],
)
def test_helper_reads_any_parameter_of_the_params_it_is_handed(
    call: str, is_read: bool, spec: StateSpec
) -> None:
    codes = {f.code for f in read_program(HELPED.format(call=call), spec).findings}
    assert ("forbidden-attribute" in codes) != is_read
