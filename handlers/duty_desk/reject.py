"""不受理: an inquiry is not accepted, with a reason from the list and the right place to turn to; and the
citizen's one objection to it (Y).

An objection is decided within a working day by a second officer. If that one does not accept the inquiry either,
it is final.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from bot.directory.units import Role
from bot.inquiry.directions import Direction
from bot.inquiry.rejection import NEVER_REJECTED, SAME_MATTER, Reason, reason_of, text_missing
from bot.inquiry.states import OPEN, Actor, Event, State
from handlers.duty_desk.merge import release
from handlers.duty_desk.rules import (
    OBJECTION,
    decided_before,
    end_orders,
    rejected_by,
    reopen_at_desk,
    somebody_was_first,
    stopped,
)
from handlers.inquiry.acting_officer import ActingOfficer, Outcome, refusing
from handlers.inquiry.transitions import Author, move
from handlers.notices import notify
from handlers.notices.phrases import about, say_time, shorten
from handlers.notices.privacy import text_for
from handlers.notices.recipients import stand_ins
from store import duty_desk as desk_store
from store import inquiries

if TYPE_CHECKING:
    from bot.conversation import acts
    from bot.conversation.state import ConversationState
    from handlers.services.deps import Deps, Turn
    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord, UnitRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

OBJECT_WITHIN = timedelta(days=15)
OBJECTIONS = 1
OBJECTION_DAYS = 1
"""The working days a second officer has."""
LONGEST_NOTE = 200
LISTED = 5


@refusing
def reject(acting: ActingOfficer, order: OrderRecord, code: str, note: str = "") -> Outcome:
    """Do not accept the inquiry, for the reason of ``code`` (a ``bot.inquiry.rejection.Reason``).

    ``note`` is told to the citizen.
    """
    if (refused := stopped(acting, order)) is not None:
        return refused
    inquiry, reason = inquiries.get(acting.tx, order.inquiry_id), reason_of(code)
    note = " ".join(note.split())[:LONGEST_NOTE]
    if reason is None:
        return acting.refuse("staff.bad_reject")
    if (refused := _unfit(acting, inquiry, reason, note)) is not None:
        return refused
    same = order.reason == OBJECTION and decided_before(acting, order)
    if not end_orders(acting, inquiry, order, how="rejected"):
        return somebody_was_first(acting, order)
    inquiry = move(
        acting.tx,
        inquiry,
        Event.REJECT,
        acting.office,
        name="rejected",
        reject_code=reason.value,
        closed_at=acting.now,
        fold_until=None,
        paused_at=None,
        next_state_at=None,
        data={"code": reason.value, "note": note, "same_officer": same},
    )
    release(acting.deps, acting.tx, inquiry, acting.now)
    final = inquiry.appeals >= OBJECTIONS
    notify.to_citizen(
        acting.tx,
        inquiry,
        key="rejected",
        once=f"rejected:{inquiry.id}:{inquiry.appeals}",
        now=acting.now,
        params=about(inquiry) | {"cause": reason.value, "note": note, "final": final},
    )
    return Outcome(done=True, key="staff.rejected", params=about(inquiry) | {"cause": reason.value, "final": final})


def _unfit(acting: ActingOfficer, inquiry: InquiryRecord, reason: Reason, note: str) -> Outcome | None:
    if endangered(acting.tx, inquiry):
        return acting.refuse("staff.never_rejected", number=inquiry.number)
    if text_missing(reason, note):
        return acting.refuse("staff.bad_reject_text", number=inquiry.number)
    same = _same_matter(acting.tx, inquiry, reason) if reason in SAME_MATTER else []
    if same:
        return acting.refuse("staff.merge_instead", number=inquiry.number, into=[row.number for row in same[:3]])
    return None


def endangered(tx: Tx, inquiry: InquiryRecord) -> bool:
    """Whether somebody may be in danger, by the inquiry's flags or by what was understood when it came in."""
    if not NEVER_REJECTED.isdisjoint(inquiry.flags or []):
        return True
    return any(event.name == "emergency" for event in inquiries.events_of(tx, inquiry.id))


def _same_matter(tx: Tx, inquiry: InquiryRecord, reason: Reason) -> list[InquiryRecord]:
    """The open inquiries it could be merged into: those it repeats or is linked to; for IN_PROGRESS the citizen's
    own.
    """
    ids = [row_id for row_id in (inquiry.repeat_of_id, inquiry.linked_to_id) if row_id is not None]
    rows = [row for row_id in ids if (row := inquiries.find(tx, row_id)) is not None]
    if reason is Reason.IN_PROGRESS:
        rows += inquiries.of_contact(tx, inquiry.contact_id, only_open=True)
    found = {row.id: row for row in rows if row.state in OPEN and row.id != inquiry.id}
    return list(found.values())


# -- the citizen's objection -----------------------------------------------------------------


