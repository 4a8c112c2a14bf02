"""What an officer does with an order: sign, answer, transfer, give back. By phone word or page alike.

Each returns an ``Outcome``: the text key that tells the officer what happened. Authority is by unit
and tier; two officers at once are settled by the assignment's version, and the second is told who
was first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from handlers import notices
from handlers.wording import about, say_time
from store import directory, inquiries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from handlers.deps import Deps
    from store.engine import Tx
    from store.rows import Record

LONGEST_ANSWER = 2000
SHORTEST_REASON = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """``done`` false: nothing was changed, ``key`` says why."""

    done: bool
    key: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Desk:
    """An officer at work: the transaction, the services, who it is and when."""

    tx: Tx
    deps: Deps
    officer: Record
    now: datetime

    def refuse(self, key: str, **params: Any) -> Outcome:
        """Nothing is changed."""
        return Outcome(done=False, key=key, params=params)

    def log(self, inquiry_id: int, name: str, **data: Any) -> None:
        """An event of this officer."""
        inquiries.log(self.tx, inquiry_id, name, self.now, actor="officer", actor_id=self.officer.id, **data)


def units_in_charge(tx: Tx, officer: Record) -> list[int] | None:
    """Units whose orders the officer may act on; None for the duty desk: all.

    A subdistrict office answers for its communities; no department for another.
    """
    if officer.role == "duty":
        return None
    return [officer.unit_id, *(child.id for child in directory.children(tx, officer.unit_code))]


def find(desk: Desk, typed: str) -> Record | Outcome:
    """The order a typed number means to this officer, or why there is none."""
    units = units_in_charge(desk.tx, desk.officer)
    found = inquiries.lead_of_tail(desk.tx, units, typed)
    if units is not None:
        found = [row for row in found if row.unit_id in units]
    if not found:
        # The same answer for a wrong number and for another unit's: numbers are not for guessing.
        return desk.refuse("staff.unknown", typed=typed)
    if len(found) > 1:
        return desk.refuse("staff.which", rows=[{"number": r.number, "summary": r.summary} for r in found[:5]])
    return found[0]


def sign(desk: Desk, order: Record) -> Outcome:
    """签收."""
    if order.state != "pending":
        return _too_late(desk, order)
    if not inquiries.move_assignment(desk.tx, order, "signed", signed_at=desk.now, signed_by=desk.officer.id):
        return _too_late(desk, order)
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    inquiries.change(desk.tx, inquiry, state="in_progress")
    desk.log(inquiry.id, "signed", unit=order.unit_name)
    return Outcome(done=True, key="staff.signed", params=about(inquiry) | {"due": say_time(order.due_at)})


def answer(desk: Desk, order: Record, text: str) -> Outcome:
    """答复: the citizen gets it by whatever way is open."""
    text = text.strip()
    if not text or len(text) > LONGEST_ANSWER:
        return desk.refuse("staff.bad_text", longest=LONGEST_ANSWER)
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return _too_late(desk, order)
    signed = {} if order.signed_by else {"signed_at": desk.now, "signed_by": desk.officer.id}
    moved = inquiries.move_assignment(desk.tx, order, "done", ended_at=desk.now, ended_by=desk.officer.id, **signed)
    if not moved:
        return _too_late(desk, order)
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    inquiries.change(desk.tx, inquiry, state="answered", answered_at=desk.now, fold_until=None)
    inquiries.add_message(desk.tx, inquiry_id=inquiry.id, direction="out", kind="text", text=text, now=desk.now,
                          officer_id=desk.officer.id)
    desk.log(inquiry.id, "answered", unit=order.unit_name)
    params = about(inquiry) | {"unit": order.unit_name, "text": text, "time": say_time(desk.now),
                               "url": desk.deps.signer.citizen_url(inquiry.id)}
    notices.to_citizen(desk.tx, inquiry, key="answer", once=f"answer:{inquiry.id}:{order.id}", params=params,
                       now=desk.now, priority=0, can_wait=False)
    return Outcome(done=True, key="staff.answered", params=about(inquiry))


def transfer(desk: Desk, order: Record, unit: Record) -> Outcome:
    """转: the duty desk to any unit, a subdistrict office to its own communities."""
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return _too_late(desk, order)
    if unit.id == order.unit_id:
        return desk.refuse("staff.same_unit", unit=unit.name)
    if desk.officer.role != "duty" and unit.parent_code != desk.officer.unit_code:
        return desk.refuse("staff.no_transfer")
    return _hand_over(desk, order, unit, state="returned", reason="transfer", name="transferred", key="staff.transferred")


def give_back(desk: Desk, order: Record, reason: str) -> Outcome:
    """退: back to the duty desk, with a reason. The citizen's clock runs on."""
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return _too_late(desk, order)
    if len(reason.strip()) < SHORTEST_REASON:
        return desk.refuse("staff.bad_reason")
    duty = directory.duty_unit(desk.tx)
    if duty is None or duty.id == order.unit_id:
        return desk.refuse("staff.no_return")
    return _hand_over(desk, order, duty, state="returned", reason=reason.strip(), name="returned", key="staff.returned")


def _hand_over(desk: Desk, order: Record, unit: Record, *, state: str, reason: str, name: str, key: str) -> Outcome:
    moved = inquiries.move_assignment(desk.tx, order, state, ended_at=desk.now, ended_by=desk.officer.id, reason=reason)
    if not moved:
        return _too_late(desk, order)
    inquiry = inquiries.get(desk.tx, order.inquiry_id)
    inquiries.change(desk.tx, inquiry, state="dispatched", unit_id=unit.id)
    desk.log(inquiry.id, name, unit=unit.name, from_unit=order.unit_name, reason=reason)
    dispatch(desk.deps, desk.tx, inquiry, unit.id, now=desk.now, reason=reason if name == "returned" else "")
    return Outcome(done=True, key=key, params=about(inquiry) | {"unit": unit.name})


def dispatch(deps: Deps, tx: Tx, inquiry: Record, unit_id: int, *, now: datetime, reason: str = "") -> int:
    """Open the lead assignment of a unit and tell its officers; the assignment's id."""
    assignment_id = inquiries.assign(tx, inquiry_id=inquiry.id, unit_id=unit_id, due_at=inquiry.due_at, now=now)
    said = [m.text for m in inquiries.messages_of(tx, inquiry.id) if m.direction == "in" and m.text]
    notices.new_order(deps, tx, assignment_id, inquiry, unit_id, due_at=inquiry.due_at, now=now,
                      text=" / ".join([*([reason] if reason else []), *said]))
    return assignment_id


def _too_late(desk: Desk, order: Record) -> Outcome:
    """Somebody was first: say who and when."""
    rows: Sequence[Record] = inquiries.assignments_of(desk.tx, order.inquiry_id)
    row = next((r for r in rows if r.id == order.id), order)
    who = row.ended_by or row.signed_by
    at = row.ended_at or row.signed_at
    state = row.state if row.state in {"signed", "done", "returned", "cancelled"} else "cancelled"
    return desk.refuse(f"staff.already_{state}", number=order.number, who=inquiries.officer_name(desk.tx, who),
                       at=say_time(at) if at else "", mine=who == desk.officer.id)
