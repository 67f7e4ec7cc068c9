"""What each event of a run means to somebody who watches it, in one line.

Pure. Events that only matter to a resume have no line.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rich.text import Text

from rewardsmith.cli.terminal import safe
from rewardsmith.store.journal import Event


def contender_of(key: Mapping[str, Any]) -> str:
    """Who an event or a training concerns: `002/1`, or `claim/final`.

    >>> contender_of({"purpose": "claim", "contender": "final", "seed": 3})
    'claim/final'
    """
    if "candidate" in key and "purpose" not in key:
        return str(key["candidate"])
    return f"{key.get('purpose', '')}/{key.get('contender', '')}"


def decision(event: Event) -> Text | None:
    """A line about `event`; None for one that decides nothing."""
    build = _LINES.get(event.event)
    return build(event) if build else None


def _iteration_started(event: Event) -> Text:
    n = len(event.data.get("candidates", ()))
    return safe(f"Iteration {event.key['iteration']}: {n} programs proposed", "bold")


def _judged(event: Event) -> Text | None:
    verdict = event.data["judged"]["verdict"]
    errors = [f for f in verdict["findings"] if f["severity"] == "error"]
    if event.data["accepted"]:
        return safe(f"{event.key['candidate']} accepted{_noted(verdict['findings'])}", "green")
    if not errors:
        return None
    return safe(f"{event.key['candidate']} refused: {_finding(errors[0])}", "red")


def _noted(findings: Sequence[Mapping[str, Any]]) -> str:
    warnings = [f for f in findings if f["severity"] == "warning"]
    return f", with a warning: {_finding(warnings[0])}" if warnings else ""


def _finding(finding: Mapping[str, Any]) -> str:
    line = finding.get("line")
    return f"line {line}: {finding['message']}" if line else str(finding["message"])


def _screened(event: Event) -> Text | None:
    if not event.data["screened"]:
        return None
    return safe(f"{event.key['candidate']} not trained: {event.data['reason']}", "yellow")


def evaluation_line(event: Event) -> Text:
    """What one `candidate_evaluated` measured."""
    fitness, success = measures(event)
    step = event.data["evaluation"]["step"]
    who = contender_of(event.key)
    return safe(f"{who} at {step:,} steps: fitness {fitness:.3g}, success {success:.0%}", "dim")


def measures(event: Event) -> tuple[float, float]:
    """Mean fitness and success rate of a `candidate_evaluated`."""
    episodes = event.data["evaluation"]["episodes"]
    n = len(episodes)
    return sum(e["fitness"] for e in episodes) / n, sum(e["success"] for e in episodes) / n


def _segment_ended(event: Event) -> Text | None:
    training = event.data["training"]
    if training["outcome"] is None:
        return None
    ended = training["outcome"].replace("_", " ")
    return safe(f"{contender_of(event.key)} {ended}: {_last_line(training['text'])}", "red")


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or [""])[-1]


def _rung(event: Event) -> Text:
    kept, stopped = (", ".join(event.data[name]) or "none" for name in ("kept", "stopped"))
    return safe(f"Rung {event.key['rung'] + 1}: kept {kept}; stopped {stopped}")


def _closed(event: Event) -> Text | None:
    result = event.data["result"]
    if result["outcome"] in ("rejected", "screened"):
        return None
    score = "no score" if result["score"] is None else f"score {result['score']:.3g}"
    ended = result["outcome"].replace("_", " ")
    return safe(f"{event.key['candidate']} {ended} after {result['steps']:,} steps: {score}")


def _analyzed(event: Event) -> Text | None:
    causes = event.data["analysis"]["causes"]
    return safe(f"{event.key['candidate']}: {causes[0]['message']}", "dim") if causes else None


def _iteration_ended(event: Event) -> Text:
    return safe(f"Iteration {event.key['iteration']} ended", "bold")


def _edits(event: Event) -> Text | None:
    n, iteration = len(event.data["edits"]), event.key["iteration"]
    said = f"{n} edited program{'s' if n > 1 else ''} taken into iteration {iteration}"
    return safe(said, "bold") if n else None


_LINES: Mapping[str, Callable[[Event], Text | None]] = {
    "run_resumed": lambda event: safe("Continued from what is on disk", "bold"),
    "edits_read": _edits,
    "iteration_started": _iteration_started,
    "candidate_judged": _judged,
    "candidate_screened": _screened,
    "segment_ended": _segment_ended,
    "rung_decided": _rung,
    "candidate_closed": _closed,
    "candidate_analyzed": _analyzed,
    "iteration_ended": _iteration_ended,
    "report_ready": lambda event: safe(
        "The winner and its controls are trained and judged", "bold"
    ),
}
