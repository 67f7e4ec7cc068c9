"""A model, a provider and a clock for tests; `rewardsmith.testing` offers them to everybody."""

import random
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from rewardsmith.errors import ModelError
from rewardsmith.llm.calls import Answer, Request, Usage
from rewardsmith.llm.providers import WireCall
from rewardsmith.llm.replies import Reply
from rewardsmith.llm.retries import Clock

T = TypeVar("T")

Line = str | Answer | Exception
"""What `ScriptedModel` says to one request, or how it fails."""

Wire = str | Reply | Exception
"""What `ScriptedProvider` brings from one call."""


class ScriptedModel:
    """A `LanguageModel` that says what a test wrote down.

    Args:
        script: Texts or whole answers, said in the order of the requests, each once; or a function
            from a request to one. An exception in the script is raised.
    """

    def __init__(self, script: Iterable[Line] | Callable[[Request], Line]) -> None:
        self.requests: list[Request] = []
        """Every request so far, in order."""
        self._next = script if callable(script) else _read_out(iter(script))

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        """Answer all requests, in their order; see `LanguageModel.complete`."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Request) -> Answer:
        self.requests.append(request)
        line = self._next(request)
        if isinstance(line, Exception):
            raise line
        return line if isinstance(line, Answer) else Answer(text=line, model="scripted/model")


class ScriptedProvider:
    """A `Provider` without a wire: one text, reply or failure a call, in order or by a function."""

    def __init__(
        self,
        script: Iterable[Wire] | Callable[[WireCall], Wire],
        *,
        label: str = "scripted/model",
    ) -> None:
        self.calls: list[WireCall] = []
        """Every call so far, in the order of arrival."""
        self.label = label
        self._next = script if callable(script) else _read_out(iter(script))
        self._turn = threading.Lock()

    def prepare(self) -> None:
        """Nothing is needed."""

    def send(self, call: WireCall) -> Reply:
        """Make one call; see `llm.providers.Provider`."""
        with self._turn:
            self.calls.append(call)
            said = self._next(call)
        if isinstance(said, Exception):
            raise said
        if isinstance(said, Reply):
            return said
        return Reply(text=said, usage=Usage(input_tokens=10, output_tokens=5))


class StillTime:
    """A clock that jumps where others wait."""

    def __init__(self, now_s: float = 1_800_000_000.0) -> None:
        self.now_s = now_s
        self.waits: list[float] = []
        """Seconds of every wait."""
        self.clock = Clock(now=lambda: self.now_s, sleep=self._sleep, rng=random.Random(0))

    def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now_s += seconds


def _read_out(lines: Iterator[T]) -> Callable[[object], T]:
    def next_line(question: object) -> T:
        for line in lines:
            return line
        raise ModelError("The script has no line left. Write one more.")

    return next_line
