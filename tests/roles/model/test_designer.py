"""Questions of the designer on a model, and what its answers become."""

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from rewardsmith.errors import ConfigError
from rewardsmith.llm.calls import Address, Answer, Request
from rewardsmith.messages import Candidate, CandidateId, Finding, History, Judged, Verdict
from rewardsmith.rewards.contract import read_program
from rewardsmith.roles.model.designer import (
    candidates_from,
    parents_of,
    propose_requests,
    repair_requests,
)
from rewardsmith.roles.model.emphases import emphases
from rewardsmith.roles.model.prompts import Prompts, load_prompts
from rewardsmith.roles.model.sample import (
    PROGRAM,
    STATE,
    sample_curves,
    sample_history,
    sample_task,
)

PROMPTS = load_prompts()
BEST, SECOND = CandidateId(0, 0), CandidateId(0, 1)


def first_round(n: int = 4) -> list[Request]:
    return propose_requests(PROMPTS, sample_task(), History(), n=n, iteration=0)


def next_round(n: int = 4) -> list[Request]:
    history, curves = sample_history(), sample_curves()
    return propose_requests(PROMPTS, sample_task(), history, n=n, iteration=1, curves=curves)


def answers(*texts: str) -> list[Answer]:
    return [Answer(text=text, model="scripted/model") for text in texts]


def refused(*findings: Finding, text: str = PROGRAM, iteration: int = 0) -> Judged:
    candidate = Candidate(id=CandidateId(iteration, 0), text=text, rationale="So.", author="model")
    return Judged(candidate=candidate, verdict=Verdict(ok=False, findings=findings))


def last_text(request: Request) -> str:
    return request.messages[-1].text


@pytest.mark.parametrize("requests", [first_round(9), next_round(9)])
def test_every_program_of_a_round_is_asked_for_differently(requests: Sequence[Request]) -> None:
    assert len({last_text(r) for r in requests}) == 9
    assert [r.address for r in requests] == [
        Address(requests[0].address.iteration, "designer", i, 0) for i in range(9)
    ]


def test_messages_of_a_round_share_their_beginning() -> None:
    """So that providers that cache prompts bill the shared part once."""
    texts = [last_text(r) for r in next_round()]
    shared = next(i for i, c in enumerate(texts[0]) if any(t[i] != c for t in texts))
    assert shared > 0.8 * min(len(t) for t in texts)
    assert len({r.messages[0] for r in next_round()}) == 1


def test_same_history_asks_the_same() -> None:
    assert next_round() == next_round()


def test_worked_example_is_legal() -> None:
    text = re.search(r"```python\n(.*?)```", PROMPTS.files["shared/example.md.j2"], re.DOTALL)
    assert text is not None
    reading = read_program(text[1], STATE)
    assert reading.program is not None
    assert {f.severity for f in reading.findings} <= {"note"}


def test_later_rounds_show_the_two_best_and_everything_tried() -> None:
    text = last_text(next_round()[0])
    assert "### Program 000/0: trained, fitness 0.61" in text
    assert "### Program 000/1: trained, fitness 0.4" in text
    for id_ in ("000/0", "000/1", "000/2", "000/3"):
        assert f"\n| {id_} |" in text
    assert "| near | 0.333 1.33 2.33 3.67 4.67 5.67 6.67 8 9 10 | 0.333 | 5.17 | 10 |" in text
    assert "episode 0 step 7, episode 1 step 3" in text
    assert "This one looks right." in text


def test_parents_follow_the_emphasis() -> None:
    assert parents_of(PROMPTS, sample_history(), 4) == [(BEST,), (BEST,), (BEST, SECOND), ()]
    assert parents_of(PROMPTS, History(), 2) == [(), ()]


def test_recombining_is_passed_over_with_one_scored_program() -> None:
    names = [idea.name for idea in emphases(PROMPTS, 4, n_scored=1)]
    assert names == ["improve", "failure", "fresh", "improve"]
    assert [idea.turn for idea in emphases(PROMPTS, 4, n_scored=1)] == [0, 0, 0, 1]


def test_nothing_scored_asks_for_first_ideas_again() -> None:
    assert [i.name for i in emphases(PROMPTS, 2, n_scored=0)] == ["plain", "events"]


def test_wrong_emphases_are_named() -> None:
    files = {**PROMPTS.files, "designer/emphases.yaml": "first_round: []\nlater_rounds: 3\n"}
    with pytest.raises(ConfigError, match="first_round"):
        emphases(Prompts(files), 1, n_scored=0)


