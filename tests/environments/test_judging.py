"""What judges and no program may see: entries of `info`, and people's own functions."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rewardsmith.environments.cards import EnvCard, ad_hoc_task, load_card, parse_card, task_of
from rewardsmith.environments.fingerprint import fingerprint
from rewardsmith.environments.fitness import compile_fitness, compile_success
from rewardsmith.environments.judging import (
    above,
    anchored,
    judging_card,
    looks_beyond_fields,
    own_success,
    without_judged,
)
from rewardsmith.environments.sparse import SparseReward
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.evaluation.rollout import constant, record
from rewardsmith.messages import Trajectory
from rewardsmith.rewards.contract import read_program

HOME = Path(__file__).parent / "switchboard"
BOARD = load_card(str(HOME))
DIALS = load_card(str(HOME / "dials.yaml"))


def board_task(fitness: str, success: str = "step < 0") -> Any:
    return ad_hoc_task(BOARD, "Match.", fitness=fitness, success=success)


def played(*texts: str, value: float = 0.0, seed: int = 5) -> Trajectory:
    vector = StateVectorEnv(judging_card(BOARD, *texts), 1)
    return record(vector, constant(BOARD.state.action, value, 1), seed=seed)[0]


def fitness_of(text: str, episode: Trajectory, home: Path | None = HOME) -> float:
    measure = compile_fitness(text, BOARD.state, horizon=10, dt=None, home=home)
    return measure.evaluate(episode)


# ------------------------------------------------------------------------- info


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('info["is_success"]', 0.3),
        ("mean(info['is_success'])", 0.3),
        ('any(info["is_success"])', 1.0),
        ('last(info["is_success"])', 0.0),
        ('sum(info["is_success"] * lamps[0])', 3.0),
        ('first_time(info["is_success"])', 2.0),
    ],
)
def test_entry_of_info_is_one_more_quantity(text: str, value: float) -> None:
    verdicts = np.array([0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0], dtype=float)
    episode = Trajectory(
        seed=0,
        fields={
            "lamps": np.ones((11, 3)),
            "pattern": np.ones((11, 3)),
            "info.is_success": verdicts,
        },
        actions=np.zeros((10, 3), dtype=np.int64),
        terminated=False,
    )
    assert fitness_of(text, episode) == pytest.approx(value)


def test_entry_is_read_before_the_reset_that_ends_the_episode() -> None:
    text = 'info["is_success"]'
    episodes = [played(text, value=1.0, seed=seed) for seed in range(12)]
    for episode in episodes:
        right = bool(episode.fields["pattern"][0].all())
        assert episode.fields["info.is_success"].tolist() == [0.0] + [float(right)] * 10
    assert 0 < sum(fitness_of(text, e) for e in episodes) < 12


def test_success_may_be_the_environments_own_verdict() -> None:
    verdict = 'info["is_success"]'
    success = compile_success(
        verdict, BOARD.state, semantics="held", held_steps=10, horizon=10, dt=None
    )
    episodes = [played(verdict, seed=seed) for seed in range(30)]
    met = [success.evaluate(episode) for episode in episodes]
    assert met == [bool((e.fields["pattern"][0] == 0).all()) for e in episodes]
    assert success.fields == ("info.is_success",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('1 - info["is_success"]', "changes from step to step"),
        ('mean(info["is success"])', "column 6: only an entry at the top of info"),
        ('info["a.b"]', "column 1: only an entry at the top of info"),
        ('mean(info["a"]["b"])', "column 6: only an entry at the top of info"),
        ("mean(info.is_success)", "column 6: only an entry at the top of info"),
    ],
)
def test_what_is_no_entry_is_said(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        compile_fitness(text, BOARD.state, horizon=10, dt=None)


def test_success_that_asks_for_a_deeper_entry_is_refused_as_well() -> None:
    with pytest.raises(ConfigError, match="only an entry at the top of info can judge"):
        compile_success(
            'info["episode"]["r"] > 1',
            BOARD.state,
            semantics="ever",
            held_steps=1,
            horizon=10,
            dt=None,
        )


def test_key_that_is_not_there_is_said_with_those_that_are() -> None:
    vector = StateVectorEnv(judging_card(BOARD, 'info["nope"]'), 1)
    vector.reset(0)
    with pytest.raises(ConfigError, match=r"info\['nope'\].* holds is_success, matching"):
        vector.step(np.zeros((1, 3), dtype=np.int64))


def test_key_that_is_only_there_at_times_is_said() -> None:
    vector = StateVectorEnv(judging_card(BOARD, 'info["ending"]'), 1)
    vector.reset(0)
    with pytest.raises(ConfigError, match="it has to be there in every step"):
        vector.step(np.zeros((1, 3), dtype=np.int64))


def test_entry_of_several_numbers_is_refused() -> None:
    vector = StateVectorEnv(judging_card(BOARD, 'info["matching"]'), 1)
    vector.reset(0)
    with pytest.raises(ConfigError, match=r"has shape \(3,\), and only one number can judge"):
        vector.step(np.zeros((1, 3), dtype=np.int64))


# -------------------------------------------------------------- nobody else sees it


def test_no_field_may_be_the_verdict() -> None:
    text = (HOME / "card.yaml").read_text(encoding="utf-8")
    for source in ("info.is_success", "'info[\"is_success\"]'"):
        with pytest.raises(ConfigError):
            parse_card(text.replace('"obs[0:3]"', source), ref="card", folder=HOME)


def test_no_program_may_read_it() -> None:
    for expression in ("state.is_success", "info['is_success']", "state['info.is_success']"):
        text = (
            "CONTRACT = 1\nWEIGHTS = {'a': 1.0}\n\n"
            f"def reward(state, action, xp):\n    return {{'a': {expression} * 1.0}}\n"
        )
        reading = read_program(text, BOARD.state)
        assert reading.program is None


def test_recorded_episode_is_shown_without_it() -> None:
    episode = played('info["is_success"]')
    assert set(without_judged(episode).fields) == {"lamps", "pattern"}
    assert set(BOARD.state.fields) == {BOARD.state.field("lamps"), BOARD.state.field("pattern")}


# -------------------------------------------------------------------- functions


@pytest.mark.parametrize(
    "text",
    ["function: board_measures:matching", f"function: {HOME / 'board_measures.py'}:matching"],
)
def test_function_gets_an_episodes_fields_and_returns_its_worth(text: str) -> None:
    episode = played()
    expected = float((episode.fields["lamps"][1:] == episode.fields["pattern"][1:]).mean())
    assert fitness_of(text, episode) == expected
    assert fitness_of(f"{text} > 2.0", episode) == 0.0
    assert fitness_of(f"{text} >= -1e3", episode) == 1.0


def test_function_sees_starts_actions_and_the_end() -> None:
    assert fitness_of("function: board_measures:shapes", played()) == 1110.0 - 1000.0 + 1000.0
    ended = replace(played(), terminated=True)
    assert fitness_of("function: board_measures:shapes", ended) == 2110.0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("raises", r"raised KeyError: 'nowhere' \(board_measures.py, line \d+\)\. Correct it"),
        ("several", r"returned ndarray of shape \(11, 3\), not one number\. Return a float"),
        ("text", "returned str, not one number"),
        ("nowhere", "has no function 'nowhere'"),
    ],
)
def test_function_that_does_not_measure_is_said(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        fitness_of(f"function: board_measures:{name}", played())


def test_function_that_is_not_finite_is_returned_as_it_is() -> None:
    assert np.isnan(fitness_of("function: board_measures:nan", played()))


@pytest.mark.parametrize("text", ["function: x", "function: a:b == 3", "function: a:b > c"])
def test_what_only_begins_like_a_function_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match=r"is no function\. Write 'function: module:name'"):
        compile_fitness(text, BOARD.state, horizon=10, dt=None)


def test_hash_covers_the_functions_source_and_no_comment(tmp_path: Path) -> None:
    measure = tmp_path / "worth.py"
    task = board_task(f"function: {measure}:worth")
    measure.write_text("def worth(fields):\n    return 1.0\n", encoding="utf-8")
    known = fingerprint(task, BOARD)
    measure.write_text("# said\ndef worth(fields):\n    return (1.0)\n", encoding="utf-8")
    assert fingerprint(task, BOARD) == known
    measure.write_text("def worth(fields):\n    return 2.0\n", encoding="utf-8")
    assert fingerprint(task, BOARD) != known
    measure.unlink()
    with pytest.raises(ConfigError, match="There is no module for the function"):
        fingerprint(task, BOARD)


def test_hash_covers_what_success_reads_of_info() -> None:
    first, second = (board_task("mean(lamps[0])", f'info["{key}"]') for key in ("a", "b"))
    assert fingerprint(first, BOARD) != fingerprint(second, BOARD)


def test_module_of_the_persons_folder_is_found_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "worth.py").write_text("def worth(fields): return 1.0\n", encoding="utf-8")
    found = f"function: {(tmp_path / 'worth.py').resolve()}:worth"
    assert anchored("function: worth:worth", tmp_path, HOME) == found
    assert anchored("function: worth.py:worth > 3", tmp_path, HOME) == f"{found} > 3"
    beside = "function: board_measures:matching"
    assert anchored(beside, tmp_path, HOME) == beside
    assert anchored("mean(lamps[0])", tmp_path, HOME) == "mean(lamps[0])"
    with pytest.raises(UsageError, match="There is no module"):
        anchored("function: elsewhere:worth", tmp_path, HOME)


def test_sparse_reward_asks_a_function_where_an_episode_ends() -> None:
    success = compile_success(
        "function: board_measures:matching > 0.9",
        BOARD.state,
        semantics="held",
        held_steps=1,
        horizon=10,
        dt=None,
        home=HOME,
    )
    vector = StateVectorEnv(BOARD, 2)
    sparse = SparseReward(success, BOARD.state, 2)
    start = vector.reset(0)
    sparse.begin(start.fields)
    paid = np.zeros(2)
    for _ in range(10):
        actions = start.fields["pattern"].astype(np.int64)
        actions[1] = 1 - actions[1]
        step = vector.step(actions)
        paid += sparse.step(
            actions, step.fields, terminated=step.terminated, truncated=step.truncated
        )
    assert paid.tolist() == [1.0, 0.0]


# ---------------------------------------------------------------------- small words


def test_success_of_a_fitness_that_came_alone() -> None:
    assert own_success('info["is_success"]') == 'any(info["is_success"])'
    assert own_success('info["missed"]') is None
    assert own_success('mean(info["is_success"])') is None
    assert above('info["missed"]', 0.5) == '(mean(info["missed"])) > 0.5'
    assert above("function: a:b", 0.5) == "function: a:b > 0.5"


def test_only_what_is_more_than_fields_has_to_be_tried() -> None:
    assert not looks_beyond_fields(board_task("mean(lamps[0])", "lamps[0] > 1"))
    assert looks_beyond_fields(task_of(BOARD))
    assert looks_beyond_fields(board_task("mean(lamps[0])", "function: a:b > 1"))


def test_card_may_name_both(tmp_path: Path) -> None:
    text = (HOME / "card.yaml").read_text(encoding="utf-8")
    written = text.replace('info["is_success"]\n', "'function: board_measures:matching'\n", 1)
    card: EnvCard = parse_card(written, ref="card", folder=HOME)
    assert task_of(card).fitness == "function: board_measures:matching"
    assert DIALS.tasks["turn"].success == 'info["missed"] < 0.5'
