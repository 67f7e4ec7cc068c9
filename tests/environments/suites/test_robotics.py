"""Gymnasium-Robotics behind its cards: what is observed, what fields say, what success means."""

import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium
import mujoco
import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.derived import derived_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import FieldReader
from rewardsmith.environments.fitness import compile_success
from rewardsmith.environments.suites.packages import package
from rewardsmith.environments.suites.robotics import insist_on_simulator, make_robot
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import UsageError
from rewardsmith.evaluation.rollout import record

GOALS = (
    "FetchReach-v4",
    "FetchPush-v4",
    "FetchPickAndPlace-v4",
    "PointMaze_UMaze-v3",
    "AntMaze_UMaze-v5",
    "HandReach-v3",
)
MEMBERS = (*GOALS, "AdroitHandDoor-v1")
GENERIC = ("Fetch", "PointMaze", "AntMaze")


class Stepped:
    """An environment of a card after a few steps: its fields, and what the package says."""

    def __init__(self, name: str) -> None:
        self.card = load_card(name)
        self.env = make_env(self.card)
        self.raw: Any = self.env.unwrapped
        self._reader = FieldReader(self.card, self.env)
        self.fields: dict[str, np.ndarray] = {}
        self.reward = 0.0

    def play(self, seed: int) -> "Stepped":
        """Take three steps of a new episode."""
        obs, info = self.env.reset(seed=seed)
        self._reader.read(obs, info, at_start=True)
        rng = np.random.default_rng(0)
        for _ in range(3):
            action = rng.uniform(-1, 1, self.env.action_space.shape or ()).astype(np.float32)
            obs, reward, _, _, info = self.env.step(action)
        self.fields, self.reward = self._reader.read(obs, info), float(reward)
        return self


made = cache(Stepped)


def stepped(name: str) -> Stepped:
    return made(name).play(5)


def distance(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.linalg.norm(a - b))


@pytest.mark.parametrize("name", GOALS)
def test_goal_observation_becomes_one_vector_in_the_order_of_its_keys(name: str) -> None:
    flat, plain = made(name).env, made(name).raw
    seen, observed = plain.reset(seed=3)[0], flat.reset(seed=3)[0]
    expected = [seen["achieved_goal"], seen["desired_goal"], seen["observation"]]
    np.testing.assert_array_equal(observed, np.concatenate(expected))


@pytest.mark.parametrize("name", MEMBERS)
def test_horizon_is_the_packages(name: str) -> None:
    package("gymnasium_robotics", name)
    assert load_card(name).max_steps == gymnasium.registry[name].max_episode_steps


@pytest.mark.parametrize("name", ["FetchReach-v4", "FetchPush-v4", "FetchPickAndPlace-v4"])
def test_fetch_fields_are_the_simulators(name: str) -> None:
    now = stepped(name)
    data = now.raw.data
    assert distance(now.fields["gripper"], data.site("robot0:grip").xpos) < 1e-9
    assert now.fields["goal"].tolist() == now.raw.goal.tolist()
    if name != "FetchReach-v4":
        assert distance(now.fields["object"], data.site("object0").xpos) < 1e-9


def test_fetch_movement_is_the_velocity_over_a_timestep() -> None:
    now = stepped("FetchReach-v4")
    velocity = np.zeros(6)
    grip = now.raw.data.site("robot0:grip").id
    site = mujoco.mjtObj.mjOBJ_SITE
    mujoco.mj_objectVelocity(now.raw.model, now.raw.data, site, grip, velocity, 0)
    assert distance(now.fields["gripper_movement"], 0.04 * velocity[3:]) < 1e-6


def test_maze_fields_are_the_simulators() -> None:
    point, ant = stepped("PointMaze_UMaze-v3"), stepped("AntMaze_UMaze-v5")
    assert point.fields["position"].tolist() == point.raw.data.qpos.tolist()
    assert point.fields["velocity"].tolist() == point.raw.data.qvel.tolist()
    qpos, qvel = ant.raw.data.qpos, ant.raw.data.qvel
    for names, expected in (
        (("position", "height", "orientation", "joint_angles"), qpos),
        (("velocity", "angular_velocity", "joint_velocities"), qvel),
    ):
        told = np.concatenate([np.ravel(ant.fields[name]) for name in names])
        assert told.tolist() == expected.tolist()
    assert np.isclose(ant.fields["upright"], ant.raw.data.body("torso").xmat[8], atol=0.05)
    for maze in (point, ant):
        assert maze.fields["goal"].tolist() == maze.raw.goal.tolist()


