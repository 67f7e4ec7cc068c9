"""`envs check` and `envs fitness` on a world whose answers are known."""

from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest

from rewardsmith.cli import card_page
from rewardsmith.cli.card_page import check_cards
from rewardsmith.cli.drafting import draft_to
from rewardsmith.cli.fitness_page import Measure, show_fitness
from rewardsmith.cli.parity_page import compare_backend
from rewardsmith.environments.cards import load_card
from rewardsmith.errors import ConfigError, RewardsmithError, UsageError
from rewardsmith.testing import LINE_CARD, write_line_card
from rewardsmith.training.card_trial import CardTrial, try_card
from rewardsmith.training.engine import LocalEngine

ROBOTS = Path(__file__).parents[1] / "environments" / "drafting" / "home" / "odd_robots.py"


def changed(folder: Path, old: str, new: str) -> str:
    assert old in LINE_CARD
    (folder / "card.yaml").write_text(LINE_CARD.replace(old, new), encoding="utf-8")
    return str(folder / "card.yaml")


def test_card_that_holds_is_a_row_and_status_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ref = write_line_card(tmp_path)
    assert check_cards([ref], all_=False) == 0
    assert "reach: unknown" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("range: [-3, 3]", "range: [-0.1, 0.1]", "Widen its range of [-0.1, 0.1]"),
        ("source: obs[1]", "source: obs[7]", "Correct the index"),
        ("low: -1.0", "low: -2.0", "Shape or bounds differ"),
        ("rewardsmith.testing:LineWorld", "rewardsmith.testing:Nothing", "has no 'Nothing'"),
        ("references: {sparse: sparse}", "references: {expert: x.py}", "no file beside the card"),
        ("success: abs(position - goal) < 0.3", "success: abs(position) < 9", "success holds in"),
        ("-mean(abs(position - goal))", "mean(abs(goal))", "whatever happens"),
    ],
)
def test_card_that_does_not_hold_is_status_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    assert check_cards([changed(tmp_path, old, new)], all_=False) == 1
    assert said in capsys.readouterr().out


def test_reference_that_breaks_the_contract_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "bad.py").write_text("import os\n", encoding="utf-8")
    ref = changed(tmp_path, "references: {sparse: sparse}", "references: {expert: bad.py}")
    assert check_cards([ref], all_=False) == 1
    assert "bad.py breaks the contract" in capsys.readouterr().out


def test_environment_without_a_card_is_checked_by_its_draft(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_cards([f"{ROBOTS}:Point"], all_=False) == 0
    assert "odd_robots.py:Point " in capsys.readouterr().out


def test_of_a_long_path_the_table_shows_the_end_on_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/home/robots/{'deep/' * 20}quadruped.py:Trot"
    tried = CardTrial(ref=path, card=load_card("Pendulum-v1"), problems=())
    monkeypatch.setattr(card_page, "try_card", lambda *_: tried)
    monkeypatch.setattr(card_page, "card_for", lambda *_: nullcontext(tried))
    assert check_cards([path], all_=False) == 0
    row = capsys.readouterr().out.splitlines()[1]
    assert row.startswith(".../deep/deep/")
    assert row.split()[0].endswith("/quadruped.py:Trot")


def test_card_is_called_in_the_table_as_it_was_asked_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "MetaWorld-handle-press-side-v3"
    tried = CardTrial(ref=name, card=load_card(name), problems=())
    monkeypatch.setattr(card_page, "try_card", lambda *_: tried)
    assert check_cards([name], all_=False) == 0
    out = capsys.readouterr().out
    assert f"\n{name} " in out
    assert "make_task" not in out


def test_environment_that_does_otherwise_than_it_says_is_told_and_holds(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_cards([f"{ROBOTS}:Shaken"], all_=False) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "odd_robots.py:Shaken: deviation: reset(seed=0) twice leads to two episodes" in said


def test_environment_that_raises_late_is_said_with_its_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert check_cards([f"{ROBOTS}:Tiring"], all_=False) == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "raised in reset() or step(): RuntimeError: the motor is hot (odd_robots.py" in said
    assert "ended the process" not in said


def test_what_fails_while_it_is_measured_is_called_by_its_own_name(tmp_path: Path) -> None:
    ref = str(tmp_path / "card.yaml")
    draft_to(f"{ROBOTS}:Tiring", Path(ref))
    said = (
        r"The environment 'odd_robots:Tiring' does not run in the evaluator \(crashed\): "
        r"RuntimeError: the motor is hot \(odd_robots\.py, line \d+\)\. "
        rf"`rewardsmith envs check {ref} --env-arg most=300` says more\.$"
    )
    with pytest.raises(RewardsmithError, match=said):
        show_fitness(ref, Measure(fitness="last(obs_0)"), ["most=300"])


def test_check_of_a_slow_environment_says_how_little_it_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    trial = try_card(write_line_card(tmp_path), LocalEngine(1))
    for n_timesteps, says in ((trial.n_timesteps, False), (80, True)):
        slow = replace(trial, n_timesteps=n_timesteps, notes=("state.x: a note",) * says)
        monkeypatch.setattr(card_page, "try_card", lambda *_, slow=slow: slow)
        assert check_cards([trial.ref], all_=False) == 0
        said = " ".join(capsys.readouterr().out.split())
        assert ("compared on 80 timesteps in place of 2,000" in said) is says
        assert ("state.x: a note" in said) is says


@pytest.mark.parametrize(
    ("ref", "said"),
    [
        ("CartPole-v1", r"describes no backend.*`backends:` in a card describes one\.$"),
        ("arm.py:Arm", r"^'arm\.py:Arm' has no card\. `rewardsmith envs draft arm\.py:Arm -o card"),
    ],
)
def test_what_has_no_backend_to_compare_says_what_to_do(ref: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compare_backend(ref, "envpool", n_episodes=16)


def test_something_has_to_be_asked_for() -> None:
    for refs, all_ in (([], False), (["Hopper-v5"], True)):
        with pytest.raises(UsageError, match="--all for the shipped ones"):
            check_cards(refs, all_=all_)


def test_fitness_is_shown_of_what_is_known(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert show_fitness(write_line_card(tmp_path), Measure(task="reach")) == 0
    out = capsys.readouterr().out
    for words in ("do nothing", "random", "oscillate", "hold 1", "hash", "no competent"):
        assert words in out


def test_fitness_alone_is_measured_and_a_success_proposed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert show_fitness(f"{ROBOTS}:Point", Measure(fitness="last(obs_0)")) == 0
    assert "`design` would take: (last(obs_0)) > " in capsys.readouterr().out


def test_success_without_fitness_and_task_without_card_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--fitness is missing"):
        show_fitness(write_line_card(tmp_path), Measure(success="position > 1"))
    with pytest.raises(UsageError, match="Give --fitness and --success"):
        show_fitness(f"{ROBOTS}:Point", Measure())
    with pytest.raises(ConfigError, match="Did you mean `obs_0`"):
        show_fitness(f"{ROBOTS}:Point", Measure(fitness="last(obs0)"))
