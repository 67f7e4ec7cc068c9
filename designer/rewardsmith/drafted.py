"""A fitness for a task that has none: drafts, rollouts to label, and the one a person chooses.

What is drafted sees the task's words and the card's fields, and no reward. Once chosen, the fitness
is frozen with its success criterion in the journal, and the run goes on as if it had been given.
"""

from collections.abc import Callable
from dataclasses import asdict

from rewardsmith.feedback.labelling import (
    CLIPS_FOLDER,
    WINNER_FOLDER,
    LabelSheet,
    open_sheet,
    success_of,
    values_of,
)
from rewardsmith.feedback.selection import WaitingForPerson
from rewardsmith.messages import Design, History, Task
from rewardsmith.roles.offline.brief import CardWords, brief_of
from rewardsmith.roles.offline.designer import propose
from rewardsmith.roles.offline.measures import MeasureDraft, draft_measures
from rewardsmith.store.labels import read_labels
from rewardsmith.store.run import Run
from rewardsmith.training.arena import Arena
from rewardsmith.training.clips import record_clips, record_winner
from rewardsmith.training.stored_policy import stored_policy

N_PROGRAMS = 3


def settle_fitness(run: Run, arena: Callable[[], Arena]) -> None:
    """Draft, record and wait, or freeze what was chosen; the task has a fitness afterwards.

    Args:
        run: Open for writing; its task's fitness is still to be chosen.
        arena: Makes the conditions under which rollouts are recorded.

    Raises:
        WaitingForPerson: Nobody has chosen yet.
        UsageError: The fields hold no number to measure by.
    """
    if run.recall("fitness_drafted") is None:
        _draft(run, arena())
    sheet = open_sheet(run)
    assert sheet is not None, "it was drafted above"
    if sheet.chosen is None:
        raise WaitingForPerson(_said(run, sheet))
    _freeze(run, sheet, sheet.chosen)


def show_winner(run: Run, design: Design, arena: Arena) -> None:
    """Record three rollouts of the winner for its last question, where a person is the judge."""
    asked = run.manifest.task.is_ranked or run.recall("fitness_chosen") is not None
    if not asked or design.best is None or run.recall("winner_shown") is not None:
        return
    policy = stored_policy(run, design.best.id, arena.spec)
    if policy is None:
        return
    rollouts = record_winner(arena, policy)
    sha = run.save_trajectories(WINNER_FOLDER, rollouts)
    run.record("winner_shown", candidate=design.best.id, sha=sha)


def _draft(run: Run, arena: Arena) -> None:
    card, task = arena.card, arena.task
    words = CardWords(start=card.start, episode_end=card.episode_end, exploits=card.known_exploits)
    drafts = draft_measures(brief_of(task, card.state, words=words), dt=card.dt)
    clips = record_clips(arena, _programs(arena, task, words))
    sha = run.save_trajectories(CLIPS_FOLDER, [clip.rollout for clip in clips])
    run.record(
        "fitness_drafted",
        drafts=[_plain(draft) for draft in drafts],
        kinds=[clip.kind for clip in clips],
        sha=sha,
    )


def _plain(draft: MeasureDraft) -> dict[str, str]:
    return {"text": draft.text, "why": draft.why}


def _programs(arena: Arena, task: Task, words: CardWords) -> list[str]:
    """Rewards whose early policies are shown: first ideas of the offline designer."""
    found = propose(
        task,
        arena.card.state,
        History(),
        n=N_PROGRAMS,
        iteration=0,
        seed=arena.config.seed,
        words=words,
    )
    return [candidate.text for candidate in found]


def _freeze(run: Run, sheet: LabelSheet, chosen: int) -> None:
    draft = sheet.drafts[chosen]
    values = values_of(run, draft.text, sheet.rollouts)
    run.record(
        "fitness_chosen",
        fitness=draft.text,
        success=success_of(draft.text, values, sheet.labels),
        why=draft.why,
        agreement={d.text: asdict(d.agreement) if d.agreement else None for d in sheet.drafts},
        n_labels=sheet.n_said,
        up_to_line=read_labels(run.folder).up_to_line,
    )


def _said(run: Run, sheet: LabelSheet) -> str:
    name = run.folder.name if str(run.folder.parent) == "runs" else run.folder
    return (
        f"{len(sheet.drafts)} ways to measure the task are drafted. Label {len(sheet.rollouts)} "
        f"rollouts good or bad and choose one with `rewardsmith label {name}` or on its page in "
        f"`rewardsmith view`, then go on with `rewardsmith resume {name}`."
    )
