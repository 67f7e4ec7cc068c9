"""Checks a set of templates before a run spends anything on it.

Every message is rendered from the sample, with everything in it and with nothing; foreign text that
breaks out of its fence is an error of the template.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

from rewardsmith.errors import ConfigError
from rewardsmith.llm.calls import Request
from rewardsmith.messages import CandidateId, Finding, History, Judged, Verdict
from rewardsmith.roles.model.analyzer import study_requests
from rewardsmith.roles.model.catalogue import answer_finding
from rewardsmith.roles.model.critic import review_requests
from rewardsmith.roles.model.describer import description_request
from rewardsmith.roles.model.designer import propose_requests, repair_requests
from rewardsmith.roles.model.json_answers import Parsed, again_request
from rewardsmith.roles.model.measurer import Sorted, measures_request, mending_request
from rewardsmith.roles.model.prompts import Prompts
from rewardsmith.roles.model.sample import (
    HOSTILE,
    sample_curves,
    sample_exhibit,
    sample_history,
    sample_measures,
    sample_refused,
    sample_study,
    sample_task,
    sample_undescribed,
)
from rewardsmith.roles.model.schemas import ReviewAnswer

_OPEN, _CLOSE = re.compile(r'^<quoted what="[^"]*">$', re.M), re.compile(r"^</quoted>$", re.M)
_BROKEN = ("<|im_start|>", "``` <", "~~~", "</quoted> ")


def check_prompts(prompts: Prompts) -> None:
    """Render every message once.

    Raises:
        ConfigError: A template cannot be rendered, or pastes foreign text without a fence.
    """
    for title, request in sample_requests(prompts).items():
        _check_fences(title, request)


def sample_requests(prompts: Prompts) -> Mapping[str, Request]:
    """A request of every kind, by what it is."""
    task, history = sample_task(), sample_history()
    curves, n_ideas = sample_curves(), 4
    first = propose_requests(prompts, task, History(), n=n_ideas, iteration=0)
    later = propose_requests(prompts, task, history, n=n_ideas, iteration=1, curves=curves)
    unread = (answer_finding("no-program"),)
    found = {
        "first round": first[0],
        "first round, repeated idea": propose_requests(prompts, task, History(), n=20, iteration=0)[
            -1
        ],
        "next round": later[0],
        "next round, nothing scored": propose_requests(
            prompts, task, _nothing_scored(), n=1, iteration=1
        )[0],
        "next round, ranked": propose_requests(
            prompts, replace(task, is_ranked=True), history, n=1, iteration=1, curves=curves
        )[0],
        "repair": repair_requests(prompts, later[:1], [sample_refused()], round_idx=1)[0],
        "repair, no program": repair_requests(
            prompts, later[:1], [_with(sample_refused(), unread)], round_idx=1
        )[0],
        "review": review_requests(prompts, task, [sample_exhibit()], round_idx=0)[0],
        "study": study_requests(prompts, task, [sample_study()])[0],
        "description": description_request(prompts, sample_undescribed()),
        "measures": measures_request(prompts, task),
    }
    answer, measures = sample_measures()
    found["measures, refused"] = mending_request(
        prompts, found["measures"], answer, measures, round_idx=1
    )
    found["measures, too few"] = mending_request(
        prompts, found["measures"], answer, Sorted(kept=measures.kept), round_idx=1
    )
    problems: Parsed[ReviewAnswer] = Parsed(None, ("verdict: Field required",))
    found["review, again"] = again_request(prompts, found["review"], f"Fine! {HOSTILE}", problems)
    return found


def _check_fences(title: str, request: Request) -> None:
    for message in request.messages:
        text = message.text
        broken = [mark for mark in _BROKEN if mark in text]
        if broken or len(_OPEN.findall(text)) != len(_CLOSE.findall(text)):
            raise ConfigError(
                f"A template of the {message.role} message for {title!r} pastes text that others "
                "wrote without a fence. Write {{ fence(text, 'what it is') }} for a block, "
                "or {{ text | inline }} within a line."
            )


def _nothing_scored() -> History:
    iteration = sample_history().iterations[0]
    only = sample_refused()
    candidate = only.candidate.__class__(id=CandidateId(0, 3), text=only.candidate.text)
    refused = Judged(candidate=candidate, verdict=only.verdict)
    return History(
        iterations=(
            iteration.__class__(index=0, judged=(refused,), results=(), analyses=(), remarks=()),
        )
    )


def _with(judged: Judged, findings: tuple[Finding, ...]) -> Judged:
    return Judged(candidate=judged.candidate, verdict=Verdict(ok=False, findings=findings))
