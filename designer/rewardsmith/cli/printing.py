"""Prints documents for scripts: strict JSON, and nothing else on standard output."""

import dataclasses
import json
import math
from collections.abc import Mapping
from typing import Any


def print_json(document: object) -> None:
    """Print a document; what is no finite number becomes null, as JSON has no other word for it."""
    print(json.dumps(plain(document), indent=2, ensure_ascii=True, allow_nan=False))


def plain(value: Any) -> Any:
    """`value` as JSON has it.

    >>> plain((1, float("nan"), {"a": None}))
    [1, None, {'a': None}]
    """
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = dataclasses.fields(value)
        return {field.name: plain(getattr(value, field.name)) for field in fields}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
