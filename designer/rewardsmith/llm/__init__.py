"""The gateway to language models: providers, retries, budgets and the ledger of calls."""

from typing import Final, Literal

ALLOW_REQUESTS: Literal["loopback"] | bool = True
"""Whether providers may be asked: all, none, or only servers on this machine. Tests set it."""

__all__: Final = ["ALLOW_REQUESTS"]
