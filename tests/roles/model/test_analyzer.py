"""Studies by a model: evidence that exists counts, the rest is struck out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from rewardsmith.llm.calls import Answer, Request
from rewardsmith.messages import Analysis, Evidence, Trajectory
from rewardsmith.roles.model.analyzer import MAX_CHARS, Study, study, study_requests
from rewardsmith.roles.model.prompts import load_prompts
from rewardsmith.roles.model.rollout_view import (
    chosen_episodes,
    critical_steps,
    episode_view,
    summaries,
)
from rewardsmith.roles.model.sample import STATE, sample_rollout, sample_study, sample_task

PROMPTS = load_prompts()
CAUSE = {
    "message": "It hovers.",
    "severity": "error",
    "component": "near",
    "field": "load_height",
    "suggestion": "Pay for sinking.",
    "evidence": [{"episode": 0, "step": 12}],
}


def said(*causes: dict[str, Any], **more: Any) -> str:
    return json.dumps({"causes": causes, **more})


class Script:
    """A model that says what is written, in order."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.requests: list[Request] = []

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        self.requests += requests
        return [Answer(text=self.texts.pop(0), model="scripted/model") for _ in requests]


def studied(*texts: str, one: Study | None = None) -> Analysis:
    return study(Script(*texts), PROMPTS, sample_task(), [one or sample_study()])[0]


def bare(one: Study) -> Study:
    """Without anything computed against it."""
    return replace(one, analysis=replace(one.analysis, causes=(), hacking_suspected=False))


def test_words_are_added_to_what_was_computed() -> None:
    found = studied(said(CAUSE, suggestions=["Gate it."], missing_observations=["rope length"]))
    computed = sample_study().analysis
    assert set(computed.causes) < set(found.causes)
    ours = next(c for c in found.causes if c.code == "study")
    assert ours.message == "It hovers."
    assert ours.evidence == (Evidence(episode=0, step=12),)
    assert (ours.component, ours.field, ours.severity) == ("near", "load_height", "error")
    assert found.suggestions == ("Gate it.",)
    assert found.missing_observations == ("rope length",)
    assert found.author == "model"
    assert found.causes[0] is ours


@pytest.mark.parametrize(
    "moment",
    [
        {"episode": 3, "step": 0},
        {"episode": 0, "step": 40},
        {"episode": 1, "step": 12},
        {"episode": 0, "step": 10**9},
    ],
)
def test_evidence_that_does_not_exist_makes_a_note(moment: dict[str, int]) -> None:
    found = studied(said(CAUSE | {"evidence": [moment]}))
    ours = next(c for c in found.causes if c.code == "study")
    assert ours.evidence == ()
    assert ours.severity == "note"


def test_what_remains_of_the_evidence_counts() -> None:
    moments = [{"episode": 7, "step": 0}, {"episode": 2, "step": 39}]
    ours = next(c for c in studied(said(CAUSE | {"evidence": moments})).causes if c.code == "study")
    assert ours.evidence == (Evidence(episode=2, step=39),)
    assert ours.severity == "error"


def test_components_and_fields_that_do_not_exist_are_struck_out() -> None:
    ours = next(
        c
        for c in studied(said(CAUSE | {"component": "apex", "field": "velocity"})).causes
        if c.code == "study"
    )
    assert (ours.component, ours.field) == (None, None)


def test_hacking_needs_evidence() -> None:
    one = bare(sample_study())
    assert studied(said(CAUSE, hacking_suspected=True), one=one).hacking_suspected
    assert not studied(said(hacking_suspected=True), one=one).hacking_suspected
    made_up = CAUSE | {"evidence": [{"episode": 9, "step": 0}]}
    assert not studied(said(made_up, hacking_suspected=True), one=one).hacking_suspected


def test_suspicion_that_was_computed_is_not_lifted() -> None:
    assert studied(said(hacking_suspected=False)).hacking_suspected


