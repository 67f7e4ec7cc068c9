"""SECURITY.md says what is tried; this folder tries what it says."""

import re

from tests.trust.catalogue import ATTACKS, SPOOFS
from tests.trust.conftest import ROOT

TEXT = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `(\w+)` \| (\d+) \|", re.MULTILINE)


def test_document_counts_the_attacks_by_layer() -> None:
    said = {layer: int(count) for layer, count in ROW.findall(TEXT)}
    assert said == {layer: len(names) for layer, names in ATTACKS.items()}


def test_catalogue_is_as_large_as_it_is_said_to_be() -> None:
    total = sum(map(len, ATTACKS.values()))
    assert f"{total} attacks" in TEXT
    assert total >= 110
    assert len(SPOOFS) >= 15
    assert f"{len(SPOOFS)} of them are after the score" in TEXT


def test_no_attack_is_counted_twice() -> None:
    for layer, names in ATTACKS.items():
        assert len(set(names)) == len(names), layer


def test_document_names_every_system_path_that_stays_readable() -> None:
    from rewardsmith.isolation.lock import _SYSTEM_PATHS

    assert [path for path in _SYSTEM_PATHS if f"`{path}`" not in TEXT] == []
