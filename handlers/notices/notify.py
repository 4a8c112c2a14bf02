"""Notices to officers and citizens: who is told, by which text key, and each only once (``once``)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.delivery.states import NORMAL, URGENT
from bot.directory.units import Role
from bot.text.keys import TextKey
from handlers.notices.phrases import WHY, about, grounds, say_percent, say_time, shorten
from handlers.notices.privacy import SECRET, fields_for, keepers, text_for
from handlers.notices.recipients import Known, Staff, contacts_of, duty_staff, stand_ins
from handlers.notices.suggestions import proposed
from store import directory, inquiries, outbox

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from bot.text.keys import TextKey
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import OfficerRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import UnitRequestRecord

FROM_CITIZENS: frozenset[TextKey] = frozenset({"order.supplemented", "order.rated", "order.joined"})
"""Notices whose words are a citizen's, not an officer's: shown as ``handlers/notices/privacy.py`` says."""


def new_order(
    deps: Deps,
    tx: Tx,
    assignment_id: int,
    inquiry: InquiryRecord,
    unit_id: int,
    *,
    due_at: datetime,
    now: datetime,
    text: str,
    known: Known | None = None,
) -> None:
    """Tell a unit's officers of a new order. Code and link are different for each officer."""
    known = known or Known(tx)
    unit = known.unit(unit_id)
    below = known.below(unit.code)
    officers = stand_ins(tx, known.contacts(unit_id), now)
    # What is the same for all of them is worked out once. The time of receipt stands on the page.
    common = about(inquiry) | {"subject": inquiry.summary or inquiry.number, "urgent": inquiry.urgent}
    common.pop("received")
    at_desk = _for_the_desk(deps, tx, inquiry) if any(officer.role == Role.DUTY for officer in officers) else {}
    of_unit = {
        "unit_due": "" if due_at == inquiry.due_at else say_time(due_at),
        "may_transfer": below,
        "grounds": grounds(inquiry, unit.code),
    }
    notices = []
    for officer in officers:
        on_duty = officer.role == Role.DUTY
        own = {
            "code": deps.signer.staff_code(assignment_id, officer.id),
            "url": deps.signer.staff_url(inquiry.id, officer.id),
            "text": shorten(text_for(officer, inquiry, text, keeper=deps.secrets_officer), 120),
        }
        params = common | (at_desk if on_duty else of_unit) | own
        notices.append(
            _for_officer(
                officer.id,
                key="desk.new" if on_duty else "order.new",
                params=params,
                now=now,
                once=f"order:{assignment_id}:{officer.id}",
                inquiry_id=inquiry.id,
                urgent=inquiry.urgent,
            )
        )
    outbox.add_all(tx, notices)
    if SECRET in (inquiry.flags or []):
        _to_keepers(deps, tx, inquiry, now)


def _for_the_desk(deps: Deps, tx: Tx, inquiry: InquiryRecord) -> dict[str, Any]:
    """What the duty desk reads of a new order besides the rest: suggestions, a repeat, why the order lies there."""
    return {
        "rows": suggested(deps, inquiry),
        "repeat": _repeated(tx, inquiry),
        "secret": SECRET in (inquiry.flags or []),
        "why": WHY.get((inquiry.routing or {}).get("why", ""), ""),
    }


def _to_keepers(deps: Deps, tx: Tx, inquiry: InquiryRecord, now: datetime) -> None:
    """Tell those who may read a secret that it is there, since nobody else can read it."""
    for officer in keepers(deps, tx):
        params = about(inquiry) | {"url": deps.signer.staff_url(inquiry.id, officer.id)}
        to_officer(
            tx,
            officer.id,
            key="order.secret",
            once=f"secret:{inquiry.id}:{officer.id}",
            params=params,
            now=now,
            inquiry_id=inquiry.id,
            urgent=inquiry.urgent,
        )


def suggested(deps: Deps, inquiry: InquiryRecord) -> list[dict[str, Any]]:
    """The units the router proposes: number, name, confidence in percent (0 if it is not measured yet) and words."""
    if SECRET in (inquiry.flags or []):
        return []
    measured = (inquiry.routing or {}).get("source", "keywords") != "keywords"
    return [
        {
            "position": each.position,
            "name": each.unit_name,
            "words": "、".join(each.words),
            "percent": say_percent(each.confidence) if measured else 0,
        }
        for each in proposed(deps.router().directory, inquiry)
    ]


def _repeated(tx: Tx, inquiry: InquiryRecord) -> str:
    """The number of the citizen's own inquiry that this one seems to repeat, in the form to be typed."""
    other = inquiries.find(tx, inquiry.repeat_of_id) if inquiry.repeat_of_id is not None else None
    return other.number.replace("-", "") if other is not None else ""


