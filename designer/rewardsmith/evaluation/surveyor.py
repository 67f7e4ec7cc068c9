"""The surveyor process: looks at an environment before anything is judged in it.

It drafts a card for an environment that has none, compares a card with its environment, or tries a
measure that is more than an expression over state fields. It runs
the person's own environment code under the conditions of every other child: a fresh interpreter, a
scrubbed environment, limits. It holds no reward code and is not locked. What goes wrong in it comes
back as one line.
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from rewardsmith.config import episode_seeds
from rewardsmith.environments.cards import EnvCard, load_card, task_of
from rewardsmith.environments.drafting.draft import Draft, draft_card
from rewardsmith.environments.drafting.field_draft import Note, Words
from rewardsmith.environments.failures import blamed
from rewardsmith.environments.inspection import CardProblem, check_card
from rewardsmith.environments.judging import judging_card, looks_beyond_fields
from rewardsmith.environments.reference import EnvRef
from rewardsmith.environments.speed import Speed, measure_speed
from rewardsmith.environments.vector import StateVectorEnv
from rewardsmith.errors import RewardsmithError, UsageError
from rewardsmith.evaluation.evaluator import Judge
from rewardsmith.evaluation.rollout import record, uniform
from rewardsmith.isolation.child import Workplace, open_workplace
from rewardsmith.isolation.frames import RESULT, Frame, FrameError
from rewardsmith.isolation.launch import encode_job, spawn
from rewardsmith.isolation.limits import Limits, Openings
from rewardsmith.isolation.running import collect
from rewardsmith.isolation.strict_json import parse_json
from rewardsmith.isolation.text import clean_text
from rewardsmith.messages import Task

MODULE: Final = "rewardsmith.evaluation.surveyor"
CPU_S: Final = 900
STALL_S: Final = 900.0
_LAST_LINES: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a card and its environment came to."""

    problems: tuple[CardProblem, ...]
    speed: Speed | None
    """None when the environment does not run."""
    n_timesteps: int = 0
    """Played at random to compare the card with what was seen."""
    notes: tuple[str, ...] = ()
    """What a person should look at, though nothing is wrong for sure."""
    deviations: tuple[str, ...] = ()
    """Where the environment does otherwise than it says itself."""


def survey_draft(ref: EnvRef, words: Words | None = None) -> Draft:
    """Draft a card in a process of its own.

    Args:
        ref: Which environment.
        words: What somebody says of fields that nothing in the environment explains.

    Raises:
        UsageError: The environment cannot be made, does not keep Gymnasium's interface, or ended
            its process.
    """
    request = {
        "text": ref.text,
        "id": ref.id,
        "code": str(ref.code) if ref.code else None,
        "kwargs": dict(ref.kwargs),
        "words": asdict(words or Words()),
    }
    reply = _ask({"draft": request}, ref.text, ref.code)
    if "error" in reply:
        raise UsageError(clean_text(str(reply["error"]), kept_bytes=4096).strip())
    notes = tuple(
        Note(kind="warning" if kind == "warning" else "assumption", text=str(text))
        for kind, text in reply["notes"]
    )
    return Draft(
        text=str(reply["text"]),
        notes=notes,
        unsaid=tuple(map(str, reply["unsaid"])),
        source=str(reply["source"]),
    )


def survey_card(card: EnvCard) -> Survey:
    """Compare a card with its environment in a process of its own; what is wrong is a value."""
    try:
        reply = _ask({"check": card.ref}, card.called, card.home)
    except UsageError as error:
        reply = {"error": str(error)}
    if "error" in reply:
        said = clean_text(str(reply["error"]), kept_bytes=4096).strip()
        return Survey(
            problems=(CardProblem(subject="environment", reason=said, remedy=""),), speed=None
        )
    speed = reply["speed"]
    return Survey(
        problems=tuple(CardProblem(**problem) for problem in reply["problems"]),
        speed=Speed(**speed) if speed else None,
        n_timesteps=int(reply["n_timesteps"]),
        notes=_cleaned(reply["notes"]),
        deviations=_cleaned(reply["deviations"]),
    )


