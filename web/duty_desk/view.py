"""What ``/duty`` shows: the queue by urgency, one order with its choices, requests, what the machine sent, figures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bot.directory.units import Role
from bot.inquiry.directions import Direction
from handlers.duty_desk import moves
from handlers.duty_desk.rules import OBJECTION, others_decide, rejected_by, somebody_was_first
from handlers.inquiry.acting_officer import ActingOfficer
from handlers.notices.phrases import CHINA, WHY, say_percent, say_time, shorten
from handlers.notices.privacy import may_read, text_for
from handlers.routing.repeats import MERGEABLE
from store import alarms, decisions, directory, duty_page, inquiries, models
from web.kit.values import due_of, state_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from handlers.inquiry.acting_officer import Outcome
    from handlers.notices.suggestions import Suggestion
    from handlers.services.deps import Deps
    from store.engine.transactions import Tx
    from store.records.directory import StaffRecord
    from store.records.inquiries import InquiryRecord
    from store.records.joined import LeadRecord
    from store.records.routing import ModelRecord
    from web.kit.values import Due

SHOWN = 50
IN_FULL = 20
"""Orders shown with all their choices. Those after them have one line each, so that the page stays small."""
HEAD, REST = 90, 240
"""Characters of a text shown at once, and behind a tap. The whole text is on the order's own page."""
SENT = 30
LINKED = 30
MODEL_ALARMS = "model_"


@dataclass(frozen=True, slots=True)
class Other:
    """An inquiry this one may repeat. ``open``: it can be merged into."""

    number: str
    text: str
    state: str
    received: str
    open: bool


@dataclass(frozen=True, slots=True)
class Item:
    """One order at the desk. ``hidden``: its text is for another officer only. ``barred``: this officer did not
    accept it before, so the objection is for another to decide.
    """

    order: int
    inquiry: int
    number: str
    head: str
    rest: str
    cut: bool
    places: Sequence[str]
    minutes: int
    due: Due
    flags: Sequence[str]
    why: str
    measured: bool
    picks: Sequence[Suggestion]
    repeat: Other | None
    linked: int
    media: int
    objected: bool
    barred: bool
    signed_by: str
    hidden: bool


def queue(deps: Deps, tx: Tx, officer: StaffRecord) -> dict[str, Any]:
    """The waiting orders, the most urgent first. ``more`` are those beyond what a page holds."""
    duty = directory.duty_unit(tx)
    rows = duty_page.waiting(tx, duty.id, SHOWN) if duty is not None else []
    items = items_of(deps, tx, officer, rows)
    return {"items": items[:IN_FULL], "lines": items[IN_FULL:]} | lists(deps)


def items_of(deps: Deps, tx: Tx, officer: StaffRecord, rows: Sequence[LeadRecord]) -> list[Item]:
    """Rows of ``store.duty_page.waiting`` as they are shown. What all of them need is read for all at once."""
    ids = [row.id for row in rows]
    said, linked, media = decisions.texts(tx, ids), duty_page.linked(tx, ids), duty_page.with_media(tx, ids)
    now = deps.clock.now()
    return [
        _item(
            deps,
            tx,
            officer,
            row,
            now=now,
            said=said.get(row.id, ""),
            linked=linked.get(row.id, 0),
            media=media.get(row.id, 0),
            full=position < IN_FULL,
        )
        for position, row in enumerate(rows)
    ]


