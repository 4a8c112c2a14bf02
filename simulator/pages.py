"""The phones page and its live feed (server-sent events; plain polling where those fail)."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from flask import Blueprint, Response, jsonify, render_template, request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from simulator.network import Network

HEARTBEAT = 10.0
"""Seconds between signs of life. It is also how soon the server notices that a page was closed."""


def blueprint(net: Network) -> Blueprint:
    routes = Blueprint("pages", __name__)
    routes.add_url_rule("/", "phones", partial(_page, net))
    routes.add_url_rule("/sim/stream", "stream", partial(_stream, net))
    routes.add_url_rule("/sim/changes", "changes", partial(_changes, net))
    return routes


def _page(net: Network) -> str:
    return render_template("phones.html", account=net.settings.wechat_name, numbers=net.settings.sms_numbers)


def _stream(net: Network) -> Response:
    since = request.headers.get("Last-Event-ID") or request.args.get("since", "0")
    answer = Response(_events(net, _number(since)), content_type="text/event-stream; charset=utf-8")
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _events(net: Network, since: int) -> Iterator[str]:
    while True:
        revision, changes = net.phones.changes(since, wait=HEARTBEAT)
        changes = [{"type": "reset"}] if changes is None else changes
        yield _event(revision, changes) if changes else ": still here\n\n"
        since = revision


def _event(revision: int, changes: list[dict[str, Any]]) -> str:
    return f"id: {revision}\ndata: {json.dumps(changes, ensure_ascii=False)}\n\n"


def _changes(net: Network) -> Response:
    revision, changes = net.phones.changes(_number(request.args.get("since", "0")))
    return jsonify(revision=revision, changes=[{"type": "reset"}] if changes is None else changes)


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
