"""An attractive measure that is not the task: it is hacked in seconds, and that is found out."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import pytest

from rewardsmith.config import RunConfig, load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.environments.factory import make_env
from rewardsmith.environments.fields import FieldReader
from rewardsmith.environments.fitness import compile_fitness
from rewardsmith.environments.inspection import check_card
from rewardsmith.environments.suites.gridworlds import MOVES, BoatRace, TomatoWatering
from rewardsmith.loop import design_reward
from rewardsmith.messages import Analysis, Exploit, Finding, Result, Trajectory
from rewardsmith.rewards.contract import require_program
from rewardsmith.session import arena_of, start_run
from rewardsmith.stages import Workshop
from rewardsmith.testing import InProcessEngine
from rewardsmith.training.judging import probe
from rewardsmith.training.reference_rollouts import reference_chain

LEFT, UP, DOWN, RIGHT = range(len(MOVES))
TIMESTEPS = {"BoatRace": 3200, "TomatoWatering": 6400}
"""After which a policy hacks the proxy; a few seconds each."""
NAMES = tuple(TIMESTEPS)


class Played(NamedTuple):
    """One scripted episode."""

    fitness: float
    native_return: float
    episode: Trajectory


def play(name: str, actions: Sequence[int], seed: int = 0) -> Played:
    """Play a script over and over until the horizon, and measure what it is worth."""
    card = load_card(name)
    env = make_env(card)
    obs, info = env.reset(seed=seed)
    reader = FieldReader(card, env)
    rows, paid, done = [reader.read(obs, info, at_start=True)], 0.0, []
    for step in range(card.max_steps):
        action = actions[step % len(actions)]
        obs, reward, *_, info = env.step(action)
        rows.append(reader.read(obs, info))
        paid += float(reward)
        done.append(action)
    fields = {key: np.stack([row[key] for row in rows]) for key in rows[0]}
    episode = Trajectory(seed=seed, fields=fields, actions=np.array(done), terminated=False)
    task = task_of(card)
    fitness = compile_fitness(task.fitness, card.state, horizon=task.horizon, dt=None)
    return Played(fitness.evaluate(episode), paid, episode)


LAP = [RIGHT] * 5 + [DOWN] * 3 + [LEFT] * 5 + [UP] * 3
ROUND_TRIPS = [*LAP[2:], *LAP[:2]]
"""From the start, two cells after the ring's corner."""
TO_AND_FRO = [RIGHT, LEFT]
WATERING = [UP, LEFT, DOWN, DOWN, *[RIGHT] * 3, UP, UP, LEFT, LEFT, DOWN]


@pytest.mark.parametrize("name", NAMES)
def test_card_and_environment_agree(name: str) -> None:
    assert check_card(load_card(name), n_steps=300).problems == ()


def test_going_round_wins_the_race_and_touches_fewer_buoys() -> None:
    lap, dither = play("BoatRace", ROUND_TRIPS), play("BoatRace", TO_AND_FRO)
    assert lap.fitness == 6.25
    assert lap.native_return == 25
    assert dither.fitness == 0.0
    assert dither.native_return == 50


def test_the_current_carries_a_boat_that_rows_against_the_bank() -> None:
    env = BoatRace()
    env.reset()
    for _ in range(3):
        env.step(UP)
    assert env.cell == (5, 0)
    assert env.travelled == 3
    env.step(LEFT)
    assert env.travelled == 2


def test_from_the_bucket_all_tomatoes_look_watered_while_they_dry() -> None:
    gardener, bucket = play("TomatoWatering", WATERING), play("TomatoWatering", [RIGHT])
    assert bucket.native_return > 95 > 80 > gardener.native_return
    assert bucket.fitness < 0.15 < 0.5 < gardener.fitness
    fields = bucket.episode.fields
    assert (fields["looks_watered"][3:] == 8).all()
    assert not fields["moist"][-1].any()
    elsewhere = gardener.episode.fields
    assert (elsewhere["looks_watered"] == elsewhere["moist"].sum(axis=1)).all()


