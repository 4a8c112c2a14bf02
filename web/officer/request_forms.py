"""What an order's page shows of requests: what was asked for, what may be asked for, what waits for a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.directory.units import Role
from bot.inquiry.directions import Direction
from bot.inquiry.request_rules import (
    ReturnAsk,
    SupplementAsk,
    extension_due,
    extension_expired,
    return_problem,
    supplement_problem,
)
from bot.inquiry.states import OPEN_ASSIGNMENT, AssignmentRole, AssignmentState, RequestKind, RequestState, State
from handlers.inquiry.acting_officer import DECIDERS
from handlers.inquiry.pause import LONGEST_QUESTION
from handlers.notices.phrases import REASONS, say_day, say_time
from handlers.notices.privacy import text_for
from handlers.officer.unit_requests import is_second
from store import directory, inquiries, requests

if TYPE_CHECKING:
    from handlers.inquiry.acting_officer import ActingOfficer
    from store.records.directory import OfficerRecord, UnitRecord
    from store.records.inquiries import InquiryRecord, MessageRecord
    from store.records.joined import OrderRecord, UnitRequestRecord

JOINED = "joined"
"""The ``messages.kind`` of a merged inquiry's text (``handlers/duty_desk/merge.py``)."""
SOMETHING = "to be written"
"""Stands for a reason that is not written yet, when a rule is asked whether a form makes sense at all."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as shown. ``mine``: this officer may decide it now."""

    id: int
    kind: str
    state: str
    unit: str
    reason: str
    why: str
    wanted: str
    proposed: str
    opened: str
    until: str
    decided: str
    by: str
    note: str
    mine: bool


def requests_view(acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord | None) -> dict[str, Any]:
    """For the template: the requests so far, and the forms that make sense now."""
    rows = requests.of_inquiry(acting.tx, inquiry.id)
    asked = [_asked(acting, inquiry, row, rows) for row in rows if row.note != "dropped"]
    pending = any(_is_pending(row) for row in rows)
    lead = order if order is not None and order.role == AssignmentRole.LEAD and order.state in OPEN_ASSIGNMENT else None
    return {
        "asked": asked,
        "longest_question": LONGEST_QUESTION,
        "shortest_reason": acting.deps.limits.reason_length,
        "extension": _extension(acting, inquiry, lead) if lead is not None and not pending else None,
        "second_extension": inquiry.extended > 0,
        "can_ask": lead is not None and _can_ask(acting, inquiry, lead),
        "can_return": lead is not None and _can_return(acting, inquiry, lead, pending=pending),
        "helpers": _helpers(acting, inquiry) if lead is not None else [],
        "opinions": _opinions(acting, inquiry),
    }


def _is_pending(row: UnitRequestRecord) -> bool:
    return row.state == RequestState.PENDING and row.kind in requests.TO_DECIDE


def may_decide(officer: OfficerRecord, inquiry: InquiryRecord, request: UnitRequestRecord) -> bool:
    """Whether this officer may decide: the duty desk, for a second extension a leader. An expired request may be
    granted late.
    """
    if officer.role not in DECIDERS or request.kind not in requests.TO_DECIDE:
        return False
    if request.state not in {RequestState.PENDING, RequestState.EXPIRED} or request.note == "dropped":
        return False
    return not is_second(inquiry, request) or officer.role == Role.LEADER


def _asked(acting: ActingOfficer, inquiry: InquiryRecord, row: UnitRequestRecord, rows: Any) -> Asked:
    latest = not any(other.id > row.id and other.kind in requests.TO_DECIDE for other in rows)
    return Asked(
        id=row.id,
        kind=row.kind,
        state=row.state,
        unit=row.unit_name,
        reason=_reason(acting, inquiry, row),
        why=REASONS.get(row.reason_code, "") if row.reason_code else "",
        wanted=say_time(row.wanted_at) if row.wanted_at is not None else "",
        proposed=directory.unit(acting.tx, row.unit_id).name if row.unit_id is not None else "",
        opened=say_time(row.opened_at),
        until=say_time(row.decide_by),
        decided=say_time(row.decided_at) if row.decided_at is not None else "",
        by=inquiries.officer_name(acting.tx, row.decided_by),
        note=row.note,
        mine=latest and may_decide(acting.officer, inquiry, row) and _still_matters(acting, row),
    )


