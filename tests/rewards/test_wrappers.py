"""Gymnasium wrappers pay the true last step in every autoreset mode."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.factory import make_env
from rewardsmith.errors import UsageError
from rewardsmith.rewards.contract import RewardProgram, read_program
from rewardsmith.rewards.wrappers import DesignedReward, DesignedRewardVector

CARD = load_card(str(Path(__file__).parents[1] / "environments" / "three_steps"))
GAMMA = 0.5
BODY = """
CONTRACT = 1
WEIGHTS = {"moved": 1, "away": 10, "jerk": 100, "clock": 1000, "fast": 10000, "kept": 0}
MEMORY = {"total": 1.0}

def reward(state, action, xp, *, previous, initial, previous_action, step, memory):
    return {
        "moved": state.x - previous.x,
        "away": state.x - initial.x,
        "jerk": action[0] - previous_action[0],
        "clock": step,
        "fast": state.speed - previous.speed,
        "kept": memory.total,
    }, {"total": memory.total + state.x}
"""
ON_OBS = BODY + "\ndef potential(state, xp):\n    return 3 * state.x\n"
ON_SIMULATOR = BODY + "\ndef potential(state, xp):\n    return state.x + state.double\n"

# x is 10, 11, 13, 17 in the first episode and 20, 23 in the second one, for actions 1, 2, 4, 3.
ACTIONS = [1.0, 2.0, 4.0, 3.0]
COMPONENTS: dict[str, list[float]] = {
    "moved": [1, 2, 4, 3],
    "away": [1, 3, 7, 3],
    "jerk": [1, 1, 2, 3],
    "clock": [1, 2, 3, 1],
    "fast": [1, 1, 2, 3],
    "kept": [1, 12, 25, 1],
}
SHAPING = {
    "terminate": [0.5 * 33 - 30, 0.5 * 39 - 33, 0 - 39, 0.5 * 69 - 60],
    "truncate": [0.5 * 33 - 30, 0.5 * 39 - 33, 0.5 * 51 - 39, 0.5 * 69 - 60],
}


def total(end: str, k: int) -> float:
    c = COMPONENTS
    return (
        c["moved"][k]
        + 10 * c["away"][k]
        + 100 * c["jerk"][k]
        + 1000 * c["clock"][k]
        + 10000 * c["fast"][k]
        + SHAPING[end][k]
    )


def program_of(text: str) -> RewardProgram:
    reading = read_program(text, CARD.state)
    assert reading.program is not None, [str(f) for f in reading.findings]
    return reading.program


def single(end: str) -> gymnasium.Env[Any, Any]:
    return make_env(replace(CARD, kwargs={"end": end}))


def vector(end: str, mode: AutoresetMode, n_envs: int = 2) -> SyncVectorEnv:
    return SyncVectorEnv([lambda: single(end)] * n_envs, autoreset_mode=mode)


@pytest.mark.parametrize("text", [ON_OBS, ON_SIMULATOR], ids=["obs", "simulator"])
@pytest.mark.parametrize("end", ["terminate", "truncate"])
def test_single_environment_pays_by_hand(end: str, text: str) -> None:
    env = DesignedReward(single(end), program_of(text), CARD, gamma=GAMMA)
    env.reset(seed=0)
    for k, action in enumerate(ACTIONS):
        obs, reward, terminated, truncated, info = env.step(np.array([action], np.float32))
        assert reward == total(end, k)
        assert {n: info["reward_components"][n] for n in COMPONENTS} == {
            n: values[k] for n, values in COMPONENTS.items()
        }
        assert info["native_reward"] == -obs[0]
        if terminated or truncated:
            assert k == 2
            env.reset()


MODES = [
    (AutoresetMode.NEXT_STEP, ON_OBS),
    (AutoresetMode.NEXT_STEP, ON_SIMULATOR),
    (AutoresetMode.SAME_STEP, ON_OBS),
    (AutoresetMode.DISABLED, ON_OBS),
    (AutoresetMode.DISABLED, ON_SIMULATOR),
]
IDS = [f"{m.name}-{'obs' if t is ON_OBS else 'simulator'}" for m, t in MODES]


@pytest.mark.parametrize(("mode", "text"), MODES, ids=IDS)
@pytest.mark.parametrize("end", ["terminate", "truncate"])
def test_vector_environment_pays_by_hand(mode: AutoresetMode, text: str, end: str) -> None:
    env = DesignedRewardVector(vector(end, mode), program_of(text), CARD, gamma=GAMMA)
    env.reset(seed=0)
    for k, action in enumerate(ACTIONS):
        _, reward, terminated, truncated, info = env.step(np.full((2, 1), action, np.float32))
        assert reward.tolist() == [total(end, k)] * 2
        for name, values in COMPONENTS.items():
            assert info["reward_components"][name].tolist() == [values[k]] * 2
        ended = terminated | truncated
        assert ended.tolist() == [k == 2] * 2
        if not ended.any():
            continue
        if mode is AutoresetMode.NEXT_STEP:
            _, reward, _, _, info = env.step(np.full((2, 1), 9.0, np.float32))
            assert reward.tolist() == [0.0, 0.0]
            assert info["reward_components"]["clock"].tolist() == [0.0, 0.0]
        if mode is AutoresetMode.DISABLED:
            env.reset(options={"reset_mask": ended})


@pytest.mark.parametrize("mode", list(AutoresetMode), ids=lambda m: m.name)
def test_environments_that_end_apart_are_paid_as_if_alone(mode: AutoresetMode) -> None:
    together = DesignedRewardVector(vector("terminate", mode), program_of(ON_OBS), CARD, gamma=0.5)
    together.reset(seed=0)
    late = together.unwrapped.envs[1].unwrapped  # type: ignore[attr-defined]
    late.count = 1  # the second environment ends one step early
    paid: list[list[float]] = [[], []]
    for action in (1.0, 2.0, 4.0, 3.0, 1.0, 2.0):
        _, reward, terminated, truncated, info = together.step(np.full((2, 1), action, np.float32))
        for i in range(2):
            if info["reward_components"]["clock"][i] > 0:
                paid[i].append(float(reward[i]))
        ended = terminated | truncated
        if mode is AutoresetMode.DISABLED and ended.any():
            together.reset(options={"reset_mask": ended})
    alone = [_alone(0, mode), _alone(1, mode)]
    assert paid == [alone[0][: len(paid[0])], alone[1][: len(paid[1])]]


def _alone(start: int, mode: AutoresetMode) -> list[float]:
    """Rewards of one environment under the single wrapper, skipping actions spent on a reset."""
    env = DesignedReward(single("terminate"), program_of(ON_OBS), CARD, gamma=GAMMA)
    env.reset(seed=0)
    env.unwrapped.count = start  # type: ignore[attr-defined]
    paid, resets = [], False
    for action in (1.0, 2.0, 4.0, 3.0, 1.0, 2.0):
        if resets and mode is AutoresetMode.NEXT_STEP:
            env.reset()
            resets = False
            continue
        if resets:
            env.reset()
        _, reward, terminated, truncated, _ = env.step(np.array([action], np.float32))
        paid.append(float(reward))
        resets = terminated or truncated
    return paid


def test_reset_of_a_vector_environment_forgets_everything() -> None:
    env = DesignedRewardVector(
        vector("terminate", AutoresetMode.NEXT_STEP), program_of(ON_OBS), CARD, gamma=GAMMA
    )
    for _ in range(2):
        env.reset(seed=0)
        for _ in range(3):
            _, reward, *_ = env.step(np.ones((2, 1), np.float32))
        assert reward[0] == 1 + 30 + 0 + 3000 + 0 + (0 - 3 * (reward_start(env) + 2))


def reward_start(env: DesignedRewardVector) -> float:
    """Where the current episode of the first environment began."""
    return 10.0 * env.unwrapped.envs[0].unwrapped.episode  # type: ignore[attr-defined, no-any-return]


def test_same_step_refuses_fields_of_a_simulator_that_was_reset() -> None:
    env = vector("terminate", AutoresetMode.SAME_STEP)
    with pytest.raises(UsageError, match=r"double can only.*SAME_STEP has reset.*NEXT_STEP"):
        DesignedRewardVector(env, program_of(ON_SIMULATOR), CARD)


def test_simulator_in_another_process_is_refused() -> None:
    env = AsyncVectorEnv([lambda: single("terminate")] * 2)
    try:
        with pytest.raises(UsageError, match="not in this process"):
            DesignedRewardVector(env, program_of(ON_SIMULATOR), CARD)
    finally:
        env.close()


def test_vector_environment_that_hides_its_autoreset_is_refused() -> None:
    env = vector("terminate", AutoresetMode.NEXT_STEP)
    env.metadata = {}
    with pytest.raises(UsageError, match="autoreset_mode"):
        DesignedRewardVector(env, program_of(ON_OBS), CARD)
