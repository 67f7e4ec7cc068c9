"""Cards of Gymnasium's own environments say what the package says, and cannot be fooled."""

import runpy
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import UsageError
from rewardsmith.messages import Trajectory

CLASSIC = ("CartPole-v1", "Acrobot-v1", "MountainCar-v0")
MUJOCO = (
    "Ant-v5",
    "Walker2d-v5",
    "Humanoid-v5",
    "HumanoidStandup-v5",
    "Pusher-v5",
    "Swimmer-v5",
    "InvertedPendulum-v5",
    "InvertedDoublePendulum-v5",
)
BOX2D = ("LunarLander-v3", "BipedalWalker-v3")
FREE = ("Hopper-v5-free", "Ant-v5-free")
Policy = Callable[[int, np.ndarray, Any], Any]
"""(timestep, observation, unwrapped environment) to the action."""

_SCRIPTED = runpy.run_path(
    str(Path(__file__).parents[3] / "benchmarks" / "scripted_gymnasium.py"), run_name="script"
)
play: Callable[..., Trajectory] = _SCRIPTED["play"]
wave: Callable[..., Policy] = _SCRIPTED["wave"]
POLICIES: dict[tuple[str, str], Callable[[], Policy]] = _SCRIPTED["POLICIES"]


@cache
def card_of(name: str) -> EnvCard:
    return load_card(name)


@cache
def scripted(name: str, task: str) -> Trajectory:
    """The episode of the task's scripted policy."""
    seed = 3 if task == "lie_down" else 0
    return play(card_of(name), POLICIES[name, task](), seed=seed)


@cache
def idle(name: str) -> Trajectory:
    """The episode of a policy that does nothing."""
    return play(card_of(name), still(card_of(name)))


def fitness_of(card: EnvCard, task: str, episode: Trajectory) -> float:
    return float(_SCRIPTED["judged"](card, task_of(card, task), episode)[0])


def succeeds(card: EnvCard, task: str, episode: Trajectory) -> bool:
    return bool(_SCRIPTED["judged"](card, task_of(card, task), episode)[1])


def still(card: EnvCard) -> Policy:
    """No torques; where there are only choices, always the first one."""
    action = card.state.action
    nothing = 0 if action.kind == "discrete" else np.zeros(action.shape, dtype=np.float32)
    return lambda t, observation, env: nothing


def random(card: EnvCard, seed: int = 0) -> Policy:
    space = make_env(card).action_space
    space.seed(seed)
    return lambda t, observation, env: space.sample()


@pytest.mark.parametrize("name", [*CLASSIC, *MUJOCO, *BOX2D])
def test_card_keeps_the_packages_horizon(name: str) -> None:
    assert card_of(name).max_steps == gymnasium.spec(name).max_episode_steps


@pytest.mark.parametrize("name", [*MUJOCO, *FREE, "Hopper-v5", "HalfCheetah-v5"])
def test_cards_timestep_is_the_simulators(name: str) -> None:
    raw: Any = make_env(card_of(name)).unwrapped
    assert card_of(name).dt == pytest.approx(raw.dt)


@pytest.mark.parametrize("name", [*CLASSIC, *MUJOCO, *BOX2D, *FREE])
def test_same_seed_gives_the_same_fields(name: str) -> None:
    card = card_of(name)
    space = make_env(card).action_space
    space.seed(1)
    actions = [space.sample() for _ in range(20)]
    seen = []
    for seed in (7, 7, 8):
        vector = StateVectorEnv(card, 1)
        fields = [vector.reset(seed).fields]
        fields += [vector.step(np.asarray(action)[None]).fields for action in actions]
        seen.append(np.concatenate([np.ravel(v) for row in fields for v in row.values()]))
        vector.close()
    assert np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


@pytest.mark.parametrize("name", [*CLASSIC, *BOX2D, *FREE, "InvertedPendulum-v5", "Ant-v5"])
def test_chance_and_standing_still_do_no_task(name: str) -> None:
    card = card_of(name)
    episodes = [play(card, random(card)), idle(name)]
    for task in card.tasks:
        assert not any(succeeds(card, task, episode) for episode in episodes)


@pytest.mark.parametrize(("name", "task"), POLICIES)
def test_scripted_policy_does_the_task(name: str, task: str) -> None:
    card, episode = card_of(name), scripted(name, task)
    assert succeeds(card, task, episode)
    assert fitness_of(card, task, episode) > fitness_of(card, task, idle(name))


def test_balancing_in_the_centre_is_not_balancing_on_the_right() -> None:
    card = card_of("CartPole-v1")
    assert not succeeds(card, "balance_on_the_right", scripted("CartPole-v1", "balance"))


