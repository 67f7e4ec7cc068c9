"""Running emitted code and, for the probe, a program's own text.

The only `exec` of the package. Emitted code is ours; a program's text has passed the allow-list
and still belongs into a locked worker, never into the driver.
"""

import builtins
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType, SimpleNamespace
from typing import Any

import numpy as np

from rewardsmith.language import library

Function = Callable[[Any, Mapping[str, Any], Mapping[str, Any]], Any]
"""`f(xp, inputs, params)`: arrays with leading axis B in, arrays with leading axis B out."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """The functions of an emitted module; None for those that it does not have."""

    components: Function | None = None
    """Name to unweighted component, each (B,)."""
    memory: Function | None = None
    """Name to updated memory value, each (B, *shape)."""
    potential: Function | None = None
    progress: Function | None = None
    branches: Function | None = None
    """(line, mask) pairs: which rows entered the branch at that line."""
    expression: Function | None = None


class Rows:
    """A program's own text, run on one step at a time.

    Inputs have the keys of the compiled code and no leading axis.
    """

    def __init__(self, namespace: Mapping[str, Any], globals_: dict[str, Any]) -> None:
        self._namespace = namespace
        self._globals = globals_

    def components(
        self, inputs: Mapping[str, Any], params: Mapping[str, Any]
    ) -> tuple[dict[str, float], dict[str, Any]]:
        """Unweighted components and memory updates of one step."""
        returned = self._call("reward", inputs, params)
        parts = returned if isinstance(returned, tuple) else (returned,)
        components, memory = (*(part for part in parts if isinstance(part, dict)), {})[:2]
        values = {str(name): float(np.asarray(value).item()) for name, value in components.items()}
        return values, {str(k): np.asarray(v, dtype=np.float64) for k, v in memory.items()}

    def potential(self, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> float:
        """The potential of one step's state."""
        return float(self._call("potential", inputs, params))

    def progress(self, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> float:
        """The progress of one step's state."""
        return float(self._call("progress", inputs, params))

    def _call(self, name: str, inputs: Mapping[str, Any], params: Mapping[str, Any]) -> Any:
        function = self._namespace[name]
        code = function.__code__
        asked = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
        arguments = _arguments(inputs, params)
        self._globals["params"] = arguments["params"]
        return function(**{argument: arguments[argument] for argument in asked})


@lru_cache(maxsize=256)
def load_compiled(source: str) -> Compiled:
    """The functions of an emitted module."""
    namespace: dict[str, Any] = {}
    exec(compile(source, "<compiled reward>", "exec"), namespace)
    known = Compiled.__dataclass_fields__
    return Compiled(**{name: namespace[name] for name in known if name in namespace})


def load_rows(normalised: str) -> Rows:
    """A normalised program, to be run row by row in a locked worker."""
    namespace: dict[str, Any] = {"__builtins__": dict(_BUILTINS), "xp": library.rows()}
    exec(compile(normalised, "<reward>", "exec"), namespace)
    return Rows(namespace, namespace)


def _arguments(inputs: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    groups: dict[str, dict[str, Any]] = {
        "state": {}, "previous": {}, "initial": {}, "memory": {},
        "params": {name: _row_value(value) for name, value in params.items()},
    }  # fmt: skip
    plain: dict[str, Any] = {"xp": library.rows()}
    for key, value in inputs.items():
        group, _, name = key.partition(".")
        if name:
            groups[group][name] = _row_value(value)
        else:
            plain[key] = _row_value(value)
    return {**{name: SimpleNamespace(**values) for name, values in groups.items()}, **plain}


def _row_value(value: Any) -> Any:
    """One step's value: conditions stay conditions, everything else is float64."""
    array = np.array(value, copy=True)
    array = array if array.dtype == bool else array.astype(np.float64)
    array.setflags(write=False)
    return array[()]


def _to_int(value: Any) -> Any:
    """Python's `int` for constants; a truncated number, as in the compiled code, for data."""
    return np.trunc(np.float64(value)) if isinstance(value, np.generic) else int(value)


_BUILTINS = MappingProxyType(
    {
        **{name: getattr(builtins, name) for name in ("len", "range", "enumerate", "zip",
           "reversed", "bool", "tuple", "list", "dict")},
        "float": np.float64,
        "int": _to_int,
    }
)  # fmt: skip
