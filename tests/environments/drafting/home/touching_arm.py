"""An arm beside a ball that floats: most of the time nothing touches it."""

from typing import Any

import gymnasium as gym
import mujoco
import numpy as np

XML = """
<mujoco>
  <option timestep="0.005" gravity="0 0 0"/>
  <worldbody>
    <geom name="floor" type="plane" size="2 2 .1"/>
    <body name="arm" pos="0 0 .5">
      <joint name="shoulder" axis="0 0 1" range="-3 3" limited="true" damping="1"/>
      <geom type="capsule" fromto="0 0 0 .3 0 0" size=".03"/>
      <body name="hand" pos=".3 0 0">
        <joint name="reach" type="slide" axis="1 0 0" range="-.1 .1" limited="true" damping="9"/>
        <geom size=".03"/><site name="palm" pos=".03 0 0"/>
      </body>
    </body>
    <body name="ball" pos=".3 .15 .5"><freejoint/><geom size=".04" mass=".1"/></body>
    <body name="far" pos="9 0 .5">
      <joint axis="0 0 1"/><geom type="capsule" fromto="0 0 0 .3 0 0" size=".03"/>
    </body>
  </worldbody>
  <actuator><motor joint="shoulder" gear="5"/><motor joint="reach"/></actuator>
  <sensor>
    <touch name="palm_touch" site="palm"/>
    <jointvel name="shoulder_speed" joint="shoulder"/>
    <jointpos name="reach_place" joint="reach"/>
    <force name="palm_force" site="palm"/>
    <torque name="palm_torque" site="palm"/>
    <accelerometer name="palm_push" site="palm"/>
    <framequat name="palm_turn" objtype="site" objname="palm"/>
  </sensor>
</mujoco>
"""


class BallArm(gym.Env[Any, Any]):
    """An arm that touches a ball now and then."""

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
        self.data.qpos[:1] = self.np_random.uniform(-1, 1, 1)
        self.data.qpos[2:4] += self.np_random.uniform(-0.1, 0.1, 2)
        mujoco.mj_forward(self.model, self.data)
        self.t = 0
        return self._obs(), {}

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        self.data.ctrl[:] = action
        mujoco.mj_step(self.model, self.data, 4)
        self.t += 1
        return self._obs(), 0.0, False, self.t >= 200, {}

    def _obs(self) -> Any:
        steady = np.array([0.0])
        return np.concatenate([self.data.qpos[:2], self.data.body("ball").xpos, steady])
