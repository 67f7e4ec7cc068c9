"""What the documents show is true of the program."""

import re
import runpy
from pathlib import Path

import pytest

from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.language import library
from rewardsmith.rewards.contract import read_program

ROOT = Path(__file__).resolve().parents[1]


def blocks(page: str, language: str) -> list[str]:
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)


@pytest.mark.parametrize("page", ["README.md", "docs/cards.md"])
def test_the_card_that_a_page_shows_loads(page: str, tmp_path: Path) -> None:
    card = blocks(page, "yaml")[0]
    path = tmp_path / "card.yaml"
    path.write_text(card, encoding="utf-8")
    assert task_of(load_card(str(path)), "park").horizon == 100


def test_the_program_that_the_page_shows_keeps_the_contract() -> None:
    (text,) = blocks("docs/reward-programs.md", "python")
    reading = read_program(text, load_card("HalfCheetah-v5").state)
    assert reading.program is not None, reading.findings


def test_the_page_lists_every_primitive_as_it_is() -> None:
    page = ROOT / "docs" / "reward-programs.md"
    script = runpy.run_path(str(ROOT / "docs" / "write_reward_language.py"), run_name="script")
    assert page.read_text(encoding="utf-8").endswith(script["table"]())
    assert len(library.describe()) > 70


def test_no_document_names_a_command_that_does_not_exist() -> None:
    from typer.main import get_command

    from rewardsmith.cli.app import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]  # a group has them
    for page in ("README.md", "CHANGELOG.md", "CONTRIBUTING.md", "docs/cards.md"):
        text = (ROOT / page).read_text(encoding="utf-8")
        named = set(re.findall(r"`?rewardsmith ([a-z]+)\b(?=[^`\n]*`|.*--)", text))
        assert named <= known, page