def test_verdict_on_a_component_counts_where_nothing_was_computed_against_it() -> None:
    verdicts = [
        {"name": "near", "verdict": "keep", "reason": ""},
        {"name": "down", "verdict": "drop", "reason": "Late."},
        {"name": "apex", "verdict": "drop", "reason": "Made up."},
    ]
    found = {c.name: c.verdict for c in studied(said(components=verdicts)).components}
    assert found == {"near": "rescale", "down": "drop"}


@pytest.mark.parametrize("bad", ["", "prose", "{}{", '{"causes": 3}', said(CAUSE, mood="good")])
def test_unreadable_answer_leaves_what_was_computed(bad: str) -> None:
    assert studied(bad, bad) == sample_study().analysis


def test_candidate_without_rollouts_is_not_sent() -> None:
    script = Script(said(CAUSE))
    empty = replace(sample_study(), rollouts=[], episodes=[])
    found = study(script, PROMPTS, sample_task(), [empty, sample_study()])
    assert found[0] == empty.analysis
    assert found[1].author == "model"
    assert len(script.requests) == 1


@pytest.mark.parametrize("limit", [40_000, 16_000, 13_000, 11_500])
def test_study_stays_within_its_limit(limit: int) -> None:
    long = replace(sample_study(), rollouts=[sample_rollout(i) for i in range(3)])
    request = study_requests(PROMPTS, sample_task(), [long], max_chars=limit)[0]
    assert sum(len(m.text) for m in request.messages) <= limit
    assert "Rank correlation" in request.messages[-1].text


def test_wide_states_and_long_episodes_stay_within_the_limit() -> None:
    rollout = sample_rollout(0)
    n = 1000
    long = replace(
        rollout,
        fields={k: np.resize(v, (n + 1, *v.shape[1:])) for k, v in rollout.fields.items()},
        actions=np.zeros((n, 2)),
        components={f"c{i}": np.random.default_rng(i).normal(size=n) for i in range(16)},
        rewards=np.zeros(n),
    )
    one = replace(sample_study(), rollouts=[long] * 3)
    request = study_requests(PROMPTS, sample_task(), [one])[0]
    assert sum(len(m.text) for m in request.messages) <= MAX_CHARS


def test_a_failure_is_shown_first_then_the_ends_and_the_middle() -> None:
    one = sample_study()
    found = [replace(s, success=True) for s in summaries(one.rollouts, one.episodes)]
    low, high, middle = (
        "one of the lowest fitness",
        "one of the highest fitness",
        "one in the middle",
    )
    assert chosen_episodes(found, 3) == [(0, low), (2, high), (1, middle)]
    assert chosen_episodes(found[:1], 3) == [(0, low)]
    assert chosen_episodes([], 3) == []
    failed = [found[0], replace(found[1], success=False), found[2]]
    assert chosen_episodes(failed, 2) == [(1, "failure of the lowest return"), (0, low)]


def test_first_last_and_sudden_steps_are_shown() -> None:
    rollout = sample_rollout(0)
    assert critical_steps(rollout) == {35}
    view = episode_view(rollout, STATE, index=0, label="best", n_rows=5)
    steps = [row.step for row in view.rows]
    assert steps == [0, 10, 20, 29, 35, 39]
    assert [row.step for row in view.rows if row.is_critical] == [35]
    assert view.columns[-3:] == ("near", "down", "reward")
    assert "mark_x" not in view.columns


def test_fields_that_the_program_reads_come_first_in_wide_states() -> None:
    spec = STATE.fields[0]
    fields = tuple(replace(spec, name=f"f{i}") for i in range(40))
    rollout = Trajectory(
        seed=0,
        fields={f.name: np.zeros(3) for f in fields},
        actions=np.zeros((2, 2)),
        terminated=False,
    )
    state = replace(STATE, fields=fields)
    view = episode_view(rollout, state, index=0, label="best", n_rows=2, reads=["f39"])
    assert "f39" in view.columns
    assert len(view.columns) <= 25
