"""Requests nobody has decided yet, when the order they were made for is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.inquiry.states import RequestEvent
from handlers.inquiry.transitions import Author, move_request
from store import requests

if TYPE_CHECKING:
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord


def drop_requests(tx: Tx, inquiry: InquiryRecord, by: Author) -> None:
    """The order is over: nothing is left to decide."""
    for request in requests.pending(tx, inquiry.id):
        move_request(tx, request, RequestEvent.EXPIRE, decided_at=by.now, note="dropped")
        by.log(tx, inquiry.id, "request_dropped", kind=request.kind, request=request.id)
