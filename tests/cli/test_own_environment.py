"""The command line on an environment of the person's own, from the person's own folder.

What is wrong with an environment or a measure is one line and status 2, and nothing is made.
"""

import shutil
from pathlib import Path

import pytest

from rewardsmith import session
from rewardsmith.cli.drafting import card_for
from rewardsmith.cli.entry import main
from rewardsmith.cli.request import Request
from rewardsmith.config import RunConfig
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import ConfigError

HOMES = Path(__file__).parents[1] / "environments"
BOARD = HOMES / "switchboard"
ROBOTS = HOMES / "drafting" / "home" / "odd_robots.py"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a package `envs` and modules of a person's own."""
    shutil.copy(ROBOTS, tmp_path)
    for file in BOARD.glob("*.*"):
        shutil.copy(file, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def status_of(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


DESIGN = ("design", "--task", "Match the pattern.", "--quiet", "--env")


@pytest.mark.parametrize(
    ("fitness", "said"),
    [
        ("info['nope']", "info['nope'], and the info of step() holds is_success, matching"),
        ("function: board_measures:raises", "raised KeyError: 'nowhere' (board_measures.py, line"),
        ("function: board_measures:nan", "is nan in an episode of random actions"),
        ("function: board_measures:several", "not one number. Return a float"),
        ("function: nowhere:at_all", "There is no module for the function 'nowhere:at_all'"),
        ("function: board_measures", "is no function. Write 'function: module:name'"),
    ],
)
def test_measure_that_does_not_measure_ends_before_anything_is_made(
    here: Path, capsys: pytest.CaptureFixture[str], fitness: str, said: str
) -> None:
    before = set(here.rglob("*"))
    assert status_of(*DESIGN, "card.yaml", "--fitness", fitness) == 2
    assert said in capsys.readouterr().err
    assert {p for p in set(here.rglob("*")) - before if "__pycache__" not in p.parts} == set()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("RaisesInReset", "raised in reset(): KeyError: 'start' (odd_robots.py, line"),
        ("RaisesInStep", "raised in step(): ZeroDivisionError: division by zero"),
        ("NotFinite", "returned nan in element 1 of the observation"),
        ("Changing", "changes its spaces while it runs"),
        ("Pixels", "needs state fields: it shows pictures"),
        ("Extra", "`pip install \"rewardsmith[minigrid]\"` installs the extra 'minigrid'"),
    ],
)
def test_environment_that_does_not_work_is_said_and_nothing_is_made(
    here: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    (here / "lacking.py").write_text("import minigrid.nowhere\n", encoding="utf-8")
    env = "lacking.py" if name == "Extra" else f"odd_robots.py:{name}"
    assert status_of(*DESIGN, env, "--fitness", "last(x)") == 2
    error = capsys.readouterr().err
    assert said in error
    assert "Traceback" not in error
    assert not (here / "runs").exists()


def test_task_in_words_without_a_fitness_is_said_of_the_environment(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(*DESIGN, "odd_robots.py:Point") == 2
    error = capsys.readouterr().err
    assert "Unknown task of odd_robots:Point 'Match the pattern.'" in error
    assert "needs --fitness as well" in error
    assert "/rewardsmith-" not in error


def test_rewards_in_info_are_named_and_left_out(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("envs", "draft", "odd_robots.py:Leaky") == 0
    out, err = capsys.readouterr()
    assert "left out as rewards or verdicts by name: info.reward_total, info.is_success" in err
    assert "source: info.is_success" not in out


def test_constructor_arguments_are_asked_for_and_taken(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ask = ("envs", "draft", "switchboard_env:Switchboard")
    assert status_of(*ask) == 2
    assert "`--env-arg n_lamps=VALUE`" in capsys.readouterr().err
    given = ("--env-arg", "n_lamps=2", "--env-arg", "wiring.flipped=true")
    assert status_of(*ask, *given, "-o", "own.yaml") == 0
    assert load_card("own.yaml").kwargs == {"n_lamps": 2, "wiring": {"flipped": True}}


def test_check_takes_arguments_over_those_of_a_card(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("envs", "check", "card.yaml", "--env-arg", "n_lamps=4") == 1
    assert "The environment says MultiBinary(4)" in capsys.readouterr().out


def test_run_keeps_the_arguments_and_is_resumed_with_them(here: Path) -> None:
    with card_for("card.yaml", ["wiring.flipped=true"], keeps=True, quiet=True) as found:
        request = Request(env=found.ref, task="match", flags={})
        task = request.resolve_task()
        with session.start_run(here / "runs", task, RunConfig(), keeps_card=found.is_draft) as run:
            folder = run.folder
    assert "-switchboard-match-" in folder.name
    with session.resume_run(folder) as again:
        kept = load_card(again.manifest.task.env)
    assert kept.kwargs == {"n_lamps": 3, "wiring": {"flipped": True}}
    assert kept.folder == folder.resolve()


def test_run_whose_function_changed_is_not_resumed(here: Path) -> None:
    source = here / "own_worth.py"
    source.write_text((here / "board_measures.py").read_text("utf-8"), encoding="utf-8")
    request = Request(
        env="card.yaml",
        task="Match.",
        fitness="function: own_worth:matching",
        success="function: own_worth:matching > 0.9",
        flags={},
    )
    with session.start_run(here / "runs", request.resolve_task(), RunConfig()) as run:
        folder = run.folder
    source.write_text(source.read_text("utf-8").replace("1:] ==", "1:] !="), encoding="utf-8")
    with pytest.raises(ConfigError, match="What judges 'ad_hoc' has changed since the run began"):
        session.resume_run(folder)


def test_fitness_of_an_environments_own_verdict_is_shown(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status_of("envs", "fitness", "card.yaml", "--fitness", 'info["is_success"]')
    out = capsys.readouterr().out
    assert "hold all high" in out
    assert 'Without --success, `design` would take: any(info["is_success"])' in out


def test_search_in_which_nothing_could_be_scored_is_status_1(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ("--fitness", "-mean(abs(obs_0))", "--success", "abs(obs_0) < 0.1")
    budget = ("--candidates", "1", "--iterations", "1", "--timesteps", "30000", "--no-video")
    tires = ("odd_robots.py:Tiring", "--env-arg", "most=1500")
    assert status_of(*DESIGN, *tires, *asked, *budget) == 1
    said = capsys.readouterr()
    assert "No candidate could be scored. `rewardsmith inspect " in said.err
    assert "The run lies in" in said.out
