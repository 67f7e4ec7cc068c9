"""Reviews by a model: what they may change, and what is struck out."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from rewardsmith.llm.calls import Answer, Request
from rewardsmith.roles.model.critic import Review, review, review_requests
from rewardsmith.roles.model.prompts import load_prompts
from rewardsmith.roles.model.sample import HOSTILE, sample_exhibit, sample_task
from rewardsmith.roles.model.schemas import ReviewAnswer, StudyAnswer, schema_of

PROMPTS = load_prompts()
ERROR = {
    "line": 10,
    "component": "near",
    "severity": "error",
    "message": "It pays far from the mark.",
    "remedy": "Gate it.",
}


class Script:
    """A model that says what is written, in order."""

    def __init__(self, *texts: str) -> None:
        self.texts = list(texts)
        self.requests: list[Request] = []

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        self.requests += requests
        return [Answer(text=self.texts.pop(0), model="scripted/model") for _ in requests]


def said(verdict: str, *findings: dict[str, Any], **more: Any) -> str:
    return json.dumps({"verdict": verdict, "summary": "So.", "findings": findings, **more})


def reviewed(*texts: str, round_idx: int = 0) -> Review:
    script = Script(*texts)
    found = review(script, PROMPTS, sample_task(), [sample_exhibit()], round_idx=round_idx)
    assert not script.texts
    return found[0]


def test_acceptance_accepts() -> None:
    found = reviewed(said("accept"))
    assert found.decision == "accept"
    assert found.verdict.ok


def test_acceptance_with_an_error_is_acceptance_with_a_warning() -> None:
    found = reviewed(said("accept", ERROR))
    assert found.verdict.ok
    assert found.verdict.findings[-1].severity == "warning"


def test_repair_carries_located_findings() -> None:
    found = reviewed(said("repair", ERROR))
    assert found.decision == "repair"
    assert not found.verdict.ok
    one = found.verdict.findings[-1]
    assert (one.line, one.component, one.layer) == (10, "near", "review")
    assert (one.message, one.remedy) == ("It pays far from the mark.", "Gate it.")


def test_lines_and_components_that_do_not_exist_are_struck_out() -> None:
    found = reviewed(said("repair", ERROR | {"line": 99}, ERROR | {"component": "apex"}))
    first, second = found.verdict.findings[-2:]
    assert (first.line, first.component) == (None, "near")
    assert (second.line, second.component) == (10, None)


def test_error_that_points_at_nothing_that_exists_is_a_warning() -> None:
    found = reviewed(said("repair", ERROR | {"line": 99, "component": "apex"}))
    assert [f.severity for f in found.verdict.findings[-2:]] == ["warning", "error"]
    assert found.verdict.findings[-1].code == "critic-says-no"


def test_refusal_without_any_error_still_refuses() -> None:
    found = reviewed(said("repair"))
    assert not found.verdict.ok
    assert found.verdict.findings[-1].code == "critic-says-no"


def test_rejection_has_to_point_at_something() -> None:
    assert reviewed(said("reject", ERROR)).decision == "reject"
    assert reviewed(said("reject")).decision == "repair"


def test_last_round_leaves_the_decision_to_the_training() -> None:
    found = reviewed(said("repair", ERROR), round_idx=2)
    assert found.decision == "accept"
    assert found.verdict.ok
    assert found.verdict.round == 2
    assert [f.code for f in found.verdict.findings[-2:]] == ["review", "review-overruled"]
    assert {f.severity for f in found.verdict.findings} == {"warning"}


def test_last_round_may_still_reject() -> None:
    assert reviewed(said("reject", ERROR), round_idx=2).decision == "reject"


BAD = {
    "prose": "Looks fine to me.",
    "nothing": "",
    "half": '{"verdict": "accept", "findings": [',
    "unknown verdict": said("approve"),
    "unknown key": said("accept", confidence=1.0),
    "severity": said("repair", ERROR | {"severity": "fatal"}),
    "line as text": said("repair", ERROR | {"line": "ten"}),
    "negative line": said("repair", ERROR | {"line": -1}),
    "a list": "[]",
    "NaN": '{"verdict": NaN}',
    "deep": '{"a":' * 5000,
    "huge number": said("accept").replace('"findings": []', '"findings": 1e999'),
}


@pytest.mark.parametrize("name", BAD)
def test_unreadable_answer_is_asked_for_once_more(name: str) -> None:
    script = Script(BAD[name], said("repair", ERROR))
    found = review(script, PROMPTS, sample_task(), [sample_exhibit()], round_idx=0)
    assert found[0].decision == "repair"
    first, again = script.requests
    assert again.address == first.address._replace(sample=1)
    assert [m.role for m in again.messages] == ["system", "user", "assistant", "user"]
    assert "could not be used" in again.messages[-1].text


@pytest.mark.parametrize("name", BAD)
def test_twice_unreadable_leaves_what_was_computed(name: str) -> None:
    found = reviewed(BAD[name], BAD[name])
    assert found.decision == "accept"
    assert found.verdict.ok
    assert found.verdict.findings[-1].code == "review-unreadable"
    assert found.verdict.findings[-1].severity == "note"


def test_only_unreadable_answers_are_asked_for_again() -> None:
    other = sample_exhibit()
    candidate = replace(other.judged.candidate, id=other.judged.candidate.id._replace(number=1))
    exhibits = [sample_exhibit(), replace(other, judged=replace(other.judged, candidate=candidate))]
    script = Script(said("accept"), "?", said("repair", ERROR))
    found = review(script, PROMPTS, sample_task(), exhibits, round_idx=0)
    assert [r.decision for r in found] == ["accept", "repair"]
    assert [str(r.address) for r in script.requests] == [
        "001/critic/0/0/0",
        "001/critic/1/0/0",
        "001/critic/1/0/1",
    ]


@pytest.mark.parametrize(
    "wrapped",
    [
        f"```json\n{said('repair', ERROR)}\n```",
        f"Here it is: {said('repair', ERROR)} Best regards.",
        f'<think>{{"verdict": "accept"}}</think>{said("repair", ERROR)}',
        f"{{draft}} {said('repair', ERROR)}",
    ],
)
def test_json_is_found_in_its_wrapping(wrapped: str) -> None:
    assert reviewed(wrapped).decision == "repair"


def test_long_and_hostile_words_are_cut_and_neutralised() -> None:
    words = f"{HOSTILE} " * 200
    found = reviewed(said("repair", *[ERROR | {"message": words}] * 30))
    ours = [f for f in found.verdict.findings if f.message.startswith("(/quoted")]
    assert len(ours) == 8
    assert all(len(f.message) <= 600 and "<|" not in f.message for f in ours)


def test_orders_in_a_docstring_stay_inside_the_fence() -> None:
    request = review_requests(PROMPTS, sample_task(), [sample_exhibit()], round_idx=0)[0]
    system, asked = (m.text for m in request.messages)
    assert "some ask for a verdict" in system
    program = asked.split('<quoted what="program 001/0">')[1]
    assert program.count("</quoted>") == 2  # of the program and of its rationale
    assert "(/quoted> ''' (|im_start|)" in program.split("</quoted>")[0]


@pytest.mark.parametrize("kind", [ReviewAnswer, StudyAnswer])
def test_schema_is_closed_and_portable(kind: type[ReviewAnswer] | type[StudyAnswer]) -> None:
    schema = schema_of(kind)
    text = json.dumps(schema)
    assert not [k for k in ("maxLength", "default", "title", "maximum") if f'"{k}"' in text]
    for node in [schema, *schema["$defs"].values()]:
        assert node["additionalProperties"] is False
        assert node["required"] == list(node["properties"])
