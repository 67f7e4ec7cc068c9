"""Every construct of the language equals the original, row by row."""

from collections.abc import Callable

import pytest

from rewardsmith.rewards.contract import RewardProgram

SameRowByRow = Callable[[str], RewardProgram]


def body(*lines: str, args: str = "state, action, xp") -> str:
    return f"def reward({args}):\n" + "\n".join(f"    {line}" for line in lines) + "\n"


CONSTRUCTS = {
    "if_else": body(
        "if state.x > 0:",
        "    score = state.y",
        "else:",
        "    score = -state.y",
        "return {'a': score}",
    ),
    "elif_chain": body(
        "score = 0.0",
        "if state.x > 1:",
        "    score = 3.0",
        "elif state.x > 0:",
        "    score = 2.0",
        "elif state.x > -1:",
        "    score = 1.0",
        "return {'a': score}",
    ),
    "nested_if_reassigns_a_local": body(
        "score = 0.0",
        "if state.x > 0:",
        "    score = 1.0",
        "    if state.y > 0:",
        "        score = score + state.y",
        "    score = score * 2",
        "return {'a': score}",
    ),
    "early_return": body(
        "if state.touch:",
        "    return {'a': 1.0, 'b': 0.0}",
        "if state.x > 0 and not state.y > 0:",
        "    return {'a': state.x, 'b': 2.0}",
        "return {'a': -1.0, 'b': state.y}",
    ),
    "component_missing_in_a_branch": body(
        "if state.touch:",
        "    return {'a': 1.0, 'bonus': 5.0}",
        "return {'a': state.x}",
    ),
    "components_built_up": body(
        "components = {}",
        "components['a'] = state.x",
        "if state.touch:",
        "    components['b'] = 1.0",
        "    components['a'] += 2.0",
        "return components",
    ),
    "components_by_dict_call": body("return dict(a=state.x, b=1.0)"),
    "conditional_expression": body(
        "return {'a': state.x if state.touch else (1.0 if state.y > 0 else 2.0)}"
    ),
    "logic": body(
        "near = state.x > 0 and state.y > 0 or not state.touch",
        "flag = (state.x > 0) & (state.y > 0) | ~state.touch",
        "return {'a': float(near), 'b': near * 2.0, 'c': flag}",
    ),
    "numbers_as_conditions": body(
        "if state.phase and not state.x:",
        "    return {'a': 1.0}",
        "return {'a': 2.0 if state.phase else 3.0}",
    ),
    "chained_comparison": body("return {'a': float(-0.5 < state.x <= 0.5 != state.y)}"),
    "membership": body("return {'a': float(state.phase in (1, 3))}"),
    "constant_loops": body(
        "total = 0.0",
        "for i in range(4):",
        "    if i == 2:",
        "        continue",
        "    total += state.legs[i, 2]",
        "for scale, axis in zip((1.0, 2.0), [0, 1]):",
        "    total += scale * state.hand[axis]",
        "for i, leg in enumerate(state.legs):",
        "    total += i * leg[0]",
        "    if i > 1:",
        "        break",
        "return {'a': total}",
    ),
    "return_inside_a_loop": body(
        "for i in range(4):",
        "    if state.contacts[i]:",
        "        return {'a': i * 1.0}",
        "return {'a': -1.0}",
    ),
    "comprehensions": body(
        "lengths = [xp.norm(leg) for leg in state.legs]",
        "high = [l for i, l in enumerate(lengths) if i % 2]",
        "named = {name: state.hand[i] for i, name in enumerate(('u', 'v'))}",
        "return {'a': sum(lengths), 'b': max(high), **named}",
    ),
    "lists": body(
        "terms = []",
        "for i in range(3):",
        "    terms.append(state.hand[i] ** 2)",
        "terms[0] = terms[0] * 2",
        "return {'a': sum(terms), 'n': len(terms) * 1.0}",
    ),
    "unpacking": body("u, v, w = state.hand", "(a, b), c = (u, v), w", "return {'a': a * b - c}"),
    "indexing": body(
        "return {'a': state.hand[-1], 'b': xp.sum(state.hand[:2]), 'c': xp.sum(state.legs[1:, 0]),",
        "        'd': xp.sum(state.legs[..., 2]), 'e': xp.max(state.legs[::2][1])}",
    ),
    "batched_habits": body(
        "return {'a': state.hand[:, 2], 'b': torch.norm(state.hand - state.handle, dim=-1),",
        "        'c': np.linalg.norm(state.hand, axis=1), 'd': xp.sum(state.legs[:, :, 2])}",
    ),
    "other_modules": "import numpy as np\nfrom math import sqrt, pi\n"
    "import torch.nn.functional as F\n"
    + body(
        "d: float = np.linalg.norm(state.hand - state.handle)",
        "e = torch.clamp(state.x, min=-1.0, max=1.0) + F.relu(state.y) + math.exp(-d)",
        "return {'a': d, 'b': e, 'c': sqrt(abs(state.x)) * pi, 'd': np.square(action).sum()}",
    ),
    "methods": body(
        "return {'a': state.hand.norm(), 'b': state.hand.mean().item(), 'c': state.x.clip(0, 1),",
        "        'd': (state.hand ** 2).sum(), 'e': state.legs.max(), 'f': state.contacts.any()}",
    ),
    "pythons_functions": body(
        "return {'a': max(state.x, state.y, 0.0), 'b': min(state.hand), 'c': round(state.x),",
        "        'd': int(state.x * 3), 'e': sum(state.hand), 'f': float(state.touch) * 2}",
    ),
    "returned_total": body(
        "parts = {'a': state.x, 'b': state.y}", "total = sum(parts.values())", "return total, parts"
    ),
    "helpers_in_any_order": body("return {'a': outer(state.x, scale=2.0), 'b': inner(state.y)}")
    + "def outer(v, scale=1.0):\n    return inner(v) * scale\n"
    + "def inner(v):\n    if v > 0:\n        return v\n    return xp.exp(v)\n",
    "helper_that_fills_a_dictionary": body("parts = {}", "fill(parts, state.x)", "return parts")
    + "def fill(parts, v):\n    parts['a'] = v\n",
    "module_constants": "SCALE = 5.0\nGOAL = [0.0, 0.5, 2 * SCALE]\n"
    + body("return {'a': xp.exp(-SCALE * xp.norm(state.hand - GOAL))}"),
    "parameters": "PARAMS = {'scale': 2.0, 'goal': [0.1, 0.2, 0.3], 'margin': 0.0}\n"
    + body(
        "d = xp.norm(state.hand - params.goal)",
        "e = PARAMS['scale'] / params['scale'] + xp.exp(-params.scale)",
        "return {'a': -params.scale * d, 'b': e, 'c': 1.0 if params.scale > 1 else state.x,",
        "        'd': xp.tolerance(d, 0, 1, params.margin), 'e': xp.gaussian(d, params.scale)}",
        args="state, xp, params",
    ),
    "module_arrays": "PARAMS = {'other': [5.0, 6.0, 7.0]}\n"
    "GOAL = np.array([0.1, 0.2, 0.3])\nREACH = np.linalg.norm([3.0, 4.0])\n"
    "ARMS = [np.array([1.0, 2.0, 3.0]) * 2, 0.5]\n"
    + body(
        "near = xp.norm(state.hand - params.other)",
        "return {'a': near, 'b': xp.norm(state.hand - GOAL), 'c': REACH * state.x,",
        "        'd': ARMS[1] * xp.sum(ARMS[0] * state.handle)}",
        args="state, xp, params",
    ),
    "copies": body(
        "base = {'a': state.x, 'b': 1.0}",
        "parts = base.copy()",
        "parts['a'] = 2.0 * base['a']",
        "hand = state.hand.copy()",
        "parts['b'] = base['a'] + xp.sum((hand + 1).copy())",
        "return parts",
    ),
    "vector_of_one_as_a_component": body(
        "scale = torch.tensor([0.1])", "return {'a': xp.exp(-xp.abs(state.x) / scale)}"
    ),
    "nested_lists_in_arithmetic": body(
        "return {'a': xp.sum(state.legs * [[1, 2, 3], [4, 5, 6], [7, 8, 9], [0, 1, 2]])}"
    ),
    "names_of_components_in_a_loop": body(
        "parts = {}",
        "for name, leg in zip(('one', 'two', 'three', 'four'), state.legs):",
        "    parts[name] = leg[2]",
        "return parts",
    ),
    "conditions_as_numbers": body(
        "near = state.x > 0",
        "far = state.y > 0",
        "return {'a': int(near) + int(far), 'b': xp.abs(near) + xp.abs(far),",
        "        'c': xp.maximum(near, far) + xp.max(state.contacts) + xp.prod(state.contacts),",
        "        'd': xp.trunc(near) + xp.floor(far)}",
    ),
    "entries_named_like_attributes_of_arrays": "MEMORY = {'trace': 0.0, 'data': 1.0}\n"
    "PARAMS = {'decay': 0.9, 'real': 2.0}\n"
    + body(
        "trace = params.decay * memory.trace + state.x * params.real",
        "return {'a': trace * memory.data}, {'trace': trace}",
        args="state, xp, memory, params",
    ),
    "constant_fields": body(
        "return {'a': (state.x - previous.x) / state.dt, 'b': xp.norm(state.hand - state.home)}",
        args="state, previous, xp",
    ),
    "all_arguments": body(
        "late = step > 50",
        "return {'a': state.x - initial.x, 'b': xp.norm(action - previous_action),",
        "        'c': late * 1.0, 'd': -1.0 if terminated else 0.0, 'e': step / 100}",
        args="state, action, xp, *, initial, previous_action, step, terminated",
    ),
    "memory": "MEMORY = {'peak': 0.0, 'air': [0, 0, 0, 0]}\n"
    + body(
        "air = xp.where(state.contacts, 0.0, memory.air + 1)",
        "if state.touch:",
        "    return {'a': xp.sum(air)}, {'peak': xp.maximum(memory.peak, state.x), 'air': air}",
        "return {'a': memory.peak}, {'air': air}",
        args="state, xp, memory",
    ),
    "potential_and_progress": body("return {'a': state.x}")
    + "def potential(state, xp):\n    return -xp.norm(state.hand - state.handle)\n"
    + "def progress(state, xp):\n    return xp.saturate(state.x)\n",
    "nothing_but_constants": body("return {'a': 1.0, 'b': True}"),
    "vectors": body(
        "v = xp.array([state.x, 0.0, 1.0])",
        "w = xp.concat([state.hand, state.x, [1.0, 2.0]])",
        "rows = xp.stack([state.hand, v])",
        "return {'a': xp.norm(v), 'b': xp.sum(w), 'c': xp.sum(rows * state.hand),",
        "        'd': xp.max(xp.norm(state.legs - v, axis=-1)), 'e': xp.std(w),",
        "        'f': xp.sum(xp.zeros(3) + xp.diff(xp.ones(4)))}",
    ),
    "vector_select": body(
        "target = state.hand if state.touch else state.handle",
        "return {'a': xp.norm(xp.where(state.contacts, 1.0, action[0])), 'b': xp.norm(target)}",
    ),
    "geometry": body(
        "return {'a': xp.nearest(state.legs, state.hand), 'b': xp.up_vector(state.q)[2],",
        "        'c': xp.point_segment_distance(state.hand, state.handle, state.home),",
        "        'd': xp.yaw(state.turned, order='xyzw'), 'e': xp.cosine(state.hand, [0, 1, 0]),",
        "        'f': xp.quat_angle(state.q, xp.quat_conjugate(state.q)),",
        "        'g': xp.norm(xp.quat_rotate(state.q, state.hand) - state.home)}",
    ),
    "shaping": body(
        "near = xp.norm(state.hand - state.handle)",
        "return {'a': xp.staged([(near < 0.5, 2.0), (state.touch, 1.0)], -near),",
        "        'b': xp.hamacher(xp.saturate(state.x), xp.saturate(state.y)),",
        "        'c': xp.select([state.x > 0, state.y > 0], [1.0, near]), 'd': xp.hinge(state.x),",
        "        'e': xp.wrap_angle(10 * state.pitch), 'f': xp.gate(state.touch, near),",
        "        'g': xp.tolerance(near, 0, 0.1, xp.abs(state.x), shape='long_tail')}",
    ),
    "not_taken_branch_would_fail": body(
        "if state.x > 0:",
        "    return {'a': xp.log(state.x)}",
        "return {'a': xp.sqrt(-state.x) / (1.0 - state.x)}",
    ),
    "nested_function": body(
        "scale = 2.0",
        "def near(v):",
        "    return xp.exp(-scale * xp.abs(v))",
        "return {'a': near(state.x), 'b': near(state.y)}",
    ),
    "docstrings_and_annotations": '"""What it pays for."""\n'
    "from typing import Any\n\n"
    "def reward(state: Any, xp: Any) -> dict[str, float]:\n"
    '    """One step."""\n'
    "    parts: dict[str, float] = {}\n"
    "    parts['a'] = state.x\n"
    "    return parts\n",
}


@pytest.mark.parametrize("text", CONSTRUCTS.values(), ids=list(CONSTRUCTS))
def test_construct_equals_the_original_row_by_row(text: str, same_row_by_row: SameRowByRow) -> None:
    same_row_by_row(text)
