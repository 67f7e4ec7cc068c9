"""Makes the environment a card names, without the wrappers that cost time.

The horizon is the card's and is counted by whoever steps; no time limit, order check or passive
checker remains. Environment code is the user's own and trusted.
"""

import importlib
import sys
from typing import Any, cast

import gymnasium
from gymnasium.wrappers import FlattenObservation, OrderEnforcing, PassiveEnvChecker, TimeLimit

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.errors import UsageError, unknown

Env = gymnasium.Env[Any, Any]


def make_env(card: EnvCard, *, render_mode: str | None = None) -> Env:
    """Make one environment; observations that are not one vector are flattened.

    Raises:
        UsageError: The environment is not installed or cannot be imported.
    """
    target = _class_of(card)
    kwargs = dict(card.kwargs)
    if render_mode is not None:
        kwargs["render_mode"] = render_mode
    env = cast(Env, target(**kwargs)) if target else _make_registered(card, kwargs)
    env = _strip(env)
    is_vector = isinstance(env.observation_space, gymnasium.spaces.Box)
    if not is_vector or len(env.observation_space.shape or ()) != 1:
        return FlattenObservation(env)
    return env


def import_named(module: str, name: str, card: EnvCard) -> Any:
    """Import `name` from `module`, looking beside the card after everything installed.

    Raises:
        UsageError: The module or the name in it does not exist.
    """
    folder = str(card.folder) if card.folder else ""
    if folder and folder not in sys.path:
        sys.path.append(folder)
    try:
        return getattr(importlib.import_module(module), name)
    except ModuleNotFoundError as error:
        raise UsageError(
            f"{card.ref}: no module {error.name!r}. Install it, or put it beside the card."
        ) from error
    except AttributeError as error:
        raise UsageError(f"{card.ref}: module {module!r} has no {name!r}. Correct it.") from error


def _class_of(card: EnvCard) -> Any:
    """The class of a `module:Class` id; None for an id of the registry."""
    module, colon, name = card.id.partition(":")
    if not colon or not name.isidentifier() or card.id in gymnasium.registry:
        return None
    return import_named(module, name, card)


def _make_registered(card: EnvCard, kwargs: dict[str, Any]) -> Env:
    try:
        return gymnasium.make(card.id, max_episode_steps=-1, disable_env_checker=True, **kwargs)
    except gymnasium.error.DependencyNotInstalled as error:
        raise UsageError(f"{card.id!r} needs a package that is missing. {error}") from error
    except (gymnasium.error.Error, ModuleNotFoundError) as error:
        raise UsageError(unknown("environment id", card.id, _near(card.id))) from error


def _strip(env: Env) -> Env:
    while isinstance(env, TimeLimit | OrderEnforcing | PassiveEnvChecker):
        env = env.env
    return env


def _near(name: str) -> list[str]:
    start = name[:3].lower()
    return [known for known in gymnasium.registry if known.lower().startswith(start)][:12]
