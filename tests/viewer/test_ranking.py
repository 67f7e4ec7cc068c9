"""Two rollouts side by side over real HTTP: what is shown, and what an answer does."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from rewardsmith.evaluation.renderer import Film
from rewardsmith.feedback.ranking import next_pair, ranking_of, rollout_of
from rewardsmith.store.comparisons import PREFERENCES_FILE, read_comparisons
from rewardsmith.store.films import film_path, save_film
from rewardsmith.store.run import Run

HIDDEN = re.compile(r'<input type="hidden" name="(\w+)" value="([^"]*)">')


@pytest.fixture
def site(ranked: Path, start: Callable[..., Any]) -> Any:
    from rewardsmith.viewer.studio import Studio

    nothing = Film(video=None, reason="nothing to draw on", is_final=True)
    return start(ranked.parent, studio=Studio(render=lambda scene: nothing))


def fields(site: Any, ranked: Path) -> dict[str, str]:
    return dict(HIDDEN.findall(site.get(f"/runs/{ranked.name}/rank").text))


def answer(site: Any, ranked: Path, choice: str, **more: str) -> Any:
    body = fields(site, ranked) | {"choice": choice} | more
    return site.post(f"/runs/{ranked.name}/rank", urlencode(body))


def test_the_page_shows_the_next_pair_and_hides_who_it_is(site: Any, ranked: Path) -> None:
    page = site.get(f"/runs/{ranked.name}/rank").text
    pair = next_pair(ranking_of(Run.read(ranked)), 0)
    assert pair is not None
    shown = fields(site, ranked)
    assert (shown["left"], shown["right"]) == (str(pair.left), str(pair.right))
    assert "0 of 6 comparisons that iteration 0 waits for" in page
    visible = re.sub(r"<input[^>]*>", "", page)
    assert str(pair.left) not in visible
    assert "position" in page
    assert "style=" not in page


def test_an_answer_is_appended_and_the_next_pair_is_shown(site: Any, ranked: Path) -> None:
    before = fields(site, ranked)
    said = answer(site, ranked, "right")
    assert (said.status, said.headers["location"]) == (303, f"/runs/{ranked.name}/rank")
    (one,) = read_comparisons(ranked).standing
    assert (str(one.left), str(one.right), str(one.seed)) == (
        before["left"],
        before["right"],
        before["seed"],
    )
    assert (one.choice, one.source) == ("right", "page")
    after = fields(site, ranked)
    assert [after[k] for k in ("left", "right", "seed")] != [
        before[k] for k in ("left", "right", "seed")
    ]


def test_undo_brings_the_pair_back(site: Any, ranked: Path) -> None:
    before = fields(site, ranked)
    answer(site, ranked, "left")
    answer(site, ranked, "undo")
    assert fields(site, ranked) == before
    assert not read_comparisons(ranked).standing
    assert len((ranked / PREFERENCES_FILE).read_text(encoding="utf-8").splitlines()) == 2


def test_one_pair_answered_twice_counts_once(site: Any, ranked: Path) -> None:
    body = urlencode(fields(site, ranked) | {"choice": "left"})
    for _ in range(2):
        assert site.post(f"/runs/{ranked.name}/rank", body).status == 303
    assert len(read_comparisons(ranked).standing) == 1


@pytest.mark.parametrize(
    "wrong",
    [
        {"choice": "best"},
        {"left": "../.."},
        {"seed": "1"},
        {"right": "009/9"},
        {"seed": "x" * 500},
    ],
)
def test_an_answer_to_no_pair_is_refused(site: Any, ranked: Path, wrong: dict[str, str]) -> None:
    body = fields(site, ranked) | {"choice": "left"} | wrong
    assert site.post(f"/runs/{ranked.name}/rank", urlencode(body)).status == 422
    assert not (ranked / PREFERENCES_FILE).exists()


def test_an_answer_without_the_token_is_refused(site: Any, ranked: Path) -> None:
    assert answer(site, ranked, "left", token="guess").status == 403
    assert not (ranked / PREFERENCES_FILE).exists()


def test_enough_answers_end_the_wait_and_show_the_ranking(site: Any, ranked: Path) -> None:
    assert 'id="waits-for-ranking"' in site.get(f"/runs/{ranked.name}").text
    for _ in range(6):
        answer(site, ranked, "left")
    page = site.get(f"/runs/{ranked.name}/rank").text
    assert "That is enough" in page
    assert "best with chance" in page
    run_page = site.get(f"/runs/{ranked.name}").text
    assert 'id="waits-for-ranking"' not in run_page
    assert "best with chance" in run_page


def test_a_film_is_served_by_its_start_state_and_nothing_else(site: Any, ranked: Path) -> None:
    run = Run.read(ranked)
    entrant = ranking_of(run).entrants[0]
    episode = rollout_of(run, entrant, entrant.seeds[0])
    base = f"/runs/{ranked.name}/rank/films/{entrant.id.iteration}/{entrant.id.number}"
    assert site.get(f"{base}/{episode.seed}").status == 404
    save_film(ranked, entrant.id, episode, b"film")
    found = site.get(f"{base}/{episode.seed}")
    assert (found.status, found.body) == (200, b"film")
    assert site.get(f"{base}/5").status == 404
    (ranked / film_path(entrant.id, episode)).unlink()
    (ranked / film_path(entrant.id, episode)).symlink_to("/etc/hostname")
    assert site.get(f"{base}/{episode.seed}").status == 404


def test_where_nothing_can_be_drawn_the_fields_still_tell(site: Any, ranked: Path) -> None:
    site.get(f"/runs/{ranked.name}/rank")
    for _ in range(100):
        page = site.get(f"/runs/{ranked.name}/rank").text
        if "nothing to draw on" in page:
            break
    assert "nothing to draw on" in page
    assert page.count("<polyline") >= 4


def test_pages_of_a_ranked_run_show_no_fitness_and_no_success(site: Any, ranked: Path) -> None:
    page = site.get(f"/runs/{ranked.name}").text
    assert "none: people judge, by comparing rollouts" in page
    assert "greatest strength" in page or "no candidate is ranked yet" in page
    for invented in ("step &lt; 0", "success 0%", "fitness 0"):
        assert invented not in page
    one = site.get(f"/runs/{ranked.name}/candidates/0/0").text
    assert '<td class="num">0</td>' not in one, "episodes have no fitness"
    assert "Does its return mean fitness?" not in one
