"""Habits of NumPy, math and torch mean here what they mean there."""

from collections.abc import Callable

import pytest

from rewardsmith.messages import Finding, StateSpec
from rewardsmith.rewards.contract import RewardProgram, read_program

SameRowByRow = Callable[[str], RewardProgram]

STEP = {
    "matrix_times_vector": "np.sum(np.dot(state.legs, state.hand) * [1, 2, 3, 4])",
    "vector_times_matrix": "np.sum((action[:1] * np.ones(4)) @ state.legs * [1, 2, 3])",
    "matrix_times_matrix":
        "np.sum(state.legs[:3] @ state.legs[1:] * [[1, 2, 3], [4, 5, 6], [7, 8, 9]])",
    "transposed": "np.sum(state.legs.T @ np.array([1.0, 2.0, 3.0, 4.0]) * [1, 2, 3])",
    "dot_method": "state.hand.dot(state.handle) + np.dot(state.x, 2.0)",
    "sum_of_vectors": "np.linalg.norm(sum(state.legs) / 4)",
    "sum_of_a_list_of_vectors": "np.linalg.norm(sum([leg * 2 for leg in state.legs]))",
    "sum_with_a_start": "sum([state.x, state.y], 1.0) + sum(state.hand, 2)",
    "sum_of_conditions": "float(sum(c for c in state.contacts))",
    "converted_to_int": "(state.x / 0.1).astype(int) + np.sum((state.hand * 5).astype(np.int64))",
    "converted_to_float": "state.contacts.astype(float)[0] - state.contacts.astype(np.float32)[1]",
    "converted_to_bool": "np.sum(state.hand.astype(bool)) * 1.0",
    "array_of_ints": "np.sum(np.array([state.x * 3, state.y * 3], dtype=int))",
    "std_of_numpy": "np.std(state.hand) + state.hand.var(ddof=1) + np.std(state.legs, axis=0)[0]",
    "norm_by_place": "np.linalg.norm(state.hand, 1) + np.linalg.norm(state.legs, None, 1)[2]",
    "norm_by_word":
        "np.linalg.norm(state.hand, ord=np.inf) + np.linalg.norm(state.legs, axis=0)[1]",
    "maximum_along_an_axis": "np.max(state.legs, 0)[1] + state.legs.min(axis=1)[3]",
    "spread_maximum": "max(*[state.x, state.y]) + max([state.x, state.y]) + min(*action, 0.3)",
    "logarithms": "np.log2(abs(state.x)) + math.log10(2.0) + np.log10(np.abs(state.y) + 1)",
    "powers": "np.exp2(state.x) + np.reciprocal(state.y) + 2 ** state.x + pow(state.x, 2)",
    "inverse_hyperbolics": "np.arccosh(1 + state.x ** 2) + np.arcsinh(state.y) + math.atanh(0.5)",
    "soft_maximum": "np.logaddexp(state.x, state.y)",
    "operators_as_functions":
        "np.add(state.x, 1) * np.subtract(state.x, 2) / np.divide(4, state.y)"
        " + np.greater(state.x, 0) * np.multiply(2, state.y)",
    "constants": "math.e * state.x + math.tau - np.pi + np.e",
    "new_axes": "np.sum(state.hand[:, None] * state.handle[None, :] * [[1, 2, 3]])",
    "expanded":
        "np.sum(np.expand_dims(state.hand, 1) * np.expand_dims(state.handle, 0) * [1, 2, 3])",
    "squeezed": "np.squeeze(state.hand[:1]) + state.hand[None, :].squeeze(0)[1]",
    "reshaped": "state.legs.reshape(3, 4)[1, 2] + np.sum(state.legs.reshape(-1) * np.arange(12))",
    "flattened":
        "state.legs.flatten()[7] + state.legs.ravel()[3]"
        " + np.reshape(state.legs, (2, -1))[1, 4]",
    "counted": "np.count_nonzero(state.contacts) + np.count_nonzero(state.hand > 0.0)",
    "modulo": "np.mod(state.x, 0.7) + np.remainder(state.x, -0.7) + state.x % 0.3 + state.x // 0.3",
    "several_cross_products": "np.sum(np.cross(state.legs, state.hand)[2] * [1, 2, 3])",
    "copies": "np.sum(state.hand.copy() * (state.hand + 1).copy())",
    "clipped_by_place":
        "np.clip(state.x, -0.5, 0.5) + state.y.clip(0, 1) + np.clip(state.x, None, 0)",
    "hypot": "math.hypot(state.x, state.y) + math.dist(state.hand, state.handle)",
    "membership_of_list": "float(state.phase in [1, 2])",
    "counted_by_int": "int(state.x > 0) + int(state.y > 0) + 1.0 - (state.x > 1)",
    "listed_places": "np.sum(state.hand[[0, 2]] * [1, 2]) + np.sum(state.legs[:, [0, 2]] * [3, 4])",
    "listed_rows": "np.sum(state.legs[[0, 3]] * [1, 2, 3]) + np.mean(state.contacts[[0, 3]])",
    "filled": "np.sum(np.full(3, 2.0) * np.full_like(state.hand, 0.5) * state.hand)",
}  # fmt: skip

