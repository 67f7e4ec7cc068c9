"""Reads a card's state fields from environments, as fresh arrays with a leading axis.

Compiled once for a set of environments. What is returned is always a copy of the simulator's
state, so a step later it still says what was true when it was read.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.derived import Derived, derived_of
from rewardsmith.environments.factory import Env
from rewardsmith.environments.simulator import Getter, bind
from rewardsmith.environments.sources import Index, Source, parse_source
from rewardsmith.errors import ConfigError, UsageError
from rewardsmith.messages import FieldSpec

Fields = dict[str, np.ndarray]
"""Field name to array of shape (n, *field shape)."""

_DTYPES: dict[str, type] = {"float": np.float64, "bool": np.bool_, "int": np.int64}


class BatchReader:
    """Reads the fields of several environments at once.

    Args:
        card: Whose fields.
        envs: The environments; None when only `obs` and `info` are at hand.
        names: Fields wanted, with what they are derived from; all when None.

    Raises:
        UsageError: A field needs the simulator and `envs` is None, or the simulator lacks it.
    """

    def __init__(
        self,
        card: EnvCard,
        envs: Sequence[Env] | None,
        *,
        names: Collection[str] | None = None,
    ) -> None:
        self._card = card
        self._envs = envs
        specs = _wanted(card, names)
        self._constants = {s.name: _constant(s) for s in specs if s.constant is not None}
        self._full_constants: dict[int, Fields] = {}
        self._read: list[tuple[FieldSpec, Source]] = []
        self._derived: list[Derived] = []
        for spec in specs:
            source = parse_source(spec.source) if spec.constant is None else None
            if source is None:
                continue
            if source.kind == "derived":
                self._derived.append(derived_of(spec, card.state))
            else:
                self._read.append((spec, source))
        self._obs_fields = [(s, x.index) for s, x in self._read if x.kind == "obs"]
        self._info_fields = [(s, x) for s, x in self._read if x.kind == "info"]
        self._groups = _group([(s, x) for s, x in self._read if x.is_simulator])
        self._getters: dict[Source, list[Getter]] = {}
        self._checked = False
        self.bind()

    def bind(self, rows: Sequence[int] | None = None) -> None:
        """Look up the simulators' arrays anew; needed after a reset that may replace them."""
        if not self._groups:
            return
        if self._envs is None:
            names = [spec.name for fields in self._groups.values() for spec, _ in fields]
            raise UsageError(
                f"{self._card.ref}: {', '.join(names)} can only be read inside the environment's "
                "own process. Step single environments, or give these fields an obs or info source."
            )
        for source in self._groups:
            getters = self._getters.setdefault(source, [])
            if rows is None:
                getters[:] = [bind(source, env, self._card) for env in self._envs]
            else:
                for row in rows:
                    getters[row] = bind(source, self._envs[row], self._card)

    def read(
        self,
        obs: np.ndarray,
        infos: Sequence[Mapping[str, Any]],
        *,
        rows: Sequence[int] | None = None,
        at_start: bool = False,
    ) -> Fields:
        """Read all fields.

        Args:
            obs: Observations, shape (n, obs_dim).
            infos: The n environments' info.
            rows: Which environments these n are; all of them when None.
            at_start: Whether they were just reset.
        """
        fields: Fields = dict(self._constants_for(len(obs)))
        if self._obs_fields:
            block = obs.astype(np.float64)
            for spec, index in self._obs_fields:
                fields[spec.name] = self._cut(block, index, spec)
        for spec, source in self._info_fields:
            fields[spec.name] = self._read_info(spec, source, infos, at_start=at_start)
        for source, members in self._groups.items():
            block = self._gather(source, obs, infos, rows)
            for spec, index in members:
                fields[spec.name] = self._cut(block, index, spec)
        for derived in self._derived:
            fields[derived.name] = derived.evaluate(fields)
        if not self._checked:
            self._check(fields)
        return fields

    def _gather(
        self,
        source: Source,
        obs: np.ndarray,
        infos: Sequence[Mapping[str, Any]],
        rows: Sequence[int] | None,
    ) -> np.ndarray:
        getters = self._getters[source]
        order = getters if rows is None else [getters[row] for row in rows]
        values = [get(o, i) for get, o, i in zip(order, obs, infos, strict=True)]
        if isinstance(values[0], np.ndarray) and values[0].ndim == 1:
            return np.concatenate(values).reshape(len(values), -1)  # several times np.array's speed
        return np.array(values)

    def _read_info(
        self,
        spec: FieldSpec,
        source: Source,
        infos: Sequence[Mapping[str, Any]],
        *,
        at_start: bool,
    ) -> np.ndarray:
        try:
            block = np.array([_follow(info, source.names) for info in infos])
        except KeyError as error:
            if at_start and spec.name in self._card.start_values:
                return _start(spec, self._card.start_values[spec.name], len(infos))
            when = "reset" if at_start else "step"
            raise ConfigError(
                f"{self._card.ref}: field {spec.name!r} reads {spec.source!r}, and the info of "
                f"{when}() has no {error.args[0]!r}. "
                + ("Add 'at_start: 0.0' to the field." if at_start else "Correct its source.")
            ) from error
        return self._cut(block, source.index, spec)

    def _cut(self, block: np.ndarray, index: Index, spec: FieldSpec) -> np.ndarray:
        """One field out of a block with leading axis n, in the field's own dtype."""
        try:
            values = block[(slice(None), *index)] if index else block
        except IndexError as error:
            raise ConfigError(
                f"{self._card.ref}: field {spec.name!r} reads {spec.source!r}, and one value of it "
                f"has shape {block.shape[1:]}. Correct the index."
            ) from error
        dtype = _DTYPES[spec.kind]
        return values if values.dtype == dtype else values.astype(dtype)

    def _constants_for(self, n: int) -> Fields:
        if n not in self._full_constants:
            self._full_constants[n] = {
                name: np.repeat(value[None], n, axis=0) for name, value in self._constants.items()
            }
        return self._full_constants[n]

    def _check(self, fields: Fields) -> None:
        for name, values in fields.items():
            spec = self._card.state.field(name)
            if values.shape[1:] != spec.shape:
                raise ConfigError(
                    f"{self._card.ref}: field {name!r} has shape {values.shape[1:]}, and its card "
                    f"says {spec.shape}. Write 'shape: {list(values.shape[1:])}'."
                )
        self._checked = True


