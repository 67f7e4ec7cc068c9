"""What all addresses share: where runs are found, how pages are made, whose forms count."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.exceptions import HTTPException

from rewardsmith.messages import CandidateId
from rewardsmith.viewer.catalogue import Catalogue
from rewardsmith.viewer.guard import MAX_FORM_BYTES, TOO_LONG, Door, is_same
from rewardsmith.viewer.library import Library, Opened
from rewardsmith.viewer.studio import Studio

MAX_FIELDS: Final = 16


@dataclass(slots=True)
class Site:
    """What the addresses share."""

    library: Library
    catalogue: Catalogue
    door: Door
    studio: Studio
    render: Callable[..., HTMLResponse]


def missing(what: str) -> HTTPException:
    """The answer where there is no such thing."""
    return HTTPException(404, f"There is no such {what}.")


def opened_run(site: Site, name: str) -> Opened:
    """The run called `name`.

    Raises:
        HTTPException: 404, there is none.
    """
    folder = site.library.folder(name)
    if folder is None:
        raise missing("run")
    return site.library.open(folder)


def known_candidate(opened: Opened, iteration: int, number: int) -> CandidateId:
    """A candidate of the run.

    Raises:
        HTTPException: 404, there is none.
    """
    candidate = CandidateId(iteration, number)
    if candidate not in opened.index.events_of:
        raise missing("candidate")
    return candidate


def film_response(path: Path | None) -> Response:
    """A film.

    Raises:
        HTTPException: 404, there is none.
    """
    if path is None:
        raise missing("video")
    return FileResponse(path, media_type="video/mp4")


async def sent_form(site: Site, request: Request) -> dict[str, str]:
    """The fields of a form of ours.

    Raises:
        HTTPException: 403, it is not from a page of this start; 413, it is too long; 422, it has
            too many fields.
    """
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
            raise HTTPException(413, TOO_LONG)
    return _fields(blob.decode("utf-8", "replace"))


def _fields(body: str) -> dict[str, str]:
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError as error:
        text = f"No form here has more than {MAX_FIELDS} fields. Reload the page and send it again."
        raise HTTPException(422, text) from error
    return {field: values[0] for field, values in fields.items()}
