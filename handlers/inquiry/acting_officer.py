"""An officer at work: who may act on which order, and what is answered when a move is not possible."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from bot.directory.units import Role
from bot.inquiry.states import Actor, AssignmentRole, AssignmentState, IllegalTransition, LoggedActor
from handlers.inquiry.transitions import Author
from handlers.notices.phrases import STATES, say_time
from store import directory, inquiries

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import StaffRecord
    from store.records.joined import OrderRecord

P = ParamSpec("P")

ACTORS = {Role.DUTY: Actor.OFFICE, Role.HEAD: Actor.HEAD, Role.LEADER: Actor.HEAD, Role.OFFICER: Actor.UNIT}
"""A leader works on orders of his own unit like its head. What only a leader decides asks for the role itself."""
GONE: TextKey = "staff.gone"
"""What a form was made for is not there any more: only a page says this, in words of its own."""
DECIDERS = frozenset({Role.DUTY, Role.LEADER})
"""The roles that decide for the duty desk."""
ALREADY: dict[AssignmentState, TextKey] = {
    AssignmentState.SIGNED: "staff.already_signed",
    AssignmentState.DONE: "staff.already_done",
    AssignmentState.RETURNED: "staff.already_returned",
    AssignmentState.CANCELLED: "staff.already_cancelled",
}
"""States of an order that who comes too late is told of by name; any other counts as cancelled."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of an officer's move. ``done`` false: nothing was changed, and ``key`` says why."""

    done: bool
    key: TextKey
    params: dict[str, Any] = field(default_factory=dict)
    overtaken: bool = False


@dataclass(frozen=True, slots=True)
class ActingOfficer:
    """An officer at work: the transaction, the services, who it is, and when."""

    tx: Tx
    deps: Deps
    officer: StaffRecord
    now: datetime

    @property
    def by(self) -> Author:
        """This officer as the author of log entries."""
        return Author(ACTORS.get(self.officer.role, Actor.UNIT), self.officer.id, self.now)

    @property
    def office(self) -> Author:
        """This officer as one who decides for the duty desk; a leader too, whichever his unit."""
        actor = Actor.LEADER if self.officer.role == Role.LEADER else self.by.actor
        return Author(actor, self.officer.id, self.now)

    def refuse(self, key: TextKey, **params: Any) -> Outcome:
        """An outcome that changes nothing."""
        return Outcome(done=False, key=key, params=params)

    def log(self, inquiry_id: int, name: str, **data: Any) -> None:
        """Log an event of this officer."""
        inquiries.log(self.tx, inquiry_id, name, self.now, actor=LoggedActor.OFFICER, actor_id=self.officer.id, **data)


def refusing(
    work: Callable[Concatenate[ActingOfficer, P], Outcome],
) -> Callable[Concatenate[ActingOfficer, P], Outcome]:
    """Turn a move that is not possible into an outcome, and undo what was done before it."""

    @wraps(work)
    def run(acting: ActingOfficer, /, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        try:
            with acting.tx.conn.begin_nested():
                return work(acting, *args, **kwargs)
        except IllegalTransition as error:
            return acting.refuse("staff.not_now", standing=STATES.get(error.state.value, ""))

    return run


def units_in_charge(tx: Tx, officer: StaffRecord) -> list[int] | None:
    """The units on whose orders the officer may act; None for the duty desk, which may act on all.

    A subdistrict office answers for its communities; no department for another.
    """
    if officer.role == Role.DUTY:
        return None
    return [officer.unit_id, *(child.id for child in directory.children(tx, officer.unit_code))]


def find(acting: ActingOfficer, typed: str) -> OrderRecord | Outcome:
    """The order that a typed number means to this officer, or why there is none. A lead's order comes before an
    assist's.
    """
    units = units_in_charge(acting.tx, acting.officer)
    found: list[OrderRecord] = []
    for role in (AssignmentRole.LEAD, AssignmentRole.ASSIST):
        found = found or _of_units(inquiries.orders_of_tail(acting.tx, units, typed, role=role), units)
    if not found:
        # A wrong number and another unit's number get the same answer, so that numbers cannot be tried out.
        return acting.refuse("staff.unknown", typed=typed)
    if len(found) > 1:
        return acting.refuse("staff.which", rows=[{"number": r.number, "summary": r.summary} for r in found[:5]])
    return found[0]


def _of_units(rows: list[OrderRecord], units: list[int] | None) -> list[OrderRecord]:
    return rows if units is None else [row for row in rows if row.unit_id in units]


def too_late(acting: ActingOfficer, order: OrderRecord) -> Outcome:
    """The answer when somebody else was first: who, and when."""
    rows = inquiries.assignments_of(acting.tx, order.inquiry_id)
    row = next((r for r in rows if r.id == order.id), order)
    who = row.ended_by or row.signed_by
    at = row.ended_at or row.signed_at
    state = row.state if row.state in ALREADY else AssignmentState.CANCELLED
    refused = acting.refuse(
        ALREADY[state],
        number=order.number,
        who=inquiries.officer_name(acting.tx, who),
        at=say_time(at) if at else "",
        mine=who == acting.officer.id,
    )
    return replace(refused, overtaken=True)
