"""Starts the viewer: binds its port, says where it is, and serves until it is interrupted."""

import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import uvicorn

from rewardsmith.errors import UsageError
from rewardsmith.viewer.app import create_app
from rewardsmith.viewer.guard import Door, new_token
from rewardsmith.viewer.studio import Studio

PORT: Final = 8321
LOOPBACK: Final = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the viewer answers."""

    server: uvicorn.Server
    sock: socket.socket
    url: str
    """What to open; holds the token where one is asked for."""


def prepare(
    runs_dir: Path,
    *,
    host: str = LOOPBACK[0],
    port: int | None = None,
    studio: Studio | None = None,
) -> Place:
    """Bind the port and build the pages; nothing is answered yet.

    Args:
        runs_dir: The folder of runs.
        host: Where to listen. Beyond this machine's loopback a token is asked for.
        port: None takes the usual one, or any free one where that is taken.
        studio: Makes the films; None for the one that renders.

    Raises:
        UsageError: The port is taken, or the address is not this machine's.
    """
    door = door_for(host)
    sock = _bound(host, port)
    address = sock.getsockname()
    shown = f"[{host}]" if ":" in host else host
    if host in ("0.0.0.0", "::"):
        shown = socket.gethostname()
    url = f"http://{shown}:{address[1]}/"
    if door.visitor_token is not None:
        url += f"?token={door.visitor_token}"
    config = uvicorn.Config(
        create_app(runs_dir, door, studio=studio),
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        ws="none",
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    return Place(server=uvicorn.Server(config), sock=sock, url=url)


def serve(place: Place, on_start: Callable[[str], None]) -> None:
    """Answer until interrupted."""
    on_start(place.url)
    with place.sock:
        place.server.run(sockets=[place.sock])


def door_for(host: str) -> Door:
    """Who is let in where the viewer listens on `host`."""
    if host in LOOPBACK:
        return Door()
    names = {host.strip("[]").lower(), socket.gethostname().lower()}
    return Door(
        hosts=Door().hosts | names,
        with_addresses=host in ("0.0.0.0", "::"),
        visitor_token=new_token(),
    )


def _bound(host: str, port: int | None) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in (PORT, 0) if port is None else (port,):
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind((host.strip("[]"), candidate))
            sock.listen(128)  # who opens the address as soon as it is shown, waits and is answered
        except OSError as error:
            sock.close()
            if port is None and candidate:
                continue
            raise UsageError(
                f"Cannot listen on {host}, port {candidate}: {error.strerror or error}. "
                "Choose another with `--port`."
            ) from error
        return sock
    raise AssertionError("the loop returns or raises")
