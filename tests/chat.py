"""What a chat completions server answers, for tests that play one on loopback."""

import json

from werkzeug import Response


def completion(text: str) -> Response:
    """An answer that says `text`, for 100 tokens asked and 50 answered."""
    message = {"role": "assistant", "content": text}
    content = {
        "id": "x",
        "object": "chat.completion",
        "created": 0,
        "model": "town",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
    }
    return Response(json.dumps(content), content_type="application/json")