def test_answers_become_candidates_in_order() -> None:
    fence = f"It pays.\n```python\n{PROGRAM}```"
    found = candidates_from(
        answers(fence, "No.", fence), iteration=2, parents=[(BEST,), (), (BEST, SECOND)]
    )
    assert [p.candidate.id for p in found] == [CandidateId(2, i) for i in range(3)]
    assert [p.is_refused for p in found] == [False, True, False]
    assert found[0].candidate.author == "model"
    assert found[0].candidate.rationale == "It pays."
    assert found[2].candidate.parents == (BEST, SECOND)
    assert found[1].candidate.text == "No."
    assert not found[1].refused().verdict.ok


def test_repair_keeps_the_candidates_number() -> None:
    found = candidates_from(answers("No."), iteration=2, parents=[()], numbers=[5])
    assert found[0].candidate.id == CandidateId(2, 5)


def test_refused_program_goes_back_with_line_reason_and_remedy() -> None:
    one = refused(
        Finding(code="unknown-name", message="No `sate`.", remedy="Write `state`.", line=10),
        Finding(code="note", message="Not Markov.", severity="note"),
        Finding(code="unit-mismatch", message="m and s.", severity="warning", line=9),
    )
    request = repair_requests(PROMPTS, first_round(1), [one], round_idx=2)[0]
    assert request.address == Address(0, "designer", 0, 2)
    assert [m.role for m in request.messages] == ["system", "user", "assistant", "user"]
    assert "def reward" in request.messages[2].text
    asked = last_text(request)
    assert "error, line 10 (`'near': xp.gaussian(" in asked
    assert "No `sate`. Write `state`." in asked
    assert asked.index("No `sate`.") < asked.index("m and s.")
    assert "Not Markov" not in asked


def test_repairs_do_not_grow_from_round_to_round() -> None:
    one = refused(Finding(code="x", message="Wrong."))
    first = first_round(1)
    sizes = {
        sum(len(m.text) for m in repair_requests(PROMPTS, first, [one], round_idx=r)[0].messages)
        for r in (1, 2, 3)
    }
    assert len(sizes) == 1


def test_answer_without_a_program_goes_back_as_such() -> None:
    proposal = candidates_from(answers("I pay for x."), iteration=0, parents=[()])[0]
    request = repair_requests(PROMPTS, first_round(1), [proposal.refused()], round_idx=1)[0]
    assert request.messages[2].text == "I pay for x.\n"
    assert "No program could be read" in last_text(request)
    assert "one fenced Python block" in last_text(request)


def test_empty_answer_still_makes_a_conversation() -> None:
    proposal = candidates_from(answers(""), iteration=0, parents=[()])[0]
    request = repair_requests(PROMPTS, first_round(1), [proposal.refused()], round_idx=1)[0]
    assert all(m.text.strip() for m in request.messages)


def test_findings_of_a_review_are_told_as_such() -> None:
    one = refused(Finding(code="review", message="It farms.", remedy="Gate it.", layer="review"))
    request = repair_requests(PROMPTS, first_round(1), [one], round_idx=1)[0]
    assert "refused by its review" in last_text(request)
    assert 'the review says "It farms."; "Gate it."' in last_text(request)


def test_request_names_every_template_with_its_hash() -> None:
    request = first_round(1)[0]
    assert set(request.templates) == {
        "designer/system.md.j2",
        "designer/first_round.md.j2",
        "designer/emphases.yaml",
        "shared/xp_examples.yaml",
    }
    assert all(re.fullmatch("[0-9a-f]{64}", sha) for sha in request.templates.values())


def test_long_histories_keep_the_best_and_the_latest() -> None:
    iteration = sample_history().iterations[0]
    many = tuple(
        replace(
            iteration,
            index=i,
            judged=tuple(
                replace(j, candidate=replace(j.candidate, id=CandidateId(i, j.candidate.id.number)))
                for j in iteration.judged
            ),
            results=(),
            analyses=(),
        )
        for i in range(1, 20)
    )
    history = History(iterations=(iteration, *many))
    text = last_text(
        propose_requests(PROMPTS, sample_task(), history, n=1, iteration=20, curves={})[0]
    )
    rows = re.findall(r"^\| (\d{3}/\d) \|", text, re.MULTILINE)
    assert len(rows) <= 24
    assert {"000/0", "000/1", "019/3"} <= set(rows)
    assert "are left out" in text
