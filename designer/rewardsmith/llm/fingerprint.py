"""The hash of what is asked, whichever model is asked."""

import hashlib
import json

from rewardsmith.llm.calls import Request


def request_hash(request: Request) -> str:
    """SHA-256 of messages and schema in canonical JSON; address and templates take no part."""
    content = {
        "messages": [[message.role, message.text] for message in request.messages],
        "schema": request.schema,
    }
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
