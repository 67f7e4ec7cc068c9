"""Third layer, the driver's: nothing that a worker sends is believed.

The counter-proof of each lie is a reader that believes it, mostly the one that is usual: so the
lie is a real one, and what stops it is the layer beside it.
"""

import math
import resource

import pytest
from tests.trust.acts.payloads import PAYLOADS

from rewardsmith.isolation.frames import FrameError
from rewardsmith.isolation.text import clean_text


@pytest.mark.parametrize("name", PAYLOADS, ids=lambda n: f"{n}-by-{PAYLOADS[n].layer}")
def test_lie_is_refused_by_its_layer(name: str) -> None:
    lie = PAYLOADS[name]
    blob = lie.make()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    expected = ValueError if lie.layer == "text" else FrameError
    with pytest.raises(expected):
        lie.strict(blob)
    grown_mib = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mib < 400  # what was sent, and not what was claimed


@pytest.mark.parametrize("name", PAYLOADS)
def test_lie_is_believed_where_its_layer_is_missing(name: str) -> None:
    lie = PAYLOADS[name]
    believed = lie.naive(lie.make())
    assert believed is not None


def test_nan_wins_a_comparison_that_nobody_guards() -> None:
    """Why a fitness that is not finite is `invalid` and never compared."""
    assert math.isnan(max([math.nan, 1.0]))
    assert max([1.0, math.nan]) == 1.0


def test_endless_line_keeps_its_end_only() -> None:
    assert clean_text("x" * 2**20 + "\x1b]52;c;aGk=\x07 the end").endswith(" the end")
    assert len(clean_text("x" * 2**20).encode()) <= 8 * 1024
