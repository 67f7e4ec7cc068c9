"""Executes the texts as plain Python, without any check, in processes of their own.

This is what a sandbox by the kernel alone would face. JSON in, JSON out.
"""

import builtins
import copy
import json
import os
import sys
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from tests.trust.acts.kernel_acts import Victim, attempt

from rewardsmith.isolation import seccomp


def works(text: str, environment: dict[str, str]) -> Callable[[Victim], object]:
    """An act: run the text; an error where it does not get what it wants."""

    def do(victim: Victim) -> object:
        os.environ.clear()
        os.environ.update(environment)
        handed: dict[str, Any] = {
            "state": SimpleNamespace(x=1.0, hand=np.ones(3)),
            "action": np.ones(2),
            "info": {"is_success": False},
            "self": SimpleNamespace(prev_shaping=0.0),
        }
        before = copy.deepcopy(handed)
        numpy_sum = np.sum
        space: dict[str, Any] = {"xp": np, "np": np}
        exec(text, space)
        try:
            paid = _call(space["reward"], handed | {"xp": np})
        except (SystemExit, KeyboardInterrupt):
            return "it ended the training"
        if np.sum is not numpy_sum:
            return "it patched the library"
        if repr(handed) != repr(before):
            return f"it changed {handed!r}"
        if not isinstance(paid, dict):
            return f"it is no component: {paid!r}"
        if float(paid["a"]) != 1.0:
            raise ValueError(f"in vain: {paid}")
        return paid

    return do


def _call(function: Any, available: dict[str, Any]) -> Any:
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    made = function(**{name: available[name] for name in names if name in available})
    if hasattr(made, "cr_frame"):
        made.close()
    return made


def main() -> None:
    request = json.load(sys.stdin)
    assert seccomp.load_library()
    builtins.print = lambda *_: None  # type: ignore[assignment]  # stdout is the answer's
    victim = Victim(**request["victim"])
    os.chdir(victim.folder)
    results = {
        " ".join(layers): {
            name: attempt(works(text, request["environment"]), victim, layers)
            for name, text in request["texts"].items()
        }
        for layers in request["layers"]
    }
    json.dump({"results": results}, sys.stdout)


if __name__ == "__main__":
    main()
