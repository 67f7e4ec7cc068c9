"""The loop on one screen: what is called when, and with what."""

from dataclasses import dataclass, field, replace

import pytest

from rewardsmith.errors import ModelError
from rewardsmith.loop import Stages, design_reward
from rewardsmith.messages import (
    Analysis,
    Candidate,
    CandidateId,
    Feedback,
    History,
    Iteration,
    Judged,
    Outcome,
    Result,
    Task,
    Verdict,
)
from rewardsmith.testing import toy_task


@dataclass
class Notes:
    """A record in memory that writes down every call."""

    calls: list[str] = field(default_factory=list)
    iterations: tuple[Iteration, ...] = ()

    def history(self) -> History:
        return History(iterations=self.iterations)

    def open_iteration(self) -> History:
        return self.history()

    def new_feedback(self, iteration: int) -> tuple[Feedback, ...]:
        self.calls.append(f"feedback {iteration}")
        return (Feedback(text="higher", line=iteration + 1),)

    def finish_iteration(self, iteration: Iteration) -> History:
        self.calls.append(f"finish {iteration.index}")
        self.iterations = (*self.iterations, iteration)
        return self.history()


def stages_of(notes: Notes, *, iterations: int = 2, kept: tuple[int, ...] = (0, 1)) -> Stages:
    """Two candidates an iteration; those not in `kept` are screened; later ones score higher."""

    def called(name: str, history: History) -> None:
        notes.calls.append(f"{name} {len(history.iterations)}")

    def propose(task: Task, history: History) -> tuple[Candidate, ...]:
        called("propose", history)
        n = len(history.iterations)
        return tuple(Candidate(id=CandidateId(n, i), text=f"{n}/{i}") for i in (0, 1))

    def judge(proposed: tuple[Candidate, ...], task: Task, history: History) -> tuple[Judged, ...]:
        called("judge", history)
        return tuple(Judged(candidate=c, verdict=Verdict(ok=True)) for c in proposed)

    def screen(judged: tuple[Judged, ...], history: History) -> tuple[Judged, ...]:
        called("screen", history)
        return tuple(j for j in judged if j.candidate.id.number in kept)

    def compete(chosen: tuple[Judged, ...], task: Task) -> tuple[Result, ...]:
        notes.calls.append(f"compete {[str(j.candidate.id) for j in chosen]}")
        return tuple(
            Result(judged=j, outcome=Outcome.TRAINED, score=float(sum(j.candidate.id)))
            for j in chosen
        )

    def analyze(results: tuple[Result, ...], task: Task) -> tuple[Analysis, ...]:
        notes.calls.append(f"analyze {len(results)}")
        return tuple(Analysis(candidate=result.id) for result in results)

    return Stages(
        should_stop=lambda history: len(history.iterations) >= iterations,
        propose=propose,
        judge=judge,
        screen=screen,
        compete=compete,
        analyze=analyze,
    )


def test_stages_follow_each_other_and_feedback_is_read_last() -> None:
    notes = Notes()
    design = design_reward(toy_task(), stages_of(notes, iterations=1), notes)
    assert notes.calls == [
        "propose 0",
        "judge 0",
        "screen 0",
        "compete ['000/0', '000/1']",
        "analyze 2",
        "feedback 0",
        "finish 0",
    ]
    assert design.best is not None
    assert design.best.id == CandidateId(0, 1)


def test_later_iterations_see_what_earlier_ones_came_to() -> None:
    notes = Notes()
    design = design_reward(toy_task(), stages_of(notes, iterations=3), notes)
    assert [call for call in notes.calls if call.startswith("propose")] == [
        "propose 0",
        "propose 1",
        "propose 2",
    ]
    assert [i.remarks[0].line for i in design.history.iterations] == [1, 2, 3]
    assert design.best is not None
    assert design.best.id == CandidateId(2, 1)


def test_a_search_that_is_done_calls_nothing() -> None:
    notes = Notes()
    design = design_reward(toy_task(), stages_of(notes, iterations=0), notes)
    assert (notes.calls, design.best, design.history) == ([], None, History())


def test_a_resumed_search_goes_on_after_its_last_finished_iteration() -> None:
    notes = Notes()
    design_reward(toy_task(), stages_of(notes, iterations=1), notes)
    notes.calls.clear()
    design = design_reward(toy_task(), stages_of(notes, iterations=2), notes)
    assert notes.calls[0] == "propose 1"
    assert [i.index for i in design.history.iterations] == [0, 1]


def test_nothing_is_trained_when_all_are_screened() -> None:
    notes = Notes()
    design = design_reward(toy_task(), stages_of(notes, kept=(), iterations=2), notes)
    assert notes.calls.count("compete []") == 2
    assert notes.calls.count("analyze 0") == 2
    assert (design.best, len(design.history.iterations)) == (None, 2)


def test_what_a_stage_raises_ends_the_search_before_the_next_stage() -> None:
    notes = Notes()

    def broke(judged: tuple[Judged, ...], history: History) -> tuple[Judged, ...]:
        raise ModelError("no more money")

    with pytest.raises(ModelError):
        design_reward(toy_task(), replace(stages_of(notes), screen=broke), notes)
    assert notes.calls == ["propose 0", "judge 0"]
    assert notes.iterations == ()
