"""Drafted measures, labelled rollouts, and the fitness that is frozen from them."""

import re
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.environments.cards import load_card
from rewardsmith.environments.fitness import compile_fitness
from rewardsmith.feedback.labelling import (
    LabelSheet,
    agreement,
    disputes,
    open_sheet,
    success_of,
    values_of,
)
from rewardsmith.feedback.selection import WaitingForPerson
from rewardsmith.messages import Trajectory
from rewardsmith.report.opinions import opinion_of
from rewardsmith.report.page import report_html
from rewardsmith.session import Conclusion, finish_run, resume_run
from rewardsmith.store.labels import (
    Label,
    Saying,
    append_choice,
    append_label,
    append_label_undo,
    read_labels,
)
from rewardsmith.store.run import Run
from rewardsmith.testing import InProcessEngine


def sheet_of(folder: Path) -> LabelSheet:
    sheet = open_sheet(Run.read(folder))
    assert sheet is not None
    return sheet


def is_near(rollout: Trajectory) -> bool:
    fields = rollout.fields
    return bool(abs(fields["position"][-1] - fields["goal"][-1]) < 0.6)


def label_all(folder: Path) -> LabelSheet:
    """As somebody who looks where it ends."""
    sheet = sheet_of(folder)
    for number in sheet.order:
        near = is_near(sheet.rollouts[number])
        label = Label(sheet="clip", number=number, saying="good" if near else "bad")
        append_label(folder, label)
    return sheet_of(folder)


def label_against(folder: Path, draft: int) -> LabelSheet:
    """As somebody who means the opposite of a draft."""
    sheet = sheet_of(folder)
    values = values_of(Run.read(folder), sheet.drafts[draft].text, sheet.rollouts)
    middle = float(np.median(values))
    for number, value in enumerate(values):
        saying: Saying = "bad" if value > middle else "good"
        append_label(folder, Label(sheet="clip", number=number, saying=saying))
    return sheet_of(folder)


def go_on(folder: Path) -> tuple[Conclusion, InProcessEngine]:
    engine = InProcessEngine()
    with resume_run(folder) as run:
        return finish_run(run, engine=lambda slots: engine), engine


def test_three_measures_and_a_dozen_rollouts_or_more_are_drafted_before_any_search(
    drafted: Path,
) -> None:
    run, sheet = Run.read(drafted), sheet_of(drafted)
    assert len(sheet.drafts) == 3
    assert 12 <= len(sheet.rollouts) <= 20
    assert {"do nothing", "random", "hold", "oscillate", "early"} == set(sheet.kinds)
    assert not run.events("iteration_started")
    assert run.recall("measure_frozen") is None
    card = load_card(run.manifest.task.env)
    for draft in sheet.drafts:
        assert compile_fitness(draft.text, card.state, horizon=12, dt=card.dt)