def test_hand_fields_are_the_simulators() -> None:
    hand = stepped("HandReach-v3")
    tips = [hand.raw.data.site(f"robot0:S_{f}tip").xpos for f in ("ff", "mf", "rf", "lf", "th")]
    assert distance(hand.fields["fingertips"], np.concatenate(tips)) < 1e-9
    assert hand.fields["goal"].tolist() == hand.raw.goal.tolist()
    assert distance(hand.fields["joint_angles"], hand.raw.data.qpos[:24]) < 1e-9


def test_door_fields_are_the_simulators() -> None:
    door = stepped("AdroitHandDoor-v1")
    data = door.raw.data
    assert door.fields["door_angle"] == data.joint("door_hinge").qpos[0]
    assert door.fields["latch_angle"] == data.joint("latch").qpos[0]
    assert door.fields["palm"].tolist() == data.site("S_grasp").xpos.tolist()
    assert door.fields["handle"].tolist() == data.site("S_handle").xpos.tolist()


def test_native_rewards_are_the_dense_ones() -> None:
    for name, here in (("FetchReach-v4", "gripper"), ("FetchPush-v4", "object")):
        now = stepped(name)
        assert np.isclose(now.reward, -distance(now.fields[here], now.fields["goal"]))
    now = stepped("PointMaze_UMaze-v3")
    assert np.isclose(now.reward, np.exp(-distance(now.fields["position"], now.fields["goal"])))


def test_native_reward_of_the_door_pays_for_distance_as_its_card_says() -> None:
    door = stepped("AdroitHandDoor-v1")
    others = -0.1 * (door.fields["door_angle"] - 1.57) ** 2
    others -= 1e-5 * np.sum(door.raw.data.qvel**2)
    away = distance(door.fields["palm"], door.fields["handle"])
    assert np.isclose(door.reward, 0.1 * away + others)


@pytest.mark.parametrize("name", MEMBERS)
def test_same_seed_gives_the_same_episode_and_another_one_another(name: str) -> None:
    first, other, again = (made(name).play(seed).fields for seed in (5, 6, 5))
    assert all(np.array_equal(values, again[field]) for field, values in first.items())
    assert any(not np.array_equal(values, other[field]) for field, values in first.items())


def corridor(name: str, spots: list[tuple[float, float]]) -> list[float]:
    card = load_card(name)
    along = derived_of(card.state.field("along"), card.state)
    told = along.evaluate({"position": np.array(spots, dtype=float)})
    return [float(value) for value in told]


def test_way_along_the_u_grows_from_one_end_to_the_other() -> None:
    cells = [(-1, -1), (0, -1), (1, -1), (1, 0), (1, 1), (0, 1), (-1, 1)]
    assert corridor("PointMaze_UMaze-v3", list(cells)) == [-3, -2, -1, 0, 1, 2, 3]
    wide = [(4.0 * x, 4.0 * y) for x, y in cells]
    assert corridor("AntMaze_UMaze-v5", wide) == [-12, -8, -4, 0, 4, 8, 12]


def test_u_is_the_maze_that_its_cards_describe() -> None:
    for name in ("PointMaze_UMaze-v3", "AntMaze_UMaze-v5"):
        env: Any = make_env(load_card(name)).unwrapped
        walls = np.array(env.maze.maze_map) == 1
        assert (~walls).sum() == 7
        assert walls[2].tolist() == [True, True, True, False, True]


def reach(obs: np.ndarray) -> np.ndarray:
    """Straight to the goal, as the package's own inverse kinematics does it."""
    action = np.zeros((len(obs), 4), np.float32)
    action[:, :3] = np.clip(10.0 * (obs[:, 3:6] - obs[:, 0:3]), -1.0, 1.0)
    return action


