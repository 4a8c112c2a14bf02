"""联系: the officer in charge of an order may see whom to call, for a reason and for a day.

Each time is an event with the reason, which the citizen sees in the progress. The page then shows the words as
written and the bound phone, with the officer's name on it. Never for a report (举报), a secret, or an accusation
of an official; never for a unit called in.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiry.kinds import InquiryKind
from bot.inquiry.states import AssignmentRole
from handlers.inquiry.acting_officer import Outcome, refusing, too_late
from handlers.notices.phrases import about, say_time
from store import inquiries, people

if TYPE_CHECKING:
    from datetime import datetime

    from handlers.inquiry.acting_officer import ActingOfficer
    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

LASTS = timedelta(hours=24)
SHORTEST_REASON, LONGEST_REASON = 4, 200
OPENED = "contact_opened"
CONFIDENTIAL = frozenset({"secret", "accusation"})


@refusing
def ask(acting: ActingOfficer, order: OrderRecord, reason: str) -> Outcome:
    """Open the contact to this officer alone."""
    reason = " ".join(reason.split())
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    if order.role == AssignmentRole.ASSIST:
        return acting.refuse("staff.lead_only", number=order.number)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        return acting.refuse("staff.bad_contact")
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    if is_confidential(inquiry):
        return acting.refuse("staff.confidential", number=inquiry.number)
    acting.log(inquiry.id, OPENED, unit=order.unit_name, reason=reason)
    acting.deps.metrics.count("contact_opened")
    return Outcome(
        done=True,
        key="staff.contact_opened",
        params=about(inquiry)
        | {"until": say_time(acting.now + LASTS), "url": acting.deps.signer.staff_url(inquiry.id, acting.officer.id)},
    )


def is_confidential(inquiry: InquiryRecord) -> bool:
    """Whether nobody of a unit may learn who wrote."""
    return inquiry.kind == InquiryKind.REPORT or not CONFIDENTIAL.isdisjoint(inquiry.flags or [])


def opened_until(tx: Tx, inquiry: InquiryRecord, officer: OfficerRecord, now: datetime) -> datetime | None:
    """Until when this officer may see whom to call; None when that is not open now."""
    if is_confidential(inquiry):
        return None
    asked = [e.at for e in inquiries.events_of(tx, inquiry.id) if e.name == OPENED and e.actor_id == officer.id]
    until = asked[-1] + LASTS if asked else None
    return until if until is not None and until > now else None


def phones(tx: Tx, inquiry: InquiryRecord) -> list[str]:
    """The citizen's phone numbers. They must not be logged."""
    rows = people.of_contact(tx, inquiry.contact_id)
    return [people.open_address(tx, row).value for row in rows if row.scheme == "sms"]
