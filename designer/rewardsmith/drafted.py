"""A fitness for a task that has none: drafts, rollouts to label, and the one a person chooses.

What is drafted sees the task's words and the card's fields, and no reward. Where the run has a
language model, it drafts, and rules do whatever it leaves open. Once chosen, the fitness is frozen
with its success criterion in the journal, and the run goes on as if it had been given.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict

from rewardsmith.errors import UsageError
from rewardsmith.feedback.labelling import (
    CLIPS_FOLDER,
    WINNER_FOLDER,
    LabelSheet,
    open_sheet,
    settled_success,
)
from rewardsmith.feedback.selection import WaitingForPerson
from rewardsmith.messages import Design, History, MeasureDraft, Task
from rewardsmith.roles.model.measurer import Drafted
from rewardsmith.roles.model.team import ModelTeam
from rewardsmith.roles.offline.brief import CardWords, brief_of
from rewardsmith.roles.offline.designer import propose
from rewardsmith.roles.offline.measures import N_DRAFTS, draft_measures
from rewardsmith.store.labels import read_labels
from rewardsmith.store.run import Run
from rewardsmith.training.arena import Arena
from rewardsmith.training.clips import record_clips, record_winner
from rewardsmith.training.stored_policy import stored_policy

N_PROGRAMS = 3

OpenTeam = Callable[[Arena], AbstractContextManager[ModelTeam | None]]


def settle_fitness(run: Run, arena: Callable[[], Arena], open_team: OpenTeam) -> None:
    """Draft, record and wait, or freeze what was chosen; the task has a fitness afterwards.

    Args:
        run: Open for writing; its task's fitness is still to be chosen.
        arena: Makes the conditions under which rollouts are recorded.
        open_team: Opens the run's language model; it gives None where the run uses none.

    Raises:
        WaitingForPerson: Nobody has chosen yet.
        UsageError: The fields hold no number to measure by.
        ModelError: The provider failed beyond its retries; resume.
    """
    if run.recall("fitness_drafted") is None:
        _draft(run, arena(), open_team)
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


def _draft(run: Run, arena: Arena, open_team: OpenTeam) -> None:
    card = arena.card
    words = CardWords(start=card.start, episode_end=card.episode_end, exploits=card.known_exploits)
    drafted = _measures(arena, words, open_team)
    clips = record_clips(arena, _programs(arena, arena.task, words))
    sha = run.save_trajectories(CLIPS_FOLDER, [clip.rollout for clip in clips])
    run.record(
        "fitness_drafted",
        drafts=drafted.drafts,
        reason=drafted.reason,
        kinds=[clip.kind for clip in clips],
        sha=sha,
    )


def _measures(arena: Arena, words: CardWords, open_team: OpenTeam) -> Drafted:
    """What the model drafts, where there is one, then what the rules do."""
    drafted = Drafted()
    with open_team(arena) as team:
        if team is not None:
            repairs = arena.config.roles.repairs
            drafted = team.measures(arena.references.trajectories, repairs=repairs)
    n_missing = N_DRAFTS - len(drafted.drafts)
    if not n_missing:
        return drafted
    known = {draft.text for draft in drafted.drafts}
    more = [draft for draft in _by_rules(arena, words, drafted) if draft.text not in known]
    return Drafted(drafts=(*drafted.drafts, *more[:n_missing]), reason=drafted.reason)


def _by_rules(arena: Arena, words: CardWords, drafted: Drafted) -> tuple[MeasureDraft, ...]:
    """The offline drafts; none where the fields give none, as long as the model's are there.

    Raises:
        UsageError: There is no draft at all then.
    """
    card = arena.card
    try:
        return draft_measures(brief_of(arena.task, card.state, words=words), dt=card.dt)
    except UsageError:
        if not drafted.drafts:
            raise
        return ()


def _programs(arena: Arena, task: Task, words: CardWords) -> list[str]:
    """Rewards whose early policies are shown: first ideas of the offline designer."""
    found = propose(
        task,
        arena.program_state,
        History(),
        n=N_PROGRAMS,
        iteration=0,
        seed=arena.config.seed,
        words=words,
    )
    return [candidate.text for candidate in found]


def _freeze(run: Run, sheet: LabelSheet, chosen: int) -> None:
    draft = sheet.drafts[chosen]
    run.record(
        "fitness_chosen",
        fitness=draft.text,
        success=settled_success(run, draft, sheet),
        why=draft.why,
        authors={d.text: d.author for d in sheet.drafts},
        agreement={d.text: asdict(d.agreement) if d.agreement else None for d in sheet.drafts},
        n_labels=sheet.n_said,
        up_to_line=read_labels(run.folder).up_to_line,
    )


def _said(run: Run, sheet: LabelSheet) -> str:
    name = run.folder.name if str(run.folder.parent) == "runs" else run.folder
    beside = f" {sheet.note}" if sheet.note else ""
    return (
        f"{len(sheet.drafts)} ways to measure the task are drafted.{beside} Label "
        f"{len(sheet.rollouts)} rollouts good or bad and choose one with "
        f"`rewardsmith label {name}` or on its page in `rewardsmith view`, then go on "
        f"with `rewardsmith resume {name}`."
    )
