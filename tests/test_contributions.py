"""Programs that people bring into a search are candidates like any other, taken in once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rewardsmith.config import load_config
from rewardsmith.contributions import RefusedEdit, take_edit
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.errors import UsageError
from rewardsmith.judgement import Judgement
from rewardsmith.messages import Candidate, CandidateId, History, Iteration
from rewardsmith.session import arena_of, start_run
from rewardsmith.stages import Workshop
from rewardsmith.store.edits import append_edit
from rewardsmith.store.remarks import append_remark
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine, write_line_card

PROGRAM = """
WEIGHTS = {"near": 1.0}
def reward(state, action, xp):
    return {"near": -abs(state.position - state.goal)}
"""
MINE, BROKEN = PROGRAM.replace("1.0", "2.0"), PROGRAM.replace("state.goal", "state.nowhere")
PARENT = Candidate(id=CandidateId(0, 0), text=PROGRAM)
ONE_DONE = History(iterations=(Iteration(index=0, judged=(), results=(), analyses=()),))


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    card = write_line_card(tmp_path / "LineWorld")
    with start_run(
        tmp_path / "runs", task_of(load_card(card)), load_config(None, {"search.candidates": 3})
    ) as run:
        yield run


def propose(run: Run) -> tuple[Candidate, ...]:
    """What the second iteration proposes."""
    shop = Workshop(arena=arena_of(run, InProcessEngine()))
    return shop.propose(run.manifest.task, ONE_DONE)


def test_an_edit_opens_the_next_iteration_in_place_of_a_designed_program(run: Run) -> None:
    take_edit(run, PARENT, MINE, "Twice as much.")
    first, *designed = propose(run)
    assert (first.id, first.author, first.parents) == (CandidateId(1, 0), "human", (PARENT.id,))
    assert (first.text, first.rationale) == (MINE, "Twice as much.")
    assert [(c.id, c.author) for c in designed] == [
        (CandidateId(1, 1), "offline"),
        (CandidateId(1, 2), "offline"),
    ]


def test_more_edits_than_an_iteration_has_places_are_all_taken_in(run: Run) -> None:
    for weight in range(5):
        append_edit(run.folder, PROGRAM.replace("1.0", f"{weight + 3}.0"), parent=PARENT.id)
    assert [c.author for c in propose(run)] == ["human"] * 5


@pytest.mark.parametrize("event", ["edits_read", "iteration_started", "candidate_proposed"])
def test_an_edit_is_taken_in_once_though_the_driver_dies_over_it(run: Run, event: str) -> None:
    take_edit(run, PARENT, MINE)

    def die(seen: Any) -> None:
        if seen.event == event:
            raise KeyboardInterrupt

    arena_of(run, InProcessEngine())
    run.subscribe(die)
    with pytest.raises(KeyboardInterrupt):
        propose(run)
    run.close()
    append_edit(run.folder, MINE.replace("2.0", "9.0"), parent=PARENT.id)  # for the one after
    with Run.open(run.folder) as again:
        candidates = propose(again)
        proposed = [e.key["candidate"] for e in again.events("candidate_proposed")]
    assert [c.text for c in candidates if c.author == "human"] == [MINE]
    assert proposed == [str(c.id) for c in candidates]


def test_an_edit_made_behind_the_critic_joins_the_iteration_that_paused(run: Run) -> None:
    before = propose(run)
    run.record("paused", key={"iteration": 1, "after": "critic"})
    take_edit(run, PARENT, MINE)
    run.close()
    with Run.open(run.folder) as again:
        after = propose(again)
    assert after[: len(before)] == before
    assert [(c.id, c.text) for c in after[len(before) :]] == [(CandidateId(1, 3), MINE)]


def test_without_a_pause_an_edit_waits_for_the_next_iteration(run: Run) -> None:
    before = propose(run)
    take_edit(run, PARENT, MINE)
    assert propose(run) == before


def test_a_persons_edit_is_judged_and_never_rewritten_by_a_model(run: Run) -> None:
    def repair(*_: object, **__: object) -> list[object]:
        raise AssertionError("a model was asked to rewrite what a person wrote")

    team: Any = SimpleNamespace(repair=repair, max_reviews=0)
    arena = arena_of(run, InProcessEngine())
    judgement = Judgement(
        arena=arena,
        task=run.manifest.task,
        lineup=arena.references.lineup(),
        team=team,
        history=ONE_DONE,
        curves={},
    )
    mine = replace(PARENT, id=CandidateId(1, 0), text=BROKEN, author="human", parents=(PARENT.id,))
    (judged,) = judgement.rounds([mine], {})
    assert not judged.verdict.ok
    assert judged.candidate == mine


def test_a_refused_edit_says_everything_that_is_wrong_and_is_not_written(run: Run) -> None:
    with pytest.raises(RefusedEdit) as refused:
        take_edit(run, PARENT, BROKEN)
    assert [f.line for f in refused.value.findings if f.severity == "error"] == [4]
    assert not (run.folder / "edits.jsonl").exists()


def test_an_edit_that_changes_nothing_or_comes_too_late_is_refused(run: Run) -> None:
    with pytest.raises(UsageError, match="Nothing differs from 000/0"):
        take_edit(run, PARENT, PROGRAM.replace("\n", "\r\n") + "\n")
    run.record("run_ended", reason="finished")
    with pytest.raises(UsageError, match=r"has ended.*rewardsmith train FILE"):
        take_edit(run, PARENT, MINE)


def test_a_remark_made_in_a_pause_is_read_by_the_very_next_iteration(run: Run) -> None:
    for name in ("iteration_started", "iteration_ended"):
        run.record(name, key={"iteration": 0})
    run.new_feedback(0)
    append_remark(run.folder, "Slower, please.")
    said = [r.text for i in run.open_iteration().iterations for r in i.remarks]
    assert said == ["Slower, please."]
    append_remark(run.folder, "Too late for this one.")
    run.record("iteration_started", key={"iteration": 1}, candidates=[])
    again = [r.text for i in run.open_iteration().iterations for r in i.remarks]
    assert again == said
