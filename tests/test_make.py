"""The public API."""

from pathlib import Path

import gymnasium
import pytest

import rewardsmith
from rewardsmith.errors import UsageError

PROGRAM = """
CONTRACT = 1
WEIGHTS = {"up": 2.0}
def reward(state, action, xp):
    return {"up": state.up}
"""


def test_make_pays_the_program_and_keeps_the_native_reward_in_info(tmp_path: Path) -> None:
    (tmp_path / "reward.py").write_text(PROGRAM, encoding="utf-8")
    env = rewardsmith.make(tmp_path / "reward.py", "Pendulum-v1")
    native = gymnasium.make("Pendulum-v1")
    env.reset(seed=3)
    native.reset(seed=3)
    obs, reward, *_, info = env.step(env.action_space.sample() * 0)
    _, expected, *_ = native.step(env.action_space.sample() * 0)
    assert reward == pytest.approx(2.0 * obs[0])
    assert info["native_reward"] == pytest.approx(expected)


def test_make_says_every_reason_why_a_program_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "reward.py"
    path.write_text(PROGRAM.replace("state.up", "state.upp") + "import os\n", encoding="utf-8")
    with pytest.raises(UsageError, match="upp") as refused:
        rewardsmith.make(path, "Pendulum-v1")
    assert "import" in str(refused.value)
