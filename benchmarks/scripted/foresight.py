"""Plays a humanoid by looking ahead: tries ways to go on in a copy of the simulator.

A plan is a few poses that the joints are drawn to, one after another, over the next 0.6 s. Every
three timesteps, plans that vary the last one are simulated from the present state, and the least
dear among them, or their mean, is followed. The copy takes larger steps than the environment.
"""

from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco import rollout

TIMESTEPS, POSES, EVERY, SUBSTEPS = 40, 4, 3, 3
"""How far a plan reaches; its poses; timesteps that it is followed; the copy's steps in each."""
KEPT = 6
"""Plans of which the mean is tried too."""
GEOMS = ("head", "butt", "right_foot", "left_foot")
BODIES = ("torso", "pelvis")
LIMIT = 0.4
"""Of a motor, as in the card."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What plans come to, each array of shape (plans, TIMESTEPS, ...)."""

    places: dict[str, np.ndarray]
    """Positions of GEOMS."""
    axes: dict[str, np.ndarray]
    """Axes of BODIES, as columns."""
    mass: np.ndarray
    """Position of the centre of mass."""
    velocity: np.ndarray
    """Of the centre of mass."""
    qpos: np.ndarray
    qvel: np.ndarray


Cost = Callable[[Seen], np.ndarray]
"""What each timestep of each plan costs, shape (plans, TIMESTEPS)."""


class Foresight:
    """The policy of one episode, which remembers its plan."""

    def __init__(self, env, cost: Cost, *, n_plans: int, symmetric: float):
        """Of the plans that are tried, the share `symmetric` moves both sides alike."""
        self._live, self._cost = env.unwrapped.data, cost
        self._n_plans, self._symmetric = n_plans, symmetric
        self._model = model = _copy(env.unwrapped.fullpath)
        self._scratch = mujoco.MjData(model)
        self._rng = np.random.default_rng(0)
        joints = model.actuator_trnid[:, 0]
        self._angles, self._rates = model.jnt_qposadr[joints], model.jnt_dofadr[joints]
        self._low, self._high = model.jnt_range[joints].T
        self._gears = model.actuator_gear[:, 0]
        names = [model.actuator(idx).name for idx in range(model.nu)]
        self._stiffness, self._damping = np.array([_servo(name) for name in names]).T
        self._mirrored, self._signs = _mirror(names)
        self._plan = np.tile(self._live.qpos[self._angles], (POSES, 1))
        self._timestep = 0

    def act(self, fields) -> np.ndarray:
        """Torques towards the plan's pose."""
        late = self._timestep % EVERY
        if late == 0:
            self._replan()
        wanted = _between(late * (POSES - 1) / (TIMESTEPS - 1)) @ self._plan
        self._timestep += 1
        away = wanted - self._live.qpos[self._angles]
        torques = self._stiffness * away - self._damping * self._live.qvel[self._rates]
        return np.clip(torques / self._gears, -LIMIT, LIMIT)

    def _replan(self) -> None:
        if self._timestep:
            passed = EVERY * (POSES - 1) / (TIMESTEPS - 1)
            self._plan = _between(np.arange(POSES) + passed) @ self._plan
        tried = self._varied()
        costs = self._costs(tried)
        best = np.argsort(costs)[:KEPT]
        weights = np.exp(-(costs[best] - costs[best[0]]) / (1e-6 + costs[best].std()))
        mean = np.einsum("n,npu->pu", weights / weights.sum(), tried[best])
        self._plan = mean if self._costs(mean[None])[0] < costs[best[0]] else tried[best[0]]

    def _varied(self) -> np.ndarray:
        """The plan and variations of it, small and large, of some joints or all."""
        n_plans, n_joints, rng = self._n_plans, len(self._low), self._rng
        noise = rng.standard_normal((n_plans, POSES, n_joints))
        alike = (noise + self._signs * noise[:, :, self._mirrored]) / np.sqrt(2)
        noise = np.where(rng.random((n_plans, 1, 1)) < self._symmetric, alike, noise)
        noise *= 0.25 * np.exp(rng.uniform(-1.5, 0.3, (n_plans, 1, 1)))
        share = rng.choice([0.3, 1.0], (n_plans, 1, 1))
        noise *= rng.random((n_plans, 1, n_joints)) < share
        noise[0] = 0.0
        return np.clip(
            self._plan + noise * (self._high - self._low), self._low - 0.2, self._high + 0.2
        )

    def _costs(self, plans: np.ndarray) -> np.ndarray:
        """What plans cost, their ends more."""
        model, live = self._model, self._live
        weights = _between(np.linspace(0, POSES - 1, TIMESTEPS))
        controls = np.repeat(np.einsum("tp,npu->ntu", weights, plans), SUBSTEPS, axis=1)
        start = np.concatenate([[0.0], live.qpos, live.qvel])
        states, sensed = rollout.rollout(model, self._scratch, start[None], controls)
        costs = self._cost(_seen(model, states[:, SUBSTEPS - 1 :: SUBSTEPS], sensed))
        total = costs.mean(axis=1) + 0.5 * costs[:, -8:].mean(axis=1)
        return np.where(np.isfinite(total), total, 1e9)


