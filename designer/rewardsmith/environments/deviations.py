"""Finds where an environment does otherwise than it says itself.

None of it makes a card wrong, and a package is not mended here: it is said, so that nobody takes
its words for what it does.
"""

from collections.abc import Iterator

import gymnasium
import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.factory import Env
from rewardsmith.environments.stopwatch import Stopwatch
from rewardsmith.environments.vector import VectorStep

SLACK = 1e-5
"""Share of a bound, and of 1 where it is smaller, by which rounding may pass it."""
N_SEEDS = 3
"""Episodes that are played twice."""
SLOW_S = 1.0
"""Seconds of one from which one has to do."""
N_TOLD = 3
"""Elements of an observation that are told of; the rest is counted."""


class Bounds:
    """Watches observations leave the space that they are declared to lie in.

    Args:
        space: Of one environment's observations.
    """

    def __init__(self, space: gymnasium.Space[np.ndarray]) -> None:
        self._box = space if isinstance(space, gymnasium.spaces.Box) else None
        self._low = np.full(np.shape(self._box.low) if self._box else (), np.inf)
        self._high = -self._low

    def add(self, step: VectorStep) -> None:
        """Take one step in."""
        for seen in (step.next_obs, step.obs):
            self._low = np.minimum(self._low, seen.min(axis=0))
            self._high = np.maximum(self._high, seen.max(axis=0))

    def said(self) -> Iterator[str]:
        """Which elements left it, and how far."""
        if self._box is None:
            return
        low, high = (bound.astype(np.float64) for bound in (self._box.low, self._box.high))
        below = self._low < low - SLACK * np.maximum(np.abs(low), 1.0)
        above = self._high > high + SLACK * np.maximum(np.abs(high), 1.0)
        places = np.flatnonzero(below | above)
        if not len(places):
            return
        told = [
            f"element {k} went from {self._low[k]:.4g} to {self._high[k]:.4g}, and its space says "
            f"{low[k]:.4g} to {high[k]:.4g}"
            for k in places[:N_TOLD].tolist()
        ]
        more = [f"{len(places) - N_TOLD} more elements"] if len(places) > N_TOLD else []
        yield f"observations leave their own space: {'; '.join([*told, *more])}."


def seed_deviations(card: EnvCard, env: Env, actions: np.ndarray, *, seed: int) -> Iterator[str]:
    """What to say where one seed leads to two episodes.

    Args:
        card: Of the environment; says whether an action is a choice.
        env: As `make_env` makes it.
        actions: What is done in each, shape (n, *action shape).
        seed: The first of some; they are played through, and then once more.
    """
    watch = Stopwatch()
    seen = {seed: _observed(card, env, actions, seed)}
    if watch.seconds() < SLOW_S:
        more = range(seed + 1, seed + N_SEEDS)
        seen |= {other: _observed(card, env, actions, other) for other in more}
    for played, first in seen.items():
        again = _observed(card, env, actions, played)
        if not np.array_equal(first, again):
            is_same = np.array_equal(first[0], again[0])
            when = "under the same actions" if is_same else "from the start on"
            yield (
                f"reset(seed={played}) twice leads to two episodes that differ {when}: no training "
                "can be repeated to the last bit, and a rollout may not replay."
            )
            return


def _observed(card: EnvCard, env: Env, actions: np.ndarray, seed: int) -> np.ndarray:
    """Observations of an episode's first steps, the first of all included."""
    obs, _ = env.reset(seed=seed)
    found = [np.array(obs)]
    is_choice = card.state.action.kind == "discrete"
    for action in actions:
        obs, _, terminated, truncated, _ = env.step(int(action) if is_choice else action)
        found.append(np.array(obs))
        if terminated or truncated:
            break
    return np.array(found)
