"""The catalogue of causes: every code the Trajectory Analyzer knows, its words and its remedy.

Messages are read by people and by whoever designs the next reward; the offline designer acts on the
codes alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from rewardsmith.messages import Cause, Evidence, Severity


@dataclass(frozen=True, slots=True)
class Entry:
    """One code's words; `{names}` are filled in by the detector."""

    message: str
    suggestion: str
    severity: Severity = "warning"


CATALOGUE: dict[str, Entry] = {
    "stands-still": Entry(
        "Standing still pays: {reason}",
        "Drop or gate what is earned for nothing ({idle}), and pay for moving.",
    ),
    "unmoved-field": Entry(
        "`{field}` never left {middle} ± {spread}{unit}",
        "Pay for its change, if the task needs it to move.",
        "note",
    ),
    "ends-early": Entry(
        "{n} of {total} episodes ended early, after {length:.0f} timesteps on average",
        "Pay for lasting, or charge the end.",
    ),
    "early-end-pays": Entry(
        "Ending at once earns {early}, the policy {mean}",
        "Charge ending early, or pay each step so that lasting is worth it.",
    ),
    "left-range": Entry(
        "`{field}` stood at {value}{unit} when {n} of {total} early ends came",
        "Charge or gate its way to that limit.",
    ),
    "dead-component": Entry(
        "`{component}` was never paid",
        "Give it a form that pays a little from afar, or a wider scale.",
    ),
    "flat-component": Entry(
        "`{component}` paid {value} at every step, whatever the policy did",
        "It does not guide; drop it unless it keeps episodes alive.",
        "note",
    ),
    "saturated-component": Entry(
        "`{component}` stood at its bound of {value} in {share:.0%} of all steps",
        "Widen its scale, so that doing better pays more.",
        "note",
    ),
    "dominating-component": Entry(
        "`{component}` makes {share:.0%} of what varies in the reward",
        "Lower its weight until the others are felt.",
        "note",
    ),
    "opposed-component": Entry(
        "Episodes in which `{component}` paid more had lower fitness (rank correlation {rho:.2f})",
        "Drop it or rewrite it; it pays for something else than the task.",
    ),
    "return-without-fitness": Entry(
        "Return does not go with fitness over the checkpoints ({reason})",
        "The reward pays for something else than the task: pay the goal in another form.",
    ),
    "collapsed": Entry(
        "Fitness rose to {peak} at step {step} and fell to {last}",
        "Bound what grew meanwhile; a good policy was found and left.",
    ),
    "unfinished": Entry(
        "Fitness was still rising at the last step, from {before} to {last}",
        "The form works: weigh the goal more or train longer.",
        "note",
    ),
    "stalled": Entry(
        "Fitness has hardly changed over training: between {low} and {high}",
        "The reward gives no lead from here: pay the goal in another form.",
    ),
    "oscillates": Entry(
        "The action turns round at {share:.0%} of all steps, by {size:.0%} of its range on average",
        "Charge changes of the action.",
    ),
    "wanders-off": Entry(
        "`{field}` went {far}{unit} from its start in the worst episode, {near}{unit} in the best",
        "Charge leaving its start, if the task does not ask for it.",
        "note",
    ),
    "peaked-field": Entry(
        "Fitness was best where `{field}` was {number:.3g}{unit} on average, and fell on both "
        "sides: {whose} lay between {low} and {high}{unit}",
        "Aim at that value instead of paying for more, or less, without end.",
    ),
    "blow-up": Entry(
        "`{field}` reached {value}{unit}, far outside its range",
        "Bound what pays for it: the simulation is being exploited.",
        "error",
    ),
    "not-trained": Entry(
        "Nothing was learnt: {reason}",
        "Repair the program first.",
        "error",
    ),
}


def cause(
    code: str,
    *,
    component: str | None = None,
    field: str | None = None,
    number: float | None = None,
    evidence: Sequence[Evidence] = (),
    severity: Severity | None = None,
    **words: object,
) -> Cause:
    """Word a cause of the catalogue.

    >>> cause("dead-component", component="apex").message
    '`apex` was never paid.'
    """
    entry = CATALOGUE[code]
    named = {"component": component, "field": field, "number": number, **words}
    return Cause(
        code=code,
        message=entry.message.format(**named) + ".",
        suggestion=entry.suggestion.format(**named),
        component=component,
        field=field,
        number=number,
        severity=severity or entry.severity,
        evidence=tuple(evidence),
    )
