"""MetaWorld obeys its seed, shows its goal, and is judged as the package judges; its traps."""

import sys
from typing import Any

import numpy as np
import pytest
from tests.shipped import tried

from rewardsmith.environments.cards import card_names, load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fitness import compile_success
from rewardsmith.environments.suites.metaworld import make_task, scripted_policy
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import UsageError

STRICTER = frozenset({"MetaWorld-drawer-close-v3"})
"""Where chance meets what the package counts."""
PRESSED_PAST = frozenset({"MetaWorld-handle-press-v3", "MetaWorld-handle-press-side-v3"})
"""Where the package no longer counts a handle that is pressed more than 2 cm past its target."""
CARDS = [name for name in card_names() if name.startswith("MetaWorld-")]
STILL = np.zeros(4, dtype=np.float32)


def package_task(name: str, seed: int) -> Any:
    """A task as the package itself makes it, drawing anew at every reset."""
    from metaworld.env_dict import ALL_V3_ENVIRONMENTS

    env = ALL_V3_ENVIRONMENTS[name]()
    env._set_task_called, env._freeze_rand_vec, env.seeded_rand_vec = True, False, True
    env.seed(seed)
    return env


def test_every_task_of_the_wish_has_a_card() -> None:
    tasks = """drawer-open drawer-close window-open window-close button-press sweep-into door-unlock
    door-close handle-press handle-press-side reach push pick-place"""
    assert {f"MetaWorld-{task}-v3" for task in tasks.split()} <= set(CARDS)


@pytest.mark.parametrize("task", ["reach-v3", "door-close-v3", "sweep-into-v3"])
def test_the_same_seed_is_the_same_episode_whatever_came_before(task: str) -> None:
    env, other = make_task(task=task), make_task(task=task)
    env.reset(seed=1)
    for _ in range(5):
        env.step(env.action_space.high)
    first, again = env.reset(seed=7)[0], other.reset(seed=7)[0]
    assert np.array_equal(first, again)
    for _ in range(20):
        action = np.array([0.5, 1.0, -0.5, 1.0], dtype=np.float32)
        (a, r, *_), (b, s, *_) = env.step(action), other.step(action)
        assert np.array_equal(a, b)
        assert r == s
    assert not np.array_equal(first, env.reset(seed=8)[0])


def test_resets_without_a_seed_go_on_drawing() -> None:
    env = make_task(task="reach-v3")
    goals = [env.reset(seed=3)[0][36:]] + [env.reset()[0][36:] for _ in range(2)]
    assert len({tuple(goal) for goal in goals}) == 3


def test_the_package_itself_ignores_its_seed() -> None:
    env = package_task("reach-v3", seed=0)
    goals = []
    for _ in range(2):
        env.reset(seed=5)
        goals.append(env._target_pos.copy())
    assert not np.array_equal(*goals)


def test_the_package_hides_its_goal_and_declares_a_box_without_it() -> None:
    env = package_task("reach-v3", seed=0)
    assert not env.reset()[0][36:].any()
    assert not env.observation_space.high[36:].any()
    assert env._target_pos.any()


@pytest.mark.parametrize("name", [tried(name) for name in CARDS])
def test_the_goal_is_observed_where_it_is(name: str) -> None:
    env: Any = make_env(load_card(name))
    for seed in range(3):
        obs, _ = env.reset(seed=seed)
        assert np.array_equal(obs[36:], env.unwrapped._target_pos)
        assert np.array_equal(env.step(STILL)[0][36:], env.unwrapped._target_pos)
    assert env.observation_space.contains(obs)


@pytest.mark.parametrize("name", ["drawer-open-v3", "window-open-v3", "window-close-v3"])
def test_an_episode_starts_with_what_is_there(name: str) -> None:
    """The package's first observation is of where the object stood before this reset."""
    env, package = make_task(task=name), package_task(name, seed=0)
    start = env.reset(seed=0)[0][4:7]
    assert np.abs(env.step(STILL)[0][4:7] - start).max() < 1e-3
    package_start = package.reset()[0][4:7]
    assert np.abs(package.step(STILL)[0][4:7] - package_start).max() > 0.05


@pytest.mark.parametrize("name", [tried(name) for name in CARDS])
def test_success_is_the_packages_own_and_its_script_reaches_it(name: str) -> None:
    card = load_card(name)
    task = task_of(card)
    is_stricter, is_wider = name in STRICTER, name in PRESSED_PAST
    criterion = compile_success(
        task.success,
        card.state,
        semantics=task.semantics,
        held_steps=task.held_steps,
        horizon=task.horizon,
        dt=card.dt,
    )
    assert task.semantics == ("held" if is_stricter else "ever")
    assert criterion.condition is not None
    vector = StateVectorEnv(card, 1, names=criterion.fields)
    act, obs = scripted_policy(str(card.kwargs["task"])), vector.reset(0).obs
    ever, ever_there = False, False
    for _ in range(110):
        step = vector.step(act(obs[0])[None])
        inputs = {f"state.{n}": step.fields[n] for n in criterion.fields}
        holds = bool(criterion.condition.evaluate(np, inputs)[0])
        there = bool(vector._infos[0]["success"])
        assert holds == there or (is_stricter and not holds) or (is_wider and holds)
        ever, ever_there, obs = ever or holds, ever_there or there, step.obs
    assert ever
    assert ever_there


def test_fields_keep_their_values_while_the_simulator_goes_on() -> None:
    vector = StateVectorEnv(load_card("MetaWorld-drawer-open-v3"), 1)
    fields = vector.reset(0).fields
    before = {name: values.copy() for name, values in fields.items()}
    for _ in range(5):
        vector.step(np.ones((1, 4), dtype=np.float32))
    assert all(np.array_equal(fields[name], before[name]) for name in fields)


def test_the_packages_reward_reads_live_views_of_the_simulator() -> None:
    raw: Any = make_task(task="pick-place-v3").unwrapped
    assert np.shares_memory(raw.init_left_pad, raw.data.body("leftpad").xpos)


def test_fingertips_are_where_the_package_has_them_to_2_centimetres() -> None:
    vector = StateVectorEnv(load_card("MetaWorld-reach-v3"), 1)
    vector.reset(0)
    raw: Any = vector.envs[0].unwrapped
    for k in range(40):
        fields = vector.step(np.array([[np.sin(k), 1.0, -0.5, 1.0]], np.float32)).fields
        assert np.linalg.norm(fields["fingertips"][0] - raw.tcp_center) < 0.02
        assert abs(fields["distance"][0] - np.linalg.norm(raw.tcp_center - raw._target_pos)) < 1e-9


def test_an_unknown_task_is_said_with_what_comes_near() -> None:
    with pytest.raises(UsageError, match="Did you mean 'drawer-open-v3'"):
        make_task(task="drawer-opn-v3")
    with pytest.raises(UsageError, match="Did you mean 'drawer-open-v3'"):
        scripted_policy("drawer-opn-v3")


def test_the_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "metaworld.env_dict", None)
    with pytest.raises(UsageError, match=r'pip install "rewardsmith\[metaworld\]"'):
        make_task(task="reach-v3")
