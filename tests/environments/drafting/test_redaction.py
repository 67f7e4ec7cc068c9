"""What a model reads of an environment's source says nothing of how it judges."""

import inspect
import re
import textwrap

import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from gymnasium.envs.mujoco.half_cheetah_v5 import HalfCheetahEnv
from gymnasium.envs.mujoco.pusher_v5 import PusherEnv
from gymnasium.envs.mujoco.reacher_v5 import ReacherEnv

from rewardsmith.environments.drafting.redaction import redact

SPEAKS = re.compile(r"SECRET|9[.]75|reward|success|fitness|bonus|penalt", re.IGNORECASE)
"""What the adversarial classes below mark their judging parts with."""

ADVERSARIAL = {
    "a plain reward": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                gap = SECRET(self.tip)
                reward = -9.75 * gap
                return self.tip, reward, gap < 9.75, False, {}
        """,
    "a reward under another name": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                q = SECRET(self.tip) * 9.75
                return self.tip, q, False, False, {}
        """,
    "a reward that goes through aliases": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                a = 9.75 * SECRET(self.tip)
                b = a
                c = b
                return self.tip, float(c), False, False, {}
        """,
    "a helper that packs the result": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                v = SECRET(self.tip) + 9.75
                return self._packed(self.tip, v)
            def _packed(self, obs, value):
                return obs, value, self.tip > 9.75, False, {}
        """,
    "a helper that computes it": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                return self.tip, self._gauge(), self._over(), False, {}
            def _gauge(self):
                return SECRET(self.tip) * 9.75
            def _over(self):
                return self.tip > 9.75
        """,
    "an attribute that only judging reads": """
        class Arm:
            def __init__(self):
                self._k = 9.75
            def step(self, action):
                self.tip = self.tip + action
                self._near = SECRET(self.tip) < self._k
                return self.tip, float(self._near), bool(self._near), False, {}
        """,
    "an end that a branch decides": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                if SECRET(self.tip) < 9.75:
                    return self.tip, 1.0, True, False, {}
                return self.tip, 0.0, False, False, {}
        """,
    "a result that is chosen": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                out = (self.tip, SECRET(self.tip), self.tip > 9.75, False, {})
                return out
        """,
    "an old result of four": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                return self.tip, SECRET(self.tip), self.tip > 9.75, {}
        """,
    "entries of info": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                ok = SECRET(self.tip) > 9.75
                info = {"tip": self.tip, "is_success": ok, "reward_near": 9.75}
                info["success_rate"] = SECRET
                info.update(reward_dist=SECRET)
                return self.tip, 0.0, False, False, info
        """,
    "entries of info under other names": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                self.total_pay = SECRET(self.tip)
                info = {"tip": self.tip, "task_complete": SECRET > 9.75, "at_goal": 9.75}
                info["goal_achieved"] = SECRET
                info.update(total_pay=self.total_pay)
                return self.tip, 0.0, False, False, info
        """,
    "weights, docstrings, comments and messages": '''
        class RewardedArm:
            """It pays 9.75 for SECRET."""
            bonus_scale = 9.75
            def __init__(self, size=2, reward_weight=9.75, *, success_radius=9.75):
                self._weight = reward_weight  # SECRET
                self.size = size
                if success_radius < 9.75:
                    raise ValueError("the success radius SECRET")
            def step(self, action):
                self.tip = self.size * action
                return self.tip, self._weight, False, False, {}
        ''',
    "a nested function and a lambda": """
        class Arm:
            gauge = lambda self: SECRET(9.75)
            def step(self, action):
                def near():
                    return SECRET(self.tip) * 9.75
                self.tip = self.tip + action
                worth = near() + self.gauge()
                return self.tip, worth, False, False, {}
        """,
    "a property with a telling name": """
        class Arm:
            @property
            def is_solved(self):
                return SECRET(9.75)
            def compute_reward(self, achieved, desired):
                return SECRET(9.75)
            def step(self, action):
                self.tip = self.tip + action
                return self.tip, self.compute_reward(self.tip, 1), self.is_solved, False, {}
        """,
    "loops, with and try": """
        class Arm:
            def step(self, action):
                total = 0.0
                for part in SECRET(action):
                    total += 9.75 * part
                with SECRET(9.75) as value:
                    total += value
                try:
                    total -= SECRET
                except ValueError:
                    total = 9.75
                self.tip = self.tip + action
                return self.tip, total, False, False, {}
        """,
}


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_nothing_that_judges_is_left(name: str) -> None:
    left = redact(textwrap.dedent(ADVERSARIAL[name]))
    assert not SPEAKS.search(left), left


@pytest.mark.parametrize("name", ADVERSARIAL)
def test_what_is_observed_stays(name: str) -> None:
    left = redact(textwrap.dedent(ADVERSARIAL[name]))
    assert "self.tip" in left
    assert "action" in left


@pytest.mark.parametrize("kind", [HalfCheetahEnv, ReacherEnv, PusherEnv, CartPoleEnv])
def test_gymnasium_environment_shows_its_observation_and_no_reward(kind: type) -> None:
    left = redact(inspect.getsource(kind))
    assert not re.search(r"reward|ctrl_cost|near_weight|terminated", left)
    assert "def step(self, action):" in left
    assert "cos" in left or "qpos" in left


def test_observation_of_the_length_of_a_step_result_stays_whole() -> None:
    left = redact("class A:\n def _get_obs(self):\n  return self.a, self.b, self.c, self.d, self.e")
    assert "self.a, self.b, self.c, self.d, self.e" in left
