"""Brings one question to a model: retries, then the next model, each call paid from the budget.

Order of every call: reserve, write the intent, send, write the outcome, settle. Whatever happens
in between, the journal tells what the call may have cost.
"""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from rewardsmith.errors import ModelError
from rewardsmith.llm import wording
from rewardsmith.llm.budget import Budget, Spending, estimate_input, estimate_tokens
from rewardsmith.llm.calls import Request, Usage
from rewardsmith.llm.deadline import within
from rewardsmith.llm.exchange import Step
from rewardsmith.llm.failures import Failure, Topic
from rewardsmith.llm.prices import Price
from rewardsmith.llm.providers import Provider, WireCall
from rewardsmith.llm.record import CallRecord, Heard, Ticket
from rewardsmith.llm.replies import Reply
from rewardsmith.llm.retries import Clock, RetryPolicy

_REFUSED_QUESTION: Final = (400, 413, 422)
_NEVER_AGAIN: Final = (401, 402, 403, 404)
_GRACE_S: Final = 0.25
"""The provider's own time-out closes the connection; the deadline only has to come after it."""


class Refused(ModelError):
    """Every model refused this very question; another one may be answered."""


class Stopped(ModelError):
    """Another request of the same batch failed; this one was not sent."""


@dataclass(slots=True)
class Route:
    """One model the gateway may ask, and what was learnt about it."""

    provider: Provider
    price: Price | None
    """None: unknown."""
    refused: set[Topic] = field(default_factory=set)
    """Parameters its server does not take."""
    dead: Failure | None = None
    """Why it is never asked again in this process: no key, no such model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOptions:
    """How every call is made."""

    max_output_tokens: int = 8192
    temperature: float | None = None
    timeout_s: float = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends single questions; safe to use from several threads."""

    routes: Sequence[Route]
    """In the order in which they are tried."""
    budget: Budget
    record: CallRecord
    options: CallOptions
    retry: RetryPolicy
    clock: Clock
    tell: Callable[[str], None]

    def send(self, request: Request, step: Step, stop: threading.Event) -> Heard:
        """Ask the models in turn until one replies.

        Raises:
            Refused: No model takes this question.
            Stopped: `stop` was set before a reply came.
            ModelError: No model could be reached.
            BudgetExceeded: The next call could cost more than is left.
        """
        self.record.ask(request, step.name, step.messages)
        failures: list[tuple[Route, Failure]] = []
        for route in self.routes:
            try:
                return self._ask_route(route, request, step, stop)
            except Failure as failure:
                failures.append((route, failure))
                if route is not self.routes[-1]:
                    self.tell(f"{route.provider.label}: {failure.reason}. Asking the next model.")
        raise _error(request, failures)

    def _ask_route(
        self, route: Route, request: Request, step: Step, stop: threading.Event
    ) -> Heard:
        n_failed = 0
        while True:
            if stop.is_set():
                raise Stopped(f"{request.address} was not asked. Resume the run.")
            if route.dead:
                raise route.dead
            call = self._wire_call(route, request, step)
            try:
                return self._pay(route, request, step, call)
            except Failure as failure:
                if _adapt(route, call, failure):
                    continue
                n_failed += 1
                self._wait(route, failure, n_failed)

    def _wait(self, route: Route, failure: Failure, n_failed: int) -> None:
        clock = self.clock
        pause = self.retry.pause_s(failure, n_failed, now=clock.now(), rng=clock.rng)
        if pause is None:
            if failure.status in _NEVER_AGAIN:
                route.dead = failure
            raise failure
        self.tell(f"{route.provider.label}: {failure.reason}. Asking again in {pause:.0f} s.")
        clock.sleep(pause)

    def _wire_call(self, route: Route, request: Request, step: Step) -> WireCall:
        options, refused = self.options, route.refused
        schema = request.schema if step.has_schema else None
        is_said = schema is not None and "schema" in refused
        messages = step.messages
        if schema is not None and is_said:
            messages = wording.with_schema(messages, schema)
        return WireCall(
            messages=messages,
            max_output_tokens=None if "max_tokens" in refused else options.max_output_tokens,
            temperature=None if "temperature" in refused else options.temperature,
            schema=None if is_said else schema,
            schema_name=request.schema_name,
            timeout_s=options.timeout_s,
        )

    def _pay(self, route: Route, request: Request, step: Step, call: WireCall) -> Heard:
        worst = self._worst(route, call)
        self.budget.reserve(worst)
        actual = worst  # kept if anything but a typed failure ends the call
        try:
            ticket = self.record.send(request, step.name, route.provider.label, worst)
            try:
                reply = self._send(route, call)
            except Failure as failure:
                actual = worst if failure.is_in_doubt else Spending()
                self.record.fail(ticket, failure)
                raise
            heard = _priced(route, call, reply, ticket)
            actual = Spending.of_call(heard.usage, heard.cost_usd)
            self.record.receive(ticket, heard)
            return heard
        finally:
            self.budget.settle(worst, actual)

    def _send(self, route: Route, call: WireCall) -> Reply:
        return within(call.timeout_s + _GRACE_S, lambda: route.provider.send(call))

    def _worst(self, route: Route, call: WireCall) -> Spending:
        # A server without the parameter keeps its own limit, which nobody tells: ours is the guess.
        usage = Usage(
            input_tokens=_estimated_input(call), output_tokens=self.options.max_output_tokens
        )
        return Spending.of_call(usage, route.price.of(usage) if route.price else None)


def _estimated_input(call: WireCall) -> int:
    return estimate_input(call.messages, json.dumps(call.schema) if call.schema else "")


def _priced(route: Route, call: WireCall, reply: Reply, ticket: Ticket) -> Heard:
    usage = reply.usage or Usage(
        input_tokens=_estimated_input(call),
        output_tokens=estimate_tokens(reply.text),
        is_estimated=True,
    )
    cost = route.price.of(usage) if route.price else None
    return Heard(reply=replace(reply, usage=usage), label=ticket.label, usage=usage, cost_usd=cost)


def _adapt(route: Route, call: WireCall, failure: Failure) -> bool:
    """Learn which parameter the server does not take; True if leaving it out is worth a call."""
    if failure.status not in (400, 422) or failure.topic in ("context", "policy", "quota"):
        return False
    given: dict[Topic, bool] = {
        "temperature": call.temperature is not None,
        "max_tokens": call.max_output_tokens is not None,
        "schema": call.schema is not None,
    }
    topic = failure.topic
    if topic is None and call.schema is not None:
        topic = "schema"  # servers that do not know `response_format` seldom name it
    if topic is None or not given.get(topic):
        return False
    route.refused.add(topic)
    return True


def _error(request: Request, failures: Sequence[tuple[Route, Failure]]) -> ModelError:
    said = "; ".join(f"{route.provider.label}: {f.reason}" for route, f in failures)
    is_refused = all(f.status in _REFUSED_QUESTION for _, f in failures)
    kind = Refused if is_refused else ModelError
    return kind(f"No answer for {request.address}. {said.rstrip('.')}. {failures[-1][1].advice}")
