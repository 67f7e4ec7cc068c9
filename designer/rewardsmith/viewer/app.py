"""The viewer's addresses: each finds its run, makes a page and answers.

It reads run folders and adds what people say and change; nothing else is written. `Guard` stands
before it.
"""

import hashlib
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_args

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from rewardsmith import __version__
from rewardsmith.errors import StoreError
from rewardsmith.messages import ComponentStats
from rewardsmith.report.charts import share_bar
from rewardsmith.report.templating import page_environment, stylesheet
from rewardsmith.store.calls import CALLS_FILE
from rewardsmith.store.comparisons import PREFERENCES_FILE
from rewardsmith.store.films import WINNER_FILM
from rewardsmith.store.labels import LABELS_FILE
from rewardsmith.store.layout import FEEDBACK_FILE
from rewardsmith.viewer.candidate_routes import add_candidate, add_editing, add_films, add_remarks
from rewardsmith.viewer.catalogue import Catalogue, SortKey, ordered
from rewardsmith.viewer.guard import Door, Guard
from rewardsmith.viewer.judging_routes import add_labels, add_ranking
from rewardsmith.viewer.library import Library, Opened, file_stamp, regular_file
from rewardsmith.viewer.pages import (
    REPORT,
    run_page,
    run_url,
)
from rewardsmith.viewer.site import Site, film_response, missing, opened_run
from rewardsmith.viewer.studio import Studio

