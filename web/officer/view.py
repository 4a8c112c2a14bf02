"""Who stands before an order's page, and what the page shows them."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.directory.units import Role
from bot.inquiry.directions import Direction
from bot.inquiry.states import AssignmentRole, AssignmentState, LoggedActor
from handlers.duty_desk import moves
from handlers.duty_desk.merge import JOINED
from handlers.inquiry import acting_officer
from handlers.inquiry.acting_officer import DECIDERS
from handlers.inquiry.answers import ANSWERS, LONGEST_ANSWER, given
from handlers.inquiry.hand_over import unit_time
from handlers.notices.phrases import ASIDE, grounds, say_time
from handlers.notices.privacy import SECRET, may_read, text_for
from handlers.officer import contact_details, corrections, orders
from store import directory, inquiries, outbox, requests
from store.engine.transactions import StoreUnavailable
from web.kit.values import due_of, state_of, steps_of
from web.officer.linked import linked_view
from web.officer.request_forms import may_decide, requests_view

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.delivery import MediaRecord
    from store.records.directory import StaffRecord
    from store.records.inquiries import InquiryRecord, MessageRecord
    from store.records.joined import OrderRecord


@dataclass(frozen=True, slots=True)
class Visit:
    """An officer in charge. ``order`` is None while nobody was given the inquiry yet.

    ``only_decides``: here for a request, or to read what nobody else may; the order is another unit's.
    """

    inquiry: InquiryRecord
    officer: StaffRecord
    order: OrderRecord | None
    only_decides: bool = False


@dataclass(frozen=True, slots=True)
class Gone:
    """Not in charge. ``by``, ``at`` and ``how`` when it was the officer's unit's and was handed on."""

    by: str = ""
    at: str = ""
    how: str = ""
    mine: bool = False


def find_visit(tx: Tx, link: tuple[int, int], *, order_id: int | None = None, keeper: str = "") -> Visit | Gone:
    """Whether the officer of the link may see the inquiry now; the current order, or that of ``order_id``.

    ``keeper``: ``deps.secrets_officer``, who reads what is secret, whatever the unit.
    """
    inquiry_id, officer_id = link
    officer, inquiry = directory.officer(tx, officer_id), inquiries.find(tx, inquiry_id)
    if officer is None or inquiry is None:
        return Gone()
    rows = inquiries.assignments_of(tx, inquiry_id)
    leads = [row for row in rows if row.role == AssignmentRole.LEAD]
    units = acting_officer.units_in_charge(tx, officer)
    own = rows if units is None else [row for row in rows if row.unit_id in units]
    if order_id is not None:
        # The order the form was made for: if it is over, the officer is told who was first.
        picked = next((row for row in own if row.id == order_id), None)
        return Visit(inquiry, officer, picked) if picked is not None else _deciding(tx, inquiry, officer, leads)
    current = leads[-1] if leads else None
    if units is None or (current is not None and current.unit_id in units):
        return Visit(inquiry, officer, current)
    helping = [row for row in own if row.role == AssignmentRole.ASSIST]
    if helping and helping[-1].state != AssignmentState.CANCELLED:
        return Visit(inquiry, officer, helping[-1])
    if SECRET in (inquiry.flags or []) and may_read(officer, inquiry, keeper=keeper):
        return Visit(inquiry, officer, current, only_decides=True)
    found = _deciding(tx, inquiry, officer, leads)
    return (
        found
        if isinstance(found, Visit)
        else _handed_on(tx, officer, [row for row in own if row.role == AssignmentRole.LEAD])
    )


def _deciding(tx: Tx, inquiry: InquiryRecord, officer: StaffRecord, leads: Sequence[OrderRecord]) -> Visit | Gone:
    """A leader sees what is, or was, his to decide."""
    rows = requests.of_inquiry(tx, inquiry.id) if officer.role == Role.LEADER else []
    theirs = any(may_decide(officer, inquiry, row) or row.decided_by == officer.id for row in rows)
    return Visit(inquiry, officer, leads[-1], only_decides=True) if theirs and leads else Gone()


def _handed_on(tx: Tx, officer: StaffRecord, own: Sequence[OrderRecord]) -> Gone:
    last = own[-1] if own else None
    if last is None or last.ended_at is None:
        return Gone()
    how = "transferred" if last.reason == "transfer" else "returned"
    return Gone(
        inquiries.officer_name(tx, last.ended_by), say_time(last.ended_at), how, mine=last.ended_by == officer.id
    )


def parting(gone: Gone) -> dict[str, Any]:
    """What the page of somebody not in charge shows."""
    return {"by": gone.by, "at": gone.at, "how": gone.how, "mine": gone.mine}


def view(deps: Deps, tx: Tx, visit: Visit) -> dict[str, Any]:
    """Everything the page shows. No address of the citizen is read."""
    inquiry, order = visit.inquiry, visit.order
    acting = acting_officer.ActingOfficer(tx, deps, visit.officer, deps.clock.now())
    is_open = order is not None and order.state in inquiries.OPEN_ASSIGNMENT and not visit.only_decides
    asked = requests_view(acting, inquiry, order if is_open else None)
    readable = may_read(visit.officer, inquiry, keeper=deps.secrets_officer)
    until = contact_details.opened_until(tx, inquiry, visit.officer, acting.now) if is_open else None
    return (
        {
            "number": inquiry.number,
            "state": state_of(inquiry),
            "urgent": inquiry.urgent,
            "officer": visit.officer,
            "received": say_time(inquiry.received_at),
            "due": due_of(deps.calendar(), inquiry, acting.now),
            "unit_due": unit_time(inquiry, order.due_at) if is_open and order is not None else "",
            "order": order,
            "is_open": is_open,
            "signed_by": inquiries.officer_name(tx, order.signed_by) if order else "",
            "grounds": grounds(inquiry, order.unit_code)
            if order is not None and order.role == AssignmentRole.LEAD and readable
            else {},
            "parts": _parts(acting, inquiry, opened=until is not None),
            "answers": _answers(tx, inquiry.id),
            "readable": readable,
            "delivery": _delivery(tx, inquiry.id),
            "places": (inquiry.routing or {}).get("places", []) if readable else [],
            "steps": steps_of(tx, inquiry.id, names=True),
            "choices": orders.transfer_choices(acting, order)
            if is_open and order is not None and order.role == AssignmentRole.LEAD
            else [],
        }
        | asked
        | _answered(tx, visit)
        | _contact(acting, inquiry, order if is_open else None, until)
        | linked_view(acting, inquiry, order if is_open else None)
        | (_at_desk(acting, inquiry) if is_open and order is not None and readable else {"at_desk": False})
    )


def _answered(tx: Tx, visit: Visit) -> dict[str, Any]:
    """What may be done about an answer given: the text that holds, to be put right."""
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
    """Whom to call, while that is open for this officer; else whether it may be asked for."""
    may_ask = order is not None and order.role == AssignmentRole.LEAD and not contact_details.is_confidential(inquiry)
    return {
        "may_contact": may_ask and until is None,
        "contact_until": say_time(until) if until is not None else "",
        "phones": contact_details.phones(acting.tx, inquiry) if until is not None else [],
        "seen_at": say_time(acting.now),
    }


def _at_desk(acting: acting_officer.ActingOfficer, inquiry: InquiryRecord) -> dict[str, Any]:
    """What the router proposes, while the order lies with the desk and this officer may send it on."""
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
    """What the citizen sent, and those whose inquiries were merged into this, in order, as this officer may read it."""
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
    """``masked``: the text is not as it was written, so the page says where to ask."""
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


def note_view(deps: Deps, visit: Visit) -> None:
    """Who looked at an inquiry is on record, once an officer: leaks are traced by it."""
    inquiry_id, officer_id = visit.inquiry.id, visit.officer.id

    def seen(tx: Tx) -> bool:
        return any(e.name == "viewed" and e.actor_id == officer_id for e in inquiries.events_of(tx, inquiry_id))

    def work(tx: Tx) -> None:
        if not seen(tx):
            inquiries.log(tx, inquiry_id, "viewed", deps.clock.now(), actor=LoggedActor.OFFICER, actor_id=officer_id)

    with suppress(StoreUnavailable):
        if not deps.store.read(seen):
            deps.store.write(work, budget=1.0)
