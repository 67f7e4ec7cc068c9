"""Reads the `backends` of a card; every problem names file, line and remedy."""

import re
from collections.abc import Mapping
from typing import cast

from rewardsmith.environments.card_file import Table, Value
from rewardsmith.environments.card_types import Backend
from rewardsmith.environments.sources import SourceError, parse_source
from rewardsmith.errors import unknown
from rewardsmith.messages import StateSpec

KNOWN = ("envpool",)
"""Backends that rewardsmith can step."""

_FUNCTION = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")


def read_backends(value: Value | None, state: StateSpec) -> dict[str, Backend]:
    """The card's backends by name.

    Raises:
        ConfigError: One of them is unknown, or says something that is not valid.
    """
    found = {}
    for name, entry in value.table().entries() if value else ():
        if name not in KNOWN:
            raise entry.error(unknown("backend", name, KNOWN), "Correct its name.")
        found[name] = _read_backend(entry.table(), state)
    return found


def _read_backend(table: Table, state: StateSpec) -> Backend:
    kwargs, fields = table.find("kwargs"), table.find("fields")
    backend = Backend(
        id=table.take("id").text(),
        kwargs=cast(dict[str, object], kwargs.table().plain()) if kwargs else {},
        package=table.take("package").text(),
        fields=_read_fields(fields.table(), state) if fields else {},
        observation=_read_function(table.find("observation")),
        scripted=_read_function(table.find("scripted")),
    )
    table.finish()
    return backend


def _read_fields(table: Table, state: StateSpec) -> Mapping[str, str]:
    names = [spec.name for spec in state.fields]
    found = {}
    for name, value in table.entries():
        if name not in names:
            raise value.error(unknown("field", name, names), "Write a field of the card.")
        found[name] = _read_source(value)
    return found


def _read_source(value: Value) -> str:
    try:
        source = parse_source(value.text())
    except SourceError as error:
        raise value.error(error.reason, error.remedy) from error
    if source.is_simulator:
        raise value.error(
            f"{value.name!r} would be read inside the environment.",
            "A backend shows 'obs[...]' and 'info.name' only; 'derived:' computes from these.",
        )
    return value.text()


def _read_function(value: Value | None) -> str | None:
    if value is None:
        return None
    if not _FUNCTION.fullmatch(value.text()):
        raise value.error(f"{value.text()!r} is no function.", "Write 'module:name'.")
    return value.text()
