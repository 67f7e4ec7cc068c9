"""What was decided and measured in a run, one line each.

Events that only matter to a resume have no line.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from rewardsmith.store.journal import Event
from rewardsmith.store.run import Run
from rewardsmith.viewer.live import contender_of, measures

LOG_LINES: Final = 60

Words = tuple[str, str]
"""A text and its kind: `good`, `bad`, `warn`, `head`, or empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One thing that was decided or measured."""

    time: str
    text: str
    kind: str = ""
    """`good`, `bad`, `warn`, `head`, or empty."""
    candidate: str = ""
    """As in `002/1`; empty when it concerns none."""


def log_lines(run: Run, limit: int = LOG_LINES) -> tuple[LogLine, ...]:
    """The last things that were decided or measured, newest first."""
    lines: list[LogLine] = []
    is_ranked = run.manifest.task.is_ranked
    for event in reversed(run.events()):
        if is_ranked and event.event == "candidate_evaluated":
            continue  # recorded to be compared, and measured by nothing
        line = _line(event)
        if line is not None:
            lines.append(line)
        if len(lines) >= limit:
            break
    return tuple(lines)


def guarded_log(run: Run) -> tuple[LogLine, ...]:
    """`log_lines`; of events that another version wrote, only their names."""
    try:
        return log_lines(run)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError):
        return tuple(
            LogLine(time=event.time, text=event.event.replace("_", " "))
            for event in reversed(run.events()[-LOG_LINES:])
        )


def _line(event: Event) -> LogLine | None:
    build = _WORDS.get(event.event)
    words = build(event) if build else None
    if words is None:
        return None
    candidate = "" if "purpose" in event.key else str(event.key.get("candidate", ""))
    return LogLine(time=event.time, text=words[0], kind=words[1], candidate=candidate)


def _resumed(event: Event) -> str:
    settings = event.data.get("settings") or {}
    changed = ", ".join(f"{key}={value}" for key, value in settings.items())
    return "Continued from what is on disk" + (f", now with {changed}" if changed else "")


def _judged(event: Event) -> Words | None:
    findings = event.data["judged"]["verdict"]["findings"]
    worst = [f for f in findings if f["severity"] == "error"]
    if event.data["accepted"]:
        noted = [f for f in findings if f["severity"] == "warning"]
        return "accepted" + (f", with a warning: {_finding(noted[0])}" if noted else ""), "good"
    return (f"refused: {_finding(worst[0])}", "bad") if worst else None


def _finding(finding: Mapping[str, Any]) -> str:
    line = finding.get("line")
    return f"line {line}: {finding['message']}" if line else str(finding["message"])


def _screened(event: Event) -> Words | None:
    return (f"not trained: {event.data['reason']}", "warn") if event.data["screened"] else None


def _segment_ended(event: Event) -> Words | None:
    training = event.data["training"]
    if training["outcome"] is None:
        return None
    said = (training["text"].strip().splitlines() or [""])[-1]
    return f"{_control(event)}{training['outcome'].replace('_', ' ')}: {said}", "bad"


def _evaluated(event: Event) -> Words:
    fitness, success = measures(event)
    step = event.data["evaluation"]["step"]
    at = f"at {step:,} steps: fitness {fitness:.3g}, success {success:.0%}"
    return f"{_control(event)}{at}", ""


def _rung(event: Event) -> Words:
    kept, stopped = (", ".join(event.data[name]) or "none" for name in ("kept", "stopped"))
    return f"Rung {event.key['rung'] + 1}: kept {kept}; stopped {stopped}", "warn"


def _closed(event: Event) -> Words | None:
    result = event.data["result"]
    if result["outcome"] in ("rejected", "screened"):
        return None
    score = "no score" if result["score"] is None else f"score {result['score']:.3g}"
    ended = result["outcome"].replace("_", " ")
    kind = "good" if result["outcome"] == "trained" else ""
    return f"{ended} after {result['steps']:,} steps: {score}", kind


def _analyzed(event: Event) -> Words | None:
    causes = event.data["analysis"]["causes"]
    return (causes[0]["message"], "") if causes else None


def _read(event: Event) -> Words | None:
    n, following = len(event.data["remarks"]), event.key["iteration"] + 1
    words = f"{n} remark{'s' if n > 1 else ''} read for iteration {following}"
    return (words, "good") if n else None


def _edits(event: Event) -> Words | None:
    n, taken_in = len(event.data["edits"]), event.key["iteration"]
    words = f"{n} edited program{'s' if n > 1 else ''} taken into iteration {taken_in}"
    return (words, "good") if n else None


def _control(event: Event) -> str:
    """A control is named in its line; a candidate stands before it."""
    return f"{contender_of(event.key)} " if "purpose" in event.key else ""


_WORDS: Final[Mapping[str, Callable[[Event], Words | None]]] = {
    "run_started": lambda event: ("The run began", "head"),
    "run_resumed": lambda event: (_resumed(event), "head"),
    "run_ended": lambda event: (f"The run ended: {event.data['reason']}", "head"),
    "iteration_started": lambda event: (
        f"Iteration {event.key['iteration']}: {len(event.data['candidates'])} programs proposed",
        "head",
    ),
    "iteration_ended": lambda event: (f"Iteration {event.key['iteration']} ended", "head"),
    "candidate_judged": _judged,
    "candidate_screened": _screened,
    "segment_ended": _segment_ended,
    "candidate_evaluated": _evaluated,
    "rung_decided": _rung,
    "candidate_closed": _closed,
    "candidate_analyzed": _analyzed,
    "feedback_read": _read,
    "report_ready": lambda event: ("The winner and its controls are trained and judged", "head"),
    "edits_read": _edits,
    "paused": lambda event: (f"Paused after the {event.key.get('after', 'search')}", "warn"),
    "continued": lambda event: ("Continued", "warn"),
}
