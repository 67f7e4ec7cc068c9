"""Rollouts to be called good or bad over real HTTP, and the choice that follows."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rewardsmith.evaluation.renderer import Film
from rewardsmith.feedback.labelling import open_sheet, values_of
from rewardsmith.store.films import film_path, save_film
from rewardsmith.store.labels import (
    LABELS_FILE,
    Label,
    Saying,
    append_choice,
    append_label,
    read_labels,
)
from rewardsmith.store.run import Run

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def site(drafted: Path, start: Callable[..., Any]) -> Any:
    from rewardsmith.viewer.studio import Studio

    nothing = Film(video=None, reason="nothing to draw on", is_final=True)
    return start(drafted.parent, studio=Studio(render=lambda scene: nothing))


def fields(site: Any, folder: Path) -> dict[str, str]:
    return dict(HIDDEN.findall(site.get(f"/runs/{folder.name}/label").text))


def say(site: Any, folder: Path, **said: str) -> Any:
    return site.post(f"/runs/{folder.name}/label", urlencode(fields(site, folder) | said))


def test_labels_lead_to_a_choice(site: Any, drafted: Path) -> None:
    assert 'id="waits-for-labels"' in site.get(f"/runs/{drafted.name}").text
    sheet = open_sheet(Run.read(drafted))
    assert sheet is not None
    page = site.get(f"/runs/{drafted.name}/label").text
    assert "Choose it" not in page
    assert all(draft.text.replace("<", "&lt;") in page for draft in sheet.drafts)
    assert fields(site, drafted)["number"] == str(sheet.order[0])
    for turn in range(len(sheet.rollouts)):
        assert say(site, drafted, choice=("good", "bad")[turn % 2]).status == 303
    page = site.get(f"/runs/{drafted.name}/label").text
    assert "agrees best" in page
    assert page.count("Choose it") == 3
    assert say(site, drafted, draft="1").status == 303
    assert read_labels(drafted).chosen == 1
    assert 'id="chosen"' in site.get(f"/runs/{drafted.name}/label").text


def test_nothing_is_chosen_before_there_are_labels(site: Any, drafted: Path) -> None:
    assert say(site, drafted, draft="1").status == 422
    assert not (drafted / LABELS_FILE).exists()


def test_undo_brings_a_rollout_back(site: Any, drafted: Path) -> None:
    first = fields(site, drafted)["number"]
    say(site, drafted, choice="good")
    assert fields(site, drafted)["number"] != first
    say(site, drafted, choice="undo")
    assert fields(site, drafted)["number"] == first


@pytest.mark.parametrize(
    "wrong",
    [{"choice": "great"}, {"number": "99"}, {"number": "-1"}, {"sheet": "winner"}, {"number": "²"}],
)
def test_a_label_of_nothing_is_refused(site: Any, drafted: Path, wrong: dict[str, str]) -> None:
    assert say(site, drafted, **({"choice": "good"} | wrong)).status == 422
    assert not (drafted / LABELS_FILE).exists()


def test_a_label_without_the_token_is_refused(site: Any, drafted: Path) -> None:
    assert say(site, drafted, choice="good", token="guess").status == 403


def test_a_film_of_a_rollout_is_served(site: Any, drafted: Path) -> None:
    sheet = open_sheet(Run.read(drafted))
    assert sheet is not None
    url = f"/runs/{drafted.name}/label/films/3"
    assert site.get(url).status == 404
    save_film(drafted, "clips", sheet.rollouts[3], b"film")
    assert (drafted / film_path("clips", sheet.rollouts[3])).read_bytes() == b"film"
    assert site.get(url).body == b"film"
    assert site.get(f"/runs/{drafted.name}/label/films/99").status == 404


def test_a_run_that_asks_for_nothing_says_so(start: Callable[..., Any], done: Path) -> None:
    page = start(done.parent).get(f"/runs/{done.name}/label").text
    assert "asks for no labels" in page


def test_a_draft_says_who_wrote_it_and_why_rules_had_to(drafted: Path, site: Any) -> None:
    page = site.get(f"/runs/{drafted.name}/label").text
    assert page.count('title="who drafted it">offline<') == 3
    assert 'id="drafts-note"' not in page


def test_a_models_draft_is_shown_as_text_with_its_own_success(
    drafted: Path, start: Callable[..., Any]
) -> None:
    with Run.open(drafted) as run:
        data = dict(run.recall("fitness_drafted") or {})
        first = {
            **data["drafts"][0],
            "author": "model",
            "name": "<b>near</b>",
            "success": "last(position) < 1",
        }
        data |= {"drafts": [first, *data["drafts"][1:]], "reason": "<i>1 call is allowed.</i>"}
        run.record("fitness_drafted", **data)
    page = start(drafted.parent).get(f"/runs/{drafted.name}/label").text
    assert page.count('title="who drafted it">model<') == 1
    assert "&lt;b&gt;near&lt;/b&gt;: " in page
    assert "last(position) &lt; 1" in page
    assert "2 of 3 by rules, not by the model: &lt;i&gt;1 call is allowed.&lt;/i&gt;" in page


def test_the_page_of_a_run_says_that_a_choice_was_made_and_what_follows(
    site: Any, drafted: Path
) -> None:
    run_page = f"/runs/{drafted.name}"
    waits, chosen = 'id="waits-for-labels"', 'id="fitness-chosen"'
    assert waits in site.get(run_page).text
    assert chosen not in site.get(run_page).text
    append_choice(drafted, 1, source="test")
    page = site.get(run_page).text
    assert waits not in page
    assert chosen in page
    assert f"rewardsmith resume {drafted.name}" in page.partition(chosen)[2]


def test_a_choice_that_a_coin_would_match_is_allowed_and_doubted(site: Any, drafted: Path) -> None:
    sheet = open_sheet(Run.read(drafted))
    assert sheet is not None
    values = values_of(Run.read(drafted), sheet.drafts[0].text, sheet.rollouts)
    for number, value in enumerate(values):
        saying: Saying = "bad" if value > sorted(values)[len(values) // 2] else "good"
        append_label(drafted, Label(sheet="clip", number=number, saying=saying))
    page = site.get(f"/runs/{drafted.name}/label").text
    assert "no better than chance" in page
    assert "agrees best" not in page.partition("Choose it")[0], "it is the first draft"
    assert say(site, drafted, draft="0").status == 303
    assert "no more than a coin would" in site.get(f"/runs/{drafted.name}").text
    chosen = site.get(f"/runs/{drafted.name}/label").text.partition('id="chosen"')[2]
    assert "no more than a coin would" in chosen