BATCH = {
    "maximum_of_two": "torch.max(state.x, state.y) + torch.min(state.x, torch.zeros_like(state.y))",
    "maximum_method_of_two": "state.x.max(state.y)",
    "values_of_a_maximum": "torch.max(state.hand, dim=-1).values + state.hand.min(dim=1)[0]",
    "values_by_place": "state.hand.max(-1)[0] + torch.max(state.hand, 1).values",
    "maximum_over_feet": "torch.max(state.legs, dim=1)[0][:, 2]",
    "std_of_torch":
        "torch.std(state.hand, dim=-1) + state.hand.var(-1)"
        " + torch.var(state.hand, dim=1, correction=0)",
    "mean_over_feet": "state.legs.mean(dim=1)[:, 2] + torch.norm(state.legs.mean(dim=1), dim=-1)",
    "first_two_feet": "state.legs[:, :2].sum(dim=1)[:, 0] + state.legs[:, 0, 1]",
    "one_foot": "torch.norm(state.legs[:, 1] - state.hand, dim=1)",
    "sum_by_place":
        "torch.sum(state.hand, 1) + torch.norm(state.hand, 2, -1)"
        " + state.hand.norm(1, dim=1)",
    "stacked":
        "torch.stack([state.x, state.y], dim=1).sum(dim=1)"
        " + torch.stack([state.x, state.y]).prod(dim=0)",
    "joined":
        "torch.cat([state.hand, state.handle], dim=1)[:, 4]"
        " + torch.cat((action, action), -1)[:, 3]",
    "unsqueezed": "torch.norm(state.legs - state.hand.unsqueeze(1), dim=-1).sum(dim=-1)",
    "unsqueezed_last":
        "torch.sum(state.hand / state.x.unsqueeze(-1), dim=-1)"
        " + state.y.unsqueeze(1).squeeze(1)",
    "converted":
        "state.touch.float() - state.contacts[:, 0].to(torch.float32)"
        " + (state.x * 4).int() + (state.y * 3).long()",
    "negated_condition":
        "(~state.touch).float() + state.contacts.sum(dim=-1) + state.touch.double()",
    "remainder": "torch.remainder(state.x, 0.7)",
    "comparisons":
        "torch.gt(state.x, 0.0).float() + state.x.lt(state.y).float()"
        " + torch.eq(state.phase, 1).float()",
    "arithmetic_methods": "state.x.mul(2.0).add(1.0).sub(state.y).div(3.0) + torch.neg(state.x)",
    "clamped":
        "torch.clamp_min(state.x, 0.0) + state.y.clamp(max=0.2)"
        " + torch.clamp(state.x, -0.1, 0.4)",
    "normalised":
        "F.normalize(state.hand, dim=-1)[:, 0]"
        " + F.cosine_similarity(state.hand, state.handle, dim=-1)",
    "matrix_products":
        "torch.sum(torch.matmul(state.legs, state.hand.unsqueeze(-1)).squeeze(-1), dim=-1)",
    "cross_product": "torch.cross(state.hand, state.handle, dim=-1)[:, 1]",
    "keeps_dimensions": "torch.sum(state.hand - state.hand.mean(dim=1, keepdim=True) ** 2, dim=1)",
    "all_and_any": "state.contacts.any(dim=1).float() + torch.all(state.contacts, dim=-1).float()",
    "logaddexp":
        "torch.logaddexp(state.x, state.y) + torch.exp2(state.x)"
        " + torch.rsqrt(state.y ** 2 + 1)",
    "filled": "torch.full_like(state.x, 2.0) * state.y + torch.ones_like(state.x)",
    "listed_places": "state.contacts[:, [0, 3]].float().mean(dim=1) + state.hand[:, [2, 0]][:, 1]",
    "nothing_but_conditions": "torch.where(state.touch & (state.x > 0), 1.0, -1.0)",
}  # fmt: skip


