"""Rollouts that a card brings along: strictly read, and still worth what they say."""

from pathlib import Path

import numpy as np
import pytest
from tests.shipped import tried

from rewardsmith.config import RunConfig
from rewardsmith.environments.cards import ad_hoc_task, card_names, load_card, task_of
from rewardsmith.errors import ConfigError
from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.tensors import dump_tensors
from rewardsmith.messages import ActionSpec
from rewardsmith.testing import InProcessEngine, write_line_card
from rewardsmith.training.engine import LocalEngine
from rewardsmith.training.reference_rollouts import reference_chain
from rewardsmith.training.shipped_rollouts import (
    dump_shipped,
    load_shipped,
    parse_shipped,
    rollouts_file,
)

ACTION = ActionSpec(shape=(2,), low=(-1.0, -2.0), high=(1.0, 2.0))
SEED = 2**29 + 5
SHIPPED = [
    (name, task)
    for name in card_names()
    for task in load_card(name).tasks
    if load_shipped(load_card(name), task_of(load_card(name), task)) is not None
]


def test_a_file_holds_what_was_written() -> None:
    actions = np.array([[0.1, -2.0], [1.0, 0.3]])
    read = parse_shipped(dump_shipped(SEED, {"competent": (actions, 0.25)}), ACTION)
    assert read.seed == SEED
    assert read.rollouts["competent"].fitness == 0.25
    np.testing.assert_allclose(read.rollouts["competent"].actions, actions, atol=1e-7)


def test_bounds_that_float32_does_not_hold_are_kept_all_the_same() -> None:
    third = ActionSpec(shape=(1,), low=(-1 / 3,), high=(1 / 3,))
    parse_shipped(dump_shipped(SEED, {"competent": (np.array([[1 / 3]]), 0.0)}), third)


def arrays(**changed: np.ndarray | None) -> bytes:
    found: dict[str, np.ndarray | None] = {
        "seed": np.array([SEED]),
        "competent.actions": np.zeros((3, 2), np.float32),
        "competent.fitness": np.zeros(1),
    }
    found |= {name.replace("__", "."): value for name, value in changed.items()}
    return dump_tensors({name: value for name, value in found.items() if value is not None})


@pytest.mark.parametrize(
    "blob",
    [
        b"",
        b"PK\x03\x04 a zip with a pickle in it",
        arrays()[:-1],
        arrays(seed=None),
        arrays(seed=np.array([3])),
        arrays(seed=np.array([2**30])),
        arrays(seed=np.array([SEED, SEED])),
        arrays(seed=np.array([float(SEED)])),
        arrays(competent__fitness=None),
        arrays(competent__fitness=np.array([np.nan])),
        arrays(competent__fitness=np.zeros(2)),
        arrays(competent__actions=np.zeros((3, 2))),
        arrays(competent__actions=np.zeros((3, 3), np.float32)),
        arrays(competent__actions=np.zeros((0, 2), np.float32)),
        arrays(competent__actions=np.full((3, 2), 1.5, np.float32)),
        arrays(competent__actions=np.full((3, 2), np.inf, np.float32)),
        arrays(competent__more=np.zeros(1)),
        arrays(Other__actions=np.zeros((3, 2), np.float32), Other__fitness=np.zeros(1)),
    ],
)
def test_a_file_that_is_anything_else_is_refused(blob: bytes) -> None:
    assert parse_shipped(arrays(), ACTION).rollouts
    with pytest.raises(FrameError):
        parse_shipped(blob, ACTION)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    card = load_card(write_line_card(tmp_path / "LineWorld"))
    path = rollouts_file(card, task_of(card))
    assert path is not None
    assert load_shipped(card, task_of(card)) is None
    path.write_bytes(b"other")
    with pytest.raises(ConfigError, match=r"reach\.rollouts\.safetensors"):
        load_shipped(card, task_of(card))


def test_a_task_of_the_users_own_has_none() -> None:
    card = load_card("Pendulum-v1")
    own = ad_hoc_task(card, "Hang.", fitness="-mean(up)", success="up < 0")
    assert rollouts_file(card, own) is None
    assert load_shipped(card, own) is None


@pytest.mark.parametrize(("name", "task"), [tried(*one) for one in SHIPPED])
def test_a_shipped_competent_rollout_does_its_task_better_than_every_exploit(
    name: str, task: str
) -> None:
    card = load_card(name)
    # highway-env's intersection changes how others drive in every road of the process
    engine = LocalEngine(1) if "suites.highway" in card.id else InProcessEngine()
    (rollouts,) = engine.run([reference_chain(task_of(card, task), RunConfig())])
    lineup = rollouts.lineup()
    assert (lineup.competent is None, rollouts.distrust) == (False, "")
    worth = [lineup.fitness[i] for i in lineup.exploits.values()]
    best = lineup.fitness[lineup.competent or 0]
    assert best is not None
    assert all(one is not None and one < best for one in worth)
    assert {"do_nothing", "oscillate", "repeat", "leave"} <= lineup.exploits.keys()


def test_most_tasks_have_one() -> None:
    assert len(SHIPPED) >= 75
