"""One matter of many citizens, such as a power cut: their inquiries are linked, so that one answer reaches all
and officers are not flooded.

The first inquiry is the head. Each of the others keeps its number, its date and an order of its own; the unit's
officers are told of the head and then when there are 10, 50 and 200 alike. The answer to the head goes to
everybody. An officer can take out what was linked wrongly (分); it then stands by itself.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from bot.inquiry.states import OPEN, AssignmentEvent, AssignmentState, Event, State
from bot.routing.repeats import ComparedMatter, citizens_tell_one_matter, matter
from bot.routing.triage import BLOCKING
from handlers.inquiry.acting_officer import GONE, ActingOfficer, Outcome, refusing, too_late
from handlers.inquiry.answers import give
from handlers.inquiry.pause import stop_waiting
from handlers.inquiry.pending_requests import drop_requests
from handlers.inquiry.transitions import finished, move, move_order
from handlers.notices import notify
from handlers.notices.phrases import about
from store import decisions, inquiries, linked_inquiries

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord

WITHIN = timedelta(hours=24)
MOST = 150
"""How many inquiries one is compared with: the newest its unit was given."""
OTHERS = 2
"""How many other citizens must have told the same before it counts as one matter of many."""
MARKS = (10, 50, 200, 1000)
"""The numbers of inquiries alike at which the officers are told."""


class Recent:
    """What the units were given lately. For a batch each unit's inquiries are read once."""

    def __init__(self, deps: Deps, tx: Tx, now: datetime) -> None:
        self._deps, self._tx, self._now = deps, tx, now
        self._units: dict[int | None, list[ComparedMatter]] = {}

    def find_head(
        self,
        inquiry: InquiryRecord,
        unit_id: int | None,
        *,
        said: str,
        places: Sequence[str],
        flags: Collection[str] = (),
    ) -> InquiryRecord | None:
        """The head this inquiry belongs to; None when there is no burst. A flagged inquiry is never linked.

        ``unit_id`` None: the router was not sure. Then what many others tell may show which unit it belongs to.
        """
        if not BLOCKING.isdisjoint(flags):
            return None
        new = ComparedMatter(inquiry.id, inquiry.contact_id, matter(said, places))
        known = self._known(unit_id)
        like = [old for old in known if _alike(new, old)]
        known.append(self._deps.recent_matters.keep(new))
        if len({old.contact_id for old in like}) < OTHERS:
            return None
        return _head(self._tx, [old.inquiry_id for old in like], self._now)

    def _known(self, unit_id: int | None) -> list[ComparedMatter]:
        if unit_id not in self._units:
            self._units[unit_id] = _load(self._deps, self._tx, unit_id, self._now)
        return self._units[unit_id]


def _alike(new: ComparedMatter, old: ComparedMatter) -> bool:
    """The inquiries that tell the same. Cheap comparisons are made first, since most are about another place."""
    if new.matter.places.isdisjoint(old.matter.places) and (new.matter.places or old.matter.places):
        return False
    return (
        new.contact_id != old.contact_id
        and new.inquiry_id != old.inquiry_id
        and citizens_tell_one_matter(new.matter, old.matter)
    )


def _load(deps: Deps, tx: Tx, unit_id: int | None, now: datetime) -> list[ComparedMatter]:
    rows = [
        row
        for row in linked_inquiries.given_lately(tx, unit_id, since=now - WITHIN, most=MOST)
        if BLOCKING.isdisjoint(row.flags or [])
    ]
    found = {row.id: deps.recent_matters.get(row.id, row.contact_id) for row in rows}
    unknown = [row_id for row_id, told in found.items() if told is None]
    if unknown:
        texts, places = decisions.texts(tx, unknown), linked_inquiries.places_of(tx, unknown)
        contacts = {row.id: row.contact_id for row in rows}
        for row_id in unknown:
            read = matter(texts.get(row_id, ""), places.get(row_id, ()))
            found[row_id] = deps.recent_matters.keep(ComparedMatter(row_id, contacts[row_id], read))
    return [told for told in found.values() if told is not None]


def _head(tx: Tx, like: Sequence[int], now: datetime) -> InquiryRecord | None:
    """The head that most of these have, else the oldest of them. Those not linked yet are linked to it."""
    rows = linked_inquiries.open_among(tx, like)
    heads = [row.linked_to_id for row in rows if row.linked_to_id is not None]
    found = inquiries.find(tx, max(set(heads), key=heads.count)) if heads else None
    head = found if found is not None and found.state in OPEN else next(iter(rows), None)
    if head is None or inquiries.open_lead(tx, head.id) is None:
        return None
    for row in rows:
        if row.id != head.id and row.unit_id == head.unit_id and _is_alone(tx, row):
            _link(tx, row, head, now)
    return head


def _is_alone(tx: Tx, row: InquiryRecord) -> bool:
    return row.linked_to_id is None and not linked_inquiries.count_linked(tx, row.id)


def join(deps: Deps, tx: Tx, inquiry: InquiryRecord, head: InquiryRecord, now: datetime) -> None:
    """Link an inquiry that was just given to the head's unit. The officers are told when many have come together."""
    _link(tx, inquiry, head, now)
    count = linked_inquiries.count_linked(tx, head.id) + 1
    reached = [mark for mark in MARKS if count >= mark]
    if reached:
        notify.to_unit(
            deps,
            tx,
            head,
            key="order.linked",
            once=f"linked:{head.id}:{reached[-1]}",
            now=now,
            params={"count": reached[-1]},
        )


