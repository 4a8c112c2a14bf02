"""What an order's page shows of inquiries linked as one matter, and the button that takes one out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.inquiry.states import AssignmentRole
from handlers.notices.phrases import shorten
from handlers.notices.privacy import text_for
from store import decisions, inquiries, linked_inquiries

if TYPE_CHECKING:
    from handlers.inquiry.acting_officer import ActingOfficer
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

SHOWN = 30
LENGTH = 80


def linked_view(acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord | None) -> dict[str, Any]:
    """The newest of those linked to this inquiry and how many there are, or which one this is linked to.
    ``order``: an open one.
    """
    if order is None or order.role != AssignmentRole.LEAD:
        return {"linked": [], "linked_count": 0, "linked_to": ""}
    rows = [row for row in linked_inquiries.open_orders(acting.tx, inquiry.id) if row.unit_id == order.unit_id]
    shown = rows[::-1][:SHOWN]
    said = decisions.texts(acting.tx, [row.inquiry_id for row in shown]) if shown else {}
    head = inquiries.find(acting.tx, inquiry.linked_to_id) if inquiry.linked_to_id is not None else None
    return {
        "linked": [{"order": row.id, "number": row.number, "text": _text(acting, row, said)} for row in shown],
        "linked_count": len(rows),
        "linked_to": head.number if head is not None else "",
    }


def _text(acting: ActingOfficer, order: OrderRecord, said: dict[int, str]) -> str:
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    text = text_for(acting.officer, inquiry, said.get(order.inquiry_id, ""), keeper=acting.deps.secrets_officer)
    return shorten(text, LENGTH) or str(order.summary)
