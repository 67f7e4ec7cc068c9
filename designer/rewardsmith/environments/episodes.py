"""What a step's expression may read, kept along a vector of running episodes.

Holds the start of every episode, the step before, the last action and the step count, and hands
them out under the names that compiled code uses: `state.x`, `previous.x`, `initial.x`, `action`,
`previous_action`, `step`, `terminated`, and `info.x` for a judge. Only what is asked for is kept.
Fields are kept, not copied: whoever hands them in must not write to them afterwards.
"""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from rewardsmith.messages import StateSpec

Array = Any
"""An array of the chosen namespace, with a leading axis over environments."""


class StepInputs:
    """Inputs of one step's compiled code, for `n_envs` episodes side by side.

    Args:
        reads: Input names that will be asked for, as in the module's docstring.
        spec: Fields and action of the environment.
        n_envs: Length of the leading axis.
        xp: Array namespace: `numpy`, or `array_api_compat.torch`.
        device: Where torch arrays lie; None on NumPy.
    """

    def __init__(
        self,
        reads: Collection[str],
        spec: StateSpec,
        n_envs: int,
        *,
        xp: Any = np,
        device: Any = None,
    ) -> None:
        self._xp = xp
        self._n_envs = n_envs
        self._device = {} if device is None else {"device": device}
        self._state = [*_part(reads, "state"), *((n, n) for n in reads if n.startswith("info."))]
        self._previous_names = _part(reads, "previous")
        self._initial_names = _part(reads, "initial")
        self._reads = frozenset(reads)
        self._action_shape = (n_envs, *spec.action.shape)
        self._previous: dict[str, Array] = {}
        self._initial: dict[str, Array] = {}
        self._action: Array | None = None
        self._step: Array = self._zeros((n_envs,), xp.int64)

    def begin(self, fields: Mapping[str, Array], rows: Array | None = None) -> None:
        """Start an episode in every environment, or where `rows` is true.

        Args:
            fields: Fields at the episodes' start; other rows are not looked at.
            rows: Boolean, shape (n_envs,); None means all.
        """
        for key, name in self._previous_names:
            self._previous[key] = self.choose(rows, fields[name], self._previous.get(key))
        for key, name in self._initial_names:
            self._initial[key] = self.choose(rows, fields[name], self._initial.get(key))
        if "step" in self._reads:
            zero = self._zeros((self._n_envs,), self._xp.int64)
            self._step = self.choose(rows, zero, self._step)
        if self._action is not None and "previous_action" in self._reads:
            self._action = self.choose(rows, 0 * self._action, self._action)

    def step(
        self, action: Array, fields: Mapping[str, Array], *, terminated: Array
    ) -> dict[str, Array]:
        """The inputs of the step that led to `fields`; the next call is one step later.

        Args:
            action: What was sent, shape (n_envs, *action shape).
            fields: Fields after the step and before any reset.
            terminated: Boolean, shape (n_envs,).
        """
        inputs = {key: fields[name] for key, name in self._state}
        inputs.update(self._previous)
        inputs.update(self._initial)
        reads = self._reads
        if "action" in reads:
            inputs["action"] = action
        if "terminated" in reads:
            inputs["terminated"] = terminated
        if "step" in reads:
            self._step = self._step + 1
            inputs["step"] = self._step
        if "previous_action" in reads:
            inputs["previous_action"] = 0 * action if self._action is None else self._action
            self._action = self._xp.asarray(action, copy=True)  # callers reuse action buffers
        for key, name in self._previous_names:
            self._previous[key] = fields[name]
        return inputs

    def choose(self, rows: Array | None, new: Array, old: Array | None) -> Array:
        """`new` where `rows` is true, else `old`; `new` where there is no old value yet."""
        if rows is None or old is None:
            return new
        mask = self._xp.reshape(rows, (-1,) + (1,) * (new.ndim - 1))
        return self._xp.where(mask, new, old)

    def _zeros(self, shape: tuple[int, ...], dtype: Any) -> Array:
        return self._xp.zeros(shape, dtype=dtype, **self._device)


def _part(reads: Collection[str], part: str) -> list[tuple[str, str]]:
    """(input name, field name) of every input of `part`."""
    start = f"{part}."
    return [(name, name.removeprefix(start)) for name in sorted(reads) if name.startswith(start)]