def _copy(path: str) -> mujoco.MjModel:
    """The model, with motors that hold angles, and sensors of what costs ask for."""
    spec = mujoco.MjSpec.from_file(path)
    kind, of = mujoco.mjtSensor, mujoco.mjtObj
    for name in GEOMS:
        spec.add_sensor(name=name, type=kind.mjSENS_FRAMEPOS, objtype=of.mjOBJ_GEOM, objname=name)
    for name in BODIES:
        for axis in "xyz":
            sensor = getattr(kind, f"mjSENS_FRAME{axis.upper()}AXIS")
            spec.add_sensor(
                name=f"{name} {axis}", type=sensor, objtype=of.mjOBJ_XBODY, objname=name
            )
    for name in ("COM", "LINVEL"):
        sensor = getattr(kind, f"mjSENS_SUBTREE{name}")
        spec.add_sensor(name=name, type=sensor, objtype=of.mjOBJ_BODY, objname="torso")
    model = spec.compile()
    model.opt.timestep = 0.015 / SUBSTEPS
    model.opt.integrator = mujoco.mjtIntegrator.mjINT_IMPLICITFAST
    model.opt.solver = mujoco.mjtSolver.mjSOL_NEWTON
    model.opt.iterations, model.opt.ls_iterations = 4, 6
    _hold_angles(model)
    return model


def _hold_angles(model: mujoco.MjModel) -> None:
    for idx in range(model.nu):
        (stiffness, damping), gear = _servo(model.actuator(idx).name), model.actuator_gear[idx, 0]
        model.actuator_gainprm[idx, 0] = stiffness / gear
        model.actuator_biasprm[idx, 1:3] = -stiffness / gear**2, -damping / gear**2
    model.actuator_biastype[:] = mujoco.mjtBias.mjBIAS_AFFINE
    model.actuator_ctrllimited[:] = 0
    model.actuator_forcelimited[:] = 1
    model.actuator_forcerange[:] = -LIMIT, LIMIT


def _servo(name: str) -> tuple[float, float]:
    """Stiffness in N m/rad and damping of the motor called `name`."""
    if "shoulder" in name or "elbow" in name:
        return 15.0, 0.5
    return {"hip_y": 200.0, "knee": 150.0}.get(name.partition("_")[2], 100.0), 4.0


def _mirror(names: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """For every motor the one that does its work on the other side, and with which sign."""
    sides = {"right": "left", "left": "right"}
    mirrored, signs = [], []
    for name in names:
        side, _, joint = name.partition("_")
        mirrored.append(names.index(f"{sides[side]}_{joint}") if side in sides else len(mirrored))
        turned = joint in {"x", "z", "shoulder1", "shoulder2"}
        signs.append(-1.0 if turned else 1.0)
    return np.array(mirrored), np.array(signs)


def _between(times) -> np.ndarray:
    """Weights of the poses at times between 0 and POSES - 1."""
    times = np.clip(times, 0, POSES - 1)
    return np.maximum(0.0, 1.0 - np.abs(np.subtract.outer(times, np.arange(POSES))))


def _seen(model: mujoco.MjModel, states: np.ndarray, sensed: np.ndarray) -> Seen:
    def sense(name):
        start = model.sensor(name).adr[0]
        return sensed[:, SUBSTEPS - 1 :: SUBSTEPS, start : start + 3]

    return Seen(
        places={name: sense(name) for name in GEOMS},
        axes={
            name: np.stack([sense(f"{name} {axis}") for axis in "xyz"], axis=-1) for name in BODIES
        },
        mass=sense("COM"),
        velocity=sense("LINVEL"),
        qpos=states[..., 1 : 1 + model.nq],
        qvel=states[..., 1 + model.nq : 1 + model.nq + model.nv],
    )
