"""Every message, rendered from the full sample, as text that a person can read and compare.

`REWARDSMITH_UPDATE_SNAPSHOTS=1 pytest tests/roles/model` writes them anew.
"""

import os
import re
from pathlib import Path

import pytest

from rewardsmith.llm.calls import Request
from rewardsmith.roles.model.checking import check_prompts, sample_requests
from rewardsmith.roles.model.prompts import load_prompts

FOLDER = Path(__file__).parent / "snapshots"
REQUESTS = sample_requests(load_prompts())


def file_of(title: str) -> Path:
    return FOLDER / f"{re.sub('[^a-z]+', '_', title)}.md"


def page(title: str, request: Request) -> str:
    """The messages that no other page shows: of a conversation, the last two."""
    messages = request.messages if len(request.messages) == 2 else request.messages[2:]
    if len(messages) == 2 and "review, again" != title and title.split(",")[0] == "next round":
        messages = messages[1:]
    parts = [f"<!-- {request.address}: {m.role} -->\n\n{m.text}" for m in messages]
    return "\n".join(parts)


@pytest.mark.parametrize("title", REQUESTS)
def test_message_reads_as_it_did(title: str) -> None:
    text, path = page(title, REQUESTS[title]), file_of(title)
    if os.environ.get("REWARDSMITH_UPDATE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def test_no_snapshot_is_left_over() -> None:
    assert {p.name for p in FOLDER.iterdir()} == {file_of(title).name for title in REQUESTS}


def test_every_template_is_rendered() -> None:
    prompts = load_prompts()
    roles = ("designer/", "critic/", "analyzer/", "describer/", "measurer/", "shared/")
    used = {
        part
        for request in REQUESTS.values()
        for name in request.templates
        for part in prompts.closure(name)
    }
    assert {name for name in prompts.files if name.startswith(roles)} == used


def test_shipped_prompts_pass_their_check() -> None:
    check_prompts(load_prompts())
