"""How long to wait before a call is made again, and when not to.

Pure: the time and the randomness are passed in.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Final

from rewardsmith.llm.failures import Failure

_GARBLED_ATTEMPTS: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Exponential waits with jitter."""

    attempts: int = 6
    """Calls to one model for one question, the first included."""
    first_s: float = 1.0
    """Longest wait before the second call, in seconds; doubled for each further one."""
    longest_s: float = 60.0
    """Longest wait of our own choosing."""
    patience_s: float = 300.0
    """Longest wait that a server may ask for; one that asks for more has failed."""

    def pause_s(
        self, failure: Failure, n_failed: int, *, now: float, rng: random.Random
    ) -> float | None:
        """Seconds to wait after the `n_failed`-th failure; None when asking again is no use.

        Args:
            failure: The latest one.
            n_failed: Failures so far of this question with this model, at least 1.
            now: Seconds since the epoch, for a `Retry-After` that is a date.
            rng: For the jitter, which keeps parallel calls from coming back together.
        """
        limit = _GARBLED_ATTEMPTS if failure.kind == "garbled" else self.attempts
        if failure.kind == "hopeless" or n_failed >= limit:
            return None
        backoff = min(self.first_s * 2.0 ** (n_failed - 1), self.longest_s)
        asked_s = retry_after_s(failure.retry_after, now=now)
        if asked_s is None:
            return backoff * rng.uniform(0.5, 1.0)
        if asked_s > self.patience_s:
            return None
        return asked_s + rng.uniform(0.0, 0.1) * backoff


def retry_after_s(header: str | None, *, now: float) -> float | None:
    """Seconds that a `Retry-After` asks for; None when it is missing or says nothing.

    >>> retry_after_s("2.5", now=0.0)
    2.5
    >>> retry_after_s("Thu, 01 Jan 1970 00:01:00 GMT", now=50.0)
    10.0
    """
    if not header:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(header).timestamp() - now
        except (ValueError, TypeError, OverflowError):
            return None
    return max(seconds, 0.0) if seconds < float("inf") else None


@dataclass(frozen=True, slots=True)
class Clock:
    """Where the gateway gets its time from; tests pass one that never waits."""

    now: Callable[[], float] = time.time
    """Seconds since the epoch."""
    sleep: Callable[[float], None] = time.sleep
    rng: random.Random = field(default_factory=random.Random)
