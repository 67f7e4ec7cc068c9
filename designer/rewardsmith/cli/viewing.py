"""Starts the viewer and shows where it is."""

import os
import sys
import webbrowser
from pathlib import Path

from rewardsmith.cli.terminal import console, safe
from rewardsmith.errors import UsageError
from rewardsmith.store.layout import RUN_FILE


def view_runs(runs: Path, *, host: str, port: int | None, with_browser: bool) -> None:
    """Serve the pages of `runs`, a folder of runs or one run, until interrupted.

    Raises:
        UsageError: There is no such folder, the extra is not installed, or the port is taken.
    """
    if not runs.is_dir():
        raise UsageError(f"There is no folder {str(runs)!r}. `rewardsmith view DIR` names another.")
    is_one = (runs / RUN_FILE).is_file()
    try:
        from rewardsmith.viewer.pages import run_url
        from rewardsmith.viewer.serving import prepare, serve
    except ModuleNotFoundError as error:
        raise UsageError(
            f"The viewer needs {error.name}, which is not installed. "
            "`pip install 'rewardsmith[viewer]'` adds what it needs."
        ) from error
    folder = runs.resolve()
    path = run_url(folder.name) if is_one else "/"
    place = prepare(folder.parent if is_one else folder, host=host, port=port)

    def announce(url: str) -> None:
        shown = url.replace("/?", f"{path}?", 1) if "/?" in url else url.rstrip("/") + path
        out = console()
        out.print(safe(f"The runs in {folder} are at {shown}"), soft_wrap=True)
        out.print(safe("Ctrl-C stops the viewer; runs go on without it.", "dim"))
        if with_browser and _has_screen():
            webbrowser.open(shown)

    serve(place, announce)


def _has_screen() -> bool:
    """Whether a browser would open in a window, rather than take over this terminal."""
    return sys.platform == "darwin" or bool(
        os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    )