def program(expression: str) -> str:
    modules = "import math\nimport numpy as np\n"
    return f"{modules}\n\ndef reward(state, action):\n    return {{'a': {expression}}}\n"


def torch_program(expression: str) -> str:
    modules = "import torch\nimport torch.nn.functional as F\n"
    mark = "state.hand[:, 0]"  # what shows that a program is written for a batch
    return f"{modules}\n\ndef reward(state, action):\n" + (
        f"    return {{'a': {expression}, 'b': {mark}}}\n"
    )


@pytest.mark.parametrize("expression", STEP.values(), ids=list(STEP))
def test_habit_of_one_step_means_what_numpy_means(
    expression: str, same_as_written: Callable[..., RewardProgram], same_row_by_row: SameRowByRow
) -> None:
    same_as_written(program(expression), is_batch=False)
    same_row_by_row(program(expression))


@pytest.mark.parametrize("expression", BATCH.values(), ids=list(BATCH))
def test_habit_of_a_batch_means_what_torch_means(
    expression: str, same_as_written: Callable[..., RewardProgram], same_row_by_row: SameRowByRow
) -> None:
    same_as_written(torch_program(expression), is_batch=True)
    same_row_by_row(torch_program(expression))


REFUSED = {
    "place_of_a_maximum": ("state.hand[np.argmax(action)]", "unknown-function", "xp.where"),
    "remainder_of_math": ("math.remainder(state.x, 2.0)", "unknown-function", "xp.round"),
    "truncated_remainder": ("np.fmod(state.x, 2.0)", "unknown-function", "xp.mod"),
    "sum_without_nan": ("np.nansum(state.hand)", "unknown-function", "xp.sum"),
    "sorted_entries": ("sorted(action)[0]", "unknown-name", "xp.min"),
    "chance": ("np.random.rand()", "unknown-function", "the same"),
    "maximum_of_two_by_reduction": ("xp.max(state.x, 0.0)", "bad-axis", "xp.maximum"),
    "maximum_of_two_numbers": ("xp.max(state.x, 0)", "bad-axis", "xp.maximum"),
    "norm_of_a_matrix": ("np.linalg.norm(state.legs, 1)", "bad-call", "axis"),
    "product_of_wrong_shapes": ("np.sum(state.hand @ state.legs)", "shapes-differ", "one step"),
    "cross_product_in_the_plane": ("np.cross(state.hand[:2], state.handle[:2])", "bad-call",
                                   "cross"),
    "reshaped_too_far": ("state.hand.reshape(2, 2)[0, 0]", "bad-call", "reshape"),
    "reshaped_without_size": ("state.hand.reshape(0, -1)[0, 0]", "bad-call", "reshape"),
    "field_asked_by_attribute": ("getattr(state, 'x')", "unknown-name", "state.<field>"),
    "rounded_to_digits": ("np.round(state.x, 2)", "bad-call", "round(x)"),
}  # fmt: skip


