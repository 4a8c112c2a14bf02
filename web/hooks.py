"""Webhooks: ``/hooks/<account>``. Turns Flask's request into ours and our answer into Flask's, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from flask import Blueprint, Response, request
from werkzeug.exceptions import HTTPException

from adapters.kit.base import WebhookRequest, WebhookResponse
from adapters.kit.network import is_within
from handlers.inbound.receive import receive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic import IPvAnyNetwork

    from handlers.services.deps import Deps

MAX_BODY = 128 * 1024
"""The greatest size of a body. 200,000 nested tags in 1.4 MB took 0.75 s and 134 MB to parse (measured 2026-11).
A text of 20,000 characters, encrypted, takes 80 kB.
"""

log = structlog.get_logger()


def make_hooks(deps: Deps, public_url: str, proxies: Sequence[IPvAnyNetwork] = ()) -> Blueprint:
    """The blueprint for every configured account. ``proxies``: whose X-Forwarded-For is believed."""
    hooks = Blueprint("hooks", __name__)

    @hooks.route("/hooks/<account>", methods=["GET", "POST"])
    @hooks.route("/hooks/<account>/status", methods=["POST"])
    def hook(account: str) -> Response:
        if account not in deps.channels:
            return Response(status=404)
        # A body that announces its size is refused before a byte of it is read.
        if (request.content_length or 0) > MAX_BODY:
            return Response(status=413)
        try:
            # One ``read(n)`` of a chunked body returns only its first chunk, so it is read until the end.
            body = request.get_data(cache=False)
        except HTTPException as error:  # too long, or the connection broke
            return Response(status=error.code)
        if len(body) >= MAX_BODY:  # werkzeug stops reading at the limit without an error
            return Response(status=413)
        # A body that was cut short on the way. Its signature would fail and look like a forgery.
        if request.content_length not in {None, len(body)}:
            return Response(status=400)
        return _flask(_answer(deps, account, _request(public_url, body, _remote(proxies))))

    return hooks


def _remote(proxies: Sequence[IPvAnyNetwork]) -> str:
    """Who called: the other end of the connection or, as long as that is a proxy of ours, whom the proxy names.

    The list is read from its end, since anybody can send one with a beginning of his choice.
    """
    said = [hop.strip() for line in request.headers.getlist("X-Forwarded-For") for hop in line.split(",")]
    address = request.remote_addr or ""
    while said and is_within(address, proxies):
        address = said.pop()
    return address


def _request(public_url: str, body: bytes, remote: str) -> WebhookRequest:
    """The request as the platform signed it: our configured address, the raw path and query."""
    # Undecoded: the signature covers the address as it was sent, with its percent signs.
    query = request.query_string.decode("latin-1")
    # Twilio signs the address it calls. What Flask saw behind a proxy (http, an inner host) would not match, and
    # a Host header can be forged.
    url = f"{public_url}{request.path}" + (f"?{query}" if query else "")
    return WebhookRequest(
        method=request.method,
        url=url,
        query=request.args.to_dict(),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        remote=remote,
    )


def _answer(deps: Deps, account: str, webhook: WebhookRequest) -> WebhookResponse:
    try:
        return receive(deps, account, webhook)
    except Exception as error:  # noqa: BLE001  nothing was stored: the platform is to try again
        log.error("webhook_failed", channel=account, error=type(error).__name__)  # noqa: TRY400  a trace may hold content
        deps.metrics.count("webhook_failed", channel=account)
        return WebhookResponse(500)


def _flask(response: WebhookResponse) -> Response:
    return Response(response.body, status=response.status, content_type=response.content_type)
