"""Files that people read beside the journal: `reward.py`, `verdict.json`, `analysis.json`.

Pure: which event makes which file, and its bytes. Nothing reads them back; the journal is the
truth.
"""

from collections.abc import Mapping
from typing import Any

from rewardsmith.store import spelling
from rewardsmith.store.events import EventName, read_id
from rewardsmith.store.layout import candidate_path


def readable_files(
    event: EventName, key: Mapping[str, Any], data: Mapping[str, Any]
) -> dict[str, bytes]:
    """Relative path to content of what is to be written for `event`."""
    match event:
        case "candidate_proposed":
            files = {"reward.py": _text(data["candidate"]["text"])}
        case "candidate_judged":
            judged = data["judged"]
            files = {
                "reward.py": _text(judged["candidate"]["text"]),
                "verdict.json": spelling.readable(judged["verdict"]),
            }
        case "candidate_analyzed":
            files = {"analysis.json": spelling.readable(data["analysis"])}
        case _:
            return {}
    folder = candidate_path(read_id(key["candidate"]))
    return {f"{folder}/{name}": blob for name, blob in files.items()}


def _text(program: str) -> bytes:
    return (program if program.endswith("\n") else program + "\n").encode("utf-8")