def roll(obs: np.ndarray) -> np.ndarray:
    """Along the corridor of the U, by way of its corners."""
    spots = []
    for x, y, goal_x, goal_y in obs[:, :4]:
        is_in_arm, is_in_bend = abs(y) > 0.5 and x < 0.7, abs(goal_y - y) > 0.7
        if is_in_bend and is_in_arm:
            spots.append((1.0, np.sign(y)))
        elif is_in_bend:
            spots.append((1.0, np.clip(goal_y, -1.0, 1.0)))
        else:
            spots.append((goal_x, goal_y))
    force = 6.0 * (np.array(spots) - obs[:, 0:2]) - 1.5 * obs[:, 6:8]
    return np.asarray(np.clip(force, -1.0, 1.0), dtype=np.float32)


def successes(card: EnvCard, act: Any, n_envs: int) -> list[bool]:
    task = task_of(card)
    success = compile_success(
        task.success,
        card.state,
        semantics=task.semantics,
        held_steps=task.held_steps,
        horizon=task.horizon,
        dt=card.dt,
    )
    return [success.evaluate(t) for t in record(StateVectorEnv(card, n_envs), act, seed=0)]


def test_scripted_gripper_reaches_where_a_still_one_does_not() -> None:
    card = load_card("FetchReach-v4")
    assert successes(card, reach, 2) == [True] * 2
    assert not all(successes(card, lambda obs: 0.0 * reach(obs), 2))


def test_scripted_ball_rolls_through_the_u() -> None:
    assert successes(load_card("PointMaze_UMaze-v3"), roll, 5) == [True] * 5


def test_success_of_a_step_is_the_packages_verdict() -> None:
    card = load_card("FetchReach-v4")
    env = make_env(card)
    reader = FieldReader(card, env)
    obs, info = env.reset(seed=1)
    reader.read(obs, info, at_start=True)
    seen = set()
    for _ in range(15):
        obs, _, _, _, info = env.step(reach(obs[None])[0])
        fields = reader.read(obs, info)
        ours = distance(fields["gripper"], fields["goal"]) < 0.05
        assert ours == bool(info["is_success"])
        seen.add(ours)
    assert seen == {True, False}


def test_maze_leaves_no_file_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    make_robot(name="PointMaze_UMaze-v3").reset(seed=0)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["FetchReach-v4", "HandReach-v3", "FrankaKitchen-v1"])
@pytest.mark.parametrize("installed", ["3.12.0", "3.17.0", "4.0.0"])
def test_simulator_that_crashes_it_is_refused_with_the_remedy(name: str, installed: str) -> None:
    with pytest.raises(UsageError, match=rf"{name} crashes on mujoco {installed}") as caught:
        insist_on_simulator(name, installed)
    assert 'pip install "rewardsmith[robotics]"' in str(caught.value)


@pytest.mark.parametrize("name", ["AdroitHandDoor-v1", "AntMaze_UMaze-v5", "PointMaze_UMaze-v3"])
def test_members_that_run_on_a_new_simulator_are_not_refused(name: str) -> None:
    insist_on_simulator(name, "4.0.0")
    insist_on_simulator("FetchReach-v4", "3.11.0")


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "gymnasium_robotics", None)
    with pytest.raises(UsageError, match=r'pip install "rewardsmith\[robotics\]"'):
        make_robot(name="FetchReach-v4")


def test_unknown_member_is_said() -> None:
    with pytest.raises(UsageError, match="FetchReech-v4"):
        make_robot(name="FetchReech-v4")


@pytest.mark.parametrize("name", GENERIC)
def test_generic_card_has_no_task_and_takes_other_members(name: str, tmp_path: Path) -> None:
    assert not load_card(name).tasks
    member = {"Fetch": "FetchSlide-v4", "PointMaze": "PointMaze_Medium-v3"}.get(name)
    if member is None:
        return
    text = f"base: {name}\nkwargs: {{name: {member}}}\n"
    (tmp_path / "card.yaml").write_text(text, encoding="utf-8")
    card = load_card(str(tmp_path))
    vector = StateVectorEnv(card, 1)
    vector.reset(0)
    shape = card.state.action.shape
    assert np.isfinite(vector.step(np.zeros((1, *shape), np.float32)).fields["goal"]).all()
