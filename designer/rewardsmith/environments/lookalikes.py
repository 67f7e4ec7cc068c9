"""Finds state fields that go along with what an environment pays.

A person's own card may read anything by another name, and values alone prove nothing: it is said,
and the person decides.
"""

from collections.abc import Iterator

import numpy as np

from rewardsmith.environments.drafting.pay import resemblance
from rewardsmith.environments.drafting.play import Play
from rewardsmith.environments.vector import VectorStep


class Lookalikes:
    """Watches the first environment of a vector from its reset on."""

    def __init__(self) -> None:
        self._paid = Play(rewards=[np.nan])
        self._values: dict[str, list[np.ndarray]] = {}

    def add(self, step: VectorStep) -> None:
        """Take one step in."""
        reward = float(step.native_reward[0])
        self._paid.rewards.append(0.0 if np.isnan(reward) else reward)  # NaN marks a start
        for name, values in step.fields.items():
            self._values.setdefault(name, []).append(values[0])
        if step.done[0]:
            self._paid.rewards.append(np.nan)

    def notes(self) -> Iterator[str]:
        """What to say of fields that might be the reward."""
        for name, rows in self._values.items():
            values = np.array(rows, dtype=np.float64)
            if np.isfinite(values).all() and (did := resemblance(values, self._paid)):
                yield f"state.{name} {did}. Take it out of the card if it is the reward."
