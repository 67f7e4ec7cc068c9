"""MetaWorld v3's tasks as environments that obey their seed and show their goal.

The package ignores `reset(seed=)`, hides the goal, and draws twice in a reset, so that an episode
starts with a view of the first draw's world in the second one's. Here one draw, from the seed, is
used for both, as its own benchmarks do with a fixed one, and the first observation is of the world
as it is. Dynamics, reward and success are the package's.
"""

import warnings
from collections.abc import Callable
from typing import Any

import gymnasium
import mujoco
import numpy as np
from gymnasium.envs.mujoco import MujocoEnv
from gymnasium.utils import seeding

from rewardsmith.environments.suites.packages import package
from rewardsmith.errors import UsageError, unknown

Array = np.ndarray[Any, Any]


class MetaWorldTask(gymnasium.Wrapper[Array, Array, Array, Array]):
    """One task; every reset draws object and goal from its own generator."""

    def __init__(self, raw: Any) -> None:
        raw._set_task_called = True
        raw._partially_observable = False
        raw.seeded_rand_vec = True
        raw.__dict__.pop("sawyer_observation_space", None)  # made while the goal was hidden
        raw.observation_space = raw.sawyer_observation_space
        super().__init__(raw)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Array, dict[str, Any]]:
        """Start an episode: the same one for the same seed."""
        raw: Any = self.unwrapped
        if seed is not None:
            raw.np_random, _ = seeding.np_random(seed)
        raw._freeze_rand_vec = False
        raw.reset_model()  # draws, and refuses draws, as the task does
        raw._freeze_rand_vec = True
        raw.curr_path_length = 0
        MujocoEnv.reset(raw)  # the second half of the package's own reset, with the same draw
        mujoco.mj_forward(raw.model, raw.data)  # window-close shows its window closed without this
        raw._prev_obs = raw._get_curr_obs_combined_no_goal()
        obs = np.asarray(raw._get_obs(), dtype=np.float64)
        _, info = raw.evaluate_state(obs, np.zeros(4, dtype=np.float32))
        return obs, info


def make_task(*, task: str, render_mode: str | None = None, camera: str = "corner2") -> Any:
    """Make one task of MetaWorld.

    Args:
        task: As the package calls it: `drawer-open-v3`.
        render_mode: As Gymnasium's.
        camera: Which of the model's cameras sees it.

    Raises:
        UsageError: There is no such task, or the package is missing.
    """
    known = package("metaworld.env_dict", f"MetaWorld's {task}").ALL_V3_ENVIRONMENTS
    if task not in known:
        raise UsageError(unknown("MetaWorld task", task, list(known)))
    return MetaWorldTask(known[task](render_mode=render_mode, camera_name=camera))


def scripted_policy(task: str) -> Callable[[Array], Array]:
    """The package's own policy for a task: observation to action, within [-1, 1].

    Raises:
        UsageError: There is none, or the package is missing.
    """
    known = package("metaworld.policies", f"MetaWorld's {task}").ENV_POLICY_MAP
    if task not in known:
        raise UsageError(unknown("MetaWorld policy", task, list(known)))
    policy = known[task]()

    def act(obs: Array) -> Array:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Constant.s. may be too high")
            action = policy.get_action(obs)
        return np.asarray(np.clip(action, -1.0, 1.0), dtype=np.float32)

    return act
