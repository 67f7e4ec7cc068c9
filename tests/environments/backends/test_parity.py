"""Backends that behave alike pass, those that do not are told apart, and only the former train."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from rewardsmith.environments.backends import choice
from rewardsmith.environments.backends.choice import choose_backend, refusal
from rewardsmith.environments.backends.comparison import critical_distance, distance, gap
from rewardsmith.environments.backends.parity import compare
from rewardsmith.environments.backends.record import (
    ParityRecord,
    compared,
    dump_record,
    read_record,
    record_path,
    versions_of,
)
from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.cards import card_names, load_card
from rewardsmith.errors import ConfigError, UsageError

RECORDED = [n for n in card_names() if (p := record_path(load_card(n), "envpool")) and p.is_file()]


def test_equal_samples_are_near_and_shifted_ones_are_not() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 200))
    assert distance(a, b, 0.0) < critical_distance(200, 200)
    assert distance(a, b + 1.0, 0.0) > critical_distance(200, 200)
    assert distance(a, b + 1.0, 1.0) < critical_distance(200, 200)


def test_a_tolerance_forgives_small_shifts_of_what_hardly_varies() -> None:
    a, b = np.full(20, 1.0), np.full(20, 1.001)
    assert distance(a, b, 0.01) == 0.0
    assert distance(a, b, 0.0001) == 1.0


def test_a_gap_shrinks_with_more_episodes_and_never_below_the_difference() -> None:
    rng = np.random.default_rng(0)
    few, many = rng.normal(size=(2, 10)), rng.normal(size=(2, 10_000))
    assert gap(*few) > gap(*many) > 0.0
    assert gap(np.zeros(5), np.ones(5)) == 1.0


def test_the_same_physics_passes(pendulum: EnvCard) -> None:
    record = compare(pendulum, "envpool", n_episodes=150)
    assert record.differences == ()
    assert record.passed
    assert record.n_episodes == 160  # whole rounds of 16
    assert set(record.policies) == {"still", "random"}
    assert set(record.versions) == {"envpool", "gymnasium", "mujoco"}


def test_another_physics_fails_and_says_in_what(pendulum: EnvCard) -> None:
    record = compare(replace(pendulum, kwargs={"g": 3.0}), "envpool", n_episodes=32)
    assert not record.passed
    assert any("in the package" in said and "in the backend" in said for said in record.differences)


def test_another_environment_fails(make_pooled: Callable[..., EnvCard]) -> None:
    record = compare(make_pooled("CartPole-v1", id="Acrobot-v1"), "envpool", n_episodes=16)
    assert not record.passed
    assert any(said.startswith("still: length is") for said in record.differences)


@pytest.fixture
def recorded(pendulum: EnvCard, tmp_path: Path) -> EnvCard:
    """A card with a record that allows its backend."""
    card = replace(pendulum, folder=tmp_path)
    write(card)
    return card


def write(card: EnvCard, **changes: object) -> None:
    record = ParityRecord(
        versions=versions_of("envpool", card.backends["envpool"]),
        fingerprint=compared(card, "envpool"),
        passed=True,
        n_episodes=64,
        policies={"still": {"return": [[1.0, 0.0, 2.0], [1.0, 0.0, 2.0]]}},
        differences=(),
    )
    path = record_path(card, "envpool")
    assert path is not None
    path.write_text(dump_record(replace(record, **changes)), encoding="utf-8")  # type: ignore[arg-type]  # any field


def test_a_record_survives_its_file(recorded: EnvCard) -> None:
    path = record_path(recorded, "envpool")
    assert path is not None
    record = read_record(recorded, "envpool")
    assert record is not None
    assert dump_record(record) == path.read_text(encoding="utf-8")
    assert json.loads(path.read_text(encoding="utf-8"))["passed"] is True


def test_a_proved_backend_may_be_asked_for_and_is_what_auto_takes(recorded: EnvCard) -> None:
    assert choose_backend(recorded, "envpool") == "envpool"
    assert choose_backend(recorded, "auto") == "envpool"
    assert choose_backend(recorded, "python") == "python"


def test_a_backend_without_a_record_is_refused_with_the_command(
    pendulum: EnvCard, tmp_path: Path
) -> None:
    card = replace(pendulum, folder=tmp_path)
    with pytest.raises(UsageError, match=r"nobody has compared.*envs parity Pendulum-v1"):
        choose_backend(card, "envpool")
    assert choose_backend(card, "auto") == "python"


def test_a_card_without_backends_trains_in_python() -> None:
    card = load_card("Pendulum-v1")
    assert choose_backend(card, "auto") == "python"
    with pytest.raises(UsageError, match=r"describes no such backend\. Use --backend python"):
        choose_backend(card, "envpool")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"versions": {"envpool": "0.1", "mujoco": "3.3.0"}}, r"record is of envpool 0\.1 instead"),
        ({"fingerprint": "0" * 16}, "the card has changed since"),
        ({"passed": False, "differences": ("still: return",)}, "behaves differently: still: ret"),
    ],
)
def test_a_record_of_something_else_is_refused(
    recorded: EnvCard, changes: dict[str, object], said: str
) -> None:
    write(recorded, **changes)
    with pytest.raises(UsageError, match=said):
        choose_backend(recorded, "envpool")
    assert choose_backend(recorded, "auto") == "python"


def test_a_damaged_record_names_its_file(recorded: EnvCard, tmp_path: Path) -> None:
    (tmp_path / "parity-envpool.json").write_text("{}", encoding="utf-8")
    with pytest.raises(UsageError, match=r"parity-envpool\.json.*compare anew"):
        choose_backend(recorded, "envpool")


def test_a_backend_that_is_not_installed_names_its_extra(
    recorded: EnvCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "versions_of", lambda name, backend: {name: ""})
    with pytest.raises(UsageError, match=r'pip install "rewardsmith\[envpool\]"'):
        choose_backend(recorded, "envpool")


def test_what_was_compared_is_every_source_and_no_word(recorded: EnvCard) -> None:
    before = compared(recorded, "envpool")
    first, *others = recorded.state.fields
    for changed in (replace(first, meaning="other words"), replace(first, high=99.0)):
        state = replace(recorded.state, fields=(changed, *others))
        assert compared(replace(recorded, state=state), "envpool") == before
    moved = replace(recorded.state, fields=(replace(first, source="obs[1]"), *others))
    assert compared(replace(recorded, state=moved), "envpool") != before
    assert compared(replace(recorded, max_steps=7), "envpool") != before


@pytest.mark.parametrize("name", RECORDED)
def test_a_shipped_record_is_of_its_card_as_it_is(name: str) -> None:
    card = load_card(name)
    record = read_record(card, "envpool")
    assert record is not None
    assert record.fingerprint == compared(card, "envpool")
    assert record.passed == (not record.differences)
    if record.passed and record.versions == versions_of("envpool", card.backends["envpool"]):
        assert refusal(card, "envpool") == ""


@pytest.mark.parametrize(
    ("backend", "said"),
    [
        ("{envpol: {id: P, package: g}}", "Did you mean 'envpool'"),
        ("{envpool: {id: P, package: g, fields: {upp: 'obs[0]'}}}", "Did you mean 'up'"),
        ("{envpool: {id: P, package: g, fields: {up: 'qpos[0]'}}}", "read inside the environment"),
        ("{envpool: {id: P, package: g, observation: here}}", "Write 'module:name'"),
        ("{envpool: {id: P}}", "'package' is missing"),
        ("{envpool: {id: P, package: g, kwrgs: {}}}", "Did you mean 'kwargs'"),
    ],
)
def test_a_card_that_describes_a_backend_wrongly_says_where(
    tmp_path: Path, backend: str, said: str
) -> None:
    text = f"""\
id: Pendulum-v1
title: Pendulum
action: {{shape: [1], low: -2.0, high: 2.0}}
state:
  up: {{source: 'obs[0]', meaning: up}}
max_steps: 200
backends: {backend}
"""
    (tmp_path / "card.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=rf"card\.yaml:7: .*{said}"):
        load_card(str(tmp_path))
