"""The errors a run can end with.

A bad candidate is never one of these: it is a `Verdict` or an `Outcome`. Every message says what
happened, where, and the next step.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class RewardsmithError(Exception):
    """Base of all errors raised on purpose."""

    exit_code = 1
    """Exit status of the command line when this error ends it."""


class UsageError(RewardsmithError):
    """The user can fix it: a wrong option, name, card, expression or reward file."""

    exit_code = 2


class ConfigError(UsageError):
    """A configuration, card or expression does not say something valid."""


class ModelError(RewardsmithError):
    """A language model's provider failed beyond its retries; the run can be resumed."""


class BudgetExceeded(RewardsmithError):
    """A budget is spent; the run can be resumed with a larger one."""


class StoreError(RewardsmithError):
    """A run folder cannot be read or written."""


def unknown(what: str, name: str, known: Iterable[str], hint: str = "") -> str:
    """Word a failed lookup: what was asked, the nearest names, and what exists.

    >>> unknown("task", "hopp", ["hop", "run"])
    "Unknown task 'hopp'. Did you mean 'hop'? Known: hop, run."
    """
    names = sorted(known)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    guess = f" Did you mean {' or '.join(repr(n) for n in near)}?" if near else ""
    listed = f" Known: {', '.join(names)}." if names else ""
    return f"Unknown {what} {name!r}.{guess}{listed}{' ' + hint if hint else ''}"
