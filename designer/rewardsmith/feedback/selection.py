"""Selects by people's comparisons where a task has no fitness: waits for them, and records.

A ranking that was recorded is never recomputed: what is answered or taken back later counts from
the next iteration on.
"""

import math
from dataclasses import asdict, dataclass

from rewardsmith.errors import RewardsmithError
from rewardsmith.feedback.ranking import Ranking, next_pair, ranking_of
from rewardsmith.messages import CandidateId
from rewardsmith.store.comparisons import read_comparisons
from rewardsmith.store.past import ranked_scores
from rewardsmith.store.run import Run

COMPARISONS_A_CANDIDATE = 1.5
"""Comparisons that a new candidate is worth waiting for. With K = 6 and 5 iterations that is some
50, about as many as In-Context Preference Learning asked of a person (49)."""


class WaitingForPerson(RewardsmithError):
    """The run can go on once a person has answered; it is no failure."""

    exit_code = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """What an iteration still needs of a person."""

    iteration: int
    n_answered: int
    """Comparisons answered since the last decision."""
    n_wanted: int


def rank_iteration(run: Run, iteration: int, *, wanted: int | None) -> dict[CandidateId, float]:
    """The strength of every candidate so far, as decided after an iteration's trainings.

    Args:
        run: Open for writing.
        iteration: Index of the iteration whose candidates were just trained.
        wanted: Comparisons to wait for; None: as many as its candidates are worth.

    Raises:
        WaitingForPerson: They are not there yet.
        StoreError: The comparisons cannot be read.
    """
    recalled = run.recall("ranking_decided", iteration=iteration)
    if recalled is None:
        ranking = ranking_of(run)
        wait = wait_of(run, ranking, iteration, wanted=wanted)
        if wait is not None:
            raise WaitingForPerson(_said(run, wait))
        recalled = run.record(
            "ranking_decided",
            key={"iteration": iteration},
            strengths={str(id_): asdict(found) for id_, found in ranking.intervals.items()},
            n_answered=ranking.n_answered,
            up_to_line=read_comparisons(run.folder).up_to_line,
        ).data
    return ranked_scores(recalled)


def wait_of(run: Run, ranking: Ranking, iteration: int, *, wanted: int | None) -> Wait | None:
    """What `iteration` still needs; None when it may be decided.

    Args:
        run: The run.
        ranking: As it stands.
        iteration: Index of an iteration that is trained and not decided.
        wanted: As of `rank_iteration`.
    """
    n_new = sum(one.id.iteration == iteration for one in ranking.entrants)
    decided = [event.data["n_answered"] for event in run.events("ranking_decided")]
    n_answered = ranking.n_answered - max(decided, default=0)
    n_wanted = wanted or math.ceil(COMPARISONS_A_CANDIDATE * n_new + 1)
    nothing_new = n_new == 0 or len(ranking.entrants) < 2
    if nothing_new or n_answered >= n_wanted or next_pair(ranking, 0) is None:
        return None
    return Wait(iteration=iteration, n_answered=n_answered, n_wanted=n_wanted)


def open_wait(run: Run) -> Wait | None:
    """What the run waits for now; None when it waits for no ranking."""
    if not run.manifest.task.is_ranked:
        return None
    closed = [event.key["iteration"] for event in run.events("ranking_decided")]
    started = [event.key["iteration"] for event in run.events("iteration_started")]
    iteration = max(started, default=-1)
    if iteration < 0 or iteration in closed or not _is_trained(run, iteration):
        return None
    return wait_of(run, ranking_of(run), iteration, wanted=_wanted(run))


def _wanted(run: Run) -> int | None:
    """Comparisons that an iteration waits for, as configured when the run was last driven."""
    wanted: int | None = run.manifest.config.get("roles", {}).get("comparisons")
    for event in run.events("run_resumed"):
        wanted = event.data.get("settings", {}).get("roles.comparisons", wanted)
    return wanted


def _is_trained(run: Run, iteration: int) -> bool:
    """Whether every candidate that was proposed in it is closed."""
    names = {
        event.key["candidate"]
        for event in run.events("candidate_proposed")
        if event.key["candidate"].startswith(f"{iteration:03d}/")
    }
    return names <= {event.key["candidate"] for event in run.events("candidate_closed")}


def _said(run: Run, wait: Wait) -> str:
    n = wait.n_wanted - wait.n_answered
    name = run.folder.name if str(run.folder.parent) == "runs" else run.folder
    return (
        f"Iteration {wait.iteration} is trained and waits for {n} comparison{'s' if n > 1 else ''} "
        f"of its rollouts. Answer them with `rewardsmith rank {name}` or on its page in "
        f"`rewardsmith view`, then go on with `rewardsmith resume {name}`."
    )
