"""Carries out an ordered fault around a call, in the same way for both platforms."""

from __future__ import annotations

import socket
import time
from typing import TYPE_CHECKING

from flask import Response, request

if TYPE_CHECKING:
    from simulator.faults import Fault

PAGE = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body>stgw</body></html>"


def instead_of_answer(fault: Fault | None) -> Response | None:
    """The faulty answer to give without doing any work, or None to go on."""
    if fault is None:
        return None
    if fault.kind in {"delay", "timeout"}:
        time.sleep(fault.seconds)
    if fault.kind == "timeout":
        return Response(status=504)
    if fault.kind == "html":
        return Response(PAGE, status=200, content_type="text/html")
    if fault.kind == "http":
        return Response(PAGE, status=fault.status, content_type="text/html")
    return None


def cut_if_ordered(fault: Fault | None, answer: Response) -> Response:
    """Close the connection after the work was done, so that the caller cannot know whether it was."""
    if fault is None or fault.kind != "reset":
        return answer
    connection = request.environ.get("werkzeug.socket")
    if connection is None:  # no socket under Flask's test client
        raise ConnectionResetError
    connection.shutdown(socket.SHUT_RDWR)
    return answer
