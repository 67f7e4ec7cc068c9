"""Composes a step's reward from its components, and runs a program along a vector of episodes.

`RewardStream` is the only holder of per-episode reward state: start, previous step, memory, step
count and potential. The total is always computed here, so it cannot disagree with its parts.
Batched arrays in, batched arrays out, on NumPy or torch; no branch depends on a value.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from rewardsmith.environments.episodes import Array, StepInputs
from rewardsmith.language.runtime import load_compiled
from rewardsmith.messages import StateSpec
from rewardsmith.rewards.contract import RewardProgram, Total

_INPUT = re.compile(r'inputs\["([a-z0-9_.]+)"\]')
"""How emitted code names what it reads."""


class StepRewards(NamedTuple):
    """What one step of all environments earned."""

    total: Array
    """Composed reward with shaping, shape (n_envs,)."""
    components: dict[str, Array]
    """Unweighted components, each of shape (n_envs,)."""
    potential: Array | None
    """The shaping's part of `total`, shape (n_envs,); None for programs without a potential."""


def compose(
    weights: Mapping[str, float], total: Total, components: Mapping[str, Array], *, xp: Any = np
) -> Array:
    """The step reward of unweighted components, shape (n_envs,).

    Args:
        weights: Component to weight; a component of weight 0 is not paid under any `total`.
        total: "sum", "product", or a `Clip` of the sum.
        components: Unweighted, each of shape (n_envs,).
        xp: Array namespace of the components.
    """
    paid = [weight * components[name] for name, weight in weights.items() if weight != 0]
    if not paid:
        return 0.0 * next(iter(components.values()))
    reward = paid[0]
    if total == "product":
        for part in paid[1:]:
            reward = reward * part
        return reward
    for part in paid[1:]:
        reward = reward + part
    return reward if total == "sum" else xp.clip(reward, total.lo, total.hi)


class RewardStream:
    """One reward program along `n_envs` episodes side by side.

    Call `begin` where episodes start and `step` after every step, with the fields as they were
    before any reset. Fields handed in are kept, so they must not be written to afterwards.

    Args:
        program: The program; only its compiled form runs.
        spec: Fields and action of the environment.
        n_envs: Length of the leading axis.
        gamma: The trainer's discount, for the potential.
        xp: Array namespace: `numpy`, or `array_api_compat.torch`.
        device: Where torch arrays lie; None on NumPy.
    """

    def __init__(
        self,
        program: RewardProgram,
        spec: StateSpec,
        n_envs: int,
        *,
        gamma: float,
        xp: Any = np,
        device: Any = None,
    ) -> None:
        self.program = program
        self.fields = fields_read(program, spec)
        """Names of the state fields that have to be handed in."""
        self._xp = xp
        self._gamma = gamma
        self._weights = dict(program.weights)
        self._action_shape = spec.action.shape
        self._compiled = load_compiled(program.compiled)
        self._params = program.params
        self._inputs = StepInputs(inputs_read(program), spec, n_envs, xp=xp, device=device)
        placed = {} if device is None else {"device": device}
        self._start_memory = {
            name: xp.stack([xp.asarray(value, dtype=xp.float64, **placed)] * n_envs)
            for name, value in program.memory.items()
        }
        self._memory = dict(self._start_memory)
        self._phi: Array | None = None

    @property
    def memory(self) -> Mapping[str, Array]:
        """What the next step will find in memory, each of shape (n_envs, ...)."""
        return self._memory

    def begin(self, fields: Mapping[str, Array], rows: Array | None = None) -> None:
        """Start an episode in every environment, or where the boolean `rows` is true.

        Args:
            fields: Fields at the episodes' start, each of shape (n_envs, ...); where `rows` is
                false they are not looked at.
            rows: Shape (n_envs,); None means all.
        """
        choose = self._inputs.choose
        self._inputs.begin(fields, rows)
        for name, start in self._start_memory.items():
            self._memory[name] = choose(rows, start, self._memory[name])
        if self._compiled.potential is not None:
            self._phi = choose(rows, self._potential_of(fields), self._phi)

    def step(
        self,
        action: Array,
        fields: Mapping[str, Array],
        *,
        terminated: Array,
        truncated: Array,
    ) -> StepRewards:
        """Reward one step of every environment.

        Args:
            action: What was sent, shape (n_envs, *action shape).
            fields: Fields after the step and before any reset, each of shape (n_envs, ...).
            terminated: The environment ended the episode; its last state's potential counts 0.
            truncated: The horizon ended it; its last state's potential counts as it is.
        """
        compiled = self._compiled
        inputs = self._inputs.step(action, fields, terminated=terminated)
        for name, value in self._memory.items():
            inputs[f"memory.{name}"] = value
        assert compiled.components is not None
        with _silent():
            components = compiled.components(self._xp, inputs, self._params)
            total = compose(self._weights, self.program.total, components, xp=self._xp)
            if compiled.memory is not None:
                self._memory.update(compiled.memory(self._xp, inputs, self._params))
            if compiled.potential is None:
                return StepRewards(total, components, None)
            shaping = self._shape(fields, terminated)
            return StepRewards(total + shaping, components, shaping)

    def of_states(self, fields: Mapping[str, Array], n: int) -> Array:
        """Rewards (n,) of single states, for a program that reads nothing but them.

        Args:
            fields: Each with a leading axis of n, which need not be `n_envs`; nothing is kept.
            n: How many states.
        """
        inputs = {f"state.{name}": fields[name] for name in self.fields}
        inputs["action"] = self._xp.zeros((n, *self._action_shape))  # only its length is read
        assert self._compiled.components is not None
        with _silent():
            components = self._compiled.components(self._xp, inputs, self._params)
            return compose(self._weights, self.program.total, components, xp=self._xp)

    def _shape(self, fields: Mapping[str, Array], terminated: Array) -> Array:
        """Shaping: gamma * phi(s') - phi(s), with phi(s') = 0 where the episode terminated."""
        phi = self._potential_of(fields)
        kept = self._xp.where(terminated, self._xp.zeros_like(phi), phi)
        shaping = self._gamma * kept - self._phi
        self._phi = phi
        return shaping

    def _potential_of(self, fields: Mapping[str, Array]) -> Array:
        inputs = {f"state.{name}": fields[name] for name in self.fields}
        assert self._compiled.potential is not None
        with _silent():
            return self._compiled.potential(self._xp, inputs, self._params)


def fields_read(program: RewardProgram, spec: StateSpec) -> tuple[str, ...]:
    """State fields that `program` needs, in the card's order; constants are not among them."""
    parts = [name.partition(".") for name in inputs_read(program)]
    reads = {field for part, _, field in parts if part in ("state", "previous", "initial")}
    return tuple(field.name for field in spec.fields if field.name in reads)


def inputs_read(program: RewardProgram) -> frozenset[str]:
    """Keys of every input that any function of the compiled program reads, and the action.

    The action is always there: code that reads nothing takes the number of environments from it.
    """
    return frozenset(_INPUT.findall(program.compiled)) | {"action"}


def _silent() -> Any:
    """No warnings for 0/0 and the like: both sides of every branch are computed."""
    return np.errstate(all="ignore")