def _item(
    deps: Deps,
    tx: Tx,
    officer: StaffRecord,
    row: LeadRecord,
    *,
    now: datetime,
    said: str,
    linked: int,
    media: int,
    full: bool,
) -> Item:
    routing, keeper = row.routing or {}, deps.secrets_officer
    readable = may_read(officer, row, keeper=keeper)
    text = text_for(officer, row, said.strip(), keeper=keeper) if readable else ""
    objected = row.order_reason == OBJECTION
    barred = objected and _is_anothers(deps, tx, officer, row)
    full = full and readable and not barred
    return Item(
        order=row.order_id,
        inquiry=row.id,
        number=row.number,
        head=text[:HEAD],
        rest=text[HEAD : HEAD + REST],
        cut=len(text) > HEAD + REST,
        places=routing.get("places", [])[:3] if readable else [],
        minutes=max(0, int((now - row.since).total_seconds() // 60)),
        due=due_of(deps.calendar(), row, now),
        flags=flags_of(row),
        why=WHY.get(routing.get("why", ""), ""),
        measured=routing.get("source", "keywords") != "keywords",
        # A secret goes to no unit.
        picks=moves.suggestions(tx, deps, row) if full and "secret" not in (row.flags or []) else [],
        repeat=_other(deps, tx, officer, row) if full else None,
        linked=linked,
        media=media,
        objected=objected,
        barred=barred,
        signed_by=inquiries.officer_name(tx, row.signed_by),
        hidden=not readable,
    )


def _is_anothers(deps: Deps, tx: Tx, officer: StaffRecord, row: LeadRecord) -> bool:
    return rejected_by(tx, row.id) == officer.id and others_decide(ActingOfficer(tx, deps, officer, deps.clock.now()))


def flags_of(row: LeadRecord) -> list[str]:
    """The words an inquiry is marked with, danger first."""
    named = list(row.flags or [])
    return ["emergency", *named] if row.urgent and not {"emergency", "self_harm"} & set(named) else named


def _other(deps: Deps, tx: Tx, officer: StaffRecord, row: LeadRecord) -> Other | None:
    """The inquiry this one may repeat."""
    other = inquiries.find(tx, row.repeat_of_id) if row.repeat_of_id is not None else None
    return other_of(deps, tx, officer, other) if other is not None else None


def other_of(deps: Deps, tx: Tx, officer: StaffRecord, other: InquiryRecord) -> Other:
    """The other side of a comparison."""
    said = text_for(officer, other, decisions.texts(tx, [other.id]).get(other.id, ""), keeper=deps.secrets_officer)
    return Other(
        other.number, shorten(said, HEAD + REST), state_of(other), say_time(other.received_at), other.state in MERGEABLE
    )


def one(deps: Deps, tx: Tx, officer: StaffRecord, order_id: int) -> dict[str, Any] | None:
    """An order at the desk with all that was said; None when it is not there (any more)."""
    row = at_desk(tx, order_id)
    if row is None:
        return None
    item = items_of(deps, tx, officer, [row])[0]
    parts = (
        []
        if item.hidden
        else [
            {"text": text_for(officer, row, m.text, keeper=deps.secrets_officer), "at": say_time(m.created_at)}
            for m in inquiries.messages_of(tx, row.id)
            if m.direction == Direction.IN and m.text
        ]
    )
    # A leader of another unit decides on this page; the order's own page is for those in charge of it.
    in_charge = officer.role == Role.DUTY or officer.unit_id == row.order_unit_id
    return {
        "item": item,
        "parts": parts,
        "page": deps.signer.staff_url(row.id, officer.id) if in_charge else "",
        "alike": _alike(deps, tx, officer, row),
    } | lists(deps)


def _alike(deps: Deps, tx: Tx, officer: StaffRecord, row: LeadRecord) -> list[dict[str, Any]]:
    """What is linked to it and goes where it goes, unless it is taken out."""
    rows = duty_page.linked_orders(tx, row.id, LINKED)
    said = decisions.texts(tx, [each.id for each in rows])
    keeper = deps.secrets_officer
    return [
        {
            "order": each.order_id,
            "number": each.number,
            "head": shorten(text_for(officer, each, said.get(each.id, ""), keeper=keeper), HEAD),
        }
        for each in rows
    ]


def what_became_of(tx: Tx, order_id: int) -> dict[str, Any] | None:
    """What has become of an order's inquiry: its number, its unit, what it was merged into."""
    row = duty_page.order(tx, order_id)
    if row is None:
        return None
    into = inquiries.find(tx, row.merged_into_id) if row.merged_into_id is not None else None
    return {
        "number": row.number,
        "into": into.number if into is not None else "",
        "unit": directory.unit(tx, row.unit_id).name if row.unit_id is not None else "",
        "linked": duty_page.linked(tx, [row.id]).get(row.id, 0),
    }


def why_out_of_reach(acting: ActingOfficer, order_id: int) -> Outcome:
    """Why an order cannot be worked on here any more."""
    row = duty_page.order(acting.tx, order_id)
    if row is None:
        return acting.refuse("staff.gone")
    order = next(each for each in inquiries.assignments_of(acting.tx, row.id) if each.id == order_id)
    return somebody_was_first(acting, order)


def at_desk(tx: Tx, order_id: int) -> LeadRecord | None:
    """The order with its inquiry, if it is open and the desk's."""
    row, duty = duty_page.order(tx, order_id), directory.duty_unit(tx)
    if row is None or duty is None or row.order_unit_id != duty.id or row.order_state not in inquiries.OPEN_ASSIGNMENT:
        return None
    return row


def lists(deps: Deps) -> dict[str, Any]:
    """The choices of the forms: units with somebody there, by their full name, and the categories."""
    known = deps.router().directory
    units = [unit for unit in known.units if known.can_take(unit) and unit.code not in known.duty_codes]
    return {
        "units": [(unit.name, unit.short_names[0] if unit.short_names else "") for unit in units],
        "categories": categories(deps),
    }


def categories(deps: Deps) -> list[tuple[str, str]]:
    """Code and name of the categories in use."""
    return [(category.code, category.name) for category in deps.router().catalogue.standing]


def to_decide(deps: Deps, tx: Tx, officer: StaffRecord) -> dict[str, Any]:
    """The requests of units and citizens. Each opens on its own signed page, where it is decided."""
    now = deps.clock.now()
    return {
        "asked": [
            {
                "kind": row.kind,
                "number": row.number,
                "unit": row.unit_name,
                "summary": text_for(officer, row, row.summary, keeper=deps.secrets_officer),
                "until": say_time(row.decide_by),
                "late": row.decide_by < now,
                "url": deps.signer.staff_url(row.inquiry_id, officer.id),
            }
            for row in duty_page.to_decide(tx, SHOWN)
        ]
    }


def sent(deps: Deps, tx: Tx, officer: StaffRecord) -> dict[str, Any]:
    """The newest orders given out without a person, with the figures and words that decided."""
    rows = duty_page.sent_by_machine(tx, SENT)
    said = decisions.texts(tx, [row.id for row in rows])
    keeper = deps.secrets_officer
    return {"sent": [_sent(row, text_for(officer, row, said.get(row.id, ""), keeper=keeper)) for row in rows]} | lists(
        deps
    )


def _sent(row: LeadRecord, said: str) -> dict[str, Any]:
    routing = row.routing or {}
    confidence, words = next(((c[1], c[2]) for c in routing.get("candidates", []) if c[0] == row.unit_code), (0.0, []))
    return {
        "order": row.order_id,
        "number": row.number,
        "head": shorten(said, HEAD),
        "unit": row.unit_name,
        "at": say_time(row.since),
        "percent": say_percent(confidence),
        "words": words,
        "measured": routing.get("source", "keywords") != "keywords",
        "state": state_of(row),
        "open": row.order_state in inquiries.OPEN_ASSIGNMENT,
    }


def figures_beside(deps: Deps, tx: Tx) -> dict[str, Any]:
    """The day's figures, how many wait where, and how the router is doing."""
    duty, today = directory.duty_unit(tx), deps.clock.now().astimezone(CHINA).date()
    active = models.active(tx)
    return {
        "figures": duty_page.figures(tx, today, duty.id if duty is not None else 0),
        "waiting": duty_page.count_waiting(tx, duty.id) if duty is not None else 0,
        "deciding": len(duty_page.to_decide(tx, SHOWN)),
        "model": _model(active) if active is not None else None,
        "model_alarm": any(row.key.startswith(MODEL_ALARMS) for row in alarms.active(tx)),
    }


def _model(active: ModelRecord) -> dict[str, Any]:
    """The part of the model's card that is useful to a person at the desk."""
    compared = active.card.get("compared", {})
    return {
        "since": say_time(active.in_use_at) if active.in_use_at is not None else "",
        "decisions": active.card.get("decisions", 0),
        "right": compared.get("right"),
        "held": compared.get("held_back"),
    }
