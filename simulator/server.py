"""The application and its server: one process, its state in memory, one thread per open call."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from simulator import control, pages, twilio_api, wechat_api
from simulator.network import Network

if TYPE_CHECKING:
    from collections.abc import Iterator

    from werkzeug.serving import BaseWSGIServer

    from simulator.settings import Settings


class QuietHandler(WSGIRequestHandler):
    """A request handler that writes no line for each request, since addresses would stand in it."""

    protocol_version = "HTTP/1.1"

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Write nothing."""


def create_app(settings: Settings) -> Flask:
    """The application. Its network is at ``app.extensions["network"]``."""
    app = Flask(__name__)
    net = Network(settings)
    app.extensions["network"] = net
    for module in (wechat_api, twilio_api, control, pages):
        app.register_blueprint(module.blueprint(net))
    return app


def server_of(settings: Settings) -> BaseWSGIServer:
    """A server that is bound and listens; the caller runs ``serve_forever`` and ``shutdown``.

    It is werkzeug's own: there must be one process (the state is in memory), it must stop at once, and it must
    hand out the socket that the ``reset`` fault cuts.
    """
    app = create_app(settings)
    server = make_server(settings.host, settings.port, app, threaded=True, request_handler=QuietHandler)
    server.daemon_threads = True  # type: ignore[attr-defined]
    return server


@contextmanager
def running(settings: Settings) -> Iterator[Network]:
    """A served simulator inside a test's own process."""
    server = server_of(settings)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.app.extensions["network"]  # type: ignore[attr-defined]
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
