"""The docstring that belongs to an environment's own class, and not to Gymnasium's bases."""

import inspect
from typing import Any

from rewardsmith.environments.drafting.docstrings import EnvDoc, read_docstring

BASES = (
    "gymnasium.core",
    "gymnasium.envs.mujoco.mujoco_env",
    "gymnasium.utils",
    "builtins",
    "typing",
)
MAX_LENGTH = 200_000


def doc_of(env: Any) -> EnvDoc:
    """What the nearest documented class of an unwrapped environment says of itself."""
    for kind in type(env).__mro__:
        text = kind.__dict__.get("__doc__")
        if kind.__module__.startswith(BASES):
            continue
        if isinstance(text, str) and text.strip():
            return read_docstring(inspect.cleandoc(text[:MAX_LENGTH]))
    return EnvDoc()
