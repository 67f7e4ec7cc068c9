"""Findings on answers: what could not be read from what a model said, with the remedy.

The reward language has its own catalogue; this one is about answers, which are no programs yet.
"""

from dataclasses import replace
from types import MappingProxyType

from rewardsmith.language.findings import Template
from rewardsmith.messages import Finding, Layer, Severity

CATALOGUE = MappingProxyType(
    {
        "empty-answer": Template(
            "The answer is empty.", "Write a short rationale and one fenced Python block."
        ),
        "no-program": Template(
            "The answer holds no Python function `reward`.",
            "Put the whole module into one fenced Python block, with `def reward(...)` in it.",
        ),
        "other-language": Template(
            "The answer is written in {language}, not in Python.",
            "Write the module in Python, with `def reward(...)`.",
        ),
        "cut-answer": Template(
            "The answer ends in the middle of the program.",
            "Write a shorter program, so that it is complete.",
        ),
        "diff-answer": Template(
            "The answer is a change to a program (line {line}: `{text}`), not a program.",
            "Write the whole module out.",
        ),
        "elided-program": Template(
            "The program leaves parts out: `{text}`.", "Write every line of the module out."
        ),
        "several-programs": Template(
            "The answer holds {count} different programs; the first complete one is taken.",
            "Give one program.",
        ),
        "joined-blocks": Template(
            "The program was spread over {count} blocks, which were joined.",
            "Put the whole module into one block.",
        ),
        "made-ascii": Template(
            "{count} typographic characters were replaced by ASCII.", "Write plain ASCII."
        ),
        "critic-says-no": Template(
            "The review asks for {decision} without naming an error.",
            "Answer the warnings of the review.",
        ),
        "review-unreadable": Template(
            "The model's review could not be read, twice; what was computed stands."
        ),
        "review-overruled": Template(
            "The review would still change the program after {rounds} rounds; the training decides."
        ),
    }
)
"""Every finding on an answer, by code."""


def answer_finding(
    code: str, *, severity: Severity = "error", layer: Layer = "static", **words: object
) -> Finding:
    """Word the finding `code`.

    >>> str(answer_finding("empty-answer"))
    'The answer is empty. Write a short rationale and one fenced Python block.'
    """
    template = CATALOGUE[code]
    made = Finding(
        code=code,
        message=template.message.format(**words),
        remedy=template.remedy.format(**words),
        severity=severity,
    )
    return replace(made, layer=layer)