def new_assist(
    deps: Deps,
    tx: Tx,
    assignment_id: int,
    inquiry: InquiryRecord,
    unit_id: int,
    *,
    due_at: datetime,
    now: datetime,
    lead: str,
) -> None:
    """Tell a unit's officers that another unit asks for their help."""
    for officer in stand_ins(tx, contacts_of(tx, unit_id), now):
        params = about(inquiry) | {
            "due": say_time(due_at),
            "lead": lead,
            "code": deps.signer.staff_code(assignment_id, officer.id),
            "url": deps.signer.staff_url(inquiry.id, officer.id),
        }
        to_officer(
            tx,
            officer.id,
            key="order.assist",
            once=f"order:{assignment_id}:{officer.id}",
            params=params,
            now=now,
            inquiry_id=inquiry.id,
            urgent=inquiry.urgent,
        )


def to_deciders(
    deps: Deps, tx: Tx, inquiry: InquiryRecord, request: UnitRequestRecord, *, now: datetime, leader: bool
) -> None:
    """Tell those who decide of a request, with the words and the page that decide it."""
    staff = Staff(tx, now)
    proposed = directory.unit(tx, request.unit_id).name if request.unit_id is not None else ""
    for officer in (staff.leaders() if leader else []) or staff.duty_desk():
        params = about(inquiry) | {
            "kind": request.kind,
            "unit": request.unit_name,
            "reason": shorten(request.reason, 120),
            "proposed": proposed,
            "wanted": say_time(request.wanted_at) if request.wanted_at is not None else "",
            "until": say_time(request.decide_by),
            "code": deps.signer.staff_code(request.assignment_id, officer.id),
            "url": deps.signer.staff_url(inquiry.id, officer.id),
        }
        to_officer(
            tx,
            officer.id,
            key="order.request",
            params=params,
            now=now,
            inquiry_id=inquiry.id,
            once=f"request:{request.id}:{request.decide_by:%m%d%H%M}:{officer.id}",
        )


def to_unit(
    deps: Deps,
    tx: Tx,
    inquiry: InquiryRecord,
    *,
    key: TextKey,
    once: str,
    now: datetime,
    params: dict[str, Any] | None = None,
    urgent: bool = False,
    only: int | None = None,
    unit_id: int | None = None,
) -> None:
    """Tell something about an inquiry to those who have the order, or had it last; else to the duty desk.

    ``only``: to this one officer of them; ``unit_id``: to the officers of this unit.
    """
    lead = inquiries.open_lead(tx, inquiry.id)
    unit_id = unit_id or (lead.unit_id if lead is not None else inquiry.unit_id)
    staff: Sequence[OfficerRecord] = contacts_of(tx, unit_id) if unit_id is not None else duty_staff(tx)
    for officer in stand_ins(tx, (row for row in staff if only in {None, row.id}), now):
        given = params or {}
        if key in FROM_CITIZENS:
            given = fields_for(officer, inquiry, given, keeper=deps.secrets_officer)
        fields = about(inquiry) | {"url": deps.signer.staff_url(inquiry.id, officer.id)} | given
        to_officer(
            tx,
            officer.id,
            key=key,
            once=f"{once}:{officer.id}",
            params=fields,
            now=now,
            inquiry_id=inquiry.id,
            urgent=urgent,
        )


def to_officer(
    tx: Tx,
    officer_id: int,
    *,
    key: TextKey,
    once: str,
    params: dict[str, Any],
    now: datetime,
    inquiry_id: int | None,
    urgent: bool = False,
) -> None:
    """Put one notice to one officer into the outbox. It waits out the quiet hours unless it is urgent."""
    outbox.add_all(
        tx, [_for_officer(officer_id, key=key, once=once, params=params, now=now, inquiry_id=inquiry_id, urgent=urgent)]
    )


def _for_officer(
    officer_id: int,
    *,
    key: TextKey,
    once: str,
    params: dict[str, Any],
    now: datetime,
    inquiry_id: int | None,
    urgent: bool,
) -> dict[str, Any]:
    return outbox.message(
        once=once,
        key=key,
        params=params,
        now=now,
        priority=URGENT if urgent else NORMAL,
        can_wait=not urgent,
        officer_id=officer_id,
        inquiry_id=inquiry_id,
    )


def to_citizen(
    tx: Tx,
    inquiry: InquiryRecord,
    *,
    key: TextKey,
    once: str,
    params: dict[str, Any],
    now: datetime,
    priority: int = NORMAL,
    can_wait: bool = True,
) -> int | None:
    """Put a message to the citizen of an inquiry into the outbox; it goes by whichever way is open."""
    return outbox.add(
        tx,
        once=once,
        key=key,
        params=params,
        now=now,
        priority=priority,
        can_wait=can_wait,
        contact_id=inquiry.contact_id,
        inquiry_id=inquiry.id,
    )
