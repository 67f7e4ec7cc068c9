from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from rewardsmith.messages import (
    Analysis,
    Candidate,
    Cause,
    ComponentStats,
    Feedback,
    History,
    Iteration,
    Outcome,
    Result,
    StateSpec,
    Task,
)
from rewardsmith.rewards.contract import read_program
from rewardsmith.roles.causes import CATALOGUE
from rewardsmith.roles.offline import CardWords, propose
from rewardsmith.roles.offline.program_text import parse
from rewardsmith.roles.offline.refinement import EDITS
from rewardsmith.roles.offline.sketch import Sketch

IDLER = '''"""Pays staying near the start, upright and alive; a hop is paid at its top."""

CONTRACT = 1
PARAMS = {
    "height_scale": 0.2,  # m
    "angle_scale": 0.1,  # rad
}
WEIGHTS = {
    "upright": 0.5,
    "alive": 1.0,
    "height_apex": 10.0,
}


def reward(state, action, xp, *, previous, initial, terminated, params):
    height_gain = state.z - initial.z  # m
    at_apex = previous.z_velocity > 0.0 and state.z_velocity <= 0.0
    return {
        "upright": xp.exp(-xp.square(state.pitch / params.angle_scale)),
        "alive": xp.where(terminated, 0.0, 1.0),
        "height_apex": xp.where(at_apex, xp.saturate(height_gain / params.height_scale), 0.0),
    }
'''

Refine = Callable[..., tuple[Candidate, ...]]


def stats(name: str, weight: float, mean: float, std: float) -> ComponentStats:
    return ComponentStats(
        name=name,
        weight=weight,
        mean=mean,
        std=std,
        share=0.3,
        return_share=0.5,
        low=mean - std,
        high=mean + std,
    )


@pytest.fixture
def refine(
    specs: Mapping[str, StateSpec],
    instructions: Mapping[str, str],
    make_task: Callable[[str], Task],
    make_candidate: Callable[..., Candidate],
    make_result: Callable[..., Result],
) -> Refine:
    """Children of one parent with the causes given."""

    def refined(
        *causes: Cause,
        text: str = IDLER,
        n: int = 4,
        remark: str = "",
        others: tuple[str, ...] = (),
        components: tuple[ComponentStats, ...] = (),
    ) -> tuple[Candidate, ...]:
        parent = make_result(make_candidate(text), score=1.0)
        rest = [make_result(make_candidate(t, i + 1), score=0.1) for i, t in enumerate(others)]
        results = (parent, *rest)
        analysis = Analysis(candidate=parent.id, causes=causes, components=components)
        remarks = (Feedback(text=remark, line=1),) if remark else ()
        iteration = Iteration(
            index=0,
            judged=tuple(r.judged for r in results),
            results=results,
            analyses=(analysis,),
            remarks=remarks,
        )
        return propose(
            make_task(instructions["hopper"]),
            specs["hopper"],
            History(iterations=(iteration,)),
            n=n,
            iteration=1,
            seed=0,
            words=CardWords(episode_end="The torso is below 0.7 m."),
        )

    return refined


def sketch_of(candidate: Candidate) -> Sketch:
    sketch = parse(candidate.text)
    assert sketch is not None
    return sketch


def because(
    code: str,
    *,
    component: str | None = None,
    field: str | None = None,
    number: float | None = None,
) -> Cause:
    message = f"Seen: {code}."
    return Cause(code=code, message=message, component=component, field=field, number=number)


STANDING = (
    stats("upright", 0.5, 0.98, 0.01),
    stats("alive", 1.0, 1.0, 0.0),
    stats("height_apex", 10.0, 0.0, 0.0),
)


def test_standing_still_loses_its_pay_and_motion_is_paid(refine: Refine) -> None:
    child = sketch_of(refine(because("stands-still"), components=STANDING)[0])
    assert not {"upright", "alive"} & child.components.keys()
    assert "height_rise" in child.components


def test_a_component_that_was_never_paid_gives_way_to_a_shaped_one(refine: Refine) -> None:
    child = sketch_of(refine(because("dead-component", component="height_apex"))[0])
    assert "height_apex" not in child.components
    assert {"height_gain", "height_rise"} <= child.components.keys()