_HERE: Final = Path(str(files("rewardsmith.viewer")))
_STATIC: Final = {
    "htmx.min.js": "text/javascript",
    "viewer.js": "text/javascript",
    "viewer.css": "text/css",
    "ranking.js": "text/javascript",
    "ranking.css": "text/css",
    "icon.svg": "image/svg+xml",
}
_SORT_KEYS: Final[dict[str, SortKey]] = {key: key for key in get_args(SortKey)}
_NO_TELEMETRY: Final[Any] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""Since 0.165 an environment variable can have FastAPI send what is looked at elsewhere."""
_REPORT_POLICY: Final = (
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; media-src data:; "
    "frame-ancestors 'none'"
)


def create_app(
    runs_dir: Path, door: Door | None = None, *, studio: Studio | None = None
) -> ASGIApp:
    """The viewer of the runs below `runs_dir`, behind its guard; `studio` makes its films."""
    door = door or Door()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=_NO_TELEMETRY)
    runs_dir = runs_dir.resolve()
    site = Site(
        library=Library(runs_dir),
        catalogue=Catalogue(runs_dir),
        door=door,
        studio=studio or Studio(),
        render=_renderer(runs_dir, door),
    )
    _add_errors(app, site)
    _add_static(app)
    _add_list(app, site)
    _add_run(app, site)
    add_candidate(app, site)
    add_films(app, site)
    add_remarks(app, site)
    add_editing(app, site)
    add_ranking(app, site)
    add_labels(app, site)
    return Guard(app, door)


def _renderer(runs_dir: Path, door: Door) -> Callable[..., HTMLResponse]:
    environment = page_environment(_HERE / "templates")
    environment.globals |= {
        "form_token": door.form_token,
        "runs_dir": str(runs_dir),
        "version": __version__,
        "run_url": run_url,
        "share_bar": _share_bar,
    }

    def render(template: str, http_status: int = 200, **context: Any) -> HTMLResponse:
        return HTMLResponse(
            environment.get_template(template).render(context), status_code=http_status
        )

    return render


def _share_bar(stats: Sequence[ComponentStats], share: str) -> Markup:
    parts = [(one.name, getattr(one, share), f"c{i % 8}") for i, one in enumerate(stats)]
    return share_bar(parts, f"{share.replace('_', ' ')} of every component")


# ----------------------------------------------------------------- what goes wrong


def _add_errors(app: FastAPI, site: Site) -> None:
    @app.exception_handler(StoreError)
    async def unreadable(request: Request, error: Exception) -> Response:
        name = str(request.path_params.get("name", ""))
        # Looking at it is answered with what is wrong; nothing could be written into it.
        status = 409 if request.method == "POST" else 200
        return site.render(
            "problem.html.j2", http_status=status, title="Unreadable", text=str(error), name=name
        )

    @app.exception_handler(Exception)
    async def broken(request: Request, error: Exception) -> Response:
        """A defect of ours: said on this page, and in full where the viewer was started."""
        text = f"This page could not be made: {type(error).__name__}: {error}"
        return site.render("problem.html.j2", http_status=500, title="A defect", text=text, name="")

    @app.exception_handler(HTTPException)
    async def missing(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException), "it is registered for these only"
        return site.render(
            "problem.html.j2",
            http_status=error.status_code,
            title="Not found" if error.status_code == 404 else "Refused",
            text=str(error.detail),
            name="",
        )


# --------------------------------------------------------------------------- files


def _add_static(app: FastAPI) -> None:
    contents = {name: (_HERE / "static" / name).read_bytes() for name in _STATIC}
    contents["look.css"] = stylesheet().encode()
    kinds = _STATIC | {"look.css": "text/css"}

    @app.get("/static/{file}")
    def static(file: str) -> Response:
        if file not in contents:
            raise missing("file")
        return Response(
            contents[file], media_type=kinds[file], headers={"cache-control": "no-cache"}
        )


# ---------------------------------------------------------------------------- list


def _add_list(app: FastAPI, site: Site) -> None:
    @app.get("/")
    def runs(
        request: Request, sort: str = "started", order: str = "down", part: bool = False
    ) -> Response:
        key, down = _SORT_KEYS.get(sort, "started"), order != "up"
        listing = site.catalogue.listing()
        context = {
            "listing": listing,
            "entries": ordered(listing.entries, key, descending=down),
            "sort": key,
            "order": "down" if down else "up",
        }
        if not part:
            return site.render("runs.html.j2", **context)
        tag = _etag(listing, key, down, site.door.form_token)
        return _unless_known(request, tag, lambda: site.render("run_rows.html.j2", **context))


def _unless_known(request: Request, tag: str, render: Callable[[], Response]) -> Response:
    """A part of a page, unless the browser has it in this state."""
    headers = {"etag": tag, "cache-control": "no-cache, private"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    answer = render()
    answer.headers.update(headers)
    return answer


def _etag(*seen: object) -> str:
    return f'"{hashlib.sha256(repr(seen).encode()).hexdigest()[:32]}"'


# ----------------------------------------------------------------------------- run


def _add_run(app: FastAPI, site: Site) -> None:
    @app.get("/runs/{name}")
    def run(name: str) -> Response:
        opened = opened_run(site, name)
        calls = site.library.calls(opened.run.folder)
        return site.render("run.html.j2", **run_page(opened, calls))

    @app.get("/runs/{name}/part")
    def part(name: str, request: Request) -> Response:
        opened = opened_run(site, name)
        context = run_page(opened, site.library.calls(opened.run.folder))
        tag = _tag(opened, context, site.door)
        return _unless_known(request, tag, lambda: site.render("run_body.html.j2", **context))

    @app.get("/runs/{name}/video")
    def video(name: str) -> Response:
        return film_response(regular_file(opened_run(site, name).run.folder, WINNER_FILM))

    @app.get("/runs/{name}/calls/{number}")
    def call(name: str, number: int) -> Response:
        calls = site.library.calls(opened_run(site, name).run.folder).calls
        if not 0 <= number < len(calls):
            raise missing("call")
        return site.render("call.html.j2", name=name, call=calls[number])

    @app.get("/runs/{name}/report")
    def report(name: str) -> Response:
        path = regular_file(opened_run(site, name).run.folder, REPORT)
        if path is None:
            raise missing("report")
        headers = {"content-security-policy": _REPORT_POLICY}
        return FileResponse(path, media_type="text/html", headers=headers)


def _tag(opened: Opened, context: dict[str, Any], door: Door) -> str:
    """Changes whenever the page would; never the same for another start of the viewer."""
    folder = opened.run.folder
    files = (FEEDBACK_FILE, PREFERENCES_FILE, LABELS_FILE, CALLS_FILE, REPORT)
    stamps = [file_stamp(folder / file) for file in files]
    return _etag(opened.stamp, stamps, context["status"], context["bars"], door.form_token)
