"""The real stages where a run was interrupted, or a worker had nothing to say."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.config import load_config
from rewardsmith.environments.cards import load_card, task_of
from rewardsmith.messages import (
    Candidate,
    CandidateId,
    EpisodeScore,
    Evaluation,
    History,
    Iteration,
    Judged,
    Outcome,
    Result,
    Trajectory,
    Verdict,
)
from rewardsmith.session import arena_of, start_run
from rewardsmith.stages import Workshop
from rewardsmith.store.layout import recorded_name
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine, write_line_card

PROGRAM = """
WEIGHTS = {"near": 1.0}
def reward(state, action, xp):
    return {"near": -abs(state.position - state.goal)}
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    card = write_line_card(tmp_path / "LineWorld")
    config = load_config(None, {"search.candidates": 3, "require_sandbox": "any"})
    with start_run(tmp_path / "runs", task_of(load_card(card)), config) as run:
        yield run


def workshop(run: Run) -> Workshop:
    return Workshop(arena=arena_of(run, InProcessEngine()))


def stop_after(run: Run, name: str) -> None:
    def listen(event: object) -> None:
        if getattr(event, "event", "") == name:
            raise KeyboardInterrupt

    run.subscribe(listen)


@pytest.mark.parametrize("event", ["iteration_started", "candidate_proposed"])
def test_every_candidate_is_proposed_though_the_run_died_while_it_said_so(
    run: Run, event: str
) -> None:
    shop = workshop(run)
    stop_after(run, event)
    with pytest.raises(KeyboardInterrupt):
        shop.propose(run.manifest.task, History())
    run.close()
    with Run.open(run.folder) as again:
        candidates = workshop(again).propose(run.manifest.task, History())
        proposed = [e.key["candidate"] for e in again.events("candidate_proposed")]
    assert proposed == [str(c.id) for c in candidates] == ["000/0", "000/1", "000/2"]


def accepted(number: int, graph: str) -> Judged:
    return Judged(
        candidate=Candidate(id=CandidateId(0, number), text=PROGRAM),
        verdict=Verdict(ok=True, graph_hash=graph),
    )


def test_a_recorded_screening_stands(run: Run) -> None:
    shop, both = workshop(run), (accepted(0, "a"), accepted(1, "a"))
    assert shop.screen(both, History()) == both[:1]
    other = (accepted(0, "a"), accepted(1, "b"))
    assert shop.screen(other, History()) == other[:1]
    assert len(run.events("candidate_screened")) == 2


def evaluated(run: Run, number: int, *fitness: float) -> Result:
    """A candidate whose last evaluation was recorded: only its last episode goes to the goal."""
    judged = accepted(number, str(number))
    episodes = tuple(
        EpisodeScore(seed=i, fitness=value, success=value > -0.5, length=3, terminated=False)
        for i, value in enumerate(fitness)
    )
    ends = [0.0] * (len(fitness) - 1) + [1.0]
    recorded = [
        Trajectory(
            seed=i,
            fields={"position": np.array([0.0, end / 2, end, end]), "goal": np.ones(4)},
            actions=np.ones((3, 1)),
            terminated=False,
        )
        for i, end in enumerate(ends)
    ]
    candidate, seed = judged.candidate.id, workshop(run).arena.seed(judged.candidate.id)
    sha = run.save_trajectories(candidate, recorded, name=recorded_name(seed, 64))
    evaluation = Evaluation(step=64, seed_set="selection", episodes=episodes)
    key = {"candidate": candidate, "seed": seed, "step": 64, "seed_set": "selection"}
    run.record("candidate_evaluated", key=key, evaluation=evaluation, recorded=sha)
    return Result(judged=judged, outcome=Outcome.TRAINED, evaluations=(evaluation,))


def probed_with(run: Run, *results: Result) -> tuple[Verdict, set[str]]:
    """The verdict on one more candidate, which pays 3 less the distance; why exploits are n/a."""
    done = Iteration(index=0, judged=(), results=results, analyses=())
    candidate = Candidate(id=CandidateId(1, 0), text=PROGRAM.replace("-abs", "3.0 - abs"))
    (judged,) = workshop(run).judge((candidate,), run.manifest.task, History(iterations=(done,)))
    return judged.verdict, {exploit.reason for exploit in judged.verdict.exploits}


def test_the_best_rollout_so_far_is_what_exploits_are_measured_against(run: Run) -> None:
    better, worse = evaluated(run, 0, -0.9, -0.01), evaluated(run, 1, -0.5)
    verdict, reasons = probed_with(run, worse, better)
    assert reasons == {"", "no episode ended early"}
    assert verdict.do_nothing_share == pytest.approx(12 * 2.0 / (2.5 + 3.0 + 3.0))
    (warning,) = [f for f in verdict.findings if f.code == "exploit-pays"]
    assert "times the return of the best rollout so far" in warning.message


@pytest.mark.parametrize("fitness", [-2.9, None])
def test_a_search_that_has_done_no_better_than_exploits_claims_nothing(
    run: Run, fitness: float | None
) -> None:
    known = () if fitness is None else (evaluated(run, 0, fitness),)
    _, reasons = probed_with(run, *known)
    assert reasons == {"no competent rollout is known", "no episode ended early"}


@pytest.mark.parametrize("outcome", [Outcome.TRAINED, Outcome.STOPPED])
def test_a_training_without_recordings_is_not_called_none(run: Run, outcome: Outcome) -> None:
    shop = workshop(run)
    episode = EpisodeScore(seed=1, fitness=0.0, success=False, length=1, terminated=False)
    result = Result(
        judged=accepted(0, "a"),
        outcome=outcome,
        evaluations=(Evaluation(step=64, seed_set="selection", episodes=(episode,)),),
    )
    (analysis,) = shop.analyze((result,), run.manifest.task)
    assert analysis.causes == ()


def test_a_candidate_that_crashed_is_analysed_by_what_it_said(run: Run) -> None:
    result = Result(judged=accepted(0, "a"), outcome=Outcome.CRASHED, text="divided by zero")
    (analysis,) = workshop(run).analyze((result,), run.manifest.task)
    assert [cause.code for cause in analysis.causes] == ["not-trained"]
    assert "divided by zero" in analysis.causes[0].message
