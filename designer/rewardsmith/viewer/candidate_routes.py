"""The addresses of one candidate: its page, its films, edits, and remarks on it or its run."""

from dataclasses import dataclass

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from rewardsmith.errors import StoreError, UsageError
from rewardsmith.messages import CandidateId
from rewardsmith.viewer.close_up import CloseUp, Rollouts, close_up, rollouts_of
from rewardsmith.viewer.editing import send_edit
from rewardsmith.viewer.films import film_of, scenes_of
from rewardsmith.viewer.library import Opened
from rewardsmith.viewer.pages import (
    candidate_page,
    candidate_url,
    code_part,
    rollout_part,
    run_url,
    seen_close_up,
)
from rewardsmith.viewer.remarking import send_remark
from rewardsmith.viewer.site import (
    Site,
    film_response,
    known_candidate,
    missing,
    opened_run,
    sent_form,
)


def add_candidate(app: FastAPI, site: Site) -> None:
    """Its page and the parts that are exchanged in place."""
    base = "/runs/{name}/candidates/{iteration}/{number}"

    @app.get(base)
    def candidate(name: str, iteration: int, number: int, request: Request) -> Response:
        opened = opened_run(site, name)
        id_ = known_candidate(opened, iteration, number)
        calls = site.library.calls(opened.run.folder)
        context = candidate_page(opened, calls, id_, dict(request.query_params), site.studio)
        return site.render("candidate.html.j2", **context)

    @app.get(base + "/code")
    def code(name: str, iteration: int, number: int, request: Request) -> Response:
        opened = opened_run(site, name)
        close = close_up(opened, known_candidate(opened, iteration, number))
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
    opened = opened_run(site, name)
    close = seen_close_up(opened, known_candidate(opened, iteration, number))
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


def add_films(app: FastAPI, site: Site) -> None:
    """Films of its recorded episodes, and orders for them."""
    base = "/runs/{name}/candidates/{iteration}/{number}/films"

    @app.get(base + "/{episode}")
    def film(name: str, iteration: int, number: int, episode: int) -> Response:
        seen = _seen(site, name, iteration, number)
        if not 0 <= episode < len(seen.rollouts.trajectories):
            raise missing("episode")
        return film_response(film_of(seen.opened, seen.id, seen.rollouts, episode))

    @app.post(base)
    async def order(name: str, iteration: int, number: int, request: Request) -> Response:
        form = await sent_form(site, request)
        is_part = request.headers.get("hx-request") == "true"
        seen = await run_in_threadpool(_seen, site, name, iteration, number)
        return await run_in_threadpool(_order, site, seen, form, is_part=is_part)


def _order(site: Site, seen: _Seen, form: dict[str, str], *, is_part: bool) -> Response:
    """Have the shown episode filmed, or the best, the median and the worst."""
    context = rollout_part(seen.opened, seen.close, seen.rollouts, form, site.studio)
    if not seen.rollouts.episodes:
        raise missing("episode")
    others = sorted(context["labels"]) if form.get("which") == "three" else []
    wanted = dict.fromkeys([context["episode"], *others])  # what is looked at comes first
    site.studio.ask(scenes_of(seen.opened, seen.id, seen.rollouts, list(wanted)))
    if is_part:
        return _rollout(site, seen, form)
    query = f"?episode={context['episode']}&step={context['step']}#rollout"
    url = candidate_url(seen.opened.run.folder.name, seen.id)
    return RedirectResponse(url + query, status_code=303)


# ------------------------------------------------------------------------- remarks


def add_remarks(app: FastAPI, site: Site) -> None:
    """What people say."""

    @app.post("/runs/{name}/remarks")
    async def remark(name: str, request: Request) -> Response:
        form = await sent_form(site, request)
        return await run_in_threadpool(_remark, site, name, form)


def _remark(site: Site, name: str, form: dict[str, str]) -> Response:
    opened = opened_run(site, name)
    about = _concerned(opened, form.get("candidate", ""))
    try:
        span = send_remark(opened.run, about, form)
    except (StoreError, UsageError) as error:
        raise HTTPException(422, str(error)) from error
    back = candidate_url(name, about) if about else run_url(name)
    if span is not None:
        back += f"?episode={span.episode}&step={span.first_step}&last={span.last_step}"
    return RedirectResponse(f"{back}#remarks", status_code=303)


def _concerned(opened: Opened, written: str) -> CandidateId | None:
    found = next((row.id for row in opened.index.rows if str(row.id) == written), None)
    if written and found is None:
        raise missing("candidate")
    return found


def add_editing(app: FastAPI, site: Site) -> None:
    """Programs that people make of its own."""

    @app.post("/runs/{name}/candidates/{iteration}/{number}/edit")
    async def edit(name: str, iteration: int, number: int, request: Request) -> Response:
        form = await sent_form(site, request)
        return await run_in_threadpool(_edit, site, name, CandidateId(iteration, number), form)


def _edit(site: Site, name: str, id_: CandidateId, form: dict[str, str]) -> Response:
    opened = opened_run(site, name)
    candidate = close_up(opened, known_candidate(opened, *id_)).candidate
    url, refused = candidate_url(name, id_), send_edit(opened, candidate, form)
    if refused is None:
        return RedirectResponse(f"{url}#edit", status_code=303)
    context = {"name": name, "url": url, "edit": refused, "candidate_url": candidate_url}
    return site.render("edit.html.j2", http_status=422, **context)
