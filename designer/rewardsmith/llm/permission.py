"""The switch that keeps tests from spending money: `rewardsmith.llm.ALLOW_REQUESTS`."""

import ipaddress
from urllib.parse import urlsplit

import rewardsmith.llm
from rewardsmith.errors import ModelError


def require_permission(base_url: str | None) -> None:
    """Refuse a call over the network where the switch forbids it.

    Raises:
        ModelError: It does. `"loopback"` allows servers on this machine and nothing else.
    """
    allowed = rewardsmith.llm.ALLOW_REQUESTS
    if allowed is True or (allowed == "loopback" and is_loopback(base_url)):
        return
    raise ModelError(
        "Requests to models are switched off here. Set `rewardsmith.llm.ALLOW_REQUESTS = True`, "
        "or use `rewardsmith.testing.ScriptedModel`."
    )


def is_loopback(base_url: str | None) -> bool:
    """Whether a server's address is this machine.

    >>> is_loopback("http://127.0.0.1:8000/v1"), is_loopback("https://api.openai.com/v1")
    (True, False)
    """
    host = urlsplit(base_url or "").hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
