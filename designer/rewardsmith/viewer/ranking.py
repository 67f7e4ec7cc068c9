"""The page that shows two rollouts side by side, and takes in which of them is better.

Who is shown is not said, and neither is the ranking until it is asked for: both would be answered
along with the question.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import numpy as np
from markupsafe import Markup

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import StoreError
from rewardsmith.evaluation.renderer import reel_of
from rewardsmith.feedback.ranking import (
    Entrant,
    Pair,
    Ranking,
    likely_next,
    next_pair,
    ranking_of,
    rollout_of,
)
from rewardsmith.feedback.selection import open_wait
from rewardsmith.feedback.summary import FieldCourse, courses_of
from rewardsmith.messages import CandidateId, Trajectory
from rewardsmith.report.rankings import ranking_lines
from rewardsmith.store.comparisons import CHOICES, Comparison, append_comparison, append_undo
from rewardsmith.store.events import read_id
from rewardsmith.store.films import film_path
from rewardsmith.store.run import Run
from rewardsmith.viewer.library import Opened, regular_file
from rewardsmith.viewer.studio import Scene, Studio

SPARK: Final = (260, 36)
"""Width and height of a field's curve, in pixels."""
SIDES: Final = ("left", "right")
UNDO: Final = "undo"


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """A rollout, as the page shows it."""

    name: str
    length: int
    """Timesteps."""
    is_terminated: bool
    stride: int
    """Timesteps that one picture of the film stands for."""
    film: str
    """Address of its film; empty when there is none yet."""
    problem: str
    """Why it cannot be filmed; empty while it may be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePair:
    """One quantity of the rollouts, on one scale."""

    name: str
    unit: str
    curves: tuple[Markup, ...]
    ranges: tuple[str, ...]
    """Lowest, mean and highest value, in words."""


def ranking_page(opened: Opened, studio: Studio) -> dict[str, Any]:
    """Everything on the page: the next pair, how far it is, and what the answers add up to.

    Raises:
        StoreError: The comparisons or a recorded episode cannot be read.
    """
    run = opened.run
    ranking = ranking_of(run)
    pair = next_pair(ranking, int(run.manifest.config.get("seed", 0)))
    name = run.folder.name
    return {
        "name": name,
        "url": f"/runs/{quote(name, safe='')}",
        "part_url": f"/runs/{quote(name, safe='')}/rank/pair",
        "task": run.manifest.task,
        "n_entrants": len(ranking.entrants),
        "n_answered": ranking.n_answered,
        "wait": open_wait(run),
        "has_ended": run.recall("run_ended") is not None,
        "can_undo": bool(ranking.standing),
        "pair": pair,
        "lines": ranking_lines(run, ranking),
        **(_shown(opened, ranking, pair, studio) if pair else {"sides": (), "courses": ()}),
    }


def take_answer(opened: Opened, form: Mapping[str, str]) -> None:
    """Write down an answer, or take back the last one; a pair that was answered counts once.

    Raises:
        StoreError: It is about no pair of this run, or cannot be written.
    """
    run, choice = opened.run, form.get("choice", "")
    if choice == UNDO:
        append_undo(run.folder)
        return
    ranking = ranking_of(run)
    pair = _pair_of(ranking, form)
    known = next((c for c in CHOICES if c == choice), None)
    if pair is None or known is None:
        raise StoreError("That is no answer to a pair of this run. Reload the page.")
    asked = {pair.left, pair.right}
    if any(one.pair == asked and one.seed == pair.seed for one in ranking.standing):
        return
    one = Comparison(left=pair.left, right=pair.right, seed=pair.seed, choice=known, source="page")
    append_comparison(run.folder, one)


def pair_film(opened: Opened, candidate: CandidateId, seed: int) -> Path | None:
    """The film of a recorded episode; None when there is none."""
    entrant = ranking_of(opened.run).entrant(candidate)
    if entrant is None or seed not in entrant.seeds:
        return None
    episode = rollout_of(opened.run, entrant, seed)
    return regular_file(opened.run.folder, film_path(candidate, episode))


def _pair_of(ranking: Ranking, form: Mapping[str, str]) -> Pair | None:
    try:
        left, right = (read_id(form.get(side, "")) for side in SIDES)
        seed = int(form.get("seed", "")[:12])
    except (StoreError, ValueError):
        return None
    sides = [ranking.entrant(left), ranking.entrant(right)]
    is_one = left != right and all(one is not None and seed in one.seeds for one in sides)
    return Pair(left, right, seed) if is_one else None


def _shown(opened: Opened, ranking: Ranking, pair: Pair, studio: Studio) -> dict[str, Any]:
    run = opened.run
    entrants = _entrants(ranking, pair)
    rollouts = [rollout_of(run, one, pair.seed) for one in entrants]
    state = load_card(run.manifest.task.env).state
    sides = [
        _side(opened, side, one, rollout, studio)
        for side, one, rollout in zip(SIDES, entrants, rollouts, strict=True)
    ]
    _ask_ahead(opened, ranking, pair, studio)
    n_steps = max(rollout.length for rollout in rollouts)
    courses = zip(*(courses_of(rollout, state) for rollout in rollouts), strict=True)
    return {
        "sides": sides,
        "n_steps": n_steps,
        "is_filming": any(not side.film and not side.problem for side in sides),
        "courses": [course_pair(both, n_steps) for both in courses],
    }


def _ask_ahead(opened: Opened, ranking: Ranking, pair: Pair, studio: Studio) -> None:
    """Have the films of the next pair made while this one is watched."""
    run = opened.run
    if all(studio.problem(_scene(run, one, pair.seed)) for one in _entrants(ranking, pair)):
        return
    seed = int(run.manifest.config.get("seed", 0))
    for after in likely_next(ranking, pair, seed):
        scenes = [_scene(run, one, after.seed) for one in _entrants(ranking, after)]
        studio.ask([s for s in scenes if _made(run, s) is None and not studio.problem(s)])


def _entrants(ranking: Ranking, pair: Pair) -> list[Entrant]:
    return [one for one in map(ranking.entrant, (pair.left, pair.right)) if one]


def _scene(run: Run, entrant: Entrant, seed: int) -> Scene:
    episode = rollout_of(run, entrant, seed)
    env = run.manifest.task.env
    return Scene(folder=run.folder, env=env, candidate=entrant.id, episode=episode)


def _made(run: Run, scene: Scene) -> Path | None:
    return regular_file(run.folder, film_path(scene.candidate, scene.episode))


def _side(opened: Opened, name: str, entrant: Entrant, rollout: Trajectory, studio: Studio) -> Side:
    run = opened.run
    scene = _scene(run, entrant, rollout.seed)
    has_film = _made(run, scene) is not None
    problem = "" if has_film else studio.problem(scene)
    if not has_film and not problem:
        studio.ask([scene])
    where = f"{entrant.id.iteration}/{entrant.id.number}/{rollout.seed}"
    return Side(
        name=name,
        length=rollout.length,
        is_terminated=rollout.terminated,
        stride=reel_of(rollout.length, None).stride,
        film=f"/runs/{quote(run.folder.name, safe='')}/rank/films/{where}" if has_film else "",
        problem=problem,
    )


def course_pair(courses: Sequence[FieldCourse], n_steps: int) -> CoursePair:
    """One quantity of all rollouts that are shown, on one scale over `n_steps` timesteps."""
    low = min(course.low for course in courses)
    high = max(course.high for course in courses)
    return CoursePair(
        name=courses[0].name,
        unit=courses[0].unit,
        curves=tuple(
            spark(course.values, low, high, n_steps, kind=f"c{i}")
            for i, course in enumerate(courses)
        ),
        ranges=tuple(f"{c.low:.3g} to {c.high:.3g}, mean {c.mean:.3g}" for c in courses),
    )


def spark(values: np.ndarray, low: float, high: float, n_steps: int, *, kind: str) -> Markup:
    """A curve without axes, over the steps of an episode, with a cursor at its start.

    Args:
        values: One a row of the episode, shape (n + 1,).
        low: What lies at the bottom.
        high: What lies at the top.
        n_steps: Timesteps that fill the width.
        kind: Its colour, `c0` to `c7`.
    """
    width, height = SPARK
    at = np.linspace(0, len(values) - 1, min(len(values), width)).round().astype(int)
    x = at / max(1, n_steps) * width
    y = (1 - (values[at] - low) / ((high - low) or 1.0)) * (height - 4) + 2
    points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True) if np.isfinite(b))
    drawn = Markup(
        '<svg class="chart spark" viewBox="0 0 {w} {h}" width="{w}" height="{h}" '
        'aria-hidden="true"><polyline class="line {kind}" points="{points}"/>'
        '<line class="cursor" x1="0" x2="0" y1="0" y2="{h}"/></svg>'
    )
    return drawn.format(w=width, h=height, kind=kind, points=points)
