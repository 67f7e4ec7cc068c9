"""Plain sentences out of Markdown, and none that says how the environment pays.

A sentence is left out when it holds a word for rewards or scores, or a formula; a paragraph is left
out whole when it begins with such a word. What remains may say less than the original, never more.
"""

import re

MAX_LENGTH = 600
"""Characters of prose that are kept, at a sentence's end."""

_PAYS = re.compile(
    r"reward|penal|bonus|\bcosts?\b|_cost|\bscor(e|es|ed|ing)\b|fitness|\breturns?\b|\bobjective\b|"
    r"\bpa(y|ys|id|yoff)\b|success|\bsolved\b|\bcredit|\bearns?\b|\b(gets?|receives?) [-+]?\d",
    re.IGNORECASE,
)
_FORMULA = re.compile(
    r"\\[a-z]+|\$|\*\*?r\*\*?\s*=|\br(_\w+|\([^)]*\))?\s*=(?!=)|\^2|<su[bp]>|\d\s*\\?\*\s*\d"
)
_INTERVAL = re.compile(r"\$([^$\\^]*(?:\\infty[^$\\^]*)*)\$")
_BULLET = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+")
_LINK = re.compile(r"!?\[([^\]]*)\]\([^)]*\)")
_HTML = re.compile(r"<[^>]{1,60}>")
_MARKUP = re.compile(r"\*{1,3}|`{1,3}|(?<!\w)_{1,2}|_{1,2}(?!\w)")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+(?=[A-Z0-9\"'(])")
_ODD = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\u00ad]"
)


def pays(text: str) -> bool:
    """Whether a text speaks of rewards, scores or success, or is a formula."""
    return bool(_PAYS.search(text) or _FORMULA.search(text))


def unmarked(text: str) -> str:
    """The text without characters that a terminal obeys or that reorder it."""
    return _ODD.sub("", text)


def cleaned(text: str) -> str:
    """One line of plain text: no Markdown, no HTML, no control characters."""
    plain = _HTML.sub("", _LINK.sub(r"\1", unmarked(text)))
    return " ".join(_MARKUP.sub("", plain).split())


def first_sentences(text: str) -> str:
    r"""The text's plain sentences that do not say how the environment pays.

    >>> first_sentences("It **falls**. The reward is 1.\n\nReward: as above. And more.")
    'It falls.'
    """
    kept: list[str] = []
    for paragraph in re.split(r"\n\s*\n", text):
        for sentence in _sentences(paragraph):
            if sum(map(len, kept)) + len(sentence) > MAX_LENGTH:
                return " ".join(kept)
            kept.append(sentence)
    return " ".join(kept[:-1] if kept and kept[-1].endswith(":") else kept)


def _sentences(paragraph: str) -> list[str]:
    lines = [
        line for line in paragraph.splitlines() if not line.lstrip().startswith(("|", "#", ":"))
    ]
    if lines and _PAYS.match(cleaned(_BULLET.sub("", lines[0], count=1))):
        return []
    found = []
    for item in _items(lines):
        for sentence in _SENTENCE_END.split(_INTERVAL.sub(_plain_interval, item)):
            if sentence and not pays(sentence):
                found.append(cleaned(sentence))
    return [s for s in found if re.search(r"[A-Za-z]{2}", s)]


def _plain_interval(match: re.Match[str]) -> str:
    r"""`$[0.7, +\infty]$` without its mathematics: limits of a state are worth keeping."""
    return match[1].replace("\\infty", "inf")


def _items(lines: list[str]) -> list[str]:
    """Lines joined to running text; every bullet begins a new one."""
    items: list[str] = []
    for line in lines:
        bullet = _BULLET.match(line)
        if bullet or not items:
            items.append(line[bullet.end() :] if bullet else line.strip())
        else:
            items[-1] += " " + line.strip()
    return items
