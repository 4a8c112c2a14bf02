"""A citizen who is not satisfied and says why has the work done again: once by her own word, later by the
office's decision.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from bot.inquiry import request_rules
from bot.inquiry.states import Actor, AssignmentRole, Event, RequestKind, State
from handlers.clocks import charges
from handlers.inquiry.hand_over import clock_of, dispatch
from handlers.inquiry.transitions import Author, move
from handlers.notices import notify
from handlers.notices.phrases import REWORK
from store import directory, inquiries, requests

if TYPE_CHECKING:
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord


class Rework(Enum):
    """What became of a citizen's complaint about an answer."""

    NOTHING = auto()
    REOPENED = auto()
    ASKED = auto()


DISSATISFIED = 3
REOPENABLE = frozenset({State.ANSWERED, State.CLOSED})


def dissatisfied(deps: Deps, tx: Tx, inquiry: InquiryRecord, by: Author, *, reason: str) -> Rework:
    """What a complaint about an answer leads to.

    It is done again at once the first time; after that the office decides. NOTHING where it is being worked on
    again already.
    """
    if inquiry.state not in REOPENABLE:
        return Rework.NOTHING
    if not inquiry.reopened:
        reopen(deps, tx, inquiry, by, reason=reason)
        return Rework.REOPENED
    if not requests.pending(tx, inquiry.id, RequestKind.REWORK):
        _ask_office(deps, tx, inquiry, by, reason)
    return Rework.ASKED


def reopen(deps: Deps, tx: Tx, inquiry: InquiryRecord, by: Author, *, reason: str) -> InquiryRecord:
    """Open a new order, with the short limit, for the unit that answered or that has its work now. Returns the
    inquiry as it is then.

    The citizen's clock still starts at the first receipt; her new date is never earlier than the old one. A
    rating stays until she gives another: silence must not remove it.
    """
    last = _last_lead(tx, inquiry)
    unit = (
        directory.standing(tx, directory.unit(tx, last.unit_id))
        or directory.duty_unit(tx)
        or directory.unit(tx, last.unit_id)
    )
    due_at = clock_of(deps, inquiry, by.now, days=deps.limits.rework_days)
    inquiry = move(
        tx,
        inquiry,
        Event.REWORK,
        by,
        name="reworked",
        reopened=inquiry.reopened + 1,
        unit_id=unit.id,
        due_at=max(inquiry.due_at, due_at),
        answered_at=None,
        closed_at=None,
        rated_at=None,
        next_state_at=None,
        data={
            "unit": unit.name,
            "assignment": last.id,
            "was_due": inquiry.due_at.isoformat(),
            "due": due_at.isoformat(),
            "by_office": by.actor is not Actor.CITIZEN,
        },
    )
    charges.settle_now(deps, tx, last.id, by.now)
    dispatch(deps, tx, inquiry, unit.id, now=by.now, kind="rework", due_at=due_at, reason=f"{REWORK}{reason}")
    return inquiry


def _last_lead(tx: Tx, inquiry: InquiryRecord) -> OrderRecord:
    return [row for row in inquiries.assignments_of(tx, inquiry.id) if row.role == AssignmentRole.LEAD][-1]


def _ask_office(deps: Deps, tx: Tx, inquiry: InquiryRecord, by: Author, reason: str) -> None:
    decide_by = request_rules.decide_by(by.now, deps.calendar(), limits=deps.limits)
    request_id = requests.add(
        tx,
        inquiry_id=inquiry.id,
        assignment_id=_last_lead(tx, inquiry).id,
        kind=RequestKind.REWORK,
        opened_at=by.now,
        reason=reason,
        decide_by=decide_by,
    )
    by.log(tx, inquiry.id, "rework_asked", request=request_id)
    request = requests.find(tx, request_id)
    if request is not None:
        notify.to_deciders(deps, tx, inquiry, request, now=by.now, leader=False)
