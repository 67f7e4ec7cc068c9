"""The claim's table: sparse numbers, honest intervals, failures shown."""

from rewardsmith.messages import CandidateId, Claim, ClaimRow, Outcome
from rewardsmith.report.table import (
    claim_lines,
    claim_markdown,
    claim_text,
    fitness_interval,
    success_interval,
)

NATIVE = ClaimRow(
    name="native", steps=2000, fitness=(1.0, 2.0, 3.0), success_rate=(0.0, 0.5, 1.0), cpu_s=9.4
)
FINAL = ClaimRow(
    name="final",
    steps=2000,
    fitness=(4.0, 4.0),
    success_rate=(1.0, 1.0),
    cpu_s=6.0,
    candidate=CandidateId(1, 2),
)
SINGLE = ClaimRow(name="sparse", steps=120_000, fitness=(0.5,), success_rate=(0.25,), cpu_s=40.0)
FAILED = ClaimRow(
    name="expert", steps=2000, fitness=(), success_rate=(), cpu_s=1.0, outcome=Outcome.OVER_LIMIT
)
CLAIM = Claim(rows=(SINGLE, NATIVE, FAILED, FINAL), search_steps=120_000, search_cpu_s=300.0)


def test_one_training_has_no_interval() -> None:
    line = claim_lines(CLAIM)[0]
    assert line.fitness == "0.5"
    assert line.success == "25%"
    assert line.steps == "120,000"


def test_several_trainings_have_intervals_around_their_mean() -> None:
    interval = fitness_interval(NATIVE)
    assert interval is not None
    assert (interval.estimate, interval.n) == (2.0, 3)
    assert 1.0 <= interval.low < 2.0 < interval.high <= 3.0


def test_success_of_all_episodes_is_not_shown_as_certain() -> None:
    certain, honest = success_interval(FINAL), success_interval(FINAL, 10)
    assert certain is not None
    assert honest is not None
    assert certain.low == 1.0
    assert 0.8 < honest.low < 0.9
    assert honest.high == 1.0


def test_failure_is_said_in_its_row() -> None:
    line = claim_lines(CLAIM)[2]
    assert (line.fitness, line.success, line.trainings) == ("-", "-", "0")
    assert line.note == "failed: over limit"


def test_same_claim_prints_the_same_twice() -> None:
    assert claim_text(CLAIM, n_episodes=20) == claim_text(CLAIM, n_episodes=20)


def test_plain_text_has_aligned_columns() -> None:
    lines = claim_text(CLAIM).splitlines()
    assert len(lines) == 5
    assert lines[1].index(" 1 ") + 2 == lines[0].index("trainings") + len("trainings")
    assert lines[-1].startswith("final (001/2)")


def test_markdown_has_a_row_for_everything() -> None:
    lines = claim_markdown(CLAIM).splitlines()
    assert len(lines) == 6
    assert {line.count("|") for line in lines} == {8}
