"""The events of a run: their names, their keys, and what each of them holds.

| event | key | data |
|---|---|---|
| run_started | | versions |
| run_resumed | | versions, settings: what is different from now on, by dotted key |
| run_ended | | reason |
| measure_frozen | | measure: hash of all that judges the task |
| references_recorded | | sha, obs_dim, sandbox, kinds, fitness, distrust |
| iteration_started | iteration | candidates: list of Candidate; findings by number |
| iteration_ended | iteration | |
| candidate_proposed | candidate | candidate: Candidate |
| candidate_judged | candidate, round, layer | judged: Judged, accepted: bool; ranges |
| candidate_screened | candidate | screened: bool, reason |
| segment_started | candidate, seed, start_step | end_step, attempt |
| segment_ended | candidate, seed, start_step | training: Training, attempt |
| candidate_evaluated | candidate, seed, step, seed_set | evaluation: Evaluation, recorded |
| rung_decided | iteration, rung | scores by candidate; kept, stopped: lists of candidates |
| candidate_closed | candidate | result: Result |
| candidate_analyzed | candidate | analysis: Analysis |
| feedback_read | iteration; stage: where the next opens | remarks: list of Feedback, up_to_line |
| fitness_drafted | | drafts: list of MeasureDraft; reason of rules; kinds of the clips; sha |
| fitness_chosen | | fitness, success, why; agreement and author by draft; n_labels, up_to_line |
| winner_shown | | candidate, sha of its rollouts |
| ranking_decided | iteration | strengths: Interval by candidate; n_answered, up_to_line |
| edits_read | iteration, stage | edits: list of Edit, up_to_line |
| paused | iteration, after | |
| continued | | |
| report_ready | | claim: Claim |

`candidate` is a `CandidateId`, written `002/1`. What is trained or evaluated beside the search (a
confirmation, the final claim, a control) has the keys `purpose` and `contender` instead, so that
it is never taken for a part of it. `accepted` is true in the last layer's event of a candidate
that may be trained. `recorded` is the SHA-256 of the recorded episodes, or null.
"""

import re
from collections.abc import Mapping
from typing import Any, Literal

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId
from rewardsmith.store.journal import Event

EventName = Literal[
    "run_started",
    "run_resumed",
    "run_ended",
    "measure_frozen",
    "references_recorded",
    "iteration_started",
    "iteration_ended",
    "candidate_proposed",
    "candidate_judged",
    "candidate_screened",
    "segment_started",
    "segment_ended",
    "candidate_evaluated",
    "rung_decided",
    "candidate_closed",
    "candidate_analyzed",
    "feedback_read",
    "fitness_drafted",
    "fitness_chosen",
    "winner_shown",
    "ranking_decided",
    "edits_read",
    "paused",
    "continued",
    "report_ready",
]

UNSYNCED: frozenset[EventName] = frozenset({"segment_started", "continued"})
"""Events that cost nothing to lose: what they announce is started again."""

CONCLUSION = "conclusion"
"""Purpose of the evaluation that ends a run without a claim."""

_ID = re.compile(r"(\d{3,6})/(\d{1,6})", re.ASCII)


def candidate_of(event: Event) -> CandidateId | None:
    """The candidate that `event` concerns; None when it concerns none or a control."""
    written = event.key.get("candidate")
    return read_id(written) if isinstance(written, str) and _ID.fullmatch(written) else None


def is_search(event: Event) -> bool:
    """Whether `event` belongs to the search itself: not to a confirmation, claim or control."""
    return "purpose" not in event.key


def read_id(written: str) -> CandidateId:
    """The candidate id that `str` wrote.

    >>> read_id("002/1")
    CandidateId(iteration=2, number=1)

    Raises:
        StoreError: It is not one.
    """
    match = _ID.fullmatch(written)
    if match is None:
        raise StoreError(f"{written!r} is not a candidate. Write it as in '002/1'.")
    return CandidateId(int(match[1]), int(match[2]))


def written_key(key: Mapping[str, Any]) -> dict[str, Any]:
    """`key` as the journal writes it: a candidate as text, the rest as it is.

    >>> written_key({"candidate": CandidateId(2, 1), "seed": 3})
    {'candidate': '002/1', 'seed': 3}
    """
    return {
        name: str(value) if isinstance(value, CandidateId) else value for name, value in key.items()
    }
