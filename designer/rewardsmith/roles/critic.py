"""The computed Reward Critic: one verdict from the static check, the probe and a short review.

The review only warns: what it says is true of the program's text, but whether it matters is for the
training to show. Duplicates are the screening's business.
"""

from collections.abc import Iterable

from rewardsmith.messages import Finding, StateSpec, Verdict
from rewardsmith.rewards.contract import Reading, RewardProgram
from rewardsmith.rewards.exploits import doing_nothing
from rewardsmith.rewards.probe import ProbeReport
from rewardsmith.roles.monotony import monotony
from rewardsmith.roles.offline.lexicon import Heading
from rewardsmith.roles.offline.matching import find_speed
from rewardsmith.roles.offline.program_text import parse
from rewardsmith.roles.offline.views import views_of
from rewardsmith.roles.offline.words import read_intents


def judge(
    reading: Reading,
    report: ProbeReport | None = None,
    *,
    instruction: str,
    state: StateSpec,
    round_idx: int = 0,
) -> Verdict:
    """Weigh everything found about a program: any error refuses it.

    Args:
        reading: Of the static check.
        report: Of the probe; None when it did not run.
        instruction: The task in words.
        state: The card's fields.
        round_idx: 0 for the first text, r after r repairs.
    """
    program = reading.program
    exploits = report.exploits if report else ()
    idle = doing_nothing(exploits)
    findings = [*reading.findings, *(report.findings if report else ())]
    if program is not None:
        findings += review(program, instruction, state)
    refused = program is None or any(f.severity == "error" for f in findings)
    return Verdict(
        ok=not refused,
        findings=tuple(findings),
        round=round_idx,
        compiled=program.compiled if program else None,
        graph_hash=program.graph_hash if program else None,
        do_nothing_share=idle.share if idle else None,
        exploits=exploits,
    )


def review(program: RewardProgram, instruction: str, state: StateSpec) -> list[Finding]:
    """Notes on what a program depends on, and on the direction it pays for."""
    paid = [name for name in program.components if program.weights.get(name)]
    seen = {name: _sees(program.reads[name]) for name in paid}
    found = [_constant(name) for name in paid if not program.reads[name]]
    if paid and not program.has_potential and not any(seen.values()):
        found.append(_blind(paid))
    return found + _against_the_words(program, instruction, state)


def _sees(inputs: Iterable[str]) -> bool:
    """Whether any input is the environment's rather than the policy's own action or the clock."""
    return any(i.split(".")[0] in {"state", "previous", "initial", "terminated"} for i in inputs)


def _constant(component: str) -> Finding:
    return Finding(
        code="constant-component",
        message=f"`{component}` depends on nothing.",
        remedy="It pays the same whatever happens; drop it, or let it read `terminated`.",
        severity="note",
        layer="review",
        component=component,
    )


def _blind(components: list[str]) -> Finding:
    told = ", ".join(f"`{name}`" for name in components)
    return Finding(
        code="blind-reward",
        message=f"No paid component reads the state ({told}).",
        remedy="Pay for what happens in the environment, not for the action alone.",
        severity="warning",
        layer="review",
    )


def _against_the_words(program: RewardProgram, instruction: str, state: StateSpec) -> list[Finding]:
    """Components that pay the direction opposite to the task's, while none pays it."""
    sketch = parse(program.text)
    if sketch is None:
        return []
    lines = {line.name: line.formula for line in sketch.lines}
    found: list[Finding] = []
    for heading, field, wanted in _wanted_directions(instruction, state):
        signs = {
            name: monotony(formula, field, lines) * _sign(sketch.weights.get(name, 0.0))
            for name, formula in sketch.components.items()
        }
        wrong = [name for name, sign in signs.items() if sign == -wanted]
        if wrong and wanted not in signs.values():
            found.append(_mismatch(wrong[0], field, heading))
    return found


def _wanted_directions(instruction: str, state: StateSpec) -> list[tuple[Heading, str, int]]:
    """(heading, speed field, sign in which it should grow) of every plain speed asked for."""
    views = views_of(state)
    found = []
    for intent in read_intents(instruction):
        if intent.quantity == "speed" and intent.heading and intent.mode == "more":
            for signal in find_speed(intent, views)[:1]:
                sign = -1 if signal.formula.startswith("-") else 1
                found.append((intent.heading, signal.fields[0], sign))
    return found


def _mismatch(component: str, field: str, heading: Heading) -> Finding:
    sign = "+" if heading.sign > 0 else "-"
    return Finding(
        code="direction-mismatch",
        message=f"`{component}` pays `{field}` against the task's way ({sign}{heading.axis}).",
        remedy="Turn its sign.",
        severity="note",
        layer="review",
        component=component,
    )


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)
