"""Who is looking at an order's page, and what the page shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.inquiry.directions import Direction
from bot.inquiry.states import AssignmentRole
from handlers.duty_desk import moves
from handlers.duty_desk.merge import JOINED
from handlers.inquiry import acting_officer
from handlers.inquiry.acting_officer import DECIDERS
from handlers.inquiry.answers import ANSWERS, LONGEST_ANSWER, given
from handlers.inquiry.hand_over import unit_time
from handlers.notices.phrases import ASIDE, grounds, say_time
from handlers.notices.privacy import SECRET, may_read, text_for
from handlers.officer import contact_details, corrections, orders
from store import directory, inquiries, outbox
from web.kit.values import due_of, state_of, steps_of
from web.officer.linked import linked_view
from web.officer.request_forms import requests_view

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.delivery import MediaRecord
    from store.records.inquiries import InquiryRecord, MessageRecord
    from store.records.joined import OrderRecord
    from web.officer.visit import Visit


def view(deps: Deps, tx: Tx, visit: Visit) -> dict[str, Any]:
    """Everything the page shows. No address of the citizen is read."""
    inquiry, order = visit.inquiry, _open_order(visit)
    acting = acting_officer.ActingOfficer(tx, deps, visit.officer, deps.clock.now())
    readable = may_read(visit.officer, inquiry, keeper=deps.secrets_officer)
    until = contact_details.opened_until(tx, inquiry, visit.officer, acting.now) if order is not None else None
    return (
        {
            "number": inquiry.number,
            "state": state_of(inquiry),
            "urgent": inquiry.urgent,
            "officer": visit.officer,
            "received": say_time(inquiry.received_at),
            "due": due_of(deps.calendar(), inquiry, acting.now),
            "parts": _parts(acting, inquiry, opened=until is not None),
            "answers": _answers(tx, inquiry.id),
            "readable": readable,
            "delivery": _delivery(tx, inquiry.id),
            "steps": steps_of(tx, inquiry.id, names=True),
        }
        | _ordered(tx, visit)
        | _to_do(acting, inquiry, order)
        | _routed(visit, readable=readable)
        | requests_view(acting, inquiry, order)
        | _answered(tx, visit)
        | _contact(acting, inquiry, order, until)
        | linked_view(acting, inquiry, order)
        | (_at_desk(acting, inquiry) if order is not None and readable else {"at_desk": False})
    )


def _open_order(visit: Visit) -> OrderRecord | None:
    """The order, while the officer may do something about it."""
    order = visit.order
    is_open = order is not None and order.state in inquiries.OPEN_ASSIGNMENT and not visit.only_decides
    return order if is_open else None


def _ordered(tx: Tx, visit: Visit) -> dict[str, Any]:
    order = visit.order
    return {"order": order, "signed_by": inquiries.officer_name(tx, order.signed_by) if order is not None else ""}


def _to_do(acting: acting_officer.ActingOfficer, inquiry: InquiryRecord, order: OrderRecord | None) -> dict[str, Any]:
    """Of an open order: the unit's own time, and whom it may be handed on to."""
    leads = order is not None and order.role == AssignmentRole.LEAD
    return {
        "is_open": order is not None,
        "unit_due": unit_time(inquiry, order.due_at) if order is not None else "",
        "choices": orders.transfer_choices(acting, order) if order is not None and leads else [],
    }


def _routed(visit: Visit, *, readable: bool) -> dict[str, Any]:
    """Why the order came to its unit, and the places the text names, for who may read the text."""
    inquiry, order = visit.inquiry, visit.order
    if not readable:
        return {"grounds": {}, "places": []}
    leads = order is not None and order.role == AssignmentRole.LEAD
    return {
        "grounds": grounds(inquiry, order.unit_code) if order is not None and leads else {},
        "places": (inquiry.routing or {}).get("places", []),
    }