def test_links_that_are_pumped_swing_above_the_line() -> None:
    card = card_of("Acrobot-v1")
    pumped = play(card, lambda t, x, env: 2 if x[4] > 0 else 0)
    assert fitness_of(card, "swing_up", pumped) > fitness_of(
        card, "swing_up", play(card, lambda t, x, env: 1)
    )
    last = {name: values[-1] for name, values in pumped.fields.items()}
    upper = np.arctan2(last["upper_sine"], last["upper_cosine"])
    lower = np.arctan2(last["lower_sine"], last["lower_cosine"])
    assert last["tip_height"] == pytest.approx(-np.cos(upper) - np.cos(upper + lower))


def test_tip_of_the_double_pendulum_is_where_its_site_is() -> None:
    import mujoco

    card = card_of("InvertedDoublePendulum-v5")
    vector = StateVectorEnv(card, 1)
    vector.reset(0)
    raw: Any = vector.envs[0].unwrapped
    for force in (0.4, -0.8, 0.1):
        fields = vector.step(np.array([[force]], dtype=np.float32)).fields
        mujoco.mj_forward(raw.model, raw.data)
        assert fields["tip_height"][0] == pytest.approx(raw.data.site("tip").xpos[2], abs=1e-6)
    vector.close()


def test_lander_that_crashes_hovers_or_leaves_has_not_landed() -> None:
    card = card_of("LunarLander-v3")
    crash, flown_away = (play(card, lambda t, x, env, a=a: a) for a in (0, 2))
    assert crash.fields["hull_contact"][-1]
    assert flown_away.terminated
    assert not flown_away.fields["hull_contact"][-1]
    hovering = replace(crash, terminated=False, fields=hovered(crash))
    for episode in (crash, flown_away, hovering):
        assert not succeeds(card, "land", episode)


def hovered(episode: Trajectory) -> dict[str, np.ndarray]:
    """Fields of a lander that stays just above the pad until the time is over."""
    return {name: np.zeros_like(values) for name, values in episode.fields.items()}


def test_lander_at_rest_may_feel_none_of_its_legs() -> None:
    """A leg on two pieces of ground forgets its contact when it leaves one of them."""
    card = card_of("LunarLander-v3")
    flight = scripted("LunarLander-v3", "land")
    last = {name: values[-1] for name, values in flight.fields.items()}
    assert flight.terminated
    assert abs(last["height"]) < 0.01
    assert not last["hull_contact"]
    assert not (last["left_leg_contact"] and last["right_leg_contact"])
    assert succeeds(card, "land", flight)


def test_walker_counts_its_way_from_the_tracks_left_end() -> None:
    from gymnasium.envs.box2d.bipedal_walker import BipedalWalkerHeuristics

    card = card_of("BipedalWalker-v3")
    hasty: Any = BipedalWalkerHeuristics()
    hasty.SPEED = 0.4  # its author: will fall forward on higher speed than 0.29
    dive = play(card, lambda t, x, env: hasty.step_heuristic(x).astype(np.float32))
    assert dive.fields["x_position"][0] == pytest.approx(14 / 3, abs=0.1)
    assert dive.terminated
    assert fitness_of(card, "walk_forward", dive) < 20
    assert not succeeds(card, "walk_forward", dive)


def test_leg_that_trembles_or_swings_slowly_does_not_wave() -> None:
    card = card_of("Ant-v5")
    for swing, period in ((0.05, 4), (0.45, 300)):
        assert not succeeds(card, "wave_leg", play(card, wave(swing, period)))


def test_spinning_is_not_waving_and_turning_right_is_not_spinning() -> None:
    card = card_of("Ant-v5")
    left = scripted("Ant-v5", "spin")
    assert fitness_of(card, "spin", left) > 5
    assert not succeeds(card, "wave_leg", left)
    w, x, y, z = left.fields["orientation"].T
    turned = {"orientation": np.stack([w, x, y, -z], axis=1), "heading": -left.fields["heading"]}
    right = replace(left, fields={**left.fields, **turned})
    assert not succeeds(card, "spin", right)
    assert fitness_of(card, "spin", right) < 0


