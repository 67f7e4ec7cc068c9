"""Says what a command is waiting for, once that takes long.

An environment of somebody's own may take minutes to be made, or never come back from `reset`: who
sees nothing for half a minute does not know which.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rewardsmith.cli.terminal import console, safe

PATIENCE_S = 20.0
"""Seconds after which it is said."""


@contextmanager
def patience(doing: str, *, after_s: float = PATIENCE_S) -> Iterator[None]:
    """Print one line to stderr if the block takes longer.

    Args:
        doing: What it waits for, as "drafting a card of my_arm.py:Arm".
        after_s: Seconds that may pass in silence.
    """

    def say() -> None:
        said = (
            f"Still {doing} after {after_s:.0f} s. An environment that does not come back from "
            "reset() or step() is ended after 15 minutes at most; Ctrl-C ends it now."
        )
        console(stderr=True).print(safe(said, "dim"), soft_wrap=True)

    timer = threading.Timer(after_s, say)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
