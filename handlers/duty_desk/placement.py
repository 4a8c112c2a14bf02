"""Which units an inquiry may be given to, and what the router learns from where it went.

Asked by everything that gives an order to a unit by a person's word: the desk's dispatch, a transfer, an approved
return, a call for help. The machine's own choice is made by ``bot/routing/triage.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.classifier.states import DecisionSource
from bot.inquiry.states import AssignmentRole
from handlers.notices.privacy import accused, may_read
from store import decisions, directory, inquiries

if TYPE_CHECKING:
    from handlers.inquiry.acting_officer import ActingOfficer, Outcome
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord


def is_desk(tx: Tx, unit_id: int | None) -> bool:
    """Whether this is the duty desk's own unit."""
    duty = directory.duty_unit(tx)
    return duty is not None and duty.id == unit_id


def receiving_unit(
    acting: ActingOfficer, inquiry: InquiryRecord, unit: UnitRecord, *, now_at: int
) -> UnitRecord | Outcome:
    """The unit that gets the order when ``unit`` is named, or why it cannot. ``now_at``: the unit that has it."""
    found = directory.standing(acting.tx, unit)
    if found is None:
        return acting.refuse("staff.unit_gone", unit=unit.name)
    if found.id == now_at:
        return acting.refuse("staff.same_unit", unit=found.name)
    if is_desk(acting.tx, found.id):
        return found
    if not directory.officers_of(acting.tx, found.id):
        return acting.refuse("staff.no_officers", unit=found.name)
    if not may_read(acting.officer, inquiry, keeper=acting.deps.secrets_officer):
        return acting.refuse("staff.secret", number=inquiry.number)
    if accused(inquiry, found):
        return acting.refuse("staff.accused_unit", number=inquiry.number, unit=found.name)
    return found


def kind_of_word(tx: Tx, inquiry: InquiryRecord, unit: UnitRecord) -> DecisionSource:
    """What it means that a person gives the inquiry to ``unit``: a correction if another unit had it before."""
    had = {row.unit_id for row in inquiries.assignments_of(tx, inquiry.id) if row.role == AssignmentRole.LEAD}
    corrected = any(not is_desk(tx, unit_id) for unit_id in had - {unit.id})
    return DecisionSource.CORRECTION if corrected else DecisionSource.DESK


def learn(acting: ActingOfficer, inquiry: InquiryRecord, unit: UnitRecord, *, category: str = "") -> None:
    """Store a person's word on which unit an inquiry belongs to. That it came back to the desk teaches nothing.

    To be called after it was handed over, since somebody else may have been first.
    """
    if not is_desk(acting.tx, unit.id):
        decisions.record(
            acting.tx,
            inquiry,
            unit.id,
            source=kind_of_word(acting.tx, inquiry, unit),
            now=acting.now,
            officer_id=acting.officer.id,
            category=category,
        )


def learn_answered(acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord) -> None:
    """Store that the unit the machine chose (or a community that unit handed it to) has answered, so that the
    choice was right.

    What a person decided is left as it is.
    """
    chosen = (inquiry.routing or {}).get("chosen")
    if not chosen or chosen not in {order.unit_code, order.parent_code}:
        return
    unit = directory.unit_by_code(acting.tx, chosen)
    if unit is None or is_desk(acting.tx, unit.id) or decisions.of_inquiry(acting.tx, inquiry.id) is not None:
        return
    decisions.record(acting.tx, inquiry, unit.id, source=DecisionSource.ANSWERED, now=acting.now)
