"""Whether an officer may see an inquiry now, and as what: the one in charge, a helper, a reader, a decider."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.directory.units import Role
from bot.inquiry.states import AssignmentRole, AssignmentState, LoggedActor
from handlers.inquiry import acting_officer
from handlers.notices.phrases import say_time
from handlers.notices.privacy import SECRET, may_read
from store import directory, inquiries, requests
from store.engine.transactions import StoreUnavailable
from web.officer.request_forms import may_decide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import StaffRecord
    from store.records.inquiries import InquiryRecord
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


@dataclass(frozen=True, slots=True)
class _Standing:
    """What an officer has to do with an inquiry. ``own``: the orders of the units in the officer's charge."""

    inquiry: InquiryRecord
    officer: StaffRecord
    leads: Sequence[OrderRecord]
    own: Sequence[OrderRecord]
    everywhere: bool

    @property
    def current(self) -> OrderRecord | None:
        return self.leads[-1] if self.leads else None

    def visit(self, order: OrderRecord | None, *, only_decides: bool = False) -> Visit:
        return Visit(self.inquiry, self.officer, order, only_decides=only_decides)


def find_visit(tx: Tx, link: tuple[int, int], *, order_id: int | None = None, keeper: str = "") -> Visit | Gone:
    """Whether the officer of the link may see the inquiry now; the current order, or that of ``order_id``.

    ``keeper``: ``deps.secrets_officer``, who reads what is secret, whatever the unit.
    """
    inquiry_id, officer_id = link
    officer, inquiry = directory.officer(tx, officer_id), inquiries.find(tx, inquiry_id)
    if officer is None or inquiry is None:
        return Gone()
    standing = _standing(tx, inquiry, officer)
    if order_id is not None:
        return _with_form(standing, order_id) or _deciding(tx, standing) or Gone()
    return (
        _in_charge(standing)
        or _helping(standing)
        or _reading(standing, keeper)
        or _deciding(tx, standing)
        or _handed_on(tx, standing)
    )


def _standing(tx: Tx, inquiry: InquiryRecord, officer: StaffRecord) -> _Standing:
    rows = inquiries.assignments_of(tx, inquiry.id)
    units = acting_officer.units_in_charge(tx, officer)
    own = rows if units is None else [row for row in rows if row.unit_id in units]
    leads = [row for row in rows if row.role == AssignmentRole.LEAD]
    return _Standing(inquiry, officer, leads, own, everywhere=units is None)


def _with_form(standing: _Standing, order_id: int) -> Visit | None:
    """The order the form was made for: if it is over, the officer is told who was first."""
    picked = next((row for row in standing.own if row.id == order_id), None)
    return standing.visit(picked) if picked is not None else None


def _in_charge(standing: _Standing) -> Visit | None:
    current = standing.current
    if standing.everywhere or (current is not None and current in standing.own):
        return standing.visit(current)
    return None


def _helping(standing: _Standing) -> Visit | None:
    """An officer of a unit whose help was asked for, until that is called off."""
    orders = [row for row in standing.own if row.role == AssignmentRole.ASSIST]
    if orders and orders[-1].state != AssignmentState.CANCELLED:
        return standing.visit(orders[-1])
    return None


def _reading(standing: _Standing, keeper: str) -> Visit | None:
    """Who reads what is secret, whatever the unit."""
    inquiry = standing.inquiry
    if SECRET in (inquiry.flags or []) and may_read(standing.officer, inquiry, keeper=keeper):
        return standing.visit(standing.current, only_decides=True)
    return None


def _deciding(tx: Tx, standing: _Standing) -> Visit | None:
    """A leader sees what is, or was, his to decide."""
    inquiry, officer = standing.inquiry, standing.officer
    if officer.role != Role.LEADER or standing.current is None:
        return None
    rows = requests.of_inquiry(tx, inquiry.id)
    theirs = any(may_decide(officer, inquiry, row) or row.decided_by == officer.id for row in rows)
    return standing.visit(standing.current, only_decides=True) if theirs else None


def _handed_on(tx: Tx, standing: _Standing) -> Gone:
    leads = [row for row in standing.own if row.role == AssignmentRole.LEAD]
    last = leads[-1] if leads else None
    if last is None or last.ended_at is None:
        return Gone()
    how = "transferred" if last.reason == "transfer" else "returned"
    by, mine = inquiries.officer_name(tx, last.ended_by), last.ended_by == standing.officer.id
    return Gone(by, say_time(last.ended_at), how, mine=mine)


def parting(gone: Gone) -> dict[str, Any]:
    """What the page of somebody not in charge shows."""
    return {"by": gone.by, "at": gone.at, "how": gone.how, "mine": gone.mine}


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
