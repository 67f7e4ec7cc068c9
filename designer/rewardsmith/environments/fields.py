"""Reads a card's state fields from environments, as fresh arrays with a leading axis.

Compiled once for a set of environments. What is returned is always a copy of the simulator's
state, so a step later it still says what was true when it was read. Parts of the observation are
views of the array that was handed in, which must therefore be a fresh one.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from rewardsmith.environments.card_types import EnvCard
from rewardsmith.environments.derived import Derived, derived_of
from rewardsmith.environments.factory import Env
from rewardsmith.environments.simulator import Places, bind, gathered
from rewardsmith.environments.sources import BLOCKS, Index, Source, source_of
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
            source = source_of(spec) if spec.constant is None else None
            if source is None:
                continue
            if source.kind == "derived":
                self._derived.append(derived_of(spec, card.state))
            else:
                self._read.append((spec, source))
        self._obs_fields = [(s, (slice(None), *x.index)) for s, x in self._read if x.kind == "obs"]
        self._plain_fields = [(s.name, i) for s, i in self._obs_fields if s.kind == "float"]
        self._odd_fields = [(s, i) for s, i in self._obs_fields if s.kind != "float"]
        self._info_fields = [(s, x) for s, x in self._read if x.kind == "info"]
        self._groups = _group([(s, x) for s, x in self._read if x.is_simulator])
        self._single = _single(self._groups)
        plain = {*self._constants, *(name for name, _ in self._plain_fields)}
        self._changing = [spec.name for spec in specs if spec.name not in plain]
        """Neither constant nor a plain part of the observation."""
        self._getters: dict[Source, list[Any]] = {}
        """By row: a `Getter`, `Places`, or the simulator's own array."""
        self._held: dict[int, tuple[Any, Any]] = {}
        """Model and data that a row's getters look into."""
        self._checked = False
        self.bind()

    def bind(self, rows: Sequence[int] | None = None) -> None:
        """Look up the arrays of simulators that a reset has replaced; costs nothing elsewhere."""
        if not self._groups:
            return
        if self._envs is None:
            names = [spec.name for fields in self._groups.values() for spec, _ in fields]
            raise UsageError(
                f"{self._card.ref}: {', '.join(names)} can only be read inside the environment's "
                "own process. Step single environments, or give these fields an obs or info source."
            )
        for row in range(len(self._envs)) if rows is None else rows:
            raw = self._envs[row].unwrapped
            held = (getattr(raw, "model", None), getattr(raw, "data", None))
            known = self._held.get(row)
            if known is None or any(old is not new for old, new in zip(known, held, strict=True)):
                self._held[row] = held
                self._bind_row(row)

    def _bind_row(self, row: int) -> None:
        assert self._envs is not None
        for source in self._groups:
            getters = self._getters.setdefault(source, [])
            getters[row : row + 1] = [bind(source, self._envs[row], self._card)]

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
            block = obs.astype(np.float64, copy=False)
            # Once they have been cut without an error, plain slices are the same at half the time.
            slow = self._odd_fields if self._checked else self._obs_fields
            for name, index in self._plain_fields if self._checked else ():
                fields[name] = block[index]
            for spec, index in slow:
                fields[spec.name] = self._cut(block, index, spec)
        for spec, source in self._info_fields:
            fields[spec.name] = self._read_info(spec, source, infos, at_start=at_start)
        for source, members in self._groups.items():
            if source in self._single:
                spec, place = self._single[source]
                fields[spec.name] = self._numbers(source, place, spec, rows)
                continue
            block = self._gather(source, obs, infos, rows)
            for spec, index in members:
                fields[spec.name] = self._cut(block, index, spec)
        if self._derived:
            with np.errstate(all="ignore"):
                for derived in self._derived:
                    fields[derived.name] = derived.evaluate(fields)
        if not self._checked:
            self._check(fields)
            self._checked = not at_start  # a card's value at the start proves nothing
        return fields

    def renewed(
        self,
        fields: Fields,
        obs: np.ndarray,
        infos: Sequence[Mapping[str, Any]],
        rows: Sequence[int],
    ) -> Fields:
        """`fields` after environments were reset: anew in `rows`, and as before in all others.

        Args:
            fields: As read before, of all environments; stay as they are.
            obs: Observations of all environments, after the reset.
            infos: Every environment's info.
            rows: Those that were reset.
        """
        renewed = dict(fields)
        if self._plain_fields:
            block = obs.astype(np.float64, copy=False)
            for name, index in self._plain_fields:
                renewed[name] = block[index]
        if not self._changing:
            return renewed
        fresh = self.read(obs[rows], [infos[row] for row in rows], rows=rows, at_start=True)
        for name in self._changing:
            renewed[name] = renewed[name].copy()
            renewed[name][rows] = fresh[name]
        return renewed

    def _numbers(
        self, source: Source, place: int, spec: FieldSpec, rows: Sequence[int] | None
    ) -> np.ndarray:
        """One number out of every simulator's own array: a third of the time of copying all."""
        held = self._getters[source]
        order = held if rows is None else [held[row] for row in rows]
        try:
            return np.array([array.item(place) for array in order], dtype=_DTYPES[spec.kind])
        except IndexError:
            return self._cut(np.stack(order), (slice(None), place), spec)  # says what is wrong

    def _gather(
        self,
        source: Source,
        obs: np.ndarray,
        infos: Sequence[Mapping[str, Any]],
        rows: Sequence[int] | None,
    ) -> np.ndarray:
        getters = self._getters[source]
        order = getters if rows is None else [getters[row] for row in rows]
        if isinstance(order[0], Places):
            return gathered(order)
        if isinstance(order[0], np.ndarray):
            values: list[Any] = order
        else:
            # Rows of an array take time to make, and only functions look at them.
            shown = obs if source.kind == "function" else infos
            values = [get(o, i) for get, o, i in zip(order, shown, infos, strict=True)]
        first = values[0]
        if isinstance(first, np.ndarray) and first.ndim:  # several times the speed of np.array
            return np.concatenate(values).reshape(len(values), *first.shape)
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
            if len(source.names) == 1:
                key = source.names[0]
                block = np.array([info[key] for info in infos])
            else:
                block = np.array([_follow(info, source.names) for info in infos])
        except KeyError as error:
            if at_start and spec.name in self._card.start_values:
                return _start(spec, self._card.start_values[spec.name], len(infos))
            when = "reset" if at_start else "step"
            if spec.name.startswith("info."):
                raise ConfigError(_unjudged(self._card.ref, spec, infos[0], when)) from error
            raise ConfigError(
                f"{self._card.ref}: field {spec.name!r} reads {spec.source!r}, and the info of "
                f"{when}() has no {error.args[0]!r}. "
                + ("Add 'at_start: 0.0' to the field." if at_start else "Correct its source.")
            ) from error
        return self._cut(block, (slice(None), *source.index), spec)

    def _cut(self, block: np.ndarray, index: Index, spec: FieldSpec) -> np.ndarray:
        """One field out of a block with leading axis n, in the field's own dtype."""
        try:
            values = block[index]
        except IndexError as error:
            raise ConfigError(
                f"{self._card.ref}: field {spec.name!r} reads {spec.source!r}, and one value of it "
                f"has shape {block.shape[1:]}. Correct the index."
            ) from error
        dtype = _DTYPES[spec.kind]
        try:
            return values if values.dtype == dtype else values.astype(dtype)
        except (TypeError, ValueError) as error:
            raise ConfigError(
                f"{self._card.ref}: field {spec.name!r} reads {spec.source!r}, which holds no "
                "numbers. Let it be a number or an array of numbers."
            ) from error

    def _constants_for(self, n: int) -> Fields:
        if n not in self._full_constants:
            self._full_constants[n] = {
                name: np.repeat(value[None], n, axis=0) for name, value in self._constants.items()
            }
        return self._full_constants[n]

    def _check(self, fields: Fields) -> None:
        for name, values in fields.items():
            spec = self._card.state.field(name)
            if values.shape[1:] and name.startswith("info."):
                raise ConfigError(
                    f"{self._card.ref}: {_entry(spec)} has shape {values.shape[1:]}, and only one "
                    "number can judge. Write a function of an episode's fields instead."
                )
            if values.shape[1:] != spec.shape:
                raise ConfigError(
                    f"{self._card.ref}: field {name!r} has shape {values.shape[1:]}, and its card "
                    f"says {spec.shape}. Write 'shape: {list(values.shape[1:])}'."
                )


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
        fields = self._batch.read(np.array(obs)[None], [info], at_start=at_start)
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
    """Fields by the block they are cut from, so that each block is copied once.

    Contacts are one block, and so are the positions of all bodies, of all sites, of all geoms.
    """
    groups: dict[Source, list[tuple[FieldSpec, Index]]] = {}
    for spec, source, place in _merged(pairs):
        groups.setdefault(source, []).append((spec, (slice(None), *place)))
    return groups


