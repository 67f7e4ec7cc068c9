"""No model is ever asked by a test; servers on this machine are."""

import pytest

import rewardsmith.llm
from rewardsmith.llm.keys import VARIABLES


@pytest.fixture(autouse=True)
def only_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rewardsmith.llm, "ALLOW_REQUESTS", "loopback")
    for names in VARIABLES.values():
        for name in names:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
