"""Every attack of this folder by name, under the layer that stops it first.

The tables themselves lie where they are tried; SECURITY.md shows the counts, and a test compares.
"""

from collections.abc import Mapping
from typing import Final

from tests.trust.acts.kernel_acts import ACTS
from tests.trust.acts.payloads import PAYLOADS
from tests.trust.acts.texts import BOMBS, TEXTS
from tests.trust.test_cards import CARDS
from tests.trust.test_score import ACCEPTED, REFUSED, SPOOFED_NAMES, STALLED
from tests.trust.test_store import OUTSIDE, TRAPS


def _by_layer() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {"language": [*TEXTS, *BOMBS]}
    for name, act in ACTS.items():
        found.setdefault(act.layers.split()[0], []).append(name)
    for name, lie in PAYLOADS.items():
        found.setdefault(lie.layer, []).append(name)
    found["frames"] += [name for name in REFUSED]
    found["watchdog"] = [*STALLED]
    found["evaluator"] += [*ACCEPTED, *(f"component called {name}" for name in SPOOFED_NAMES)]
    found["evaluator"] += ["pays thousands for nothing", "orders the critic to accept"]
    found["evaluator"] += ["fitness that is NaN", "fitness that is infinite", "weights of 1e6"]
    found["store"] = [*TRAPS, *(f"name {name!r}" for name in OUTSIDE)]
    found["cards"] = [*CARDS]
    return {layer: tuple(names) for layer, names in found.items()}


ATTACKS: Final = _by_layer()
"""Layer to the names of what it stops."""

SPOOFS: Final = (
    *ATTACKS["evaluator"],
    *REFUSED,
    *(name for name in ATTACKS["metrics"] if "component" in name or "fitness" in name),
    *(name for name in ATTACKS["tensors"] if "fitness" in name),
)
"""Those that are after the score."""
