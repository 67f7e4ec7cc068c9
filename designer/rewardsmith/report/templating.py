"""Jinja2 for HTML pages: everything is escaped and stripped of misleading characters.

Numbers are written here, so that one figure reads the same on every page.
"""

import math
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.parse import quote

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from rewardsmith.environments.outer import when_judged
from rewardsmith.environments.wording import fitness_words, success_words
from rewardsmith.report.highlight import plain


def page_environment(*folders: Path) -> Environment:
    """Templates in `folders`, then those of the report, with the filters that pages use."""
    own = Path(str(files("rewardsmith.report").joinpath("templates")))
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(folder) for folder in (*folders, own)]),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    environment.filters |= {
        "number": number,
        "percent": percent,
        "steps": compact,
        "ticked": ticked,
        "seconds": seconds,
        "dollars": dollars,
        "ago": ago,
        "moment": moment,
        "path": lambda text: quote(str(text), safe=""),
        "when_judged": when_judged,
        "fitness_words": fitness_words,
        "success_words": success_words,
        "words": lambda text: str(text).replace("_", " "),
    }
    return environment


def stylesheet() -> str:
    """What pages look like: colours, type, charts, code and tables."""
    return files("rewardsmith.report").joinpath("look.css").read_text("utf-8")


def number(value: float | None, digits: int = 3) -> str:
    """A measured number.

    >>> [number(v) for v in (None, 0.123456, 12345.6, -0.0)]
    ['–', '0.123', '12,346', '0']
    """
    if value is None:
        return "–"
    if not math.isfinite(value):
        return str(value)
    if abs(value) >= 1000:
        return f"{value:,.0f}" if abs(value) < 1e9 else f"{value:.3g}"
    return f"{value + 0.0:.{digits}g}"


def compact(value: float) -> str:
    """A count in three digits.

    >>> [compact(v) for v in (512, 24_576, 2_805_760)]
    ['512', '24.6k', '2.81M']
    """
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g}{unit}"
    return f"{value:g}"


def ticked(text: str) -> Markup:
    """Prose with what stands in backticks as code, everything escaped.

    >>> str(ticked("Pay `speed` <more>."))
    'Pay <code>speed</code> &lt;more&gt;.'
    """
    parts = plain(text).split("`")
    if len(parts) % 2 == 0:
        return escape(plain(text))
    marked = (
        Markup("<code>{}</code>").format(p) if i % 2 else escape(p) for i, p in enumerate(parts)
    )
    return Markup("").join(marked)


def percent(share: float | None) -> str:
    """A share of a whole.

    >>> [percent(v) for v in (None, 0.555, -0.001, 400.0)]
    ['–', '56%', '0%', '4e+04%']
    """
    if share is None:
        return "–"
    if not math.isfinite(share):
        return str(share)
    if abs(share) >= 100:
        return f"{100 * share:.0e}%"
    return f"{round(share, 2) + 0.0:.0%}"  # + 0.0: no -0 %


def seconds(value: float | None) -> str:
    """A duration.

    >>> [seconds(v) for v in (None, 0.4, 75, 4000)]
    ['–', '0.4 s', '1 min 15 s', '1 h 06 min']
    """
    if value is None:
        return "–"
    if value < 60:
        return f"{value:.0f} s" if value >= 10 else f"{value:.2g} s"
    minutes, rest = divmod(round(value), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60:,} h {minutes % 60:02d} min"


def dollars(value: float | None) -> str:
    """An amount of money; None when it is unknown."""
    if value is None:
        return "–"
    return f"${value:,.2f}" if value >= 0.1 or value == 0 else f"${value:.4f}"


def parsed_time(written: str) -> datetime | None:
    """A moment as the journal writes it; None when it is not one."""
    try:
        return datetime.fromisoformat(written.replace("Z", "+00:00")).astimezone(UTC)
    except ValueError:
        return None


def ago(written: str, now: datetime | None = None) -> str:
    """How long ago a moment was.

    >>> ago("2026-01-01T00:00:00Z", datetime(2026, 1, 1, 2, tzinfo=UTC))
    '2 h ago'
    """
    then = parsed_time(written)
    if then is None:
        return written
    passed = ((now or datetime.now(UTC)) - then).total_seconds()
    for size, unit in ((86400 * 365, "y"), (86400, "d"), (3600, "h"), (60, "min")):
        if passed >= size:
            return f"{passed // size:.0f} {unit} ago"
    return "just now" if passed < 10 else f"{passed:.0f} s ago"


def moment(written: str) -> str:
    """A moment in UTC, to the second."""
    then = parsed_time(written)
    return written if then is None else f"{then:%Y-%m-%d %H:%M:%S} UTC"


def _shown(value: Any) -> Any:
    if isinstance(value, Markup) or not isinstance(value, str):
        return "" if value is None else value
    return plain(value)
