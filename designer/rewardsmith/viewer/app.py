"""The viewer's addresses: each finds its run, makes a page and answers.

It reads run folders and adds what people say and change; nothing else is written. `Guard` stands
before it.
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
from rewardsmith.errors import StoreError, UsageError
from rewardsmith.messages import CandidateId, ComponentStats
from rewardsmith.report.charts import share_bar
from rewardsmith.report.templating import page_environment, stylesheet
from rewardsmith.store.calls import CALLS_FILE
from rewardsmith.store.comparisons import PREFERENCES_FILE
from rewardsmith.store.films import WINNER_FILM
from rewardsmith.store.labels import LABELS_FILE
from rewardsmith.store.layout import FEEDBACK_FILE
from rewardsmith.viewer.catalogue import Catalogue, SortKey, ordered
from rewardsmith.viewer.close_up import CloseUp, Rollouts, close_up, rollouts_of
from rewardsmith.viewer.editing import send_edit
from rewardsmith.viewer.films import film_of, scenes_of
from rewardsmith.viewer.guard import MAX_FORM_BYTES, Door, Guard, is_same
from rewardsmith.viewer.labelling import label_film, label_page, take_label
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
from rewardsmith.viewer.ranking import pair_film, ranking_page, take_answer
from rewardsmith.viewer.remarking import send_remark
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
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
)


@dataclass(slots=True)
class Site:
    """What the addresses share."""

    library: Library
    catalogue: Catalogue
    door: Door
    studio: Studio
    render: Callable[..., HTMLResponse]


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
    _add_candidate(app, site)
    _add_films(app, site)
    _add_remarks(app, site)
    _add_editing(app, site)
    _add_ranking(app, site)
    _add_labels(app, site)
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
        opened = _opened(site, name)
        calls = site.library.calls(opened.run.folder)
        return site.render("run.html.j2", **run_page(opened, calls))

    @app.get("/runs/{name}/part")
    def part(name: str, request: Request) -> Response:
        opened = _opened(site, name)
        context = run_page(opened, site.library.calls(opened.run.folder))
        tag = _tag(opened, context, site.door)
        return _unless_known(request, tag, lambda: site.render("run_body.html.j2", **context))

    @app.get("/runs/{name}/video")
    def video(name: str) -> Response:
        return _film(regular_file(_opened(site, name).run.folder, WINNER_FILM))

    @app.get("/runs/{name}/calls/{number}")
    def call(name: str, number: int) -> Response:
        calls = site.library.calls(_opened(site, name).run.folder).calls
        if not 0 <= number < len(calls):
            raise _missing("call")
        return site.render("call.html.j2", name=name, call=calls[number])

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
    files = (FEEDBACK_FILE, PREFERENCES_FILE, LABELS_FILE, CALLS_FILE, REPORT)
    stamps = [file_stamp(folder / file) for file in files]
    return _etag(opened.stamp, stamps, context["status"], context["bars"], door.form_token)


# ----------------------------------------------------------------------- candidate


def _add_candidate(app: FastAPI, site: Site) -> None:
    base = "/runs/{name}/candidates/{iteration}/{number}"

    @app.get(base)
    def candidate(name: str, iteration: int, number: int, request: Request) -> Response:
        opened = _opened(site, name)
        id_ = _candidate(opened, iteration, number)
        calls = site.library.calls(opened.run.folder)
        context = candidate_page(opened, calls, id_, dict(request.query_params), site.studio)
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
        seen = _seen(site, name, iteration, number)
        return _rollout(site, seen, dict(request.query_params))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """A candidate whose recorded episodes are looked at."""

    opened: Opened
    close: CloseUp
    rollouts: Rollouts

    @property
    def id(self) -> CandidateId:
        return self.close.candidate.id


def _seen(site: Site, name: str, iteration: int, number: int) -> _Seen:
    opened = _opened(site, name)
    close = close_up(opened, _candidate(opened, iteration, number))
    return _Seen(opened=opened, close=close, rollouts=rollouts_of(opened, close))


def _rollout(site: Site, seen: _Seen, query: dict[str, str]) -> Response:
    context = rollout_part(seen.opened, seen.close, seen.rollouts, query, site.studio)
    film = context["film"]
    if "wait" in query and film is not None and film.state == "waiting":
        return Response(status_code=204)  # who waits for a film keeps what is shown
    url = candidate_url(seen.opened.run.folder.name, seen.id)
    return site.render(
        "rollout.html.j2", close=seen.close, name=seen.opened.run.folder.name, url=url, **context
    )


# --------------------------------------------------------------------------- films


def _add_films(app: FastAPI, site: Site) -> None:
    base = "/runs/{name}/candidates/{iteration}/{number}/films"

    @app.get(base + "/{episode}")
    def film(name: str, iteration: int, number: int, episode: int) -> Response:
        seen = _seen(site, name, iteration, number)
        if not 0 <= episode < len(seen.rollouts.trajectories):
            raise _missing("episode")
        return _film(film_of(seen.opened, seen.id, seen.rollouts, episode))

    @app.post(base)
    async def order(name: str, iteration: int, number: int, request: Request) -> Response:
        form = await _sent(site, request)
        is_part = request.headers.get("hx-request") == "true"
        seen = await run_in_threadpool(_seen, site, name, iteration, number)
        return await run_in_threadpool(_order, site, seen, form, is_part=is_part)


def _order(site: Site, seen: _Seen, form: dict[str, str], *, is_part: bool) -> Response:
    """Have the shown episode filmed, or the best, the median and the worst."""
    context = rollout_part(seen.opened, seen.close, seen.rollouts, form, site.studio)
    if not seen.rollouts.episodes:
        raise _missing("episode")
    others = sorted(context["labels"]) if form.get("which") == "three" else []
    wanted = dict.fromkeys([context["episode"], *others])  # what is looked at comes first
    site.studio.ask(scenes_of(seen.opened, seen.id, seen.rollouts, list(wanted)))
    if is_part:
        return _rollout(site, seen, form)
    query = f"?episode={context['episode']}&step={context['step']}#rollout"
    url = candidate_url(seen.opened.run.folder.name, seen.id)
    return RedirectResponse(url + query, status_code=303)


# ------------------------------------------------------------------------- ranking


def _add_ranking(app: FastAPI, site: Site) -> None:
    base = "/runs/{name}/rank"

    @app.get(base)
    def rank(name: str) -> Response:
        return site.render("ranking.html.j2", **ranking_page(_opened(site, name), site.studio))

    @app.get(base + "/pair")
    def pair(name: str) -> Response:
        context = ranking_page(_opened(site, name), site.studio)
        if context.get("is_filming"):
            return Response(status_code=204)  # who waits for films keeps what is shown
        return site.render("pair.html.j2", **context)

    @app.get(base + "/films/{iteration}/{number}/{seed}")
    def film(name: str, iteration: int, number: int, seed: int) -> Response:
        return _film(pair_film(_opened(site, name), CandidateId(iteration, number), seed))

    @app.post(base)
    async def answer(name: str, request: Request) -> Response:
        form = await _sent(site, request)
        return await run_in_threadpool(_answer, site, name, form)


def _answer(site: Site, name: str, form: dict[str, str]) -> Response:
    opened = _opened(site, name)
    try:
        take_answer(opened, form)
    except StoreError as error:
        raise HTTPException(422, str(error)) from error
    return RedirectResponse(f"{run_url(name)}/rank", status_code=303)


# -------------------------------------------------------------------------- labels


def _add_labels(app: FastAPI, site: Site) -> None:
    base = "/runs/{name}/label"

    @app.get(base)
    def label(name: str) -> Response:
        return site.render("label.html.j2", **label_page(_opened(site, name), site.studio))

    @app.get(base + "/part")
    def part(name: str) -> Response:
        context = label_page(_opened(site, name), site.studio)
        if context.get("is_filming") or not context["sides"]:
            return Response(status_code=204)  # who waits for a film keeps what is shown
        return site.render("pair.html.j2", **context)

    @app.get(base + "/films/{number}")
    def film(name: str, number: int) -> Response:
        return _film(label_film(_opened(site, name), number))

    @app.post(base)
    async def say(name: str, request: Request) -> Response:
        form = await _sent(site, request)
        return await run_in_threadpool(_label, site, name, form)


def _label(site: Site, name: str, form: dict[str, str]) -> Response:
    opened = _opened(site, name)
    try:
        take_label(opened, form)
    except StoreError as error:
        raise HTTPException(422, str(error)) from error
    return RedirectResponse(f"{run_url(name)}/label", status_code=303)


# ------------------------------------------------------------------------- remarks


def _add_remarks(app: FastAPI, site: Site) -> None:
    @app.post("/runs/{name}/remarks")
    async def remark(name: str, request: Request) -> Response:
        form = await _sent(site, request)
        return await run_in_threadpool(_remark, site, name, form)


def _remark(site: Site, name: str, form: dict[str, str]) -> Response:
    opened = _opened(site, name)
    about = _concerned(opened, form.get("candidate", ""))
    try:
        send_remark(opened.run, about, form)
    except (StoreError, UsageError) as error:
        raise HTTPException(422, str(error)) from error
    back = candidate_url(name, about) if about else run_url(name)
    return RedirectResponse(f"{back}#remarks", status_code=303)


def _concerned(opened: Opened, written: str) -> CandidateId | None:
    found = next((row.id for row in opened.index.rows if str(row.id) == written), None)
    if written and found is None:
        raise _missing("candidate")
    return found


def _add_editing(app: FastAPI, site: Site) -> None:
    @app.post("/runs/{name}/candidates/{iteration}/{number}/edit")
    async def edit(name: str, iteration: int, number: int, request: Request) -> Response:
        form = await _sent(site, request)
        return await run_in_threadpool(_edit, site, name, CandidateId(iteration, number), form)


def _edit(site: Site, name: str, id_: CandidateId, form: dict[str, str]) -> Response:
    opened = _opened(site, name)
    candidate = close_up(opened, _candidate(opened, *id_)).candidate
    url, refused = candidate_url(name, id_), send_edit(opened, candidate, form)
    if refused is None:
        return RedirectResponse(f"{url}#edit", status_code=303)
    context = {"name": name, "url": url, "edit": refused, "candidate_url": candidate_url}
    return site.render("edit.html.j2", http_status=422, **context)


async def _sent(site: Site, request: Request) -> dict[str, str]:
    """The fields of a form of ours."""
    form = await _form(request)
    if not is_same(form.get("token", ""), site.door.form_token):
        raise HTTPException(403, "This form is from another start of the viewer. Reload it.")
    return form


async def _form(request: Request) -> dict[str, str]:
    """The fields of a form; read by hand, so that no parser of uploads is needed."""
    blob = bytearray()
    async for chunk in request.stream():
        blob += chunk
        if len(blob) > MAX_FORM_BYTES:
            raise HTTPException(413, "That is too long.")
    fields = parse_qs(blob.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=16)
    return {field: values[0] for field, values in fields.items()}