def _answered(tx: Tx, visit: Visit) -> dict[str, Any]:
    """What may be done with an answer that was given: the text that holds, for correcting it."""
    order, may = visit.order, corrections.Allowed()
    if order is not None and not visit.only_decides:
        may = corrections.allowed(tx, visit.inquiry, order)
    now_is = given(tx, visit.inquiry.id) if may.correct else None
    return {
        "may_correct": now_is is not None,
        "may_retract": may.retract,
        "holds": now_is.text if now_is else "",
        "longest_answer": LONGEST_ANSWER,
        "longest_retraction": corrections.LONGEST_REASON,
    }


def _contact(
    acting: acting_officer.ActingOfficer, inquiry: InquiryRecord, order: OrderRecord | None, until: datetime | None
) -> dict[str, Any]:
    """Whom to call, while that is open to this officer; else whether it may be asked for."""
    may_ask = order is not None and order.role == AssignmentRole.LEAD and not contact_details.is_confidential(inquiry)
    return {
        "may_contact": may_ask and until is None,
        "contact_until": say_time(until) if until is not None else "",
        "phones": contact_details.phones(acting.tx, inquiry) if until is not None else [],
        "seen_at": say_time(acting.now),
    }


def _at_desk(acting: acting_officer.ActingOfficer, inquiry: InquiryRecord) -> dict[str, Any]:
    """What the router proposes, while the order lies at the desk and this officer may send it on."""
    lead, duty_unit = inquiries.open_lead(acting.tx, inquiry.id), directory.duty_unit(acting.tx)
    at_desk = lead is not None and duty_unit is not None and lead.unit_id == duty_unit.id
    if not at_desk or acting.officer.role not in DECIDERS or SECRET in (inquiry.flags or []):
        return {"at_desk": False}
    return {
        "at_desk": True,
        "picks": moves.suggestions(acting.tx, acting.deps, inquiry),
        "measured": (inquiry.routing or {}).get("source", "keywords") != "keywords",
    }


def _parts(acting: acting_officer.ActingOfficer, inquiry: InquiryRecord, *, opened: bool) -> list[dict[str, Any]]:
    """What the citizen sent, and what those whose inquiries were merged into this one sent, in order, in the form
    this officer may read.
    """
    media: dict[int, list[MediaRecord]] = {}
    for row in inquiries.media_of(acting.tx, inquiry.id):
        media.setdefault(row.message_id, []).append(row)
    said = [m for m in inquiries.messages_of(acting.tx, inquiry.id) if m.direction == Direction.IN or m.kind == JOINED]
    return [_part(acting, inquiry, m, media.get(m.id, []), opened=opened) for m in said]


def _part(
    acting: acting_officer.ActingOfficer,
    inquiry: InquiryRecord,
    message: MessageRecord,
    media: list[MediaRecord],
    *,
    opened: bool,
) -> dict[str, Any]:
    """One message as shown. ``masked``: the text is not as it was written, so that the page says where to ask."""
    keeper = acting.deps.secrets_officer
    text = text_for(acting.officer, inquiry, message.text, keeper=keeper, opened=opened)
    seen = may_read(acting.officer, inquiry, keeper=keeper)
    return {
        "text": text,
        "masked": text != message.text,
        "kind": message.kind,
        "at": say_time(message.created_at),
        "media": media if seen else [],
        "latitude": message.latitude if seen else None,
        "longitude": message.longitude,
    }


def _answers(tx: Tx, inquiry_id: int) -> list[dict[str, str]]:
    return [
        {
            "text": m.text,
            "at": say_time(m.created_at),
            "who": inquiries.officer_name(tx, m.officer_id),
            "aside": ASIDE[m.kind] if m.direction == Direction.ASIDE else "",
        }
        for m in inquiries.messages_of(tx, inquiry_id)
        if m.officer_id and m.direction in {Direction.OUT, Direction.ASIDE}
    ]


def _delivery(tx: Tx, inquiry_id: int) -> str:
    """How far the last answer got: an answer nobody received must not look done."""
    states = [row.state for row in outbox.of_inquiry(tx, inquiry_id) if row.key in ANSWERS]
    return states[-1] if states else ""
