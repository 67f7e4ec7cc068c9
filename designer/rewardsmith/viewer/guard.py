"""What stands before every page: who may ask, from where, and what a browser may do with an answer.

A page on another site can make a browser send requests to this machine. So a request has to name
a known host (no DNS rebinding), a form has to come from our own page and carry the token of this
start, and an answer may load nothing from elsewhere and run no inline script. Limits: another
program of the same user can read the runs anyway; plain HTTP hides nothing on a network.
"""

import hmac
import ipaddress
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from rewardsmith.store.edits import MAX_PROGRAM, MAX_WHY

# The longest text that a page takes is a program with its reason, and a browser writes a character
# in up to four bytes, each as `%FF`. The rest is for the other fields and their names.
MAX_FORM_BYTES: Final = 12 * (MAX_PROGRAM + MAX_WHY) + 4096
TOO_LONG: Final = (
    f"That is too long: a form has at most {MAX_FORM_BYTES:,} bytes, which holds a program of "
    f"{MAX_PROGRAM:,} characters. Shorten it and send it again."
)
_ENCODED_PATHS: Final = (b"%2f", b"%5c", b"%00", b"%2e%2e")
_FORM: Final = "application/x-www-form-urlencoded"

HEADERS: Final[Mapping[str, str]] = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "media-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",  # under no-referrer browsers send our forms as `Origin: null`
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}
"""On every answer that does not set its own."""


def new_token() -> str:
    """A secret that nobody can guess."""
    return secrets.token_urlsafe(24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Who is let in."""

    hosts: frozenset[str] = frozenset({"localhost", "127.0.0.1", "::1"})
    """Host names that requests may be addressed to."""
    with_addresses: bool = False
    """Whether any literal IP address will do as well: a rebinding needs a name."""
    form_token: str = field(default_factory=new_token)
    """Has to come with every form."""
    visitor_token: str | None = None
    """Has to come with every request, once in the address and then as a cookie; None: with none."""

    def knows(self, host: str) -> bool:
        """Whether requests may be addressed to `host`, as in a Host header."""
        try:
            name = urlsplit(f"//{host}").hostname or ""
        except ValueError:
            return False
        if any(c in host for c in "/?#@\\ "):
            return False
        return name in self.hosts or (self.with_addresses and _is_address(name))


class Guard:
    """Refuses what `Door` does not let in, before any page sees it."""

    def __init__(self, app: ASGIApp, door: Door) -> None:
        self._app, self._door = app, door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        if scope["type"] != "http":
            return
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers) or self._at_the_door(scope, headers)
        await (refusal or self._app)(scope, receive, _with_headers(send))

    def _refusal(self, scope: Scope, headers: Headers) -> Response | None:
        hosts = headers.getlist("host")
        raw = scope.get("raw_path", b"").lower()
        if len(hosts) != 1 or not self._door.knows(hosts[0]):
            return _no(400, "This viewer does not answer to that host name.")
        if any(encoded in raw for encoded in _ENCODED_PATHS):
            return _no(404, "There is no such page.")
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return _no(405, "Only GET, HEAD and POST are answered.")
        if _is_foreign(scope["method"], headers, hosts[0]):
            return _no(403, "Only the viewer's own pages may ask for this.")
        return _bad_form(headers) if scope["method"] == "POST" else None

    def _at_the_door(self, scope: Scope, headers: Headers) -> Response | None:
        wanted = self._door.visitor_token
        if wanted is None:
            return None
        name = f"rewardsmith-{(scope.get('server') or ('', 0))[1]}"
        if is_same(_cookie(headers, name), wanted):
            return None
        asked = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "POST" or not is_same(asked, wanted):
            return _no(401, "Open the address that `rewardsmith view` printed: it has the token.")
        answer = RedirectResponse(scope["path"], status_code=303)
        answer.set_cookie(name, wanted, httponly=True, samesite="strict")
        return answer


def is_same(given: str, wanted: str) -> bool:
    """Compare two secrets in a time that tells nothing."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), wanted.encode())


def _is_foreign(method: str, headers: Headers, host: str) -> bool:
    """Whether a page of another site sends this; programs that are no browsers say nothing."""
    site = headers.get("sec-fetch-site", "same-origin")
    origin = headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != host:
        return True
    if method == "POST":
        return site != "same-origin"
    followed = headers.get("sec-fetch-mode") == "navigate" and (
        headers.get("sec-fetch-dest") == "document"
    )
    return site not in ("same-origin", "none") and not followed


def _bad_form(headers: Headers) -> Response | None:
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        return _no(415, "Only forms are taken.")
    length = headers.get("content-length", "")
    if not length.isdigit():
        return _no(411, "A form has to say its length.")
    return _no(413, TOO_LONG) if int(length) > MAX_FORM_BYTES else None


def _cookie(headers: Headers, name: str) -> str:
    try:
        cookies = SimpleCookie(headers.get("cookie", ""))
    except CookieError:
        return ""
    return cookies[name].value if name in cookies else ""


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return sending


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _no(status: int, text: str) -> Response:
    return PlainTextResponse(text + "\n", status_code=status)
