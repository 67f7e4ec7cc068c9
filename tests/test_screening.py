"""Programs that compute what was computed before are not trained."""

import pytest

from rewardsmith.language.findings import finding
from rewardsmith.messages import Candidate, CandidateId, History, Iteration, Judged, Verdict
from rewardsmith.screening import screen_duplicates


def judged(number: int, graph: str | None, *, iteration: int = 0, ok: bool = True) -> Judged:
    findings = () if ok else (finding("empty-program"),)
    return Judged(
        candidate=Candidate(id=CandidateId(iteration, number), text=""),
        verdict=Verdict(ok=ok, graph_hash=graph, findings=findings),
    )


def history(*earlier: Judged) -> History:
    return History(
        iterations=tuple(
            Iteration(index=i, judged=(one,), results=(), analyses=())
            for i, one in enumerate(earlier)
        )
    )


def reasons(*now: Judged, earlier: History | None = None) -> list[str]:
    return [s.reason for s in screen_duplicates(now, earlier or History())]


def test_programs_that_differ_are_all_worth_training() -> None:
    assert reasons(judged(0, "a"), judged(1, "b")) == ["", ""]


def test_the_first_of_two_equal_ones_is_trained() -> None:
    assert reasons(judged(0, "a"), judged(1, "a"), judged(2, "a")) == [
        "",
        "It computes the same reward as 000/0.",
        "It computes the same reward as 000/0.",
    ]


def test_a_twin_of_an_earlier_iteration_is_screened_and_named() -> None:
    earlier = history(judged(0, "a"), judged(1, "a", iteration=1))
    assert reasons(judged(0, "a", iteration=2), earlier=earlier) == [
        "It computes the same reward as 000/0."
    ]


def test_a_rejected_twin_does_not_count() -> None:
    assert reasons(judged(0, "a"), earlier=history(judged(3, "a", ok=False))) == [""]


@pytest.mark.parametrize("graph", [None, ""])
def test_programs_without_a_graph_are_no_twins(graph: str | None) -> None:
    assert reasons(judged(0, graph), judged(1, graph)) == ["", ""]
