import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import fields, replace

import numpy as np
import pytest

from rewardsmith.language.runtime import load_compiled
from rewardsmith.messages import Candidate, History, Iteration, Judged, StateSpec, Task, Verdict
from rewardsmith.rewards.contract import read_program
from rewardsmith.roles.offline import Brief, CardWords, propose
from rewardsmith.roles.offline.program_text import parse, render

MakeTask = Callable[[str], Task]


@pytest.fixture
def first(
    specs: Mapping[str, StateSpec],
    instructions: Mapping[str, str],
    episode_ends: Mapping[str, str],
    make_task: MakeTask,
) -> Callable[..., tuple[Candidate, ...]]:
    """Candidates of a first iteration."""

    def propose_first(
        name: str, instruction: str = "", n: int = 4, spec: StateSpec | None = None
    ) -> tuple[Candidate, ...]:
        return propose(
            make_task(instruction or instructions[name]),
            spec or specs[name],
            History(),
            n=n,
            iteration=0,
            seed=0,
            words=CardWords(episode_end=episode_ends[name]),
        )

    return propose_first


First = Callable[..., tuple[Candidate, ...]]


def weights(candidate: Candidate) -> Mapping[str, float]:
    sketch = parse(candidate.text)
    assert sketch is not None
    return sketch.weights


def test_every_proposal_keeps_the_contract(
    first: First, env_name: str, specs: Mapping[str, StateSpec]
) -> None:
    for candidate in first(env_name, n=24):
        reading = read_program(candidate.text, specs[env_name])
        assert reading.program is not None, (candidate.text, reading.findings)
        assert {f.code for f in reading.findings} <= {"not-markov"}


def test_units_and_words_in_any_writing_give_programs_in_ascii(
    first: First, specs: Mapping[str, StateSpec]
) -> None:
    spec = specs["cheetah"]
    hot = replace(
        spec, fields=tuple(replace(f, unit="°C", meaning="Öl – 温度") for f in spec.fields)
    )
    for candidate in first(
        "cheetah", "Laufe vorwärts – so schnell wie möglich. Run forward.", spec=hot
    ):
        assert read_program(candidate.text, hot).program is not None, candidate.text


def test_proposals_compute_different_things(
    first: First, env_name: str, specs: Mapping[str, StateSpec]
) -> None:
    programs = [read_program(c.text, specs[env_name]).program for c in first(env_name, n=16)]
    assert len({p.graph_hash for p in programs if p}) == 16


def test_the_same_seed_proposes_the_same(first: First, env_name: str) -> None:
    assert first(env_name, n=16) == first(env_name, n=16)


def test_a_text_survives_being_taken_apart(first: First, env_name: str) -> None:
    for candidate in first(env_name, n=24):
        sketch = parse(candidate.text)
        assert sketch is not None
        assert render(sketch) == candidate.text


def test_the_brief_holds_no_measure_of_the_task() -> None:
    names = {f.name for f in fields(Brief)}
    assert not names & {"task", "fitness", "success", "target", "native", "expert", "references"}


def test_no_proposal_depends_on_fitness_success_or_target(
    specs: Mapping[str, StateSpec], make_task: MakeTask
) -> None:
    task = make_task("Run forward")
    other = replace(task, fitness="mean(z)", success="z > 1", target=0.1, env="b", name="c")
    a, b = (
        propose(t, specs["cheetah"], History(), n=8, iteration=0, seed=0) for t in (task, other)
    )
    assert a == b


def test_renamed_and_rescaled_fields_give_the_same_structure(
    first: First, env_name: str, renamed: Callable[[str], StateSpec]
) -> None:
    pairs = zip(first(env_name, n=12), first(env_name, n=12, spec=renamed(env_name)), strict=True)
    for original, copy in pairs:
        assert weights(original) == weights(copy)


def test_rescaled_fields_give_rescaled_constants(
    first: First, renamed: Callable[[str], StateSpec]
) -> None:
    metres, centimetres = (
        parse(first("reacher", spec=spec)[0].text) for spec in (None, renamed("reacher"))
    )
    assert metres is not None
    assert centimetres is not None
    assert metres.params["distance_scale"] == 0.1
    assert centimetres.params["distance_scale"] == 10.0


def pays(text: str, *needles: str) -> bool:
    return all(re.search(needle, text) for needle in needles)


def test_running_backward_is_paid_by_negative_speed(first: First) -> None:
    texts = [c.text for c in first("cheetah", "Run backward as fast as possible")]
    assert pays(texts[0], r"backward_speed = -state\.x_velocity", r"backward_speed / params")


def test_a_stated_speed_becomes_a_target(first: First) -> None:
    for candidate in first("cheetah", "Run forward at about 2 m/s"):
        assert pays(candidate.text, r'"forward_speed_target": 2\.0')


def test_a_stated_speed_is_converted_to_the_fields_unit(
    first: First, renamed: Callable[[str], StateSpec]
) -> None:
    spec = renamed("cheetah")
    text = first("cheetah", "Run forward at about 2 m/s", spec=spec)[0].text
    assert pays(text, r'"forward_speed_target": 200\.0')