def test_ending_early_is_answered_by_pay_for_lasting_and_by_a_charge(refine: Refine) -> None:
    children = [sketch_of(c) for c in refine(because("ends-early"), n=8)]
    assert any(c.weights.get("alive", 0) == 3.0 for c in children)
    assert any("fall" in c.components for c in children)


def test_a_dominating_component_loses_weight(refine: Refine) -> None:
    child = sketch_of(refine(because("dominating-component", component="height_apex"))[0])
    assert child.weights["height_apex"] < 10.0


def test_a_component_opposed_to_fitness_is_dropped(refine: Refine) -> None:
    child = sketch_of(refine(because("opposed-component", component="upright"))[0])
    assert "upright" not in child.components
    assert "angle_scale" not in child.params


def test_a_field_that_left_its_range_is_charged(refine: Refine) -> None:
    child = refine(because("left-range", field="pitch"))[0]
    assert "state.pitch - initial.pitch" in child.text
    assert "pitch_drift_cost" in sketch_of(child).components


RUNNER = '''"""Pays forward speed in proportion."""

CONTRACT = 1
PARAMS = {
    "speed_scale": 2.0,  # m/s
}
WEIGHTS = {
    "speed": 2.0,
    "alive": 0.5,
}


def reward(state, action, xp, *, terminated, params):
    speed = state.x_velocity  # m/s
    return {
        "speed": speed / params.speed_scale,
        "alive": xp.where(terminated, 0.0, 1.0),
    }
'''


def test_a_field_that_was_best_in_the_middle_is_aimed_at_that_value(refine: Refine) -> None:
    peak = because("peaked-field", field="x_velocity", number=1.5)
    child = sketch_of(refine(peak, text=RUNNER)[0])
    assert child.components.keys() == {"x_velocity_capped", "alive"}
    assert child.params["x_velocity_target"] == 1.5
    assert child.weights == {"x_velocity_capped": 2.0, "alive": 0.5}


@pytest.fixture
def first_of_two(
    make_task: Callable[[str], Task],
    specs: Mapping[str, StateSpec],
    instructions: Mapping[str, str],
) -> Callable[..., Candidate]:
    """The first child after an iteration of two candidates, with the causes seen in each."""

    def proposed(one: Result, other: Result, *causes: tuple[Cause, ...]) -> Candidate:
        results = (one, other)
        iteration = Iteration(
            index=0,
            judged=tuple(r.judged for r in results),
            results=results,
            analyses=tuple(
                Analysis(candidate=r.id, causes=seen)
                for r, seen in zip(results, causes, strict=True)
            ),
        )
        history = History(iterations=(iteration,))
        task = make_task(instructions["hopper"])
        (child,) = propose(task, specs["hopper"], history, n=1, iteration=1, seed=0)
        return child

    return proposed


@pytest.fixture
def two_runners(
    make_candidate: Callable[..., Candidate], make_result: Callable[..., Result]
) -> tuple[Result, Result]:
    """Two results, the first with the lower score."""
    slower = RUNNER.replace("2.0,  #", "1.0,  #")
    first = make_result(make_candidate(RUNNER), score=-1.0)
    return first, make_result(make_candidate(slower, 1), score=0.5)


def test_what_another_candidate_showed_of_the_task_is_answered_too(
    first_of_two: Callable[..., Candidate], two_runners: tuple[Result, Result]
) -> None:
    worse, best = two_runners
    peak = because("peaked-field", field="x_velocity", number=1.5)
    child = first_of_two(worse, best, (peak,), ())
    assert child.parents == (best.id,)
    assert "x_velocity_target" in child.text


def test_what_the_task_wants_is_answered_in_every_form_and_beside_every_other_cause(
    refine: Refine,
) -> None:
    peak = because("peaked-field", field="x_velocity", number=1.5)
    children = refine(peak, because("oscillates"), text=RUNNER, n=8)
    sketches = [sketch_of(child) for child in children]
    assert all(sketch.params["x_velocity_target"] == 1.5 for sketch in sketches)
    forms = {frozenset(n for n in s.components if n.startswith("x_velocity")) for s in sketches}
    assert len(forms) == 4
    assert any("smooth" in sketch.components for sketch in sketches)