def test_disputed_rollouts_come_first(drafted: Path) -> None:
    run, sheet = Run.read(drafted), sheet_of(drafted)
    values = [values_of(run, draft.text, sheet.rollouts) for draft in sheet.drafts]
    ranks = np.array([np.argsort(np.argsort(one)) for one in values])
    spread = ranks.max(axis=0) - ranks.min(axis=0)
    first, last = sheet.order[:4], sheet.order[-4:]
    assert spread[list(first)].mean() > spread[list(last)].mean()
    assert disputes([[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]) == (0, 1, 2)


def test_a_run_waits_until_somebody_chooses_and_records_nothing_twice(drafted: Path) -> None:
    label_all(drafted)
    with pytest.raises(WaitingForPerson, match="rewardsmith label"):
        go_on(drafted)
    assert len(Run.read(drafted).events("fitness_drafted")) == 1


def test_the_chosen_measure_is_frozen_and_selects(drafted: Path) -> None:
    sheet = label_all(drafted)
    chosen = 2
    append_choice(drafted, 0, source="test")
    append_choice(drafted, chosen, source="test")
    conclusion, _ = go_on(drafted)
    task = Run.read(drafted).manifest.task
    assert task.fitness == sheet.drafts[chosen].text
    assert task.success.startswith(f"({task.fitness}) > ")
    assert conclusion.claim is not None
    assert conclusion.design.best is not None
    append_choice(drafted, 1, source="test")
    again, engine = go_on(drafted)
    assert Run.read(drafted).manifest.task == task
    assert not engine.jobs
    assert again.claim == conclusion.claim
    assert '"fitness": "draft"' in (drafted / "run.json").read_text(encoding="utf-8")


def test_agreement_is_the_share_of_pairs_that_a_measure_orders_as_the_labels() -> None:
    found = agreement([0.0, 1.0, 2.0, 9.0], {0: "bad", 1: "good", 2: "bad", 3: "skip"})
    assert found is not None
    assert found.estimate == 0.5
    assert agreement([0.0, 1.0], {0: "good", 1: "good"}) is None


def test_success_is_what_separates_good_from_bad() -> None:
    values = [0.0, 1.0, 2.0, 3.0]
    said = success_of("mean(x)", values, {0: "bad", 1: "bad", 2: "good", 3: "good"})
    assert said == "(mean(x)) > 1.5"
    only_bad = success_of("mean(x)", values, {0: "bad", 2: "bad"})
    assert float(only_bad.split("> ")[1]) > 2.0


def test_the_winner_is_asked_about_and_the_answer_stands_in_the_report(drafted: Path) -> None:
    label_all(drafted)
    append_choice(drafted, 0, source="test")
    go_on(drafted)
    sheet = sheet_of(drafted)
    assert (sheet.name, len(sheet.rollouts)) == ("winner", 3)
    assert "Nobody has said yet" in str(opinion_of(Run.read(drafted)))
    for number, saying in enumerate(("good", "bad", "good")):
        append_label(drafted, Label(sheet="winner", number=number, saying=saying))  # type: ignore[arg-type]  # the words above
    assert "in 2 of 3 rollouts" in str(opinion_of(Run.read(drafted)))
    page = report_html(Run.read(drafted))
    assert "in 2 of 3 rollouts" in page
    assert re.search(r"chosen among drafts by \d+ labelled rollouts", page)


def test_labels_that_say_nothing_sensible_are_passed_over(drafted: Path) -> None:
    lines = '{"sheet": "clip", "number": -1, "saying": "good"}\nnot json\n{"choose": true}\n'
    (drafted / "labels.jsonl").write_text(lines, encoding="utf-8")
    append_label(drafted, Label(sheet="clip", number=0, saying="good"))
    append_label(drafted, Label(sheet="clip", number=999, saying="good"))
    append_label(drafted, Label(sheet="clip", number=1, saying="bad"))
    assert append_label_undo(drafted) is not None
    assert read_labels(drafted).chosen is None
    assert sheet_of(drafted).labels == {0: "good"}
    append_choice(drafted, 7, source="test")
    assert sheet_of(drafted).chosen is None


def test_a_measure_that_a_coin_would_match_is_doubted_and_never_the_best(drafted: Path) -> None:
    assert sheet_of(drafted).best is None, "nothing was labelled"
    sheet = label_against(drafted, 0)
    assert "no more than a coin would" in sheet.drafts[0].doubt
    assert sheet.best != 0
    assert sheet.best is None or not sheet.drafts[sheet.best].doubt
    assert sheet.doubt == "", "nothing was chosen"
    append_choice(drafted, 0, source="test")
    assert sheet_of(drafted).doubt == sheet.drafts[0].doubt


def test_a_doubted_measure_may_be_chosen_and_the_report_says_what_it_is(drafted: Path) -> None:
    label_against(drafted, 0)
    append_choice(drafted, 0, source="test")
    go_on(drafted)
    assert "no more of their pairs rightly than a coin would" in report_html(Run.read(drafted))
