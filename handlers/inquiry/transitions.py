"""The only way an inquiry or an order changes its state: ``bot.inquiry.states`` is asked, then the change is
logged.

A move the tables do not know, or that this actor may not make, raises ``IllegalTransition``;
``handlers/inquiry/acting_officer.py`` makes a sentence of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Unpack

from bot.inquiry.states import (
    Actor,
    AssignmentEvent,
    Event,
    IllegalTransition,
    LoggedActor,
    RequestEvent,
    State,
    after,
    after_assignment,
    after_request,
    may,
)
from store import inquiries, requests

if TYPE_CHECKING:
    from datetime import datetime

    from store.engine.transactions import Tx
    from store.records.inquiries import AssignmentDetails, InquiryDetails, InquiryRecord, RequestDetails
    from store.records.joined import OrderRecord, UnitRequestRecord


@dataclass(frozen=True, slots=True)
class Author:
    """Who makes a move, and when. ``id`` is that of the contact or the officer."""

    actor: Actor
    id: int | None
    now: datetime

    @property
    def logged(self) -> LoggedActor:
        """The word for the author in the event log: citizen, officer or system."""
        own = self.actor in {Actor.CITIZEN, Actor.SYSTEM}
        return LoggedActor(self.actor.value) if own else LoggedActor.OFFICER

    def log(self, tx: Tx, inquiry_id: int, name: str, **data: Any) -> None:
        """Log an event that changes no state."""
        inquiries.log(tx, inquiry_id, name, self.now, actor=self.logged, actor_id=self.id, **data)


def system(now: datetime) -> Author:
    """The timer or the router as author."""
    return Author(Actor.SYSTEM, None, now)


def move(
    tx: Tx,
    inquiry: InquiryRecord,
    event: Event,
    by: Author,
    /,
    *,
    name: str,
    data: dict[str, Any] | None = None,
    back_to: State | None = None,
    **values: Unpack[InquiryDetails],
) -> InquiryRecord:
    """Move an inquiry as it was read, with an entry in the log. Returns the inquiry as it is then.

    Raises IllegalTransition, and Conflict when somebody else changed it meanwhile.
    """
    was = inquiry.state
    if not may(by.actor, event):
        raise IllegalTransition(was, event)
    state = after(was, event, back_to=back_to)
    inquiries.change(tx, inquiry, state=state, **values)
    by.log(tx, inquiry.id, name, was=was.value, became=state.value, **(data or {}))
    return inquiries.get(tx, inquiry.id)


def move_order(tx: Tx, order: OrderRecord, event: AssignmentEvent, /, **values: Unpack[AssignmentDetails]) -> bool:
    """Move an order as it was read; False when somebody else was first. Raises IllegalTransition."""
    return inquiries.move_assignment(tx, order, after_assignment(order.state, event), **values)


def finished(order: OrderRecord, officer_id: int, now: datetime) -> AssignmentDetails:
    """The columns that an answer sets on its order: who gave it, and who thereby signed for it if nobody had."""
    details: AssignmentDetails = {"ended_at": now, "ended_by": officer_id}
    if not order.signed_by:
        details |= {"signed_at": now, "signed_by": officer_id}
    return details


def move_request(tx: Tx, request: UnitRequestRecord, event: RequestEvent, /, **values: Unpack[RequestDetails]) -> bool:
    """Decide a request as it was read; False when somebody else was first. Raises IllegalTransition."""
    return requests.move(tx, request, after_request(request.state, event), **values)
