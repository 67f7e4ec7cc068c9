"""The surveyor process: drafts a card for an environment that has none.

It runs the person's own environment code under the conditions of every other child: a fresh
interpreter, a scrubbed environment, limits. It holds no reward code and is not locked. What goes
wrong in it comes back as one line.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from rewardsmith.environments.drafting.draft import Draft, draft_card
from rewardsmith.environments.drafting.field_draft import Note
from rewardsmith.environments.reference import EnvRef
from rewardsmith.errors import RewardsmithError, UsageError
from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.frames import RESULT, Frame, FrameError
from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import collect
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.text import clean_text

MODULE: Final = "rewardsmith.evaluation.surveyor"
CPU_S: Final = 300
STALL_S: Final = 180.0
_LAST_LINES: Final = 3


def survey(ref: EnvRef) -> Draft:
    """Draft a card in a process of its own.

    Raises:
        UsageError: The environment cannot be made, does not keep Gymnasium's interface, or ended
            its process.
    """
    request = {"text": ref.text, "id": ref.id, "code": str(ref.code) if ref.code else None}
    child = spawn(
        MODULE,
        job=encode_job(request),
        limits=Limits(cpu_s=CPU_S, memory_bytes=None),
        openings=Openings(import_paths=(str(ref.code),) if ref.code else ()),
    )
    try:
        frames, status = collect(child, stall_s=STALL_S)
    except FrameError as error:
        raise UsageError(f"{ref.text}: its process broke the protocol: {error}.") from error
    return _read(frames, ref, f"{status.reason}{_last_words(child.stderr_text)}")


def answer(place: Workplace) -> None:
    """Draft the card that the job asks for."""
    told = place.request
    code = Path(told["code"]) if told["code"] else None
    try:
        draft = draft_card(EnvRef(text=told["text"], id=told["id"], code=code))
    except RewardsmithError as error:
        place.send_result({"error": str(error)})
        return
    notes = [[note.kind, note.text] for note in draft.notes]
    place.send_result({"text": draft.text, "notes": notes})


def _read(frames: list[Frame], ref: EnvRef, ending: str) -> Draft:
    results = [frame.payload for frame in frames if frame.kind == RESULT]
    reply: Any = parse_json(results[0]) if results else None
    if not isinstance(reply, Mapping):
        raise UsageError(
            f"{ref.text} ended the process that looked at it ({ending}). Run it on its own to see why."
        )
    if "error" in reply:
        raise UsageError(clean_text(str(reply["error"]), kept_bytes=4096).strip())
    notes = tuple(
        Note(kind="warning" if kind == "warning" else "assumption", text=str(text))
        for kind, text in reply["notes"]
    )
    return Draft(text=str(reply["text"]), notes=notes)


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f": {' / '.join(lines[-_LAST_LINES:])[:400]}" if lines else ""


if __name__ == "__main__":
    answer(open_workplace())
