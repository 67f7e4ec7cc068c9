"""`rewardsmith check` and the candidate's page tell what the probe measured."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.cli.checking import REFUSED, check_file
from rewardsmith.cli.probe_page import show_exploits
from rewardsmith.cli.terminal import console
from rewardsmith.errors import UsageError
from rewardsmith.messages import Exploit, Verdict
from rewardsmith.testing import LINE_CARD, write_line_card
from rewardsmith.training.shipped_rollouts import COMPETENT, dump_shipped

Check = Callable[[str], str]
SEED = 2**29 + 7
ROBOTS = Path(__file__).parents[1] / "environments" / "drafting" / "home" / "odd_robots.py"
AWAY = """
CONTRACT = 1
WEIGHTS = {"away": 1.0, "near": 0.5}
def reward(state, action, xp):
    return {"away": abs(state.position), "near": 1.0 / (1.0 + abs(state.position - state.goal))}
def potential(state, xp):
    return state.position * state.goal
"""


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Check:
    """Checks a program on LineWorld, whose card brings a competent rollout along."""
    card = write_line_card(tmp_path / "LineWorld")
    actions = np.zeros((12, 1))
    actions[:4] = np.random.default_rng(SEED).choice([-1.0, 1.0])
    blob = dump_shipped(SEED, {COMPETENT: (actions, -(0.75 + 0.5 + 0.25) / 12)})
    (tmp_path / "LineWorld" / "reach.rollouts.safetensors").write_bytes(blob)

    def run(text: str) -> str:
        (tmp_path / "reward.py").write_text(text, encoding="utf-8")
        status = check_file(tmp_path / "reward.py", card, None)
        said = capsys.readouterr().out
        assert status == (0 if "is accepted" in said else REFUSED)
        return said

    return run


def row(text: str, start: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return re.split(r"  +", line.strip())


def test_check_shows_ranges_corners_shaping_and_what_exploits_earn(check: Check) -> None:
    said = check(AWAY)
    assert row(said, "away")[:2] == ["away", "1"]
    assert row(said, "away")[-1] == "0 to 3"  # the card's range of the position
    assert row(said, "near")[-1] == "0.143 to 1"
    assert row(said, "potential")[-1] == "-9 to 9"
    assert re.search(r"Probed on \d+ steps of 10 rollouts; one step of 16 .* takes \d+ us", said)
    assert "proved on 10 rollouts" in said
    assert row(said, "Doing nothing  ")[-1] == "does not pay"
    assert row(said, "Leaving the start")[-1] == "pays"
    assert row(said, "Ending the episode early") == [
        "Ending the episode early", "-", "-", "not applicable: no episode ended early"
    ]  # fmt: skip
    assert re.search(r"Doing nothing earns \d+% of a competent rollout's return", said)
    assert "warning: Leaving the start as fast as possible earns" in said
    assert said.rstrip().endswith("reward.py is accepted.")


def test_check_shows_the_corner_that_is_not_finite(check: Check) -> None:
    said = check(AWAY.replace("abs(state.position),", "xp.sqrt(state.goal + 2.0),"))
    assert "error: `away` is not finite where `goal` is -3 m." in said
    assert row(said, "away")[-1] == "not finite"
    assert said.rstrip().endswith("reward.py is refused: 1 error.")


def test_a_text_that_is_refused_is_not_measured(check: Check) -> None:
    said = check("def reward(state, action, xp):\n    return {'a': state.nope}\n")
    assert "Probed on" not in said
    assert "not doing the task" not in said


def shown(capsys: pytest.CaptureFixture[str], *exploits: Exploit) -> str:
    show_exploits(Verdict(ok=True, exploits=exploits), console())
    return capsys.readouterr().out


def test_a_share_that_is_not_known_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    reason = "no competent rollout is known"
    said = shown(capsys, Exploit(name="do_nothing", pays=None, reason=reason, episode_return=3.0))
    assert row(said, "Doing nothing") == ["Doing nothing", "3", "-", f"not applicable: {reason}"]
    assert said.rstrip().endswith(f"doing nothing earns is not known: {reason}.")
    said = shown(capsys, Exploit(name="do_nothing", pays=False, episode_return=-3.0))
    assert said.rstrip().endswith("is not known: a competent rollout does not earn more than 0.")


def test_what_was_not_probed_is_not_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert shown(capsys) == ""


@pytest.fixture
def without_task(tmp_path: Path) -> str:
    """LineWorld's card as a corrected draft, in which tasks stay out."""
    (tmp_path / "card.yaml").write_text(LINE_CARD.partition("tasks:")[0], encoding="utf-8")
    (tmp_path / "reward.py").write_text(AWAY, encoding="utf-8")
    return str(tmp_path / "card.yaml")


def test_card_without_a_task_is_probed_and_says_what_is_left_out(
    without_task: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert check_file(tmp_path / "reward.py", without_task, None) == 0
    said = capsys.readouterr().out
    assert "Probed on" in said
    assert "proved on" in said
    assert f"{without_task} has no task in its card" in said
    assert "What not doing the task earns" not in said
    assert "competent rollout" not in said


def test_environment_without_a_card_is_probed_by_its_draft(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "CONTRACT = 1\ndef reward(state, action, xp):\n    return {'far': state.obs_0}\n"
    (tmp_path / "reward.py").write_text(text, encoding="utf-8")
    assert check_file(tmp_path / "reward.py", f"{ROBOTS}:Point", None, as_json=True) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["accepted"]
    assert (document["task"], document["exploits"]) == (None, [])


def test_task_that_is_asked_for_has_to_be_there(without_task: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"has no task 'reach', and none at all\. Write one under"):
        check_file(tmp_path / "reward.py", without_task, "reach")
