"""The source of an environment's own classes and functions, without what judges.

Gymnasium's bases are not in it: they say nothing of one environment's state.
"""

import inspect
import textwrap
from typing import Any

from rewardsmith.environments.drafting.own_docs import BASES
from rewardsmith.environments.drafting.redaction import redact

MAX_LENGTH = 24_000
"""Characters that are shown, whole lines from the start: about 6,000 tokens."""


def visible_source(env: Any) -> str:
    """What the classes of an unwrapped environment do, the nearest one first; empty without source.

    Functions of the class's own module that it calls come after it.
    """
    found = []
    for kind in type(env).__mro__:
        if not kind.__module__.startswith(BASES):
            found.append(_redacted(kind))
    text = "\n\n\n".join(part for part in found if part)
    return text if len(text) <= MAX_LENGTH else text[:MAX_LENGTH].rpartition("\n")[0]


def _redacted(kind: type) -> str:
    """One class with the functions of its module; empty where it cannot be read."""
    try:
        text = textwrap.dedent(inspect.getsource(kind))
    except (OSError, TypeError):
        return ""
    module = inspect.getmodule(kind)
    functions = [
        textwrap.dedent(inspect.getsource(value))
        for value in vars(module).values()
        if inspect.isfunction(value) and value.__module__ == kind.__module__
    ]
    try:
        return redact("\n\n".join([text, *functions]))
    except (SyntaxError, RecursionError, ValueError):
        return ""
