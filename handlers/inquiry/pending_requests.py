"""Requests that nobody has decided when the order they were made for ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.inquiry.states import RequestEvent
from handlers.inquiry.transitions import Author, move_request
from store import requests

if TYPE_CHECKING:
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord


def drop_requests(tx: Tx, inquiry: InquiryRecord, by: Author) -> None:
    """Drop the open requests of an order that is over."""
    for request in requests.pending(tx, inquiry.id):
        move_request(tx, request, RequestEvent.EXPIRE, decided_at=by.now, note="dropped")
        by.log(tx, inquiry.id, "request_dropped", kind=request.kind, request=request.id)