def test_hopping_starts_with_rising_speed_and_little_pay_for_being_alive(first: First) -> None:
    candidate = first("hopper")[0]
    assert pays(candidate.text, r"state\.z_velocity", r"state\.z - initial\.z")
    assert weights(candidate)["alive"] < 0.5 * weights(candidate)["height_rise"]
    assert pays(candidate.text, '"offset_cost": -xp', '"angle_cost": -xp')


def test_reaching_pays_the_distance_between_tip_and_target(first: First) -> None:
    assert pays(first("reacher")[0].text, r"xp\.norm\(state\.fingertip - state\.target\)")


def test_where_the_goal_ends_the_episode_time_costs_and_motion_is_paid(first: First) -> None:
    sketch = parse(first("mountain_car")[0].text)
    assert sketch is not None
    assert {"motion", "hurry", "arrived"} <= sketch.components.keys()
    assert "alive" not in sketch.components
    assert sketch.weights["motion"] < sketch.weights["hurry"]


def test_swinging_up_pays_height_and_pumps_energy_in_some_hypothesis(first: First) -> None:
    texts = [c.text for c in first("pendulum")]
    assert all("xp.cos(angle)" in text for text in texts[:3])
    assert any('"pump"' in text for text in texts)


def test_an_angle_given_by_sine_and_cosine_is_found(
    first: First, specs: Mapping[str, StateSpec]
) -> None:
    angle, rate = specs["pendulum"].fields
    pair = [
        replace(angle, name=n, unit="", low=-1, high=1, meaning=m)
        for n, m in (("c", "cosine of the angle"), ("s", "sine of the angle"))
    ]
    spec = StateSpec(fields=(*pair, rate), action=specs["pendulum"].action)
    assert "xp.atan2(state.s, state.c)" in first("pendulum", spec=spec)[0].text


def test_a_limb_is_matched_by_its_words(first: First) -> None:
    text = first("cheetah", "Stand on the front foot and lift the back off the ground")[0].text
    assert pays(text, r"state\.back_foot_z - initial\.back_foot_z", r"front_foot_height")


def test_a_spin_of_unknown_sign_is_tried_both_ways(first: First) -> None:
    texts = [c.text for c in first("cheetah", "Spin the torso as fast as possible")]
    lines = {re.search(r"spin = (\S+)", text).group(1) for text in texts}  # type: ignore[union-attr]  # every text has one
    assert lines == {"state.pitch_velocity", "-state.pitch_velocity"}


def test_words_that_match_no_field_are_said_in_the_rationale(
    first: First, specs: Mapping[str, StateSpec]
) -> None:
    candidate = first("pendulum", "Run forward")[0]
    assert "No field was found for: speed" in candidate.rationale


def test_a_tasks_words_cannot_break_out_of_the_program(first: First) -> None:
    hostile = 'Run forward """\nimport os  # \\'
    for candidate in first("cheetah", hostile):
        names = {type(node).__name__ for node in ast.parse(candidate.text).body}
        assert names <= {"Expr", "Assign", "FunctionDef"}


def test_no_candidate_of_a_run_is_proposed_twice(
    first: First, specs: Mapping[str, StateSpec], make_task: MakeTask
) -> None:
    seen = first("cheetah", n=6)
    judged = tuple(Judged(candidate=c, verdict=Verdict(ok=True)) for c in seen)
    history = History(iterations=(Iteration(index=0, judged=judged, results=(), analyses=()),))
    again = propose(
        make_task("Run forward as fast as possible."),
        specs["cheetah"],
        history,
        n=6,
        iteration=1,
        seed=0,
    )
    assert not {c.text for c in seen} & {c.text for c in again}
    assert len(again) == 6


def test_a_gate_is_never_put_on_a_charge(first: First, env_name: str) -> None:
    for candidate in first(env_name, n=24):
        sketch = parse(candidate.text)
        assert sketch is not None
        gated = [
            f for f in sketch.components.values() if f.startswith(("offset_gate", "angle_gate"))
        ]
        assert not any("* (-" in formula or "* -" in formula for formula in gated)


def test_proposals_are_finite_on_random_states(
    first: First, env_name: str, specs: Mapping[str, StateSpec], rng: np.random.Generator
) -> None:
    spec = specs[env_name]
    for candidate in first(env_name, n=12):
        program = read_program(candidate.text, spec).program
        assert program is not None
        inputs: dict[str, np.ndarray] = {}
        for moment in ("state", "previous", "initial"):
            for f in spec.fields:
                if f.low is not None and f.high is not None:
                    inputs[f"{moment}.{f.name}"] = rng.uniform(f.low, f.high, (7, *f.shape))
        inputs["action"] = inputs["previous_action"] = rng.uniform(-1, 1, (7, *spec.action.shape))
        inputs["terminated"] = rng.random(7) < 0.5
        inputs |= {f"memory.{k}": np.full(7, v) for k, v in program.memory.items()}
        compiled = load_compiled(program.compiled).components
        assert compiled is not None
        values = compiled(np, inputs, program.params)
        assert all(np.isfinite(v).all() for v in values.values())
