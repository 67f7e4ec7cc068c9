"""The prompts folder: what no prompt may ever say, and how a user's folder replaces templates."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.cards import (
    ad_hoc_task,
    card_names,
    load_card,
    parse_card,
    task_of,
)
from rewardsmith.environments.drafting.draft import draft_card
from rewardsmith.environments.reference import parse_reference
from rewardsmith.errors import ConfigError
from rewardsmith.llm.calls import Request
from rewardsmith.messages import Trajectory
from rewardsmith.roles.model.analyzer import study_requests
from rewardsmith.roles.model.checking import check_prompts
from rewardsmith.roles.model.critic import review_requests
from rewardsmith.roles.model.designer import propose_requests, repair_requests
from rewardsmith.roles.model.measurer import measures_request, mending_request
from rewardsmith.roles.model.prompts import load_prompts
from rewardsmith.roles.model.sample import (
    sample_curves,
    sample_exhibit,
    sample_history,
    sample_measures,
    sample_refused,
    sample_study,
)
from rewardsmith.roles.model.task_view import TaskView, task_view
from rewardsmith.training.preset import PpoPreset, SacPreset

card_of = cache(load_card)
TASKS = [(name, task) for name in card_names() for task in card_of(name).tasks]
PROMPTS = load_prompts()


def view_of(card: EnvCard, name: str) -> TaskView:
    task = task_of(card, name)
    return task_view(task, card, preset=PpoPreset(), total_timesteps=100_000)


def requests_for(view: TaskView) -> list[Request]:
    history = sample_history()
    later = propose_requests(PROMPTS, view, history, n=7, iteration=1, curves=sample_curves())
    return [
        *propose_requests(PROMPTS, view, history.__class__(), n=7, iteration=0),
        *later,
        *repair_requests(PROMPTS, later[:1], [sample_refused()], round_idx=1),
        *review_requests(PROMPTS, view, [sample_exhibit()], round_idx=0),
        *study_requests(PROMPTS, view, [sample_study()]),
        *measuring_requests(view),
    ]


def measuring_requests(view: TaskView) -> list[Request]:
    """The measurer's question, and the one that sends refused measures back."""
    first = measures_request(PROMPTS, view)
    answer, found = sample_measures()
    return [first, mending_request(PROMPTS, first, answer, found, round_idx=1)]


@cache
def requests_of(env: str, task: str) -> tuple[Request, ...]:
    return tuple(requests_for(view_of(card_of(env), task)))


def squeezed(text: str) -> str:
    return re.sub(r"\s+", "", text)


def parts_of(expression: str) -> Iterator[str]:
    """An expression, and every call, comparison and product in it that is long enough to tell."""
    if not expression.isidentifier():
        yield expression
    for node in ast.walk(ast.parse(expression, mode="eval")):
        if isinstance(node, (ast.Call, ast.Compare, ast.BinOp, ast.BoolOp)):
            part = ast.unparse(node)
            if len(squeezed(part)) >= 10:
                yield part


def secrets_of(card: EnvCard, name: str) -> Iterator[str]:
    """What judges a task, and every line of its reference rewards."""
    for task in card.tasks.values():
        for expression in (task.fitness, task.success, *task.audit.values()):
            yield from parts_of(expression)
    for path in card.tasks[name].references.values():
        if isinstance(path, Path):
            for line in path.read_text(encoding="utf-8").splitlines():
                if len(line.strip()) >= 24 and not line.startswith(("def ", "CONTRACT")):
                    yield line


@pytest.mark.parametrize(("env", "task"), TASKS)
def test_no_prompt_shows_what_judges_a_policy(env: str, task: str) -> None:
    card = card_of(env)
    texts = [squeezed(m.text) for r in requests_of(env, task) for m in r.messages]
    shown = {s for s in secrets_of(card, task) if any(squeezed(s) in text for text in texts)}
    assert not shown


@pytest.mark.parametrize(("env", "task"), TASKS)
def test_prompts_show_the_task_and_every_field(env: str, task: str) -> None:
    card = card_of(env)
    text = requests_of(env, task)[0].messages[-1].text
    assert squeezed(card.tasks[task].instruction) in squeezed(text)
    for spec in card.state.fields:
        assert f"    {spec.name}: " in text
        assert squeezed(spec.meaning)[:60] in squeezed(text)


@pytest.mark.parametrize(("env", "task"), TASKS)
def test_a_measurer_sees_the_words_and_every_field_and_no_other_task(env: str, task: str) -> None:
    card = card_of(env)
    system, question = measures_request(PROMPTS, view_of(card, task)).messages
    assert squeezed(card.tasks[task].instruction) in squeezed(question.text)
    for spec in card.state.fields:
        assert f"    {spec.name}: " in question.text
    for name, other in card.tasks.items():
        if name != task:
            assert squeezed(other.instruction) not in squeezed(question.text)
    assert len(system.text) + len(question.text) <= 18_000


@pytest.mark.parametrize(("env", "task"), TASKS)
def test_first_prompt_is_short(env: str, task: str) -> None:
    request = requests_of(env, task)[0]
    assert sum(len(m.text) for m in request.messages) <= 18_000


def test_no_audit_metric_is_shown() -> None:
    for request in requests_for(view_of(load_card("Hopper-v5"), "hop_in_place")):
        text = "".join(m.text for m in request.messages)
        assert "hidden_audit" not in text
        assert "7.7777" not in text


