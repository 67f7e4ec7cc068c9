"""The gateway: answers requests from the journal where it can, from providers where it must.

Invariant: an answer is on the disk before it is used, and what was received once is not bought
again. Requests are sent side by side, answers come back in their order.
"""

import queue
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rewardsmith.errors import ConfigError, RewardsmithError
from rewardsmith.llm.budget import Budget, Limits, Spending
from rewardsmith.llm.calls import Answer, Request
from rewardsmith.llm.exchange import Step, converse
from rewardsmith.llm.record import CallJournal, CallRecord, Heard, MemoryJournal
from rewardsmith.llm.retries import Clock, RetryPolicy
from rewardsmith.llm.sending import CallOptions, Refused, Route, Sender, Stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayOptions:
    """How a gateway asks."""

    limits: Limits = field(default_factory=Limits)
    call: CallOptions = field(default_factory=CallOptions)
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    concurrency: int = 8
    """Requests in flight at the same time, at least 1."""
    clock: Clock = field(default_factory=Clock)


class Gateway:
    """A `LanguageModel` over providers, with retries, fallbacks, a budget and a journal."""

    def __init__(
        self,
        routes: Sequence[Route],
        *,
        journal: CallJournal | None = None,
        options: GatewayOptions | None = None,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        """Set a gateway up; nothing is imported or sent yet.

        Args:
            routes: Models in the order in which they are tried, at least one.
            journal: Where calls are recorded; None forgets them with the process.
            options: Limits, time-outs and the like.
            tell: Hears in one line what a person should know: waits, fallbacks, changed prompts.

        Raises:
            ConfigError: There is a limit in money and a model without a price.
        """
        self._options = options or GatewayOptions()
        _require_prices(routes, self._options.limits)
        self._routes = routes
        self._record = CallRecord(journal or MemoryJournal())
        self._budget = Budget(self._options.limits, self._record.spent)
        self._tell = _OneAtATime(tell or (lambda _: None))
        self._sender = Sender(
            routes=routes,
            budget=self._budget,
            record=self._record,
            options=self._options.call,
            retry=self._options.retry,
            clock=self._options.clock,
            tell=self._tell,
        )

    @property
    def spent(self) -> Spending:
        """What this run's calls cost so far, those before a resume included."""
        return self._budget.spent

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        """Answer all requests, in their order; see `LanguageModel.complete`."""
        answers = [self._record.find_answer(request) for request in requests]
        missing = [i for i, answer in enumerate(answers) if answer is None]
        _require_distinct([requests[i] for i in missing])
        if missing:
            for route in self._routes:
                route.provider.prepare()
            fresh = self._ask_all([requests[i] for i in missing])
            for i, answer in zip(missing, fresh, strict=True):
                answers[i] = answer
        return [answer for answer in answers if answer is not None]

    def _ask_all(self, requests: Sequence[Request]) -> list[Answer]:
        stop = threading.Event()
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        done: queue.SimpleQueue[tuple[int, Answer | BaseException]] = queue.SimpleQueue()
        for i in range(len(requests)):
            waiting.put(i)

        def work() -> None:
            while True:
                try:
                    i = waiting.get_nowait()
                except queue.Empty:
                    return
                done.put((i, self._outcome(requests[i], stop)))

        for _ in range(min(self._options.concurrency, len(requests))):
            # Daemons, unlike an executor's threads: Ctrl-C does not wait for hung servers.
            threading.Thread(target=work, name="model-requests", daemon=True).start()
        try:
            outcomes = dict(done.get() for _ in requests)
        finally:
            stop.set()
        return _answers_or_first_error([outcomes[i] for i in range(len(requests))])

    def _outcome(self, request: Request, stop: threading.Event) -> Answer | BaseException:
        try:
            return self._ask_one(request, stop)
        except BaseException as error:  # raised in the caller's thread
            stop.set()
            return error

    def _ask_one(self, request: Request, stop: threading.Event) -> Answer:
        if self._record.is_changed(request):
            self._tell(f"{request.address}: the prompt is not the recorded one; asked anew.")

        def ask(step: Step) -> Heard | None:
            recorded = self._record.find_reply(request, step.name)
            if recorded is not None:
                return recorded
            try:
                return self._sender.send(request, step, stop)
            except Refused:
                if step.is_optional:
                    return None
                raise

        limit = self._options.call.max_output_tokens
        answer = converse(request, ask, max_output_tokens=limit)
        self._record.answer(request, answer)
        return answer


class _OneAtATime:
    """A callback that threads call in turn."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._turn = threading.Lock()

    def __call__(self, line: str) -> None:
        with self._turn:
            self._tell(line)


def _answers_or_first_error(outcomes: Sequence[Answer | BaseException]) -> list[Answer]:
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    # What stopped the batch is the news, and a defect of ours before what a provider did.
    causes = [e for e in errors if not isinstance(e, Stopped)] or errors
    for error in sorted(causes, key=lambda e: isinstance(e, RewardsmithError)):
        raise error
    return [outcome for outcome in outcomes if isinstance(outcome, Answer)]


def _require_distinct(requests: Sequence[Request]) -> None:
    addresses = [request.address for request in requests]
    if len(set(addresses)) != len(addresses):
        raise ValueError("two requests of one batch have the same address")


def _require_prices(routes: Sequence[Route], limits: Limits) -> None:
    unpriced = [route.provider.label for route in routes if route.price is None]
    if limits.cost_usd is not None and unpriced:
        name = unpriced[0]
        raise ConfigError(
            f"The price of {name!r} is unknown, so `model.max_cost_usd` cannot hold. Give it in US "
            f"dollars per million tokens, in and out, as in `model.prices: {{{name}: [2.5, 10]}}`; "
            "say `model.is_free: true` for a server of your own; or limit `model.max_tokens`."
        )