def test_speed_that_is_right_only_on_average_is_no_steady_speed() -> None:
    card = card_of("HalfCheetah-v5")
    n = card.max_steps
    for speeds, expected in ((np.full(n, 2.0), True), (np.tile([0.0, 4.0], n // 2), False)):
        assert succeeds(card, "run_at_speed", moving(card, speeds)) is expected


def nothing_moves(card: EnvCard, n_steps: int) -> dict[str, np.ndarray]:
    return {
        s.name: np.zeros((n_steps + 1, *s.shape), dtype=bool if s.kind == "bool" else float)
        for s in card.state.fields
    }


def moving(card: EnvCard, speeds: np.ndarray) -> Trajectory:
    """An episode of a body that moves along the track so, everything else at 0."""
    n = len(speeds)
    fields = nothing_moves(card, n)
    fields["forward_velocity"][1:] = speeds
    assert card.dt is not None
    fields["x_position"][1:] = np.cumsum(speeds) * card.dt
    actions = np.zeros((n, *card.state.action.shape))
    return Trajectory(seed=0, fields=fields, actions=actions, terminated=False)


def turning(pitch: np.ndarray, *, lies: np.ndarray, stands: np.ndarray) -> Trajectory:
    """A hopper's episode with this pitch; standing means foot on the ground, torso up."""
    card = card_of("Hopper-v5-free")
    fields = nothing_moves(card, len(pitch) - 1)
    fields["torso_pitch"] = pitch
    fields["height"] = np.where(lies, 0.2, 1.25)
    fields["torso_on_ground"] = lies
    fields["on_ground"] = stands
    actions = np.zeros((len(pitch) - 1, *card.state.action.shape))
    return Trajectory(seed=0, fields=fields, actions=actions, terminated=False)


@pytest.mark.parametrize(("task", "sign"), [("front_flip", 1.0), ("back_flip", -1.0)])
def test_flip_is_a_whole_turn_in_the_air_and_then_standing(task: str, sign: float) -> None:
    card = card_of("Hopper-v5-free")
    t = np.arange(card.max_steps + 1)
    never, always = np.zeros(len(t), dtype=bool), np.ones(len(t), dtype=bool)
    whole = sign * 2 * np.pi * np.clip((t - 50) / 80, 0, 1)
    landed = turning(whole, lies=never, stands=(t < 50) | (t >= 130))
    assert succeeds(card, task, landed)
    for faked in (
        turning(whole / 4, lies=t > 60, stands=t < 50),  # falls over
        turning(whole, lies=(t > 70) & (t < 110), stands=t >= 130),  # rolls over the ground
        turning(-whole, lies=never, stands=t >= 130),  # turns the other way
        turning(whole, lies=t > 131, stands=(t < 50) | (t > 130)),  # turns, lands on its face
        turning(whole * 0.8, lies=never, stands=always),  # four fifths of a turn
        turning(whole, lies=never, stands=never),  # never comes down
    ):
        assert not succeeds(card, task, faked)
        assert fitness_of(card, task, landed) >= fitness_of(card, task, faked)


def test_hopper_may_fall_without_ending_its_episode_only_in_the_free_card() -> None:
    for name, terminated in (("Hopper-v5", True), ("Hopper-v5-free", False)):
        card = card_of(name)
        fallen = play(card, lambda t, x, env: np.array([1, -1, 1], dtype=np.float32))
        assert fallen.terminated is terminated
        assert tuple(card.tasks) == (
            ("hop_forward", "hop_in_place") if terminated else ("front_flip", "back_flip")
        )


def test_pitch_of_the_free_hopper_is_counted_on_over_whole_turns() -> None:
    card = card_of("Hopper-v5-free")
    vector = StateVectorEnv(card, 1)
    vector.reset(0)
    raw: Any = vector.envs[0].unwrapped
    raw.data.qpos[2] = 7.0
    fields = vector.step(np.zeros((1, 3), dtype=np.float32)).fields
    assert fields["torso_pitch"][0] == pytest.approx(raw.data.qpos[2])
    assert fields["torso_pitch"][0] > 6.28
    vector.close()


def test_ants_feet_are_named_by_where_they_are() -> None:
    raw: Any = make_env(card_of("Ant-v5")).unwrapped
    raw.reset(seed=0)
    places = {
        "front_left": ("left_ankle_geom", (1, 1)),
        "back_left": ("right_ankle_geom", (-1, 1)),
        "back_right": ("third_ankle_geom", (-1, -1)),
        "front_right": ("fourth_ankle_geom", (1, -1)),
    }
    for foot, (geom, place) in places.items():
        source = card_of("Ant-v5").state.field(f"{foot}_foot_on_ground").source
        assert source == f"contact({geom}, floor)"
        offset = raw.data.geom(geom).xpos - raw.data.body("torso").xpos
        assert tuple(np.sign(offset[:2])) == place


def test_package_that_is_missing_names_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("gymnasium.envs.box2d", "gymnasium.envs.box2d.lunar_lander"):
        monkeypatch.delitem(sys.modules, module, raising=False)
    monkeypatch.setitem(sys.modules, "Box2D", None)
    with pytest.raises(UsageError, match="box2d"):
        make_env(card_of("LunarLander-v3"))
