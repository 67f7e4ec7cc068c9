"""The page that shows one rollout after another to be called good or bad, and what follows."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from rewardsmith.environments.cards import load_card
from rewardsmith.errors import StoreError
from rewardsmith.evaluation.renderer import reel_of
from rewardsmith.feedback.labelling import SHEET_FOLDERS, LabelSheet, open_sheet
from rewardsmith.feedback.summary import courses_of
from rewardsmith.report.opinions import opinion_of
from rewardsmith.store.films import film_path
from rewardsmith.store.labels import (
    SAYINGS,
    Label,
    append_choice,
    append_label,
    append_label_undo,
    read_labels,
)
from rewardsmith.store.run import Run
from rewardsmith.viewer.library import Opened, regular_file
from rewardsmith.viewer.ranking import UNDO, Side, course_pair
from rewardsmith.viewer.studio import Scene, Studio

AHEAD = 2
"""Rollouts whose films are asked for beside the one that is shown."""


def label_page(opened: Opened, studio: Studio) -> dict[str, Any]:
    """Everything on the page: the next rollout, how far it is, the drafts and their agreement.

    Raises:
        StoreError: The rollouts or the labels cannot be read.
    """
    run = opened.run
    sheet = open_sheet(run)
    url = f"/runs/{quote(run.folder.name, safe='')}"
    return {
        "name": run.folder.name,
        "url": url,
        "part_url": f"{url}/label/part",
        "task": run.manifest.task,
        "sheet": sheet,
        "opinion": opinion_of(run),
        "can_undo": bool(read_labels(run.folder).standing),
        **(_shown(run, sheet, studio) if sheet else {"sides": ()}),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftsState:
    """Where a run stands whose fitness is drafted and not frozen."""

    is_chosen: bool
    doubt: str = ""
    """What speaks against the one that was chosen; empty otherwise."""


def drafts_state(run: Run) -> DraftsState | None:
    """What the page of a run says of its drafts; None where it has none, or has frozen one."""
    if not run.manifest.task.is_drafted or run.recall("fitness_drafted") is None:
        return None
    try:
        sheet = open_sheet(run) if read_labels(run.folder).chosen is not None else None
    except StoreError:  # its own page says what is wrong with it
        sheet = None
    if sheet is None or sheet.chosen is None:
        return DraftsState(is_chosen=False)
    return DraftsState(is_chosen=True, doubt=sheet.doubt)


def take_label(opened: Opened, form: Mapping[str, str]) -> None:
    """Write down a label or a choice, or take back the last label.

    Raises:
        StoreError: It is about no rollout of this run, or cannot be written.
    """
    folder, choice = opened.run.folder, form.get("choice", "")
    if choice == UNDO:
        append_label_undo(folder)
        return
    sheet = open_sheet(opened.run)
    if sheet is None:
        raise StoreError("This run asks for no labels. Reload the page.")
    draft = _within(form.get("draft", ""), len(sheet.drafts))
    if draft is not None and sheet.is_enough:
        append_choice(folder, draft, source="page")
        return
    number = _within(form.get("number", ""), len(sheet.rollouts))
    saying = next((s for s in SAYINGS if s == choice), None)
    if number is None or saying is None or form.get("sheet") != sheet.name:
        raise StoreError("That is no label of a rollout of this run. Reload the page.")
    if number in sheet.labels:
        return
    append_label(folder, Label(sheet=sheet.name, number=number, saying=saying, source="page"))


def label_film(opened: Opened, number: int) -> Path | None:
    """The film of a rollout of the open sheet; None when there is none."""
    sheet = open_sheet(opened.run)
    if sheet is None or not 0 <= number < len(sheet.rollouts):
        return None
    path = film_path(SHEET_FOLDERS[sheet.name], sheet.rollouts[number])
    return regular_file(opened.run.folder, path)


def _shown(run: Run, sheet: LabelSheet, studio: Studio) -> dict[str, Any]:
    number = sheet.next
    if number is None:
        return {"sides": ()}
    waiting = [i for i in sheet.order if i not in sheet.labels][: 1 + AHEAD]
    scenes = [_scene(run, sheet, i) for i in waiting]
    studio.ask([s for s in scenes if _film(run, s) is None and not studio.problem(s)])
    rollout = sheet.rollouts[number]
    state = load_card(run.manifest.task.env).state
    side = _side(run, sheet, number, studio)
    return {
        "number": number,
        "sides": (side,),
        "n_steps": rollout.length,
        "is_filming": not side.film and not side.problem,
        "courses": [course_pair((one,), rollout.length) for one in courses_of(rollout, state)],
    }


def _side(run: Run, sheet: LabelSheet, number: int, studio: Studio) -> Side:
    rollout, scene = sheet.rollouts[number], _scene(run, sheet, number)
    has_film = _film(run, scene) is not None
    name = quote(run.folder.name, safe="")
    return Side(
        name="rollout",
        length=rollout.length,
        is_terminated=rollout.terminated,
        stride=reel_of(rollout.length, None).stride,
        film=f"/runs/{name}/label/films/{number}" if has_film else "",
        problem="" if has_film else studio.problem(scene),
    )


def _scene(run: Run, sheet: LabelSheet, number: int) -> Scene:
    return Scene(
        folder=run.folder,
        env=run.manifest.task.env,
        candidate=SHEET_FOLDERS[sheet.name],
        episode=sheet.rollouts[number],
    )


def _film(run: Run, scene: Scene) -> Path | None:
    return regular_file(run.folder, film_path(scene.candidate, scene.episode))


def _within(written: str, n: int) -> int | None:
    is_number = written.isascii() and written.isdigit() and len(written) < 6
    return int(written) if is_number and int(written) < n else None
