"""What one request takes: asked, asked again when empty, continued when cut, then made shorter.

Pure but for `ask`; given the same replies it takes the same steps, so a resumed run walks it again
and pays only for the steps it had not reached.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from rewardsmith.llm import wording
from rewardsmith.llm.answer_text import clean_answer, without_thoughts
from rewardsmith.llm.calls import Answer, Finish, Message, Request, Usage
from rewardsmith.llm.record import Heard, StepName

_LEAST_OVERLAP: Final = 8
_LONGEST_OVERLAP: Final = 2000
_LEAST_START: Final = 12
_SAME_START: Final = 60
_CUT: Final[Finish] = "length"
_FENCE: Final = re.compile(r"\s*```[\w+-]*\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question of an exchange."""

    name: StepName
    messages: tuple[Message, ...]
    has_schema: bool = True
    """Whether the answer has to follow the request's schema by itself; a continuation cannot."""
    is_optional: bool = False
    """Whether the exchange goes on without it when the server refuses it."""


Ask = Callable[[Step], Heard | None]
"""Answers a step; None if it is optional and was refused."""


def converse(request: Request, ask: Ask, *, max_output_tokens: int) -> Answer:
    """Take as many steps as the request needs, at most four."""
    said = _Said(ask)
    text, finish = said.take(Step(name="ask", messages=request.messages))
    if not text.strip() and finish == "stop":
        text, finish = said.take(Step(name="again", messages=request.messages))
    if finish == "length" and not said.is_oversized:
        text, finish = _mend(request, said, text, max_output_tokens)
    return said.answer(text, finish)


def join(cut: str, rest: str) -> str:
    r"""Put a cut answer and its continuation together.

    Models repeat their last words, open the code fence again, or begin anew; each is undone.

    >>> join("reward = -dist", "-dist * 2\n")
    'reward = -dist-dist * 2\n'
    >>> join("def reward(state):\n    return", "def reward(state):\n    return 1")
    'def reward(state):\n    return 1'
    """
    start = cut[:_SAME_START]
    if len(start) >= _LEAST_START and rest.startswith(start):
        return rest
    fence = _FENCE.match(rest) if cut.count("```") % 2 else None
    rest = rest[fence.end() :] if fence else rest
    return cut + rest[_overlap(cut, rest) :]


def _overlap(cut: str, rest: str) -> int:
    """Characters at the end of `cut` that `rest` says again."""
    for length in range(min(len(cut), len(rest), _LONGEST_OVERLAP), 2, -1):
        if cut.endswith(rest[:length]):
            # A few characters may well stand twice; a whole line that was begun may not.
            is_line = cut[:-length].endswith("\n")
            return length if is_line or length >= _LEAST_OVERLAP else 0
    return 0


def _mend(request: Request, said: "_Said", cut: str, limit: int) -> tuple[str, Finish]:
    text, finish = cut, _CUT
    if cut.strip():
        messages = wording.continued(request.messages, cut)
        step = Step(name="continue", messages=messages, has_schema=False, is_optional=True)
        rest, finish = said.take(step)
        text = join(cut, rest)
    if finish == "length":
        messages = wording.shortened(request.messages, limit)
        shorter, finish = said.take(Step(name="shorter", messages=messages, is_optional=True))
        text = shorter or text
    cleaned = clean_answer(text)
    return cleaned.text, _CUT if cleaned.is_cut else finish


@dataclass(slots=True)
class _Said:
    """The replies of one exchange so far."""

    ask: Ask
    heard: list[Heard] = field(default_factory=list)
    is_oversized: bool = False

    def take(self, step: Step) -> tuple[str, Finish]:
        heard = self.ask(step)
        if heard is None:
            return "", _CUT
        self.heard.append(heard)
        self.is_oversized = heard.reply.is_oversized
        return without_thoughts(heard.reply.text), heard.reply.finish

    def answer(self, text: str, finish: Finish) -> Answer:
        return Answer(
            text=text,
            model=self.heard[-1].label,
            usage=sum((heard.usage for heard in self.heard), start=Usage()),
            cost_usd=_total([heard.cost_usd for heard in self.heard]),
            finish=finish,
        )


def _total(costs: Sequence[float | None]) -> float | None:
    known = [cost for cost in costs if cost is not None]
    return sum(known) if len(known) == len(costs) else None
