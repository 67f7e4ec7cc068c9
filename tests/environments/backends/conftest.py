"""Cards whose environment EnvPool has as well, small enough to be played through."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from rewardsmith.environments.card_types import Backend, EnvCard
from rewardsmith.environments.cards import load_card

pytest.importorskip("envpool")


def pooled(name: str, **changes: Any) -> EnvCard:
    """A Gymnasium card with EnvPool's environment of the same name."""
    card = load_card(name)
    backend = Backend(id=changes.pop("id", name), package="gymnasium", **changes)
    return replace(card, backends={"envpool": backend})


@pytest.fixture
def pendulum() -> EnvCard:
    return pooled("Pendulum-v1")


@pytest.fixture
def make_pooled() -> Callable[..., EnvCard]:
    return pooled
