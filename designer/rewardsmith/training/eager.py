"""Keeps torch from importing its compiler into a process that never compiles.

The first optimizer imports `torch._dynamo`, and with it sympy and a thousand modules: more CPU than
all other imports of a worker together. What eager optimizers call of it does nothing outside a
compiler.
"""

import sys
from types import ModuleType
from typing import Any

_NAME = "torch._dynamo"


def stay_eager() -> None:
    """Stand in for the compiler; harmless when it is there already."""
    import torch

    if _NAME in sys.modules:
        return
    stand_in = ModuleType(_NAME)
    stand_in.__dict__.update(graph_break=_nothing, disable=_as_it_is)
    sys.modules[_NAME] = stand_in
    torch.__dict__["_dynamo"] = stand_in


def _nothing(*_: Any, **__: Any) -> None:
    return None


def _as_it_is(function: Any, *_: Any, **__: Any) -> Any:
    return function
