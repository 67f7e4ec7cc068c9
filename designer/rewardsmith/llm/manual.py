"""A person as the provider: each prompt goes to a file, each answer is awaited in another.

Any chat window will do. Files are named by address and prompt, so a driver that starts again finds
the prompts it wrote and the answers that came meanwhile.
"""

import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rewardsmith.errors import ModelError
from rewardsmith.llm import wording
from rewardsmith.llm.answer_text import MAX_BYTES, clean_answer
from rewardsmith.llm.calls import Answer, Request, Usage
from rewardsmith.llm.fingerprint import request_hash
from rewardsmith.llm.record import CallJournal, CallRecord, MemoryJournal
from rewardsmith.llm.retries import Clock

POLL_S: Final = 1.0
"""Seconds between two looks at the answer files."""
SETTLED_S: Final = 2.0
"""Seconds that a file has to stay as it is before it counts as written."""

_HOW_TO: Final = """\
<!-- Paste all that follows into any chat with a language model, and save its whole answer as

    {answer}

beside this file. It is taken when the file has not changed for {settled:g} seconds. To be sure that
no half of it is read, save it under another name and rename it. -->
"""


@dataclass(slots=True)
class _Awaited:
    """An answer file and what it looked like when it last changed."""

    index: int
    request: Request
    path: Path
    look: tuple[int, int] = (0, 0)
    since_s: float = 0.0


class ManualModel:
    """A `LanguageModel` that is a person with a chat window."""

    def __init__(
        self,
        folder: Path,
        *,
        journal: CallJournal | None = None,
        tell: Callable[[str], None] | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Choose where prompts are written; the folder is made when the first one is.

        Args:
            folder: For prompt and answer files.
            journal: Where calls are recorded.
            tell: Hears the path of each prompt.
            clock: For tests.
        """
        self._folder = folder
        self._record = CallRecord(journal or MemoryJournal())
        self._tell = tell or (lambda _: None)
        self._clock = clock or Clock()

    def complete(self, requests: Sequence[Request]) -> list[Answer]:
        """Write all prompts, then wait until each has an answer; see `LanguageModel.complete`.

        Raises:
            ModelError: The folder cannot be written or read.
        """
        answers = [self._record.find_answer(request) for request in requests]
        try:
            waiting = [
                self._pose(i, requests[i]) for i, answer in enumerate(answers) if answer is None
            ]
            while waiting:
                for awaited in [w for w in waiting if self._is_written(w)]:
                    answers[awaited.index] = self._take(awaited)
                    waiting.remove(awaited)
                if waiting:
                    self._clock.sleep(POLL_S)
        except OSError as error:
            raise ModelError(
                f"Prompts and answers in {str(self._folder)!r} cannot be exchanged: "
                f"{error.strerror}. Mend that and resume the run."
            ) from error
        return [answer for answer in answers if answer is not None]

    def _pose(self, index: int, request: Request) -> _Awaited:
        name = str(request.address).replace("/", "-") + "-" + request_hash(request)[:8]
        answer = self._folder / f"{name}.answer.md"
        prompt = self._folder / f"{name}.prompt.md"
        self._record.ask(request, "ask", request.messages)
        self._folder.mkdir(parents=True, exist_ok=True)
        _replace(prompt, _HOW_TO.format(answer=answer.name, settled=SETTLED_S) + _text(request))
        self._tell(f"{request.address}: prompt in {prompt}, answer awaited in {answer.name}")
        return _Awaited(index, request, answer)

    def _is_written(self, awaited: _Awaited) -> bool:
        """Whether a file that is not empty has stayed the same for long enough."""
        try:
            found = awaited.path.stat()
        except FileNotFoundError:
            return False
        look = (found.st_size, found.st_mtime_ns)
        if not stat.S_ISREG(found.st_mode) or not found.st_size:
            return False
        now = self._clock.now()
        if look != awaited.look:
            awaited.look, awaited.since_s = look, now
        return now - awaited.since_s >= SETTLED_S

    def _take(self, awaited: _Awaited) -> Answer:
        with awaited.path.open("rb") as file:
            blob = file.read(4 * MAX_BYTES)
        text, is_cut = clean_answer(blob.decode("utf-8", "replace"))
        answer = Answer(
            text=text,
            model="manual",
            usage=Usage(),
            cost_usd=0.0,
            finish="length" if is_cut else "stop",
        )
        self._record.answer(awaited.request, answer)
        return answer


def _text(request: Request) -> str:
    messages = request.messages
    if request.schema is not None:
        messages = wording.with_schema(messages, request.schema)
    if len(messages) == 1:
        return f"\n{messages[0].text}\n"
    return "".join(f"\n# {message.role}\n\n{message.text}\n" for message in messages)


def _replace(path: Path, text: str) -> None:
    """Write a prompt whole or not at all."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_text(text, encoding="utf-8")
    os.replace(partial, path)