def _link(tx: Tx, inquiry: InquiryRecord, head: InquiryRecord, now: datetime) -> None:
    inquiries.change(tx, inquiries.get(tx, inquiry.id), linked_to_id=head.id)
    inquiries.log(tx, inquiry.id, "linked", now, number=head.number)


# --- what is done to the head is done to all ---


def answer_linked(
    acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord, text: str
) -> list[tuple[InquiryRecord, OrderRecord]]:
    """Give the head's answer to everybody linked to it, each with their own inquiry.

    Returns those inquiries with their orders. What another unit has by now is left to that unit.
    """
    own = [row for row in linked_inquiries.open_orders(acting.tx, inquiry.id) if row.unit_id == order.unit_id]
    found = ((_answer(acting, row, inquiry, text), row) for row in own)
    return [(answered, row) for answered, row in found if answered is not None]


def _answer(acting: ActingOfficer, own: OrderRecord, head: InquiryRecord, text: str) -> InquiryRecord | None:
    tx, now = acting.tx, acting.now
    inquiry = inquiries.get(tx, own.inquiry_id)
    if not move_order(tx, own, AssignmentEvent.FINISH, **finished(own, acting.officer.id, now)):
        return None
    closes_at = acting.deps.calendar().due(now, acting.deps.limits.close_days).at
    inquiry = move(
        tx,
        inquiry,
        Event.ANSWER,
        acting.by,
        name="answered",
        answered_at=now,
        fold_until=None,
        paused_at=None,
        next_state_at=closes_at,
        data={"unit": own.unit_name, "assignment": own.id, "with": head.number},
    )
    give(acting.deps, tx, inquiry, text, unit=own.unit_name, officer_id=acting.officer.id, now=now)
    drop_requests(tx, inquiry, acting.by)
    stop_waiting(tx, inquiry, now)
    return inquiry


def sign_linked(acting: ActingOfficer, order: OrderRecord) -> int:
    """The head was signed for, so the linked orders of which nobody was told are signed for too. Returns how many."""
    rows = [
        row
        for row in linked_inquiries.open_orders(acting.tx, order.inquiry_id)
        if row.state == AssignmentState.PENDING and row.unit_id == order.unit_id
    ]
    return sum(_sign(acting, row) for row in rows)


def _sign(acting: ActingOfficer, own: OrderRecord) -> bool:
    if not move_order(acting.tx, own, AssignmentEvent.SIGN, signed_at=acting.now, signed_by=acting.officer.id):
        return False
    inquiry = inquiries.get(acting.tx, own.inquiry_id)
    if inquiry.state == State.DISPATCHED:
        move(
            acting.tx, inquiry, Event.SIGN, acting.by, name="signed", data={"unit": own.unit_name, "assignment": own.id}
        )
    return True


# --- out again ---


@refusing
def take_out(acting: ActingOfficer, order: OrderRecord) -> Outcome:
    """分: it is not the same matter after all. It stands by itself, and its officers are told of it."""
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    if inquiry.linked_to_id is None:
        return acting.refuse("staff.not_linked", number=inquiry.number)
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    _unlink(acting.deps, acting.tx, inquiry, acting.now)
    acting.log(inquiry.id, "unlinked")
    return Outcome(done=True, key="staff.unlinked", params=about(inquiry))


def _unlink(deps: Deps, tx: Tx, inquiry: InquiryRecord, now: datetime) -> None:
    """Make an inquiry stand by itself again, with a notice of its own for its open order."""
    inquiries.change(tx, inquiry, linked_to_id=None)
    lead = inquiries.open_lead(tx, inquiry.id)
    if lead is not None:
        said = decisions.texts(tx, [inquiry.id]).get(inquiry.id, "")
        notify.new_order(
            deps, tx, lead.id, inquiries.get(tx, inquiry.id), lead.unit_id, due_at=lead.due_at, now=now, text=said
        )


def pass_head_on(deps: Deps, tx: Tx, head: InquiryRecord, now: datetime, *, into: InquiryRecord | None = None) -> None:
    """The head ended without an answer: the next linked inquiry becomes the head, or ``into``, into which the
    head was merged.
    """
    rows = [row for row in linked_inquiries.linked(tx, head.id) if row.state in OPEN]
    if not rows:
        return
    first, *rest = rows
    if into is None:
        _unlink(deps, tx, first, now)
    for row in rest if into is None else rows:
        inquiries.change(tx, row, linked_to_id=into.id if into is not None else first.id)


def take_out_chosen(acting: ActingOfficer, order: OrderRecord, typed: str) -> Outcome:
    """Take out the linked one that was chosen on the head's page; without a choice this very one."""
    if not typed:
        return take_out(acting, order)
    rows = linked_inquiries.open_orders(acting.tx, order.inquiry_id)
    found = next((row for row in rows if str(row.id) == typed and row.unit_id == order.unit_id), None)
    return take_out(acting, found) if found is not None else acting.refuse(GONE)