def _single(
    groups: Mapping[Source, Sequence[tuple[FieldSpec, Index]]],
) -> dict[Source, tuple[FieldSpec, int]]:
    """Sources of which one number is read, and no other: (field, its place)."""
    found = {}
    for source, members in groups.items():
        spec, index = members[0]
        is_array = source.kind in ("qpos", "qvel", "sensor") or (
            source.kind in BLOCKS and len(source.names) == 2 and source.kind != "contact"
        )
        if len(members) == 1 and is_array and len(index) == 2 and isinstance(index[1], int):
            found[source] = (spec, index[1])
    return found


def _merged(
    pairs: list[tuple[FieldSpec, Source]],
) -> Iterator[tuple[FieldSpec, Source, Index]]:
    """(field, the source that reads its block, its index in that block)."""
    alike: dict[tuple[str, ...], list[tuple[FieldSpec, Source]]] = {}
    for spec, source in pairs:
        alike.setdefault(source.family, []).append((spec, source))
    for members in alike.values():
        names = list(dict.fromkeys(source.names for _, source in members))
        if members[0][1].kind not in BLOCKS or (
            len(names) == 1 and members[0][1].kind != "contact"
        ):
            yield from ((spec, Source(x.kind, x.names), x.index) for spec, x in members)
            continue
        block = Source(members[0][1].kind, tuple(name for pair in names for name in pair))
        for spec, source in members:
            yield spec, block, (names.index(source.names), *source.index)


def _constant(spec: FieldSpec) -> np.ndarray:
    value: np.ndarray = np.asarray(spec.constant, dtype=_DTYPES[spec.kind])
    return value.reshape(spec.shape) if value.ndim else np.full(spec.shape, value)


def _start(spec: FieldSpec, values: tuple[float, ...], n: int) -> np.ndarray:
    row: np.ndarray = np.asarray(values, dtype=_DTYPES[spec.kind]).reshape(spec.shape)
    return np.repeat(row[None], n, axis=0)


def _entry(spec: FieldSpec) -> str:
    return f"info[{spec.name.removeprefix('info.')!r}]"


def _unjudged(ref: str, spec: FieldSpec, info: Mapping[str, Any], when: str) -> str:
    """Says that an entry which judges is not there, and what is."""
    has = ", ".join(map(str, info)) or "nothing"
    return (
        f"{ref}: fitness or success reads {_entry(spec)}, and the info of {when}() holds {has}. "
        "Correct the key; it has to be there in every step."
    )


def _follow(info: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    value: Any = info
    for key in path:
        value = value[key]
    return value
