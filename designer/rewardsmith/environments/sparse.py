"""Pays 1 when a task's success criterion is met, else 0: the reward of last resort.

A condition of steps pays at the first step at which the criterion holds. A criterion over the whole
episode is known, and paid, only at the episode's last step.
"""

from collections.abc import Mapping

import numpy as np

from rewardsmith.environments.aggregates import Facts, Series
from rewardsmith.environments.episodes import StepInputs
from rewardsmith.environments.fitness import (
    EpisodeMeasure,
    Fitness,
    Quantity,
    Success,
    start_inputs,
)
from rewardsmith.messages import StateSpec, Trajectory


class SparseReward:
    """The sparse reward along a vector of `n_envs` environments."""

    def __init__(self, success: Success, spec: StateSpec, n_envs: int) -> None:
        self._judge: _StepJudge | _EpisodeJudge | _RecordJudge
        if isinstance(success.whole, Fitness):
            self._judge = _EpisodeJudge(success.whole, spec, n_envs)
        elif success.whole is not None:
            self._judge = _RecordJudge(success.whole, success.fields, n_envs)
        else:
            self._judge = _StepJudge(success, spec, n_envs)

    def begin(self, fields: Mapping[str, np.ndarray], rows: np.ndarray | None = None) -> None:
        """Start an episode in every environment, or where the boolean `rows` is true."""
        n_envs = self._judge.n_envs
        self._judge.begin(fields, np.ones(n_envs, dtype=np.bool_) if rows is None else rows)

    def step(
        self,
        action: np.ndarray,
        fields: Mapping[str, np.ndarray],
        *,
        terminated: np.ndarray,
        truncated: np.ndarray,
    ) -> np.ndarray:
        """The step's reward, shape (n_envs,); `fields` are those before any reset."""
        with np.errstate(all="ignore"):
            met = self._judge.step(action, fields, terminated=terminated, truncated=truncated)
        return met.astype(np.float64)


class _StepJudge:
    """Pays at the first step at which a condition of steps is met."""

    def __init__(self, success: Success, spec: StateSpec, n_envs: int) -> None:
        assert success.condition is not None
        self.n_envs = n_envs
        self._condition = success.condition
        self._inputs = StepInputs({*success.condition.reads, "step"}, spec, n_envs)
        self._is_final = success.semantics == "final"
        self._needed = success.held_steps if success.semantics == "held" else 1
        self._run = np.zeros(n_envs, dtype=np.int64)
        self._paid = np.zeros(n_envs, dtype=np.bool_)

    def begin(self, fields: Mapping[str, np.ndarray], rows: np.ndarray) -> None:
        self._inputs.begin(fields, rows)
        self._run[rows] = 0
        self._paid[rows] = False

    def step(
        self,
        action: np.ndarray,
        fields: Mapping[str, np.ndarray],
        *,
        terminated: np.ndarray,
        truncated: np.ndarray,
    ) -> np.ndarray:
        inputs = self._inputs.step(action, fields, terminated=terminated)
        holds = np.broadcast_to(self._condition.evaluate(np, inputs) > 0, (self.n_envs,))
        self._run = np.where(holds, self._run + 1, 0)
        met = holds & (terminated | truncated) if self._is_final else self._run >= self._needed
        first = met & ~self._paid
        self._paid |= met
        return np.asarray(first)


class _EpisodeJudge:
    """Remembers what the criterion's aggregates need, and judges where an episode ends."""

    def __init__(self, whole: Fitness, spec: StateSpec, n_envs: int) -> None:
        self.n_envs = n_envs
        self._whole = whole
        self._inputs = StepInputs({*whole.reads, "step"}, spec, n_envs)
        self._values = {
            q.term.key: np.zeros((whole.horizon, n_envs, *q.expression.shape))
            for q in whole.quantities
        }
        self._starts = {
            q.term.key: np.zeros((n_envs, *q.expression.shape))
            for q in whole.quantities
            if q.term.aggregate.needs_start
        }
        self._elapsed = np.zeros(n_envs, dtype=np.int64)

    def begin(self, fields: Mapping[str, np.ndarray], rows: np.ndarray) -> None:
        self._inputs.begin(fields, rows)
        self._elapsed[rows] = 0
        for quantity in self._whole.quantities:
            if quantity.term.aggregate.needs_start:
                values = np.asarray(quantity.expression.evaluate(np, start_inputs(fields)))
                self._starts[quantity.term.key][rows] = values[rows]

    def step(
        self,
        action: np.ndarray,
        fields: Mapping[str, np.ndarray],
        *,
        terminated: np.ndarray,
        truncated: np.ndarray,
    ) -> np.ndarray:
        inputs = self._inputs.step(action, fields, terminated=terminated)
        rows = np.arange(self.n_envs)
        for quantity in self._whole.quantities:
            self._remember(quantity, inputs, rows)
        self._elapsed += 1
        met = np.zeros(self.n_envs, dtype=np.bool_)
        for row in (terminated | truncated).nonzero()[0].tolist():
            met[row] = self._judge(row, terminated=bool(terminated[row]))
        return met

    def _remember(
        self, quantity: Quantity, inputs: Mapping[str, np.ndarray], rows: np.ndarray
    ) -> None:
        key = quantity.term.key
        if self._elapsed.max() >= len(self._values[key]):
            self._values[key] = np.concatenate([self._values[key]] * 2)
        self._values[key][self._elapsed, rows] = quantity.expression.evaluate(np, inputs)

    def _judge(self, row: int, *, terminated: bool) -> bool:
        length = int(self._elapsed[row])
        series = {
            key: Series(
                values[:length, row], self._starts[key][row] if key in self._starts else None
            )
            for key, values in self._values.items()
        }
        return self._whole.combine(series, Facts(length, self._whole.horizon, terminated)) > 0


class _RecordJudge:
    """Records every field for a function of whole episodes, and asks it where one ends."""

    def __init__(self, measure: EpisodeMeasure, fields: tuple[str, ...], n_envs: int) -> None:
        self.n_envs = n_envs
        self._measure = measure
        self._fields = fields
        self._seen: list[dict[str, list[np.ndarray]]] = [{} for _ in range(n_envs)]
        self._actions: list[list[np.ndarray]] = [[] for _ in range(n_envs)]

    def begin(self, fields: Mapping[str, np.ndarray], rows: np.ndarray) -> None:
        for row in rows.nonzero()[0].tolist():
            self._seen[row] = {name: [fields[name][row]] for name in self._fields}
            self._actions[row] = []

    def step(
        self,
        action: np.ndarray,
        fields: Mapping[str, np.ndarray],
        *,
        terminated: np.ndarray,
        truncated: np.ndarray,
    ) -> np.ndarray:
        for row, (seen, actions) in enumerate(zip(self._seen, self._actions, strict=True)):
            actions.append(np.array(action[row]))
            for name in self._fields:
                seen[name].append(fields[name][row])
        met = np.zeros(self.n_envs, dtype=np.bool_)
        for row in (terminated | truncated).nonzero()[0].tolist():
            episode = Trajectory(
                seed=0,
                fields={name: np.stack(values) for name, values in self._seen[row].items()},
                actions=np.stack(self._actions[row]),
                terminated=bool(terminated[row]),
            )
            met[row] = self._measure.evaluate(episode) > 0
        return met