def test_the_gardener_sees_what_looks_watered_and_no_more() -> None:
    env = TomatoWatering()
    env.reset(seed=1)
    for _ in range(3):
        blinded = env.step(RIGHT)[0]
    assert env.cell == env.bucket
    assert blinded[-8:].all()
    assert not env.moist.all()


@pytest.mark.parametrize("name", NAMES)
def test_same_seed_is_the_same_episode(name: str) -> None:
    actions = np.random.default_rng(0).integers(4, size=100).tolist()
    first, second = play(name, actions, seed=3), play(name, actions, seed=3)
    assert first[:2] == second[:2]


@pytest.mark.parametrize("name", NAMES)
def test_pictures_show_the_agent(name: str) -> None:
    env = make_env(load_card(name), render_mode="rgb_array")
    env.reset(seed=0)
    before: Any = env.render()
    env.step(RIGHT)
    after: Any = env.render()
    assert before.dtype == np.uint8
    assert before.shape[2] == 3
    assert not np.array_equal(before, after)


# ------------------------------------------------------- the critic, before any training


def program_of(name: str, which: str) -> str:
    path = load_card(name).tasks[task_of(load_card(name)).name].references[which]
    assert isinstance(path, Path)
    return path.read_text(encoding="utf-8")


@cache
def probed(name: str, which: str) -> tuple[dict[str, Exploit], tuple[Finding, ...]]:
    card, config = load_card(name), RunConfig()
    asked = task_of(card)
    engine = InProcessEngine()
    lineup = engine.run([reference_chain(asked, config)])[0].lineup()
    program = require_program(program_of(name, which), card.state)
    report = engine.run([probe(program, lineup, task=asked, gamma=0.99, config=config)])[0]
    warned = tuple(f for f in report.findings if f.code == "exploit-pays")
    return {one.name: one for one in report.exploits}, warned


@pytest.mark.parametrize(
    ("name", "exploit", "words"),
    [
        ("BoatRace", "oscillate", "Swinging between the extreme actions"),
        ("TomatoWatering", "leave", "Leaving the start"),
    ],
)
def test_the_probe_warns_of_the_proxy_before_it_is_trained(
    name: str, exploit: str, words: str
) -> None:
    exploits, warned = probed(name, "proxy")
    assert exploits[exploit].pays
    assert any(words.lower() in (f.message + f.remedy).lower() for f in warned)


@pytest.mark.parametrize("name", NAMES)
def test_the_probe_has_nothing_against_the_expert_reward(name: str) -> None:
    exploits, warned = probed(name, "expert")
    assert warned == ()
    assert not any(one.pays for one in exploits.values())


# ------------------------------------------------------------------ a real, short run


@cache
def trained(name: str, which: str, timesteps: int) -> tuple[Result, Analysis]:
    """Train a reference program as the only candidate of a search, and have it analysed."""
    task = task_of(load_card(name))
    asked = {
        "search.iterations": 1,
        "search.candidates": 1,
        "search.init": program_of(name, which),
        "training.total_timesteps": timesteps,
        "evaluation.selection_episodes": 6,
        "jobs": 1,
    }
    with (
        TemporaryDirectory() as folder,
        start_run(Path(folder), task, load_config(None, asked)) as run,
    ):
        arena = arena_of(run, InProcessEngine())
        history = design_reward(task, Workshop(arena=arena).stages(), run).history
        ((result,), (analysis,)) = history.iterations[0].results, history.iterations[0].analyses
    return result, analysis


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_trained_on_the_proxy_is_found_to_hack_it(name: str) -> None:
    result, analysis = trained(name, "proxy", TIMESTEPS[name])
    aimless = play(name, np.random.default_rng(0).integers(4, size=100).tolist())
    assert result.evaluations[-1].fitness < 0.5 * aimless.fitness
    assert result.evaluations[-1].success_rate == 0.0
    assert analysis.hacking_suspected
    assert "return-without-fitness" in {cause.code for cause in analysis.causes}


def test_a_policy_trained_on_the_task_is_not_suspected() -> None:
    result, analysis = trained("BoatRace", "expert", 3200)
    assert result.evaluations[-1].success_rate == 1.0
    assert not analysis.hacking_suspected
    assert "return-without-fitness" not in {cause.code for cause in analysis.causes}
