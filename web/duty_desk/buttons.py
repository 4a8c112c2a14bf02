"""What the buttons of ``/duty`` do: send on, send elsewhere, not accept, merge, take apart, correct.

The moves are those of the handlers, the same as by word; here is only what a form means. A form is sealed with
its officer's cookie, its action and its order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, cast

from handlers.duty_desk import merge, moves, reject
from handlers.inquiry import linked_matters
from handlers.inquiry.acting_officer import GONE, Outcome
from handlers.notices.privacy import may_read
from store import duty_page, inquiries, outbox
from web.duty_desk.view import other_of
from web.kit.forms import typed

if TYPE_CHECKING:
    from collections.abc import Callable

    from handlers.inquiry.acting_officer import ActingOfficer
    from store.records.directory import UnitRecord
    from store.records.joined import OrderRecord
    from web.duty_desk.view import Other

_BETWEEN = re.compile(r"[,，、;；\s]+")


@dataclass(frozen=True, slots=True)
class Filled:
    """The fields of the desk's forms."""

    order: str = ""
    pick: str = ""
    unit: str = ""
    category: str = ""
    assists: str = ""
    code: str = ""
    note: str = ""
    into: str = ""


def filled() -> Filled:
    """What was typed, without the spaces around it."""
    form = typed(Filled)
    return Filled(*(getattr(form, each.name).strip() for each in fields(form)))


def act(acting: ActingOfficer, action: str, form: Filled) -> Outcome:
    """Do the action on the order as it is now."""
    # The seal was checked, so this is what our own page wrote: digits.
    found = duty_page.order(acting.tx, int(form.order))
    if found is None or not may_read(acting.officer, found, keeper=acting.deps.secrets_officer):
        return acting.refuse(GONE)
    order = next(row for row in inquiries.assignments_of(acting.tx, found.id) if row.id == found.order_id)
    return ACTIONS[action](acting, order, form)


def _send(acting: ActingOfficer, order: OrderRecord, form: Filled) -> Outcome:
    return moves.send_pick(acting, order, form.pick)


def _other(acting: ActingOfficer, order: OrderRecord, form: Filled) -> Outcome:
    """Send to any unit, by name, with a category and units that help if they were given."""
    found = [
        moves.unit_named(acting.tx, acting.deps, name)
        for name in (form.unit, *filter(None, _BETWEEN.split(form.assists)))
    ]
    unclear = next((names for names in found if isinstance(names, list)), None)
    if unclear is not None:
        return acting.refuse("staff.bad_unit", names=unclear)
    unit, *helpers = cast("list[UnitRecord]", found)
    if helpers:
        return moves.send_jointly(acting, order, unit, helpers, category=form.category)
    return moves.send_on(acting, order, unit, category=form.category)


def _reject(acting: ActingOfficer, order: OrderRecord, form: Filled) -> Outcome:
    return reject.reject(acting, order, form.code, form.note)


def _merge(acting: ActingOfficer, order: OrderRecord, form: Filled) -> Outcome:
    head = merge.find_head(acting, form.into)
    return head if isinstance(head, Outcome) else merge.merge(acting, order, head)


def _apart(acting: ActingOfficer, order: OrderRecord, _form: Filled) -> Outcome:
    return linked_matters.take_out(acting, order)


ACTIONS: dict[str, Callable[[ActingOfficer, OrderRecord, Filled], Outcome]] = {
    "send": _send,
    "other": _other,
    "reject": _reject,
    "merge": _merge,
    "correct": _other,
    "apart": _apart,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """What would be done: the text to the citizen and, for a merger, the inquiry it goes into."""

    told: str
    other: Other | None


def preview(acting: ActingOfficer, action: str, form: Filled) -> Outcome | Seen:
    """What an action would do: it is done in full, looked at, and taken back, so that the preview cannot differ
    from what is sent.
    """
    savepoint = acting.tx.conn.begin_nested()
    try:
        outcome = act(acting, action, form)
        return _seen(acting, form) if outcome.done else outcome
    finally:
        savepoint.rollback()


def _seen(acting: ActingOfficer, form: Filled) -> Seen:
    row = duty_page.order(acting.tx, int(form.order))
    if row is None:
        raise RuntimeError("an order vanished while it was looked at")
    to_citizens = [each for each in outbox.of_inquiry(acting.tx, row.id) if each.contact_id is not None]
    text = (
        acting.deps.texts.render(acting.deps.texts.known(to_citizens[-1].key), to_citizens[-1].params)
        if to_citizens
        else ""
    )
    other = inquiries.find(acting.tx, row.merged_into_id) if row.merged_into_id is not None else None
    return Seen(text, other_of(acting.deps, acting.tx, acting.officer, other) if other is not None else None)
