"""Decides who steps the environments of a training, and makes them.

Python is the card's own package. Anything faster has to be described by the card and to have passed
a parity check with the very versions that are installed.
"""

from typing import Literal

from rewardsmith.environments.backends.pool import PooledVectorEnv
from rewardsmith.environments.backends.record import read_record, versions_of, why_refused
from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.vector import StateVectorEnv, VectorEnv
from rewardsmith.errors import UsageError

PYTHON = "python"
Choice = Literal["auto", "python", "envpool"]


def choose_backend(card: EnvCard, asked: Choice) -> str:
    """The backend that a run trains with.

    Args:
        card: Whose environment.
        asked: `auto` is the fastest that may be used.

    Raises:
        UsageError: The one that was asked for may not be used; says why, and what to do.
    """
    if asked == PYTHON:
        return PYTHON
    if asked != "auto":
        reason = refusal(card, asked)
        if reason:
            raise UsageError(f"{card.ref} cannot be trained with {asked}: {reason}")
        return asked
    return next((name for name in card.backends if not refusal(card, name)), PYTHON)


def refusal(card: EnvCard, name: str) -> str:
    """Why the card's backend may not be used, and what to do; empty when it may."""
    backend = card.backends.get(name)
    if backend is None:
        others = ", ".join([PYTHON, *card.backends])
        return f"its card describes no such backend. Use --backend {others.replace(', ', ' or ')}."
    installed = versions_of(name, backend)
    if not installed[name]:
        return f'it is not installed. `pip install "rewardsmith[{name}]"` brings it.'
    return why_refused(read_record(card, name), card, name, installed)


def make_vector(name: str, card: EnvCard, n_envs: int) -> VectorEnv:
    """The environments of a training, stepped by the backend called `name`."""
    if name == PYTHON:
        return StateVectorEnv(card, n_envs)
    return PooledVectorEnv(card, card.backends[name], n_envs)