def survey_measure(task: Task) -> None:
    """Try a task's fitness and success on one episode of random actions.

    An expression over fields is proved by compiling it, and costs nothing here; an entry of `info`
    has to be there, and a function has to be found and return one finite number.

    Raises:
        UsageError: It does not measure; says what is wrong, and what to do.
    """
    if not looks_beyond_fields(task):
        return
    card = load_card(task.env)
    reply = _ask({"measure": asdict(task)}, card.called, card.home)
    if "error" in reply:
        raise UsageError(clean_text(str(reply["error"]), kept_bytes=4096).strip())


def answer(place: Workplace) -> None:
    """Draft, check or measure, as the job asks."""
    told = place.request
    try:
        if "draft" in told:
            reply = _draft(told["draft"])
        elif "measure" in told:
            reply = _measure(Task(**told["measure"]))
        else:
            reply = _check(str(told["check"]))
    except RewardsmithError as error:
        reply = {"error": str(error)}
    place.send_result(reply)


def _draft(told: Mapping[str, Any]) -> dict[str, Any]:
    code = Path(told["code"]) if told["code"] else None
    ref = EnvRef(text=told["text"], id=told["id"], code=code, kwargs=told["kwargs"])
    draft = draft_card(ref, words=Words(**told["words"]))
    return {
        "text": draft.text,
        "notes": [[note.kind, note.text] for note in draft.notes],
        "unsaid": list(draft.unsaid),
        "source": draft.source,
    }


def _measure(task: Task) -> dict[str, Any]:
    card = load_card(task.env)
    try:
        _try_measure(task, card)
    except RewardsmithError as error:
        return {"error": str(error).replace(card.ref, card.called)}
    return {}


def _try_measure(task: Task, card: EnvCard) -> None:
    """Judge one episode of random actions.

    Raises:
        RewardsmithError: That is not possible.
    """
    judge = Judge(task, {}, card)
    with blamed(card.called, "__init__"):
        env = StateVectorEnv(judging_card(card, task.fitness, task.success), 1)
    (seed,) = episode_seeds(0, "training", 1)
    with blamed(card.called, "reset() or step()"):
        (episode,) = record(
            env, uniform(card.state.action, 1, np.random.default_rng(seed)), seed=seed
        )
        env.close()
    fitness = judge.score(episode).fitness
    if not math.isfinite(fitness):
        raise UsageError(
            f"The fitness {task.fitness!r} is {fitness} in an episode of random actions. "
            "Let it be finite whatever happens."
        )


def _check(ref: str) -> dict[str, Any]:
    card = load_card(ref)
    inspection = check_card(card)
    problems = inspection.problems
    for name in card.tasks:
        task = task_of(card, name)
        said = _measure(task) if looks_beyond_fields(task) and not problems else {}
        if said:
            problems += (CardProblem(subject=f"tasks.{name}", reason=said["error"], remedy=""),)
    is_running = not any(p.subject == "card" for p in problems)
    with blamed(card.called, "reset() or step()"):
        speed = measure_speed(card) if is_running else None
    return {
        "problems": [asdict(problem) for problem in problems],
        "speed": asdict(speed) if speed else None,
        "n_timesteps": inspection.n_timesteps,
        "notes": list(inspection.notes),
        "deviations": list(inspection.deviations),
    }


def _ask(request: Mapping[str, Any], called: str, code: Path | None) -> Mapping[str, Any]:
    """One child's reply.

    Raises:
        UsageError: It ended without one.
    """
    child = spawn(
        MODULE,
        job=encode_job(request),
        limits=Limits(cpu_s=CPU_S, memory_bytes=None),
        openings=Openings(import_paths=(str(code),) if code else ()),
    )
    try:
        frames, status = collect(child, stall_s=STALL_S)
    except FrameError as error:
        raise UsageError(f"{called}: its process broke the protocol: {error}.") from error
    return _reply(frames, called, f"{status.reason}{_last_words(child.stderr_text)}")


def _reply(frames: list[Frame], called: str, ending: str) -> Mapping[str, Any]:
    results = [frame.payload for frame in frames if frame.kind == RESULT]
    reply: Any = parse_json(results[0]) if results else None
    if not isinstance(reply, Mapping):
        raise UsageError(
            f"{called} ended the process that looked at it ({ending}). Run it on its own to see "
            "why."
        )
    return reply


def _cleaned(texts: Any) -> tuple[str, ...]:
    return tuple(clean_text(str(text), kept_bytes=4096).strip() for text in texts)


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    return f": {' / '.join(lines[-_LAST_LINES:])[:400]}" if lines else ""


if __name__ == "__main__":
    answer(open_workplace())
