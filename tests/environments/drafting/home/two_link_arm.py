"""A planar two-link arm that has to bring its tip to a target."""

from typing import Any

import gymnasium as gym
import mujoco
import numpy as np

XML = """
<mujoco model="arm">
  <option timestep="0.01" gravity="0 0 0"/>
  <worldbody>
    <body name="upper" pos="0 0 0.02">
      <joint name="shoulder" type="hinge" axis="0 0 1" damping="1"/>
      <geom type="capsule" fromto="0 0 0 0.2 0 0" size="0.02"/>
      <body name="fore" pos="0.2 0 0">
        <joint name="elbow" type="hinge" axis="0 0 1" damping="1" limited="true" range="-150 150"/>
        <geom type="capsule" fromto="0 0 0 0.2 0 0" size="0.02"/>
        <site name="tip" pos="0.2 0 0"/>
      </body>
    </body>
    <body name="goal" mocap="true" pos="0.2 0.2 0.02"><site name="target"/></body>
  </worldbody>
  <actuator>
    <motor name="shoulder_motor" joint="shoulder" gear="2" ctrlrange="-1 1" ctrllimited="true"/>
    <motor name="elbow_motor" joint="elbow" gear="2" ctrlrange="-1 1" ctrllimited="true"/>
  </actuator>
</mujoco>
"""

BALLS = """
<mujoco>
  <worldbody>
    <body name="red"><freejoint/><geom size="0.1"/></body>
    <body name="blue" pos="1 0 0"><freejoint/><geom size="0.1"/></body>
  </worldbody>
</mujoco>
"""


class MyArm(gym.Env[Any, Any]):
    """A planar arm of two links; its tip has to reach a target.

    Reward: minus the distance between tip and target,
    minus 0.01 times the squared torque.
    """

    def __init__(self) -> None:
        self.model = mujoco.MjModel.from_xml_string(XML)
        self.data = mujoco.MjData(self.model)
        self.observation_space = gym.spaces.Box(-np.inf, np.inf, (6,), np.float64)
        self.action_space = gym.spaces.Box(-1, 1, (2,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        mujoco.mj_resetData(self.model, self.data)
        self.data.qpos[:] = self.np_random.uniform(-0.5, 0.5, 2)
        angle = self.np_random.uniform(-3, 3)
        self.data.mocap_pos[0] = [0.3 * np.cos(angle), 0.3 * np.sin(angle), 0.02]
        mujoco.mj_forward(self.model, self.data)
        self.t = 0
        return self._obs(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.data.ctrl[:] = action
        mujoco.mj_step(self.model, self.data, 5)
        self.t += 1
        tip, target = self.data.site("tip").xpos, self.data.site("target").xpos
        distance = float(np.linalg.norm(tip - target))
        reward = -distance - 0.01 * float(np.square(action).sum())
        info = {"distance": distance, "reward_dist": -distance, "is_success": distance < 0.02}
        return self._obs(), reward, False, self.t >= 100, info

    def _obs(self) -> Any:
        return np.concatenate([self.data.qpos, self.data.qvel, self.data.site("target").xpos[:2]])


class Juggler(gym.Env[Any, Any]):
    """A ball whose height is observed, and one that is hidden."""

    observation_space = gym.spaces.Box(-np.inf, np.inf, (1,), np.float64)
    action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def __init__(self) -> None:
        self.model = mujoco.MjModel.from_xml_string(BALLS)
        self.data = mujoco.MjData(self.model)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        mujoco.mj_resetData(self.model, self.data)
        mujoco.mj_forward(self.model, self.data)
        return self.data.qpos[2:3].copy(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.data.qvel[:3] += action[0]
        self.data.qvel[6:9] -= action[0]
        mujoco.mj_step(self.model, self.data)
        return self.data.qpos[2:3].copy(), 0.0, False, False, {}


class ShyArm(gym.Env[Any, Any]):
    """An arm that keeps its model to itself."""

    observation_space = gym.spaces.Box(-9, 9, (1,), np.float64)
    action_space = gym.spaces.Box(-1, 1, (1,), np.float32)

    def __init__(self) -> None:
        self.arm_model = mujoco.MjModel.from_xml_string(XML)

    def reset(self, **words: Any) -> tuple[Any, dict[str, Any]]:
        return np.zeros(1), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        return np.array(action, np.float64), 0.0, False, False, {}