def object_to(turn: Turn, state: ConversationState, act: acts.Objection, _event: Any) -> ConversationState:
    """Y: object, once and within 15 days. With several rejected inquiries the citizen is asked which; with none
    the help is shown.
    """
    rows = _rejected(turn, act.number)
    may = [row for row in rows if _problem(row, turn) == ""]
    if len(may) > 1:
        turn.reply("objection.which", rows=[{"number": r.number, "summary": r.summary} for r in may[:LISTED]])
    elif may:
        _object(turn, may[0])
    elif rows:
        turn.inquiry_id = rows[0].id
        turn.reply("objection.late" if _problem(rows[0], turn) == "late" else "objection.final", **about(rows[0]))
    elif (again := _under_way(turn, act.number)) is not None:
        turn.reply("objection.again", **about(again))
    else:
        turn.reply("help")
    return state


def _rejected(turn: Turn, number: str | None) -> list[InquiryRecord]:
    if turn.address.contact_id is None:
        return []
    own = inquiries.of_contact(turn.tx, turn.address.contact_id)
    return [row for row in inquiries.pick(own, number) if row.state == State.REJECTED]


def _problem(inquiry: InquiryRecord, turn: Turn) -> str:
    """Why no objection is possible any more: ``final`` or ``late``; ``""`` when it is possible."""
    if inquiry.appeals >= OBJECTIONS:
        return "final"
    closed = inquiry.closed_at or inquiry.received_at
    return "late" if turn.now - closed > OBJECT_WITHIN else ""


def _under_way(turn: Turn, number: str | None) -> InquiryRecord | None:
    """The objection that was made before and is not decided yet, as when Y is sent twice."""
    if turn.address.contact_id is None:
        return None
    own = inquiries.pick(inquiries.of_contact(turn.tx, turn.address.contact_id, only_open=True), number)
    for row in own:
        lead = inquiries.open_lead(turn.tx, row.id)
        if row.appeals and lead is not None and lead.reason == OBJECTION:
            return row
    return None


def _object(turn: Turn, inquiry: InquiryRecord) -> None:
    by = Author(Actor.CITIZEN, turn.address.contact_id, turn.now)
    inquiry = reopen_at_desk(
        turn.deps,
        turn.tx,
        inquiry,
        Event.APPEAL,
        by,
        name="objected",
        days=OBJECTION_DAYS,
        kind=OBJECTION,
        tell=False,
        appeals=1,
    )
    _tell_second(turn.deps, turn.tx, inquiry, by)
    turn.inquiry_id = inquiry.id
    turn.wakes.update(("outbox-urgent", "outbox"))
    lead = inquiries.open_lead(turn.tx, inquiry.id)
    until = say_time(lead.due_at if lead is not None else inquiry.due_at)
    turn.reply("objection", **about(inquiry), until=until)


def _tell_second(deps: Deps, tx: Tx, inquiry: InquiryRecord, by: Author) -> None:
    """Tell those who may decide, and who decided before: others of the desk, else the leaders, else the same
    officer.
    """
    lead = inquiries.open_lead(tx, inquiry.id)
    if lead is None:
        return
    before = rejected_by(tx, inquiry.id)
    said = [m.text for m in inquiries.messages_of(tx, inquiry.id) if m.direction == Direction.IN and m.text]
    for officer in stand_ins(tx, _seconds(tx, before), by.now):
        params = about(inquiry) | {
            "who": inquiries.officer_name(tx, before),
            "cause": inquiry.reject_code,
            "until": say_time(lead.due_at),
            "code": deps.signer.staff_code(lead.id, officer.id),
            "text": shorten(text_for(officer, inquiry, " / ".join(said), keeper=deps.secrets_officer), 120),
            # The page of an order opens to a leader only for his own unit's orders.
            "url": deps.signer.duty_url(officer.id)
            if officer.role == Role.LEADER
            else deps.signer.staff_url(inquiry.id, officer.id),
        }
        notify.to_officer(
            tx,
            officer.id,
            key="order.objection",
            once=f"order:{lead.id}:{officer.id}",
            params=params,
            now=by.now,
            inquiry_id=inquiry.id,
            urgent=bool(inquiry.urgent),
        )


def _seconds(tx: Tx, before: int | None) -> list[OfficerRecord]:
    rows = desk_store.deciders(tx)
    others = [row for row in rows if row.id != before]
    return [row for row in others if row.role == Role.DUTY] or others or list(rows)


def uphold(acting: ActingOfficer, order: OrderRecord, unit: UnitRecord) -> None:
    """The second officer accepted the inquiry after all: tell the citizen who works on it and until when. To be
    called after it was handed over.
    """
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    lead = inquiries.open_lead(acting.tx, inquiry.id)
    due = max(inquiry.due_at, lead.due_at) if lead is not None else inquiry.due_at
    inquiries.change(acting.tx, inquiry, due_at=due, reject_code="")
    acting.log(
        inquiry.id,
        "objection_upheld",
        unit=unit.name,
        was_due=inquiry.due_at.isoformat(),
        due=due.isoformat(),
        same_officer=decided_before(acting, order),
    )
    inquiry = inquiries.get(acting.tx, inquiry.id)
    notify.to_citizen(
        acting.tx,
        inquiry,
        key="accepted",
        once=f"accepted:{inquiry.id}:{order.id}",
        now=acting.now,
        params=about(inquiry) | {"unit": unit.name},
    )
