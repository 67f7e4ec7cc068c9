"""docs/environments.md says of every card what the card says."""

import re
import runpy
from pathlib import Path

import pytest

from rewardsmith.environments.cards import card_names, load_card

DOCS = Path(__file__).resolve().parents[2] / "docs"


@pytest.mark.parametrize("name", card_names())
def test_page_shows_fields_and_tasks_as_they_are(name: str) -> None:
    page = (DOCS / "environments.md").read_text(encoding="utf-8")
    script = runpy.run_path(str(DOCS / "write_environments.py"), run_name="script")
    assert "\n".join(script["_card"](load_card(name))) in page
    assert re.search(rf"\n\| {re.escape(name)} \| (yes|no|not tried) \|", page)
