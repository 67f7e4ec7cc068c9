"""What a model reads of an environment's source says nothing of how it judges."""

import inspect
import re
import textwrap

import pytest
from gymnasium.envs.classic_control.cartpole import CartPoleEnv
from gymnasium.envs.mujoco.half_cheetah_v5 import HalfCheetahEnv
from gymnasium.envs.mujoco.pusher_v5 import PusherEnv
from gymnasium.envs.mujoco.reacher_v5 import ReacherEnv
from gymnasium.envs.toy_text.cliffwalking import CliffWalkingEnv

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

ADVERSARIAL |= {
    "a weighted sum of a table of terms": """
        class Arm:
            weights = {"near": 9.75, "smooth": 9.75}
            def step(self, action):
                self.tip = self.tip + action
                terms = self._terms(action)
                q = sum(self.weights[k] * v for k, v in terms.items())
                return self.tip, q, False, False, {"tip": self.tip, **terms}
            def _terms(self, action):
                return {"near": inside(self.tip - SECRET, 9.75), "smooth": -abs(action)}
        def inside(x, bound):
            return float(abs(x) < 9.75)
        """,
    "a table of terms on the spot": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                terms = {"near": SECRET(self.tip) < 9.75, "smooth": -9.75 * action}
                q = sum(terms.values())
                info = {"tip": self.tip}
                info.update(terms)
                return self.tip, q, False, False, info
        """,
    "info that is the table of terms": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                terms = {"near": SECRET(self.tip) < 9.75}
                return self.tip, float(terms["near"]), False, False, terms
        """,
    "terms that are told and added up": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                near = SECRET(9.75 * self.tip)
                effort = 9.75 * action
                q = near - effort
                return self.tip, q, False, False, {"near": near, "effort": effort}
        """,
    "terms that the object keeps": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                self.near = SECRET(9.75 * self.tip)
                self.terms = [self.near, 9.75 * action]
                q = 2 * self.near + sum(self.terms)
                return self.tip, q, False, False, {"near": self.near, "all": self.terms}
        """,
    "a helper of the module that info tells as well": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                q = 0.5 * closeness(self.tip) - 0.1
                return self.tip, q, False, False, {"close": closeness(self.tip)}
        def closeness(x):
            return bell(x - 9.75)
        def bell(x):
            return SECRET(x)
        """,
    "a test of success that info tells under a harmless name": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                if self._is_ok():
                    self.light = 1
                return self._see(), -1.0, False, False, {"ok": self._is_ok()}
            def _is_ok(self):
                return abs(self.tip - SECRET) < 9.75
            def _see(self):
                return self.tip, self.light
            def _get_obs(self):
                return self._see()
        """,
    "a test that ends the episode and is told": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                over = self._inside() and self.tip > 0
                return self.tip, 0.0, over, False, {"inside": self._inside()}
            def _inside(self):
                return abs(self.tip - SECRET) < 9.75
        """,
    "a test that decides what is paid": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                q = 0.0
                if self._inside():
                    q += 1
                return self.tip, q, False, False, {"inside": self._inside()}
            def _inside(self):
                return abs(self.tip - SECRET) < 9.75
        """,
    "a property": """
        class Arm:
            @property
            def nearness(self):
                return SECRET(self.tip) * 9.75
            def step(self, action):
                self.tip = self.tip + action
                return self.tip, self.nearness - 1, False, False, {"nearness": self.nearness}
        """,
    "a list of functions": """
        class Arm:
            def __init__(self):
                self.parts = [self._near, self._smooth]
            def step(self, action):
                self.tip = self.tip + action
                return self.tip, sum(f() for f in self.parts), False, False, {"a": self._near()}
            def _near(self):
                return SECRET(self.tip)
            def _smooth(self):
                return 9.75
        """,
    "steps in the band that end it": """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                self.streak = self.streak + 1 if SECRET(self.tip) < 9.75 else 0
                return self.tip, 0.0, self.streak > 10, False, {}
        """,
    "a function that moves and pays": """
        class Arm:
            def step(self, action):
                q = self._advance(action)
                return self.tip, q, False, False, {}
            def _advance(self, action):
                self.tip = self.tip + action
                return SECRET(self.tip) * 9.75
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


WORLDS = {
    "a helper that is observed": (
        """
        class Arm:
            def _get_obs(self):
                return [self.tip, self._gap()]
            def _gap(self):
                return norm(self.tip - self.goal)
            def step(self, action):
                self.tip = self.tip + action
                return self._get_obs(), -self._gap(), False, False, {"gap": self._gap()}
        """,
        "return norm(self.tip - self.goal)",
    ),
    "a helper of the module that moves the world": (
        """
        class Arm:
            def step(self, action):
                force = drag(self.v) + action
                self.v = self.v + 0.1 * force
                return [self.v], -drag(self.v) - abs(force), False, False, {}
        def drag(v):
            return -0.3 * v
        """,
        "return -0.3 * v",
    ),
    "a state that is rewarded as it is": (
        """
        class Arm:
            def step(self, action):
                self.v = 0.95 * self.v + 0.2 * action
                self.p += 0.05 * self.v
                q = 2.0 * self.v + self.p
                return self._obs(), q, False, False, {"speed": self.v}
            def _obs(self):
                return [self.p]
        """,
        "self.v = 0.95 * self.v + 0.2 * action",
    ),
    "a state that only info tells": (
        """
        class Arm:
            def step(self, action):
                self.charge = self.charge - 0.1 * abs(action)
                q = 0.5 * self.charge - 1
                return [self.p], q, False, False, {"charge": self.charge}
        """,
        "self.charge = self.charge - 0.1 * abs(action)",
    ),
    "a distance that info tells": (
        """
        class Arm:
            def step(self, action):
                self.tip = self.tip + action
                gap = norm(self.tip - self.goal)
                q = -gap - 0.1
                return self.tip, q, False, False, {"gap": gap, "is_success": gap < 0.02}
        """,
        "{'gap': gap}",
    ),
    "a condition that moves the world": (
        """
        class Arm:
            def step(self, action):
                if self._touches():
                    self.v = -self.v
                q = 1.0 - 2.0 * self._touches()
                return [self.v], q, False, False, {}
            def _touches(self):
                return self.v > 3.5
        """,
        "return self.v > 3.5",
    ),
    "a function that moves and is paid for": (
        """
        class Arm:
            def step(self, action):
                q = self._advance(action)
                return [self.v], q, False, False, {}
            def _advance(self, action):
                self.v = self.v + 0.2 * action
                return -abs(self.v)
        """,
        "self.v = self.v + 0.2 * action",
    ),
    "a simulator that is stepped": (
        """
        class Arm:
            def step(self, action):
                force = 5.0 * action
                self.sim.push(force)
                q = -0.5 * force
                return self.sim.state(), q, False, False, {}
        """,
        "self.sim.push(force)",
    ),
    "a goal that is achieved": (
        """
        class Arm:
            def _get_obs(self):
                return {"achieved_goal": self.tip, "desired_goal": self.goal}
            def step(self, action):
                self.tip = self.tip + action
                q = self.compute_reward(self.tip, self.goal)
                return self._get_obs(), q, False, False, {}
        """,
        "{'achieved_goal': self.tip, 'desired_goal': self.goal}",
    ),
}


@pytest.mark.parametrize("name", WORLDS)
def test_what_moves_or_shows_the_world_stays_though_a_reward_reads_it(name: str) -> None:
    source, kept = WORLDS[name]
    left = redact(textwrap.dedent(source))
    assert kept in left, left


def test_only_the_use_for_a_reward_goes_from_a_function_that_the_observation_needs() -> None:
    left = redact(textwrap.dedent(WORLDS["a helper that is observed"][0]))
    assert "return (self._get_obs(), ..., ..., ..., {'gap': self._gap()})" in left


def test_transitions_that_only_a_table_of_what_is_paid_holds_go_with_it() -> None:
    left = redact(inspect.getsource(CliffWalkingEnv))
    assert "-100" not in left
    assert "def step(self, a):" in left