DRAFTED = ("HalfCheetah-v5", "Ant-v5", "Humanoid-v5", "Pusher-v5", "Pendulum-v1", "CartPole-v1")
FITNESS, SUCCESS = "mean(sum(action ** 2)) - 41.5", "length > 123 and not terminated"


@pytest.mark.parametrize("env", DRAFTED)
def test_no_prompt_on_a_drafted_card_shows_a_reward_or_what_judges(
    env: str, tmp_path: Path
) -> None:
    drafted = draft_card(parse_reference(env, tmp_path)).text
    card = parse_card(drafted, ref=env, folder=tmp_path)
    task = ad_hoc_task(card, "Do it well.", fitness=FITNESS, success=SUCCESS)
    view = task_view(task, card, preset=PpoPreset(), total_timesteps=100_000)
    texts = [m.text for r in requests_for(view) for m in r.messages]
    about_the_task = "".join(
        t.partition("## The environment")[2].partition("## The training")[0] for t in texts
    )
    assert card.state.fields[0].name in about_the_task
    for word in ("reward", "_cost", "penalty", "bonus", "is_success", "41.5", "123"):
        assert word not in about_the_task.lower(), word
    for text in texts:
        assert squeezed(FITNESS) not in squeezed(text)
        assert squeezed(SUCCESS) not in squeezed(text)


def test_view_holds_nothing_that_judges() -> None:
    names = set(TaskView.__dataclass_fields__)
    assert not names & {"fitness", "success", "target", "semantics", "audit", "references"}


def test_only_where_goals_are_relabelled_is_the_designer_told_what_may_be_read() -> None:
    card = load_card("FetchPush-v4")
    task = task_of(card)
    said = []
    for preset in (SacPreset(n_sampled_goal=4), SacPreset()):
        view = task_view(task, card, preset=preset, total_timesteps=1000)
        said += ["".join(m.text for m in requests_for(view)[0].messages)]
    assert "Read nothing but `state.object`, `state.goal`: no other field" in said[0]
    assert "Goals are relabelled" not in said[1]


def test_ranges_come_from_the_reference_rollouts() -> None:
    import numpy as np

    card = load_card("MountainCarContinuous-v0")
    names = ("position", "velocity", "height", "flag_position")

    def rollout(high: float) -> Trajectory:
        fields = {name: np.linspace(-0.5, high, 4) for name in names}
        return Trajectory(seed=0, fields=fields, actions=np.zeros((3, 1)), terminated=False)

    view = task_view(
        task_of(card),
        card,
        preset=PpoPreset(),
        total_timesteps=1000,
        do_nothing=rollout(-0.5),
        random=[rollout(0.1), rollout(0.2)],
    )
    assert (view.fields[0].idle, view.fields[0].random) == ("-0.5", "-0.5 .. 0.2")
    assert view.fields[3].idle == ""


# ---------------------------------------------------------------- a user's folder


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return folder


def test_users_template_replaces_its_namesake(tmp_path: Path) -> None:
    write(tmp_path, "critic/system.md.j2", "Be kind.")
    prompts = load_prompts(tmp_path)
    assert prompts.render("critic/system.md.j2").text == "Be kind.\n"
    assert prompts.digest("critic/system.md.j2") != PROMPTS.digest("critic/system.md.j2")
    assert prompts.digest("designer/system.md.j2") == PROMPTS.digest("designer/system.md.j2")
    check_prompts(prompts)


def test_hash_covers_what_is_included(tmp_path: Path) -> None:
    write(tmp_path, "shared/example.md.j2", "Another example.")
    prompts = load_prompts(tmp_path)
    assert prompts.digest("designer/system.md.j2") != PROMPTS.digest("designer/system.md.j2")
    assert prompts.digest("designer/first_round.md.j2") == PROMPTS.digest(
        "designer/first_round.md.j2"
    )


def test_unknown_file_is_an_error_with_a_suggestion(tmp_path: Path) -> None:
    write(tmp_path, "designer/sytem.md.j2", "x")
    with pytest.raises(ConfigError, match=r"Did you mean 'designer/system\.md\.j2'"):
        load_prompts(tmp_path)


def test_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no folder"):
        load_prompts(tmp_path / "none")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("critic/system.md.j2", "{{ tusk.title }}", "'tusk' is undefined"),
        ("critic/system.md.j2", "{% if %}", "line 1"),
        ("designer/system.md.j2", "{% include 'shared/nothing.md.j2' %}", "nothing"),
        ("critic/review.md.j2", "{{ numbered }}", "without a fence"),
        ("designer/emphasis.md.j2", "{{ task.instruction }}", "without a fence"),
        ("designer/emphases.yaml", "first_round: [", "not YAML"),
        ("shared/xp_examples.yaml", "ramp: lerp(1, 2, 3)", "does not call ramp"),
        ("shared/xp_examples.yaml", "[1]", "is no table"),
        ("critic/system.md.j2", "{{ task.horizon + 'x' }}", "cannot be rendered"),
        ("critic/system.md.j2", "{{ ''.__class__.__mro__ }}", "unsafe"),
    ],
)
def test_wrong_template_is_found_before_a_run(
    tmp_path: Path, name: str, text: str, said: str
) -> None:
    write(tmp_path, name, text)
    with pytest.raises(ConfigError, match=re.escape(said)):
        check_prompts(load_prompts(tmp_path))