@pytest.mark.parametrize(("expression", "code", "says"), REFUSED.values(), ids=list(REFUSED))
def test_habit_without_a_meaning_is_refused_with_what_to_write(
    expression: str, code: str, says: str, spec: StateSpec
) -> None:
    found = [one for one in errors(program(expression), spec) if one.code == code]
    assert found, errors(program(expression), spec)
    assert says in found[0].remedy
    assert found[0].line == 6


BATCH_REFUSED = {
    "environments_reduced": ("torch.mean(state.hand, dim=0)[0]", "batch-axis"),
    "environments_counted": ("torch.zeros(state.x.shape[0])", "batch-size"),
    "place_kept": ("state.hand.max(dim=-1)[1]", "unknown-function"),
    "place_by_name": ("state.hand.max(dim=-1).indices", "forbidden-attribute"),
}


@pytest.mark.parametrize(("expression", "code"), BATCH_REFUSED.values(), ids=list(BATCH_REFUSED))
def test_habit_of_a_batch_that_mixes_environments_is_refused(
    expression: str, code: str, spec: StateSpec
) -> None:
    found = errors(torch_program(expression), spec)
    assert code in {one.code for one in found}
    assert all(one.remedy for one in found)


def errors(text: str, spec: StateSpec) -> list[Finding]:
    return [one for one in read_program(text, spec).findings if one.severity == "error"]


def test_values_and_places_of_a_maximum_are_taken_apart(
    same_as_written: Callable[..., RewardProgram],
) -> None:
    text = (
        "import torch\n\n\ndef reward(state, action):\n"
        "    best, _ = torch.max(state.legs[:, :, 2], dim=1)\n"
        "    return {'a': best}\n"
    )
    same_as_written(text, is_batch=True)


def test_pair_of_values_and_places_is_never_taken_for_the_values(spec: StateSpec) -> None:
    text = (
        "import torch\n\n\ndef reward(state, action):\n"
        "    best = torch.max(state.legs, dim=-1)\n"
        "    return {'a': best[0][:, 1]}\n"
    )
    assert "unknown-function" in {one.code for one in errors(text, spec)}


def test_same_text_is_read_for_one_step_unless_some_of_it_is_written_for_a_batch(
    spec: StateSpec, same_as_written: Callable[..., RewardProgram]
) -> None:
    step = (
        "import numpy as np\n\n\ndef reward(state):\n    return {'a': np.sum(state.legs[:, 2])}\n"
    )
    same_as_written(step, is_batch=False)
    both = step.replace("{", "{'b': state.hand[:, 2], ").replace("np.sum", "np.max")
    (note,) = [one for one in read_program(both, spec).findings if one.code == "read-as-batch"]
    assert note.severity == "note"
    assert not [one for one in read_program(step, spec).findings if one.code == "read-as-batch"]
    program = read_program(both, spec).program
    assert program is not None
    assert "state.legs[2]" in program.normalised


def test_function_by_another_name_is_the_reward(
    same_as_written: Callable[..., RewardProgram],
) -> None:
    text = (
        "import torch\nfrom torch import Tensor\n\n\n@torch.jit.script\n"
        "def compute_reward(self, state, action: Tensor) -> Tensor:\n"
        "    device = action.device\n"
        "    goal = torch.tensor([0.5], device=device)\n"
        "    far = torch.abs(state.x - goal[0])\n"
        "    return -far.sum(), {'far': -far, 'up': state.hand[:, 2] * goal}\n"
    )
    program = same_as_written(text, is_batch=True)
    assert "def reward(state, action):" in program.normalised


def test_two_candidates_for_the_reward_are_not_guessed_at(spec: StateSpec) -> None:
    one = "def {}(state):\n    return {{'a': state.x}}\n"
    text = one.format("compute_reward") + one.format("get_reward")
    assert "no-reward-function" in {found.code for found in errors(text, spec)}


def test_field_asked_for_as_an_argument_is_told_where_it_is(spec: StateSpec) -> None:
    (found,) = errors("def reward(hand, xp):\n    return {'a': xp.norm(hand)}\n", spec)
    assert "read `state.hand`" in found.message
