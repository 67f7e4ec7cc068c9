"""Rewards along running episodes, against numbers worked out by hand."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import array_api_compat.torch as torch_xp
import gymnasium
import numpy as np
import pytest
import torch
from tests.shipped import tried

from rewardsmith.environments.cards import card_names, load_card
from rewardsmith.environments.inspection import random_actions
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.rewards.composition import RewardStream, StepRewards, compose, fields_read
from rewardsmith.rewards.contract import Clip, RewardProgram, read_program

CARD = load_card(str(Path(__file__).parents[1] / "environments" / "three_steps"))
TIMING = '''
"""Everything that depends on time."""
CONTRACT = 1
WEIGHTS = {"moved": 1, "away": 10, "jerk": 100, "clock": 1000, "ended": 10000, "kept": 0}
MEMORY = {"total": 1.0}

def reward(
    state, action, xp, *, previous, initial, previous_action, step, terminated, memory
):
    return {
        "moved": state.x - previous.x,
        "away": state.x - initial.x,
        "jerk": action[0] - previous_action[0],
        "clock": step,
        "ended": xp.where(terminated, 1.0, 0.0),
        "kept": memory.total,
    }, {"total": memory.total + state.x}

def potential(state, xp):
    return state.x + state.double
'''
GAMMA = 0.5


def program_of(text: str) -> RewardProgram:
    reading = read_program(text, CARD.state)
    assert reading.program is not None, [str(f) for f in reading.findings]
    return reading.program


def play(end: str, actions: list[list[float]]) -> list[StepRewards]:
    """Rewards of two environments; the second one acts twice as much."""
    program = program_of(TIMING)
    env = StateVectorEnv(replace(CARD, kwargs={"end": end}), 2)
    stream = RewardStream(program, CARD.state, 2, gamma=GAMMA)
    stream.begin(env.reset(seed=0).fields)
    rewards = []
    for action in actions:
        sent = np.array([action, [2 * a for a in action]], np.float32)
        step = env.step(sent)
        rewards.append(
            stream.step(sent, step.fields, terminated=step.terminated, truncated=step.truncated)
        )
        if step.done.any():
            stream.begin(step.start_fields, step.done)
    return rewards


FOUR = [[1.0], [2.0], [4.0], [3.0]]
# Environment 0 is at 10, 11, 13, 17 and then, in its second episode, at 20, 23;
# environment 1 at 10, 12, 16, 24 and then at 20, 26.
BY_HAND: dict[str, list[list[float]]] = {
    "moved": [[1, 2], [2, 4], [4, 8], [3, 6]],
    "away": [[1, 2], [3, 6], [7, 14], [3, 6]],
    "jerk": [[1, 2], [1, 2], [2, 4], [3, 6]],
    "clock": [[1, 1], [2, 2], [3, 3], [1, 1]],
    "kept": [[1, 1], [12, 13], [25, 29], [1, 1]],
}
# Phi = x + 2 x = 3 x; Phi(s') counts 0 where the episode terminated, not where it was truncated.
SHAPING_WITHIN = [[0.5 * 33 - 30, 0.5 * 36 - 30], [0.5 * 39 - 33, 0.5 * 48 - 36]]
SHAPING_AFTER = [0.5 * 69 - 60, 0.5 * 78 - 60]


@pytest.mark.parametrize("end", ["terminate", "truncate", "never"])
def test_every_argument_belongs_to_its_own_step_and_episode(end: str) -> None:
    rewards = play(end, FOUR)
    for name, values in BY_HAND.items():
        assert [r.components[name].tolist() for r in rewards] == values, name
    is_last = float(end == "terminate")
    ended = [[0.0, 0.0], [0.0, 0.0], [is_last, is_last], [0.0, 0.0]]
    assert [r.components["ended"].tolist() for r in rewards] == ended


@pytest.mark.parametrize(
    ("end", "last"),
    [
        ("terminate", [0 - 39.0, 0 - 48.0]),
        ("truncate", [0.5 * 51 - 39, 0.5 * 72 - 48]),
        ("never", [0.5 * 51 - 39, 0.5 * 72 - 48]),
    ],
)
def test_potential_ends_at_zero_only_where_terminated(end: str, last: list[float]) -> None:
    shaping = [r.potential.tolist() for r in play(end, FOUR) if r.potential is not None]
    assert shaping == [*SHAPING_WITHIN, last, SHAPING_AFTER]


def test_total_is_the_weighted_sum_and_the_shaping() -> None:
    rewards = play("terminate", FOUR)
    assert rewards[2].total.tolist() == [
        4 + 70 + 200 + 3000 + 10000 - 39,
        8 + 140 + 400 + 3000 + 10000 - 48,
    ]


def test_only_the_rows_that_begin_start_anew() -> None:
    program = program_of(TIMING)
    stream = RewardStream(program, CARD.state, 2, gamma=GAMMA)
    no = np.zeros(2, dtype=bool)

    def fields(x: float) -> dict[str, np.ndarray]:
        return {"x": np.full(2, x), "double": np.full(2, 2 * x)}

    stream.begin(fields(10.0))
    stream.step(np.ones((2, 1)), fields(11.0), terminated=no, truncated=no)
    stream.begin(fields(50.0), np.array([True, False]))
    rewards = stream.step(np.full((2, 1), 3.0), fields(60.0), terminated=no, truncated=no)
    assert rewards.components["moved"].tolist() == [10.0, 49.0]
    assert rewards.components["away"].tolist() == [10.0, 50.0]
    assert rewards.components["jerk"].tolist() == [3.0, 2.0]
    assert rewards.components["clock"].tolist() == [1.0, 2.0]
    assert rewards.components["kept"].tolist() == [1.0, 12.0]
    assert rewards.potential is not None
    assert rewards.potential.tolist() == [90.0 - 150.0, 90.0 - 33.0]


def test_memory_may_be_a_vector() -> None:
    program = program_of(
        'MEMORY = {"seen": [0.0, 5.0]}\n'
        "def reward(state, action, xp, *, memory):\n"
        "    return {'gap': xp.sum(state.both - memory.seen)}, {'seen': state.both}\n"
    )
    stream = RewardStream(program, CARD.state, 2, gamma=GAMMA)
    no = np.zeros(2, dtype=bool)
    both = np.array([[1.0, 2.0], [3.0, 4.0]])
    stream.begin({"both": both})
    first, second = (
        stream.step(np.ones((2, 1)), {"both": k * both}, terminated=no, truncated=no)
        for k in (1, 3)
    )
    assert first.total.tolist() == [-2.0, 2.0]
    assert second.total.tolist() == [6.0, 14.0]


def test_program_that_reads_nothing_pays_every_environment() -> None:
    program = program_of("def reward(state, action, xp):\n    return {'alive': 2.0}\n")
    stream = RewardStream(program, CARD.state, 3, gamma=GAMMA)
    no = np.zeros(3, dtype=bool)
    stream.begin({})
    rewards = stream.step(np.ones((3, 1)), {}, terminated=no, truncated=no)
    assert rewards.total.tolist() == [2.0, 2.0, 2.0]
    assert rewards.potential is None


def test_fields_read_are_those_of_every_function() -> None:
    assert fields_read(program_of(TIMING), CARD.state) == ("x", "double")


A, B = np.array([1.0, -2.0]), np.array([3.0, 4.0])


@pytest.mark.parametrize(
    ("weights", "total", "value"),
    [
        ({"a": 2.0, "b": 1.0}, "sum", [5.0, 0.0]),
        ({"a": 2.0, "b": 0.5}, "product", [3.0, -8.0]),
        ({"a": 2.0, "b": 0.0}, "product", [2.0, -4.0]),
        ({"a": 2.0, "b": 0.0}, "sum", [2.0, -4.0]),
        ({"a": 0.0, "b": 0.0}, "sum", [0.0, 0.0]),
        ({"a": 0.0, "b": 0.0}, "product", [0.0, 0.0]),
        ({"a": 2.0, "b": 1.0}, Clip(1.0, 4.0), [4.0, 1.0]),
        ({"a": 1.0, "b": 0.0}, Clip(lo=0.0), [1.0, 0.0]),
    ],
)
def test_components_are_composed(weights: dict[str, float], total: Any, value: list[float]) -> None:
    assert compose(weights, total, {"a": A, "b": B}).tolist() == value


def test_component_of_weight_zero_is_not_paid_even_when_it_is_nan() -> None:
    broken = {"a": A, "b": np.full(2, np.nan)}
    assert compose({"a": 1.0, "b": 0.0}, "sum", broken).tolist() == A.tolist()


def experts() -> Iterator[Any]:
    """Cards with an expert program."""
    for name in card_names():
        if any("expert" in task.references for task in load_card(name).tasks.values()):
            yield tried(name)


@pytest.mark.parametrize("name", list(experts()))
def test_every_expert_runs_and_torch_agrees_with_numpy(name: str) -> None:
    card = load_card(name)
    for task in card.tasks.values():
        path = task.references.get("expert")
        if path is None:
            continue
        assert isinstance(path, Path)
        reading = read_program(path.read_text(encoding="utf-8"), card.state)
        assert reading.program is not None, [str(f) for f in reading.findings]
        assert [f for f in reading.findings if f.severity != "note"] == []
        for on_numpy, on_torch in _both_ways(reading.program, name):
            assert np.isfinite(on_numpy).all()
            assert np.allclose(on_numpy, on_torch, rtol=1e-9, atol=1e-9)


def _both_ways(program: RewardProgram, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """Totals of random steps in 3 environments, on NumPy and on torch."""
    card, rng = load_card(name), np.random.default_rng(0)
    env = StateVectorEnv(card, 3)
    stream = RewardStream(program, card.state, 3, gamma=0.99)
    twin = RewardStream(program, card.state, 3, gamma=0.99, xp=torch_xp)
    fields = env.reset(seed=0).fields
    stream.begin(fields)
    twin.begin(_tensors(fields))
    pairs = []
    for _ in range(60 if card.id in gymnasium.registry else 12):
        action = random_actions(card, 3, rng)
        if not card.state.action.choices:
            action = action.astype(np.float64)
        step = env.step(action)
        ends = {"terminated": step.terminated, "truncated": step.truncated}
        here = stream.step(action, step.fields, **ends)
        there = twin.step(torch.from_numpy(action), _tensors(step.fields), **_tensors(ends))
        pairs.append((here.total, there.total.numpy()))
        if step.done.any():
            stream.begin(step.start_fields, step.done)
            twin.begin(_tensors(step.start_fields), torch.from_numpy(step.done))
    return pairs


def _tensors(arrays: dict[str, np.ndarray]) -> dict[str, Any]:
    return {name: torch.from_numpy(values.copy()) for name, values in arrays.items()}


def test_buffer_of_actions_may_be_used_again() -> None:
    stream = RewardStream(program_of(TIMING), CARD.state, 1, gamma=GAMMA)
    fields = {"x": np.zeros(1), "double": np.zeros(1)}
    no, buffer = np.zeros(1, dtype=bool), np.zeros((1, 1))
    stream.begin(fields)
    jerks = []
    for action in (2.0, 5.0):
        buffer[:] = action
        rewards = stream.step(buffer, fields, terminated=no, truncated=no)
        jerks.append(float(rewards.components["jerk"][0]))
    assert jerks == [2.0, 3.0]
