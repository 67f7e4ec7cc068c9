"""A wall deadline for one call, also for a server that sends a byte now and then.

The call runs in a thread of its own. One that is late is left behind: its thread ends with the
connection or the process, and what it still brings is dropped.
"""

import queue
import threading
from collections.abc import Callable
from typing import TypeVar

from rewardsmith.llm.failures import lost_connection

T = TypeVar("T")


def within(timeout_s: float, call: Callable[[], T]) -> T:
    """The result of `call`, if it comes within `timeout_s` seconds.

    Raises:
        Failure: It did not.
    """
    outcome: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def attempt() -> None:
        try:
            outcome.put((call(), None))
        except BaseException as error:  # it is raised again where the result is awaited
            outcome.put((None, error))

    # A daemon: a hung server must not keep the process alive after Ctrl-C.
    threading.Thread(target=attempt, name="model-call", daemon=True).start()
    try:
        result, error = outcome.get(timeout=timeout_s)
    except queue.Empty:
        raise lost_connection(f"no answer within {timeout_s:g} s", was_sent=True) from None
    if error is not None:
        raise error
    return result  # type: ignore[return-value]  # a result that is None is what the call gave