def test_one_that_was_stopped_early_is_no_parent_before_one_that_was_trained(
    first_of_two: Callable[..., Candidate], two_runners: tuple[Result, Result]
) -> None:
    trained, other = two_runners
    early = replace(other, outcome=Outcome.STOPPED)
    rising = (because("unfinished"),)
    assert first_of_two(trained, other, rising, rising).parents == (other.id,)
    assert first_of_two(trained, early, rising, rising).parents == (trained.id,)


def test_trembling_is_charged(refine: Refine) -> None:
    assert "smooth" in sketch_of(refine(because("oscillates"))[0]).components


def test_a_rising_curve_raises_the_goal(refine: Refine) -> None:
    child = sketch_of(refine(because("unfinished"))[0])
    assert child.weights["height_apex"] == 20.0


@pytest.mark.parametrize("code", sorted(EDITS))
def test_every_cause_leads_to_a_legal_child_that_names_it(
    refine: Refine, specs: Mapping[str, StateSpec], code: str
) -> None:
    cause = because(code, component="height_apex", field="z", number=1.4)
    children = refine(cause, components=STANDING, n=6)
    named = [c for c in children if f"seen: {code}" in c.rationale]
    if code != "stalled" and code != "return-without-fitness":
        assert named
    for child in children:
        assert read_program(child.text, specs["hopper"]).program is not None, child.text
    for child in named:
        assert [str(p) for p in child.parents] == ["000/0"]
        assert child.rationale.startswith("From 000/0. Because seen:")


def test_several_causes_are_answered_together(refine: Refine) -> None:
    causes = (because("stands-still"), because("dead-component", component="height_apex"))
    child = refine(*causes, components=STANDING)[0]
    assert "seen: stands-still" in child.rationale
    assert "seen: dead-component" in child.rationale


def test_children_differ_from_each_other_and_from_the_parent(refine: Refine) -> None:
    children = refine(because("stands-still"), components=STANDING, n=12)
    assert len({c.text for c in children} | {IDLER}) == 13


def test_the_two_best_are_crossed(refine: Refine) -> None:
    other = IDLER.replace('"upright"', '"level"').replace("0.5", "0.8")
    crossing = [
        c for c in refine(because("unfinished"), others=(other,), n=8) if len(c.parents) > 1
    ]
    assert "level" in sketch_of(crossing[0]).components
    assert "crossed" in crossing[0].rationale


def test_a_remark_becomes_a_component(refine: Refine) -> None:
    child = refine(remark="it should move smoothly and with little effort")[0]
    assert {"smooth", "effort"} <= sketch_of(child).components.keys()
    assert "remark" in child.rationale


def test_a_persons_free_form_program_is_only_reweighed(refine: Refine) -> None:
    plain = "    height_gain = state.z - initial.z  # m\n"
    branch = "    height_gain = 0.0\n    if state.z > initial.z:\n        height_gain = 1.0\n"
    free = IDLER.replace(plain, branch)
    assert parse(free) is None
    heavy = (replace(stats("alive", 1.0, 1.0, 0.0), verdict="drop"),)
    child = refine(text=free, components=heavy)[0]
    assert "'alive': 0.0" in child.text
    assert "if state.z > initial.z:" in child.text


def test_without_any_scored_result_new_hypotheses_are_stated(
    specs: Mapping[str, StateSpec], make_task: Callable[[str], Task]
) -> None:
    empty = History(iterations=(Iteration(index=0, judged=(), results=(), analyses=()),))
    made = propose(make_task("Run forward"), specs["cheetah"], empty, n=3, iteration=1, seed=0)
    assert [str(c.id) for c in made] == ["001/0", "001/1", "001/2"]
    assert all(not c.parents for c in made)


def test_every_cause_of_the_analyzer_has_an_answer() -> None:
    assert set(CATALOGUE) - {"not-trained"} == set(EDITS)
