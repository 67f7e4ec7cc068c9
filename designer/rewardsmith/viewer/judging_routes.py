"""The addresses at which people judge: pairs to rank, and rollouts to call good or bad."""

from collections.abc import Callable, Mapping

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException

from rewardsmith.errors import StoreError
from rewardsmith.messages import CandidateId
from rewardsmith.viewer.labelling import label_film, label_page, take_label
from rewardsmith.viewer.library import Opened
from rewardsmith.viewer.pages import run_url
from rewardsmith.viewer.ranking import pair_film, ranking_page, take_answer
from rewardsmith.viewer.site import Site, film_response, opened_run, sent_form


def add_ranking(app: FastAPI, site: Site) -> None:
    """Pairs of rollouts of a run, one at a time."""
    base = "/runs/{name}/rank"

    @app.get(base)
    def rank(name: str) -> Response:
        return site.render("ranking.html.j2", **ranking_page(opened_run(site, name), site.studio))

    @app.get(base + "/pair")
    def pair(name: str) -> Response:
        context = ranking_page(opened_run(site, name), site.studio)
        if context.get("is_filming"):
            return Response(status_code=204)  # who waits for films keeps what is shown
        return site.render("pair.html.j2", **context)

    @app.get(base + "/films/{iteration}/{number}/{seed}")
    def film(name: str, iteration: int, number: int, seed: int) -> Response:
        return film_response(
            pair_film(opened_run(site, name), CandidateId(iteration, number), seed)
        )

    @app.post(base)
    async def answer(name: str, request: Request) -> Response:
        return await _taken(site, name, request, take_answer, "rank")


def add_labels(app: FastAPI, site: Site) -> None:
    """Rollouts of a run that a fitness is drafted for, one at a time."""
    base = "/runs/{name}/label"

    @app.get(base)
    def label(name: str) -> Response:
        return site.render("label.html.j2", **label_page(opened_run(site, name), site.studio))

    @app.get(base + "/part")
    def part(name: str) -> Response:
        context = label_page(opened_run(site, name), site.studio)
        if context.get("is_filming") or not context["sides"]:
            return Response(status_code=204)  # who waits for a film keeps what is shown
        return site.render("pair.html.j2", **context)

    @app.get(base + "/films/{number}")
    def film(name: str, number: int) -> Response:
        return film_response(label_film(opened_run(site, name), number))

    @app.post(base)
    async def say(name: str, request: Request) -> Response:
        return await _taken(site, name, request, take_label, "label")


async def _taken(
    site: Site,
    name: str,
    request: Request,
    take: Callable[[Opened, Mapping[str, str]], None],
    page: str,
) -> Response:
    """Take in what a form says; then the page shows what is asked next."""
    form = await sent_form(site, request)

    def taking() -> None:
        take(opened_run(site, name), form)

    try:
        await run_in_threadpool(taking)
    except StoreError as error:
        raise HTTPException(422, str(error)) from error
    return RedirectResponse(f"{run_url(name)}/{page}", status_code=303)