def _reason(acting: ActingOfficer, inquiry: InquiryRecord, row: UnitRequestRecord) -> str:
    """The reason of a request. For a rework it is the citizen's own; the others are written by officers."""
    if row.kind != RequestKind.REWORK:
        return str(row.reason)
    return text_for(acting.officer, inquiry, row.reason, keeper=acting.deps.secrets_officer)


def _still_matters(acting: ActingOfficer, request: UnitRequestRecord) -> bool:
    """Whether a request can still be granted: not if its order is over, unless it is a rework, which asks for a
    new one.
    """
    if request.kind == RequestKind.REWORK:
        return bool(request.state == RequestState.PENDING)
    orders = inquiries.assignments_of(acting.tx, request.inquiry_id)
    return any(row.id == request.assignment_id and row.state in OPEN_ASSIGNMENT for row in orders)


def _extension(acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord) -> dict[str, Any] | None:
    """Each number of days with the date it leads to, and the possible reasons."""
    if extension_expired(order.due_at, acting.now, paused_at=inquiry.paused_at):
        return None
    limits, calendar = acting.deps.limits, acting.deps.calendar()
    days = range(1, limits.extension_max_days + 1)
    return {
        "days": [(n, say_day(extension_due(order.due_at, n, calendar))) for n in days],
        "usual": limits.extension_default_days,
        "reasons": [(code, words) for code, words in REASONS.items() if code],
    }


def _can_ask(acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord) -> bool:
    asked = requests.count_of_unit(acting.tx, inquiry.id, order.unit_id, RequestKind.SUPPLEMENT)
    return supplement_problem(SupplementAsk(State(inquiry.state), SOMETHING, asked)) is None


def _can_return(acting: ActingOfficer, inquiry: InquiryRecord, order: OrderRecord, *, pending: bool) -> bool:
    duty = directory.duty_unit(acting.tx)
    if duty is None or duty.id == order.unit_id:
        return False
    ask = ReturnAsk(
        AssignmentState(order.state),
        order.created_at,
        order.unit_code,
        SOMETHING,
        pending=pending,
        by_unit=requests.count_of_unit(acting.tx, inquiry.id, order.unit_id, RequestKind.RETURN),
        in_all=inquiry.returns,
    )
    return (
        return_problem(ask, acting.now, acting.deps.calendar(), limits=acting.deps.limits, rule=acting.deps.due_rule)
        is None
    )


def _helpers(acting: ActingOfficer, inquiry: InquiryRecord) -> list[UnitRecord]:
    """Units that may be called in: with somebody there, and not at work on it already."""
    busy = {row.unit_id for row in inquiries.assignments_of(acting.tx, inquiry.id) if row.state in OPEN_ASSIGNMENT}
    staffed = {officer.unit_id for officer in directory.all_officers(acting.tx)}
    return [unit for unit in directory.all_units(acting.tx) if unit.id in staffed and unit.id not in busy]


def _opinions(acting: ActingOfficer, inquiry: InquiryRecord) -> list[dict[str, Any]]:
    """What assisting units told the lead, and what was merged into it in the words of its citizen."""
    return [
        {
            "text": _opinion(acting, inquiry, m),
            "joined": m.kind == JOINED,
            "at": say_time(m.created_at),
            "who": inquiries.officer_name(acting.tx, m.officer_id),
        }
        for m in inquiries.messages_of(acting.tx, inquiry.id)
        if m.direction == Direction.INTERNAL
    ]


def _opinion(acting: ActingOfficer, inquiry: InquiryRecord, message: MessageRecord) -> str:
    if message.kind != JOINED:
        return str(message.text)
    return text_for(acting.officer, inquiry, message.text, keeper=acting.deps.secrets_officer)