class FieldReader:
    """Reads the fields of one environment; values have the field's own shape."""

    def __init__(self, card: EnvCard, env: Env) -> None:
        self._batch = BatchReader(card, [env])

    def read(
        self, obs: np.ndarray, info: Mapping[str, Any], *, at_start: bool = False
    ) -> dict[str, np.ndarray]:
        """Read all fields after a step, or after a reset with `at_start`."""
        if at_start:
            self._batch.bind()
        fields = self._batch.read(np.asarray(obs)[None], [info], at_start=at_start)
        return {name: values[0] for name, values in fields.items()}


def _wanted(card: EnvCard, names: Collection[str] | None) -> list[FieldSpec]:
    """Specs of `names` and of everything they are derived from, in the card's order."""
    if names is None:
        return list(card.state.fields)
    wanted = set(names)
    for spec in reversed(card.state.fields):
        if spec.name in wanted and spec.source.startswith("derived"):
            wanted |= derived_of(spec, card.state).needs
    return [spec for spec in card.state.fields if spec.name in wanted]


def _group(
    pairs: list[tuple[FieldSpec, Source]],
) -> dict[Source, list[tuple[FieldSpec, Index]]]:
    """Fields by the block they are cut from, so that each block is copied once."""
    groups: dict[Source, list[tuple[FieldSpec, Index]]] = {}
    for spec, source in pairs:
        block = Source(source.kind, source.names)
        groups.setdefault(block, []).append((spec, source.index))
    return groups


def _constant(spec: FieldSpec) -> np.ndarray:
    value: np.ndarray = np.asarray(spec.constant, dtype=_DTYPES[spec.kind])
    return value.reshape(spec.shape) if value.ndim else np.full(spec.shape, value)


def _start(spec: FieldSpec, values: tuple[float, ...], n: int) -> np.ndarray:
    row: np.ndarray = np.asarray(values, dtype=_DTYPES[spec.kind]).reshape(spec.shape)
    return np.repeat(row[None], n, axis=0)


def _follow(info: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    if len(path) == 1:
        return info[path[0]]
    value: Any = info
    for key in path:
        value = value[key]
    return value
