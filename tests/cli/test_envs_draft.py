"""`envs draft`, and the commands that draft by themselves."""

from pathlib import Path

import pytest

from rewardsmith import session
from rewardsmith.cli.drafting import card_for, draft_to
from rewardsmith.config import RunConfig
from rewardsmith.environments.backends.choice import choose_backend
from rewardsmith.environments.cards import ad_hoc_task, load_card
from rewardsmith.errors import UsageError
from rewardsmith.store.run import Run
from rewardsmith.testing import write_line_card

ROBOTS = Path(__file__).parents[1] / "environments" / "drafting" / "home" / "odd_robots.py"


def test_draft_is_written_loads_and_is_not_replaced(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cards" / "card.yaml"
    draft_to(f"{ROBOTS}:Point", path, force=False)
    card = load_card(str(path))
    assert (card.id, card.code) == ("odd_robots:Point", ROBOTS.parent)
    assert "envs check" in capsys.readouterr().out
    with pytest.raises(UsageError, match=r"exists\. Choose another path, or say --force"):
        draft_to(f"{ROBOTS}:Point", path, force=False)


def test_draft_without_a_path_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    draft_to("CartPole-v1", None, force=False)
    out, err = capsys.readouterr()
    assert "id: CartPole-v1" in out
    assert "assumed: ranges of 2 fields" in err


def test_command_works_with_a_draft_and_says_what_it_assumes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with card_for(f"{ROBOTS}:Leaky", keeps=True) as found:
        assert found.is_draft
        assert load_card(found.ref).id == "odd_robots:Leaky"
        assert Path(found.ref).parent.name == "Leaky"
    err = capsys.readouterr().err
    assert "has no card, so one was drafted" in err
    assert "warning: info.goodness equalled" in err
    assert "kept in the run" in err


def test_card_is_said_to_be_one_instead_of_being_drafted(tmp_path: Path) -> None:
    ref = write_line_card(tmp_path / "line")
    for known in (ref, str(tmp_path / "line"), "BoatRace"):
        with pytest.raises(UsageError, match=r"is a card already: `rewardsmith envs show .*base: "):
            draft_to(known, None)


def test_messages_call_a_draft_as_it_was_asked_for() -> None:
    with pytest.raises(UsageError, match=r"^.*odd_robots\.py:Point cannot be trained with envpool"):
        with card_for(f"{ROBOTS}:Point", quiet=True) as found:
            choose_backend(load_card(found.ref), "envpool")


def test_card_that_exists_is_not_drafted(tmp_path: Path) -> None:
    ref = write_line_card(tmp_path / "line")
    for known in ("HalfCheetah-v5", ref, str(tmp_path / "line")):
        with card_for(known) as found:
            assert (found.ref, found.is_draft) == (known, False)


def test_environment_that_ends_its_process_is_said_in_one_line(tmp_path: Path) -> None:
    text = (
        "import os\n"
        "from odd_robots import Point\n"
        "class Fatal(Point):\n"
        "    def reset(self, **words):\n"
        "        os._exit(3)\n"
    )
    (tmp_path / "odd_robots.py").write_text(ROBOTS.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "fatal_robot.py").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match="ended the process that looked at it") as raised:
        with card_for(str(tmp_path / "fatal_robot.py")):
            pass
    assert "\n" not in str(raised.value)


def test_what_goes_wrong_in_the_child_is_one_line_here() -> None:
    with pytest.raises(UsageError, match=r"raised in step\(\): ZeroDivisionError"):
        with card_for(f"{ROBOTS}:RaisesInStep"):
            pass


def test_run_keeps_its_drafted_card_and_may_be_moved(tmp_path: Path) -> None:
    with card_for(f"{ROBOTS}:Point", keeps=True, quiet=True) as found:
        task = ad_hoc_task(load_card(found.ref), "Go.", fitness="last(obs_0)", success="obs_0 > 1")
        with session.start_run(tmp_path / "runs", task, RunConfig(), keeps_card=True) as run:
            folder = run.folder
            assert run.manifest.task.env == str((folder / "card.yaml").resolve())
    assert "-point-ad-hoc-" in folder.name
    moved = folder.rename(tmp_path / "elsewhere")
    task = Run.read(moved).manifest.task
    assert task.env == str((moved / "card.yaml").resolve())
    assert load_card(task.env).id == "odd_robots:Point"
