"""The catalogue of findings: every code with its message and its remedy.

The one module of Python that words what a model reads. A template's fields are the keywords of
`finding`; a code or a field that does not exist is a programming error.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from rewardsmith.messages import Finding, Severity


class Template(NamedTuple):
    """How a finding is worded."""

    message: str
    remedy: str = ""


class Refusal(Exception):
    """A construct cannot be compiled; carries the finding that says why."""

    def __init__(self, code: str, *, line: int | None = None, **words: object) -> None:
        super().__init__(code)
        self.finding = _worded(code, words, line=line)
        self.column: int | None = None

    @classmethod
    def of(cls, found: Finding) -> "Refusal":
        """The refusal that carries `found`."""
        refusal = cls.__new__(cls)
        Exception.__init__(refusal, found.code)
        refusal.finding, refusal.column = found, None
        return refusal


def finding(
    code: str,
    *,
    line: int | None = None,
    component: str | None = None,
    severity: Severity = "error",
    **words: object,
) -> Finding:
    """Word the finding `code`.

    >>> str(finding("no-reward-function", line=1))
    'line 1: There is no function `reward`. Define `def reward(state, action, xp): ...`.'
    """
    return _worded(code, words, line=line, component=component, severity=severity)


def _worded(
    code: str,
    words: Mapping[str, object],
    *,
    line: int | None = None,
    component: str | None = None,
    severity: Severity = "error",
) -> Finding:
    template = CATALOGUE[code]
    return Finding(
        code=code,
        message=template.message.format(**{"component": component, **words}),
        remedy=template.remedy.format(**{"component": component, **words}),
        severity=severity,
        line=line,
        component=component,
    )


_SOURCE = {
    "empty-program": Template("The program is empty.", "Write a module with `def reward(...)`."),
    "too-long": Template(
        "The program has {size} bytes, more than {limit}.", "Write a shorter program."
    ),
    "non-ascii": Template(
        "Character {character} (U+{point}) is not ASCII.", "Write names and comments in ASCII."
    ),
    "control-character": Template(
        "Control character U+{point} is not allowed.", "Use spaces and plain line ends only."
    ),
    "syntax-error": Template("This is not valid Python: {reason}.", "Correct the syntax."),
    "too-deep": Template(
        "Expressions are nested too deeply (over {limit} levels).",
        "Name intermediate values with local variables.",
    ),
    "too-many-nodes": Template(
        "The program has over {limit} syntax nodes.", "Write a shorter program."
    ),
    "huge-number": Template(
        "The number literal is larger than {limit:g}.", "Use a number of ordinary size."
    ),
    "bad-source-type": Template("A program is text, not {kind}.", "Decode it to `str` first."),
}

_SUBSET = {
    "import": Template(
        "`import {name}` is not allowed.",
        "Use the functions of `xp`; numpy, torch, math and typing need no import.",
    ),
    "forbidden-syntax": Template("{construct} is not part of the reward language.", "{advice}"),
    "unknown-name": Template("The name `{name}` is not defined.{guess}", "{advice}"),
    "forbidden-name": Template(
        "The name `{name}` is not allowed.", "Names may not start or end with two underscores."
    ),
    "forbidden-attribute": Template(
        "The attribute `.{name}` is not allowed.{guess}",
        "{advice}",
    ),
    "unknown-field": Template("`{owner}` has no field `{name}`.{guess}", "Fields are: {known}."),
    "unknown-parameter": Template(
        "`{owner}` has no entry `{name}`.{guess}", "Add `{name}` to {table}: it has {known}."
    ),
    "unknown-function": Template("`xp` has no function `{name}`.{guess}", "{advice}"),
    "argument-not-asked": Template(
        "`{name}` is used but `{function}` does not ask for it.",
        "Add `{name}` to the arguments of `{function}`.",
    ),
}

_INSTEAD = MappingProxyType(
    {
        "argmax": "`xp.max` gives the largest value; choose what belongs to it with `xp.where`.",
        "argmin": "`xp.min` gives the smallest value; choose what belongs to it with `xp.where`.",
        "sort": "Use `xp.min`, `xp.max` and `xp.mean` of the entries.",
        "median": "Use `xp.mean`, `xp.min` or `xp.max` of the entries.",
        "ptp": "Write `xp.max(x) - xp.min(x)`.",
        "fmod": "Use `xp.mod`, whose result has the sign of the divisor.",
        "remainder": "Write `x - n * xp.round(x / n)`; of angles, `xp.wrap_angle(x)`.",
        "heaviside": "Write `xp.where(x > 0, 1.0, 0.0)`.",
        "isclose": "Write `xp.abs(a - b) < tolerance`.",
        "allclose": "Write `xp.all(xp.abs(a - b) < tolerance)`.",
        "interp": "Use `xp.ramp`, `xp.lerp` or `xp.staged`.",
        "count_nonzero": "Write `xp.sum(xp.where(x, 1.0, 0.0), axis=...)`.",
        "einsum": "Use `xp.matmul`, `xp.dot` or `xp.sum` of a product.",
        "bmm": "Write for one step: `xp.matmul(a, b)`.",
        "dist": "Use `xp.distance(a, b)`, which is that of one step.",
        "cdist": "Use `xp.distance(points, p)` or `xp.nearest(points, p)`.",
        "append": "Use `xp.concat([a, b])`.",
        "nansum": "Fields are finite: use `xp.sum`.",
        "nanmax": "Fields are finite: use `xp.max`.",
        "nanmin": "Fields are finite: use `xp.min`.",
        "nanmean": "Fields are finite: use `xp.mean`.",
        "nan_to_num": "Fields are finite: guard the operation itself, with `xp.safe_divide`, ...",
        "random": "A reward is the same for the same step: leave chance out.",
        "rand": "A reward is the same for the same step: leave chance out.",
        "print": "Remove the line; every component is logged for you.",
        "sorted": "Use `xp.min`, `xp.max` and `xp.mean` of the entries.",
        "getattr": "Write the field out: `state.<field>`.",
        "hasattr": "Remove the question: the fields are known.",
        "isinstance": "Remove the question: the kinds of the fields are known.",
        "indices": "Take the values alone; choose what belongs to the largest with `xp.where`.",
        "setdefault": "Write `d[name] = value`.",
        "pop": "Leave the entry out where the dictionary is written.",
        "size": "Use `len(x)`.",
        "transpose": "Use `xp.transpose(x)`; it has no other axes.",
        "permute": "Use `xp.transpose(x)`; it has no other axes.",
        "map": "Use a list comprehension.",
        "filter": "Use a list comprehension, or `xp.where`.",
        "str": "Write names out as plain strings.",
        "self": "Ask for arguments by name: `def reward(state, action, xp)`.",
    }
)


ATTRIBUTES = "Use state fields, `params`, `memory` and the functions of `xp`."
"""What may follow a dot."""


def instead(name: str, otherwise: str) -> str:
    """What to write in place of a function that is not there."""
    return _INSTEAD.get(name, otherwise)


_LOWERING = {
    "bad-call": Template("The call does not fit: {reason}.", "The signature is `{signature}`."),
    "not-callable": Template("`{text}` is not a function.", "Call functions of `xp` or your own."),
    "recursion": Template(
        "`{name}` calls itself.", "Write it as a loop over a constant range, or as a formula."
    ),
    "helper-call": Template("The call of `{name}` does not fit: {reason}.", "Pass its arguments."),
    "no-return": Template(
        "`{name}` may end without a `return`.", "Return a value on every path through it."
    ),
    "maybe-unset": Template(
        "`{name}` may not be set here.", "Give `{name}` a value before the `if`."
    ),
    "shapes-differ": Template(
        "Shapes {left} and {right} do not fit each other in one step.",
        "Index or reduce one of them; the shapes are those of one step, without environments.",
    ),
    "branch-shapes": Template(
        "`{name}` has shape {left} in one branch and {right} in the other.",
        "Give it the same shape in both, e.g. start from `xp.zeros(n)`.",
    ),
    "branch-values": Template(
        "`{name}` is {left} in one branch and {right} in the other.",
        "Give it numbers of the same shape in both branches.",
    ),
    "bad-index": Template(
        "Index `{text}` does not fit a value of shape {shape}.",
        "A value is what it is in one step of one environment: index its own axes only.",
    ),
    "data-index": Template(
        "`{text}` indexes by a computed value.",
        "Use numbers that stand there, as in `x[2]` and `x[[0, 3]]`, or `xp.where`/`xp.select`.",
    ),
    "negative-step": Template(
        "Slices with a negative step are not available.",
        "Write the order out: `xp.stack([v[2], v[1], v[0]])`.",
    ),
    "loop-not-constant": Template(
        "A loop runs over `{text}`, which is not known before the episode.",
        "Loop over `range(<number>)`, a tuple, or a vector field.",
    ),
    "data-jump": Template(
        "`{word}` inside a condition on the state cannot be compiled.",
        "Put the work inside the `if` instead of leaving the loop.",
    ),
    "not-a-number": Template(
        "`{text}` is {kind} where a number is needed.", "Use a number, a field or a vector."
    ),
    "arithmetic-on-conditions": Template(
        "`{operator}` is applied to conditions.",
        "Turn a condition into a number first: `float(condition)`.",
    ),
    "number-as-condition": Template(
        "`and`/`or` joins a number as if it were a condition.", "Compare it: `x > 0`."
    ),
    "vector-condition": Template(
        "`{text}` has shape {shape} where one condition is needed.",
        "Use `xp.all(...)` or `xp.any(...)`.",
    ),
    "missing-key": Template("There is no entry {key}.{guess}", "Set it before it is read."),
    "bad-target": Template(
        "`{text}` cannot be assigned to.",
        "Assign to local variables and entries of dictionaries and lists; build a vector at once: "
        "`xp.array([...])`.",
    ),
    "unpacking": Template(
        "{count} values cannot be unpacked into {wanted} names.", "Match their number."
    ),
    "too-large": Template(
        "The program unrolls to over {limit} operations.",
        "Use reductions over a vector instead of loops.",
    ),
    "constant-arithmetic": Template(
        "The constant expression `{text}` fails: {reason}.", "Correct the numbers."
    ),
    "not-supported": Template("`{text}` cannot be compiled.", "{advice}"),
    "bad-axis": Template(
        "`{text}` reduces along {axis}, which its value does not have in one step.",
        "Drop the axis; for the larger or smaller of two values use `xp.maximum` or `xp.minimum`.",
    ),
    "read-as-batch": Template(
        "This is written for a batch, so a leading `:` and axis 0 are read as environments.",
        "Write for one step: no leading `:`, and axes counted from those of one step.",
    ),
    "batch-axis": Template(
        "`{text}` reduces over environments: other lines are written for a batch, with axis 0.",
        "Write for one step: no leading `:`, and axes counted from those of one step.",
    ),
    "batch-size": Template(
        "`{text}` is asked in code written for a batch, whose size no program knows.",
        "Write for one step: a number is `0.0`, and vectors have a constant length.",
    ),
    "quaternion-order": Template(
        "The quaternion `{name}` is stored as {stored}, but {function} reads {asked}.",
        'Pass `order="{stored}"`.',
    ),
    "unit-mismatch": Template(
        "{left} and {right} are combined by {operator}.",
        "Scale each by a constant of its own first, or check which field was meant.",
    ),
}

_CONTRACT = {
    "no-reward-function": Template(
        "There is no function `reward`.", "Define `def reward(state, action, xp): ...`."
    ),
    "no-contract": Template("CONTRACT is missing; 1 is assumed.", "Add `CONTRACT = 1`."),
    "unknown-contract": Template("CONTRACT {value} is not known.", "Write `CONTRACT = 1`."),
    "no-weights": Template(
        "WEIGHTS is missing; every component weighs 1.0.",
        "Add `WEIGHTS = {{...}}` with one entry per component.",
    ),
    "bad-table": Template("{table} has to be {wanted}.", "Write {example}."),
    "bad-weight": Template(
        "The weight of `{name}` is {value}.", "Use a finite number between -1e6 and 1e6."
    ),
    "weight-without-component": Template(
        "WEIGHTS names `{name}`, which `reward` never returns.{guess}",
        "Return it as a component, or remove its weight.",
    ),
    "component-without-weight": Template(
        "Component `{name}` has no weight.{guess}", "Add `{name}` to WEIGHTS."
    ),
    "bad-component-name": Template(
        "`{name}` cannot name a component.",
        "Use a lower-case letter, then at most 31 letters, digits or underscores.",
    ),
    "no-components": Template(
        "`reward` returns no named components.",
        'Return a dictionary, each part of the sum under a name: `return {{"reach": ..., '
        '"effort": ...}}`.',
    ),
    "too-many-components": Template(
        "`reward` returns {count} components, more than {limit}.", "Merge or drop some."
    ),
    "vector-component": Template(
        "Component `{name}` has shape {shape}; a component is one number per step.",
        "Reduce it with `xp.sum`, `xp.mean` or `xp.norm`.",
    ),
    "bad-component": Template(
        "Component `{name}` is {kind}, not a number.", "Return one number per component."
    ),
    "unknown-argument": Template(
        "`{function}` asks for `{name}`, which does not exist.{guess}", "It may ask for: {known}."
    ),
    "bad-arguments": Template(
        "`{function}` has {what}.", "Ask for plain arguments by name, from: {known}."
    ),
    "bad-total": Template(
        "TOTAL is {value}.", 'Write "sum", "product" or {{"clip": [low, high]}}.'
    ),
    "bad-memory-update": Template(
        "The memory update of `{name}` has shape {shape}, but MEMORY gives it {wanted}.",
        "Return a value of the same shape.",
    ),
    "unknown-memory": Template(
        "The memory update `{name}` is not in MEMORY.{guess}",
        "Add it to MEMORY with its starting value.",
    ),
    "memory-never-updated": Template(
        "MEMORY is read but never updated.", 'Return `components, {{"{name}": new_value}}`.'
    ),
    "bad-score": Template(
        "`{function}` has to return one number, not {kind}.", "Reduce it to one number."
    ),
    "total-dropped": Template(
        "The returned total is ignored: the step's reward is composed from WEIGHTS and TOTAL.",
        "Return the components alone, and put factors into WEIGHTS.",
    ),
    "module-statement": Template(
        "`{text}` stands at the top of the module.",
        "Keep constants, PARAMS, WEIGHTS, MEMORY, TOTAL and functions there, nothing else.",
    ),
    "not-markov": Template(
        "The reward reads {names}, which the policy does not observe.",
        "Read state fields only, or have the observation extended.",
    ),
    "table-inside": Template(
        "`{function}` reads the table {table}.",
        "Weights are applied for you; inner constants are read as `params.<name>`.",
    ),
}

_PROBE = {
    "probe-failed": Template("The probe ended as {outcome}. {text}", "Simplify the program."),
    "probe-raises": Template(
        "On a real transition the program raised {error}.",
        "Guard the operation: xp.safe_divide, xp.where, or a bound on the input.",
    ),
    "probe-rows-differ": Template(
        "`{component}`, compiled, differs from the program's own text on a real transition.",
        "Write it with plain arithmetic and functions of `xp`.",
    ),
    "probe-rows-mix": Template(
        "The compiled program mixes environments: permuting them changes its values.",
        "Reduce over a field's own axis only.",
    ),
    "probe-torch-differs": Template(
        "The compiled program computes other values on torch than on NumPy.",
        "Avoid comparing numbers for equality, and guard divisions.",
    ),
    "probe-not-finite": Template(
        "`{component}` is not finite on a real transition.",
        "Guard logarithms, roots and divisions: xp.safe_divide, xp.clip.",
    ),
    "probe-huge": Template(
        "`{component}` times its weight reaches {value}.", "Bound it with xp.clip or xp.saturate."
    ),
    "probe-corner-not-finite": Template(
        "`{component}` is not finite where {where}.",
        "Guard logarithms, roots and divisions: xp.safe_divide, xp.safe_sqrt, xp.clip.",
    ),
    "probe-corner-huge": Template(
        "`{component}` times its weight reaches {value} where {where}.",
        "Bound it with xp.clip or xp.saturate.",
    ),
    "probe-flat": Template("`{component}` was {value} on every probed transition."),
    "probe-flat-potential": Template(
        "`potential` was {value} on every probed transition: it shapes nothing.",
        "Let it rise towards the goal, or drop it.",
    ),
    "probe-telescoping": Template(
        "The shaping does not add up to the potential at an episode's end minus that at its start.",
        "Keep `potential` finite, and a function of the state alone.",
    ),
    "exploit-pays": Template("{act} earns {much}, and does the task less well.{also}", "{advice}"),
    "probe-dominating": Template(
        "`{component}` varies {times} times as much as all other components together.",
        "Lower its weight, or bound it.",
    ),
    "probe-slow": Template(
        "One step of 16 environments takes {us} us.", "Use fewer operations, or shorter loops."
    ),
    "probe-unproved": Template("No probed transition entered this branch; it is unproved."),
}


class ExploitWords(NamedTuple):
    """How a way not to do a task is told."""

    act: str
    advice: str


EXPLOITS: Mapping[str, ExploitWords] = MappingProxyType(
    {
        "stand_still": ExploitWords(
            "Standing still",
            "Pay less for being alive, upright or in place, and more for what has to happen.",
        ),
        "do_nothing": ExploitWords(
            "Doing nothing",
            "Pay less for what is there without acting, and more for what has to happen.",
        ),
        "oscillate": ExploitWords(
            "Swinging between the extreme actions",
            "Pay for a direction or a goal; speed, change and effort alone are earned on the spot.",
        ),
        "repeat": ExploitWords(
            "Repeating one random action",
            "Pay for what the task asks, which no single action brings about.",
        ),
        "early_end": ExploitWords(
            "Ending the episode early",
            "Let a step of the task earn more than it costs, or charge `terminated` more than all "
            "steps that it saves.",
        ),
        "leave": ExploitWords(
            "Leaving the start as fast as possible",
            "Bound what distance and speed earn, and pay for the way or the place that is asked.",
        ),
    }
)
"""Every exploit that is probed, in the order in which they are shown."""

_RELABELLING = {
    "relabelled-memory": Template(
        "`MEMORY` cannot follow a goal that is swapped afterwards: it was filled under another.",
        "Leave `MEMORY` out, or train without hindsight relabelling.",
    ),
    "relabelled-score": Template(
        "`{name}` compares two states, and relabelling pays single ones.",
        "Leave `{name}` out, or train without hindsight relabelling.",
    ),
    "relabelled-input": Template(
        "Component {component!r} reads `{name}`, which is no part of achieved or desired goal.",
        "Read only what follows from the goals ({known}), or train without hindsight relabelling.",
    ),
}

CATALOGUE = MappingProxyType(
    {**_SOURCE, **_SUBSET, **_LOWERING, **_CONTRACT, **_PROBE, **_RELABELLING}
)
"""Every finding of the reward language and its contract, by code."""
