"""What every response carries, and what an error looks like from outside: a short line, never a trace.

WeChat shows whatever a hook answers to the person who wrote, so under ``/hooks/`` an error has no body.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import Response, render_template, request
from werkzeug.exceptions import HTTPException, MethodNotAllowed

from store.engine.transactions import StoreUnavailable

if TYPE_CHECKING:
    from flask import Flask

log = structlog.get_logger()

CSP = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # Whoever has a signed link may use it, so it must not travel to another site as a referrer.
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": CSP,
    "Cross-Origin-Resource-Policy": "same-origin",
}
RETRY_SECONDS = 5
PLAIN = "text/plain; charset=utf-8"


def secure(app: Flask) -> None:
    """Headers and error answers for the whole app. Call before the blueprints are registered."""
    # Else ``//hooks/wechat`` is redirected, and a redirect is not an answer to any platform.
    app.url_map.merge_slashes = False
    app.after_request(_headers)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(StoreUnavailable, _unavailable)
    app.register_error_handler(Exception, _failed)


def page(template: str, status: int = 200, **values: object) -> Response:
    """A rendered page that nobody may cache, because what it shows belongs to one person."""
    response = Response(render_template(template, **values), status=status, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response


def _headers(response: Response) -> Response:
    for name, value in SECURITY.items():
        response.headers.setdefault(name, value)
    if request.path.startswith("/hooks/") and response.mimetype == "text/html":
        # Flask's default type for an empty answer; WeChat must not take an answer for a page.
        response.content_type = PLAIN
    return response


def _plain(status: int) -> Response:
    body = "" if request.path.startswith("/hooks/") else render_template("error.txt", status=status)
    response = Response(body, status=status, content_type=PLAIN)
    response.headers["Cache-Control"] = "no-store"
    return response


def _http_error(error: HTTPException) -> Response:
    answer = _plain(error.code or 500)
    if isinstance(error, MethodNotAllowed) and error.valid_methods:
        answer.headers["Allow"] = ", ".join(sorted(error.valid_methods))
    return answer


def _unavailable(_error: StoreUnavailable) -> Response:
    log.warning("page_unavailable", endpoint=request.endpoint)
    answer = _plain(503)
    answer.headers["Retry-After"] = str(RETRY_SECONDS)
    return answer


def _failed(error: Exception) -> Response:
    log.error("page_failed", endpoint=request.endpoint, error=type(error).__name__)
    return _plain(500)
