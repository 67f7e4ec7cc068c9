"""What people wrote to judge a switchboard; most of it wrong."""

from collections.abc import Mapping
from typing import Any

import numpy as np


def matching(fields: Mapping[str, Any]) -> float:
    """Share of lamps that are right after a step."""
    return float((fields["lamps"][1:] == fields["pattern"][1:]).mean())


def shapes(fields: Mapping[str, Any]) -> float:
    """What it is handed, as a number: lamps, actions, whether the environment ended it."""
    lamps, actions = fields["lamps"], fields["action"]
    return len(lamps) * 100 + len(actions) + 1000 * float(fields["terminated"])


def raises(fields: Mapping[str, Any]) -> float:
    return float(fields["nowhere"].mean())


def nan(fields: Mapping[str, Any]) -> float:
    return float(np.nan)


def several(fields: Mapping[str, Any]) -> Any:
    return fields["lamps"]


def text(fields: Mapping[str, Any]) -> Any:
    return "good"
