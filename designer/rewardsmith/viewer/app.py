"""The viewer's addresses: each finds its run, makes a page and answers.

It reads run folders and adds remarks to them; nothing else is written. `Guard` stands before it.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, get_args
from urllib.parse import parse_qs

from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from markupsafe import Markup
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp

from rewardsmith import __version__
from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId, ComponentStats
from rewardsmith.report.charts import share_bar
from rewardsmith.report.templating import page_environment, stylesheet
from rewardsmith.store.calls import CALLS_FILE
from rewardsmith.store.layout import FEEDBACK_FILE
from rewardsmith.store.remarks import append_remark
from rewardsmith.viewer.catalogue import Catalogue, SortKey, ordered
from rewardsmith.viewer.close_up import close_up, video_of
from rewardsmith.viewer.guard import MAX_FORM_BYTES, Door, Guard, is_same
from rewardsmith.viewer.library import Library, Opened, file_stamp, regular_file
from rewardsmith.viewer.pages import (
    REPORT,
    candidate_page,
    candidate_url,
    code_part,
    rollout_part,
    run_page,
    run_url,
)

_HERE: Final = Path(str(files("rewardsmith.viewer")))
_STATIC: Final = {
    "htmx.min.js": "text/javascript",
    "viewer.js": "text/javascript",
    "viewer.css": "text/css",
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
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)


@dataclass(slots=True)
class Site:
    """What the addresses share."""

    library: Library
    catalogue: Catalogue
    door: Door
    render: Callable[..., HTMLResponse]


def create_app(runs_dir: Path, door: Door | None = None) -> ASGIApp:
    """The viewer of the runs below `runs_dir`, behind its guard."""
    door = door or Door()
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, telemetry=_NO_TELEMETRY)
    runs_dir = runs_dir.resolve()
    site = Site(
        library=Library(runs_dir),
        catalogue=Catalogue(runs_dir),
        door=door,
        render=_renderer(runs_dir, door),
    )
    _add_errors(app, site)
    _add_static(app)
    _add_list(app, site)
    _add_run(app, site)
    _add_candidate(app, site)
    _add_remarks(app, site)
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
        return site.render("problem.html.j2", title="Unreadable", text=str(error), name=name)

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


def _missing(what: str) -> HTTPException:
    return HTTPException(404, f"There is no such {what}.")


def _opened(site: Site, name: str) -> Opened:
    folder = site.library.folder(name)
    if folder is None:
        raise _missing("run")
    return site.library.open(folder)


def _candidate(opened: Opened, iteration: int, number: int) -> CandidateId:
    candidate = CandidateId(iteration, number)
    if candidate not in opened.index.events_of:
        raise _missing("candidate")
    return candidate


# --------------------------------------------------------------------------- files


def _add_static(app: FastAPI) -> None:
    contents = {name: (_HERE / "static" / name).read_bytes() for name in _STATIC}
    contents["look.css"] = stylesheet().encode()
    kinds = _STATIC | {"look.css": "text/css"}

    @app.get("/static/{file}")
    def static(file: str) -> Response:
        if file not in contents:
            raise _missing("file")
        return Response(
            contents[file], media_type=kinds[file], headers={"cache-control": "no-cache"}
        )


def _film(path: Path | None) -> Response:
    if path is None:
        raise _missing("video")
    return FileResponse(path, media_type="video/mp4")


# ---------------------------------------------------------------------------- list


def _add_list(app: FastAPI, site: Site) -> None:
    @app.get("/")
    def runs(sort: str = "started", order: str = "down", part: bool = False) -> Response:
        key, down = _SORT_KEYS.get(sort, "started"), order != "up"
        listing = site.catalogue.listing()
        return site.render(
            "run_rows.html.j2" if part else "runs.html.j2",
            listing=listing,
            entries=ordered(listing.entries, key, descending=down),
            sort=key,
            order="down" if down else "up",
        )


# ----------------------------------------------------------------------------- run


def _add_run(app: FastAPI, site: Site) -> None:
    @app.get("/runs/{name}")
    def run(name: str) -> Response:
        opened = _opened(site, name)
        calls = site.library.calls(opened.run.folder)
        return site.render("run.html.j2", **run_page(opened, calls))

    @app.get("/runs/{name}/part")
    def part(name: str, request: Request) -> Response:
        opened = _opened(site, name)
        context = run_page(opened, site.library.calls(opened.run.folder))
        tag = _tag(opened, context, site.door)
        headers = {"etag": tag, "cache-control": "no-cache, private"}
        if request.headers.get("if-none-match") == tag:
            return Response(status_code=304, headers=headers)
        answer = site.render("run_body.html.j2", **context)
        answer.headers.update(headers)
        return answer

    @app.get("/runs/{name}/video")
    def video(name: str) -> Response:
        return _film(regular_file(_opened(site, name).run.folder, "rollout.mp4"))

    @app.get("/runs/{name}/report")
    def report(name: str) -> Response:
        path = regular_file(_opened(site, name).run.folder, REPORT)
        if path is None:
            raise _missing("report")
        headers = {"content-security-policy": _REPORT_POLICY}
        return FileResponse(path, media_type="text/html", headers=headers)


def _tag(opened: Opened, context: dict[str, Any], door: Door) -> str:
    """Changes whenever the page would; never the same for another start of the viewer."""
    folder = opened.run.folder
    stamps = [file_stamp(folder / file) for file in (FEEDBACK_FILE, CALLS_FILE, REPORT)]
    seen = (opened.stamp, stamps, context["status"], context["bars"], door.form_token)
    return f'"{hashlib.sha256(repr(seen).encode()).hexdigest()[:32]}"'


# ----------------------------------------------------------------------- candidate


def _add_candidate(app: FastAPI, site: Site) -> None:
    base = "/runs/{name}/candidates/{iteration}/{number}"

    @app.get(base)
    def candidate(name: str, iteration: int, number: int, request: Request) -> Response:
        opened = _opened(site, name)
        id_ = _candidate(opened, iteration, number)
        calls = site.library.calls(opened.run.folder)
        context = candidate_page(opened, calls, id_, dict(request.query_params))
        return site.render("candidate.html.j2", **context)

    @app.get(base + "/code")
    def code(name: str, iteration: int, number: int, request: Request) -> Response:
        opened = _opened(site, name)
        close = close_up(opened, _candidate(opened, iteration, number))
        context = code_part(opened, close, dict(request.query_params))
        url = candidate_url(name, close.candidate.id)
        return site.render("code.html.j2", close=close, url=url, **context)

    @app.get(base + "/rollout")
    def rollout(name: str, iteration: int, number: int, request: Request) -> Response:
        opened = _opened(site, name)
        close = close_up(opened, _candidate(opened, iteration, number))
        context = rollout_part(opened, close, dict(request.query_params))
        url = candidate_url(name, close.candidate.id)
        return site.render("rollout.html.j2", close=close, url=url, **context)

    @app.get(base + "/video")
    def video(name: str, iteration: int, number: int) -> Response:
        opened = _opened(site, name)
        return _film(video_of(opened, _candidate(opened, iteration, number)))


# ------------------------------------------------------------------------- remarks


def _add_remarks(app: FastAPI, site: Site) -> None:
    @app.post("/runs/{name}/remarks")
    async def remark(name: str, request: Request) -> Response:
        form = await _form(request)
        if not is_same(form.get("token", ""), site.door.form_token):
            raise HTTPException(403, "This form is from another start of the viewer. Reload it.")
        return await run_in_threadpool(_remark, site, name, form)


def _remark(site: Site, name: str, form: dict[str, str]) -> Response:
    opened = _opened(site, name)
    candidate, back = None, run_url(name)
    if form.get("candidate"):
        candidate = next(
            (row.id for row in opened.index.rows if str(row.id) == form["candidate"]), None
        )
        if candidate is None:
            raise _missing("candidate")
        back = candidate_url(name, candidate)
    try:
        append_remark(opened.run.folder, form.get("text", ""), candidate=candidate)
    except StoreError as error:
        raise HTTPException(422, str(error)) from error
    return RedirectResponse(f"{back}#remarks", status_code=303)


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; read by hand, so that no parser of uploads is needed."""
    blob = bytearray()
    async for chunk in request.stream():
        blob += chunk
        if len(blob) > MAX_FORM_BYTES:
            raise HTTPException(413, "That is too long.")
    fields = parse_qs(blob.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=16)
    return {field: values[0] for field, values in fields.items()}
