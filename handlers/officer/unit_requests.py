"""What a unit asks for: more time (延), to return an order (退), a word from the citizen (问).

The conditions are in ``bot/inquiry/request_rules.py``. A request is decided in ``handlers/duty_desk/decide.py``
by the duty desk or a leader, or counts as refused when nobody decided in time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.clocks.workdays import CHINA
from bot.inquiry import request_rules
from bot.inquiry.extension_reasons import reason_in
from bot.inquiry.states import Actor, AssignmentRole, AssignmentState, RequestKind
from handlers.inquiry.acting_officer import ActingOfficer, Outcome, refusing, too_late
from handlers.notices import notify
from handlers.notices.phrases import about, say_time
from store import directory, inquiries, requests

if TYPE_CHECKING:
    from datetime import datetime

    from store.records.directory import UnitRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import OrderRecord, UnitRequestRecord


LONGEST_REASON = 500


@refusing
def extend(acting: ActingOfficer, order: OrderRecord, days: int | None, reason: str, category: str = "") -> Outcome:
    """延: ask for ``days`` more working days (None: the usual number), for an objective reason.

    ``category`` is chosen on the page; otherwise it is read from the words of the reason.
    """
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    if order.role == AssignmentRole.ASSIST:
        return acting.refuse("staff.lead_only", number=order.number)
    inquiry, limits, calendar = inquiries.get(acting.tx, order.inquiry_id), acting.deps.limits, acting.deps.calendar()
    wanted_at = request_rules.extension_due(
        order.due_at, days if days is not None else limits.extension_default_days, calendar
    )
    category = category or reason_in(reason)
    problem = request_rules.extension_problem(
        request_rules.ExtensionAsk(
            AssignmentState(order.state),
            order.due_at,
            wanted_at.astimezone(CHINA).date(),
            category,
            reason,
            granted=inquiry.extended,
            pending=_open_request(acting, inquiry),
            paused_at=inquiry.paused_at,
            # Any officer may ask for a second extension; only a leader may grant it
            # (handlers/duty_desk/decide.py).
            actor=Actor.LEADER,
        ),
        acting.now,
        calendar,
        limits=limits,
    )
    if problem is not None:
        return acting.refuse(
            "staff.no_extension",
            problem=problem.value,
            due=say_time(order.due_at),
            days=limits.extension_max_days,
            length=limits.reason_length,
        )
    return _open(
        acting,
        order,
        inquiry,
        RequestKind.EXTENSION,
        reason=reason,
        reason_code=category,
        wanted_at=wanted_at,
        due_at=order.due_at,
    )


@refusing
def give_back(acting: ActingOfficer, order: OrderRecord, reason: str, unit: UnitRecord | None = None) -> Outcome:
    """退: ask to return the order, perhaps to ``unit``. The duty desk decides; the clock runs on until then and
    afterwards.
    """
    if order.state not in inquiries.OPEN_ASSIGNMENT:
        return too_late(acting, order)
    if order.role == AssignmentRole.ASSIST:
        return acting.refuse("staff.lead_only", number=order.number)
    duty = directory.duty_unit(acting.tx)
    if duty is None or duty.id == order.unit_id:
        return acting.refuse("staff.no_return")
    inquiry, calendar = inquiries.get(acting.tx, order.inquiry_id), acting.deps.calendar()
    problem = request_rules.return_problem(
        request_rules.ReturnAsk(
            AssignmentState(order.state),
            order.created_at,
            order.unit_code,
            reason,
            unit.code if unit is not None else None,
            by_unit=requests.count_of_unit(acting.tx, inquiry.id, order.unit_id, RequestKind.RETURN),
            in_all=inquiry.returns,
            pending=_open_request(acting, inquiry),
        ),
        acting.now,
        calendar,
        limits=acting.deps.limits,
        rule=acting.deps.due_rule,
    )
    if problem is not None:
        until = request_rules.return_by(
            order.created_at, calendar, limits=acting.deps.limits, rule=acting.deps.due_rule
        )
        return acting.refuse("staff.return_refused", problem=problem.value, until=say_time(until))
    return _open(acting, order, inquiry, RequestKind.RETURN, reason=reason, unit=unit)


def _open_request(acting: ActingOfficer, inquiry: InquiryRecord) -> bool:
    return bool(requests.pending(acting.tx, inquiry.id, *requests.TO_DECIDE))


def _open(
    acting: ActingOfficer,
    order: OrderRecord,
    inquiry: InquiryRecord,
    kind: RequestKind,
    *,
    reason: str,
    reason_code: str = "",
    wanted_at: datetime | None = None,
    due_at: datetime | None = None,
    unit: UnitRecord | None = None,
) -> Outcome:
    # Two officers of a unit may ask at the same moment. The second one's work is then run again (Conflict) and
    # finds the first's request.
    inquiries.change(acting.tx, inquiry)
    by = request_rules.decide_by(acting.now, acting.deps.calendar(), due_at=due_at, limits=acting.deps.limits)
    request_id = requests.add(
        acting.tx,
        inquiry_id=inquiry.id,
        assignment_id=order.id,
        kind=kind,
        opened_at=acting.now,
        opened_by=acting.officer.id,
        reason_code=reason_code,
        reason=reason.strip()[:LONGEST_REASON],
        wanted_at=wanted_at,
        unit_id=unit.id if unit is not None else None,
        decide_by=by,
    )
    name = "extension_asked" if kind is RequestKind.EXTENSION else "return_asked"
    acting.log(inquiry.id, name, unit=order.unit_name, assignment=order.id, request=request_id)
    request = requests.find(acting.tx, request_id)
    if request is None:
        raise RuntimeError("a request vanished while it was being stored")
    notify.to_deciders(acting.deps, acting.tx, inquiry, request, now=acting.now, leader=is_second(inquiry, request))
    return Outcome(
        done=True,
        key="staff.requested",
        params=about(inquiry)
        | {"kind": kind.value, "until": say_time(by), "wanted": say_time(wanted_at) if wanted_at is not None else ""},
    )


def is_second(inquiry: InquiryRecord, request: UnitRequestRecord) -> bool:
    """Whether only a leader may decide."""
    return bool(request.kind == RequestKind.EXTENSION and inquiry.extended > 0)
