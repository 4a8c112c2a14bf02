"""The duty desk's moves, the same by word and by page: 派 and joint handling; its queue and the router's
suggestions.

All of them take the order as it was read: of two officers at once the second is told who was first and what they
did. ``reject`` is in ``handlers/duty_desk/reject.py``, ``merge`` in ``handlers/duty_desk/merge.py``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.inquiry.states import AssignmentRole
from bot.routing.keywords import find_unit
from bot.text.reading import normalise
from handlers.duty_desk import placement
from handlers.duty_desk.decide import granted_by_transfer
from handlers.duty_desk.reject import uphold
from handlers.duty_desk.rules import OBJECTION, somebody_was_first, stopped
from handlers.inquiry.acting_officer import DECIDERS, ActingOfficer, Outcome, refusing
from handlers.inquiry.hand_over import call_in, hand_over
from handlers.inquiry.pending_requests import drop_requests
from handlers.notices.phrases import about
from handlers.notices.suggestions import Suggestion, proposed
from store import directory, inquiries
from store import duty_desk as desk_store

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import UnitRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord, QueuedOrderRecord


_PICK = re.compile(r"([1-3]) (\S{1,32})")
LISTED = 5


@dataclass(frozen=True, slots=True)
class Waiting:
    """One order of the desk's queue (with ``number``, ``summary``, ``urgent``, ``flags``) and the units proposed
    for it.
    """

    order: QueuedOrderRecord
    suggestions: tuple[Suggestion, ...]


@refusing
def send_on(
    acting: ActingOfficer, order: OrderRecord, unit: UnitRecord, *, pick: int = 0, category: str = ""
) -> Outcome:
    """派: send the inquiry to its unit, from the desk or from any unit that has it.

    ``pick`` says which suggestion was taken, 0 for none. The decision is stored for the router to learn from.
    """
    return _send(acting, order, unit, pick=pick, category=category)


def _send(acting: ActingOfficer, order: OrderRecord, unit: UnitRecord, *, pick: int, category: str) -> Outcome:
    if (refused := stopped(acting, order)) is not None:
        return refused
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    receiver = placement.receiving_unit(acting, inquiry, unit, now_at=order.unit_id)
    if isinstance(receiver, Outcome):
        return receiver
    done = _hand(acting, order, inquiry, receiver, pick=pick)
    if not done.done:
        return somebody_was_first(acting, order) if done.overtaken else done
    if category and category != inquiry.category:
        inquiries.change(acting.tx, inquiries.get(acting.tx, inquiry.id), category=category)
    placement.learn(acting, inquiry, receiver, category=category)
    if order.reason == OBJECTION:
        uphold(acting, order, receiver)
    return done


def _hand(acting: ActingOfficer, order: OrderRecord, inquiry: InquiryRecord, unit: UnitRecord, *, pick: int) -> Outcome:
    """Hand the order over. If its unit has asked to return it, this grants the request."""
    if (granted := granted_by_transfer(acting, order, unit)) is not None:
        return granted
    done = hand_over(
        acting,
        order,
        unit,
        reason="transfer",
        name="transferred",
        key="staff.sent_on",
        data={"pick": pick, "source": placement.kind_of_word(acting.tx, inquiry, unit)},
    )
    if done.done:
        drop_requests(acting.tx, inquiry, acting.by)
    return done


@refusing
def send_jointly(
    acting: ActingOfficer,
    order: OrderRecord,
    unit: UnitRecord,
    assists: Sequence[UnitRecord],
    *,
    pick: int = 0,
    category: str = "",
) -> Outcome:
    """派 … 协 …: the first unit leads and the others help by an earlier date; either all of it is done or nothing."""
    if (refused := stopped(acting, order)) is not None:
        return refused
    inquiry = inquiries.get(acting.tx, order.inquiry_id)
    helpers: dict[int, UnitRecord] = {}
    lead = directory.standing(acting.tx, unit) or unit
    for each in assists:
        found = placement.receiving_unit(acting, inquiry, each, now_at=lead.id)
        if isinstance(found, Outcome):
            return found
        helpers[found.id] = found
    done = _send(acting, order, unit, pick=pick, category=category)
    if not done.done:
        return done
    for helper in helpers.values():
        _call_in(acting, inquiry.id, helper)
    names = [helper.name for helper in helpers.values()]
    return Outcome(
        done=True,
        key="staff.sent_jointly",
        params=about(inquiries.get(acting.tx, inquiry.id)) | {"unit": lead.name, "names": names},
    )


def _call_in(acting: ActingOfficer, inquiry_id: int, helper: UnitRecord) -> None:
    """Call in a unit, unless it has an open order to help from before the lead changed."""
    rows = [row for row in inquiries.assignments_of(acting.tx, inquiry_id) if row.state in inquiries.OPEN_ASSIGNMENT]
    if any(row.unit_id == helper.id for row in rows):
        return
    lead = next(row for row in rows if row.role == AssignmentRole.LEAD)
    opened = call_in(acting, lead, helper)
    acting.log(inquiry_id, "assist_asked", unit=helper.name, from_unit=lead.unit_name, assignment=opened)


def suggestions(tx: Tx, deps: Deps, inquiry: InquiryRecord) -> list[Suggestion]:
    """The router's proposals that can still be taken: a successor for an abolished unit; no unit without
    officers, none that has the order already, none of which somebody is accused.
    """
    lead = inquiries.open_lead(tx, inquiry.id)
    return proposed(deps.router().directory, inquiry, lead.unit_code if lead is not None else "")


def queue(tx: Tx, deps: Deps, limit: int = desk_store.MOST) -> list[Waiting]:
    """What waits at the desk: urgent and flagged first, then by due time."""
    duty = directory.duty_unit(tx)
    if duty is None:
        return []
    rows = desk_store.queue(tx, duty.id, limit)
    known = deps.router().directory
    return [Waiting(row, tuple(proposed(known, row, row.unit_code))) for row in rows]


def send_pick(acting: ActingOfficer, order: OrderRecord, pick: str) -> Outcome:
    """The suggestion whose button it was: its place in the list, and the unit that was read there."""
    picked = _PICK.fullmatch(pick)
    unit = directory.unit_by_code(acting.tx, picked[2]) if picked else None
    if picked is None or unit is None or not unit.active:
        return acting.refuse("staff.bad_unit", names=[])
    return send_on(acting, order, unit, pick=int(picked[1]))


def find_order(acting: ActingOfficer, typed: str) -> OrderRecord | Outcome:
    """The lead order that a typed number means, of whichever unit, for an officer who decides for the desk; or
    why there is none.
    """
    if acting.officer.role not in DECIDERS:
        return acting.refuse("staff.no_desk")
    found = inquiries.orders_of_tail(acting.tx, None, typed)
    if not found:
        return acting.refuse("staff.unknown", typed=typed)
    if len(found) > 1:
        return acting.refuse("staff.which", rows=[{"number": r.number, "summary": r.summary} for r in found[:LISTED]])
    return found[0]


def unit_named(tx: Tx, deps: Deps, typed: str) -> UnitRecord | list[str]:
    """The one unit meant (an abolished one too: its successor takes it), or the names that come near."""
    units = find_unit(deps.router().directory, typed)
    if len(units) == 1 and (row := directory.unit_by_code(tx, units[0].code)) is not None:
        return row
    wanted = "".join(normalise(typed).split())
    gone = [
        row
        for row in directory.all_units(tx, active=False)
        if not units and wanted in {normalise(name) for name in (row.code, row.name, *row.short_names)}
    ]
    return gone[0] if len(gone) == 1 else [unit.name for unit in units[:LISTED]]
