"""The picture of a run is well-formed whatever it is given."""

import math
import xml.etree.ElementTree as ElementTree

import pytest

from rewardsmith.messages import CandidateId, Claim, ClaimRow, Outcome
from rewardsmith.report.figures import LearningCurve, picture
from rewardsmith.report.scales import scale_of

SVG = "{http://www.w3.org/2000/svg}"
CURVES = (
    LearningCurve(candidate=CandidateId(0, 0), points=((100, 1.0), (200, 2.0))),
    LearningCurve(candidate=CandidateId(0, 1), points=((100, -1.0),), is_stopped=True),
)


def drawn(svg: str, tag: str, kind: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(svg)
    return [n for n in root.iter(f"{SVG}{tag}") if kind in (n.get("class") or "").split()]


def test_title_is_escaped_and_cannot_add_elements() -> None:
    svg = picture("</text><script>alert(1)</script> & \x1b", CURVES)
    root = ElementTree.fromstring(svg)
    assert not list(root.iter(f"{SVG}script"))


def test_winner_stands_out_and_stopped_ones_are_marked() -> None:
    svg = picture("Run.", CURVES, rungs=(100,), best=CandidateId(0, 0))
    assert len(drawn(svg, "polyline", "curve")) == 2
    assert len(drawn(svg, "polyline", "best")) == 1
    assert len(drawn(svg, "path", "stop")) == 1
    assert len(drawn(svg, "line", "rung")) == 1


def test_bars_say_what_failed() -> None:
    rows = (
        ClaimRow(name="native", steps=9, fitness=(-1.0, 1.0), success_rate=(0.0, 1.0), cpu_s=1.0),
        ClaimRow(
            name="final", steps=9, fitness=(), success_rate=(), cpu_s=1.0, outcome=Outcome.CRASHED
        ),
    )
    svg = picture("Run.", CURVES, claim=Claim(rows=rows, search_steps=9, search_cpu_s=1.0))
    assert len(drawn(svg, "rect", "bar")) == 1
    assert len(drawn(svg, "line", "whisker")) == 1
    assert "crashed" in svg


def test_run_without_anything_is_still_a_picture() -> None:
    ElementTree.fromstring(picture("Nothing yet.", ()))


def test_picture_fetches_nothing() -> None:
    svg = picture("Run.", CURVES)
    assert "href" not in svg
    assert svg.count("http") == 1


@pytest.mark.parametrize(
    "values", [[], [3.0], [0.0, 0.0], [-1e9, 1e9], [1e-7, 2e-7], [math.nan, 1.0, math.inf]]
)
def test_scale_holds_its_values_with_few_ticks(values: list[float]) -> None:
    scale = scale_of(values, 100, 0)
    assert all(-1e-6 <= scale(value) <= 100 + 1e-6 for value in values if math.isfinite(value))
    assert 1 <= len(scale.ticks) <= 12
    assert all(math.isfinite(tick) for tick in scale.ticks)
