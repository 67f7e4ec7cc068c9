"""Tries what a card may open for an environment: a scratch folder, further reading, sockets."""

import os
import socket
import tempfile
from pathlib import Path

from rewardsmith.isolation.child import open_workplace, openings


def main() -> None:
    place = open_workplace()
    place.lock("any")
    assert place.report is not None
    can = []
    for name, act in {
        "write to scratch": write_to_scratch,
        "write elsewhere": lambda: Path("/tmp/rewardsmith-elsewhere").write_bytes(b"x"),
        "read what was opened": lambda: [Path(p).read_bytes() for p in openings().read or [""]],
        "connect": lambda: socket.socket().close(),
        "fork": os.fork,
    }.items():
        try:
            act()
        except OSError:
            continue
        can.append(name)
    place.send_result({"can": can, "level": place.report.level, "notes": place.report.notes})


def write_to_scratch() -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"x" * 1000)
        file.flush()
        assert file.name.startswith(openings().scratch or "/nonexistent")


if __name__ == "__main__":
    main()
